//! What xenstore calls each domain, as it has told us.
//!
//! In: xenstored's messages, and which domains there are. Out: requests for xenstored, and names. It does no I/O.
//!
//! Two watches tell when domains have come or gone; then whoever drives this says which there are. One watch a domain,
//! on the node with its name, tells that this has changed; then the node is read, as it is once behind each new watch.
//! There is no watch on a tree: one creation of a domain would fire that dozens of times.
//!
//! A name belongs to a number *and* a uuid, for numbers are used again: both are read in one transaction, the uuid from
//! the node `vm`, which libxl writes together with the name. Domain-0 and others that no libxl has made have no such
//! node; theirs is the uuid that the hypervisor lists. Whoever asks for a name says of which uuid: so a domain that was
//! destroyed and another that was created in its place, both unheard of yet, are not mistaken for each other.
//!
//! Names are *settled* when all is heard and nothing that was asked is unanswered: then they are what xenstore holds,
//! but for changes of which we have not heard yet. Changes of our own making are no such: [`Names::unsettle`] asks
//! something of xenstored, and since that sends whatever a change fires before it answers what was asked after the
//! change, names are settled again only when they are past it. That is done before the reply of the change leaves. So
//! nobody who has such a reply, nor anybody they tell, is given an older name: until names are settled again, a name is
//! asked of xenstored itself, by a worker. (Holding replies back until then would do as well, but each change would
//! wait for xenstored twice, and all of them for ever when it falls silent, also those that never needed it.) When
//! xenstored is silent, names that are settled stay so: nothing can have changed.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::{CStr, CString};

use super::node::{Uuid, node, uuid};
use super::sys::{
    XS_ERROR, XS_GET_DOMAIN_PATH, XS_READ, XS_TRANSACTION_END, XS_TRANSACTION_START, XS_UNWATCH, XS_WATCH,
    XS_WATCH_EVENT,
};
use super::wire::{self, Malformed, Message, NO_TRANSACTION};
use crate::limits::{XENSTORE_READ_TRIES_MAX, XENSTORE_READS_MAX, XENSTORE_UNSENT_BYTES_MAX};

/// Why nothing can come of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Useless {
    /// No xenstored says that.
    Malformed,
    /// It does not set up a watch: names would change, and nobody would tell.
    Unwatched,
}

impl From<Malformed> for Useless {
    fn from(_: Malformed) -> Self {
        Self::Malformed
    }
}

impl std::fmt::Display for Useless {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.write_str(match self {
            Self::Malformed => "no message of xenstore's",
            Self::Unwatched => "it sets up no watch",
        })
    }
}

impl std::error::Error for Useless {}

/// The token of the watches on domains that come and go. Others are a domain's number.
const COMINGS: &str = "*";

/// What the number of a request says of it, above a domain's number.
mod asked {
    /// A transaction, to read that domain's name and uuid.
    pub(super) const START: u32 = 1 << 16;
    /// In it, the name.
    pub(super) const NAME: u32 = 2 << 16;
    /// In it, the node that says which uuid that is the name of.
    pub(super) const VM: u32 = 3 << 16;
    /// Its end.
    pub(super) const END: u32 = 4 << 16;
    /// Nothing but a sign.
    pub(super) const PASS: u32 = 5 << 16;
    /// A watch less: what is left of it does no harm.
    pub(super) const UNWATCH: u32 = 6 << 16;
    /// A watch: without it, nobody would tell of changes.
    pub(super) const WATCH: u32 = 7 << 16;
}

/// Whether xenstored has been asked for a sign that it is past a moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Pass {
    /// No.
    #[default]
    None,
    /// It has.
    Asked,
    /// It has, and since then there was another such moment: it will be asked once more, however many there were.
    AskedTooEarly,
}

/// A domain that there is.
#[derive(Debug)]
struct Domain {
    /// Its uuid, by the hypervisor.
    listed: Uuid,
    /// If that is known.
    called: Option<Called>,
}

/// What xenstore calls a domain.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Called {
    /// Which one that is.
    pub(super) uuid: Uuid,
    /// If it has a name.
    pub(super) name: Option<CString>,
}

/// A transaction that reads a name and whose it is.
#[derive(Debug, Default)]
struct Reading {
    tries: usize,
    /// It has begun: what was heard before that, it sees.
    began: bool,
    /// The name has changed since, or its domain is another one: what comes of this is not good enough.
    again: bool,
    /// xenstored has not said whether there is such a node.
    refused: bool,
    name: Option<CString>,
    uuid: Option<Uuid>,
}

/// Names of domains, both ways.
#[derive(Debug, Default)]
pub struct Names {
    domains: BTreeMap<u16, Domain>,
    by_name: HashMap<CString, BTreeSet<u16>>,
    /// What is being read, and what is to be.
    readings: BTreeMap<u16, Reading>,
    to_read: BTreeSet<u16>,
    /// Somebody listens to xenstored.
    begun: bool,
    /// It may have said something that has not been heard.
    pub(super) unheard: bool,
    /// Requests that are not answered.
    unanswered: usize,
    /// Domains have come or gone.
    stale: bool,
    pass: Pass,
    /// Requests that are to be sent.
    pub(super) output: Vec<u8>,
}

