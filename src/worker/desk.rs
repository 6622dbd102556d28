//! Where a client of the loop hands in calls that are not made there.
//!
//! In: tasks, and questions about operations. Out: operations in the pool's queue. It starts nothing: the loop does
//! that when everybody has had their turn.

use std::time::Instant;

use super::operation::Operation;
use super::pool::Pool;
use crate::api::{Lookup, Method, Place};
use crate::json::Writer;
use crate::limits::OPERATIONS_WAITING_MAX;
use crate::mem::Key;
use crate::rpc::{Access, Office, Refused, Task, Which};
use crate::wire::{Descriptors, Peer};

/// The office of one client of the loop.
#[derive(Debug)]
pub struct Desk<'p> {
    /// Where calls go that are not made in the loop.
    pub pool: &'p mut Pool,
    /// The client.
    pub client: Key,
    /// Who it is.
    pub peer: Peer,
    /// What it may do.
    pub access: Access,
    /// More requests have arrived, of others or its own.
    pub others_wait: bool,
    /// What to do about a domain that is given by name or uuid.
    pub lookup: Lookup,
    /// The reply is sent next, from where its parts are.
    pub may_leave_out: bool,
    /// The descriptors that came with its bytes.
    pub descriptors: &'p mut Descriptors,
    /// How many of its operations are not over.
    pub outstanding: &'p mut usize,
}

impl Office for Desk<'_> {
    #[inline]
    fn runs_here(&self, method: &Method) -> bool {
        match method.place {
            Place::Loop => true,
            Place::Names => self.lookup == Lookup::Names,
            Place::Worker => false,
        }
    }

    fn lookup(&self) -> Lookup {
        self.lookup
    }

    fn access(&self) -> Access {
        self.access
    }

    fn others_wait(&self) -> bool {
        self.others_wait
    }

    fn may_leave_out(&self) -> bool {
        self.may_leave_out
    }

    fn descriptors(&mut self) -> &mut Descriptors {
        self.descriptors
    }

    fn submit(&mut self, task: Task<'_>) -> Result<(), Refused<'static>> {
        let Self { pool, descriptors, .. } = self;
        if pool.queue.len() >= OPERATIONS_WAITING_MAX {
            return Err(Refused::Busy);
        }
        pool.last_number += 1;
        let mut document = pool.spare.pop().unwrap_or_default();
        document.extend_from_slice(task.document);
        pool.queue.insert(Operation {
            number: pool.last_number,
            client: self.client,
            notification: task.notification,
            in_batch: task.in_batch,
            to: task.to,
            peer: self.peer,
            access: self.access,
            method: task.method,
            domain: task.domain,
            named: task.named.to_owned(),
            wants_progress: task.progress && task.to.takes_notifications() && !task.in_batch,
            document,
            descriptors: (0..task.method.descriptors).map_while(|_| descriptors.take()).collect(),
            since: Instant::now(),
            abort_asked: false,
            progress: Vec::new(),
        });
        pool.stirred = true;
        *self.outstanding += 1;
        Ok(())
    }

    fn list(&self, writer: &mut Writer<'_>) {
        self.pool.list(writer);
    }

    fn abort(&mut self, which: Which<'_>) -> Result<(), Refused<'static>> {
        let client = self.client;
        self.pool.abort(|operation| match which {
            Which::Number(number) => operation.number == number,
            Which::Id(id) => operation.client == client && operation.to.id() == id,
        })
    }
}
