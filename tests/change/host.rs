//! A context on the simulated host, and what most tests ask it for.

use std::ffi::{CStr, CString, c_char};
use std::ptr::null;

use xenopsd::sim;
use xenopsd::xl::sys::{
    LIBXL_DOMAIN_TYPE_PVH, libxl_bitmap, libxl_domain_config, libxl_domain_type, libxl_dominfo, libxl_vcpuinfo,
};
use xenopsd::xl::{List, Managed, Owned, Xl};

use crate::call;

/// Domains that are there before any test.
pub(crate) const DOMAINS: u32 = 40;

/// A context.
pub(crate) struct Host {
    pub(crate) xl: Xl,
}

/// A string in C's memory, for a struct that will be disposed.
pub(crate) fn text(text: &str) -> *mut c_char {
    unsafe { libc::strdup(CString::new(text).unwrap().as_ptr()) }
}

/// An array in C's memory.
pub(crate) fn array<T>(values: Vec<T>) -> (*mut T, i32) {
    unsafe {
        let first = libc::calloc(values.len(), size_of::<T>()).cast::<T>();
        let count = values.len();
        values.into_iter().enumerate().for_each(|(at, value)| first.add(at).write(value));
        (first, i32::try_from(count).unwrap())
    }
}

/// A bitmap over bytes of the caller's.
pub(crate) fn bitmap(bytes: &mut [u8]) -> libxl_bitmap {
    libxl_bitmap { size: u32::try_from(bytes.len()).unwrap(), map: bytes.as_mut_ptr() }
}

impl Host {
    pub(crate) fn open() -> Self {
        Self { xl: Xl::open(sim::start(DOMAINS, 7).unwrap()).unwrap() }
    }

    /// What libxl has said since the last time, a line each.
    pub(crate) fn heard(&self) -> String {
        let lines: Vec<String> =
            self.xl.log().lines().map(|line| String::from_utf8_lossy(line.bytes()).into_owned()).collect();
        self.xl.log().clear();
        lines.join("\n")
    }

    /// An initialised value.
    pub(crate) fn owned<T: Managed>(&self) -> Owned<'_, T> {
        Owned::new(self.xl.functions())
    }

    /// A value whose strings and arrays become another's.
    pub(crate) fn initial<T: Managed>(&self) -> T {
        let mut value = std::mem::MaybeUninit::zeroed();
        unsafe {
            T::init(self.xl.functions(), value.as_mut_ptr());
            value.assume_init()
        }
    }

    /// The configuration of a small domain: 64 MiB, two vcpus of which one is online, no devices.
    pub(crate) fn config(&self, name: &str, kind: libxl_domain_type) -> Owned<'_, libxl_domain_config> {
        let mut config = self.owned::<libxl_domain_config>();
        let inner = unsafe { &mut *config.as_mut_ptr() };
        inner.c_info.type_ = kind;
        inner.c_info.name = text(name);
        unsafe { (self.xl.functions().libxl_domain_build_info_init_type)(&raw mut inner.b_info, kind) };
        inner.b_info.kernel = text("/boot/vmlinuz");
        inner.b_info.max_vcpus = 2;
        (inner.b_info.max_memkb, inner.b_info.target_memkb) = (64 << 10, 64 << 10);
        config
    }

    /// Creates a domain: its number or the code.
    pub(crate) fn try_create(&self, config: &mut Owned<'_, libxl_domain_config>) -> Result<u32, i32> {
        let mut domid = 0;
        match call!(self, libxl_domain_create_new, config.as_mut_ptr(), &raw mut domid, null(), null()) {
            0 => Ok(domid),
            code => Err(code),
        }
    }

    /// Creates a small PVH domain, paused.
    pub(crate) fn create(&self, name: &str) -> u32 {
        self.try_create(&mut self.config(name, LIBXL_DOMAIN_TYPE_PVH)).unwrap()
    }

    /// Creates a small PVH domain that runs.
    pub(crate) fn run(&self, name: &str) -> u32 {
        let domid = self.create(name);
        assert_eq!(call!(self, libxl_domain_unpause, domid, null()), 0);
        domid
    }

    pub(crate) fn name(&self, domid: u32) -> Option<String> {
        let name = call!(self, libxl_domid_to_name, domid);
        if name.is_null() {
            return None;
        }
        unsafe {
            let text = CStr::from_ptr(name).to_str().unwrap().to_owned();
            libc::free(name.cast());
            Some(text)
        }
    }

    /// What `libxl_domain_info` says; the code if there is no such domain.
    pub(crate) fn info(&self, domid: u32) -> Result<libxl_dominfo, i32> {
        let mut info = self.initial::<libxl_dominfo>();
        match call!(self, libxl_domain_info, &raw mut info, domid) {
            0 => Ok(info),
            code => Err(code),
        }
    }

    /// The vcpus of a domain.
    pub(crate) fn vcpus(&self, domid: u32) -> List<'_, libxl_vcpuinfo> {
        let (mut count, mut cpus) = (0, 0);
        let first = call!(self, libxl_list_vcpu, domid, &raw mut count, &raw mut cpus);
        unsafe { List::new(first, count, self.xl.functions().libxl_vcpuinfo_list_free) }
    }

    /// What the domain could be created from again.
    pub(crate) fn configuration(&self, domid: u32) -> Owned<'_, libxl_domain_config> {
        let mut config = self.owned::<libxl_domain_config>();
        assert_eq!(call!(self, libxl_retrieve_domain_configuration, domid, config.as_mut_ptr(), null()), 0);
        config
    }

    /// What nobody has, in KiB.
    pub(crate) fn free_kb(&self) -> u64 {
        let mut free = 0;
        assert_eq!(call!(self, libxl_get_free_memory, &raw mut free), 0);
        free
    }
}

/// A string of a struct's.
pub(crate) fn read(text: *const c_char) -> String {
    assert!(!text.is_null());
    unsafe { CStr::from_ptr(text) }.to_str().unwrap().to_owned()
}
