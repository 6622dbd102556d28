//! Memory with a fence behind each piece.
//!
//! In: allocations. Out: the same from the system, and a count of those behind which something was written by the time
//! they were freed. An encoder writes without checks into room that it made; what it writes beyond shows here.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

/// What stands behind each piece; as much as the longest single write of a pen.
const FENCE: [u8; 64] = [0xa5; 64];

/// The system's allocator, with fences.
pub(crate) struct Fenced {
    broken: AtomicUsize,
}

impl Fenced {
    pub(crate) const fn new() -> Self {
        Self { broken: AtomicUsize::new(0) }
    }

    /// How many fences were found broken.
    pub(crate) fn broken(&self) -> usize {
        self.broken.load(Ordering::Relaxed)
    }
}

/// The layout of a piece and its fence.
fn fenced(layout: Layout) -> Option<Layout> {
    Layout::from_size_align(layout.size().checked_add(FENCE.len())?, layout.align()).ok()
}

// SAFETY: each piece begins a larger one of the system's.
unsafe impl GlobalAlloc for Fenced {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let Some(larger) = fenced(layout) else {
            return std::ptr::null_mut();
        };
        // SAFETY: not of size 0; the fence lies within, behind the piece.
        unsafe {
            let piece = System.alloc(larger);
            if !piece.is_null() {
                piece.add(layout.size()).copy_from_nonoverlapping(FENCE.as_ptr(), FENCE.len());
            }
            piece
        }
    }

    unsafe fn dealloc(&self, piece: *mut u8, layout: Layout) {
        let larger = fenced(layout).expect("it was allocated");
        // SAFETY: a piece of `alloc` with the same layout, so there is a fence behind it.
        unsafe {
            if piece.add(layout.size()).cast::<[u8; FENCE.len()]>().read() != FENCE {
                self.broken.fetch_add(1, Ordering::Relaxed);
            }
            System.dealloc(piece, larger);
        }
    }
}

#[test]
fn a_byte_written_behind_a_piece_shows() {
    let memory = Fenced::new();
    let layout = Layout::new::<[u8; 100]>();
    for (at, broken) in [(99, 0), (100, 1), (163, 2)] {
        // SAFETY: the piece and its fence are 164 bytes.
        unsafe {
            let piece = memory.alloc(layout);
            piece.add(at).write(0);
            memory.dealloc(piece, layout);
        }
        assert_eq!(memory.broken(), broken);
    }
}
