import re
from html.parser import HTMLParser

import numpy as np
import pytest

from signjax.data.layout import registry as layout_registry
from signjax.data.layout.parts import Layout, Part
from signjax.explanation.explanation import Explanation
from signjax.explanation.page import Entry, explanations_page, moving
from signjax.explanation.regions import region_of_channel, regions_of
from signjax.explanation.strip import AGAINST, FOR, explanation_strip

XY = layout_registry.BUILT_IN["pose_hands_xy"]


def explanation(layout: Layout = XY, frames: int = 20, seen: bool = True, **changes) -> Explanation:
    """The right hand speaks for the class from frame 5 to 9, and the left one against it, half as much, in frame 12."""
    rng = np.random.default_rng(0)
    importance = np.zeros((frames, layout.width), np.float32)
    right, left = (layout.channels_of(name) for name in (layout.part_names[-1], layout.part_names[-2]))
    importance[5:10, right] = 2 / (5 * (right.stop - right.start))
    importance[12:13, left] = -1 / (left.stop - left.start)
    fields = {
        "clip": "clip",
        "head": "gloss",
        "of": "YES",
        "against": None,
        "layout": layout,
        "frames": rng.normal(size=(frames, layout.width)).astype(np.float32),
        "valid": np.full((frames, len(layout.parts)), seen),
        "times": 3 + np.arange(frames),
        "importance": importance,
        "attention": np.full(frames, 1 / frames),
        "score": 1.5,
        "nothing": 0.5,
    }
    return Explanation(**(fields | changes))


class Checker(HTMLParser):
    """Fails where an element is not closed in turn."""

    def __init__(self):
        super().__init__()
        self.open: list[str] = []
        self.texts: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in ("br", "meta", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.texts.append(data)


def checked(html: str) -> str:
    parser = Checker()
    parser.feed(html)
    assert parser.open == []
    return "".join(parser.texts)


def test_an_explanation_in_words():
    one = explanation()
    assert one.gap == pytest.approx(0, abs=1e-6)
    assert one.shares["right hand"] == pytest.approx(2 / 3) and one.shares["left hand"] == pytest.approx(-1 / 3)
    assert one.window == (8, 10)  # three of five equal frames, numbered as in the clip that was given
    assert str(one) == (
        "clip: For YES: right hand 67%; against it: left hand 33%. Half of what speaks for it lies in frames 8 to 10 of 3 to 22."
    )
    nothing = explanation(importance=np.zeros((20, XY.width), np.float32), against="NO")
    assert nothing.sentence.startswith("For YES rather than NO: nothing much. ")
    assert "; with nothing seen, the network prefers YES too. Half" in explanation(against="NO", nothing=1.0).sentence
    assert "; the network alone prefers NO. Half" in explanation(against="NO", score=-1.0).sentence


def test_the_strip_has_a_row_for_each_region_that_counts_and_a_text_alternative():
    html = explanation_strip(explanation(note="Only the network <is> explained"))
    text = checked(html)
    assert "right hand+67%" in text and "left hand\u221233%" in text and "self-attention" in text
    assert "left arm" not in text  # it counts nothing
    assert html.count(f'fill="{FOR}"') == 5 and html.count(f'fill="{AGAINST}"') == 1
    assert explanation().sentence in text and 'role="img" aria-label="For YES: right hand 67%' in html
    assert "Only the network &lt;is&gt; explained." in html
    assert "frame 3" in text and re.search(r">22<", html)


def test_names_from_data_cannot_change_the_page():
    hostile = "</svg><script>alert(1)</script>\u202e"
    page = explanations_page(hostile, [Entry(explanation(of=hostile, clip=hostile, against=hostile), hostile)])
    assert "<script>alert" not in page and "\u202e" not in page
    checked(page.split("<script>")[0].replace("<!doctype html>", "") + "</body></html>")


@pytest.mark.parametrize("name", layout_registry.BUILT_IN)
def test_every_layout_is_divided_into_regions_and_drawn(name):
    layout = layout_registry.BUILT_IN[name]
    regions = regions_of(layout)
    every = np.concatenate(list(regions.values()))
    assert sorted(every.tolist()) == list(range(layout.width))
    of_channel = region_of_channel(regions, layout.width)
    assert all((of_channel[channels] == at).all() for at, channels in enumerate(regions.values()))
    assert {"left hand", "right hand"} <= set(regions)
    assert ("left arm" in regions) == ("right arm" in regions) == (layout.shoulders is not None)
    one = explanation(layout, frames=6)
    assert checked(explanation_strip(one)) and moving(one)["frames"] == 6


def test_what_was_not_seen_is_not_drawn():
    assert explanation_strip(explanation(seen=False)).count(' d="M') == 0
    assert explanation_strip(explanation()).count(' d="M') >= 8


def test_a_layout_without_a_figure_has_a_strip_alone():
    layout = Layout("flat", (Part("left", 2, "scalar", "left"), Part("right", 3, "scalar", "right")), mirrors=False)
    one = explanation(layout)
    assert moving(one) is None and "<path" not in explanation_strip(one)
    assert "right+67%" in checked(explanation_strip(one))
    assert 'id="play"' not in explanations_page("flat", [Entry(one, "YES")])
