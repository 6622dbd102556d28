//! A sample as JSON.
//!
//! In: libxl's structs, and which members are asked for. Out: bytes in the writer. The form of each member is that of
//! libxl's own encoders.
#![allow(unsafe_code, reason = "unchecked appends into room that was made before")]

use super::fields::place;
use crate::api::{encode, write_uuid};
use crate::json::{Fields, Pen, Writer};
use crate::xl::sys::{libxl_dominfo, libxl_physinfo, libxl_uuid, libxl_vcpuinfo};

/// A member's name with comma, quotes and colon has at most 24 bytes; a value 20, but enumerations' names, which are
/// copied with all of their room, 16.
const MEMBER_BYTES: usize = 44;

/// Who a domain is: the beginning of an object.
#[inline]
pub(super) fn identity(writer: &mut Writer<'_>, domid: u32, uuid: [u8; 16]) {
    let mut pen = writer.room(2 * MEMBER_BYTES);
    // SAFETY: 17 bytes of literals, a number of 10, a uuid of 38.
    unsafe {
        pen.lit(b"{\"domid\":");
        pen.u32(domid);
        pen.lit(b",\"uuid\":");
        write_uuid(&mut pen, &libxl_uuid { uuid });
    }
}

/// Its name; `null` when it is not known that it has one.
pub(super) fn name(writer: &mut Writer<'_>, name: Option<&[u8]>) {
    writer.raw(b",\"name\":");
    match name {
        Some(name) => writer.text(name),
        None => writer.raw(b"null"),
    }
}

/// Those of its members that come with the list of domains and that are asked for.
#[inline]
pub(super) fn listed(writer: &mut Writer<'_>, info: &libxl_dominfo, wanted: Fields) {
    const MEMBERS: usize = place::VCPUS - place::DOMAIN_TYPE;
    let mut pen = writer.room(MEMBERS * MEMBER_BYTES);
    // SAFETY: the room holds each member once.
    unsafe {
        if wanted.contains(place::DOMAIN_TYPE) {
            pen.lit(b",\"domain_type\":");
            pen.name(encode::domain_type(info.domain_type));
        }
        if wanted.contains(place::RUNNING) {
            pen.lit(b",\"running\":");
            pen.bool(info.running);
        }
        if wanted.contains(place::BLOCKED) {
            pen.lit(b",\"blocked\":");
            pen.bool(info.blocked);
        }
        if wanted.contains(place::PAUSED) {
            pen.lit(b",\"paused\":");
            pen.bool(info.paused);
        }
        if wanted.contains(place::SHUTDOWN) {
            pen.lit(b",\"shutdown\":");
            pen.bool(info.shutdown);
        }
        if wanted.contains(place::DYING) {
            pen.lit(b",\"dying\":");
            pen.bool(info.dying);
        }
        if wanted.contains(place::SHUTDOWN_REASON) {
            pen.lit(b",\"shutdown_reason\":");
            pen.name(encode::shutdown_reason(info.shutdown_reason));
        }
        if wanted.contains(place::CPUPOOL) {
            pen.lit(b",\"cpupool\":");
            pen.u32(info.cpupool);
        }
        cpu_and_memory(&mut pen, info, wanted);
    }
}

/// # Safety
/// The pen has room for each of these members once.
#[inline]
unsafe fn cpu_and_memory(pen: &mut Pen<'_>, info: &libxl_dominfo, wanted: Fields) {
    // SAFETY: the caller's room.
    unsafe {
        if wanted.contains(place::CPU_TIME) {
            pen.lit(b",\"cpu_time\":");
            pen.u64(info.cpu_time);
        }
        if wanted.contains(place::VCPU_ONLINE) {
            pen.lit(b",\"vcpu_online\":");
            pen.u32(info.vcpu_online);
        }
        if wanted.contains(place::VCPU_MAX_ID) {
            pen.lit(b",\"vcpu_max_id\":");
            pen.u32(info.vcpu_max_id);
        }
        if wanted.contains(place::CURRENT_MEMKB) {
            pen.lit(b",\"current_memkb\":");
            pen.u64(info.current_memkb);
        }
        if wanted.contains(place::MAX_MEMKB) {
            pen.lit(b",\"max_memkb\":");
            pen.u64(info.max_memkb);
        }
        if wanted.contains(place::OUTSTANDING_MEMKB) {
            pen.lit(b",\"outstanding_memkb\":");
            pen.u64(info.outstanding_memkb);
        }
        if wanted.contains(place::SHARED_MEMKB) {
            pen.lit(b",\"shared_memkb\":");
            pen.u64(info.shared_memkb);
        }
        if wanted.contains(place::PAGED_MEMKB) {
            pen.lit(b",\"paged_memkb\":");
            pen.u64(info.paged_memkb);
        }
    }
}

/// Its vcpus; `null` when it has gone since it was listed.
pub(super) fn vcpus(writer: &mut Writer<'_>, vcpus: Option<&[libxl_vcpuinfo]>) {
    let Some(vcpus) = vcpus else {
        return writer.raw(b",\"vcpus\":null");
    };
    writer.raw(b",\"vcpus\":[");
    for (at, vcpu) in vcpus.iter().enumerate() {
        let mut pen = writer.room(6 * MEMBER_BYTES);
        // SAFETY: six members, the first of which begins with at most as many bytes as a comma and a brace.
        unsafe {
            pen.bytes(if at == 0 { b"{" } else { b",{" });
            pen.lit(b"\"vcpuid\":");
            pen.u32(vcpu.vcpuid);
            pen.lit(b",\"cpu\":");
            pen.u32(vcpu.cpu);
            pen.lit(b",\"online\":");
            pen.bool(vcpu.online);
            pen.lit(b",\"blocked\":");
            pen.bool(vcpu.blocked);
            pen.lit(b",\"running\":");
            pen.bool(vcpu.running);
            pen.lit(b",\"vcpu_time\":");
            pen.u64(vcpu.vcpu_time);
            pen.lit(b"}");
        }
    }
    writer.raw(b"]");
}

/// The host's totals, as a member of the reply.
pub(super) fn host(writer: &mut Writer<'_>, info: &libxl_physinfo, domains: usize) {
    let mut pen = writer.room(14 * MEMBER_BYTES);
    // SAFETY: thirteen members, and as much as one for what is around them.
    unsafe {
        pen.lit(b",\"host\":{\"domain_count\":");
        pen.u64(domains as u64);
        pen.lit(b",\"threads_per_core\":");
        pen.u32(info.threads_per_core);
        pen.lit(b",\"cores_per_socket\":");
        pen.u32(info.cores_per_socket);
        pen.lit(b",\"max_cpu_id\":");
        pen.u32(info.max_cpu_id);
        pen.lit(b",\"nr_cpus\":");
        pen.u32(info.nr_cpus);
        pen.lit(b",\"cpu_khz\":");
        pen.u32(info.cpu_khz);
        pen.lit(b",\"nr_nodes\":");
        pen.u32(info.nr_nodes);
        pen.lit(b",\"total_pages\":");
        pen.u64(info.total_pages);
        pen.lit(b",\"free_pages\":");
        pen.u64(info.free_pages);
        pen.lit(b",\"scrub_pages\":");
        pen.u64(info.scrub_pages);
        pen.lit(b",\"outstanding_pages\":");
        pen.u64(info.outstanding_pages);
        pen.lit(b",\"sharing_freed_pages\":");
        pen.u64(info.sharing_freed_pages);
        pen.lit(b",\"sharing_used_frames\":");
        pen.u64(info.sharing_used_frames);
        pen.lit(b"}");
    }
}
