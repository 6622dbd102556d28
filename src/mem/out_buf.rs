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
    pub fn tail(&mut self) -> &mut Vec<u8> {
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

    /// Forgets what is owed and gives memory above `keep_bytes` back.
    pub fn reset(&mut self, keep_bytes: usize) {
        self.bytes.clear();
        self.sent = 0;
        if self.bytes.capacity() > keep_bytes {
            self.bytes.shrink_to(keep_bytes);
        }
    }
}
