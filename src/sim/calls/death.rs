//! The end of a domain.
//!
//! In: a number. Out: first a domain that is dying, which lists still show, without a name, a part of xenstore or
//! devices; then none. Between the two lies the time that operations take here, as a hypervisor takes it to free the
//! memory of a large domain. A domain whose destruction was never finished stays dying until somebody destroys it.

use core::ffi::c_int;

use bytemuck::Zeroable;

use super::change::refused;
use super::vital::settle;
use crate::sim::ao::{Outcome, begin_in_two};
use crate::sim::ctx::Context;
use crate::sim::world::World;
use crate::sim::world::domain::{Domain, Head, Store, Text, flag};
use crate::xl::sys::{ERROR_DOMAIN_NOTFOUND, ERROR_FAIL, libxl_asyncop_how, libxl_ctx};

/// As libxl's own, with the domain of its device model.
pub(crate) unsafe extern "C" fn libxl_domain_destroy(
    ctx: *mut libxl_ctx,
    domid: u32,
    how: *const libxl_asyncop_how,
) -> c_int {
    // SAFETY: a context of ours.
    unsafe {
        let victim = Context::of(ctx).world().head(domid).map(|head| head.uuid);
        let first = move |context: &Context| kill(context, domid, victim);
        let then = move |context: &Context| bury(context, domid, victim);
        begin_in_two(ctx, "domain_destroy", how, |_| Ok(()), first, then)
    }
}

/// Makes a domain one that is dying. What it has besides its record and its devices is for the caller to take away.
pub(in crate::sim) fn let_die(domain: &mut Domain) {
    domain.head.flags |= flag::DYING;
    domain.detail.name = Text::new("");
    domain.detail.store = Store::zeroed();
    domain.detail.device_places = 0;
    settle(domain);
}

/// The domain of that number, if it is this one and may be destroyed, with that of its device model.
fn victims(world: &World, domid: u32, uuid: Option<[u8; 16]>) -> Vec<Domain> {
    if domid == 0 || uuid.is_none() || world.head(domid).map(|head| head.uuid) != uuid {
        return Vec::new();
    }
    let is_one = |head: &Head| head.domid == domid || u32::try_from(head.device_model_of) == Ok(domid);
    world.heads().filter(is_one).filter_map(|head| world.domain(head.domid)).collect()
}

fn kill(context: &Context, domid: u32, uuid: Option<[u8; 16]>) -> Outcome {
    let (held, world) = (context.lock()?, context.world());
    for mut domain in victims(world, domid, uuid) {
        let_die(&mut domain);
        world.set_domain(&held, &domain);
        world.strip_domain(&held, domain.head.domid);
    }
    Ok(())
}

fn bury(context: &Context, domid: u32, uuid: Option<[u8; 16]>) -> Outcome {
    let (held, world) = (context.lock()?, context.world());
    let victims = victims(world, domid, uuid);
    for domain in &victims {
        world.remove_domain(&held, domain.head.domid);
    }
    drop(held);
    if !victims.is_empty() {
        return Ok(());
    }
    if domid == 0 {
        // libxl would go on and take Domain-0's part of xenstore away.
        let (function, reason) = ("libxl__destroy_domid", "xc_domain_pause failed");
        return Err(refused(context, domid, libc::EINVAL, function, reason, ERROR_FAIL));
    }
    context.report().about(domid).say("libxl__destroy_domid", format_args!("Non-existant domain"));
    Err(ERROR_DOMAIN_NOTFOUND)
}
