//! One client's conversation: frames in, replies out, a turn at a time.
//!
//! In: a connection whose kernel side has moved. Out: replies sent, and a [`Turn`] that says what the loop should do
//! next. A turn is bounded in requests and in time; what is left resumes in the next one. It knows no other client.
//!
//! Reading follows answering: nothing is received while complete requests wait, nothing is answered while more than
//! [`OUT_SOFT_BYTES`] are unsent. So a client that does not read its replies stops being read from, and holds at most
//! the soft mark and one reply.

use std::time::Instant;

use crate::api::Lookup;
use crate::limits::{
    IN_BUF_BYTES_KEEP, MESSAGE_BYTES_MAX, OPERATIONS_PER_CONNECTION_MAX, OUT_BUF_BYTES_KEEP, OUT_HARD_BYTES,
    OUT_SOFT_BYTES, TURN_REQUESTS_MAX, TURN_TIME_MAX,
};
use crate::mem::{Key, OutBuf};
use crate::rpc::{Access, Batch, Progress, Refused, Rpc};
use crate::wire::{Connection, Frame, Scan, Scanner};
use crate::worker::{Desk, Heard, Operation, Pool};

/// What the loop should do with a client after its turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Wait until the kernel wakes it.
    Rest,
    /// Give it another turn when the others have had theirs.
    Again,
    /// Close it.
    Close,
}

/// What mostly stands behind the last message that has arrived.
const NEWLINE_BYTES: usize = 1;

/// Where in its stream of messages a client is.
#[derive(Debug, Clone, Copy)]
enum State {
    /// It needs bytes before anything can be answered.
    Scanning,
    /// A batch is being answered, from its next element.
    InBatch(Frame, Batch),
    /// A batch waits for a worker's reply to its next element.
    Waiting(Frame, Batch),
    /// No further message can be found; when everything is sent, it is closed.
    Closing,
}

/// A connection and where in its stream it is.
#[derive(Debug)]
pub(super) struct Client {
    pub(super) connection: Connection,
    scanner: Scanner,
    state: State,
    /// Requests were left over from the last turn.
    unanswered: bool,
    /// The loop's list of clients with something to do holds this one.
    pub(super) listed: bool,
    /// The kernel has been asked to say when it takes bytes again.
    pub(super) wants_write: bool,
    /// Its part in the loop's sum of what slow readers hold.
    pub(super) owed_bytes: usize,
    access: Access,
    /// Its operations that are not over.
    outstanding: usize,
    /// Replies that came while a batch's array was open.
    held: Vec<u8>,
}

/// What the loop lends a client for its turn.
#[derive(Debug)]
pub(super) struct Lent<'l> {
    pub(super) rpc: &'l mut Rpc,
    pub(super) pool: &'l mut Pool,
    /// A buffer for replies that keeps its memory from client to client.
    pub(super) spare: &'l mut OutBuf,
    /// The client's own key.
    pub(super) key: Key,
    /// Other clients' requests wait for their turn.
    pub(super) others_wait: bool,
    /// What to do about names of domains.
    pub(super) lookup: Lookup,
}

impl Client {
    pub(super) fn new(connection: Connection, access: Access) -> Self {
        Self {
            connection,
            access,
            outstanding: 0,
            held: Vec::new(),
            scanner: Scanner::default(),
            state: State::Scanning,
            unanswered: false,
            listed: false,
            wants_write: false,
            owed_bytes: 0,
        }
    }

    /// Takes what has arrived, unless there is enough to do without it.
    pub(super) fn receive(&mut self) {
        let busy = self.unanswered || !self.is_scanning() || self.connection.output.len() >= OUT_SOFT_BYTES;
        if !busy {
            self.connection.receive();
        }
    }

