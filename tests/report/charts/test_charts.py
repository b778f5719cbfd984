"""Charts are well-formed, hold what they were given, and escape names."""

import html
import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest
from nasty import CLASSES

from signjax.data.visible import visible
from signjax.report.charts.bars import Bar, draw_bars
from signjax.report.charts.confusion_matrix import draw_confusion, fewer_classes
from signjax.report.charts.curves import draw_curves
from signjax.report.charts.reliability import bins_of, draw_reliability
from signjax.report.charts.scatter import Place, draw_map
from signjax.report.charts.svg import tag, ticks


def parsed(drawn: str) -> ET.Element:
    """The chart as XML; it has a text alternative."""
    root = ET.fromstring(drawn)
    assert root.get("role") == "img" and root.get("aria-label")
    return root


def kinds(root: ET.Element, kind: str) -> list[ET.Element]:
    return [one for one in root.iter() if kind in (one.get("class") or "").split()]


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [(0, 1, [0, 0.2, 0.4, 0.6, 0.8, 1]), (0.35, 2.9, [0.5, 1, 1.5, 2, 2.5]), (1, 1, [1]), (1, 3, [1, 1.5, 2, 2.5, 3])],
)
def test_ticks_are_round(low, high, expected):
    assert ticks(low, high) == pytest.approx(expected)


def test_names_are_escaped_in_text_and_attributes():
    assert tag("text", '<b> & "', aria_label='"><script>', x=1.0) == (
        '<text aria-label="&#34;&gt;&lt;script&gt;" x="1">&lt;b&gt; &amp; &#34;</text>'
    )


@pytest.mark.parametrize("count", [1, 3, 24, 25, 250])
def test_a_confusion_matrix_of_any_size_names_each_cell(count):
    rng = np.random.default_rng(0)
    counts = rng.integers(0, 2, (count, count)) * rng.integers(1, 5, (count, count))
    classes = [f"class {k}" for k in range(count)]
    drawn, hidden = draw_confusion(counts, classes, 500)
    root = parsed(drawn)
    cells = kinds(root, "right") + kinds(root, "wrong")
    assert len(cells) == min(500, np.count_nonzero(counts)) and hidden == np.count_nonzero(counts) - len(cells)
    assert len(kinds(root, "right")) <= count
    for cell in cells[:20]:
        row, column, clips, total = map(
            int, re.fullmatch(r"class (\d+) → class (\d+): (\d+) of (\d+)", cell[0].text).groups()
        )
        assert counts[row, column] == clips and counts[row].sum() == total
        assert (row == column) == ("right" in cell.get("class"))
    assert ("crowded" in root.get("class")) == (count > 60)
    assert bool(kinds(root, "count")) == (count <= 24 and counts.any())


def test_the_matrix_keeps_every_name_and_of_many_classes_the_mistaken():
    drawn, _ = draw_confusion(np.eye(len(CLASSES), dtype=int), CLASSES, 100)
    assert all(visible(name) in html.unescape(drawn) for name in CLASSES) and "<script>" not in drawn
    counts = np.diag([9, 9, 9, 9])
    counts[1, 3] = counts[3, 2] = 2
    kept, names = fewer_classes(counts, "abcd", 2)
    assert names == ["b", "d"] and kept.tolist() == [[9, 2], [0, 9]]
    assert fewer_classes(counts, "abcd", 4)[1] == list("abcd")


def test_curves_have_a_line_for_each_name_and_gaps_where_nothing_was_measured():
    root = parsed(draw_curves("Loss", [1, 2, 3, 4], {"a<b": [4, 3, 2, 1], "gap": [1, float("nan"), 1, 2]}, 3))
    assert "a<b from 4 to 1" in root.get("aria-label") and "selected epoch 3" in root.get("aria-label")
    # Each name also has a line in the legend; of the second curve, the point before the gap is a dot.
    assert [len(kinds(root, kind)) for kind in ("s0", "s1", "selected")] == [2, 3, 2]
    assert len(kinds(parsed(draw_curves("Rate", [7], {"x": [0.0]}, 7)), "dot")) == 1
    long = draw_curves("Loss", range(1, 5001), {"x": np.arange(5000.0).tolist()}, 9)
    assert len(long) < 10_000
    parsed(draw_curves("Loss", [1, 2], {"x": [float("nan")] * 2}, 1))


def test_a_bar_has_its_number_clips_interval_and_rivals():
    root = parsed(draw_bars("By signer", [Bar("ann", 0.75, (0.5, 0.9), 1200, "weak", {"N": 0.5})]))
    (bar,) = kinds(root, "weak")
    title = next(one.text for one in root.iter() if one.tag == "title")
    assert title == "ann: 75.0 % of 1,200 clips, 95 % interval 50.0 to 90.0 %, N 50.0 %"
    assert "75.0 % of 1,200" in "".join(root.itertext()) and float(bar.get("width")) > 0


def test_reliability_bins_hold_every_clip():
    confidence = np.array([0.0, 0.05, 0.55, 0.59, 1.0])
    bins = bins_of(confidence, np.array([False, True, True, False, True]))
    assert [one.clips for one in bins] == [2, 0, 0, 0, 0, 2, 0, 0, 0, 1]
    assert bins[5].confidence == pytest.approx(0.57) and bins[5].top1 == 0.5
    root = parsed(draw_reliability(bins))
    assert len(kinds(root, "dot")) == 3 and "1 clip: probability 100.0 %, right 100.0 %" in "".join(root.itertext())


def test_the_map_tells_right_from_wrong_by_shape_and_names_each_clip():
    places = [Place(0, 0, "c1", "a", "a", 0), Place(1, 1, "c2", "a", "b<", None), Place(1, 5, "c3", "z", "z", 1)]
    root = parsed(draw_map(places))
    hits, (cross,) = kinds(root, "hit"), kinds(root, "cross")
    assert [one[0].text for one in hits] == ["c1: a", "c3: z"] and cross[0].text == "c2: a, predicted b<"
    assert [one.get("data-figure") for one in (*hits, cross)] == ["0", "1", None]
    assert len(kinds(root, "name")) == 2
    crowd = [Place(0, 0, f"c{k}", f"class {k}", "x", None) for k in range(9)]
    assert len(kinds(parsed(draw_map(crowd)), "name")) == 1  # none covers another
    parsed(draw_map([]))
