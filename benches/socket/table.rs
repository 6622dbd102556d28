//! Tables in Markdown.

use crate::Outcome;
use crate::compare::{Row, Setting, compare};
use crate::series::head;
use crate::server::{Below, Kind};

/// A table: what it compares, in which settings.
pub(crate) struct Table<'t> {
    pub(crate) title: &'t str,
    /// What has to be known of its figures; below the title.
    pub(crate) notes: &'t str,
    /// The first is the daemon, whose ratio is given with its range.
    pub(crate) kinds: &'t [Kind],
    pub(crate) settings: Vec<Setting<'t>>,
    /// One more column: what it says, and how many times as much the one costs as the other.
    pub(crate) against: Option<(&'t str, [Kind; 2])>,
}

impl Table<'_> {
    /// Measures and prints it.
    pub(crate) fn print(&self) -> Outcome<()> {
        eprintln!("{}", self.title);
        let mut is_first = true;
        println!("{} {}\n", self.title, self.notes);
        for setting in &self.settings {
            let shape = setting.shape;
            let mut asked = format!("`{}`, {} × {}", shape.question.name(), shape.connections, shape.in_flight);
            if let Below::Hypervisor(change) = setting.below {
                asked = format!("{asked}, {}", change.name());
            }
            eprintln!("  {asked}, domains: {}", setting.domains);
            let row = compare(self.kinds, setting)?;
            if std::mem::take(&mut is_first) {
                self.print_head(&row);
            }
            print!("| {asked} | {} | {} |", setting.domains, row.reply_bytes);
            self.print_figures(&row);
        }
        println!();
        Ok(())
    }

    fn print_head(&self, row: &Row) {
        let mut heads = vec!["connections × in flight".to_owned(), "domains".to_owned(), "reply bytes".to_owned()];
        for (at, contender) in row.contenders.iter().enumerate() {
            heads.push(format!("{} µs", contender.kind.name()));
            match at {
                0 => {}
                1 => heads.push("× echo (min to max)".to_owned()),
                _ => heads.push("× echo".to_owned()),
            }
        }
        heads.extend(self.against.iter().map(|(head, _)| format!("{head} (min to max)")));
        println!("{}", head(&heads));
    }

    fn print_figures(&self, row: &Row) {
        for (at, contender) in row.contenders.iter().enumerate() {
            print!(" {} |", contender.us.median());
            match at {
                0 => {}
                1 => print!(" {} |", contender.ratio.with_range()),
                _ => print!(" {} |", contender.ratio.median()),
            }
        }
        if let Some((_, pair)) = &self.against {
            print!(" {} |", row.times(*pair).map_or_else(|| "not measured".to_owned(), |times| times.with_range()));
        }
        println!();
    }
}
