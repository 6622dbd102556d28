//! A plot with logarithmic axes, as SVG: a white ground, one line a server, no fonts of its own.
//!
//! In: points above 0. Out: the text of the file, with two digits behind the point where a pixel matters.

use std::fmt::{Display, Formatter, Result};

/// One line.
pub(crate) struct Curve {
    pub(crate) name: &'static str,
    pub(crate) points: Vec<(f64, f64)>,
}

/// What is drawn.
pub(crate) struct Plot {
    pub(crate) title: &'static str,
    pub(crate) x_title: &'static str,
    pub(crate) y_title: &'static str,
    pub(crate) curves: Vec<Curve>,
}

const WIDTH: f64 = 720.0;
const HEIGHT: f64 = 420.0;
/// The frame around the curves; the legend is to the right of it.
const LEFT: f64 = 76.0;
const RIGHT: f64 = 604.0;
const TOP: f64 = 44.0;
const BOTTOM: f64 = 362.0;
/// Colours that can be told apart by everybody, on white.
const COLOURS: [&str; 4] = ["#767676", "#d55e00", "#0072b2", "#009e73"];
/// Fewer decades than this have lines at 2 and 5, too.
const DECADES_BARE: f64 = 3.2;

/// An axis from one number to another, both of the form 1, 2 or 5 times a power of ten.
struct Axis {
    from: f64,
    to: f64,
    start: f64,
    end: f64,
}

impl Axis {
    fn new(values: impl Iterator<Item = f64> + Clone, (start, end): (f64, f64)) -> Self {
        let least = values.clone().fold(f64::INFINITY, f64::min);
        let most = values.fold(0.0, f64::max);
        let from = steps(least / 10.0, least).last().unwrap_or(least);
        let to = steps(most * 0.999, most * 10.0).next().unwrap_or(most);
        Self { from, to: if to > from { to } else { from * 10.0 }, start, end }
    }

    fn place(&self, value: f64) -> f64 {
        let part = (value / self.from).log10() / (self.to / self.from).log10();
        self.start + part * (self.end - self.start)
    }

    /// Where lines are drawn.
    fn ticks(&self) -> impl Iterator<Item = f64> {
        let all = (self.to / self.from).log10() < DECADES_BARE;
        steps(self.from * 0.999, self.to * 1.001)
            .filter(move |step| all || (step.log10() - step.log10().round()).abs() < 1e-6)
    }
}

/// 1, 2 and 5 times powers of ten in a range.
fn steps(from: f64, to: f64) -> impl Iterator<Item = f64> {
    let all = (-3..8).flat_map(|power| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power)));
    all.filter(move |&step| step >= from && step <= to)
}

/// A number with its thousands apart.
fn number(value: f64) -> String {
    let text = format!("{}", (value * 1000.0).round() / 1000.0);
    match text.len() {
        5.. if !text.contains('.') => format!("{} {}", &text[..text.len() - 3], &text[text.len() - 3..]),
        _ => text,
    }
}

impl Display for Plot {
    fn fmt(&self, f: &mut Formatter<'_>) -> Result {
        let points = || self.curves.iter().flat_map(|curve| &curve.points);
        let x = Axis::new(points().map(|point| point.0), (LEFT, RIGHT));
        let y = Axis::new(points().map(|point| point.1), (BOTTOM, TOP));
        let size = format!(r#"viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}""#);
        let font = r##"font-family="sans-serif" font-size="13" fill="#222""##;
        writeln!(f, r#"<svg xmlns="http://www.w3.org/2000/svg" {size} {font}>"#)?;
        writeln!(f, r#"<rect width="{WIDTH}" height="{HEIGHT}" fill="white"/>"#)?;
        writeln!(f, r#"<text x="{LEFT}" y="26" font-size="16">{}</text>"#, self.title)?;
        grid(f, &x, &y)?;
        let (middle, low) = ((LEFT + RIGHT) / 2.0, BOTTOM + 44.0);
        writeln!(f, r#"<text x="{middle}" y="{low}" text-anchor="middle">{}</text>"#, self.x_title)?;
        let middle = (TOP + BOTTOM) / 2.0;
        let turned = format!("translate(20 {middle}) rotate(-90)");
        writeln!(f, r#"<text transform="{turned}" text-anchor="middle">{}</text>"#, self.y_title)?;
        for ((at, curve), colour) in self.curves.iter().enumerate().zip(COLOURS.iter().cycle()) {
            draw(f, curve, colour, &x, &y)?;
            legend(f, curve.name, colour, TOP + 12.0 + 24.0 * at as f64)?;
        }
        writeln!(f, "</svg>")
    }
}

fn grid(f: &mut Formatter<'_>, x: &Axis, y: &Axis) -> Result {
    for tick in x.ticks() {
        let (at, below) = (x.place(tick), BOTTOM + 20.0);
        writeln!(f, r##"<path d="M{at:.1} {TOP}V{BOTTOM}" stroke="#ddd"/>"##)?;
        writeln!(f, r#"<text x="{at:.1}" y="{below}" text-anchor="middle">{}</text>"#, number(tick))?;
    }
    for tick in y.ticks() {
        let (at, beside) = (y.place(tick), LEFT - 8.0);
        writeln!(f, r##"<path d="M{LEFT} {at:.1}H{RIGHT}" stroke="#ddd"/>"##)?;
        writeln!(f, r#"<text x="{beside}" y="{:.1}" text-anchor="end">{}</text>"#, at + 4.5, number(tick))?;
    }
    writeln!(f, r##"<path d="M{LEFT} {TOP}V{BOTTOM}H{RIGHT}" fill="none" stroke="#222"/>"##)
}

fn draw(f: &mut Formatter<'_>, curve: &Curve, colour: &str, x: &Axis, y: &Axis) -> Result {
    let places = curve.points.iter().map(|&(at_x, at_y)| (x.place(at_x), y.place(at_y)));
    let line: Vec<String> = places.clone().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
    writeln!(f, r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="2"/>"#, line.join(" "))?;
    for (x, y) in places {
        writeln!(f, r#"<circle cx="{x:.1}" cy="{y:.1}" r="3.5" fill="{colour}"/>"#)?;
    }
    Ok(())
}

fn legend(f: &mut Formatter<'_>, name: &str, colour: &str, y: f64) -> Result {
    let (from, to, text) = (RIGHT + 14.0, RIGHT + 38.0, RIGHT + 46.0);
    writeln!(f, r#"<path d="M{from} {y}H{to}" stroke="{colour}" stroke-width="2"/>"#)?;
    writeln!(f, r#"<circle cx="{}" cy="{y}" r="3.5" fill="{colour}"/>"#, (from + to) / 2.0)?;
    writeln!(f, r#"<text x="{text}" y="{}">{name}</text>"#, y + 4.5)
}
