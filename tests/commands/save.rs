//! Domains saved to files and restored from them.

use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use serde_json::{Value, json};
use xenopsd::client::save_file;

use crate::common::until;
use crate::common::xenops::{printed_json, text, xenops};
use crate::{Host, config};

#[test]
fn a_saved_domain_is_gone_and_comes_back_from_its_file() {
    let host = Host::start(&[]);
    host.create("web");
    let file = host.path("web.saved");
    assert_eq!(host.run(&["save", "web", &file]), format!("web is saved in {file}\n"));
    assert_eq!(host.state("web"), None);
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "it holds a domain's memory");
    assert_eq!(host.run(&["restore", &file]), "web is domain 4\n");
    assert_eq!(host.state("web").as_deref(), Some("-b----"));
    let (code, said) = host.failed(&["restore", &file]);
    assert!(code == 1 && said.contains("already exists"), "{code}: {said}");

    let saved = printed_json(&host.socket(), &["save", "--json", "--force", "4", &file]);
    assert_eq!(saved, json!({ "name": "web", "domid": 4, "file": file }));
    let restored = printed_json(&host.socket(), &["restore", "--json", "--paused", &file]);
    assert_eq!(restored, json!({ "name": "web", "domid": 6, "paused": true }));
    assert_eq!(host.state("web").as_deref(), Some("--p---"));
    until("the daemon has closed what it was passed", || !has_open(&host, &file));
}

fn has_open(host: &Host, file: &str) -> bool {
    let open = std::fs::read_dir(format!("/proc/{}/fd", host.daemon.pid().as_raw_nonzero())).unwrap();
    let mut open = open.filter_map(|entry| std::fs::read_link(entry.unwrap().path()).ok());
    open.any(|path| path == std::path::Path::new(file))
}

/// Made-up domains have all kinds of devices.
#[test]
fn every_domain_of_a_host_can_be_saved_and_restored() {
    let host = Host::start(&[]);
    for domid in ["1", "2"] {
        let before = printed_json(&host.socket(), &["call", "retrieve_domain_configuration", &format!("[{domid}]")]);
        let name = before["c_info"]["name"].as_str().unwrap().to_owned();
        let file = host.path(&name);
        host.run(&["save", domid, &file]);
        host.run(&["restore", &file]);
        let after = printed_json(&host.socket(), &["call", "retrieve_domain_configuration", &format!("[\"{name}\"]")]);
        for (devices, member) in [("disks", "pdev_path"), ("nics", "mac"), ("channels", "name"), ("vkbs", "devid")] {
            let of = |config: &Value| -> Vec<Value> {
                config[devices].as_array().unwrap().iter().map(|device| device[member].clone()).collect()
            };
            assert_eq!(of(&before), of(&after), "{devices} of {name}");
        }
        assert_eq!(before["c_info"]["uuid"], after["c_info"]["uuid"]);
    }
}

#[test]
fn a_domain_may_go_on_or_stay_paused_after_it_was_saved() {
    let host = Host::start(&[]);
    let domid = host.create("web");
    for (option, state) in [("--checkpoint", "-b----"), ("--paused", "--p---")] {
        let file = host.path(option);
        host.run(&["save", option, "web", &file]);
        assert_eq!(host.state("web").as_deref(), Some(state), "{option}");
        assert_eq!(printed_json(&host.socket(), &["info", "--json", "web"])["domid"], domid);
        assert!(save_file::read(&mut &std::fs::read(&file).unwrap()[..]).is_ok());
    }
}

#[test]
fn a_file_that_exists_is_written_over_only_if_that_is_said() {
    let host = Host::start(&[]);
    host.create("web");
    let file = host.file("precious", "precious");
    let said = format!("xenops: {file}: it exists: --force writes over it\n");
    assert_eq!(host.failed(&["save", "web", &file]), (6, said));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
    assert_eq!(host.state("web").as_deref(), Some("-b----"));
    host.run(&["save", "--force", "web", &file]);
    host.run(&["restore", &file]);
}

/// All that is in a host's folder, but the file that domains are created from.
fn files(host: &Host) -> Vec<String> {
    let files = std::fs::read_dir(host.folder.path()).unwrap();
    let mut files: Vec<String> = files.map(|file| file.unwrap().file_name().into_string().unwrap()).collect();
    files.retain(|name| name != "create.json");
    files.sort();
    files
}

#[test]
fn a_file_that_is_replaced_is_there_until_the_domain_is_saved() {
    let host = Host::start(&["--sim-fault", "domain_suspend=FAIL"]);
    host.create("web");
    let file = host.file("precious", "precious");
    let (code, said) = host.failed(&["save", "--force", "web", &file]);
    assert!(code == 1 && said.starts_with("xenops: FAIL: libxl_domain_suspend (code -3)\n"), "{code}: {said}");
    for domain in ["0", "Domain-0"] {
        let (code, said) = host.failed(&["save", "--force", domain, &file]);
        assert!(code == 3 && said.contains("this would take the host down"), "{code}: {said}");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "precious");
    assert_eq!(files(&host), ["precious"]);
}

