from dataclasses import replace

import numpy as np
import pytest

from signjax.data.cleaning.handedness import (
    Cause,
    Mirroring,
    canonical,
    dominance,
    mirrored,
    parse_mirroring,
)
from signjax.data.clip import Clip, ClipInfo
from signjax.data.layout import registry as layout_registry
from signjax.data.synthetic.signing import make_signer, sign_clip, vocabulary

SMPLX = layout_registry.smplx()
XY = layout_registry.BUILT_IN["pose_hands_xy"]


def with_hand(clip: Clip, hand: str | None) -> Clip:
    return replace(clip, info=replace(clip.info, dominant_hand=hand))


def synthetic_clip(signer: int, sign: int) -> Clip:
    content = sign_clip(vocabulary(24)[sign], make_signer(signer, 0), np.random.default_rng([signer, sign]))
    smplx = content["smplx"]
    valid = np.ones((len(smplx), 6), bool)
    valid[:, 2], valid[:, 3] = content["left_valid"], content["right_valid"]
    return Clip(ClipInfo("clip"), np.concatenate([smplx[:, :159], smplx[:, 169:179]], axis=1), valid)


def waving(hand: str, missing: float | None = None) -> Clip:
    """A figure in pixels that waves one hand; if `missing` is given, the other hand was never seen."""
    frames = np.full((40, XY.width), 300.0, np.float32)
    time = np.arange(40)
    rng = np.random.default_rng(0)
    for point, x in ((("pose", 11), 380.0), (("pose", 12), 220.0)):
        frames[:, XY.channels_at(point)] = [x, 300.0]
    for name, x in (("left_hand", 450.0), ("right_hand", 150.0)):
        places = np.array([x, 400.0]) + rng.normal(0, 15, (21, 2)) + rng.normal(0, 1, (40, 21, 2))
        if name == hand:
            places[..., 1] += 60 * np.sin(time / 4)[:, None]
        elif missing is not None:
            places[:] = missing
        frames[:, XY.channels_of(name)] = places.reshape(40, 42)
    return Clip(ClipInfo(hand), frames)


ONE_HANDED = [index for index, sign in enumerate(vocabulary(24)) if sign.hands == "one"]


def test_the_leading_hand_of_every_one_handed_synthetic_clip_is_found_or_left_open():
    found = {
        left: [dominance(synthetic_clip(signer, sign), SMPLX).hand for signer in signers for sign in ONE_HANDED]
        for left, signers in ((False, (0, 1, 2, 4)), (True, (3, 7, 11, 15)))
    }
    assert "right" not in found[True]
    assert "left" not in found[False]
    assert found[True].count("left") > 0.75 * len(found[True])


@pytest.mark.parametrize("missing", [None, 0.0, np.nan])
@pytest.mark.parametrize("hand", ["left", "right"])
def test_the_hand_that_waves_leads(hand, missing):
    assert dominance(waving(f"{hand}_hand", missing), XY).hand == hand


def test_two_hands_that_move_alike_have_no_leader():
    both = waving("left_hand")
    both.frames[:, XY.channels_of("right_hand")] = mirrored(both, XY).frames[:, XY.channels_of("right_hand")]
    assert dominance(both, XY).hand is None


def test_neither_place_nor_scale_matters():
    clip = waving("left_hand")
    moved = replace(clip, frames=(clip.frames * 7 + 100).astype(np.float32))
    first, second = dominance(clip, XY), dominance(moved, XY)
    np.testing.assert_allclose([second.left, second.right], [first.left, first.right], rtol=1e-4)


def test_a_mirrored_clip_leads_with_the_other_hand():
    clip = synthetic_clip(3, ONE_HANDED[0])
    before, after = dominance(clip, SMPLX), dominance(mirrored(clip, SMPLX), SMPLX)
    np.testing.assert_allclose([after.left, after.right], [before.right, before.left], rtol=1e-5)


def test_as_is_changes_nothing_table_follows_the_table_detect_fills_its_gaps():
    unknown = synthetic_clip(3, ONE_HANDED[0])
    left, right = with_hand(unknown, "left"), with_hand(unknown, "right")
    causes = {
        mode: [canonical(clip, SMPLX, mode)[1].cause for clip in (unknown, left, right)]
        for mode in ("as_is", "table", "detect")
    }
    assert causes == {
        "as_is": [Cause.NONE, Cause.NONE, Cause.NONE],
        "table": [Cause.NONE, Cause.TABLE, Cause.NONE],
        "detect": [Cause.DETECTED, Cause.TABLE, Cause.NONE],
    }
    clip, mirroring = canonical(left, SMPLX, "table")
    np.testing.assert_array_equal(mirrored(clip, SMPLX).frames, left.frames)
    assert clip.dominant_hand == "right"
    assert mirroring.done
    assert mirroring.text == "table: the left hand leads"
    assert "times as much as the right" in canonical(unknown, SMPLX, "detect")[1].detail


def test_what_cannot_be_mirrored_is_said():
    clip = Clip(ClipInfo("clip", dominant_hand="left"), np.zeros((5, 8), np.float32))
    mirroring = canonical(clip, layout_registry.generic(8), "table")[1]
    assert not mirroring.done
    assert mirroring.text == "not mirrored: layout generic has no left and right"
    assert dominance(clip, layout_registry.generic(8)) is None
    assert canonical(with_hand(clip, None), layout_registry.generic(8), "detect")[1] == Mirroring()


@pytest.mark.parametrize("mode", ["as_is", "table", "detect"])
@pytest.mark.parametrize("hand", [None, "left", "right"])
@pytest.mark.parametrize("layout", [SMPLX, layout_registry.generic(169)], ids=lambda layout: layout.name)
def test_a_cell_of_clips_csv_says_all_of_what_was_done(layout, hand, mode):
    clip = with_hand(synthetic_clip(3, ONE_HANDED[0]), hand)
    after, mirroring = canonical(replace(clip, valid=None), layout, mode)
    assert parse_mirroring(mirroring.text) == mirroring
    assert mirroring.done == (not np.array_equal(after.frames, clip.frames))


def test_a_cell_that_says_something_else_is_an_error():
    with pytest.raises(ValueError, match="perhaps"):
        parse_mirroring("perhaps: x")


@pytest.mark.parametrize("frames", [0, 1, 2])
@pytest.mark.parametrize("layout", [SMPLX, XY, layout_registry.BUILT_IN["hands"]], ids=lambda layout: layout.name)
def test_clips_of_hardly_any_frame_or_of_nothing_have_no_leader(frames, layout):
    clip = Clip(ClipInfo("clip"), np.zeros((frames, layout.width), np.float32))
    assert dominance(clip, layout).hand is None
