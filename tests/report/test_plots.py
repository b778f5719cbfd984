import re

import matplotlib.image
import numpy as np
import pytest
from nasty import CLASSES, HEADS

from signjax.report import plots
from signjax.report.plot_text import plot_labels


def records(heads: int) -> list[dict]:
    """Three epochs of a run with `heads` heads; head k has top-1 k / 100 + epoch / 10."""
    names = [f"a_head_with_a_long_name_{k}" for k in range(heads)]
    return [
        {
            "epoch": epoch,
            "train": {"loss": 1.0, "learning_rate": 1e-3} | {f"top1/{name}": 0.1 for name in names},
            "valid": {
                name: {"loss": 1.0, **{f"top{k}": index / 100 + epoch / 10 for k in (1, 3, 5)}}
                for index, name in enumerate(names)
            },
        }
        for epoch in (1, 2, 3)
    ]


@pytest.mark.parametrize("heads", [1, 3, 20])
def test_curves_can_be_read_with_any_number_of_heads(tmp_path, heads):
    """matplotlib warns if a legend leaves no room for the curve, and warnings are errors."""
    files = plots.plot_curves(records(heads), 2, tmp_path)
    assert [file.name for file in files] == ["loss.png", "accuracy.png", "topk.png", "learning_rate.png"]
    assert all(file.is_file() for file in files)


def test_many_heads_are_drawn_as_their_mean():
    (line,) = plots._head_lines(records(5), "top1", "validation").items()
    assert line[0] == "validation, mean of 5 heads"
    np.testing.assert_allclose(line[1], [0.12, 0.22, 0.32])
    assert len(plots._head_lines(records(3), "top1", "validation")) == 3
    assert list(plots._head_lines(records(1), "top1", "validation")) == ["validation"]


def test_the_figure_of_heads_grows_with_their_number(tmp_path):
    heights = []
    for count in (4, 20):
        test = {f"head{k}": {"top1": 0.5, "top1_interval": (0.4, 0.6)} for k in range(count)}
        base = {head: {"majority": 0.3, "nearest_neighbour": 0.4, "random_convolution": 0.5} for head in test}
        plots.plot_heads(test, base, tmp_path / "heads.png")
        heights.append(matplotlib.image.imread(tmp_path / "heads.png").shape[0])
    assert heights[1] > 1.5 * heights[0]


def few(names: tuple[str, ...]) -> list[tuple[str, ...]]:
    """The names, in groups of as many as get a line each in a curve."""
    return [names[start : start + plots.MOST_HEADS_APART] for start in range(0, len(names), plots.MOST_HEADS_APART)]


@pytest.mark.parametrize("names", few(HEADS + CLASSES), ids=str)
def test_curves_are_drawn_whatever_the_heads_are_called(tmp_path, names):
    """Warnings are errors: about a glyph that no font has, or a legend that leaves no room."""
    records = [
        {
            "epoch": 1,
            "train": {"loss": 1.0, "learning_rate": 1e-3} | {f"top1/{name}": 0.1 for name in names},
            "valid": {name: {"loss": 1.0, "top1": 0.1, "top3": 0.2, "top5": 0.3} for name in names},
        }
    ]
    assert all(path.stat().st_size for path in plots.plot_curves(records, 1, tmp_path))
    assert len(plots._head_lines(records, "top1", "validation")) == len(names)


def test_classes_are_drawn_whatever_they_are_called(tmp_path):
    path = tmp_path / "confusion.png"
    for classes in (CLASSES, HEADS):
        unwritten = plots.plot_confusion(np.eye(len(classes), dtype=int), classes, path)
        assert path.stat().st_size
        assert {"two\nlines"} <= set(unwritten.values()) <= set(classes)
    test = {head: {"top1": 0.5, "top1_interval": (0.4, 0.6)} for head in HEADS}
    plots.plot_heads(
        test,
        {head: {"majority": 0.3, "nearest_neighbour": 0.4, "random_convolution": 0.5} for head in HEADS},
        tmp_path / "heads.png",
    )


def test_each_name_has_a_label_of_its_own_and_plain_ones_stay():
    names = [*CLASSES, *HEADS, "wave", "long " * 60 + "a"]
    labels = plot_labels(names)
    assert len(set(labels)) == len(labels)
    assert labels[names.index("wave")] == "wave" and labels[names.index("$\\foo{$")] == "$\\foo{$"
    assert max(map(len, labels)) <= 32


def test_what_no_font_has_is_written_as_its_escape(monkeypatch):
    monkeypatch.setattr("signjax.report.plot_text._characters", lambda path: set("abc…\\u1234567890"))
    assert plot_labels(["abc", "aあ", "a\\u3042"]) == ["abc", "a\\u3042", "a\\u3042_2"]


def test_pictures_of_heads_have_names_that_every_file_system_takes():
    names = plots.file_names(HEADS)
    assert names["gloss"] == "gloss"
    assert len({name.casefold() for name in names.values()}) == len(HEADS)
    assert all(re.fullmatch(r"[A-Za-z0-9_-]{1,90}", name) for name in names.values())
