import numpy as np
import pytest

from signjax.data.cleaning.clean import Cleaned, Cleaning, clean
from signjax.data.cleaning.handedness import dominance
from signjax.data.geometry.kinematics import positions
from signjax.data.layout import registry as layout_registry
from signjax.data.sources import mediapipe
from signjax.data.synthetic.signing import vocabulary
from signjax.demo.example import example_clip

LAYOUTS = {
    layout.name: layout
    for layout in (*layout_registry.BUILT_IN.values(), *mediapipe.LAYOUTS.values(), layout_registry.generic(7))
}


@pytest.mark.parametrize("name", LAYOUTS)
def test_every_layout_has_an_example_that_a_model_of_it_takes(name):
    layout = LAYOUTS[name]
    clip = example_clip(layout, {})
    assert clip.frames.dtype == np.float32 and clip.frames.shape[1] == layout.width
    cleaned = clean(clip, layout, Cleaning())
    assert isinstance(cleaned, Cleaned) and not cleaned.unseen


@pytest.mark.parametrize("name", ["smplx", "pose_hands"])
def test_the_example_is_a_right_handed_person_in_the_picture(name):
    layout = layout_registry.BUILT_IN[name]
    clip = example_clip(layout, {})
    assert dominance(clip, layout).hand == "right"
    places = positions(clip.frames, layout)
    (left, right), head = (
        [places[part][:, n] for part, n in layout.shoulders],
        places[layout.head[0]][:, layout.head[1]],
    )
    assert (left[:, 0] > right[:, 0]).all(), "seen from the front, the left shoulder is on the right"
    assert (head[:, 1] < left[:, 1]).all(), "y is down"
    if name == "pose_hands":
        assert ((clip.frames[:, :225:3] > -0.5) & (clip.frames[:, :225:3] < 1.5)).all()
        for number, hand in ((15, "left_hand"), (16, "right_hand")):
            seen = clip.valid[:, layout.part_names.index(hand)]
            np.testing.assert_allclose(places[hand][seen, 0], places["pose"][seen, number], atol=1e-6)


def test_it_signs_a_sign_that_the_model_knows():
    layout, sign = layout_registry.smplx(), vocabulary(24)[5]
    heads = {"gloss": ("another", sign.gloss), "hands": ("one", "both")}
    known = example_clip(layout, heads)
    assert known.labels == {"gloss": sign.gloss}
    assert not np.array_equal(known.frames, example_clip(layout, {}).frames)
    assert example_clip(layout, {"gloss": ("another",)}).labels == {}
