"""Tensors and arrays from the fast paths equal those that the machine reads instruction by instruction."""

import itertools
import random
from typing import Any
from unittest import mock

import numpy as np
import pytest

from signjax.pickles import PickleError, reader
from signjax.pickles.interpreter import fast_path_array, fast_path_tensor
from signjax.pickles.limits import Limits
from signjax.pickles.strided_view import View
from signjax.pickles.write import CudaTensor
from tests.pickles.fuzz import mutated
from tests.pickles.truth import fixtures
from tests.pickles.usual import arrays, clips, usual

INPUTS = 3_000


def none_read(_buffer: Any, _code: Any, pos: int, frame_end: int, _stack: Any, _memo: Any, skipped: int) -> Any:
    return pos, frame_end, skipped, 0


def files() -> list[bytes]:
    plain = [path.read_bytes() for path, _ in fixtures() if path.suffix == ".pkl"]
    return [content for content in plain if len(content) < 64 << 10] + clips() + arrays()


def outcome(content: bytes, limits: Limits = Limits()) -> Any:  # noqa: B008 -- frozen
    """Everything observable about the content of a file: values, types, layouts, shared objects and shared memory."""
    arrays: list[np.ndarray[Any, Any]] = []

    def leaf(view: View) -> np.ndarray[Any, Any]:
        arrays.append(view.array())
        layouts.append((view.offset, view.strides, view.nbytes, view.device, view.conj, view.neg, view.swap))
        return arrays[-1]

    layouts: list[Any] = []
    try:
        tree = reader.parse(memoryview(content), limits, leaf, verify=True)
    except PickleError as error:
        return str(error)
    # NumPy compares memory in pairs; few are enough to see whether storages are shared.
    shared = [np.may_share_memory(a, b) for a, b in itertools.combinations(arrays[:12], 2)]
    return described(tree, {}), layouts, shared


def described(value: Any, seen: dict[int, int]) -> Any:
    number = seen.setdefault(id(value), len(seen)) if isinstance(value, np.ndarray | list | dict) else None
    if isinstance(value, np.ndarray):
        content = [described(item, seen) for item in value.ravel()] if value.dtype == object else value.tobytes()
        return "array", number, value.dtype.str, value.shape, content
    if isinstance(value, dict):
        return "dict", number, [(described(key, seen), described(item, seen)) for key, item in value.items()]
    if isinstance(value, list | tuple):
        return type(value).__name__, number, [described(item, seen) for item in value]
    return type(value).__name__, repr(sorted(value, key=repr) if isinstance(value, set | frozenset) else value)


def alone(content: bytes, limits: Limits = Limits()) -> Any:  # noqa: B008 -- frozen
    with (
        mock.patch.multiple(fast_path_tensor, read_run=none_read, read_first=none_read),
        mock.patch.object(fast_path_array, "read_run", none_read),
    ):
        return outcome(content, limits)


@pytest.mark.parametrize("content", files())
def test_whole_files_are_the_same(content: bytes) -> None:
    assert outcome(content) == alone(content)


@pytest.mark.parametrize(
    ("module", "contents", "wanted"),
    [
        # Of the first file's four, one is so small that it is written with another instruction.
        (fast_path_tensor, clips(), (3, 4, 5, 3, 40)),
        # Not the first array of a file, which spells out the names, nor those of text, in another order, without elements or
        # dimensions, or of objects; nor those of the last file in whose instructions a frame ends.
        (fast_path_array, arrays(), (7, 7, 4, 2, 34)),
    ],
)
def test_common_forms_are_read_at_once(module: Any, contents: list[bytes], wanted: tuple[int, ...]) -> None:
    counts = []

    def counted(*arguments: Any) -> Any:
        result = read_run(*arguments)
        counts.append(result[3])
        return result

    read_run = module.read_run
    found = []
    for content in contents:
        counts.clear()
        with mock.patch.object(module, "read_run", counted):
            outcome(content)
        found.append(sum(counts))
    assert tuple(found) == wanted


@pytest.mark.parametrize("part", range(4))
def test_damaged_files_are_the_same(part: int) -> None:
    contents = files()
    read = 0
    for i in range(part, INPUTS, 4):
        chance = random.Random(f"usual/{i}")
        content = mutated(chance.choice(contents), chance, contents)
        found = outcome(content)
        assert found == alone(content), i
        read += type(found) is not str
    assert INPUTS // 4 > read > INPUTS // 80, "damage that is never or always refused tests nothing"


@pytest.mark.parametrize("content", clips() + arrays())
def test_each_byte_counts(content: bytes) -> None:
    """One byte changed anywhere, to values that occur in instructions and sizes."""
    chance = random.Random(len(content))
    for at in sorted(chance.sample(range(len(content)), min(len(content), 500))):
        for byte in chance.sample(
            b"\x00\x01\x02\x28\x2e\x42\x4a\x4b\x4d\x52\x68\x74\x85\x86\x87\x89\x8c\x93\x94\x95\xff", 2
        ):
            changed = content[:at] + bytes([byte]) + content[at + 1 :]
            assert outcome(changed) == alone(changed), (at, byte)


@pytest.mark.parametrize(("content", "most"), [(clips()[0], 160), (arrays()[0], 800)])
def test_limits_count_what_is_read_at_once(content: bytes, most: int) -> None:
    outcomes = [outcome(content, Limits(opcodes=count)) for count in range(60, most)]
    assert outcomes == [alone(content, Limits(opcodes=count)) for count in range(60, most)]
    assert type(outcomes[0]) is str and type(outcomes[-1]) is not str


@pytest.mark.parametrize("entry", range(64))
@pytest.mark.parametrize(
    "tree",
    [
        [CudaTensor(np.arange(6.0).reshape(2, 3)), CudaTensor(np.arange(2))],
        [np.arange(6.0).reshape(2, 3), np.arange(2), np.arange(3), np.arange(2.0, dtype=np.float32)],
    ],
    ids=["tensors", "arrays"],
)
def test_a_pickle_may_refer_to_what_was_left_out(tree: list[Any], entry: int) -> None:
    """A list of tensors or arrays, followed by any entry of the memo."""
    content = usual(tree)
    assert content.endswith(b"e.")
    frame = int.from_bytes(content[3:11], "little")
    assert frame == len(content) - 11
    again = content[:3] + (frame + 2).to_bytes(8, "little") + content[11:-2] + b"h%ce." % entry
    assert outcome(again) == alone(again)
    stored = content[:3] + (frame + 2).to_bytes(8, "little") + content[11:-2] + b"eq%c." % entry
    assert outcome(stored) == alone(stored)


@pytest.mark.parametrize("content", [clips()[2], arrays()[2]])
def test_values_and_bytes_are_bounded_alike(content: bytes) -> None:
    for limits in (Limits(values=5), Limits(ratio=0, allowance=100), Limits(ratio=0, allowance=4000), Limits(depth=2)):
        assert outcome(content, limits) == alone(content, limits)
