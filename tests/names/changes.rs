//! Names while changes are made: by workers, of a simulated host; with a loop in this process that is told its names by
//! the xenstored that is played here. This one lags behind the host, as much as the test wants.

use std::os::unix::net::UnixStream;

use serde_json::json;
use xenopsd::daemon::{Daemon, Doors, StopSignals};
use xenopsd::rpc::Rpc;
use xenopsd::wire::Listener;
use xenopsd::worker::Launch;
use xenopsd::xen::KnownNames;
use xenopsd::xl::Xl;

use crate::common::{Client, until};
use crate::xenstored::Xenstored;
use crate::{are_known, name, outcome};

/// A daemon that serves until the test is over, and two of its clients.
fn serve(xenstored: &Xenstored, folder: &tempfile::TempDir) -> [Client; 2] {
    let socket = folder.path().join("socket");
    let (listener, path) = (Listener::bind(&socket).unwrap(), xenstored.socket());
    std::thread::spawn(move || {
        let simulate = xenopsd::sim::start(20, 7).unwrap();
        let (names, signals) = (KnownNames::default(), StopSignals::catch().unwrap());
        let knowing = names.clone().overlay();
        let xl = Xl::open(|functions| {
            simulate(functions);
            knowing(functions);
        });
        let sim = Some(xenopsd::sim::memory().try_clone_to_owned().unwrap());
        let launch = Launch { program: env!("CARGO_BIN_EXE_xenopsd").into(), workers: 2, sim, verbose: 0 };
        let daemon = Daemon::new(Rpc::new(xl.unwrap()), Doors::full(listener), signals, launch).unwrap();
        daemon.with_names(names, path).unwrap().run().unwrap();
    });
    [(); 2].map(|()| Client::new(UnixStream::connect(&socket).unwrap()))
}

/// Whoever has a reply, and whoever they tell.
#[test]
fn nobody_is_told_a_name_older_than_a_reply() {
    let xenstored = Xenstored::start(&[(6, "old-6"), (7, "old-7")]);
    let folder = tempfile::tempdir().unwrap();
    let [mut one, mut other] = serve(&xenstored, &folder);
    for round in 0..4 {
        until("names are known", || are_known(&mut other));
        let (old, new) = (name(&mut other, 6), format!("new-{round}"));
        assert_eq!(old, if round == 0 { "old-6".to_owned() } else { format!("new-{}", round - 1) });
        // From here on xenstored says neither that the name has changed nor that it is past that.
        xenstored.with(|held| (held.is_silent, held.mutters) = (true, true));
        assert_eq!(outcome(&mut one, "domain_rename", &json!([6, null, new])), json!({}));
        assert_eq!(name(&mut other, 6), new.as_str());
        assert_eq!(outcome(&mut other, "name_to_domid", &json!([new])), 6);
        assert_eq!(outcome(&mut other, "name_to_domid", &json!([old])), -6);
        assert_eq!(outcome(&mut other, "domain_info", &json!([new]))["domid"], 6);
        assert_eq!(outcome(&mut other, "domain_info", &json!([old])), -21);
        assert_eq!(outcome(&mut other, "domain_pause", &json!([old])), -21);
        assert_eq!(outcome(&mut other, "domain_pause", &json!([new])), json!({}));
        assert!(!are_known(&mut other));
        xenstored.set(6, &new);
        xenstored.speak();
    }
    until("names are known", || are_known(&mut other));
    assert_eq!(name(&mut other, 7), "old-7");
    xenstored.with(|held| (held.is_silent, held.mutters) = (true, true));
    assert_eq!(outcome(&mut one, "domain_destroy", &json!(["old-7"])), json!({}));
    assert_eq!(name(&mut other, 7), -3);
    assert_eq!(outcome(&mut other, "name_to_domid", &json!(["old-7"])), -6);
}