impl Names {
    /// Asks to be told of domains that come and go. Both watches fire at once.
    pub fn begin(&mut self) {
        for node in ["@introduceDomain", "@releaseDomain"] {
            self.ask(XS_WATCH, asked::WATCH, NO_TRANSACTION, &[node, COMINGS]);
        }
        self.begun = true;
        self.stale = true;
    }

    /// Something has been asked, everything has been answered, and all that was said has been heard.
    pub fn are_settled(&self) -> bool {
        self.begun && self.unanswered == 0 && !self.stale && !self.unheard
    }

    /// xenstored owes answers.
    pub(super) fn are_waiting(&self) -> bool {
        self.unanswered > 0
    }

    /// xenstored has not taken more than we keep for it.
    pub(super) fn has_too_much_to_say(&self) -> bool {
        self.output.len() > XENSTORE_UNSENT_BYTES_MAX
    }

    /// Somebody has to say which domains there are.
    pub fn are_stale(&self) -> bool {
        self.stale
    }

    /// From now on names are settled only when they are past everything that has happened before.
    pub fn unsettle(&mut self) {
        if self.pass == Pass::None {
            self.pass = Pass::Asked;
            self.ask(XS_GET_DOMAIN_PATH, asked::PASS, NO_TRANSACTION, &["0"]);
        } else {
            self.pass = Pass::AskedTooEarly;
        }
    }

    /// What xenstore calls the domain of this number, if anything, and which domain it means by that; if this is
    /// settled.
    pub(super) fn called(&self, domid: u32) -> Option<&Called> {
        let domid = u16::try_from(domid).ok().filter(|_| self.are_settled())?;
        self.domains.get(&domid)?.called.as_ref()
    }

    /// The first domain of this name, if it is settled that there is one: its number and uuid.
    pub(super) fn domain(&self, name: &CStr) -> Option<(u32, &Uuid)> {
        let domids = self.by_name.get(name).filter(|_| self.are_settled())?;
        let domid = u32::from(*domids.first()?);
        Some((domid, &self.called(domid)?.uuid))
    }

    /// These are the domains that there are.
    pub fn relist(&mut self, domains: impl IntoIterator<Item = (u16, Uuid)>) {
        self.stale = false;
        let there: BTreeMap<u16, Uuid> = domains.into_iter().collect();
        let gone: Vec<u16> = self.domains.keys().filter(|domid| !there.contains_key(domid)).copied().collect();
        for domid in gone {
            self.call(domid, None);
            self.domains.remove(&domid);
            self.to_read.remove(&domid);
            self.ask(XS_UNWATCH, asked::UNWATCH, NO_TRANSACTION, &[&node(domid, "name"), &domid.to_string()]);
        }
        for (domid, listed) in there {
            match self.domains.entry(domid) {
                Entry::Vacant(vacant) => {
                    vacant.insert(Domain { listed, called: None });
                    self.ask(XS_WATCH, asked::WATCH, NO_TRANSACTION, &[&node(domid, "name"), &domid.to_string()]);
                    // The watch fires when it is set up, but who knows how long after that is acknowledged.
                    // What is being read of the domain that had the number is of no use.
                    self.read(domid);
                }
                Entry::Occupied(mut occupied) if occupied.get().listed != listed => {
                    occupied.get_mut().listed = listed;
                    self.read(domid);
                }
                Entry::Occupied(_) => {}
            }
        }
        self.begin_reading();
    }

    /// Takes the messages that are complete; how many bytes those were.
    ///
    /// # Errors
    /// No xenstored says that, or it says that it will not tell of changes.
    pub fn hear(&mut self, bytes: &[u8]) -> Result<usize, Useless> {
        let mut heard = 0;
        while let Some((message, length)) = wire::parse(&bytes[heard..])? {
            heard += length;
            if message.kind == XS_WATCH_EVENT {
                self.fired(message.payload)?;
            } else {
                self.answered(&message)?;
            }
            self.begin_reading();
        }
        Ok(heard)
    }

    /// A watch has fired: its payload is a path and the watch's token.
    fn fired(&mut self, payload: &[u8]) -> Result<(), Useless> {
        let mut strings = payload.split(|&byte| byte == 0);
        let token = strings.nth(1).and_then(|token| std::str::from_utf8(token).ok()).ok_or(Useless::Malformed)?;
        match token.parse() {
            _ if token == COMINGS => self.stale = true,
            // What happened before the answer that a transaction has begun, it sees.
            Ok(domid) if self.readings.get(&domid).is_some_and(|reading| !reading.began) => {}
            Ok(domid) if self.domains.contains_key(&domid) => self.read(domid),
            // Of a domain that has gone.
            Ok(_) => {}
            Err(_) => return Err(Useless::Malformed),
        }
        Ok(())
    }

