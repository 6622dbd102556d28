//! Every bound of the daemon, with its unit in its name.
//!
//! Memory: the worst case is the sum below. Each connection may hold one unfinished message and the replies it has
//! not read; what all of them hold together is bounded again, because a thousand slow readers of long replies would
//! otherwise be worth more memory than dom0 has.
//!
//! | what | bytes, at most |
//! |---|---|
//! | input: `CONNECTIONS_MAX` × `MESSAGE_BYTES_MAX` | 1 GiB, when every connection sends the longest message at once |
//! | output: `OUT_TOTAL_BYTES_MAX` + one reply | 272 MiB unsent, in memory up to four times that |
//! | parser: about 33 bytes for each byte of the longest message | 33 MiB, freed after use above `PARSER_KEEP_BYTES` |
//! | arena: structs, 24 bytes for each of a message's, and bitmaps | 32 MiB, above `ARENA_KEEP_BYTES` freed again |
//! | domains, as the hypervisor lists them and as libxl does: 240 bytes each | 8 MiB, for as many as Xen can have |
//! | domains, as `domain_stats` has seen them last, once it is asked what has changed: 352 bytes each, twice | 22 MiB |
//! | the list of domains as it was written last: `KEPT_TEXT_BYTES_MAX`, 152 bytes a domain | 11 MiB, since it doubles |
//! | requests for xenstored | 4 MiB, when it takes none |
//! | slab, event list | under 1 MiB |
//!
//! Four times, because a buffer doubles when it grows, and keeps what was sent until that is half of what it holds. Who
//! takes most of one long reply and not its end holds the memory of all of it: giving that back each time a socket is
//! full would cost those who do read as much again as making the reply.

use std::time::Duration;

/// Connections open at once, in all.
pub const CONNECTIONS_MAX: usize = 1024;
/// Connections open at once by one user other than root and the daemon's own.
pub const CONNECTIONS_PER_UID_MAX: usize = 256;
/// Of all connections, those that only the full socket may fill.
pub const CONNECTIONS_KEPT_FOR_FULL: usize = 64;
/// Connections accepted in one turn of the loop; the rest wait in the kernel.
pub const ACCEPTS_PER_TURN_MAX: usize = 64;
/// Length of the kernel's queue of connections not accepted yet.
pub const BACKLOG: i32 = 1024;

/// One message: a request or a whole batch.
pub const MESSAGE_BYTES_MAX: usize = 1 << 20;
/// Nesting of arrays and objects in one message. A domain's configuration needs 8.
pub const DEPTH_MAX: usize = 64;
/// Elements of one array, or members of one list of keys and values, in a request's params. libxl itself takes at
/// most 1024 virtual CPUs. It bounds `domids`, too: whoever wants more domains than these wants the whole list.
pub const ELEMENTS_MAX: usize = 1024;
/// Bits of one bitmap in a request's params: as many CPUs as Xen can be built for.
pub const BITMAP_BITS_MAX: u64 = 16_384;
/// Requests in one batch.
pub const BATCH_LENGTH_MAX: usize = 1000;
/// The raw text of an id, which is echoed.
pub const ID_BYTES_MAX: usize = 256;

/// A connection's input buffer when it is made; it grows up to a whole message.
pub const IN_BUF_BYTES_START: usize = 2048;
/// Input memory that an idle connection keeps.
pub const IN_BUF_BYTES_KEEP: usize = 64 << 10;
/// Bytes taken from one connection in one turn.
pub const RECEIVE_BYTES_PER_TURN_MAX: usize = 256 << 10;

/// One reply. A longer one becomes an error that says so.
pub const REPLY_BYTES_MAX: usize = 16 << 20;
/// Unsent bytes above which a connection's requests wait.
pub const OUT_SOFT_BYTES: usize = 1 << 20;
/// Unsent bytes above which a connection is closed.
pub const OUT_HARD_BYTES: usize = OUT_SOFT_BYTES + REPLY_BYTES_MAX;
/// Unsent bytes of all connections together, above which the one that adds to them is closed.
pub const OUT_TOTAL_BYTES_MAX: usize = 256 << 20;
/// Output memory that a buffer keeps while it waits for its next use.
pub const OUT_BUF_BYTES_KEEP: usize = 8 << 20;
/// The socket's send buffer: a reply of 1000 domains (400 KB) goes out in one write.
pub const SEND_BUFFER_BYTES: usize = 1 << 20;

