//! Operations that wait, and which of them may begin.
//!
//! In: operations, in the order in which they were asked for. Out: the first that may begin. A change waits until no
//! earlier change of the same domain is waiting or running. One that names its domain in words makes later changes by
//! the same client wait until it is known which domain that is. Those that only look wait for nobody.

use std::collections::VecDeque;

use super::operation::Operation;
use crate::mem::Key;
use crate::rpc::Domain;

/// Operations that wait.
#[derive(Debug, Default)]
pub(super) struct Queue {
    waiting: VecDeque<Operation>,
    /// Memory of `next`: domains with a change under way, and clients whose next change has no number yet.
    held: Vec<Domain>,
    unsure: Vec<Key>,
}

impl Queue {
    pub(super) fn len(&self) -> usize {
        self.waiting.len()
    }

    /// Puts an operation at the place that its number gives it: at the end, if it is new.
    pub(super) fn insert(&mut self, operation: Operation) {
        let at = self.waiting.partition_point(|other| other.number < operation.number);
        self.waiting.insert(at, operation);
    }

    /// Takes out the first that may begin beside the changes that are `running`, if `room` has a place for it.
    pub(super) fn next<P>(
        &mut self,
        running: impl Iterator<Item = Domain>,
        mut room: impl FnMut(&Operation) -> Option<P>,
    ) -> Option<(P, Operation)> {
        let Self { waiting, held, unsure } = self;
        held.clear();
        held.extend(running);
        unsure.clear();
        for at in 0..waiting.len() {
            let operation = &waiting[at];
            let free =
                !operation.changes() || !(held.contains(&operation.domain) || unsure.contains(&operation.client));
            if let Some(place) = free.then(|| room(operation)).flatten() {
                return Some((place, waiting.remove(at)?));
            }
            match operation.domain {
                _ if !operation.changes() => {}
                Domain::Number(_) => held.push(operation.domain),
                Domain::Named => unsure.push(operation.client),
                Domain::None => {}
            }
        }
        None
    }

    /// Takes out the one that is meant.
    pub(super) fn remove(&mut self, is_meant: impl Fn(&Operation) -> bool) -> Option<Operation> {
        let at = self.waiting.iter().position(is_meant)?;
        self.waiting.remove(at)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Operation> {
        self.waiting.iter()
    }
}