    fn answered(&mut self, message: &Message<'_>) -> Result<(), Useless> {
        self.unanswered = self.unanswered.checked_sub(1).ok_or(Useless::Malformed)?;
        let (asked, domid) = (message.request & !0xffff, (message.request & 0xffff) as u16);
        match asked {
            asked::UNWATCH => return Ok(()),
            asked::WATCH if message.kind == XS_WATCH => return Ok(()),
            asked::WATCH if message.kind == XS_ERROR => return Err(Useless::Unwatched),
            asked::WATCH => return Err(Useless::Malformed),
            asked::PASS => {
                if std::mem::take(&mut self.pass) == Pass::AskedTooEarly {
                    self.unsettle();
                }
                return Ok(());
            }
            _ => {}
        }
        let reading = self.readings.get_mut(&domid).ok_or(Useless::Malformed)?;
        // As C sees it: up to the first NUL.
        let text = message.payload.split(|&byte| byte == 0).next().unwrap_or_default();
        match (asked, message.kind) {
            (asked::START, XS_TRANSACTION_START) => return self.started(domid, text),
            (asked::NAME, XS_READ) => reading.name = CString::new(text).ok(),
            (asked::VM, XS_READ) => reading.uuid = uuid(text),
            // There is no such node, which is to say no name. Other errors say nothing of it.
            (asked::NAME | asked::VM, XS_ERROR) if text == b"ENOENT" => {}
            (asked::NAME | asked::VM, XS_ERROR) => reading.refused = true,
            (asked::END, XS_ERROR) if text == b"EAGAIN" && reading.tries < XENSTORE_READ_TRIES_MAX => {
                *reading = Reading { tries: reading.tries, ..Reading::default() };
                self.start(domid);
            }
            (asked::END, XS_TRANSACTION_END) => self.ended(domid, true),
            // There is no transaction to be had, or no end of others' changes: nothing is known of the name.
            (asked::START | asked::END, XS_ERROR) => self.ended(domid, false),
            _ => return Err(Useless::Malformed),
        }
        Ok(())
    }

    /// A domain's name is to be read.
    fn read(&mut self, domid: u16) {
        match self.readings.get_mut(&domid) {
            Some(reading) => reading.again = true,
            None => drop(self.to_read.insert(domid)),
        }
    }

    /// Reads what is to be read, so many at a time.
    fn begin_reading(&mut self) {
        while self.readings.len() < XENSTORE_READS_MAX
            && let Some(domid) = self.to_read.pop_first()
        {
            self.readings.insert(domid, Reading::default());
            self.start(domid);
        }
    }

    fn start(&mut self, domid: u16) {
        if let Some(reading) = self.readings.get_mut(&domid) {
            reading.tries += 1;
        }
        self.ask(XS_TRANSACTION_START, asked::START | u32::from(domid), NO_TRANSACTION, &[""]);
    }

    /// The transaction has this number: all that is done in it is asked at once.
    fn started(&mut self, domid: u16, transaction: &[u8]) -> Result<(), Useless> {
        let transaction =
            std::str::from_utf8(transaction).ok().and_then(|text| text.parse().ok()).ok_or(Useless::Malformed)?;
        let of = u32::from(domid);
        if let Some(reading) = self.readings.get_mut(&domid) {
            reading.began = true;
        }
        self.ask(XS_READ, asked::NAME | of, transaction, &[&node(domid, "name")]);
        self.ask(XS_READ, asked::VM | of, transaction, &[&node(domid, "vm")]);
        // Only a transaction that is to be committed is one whose reads are held against each other.
        self.ask(XS_TRANSACTION_END, asked::END | of, transaction, &["T"]);
        Ok(())
    }

    fn ended(&mut self, domid: u16, is_good: bool) {
        let Some(reading) = self.readings.remove(&domid) else {
            return;
        };
        if let Some(domain) = self.domains.get(&domid) {
            let uuid = reading.uuid.unwrap_or(domain.listed);
            let is_known = is_good && !reading.refused && !reading.again;
            self.call(domid, is_known.then_some(Called { uuid, name: reading.name }));
            if reading.again {
                self.to_read.insert(domid);
            }
        }
    }

    /// From now on a domain is called that.
    fn call(&mut self, domid: u16, called: Option<Called>) {
        let Some(domain) = self.domains.get_mut(&domid) else {
            return;
        };
        if let Some(name) = called.as_ref().and_then(|called| called.name.clone()) {
            self.by_name.entry(name).or_default().insert(domid);
        }
        let old = std::mem::replace(&mut domain.called, called).and_then(|old| old.name);
        let kept = domain.called.as_ref().and_then(|called| called.name.as_ref());
        if let Some(old) = old.filter(|old| kept != Some(old))
            && let Some(domids) = self.by_name.get_mut(&old)
        {
            domids.remove(&domid);
            if domids.is_empty() {
                self.by_name.remove(&old);
            }
        }
    }

    fn ask(&mut self, kind: u32, request: u32, transaction: u32, strings: &[&str]) {
        self.unanswered += 1;
        wire::write(&mut self.output, kind, request, transaction, strings);
    }
}

#[cfg(test)]
#[path = "names_tests.rs"]
mod tests;
