//! xenopsd serves libxl, Xen's toolstack library, over JSON-RPC on a Unix socket.
//!
//! # The river
//!
//! ```text
//! socket ─recvmsg→ InBuf ─frame→ JSON document ─simd-json in place→ tape ─generated decode→ C values
//!                                                                                              │ libxl call
//! socket ←──send── OutBuf ←────── JSON bytes ←─generated encode── C result (libxl's memory) ←──┘
//! ```
//!
//! The kernel writes a request's bytes once, into the input buffer; they are parsed there. There is no tree of Rust
//! objects between JSON and C: strings are passed to libxl where they lie, and results are encoded from libxl's
//! memory straight into the output buffer. One text is kept: that of the list of domains, in which each poll writes
//! what has changed, and which is sent from where it is (`api::kept`). No stage calls back to an earlier one.
//!
//! # The rooms
//!
//! Each opens with what comes in, what goes out, and what it does not do. Those further down know nothing of those
//! above.
//!
//! | room | what it is |
//! |---|---|
//! | [`daemon`] | the loop: who has something to do, in which order; the only room that knows sockets and requests |
//! | [`worker`] | calls that may take long: a queue, processes that carry them out, and their side of it |
//! | [`rpc`] | JSON-RPC: envelopes, two dialects, dispatch through the method table, replies, batches |
//! | [`stats`] | what a monitor wants to know, in one call: `domain_stats` |
//! | [`api`] | the method table, decoders and encoders: generated from libxl's headers |
//! | [`wire`] | bytes: listener, connections, where one message ends and the next begins |
//! | [`json`] | values on a tape; bytes appended to a buffer |
//! | [`xl`] | libxl: loaded, called, its memory freed, its log kept: the room of hand-written unsafe code |
//! | [`xen`] | what lies below libxl: the reads that are asked for most, by hypercalls of our own |
//! | [`sim`] | a simulated host behind libxl's C interface |
//! | [`mem`] | buffers and slots |
//! | [`limits`], [`error`] | every bound; what can go wrong, as values |
//! | [`client`] | the other side: a client library, and the `xenops` command. Knows none of the above |
//!
//! `src/gen` is the generator. It is compiled into the build script and into tests, never into the daemon.
//!
//! # What holds
//!
//! * `wire` knows no JSON but a frame's end; `json` knows no libxl; `xl` knows neither connections nor JSON.
//! * Nothing is allocated by the second pass of any request (`tests/zero_alloc.rs`), and no text is formatted on the
//!   way of a request that succeeds.
//! * Generated code contains no policy: that is in `gen::facts`, `gen::plan` and in [`rpc`].
//! * A method's name on the wire is libxl's own, and so are names and forms of what it returns.
//! * A client's bytes never end the process: what is wrong with them is a value of [`error`], and it costs nobody else.
//! * Unsafe code is where a module allows it at its top and says why: [`xl`], [`api`], [`xen`], [`sim`], `json::tape`,
//!   `json::writer`, `json::pen`, `json::decimal`, `stats::encode`, `wire::block`, `wire::peer`.

#[cfg(feature = "daemon")]
pub mod api;
#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "daemon")]
pub mod daemon;
#[cfg(feature = "daemon")]
pub mod error;
#[cfg(feature = "daemon")]
pub mod json;
#[cfg(feature = "daemon")]
pub mod limits;
#[cfg(feature = "daemon")]
pub mod mem;
#[cfg(feature = "daemon")]
pub mod rpc;
#[cfg(feature = "daemon")]
pub mod sim;
#[cfg(feature = "daemon")]
pub mod stats;
#[cfg(feature = "daemon")]
pub mod wire;
#[cfg(feature = "daemon")]
pub mod worker;
#[cfg(feature = "daemon")]
pub mod xen;
#[cfg(feature = "daemon")]
pub mod xl;
