//! Bytes from a socket, until a whole message is there and has been answered.
//!
//! In: what the kernel writes into [`InBuf::spare`]. Out: the bytes not consumed yet, with padding behind them. It does
//! no I/O and knows no message boundaries. Invariant: `consumed ≤ received ≤ bytes.len() - PADDING`.

/// Readable bytes that always follow the received ones, so that a parser may look past the end.
pub const PADDING: usize = 64;

/// A buffer that grows from its starting size to a bound, and goes back when it has been emptied.
#[derive(Debug)]
pub struct InBuf {
    bytes: Vec<u8>,
    consumed: usize,
    received: usize,
    bytes_max: usize,
}

impl InBuf {
    /// A buffer of `bytes_start`, for messages of at most `bytes_max`.
    pub fn new(bytes_start: usize, bytes_max: usize) -> Self {
        Self { bytes: vec![0; bytes_start.min(bytes_max) + PADDING], consumed: 0, received: 0, bytes_max }
    }

    /// Bytes received and not consumed.
    pub fn len(&self) -> usize {
        self.received - self.consumed
    }

    /// Nothing is waiting.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is waiting.
    pub fn unread(&self) -> &[u8] {
        &self.bytes[self.consumed..self.received]
    }

    /// What is waiting and at least `PADDING` bytes behind it, to parse in place.
    pub fn unread_padded(&mut self) -> &mut [u8] {
        &mut self.bytes[self.consumed..]
    }

    /// Nothing more can be received before something is consumed: one message fills all there may be.
    pub fn is_full(&self) -> bool {
        self.len() == self.bytes_max
    }

    /// Room to receive into; empty only when [`InBuf::is_full`].
    ///
    /// Waiting bytes are moved to the front only when the room behind them is used up, and memory doubles only when
    /// they fill all of it: over a message's life each byte is moved a bounded number of times.
    pub fn spare(&mut self) -> &mut [u8] {
        if self.received + PADDING == self.bytes.len() {
            if self.consumed > 0 {
                self.bytes.copy_within(self.consumed..self.received, 0);
                self.received -= self.consumed;
                self.consumed = 0;
            } else {
                let room = ((self.bytes.len() - PADDING) * 2).min(self.bytes_max);
                self.bytes.resize(room + PADDING, 0);
            }
        }
        let end = self.bytes.len() - PADDING;
        &mut self.bytes[self.received..end]
    }

    /// The kernel wrote `count` bytes into the room.
    pub fn advance(&mut self, count: usize) {
        self.received += count;
        debug_assert!(self.received + PADDING <= self.bytes.len(), "received into the padding");
    }

    /// The first `count` waiting bytes are done with.
    pub fn consume(&mut self, count: usize) {
        self.consumed += count;
        debug_assert!(self.consumed <= self.received, "consumed more than there was");
        if self.consumed == self.received {
            self.consumed = 0;
            self.received = 0;
        }
    }

    /// Gives memory above `bytes_keep` back when nothing is waiting.
    pub fn trim(&mut self, bytes_keep: usize) {
        if self.is_empty() && self.bytes.len() > bytes_keep + PADDING {
            self.bytes.truncate(bytes_keep + PADDING);
            self.bytes.shrink_to_fit();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn receive(buf: &mut InBuf, bytes: &[u8]) {
        let mut left = bytes;
        while !left.is_empty() {
            let spare = buf.spare();
            let count = spare.len().min(left.len());
            assert!(count > 0, "no room though not full");
            spare[..count].copy_from_slice(&left[..count]);
            buf.advance(count);
            left = &left[count..];
        }
    }

    #[test]
    fn grows_to_its_bound_and_no_further() {
        let mut buf = InBuf::new(4, 10);
        receive(&mut buf, b"0123456789");
        assert!(buf.is_full());
        assert!(buf.spare().is_empty());
        assert_eq!(buf.unread(), b"0123456789");
        assert!(buf.unread_padded().len() >= 10 + PADDING);
    }

    #[test]
    fn waiting_bytes_survive_being_moved() {
        let mut buf = InBuf::new(8, 8);
        receive(&mut buf, b"abcdefgh");
        buf.consume(6);
        receive(&mut buf, b"ijkl");
        assert_eq!(buf.unread(), b"ghijkl");
    }

    #[test]
    fn an_emptied_buffer_gives_memory_back() {
        let mut buf = InBuf::new(4, 1 << 20);
        receive(&mut buf, &vec![b'x'; 100_000]);
        buf.consume(100_000);
        buf.trim(4096);
        assert_eq!(buf.bytes.len(), 4096 + PADDING);
        receive(&mut buf, b"again");
        assert_eq!(buf.unread(), b"again");
    }
}
