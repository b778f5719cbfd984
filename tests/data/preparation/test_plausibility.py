"""The warnings about a data set that looks wrong as a whole."""

import numpy as np
import pytest
from conftest import make_recipe

from signjax.data.layout.registry import BUILT_IN, generic
from signjax.data.preparation.plausibility import beyond_full_turn, typical_size
from signjax.data.preparation.prepare import prepare
from signjax.errors import InputError

COUNT = 240  # enough for splits that raise no doubt


def warnings_of(tmp_path, clips: list[np.ndarray], **changes: object) -> str:
    np.savez(
        tmp_path / "a.npz",
        frames=np.concatenate(clips).astype(np.float32),
        offsets=np.cumsum([0, *map(len, clips)]),
        labels=np.arange(len(clips)) % 4,
    )
    recipe = make_recipe(source="arrays", path=str(tmp_path / "a.npz"), **changes)
    said: list[str] = []
    try:
        return "\n".join(prepare(recipe, tmp_path / "d", said.append).info["warnings"])
    except InputError:  # warnings are said first
        return "\n".join(said)


def moving(width: int, size: float = 1.0) -> list[np.ndarray]:
    random = np.random.default_rng(0)
    return [size * (2 + np.cumsum(random.normal(size=(20, width)), 0) / 10) for _ in range(COUNT)]


def test_ordinary_clips_raise_no_doubt(tmp_path):
    assert warnings_of(tmp_path, moving(84), layout="hands_xy") == ""


def test_rotations_in_degrees(tmp_path):
    clips = moving(156, 0.2)
    assert warnings_of(tmp_path, clips, layout="smplx_unsmoothed") == ""
    degrees = [np.degrees(clip) for clip in clips]
    said = warnings_of(tmp_path, degrees, layout="smplx_unsmoothed")
    assert "exceed a full turn (2 pi) in many frames of 240 of 240 clips" in said and "degrees" in said


def test_pixels_beside_shares_of_the_picture(tmp_path):
    clips = [clip if i % 4 else clip * 640 for i, clip in enumerate(moving(84, 0.25))]
    said = warnings_of(tmp_path, clips, layout="hands_xy")
    assert "two units" in said and "'clip_000', 'clip_004'" in said and "The smaller group is" in said
    assert "two units" in warnings_of(tmp_path, clips, layout="generic")


def test_a_hand_that_no_clip_shows(tmp_path):
    clips = moving(84)
    for clip in clips:
        clip[:, 42:] = 0
    assert "no clip shows right hand" in warnings_of(tmp_path, clips, layout="hands_xy")


def test_clips_that_stand_still(tmp_path):
    clips = [np.tile(clip[:1], (20, 1)) for clip in moving(6)]
    assert "no clip moves" in warnings_of(tmp_path, clips)


def test_the_size_of_what_was_seen():
    layout = BUILT_IN["hands_xy"]
    frames = np.zeros((5, 84), np.float32)
    frames[:, :42] = -3.0
    frames[2] = np.nan
    assert typical_size(frames, layout) == 3.0
    assert typical_size(np.zeros((5, 84), np.float32), layout) == 0.0
    assert typical_size(np.full((5, 4), 2.0, np.float32), generic(4)) == 2.0
    assert typical_size(np.ones((5, 156), np.float32), BUILT_IN["smplx_unsmoothed"]) == 0.0


@pytest.mark.parametrize(("angle", "share"), [(3.0, 0.0), (2 * np.pi, 0.0), (90.0, 1.0)])
def test_rotations_beyond_a_full_turn(angle, share):
    frames = np.zeros((4, 156), np.float32)
    frames[:, ::3] = angle
    assert beyond_full_turn(frames, BUILT_IN["smplx_unsmoothed"]) == share


def test_two_joints_in_degrees_among_others_in_radians(tmp_path):
    clips = moving(156, 0.2)
    for clip in clips:
        clip[:, 30:36] = np.degrees(clip[:, 30:36])
    assert "degrees" in warnings_of(tmp_path, clips, layout="smplx_unsmoothed")


def test_segments_in_whole_seconds(tmp_path):
    """Clips in a label table that end 2, 4 and 6 s into recordings of 150 frames."""
    (tmp_path / "clips").mkdir()
    random = np.random.default_rng(0)
    rows = ["clip,file,start,end,gloss"]
    for number in range(40):
        np.save(tmp_path / "clips" / f"{number}.npy", np.cumsum(random.normal(size=(150, 4)), 0).astype(np.float32))
        rows += [f"{number}_{start},{number},{start},{start + 6},{'abcd'[number % 4]}" for start in (0, 6)]
    (tmp_path / "labels.csv").write_text("\n".join(rows) + "\n")
    said: list[str] = []
    recipe = make_recipe(source="arrays", path=str(tmp_path / "clips"), labels=str(tmp_path / "labels.csv"))
    prepare(recipe, tmp_path / "d", said.append)
    warnings = "\n".join([*said, *prepare(recipe, tmp_path / "d", said.append).info["warnings"]])
    assert "Are they in seconds?" in warnings
