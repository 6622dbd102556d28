//! jayson, a client for Node.js that speaks both dialects. It is fetched from the npm registry when it is not there
//! yet.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::common::Daemon;
use crate::{beside, can_run, output_of};

/// A folder with jayson in `node_modules`; `None` where it cannot be had.
fn folder() -> Option<PathBuf> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("jayson");
    let installed = folder.join("node_modules/jayson").exists() || {
        let prefix = folder.display().to_string();
        let install = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", &prefix, "jayson@4"];
        can_run("jayson_understands_both_dialects", &install)
    };
    installed.then_some(folder)
}

#[test]
fn jayson_understands_both_dialects() {
    if !can_run("jayson_understands_both_dialects", &["node", "--version"]) {
        return;
    }
    let Some(folder) = folder() else { return };
    let daemon = Daemon::simulating(10);
    let mut node = Command::new("node");
    node.env("NODE_PATH", folder.join("node_modules")).arg(beside("jayson_client.js")).arg(daemon.socket());
    let said = output_of(&mut node);
    assert_eq!(
        said,
        "1.0: 10 domains\n\
         1.0: Domain-0\n\
         1.0: DOMAIN_NOTFOUND (-21): libxl_domain_info\n\
         2.0: 10 domains\n\
         2.0: Domain-0\n\
         2.0: -21 DOMAIN_NOTFOUND: libxl_domain_info\n\
         2.0 batch: Domain-0, -32601, credit2\n"
    );
}
