//! `domain_stats`: what a monitor wants to know of all domains and the host, in one call.
//!
//! In: a request's params. Out: one sample as JSON, or a failure. It asks nobody but the hypervisor, so it is answered
//! in the loop: one list of domains a sample, libxl's or the hypervisor's own; the machine's totals, and each domain's
//! vcpus, only when they are asked for. Counters are told as they are: rates are for whoever has two samples.
//!
//! With `since`, only domains that have changed in something that is asked for are told: `ledger` keeps what was seen
//! last. Until somebody asks so, there is none.
//!
//! | page | what |
//! |---|---|
//! | `fields` | the members of a domain, and groups of them |
//! | `question` | what a request asks for |
//! | `ledger` | what has changed since when |
//! | `names` | what a domain is called |
//! | `encode` | JSON |

mod encode;
mod fields;
mod ledger;
mod names;
mod question;

use std::hash::{BuildHasher, RandomState};

use rustix::time::{ClockId, clock_gettime};

use crate::error::Failure;
use crate::json::{Params, Writer};
use crate::limits::STATS_VCPUS_MAX;
use crate::xl::sys::{libxl_dominfo, libxl_vcpuinfo};
use crate::xl::{Source, Xl};
use fields::{FIELDS, Values, place};
use ledger::Ledger;
use names::Name;
use question::Question;

/// Answers it.
#[derive(Debug, Default)]
pub struct Stats {
    /// Kept from the first time on that somebody asks what has changed.
    ledger: Option<Ledger>,
    /// Makes 64 bits of a name, and of what a domain's vcpus are like, that nobody outside can foresee.
    hasher: RandomState,
}

/// Why there is no sample.
#[derive(Debug)]
pub struct Failed<'m> {
    /// The function of libxl that was called, without `libxl_`.
    pub function: &'static str,
    /// What it said.
    pub failure: Failure<'m>,
}

fn failed_in<'m>(function: &'static str) -> impl FnOnce(Failure<'m>) -> Failed<'m> {
    move |failure| Failed { function, failure }
}

const LIST_DOMAIN: &str = "list_domain";

impl Stats {
    /// Writes a sample. `knows_names` says whether the names that are known are all that there are.
    ///
    /// # Errors
    /// The params are refused, or libxl fails.
    pub fn answer<'m>(
        &mut self,
        xl: &Xl,
        params: &Params<'m>,
        knows_names: bool,
        writer: &mut Writer<'_>,
    ) -> Result<(), Failed<'m>> {
        let question = Question::read(params).map_err(|refused| failed_in(LIST_DOMAIN)(refused.into()))?;
        let clocks = [ClockId::Monotonic, ClockId::Realtime].map(nanoseconds);
        let mut domains = xl.list_domain().map_err(failed_in(LIST_DOMAIN))?;
        // The hypervisor has them so.
        if !domains.is_sorted_by_key(|domain| domain.domid) {
            domains.sort_unstable_by_key(|domain| domain.domid);
        }
        if question.wants(place::VCPUS) {
            check_vcpus(&question, &domains).map_err(failed_in(LIST_DOMAIN))?;
        }
        let host = question.wants(place::HOST).then(|| xl.physinfo().map_err(failed_in("get_physinfo"))).transpose()?;
        let ledger =
            question.since.map(|_| self.ledger.get_or_insert_with(|| Ledger::new(self.hasher.hash_one(clocks))));
        let knows_names = knows_names || matches!(xl.source(), Source::Simulator);
        let mut sample = Sample { xl, question: &question, ledger, hasher: &self.hasher, knows_names, writer };
        sample.begin(clocks);
        if let Some(host) = host {
            encode::host(sample.writer, &host, domains.len());
        }
        let since = sample.changes(&domains);
        sample.domains(&domains, since);
        sample.end();
        Ok(())
    }
}

/// A sample that is being written.
struct Sample<'s, 'm, 'o> {
    xl: &'s Xl,
    question: &'s Question<'m>,
    /// If the client wants to hear of changes.
    ledger: Option<&'s mut Ledger>,
    hasher: &'s RandomState,
    /// Of all domains that have been gone through.
    knows_names: bool,
    writer: &'s mut Writer<'o>,
}

