//! Open vSwitch's client, which speaks a strict 1.0: it hangs up on a reply with a member too many or too few.

use std::process::Command;

use crate::common::Daemon;
use crate::{beside, can_run, output_of};

/// Debian's own Python, which has Debian's packages.
const PYTHON: &str = "/usr/bin/python3";

#[test]
fn open_vswitch_accepts_results_and_errors() {
    if !can_run("open_vswitch_accepts_results_and_errors", &[PYTHON, "-c", "import ovs.jsonrpc"]) {
        return;
    }
    let daemon = Daemon::simulating(10);
    let said = output_of(Command::new(PYTHON).arg(beside("ovs_client.py")).arg(daemon.socket()));
    assert_eq!(
        said,
        "10 domains\n\
         Domain-0\n\
         error: DOMAIN_NOTFOUND (-21): libxl_domain_info\n\
         error: METHOD_NOT_FOUND (-32601): no such method: no_such_method\n\
         credit2\n"
    );
}
