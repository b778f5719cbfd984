"""Values beside tensors and arrays, NumPy's own files, and objects of unknown classes: what is read, and what the refusals say."""

import json
import pickle
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from signjax.pickles import Limits, PickleError, Unknown, inspect, load
from signjax.pickles.__main__ import main

from tests.pickles.forge import (  # isort: skip
    archive,
    call,
    dtype,
    legacy,
    name,
    persistent,
    pickle as forged,
    raw,
    record,
    sizes,
    tensor,
    text,
    tup,
    whole,
)
from tests.pickles.kinds import DATA, FOREIGN, NUMPY_FILES, npy, npz
from tests.pickles.test_fixtures import assert_same_form


def assert_equal(found: Any, wanted: Any) -> None:
    """Fails unless the trees have the same types, keys and numbers."""
    if isinstance(wanted, np.ma.MaskedArray):
        assert type(found) is np.ma.MaskedArray and found.dtype == wanted.dtype
        np.testing.assert_array_equal(found.mask, wanted.mask)
        np.testing.assert_array_equal(found.data, wanted.data)
        assert found.fill_value == wanted.fill_value
    elif isinstance(wanted, np.ndarray):
        assert type(found) is np.ndarray and (found.dtype, found.shape) == (wanted.dtype, wanted.shape)
        if wanted.dtype == object:
            for one, other in zip(found.ravel(), wanted.ravel(), strict=True):
                assert_equal(one, other)
        else:
            np.testing.assert_array_equal(found, wanted)
    elif isinstance(wanted, dict):
        assert isinstance(found, dict) and list(found) == list(wanted)
        assert list(map(type, found)) == list(map(type, wanted)) or "(class)" in wanted
        for key in wanted:
            assert_equal(found[key], wanted[key])
    elif isinstance(wanted, list | tuple):
        assert type(found) is type(wanted) and len(found) == len(wanted)
        for one, other in zip(found, wanted, strict=True):
            assert_equal(one, other)
    else:
        assert isinstance(found, type(wanted)) and found == wanted


def written(tmp_path: Path, content: bytes, file: str = "file.pkl") -> Path:
    path = tmp_path / file
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("kind", DATA)
def test_plain_data_is_read(tmp_path: Path, kind: str, protocol: int) -> None:
    value, wanted = DATA[kind]
    if kind == "identifier" and protocol < 2:
        pytest.skip("written as an object of the class object")
    path = written(tmp_path, pickle.dumps(value, protocol))
    assert_equal(load(path), wanted)
    if not isinstance(wanted, set):
        assert_same_form(inspect(path), load(path))
    assert_equal(load(path, skip_unknown=True), wanted)


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("kind", FOREIGN)
def test_unknown_classes_leave_a_placeholder(tmp_path: Path, kind: str, protocol: int) -> None:
    value, wanted = FOREIGN[kind]
    path = written(tmp_path, pickle.dumps(value, protocol))
    with pytest.raises(PickleError, match=r"--skip-unknown.*skip_unknown=True.*Nothing in the file was run$"):
        load(path)
    if kind == "function" and protocol < 3:  # Python 2 has another name for the module
        wanted = {**wanted, "activation": "__builtin__.len"}
    if kind == "dictionary with attributes":
        wanted = dict(wanted)
    if kind == "list with attributes" and protocol < 2:  # these put the members of the list into the call
        assert_equal([*load(path, skip_unknown=True).values()][-1], "left")
        return
    found = load(path, skip_unknown=True)
    if kind == "dictionary with attributes" and protocol < 2:
        assert_equal({key: found[key] for key in wanted}, wanted)
    else:
        assert_equal(found, wanted)
    inspect(path, skip_unknown=True)


def test_a_placeholder_has_its_name_and_the_class_is_not_imported(tmp_path: Path) -> None:
    value, _ = FOREIGN["namespace"]
    content = pickle.dumps(value).replace(b"argparse", b"argparsf")
    found = load(written(tmp_path, content), skip_unknown=True)
    assert isinstance(found, Unknown) and found.name == "argparsf.Namespace"
    assert "argparsf" not in sys.modules


def test_objects_with_slots_and_keywords_keep_their_data(tmp_path: Path) -> None:
    made = name("nowhere", "Point") + tup(whole(1)) + b"}" + text("y") + whole(2) + b"s\x92"
    state = tup(b"}" + text("a") + whole(3) + b"s", b"}" + text("b") + whole(4) + b"s")
    found = load(written(tmp_path, forged(made, state, b"b")), skip_unknown=True)
    wanted = {"(class)": "nowhere.Point", "(arguments)": (1,), "(keywords)": {"y": 2}, "a": 3, "b": 4}
    assert found == wanted
    assert load(written(tmp_path, b"(I5\ninowhere\nPoint\n."), skip_unknown=True)["(arguments)"] == (5,)
    assert load(written(tmp_path, b"(cnowhere\nPoint\nI5\no."), skip_unknown=True)["(arguments)"] == (5,)


