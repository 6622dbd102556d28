//! Domains that come into being: created, restored, reset.
//!
//! In: a configuration. Out: a domain, paused, and the configuration stored with it as libxl stores it. What fails
//! leaves nothing behind but a number that is not given again soon.

use core::ffi::c_int;

use super::build::{devices, domain, need_kb, set_defaults, set_overhead};
use super::change::{changes, refused, slice_of};
use super::host_info::free_kb;
use super::plug_pci::assign;
use super::stored::{to_json, to_store};
use super::stream;
use super::userdata::CONFIGURATION;
use crate::sim::ao::{Outcome, begin};
use crate::sim::ctx::Context;
use crate::sim::world::clock::Meter;
use crate::sim::world::domain::{Domain, Text};
use crate::sim::world::{DOMIDS, Held};
use crate::xl::sys::{
    ERROR_FAIL, ERROR_NI, LIBXL_DOMAIN_TYPE_HVM, libxl_asyncop_how, libxl_asyncprogress_how, libxl_ctx,
    libxl_domain_config, libxl_domain_restore_params,
};

/// As libxl's own. Nobody is told of the console.
pub(crate) unsafe extern "C" fn libxl_domain_create_new(
    ctx: *mut libxl_ctx,
    config: *mut libxl_domain_config,
    domid: *mut u32,
    how: *const libxl_asyncop_how,
    _console: *const libxl_asyncprogress_how,
) -> c_int {
    // SAFETY: a context of ours; configuration and number live until the operation is done.
    unsafe {
        let change = move |context: &Context| create(context, &mut *config, domid, |_| Ok(()));
        begin(ctx, "domain_create_new", how, |_| Ok(()), change)
    }
}

/// As libxl's own, from what the simulated `libxl_domain_suspend` writes. Nobody is told of the console.
pub(crate) unsafe extern "C" fn libxl_domain_create_restore(
    ctx: *mut libxl_ctx,
    config: *mut libxl_domain_config,
    domid: *mut u32,
    from: c_int,
    _back: c_int,
    params: *const libxl_domain_restore_params,
    how: *const libxl_asyncop_how,
    _console: *const libxl_asyncprogress_how,
) -> c_int {
    // SAFETY: a context of ours; configuration, number and descriptor live until the operation is done.
    unsafe {
        let checkpointed = params.as_ref().is_some_and(|params| params.checkpointed_stream != 0);
        let change = move |context: &Context| {
            if checkpointed {
                // A backup would have to live on what a primary sends.
                return Err(refused(
                    context,
                    0,
                    0,
                    "domcreate_stream_start",
                    "no checkpoints are received here",
                    ERROR_NI,
                ));
            }
            let saved = stream::read(context, from)?;
            create(context, &mut *config, domid, |domain| take_over(context, domain, &saved))
        };
        begin(ctx, "domain_create_restore", how, |_| Ok(()), change)
    }
}

/// Lets a new domain be as the saved one was.
fn take_over(context: &Context, domain: &mut Domain, saved: &stream::Saved) -> Outcome {
    if (saved.kind, saved.vcpus) != (domain.head.kind, domain.head.vcpus) {
        let reason = "the stream is of a domain of another kind";
        return Err(refused(context, domain.head.domid, 0, "libxl__xc_domain_restore_done", reason, ERROR_FAIL));
    }
    for (vcpuid, vcpu) in domain.detail.vcpus.iter_mut().take(domain.head.vcpus as usize).enumerate() {
        let online = saved.online >> vcpuid & 1 == 1;
        vcpu.flags = if online { vcpu.flags | ONLINE } else { vcpu.flags & !ONLINE };
        vcpu.cpu_time = Meter { used_ns: 0, ..vcpu.cpu_time };
    }
    super::vital::settle(domain);
    Ok(())
}

const ONLINE: u32 = crate::sim::world::domain::flag::ONLINE;

/// As libxl's own: the domain keeps its number and begins anew, with what the configuration says.
pub(crate) unsafe extern "C" fn libxl_domain_soft_reset(
    ctx: *mut libxl_ctx,
    config: *mut libxl_domain_config,
    domid: u32,
    how: *const libxl_asyncop_how,
    _console: *const libxl_asyncprogress_how,
) -> c_int {
    // SAFETY: a context of ours; the configuration lives until the operation is done.
    unsafe { begin(ctx, "domain_soft_reset", how, |_| Ok(()), move |context| reset(context, &mut *config, domid)) }
}

changes! {
    /// As libxl's own: the configuration gets its defaults.
    libxl_domain_need_memory(config: *mut libxl_domain_config, domid: u32, need: *mut u64) => need_memory;
}

/// # Safety
/// A configuration whose pointers are valid, in memory of libxl's kind; a place for a number.
unsafe fn need_memory(context: &Context, config: *mut libxl_domain_config, _domid: u32, need: *mut u64) -> Outcome {
    // SAFETY: the caller's promise.
    unsafe {
        set_defaults(context, &mut *config)?;
        set_overhead(&mut *config);
        need.write(need_kb(&*config));
    }
    Ok(())
}

