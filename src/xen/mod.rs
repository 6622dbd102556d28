//! What lies below libxl: the two reads that are asked for most, made by one hypercall each; and domains' names, which
//! xenstored tells when they change instead of being asked each time.
//!
//! # Domains
//!
//! In: `libxl_list_domain`, `libxl_domain_info` and `libxl_dominfo_list_free`, as the table of functions has them. Out:
//! the same three, laid over the table like the simulator's: what they give is what libxl makes of the hypervisor's
//! answer, field by field, so nothing above can tell. It asks nobody but the hypervisor, and changes nothing.
//!
//! Why: libxl asks by two hypercalls for each 1024 domains and by one more for each domain (its FLASK label, FLASK or
//! not), all of them through buffers that are mapped and unmapped each time. Here a list is one hypercall into memory
//! that is kept.
//!
//! Why three functions and not an encoder of the hypervisor's structs: the method table, the encoders, and whatever
//! else asks for a domain (a uuid that is to be looked up) stay as they are, and there is one encoder to hold against
//! libxl's. What that costs is a copy of 120 bytes a domain.
//!
//! `XEN_SYSCTL_getdomaininfolist` is no stable interface: the hypervisor refuses a version other than its own. So it
//! is tried once, at the start, and libxl remains for whoever is refused. It remains for a call that fails later, too:
//! so every error is libxl's own, with its words in the log.
//!
//! # Names
//!
//! A connection to xenstored of the loop's own ([`Store`]) keeps them. `libxl_domid_to_name` and `libxl_name_to_domid`
//! are laid over the table, too, and answer in the loop while names are settled. Otherwise, and whenever they find
//! nothing, the call is a worker's, as it is without this: so here, too, every error is libxl's own. xenstored that is
//! silent costs nobody a poll: numbers go on, and names that were settled when it fell silent go on with them, until a
//! change is made here. Once it has owed an answer for long, names are refused rather than left to workers, who would
//! all come to wait for it.
//!
//! | page | what |
//! |---|---|
//! | `calls` | libxencall: hypercalls, and memory that they may write to |
//! | `domains` | the hypervisor's answer, and what libxl makes of it |
//! | `labels` | names of FLASK's security identifiers, when FLASK is on |
//! | `overlay` | the three functions, by libxl's contract |
//! | `wire` | one message of xenstore's wire |
//! | `names` | which domain is called what, by xenstored's messages |
//! | `node` | what xenstore keeps of a domain |
//! | `store` | the connection that these come by, and comes back by itself |
//! | `called` | the two functions for names, and [`known_name`] for whoever has a list of domains |
//! | `sys` | the hypervisor's structs |
#![allow(unsafe_code, reason = "hypercalls, and functions that C's contract describes")]

mod called;
mod calls;
mod domains;
mod labels;
mod names;
mod node;
mod overlay;
mod store;
mod sys;
pub mod wire;

pub use called::{known_name, reason_for_no_names};
pub use calls::Unusable;
pub use domains::Domains;
pub use names::{Names, Useless};
pub use node::Uuid;
pub use store::{Knowledge, KnownNames, Store, xenstored_socket};