def test_known_classes_whose_objects_are_not_read_leave_a_placeholder(tmp_path: Path) -> None:
    path = written(tmp_path, pickle.dumps({"nothing": object(), "x": np.arange(2)}))
    with pytest.raises(PickleError, match=r"a new builtins\.object.*--skip-unknown"):
        load(path)
    assert_equal(load(path, skip_unknown=True), {"nothing": {"(class)": "builtins.object"}, "x": np.arange(2)})


def test_no_value_is_lost_where_names_collide(tmp_path: Path) -> None:
    made = name("nowhere", "Box") + b")\x81" + text("x") + whole(1) + b"s}" + text("x") + whole(300) + b"sb"
    found = load(written(tmp_path, forged(made)), skip_unknown=True)
    assert found == {"(class)": "nowhere.Box", "x": 1, "(state)": {"x": 300}}
    made = name("nowhere", "Box") + b")\x81}" + text("(class)") + whole(1) + b"sb"
    assert load(written(tmp_path, forged(made)), skip_unknown=True) == {
        "(class)": "nowhere.Box",
        "(state)": {"(class)": 1},
    }


def test_unknown_arguments_of_known_names_are_kept(tmp_path: Path) -> None:
    zone = call(name("zoneinfo", "ZoneInfo._unpickle"), text("Europe/Berlin"), whole(1))
    moment = call(name("datetime", "datetime"), b"C\x0a\x07\xe8\x02\x1d\x0d\x05\x07\0\0\0", zone)
    found = load(written(tmp_path, forged(moment)), skip_unknown=True)
    assert found.name == "datetime.datetime" and found["(arguments)"][1]["(arguments)"] == ("Europe/Berlin", 1)


@pytest.mark.parametrize("kind", NUMPY_FILES)
def test_numpy_files_are_read(tmp_path: Path, kind: str) -> None:
    content, wanted = NUMPY_FILES[kind]
    path = written(tmp_path, content, "file.npz" if content.startswith(b"PK") else "file.npy")
    assert_equal(load(path), wanted)
    assert_same_form(inspect(path), load(path))
    assert main(["show", str(path)]) == 0
    found = load(path)
    if isinstance(found, np.ndarray) and found.dtype != object:
        assert found.flags.writeable and found.flags.aligned


def header(text_of_it: str, data: bytes = b"", version: bytes = b"\1\0") -> bytes:
    raw_header = text_of_it.encode("latin-1")
    return b"\x93NUMPY" + version + len(raw_header).to_bytes(2, "little") + raw_header + data


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (header("{'descr': '<f8', 'fortran_order': False, 'shape': (2,)}", bytes(8)), "with 8 bytes of data|reaches"),
        (header("{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}", bytes(9)), "with 9 bytes of data"),
        (header("{'descr': '<f8', 'fortran_order': False, 'shape': (-1,)}"), "non-negative"),
        (header("{'descr': '<f8', 'fortran_order': False, 'shape': (4611686018427387904, 4)}"), "elements"),
        (header("{'descr': '<f8', 'fortran_order': False}"), "without descr"),
        (header("__import__('os').system('x')"), "malformed"),
        (header("(" * 5000), "malformed"),
        (header("-" * 5000), "malformed"),
        (header("{'descr': [('a', '|O')], 'fortran_order': False, 'shape': (1,)}", bytes(8)), "contains objects"),
        (header("{'descr': [('a', 'f8', (1073741825,))], 'fortran_order': False, 'shape': (0,)}"), "gigabyte"),
        (header("{'descr': 'M8[parsec]', 'fortran_order': False, 'shape': (0,)}"), "unit"),
        (header("{'descr': 'f8,O', 'fortran_order': False, 'shape': (0,)}"), "plain types"),
        (header("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", forged(b"N")), "without its objects"),
        (header("{'descr': '|O', 'fortran_order': False, 'shape': (1,)}", b"cos\nsystem\n."), "os.system"),
        (npy({"a": 1}) + b"x", "bytes after the objects"),
        (header("{'descr': '<f8', 'fortran_order': False, 'shape': ()}", bytes(8), b"\7\0"), "versions 1.0"),
        (npz(a=np.arange(3)).replace(bytes(8) + b"\1", bytes(8) + b"\2"), "checksum"),
        (archive({"a.npy": b"x"}), "version"),
    ],
)
def test_numpy_files_that_lie_are_refused(tmp_path: Path, content: bytes, reason: str) -> None:
    path = written(tmp_path, content, "file.npy")
    with pytest.raises(PickleError, match=reason) as caught:
        load(path)
    assert "allow_pickle" not in str(caught.value)


