import numpy as np
import pytest

from signjax.data.clip import Rejected
from signjax.data.csv_table import read_table
from signjax.errors import InputError
from signjax.prediction.answers import AnswerFiles

HEADS = {"gloss": ("hello", "thanks")}
LOGITS = {"gloss": np.array([[2.0, 0.0], [0.0, 3.0]])}
NAMED = [("a", "a.npy"), ("b", "b.npy")]
REJECTED = Rejected("c", "c.npy", "unreadable", "expected NumPy arrays")


def said_of():
    said: list[str] = []
    return said, said.append


def test_answers_are_in_the_partial_file_at_once_and_complete_under_their_name(tmp_path):
    said, say = said_of()
    with AnswerFiles(tmp_path, HEADS, say) as answers:
        answers.add(NAMED, LOGITS)
        partial = (tmp_path / "predicted.csv.partial").read_text().splitlines()
        assert len(partial) == 3 and partial[1].startswith("a,a.npy,hello,0.8808,")
        assert not (tmp_path / "predicted.csv").exists()
        answers.add(NAMED, LOGITS)
        answers.finish(tmp_path)
    rows = read_table(tmp_path / "predicted.csv")
    assert [row["gloss_predicted"] for row in rows] == ["hello", "thanks"] * 2
    assert [path.name for path in tmp_path.iterdir()] == ["predicted.csv"]
    assert said == [f"predict: 4 clips, written to {tmp_path / 'predicted.csv'}"]


def test_what_a_stopped_prediction_found_stays_and_does_not_look_complete(tmp_path):
    said, say = said_of()
    with pytest.raises(KeyboardInterrupt), AnswerFiles(tmp_path, HEADS, say) as answers:
        answers.add(NAMED, LOGITS)
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == ["predicted.csv.partial"]
    assert said == [f"predict: not finished; the first 2 clips are in {tmp_path / 'predicted.csv.partial'}"]
    with AnswerFiles(tmp_path, HEADS, say):
        assert len((tmp_path / "predicted.csv.partial").read_text().splitlines()) == 1


def test_one_that_stopped_before_its_first_answer_leaves_nothing_and_old_answers_stay(tmp_path):
    (tmp_path / "predicted.csv").write_text("old")
    with pytest.raises(KeyboardInterrupt), AnswerFiles(tmp_path, HEADS, print):
        raise KeyboardInterrupt
    assert [path.name for path in tmp_path.iterdir()] == ["predicted.csv"]


def test_an_old_quarantine_does_not_stay(tmp_path):
    for name in ("predicted.csv", "predict_quarantine.csv"):
        (tmp_path / name).write_text("old")
    with AnswerFiles(tmp_path, HEADS, print) as answers:
        answers.remove_old()
        answers.add(NAMED, LOGITS)
        answers.finish(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["predicted.csv"]


def test_clips_that_were_left_out_are_listed(tmp_path):
    said, say = said_of()
    with AnswerFiles(tmp_path, HEADS, say) as answers:
        answers.add(NAMED, LOGITS)
        answers.rejected.append(REJECTED)
        answers.finish(tmp_path)
    assert [row["reason"] for row in read_table(tmp_path / "predict_quarantine.csv")] == ["unreadable"]
    assert said[0] == f"quarantine: 1 clip left out; see {tmp_path / 'predict_quarantine.csv'}"


def test_without_a_usable_clip_there_are_no_answers_but_the_reasons(tmp_path):
    with (
        pytest.raises(InputError, match=r"no clip can be used \(1 unreadable\); for example c\.npy: expected NumPy"),
        AnswerFiles(tmp_path, HEADS, print) as answers,
    ):
        answers.rejected.append(REJECTED)
        answers.finish(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["predict_quarantine.csv"]


@pytest.mark.parametrize("name", ["predicted.csv", "predict_quarantine.csv", "predicted.csv.partial"])
def test_a_folder_that_cannot_be_written_to_is_told_before_anything_is_predicted(name, tmp_path):
    (tmp_path / name).mkdir()
    with pytest.raises(InputError, match="answers can"):
        AnswerFiles(tmp_path, HEADS, print)
    with pytest.raises(InputError, match="nothing was predicted"):
        AnswerFiles(tmp_path / "absent", HEADS, print)
