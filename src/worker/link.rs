//! What a daemon and its worker say to each other, over a socket pair.
//!
//! In: messages. Out: bytes, and back: a header of sixteen bytes, then as many bytes of payload as it says. Both ends
//! are the same program, so there is no version to agree on; but a worker may die in the middle of anything.

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub(super) enum Kind {
    /// To the worker, first: begin. With a descriptor when the host is a simulated one.
    Hello,
    /// To the worker: carry a request out; the payload is the request. `number` says which one it is.
    Call,
    /// To the worker: find out which domain a request is about; the payload is the request.
    Resolve,
    /// To the worker: the call of this `number` should end soon.
    Abort,
    /// To the daemon: a worker is ready for calls.
    Ready,
    /// To the daemon: the reply, empty for none. `number` is 0, or the code of its error.
    Reply,
    /// To the daemon: the domain is the one of this `number`.
    Resolved,
    /// To the daemon: how the call gets on, as members of a JSON object.
    Progress,
}

const KINDS: [Kind; 8] =
    [Kind::Hello, Kind::Call, Kind::Resolve, Kind::Abort, Kind::Ready, Kind::Reply, Kind::Resolved, Kind::Progress];

/// Bits of a header's flags.
pub(super) mod flag {
    /// The request is an element of a batch.
    pub(in crate::worker) const IN_BATCH: u8 = 1;
    /// It came by the read-only socket.
    pub(in crate::worker) const READ_ONLY: u8 = 2;
    /// The client wants to hear how it gets on.
    pub(in crate::worker) const PROGRESS: u8 = 4;
    /// `domain` holds the number of the domain that the request names.
    pub(in crate::worker) const KNOWN_DOMAIN: u8 = 8;
}

/// What stands before a payload.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    pub(super) kind: Kind,
    /// Bits of [`flag`].
    pub(super) flags: u8,
    /// How many descriptors come with the header.
    pub(super) descriptors: u8,
    /// Of the payload, in bytes.
    pub(super) length: u32,
    /// See [`Kind`].
    pub(super) number: u32,
    /// See [`flag::KNOWN_DOMAIN`].
    pub(super) domain: u32,
}

/// How many bytes a header has.
pub(super) const HEADER_BYTES: usize = 16;

impl Header {
    /// A message without payload.
    pub(super) fn new(kind: Kind, number: u32) -> Self {
        Self { kind, flags: 0, descriptors: 0, length: 0, number, domain: 0 }
    }

    /// The same with a payload of that length. Payloads are requests and replies, which are far below 4 GiB.
    pub(super) fn with_length(self, length: usize) -> Self {
        Self { length: u32::try_from(length).expect("bounded by the limits of messages and replies"), ..self }
    }

    pub(super) fn to_bytes(self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        bytes[..4].copy_from_slice(&[self.kind as u8, self.flags, self.descriptors, 0]);
        bytes[4..8].copy_from_slice(&self.length.to_le_bytes());
        bytes[8..12].copy_from_slice(&self.number.to_le_bytes());
        bytes[12..].copy_from_slice(&self.domain.to_le_bytes());
        bytes
    }

    /// `None` for bytes that are no header.
    pub(super) fn from_bytes(bytes: &[u8; HEADER_BYTES]) -> Option<Self> {
        let [kind, flags, descriptors, _, l0, l1, l2, l3, n0, n1, n2, n3, d0, d1, d2, d3] = *bytes;
        Some(Self {
            kind: *KINDS.get(usize::from(kind))?,
            flags,
            descriptors,
            length: u32::from_le_bytes([l0, l1, l2, l3]),
            number: u32::from_le_bytes([n0, n1, n2, n3]),
            domain: u32::from_le_bytes([d0, d1, d2, d3]),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_come_back_as_what_they_were() {
        for kind in KINDS {
            let header = Header { kind, flags: 5, descriptors: 2, length: 70_000, number: u32::MAX, domain: 7 };
            assert_eq!(Header::from_bytes(&header.to_bytes()), Some(header));
        }
        assert_eq!(Header::from_bytes(&[200; HEADER_BYTES]), None);
    }
}