    /// Answers what is complete and sends it. A client that cannot send everything keeps the spare buffer until it
    /// can: one that owes nothing holds no memory.
    pub(super) fn serve(&mut self, lent: &mut Lent<'_>) -> Turn {
        if self.connection.output.is_empty() {
            std::mem::swap(&mut self.connection.output, lent.spare);
        }
        self.unanswered = self.answer(lent);
        if self.connection.input.is_empty() {
            // They came with bytes that have all been answered, and nobody took them.
            self.connection.descriptors.clear();
        }
        match lent.rpc.take_left_out() {
            Some((at, text)) => self.connection.send_around(at, text),
            None => self.connection.send(),
        }
        if self.connection.output.is_empty() {
            *lent.spare = std::mem::take(&mut self.connection.output);
            lent.spare.trim(OUT_BUF_BYTES_KEEP);
        }
        self.connection.input.trim(IN_BUF_BYTES_KEEP);
        self.next_turn()
    }

    /// Takes a word about one of its operations.
    pub(super) fn deliver(&mut self, operation: &Operation, heard: &Heard<'_>) {
        let over = !matches!(heard, Heard::Progress(_));
        if over {
            self.outstanding -= 1;
        }
        if over && operation.in_batch {
            return self.deliver_element(operation, heard);
        }
        let array_is_open = matches!(self.state, State::InBatch(..) | State::Waiting(..));
        let out = if array_is_open { &mut self.held } else { self.connection.output.tail() };
        let start = out.len();
        write(operation, heard, out);
        if out.len() > start {
            out.push(b'\n');
        }
    }

    /// The element that the batch waits for is done.
    fn deliver_element(&mut self, operation: &Operation, heard: &Heard<'_>) {
        let State::Waiting(frame, mut batch) = self.state else {
            return;
        };
        let out = self.connection.output.tail();
        let progress = batch.deliver(|out| write(operation, heard, out), frame.length, out);
        self.go_on(frame, batch, progress);
    }

    fn next_turn(&self) -> Turn {
        let owed = self.connection.output.len();
        if owed > OUT_HARD_BYTES {
            return Turn::Close;
        }
        if owed >= OUT_SOFT_BYTES {
            return Turn::Rest;
        }
        let finished = matches!(self.state, State::Closing) || (self.connection.has_ended() && !self.unanswered);
        match (finished, owed) {
            // A worker's reply wakes it.
            _ if self.waits_for_a_worker() || (finished && self.outstanding > 0) => Turn::Rest,
            (true, 0) => Turn::Close,
            (true, _) => Turn::Rest,
            (false, _) if self.unanswered || self.connection.is_readable() => Turn::Again,
            (false, _) => Turn::Rest,
        }
    }

    /// Everything received has been answered and sent.
    pub(super) fn is_idle(&self) -> bool {
        let at_rest = matches!(self.state, State::Scanning | State::Closing) && self.outstanding == 0;
        !self.unanswered && self.connection.output.is_empty() && at_rest
    }

    /// The next bytes begin a message, or go on with one.
    fn is_scanning(&self) -> bool {
        matches!(self.state, State::Scanning)
    }

    /// Nothing can be answered before a worker has replied.
    fn waits_for_a_worker(&self) -> bool {
        matches!(self.state, State::Waiting(..)) || self.outstanding >= OPERATIONS_PER_CONNECTION_MAX
    }

    /// Answers requests until none is complete or the turn is used up; true when there may be more.
    fn answer(&mut self, lent: &mut Lent<'_>) -> bool {
        let mut began = None;
        for _ in 0..TURN_REQUESTS_MAX {
            if self.connection.output.len() >= OUT_SOFT_BYTES || self.waits_for_a_worker() {
                return true;
            }
            // Mostly there is no second request, and then nobody asks for the time.
            if !self.answer_next(lent) || self.connection.input.is_empty() {
                return false;
            }
            if began.get_or_insert_with(Instant::now).elapsed() > TURN_TIME_MAX {
                return true;
            }
        }
        true
    }

    /// Answers the next request, if one is complete.
    fn answer_next(&mut self, lent: &mut Lent<'_>) -> bool {
        match self.state {
            State::Scanning => self.next_frame(lent),
            State::InBatch(frame, batch) => {
                self.next_element(lent, frame, batch);
                true
            }
            State::Waiting(..) | State::Closing => false,
        }
    }

