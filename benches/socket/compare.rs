//! Servers in turns: for each round, what a request cost each of them, and how many times as much as the floor.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::Outcome;
use crate::client::{Load, Shape};
use crate::programs::Programs;
use crate::series::Series;
use crate::server::{Below, Kind, Server};

/// How long a server is loaded in a round, about.
const TURN: Duration = Duration::from_millis(150);
/// How long it is loaded before the first.
const WARM_UP: Duration = Duration::from_millis(50);

/// What is asked of each server.
#[derive(Clone, Copy)]
pub(crate) struct Setting<'p> {
    pub(crate) programs: &'p Programs,
    pub(crate) below: Below,
    pub(crate) domains: u32,
    pub(crate) shape: Shape,
    /// 1: only to see that it works.
    pub(crate) rounds: usize,
}

/// A server, what loads it, and what each round has shown.
pub(crate) struct Contender {
    pub(crate) kind: Kind,
    server: Server,
    load: Load,
    /// In one turn.
    bursts: usize,
    pub(crate) us: Series,
    /// To the floor of the same round.
    pub(crate) ratio: Series,
}

/// One line of a table.
pub(crate) struct Row {
    pub(crate) reply_bytes: usize,
    /// The floor, then those that there are of the kinds asked for.
    pub(crate) contenders: Vec<Contender>,
}

impl Row {
    /// What was seen of that kind, if it took part.
    pub(crate) fn of(&self, kind: Kind) -> Option<&Contender> {
        self.contenders.iter().find(|contender| contender.kind.name() == kind.name())
    }

    /// Round by round, how many times as much one cost as the other.
    pub(crate) fn times(&self, [one, other]: [Kind; 2]) -> Option<Series> {
        let (one, other) = (self.of(one)?, self.of(other)?);
        Some(one.us.times(&other.us))
    }
}

impl Contender {
    /// Starts and asks it, once; nothing if there is no such program. The mean length of its replies, too.
    fn start(kind: Kind, setting: &Setting<'_>, folder: &Path) -> Outcome<Option<(Self, usize)>> {
        let Some(server) = Server::start(kind, setting.programs, setting.below, setting.domains, folder)? else {
            return Ok(None);
        };
        let mut load = Load::new(&server.address, kind.protocol(), setting.shape)?;
        let reply_bytes = match kind {
            Kind::Echo(_) => load.burst()? / setting.shape.requests(),
            _ => load.check(setting.domains as usize).map_err(|error| format!("{}: {error}", kind.name()))?,
        };
        Ok(Some((Self { kind, server, load, bursts: 1, us: Series::default(), ratio: Series::default() }, reply_bytes)))
    }

    /// Loads it for a while, to see how many bursts make a turn.
    fn warm_up(&mut self) -> Outcome<()> {
        let (start, mut bursts) = (Instant::now(), 0_u32);
        while start.elapsed() < WARM_UP {
            self.load.burst()?;
            bursts += 1;
        }
        let turn = TURN.as_secs_f64() / (start.elapsed() / bursts).as_secs_f64();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small number of bursts")]
        {
            self.bursts = turn.ceil() as usize;
        }
        Ok(())
    }
}

/// Compares these kinds, the first of which is the daemon, with a floor whose replies are as long as the daemon's.
pub(crate) fn compare(kinds: &[Kind], setting: &Setting<'_>) -> Outcome<Row> {
    let folder = tempfile::tempdir()?;
    let started: Outcome<Vec<_>> = kinds.iter().map(|&kind| Contender::start(kind, setting, folder.path())).collect();
    let mut started: Vec<_> = started?.into_iter().flatten().collect();
    let reply_bytes = started.first().ok_or("nothing to compare")?.1;
    let echo = Contender::start(Kind::Echo(reply_bytes), setting, folder.path())?.ok_or("no echo")?;
    started.insert(0, echo);
    let mut contenders: Vec<_> = started.into_iter().map(|(contender, _)| contender).collect();

    if setting.rounds > 1 {
        contenders.iter_mut().try_for_each(Contender::warm_up)?;
    }
    eprint!("    round");
    for round in 1..=setting.rounds {
        eprint!(" {round}");
        let mut floor = None;
        for Contender { server, load, bursts, us, ratio, .. } in &mut contenders {
            let spent = server.cpu_us_per_request(load, *bursts)?;
            us.0.push(spent);
            ratio.0.push(spent / *floor.get_or_insert(spent));
        }
    }
    eprintln!();
    Ok(Row { reply_bytes, contenders })
}
