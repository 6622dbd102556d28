//! xenopsd: libxl over JSON-RPC.
#[cfg(feature = "client")]
pub mod client;
