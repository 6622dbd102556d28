//! Descriptors that came along with a connection's bytes.
//!
//! In: what the kernel attached to a read. Out: the same, one by one, in the order in which they came. The kernel ties
//! them to bytes only loosely, so who takes them is decided by the order of requests. What nobody takes is closed.

use std::collections::VecDeque;
use std::os::fd::OwnedFd;

use crate::limits::DESCRIPTORS_WAITING_MAX;

/// Descriptors that no request has taken yet: at most [`DESCRIPTORS_WAITING_MAX`].
#[derive(Debug, Default)]
pub struct Descriptors(VecDeque<OwnedFd>);

impl Descriptors {
    /// Keeps one more, or closes it if there are too many.
    pub fn push(&mut self, descriptor: OwnedFd) {
        if self.0.len() < DESCRIPTORS_WAITING_MAX {
            self.0.push_back(descriptor);
        }
    }

    /// The oldest.
    pub fn take(&mut self) -> Option<OwnedFd> {
        self.0.pop_front()
    }

    /// Closes them all.
    pub fn clear(&mut self) {
        // Mostly there are none, and nothing to clear.
        if !self.0.is_empty() {
            self.0.clear();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;

    use super::*;

    #[test]
    fn as_many_as_may_wait_come_out_in_order() {
        let mut descriptors = Descriptors::default();
        let made: Vec<OwnedFd> = (0..=DESCRIPTORS_WAITING_MAX).map(|_| std::io::pipe().unwrap().0.into()).collect();
        let numbers: Vec<_> = made.iter().map(AsRawFd::as_raw_fd).collect();
        made.into_iter().for_each(|descriptor| descriptors.push(descriptor));
        let taken: Vec<OwnedFd> = std::iter::from_fn(|| descriptors.take()).collect();
        assert_eq!(taken.iter().map(AsRawFd::as_raw_fd).collect::<Vec<_>>(), numbers[..DESCRIPTORS_WAITING_MAX]);
    }
}