def test_an_archive_of_convert_is_read_again(tmp_path: Path) -> None:
    path = written(tmp_path, pickle.dumps({"x": np.arange(3)}))
    assert main(["convert", str(path), str(tmp_path / "out"), "--workers", "1"]) == 0
    assert_equal(load(tmp_path / "out" / "file.pkl.npz"), {"x": np.arange(3)})


def test_several_pickles_in_a_file_become_a_list(tmp_path: Path) -> None:
    path = written(tmp_path, pickle.dumps({"a": np.arange(2)}) + pickle.dumps("b", 0) + pickle.dumps([3]))
    assert_equal(load(path), [{"a": np.arange(2)}, "b", [3]])
    written(tmp_path, pickle.dumps(1) + b"\n")
    with pytest.raises(PickleError, match="1 bytes after the pickle that ends at byte 5, which are not another one"):
        load(path)
    written(tmp_path, pickle.dumps(1) * 50)
    with pytest.raises(PickleError, match=r"--limit opcodes=N"):
        load(path, limits=Limits(opcodes=100))


def test_a_tensor_with_attributes_is_read(tmp_path: Path) -> None:
    values = np.arange(6, dtype=np.float32)
    storage = tup(text("storage"), name("torch", "FloatStorage"), text("0"), text("cpu"), whole(6)) + b"Q"
    hooks = call(name("collections", "OrderedDict"))
    parts = tup(storage, whole(0), sizes([2, 3]), sizes([3, 1]), b"\x89", hooks)
    rebuild = name("torch._utils", "_rebuild_tensor_v2")
    state = b"}" + text("note") + text("a") + b"s"

    def saved(of: bytes) -> Path:
        made = call(name("torch._tensor", "_rebuild_from_type_v2"), rebuild, of, parts, state)
        return written(tmp_path, archive({"data.pkl": forged(made), "data/0": values.tobytes()}))

    for of in (name("torch", "Tensor"), name("torch.nn.parameter", "Parameter")):
        assert_equal(load(saved(of)), values.reshape(2, 3))
    path = saved(name("torchvision.tv_tensors", "Video"))
    with pytest.raises(PickleError, match=r"torchvision\.tv_tensors.Video"):
        load(path)
    found = load(path, skip_unknown=True)
    assert found["(class)"] == "torchvision.tv_tensors.Video" and found["note"] == "a"
    assert_equal(found["(array)"], values.reshape(2, 3))


def test_torch_writes_a_tensor_with_attributes_like_that(tmp_path: Path) -> None:
    torch = pytest.importorskip("torch")
    tensor = torch.arange(6.0).reshape(2, 3)
    tensor.note = "a"
    torch.save({"x": tensor}, tmp_path / "a.pt")
    assert_equal(load(tmp_path / "a.pt"), {"x": np.arange(6, dtype=np.float32).reshape(2, 3)})