#[test]
fn a_file_that_replaces_another_is_nobody_elses_to_read_wherever_a_link_leads() {
    let host = Host::start(&[]);
    host.create("web");
    let file = host.file("readable", "readable");
    std::fs::set_permissions(&file, PermissionsExt::from_mode(0o644)).unwrap();
    let link = host.path("link");
    std::os::unix::fs::symlink("readable", &link).unwrap();
    for path in [&file, &link] {
        assert_eq!(host.run(&["save", "--checkpoint", "--force", "web", path]), format!("web is saved in {path}\n"));
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert!(save_file::read(&mut &std::fs::read(&file).unwrap()[..]).is_ok());
        std::fs::write(&file, "another time").unwrap();
    }
    assert_eq!(std::fs::read_link(&link).unwrap(), std::path::Path::new("readable"), "it is a link still");
    assert_eq!(files(&host), ["link", "readable"]);
}

#[test]
fn what_a_process_has_open_is_not_written_by_its_path() {
    let host = Host::start(&[]);
    host.create("web");
    for path in ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"] {
        let said = format!("xenops: {path}: it stands for what a process has open: - is standard output\n");
        assert_eq!(host.failed(&["save", "--force", "web", path]), (6, said));
        assert!(std::fs::symlink_metadata(path).is_ok(), "{path} is not removed");
    }
    let loops = host.path("loop");
    std::os::unix::fs::symlink("loop", &loops).unwrap();
    let said = format!("xenops: {loops}: too many symbolic links\n");
    assert_eq!(host.failed(&["save", "--force", "web", &loops]), (6, said));
    assert_eq!(host.state("web").as_deref(), Some("-b----"));
}

