"""The heap: what glibc is asked for, and the switch that leaves it alone."""

import pytest

from signjax.runtime import malloc


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
    monkeypatch.setattr(malloc, "_glibc", lambda: library)
    monkeypatch.delenv("SIGNJAX_PLAIN", raising=False)
    return library.options


KEPT = {malloc._M_MMAP_MAX: 0, malloc._M_TRIM_THRESHOLD: -1}


def test_small_steps_get_a_heap_for_each_thread(options):
    malloc.keep_freed_memory(1 << 20)
    assert options == {**KEPT, malloc._M_TOP_PAD: 64 << 20}


@pytest.mark.parametrize("largest", [None, 1 << 30])
def test_large_steps_share_one_heap(options, largest):
    malloc.keep_freed_memory(largest)
    assert options == {**KEPT, malloc._M_ARENA_MAX: 1}


def test_the_switch_leaves_the_heap_alone(options, monkeypatch):
    monkeypatch.setenv("SIGNJAX_PLAIN", "1")
    malloc.keep_freed_memory(1 << 20)
    assert options == {}


def test_another_c_library_is_left_alone(monkeypatch):
    monkeypatch.setattr(malloc, "_glibc", lambda: None)
    malloc.keep_freed_memory(0)


def test_the_c_library_of_this_machine_takes_the_options():
    glibc = malloc._glibc()
    if glibc is None:
        pytest.skip("the C library has no mallopt")
    assert glibc.mallopt(malloc._M_MMAP_MAX, 65536) == 1  # glibc's default
