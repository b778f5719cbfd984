"""The heap: gaps are closed, used memory is not touched, and training closes gaps after compilations."""

import subprocess
import sys

import jax.numpy as jnp
import pytest

from signjax import trainer
from signjax.runtime import malloc as heap

# A separate process with its own heap. It fills the heap, frees three of every four blocks, and prints what it found.
FILL_AND_CLOSE = """
import ctypes, random
from pathlib import Path
from signjax.runtime import malloc as heap

heap.keep_freed_memory(1 << 30)
glibc = heap._glibc()
draw = random.Random(0)
sizes = [int(2 ** draw.uniform(8, 18)) for _ in range(8000)]
blocks = [(glibc.malloc(size), size) for size in sizes]
for number, (block, size) in enumerate(blocks):
    ctypes.memset(block, number % 251, size)
for block, _ in (pair for number, pair in enumerate(blocks) if number % 4):
    glibc.free(block)
kept = [(number, *blocks[number]) for number in range(0, len(blocks), 4)]
resident = lambda: int(Path("/proc/self/statm").read_text().split()[1])
def gaps():
    facts = glibc.mallinfo2()
    return facts.fordblks - facts.keepcost
before, pages = gaps(), resident()
closed = heap.close_gaps()
intact = all(ctypes.string_at(block, size) == bytes([number % 251]) * size for number, block, size in kept)
behind = glibc.malloc(50_000) > max(block for _, block, _ in kept)
print(before, gaps(), pages, resident(), closed, intact, behind)
print(heap.close_gaps() < closed / 10)
"""


@pytest.mark.skipif(heap._glibc() is None, reason="the C library is not glibc 2.33 or later")
def test_gaps_are_closed_and_give_their_pages_back():
    command = [sys.executable, "-c", FILL_AND_CLOSE]
    found = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    before, after, pages_before, pages_after, closed = map(int, found[:5])
    assert before > 100_000_000
    assert after < before / 100
    assert pages_after < pages_before - before / 4096 / 2
    assert closed >= 2000
    assert found[5:] == ["True", "True", "True"]  # intact, the next block lies behind, nothing is left to close


class Recorded:
    """In place of glibc; remembers the options that are set."""

    def __init__(self):
        self.options = {}

    def mallopt(self, option: int, value: int) -> int:
        self.options[option] = value
        return 1


@pytest.fixture
def options(monkeypatch):
    library = Recorded()
    monkeypatch.setattr(heap, "_glibc", lambda: library)
    monkeypatch.delenv("SIGNJAX_PLAIN", raising=False)
    return library.options


KEPT = {heap._M_MMAP_MAX: 0, heap._M_TRIM_THRESHOLD: -1}


def test_small_steps_get_a_heap_for_each_thread(options):
    heap.keep_freed_memory(1 << 20)
    assert options == {**KEPT, heap._M_TOP_PAD: 64 << 20}


@pytest.mark.parametrize("largest", [None, 1 << 30])
def test_large_steps_share_one_heap(options, largest):
    heap.keep_freed_memory(largest)
    assert options == {**KEPT, heap._M_ARENA_MAX: 1}


def test_the_switch_leaves_the_heap_alone(options, monkeypatch):
    monkeypatch.setenv("SIGNJAX_PLAIN", "1")
    heap.keep_freed_memory(1 << 20)
    assert options == {} and heap.close_gaps() == 0


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(heap, "_glibc", lambda: None)
    heap.keep_freed_memory(0)
    assert heap.close_gaps() == 0


def test_gaps_are_closed_after_whatever_was_compiled(monkeypatch):
    compiled, closed = [0], []
    monkeypatch.setattr(trainer, "compilations", lambda: compiled[0])
    monkeypatch.setattr(trainer, "close_gaps", lambda: closed.append(compiled[0]))

    class Recogniser(trainer.Trainer):
        def __init__(self):
            self._compilations = 0
            self.resident = None

        def program(self, frames):
            compiled[0] += frames not in seen
            seen.add(frames)
            return lambda state, resident, batches, count: (state + count, {"loss": jnp.zeros(1)})

    seen = set()
    recogniser, state = Recogniser(), 0
    for frames in (16, 16, 32, 16, 32):
        state, _ = recogniser.dispatch(state, (frames, None, 1))
    assert closed == [1, 2]
    compiled[0] += 1  # the validation's program
    recogniser.dispatch(state, (16, None, 1))
    assert state == 5
    assert closed == [1, 2, 3]
