//! Go's own JSON-RPC client, `net/rpc/jsonrpc`, which speaks 1.0.

use std::path::Path;
use std::process::Command;

use crate::common::Daemon;
use crate::{beside, can_run, example, output_of};

/// The `go` command, without cgo and without the network.
fn go() -> Command {
    let mut go = Command::new("go");
    go.env("CGO_ENABLED", "0").env("GOPROXY", "off");
    go.env("GOCACHE", Path::new(env!("CARGO_TARGET_TMPDIR")).join("go-cache"));
    go
}

#[test]
fn get_domains_lists_domains_and_their_names() {
    if !can_run("get_domains_lists_domains_and_their_names", &["go", "version"]) {
        return;
    }
    let daemon = Daemon::simulating(10);
    let table = output_of(go().arg("run").arg(example("get-domains.go")).arg(daemon.socket()));

    let rows: Vec<Vec<&str>> = table.lines().skip(1).map(|row| row.split_whitespace().collect()).collect();
    assert_eq!(rows.len(), 10, "{table}");
    assert_eq!(rows[0][..2], ["Domain-0", "0"]);
    for (domid, row) in rows.iter().enumerate() {
        assert_eq!((row.len(), row[1]), (6, domid.to_string().as_str()), "{table}");
        assert!(!row[0].starts_with('('), "no name: {table}");
        assert_ne!(row[2], "0", "no memory: {table}");
    }
}

/// The program itself counts what came back, and that errors are errors and leave the connection usable.
#[test]
fn sixty_four_goroutines_share_one_connection() {
    if !can_run("sixty_four_goroutines_share_one_connection", &["go", "version"]) {
        return;
    }
    let daemon = Daemon::simulating(15);
    let said = output_of(go().arg("run").arg(beside("pipeline.go")).arg(daemon.socket()));
    assert_eq!(said, "12800 names, 12800 infos, 64 refused by libxl, 64 refused by the server, 64 done\n");
}