/// Its number is that of the shell, which may have been another's: a domain may still be saved there.
#[test]
fn what_stands_where_a_domain_is_to_be_saved_for_now_is_left_alone() {
    let host = Host::start(&[]);
    host.create("web");
    let file = host.file("precious", "precious");
    let mut shell = std::process::Command::new("sh");
    shell.args(["-c", r#"echo other > "$2.$$.part"; exec "$0" --socket "$1" save --force web "$2""#]);
    let output = shell.arg(env!("CARGO_BIN_EXE_xenops")).arg(host.socket()).arg(&file).output().unwrap();
    let said = text(output.stderr);
    assert!(output.status.code() == Some(6) && said.ends_with(".part is in the way\n"), "{said}");
    let [kept, beside] = &files(&host)[..] else { panic!("{said}") };
    assert_eq!(std::fs::read_to_string(host.path(kept)).unwrap(), "precious");
    assert_eq!(std::fs::read_to_string(host.path(beside)).unwrap(), "other\n");
    assert_eq!(host.state("web").as_deref(), Some("-b----"));
}

#[test]
fn a_device_and_a_named_pipe_are_written_as_they_are() {
    let host = Host::start(&[]);
    host.create("web");
    assert_eq!(host.run(&["save", "-c", "--force", "web", "/dev/null"]), "web is saved in /dev/null\n");
    assert!(!std::fs::metadata("/dev/null").unwrap().is_file());
    let pipe = host.path("pipe");
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let reader = std::thread::spawn({
        let pipe = pipe.clone();
        move || std::fs::read(pipe).unwrap()
    });
    assert_eq!(host.run(&["save", "--force", "web", &pipe]), format!("web is saved in {pipe}\n"));
    assert!(save_file::read(&mut &reader.join().unwrap()[..]).is_ok());
    assert_eq!((files(&host), host.state("web")), (vec!["pipe".to_owned()], None));
}

#[test]
fn a_domain_travels_through_a_pipe() {
    let host = Host::start(&[]);
    host.create("web");
    let saved = xenops(&host.socket()).args(["save", "--json", "web", "-"]).output().unwrap();
    assert_eq!((saved.status.code(), text(saved.stderr)), (Some(0), String::new()));
    assert!(saved.stdout.starts_with(b"Xen saved domain, xl format\n"), "nothing but the domain is printed");
    let file = host.file("piped", &saved.stdout);

    let mut cat = std::process::Command::new("cat").arg(&file).stdout(Stdio::piped()).spawn().unwrap();
    let restored = xenops(&host.socket()).args(["restore", "-"]).stdin(cat.stdout.take().unwrap()).output().unwrap();
    assert_eq!((text(restored.stdout).as_str(), text(restored.stderr).as_str()), ("web is domain 4\n", ""));
    assert!(cat.wait().unwrap().success());
}

/// Whoever restores the file gets another number.
#[test]
fn the_number_that_a_domain_had_is_not_saved() {
    let host = Host::start(&[]);
    let mut numbered = config("web");
    numbered["c_info"]["domid"] = json!(33);
    let numbered = host.file("web.json", numbered.to_string());
    assert_eq!(host.run(&["create", &numbered]), "web is domain 33\n");
    let file = host.path("web.saved");
    host.run(&["save", "web", &file]);
    let config = save_file::read(&mut &std::fs::read(&file).unwrap()[..]).unwrap();
    let config: Value = serde_json::from_str(config.get()).unwrap();
    assert_eq!((&config["c_info"]["domid"], &config["c_info"]["name"]), (&json!(0), &json!("web")));
}

#[test]
fn a_domain_that_is_not_saved_goes_on_and_leaves_no_file() {
    let host = Host::start(&["--sim-fault", "domain_suspend=FAIL"]);
    host.create("web");
    let file = host.path("web.saved");
    let (code, said) = host.failed(&["save", "web", &file]);
    assert!(code == 1 && said.starts_with("xenops: FAIL: libxl_domain_suspend (code -3)\n"), "{code}: {said}");
    assert!(!std::fs::exists(&file).unwrap());
    assert_eq!(host.state("web").as_deref(), Some("-b----"));

    let nobody = "xenops: DOMAIN_NOTFOUND: libxl_domain_info (code -21)\n";
    assert_eq!(host.failed(&["save", "nobody", &file]), (1, nobody.to_owned()));
    let (code, said) = host.failed(&["save", "Domain-0", &file]);
    assert!(code == 3 && said.contains("this would take the host down"), "{code}: {said}");
    assert!(!std::fs::exists(&file).unwrap());
    let said = "xenops: /nowhere/file: No such file or directory (os error 2)\n";
    assert_eq!(host.failed(&["save", "web", "/nowhere/file"]), (6, said.to_owned()));
    let said = "xenops: /dev/full: No space left on device (os error 28)\n";
    assert_eq!(host.failed(&["save", "--force", "web", "/dev/full"]), (6, said.to_owned()));
    assert!(std::fs::exists("/dev/full").unwrap(), "what is no file of ours is not removed");
}

#[test]
fn a_saved_domain_that_is_not_destroyed_is_told_of() {
    let host = Host::start(&["--sim-fault", "domain_destroy=FAIL"]);
    host.create("web");
    let file = host.path("web.saved");
    let (code, said) = host.failed(&["save", "web", &file]);
    let hint = format!("xenops: web is saved in {file}, and the domain is still suspended: try xenops destroy 3\n");
    assert!(code == 7 && said.ends_with(&hint), "{code}: {said}");
    assert!(save_file::read(&mut &std::fs::read(&file).unwrap()[..]).is_ok());
    assert_eq!(host.state("web").as_deref(), Some("---ss-"));
}

#[test]
fn a_file_that_is_no_saved_domain_says_why_and_creates_nothing() {
    let host = Host::start(&[]);
    host.create("web");
    let whole = host.path("web.saved");
    host.run(&["save", "web", &whole]);
    let whole = std::fs::read(&whole).unwrap();
    let other = host.file("other", config("web").to_string().repeat(2));
    let header = host.file("header", &whole[..100]);
    for (file, why) in [
        (other, "this is no file of xl save or xenops save"),
        (header, "it ends too early to hold a saved domain"),
        ("/nowhere/file".to_owned(), "No such file or directory (os error 2)"),
        ("/dev/null".to_owned(), "it ends too early to hold a saved domain"),
    ] {
        assert_eq!(host.failed(&["restore", &file]), (6, format!("xenops: {file}: {why}\n")));
    }
    let stream = host.file("stream", &whole[..whole.len() - 1]);
    let (code, said) = host.failed(&["restore", &stream]);
    assert!(code == 1 && said.contains("the stream ends early"), "{code}: {said}");
    assert_eq!(host.state("web"), None);
    let whole = host.file("whole", whole);
    host.run(&["restore", &whole]);
}

#[test]
fn a_restored_domain_that_does_not_run_is_told_of() {
    let host = Host::start(&["--sim-fault", "domain_unpause=FAIL"]);
    let file = host.file("web.json", config("web").to_string());
    host.run(&["create", "--paused", &file]);
    host.run(&["call", "domain_suspend_only", "[\"build-01\"]"]);
    // A paused domain cannot be saved: one that runs anyway is.
    let saved = host.path("build.saved");
    host.run(&["call", "domain_resume", "[\"build-01\", 1]"]);
    host.run(&["save", "build-01", &saved]);
    let (code, said) = host.failed(&["restore", &saved]);
    let hint = "xenops: build-01 was made, as domain 4, and is paused: try xenops unpause 4, or xenops destroy 4\n";
    assert!(code == 7 && said.ends_with(hint), "{code}: {said}");
}
