//! Which places there are for operations at the moment.
//!
//! In: the workers, and how many short calls may share. Out: for an operation, the worker that it may go to, or that one
//! may be started, or nothing for now. One of the shared workers is never given a change, so that looking never waits for
//! changes; unless there is only one.

use super::operation::Operation;
use super::pool::Worker;
use crate::limits::OPERATIONS_LONG_MAX;
use crate::mem::{Key, Slab};

/// Where an operation may be carried out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// By this worker, which has nothing to do.
    Idle(Key),
    /// By a worker that is to be started.
    New { long: bool },
}

/// Which places there are at the moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    /// For a short call.
    short: Option<Place>,
    /// For a short call that changes something.
    change: Option<Place>,
    /// For a long one.
    long: Option<Place>,
}

impl Room {
    pub(super) fn of(workers: &Slab<Worker>, short_max: usize) -> Self {
        let count = |is_meant: fn(&Worker) -> bool| workers.iter().filter(|worker| is_meant(worker)).count();
        let idle = workers.find(|worker| !worker.long && worker.operation.is_none());
        let new = (count(|worker| !worker.long) < short_max).then_some(Place::New { long: false });
        let short = idle.map(Place::Idle).or(new);
        let changing = count(|worker| !worker.long && worker.operation.as_ref().is_some_and(Operation::changes));
        let change = short.filter(|_| changing + 1 < short_max.max(2));
        let long = (count(|worker| worker.long) < OPERATIONS_LONG_MAX).then_some(Place::New { long: true });
        Self { short, change, long }
    }

    pub(super) fn place(&self, operation: &Operation) -> Option<Place> {
        if operation.is_unresolved() {
            self.short
        } else if operation.method.long {
            self.long
        } else if operation.changes() {
            self.change
        } else {
            self.short
        }
    }
}
