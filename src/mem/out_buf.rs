//! Bytes on their way to a socket.
//!
//! In: replies, appended by the writer. Out: the bytes not sent yet. It does no I/O, and it does not know where
//! one reply ends and the next begins. Invariant: `sent ≤ bytes.len()`, and both are 0 when nothing is owed.

/// A growable queue of bytes that keeps its memory from use to use, up to a bound.
#[derive(Debug, Default)]
pub struct OutBuf {
    bytes: Vec<u8>,
    sent: usize,
}

impl OutBuf {
    /// The buffer that replies are appended to.
    ///
    /// Bytes that were sent are dropped here once they are as many as the rest: a client that always leaves something
    /// unread does not make the buffer longer and longer, and each byte is moved at most once on average.
    pub fn tail(&mut self) -> &mut Vec<u8> {
        if self.sent > 0 && self.sent >= self.len() {
            self.bytes.drain(..self.sent);
            self.sent = 0;
        }
        &mut self.bytes
    }

    /// What the socket has not taken yet.
    pub fn unsent(&self) -> &[u8] {
        &self.bytes[self.sent..]
    }

    /// Bytes not taken yet.
    pub fn len(&self) -> usize {
        self.bytes.len() - self.sent
    }

    /// Nothing is owed.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The socket took `count` bytes.
    pub fn consume(&mut self, count: usize) {
        self.sent += count;
        debug_assert!(self.sent <= self.bytes.len(), "more sent than there was");
        if self.sent == self.bytes.len() {
            self.bytes.clear();
            self.sent = 0;
        }
    }

    /// Puts bytes among those that have not been sent yet, before the one at `at` of these.
    pub fn insert(&mut self, at: usize, bytes: &[u8]) {
        let at = self.sent + at;
        self.bytes.extend_from_slice(bytes);
        // What is behind is short, as a rule, and rotating a few bytes by many moves each once.
        self.bytes[at..].rotate_right(bytes.len());
    }

    /// Gives memory above `bytes_keep` back when nothing is owed.
    pub fn trim(&mut self, bytes_keep: usize) {
        if self.is_empty() {
            self.bytes.shrink_to(bytes_keep);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reader_that_never_catches_up_costs_no_more_memory() {
        let mut buf = OutBuf::default();
        buf.tail().extend_from_slice(b"0123456789");
        for _ in 0..1000 {
            buf.consume(7);
            buf.tail().extend_from_slice(b"abcdefg");
            assert_eq!(buf.len(), 10);
        }
        assert!(buf.bytes.capacity() < 100, "{}", buf.bytes.capacity());
        assert_eq!(buf.unsent(), b"efgabcdefg");
    }

    #[test]
    fn bytes_can_be_put_among_those_that_are_owed() {
        let mut buf = OutBuf::default();
        buf.tail().extend_from_slice(b"sent{}\n");
        buf.consume(4);
        buf.insert(1, b"left out");
        assert_eq!(buf.unsent(), b"{left out}\n");
        buf.insert(0, b"");
        buf.insert(11, b"!");
        assert_eq!(buf.unsent(), b"{left out}\n!");
    }

    #[test]
    fn memory_is_given_back_only_when_nothing_is_owed() {
        let mut buf = OutBuf::default();
        buf.tail().extend_from_slice(&[b'x'; 1000]);
        buf.trim(10);
        assert_eq!(buf.len(), 1000);
        buf.consume(1000);
        buf.trim(10);
        assert!(buf.bytes.capacity() < 1000);
    }
}
