"""What a disk can do to a checkpoint is found, and named."""

import shutil
from collections.abc import Callable
from pathlib import Path

import jax
import numpy as np
import pytest
from conftest import silent

from signjax.errors import InputError
from signjax.training import checkpoint
from signjax.training.checkpoint import Checkpoints, DamagedError
from signjax.training.state import TrainState


def state_at(step: int, width: int = 5) -> TrainState:
    random = np.random.default_rng(step)
    params = {"w": random.normal(size=(width, 3)).astype(np.float32), "b": np.full(3, step, np.float32)}
    return TrainState(
        step=np.int32(step),
        params=params,
        batch_stats={"mean": np.zeros(3, np.float32)},
        opt_state=({"w": params["w"] ** 2}, np.int32(step)),
        average={"params": params, "batch_stats": {"mean": np.ones(3, np.float32)}},
    )


def same(one: TrainState, other: TrainState) -> bool:
    pairs = zip(jax.tree.leaves(one), jax.tree.leaves(other), strict=True)
    return all(np.array_equal(a, b) and a.dtype == b.dtype for a, b in pairs)


@pytest.fixture(scope="module")
def two(tmp_path_factory) -> Path:
    """A folder with checkpoints of steps 10 and 20."""
    folder = tmp_path_factory.mktemp("two") / "checkpoints"
    with Checkpoints(folder) as checkpoints:
        for step in (5, 10, 20):
            checkpoints.save(state_at(step), {"epoch": step, "selected_step": step, "loss": 0.1 + step})
    return folder


def test_what_was_saved_comes_back(two):
    with Checkpoints(two) as checkpoints:
        assert checkpoints.steps == [10, 20]
        state, progress = checkpoints.restore(20, state_at(0))
        average, _ = checkpoints.restore_average(10, state_at(0).average)
    assert same(state, state_at(20)) and progress == {"epoch": 20, "selected_step": 20, "loss": 20.1}
    np.testing.assert_array_equal(average["params"]["w"], state_at(10).params["w"])


def flip(at: float) -> Callable[[bytes], bytes]:
    def flipped(content: bytes) -> bytes:
        changed = bytearray(content)
        changed[int(at * (len(content) - 1))] ^= 0x10
        return bytes(changed)

    return flipped


DAMAGES: dict[str, Callable[[bytes], bytes | None]] = {
    "a flipped bit at the start": flip(0),
    "a flipped bit in the middle": flip(0.5),
    "a flipped bit at two thirds": flip(0.67),
    "a flipped bit at the end": flip(1),
    "cut short": lambda content: content[: len(content) // 2],
    "empty": lambda content: b"",
    "missing": lambda content: None,
    "another file": lambda content: b"<html>404</html>",
}


@pytest.mark.parametrize("kind", DAMAGES)
def test_damage_of_any_file_is_found(two, tmp_path, kind):
    """Either the arrays are those that were written, or the checkpoint is refused and the one before it is taken."""
    files = sorted(path.relative_to(two) for path in (two / "20").rglob("*") if path.is_file())
    found = 0
    for file in files:
        folder = tmp_path / str(files.index(file)) / "checkpoints"
        shutil.copytree(two, folder)
        changed = DAMAGES[kind]((folder / file).read_bytes())
        if changed is None:
            (folder / file).unlink()
        else:
            (folder / file).write_bytes(changed)
        said: list[str] = []
        with Checkpoints(folder) as checkpoints:
            restored = checkpoints.restore_latest(state_at(0), said.append)
        assert restored is not None
        state, progress = restored
        assert same(state, state_at(progress["epoch"])) and progress["epoch"] in (10, 20), file
        if progress["epoch"] == 10:
            found += 1
            assert len(said) == 1 and str(folder / "20") in said[0] and "of step 10, is used" in said[0]
    assert found == len(files)


def test_a_missing_folder_of_the_state_is_found(two, tmp_path):
    shutil.copytree(two, tmp_path / "checkpoints")
    shutil.rmtree(tmp_path / "checkpoints" / "20" / "state")
    with Checkpoints(tmp_path / "checkpoints") as checkpoints:
        with pytest.raises(DamagedError, match="20: the checkpoint is damaged"):
            checkpoints.restore_latest(state_at(0), silent, fall_back=False)
        _, progress = checkpoints.restore_latest(state_at(0), silent)
        assert progress["epoch"] == 10
        checkpoints.save(state_at(15), {"epoch": 15, "selected_step": 15})
        checkpoints.wait()
        assert checkpoints.steps == [10, 15] and not (tmp_path / "checkpoints" / "20").exists()


def test_what_a_killed_process_left_is_removed(two, tmp_path):
    folder = tmp_path / "checkpoints"
    shutil.copytree(two, folder)
    shutil.copytree(two / "10", folder / "writing-30")
    shutil.copytree(two / "10", folder / "removing-5")
    with Checkpoints(folder) as checkpoints:
        assert checkpoints.steps == [10, 20]
    assert {path.name for path in folder.iterdir()} == {"10", "20"}


def test_another_model_is_told_array_by_array_and_is_no_damage(two):
    with Checkpoints(two) as checkpoints, pytest.raises(InputError) as error:
        checkpoints.restore_latest(state_at(0, width=7), silent)
    assert not isinstance(error.value, DamagedError)
    assert "\n  .params['w']: float32 (5, 3) in the checkpoint, float32 (7, 3) in the model" in str(error.value)
    assert "['b']" not in str(error.value)


def test_the_selected_one_is_kept_beside_the_latest(tmp_path):
    with Checkpoints(tmp_path) as checkpoints:
        for step in range(1, 6):
            checkpoints.save(state_at(step), {"selected_step": 2 if step > 1 else 1})
    assert {path.name for path in tmp_path.iterdir()} == {"2", "4", "5"}


def test_a_file_in_place_of_the_folder_is_named(tmp_path):
    (tmp_path / "checkpoints").write_text("")
    with pytest.raises(InputError, match="checkpoints: a file, where a folder of checkpoints is expected"):
        Checkpoints(tmp_path / "checkpoints")


def test_no_room_is_told_before_writing_and_the_last_one_stays(tmp_path, monkeypatch):
    with Checkpoints(tmp_path) as checkpoints:
        checkpoints.save(state_at(1), {"selected_step": 1})
        checkpoints.wait()
        usage = type("Usage", (), {"free": 10})
        monkeypatch.setattr(checkpoint.shutil, "disk_usage", lambda folder: usage)
        with pytest.raises(
            InputError, match=r"cannot be written: it needs .* free. The one of step 1 is complete; with room"
        ):
            checkpoints.save(state_at(2), {"selected_step": 2})
        monkeypatch.undo()
        checkpoints.save(state_at(2), {"selected_step": 2})
    assert {path.name for path in tmp_path.iterdir()} == {"1", "2"}
