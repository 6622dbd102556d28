//! The image under those who change it, and who die while they do.

use bytemuck::Zeroable;

use super::device::Vtpm;
use super::*;

fn domain(domid: u32) -> Domain {
    Domain { head: Head { domid, ..Head::zeroed() }, detail: Detail::zeroed() }
}

#[test]
fn domains_are_listed_by_number() {
    let world = World::new(0).unwrap();
    let held = world.lock().unwrap();
    for domid in [64, 0, 0x7fef, 63] {
        world.add_domain(&held, &domain(domid), &[]);
    }
    let listed: Vec<u32> = world.heads().map(|head| head.domid).collect();
    assert_eq!(listed, [0, 63, 64, 0x7fef]);
    assert_eq!(world.domain_count(), 4);
    assert!(world.head(63).is_some());
    assert!([1, 62, 0x7ff0, u32::MAX].into_iter().all(|domid| world.head(domid).is_none()));
}

#[test]
fn a_successor_does_not_inherit_devices() {
    let world = World::new(0).unwrap();
    let held = world.lock().unwrap();
    let device = |devid| Device::new(devid, &Vtpm { uuid: [7; 16] });
    world.add_domain(&held, &domain(5), &[device(0), device(1)]);
    assert_eq!(world.devices(5).map(|device| device.devid).collect::<Vec<_>>(), [0, 1]);
    world.add_domain(&held, &domain(5), &[device(2)]);
    assert_eq!(world.devices(5).map(|device| device.devid).collect::<Vec<_>>(), [2]);
    assert_eq!(world.devices(6).count(), 0);
}

#[test]
fn devices_are_added_replaced_and_taken_away() {
    let world = World::new(0).unwrap();
    let held = world.lock().unwrap();
    let device = |devid, byte| Device::new(devid, &Vtpm { uuid: [byte; 16] });
    world.add_domain(&held, &domain(5), &[device(0, 1)]);
    world.add_device(&held, 5, &device(1, 2)).unwrap();
    assert!(world.set_device(&held, 5, &device(0, 0), None));
    assert!(!world.set_device(&held, 5, &device(0, 0), None), "it is gone");
    assert!(world.set_device(&held, 5, &device(1, 0), Some(&device(1, 3))));
    let uuids = || Vec::from_iter(world.devices(5).filter_map(|device| Some(device.body::<Vtpm>()?.uuid[0])));
    assert_eq!(uuids(), [3]);
    for devid in 2..=24 {
        world.add_device(&held, 5, &device(devid, 4)).unwrap();
    }
    assert_eq!(uuids().len(), DEVICES_MAX);
    assert_eq!(world.add_device(&held, 5, &device(25, 4)), Err(Full));
    assert_eq!(world.add_device(&held, 6, &device(0, 4)), Err(Full), "there is no such domain");
}

/// A child process that is killed with the lock, after it gave a domain's things away and before it made the domain.
#[test]
fn whoever_dies_with_the_lock_leaves_nothing_to_a_domain_that_is_not_there() {
    let world = World::new(0).unwrap();
    {
        let held = world.lock().unwrap();
        world.add_domain(&held, &domain(1), &[]);
        world.store_userdata(&held, 1, "xl", b"kept").unwrap();
        let mut machine = world.machine();
        (machine.pci[0].owner, machine.pci[1].owner) = (1, domain::NONE);
        world.set_machine(&held, &machine);
    }
    // SAFETY: the child only takes the lock, writes to the image and is killed: it allocates nothing and never returns.
    let child = unsafe { libc::fork() };
    if child == 0 {
        let held = world.lock();
        if let Ok(held) = &held {
            let mut machine = world.machine();
            machine.pci[1].owner = 2;
            world.set_machine(held, &machine);
            let _ = world.store_userdata(held, 2, "xl", b"lost");
        }
        // SAFETY: it ends this process.
        unsafe {
            libc::kill(libc::getpid(), libc::SIGKILL);
            libc::_exit(1);
        }
    }
    let mut status = 0;
    // SAFETY: our own child.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);
    assert_eq!(libc::WTERMSIG(status), libc::SIGKILL);
    assert_eq!(world.machine().pci[1].owner, 2, "nobody has looked yet");
    let held = world.lock().unwrap();
    assert_eq!((world.machine().pci[0].owner, world.machine().pci[1].owner), (1, domain::NONE));
    world.add_domain(&held, &domain(2), &[]);
    assert_eq!(world.userdata(&held, 2, "xl"), None);
    assert_eq!(world.userdata(&held, 1, "xl").as_deref(), Some(&b"kept"[..]));
}
