//! How long work gets on, for people who wait.
//!
//! In: what xenopsd tells. Out: one line on standard error that is written over and gone in the end. Nothing where that
//! is no terminal, or where JSON is asked for.

use std::io::{Write, stderr};

use xenopsd::client::Progress;

/// To the beginning of the line, and the rest of it away.
pub(crate) const CLEAR: &str = "\r\x1b[K";

/// What does not fit the terminal is cut off, so that it stays one line, which can be cleared.
const CUT: &str = "\x1b[?7l";
/// It goes on in the next line again.
const WRAP: &str = "\x1b[?7h";

/// The line.
#[derive(Debug)]
pub(super) struct Meter {
    title: String,
    /// There is somebody to see it.
    shows: bool,
    written: bool,
}

impl Meter {
    /// A line that begins with `title`.
    pub(super) fn new(title: &str, shows: bool) -> Self {
        let mut meter = Self { title: harmless(title), shows, written: false };
        meter.say("(Ctrl-C ends only the waiting: see xenops operations)");
        meter
    }

    /// Shows how it gets on.
    pub(super) fn show(&mut self, progress: &Progress) {
        self.write(&line(&self.title, progress));
    }

    /// Shows that it goes on.
    pub(super) fn say(&mut self, what: &str) {
        self.write(&format!("{} {what}", self.title));
    }

    fn write(&mut self, line: &str) {
        if self.shows {
            // All at once, so that Ctrl-C finds the terminal as it was. Whoever cannot be shown it need not be.
            let _ = stderr().write_all(format!("{CLEAR}{CUT}{line}{WRAP}").as_bytes());
            self.written = true;
        }
    }
}

impl Drop for Meter {
    fn drop(&mut self) {
        if self.written {
            let _ = write!(stderr(), "{CLEAR}");
        }
    }
}

fn line(title: &str, progress: &Progress) -> String {
    let Progress { operation, what, done, total } = progress;
    let share = match done.saturating_mul(100).checked_div(*total) {
        Some(percent) => format!(" {}%", percent.min(100)),
        None => String::new(),
    };
    let what = harmless(what);
    format!("{title}: {what}{share} (Ctrl-C ends only the waiting, xenops abort {operation} the work)")
}

/// Nothing that moves the cursor gets through.
fn harmless(text: &str) -> String {
    text.chars().filter(|character| !character.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(what: &str, done: u64, total: u64) -> String {
        line("web", &Progress { operation: 7, what: what.to_owned(), done, total })
    }

    #[test]
    fn a_share_is_in_percent_and_never_more_than_all() {
        const REST: &str = "(Ctrl-C ends only the waiting, xenops abort 7 the work)";
        assert_eq!(shown("Frames", 1, 3), format!("web: Frames 33% {REST}"));
        assert_eq!(shown("Frames", 5, 3), format!("web: Frames 100% {REST}"));
        assert_eq!(shown("Frames", u64::MAX, u64::MAX), format!("web: Frames 1% {REST}"));
        assert_eq!(shown("\x1b[2JFrames\n", 5, 0), format!("web: [2JFrames {REST}"));
    }

    #[test]
    fn a_name_does_not_move_the_cursor() {
        assert_eq!(Meter::new("creating \x1b[2Jweb\r\n", false).title, "creating [2Jweb");
    }
}