def test_lists_of_numbers_become_one_array(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tree = {
        "points": [[[1.0, 2.0], [3, 4.5]]] * 3,
        "size": (480, 640),
        "losses": [np.float32(1.5), np.float32(2.5)],
        "large": [1, 2**63],
        "valid": [True, False],
        "ragged": [[1, 2], [3]],
        "mixed": [1, None],
        "inexact": [2**60 + 1, 0.5],
        "mask": np.ma.MaskedArray([1, 2], [True, False]),
    }
    path = written(tmp_path, pickle.dumps(tree))
    assert main(["convert", str(path), str(tmp_path / "out"), "--workers", "1"]) == 0
    found = dict(np.load(tmp_path / "out" / "file.pkl.npz"))
    assert_equal(found["points"], np.array(tree["points"]))
    assert_equal(found["size"], np.array([480, 640]))
    assert_equal(found["losses"], np.array([1.5, 2.5], np.float32))
    assert_equal(found["large"], np.array([1, 2**63], np.uint64))
    assert_equal(found["valid"], np.array([True, False]))
    assert_equal(found["ragged/0"], np.array([1, 2]))
    assert_equal(found["ragged/1"], np.array([3]))
    assert found["mixed/0"] == 1 and found["inexact/0"] == 2**60 + 1
    assert_equal(found["mask"], np.array([1, 2]))
    assert_equal(found["mask/(mask)"], np.array([True, False]))
    notes = json.loads((tmp_path / "out" / "manifest.jsonl").read_text())["notes"]
    assert notes["points"] == "was a list of 3 x 2 x 2 numbers" and notes["size"] == "was a tuple of 2 numbers"
    assert "mask" in notes["mask"]
    assert main(["show", str(path)]) == 0
    assert "3x2x2" in capsys.readouterr().out


def test_convert_and_show_skip_unknown_classes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = written(tmp_path, pickle.dumps({"args": FOREIGN["namespace"][0], "when": DATA["moment"][0]}))
    assert main(["show", str(path)]) == 2
    assert "--skip-unknown" in capsys.readouterr().err
    assert main(["show", str(path), "--skip-unknown"]) == 0
    assert "argparse.Namespace" in capsys.readouterr().out
    assert main(["convert", str(path), str(tmp_path / "out"), "--workers", "1", "--skip-unknown"]) == 0
    found = dict(np.load(tmp_path / "out" / "file.pkl.npz"))
    assert_equal(found["args/weights"], np.arange(3))
    assert found["args/(class)"] == "argparse.Namespace" and found["when"] == "2024-02-29T13:05:07.123456+02:00"
    assert "not imported" in json.loads((tmp_path / "out" / "manifest.jsonl").read_text())["notes"]["args/(class)"]


def test_every_limit_has_a_flag(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    deep: Any = 1.5
    for _ in range(150):
        deep = {"a": deep}
    path = written(tmp_path, pickle.dumps(deep))
    assert main(["show", str(path)]) == 2
    assert "--limit depth=N" in capsys.readouterr().err
    assert main(["show", str(path), "--limit", "depth=200"]) == 0
    for limit in ("opcodes=10", "values=3", "depth=1", "ratio=0", "allowance=1"):
        more = ["--limit", "ratio=0"] if limit.startswith("allowance") else []
        more += ["--limit", "allowance=0"] if limit.startswith("ratio") else []
        assert main(["show", str(path), "--limit", "depth=200", "--limit", limit, *more]) == 2
    keys = written(tmp_path, pickle.dumps({(1, 2): 1, (3, 4): 2}))
    assert main(["show", str(keys), "--limit", "tuple_keys=1"]) == 2
    capsys.readouterr()
    for wrong in ("size=3", "depth", "depth=-1", "skip_unknown=1"):
        with pytest.raises(SystemExit):
            main(["show", str(path), "--limit", wrong])
        assert "tuple_keys" in capsys.readouterr().err


def test_dtypes_and_arrays_of_unknown_states_are_kept(tmp_path: Path) -> None:
    made = call(
        name("numpy._core.multiarray", "_reconstruct"), name("astropy.units", "Quantity"), sizes([0]), raw(b"b")
    )
    own = tup(whole(1), sizes([2]), dtype("f8"), b"\x89", raw(np.arange(2.0).tobytes()))
    state = tup(own, b"}" + text("unit") + text("m") + b"s")
    found = load(written(tmp_path, forged(made, state, b"b")), skip_unknown=True)
    assert_equal(found["(array)"], np.arange(2.0))
    assert found.name == "astropy.units.Quantity" and found["(state)"] == ({"unit": "m"},)


def test_numpy_files_of_objects_are_converted_with_the_pickles_of_a_folder(tmp_path: Path) -> None:
    source = tmp_path / "in"
    source.mkdir()
    written(source, npy({"smplx": np.arange(4)}), "a.npy")
    written(source, npz(clips=NUMPY_FILES["an archive with objects"][1]["clips"]), "b.npz")
    written(source, npy(np.arange(3)), "plain.npy")
    written(source, npz(x=np.arange(3)), "plain.npz")
    written(source, b"\x93NUMPY", "broken.npy")
    assert main(["convert", str(source), str(tmp_path / "out"), "--workers", "1"]) == 0
    assert sorted(path.name for path in (tmp_path / "out").glob("*.npz")) == ["a.npy.npz", "b.npz.npz"]
    assert_equal(np.load(tmp_path / "out" / "a.npy.npz")["smplx"], np.arange(4))
    assert_equal(np.load(tmp_path / "out" / "b.npz.npz")["clips/0"], np.ones((2, 3)))


def test_a_whole_saved_model_leaves_its_weights(tmp_path: Path) -> None:
    """`torch.save(model)` by the format before 1.6, which names each class with a persistent id, its source beside it."""
    of = tup(text("module"), name("nowhere", "Net"), text("net.py"), text("import os")) + b"Q"
    weight = tensor(persistent("7", 4, view=b"N"), 0, [2, 2], [2, 1])
    model = of + b")\x81}" + text("_parameters") + b"}" + text("weight") + weight + b"ssb"
    path = written(tmp_path, legacy(model, ["7"], record(np.arange(4, dtype=np.float32).tobytes())), "net.pt")
    with pytest.raises(PickleError, match=r"nowhere\.Net"):
        load(path)
    found = load(path, skip_unknown=True)
    assert found.name == "nowhere.Net"
    assert_equal(found["_parameters"]["weight"], np.arange(4, dtype=np.float32).reshape(2, 2))
