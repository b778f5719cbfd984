import filecmp

import numpy as np
import pytest
from conftest import silent

from signjax import pickles
from signjax.data.synthetic import corpus as synthetic
from signjax.data.tables.label_table import read_label_table
from signjax.data.workers import Workers
from signjax.errors import InputError

SIZE = synthetic.CorpusSize(signs=4, signers=5, takes=2)


def test_the_same_seed_writes_the_same_bytes_whatever_process_writes_them(corpus, tmp_path):
    with Workers(2) as workers:
        assert workers.pool is not None  # there already, so so few clips are shared, too
        synthetic.write_corpus(tmp_path / "again", SIZE, 0, silent, workers)
    synthetic.write_corpus(tmp_path / "other", SIZE, 1, silent)
    names = sorted(path.name for path in corpus.iterdir())
    assert len(names) == 4 * 5 * 2 + 2
    assert filecmp.cmpfiles(corpus, tmp_path / "again", names, shallow=False) == (names, [], [])
    assert len(filecmp.cmpfiles(corpus, tmp_path / "other", names, shallow=False)[1]) == 41  # all but the label table


def test_a_file_has_the_form_of_signavatars(corpus):
    path = next(corpus.glob("*.pkl"))
    content, described = pickles.load(path), pickles.inspect(path)
    frames = len(content["smplx"])
    assert content["smplx"].shape == (frames, 182) and content["smplx"].dtype == np.float32
    assert content["unsmooth_smplx"].shape == (frames, 169)
    assert content["left_valid"].dtype == bool and content["left_valid"].shape == (frames,)
    assert "cuda:0" in repr(described["left_valid"])
    assert content["total_valid_index"].dtype == np.int64
    assert content["focal"].shape == (frames, 2) and content["width"] == 1280


def test_every_clip_has_a_label_and_its_parameters(corpus):
    table = read_label_table(corpus / "labels.csv")
    assert {row.name for row in table} == {path.stem for path in corpus.glob("*.pkl")}
    for row in (row.labels for row in table):
        parameters = (row["handshape"], row["orientation"], row["location"], row["movement"], row["hands"])
        assert row["gloss"] == "-".join(parameters).upper()


def test_a_folder_of_something_else_is_left_alone(tmp_path):
    (tmp_path / "thesis.txt").write_text("do not lose me")
    with pytest.raises(InputError, match="not a synthetic corpus"):
        synthetic.write_corpus(tmp_path, SIZE, 0, silent)
    assert (tmp_path / "thesis.txt").read_text() == "do not lose me"
