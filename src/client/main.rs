//! The `xenops` command.
fn main() {}
