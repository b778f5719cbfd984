"""A bounded number of damaged files: each gives a tree or a `PickleError`. `fuzz` is the unbounded version, to be run by hand."""

import resource

import pytest

from tests.pickles.fuzz import number, read, seeds

INPUTS = 8_000
PARTS = 4


@pytest.mark.parametrize("part", range(PARTS))
@pytest.mark.filterwarnings("ignore:Duplicate name")  # zipfile, about archives that are mutated on purpose
def test_damaged_files_are_read_or_refused(part: int) -> None:
    files = seeds()
    for content in files:
        read(content, part)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    outcomes = {"read": 0, "refused": 0}
    for i in range(part, INPUTS, PARTS):
        outcomes[read(number(i, 0, files), i // PARTS)] += 1
    grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert min(outcomes.values()) > INPUTS // PARTS // 40, "mutations that are all refused, or none, test nothing"
    assert grown < 64 << 10, f"{grown} KiB"
