//! xenopsd: libxl over JSON-RPC.
#[cfg(feature = "daemon")]
pub mod api;
#[cfg(feature = "client")]
pub mod client;
#[cfg(feature = "daemon")]
pub mod error;
#[cfg(feature = "daemon")]
pub mod json;
#[cfg(feature = "daemon")]
pub mod limits;
#[cfg(feature = "daemon")]
pub mod mem;
#[cfg(feature = "daemon")]
pub mod xl;
