//! Worker processes: calls that may take long, change something, or bring a process down.
//!
//! In: tasks from requests. Out: their finished replies, as bytes, in the order in which they are done. A worker is
//! this same program, started again with `--worker` and a libxl context of its own. It gets one request's original
//! bytes and its descriptors, goes the same way from bytes to bytes as the loop does, and gives the reply back. So
//! whatever happens in it (a xenstored that hangs, an assertion of libxl's, a kill) costs one request, and no poll
//! waits for it.
//!
//! | page | what |
//! |---|---|
//! | `pool` | the daemon's side: who runs what, what waits, whose reply it is |
//! | `desk` | where clients' calls come in |
//! | `queue` | operations that wait, and which of them may begin |
//! | `room` | which places there are for them |
//! | `operation` | one call, from its request to its reply |
//! | `process` | starting a worker, and burying it |
//! | `link` | what is said between the two |
//! | `serve` | the worker's side |
//!
//! Changes of one domain are made one after another, in the order in which they were asked for; looking never waits
//! for them. Changes that name no domain (a new domain, a cpupool) are in no order among themselves.

mod desk;
mod link;
mod operation;
mod pool;
mod process;
mod queue;
mod room;
mod serve;

pub use desk::Desk;
pub use operation::{AUDIT, Operation};
pub use pool::{Heard, Pool};
pub use process::{Launch, THIS_PROGRAM};
pub use serve::serve;