/// Makes a domain, and lets `finish` have the last word.
///
/// # Safety
/// As of [`need_memory`].
unsafe fn create(
    context: &Context,
    config: &mut libxl_domain_config,
    to: *mut u32,
    finish: impl FnOnce(&mut Domain) -> Outcome,
) -> Outcome {
    // SAFETY: the caller's promise.
    let given = unsafe { to_json(context, config)? };
    // SAFETY: likewise.
    unsafe { set_defaults(context, config)? };
    let held = context.lock()?;
    let domid = new_domid(context, &held, config.c_info.domid)?;
    // SAFETY: likewise; libxl says which number it was, also when it failed.
    unsafe {
        to.write(domid);
        let made = domain(context, config, domid).and_then(|made| check(context, &made).map(|()| made));
        let mut made = made.map_err(|code| {
            context.report().about(domid).say("initiate_domain_create", format_args!("cannot make domain: {code}"));
            ERROR_FAIL
        })?;
        check_memory(context, config, domid)?;
        finish(&mut made)?;
        // libxl destroys what it has begun to make, and says no more than that.
        publish(context, &held, &given, config, &made).map_err(|_| ERROR_FAIL)
    }
}

/// A number for a new domain: the wanted one, if it is a guest's, else the next.
fn new_domid(context: &Context, held: &Held<'_>, wanted: u32) -> Result<u32, c_int> {
    let world = context.world();
    let fail = |errno| {
        context.report().because(errno).say("libxl__domain_make", format_args!("domain creation fail"));
        ERROR_FAIL
    };
    if (1..DOMIDS).contains(&(wanted as usize)) {
        return if world.head(wanted).is_none() { Ok(wanted) } else { Err(fail(libc::EEXIST)) };
    }
    world.take_domid(held).ok_or_else(|| fail(libc::ENOMEM))
}

/// Its name is nobody else's.
fn check(context: &Context, made: &Domain) -> Outcome {
    let (domid, name) = (made.head.domid, made.detail.name);
    if context.world().names().all(|(other, theirs)| other == domid || theirs.as_c_str() != name.as_c_str()) {
        return Ok(());
    }
    let reason = format!("Domain with name \"{}\" already exists.", name.as_c_str().to_string_lossy());
    Err(refused(context, domid, 0, "libxl__domain_rename", &reason, crate::xl::sys::ERROR_INVAL))
}

/// There is memory for it, and something to boot.
fn check_memory(context: &Context, config: &libxl_domain_config, domid: u32) -> Outcome {
    let b_info = &config.b_info;
    let boots = b_info.type_ == LIBXL_DOMAIN_TYPE_HVM || !b_info.kernel.is_null() || !b_info.bootloader.is_null();
    let free_kb = free_kb(context.world(), &context.world().machine());
    let (function, reason) = match boots {
        false => ("libxl__build_dom", "xc_dom_kernel_file failed"),
        true if need_kb(config) > free_kb => ("libxl__build_dom", "xc_dom_boot_mem_init failed"),
        true => return Ok(()),
    };
    let errno = if boots { libc::ENOMEM } else { libc::ENOENT };
    context.report().about(domid).because(errno).say(function, format_args!("{reason}"));
    Err(refused(context, domid, 0, "domcreate_rebuild_done", "cannot (re-)build domain: -3", ERROR_FAIL))
}

/// # Safety
/// As of [`need_memory`].
unsafe fn publish(
    context: &Context,
    held: &Held<'_>,
    given: &[u8],
    config: &mut libxl_domain_config,
    made: &Domain,
) -> Outcome {
    let (world, domid) = (context.world(), made.head.domid);
    // SAFETY: the caller's promise.
    let devices = unsafe { devices(context, config, domid)? };
    let mut machine = world.machine();
    // SAFETY: likewise.
    for pci in unsafe { slice_of(config.pcidevs, config.num_pcidevs) } {
        // SAFETY: likewise.
        unsafe { assign(context, &mut machine, domid, pci)? };
    }
    // SAFETY: likewise.
    let json = unsafe { to_store(context, given, config)? };
    world.store_userdata(held, domid, CONFIGURATION, &json).map_err(|_| {
        let reason = "cannot write libxl-json: the simulated host has no room for it";
        refused(context, domid, libc::ENOSPC, "libxl__userdata_store", reason, ERROR_FAIL)
    })?;
    // Devices first belong to a domain that there is not; if nobody comes to make it, the next change takes them back.
    world.set_machine(held, &machine);
    world.add_domain(held, made, &devices);
    Ok(())
}

/// # Safety
/// As of [`need_memory`].
unsafe fn reset(context: &Context, config: &mut libxl_domain_config, domid: u32) -> Outcome {
    let held = context.lock()?;
    let Some(old) = context.world().domain(domid).filter(|_| domid != 0) else {
        let function = "libxl_domain_soft_reset";
        return Err(refused(context, domid, libc::ESRCH, function, "unable to get domain type", ERROR_FAIL));
    };
    // SAFETY: the caller's promise.
    unsafe {
        let given = to_json(context, config)?;
        set_defaults(context, config)?;
        let mut made = domain(context, config, domid)?;
        made.head.uuid = old.head.uuid;
        made.detail.store.started_s = old.detail.store.started_s;
        made.detail.name = Text::new(&old.detail.name.as_c_str().to_string_lossy());
        let mut machine = context.world().machine();
        machine.release(|owner| owner == domid);
        context.world().set_machine(&held, &machine);
        publish(context, &held, &given, config, &made)
    }
}
