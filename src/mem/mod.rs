//! Everything that holds memory: input and output buffers and the slab of connections.
//!
//! In: sizes from `limits`. Out: bytes and slots, bounded and reused. This room knows of no other: no socket,
//! no JSON, no libxl; and it has no unsafe code.

mod in_buf;
mod out_buf;
mod slab;

pub use in_buf::{InBuf, PADDING};
pub use out_buf::OutBuf;
pub use slab::{Key, Slab};
