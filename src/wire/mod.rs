//! Bytes in and out: the listening socket, connections, and where one message ends and the next begins.
//!
//! In: a path; bytes from clients. Out: connections with their peer's credentials; frames; bytes to clients. This room
//! knows no JSON beyond what finds a frame's end, and no libxl.

mod block;
mod blocking;
mod connection;
mod descriptors;
mod frame;
mod listener;
mod peer;

pub use blocking::Blocking;
pub use connection::Connection;
pub use descriptors::Descriptors;
pub use frame::{Element, Frame, Scan, Scanner, Span};
pub use listener::{BindError, Listener};
pub use peer::Peer;
