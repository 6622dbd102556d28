//! What xenstore calls each domain, as it has told us.
//!
//! In: xenstored's messages, and which domains there are. Out: requests for xenstored, and names. It does no I/O.
//!
//! Two watches tell when domains have come or gone; then whoever drives this says which there are. One watch a domain,
//! on the node with its name, tells that this has changed (it also fires when it is set up); then the node is read.
//! There is no watch on a tree: one creation of a domain would fire that dozens of times.
//!
//! Names are *settled* when nothing that was asked is unanswered: then they are what xenstore holds, but for changes of
//! which we have not heard yet. Changes of our own making are no such: [`Names::unsettle`] asks something of xenstored,
//! and since that sends whatever a change fires before it answers what was asked after the change, names are settled
//! again only when they are past it. When xenstored is silent, names that are settled stay so: nothing can have
//! changed.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::{CStr, CString};

use super::sys::{XS_ERROR, XS_GET_DOMAIN_PATH, XS_READ, XS_UNWATCH, XS_WATCH, XS_WATCH_EVENT};
use super::wire::{self, Malformed, Message};
use crate::limits::XENSTORE_UNSENT_BYTES_MAX;

/// The token of the watches on domains that come and go. Others are a domain's number.
const COMINGS: &str = "*";
/// In the number of a request, above a domain's: it reads that one's name.
const READS: u32 = 1 << 16;
/// The number of a request that asks for nothing but a sign.
const PASSES: u32 = 1 << 17;
/// The number of all other requests.
const OTHER: u32 = 1 << 18;

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

/// Names of domains, both ways.
#[derive(Debug, Default)]
pub(super) struct Names {
    by_domid: BTreeMap<u16, Option<CString>>,
    by_name: HashMap<CString, BTreeSet<u16>>,
    /// Somebody listens to xenstored.
    begun: bool,
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
    pub(super) fn begin(&mut self) {
        for node in ["@introduceDomain", "@releaseDomain"] {
            self.ask(XS_WATCH, OTHER, &[node, COMINGS]);
        }
        self.begun = true;
        self.stale = true;
    }

    /// Something has been asked, and everything has been answered.
    pub(super) fn are_settled(&self) -> bool {
        self.begun && self.unanswered == 0 && !self.stale
    }

    /// xenstored has not taken more than we keep for it.
    pub(super) fn has_too_much_to_say(&self) -> bool {
        self.output.len() > XENSTORE_UNSENT_BYTES_MAX
    }

    /// Somebody has to say which domains there are.
    pub(super) fn are_stale(&self) -> bool {
        self.stale
    }

    /// From now on names are settled only when they are past everything that has happened before.
    pub(super) fn unsettle(&mut self) {
        if self.pass == Pass::None {
            self.pass = Pass::Asked;
            self.ask(XS_GET_DOMAIN_PATH, PASSES, &["0"]);
        } else {
            self.pass = Pass::AskedTooEarly;
        }
    }

    /// What xenstore calls a domain, if it is settled that it calls it something.
    pub(super) fn name(&self, domid: u32) -> Option<&CStr> {
        let domid = u16::try_from(domid).ok().filter(|_| self.are_settled())?;
        self.by_domid.get(&domid)?.as_deref()
    }

    /// The first domain of this name, if it is settled that there is one.
    pub(super) fn domid(&self, name: &CStr) -> Option<u32> {
        let domids = self.by_name.get(name).filter(|_| self.are_settled())?;
        domids.first().map(|&domid| domid.into())
    }

    /// These are the domains that there are.
    pub(super) fn relist(&mut self, domids: impl IntoIterator<Item = u16>) {
        self.stale = false;
        let there: BTreeSet<u16> = domids.into_iter().collect();
        let gone: Vec<u16> = self.by_domid.keys().filter(|domid| !there.contains(domid)).copied().collect();
        for domid in gone {
            self.rename(domid, None);
            self.by_domid.remove(&domid);
            self.ask(XS_UNWATCH, OTHER, &[&node(domid), &domid.to_string()]);
        }
        for domid in there {
            if let Entry::Vacant(vacant) = self.by_domid.entry(domid) {
                vacant.insert(None);
                self.ask(XS_WATCH, OTHER, &[&node(domid), &domid.to_string()]);
            }
        }
    }

    /// Takes the messages that are complete; how many bytes those were.
    pub(super) fn hear(&mut self, bytes: &[u8]) -> Result<usize, Malformed> {
        let mut heard = 0;
        while let Some((message, length)) = wire::parse(&bytes[heard..])? {
            heard += length;
            if message.kind == XS_WATCH_EVENT {
                self.fired(message.payload)?;
            } else {
                self.answered(&message)?;
            }
        }
        Ok(heard)
    }

    /// A watch has fired: its payload is a path and the watch's token.
    fn fired(&mut self, payload: &[u8]) -> Result<(), Malformed> {
        let mut strings = payload.split(|&byte| byte == 0);
        let token = strings.nth(1).and_then(|token| std::str::from_utf8(token).ok()).ok_or(Malformed)?;
        match token.parse() {
            _ if token == COMINGS => self.stale = true,
            Ok(domid) if self.by_domid.contains_key(&domid) => {
                self.ask(XS_READ, READS | u32::from(domid), &[&node(domid)]);
            }
            // Of a domain that has gone.
            Ok(_) => {}
            Err(_) => return Err(Malformed),
        }
        Ok(())
    }

    fn answered(&mut self, message: &Message<'_>) -> Result<(), Malformed> {
        self.unanswered = self.unanswered.checked_sub(1).ok_or(Malformed)?;
        if message.request == PASSES {
            let again = std::mem::take(&mut self.pass) == Pass::AskedTooEarly;
            if again {
                self.unsettle();
            }
            return Ok(());
        }
        let domid = message.request.checked_sub(READS).and_then(|domid| u16::try_from(domid).ok());
        let Some(domid) = domid.filter(|domid| self.by_domid.contains_key(domid)) else {
            return Ok(());
        };
        let name = match message.kind {
            // As C sees it: up to the first NUL.
            XS_READ => message.payload.split(|&byte| byte == 0).next().and_then(|name| CString::new(name).ok()),
            // There is no such node, which is to say no name.
            XS_ERROR => None,
            _ => return Err(Malformed),
        };
        self.rename(domid, name);
        Ok(())
    }

    fn rename(&mut self, domid: u16, name: Option<CString>) {
        let old = self.by_domid.get_mut(&domid).and_then(Option::take);
        if let Some(old) = old
            && let Some(domids) = self.by_name.get_mut(&old)
        {
            domids.remove(&domid);
            if domids.is_empty() {
                self.by_name.remove(&old);
            }
        }
        if let Some(name) = name {
            self.by_name.entry(name.clone()).or_default().insert(domid);
            self.by_domid.insert(domid, Some(name));
        }
    }

    fn ask(&mut self, kind: u32, request: u32, strings: &[&str]) {
        self.unanswered += 1;
        wire::write(&mut self.output, kind, request, strings);
    }
}

/// Where xenstore keeps a domain's name.
fn node(domid: u16) -> String {
    format!("/local/domain/{domid}/name")
}

#[cfg(test)]
#[path = "names_tests.rs"]
mod tests;
