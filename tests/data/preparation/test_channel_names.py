"""Names of channels on their way from an `.npz` file through `prepare` to prediction."""

import numpy as np
import pytest
from conftest import make_recipe, silent

from signjax.data.clip import Request
from signjax.data.preparation import self_check
from signjax.data.preparation.prepare import prepare
from signjax.data.sources import registry as source_registry
from signjax.errors import InputError
from signjax.report.dataset_lines import describe

POINTS = ("nose", "left_shoulder", "right_shoulder", "left_wrist", "right_wrist")
NAMES = [f"{point}.{axis}" for point in POINTS for axis in "xy"]


def frames_of(clips: int) -> np.ndarray:
    """(clips, 9, 10), different movements of five points."""
    rng = np.random.default_rng(0)
    return (rng.normal(size=(1, 1, 10)) * 50 + rng.normal(size=(clips, 9, 10)).cumsum(1)).astype(np.float32)


def saved(path, frames, names, **more):
    np.savez(path, frames=frames, labels=np.arange(len(frames)) % 3, channels=names, **more)
    return path


def prepared(path, folder, say=silent):
    return prepare(make_recipe(source="arrays", path=str(path), split="stratified"), folder, say)


def test_the_order_of_the_channels_changes_nothing_that_is_stored(tmp_path):
    frames, order = frames_of(12), np.array([0, 2, 4, 6, 8, 1, 3, 5, 7, 9])  # all x, then all y
    first = prepared(saved(tmp_path / "a.npz", frames, NAMES), tmp_path / "a")
    second = prepared(
        saved(tmp_path / "b.npz", frames[..., order], [NAMES[column] for column in order]), tmp_path / "b"
    )
    assert first.layout == second.layout and first.layout.columns is None
    np.testing.assert_array_equal(first.features, second.features)
    assert second.source_layout.columns == tuple(np.argsort(order))
    recipe = make_recipe(source="arrays", path=str(tmp_path / "b.npz"), split="stratified")
    self_check.check_dataset(second, recipe, self_check.reread_clips(second, recipe, turn=0))


def test_the_layout_is_said_with_its_reason_also_when_the_folder_is_opened_again(tmp_path):
    path = saved(tmp_path / "a.npz", frames_of(12), NAMES)
    for _ in range(2):
        said: list[str] = []
        lines = list(describe(prepared(path, tmp_path / "a", said.append)))
        assert any(
            line.startswith("layout: named_channels: 10 of 10 channel names are those of body points: pose 5 x xy")
            for line in lines
        )
    assert not said  # nothing was made again
    plain = prepared(saved(tmp_path / "b.npz", frames_of(12), ["x"] * 10), tmp_path / "b")
    assert "layout: generic: no channel name is that of a body point" in "\n".join(describe(plain))
    short = prepared(saved(tmp_path / "c.npz", frames_of(12), NAMES[1:]), tmp_path / "c")
    assert "layout: generic: the array 'channels' has 9 names for 10 channels" in "\n".join(describe(short))


def test_a_folder_with_a_file_of_names_and_files_that_name_their_own(tmp_path):
    frames = frames_of(12)
    folder = tmp_path / "packed"
    folder.mkdir()
    for key, array in {"frames": frames, "labels": np.arange(12) % 3, "channels": NAMES}.items():
        np.save(folder / f"{key}.npy", array)
    assert prepared(folder, tmp_path / "a").layout.name == "named_channels"
    clips = tmp_path / "clips"
    clips.mkdir()
    for number, clip in enumerate(frames):
        np.savez(clips / f"{number}.npz", frames=clip, channels=NAMES)
    rows = [f"{number},{number % 3}" for number in range(12)]
    (clips / "labels.csv").write_text("\n".join(["clip,gloss", *rows]))
    assert prepared(clips, tmp_path / "b").layout.name == "named_channels"
    np.savez(clips / "7.npz", frames=frames[7], channels=NAMES[::-1])
    found = prepared(clips, tmp_path / "b")
    assert found.info["excluded"] == {"wrong_width": 1}


def test_a_model_is_given_its_channels_by_their_names(tmp_path):
    frames = frames_of(12)
    trained = prepared(saved(tmp_path / "a.npz", frames, NAMES), tmp_path / "a").source_layout
    order = np.random.default_rng(0).permutation(10)
    other = saved(tmp_path / "b.npz", frames[..., order], [NAMES[column] for column in order])
    found = source_registry.layout_like("arrays", Request(other), trained)
    np.testing.assert_array_equal(found.ordered(frames[0][:, order]), frames[0])
    assert found.in_order() == trained.in_order()
    np.savez(tmp_path / "c.npz", frames=frames)
    assert source_registry.layout_like("arrays", Request(tmp_path / "c.npz"), trained) == trained
    strange = saved(tmp_path / "d.npz", frames, [*NAMES[:-1], "right_hip.y"])
    with pytest.raises(InputError, match=r"not the 10 that the model was trained on.*'right_wrist.y', 'right_hip.y'"):
        source_registry.layout_like("arrays", Request(strange), trained)
