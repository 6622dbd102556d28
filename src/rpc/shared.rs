//! Results of reads, for others who ask the same in the same turn of the loop.
//!
//! In: what a request asks, and the result as it was written. Out: the same bytes for the next request that asks the
//! same. All requests of a turn have arrived before its first call is made, so each answer is made after its question
//! arrived, shared or not: nobody can be told what was so before they asked. The two sockets share no bytes that are
//! kept here, since one of them is told no secrets. A list whose text is kept elsewhere has none, and may be renewed
//! meanwhile by either: then the next gets what is newer. It knows nothing of dialects and ids: these are around a
//! result, not in it.

use super::result::Made;
use crate::api::{Class, Find, Keeper, Method, hash_of};
use crate::json::Params;
use crate::limits::{SHARED_BYTES_MAX, SHARED_RESULTS_MAX};
use crate::rpc::Access;

/// What has been asked and answered in this turn.
#[derive(Debug, Default)]
pub(super) struct Shared {
    kept: Vec<Kept>,
    /// Questions and results, one behind the other.
    bytes: Vec<u8>,
    /// What was asked last, and its hash.
    question: Vec<u8>,
    hash: u64,
    counts: Counts,
}

/// How many results there were since the start, errors not counted.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Counts {
    /// Made by a call of libxl of their own.
    pub(super) calls: u64,
    /// Made for another request, and given to one more.
    pub(super) shared: u64,
}

/// One result: where its question begins in the bytes, and where that and it end; or whose text it is.
#[derive(Debug)]
struct Kept {
    hash: u64,
    begin: usize,
    question_end: usize,
    end: usize,
    text: Option<Find>,
}

impl Shared {
    /// Forgets everything.
    pub(super) fn begin_turn(&mut self) {
        self.kept.clear();
        self.bytes.clear();
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// A request for this method may get another's result, or have its own kept for others if some wait. After one that
    /// changes something, nothing holds that was so before.
    pub(super) fn may_serve(&mut self, method: &Method, others_wait: bool) -> bool {
        if method.class != Class::Read {
            self.begin_turn();
            return false;
        }
        (others_wait || !self.kept.is_empty()) && method.descriptors == 0
    }

    /// The same for a method of our own that only looks.
    pub(super) fn may_serve_look(&self, others_wait: bool) -> bool {
        others_wait || !self.kept.is_empty()
    }

    /// A result was made by a call of libxl.
    pub(super) fn count_call(&mut self) {
        self.counts.calls += 1;
    }

    /// The result of the same question, if it has been asked before.
    pub(super) fn find(
        &mut self,
        method: &str,
        access: Access,
        params: &Params<'_>,
        texts: &Keeper,
    ) -> Option<Made<'_>> {
        let Self { kept, bytes, question, hash, counts } = self;
        question.clear();
        question.extend_from_slice(method.as_bytes());
        question.push(access as u8);
        params.spell(question);
        *hash = hash_of(question);
        // A text is gone when its list has become too long to be kept, meanwhile.
        let is_there = |kept: &Kept| kept.text.is_none_or(|find| !find(&texts.lists).is_empty());
        let is_same =
            |kept: &&Kept| kept.hash == *hash && bytes[kept.begin..kept.question_end] == question[..] && is_there(kept);
        let found = kept.iter().find(is_same)?;
        counts.shared += 1;
        let made = || Made::Bytes(&bytes[found.question_end..found.end]);
        Some(found.text.map_or_else(made, Made::Kept))
    }

    /// Keeps the result of what [`Shared::find`] did not find, if there is room.
    pub(super) fn keep(&mut self, made: Made<'_>) {
        let (result, text) = match made {
            Made::Bytes(bytes) => (bytes, None),
            Made::Kept(find) => (&[][..], Some(find)),
        };
        let begin = self.bytes.len();
        let question_end = begin + self.question.len();
        let end = question_end + result.len();
        if self.kept.len() < SHARED_RESULTS_MAX && end <= SHARED_BYTES_MAX {
            self.bytes.extend_from_slice(&self.question);
            self.bytes.extend_from_slice(result);
            self.kept.push(Kept { hash: self.hash, begin, question_end, end, text });
        }
    }
}
