//! What is asked, in the form that each server takes, and where its replies end.
//!
//! In: a question and a protocol. Out: the bytes of a request; and of bytes received, how many replies end in them.

use crate::Outcome;

/// What is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Question {
    /// For all domains.
    ListDomain,
    /// For one domain, each request for another.
    DomainInfo,
}

impl Question {
    /// libxl's name for it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ListDomain => "list_domain",
            Self::DomainInfo => "domain_info",
        }
    }
}

/// How a server is spoken to.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// JSON-RPC 2.0, a line each.
    Lines,
    /// As Go's client speaks.
    Go,
    /// JSON-RPC 2.0 in HTTP's POST, on a connection that is kept.
    Http,
}

impl Protocol {
    /// The request that is the at-th of all in flight.
    pub(crate) fn request(self, question: Question, at: usize) -> Vec<u8> {
        let name = question.name();
        // Domain-0 is not like the others.
        let domid = at + 1;
        let text = match (self, question) {
            (Self::Go, Question::ListDomain) => r#"{"method":"Xenops.ListDomain","params":[{}],"id":1}"#.to_owned(),
            (Self::Go, Question::DomainInfo) => {
                format!(r#"{{"method":"Xenops.DomainInfo","params":[{{"domid":{domid}}}],"id":1}}"#)
            }
            (_, Question::ListDomain) => format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{name}"}}"#),
            (_, Question::DomainInfo) => {
                format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{name}","params":{{"domid":{domid}}}}}"#)
            }
        };
        match self {
            Self::Lines | Self::Go => format!("{text}\n").into_bytes(),
            Self::Http => {
                let head = "POST / HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json";
                format!("{head}\r\nContent-Length: {}\r\n\r\n{text}", text.len()).into_bytes()
            }
        }
    }
}

/// Counts replies.
pub(crate) enum Ends {
    /// Each ends with the only newline in it.
    Newlines,
    /// Each says how long it is.
    Lengths(Lengths),
}

impl Ends {
    pub(crate) fn of(protocol: Protocol) -> Self {
        match protocol {
            Protocol::Lines | Protocol::Go => Self::Newlines,
            Protocol::Http => Self::Lengths(Lengths::default()),
        }
    }

    /// How many replies end in these bytes, which are the next; no more than that many are missing.
    pub(crate) fn count(&mut self, bytes: &[u8], missing: usize) -> Outcome<usize> {
        Ok(match self {
            Self::Newlines if missing == 1 => usize::from(bytes.ends_with(b"\n")),
            Self::Newlines => bytes.iter().filter(|&&byte| byte == b'\n').count(),
            Self::Lengths(lengths) => lengths.count(bytes)?,
        })
    }
}

/// Where in a stream of HTTP's replies we are.
#[derive(Default)]
pub(crate) struct Lengths {
    /// What has come of a head.
    head: Vec<u8>,
    /// What is still to come of a body.
    body: usize,
}

impl Lengths {
    fn count(&mut self, mut bytes: &[u8]) -> Outcome<usize> {
        let mut ended = 0;
        while !bytes.is_empty() {
            if self.body == 0 {
                bytes = self.read_head(bytes)?;
            }
            let of_body = self.body.min(bytes.len());
            bytes = &bytes[of_body..];
            self.body -= of_body;
            ended += usize::from(of_body > 0 && self.body == 0);
        }
        Ok(ended)
    }

    /// What is behind the head; nothing when it has not ended.
    fn read_head<'b>(&mut self, bytes: &'b [u8]) -> Outcome<&'b [u8]> {
        const END: &[u8] = b"\r\n\r\n";
        let before = self.head.len();
        self.head.extend_from_slice(&bytes[..bytes.len().min(1024)]);
        let Some(end) = self.head.windows(END.len()).position(|window| window == END).map(|at| at + END.len()) else {
            return Ok(&bytes[self.head.len() - before..]);
        };
        let head = str::from_utf8(&self.head[..end])?.to_ascii_lowercase();
        if !head.starts_with("http/1.1 200 ") {
            return Err(format!("not what was asked for: {head}").into());
        }
        let length = head.lines().find_map(|line| line.strip_prefix("content-length:"));
        self.body = length.ok_or("a reply of unknown length")?.trim().parse()?;
        self.head.clear();
        Ok(&bytes[end - before..])
    }
}
