"""NumPy's streams: no two draw the same numbers, and those of the built-in corpora never change."""

import ast
import subprocess
import sys
from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from signjax.rng.numpy_streams import FixedStream, Stream, fixed_numpy_stream, numpy_stream

PACKAGE = Path(__file__).parents[2] / "signjax"


def test_no_two_streams_of_a_seed_draw_the_same_whatever_counts_their_draws():
    counters = [(), (1,), (2,), (1, 1), (2, 1), (1, 2), (1, 1, 1), (2, 5, 1)]
    drawn = {
        numpy_stream(seed, stream, *numbers).integers(1 << 62)
        for seed in range(5)
        for stream in get_args(Stream)
        for numbers in counters
    }
    assert len(drawn) == 5 * len(get_args(Stream)) * len(counters)


def test_fixed_streams_draw_the_same_again_and_differ():
    first, second = ([fixed_numpy_stream(name).random() for name in get_args(FixedStream)] for _ in range(2))
    assert first == second
    assert len(set(first)) == len(get_args(FixedStream))


@pytest.mark.parametrize(("stream", "number"), [("split", 0), ("signer", 1), ("take", 2), ("hamnosys_clip", 3)])
def test_what_corpora_and_splits_draw_is_what_they_always_drew(stream, number):
    """If this fails, the built-in corpora and the splits of all users' data have changed."""
    assert numpy_stream(7, stream, 3).random() == np.random.default_rng([7, number, 3]).random()
    assert numpy_stream(7, "split").random() == np.random.default_rng(7).random()


def test_generators_are_made_nowhere_else():
    found = [
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr in ("default_rng", "SeedSequence", "RandomState", "Philox")
    ]
    assert set(found) == {"rng/numpy_streams.py"}


def test_the_streams_are_there_without_jax():
    check = "import sys, signjax.rng.numpy_streams; sys.exit('jax' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", check], check=False, timeout=60).returncode == 0