impl Sample<'_, '_, '_> {
    fn begin(&mut self, [monotonic_ns, wallclock_ns]: [u64; 2]) {
        let writer = &mut *self.writer;
        writer.raw(b"{\"monotonic_ns\":");
        writer.unsigned(monotonic_ns);
        writer.raw(b",\"wallclock_ns\":");
        writer.unsigned(wallclock_ns);
    }

    /// Writes whether all is told, and who has gone; the generation whose changes are told, if not all is.
    fn changes(&mut self, domains: &[libxl_dominfo]) -> Option<u64> {
        let (ledger, writer) = (self.ledger.as_mut()?, &mut *self.writer);
        ledger.meet(domains.iter().map(|info| (info.domid, info.uuid.uuid)));
        let since = self.question.since.filter(|&since| ledger.knows(since));
        writer.raw(if since.is_none() { b",\"full\":true,\"gone\":[" } else { b",\"full\":false,\"gone\":[" });
        let gone = since.into_iter().flat_map(|since| ledger.gone_since(since));
        for (at, (domid, uuid)) in gone.filter(|(domid, _)| self.question.is_about(*domid)).enumerate() {
            writer.raw(if at == 0 { b"" } else { b"," });
            encode::identity(writer, domid, uuid);
            writer.raw(b"}");
        }
        writer.raw(b"]");
        since
    }

    fn domains(&mut self, domains: &[libxl_dominfo], since: Option<u64>) {
        self.writer.raw(b",\"domains\":[");
        let (are_there_any, mut first) = (self.knows_names && self.question.wants(place::NAME), true);
        for (at, info) in domains.iter().enumerate().filter(|(_, info)| self.question.is_about(info.domid)) {
            if are_there_any {
                names::with_name(self.xl, info, |name| self.domain(at, info, name, since, &mut first));
            } else {
                self.domain(at, info, Name::Unknown, since, &mut first);
            }
        }
        self.writer.raw(b"]");
    }

    /// Notes a domain, and writes it if it is to be told.
    #[inline]
    fn domain(&mut self, at: usize, info: &libxl_dominfo, name: Name<'_>, since: Option<u64>, first: &mut bool) {
        let (question, hasher) = (self.question, self.hasher);
        self.knows_names &= matches!(name, Name::Known(_));
        let vcpus = question.wants(place::VCPUS).then(|| self.xl.list_vcpu(info.domid));
        let vcpus = vcpus.as_ref().map(Option::as_deref);
        if let Some(ledger) = &mut self.ledger {
            let mut values = listed_values(info);
            let mut noted = &question.mask;
            match name {
                // The ledger's 0 is for those that are not known.
                Name::Known(name) => values[place::NAME] = hasher.hash_one(name) | 1,
                // Nothing is known of it, least of all that it has changed.
                Name::Unknown => noted = &question.nameless,
            }
            if let Some(vcpus) = vcpus {
                values[place::VCPUS] = hasher.hash_one(vcpus.map(Vcpus));
            }
            ledger.note(at, noted, &values);
            if since.is_some_and(|since| !ledger.has_changed(at, &question.mask, since)) {
                return;
            }
            if question.wants(place::NAME) && matches!(name, Name::Unknown) {
                ledger.forget(at, place::NAME);
            }
        }
        let writer = &mut *self.writer;
        writer.raw(if std::mem::take(first) { b"" } else { b"," });
        encode::identity(writer, info.domid, info.uuid.uuid);
        if question.wants(place::NAME) {
            encode::name(writer, name.known());
        }
        encode::listed(writer, info, question.wanted);
        if let Some(vcpus) = vcpus {
            encode::vcpus(writer, vcpus);
        }
        writer.raw(b"}");
    }

    fn end(&mut self) {
        if self.question.wants(place::NAME) {
            self.writer.raw(if self.knows_names { b",\"names_known\":true" } else { b",\"names_known\":false" });
        }
        if let Some(ledger) = &mut self.ledger {
            self.writer.raw(b",\"generation\":");
            self.writer.unsigned(ledger.settle());
        }
        self.writer.raw(b"}");
    }
}

/// What a clock shows.
fn nanoseconds(clock: ClockId) -> u64 {
    let now = clock_gettime(clock);
    let part = |part: i64| u64::try_from(part).unwrap_or(0);
    part(now.tv_sec) * 1_000_000_000 + part(now.tv_nsec)
}

/// Each vcpu costs hypercalls, which nobody else may have to wait for.
fn check_vcpus<'m>(question: &Question<'m>, domains: &[libxl_dominfo]) -> Result<(), Failure<'m>> {
    const WHY: &str = "the domains have more than 1024 vcpus together, which is more than a call tells: ask for fewer";
    const _: () = assert!(STATS_VCPUS_MAX == 1024, "the text says so");
    let asked = domains.iter().filter(|info| question.is_about(info.domid));
    // A domain without any has the greatest number there is.
    let vcpus: u64 = asked.map(|info| u64::from(info.vcpu_max_id.wrapping_add(1))).sum();
    if vcpus > STATS_VCPUS_MAX { Err(question.refuse_domids(WHY).into()) } else { Ok(()) }
}

/// The members that come with the list of domains, as values that can be compared.
#[inline]
fn listed_values(info: &libxl_dominfo) -> Values {
    let mut values = [0; FIELDS.len()];
    values[place::DOMAIN_TYPE] = i64::from(info.domain_type).cast_unsigned();
    values[place::RUNNING] = info.running.into();
    values[place::BLOCKED] = info.blocked.into();
    values[place::PAUSED] = info.paused.into();
    values[place::SHUTDOWN] = info.shutdown.into();
    values[place::DYING] = info.dying.into();
    values[place::SHUTDOWN_REASON] = i64::from(info.shutdown_reason).cast_unsigned();
    values[place::CPUPOOL] = info.cpupool.into();
    values[place::CPU_TIME] = info.cpu_time;
    values[place::VCPU_ONLINE] = info.vcpu_online.into();
    values[place::VCPU_MAX_ID] = info.vcpu_max_id.into();
    values[place::CURRENT_MEMKB] = info.current_memkb;
    values[place::MAX_MEMKB] = info.max_memkb;
    values[place::OUTSTANDING_MEMKB] = info.outstanding_memkb;
    values[place::SHARED_MEMKB] = info.shared_memkb;
    values[place::PAGED_MEMKB] = info.paged_memkb;
    values
}

/// All that is told of a domain's vcpus, to be hashed.
struct Vcpus<'v>(&'v [libxl_vcpuinfo]);

impl std::hash::Hash for Vcpus<'_> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        for vcpu in self.0 {
            (vcpu.vcpuid, vcpu.cpu, vcpu.online, vcpu.blocked, vcpu.running, vcpu.vcpu_time).hash(state);
        }
    }
}
