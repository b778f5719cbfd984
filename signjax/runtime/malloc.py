"""Tunes the C library's heap, from which XLA on a CPU takes the memory of every step.

XLA allocates at the beginning of a step and throughout it: its operations request scratch memory and small objects, from several
threads. The speed of these allocations is a large part of the time of a step, and depends on the previous use of the heap.

With jax 0.10.2 and glibc 2.36 on two cores, a heap per thread made a step of 16 clips 6 to 16 % faster, keeping freed memory a step
of 64 clips 14 %, and closing gaps one of 64 clips 7 to 13 % where its program was compiled in the same process. docs/performance.md
has the command. Set `$SIGNJAX_PLAIN=1` to leave the heap as it is.

These functions call glibc (mallopt(3), mallinfo(3), malloc_trim(3)). With other C libraries they do nothing.
"""

import ctypes
from functools import cache

from signjax.runtime.plain import plain

# Parameter numbers of glibc's mallopt (malloc.h).
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -2, -4, -8

# The size of a thread's heap (glibc's HEAP_MAX_SIZE with 64-bit addresses), and of the largest block that fits into one.
_THREAD_HEAP = 64 << 20
_FITS_A_THREAD = 56 << 20

# The size of the largest block that closes gaps. The last attempt at each size is taken from the heap's end and freed.
_LARGEST_PLUG = 64 << 20

# Smaller gaps are in separate lists for each size, which need no search.
_LEAST_GAP = 128

# More than a heap can have at its end, so that none of it is returned.
_ALL = ctypes.c_size_t(-1).value // 2


class _HeapFacts(ctypes.Structure):
    """glibc's `struct mallinfo2`."""

    _fields_ = [
        (name, ctypes.c_size_t)
        for name in (
            "arena", "ordblks", "smblks", "hblks", "hblkhd", "usmblks", "fsmblks", "uordblks", "fordblks", "keepcost",
        )
    ]  # fmt: skip


@cache
def _glibc() -> ctypes.PyDLL | None:
    """The C library, or None if it lacks one of glibc's functions (mallinfo2: glibc 2.33)."""
    try:
        library = ctypes.PyDLL(None)  # keeps Python's global lock: the calls are short and numerous
        library.malloc.restype, library.malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
        library.free.restype, library.free.argtypes = None, [ctypes.c_void_p]
        library.sbrk.restype, library.sbrk.argtypes = ctypes.c_void_p, [ctypes.c_ssize_t]
        library.malloc_trim.restype, library.malloc_trim.argtypes = ctypes.c_int, [ctypes.c_size_t]
        library.mallopt.restype, library.mallopt.argtypes = ctypes.c_int, [ctypes.c_int, ctypes.c_int]
        library.mallinfo2.restype, library.mallinfo2.argtypes = _HeapFacts, []
    except (OSError, AttributeError, TypeError):
        return None
    return library


def keep_freed_memory(largest_block: int | None) -> None:
    """Makes the C library keep freed memory for later allocations instead of returning it to the system.

    Memory that is returned to the system between two steps must be mapped and cleared again, page by page, which takes a large
    part of a step that uses much memory.

    If the memory of a step fits into the heaps of the threads, each thread keeps its own, so that threads do not wait for one
    another. Call this before any threads start.

    Args:
      largest_block: approximate size in bytes of the largest allocation of a device in every step; None if it is not known.
    """
    glibc = _glibc()
    if glibc is None or plain():
        return
    if largest_block is not None and largest_block <= _FITS_A_THREAD:
        glibc.mallopt(_M_TOP_PAD, _THREAD_HEAP)  # a heap is created at full size and never shrinks
    else:
        # A block too large for a thread's heap would be mapped again in each step, whatever M_MMAP_MAX is. So all share one heap.
        glibc.mallopt(_M_ARENA_MAX, 1)
    glibc.mallopt(_M_MMAP_MAX, 0)
    glibc.mallopt(_M_TRIM_THRESHOLD, -1)


def close_gaps() -> int:
    """Permanently removes the free memory between used blocks from the heap, and returns its pages to the system.

    Tracing and compiling leave tens of thousands of gaps, which make up most of the heap. For every allocation, glibc then searches
    through them while other threads wait. Once the gaps are closed, memory comes from the heap's end. Their pages are returned to
    the system first, so a closed gap costs only its addresses and at most the page with its header.

    The heaps of other threads only return their pages: compilation has ended, and with it the use of these heaps.

    Returns:
      The number of blocks that closed the gaps; 0 with another C library.
    """
    glibc = _glibc()
    if glibc is None or plain():
        return 0
    glibc.malloc_trim(_ALL)
    # A heap that does not end at the end of the process's data segment is left alone: all its blocks are above that.
    end = glibc.sbrk(0) - glibc.mallinfo2().keepcost
    closed, size = 0, _LARGEST_PLUG
    while size >= _LEAST_GAP:
        block = glibc.malloc(size)
        if block is not None and block < end:
            closed += 1
            continue
        # No gap of this size is left: this block came from the heap's end.
        glibc.free(block)
        size -= size // 8
    return closed
