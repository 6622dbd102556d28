//! One message of xenstore's wire: a header of four words in this machine's order of bytes, and what follows.
//!
//! In: bytes, as they have come. Out: the first message that is complete. It knows the form of messages, not what they
//! say, and it believes nothing: what is longer than the protocol allows is no message.

use super::sys::XENSTORE_PAYLOAD_MAX;

/// Kind, request, transaction, length of what follows.
pub const HEADER_BYTES: usize = 16;
/// What may follow at most.
pub const PAYLOAD_BYTES_MAX: usize = XENSTORE_PAYLOAD_MAX as usize;

/// A message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Message<'b> {
    /// One of `XS_…`.
    pub kind: u32,
    /// The number of the request that it answers; of an event, 0.
    pub request: u32,
    /// Strings, each with a NUL behind it, but for a value, which is as it is.
    pub payload: &'b [u8],
}

/// Bytes that no xenstored sends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Malformed;

/// The first message and its length; `None` while it is not complete.
///
/// # Errors
/// It is longer than the protocol allows.
pub fn parse(bytes: &[u8]) -> Result<Option<(Message<'_>, usize)>, Malformed> {
    let Some((header, rest)) = bytes.split_at_checked(HEADER_BYTES) else {
        return Ok(None);
    };
    let word =
        |at: usize| u32::from_ne_bytes([header[at * 4], header[at * 4 + 1], header[at * 4 + 2], header[at * 4 + 3]]);
    let length = word(3) as usize;
    if length > PAYLOAD_BYTES_MAX {
        return Err(Malformed);
    }
    let message = |payload| (Message { kind: word(0), request: word(1), payload }, HEADER_BYTES + length);
    Ok(rest.get(..length).map(message))
}

/// The number of no transaction.
pub const NO_TRANSACTION: u32 = 0;

/// Appends a request: strings, each with a NUL behind it.
pub fn write(out: &mut Vec<u8>, kind: u32, request: u32, transaction: u32, strings: &[&str]) {
    let length: usize = strings.iter().map(|string| string.len() + 1).sum();
    debug_assert!(length <= PAYLOAD_BYTES_MAX);
    let length = u32::try_from(length).unwrap_or(0);
    for word in [kind, request, transaction, length] {
        out.extend_from_slice(&word.to_ne_bytes());
    }
    for string in strings {
        out.extend_from_slice(string.as_bytes());
        out.push(0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_is_one_when_its_last_byte_has_come() {
        let mut bytes = Vec::new();
        write(&mut bytes, 2, 7, NO_TRANSACTION, &["/local/domain/5/name"]);
        write(&mut bytes, 4, 8, 9, &["@releaseDomain", "*"]);
        let first = HEADER_BYTES + 21;
        for length in 0..first {
            assert_eq!(parse(&bytes[..length]), Ok(None));
        }
        for length in first..bytes.len() {
            let payload = &b"/local/domain/5/name\0"[..];
            assert_eq!(parse(&bytes[..length]), Ok(Some((Message { kind: 2, request: 7, payload }, first))));
        }
        let (message, length) = parse(&bytes[first..]).unwrap().unwrap();
        assert_eq!((message.payload, first + length), (&b"@releaseDomain\0*\0"[..], bytes.len()));
    }

    #[test]
    fn a_payload_has_4096_bytes_at_most() {
        let header = |length: u32| [2u32, 0, 0, length].map(u32::to_ne_bytes).concat();
        assert_eq!(PAYLOAD_BYTES_MAX, 4096);
        let longest = [header(4096), vec![b'x'; 4096]].concat();
        assert_eq!(parse(&longest).unwrap().unwrap().1, HEADER_BYTES + 4096);
        for length in [4097, u32::MAX] {
            assert_eq!(parse(&header(length)), Err(Malformed));
        }
    }
}