    fn next_frame(&mut self, lent: &mut Lent<'_>) -> bool {
        self.skip_blank();
        match self.scanner.scan(self.connection.input.unread()) {
            Scan::Frame(frame) => self.begin_frame(lent, &frame),
            Scan::Stray(at) => {
                self.refuse_and_close(lent.rpc, &Refused::Parse { at, why: "a message is an object or an array" });
            }
            Scan::More if self.connection.input.len() >= MESSAGE_BYTES_MAX => {
                self.refuse_and_close(lent.rpc, &Refused::MessageTooLong);
            }
            Scan::More => return false,
        }
        true
    }

    fn begin_frame(&mut self, lent: &mut Lent<'_>, frame: &Frame) {
        let Self { connection, outstanding, .. } = self;
        let (peer, access) = (connection.peer(), self.access);
        let Connection { input, output, descriptors, .. } = connection;
        let behind = &input.unread()[frame.span.end..];
        let is_last = behind.len() <= NEWLINE_BYTES || behind.trim_ascii_start().is_empty();
        let (others_wait, may_leave_out) = (lent.others_wait || !is_last, is_last && output.is_empty());
        let bytes = input.unread_padded();
        if let Some(at) = frame.too_deep_at {
            let why = "nested deeper than 64 levels";
            lent.rpc.refuse(&Refused::Parse { at: at - frame.span.start, why }, output.tail());
        } else if frame.batch {
            if let Some(batch) = lent.rpc.begin_batch(bytes, frame, output.tail()) {
                self.state = State::InBatch(*frame, batch);
                return;
            }
        } else {
            let Lent { rpc, pool, key, lookup, .. } = lent;
            let (client, lookup) = (*key, *lookup);
            let mut desk =
                Desk { pool, client, peer, access, others_wait, may_leave_out, lookup, descriptors, outstanding };
            rpc.answer_one(bytes, &self.scanner.elements()[0], output.tail(), &mut desk);
        }
        self.end_frame(frame);
    }

    fn next_element(&mut self, lent: &mut Lent<'_>, frame: Frame, mut batch: Batch) {
        let Self { connection, outstanding, .. } = self;
        let (peer, access) = (connection.peer(), self.access);
        let Connection { input, output, descriptors, .. } = connection;
        let Lent { rpc, pool, key, lookup, .. } = lent;
        let (client, lookup, others_wait, may_leave_out) = (*key, *lookup, true, false);
        let mut desk =
            Desk { pool, client, peer, access, others_wait, may_leave_out, lookup, descriptors, outstanding };
        let elements = self.scanner.elements();
        let progress = rpc.answer_next(&mut batch, input.unread_padded(), elements, output.tail(), &mut desk);
        self.go_on(frame, batch, progress);
    }

    fn go_on(&mut self, frame: Frame, batch: Batch, progress: Progress) {
        match progress {
            Progress::More => self.state = State::InBatch(frame, batch),
            Progress::Waiting => self.state = State::Waiting(frame, batch),
            Progress::Done => {
                self.state = State::Scanning;
                self.connection.output.tail().append(&mut self.held);
                self.end_frame(&frame);
            }
        }
    }

    fn end_frame(&mut self, frame: &Frame) {
        self.connection.input.consume(frame.span.end);
        self.scanner.restart();
        self.skip_blank();
    }

    /// The newline behind a message is no part of the next, nor does it count towards its length.
    fn skip_blank(&mut self) {
        let input = &mut self.connection.input;
        input.consume(self.scanner.blank(input.unread()));
    }

    fn refuse_and_close(&mut self, rpc: &Rpc, refused: &Refused<'_>) {
        rpc.refuse(refused, self.connection.output.tail());
        self.state = State::Closing;
    }
}

/// Writes what a client is told about an operation.
fn write(operation: &Operation, heard: &Heard<'_>, out: &mut Vec<u8>) {
    match heard {
        Heard::Reply(reply) => out.extend_from_slice(reply),
        Heard::Refused(_) if operation.notification => {}
        Heard::Refused(refused) => operation.to.refuse(refused, out),
        Heard::Progress(members) => operation.to.notify(operation.number, members, out),
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
