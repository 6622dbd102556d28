//! How the daemon begins, or says in one line why it does not.
//!
//! In: options, and what is already there: another server, its leavings, a libxl that is none. Out: the exit code and
//! what stands on stderr.
#![cfg(feature = "daemon")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

mod common;

use std::fs::{File, Permissions};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};

use common::{Client, Daemon, command, command_under, until};
use rustix::process::{Pid, Signal, kill_process};
use xenopsd::limits::SIM_DOMAINS_MAX;

/// A daemon that serves although it should not is ended by this.
const BOUNDED: &[&str] = &["timeout", "60"];

/// Runs a command that ends by itself: its code, and what it said on stdout and on stderr.
fn run(command: &mut Command) -> (Option<i32>, String, String) {
    let output = command.output().unwrap();
    (output.status.code(), String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap())
}

/// A simulated host on this socket.
fn simulating(socket: &Path) -> Command {
    let mut command = command_under(BOUNDED);
    command.args(["--sim", "1", "--socket"]).arg(socket);
    command
}

/// Expects the command to end with this code, after one line on stderr that has these words.
fn expect_refusal(command: &mut Command, code: i32, words: &[&str]) {
    let (ended, stdout, stderr) = run(command);
    assert_eq!((ended, stdout.as_str()), (Some(code), ""), "{stderr}");
    assert_eq!(stderr.lines().count(), 1, "{stderr}");
    assert!(words.iter().all(|words| stderr.contains(words)), "{words:?} in {stderr}");
}

/// A daemon of whose socket the test has other plans than [`Daemon`] has.
fn serve(socket: &Path) -> Child {
    let daemon = command().args(["--sim", "1", "--socket"]).arg(socket).stderr(Stdio::null()).spawn().unwrap();
    until("the socket accepts", || UnixStream::connect(socket).is_ok());
    Client::new(UnixStream::connect(socket).unwrap()).ping();
    daemon
}

fn end(mut daemon: Child, signal: Signal) -> ExitStatus {
    kill_process(Pid::from_child(&daemon), signal).unwrap();
    daemon.wait().unwrap()
}

/// The real library cannot be hidden from the dynamic linker without root's rights; another file in its place, found
/// before it, fails where its absence would.
#[test]
fn a_library_that_cannot_be_loaded_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let soname = xenopsd::xl::SONAME.to_str().unwrap();
    std::fs::write(folder.path().join(soname), "no library").unwrap();
    for options in [&[][..], &["--sim", "1"]] {
        let mut daemon = command_under(BOUNDED);
        daemon.args(options).arg("--socket").arg(folder.path().join("socket"));
        daemon.env("LD_LIBRARY_PATH", folder.path());
        expect_refusal(&mut daemon, 69, &[&format!("cannot load {soname}: "), "is Xen's toolstack installed?"]);
    }
    assert!(!folder.path().join("socket").exists());
}

#[test]
fn a_library_of_that_name_that_is_another_is_named() {
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
    let libc = maps.lines().filter_map(|line| line.split_whitespace().nth(5)).find(|path| path.contains("/libc.so"));
    let folder = tempfile::tempdir().unwrap();
    let soname = xenopsd::xl::SONAME.to_str().unwrap();
    std::fs::copy(libc.unwrap(), folder.path().join(soname)).unwrap();
    let mut daemon = simulating(&folder.path().join("socket"));
    daemon.env("LD_LIBRARY_PATH", folder.path());
    expect_refusal(&mut daemon, 69, &[&format!("{soname} has no libxl_"), "not the release"]);
}

#[test]
fn a_host_without_xen_is_named() {
    if Path::new("/proc/xen/capabilities").exists() {
        println!("skipped: a_host_without_xen_is_named (this host runs Xen)");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let mut daemon = command_under(BOUNDED);
    daemon.arg("--socket").arg(folder.path().join("socket"));
    expect_refusal(&mut daemon, 69, &["libxl_ctx_alloc failed with ", "does not run Xen"]);
    assert!(!folder.path().join("socket").exists());
}

#[test]
fn a_live_daemons_socket_is_left_alone() {
    let daemon = Daemon::simulating(1);
    let path = daemon.socket();
    expect_refusal(&mut simulating(&path), 1, &[path.to_str().unwrap(), "another server is using this socket"]);
    daemon.connect().ping();
    // Not even without the lock: the socket is tried.
    std::fs::remove_file(daemon.folder().join("socket.lock")).unwrap();
    expect_refusal(&mut simulating(&path), 1, &["another server is using this socket"]);
    daemon.connect().ping();
}

#[test]
fn another_servers_socket_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    expect_refusal(&mut simulating(&path), 1, &["another server is using this socket"]);
    let _ours = UnixStream::connect(&path).unwrap();
    listener.accept().unwrap();
}

#[test]
fn what_a_killed_daemon_left_is_replaced() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let killed = end(serve(&path), Signal::KILL);
    assert!(!killed.success());
    assert!(std::fs::symlink_metadata(&path).unwrap().file_type().is_socket());
    assert!(UnixStream::connect(&path).is_err());
    assert_eq!(end(serve(&path), Signal::TERM).code(), Some(0));
}

