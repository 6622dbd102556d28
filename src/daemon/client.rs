//! One client's conversation: frames in, replies out, a turn at a time.
//!
//! In: a connection whose kernel side has moved. Out: replies sent, and a [`Turn`] that says what the loop should do
//! next. A turn is bounded in requests and in time; what is left resumes in the next one. It knows no other client.
//!
//! Reading follows answering: nothing is received while complete requests wait, nothing is answered while more than
//! [`OUT_SOFT_BYTES`] are unsent. So a client that does not read its replies stops being read from, and holds at most
//! the soft mark and one reply.

use std::time::Instant;

use crate::limits::{
    IN_BUF_BYTES_KEEP, MESSAGE_BYTES_MAX, OUT_BUF_BYTES_KEEP, OUT_HARD_BYTES, OUT_SOFT_BYTES, TURN_REQUESTS_MAX,
    TURN_TIME_MAX,
};
use crate::mem::OutBuf;
use crate::rpc::{Batch, Refused, Rpc};
use crate::wire::{Connection, Frame, Scan, Scanner};

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

/// Where in its stream of messages a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It needs bytes before anything can be answered.
    Scanning,
    /// A batch is being answered, from its next element.
    InBatch(Frame, Batch),
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
}

impl Client {
    pub(super) fn new(connection: Connection) -> Self {
        Self {
            connection,
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
        let busy = self.unanswered || self.state != State::Scanning || self.connection.output.len() >= OUT_SOFT_BYTES;
        if !busy {
            self.connection.receive();
        }
    }

    /// Answers what is complete and sends it. `spare` is a buffer for replies that keeps its memory from client to
    /// client. A client that cannot send everything keeps it until it can: one that owes nothing holds no memory.
    pub(super) fn serve(&mut self, rpc: &mut Rpc, spare: &mut OutBuf) -> Turn {
        if self.connection.output.is_empty() {
            self.connection.output = std::mem::take(spare);
        }
        self.unanswered = self.answer(rpc);
        self.connection.send();
        if self.connection.output.is_empty() {
            *spare = std::mem::take(&mut self.connection.output);
            spare.trim(OUT_BUF_BYTES_KEEP);
        }
        self.connection.input.trim(IN_BUF_BYTES_KEEP);
        self.next_turn()
    }

    fn next_turn(&self) -> Turn {
        let owed = self.connection.output.len();
        if owed > OUT_HARD_BYTES {
            return Turn::Close;
        }
        if owed >= OUT_SOFT_BYTES {
            return Turn::Rest;
        }
        let finished = self.state == State::Closing || (self.connection.has_ended() && !self.unanswered);
        match (finished, owed) {
            (true, 0) => Turn::Close,
            (true, _) => Turn::Rest,
            (false, _) if self.unanswered || self.connection.is_readable() => Turn::Again,
            (false, _) => Turn::Rest,
        }
    }

    /// Everything received has been answered and sent.
    pub(super) fn is_idle(&self) -> bool {
        !self.unanswered && self.connection.output.is_empty() && matches!(self.state, State::Scanning | State::Closing)
    }

    /// Answers requests until none is complete or the turn is used up; true when there may be more.
    fn answer(&mut self, rpc: &mut Rpc) -> bool {
        let mut began = None;
        for count in 0..TURN_REQUESTS_MAX {
            if self.connection.output.len() >= OUT_SOFT_BYTES {
                return true;
            }
            // A lone request never asks for the time.
            if count > 0 && began.get_or_insert_with(Instant::now).elapsed() > TURN_TIME_MAX {
                return true;
            }
            if !self.answer_next(rpc) {
                return false;
            }
        }
        true
    }

    /// Answers the next request, if one is complete.
    fn answer_next(&mut self, rpc: &mut Rpc) -> bool {
        match self.state {
            State::Scanning => self.next_frame(rpc),
            State::InBatch(frame, batch) => {
                self.next_element(rpc, frame, batch);
                true
            }
            State::Closing => false,
        }
    }

    fn next_frame(&mut self, rpc: &mut Rpc) -> bool {
        let input = &mut self.connection.input;
        // The newline behind the last message must not count towards the length of the next.
        input.consume(self.scanner.blank(input.unread()));
        match self.scanner.scan(input.unread()) {
            Scan::Frame(frame) => self.begin_frame(rpc, frame),
            Scan::Stray(at) => {
                self.refuse_and_close(rpc, &Refused::Parse { at, why: "a message is an object or an array" });
            }
            Scan::More if self.connection.input.len() >= MESSAGE_BYTES_MAX => {
                self.refuse_and_close(rpc, &Refused::MessageTooLong);
            }
            Scan::More => return false,
        }
        true
    }

    fn begin_frame(&mut self, rpc: &mut Rpc, frame: Frame) {
        let Connection { input, output, .. } = &mut self.connection;
        let bytes = input.unread_padded();
        if let Some(at) = frame.too_deep_at {
            let why = "nested deeper than 64 levels";
            rpc.refuse(&Refused::Parse { at: at - frame.span.start, why }, output.tail());
        } else if frame.batch {
            if let Some(batch) = rpc.begin_batch(bytes, &frame, output.tail()) {
                self.state = State::InBatch(frame, batch);
                return;
            }
        } else {
            rpc.answer_one(bytes, self.scanner.elements()[0], output.tail());
        }
        self.end_frame(frame);
    }

    fn next_element(&mut self, rpc: &mut Rpc, frame: Frame, mut batch: Batch) {
        let Connection { input, output, .. } = &mut self.connection;
        if rpc.answer_next(&mut batch, input.unread_padded(), self.scanner.elements(), output.tail()) {
            self.state = State::Scanning;
            self.end_frame(frame);
        } else {
            self.state = State::InBatch(frame, batch);
        }
    }

    fn end_frame(&mut self, frame: Frame) {
        self.connection.input.consume(frame.span.end);
        self.scanner.restart();
    }

    fn refuse_and_close(&mut self, rpc: &Rpc, refused: &Refused<'_>) {
        rpc.refuse(refused, self.connection.output.tail());
        self.state = State::Closing;
    }
}

#[cfg(test)]
#[path = "client_tests.rs"]
mod tests;
