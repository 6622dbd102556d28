//! Hypercalls by way of libxencall, whose interface is stable: it is loaded by name, at the start.
//!
//! In: the number of a hypercall and the address of its request. Out: its return code, or an `errno`. Memory that a
//! hypercall reads or writes has to come from here: the hypervisor finds no page that the kernel has moved. The library
//! is never unloaded.

use core::ffi::{CStr, c_char, c_int, c_uint, c_void};
use core::mem::transmute;
use std::io;
use std::ptr::NonNull;

use super::sys::XEN_SYSCTL_INTERFACE_VERSION;
use crate::xl::sys::{__va_list_tag, xentoollog_level, xentoollog_logger};

const LIBRARY: &CStr = c"libxencall.so.1";

/// Why the hypervisor cannot be asked without libxl.
#[derive(Debug)]
pub enum Unusable {
    /// libxencall is not there, or lacks this function.
    Library(String),
    /// The kernel lets nobody through, or not us.
    Door(io::Error),
    /// The hypervisor does not take the call.
    Refused(io::Error),
}

impl std::fmt::Display for Unusable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "cannot ask the hypervisor without libxl: ")?;
        match self {
            Self::Library(why) => write!(f, "{}: {why}", LIBRARY.to_string_lossy()),
            Self::Door(error) => write!(f, "/dev/xen/privcmd: {error} (this host does not run Xen, or not root)"),
            Self::Refused(error) if error.raw_os_error() == Some(libc::EACCES) => write!(
                f,
                "it refuses sysctl interface {XEN_SYSCTL_INTERFACE_VERSION:#x}, so it is of another release: {error}"
            ),
            Self::Refused(error) => write!(f, "XEN_SYSCTL_getdomaininfolist: {error}"),
        }
    }
}

impl std::error::Error for Unusable {}

/// libxencall's handle, which nobody looks into.
#[repr(C)]
struct Handle {
    private: [u8; 0],
}

type Open = unsafe extern "C" fn(*mut xentoollog_logger, c_uint) -> *mut Handle;
type Close = unsafe extern "C" fn(*mut Handle) -> c_int;
type Call1 = unsafe extern "C" fn(*mut Handle, c_uint, u64) -> c_int;
type AllocBuffer = unsafe extern "C" fn(*mut Handle, usize) -> *mut c_void;
type FreeBuffer = unsafe extern "C" fn(*mut Handle, *mut c_void);

/// An open way to the hypervisor.
#[derive(Debug)]
pub(super) struct Calls {
    handle: NonNull<Handle>,
    call1: Call1,
    alloc_buffer: AllocBuffer,
    free_buffer: FreeBuffer,
    close: Close,
}

impl Calls {
    /// Opens it.
    pub(super) fn open() -> Result<Self, Unusable> {
        // SAFETY: a NUL-terminated name; the library has no constructors that matter.
        let library = unsafe { libc::dlopen(LIBRARY.as_ptr(), libc::RTLD_NOW | libc::RTLD_LOCAL) };
        if library.is_null() {
            return Err(Unusable::Library("cannot be loaded".to_owned()));
        }
        let find = |name: &CStr| {
            // SAFETY: an open library and a NUL-terminated name.
            let found = NonNull::new(unsafe { libc::dlsym(library, name.as_ptr()) });
            found.ok_or_else(|| Unusable::Library(format!("it has no {}", name.to_string_lossy())))
        };
        // SAFETY: functions of these signatures, by xencall.h, which a library of this soname keeps to.
        unsafe {
            let open = transmute::<NonNull<c_void>, Open>(find(c"xencall_open")?);
            let close = transmute::<NonNull<c_void>, Close>(find(c"xencall_close")?);
            let call1 = transmute::<NonNull<c_void>, Call1>(find(c"xencall1")?);
            let alloc_buffer = transmute::<NonNull<c_void>, AllocBuffer>(find(c"xencall_alloc_buffer")?);
            let free_buffer = transmute::<NonNull<c_void>, FreeBuffer>(find(c"xencall_free_buffer")?);
            let handle = open((&raw const SILENT).cast_mut(), 0);
            let handle = NonNull::new(handle).ok_or_else(|| Unusable::Door(io::Error::last_os_error()))?;
            Ok(Self { handle, call1, alloc_buffer, free_buffer, close })
        }
    }

    /// Memory for so many values, zeroed; `None` when there is none. It is given back by [`Calls::free`] alone.
    pub(super) fn alloc<T>(&self, count: usize) -> Option<NonNull<T>> {
        const { assert!(align_of::<T>() <= 16) };
        let bytes = size_of::<T>().checked_mul(count)?;
        // SAFETY: an open handle. What is returned lies 16 bytes behind the beginning of a page.
        NonNull::new(unsafe { (self.alloc_buffer)(self.handle.as_ptr(), bytes) }.cast())
    }

    /// Gives memory back.
    ///
    /// # Safety
    /// It came from [`Calls::alloc`] of this value and is not used again.
    pub(super) unsafe fn free<T>(&self, memory: NonNull<T>) {
        // SAFETY: the caller's promise.
        unsafe { (self.free_buffer)(self.handle.as_ptr(), memory.as_ptr().cast()) };
    }

    /// A hypercall with one argument, the address of its request.
    ///
    /// # Safety
    /// The request is one of this hypercall; it and all memory that it names came from [`Calls::alloc`].
    pub(super) unsafe fn call<T>(&self, number: u32, request: NonNull<T>) -> io::Result<c_int> {
        // SAFETY: an open handle, and the caller's promise.
        match unsafe { (self.call1)(self.handle.as_ptr(), number, request.as_ptr().expose_provenance() as u64) } {
            code if code < 0 => Err(io::Error::last_os_error()),
            code => Ok(code),
        }
    }
}

impl Drop for Calls {
    /// Memory that was allocated here stays mapped.
    fn drop(&mut self) {
        // SAFETY: an open handle, used no more.
        unsafe { (self.close)(self.handle.as_ptr()) };
    }
}

/// What libxencall has to say is its `errno`, too.
static SILENT: xentoollog_logger = xentoollog_logger { vmessage: Some(ignore), progress: None, destroy: None };

unsafe extern "C" fn ignore(
    _: *mut xentoollog_logger,
    _: xentoollog_level,
    _: c_int,
    _: *const c_char,
    _: *const c_char,
    _: *mut __va_list_tag,
) {
}
