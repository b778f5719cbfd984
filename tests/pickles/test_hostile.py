"""Every attack of the corpus is refused, and none leaves a trace."""

import sys
from contextlib import suppress
from pathlib import Path

import pytest

from signjax.pickles import Limits, PickleError, Unknown, inspect, load
from signjax.pickles.__main__ import main
from signjax.pickles.interpreter.allowlist import GLOBALS
from tests.pickles.forge import legacy, name, persistent, pickle, record, tensor, text
from tests.pickles.hostile import CANARY, attacks, broken

ATTACKS = attacks()
# The one that asks for nothing: with a dictionary for a memo it is simply the empty list that it says it is.
HARMLESS = "memo index of 4 billion"
# Lies in the numbers themselves, which `inspect` does not read.
SEEN_BY_LOAD = ("truth values of 7", "mask of 7", "characters beyond Unicode", "wrong checksum")


# Attacks that no reader could mistake for a fault of the disk; for others it is enough that they are refused.
DAMAGED = {title for title, _, _ in broken()}


def asks_to_be_run(title: str) -> bool:
    return title.startswith(("call ", "OBJ", "NEWOBJ", "INST", "EXT", "code in an archive", "code in gzip"))


def test_the_corpus_has_no_two_attacks_of_one_name() -> None:
    assert len({title for title, _, _ in ATTACKS}) == len(ATTACKS)


@pytest.mark.parametrize(("title", "content", "reason"), ATTACKS, ids=[title for title, _, _ in ATTACKS])
def test_attacks_are_refused(
    title: str, content: bytes, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "attack.pkl"
    path.write_bytes(content)
    modules, known = set(sys.modules), dict(GLOBALS)
    for read in (load,) if title in SEEN_BY_LOAD else (load, inspect):
        if title == HARMLESS:
            assert read(path) == []
        else:
            with pytest.raises(PickleError, match=rf"(?s)attack\.pkl: .*({reason})") as caught:
                read(path)
            assert not asks_to_be_run(title) or str(caught.value).endswith("Nothing in the file was run")
            assert title not in DAMAGED or "was run" not in str(caught.value)
    assert not (tmp_path / CANARY).exists()
    assert set(sys.modules) <= modules | {"ml_dtypes"}
    assert known == GLOBALS  # for files that are read later


@pytest.mark.parametrize(
    ("title", "content"), [(title, content) for title, content, _ in ATTACKS], ids=[a[0] for a in ATTACKS]
)
def test_placeholders_for_unknown_classes_run_nothing(
    title: str, content: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "attack.pkl").write_bytes(content)
    modules = set(sys.modules)
    for read in (load, inspect):
        with suppress(PickleError):  # many of them are then merely data: the name of a function and its arguments
            found = read(tmp_path / "attack.pkl", skip_unknown=True)
            assert (
                asks_to_be_run(title) == isinstance(found, Unknown | str)
                or title == HARMLESS
                or not title.startswith("call ")
            )
    assert not (tmp_path / CANARY).exists()
    assert set(sys.modules) <= modules | {"ml_dtypes"}


def test_copies_of_an_unknown_objects_data_are_counted(tmp_path: Path) -> None:
    """One state of many entries, which thousands of objects share."""
    items = b"}(" + b"".join(b"M%c%c" % (i % 256, i // 256) + b"N" for i in range(5000)) + b"u\x940"
    each = name("nowhere", "Thing") + b")\x81h\0b"
    (tmp_path / "a.pkl").write_bytes(pickle(items, b"](" + each * 2000 + b"e"))
    with pytest.raises(PickleError, match="unfold"):
        load(tmp_path / "a.pkl", skip_unknown=True)


def test_texts_that_convert_would_write_again_and_again_are_refused(tmp_path: Path) -> None:
    for once in (text("x" * 65_000), b"](" + b"".join(b"M%c%c" % (i % 256, i // 256) for i in range(5000)) + b"e"):
        (tmp_path / "a.pkl").write_bytes(pickle(once, b"\x940](", b"h\0" * 1900, b"Ne"))
        load(tmp_path / "a.pkl")
        assert main(["show", str(tmp_path / "a.pkl")]) == 2


def test_the_canary_would_show(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The attacks are real: Python's own unpickler runs them."""
    import pickle as python

    monkeypatch.chdir(tmp_path)
    content = next(content for title, content, _ in ATTACKS if title == "call os.system")
    python.loads(content)
    assert (tmp_path / CANARY).exists()


def test_show_and_convert_refuse_too(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    for i, (title, content, _) in enumerate(ATTACKS[::7]):
        assert title != HARMLESS
        (source / f"{i}.pkl").write_bytes(content)
        assert main(["show", str(source / f"{i}.pkl")]) == 2
    assert main(["convert", str(source), str(tmp_path / "out"), "--workers", "1"]) == 2
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["manifest.jsonl"]


def test_limits_are_the_callers_to_set(tmp_path: Path) -> None:
    path = tmp_path / "a.pkl"
    path.write_bytes(pickle(b"]" * 300 + b"a" * 299))
    with pytest.raises(PickleError, match="nested"):
        load(path)
    load(path, limits=Limits(depth=301))
    with pytest.raises(PickleError, match="instructions"):
        load(path, limits=Limits(opcodes=500))
    with pytest.raises(PickleError, match="values"):
        load(path, limits=Limits(depth=301, values=200))
    expanded = tensor(persistent("7", 1, view=b"N"), 0, [1 << 24], [0])
    path.write_bytes(legacy(expanded, ["7"], record(b"\0\0\x80\x3f")))
    with pytest.raises(PickleError, match="unfold"):
        load(path)
    found = load(path, limits=Limits(allowance=64 << 20))
    assert found.shape == (1 << 24,) and found.strides == (0,) and found[-1] == 1.0