/// Requests that one connection may have answered in one turn.
pub const TURN_REQUESTS_MAX: usize = 64;
/// Time that one connection may take in one turn, looked at between requests.
pub const TURN_TIME_MAX: Duration = Duration::from_millis(2);

/// Descriptors of one connection that no request has taken yet.
pub const DESCRIPTORS_WAITING_MAX: usize = 16;

/// Worker processes that short calls share, unless `--workers` says otherwise.
pub const WORKERS_DEFAULT: usize = 4;
/// What `--workers` may say at most.
pub const WORKERS_MAX: usize = 64;
/// Long operations carried out at once, each in a process of its own.
pub const OPERATIONS_LONG_MAX: usize = 16;
/// Operations that wait for a worker, or for each other, in all.
pub const OPERATIONS_WAITING_MAX: usize = 4096;
/// Operations of one connection, waiting or running, above which its further requests wait.
pub const OPERATIONS_PER_CONNECTION_MAX: usize = 64;
/// Input memory that the daemon keeps for a worker's replies.
pub const WORKER_IN_BUF_BYTES_KEEP: usize = 512 << 10;

/// Documents longer than this cost the parser its buffers afterwards.
pub const PARSER_KEEP_BYTES: usize = 64 << 10;
/// Arena memory kept from request to request.
pub const ARENA_KEEP_BYTES: usize = 1 << 20;

/// Results kept in one turn for others who ask the same.
pub const SHARED_RESULTS_MAX: usize = 64;
/// What these take together, with their questions.
pub const SHARED_BYTES_MAX: usize = 8 << 20;

/// The longest text of a list that is kept from poll to poll: about 9000 domains, fewer where they have labels.
pub const KEPT_TEXT_BYTES_MAX: usize = 4 << 20;

/// A shorter one is copied into the reply: sending in three pieces costs more than that.
pub const LEFT_OUT_BYTES_MIN: usize = 16 << 10;

/// Requests for xenstored that it has not taken: more than two for each domain that Xen can have. A xenstored that lets
/// it come to this is left.
pub const XENSTORE_UNSENT_BYTES_MAX: usize = 4 << 20;

/// Names that are read from xenstore at the same time, each in a transaction.
pub const XENSTORE_READS_MAX: usize = 64;
/// How often one is read when others' changes come in between; then it is not known until it changes again.
pub const XENSTORE_READ_TRIES_MAX: usize = 8;
/// How long xenstored may owe an answer before names are said to be unavailable.
pub const XENSTORE_PATIENCE: Duration = Duration::from_secs(3);
/// How long we wait before we connect to xenstored again; twice as long after each time that it was of no use.
pub const XENSTORE_RETRY_MIN: Duration = Duration::from_millis(500);
/// How long at most.
pub const XENSTORE_RETRY_MAX: Duration = Duration::from_secs(30);

/// Vcpus of all domains that one call of `domain_stats` tells of.
pub const STATS_VCPUS_MAX: u64 = 1024;
/// Domains that are no more and of which `domain_stats` can still say so.
pub const STATS_GONE_MAX: usize = 4096;

/// Lines of libxl's log that an error carries.
pub const LOG_LINES_MAX: usize = 8;
/// Length of one such line.
pub const LOG_LINE_BYTES_MAX: usize = 256;

/// How long after a failed `accept` for want of descriptors the next attempt is made.
pub const ACCEPT_RETRY: Duration = Duration::from_millis(500);
/// How long a starting daemon waits for one that is being killed to let go of the socket.
pub const BIND_PATIENCE: Duration = Duration::from_secs(1);
/// How often it looks.
pub const BIND_RETRY: Duration = Duration::from_millis(10);
/// How long a stopping daemon waits for clients to read what they are owed.
pub const DRAIN_MAX: Duration = Duration::from_secs(5);

/// Simulated domains.
pub const SIM_DOMAINS_MAX: usize = 32_000;
/// Changes a second that simulated domains make by themselves.
pub const SIM_CHURN_MAX: u32 = 10_000;

const _: () = assert!(ID_BYTES_MAX < IN_BUF_BYTES_START);
const _: () = assert!(OUT_SOFT_BYTES < OUT_HARD_BYTES && OUT_HARD_BYTES <= OUT_TOTAL_BYTES_MAX);
const _: () = assert!(IN_BUF_BYTES_START <= IN_BUF_BYTES_KEEP && IN_BUF_BYTES_KEEP <= MESSAGE_BYTES_MAX);
