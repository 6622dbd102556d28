//! The simulated host in memory: a sealed memfd, or a file, mapped shared by all who simulate it.
//!
//! In: a seed. Out: [`World`], whose records everybody may read at any time without waiting. The image has a fixed
//! layout without pointers: a header, the machine, a bit for each domid in use, the domains, places for their devices.
//! A domain's number is its place, so nothing is searched, and pages of numbers that were never used do not exist.
//! What lists show of domains lies densely, apart from the rest, and each copy apart from the other: a list reads
//! memory from one end to the other.
//!
//! Who changes the host takes the lock, fills a record's spare copy and publishes it by one store. A domain comes by
//! its records first and its bit in `present` last, and goes by that bit alone. Whoever reads the bit and then a record
//! sees the domain, or its successor of the same number, whole. What can be summed up from records (free memory, the
//! domains of a cpupool) is stored nowhere, so it cannot be wrong. What refers to a domain that is gone, because
//! somebody died while it went, is taken away by the next holder of the lock.

pub(crate) mod clock;
pub(crate) mod conduct;
pub(crate) mod console;
pub(crate) mod device;
pub(crate) mod domain;
mod file;
mod latch;
mod lock;
pub(crate) mod machine;
mod map;
mod passing;
mod userdata;

use core::mem::offset_of;
use core::sync::atomic::{AtomicU64, Ordering};
use std::io;

use bytemuck::Pod;

use conduct::Conduct;
use console::Console;
use device::{DEVICES_MAX, Device};
use domain::{Detail, Domain, Head, Name};
use latch::{Latch, Latched, Words};
use lock::Lock;
use machine::Machine;
use userdata::Userdata;

pub(crate) use lock::Held;
pub(crate) use map::World;

/// Xen gives numbers below this one to domains.
pub(crate) const DOMIDS: usize = 0x7ff0;

/// The first bytes of an image.
const MAGIC: u64 = u64::from_be_bytes(*b"xenworld");
/// The same of one that is being made.
const UNFINISHED: u64 = u64::from_be_bytes(*b"xenmakes");
/// To be raised with every change of a record.
const VERSION: u64 = 3;

/// What lies in the memfd, or in the file.
#[derive(Debug)]
#[repr(C)]
struct Image {
    header: Header,
    machine: Latched<Machine>,
    console: Latched<Console>,
    /// A bit for each domid in use.
    present: [AtomicU64; DOMIDS.div_ceil(64)],
    /// Those of them that came by themselves and that nobody has touched since.
    passing: [AtomicU64; DOMIDS.div_ceil(64)],
    domains: Domains,
    /// The first device of each domain, the second of each, and so on: most domains have few.
    devices: [[Latched<Device>; DOMIDS]; DEVICES_MAX],
    userdata: Userdata,
}

/// Records of domains, by number: one latch for both halves of each, so that one store replaces both.
#[derive(Debug)]
#[repr(C)]
struct Domains {
    latches: [Latch; DOMIDS],
    heads: [[Words<Head>; DOMIDS]; 2],
    details: [[Words<Detail>; DOMIDS]; 2],
}

/// What a process that maps an image looks at first.
#[derive(Debug)]
#[repr(C)]
struct Header {
    magic: AtomicU64,
    version: AtomicU64,
    /// Of the image: another build's records may differ.
    size: AtomicU64,
    seed: AtomicU64,
    /// When the machine was up.
    boot: AtomicU64,
    /// How often something has happened by itself.
    happened: AtomicU64,
    /// All words of `present` from this one on are 0 and always were.
    present_words: AtomicU64,
    conduct: Conduct,
    lock: Lock,
}

/// There is no place left for what should be added.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Full;

