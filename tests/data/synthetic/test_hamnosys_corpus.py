import csv
import json

import pytest

from signjax.data.hamnosys import attributes, parse
from signjax.data.preparation.prepare import prepare
from signjax.data.splits.split import SPLITS
from signjax.data.synthetic.hamnosys_corpus import StringCorpus, find_strings, write_corpus
from signjax.data.workers import Workers
from signjax.errors import InputError
from tests.conftest import make_recipe
from tests.hamnosys_strings import string

HANDSHAPES = ("fist", "flathand", "finger2")
MOVES = ("moved", "mover smallmod repeatfromstart", "circleo", "fingerplay")


def silent(_: str) -> None:
    pass


@pytest.fixture
def table(tmp_path):
    """48 strings with 24 glosses in two languages, and one string that cannot be parsed."""
    rows = {}
    for number in range(48):
        names = f"{HANDSHAPES[number % 3]} extfingeru palm{'ld'[number % 2]} {('chest', 'chin')[number // 24]} {MOVES[number % 4]}"
        rows[f"{('pjm', 'gsl')[number % 2]}_{number}"] = {
            "hamnosys": string(names),
            "type_name": f"SIGN{number // 2 % 12}",
        }
    rows["7"] = {"hamnosys": string("fist moved"), "type_name": "BROKEN"}
    rows["8"] = {"type_name": "WITHOUT"}
    path = tmp_path / "labels" / "data.json"
    path.parent.mkdir()
    path.write_text(json.dumps(rows), encoding="utf-8")
    return path


def test_the_corpus_follows_the_seed_and_is_written_once(table, tmp_path):
    made = {}
    for folder, seed, count in (("a", 0, 1), ("b", 0, 2), ("c", 1, 1)):
        with Workers(count) as workers:
            assert count == 1 or workers.pool is not None  # there already, so so few clips are shared, too
            write_corpus(tmp_path / folder, StringCorpus(str(table), 3), seed, silent, workers)
        made[folder] = {file.name: file.read_bytes() for file in (tmp_path / folder).iterdir()}
    assert made["a"] == made["b"]
    assert made["a"]["pjm_0.pkl"] != made["c"]["pjm_0.pkl"]
    assert len(made["a"]) == 49 + 2
    before = (tmp_path / "a" / "pjm_0.pkl").stat().st_mtime_ns
    write_corpus(tmp_path / "a", StringCorpus(str(table), 3), 0, silent)
    assert (tmp_path / "a" / "pjm_0.pkl").stat().st_mtime_ns == before


def test_strings_become_attribute_heads_and_groups_stay_on_one_side(table, tmp_path):
    recipe = make_recipe(
        source="synthetic_hamnosys", path=str(tmp_path / "corpus"), corpus=StringCorpus(str(table), 3), label_mode="attributes",
        heads=(), split="stratified",
    )  # fmt: skip
    dataset = prepare(recipe, tmp_path / "dataset", silent)
    assert set(dataset.heads) == {"handshape", "palm", "location", "movement", "direction", "size", "repetition"}
    strings = json.loads(table.read_text(encoding="utf-8"))
    for clip, codes in zip(dataset.clips, dataset.labels, strict=True):
        expected = attributes(parse(strings[clip["clip"]]["hamnosys"]))
        for (head, classes), code in zip(dataset.heads.items(), codes, strict=True):
            assert expected.get(head) == (classes[code] if code >= 0 else None)
    sides = {}
    for clip in dataset.clips:
        row = strings[clip["clip"]]
        for key in ((clip["clip"][:3], row["type_name"]), row["hamnosys"]):
            assert sides.setdefault(key, clip["split"]) == clip["split"]
    assert {clip["split"] for clip in dataset.clips} == set(SPLITS)
    with (tmp_path / "dataset" / "quarantine.csv").open(newline="", encoding="utf-8") as file:
        (rejected,) = csv.DictReader(file)
    assert (rejected["clip"], rejected["reason"]) == ("7", "unparsed_hamnosys")
    assert "position 2 of 2, U+E084 hammoved" in rejected["detail"]


def test_where_the_strings_are(table, tmp_path):
    assert find_strings(str(table.parent), "") == str(table)
    assert find_strings("", str(table)) == str(table)
    for path, labels in (("", ""), (str(tmp_path), ""), (str(tmp_path), str(tmp_path / "none.json"))):
        with pytest.raises(InputError, match=r"needs HamNoSys strings: add --config\.data\.path=DIR"):
            find_strings(path, labels)
    empty = tmp_path / "empty.json"
    empty.write_text(json.dumps({"a": {"type_name": "A"}}), encoding="utf-8")
    with pytest.raises(InputError, match="no row has a string"):
        write_corpus(tmp_path / "corpus", StringCorpus(str(empty), 3), 0, silent)
