//! `xenops pools`: CPU pools, in the columns of `xl cpupool-list`.

use std::fmt::Write;

use clap::Args;
use serde::Deserialize;

use super::{Outcome, Session};

/// List CPU pools, in the columns of `xl cpupool-list`
///
/// With --json, the result of list_cpupool, which also says which CPUs a pool has.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  xenops pools
  xenops pools --json | jq -c '.[] | [.pool_name, .cpumap]'")]
pub(crate) struct Pools;

#[derive(Deserialize)]
struct Pool {
    pool_name: Option<String>,
    sched: Option<String>,
    n_dom: u32,
    cpumap: Vec<u32>,
}

impl Pools {
    pub(crate) fn run(&self, session: &mut Session) -> Outcome {
        super::listed(session, "list_cpupool", table)
    }
}

/// The header and the rows are xl's to the character (xl of Xen 4.17).
fn table(pools: &[Pool]) -> String {
    let mut table = "Name               CPUs   Sched     Active   Domain count\n".to_owned();
    for pool in pools {
        let name = pool.pool_name.as_deref().unwrap_or("(null)");
        let sched = pool.sched.as_deref().unwrap_or("(null)");
        writeln!(table, "{name:<19}{:>3} {sched:>9}       y       {:>4}", pool.cpumap.len(), pool.n_dom)
            .expect("a String takes everything");
    }
    table
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_xls_to_the_character() {
        let pool = |name: &str, sched: &str, n_dom, cpus| Pool {
            pool_name: Some(name.to_owned()),
            sched: Some(sched.to_owned()),
            n_dom,
            cpumap: (0..cpus).collect(),
        };
        let pools = [pool("Pool-0", "credit2", 16, 12), pool("batch", "credit", 4, 3)];
        let expected = "\
Name               CPUs   Sched     Active   Domain count
Pool-0              12   credit2       y         16
batch                3    credit       y          4
";
        assert_eq!(table(&pools), expected);
    }
}