#[test]
fn the_socket_goes_with_the_daemon_and_the_lock_stays() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    assert_eq!(end(serve(&path), Signal::TERM).code(), Some(0));
    assert!(!path.exists());
    assert!(folder.path().join("socket.lock").exists());
    assert_eq!(end(serve(&path), Signal::TERM).code(), Some(0));
}

#[test]
fn a_successors_socket_is_not_removed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let daemon = serve(&path);
    std::fs::remove_file(&path).unwrap();
    let _successor = UnixListener::bind(&path).unwrap();
    assert_eq!(end(daemon, Signal::TERM).code(), Some(0));
    UnixStream::connect(&path).unwrap();
}

#[test]
fn a_file_that_is_no_socket_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    std::fs::write(&path, "precious").unwrap();
    expect_refusal(&mut simulating(&path), 1, &[path.to_str().unwrap(), "no socket"]);
    assert_eq!(std::fs::read_to_string(&path).unwrap(), "precious");
    // A link to a socket is none either: what it points to is somebody else's.
    let link = folder.path().join("link");
    let _target = UnixListener::bind(folder.path().join("target")).unwrap();
    std::os::unix::fs::symlink("target", &link).unwrap();
    expect_refusal(&mut simulating(&link), 1, &["no socket"]);
}

#[test]
fn a_path_may_have_107_bytes() {
    let folder = tempfile::tempdir().unwrap();
    let filler = "x".repeat(107 - folder.path().as_os_str().as_bytes().len() - 1);
    let longest = folder.path().join(&filler);
    assert_eq!(longest.as_os_str().as_bytes().len(), 107);
    assert_eq!(end(serve(&longest), Signal::TERM).code(), Some(0));
    let longer = folder.path().join(filler + "x");
    expect_refusal(&mut simulating(&longer), 1, &["longer than the 107 bytes"]);
    assert!(!folder.path().join("x.lock").exists() && !longer.exists());
}

#[test]
fn a_folder_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("missing").join("socket");
    expect_refusal(&mut simulating(&path), 1, &[path.to_str().unwrap(), "No such file or directory"]);
}

#[test]
fn only_this_user_can_connect_whatever_the_umask() {
    for umask in ["0", "022", "077", "0777"] {
        let daemon = Daemon::start_under(&["sh", "-c", "umask \"$0\" && exec \"$@\"", umask], &["--sim", "1"]);
        let mode = std::fs::metadata(daemon.socket()).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "umask {umask}");
    }
}

#[test]
fn the_lock_is_not_written_through_a_link() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    File::create(folder.path().join("elsewhere")).unwrap().set_permissions(Permissions::from_mode(0o600)).unwrap();
    std::os::unix::fs::symlink("elsewhere", folder.path().join("socket.lock")).unwrap();
    expect_refusal(&mut simulating(&path), 1, &["socket.lock: cannot open the lock file"]);
}

/// Opened as a file is, a FIFO would hold the daemon until somebody reads from it.
#[test]
fn a_lock_that_is_no_file_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    rustix::fs::mkfifoat(rustix::fs::CWD, folder.path().join("socket.lock"), 0o600.into()).unwrap();
    expect_refusal(&mut simulating(&path), 1, &["socket.lock: there is something of this name that is no file"]);
    assert!(!path.exists());
}

#[test]
fn help_and_version_are_no_failures() {
    let (code, stdout, stderr) = run(command_under(BOUNDED).arg("--help"));
    assert_eq!((code, stderr.as_str()), (Some(0), ""));
    assert!(["--socket", "--sim", "Exit codes: 0", "69"].iter().all(|word| stdout.contains(word)), "{stdout}");
    let version = concat!("xenopsd ", env!("CARGO_PKG_VERSION"), "\n");
    assert_eq!(run(command_under(BOUNDED).arg("--version")), (Some(0), version.to_owned(), String::new()));
}

#[test]
fn wrong_usage_ends_with_2() {
    for (options, words) in [
        (&["--nonsense"][..], "--nonsense"),
        (&["argument"], "argument"),
        (&["--sim", "0"], "a number from 1 to 32000"),
        (&["--sim", "32001"], "a number from 1 to 32000"),
        (&["--sim", "999999"], "a number from 1 to 32000"),
        (&["--sim", "-1"], "-1"),
        (&["--sim", "many"], "a number from 1 to 32000"),
        (&["--sim-seed", "1"], "--sim"),
        (&["--socket"], "--socket"),
    ] {
        let (code, stdout, stderr) = run(command_under(BOUNDED).args(options));
        assert_eq!((code, stdout.as_str()), (Some(2), ""), "{options:?}: {stderr}");
        assert!(stderr.contains(words), "{options:?}: {stderr}");
    }
    assert_eq!(SIM_DOMAINS_MAX, 32_000, "as the words above say");
}
