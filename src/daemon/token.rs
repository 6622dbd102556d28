//! What the event loop's tokens mean.
//!
//! In: a source of readiness. Out: a number for mio and back. A connection's token carries its slot and generation,
//! so that readiness which arrives after its connection is gone finds nothing.

use mio::Token;

use crate::mem::Key;
use crate::rpc::Access;

/// A source of readiness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Source {
    /// The listening socket with that access.
    Door(Access),
    /// A signal for the daemon.
    Signal,
    /// xenstored.
    Store,
    /// A connection.
    Client(Key),
    /// A worker process.
    Worker(Key),
}

const FULL_DOOR: usize = usize::MAX;
const READ_ONLY_DOOR: usize = usize::MAX - 1;
const SIGNAL: usize = usize::MAX - 2;
const STORE: usize = usize::MAX - 3;
/// Above a key's slot (32 bits) and generation (24).
const WORKER: usize = 1 << 60;

impl From<Source> for Token {
    fn from(source: Source) -> Self {
        Self(match source {
            Source::Door(Access::Full) => FULL_DOOR,
            Source::Door(Access::ReadOnly) => READ_ONLY_DOOR,
            Source::Signal => SIGNAL,
            Source::Store => STORE,
            Source::Client(key) => number(key),
            Source::Worker(key) => WORKER | number(key),
        })
    }
}

fn number(key: Key) -> usize {
    (key.generation as usize) << 32 | key.slot as usize
}

impl From<Token> for Source {
    fn from(token: Token) -> Self {
        match token.0 {
            FULL_DOOR => Self::Door(Access::Full),
            READ_ONLY_DOOR => Self::Door(Access::ReadOnly),
            SIGNAL => Self::Signal,
            STORE => Self::Store,
            number => {
                let half = |n: usize| u32::try_from(n & 0xffff_ffff).unwrap_or(0);
                let key = Key { slot: half(number), generation: half((number & !WORKER) >> 32) };
                if number & WORKER == 0 { Self::Client(key) } else { Self::Worker(key) }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tokens_come_back_as_what_they_were() {
        let [first, last] = [(0, 0), (1023, 0x00ff_ffff)].map(|(slot, generation)| Key { slot, generation });
        let keyed = [first, last].into_iter().flat_map(|key| [Source::Client(key), Source::Worker(key)]);
        for source in
            [Source::Door(Access::Full), Source::Door(Access::ReadOnly), Source::Signal].into_iter().chain(keyed)
        {
            assert_eq!(Source::from(Token::from(source)), source);
        }
    }
}
