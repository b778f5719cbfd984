"""The C library's heap, from which XLA on a CPU takes the memory of every step.

XLA allocates when a step begins, and all through it: its operations ask for scratch memory and small objects, from several
threads. How fast that goes decides a good part of a step, and depends on what the process did with the heap before.

These functions speak to glibc (mallopt(3), mallinfo(3), malloc_trim(3)). Under another C library they do nothing.
"""

import ctypes
from functools import cache

# Numbers of glibc's mallopt (malloc.h).
_M_TRIM_THRESHOLD, _M_TOP_PAD, _M_MMAP_MAX, _M_ARENA_MAX = -1, -2, -4, -8

# Bytes of a thread's heap (glibc's HEAP_MAX_SIZE where addresses have 64 bits), and what a block may have that is to lie in one.
_THREAD_HEAP = 64 << 20
_FITS_A_THREAD = 56 << 20

# Gaps are closed with blocks of at most so many bytes, as the last attempt of a size is taken from the heap's end and given back.
_LARGEST_PLUG = 64 << 20

# Gaps below this many bytes have lists of their own for each size, where nobody searches.
_LEAST_GAP = 128

# More than a heap can have at its end: none of it is given back.
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
    """The C library, or None where it lacks one of glibc's functions (mallinfo2: glibc 2.33)."""
    try:
        library = ctypes.PyDLL(None)  # keeps Python's lock: the calls are short, and there are many
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
    """Has the C library keep the memory that is freed, for the next one who asks, instead of giving it back to the system.

    Memory that went back to the system between two steps must be mapped and cleared again, page by page, a good part of a
    large step.

    Threads have heaps of their own, and need not wait for one another's requests, where a step's memory fits in; to be called
    before they start.

    Args:
      largest_block: bytes that a device asks for at once in every step, about; None where nobody knows.
    """
    glibc = _glibc()
    if glibc is None:
        return
    if largest_block is not None and largest_block <= _FITS_A_THREAD:
        glibc.mallopt(_M_TOP_PAD, _THREAD_HEAP)  # a heap is made whole and never shrinks
    else:
        # A block that no thread's heap can hold would be mapped anew in each step, whatever M_MMAP_MAX says. All share one heap.
        glibc.mallopt(_M_ARENA_MAX, 1)
    glibc.mallopt(_M_MMAP_MAX, 0)
    glibc.mallopt(_M_TRIM_THRESHOLD, -1)


def close_gaps() -> int:
    """Takes the free memory between blocks in use out of the heap for good, and gives its pages back to the system.

    Tracing and compiling leave tens of thousands of gaps, which make up most of the heap. Whoever asks for memory then has glibc
    search through them, while other threads wait. Closed, they are no longer found; memory comes from the heap's end. Their pages
    go back first, and a gap keeps its addresses and at most the page with its header.

    Threads' heaps only give their pages back. What compiled has ended, and with it the use of its heap.

    Returns:
      The number of blocks with which the gaps were closed; 0 under another C library.
    """
    glibc = _glibc()
    if glibc is None:
        return 0
    glibc.malloc_trim(_ALL)
    # A heap that does not end where the process's data end is left alone: all its blocks lie above.
    end = glibc.sbrk(0) - glibc.mallinfo2().keepcost
    closed, size = 0, _LARGEST_PLUG
    while size >= _LEAST_GAP:
        block = glibc.malloc(size)
        if block is not None and block < end:
            closed += 1
            continue
        # No gap is left that holds so much: this came from the end.
        glibc.free(block)
        size -= size // 8
    return closed
