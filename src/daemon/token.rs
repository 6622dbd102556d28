//! What the event loop's tokens mean.
//!
//! In: a source of readiness. Out: a number for mio and back. A connection's token carries its slot and generation, so
//! that readiness which arrives after its connection is gone finds nothing.

use mio::Token;

use crate::mem::Key;

/// A source of readiness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The listening socket.
    Listener,
    /// SIGTERM or SIGINT.
    Signal,
    /// A connection.
    Client(Key),
}

const LISTENER: usize = usize::MAX;
const SIGNAL: usize = usize::MAX - 1;

impl From<Source> for Token {
    fn from(source: Source) -> Self {
        Self(match source {
            Source::Listener => LISTENER,
            Source::Signal => SIGNAL,
            Source::Client(key) => (key.generation as usize) << 32 | key.slot as usize,
        })
    }
}

impl From<Token> for Source {
    fn from(token: Token) -> Self {
        match token.0 {
            LISTENER => Self::Listener,
            SIGNAL => Self::Signal,
            number => {
                let half = |n: usize| u32::try_from(n & 0xffff_ffff).unwrap_or(0);
                Self::Client(Key { slot: half(number), generation: half(number >> 32) })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back_as_what_they_were() {
        let key = |slot, generation| Source::Client(Key { slot, generation });
        for source in [Source::Listener, Source::Signal, key(0, 0), key(1023, 0x00ff_ffff)] {
            assert_eq!(Source::from(Token::from(source)), source);
        }
    }
}
