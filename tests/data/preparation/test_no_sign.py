"""A class of clips in which nothing is seen: kept, said, and harmless."""

import csv

import numpy as np
import pytest
from conftest import make_recipe, silent

from signjax.data.clip import SPLITS
from signjax.data.labels.no_sign import blank_classes
from signjax.data.preparation.prepare import prepare
from signjax.errors import InputError
from signjax.evaluation.baselines import baselines
from signjax.model.input_spec import make_input_spec
from signjax.random_convolution.classifier import fit_random_convolution
from signjax.report.data_card import write_data_card
from signjax.report.dataset_lines import describe

CHANNELS = [f"{hand}{number}.{axis}" for hand in ("lhand", "rhand") for number in range(21) for axis in "xy"]


def prepared(tmp_path, blank: list[int], *, nan: bool = False):
    """Ten clips each of three classes, the clips of the given numbers blank; classes 0, 1, 2 take turns."""
    frames = 300 + np.random.default_rng(0).normal(size=(30, 9, 84)).cumsum(1)
    frames[blank] = np.nan if nan else 0
    np.savez(
        tmp_path / "a.npz",
        frames=frames,
        labels=np.arange(30) % 3,
        classes=["empty", "hello", "yes"],
        channels=CHANNELS,
    )
    return prepare(
        make_recipe(source="arrays", path=str(tmp_path / "a.npz"), split="stratified"), tmp_path / "d", silent
    )


def quarantined(tmp_path) -> list[tuple[str, str]]:
    with (tmp_path / "d" / "quarantine.csv").open() as file:
        return [(row["clip"], row["reason"]) for row in csv.DictReader(file)]


@pytest.mark.parametrize("nan", [False, True])
def test_the_blank_clips_of_a_class_that_is_blank_are_kept_and_others_left_out(tmp_path, nan):
    empty = [number for number in range(0, 30, 3) if number != 6]
    dataset = prepared(tmp_path, [*empty, 4], nan=nan)
    assert dataset.heads["gloss"] == ("empty", "hello", "yes") and len(dataset) == 29
    assert quarantined(tmp_path) == [("clip_04", "all_invalid")]
    for index, clip in enumerate(dataset.clips):
        blank = int(clip["clip"].removeprefix("clip_")) in empty
        assert dataset.validity(index).any() == (not blank)
        assert dataset.frames(index).any() == (not blank)
    lines = list(describe(dataset))
    assert (
        "no sign: in 9 of the 10 clips of class 'empty' (gloss) nothing is seen; they are kept because the class seems to mean "
        "'no sign'" in lines
    )
    assert lines[0].startswith("data: ")
    assert dataset.info["exact_copies"] == 0 and dataset.info["blank_clips"] == 9
    assert np.isfinite(dataset.mean).all() and (dataset.std > 0).all()
    assert {clip["split"] for clip in dataset.clips if clip["gloss"] == "empty"} == set(SPLITS)
    train, everything = dataset.indices("train"), np.arange(len(dataset))
    convolution = fit_random_convolution(dataset, train, 0).log_probabilities(dataset, everything)
    found = baselines(dataset, train, everything, convolution)
    assert np.isfinite(list(found["gloss"].values())).all()
    assert make_input_spec(dataset, (16,)).no_sign
    write_data_card(dataset, "made up", tmp_path / "card.html")


def test_several_blank_classes_are_left_out_and_named_in_the_first_line(tmp_path):
    dataset = prepared(tmp_path, [number for number in range(30) if number % 3 < 2 and number > 5])
    lines = list(describe(dataset))
    assert "8 of the 10 clips of class 'empty' (gloss)" in lines[0] and "are left out" in lines[0]
    assert "class 'hello'" in lines[1]
    assert len(quarantined(tmp_path)) == 16
    assert not make_input_spec(dataset, (16,)).no_sign


def test_data_in_which_nothing_is_ever_seen_cannot_be_used(tmp_path):
    with pytest.raises(InputError, match=r"no clip can be used \(30 all_invalid\)"):
        prepared(tmp_path, [*range(30)])


def test_a_class_is_blank_where_three_in_four_of_its_clips_are():
    labels = [{"gloss": "a"}] * 4 + [{"gloss": "b"}] * 4 + [{"other": "c"}]
    assert blank_classes(labels, [True, True, False, False] + [False] * 5, ["gloss"]) == []
    (found,) = blank_classes(labels, [True, True, True, False] + [False] * 4 + [True], ["gloss"])
    assert found == ("gloss", "a", 3, 4, True)
    both = blank_classes(labels, [True] * 9, ["gloss", "other"])
    assert [(blank.name, blank.kept) for blank in both] == [("a", False), ("b", False), ("c", True)]
