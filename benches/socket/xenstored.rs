//! As much of a xenstored as a daemon needs to be at rest: it takes watches, and holds nothing.
//!
//! In: requests by xenstore's wire. Out: answers; for each watch, its first event. A daemon that has none tries again
//! now and then, and a loop that waits for a time costs more than one that waits for ever.

use std::io::{self, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;

const XS_READ: u32 = 2;
const XS_WATCH: u32 = 4;
const XS_TRANSACTION_START: u32 = 6;
const XS_WATCH_EVENT: u32 = 15;
const XS_ERROR: u32 = 16;

/// Listens on that socket for as long as this process lives.
pub(crate) fn listen(socket: &Path) -> io::Result<()> {
    let listener = UnixListener::bind(socket)?;
    std::thread::spawn(move || {
        for client in listener.incoming().map_while(Result::ok) {
            // Whoever has gone needs no answer.
            std::thread::spawn(move || serve(client));
        }
    });
    Ok(())
}

fn serve(mut client: UnixStream) -> io::Result<()> {
    loop {
        let mut header = [0; 16];
        client.read_exact(&mut header)?;
        let word = |at: usize| u32::from_ne_bytes(*header[at * 4..].first_chunk().expect("four words"));
        let (kind, request, transaction) = (word(0), word(1), word(2));
        let mut payload = vec![0; word(3) as usize];
        client.read_exact(&mut payload)?;
        let mut answer = match kind {
            XS_READ => message(XS_ERROR, request, transaction, b"ENOENT\0"),
            XS_TRANSACTION_START => message(kind, request, transaction, b"1\0"),
            _ => message(kind, request, transaction, b"OK\0"),
        };
        if kind == XS_WATCH {
            // An event has what a watch is asked for by: the path, and what the daemon calls it.
            answer.extend(message(XS_WATCH_EVENT, 0, 0, &payload));
        }
        client.write_all(&answer)?;
    }
}

fn message(kind: u32, request: u32, transaction: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).expect("a short payload");
    let mut message: Vec<u8> =
        [kind, request, transaction, length].iter().flat_map(|word| word.to_ne_bytes()).collect();
    message.extend_from_slice(payload);
    message
}
