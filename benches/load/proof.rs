//! That the generator sees what it is made to see: a server that stalls once.
//!
//! Whoever waits for an answer before asking again sees one slow answer. By the schedule, everybody whose request came
//! due meanwhile waited, too. No clock can make this fail: a stall is never shorter than it was asked to be.

use std::io::{Read, Write};
use std::os::unix::net::UnixListener;
use std::time::Duration;

use crate::Outcome;
use crate::generator::{Generator, Measured};

const RATE: f64 = 1000.0;
const RUN: Duration = Duration::from_millis(300);
/// The stall, after so many requests.
const STALL: Duration = Duration::from_millis(150);
const STALLS_AFTER: usize = 50;
const REQUEST: &[u8] = b"?\n";

/// Measures such a server.
pub(crate) fn sees_a_stall() -> Outcome<()> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("stalling");
    let listener = UnixListener::bind(&path)?;
    let server = std::thread::spawn(move || stall_once(&listener));
    let mut generator = Generator::new(&path, 1, REQUEST, REQUEST.len())?;
    let mut measured = Measured::new()?;
    generator.open_loop((RATE, RUN, 1), &mut measured, &mut |_| Ok(()))?;
    drop(generator);
    server.join().map_err(|_| "the stalling server failed")??;
    // Those of the first half of the stall waited for the other half: 75 of the schedule, more or less.
    let half = u64::try_from((STALL / 2).as_nanos())?;
    let long = measured.latency.count_between(half, u64::MAX);
    if long < 50 { Err(format!("only {long} requests waited for a server that stalled").into()) } else { Ok(()) }
}

/// Echoes what one client sends.
fn stall_once(listener: &UnixListener) -> std::io::Result<()> {
    let (mut socket, _) = listener.accept()?;
    let (mut buffer, mut answered) = ([0; 1024], 0);
    loop {
        let count = socket.read(&mut buffer)?;
        if count == 0 {
            return Ok(());
        }
        let before = answered;
        answered += count / REQUEST.len();
        if before < STALLS_AFTER && answered >= STALLS_AFTER {
            std::thread::sleep(STALL);
        }
        socket.write_all(&buffer[..count])?;
    }
}
