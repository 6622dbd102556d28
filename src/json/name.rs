//! Names of enumerations' values, ready to be written.
//!
//! In: a short text, when the program is built. Out: the same in room of a fixed size. It writes nothing itself: the
//! pen of `writer` does.

/// A short text in room of a fixed size, so that copying it needs no loop and no call.
#[derive(Debug)]
pub struct Name<const N: usize> {
    room: [u8; N],
    len: usize,
}

impl<const N: usize> Name<N> {
    /// A text of at most `N` bytes.
    pub const fn new(text: &[u8]) -> Self {
        let mut room = [b' '; N];
        let mut at = 0;
        while at < text.len() {
            room[at] = text[at];
            at += 1;
        }
        Self { room, len: text.len() }
    }

    /// The text with what is behind it, which means nothing, and its length.
    #[inline]
    pub(super) fn parts(&self) -> (&[u8; N], usize) {
        (&self.room, self.len)
    }

    /// The text.
    pub fn as_bytes(&self) -> &[u8] {
        &self.room[..self.len]
    }
}
