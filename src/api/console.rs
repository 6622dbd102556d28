//! `xen_console_read`: what the hypervisor has written to its console.
//!
//! In: `clear`, optional: true empties the console's buffer. Out: the text as one string. libxl hands it out line by
//! line from a reader that has to be finished; here it is read to the end at once.

use core::ffi::{CStr, c_int};

use super::Call;
use crate::error::{Failure, Outcome};
use crate::xl::present;
use crate::xl::sys::{Functions, libxl_ctx, libxl_xen_console_reader};

/// A reader that was started and will be finished.
struct Reader<'f> {
    functions: &'f Functions,
    ctx: *mut libxl_ctx,
    reader: *mut libxl_xen_console_reader,
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        if let Some(finish) = self.functions.libxl_xen_console_read_finish {
            // SAFETY: a reader that libxl started, and which nobody uses any more.
            unsafe { finish(self.ctx, self.reader) };
        }
    }
}

impl Reader<'_> {
    /// The next part of the text, which is a line or the beginning of a long one.
    fn next(&mut self) -> Result<Option<&CStr>, Failure<'static>> {
        let read_line = present(self.functions.libxl_xen_console_read_line)?;
        let mut line = core::ptr::null_mut();
        // SAFETY: a reader that libxl started; the line is the reader's until the next call.
        unsafe {
            match read_line(self.ctx, self.reader, &raw mut line) {
                0 => Ok(None),
                1 => Ok(Some(CStr::from_ptr(line))),
                code => Err(Failure::Libxl(code)),
            }
        }
    }
}

/// Reads it all.
pub(super) fn xen_console_read<'m>(call: &mut Call<'m, '_, '_>) -> Outcome<'m> {
    let functions = call.xl.functions();
    let start = present(functions.libxl_xen_console_read_start)?;
    let args = call.params.bind(&["clear"])?;
    let clear = args.optional(0).is_some() && args.bool(0)?;
    let ctx = call.xl.ctx();
    // SAFETY: the table holds this very function.
    let reader = unsafe { start(ctx, c_int::from(clear)) };
    if reader.is_null() {
        return Err(Failure::NoValue);
    }
    let mut reader = Reader { functions, ctx, reader };
    let mut text = Vec::new();
    while let Some(line) = reader.next()? {
        text.extend_from_slice(line.to_bytes());
    }
    call.writer.text(&text);
    Ok(())
}
