//! Which domain a call is about.
//!
//! In: a parameter that names it: by number, or as a string by name or uuid. Out: its number, or why there is none.
//! Numbers are used again, names and uuids are not looked up where that may take long: see [`Lookup`].

use super::decode::{self, Decoder};
use super::{Call, Lookup};
use crate::error::{Failure, Fault, Outcome};
use crate::json::{Args, Kind, Value};
use crate::xl::sys::{ERROR_DOMAIN_NOTFOUND, ERROR_INVAL, libxl_dominfo, libxl_uuid};
use crate::xl::{List, Owned, check, present};

/// Numbers from here on are not domains but ways of naming one, such as "the calling one".
const RESERVED: u32 = 0x7ff0;

impl<'m> Call<'m, '_, '_> {
    /// The number of a domain.
    ///
    /// # Errors
    /// The value names none, or finding out is not for this process.
    pub fn domain(&self, value: Value<'m>) -> Result<u32, Failure<'m>> {
        if value.kind() != Kind::String {
            let fault = Fault::Expected("a domain's number, or its name or uuid as a string");
            return if value.kind() == Kind::Number { Ok(value.u32()?) } else { Err(value.refuse(fault).into()) };
        }
        let text = value.str()?;
        if text.is_empty() {
            return Err(value.refuse(Fault::Empty).into());
        }
        if text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(value.refuse(Fault::Rule("a number is written without quotes")).into());
        }
        match self.lookup {
            Lookup::Elsewhere => Err(Failure::Elsewhere),
            Lookup::Known(domid) => Ok(domid),
            lookup => match (decode::uuid(&Decoder::of(self), value), lookup) {
                (Ok(uuid), _) => self.domain_of_uuid(uuid),
                (Err(_), Lookup::Unavailable) => Err(Failure::NamesUnavailable),
                (Err(_), Lookup::Names) => self.domain_of_name(value).map_err(|_| Failure::Elsewhere),
                (Err(_), _) => self.domain_of_name(value),
            },
        }
    }

    fn domain_of_uuid(&self, uuid: &libxl_uuid) -> Result<u32, Failure<'m>> {
        let functions = self.xl.functions();
        let list_domain = present(functions.libxl_list_domain)?;
        let mut count = -1;
        // SAFETY: the table holds this very function; the list is the caller's.
        let domains = unsafe {
            let first = list_domain(self.xl.ctx(), &raw mut count);
            List::new(first, count, functions.libxl_dominfo_list_free)
        };
        if count < 0 {
            return Err(Failure::NoValue);
        }
        let found = domains.iter().find(|domain| domain.uuid.uuid == uuid.uuid);
        found.map(|domain| domain.domid).ok_or(Failure::Libxl(ERROR_DOMAIN_NOTFOUND))
    }

    fn domain_of_name(&self, value: Value<'m>) -> Result<u32, Failure<'m>> {
        let name_to_domid = present(self.xl.functions().libxl_name_to_domid)?;
        let (name, mut domid) = (value.c_str()?, 0);
        // SAFETY: the table holds this very function; the name is a C string in the input buffer.
        match unsafe { name_to_domid(self.xl.ctx(), name, &raw mut domid) } {
            // What libxl says of a name that no domain has.
            ERROR_INVAL => Err(Failure::Libxl(ERROR_DOMAIN_NOTFOUND)),
            code => check(code).map(|()| domid),
        }
    }
}

/// The parameter at `at`, which must be there.
pub(super) fn number<'m, const N: usize>(
    call: &Call<'m, '_, '_>,
    args: &Args<'m, N>,
    at: usize,
) -> Result<u32, Failure<'m>> {
    call.domain(args.read(at, Ok)?).map_err(|failure| match failure {
        Failure::Refused(refused) => args.within(at, refused).into(),
        other => other,
    })
}

/// Refuses Domain-0, and what is no domain's number, for a method that would take the host down.
pub(super) fn check_guest<'m, const N: usize>(args: &Args<'m, N>, at: usize, domid: u32) -> Outcome<'m> {
    const WHY: &str = "not a guest: done to Domain-0, this would take the host down";
    if (1..RESERVED).contains(&domid) { Ok(()) } else { Err(args.refuse(at, Fault::Rule(WHY)).into()) }
}

/// If there is a parameter at `at`, it is the uuid of that domain.
pub(super) fn check_uuid<'m, const N: usize>(
    call: &Call<'m, '_, '_>,
    args: &Args<'m, N>,
    at: usize,
    domid: u32,
) -> Outcome<'m> {
    if args.optional(at).is_none() {
        return Ok(());
    }
    let expected = args.read(at, |value| decode::uuid(&Decoder::of(call), value))?;
    if info(call, domid)?.uuid.uuid == expected.uuid {
        return Ok(());
    }
    Err(args.refuse(at, Fault::Rule("the domain of this number is another one by now")).into())
}

/// There is a domain of that number: asked before a call that would answer for another one.
pub(super) fn check_is_there<'m>(call: &Call<'m, '_, '_>, domid: u32) -> Outcome<'m> {
    info(call, domid).map(drop)
}

fn info<'m, 'd>(call: &Call<'m, 'd, '_>, domid: u32) -> Result<Owned<'d, libxl_dominfo>, Failure<'m>> {
    let functions = call.xl.functions();
    let domain_info = present(functions.libxl_domain_info)?;
    let mut info = Owned::<libxl_dominfo>::new(functions);
    // SAFETY: the table holds this very function, and `info` is initialised.
    check(unsafe { domain_info(call.xl.ctx(), info.as_mut_ptr(), domid) })?;
    Ok(info)
}
