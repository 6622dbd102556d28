//! The signals that a daemon heeds.
//!
//! In: nothing. Out: a source of readiness for the loop. It acts on none of them.

use std::io;

use signal_hook_mio::v1_0::Signals;

/// SIGTERM and SIGINT, caught: the first asks for an orderly stop, even if it comes before the loop begins.
pub struct StopSignals(pub(super) Signals);

impl std::fmt::Debug for StopSignals {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("StopSignals")
    }
}

impl StopSignals {
    /// From here on they end nothing by themselves. A daemon catches them before it has a socket to clean up. (SIGCHLD,
    /// which stops nothing, is caught with them.)
    ///
    /// # Errors
    /// The kernel refuses the handlers.
    pub fn catch() -> io::Result<Self> {
        Signals::new([libc::SIGTERM, libc::SIGINT, libc::SIGCHLD]).map(Self)
    }
}
