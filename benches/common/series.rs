//! What rounds have shown, and how it is written in tables.
//!
//! In: a number a round. Out: the median and the range, as text with three digits.

/// One number a round.
#[derive(Default)]
pub(crate) struct Series(pub(crate) Vec<f64>);

impl Series {
    /// Round by round, how many times as much as in the other.
    pub(crate) fn times(&self, other: &Self) -> Self {
        Self(self.0.iter().zip(&other.0).map(|(one, other)| one / other).collect())
    }

    /// The median.
    pub(crate) fn median(&self) -> String {
        figure(self.sorted()[self.0.len() / 2])
    }

    /// The median in bold, with the smallest and the largest.
    pub(crate) fn with_range(&self) -> String {
        let sorted = self.sorted();
        let (min, max) = (figure(sorted[0]), figure(sorted[sorted.len() - 1]));
        format!("**{}** ({min} to {max})", self.median())
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.0.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }
}

/// Three digits, or as many as are before the point.
fn figure(value: f64) -> String {
    let decimals = if value < 10.0 { 2 } else { usize::from(value < 100.0) };
    format!("{value:.decimals$}")
}

/// A head of a table in Markdown.
pub(crate) fn head(columns: &[impl AsRef<str>]) -> String {
    let names: Vec<&str> = columns.iter().map(AsRef::as_ref).collect();
    format!("| {} |\n|{}", names.join(" | "), "---|".repeat(names.len()))
}