impl World {
    /// The right to change the host.
    pub(crate) fn lock(&self) -> io::Result<Held<'_>> {
        let held = self.image().header.lock.hold()?;
        if held.is_inherited() {
            self.forget_the_dead(&held);
        }
        Ok(held)
    }

    /// Takes away what refers to domains that there are not.
    fn forget_the_dead(&self, held: &Held<'_>) {
        let is_gone = |domid: u32| self.place(domid).is_none();
        let mut machine = self.machine();
        if machine.release(is_gone) {
            self.set_machine(held, &machine);
        }
        self.image().userdata.remove(held, |domid, _| is_gone(domid));
    }

    /// How operations go.
    pub(crate) fn conduct(&self) -> &Conduct {
        &self.image().header.conduct
    }

    /// What was made up from.
    pub(crate) fn seed(&self) -> u64 {
        self.image().header.seed.load(Ordering::Relaxed)
    }

    /// The hypervisor's console.
    pub(crate) fn console(&self) -> Console {
        self.image().console.get()
    }

    /// Replaces the console.
    pub(crate) fn set_console(&self, held: &Held<'_>, console: &Console) {
        self.image().console.publish(held, console);
    }

    /// What is stored with a domain under a name. The lock is held so that nobody replaces it meanwhile.
    pub(crate) fn userdata(&self, held: &Held<'_>, domid: u32, name: &str) -> Option<Vec<u8>> {
        self.place(domid)?;
        self.image().userdata.get(held, domid, name)
    }

    /// Stores something with a domain (that may come into being only afterwards), in place of what has the name.
    pub(crate) fn store_userdata(&self, held: &Held<'_>, domid: u32, name: &str, data: &[u8]) -> Result<(), Full> {
        self.keep(held, domid);
        self.image().userdata.store(held, domid, name, data)
    }

    /// Forgets what is stored with a domain under a name.
    pub(crate) fn unlink_userdata(&self, held: &Held<'_>, domid: u32, name: &str) {
        self.keep(held, domid);
        self.image().userdata.remove(held, |owner, its| owner == domid && its == name);
    }

    /// The machine.
    pub(crate) fn machine(&self) -> Machine {
        self.image().machine.get()
    }

    /// Replaces the machine.
    pub(crate) fn set_machine(&self, held: &Held<'_>, machine: &Machine) {
        self.image().machine.publish(held, machine);
    }

    /// Makes a domain known, under the number in its record, with its devices: at most [`DEVICES_MAX`].
    pub(crate) fn add_domain(&self, held: &Held<'_>, domain: &Domain, devices: &[Device]) {
        let image = self.image();
        let place = domain.head.domid as usize;
        self.keep(held, domain.head.domid);
        for (row, device) in image.devices.iter().zip(devices) {
            row[place].publish(held, device);
        }
        // What a predecessor of the same number left at later places is not the domain's.
        let detail = Detail { device_places: devices.len().min(DEVICES_MAX) as u64, ..domain.detail };
        image.domains.latches[place].publish(held, |copy| {
            image.domains.heads[copy][place].store(&domain.head);
            image.domains.details[copy][place].store(&detail);
        });
        image.header.present_words.fetch_max((place / 64 + 1) as u64, Ordering::Release);
        image.present[place / 64].fetch_or(1 << (place % 64), Ordering::Release);
    }

    /// Replaces what is known of a domain that there is, but for its devices.
    pub(crate) fn set_domain(&self, held: &Held<'_>, domain: &Domain) {
        self.keep(held, domain.head.domid);
        self.update_domain(held, domain);
    }

    /// The same when it is not done for the domain's sake.
    pub(crate) fn update_domain(&self, held: &Held<'_>, domain: &Domain) {
        let (image, place) = (self.image(), domain.head.domid as usize);
        image.domains.latches[place].publish(held, |copy| {
            image.domains.heads[copy][place].store(&domain.head);
            image.domains.details[copy][place].store(&domain.detail);
        });
    }

    /// Takes away what a domain has besides its record and its devices.
    pub(crate) fn strip_domain(&self, held: &Held<'_>, domid: u32) {
        let mut machine = self.machine();
        if machine.release(|owner| owner == domid) {
            self.set_machine(held, &machine);
        }
        self.image().userdata.remove(held, |owner, _| owner == domid);
    }

    /// A number for a new domain, as the hypervisor chooses it: the next one that is free.
    pub(crate) fn take_domid(&self, held: &Held<'_>) -> Option<u32> {
        let mut machine = self.machine();
        let first = usize::try_from(machine.next_domid).unwrap_or(1).max(1);
        let candidates = (first..DOMIDS).chain(1..first.min(DOMIDS)).filter_map(|domid| u32::try_from(domid).ok());
        let domid = { candidates }.find(|&domid| self.place(domid).is_none())?;
        machine.next_domid = u64::from(domid) + 1;
        self.set_machine(held, &machine);
        Some(domid)
    }

    /// Takes a domain away, and with it what it has.
    pub(crate) fn remove_domain(&self, held: &Held<'_>, domid: u32) {
        if let Some(place) = self.place(domid) {
            self.keep(held, domid);
            self.image().present[place / 64].fetch_and(!(1 << (place % 64)), Ordering::Release);
            self.forget_the_dead(held);
        }
    }

    /// Gives a domain that there is one more device.
    pub(crate) fn add_device(&self, held: &Held<'_>, domid: u32, device: &Device) -> Result<(), Full> {
        let mut domain = self.domain(domid).ok_or(Full)?;
        self.keep(held, domid);
        let rows = &self.image().devices;
        let used = usize::try_from(domain.detail.device_places).unwrap_or(DEVICES_MAX);
        let is_free = |row: &usize| *row >= used || rows[*row][domid as usize].get().kind == 0;
        let row = (0..DEVICES_MAX).find(is_free).ok_or(Full)?;
        rows[row][domid as usize].publish(held, device);
        if row >= used {
            domain.detail.device_places = row as u64 + 1;
            self.set_domain(held, &domain);
        }
        Ok(())
    }

    /// Replaces the device of a domain that has the same kind and number, or (`None`) takes it away. Whether there is
    /// one.
    pub(crate) fn set_device(&self, held: &Held<'_>, domid: u32, which: &Device, by: Option<&Device>) -> bool {
        let Some(domain) = self.domain(domid) else {
            return false;
        };
        let places = usize::try_from(domain.detail.device_places).unwrap_or(DEVICES_MAX);
        let mut rows = self.image().devices.iter().take(places).map(|row| &row[domid as usize]);
        let is_it = |device: Device| (device.kind, device.devid) == (which.kind, which.devid);
        let Some(record) = rows.find(|row| is_it(row.get())) else {
            return false;
        };
        self.keep(held, domid);
        record.publish(held, &by.copied().unwrap_or_else(Device::none));
        true
    }

    /// The words of `present` that may be other than 0.
    fn present(&self) -> &[AtomicU64] {
        let words = self.image().header.present_words.load(Ordering::Acquire);
        let most = self.image().present.len();
        &self.image().present[..usize::try_from(words).unwrap_or(most).min(most)]
    }

    /// How many domains there are.
    pub(crate) fn domain_count(&self) -> usize {
        let ones = |word: &AtomicU64| word.load(Ordering::Relaxed).count_ones() as usize;
        self.present().iter().map(ones).sum()
    }

    /// The places of all domains, ascending.
    #[inline]
    fn places(&self) -> impl Iterator<Item = usize> {
        self.present().iter().zip((0..).step_by(64)).flat_map(|(word, first)| {
            let mut bits = word.load(Ordering::Acquire);
            core::iter::from_fn(move || {
                let place = first + bits.trailing_zeros() as usize;
                let any = bits != 0;
                bits &= bits.wrapping_sub(1);
                any.then_some(place)
            })
        })
    }

    /// What lists show of every domain, by number.
    #[inline]
    pub(crate) fn heads(&self) -> impl Iterator<Item = Head> {
        self.places().map(|place| self.head_at(place))
    }

    #[inline]
    fn head_at(&self, place: usize) -> Head {
        let domains = &self.image().domains;
        domains.latches[place].read(|copy| domains.heads[copy][place].load())
    }

    /// What lists show of one domain.
    pub(crate) fn head(&self, domid: u32) -> Option<Head> {
        self.place(domid).map(|place| self.head_at(place))
    }

    /// One domain.
    pub(crate) fn domain(&self, domid: u32) -> Option<Domain> {
        let (place, domains) = (self.place(domid)?, &self.image().domains);
        Some(domains.latches[place].read(|copy| Domain {
            head: domains.heads[copy][place].load(),
            detail: domains.details[copy][place].load(),
        }))
    }

    /// The name of one domain, if it has one (any more).
    pub(crate) fn name(&self, domid: u32) -> Option<Name> {
        self.place(domid).and_then(|place| self.name_at(place))
    }

    fn name_at(&self, place: usize) -> Option<Name> {
        let name: Name = self.detail_at(place, offset_of!(Detail, name));
        (!name.is_empty()).then_some(name)
    }

    /// One field of what is asked of single domains, by its offset.
    fn detail_at<P: Pod>(&self, place: usize, offset: usize) -> P {
        let domains = &self.image().domains;
        domains.latches[place].read(|copy| domains.details[copy][place].part(offset))
    }

    /// The numbers of domains with their names.
    pub(crate) fn names(&self) -> impl Iterator<Item = (u32, Name)> {
        let number = |place| u32::try_from(place).unwrap_or(u32::MAX);
        self.places().filter_map(move |place| Some((number(place), self.name_at(place)?)))
    }

    /// The devices of one domain.
    pub(crate) fn devices(&self, domid: u32) -> impl Iterator<Item = Device> {
        let devices = self.place(domid).map(|place| {
            let places: u64 = self.detail_at(place, offset_of!(Detail, device_places));
            let rows = self.image().devices.iter().take(usize::try_from(places).unwrap_or(DEVICES_MAX));
            rows.map(move |row| row[place].get()).filter(|device| device.kind != 0)
        });
        devices.into_iter().flatten()
    }

    /// The place of a domain that there is.
    fn place(&self, domid: u32) -> Option<usize> {
        let place = usize::try_from(domid).ok().filter(|&place| place < DOMIDS)?;
        let word = self.image().present[place / 64].load(Ordering::Acquire);
        (word & (1 << (place % 64)) != 0).then_some(place)
    }
}

#[cfg(test)]
mod tests;
