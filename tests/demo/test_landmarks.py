import numpy as np
import pytest

from signjax.data.cleaning.clean import Cleaning, clean
from signjax.data.clip import ClipInfo, Item, Request
from signjax.data.layout import landmarks as mediapipe_landmarks
from signjax.data.layout import registry as layout_registry
from signjax.data.sources import mediapipe
from signjax.demo.landmarks import NAMES, clip_of, needs_irises, selections, unordered
from signjax.errors import InputError

COUNTS = {"pose": 33, "face": 478, "left_hand": 21, "right_hand": 21}
FRAMES = 7


def results(seed: int = 0, **missing: int) -> list[dict]:
    """What MediaPipe found in some frames; `missing` are the frames in which a set was not found."""
    rng = np.random.default_rng(seed)
    frames = []
    for frame in range(FRAMES):
        found = {}
        for landmarks, count in COUNTS.items():
            points = [
                dict(zip(("x", "y", "z", "visibility"), map(float, row), strict=True)) for row in rng.random((count, 4))
            ]
            found[NAMES[landmarks]] = None if missing.get(landmarks) == frame else points
        frames.append(found)
    return frames


def as_saved(frames: list[dict], layout: str) -> np.ndarray:
    """What the tutorials save of them: pose with visibility, face, left hand, right hand; zeros for what was not found."""
    rows = []
    for found in frames:
        row = []
        for landmarks in ("pose", "face", "left_hand", "right_hand"):
            if landmarks == "face" and layout == "pose_hands_258":
                continue
            points = found[NAMES[landmarks]] or [dict.fromkeys(("x", "y", "z", "visibility"), 0.0)] * COUNTS[landmarks]
            axes = ("x", "y", "z", "visibility") if landmarks == "pose" else ("x", "y", "z")
            row += [point[axis] for point in points for axis in axes]
        rows.append(row)
    return np.array(rows, np.float32)


@pytest.mark.parametrize("name", ["pose_hands_258", "holistic_1662"])
def test_a_clip_of_the_page_is_the_clip_that_training_reads(name, tmp_path):
    frames = results(face=2, left_hand=3, pose=5)
    np.save(tmp_path / "clip.npy", as_saved(frames, name))
    layout = layout_registry.BUILT_IN[name]
    item = Item(ClipInfo("clip", str(tmp_path / "clip.npy")), how=Request(tmp_path).layout)
    expected, found = (
        clean(clip, layout, Cleaning(longest_gap=0))
        for clip in (mediapipe.read_item(item), clip_of(frames, "clip", layout))
    )
    np.testing.assert_array_equal(found.clip.valid, expected.clip.valid)
    np.testing.assert_allclose(found.clip.frames, expected.clip.frames, atol=1e-6)


def test_the_irises_are_the_last_landmarks_of_the_face():
    layout, frames = mediapipe_landmarks.holistic_553(), results()
    assert needs_irises(layout) and not needs_irises(layout_registry.BUILT_IN["holistic"])
    iris = clip_of(frames, "clip", layout).frames[:, layout.channels_of("irises")]
    point = frames[4]["faceLandmarks"][468]
    np.testing.assert_allclose(iris[4, :3], [point["x"], point["y"], point["z"]], rtol=1e-6)
    without = [{**one, "faceLandmarks": one["faceLandmarks"][:468]} for one in frames]
    clip = clip_of(without, "clip", layout)
    assert not clip.valid[:, layout.part_names.index("irises")].any()
    assert clip.valid[:, layout.part_names.index("face")].all()


def test_four_points_of_the_face_and_lists_of_numbers():
    layout, frames = mediapipe_landmarks.face4_pose_hands(), results()
    lists = {"frames": [{key: [list(p.values())[:3] for p in points] for key, points in one.items()} for one in frames]}
    clip = clip_of(lists, "clip", layout)
    np.testing.assert_array_equal(clip.frames, clip_of(frames, "clip", layout).frames)
    chin = frames[0]["faceLandmarks"][152]
    np.testing.assert_allclose(clip.frames[0, 2:4], [chin["x"], chin["y"]], rtol=1e-6)


def test_pixels_are_fractions_of_the_picture():
    layout = layout_registry.BUILT_IN["hands"]
    content = {"width": 640, "height": 480, "frames": results()}
    fractions, pixels = (clip_of(content, "clip", layout, pixels=pixels).frames for pixels in (False, True))
    np.testing.assert_allclose(pixels, fractions * np.tile([640, 480, 640], 42), rtol=1e-5)


def test_columns_of_a_source_are_put_back():
    layout = layout_registry.BUILT_IN["pose_hands_258"]
    columns = tuple(np.random.default_rng(0).permutation(layout.width).tolist())
    moved = layout.__class__(**{**vars_of(layout), "columns": columns})
    frames = np.random.default_rng(1).random((3, layout.width)).astype(np.float32)
    np.testing.assert_array_equal(moved.ordered(unordered(frames, moved)), frames)
    assert unordered(frames, layout) is frames


def vars_of(layout):
    return {name: getattr(layout, name) for name in layout.__dataclass_fields__}


def test_only_layouts_of_mediapipe_have_landmarks():
    for name in ("smplx", "keypoints_106"):
        assert selections(layout_registry.BUILT_IN[name]) is None
    assert selections(layout_registry.generic(5)) is None
    with pytest.raises(InputError, match="clip: it holds MediaPipe landmarks, but the model takes layout smplx"):
        clip_of(results(), "clip", layout_registry.smplx())


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ([], "found an empty list"),
        ({"landmarks": []}, "found NoneType"),
        ([[1, 2]], "found list"),
        ([{"poseLandmarks": [[1, 2]] * 33}], "frame 0, poseLandmarks: a landmark must be"),
        ([{"poseLandmarks": [{"x": 1}] * 33}], "frame 0, poseLandmarks: a landmark must be"),
        ([{"poseLandmarks": [[1, 2, 3]]}, {"poseLandmarks": [[1, 2, 3]] * 2}], "frame 0 has 1 poseLandmarks, but others have 2"),
        ([{"poseLandmarks": 5}], "frame 0, poseLandmarks: expected a list of landmarks; found int"),
        ([{"poseLandmarks": [[1, 2, 3]]}], "expected 33 poseLandmarks in a frame; found 1"),
    ],
)  # fmt: skip
def test_other_files_are_explained(content, message):
    with pytest.raises(InputError, match=f"^clip: .*{message}"):
        clip_of(content, "clip", layout_registry.BUILT_IN["pose_hands"])
