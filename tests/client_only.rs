//! The client alone needs nothing of Xen: not to build, not to link, not to run.
//!
//! It is built here in a folder of its own, as somebody would who has neither libxl's headers nor libclang, and then
//! looked at from outside while it waits for a reply.
#![cfg(feature = "client")]
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use std::fs;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::thread::sleep;
use std::time::Duration;

const CLIENT_ONLY: [&str; 4] = ["--no-default-features", "--features", "client", "--offline"];

/// What stands for Xen and for the tools that read its headers, in names of crates and of libraries.
const XENS: [&str; 5] = ["bindgen", "clang", "libxenlight", "libxen", "libxl"];

#[test]
fn no_crate_that_reads_headers_is_built_in() {
    let tree = stdout(cargo("tree").args(["--edges", "normal,build", "--prefix", "none"]));
    assert!(tree.lines().any(|line| line.starts_with("serde_json ")), "this is no tree of ours:\n{tree}");
    assert_names_nothing_of_xen(&tree);
}

#[test]
fn it_builds_without_headers_and_runs_without_libxl() {
    let xenops = build_without_headers();

    let help = stdout(Command::new(&xenops).arg("--help"));
    assert!(help.contains("Usage: xenops"), "{help}");

    let dynamic = stdout(Command::new("readelf").arg("--dynamic").arg(&xenops));
    assert!(dynamic.contains("(NEEDED)"), "{dynamic}");
    assert_names_nothing_of_xen(&dynamic);

    let (maps, output) = look_inside_while_it_waits(&xenops);
    assert!(maps.contains("libc.so"), "these are no maps of ours:\n{maps}");
    assert_names_nothing_of_xen(&maps);
    assert_eq!(output, "[]\n");
}

/// Cargo in this package, with the client alone.
fn cargo(command: &str) -> Command {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.current_dir(env!("CARGO_MANIFEST_DIR")).arg(command).args(CLIENT_ONLY);
    cargo
}

/// Builds the command where no header can be found, and returns where it is.
fn build_without_headers() -> PathBuf {
    let target = Path::new(env!("CARGO_TARGET_TMPDIR")).join("client-only");
    let empty = target.join("empty");
    fs::create_dir_all(&empty).unwrap();
    let status = cargo("build")
        .args(["--bin", "xenops", "--quiet", "--target-dir"])
        .arg(&target)
        .env("LIBCLANG_PATH", &empty)
        .env("BINDGEN_EXTRA_CLANG_ARGS", "-nostdinc")
        .env("CARGO_PROFILE_DEV_OPT_LEVEL", "0")
        .status();
    assert!(status.unwrap().success());
    target.join("debug/xenops")
}

/// The files that the process has mapped when it waits for the reply to its request, and what it prints at last.
fn look_inside_while_it_waits(xenops: &Path) -> (String, String) {
    let folder = tempfile::tempdir().unwrap();
    let socket = folder.path().join("socket");
    let listener = UnixListener::bind(&socket).unwrap();
    let mut command = Command::new(xenops);
    let mut child =
        command.arg("--socket").arg(&socket).args(["list", "--json"]).stdout(Stdio::piped()).spawn().unwrap();

    let mut connection = BufReader::new(accept(&listener, &mut child));
    read_request(&mut connection);
    let maps = fs::read_to_string(format!("/proc/{}/maps", child.id())).unwrap();
    connection.get_mut().write_all(b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":[]}\n").unwrap();

    let mut output = String::new();
    child.stdout.take().unwrap().read_to_string(&mut output).unwrap();
    assert!(child.wait().unwrap().success());
    (maps, output)
}

/// The command's connection; a command that ends without making one fails the test.
fn accept(listener: &UnixListener, child: &mut Child) -> UnixStream {
    listener.set_nonblocking(true).unwrap();
    loop {
        match listener.accept() {
            Ok((connection, _)) => return connection,
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock, "{error}"),
        }
        assert_eq!(child.try_wait().unwrap(), None, "it has not connected");
        sleep(Duration::from_millis(5));
    }
}

fn read_request(connection: &mut BufReader<UnixStream>) {
    let mut line = String::new();
    connection.read_line(&mut line).unwrap();
    assert!(line.contains("\"list_domain\""), "{line}");
}

fn stdout(command: &mut Command) -> String {
    let Output { status, stdout, stderr } = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(status.success(), "{command:?}: {}", String::from_utf8_lossy(&stderr));
    String::from_utf8(stdout).unwrap()
}

fn assert_names_nothing_of_xen(text: &str) {
    for name in XENS {
        assert!(!text.contains(name), "{name} in:\n{text}");
    }
}
