//! What has changed since when.
//!
//! In: samples: which domains there are, and values of theirs. Out: for a generation that somebody has, whether it is
//! known here, which domains have changed in something since, and which have gone. It knows no libxl and no clock.
//!
//! A *generation* is the number of a sample that found a change; what it found is stamped with it. Numbers ascend from
//! one that is chosen at random, below 2^51: so those of an earlier daemon are none of this one's, whatever became of
//! the clock, unless by a chance of one in 2^50 for each number that either had; and they stay below 2^53, so that
//! those who have but doubles for numbers can keep them. A domain is who it is by number and uuid: when a number is
//! used again, one domain has gone and another has come.
//!
//! Only what somebody asks for is noted, and that is enough. Who has a generation has had all that they ask for noted
//! then; so whatever was found to be different later, whoever's sample it was, bears a later one. What could not be
//! noted, because it is not known, is *forgotten* when somebody is told so: then whatever it is found to be, be it what
//! it was, is different, and they are told of it.

use std::collections::VecDeque;

use super::fields::{FIELDS, Mask, Values};
use crate::limits::STATS_GONE_MAX;

/// There is room to count before a double does not hold the number any more.
const START_BITS: u32 = 51;

/// Number and uuid.
pub(super) type Identity = (u32, [u8; 16]);

/// What was last seen of each domain, and when that had changed.
#[derive(Debug)]
pub(super) struct Ledger {
    /// The last.
    generation: u64,
    /// Who has gone in generations after this one is known.
    reach: u64,
    /// The sample that is being noted has found a change.
    changed: bool,
    seen: Vec<Seen>,
    /// Those of before, while it is found out which of them are still there.
    before: Vec<Seen>,
    gone: VecDeque<Gone>,
}

/// A domain.
#[derive(Debug, Clone, Copy)]
struct Seen {
    who: Identity,
    /// What was noted last.
    values: Values,
    /// For each, the generation in which it was found to be different from before; at first, that of the domain's
    /// coming.
    changed: [u64; FIELDS.len()],
    /// The last of these.
    latest: u64,
}

/// A domain that is no more.
#[derive(Debug, Clone, Copy)]
struct Gone {
    who: Identity,
    generation: u64,
}

impl Ledger {
    /// Nothing has been seen. Of these bits, which nobody else may have had, the first generation is made.
    pub(super) fn new(random: u64) -> Self {
        // None is 0, which clients have at first.
        let start = random >> (u64::BITS - START_BITS) | 1;
        Self {
            generation: start,
            reach: start,
            changed: false,
            seen: Vec::new(),
            before: Vec::new(),
            gone: VecDeque::new(),
        }
    }

    /// Begins a sample: these are the domains that there are, by number. From now on each is called by its place among
    /// them.
    pub(super) fn meet(&mut self, domains: impl IntoIterator<Item = Identity>) {
        let mut domains = domains.into_iter();
        let mut met = 0;
        // Mostly, they are those of before.
        let next = domains.find(|who| {
            let is_same = self.seen.get(met).is_some_and(|seen| seen.who == *who);
            met += usize::from(is_same);
            !is_same
        });
        let mut before = std::mem::take(&mut self.before);
        before.clear();
        before.extend(self.seen.drain(met..));
        let mut old = before.iter().peekable();
        for who in next.into_iter().chain(domains) {
            while let Some(passed) = old.next_if(|old| old.who.0 < who.0 || (old.who.0 == who.0 && old.who != who)) {
                self.part_with(passed.who);
            }
            match old.next_if(|old| old.who == who) {
                Some(known) => self.seen.push(*known),
                None => self.come(who),
            }
        }
        old.for_each(|passed| self.part_with(passed.who));
        self.before = before;
    }

    /// The generation of what the sample finds.
    fn stamp(&mut self) -> u64 {
        self.changed = true;
        self.generation + 1
    }

    fn come(&mut self, who: Identity) {
        let latest = self.stamp();
        self.seen.push(Seen { who, values: [0; FIELDS.len()], changed: [latest; FIELDS.len()], latest });
    }

    fn part_with(&mut self, who: Identity) {
        if self.gone.len() >= STATS_GONE_MAX
            && let Some(forgotten) = self.gone.pop_front()
        {
            self.reach = forgotten.generation;
        }
        let generation = self.stamp();
        self.gone.push_back(Gone { who, generation });
    }

    /// What the sample says of these fields of a domain.
    #[inline]
    pub(super) fn note(&mut self, at: usize, Mask(fields): &Mask, values: &Values) {
        let known = &self.seen[at].values;
        // Without a branch for each: mostly, nothing has changed.
        let different = |at: usize| (known[at] ^ values[at]) & fields[at];
        if (0..FIELDS.len()).fold(0, |all, at| all | different(at)) != 0 {
            self.renew(at, fields, values);
        }
    }

    #[inline(never)]
    fn renew(&mut self, at: usize, fields: &Values, values: &Values) {
        let stamp = self.stamp();
        let seen = &mut self.seen[at];
        for (field, value) in values.iter().enumerate() {
            if (seen.values[field] ^ value) & fields[field] != 0 {
                seen.values[field] = *value;
                seen.changed[field] = stamp;
            }
        }
        seen.latest = stamp;
    }

    /// Somebody is told that this value of a domain is not known: 0, which it never is when it is known.
    pub(super) fn forget(&mut self, at: usize, field: usize) {
        self.seen[at].values[field] = 0;
    }

    /// Whoever has this generation can be told what has changed since, after [`Ledger::meet`].
    pub(super) fn knows(&self, generation: u64) -> bool {
        (self.reach..=self.generation).contains(&generation)
    }

    /// Has one of these fields of a domain changed since that generation? All have when it has come since.
    #[inline]
    pub(super) fn has_changed(&self, at: usize, Mask(fields): &Mask, since: u64) -> bool {
        let Seen { changed, latest, .. } = &self.seen[at];
        *latest > since && changed.iter().zip(fields).any(|(generation, field)| generation & field > since)
    }

    /// Who has gone since that generation, the last one first.
    pub(super) fn gone_since(&self, since: u64) -> impl Iterator<Item = Identity> {
        self.gone.iter().rev().take_while(move |gone| gone.generation > since).map(|gone| gone.who)
    }

    /// Ends a sample: the generation that whoever is told of it has from now on.
    pub(super) fn settle(&mut self) -> u64 {
        self.generation += u64::from(std::mem::take(&mut self.changed));
        self.generation
    }
}

#[cfg(test)]
#[path = "ledger_tests.rs"]
mod tests;
