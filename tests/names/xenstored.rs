//! A xenstored that is played on a socket.
//!
//! In: what it is made to hold, and how to behave. Out: answers and events by the protocol, for one client at a time;
//! and what has been asked of it. It judges nothing.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::common::Daemon;

pub(crate) const XS_READ: u32 = 2;
const XS_WATCH: u32 = 4;
const XS_TRANSACTION_START: u32 = 6;
const XS_WATCH_EVENT: u32 = 15;
const XS_ERROR: u32 = 16;

/// What xenstored holds, and what has been asked of it.
#[derive(Debug, Default)]
pub(crate) struct Held {
    pub(crate) nodes: BTreeMap<String, String>,
    watches: Vec<(String, String)>,
    pub(crate) asked: usize,
    /// It takes requests and keeps them; see [`Xenstored::speak`].
    pub(crate) is_silent: bool,
    /// But says things that mean nothing.
    pub(crate) mutters: bool,
    owed: Vec<(u32, u32, String)>,
    /// A watch is acknowledged when it is set up, but fires only when it is let; see [`Xenstored::release`].
    pub(crate) fires_late: bool,
    late: Vec<String>,
    /// What is sent now, whatever the protocol says.
    pub(crate) sent: Vec<u8>,
    /// It closes the connection.
    pub(crate) gone: bool,
    /// It closes each connection as soon as it has said something.
    pub(crate) refuses: bool,
    pub(crate) connections: usize,
}

impl Held {
    pub(crate) fn say(&mut self, kind: u32, request: u32, payload: &str) {
        for word in [kind, request, 0, u32::try_from(payload.len()).unwrap()] {
            self.sent.extend(word.to_ne_bytes());
        }
        self.sent.extend(payload.bytes());
    }

    fn fire(&mut self, path: &str) {
        for (_, token) in self.watches.clone().iter().filter(|(watched, _)| watched == path) {
            self.say(XS_WATCH_EVENT, 0, &format!("{path}\0{token}\0"));
        }
    }

    fn answer(&mut self, kind: u32, request: u32, payload: &str) {
        let mut strings = payload.split('\0');
        let path = strings.next().unwrap().to_owned();
        match kind {
            XS_READ => match self.nodes.get(&path).cloned() {
                Some(value) => self.say(XS_READ, request, &value),
                None => self.say(XS_ERROR, request, "ENOENT\0"),
            },
            XS_WATCH => {
                self.watches.push((path.clone(), strings.next().unwrap().to_owned()));
                self.say(XS_WATCH, request, "OK\0");
                if self.fires_late && !path.starts_with('@') {
                    self.late.push(path);
                } else {
                    self.fire(&path);
                }
            }
            XS_TRANSACTION_START => self.say(kind, request, "1\0"),
            other => self.say(other, request, "OK\0"),
        }
    }
}

/// A xenstored for one client at a time.
pub(crate) struct Xenstored {
    held: Arc<Mutex<Held>>,
    folder: tempfile::TempDir,
}

impl Xenstored {
    /// One that holds these names.
    pub(crate) fn start(names: &[(u32, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let held = Arc::new(Mutex::new(Held::default()));
        for (domid, name) in names {
            held.lock().unwrap().nodes.insert(node(*domid, "name"), (*name).to_owned());
        }
        let xenstored = Self { held, folder };
        xenstored.listen();
        xenstored
    }

    /// Begins to listen, on a socket of its own.
    pub(crate) fn listen(&self) {
        let _ = std::fs::remove_file(self.socket());
        let listener = UnixListener::bind(self.socket()).unwrap();
        let held = self.held.clone();
        std::thread::spawn(move || {
            for client in listener.incoming() {
                {
                    let mut held = held.lock().unwrap();
                    held.connections += 1;
                    held.watches.clear();
                    held.owed.clear();
                    held.gone = false;
                }
                serve(&client.unwrap(), &held);
            }
        });
    }

    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("xenstored")
    }

    /// The daemon, on as many domains of a make-believe hypervisor.
    pub(crate) fn daemon(&self, domains: u32) -> Daemon {
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/hypervisor/privcmd.c");
        let made = self.folder.path().join("hypervisor.so");
        let compiled =
            Command::new("cc").args(["-shared", "-fPIC", "-O2", "-o"]).arg(&made).arg(source).status().unwrap();
        assert!(compiled.success(), "cc: {compiled}");
        let preload = format!("LD_PRELOAD={}", made.display());
        let xenstored = format!("XENSTORED_PATH={}", self.socket().display());
        let domains = format!("MAKE_BELIEVE_DOMAINS={domains}");
        Daemon::start_under(&["env", &preload, &xenstored, &domains], &[])
    }

    pub(crate) fn with<T>(&self, act: impl FnOnce(&mut Held) -> T) -> T {
        act(&mut self.held.lock().unwrap())
    }

    /// Names a domain, as anybody might.
    pub(crate) fn set(&self, domid: u32, name: &str) {
        self.with(|held| {
            held.nodes.insert(node(domid, "name"), name.to_owned());
            held.fire(&node(domid, "name"));
        });
    }

    /// Fires the watches that have not fired since they were set up.
    pub(crate) fn release(&self) {
        self.with(|held| {
            held.fires_late = false;
            std::mem::take(&mut held.late).iter().for_each(|path| held.fire(path));
        });
    }

    /// Answers what it was asked in vain, and is silent no more.
    pub(crate) fn speak(&self) {
        self.with(|held| {
            (held.is_silent, held.mutters) = (false, false);
            for (kind, request, payload) in std::mem::take(&mut held.owed) {
                held.answer(kind, request, &payload);
            }
        });
    }
}

pub(crate) fn node(domid: u32, what: &str) -> String {
    format!("/local/domain/{domid}/{what}")
}

/// Answers requests, and sends what is to be sent, until that is over.
fn serve(mut socket: &UnixStream, held: &Mutex<Held>) {
    socket.set_nonblocking(true).unwrap();
    let mut bytes = Vec::new();
    loop {
        let mut chunk = [0; 4096];
        match socket.read(&mut chunk) {
            Ok(0) => return,
            Ok(count) => bytes.extend_from_slice(&chunk[..count]),
            Err(_) => std::thread::sleep(Duration::from_millis(1)),
        }
        let mut held = held.lock().unwrap();
        while bytes.len() >= 16 {
            let word = |at: usize| u32::from_ne_bytes(bytes[at * 4..][..4].try_into().unwrap());
            let (kind, request, length) = (word(0), word(1), word(3) as usize);
            if bytes.len() < 16 + length {
                break;
            }
            let payload = String::from_utf8(bytes.drain(..16 + length).skip(16).collect()).unwrap();
            held.asked += 1;
            if held.is_silent {
                held.owed.push((kind, request, payload));
            } else {
                held.answer(kind, request, &payload);
            }
        }
        if held.mutters {
            held.say(XS_WATCH_EVENT, 0, "/of a domain that has gone\x0065000\0");
        }
        let sent = std::mem::take(&mut held.sent);
        if socket.write_all(&sent).is_err() || held.gone || (held.refuses && !sent.is_empty()) {
            return;
        }
    }
}
