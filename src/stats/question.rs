//! What one request asks for.
//!
//! In: its params. Out: a [`Question`], or a refusal that says which of them will not do.

use super::fields::{FIELDS, GROUPS, IDENTITY, Mask, members, place, usual};
use crate::api::read_domids;
use crate::error::{Fault, Refused};
use crate::json::{Args, Fields, Params};

/// The parameters.
const PARAMS: &[&str; 4] = &["groups", "fields", "domids", "since"];
const DOMIDS: usize = 2;

/// A request's params, read.
#[derive(Debug)]
pub(super) struct Question<'m> {
    args: Args<'m, 4>,
    /// Members of each domain, and of the reply: who a domain is, is always among them.
    pub(super) wanted: Fields,
    /// The same, of each domain.
    pub(super) mask: Mask,
    /// Those without the name.
    pub(super) nameless: Mask,
    /// The only domains that are asked about, ascending.
    domids: Option<&'m [u32]>,
    /// The generation that the client has.
    pub(super) since: Option<u64>,
}

impl<'m> Question<'m> {
    pub(super) fn read(params: &Params<'m>) -> Result<Self, Refused<'m>> {
        let args = params.bind(PARAMS)?;
        let groups = args.fields(0, GROUPS)?;
        let fields = args.fields(1, FIELDS)?;
        let chosen = groups.into_iter().flatten().flat_map(members).chain(fields.into_iter().flatten());
        let usual = (groups.is_none() && fields.is_none()).then(usual).into_iter().flatten();
        let wanted = Fields::of(IDENTITY.chain(chosen).chain(usual));
        let domids = read_domids(&args, DOMIDS)?;
        let since = args.optional(3).map(|_| args.u64(3)).transpose()?;
        let mask = Mask::from(wanted);
        let mut nameless = mask;
        nameless.0[place::NAME] = 0;
        Ok(Self { args, wanted, mask, nameless, domids, since })
    }

    /// Is this domain asked about?
    #[inline]
    pub(super) fn is_about(&self, domid: u32) -> bool {
        self.domids.is_none_or(|domids| domids.binary_search(&domid).is_ok())
    }

    /// Is this member asked for?
    #[inline]
    pub(super) fn wants(&self, at: usize) -> bool {
        self.wanted.contains(at)
    }

    /// Refuses the choice of domains.
    #[cold]
    pub(super) fn refuse_domids(&self, why: &'static str) -> Refused<'m> {
        self.args.refuse(DOMIDS, Fault::Rule(why))
    }
}
