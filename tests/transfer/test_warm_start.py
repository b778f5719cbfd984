"""Beginning with what another run has learned; the run is made up."""

import json
from pathlib import Path

import jax
import numpy as np
import pytest
from conftest import silent

from signjax.errors import InputError
from signjax.model.input_spec import InputSpec, make_input_spec, write_input_spec
from signjax.training.checkpoint import Checkpoints
from signjax.training.state import TrainState
from signjax.transfer.warm_start import begin_with, read_learned


def state_of(value: float, classes: int, width: int = 3) -> TrainState:
    """A state whose weights all have a value, with a body and the heads `gloss` and `hands`."""
    params = {
        "stem": {"kernel": np.full((width, 5), value, np.float32)},
        "head_gloss": {"kernel": np.full((5, classes), value, np.float32)},
        "head_hands": {"kernel": np.full((5, 2), value, np.float32)},
    }
    average = {"params": params, "batch_stats": {"norm": np.full(5, value, np.float32)}}
    return TrainState(np.int32(7), params, average["batch_stats"], (), average)


@pytest.fixture
def spec(dataset) -> InputSpec:
    return make_input_spec(dataset, (16,))


@pytest.fixture
def run_folder(spec, tmp_path) -> Path:
    """The folder of a run that has learned 2 everywhere."""
    with Checkpoints(tmp_path / "refit" / "checkpoints") as checkpoints:
        checkpoints.save(state_of(2.0, 4), {"selected_step": 7})
    (tmp_path / "run.json").write_text(json.dumps({"model": "refit/checkpoints"}))
    write_input_spec(tmp_path, spec)
    return tmp_path


def begun(folder: Path, heads: dict, classes: int, width: int = 3) -> tuple[TrainState, list[str]]:
    said: list[str] = []
    return begin_with(state_of(1.0, classes, width), read_learned(folder), heads, said.append), said


def test_all_of_an_equal_model_is_taken(run_folder, spec):
    heads = {**spec.heads, "hands": ("one", "two")}
    known = read_learned(run_folder)
    assert known.spec == spec or known.spec.heads == spec.heads
    state, said = begun(run_folder, dict(spec.heads), 4)
    assert {float(leaf.mean()) for leaf in jax.tree.leaves((state.params, state.average))} == {2.0}
    assert int(state.step) == 7 and len(said) == 1 and "init_from: 4 of 4 arrays are those of" in said[0]
    state, said = begun(run_folder, heads, 4)  # a head that the other run does not have
    assert float(state.params["head_hands"]["kernel"].mean()) == 1.0
    assert said[1] == "init_from: other classes, so a new head: 'hands'"


def test_a_head_of_other_classes_is_new_even_if_there_are_as_many(run_folder):
    state, said = begun(run_folder, {"gloss": ("a", "b", "c", "d")}, 4)
    assert (
        float(state.params["head_gloss"]["kernel"].mean()) == 1.0
        and float(state.params["stem"]["kernel"].mean()) == 2.0
    )
    assert "so a new head: 'gloss'" in said[1]


def test_classes_that_are_known_keep_their_weights_by_name(run_folder, spec, tmp_path):
    a, b, c, d = spec.heads["gloss"]
    learned = read_learned(run_folder)
    kernel = np.arange(20, dtype=np.float32).reshape(5, 4)
    learned.arrays["['params']['head_gloss']['kernel']"][:] = kernel
    said: list[str] = []
    fresh = state_of(1.0, 5)
    state = begin_with(fresh, learned, {"gloss": (d, "new", b, "x", a)}, said.append)
    for params in (state.params, state.average["params"]):
        grown = params["head_gloss"]["kernel"]
        np.testing.assert_array_equal(grown[:, [0, 2, 4]], kernel[:, [3, 1, 0]])
        assert (grown[:, [1, 3]] == 1.0).all()
    assert (fresh.params["head_gloss"]["kernel"] == 1.0).all()
    assert float(state.params["stem"]["kernel"].mean()) == 2.0
    assert said == [
        f"init_from: 3 of 4 arrays are those of {run_folder}",
        f"init_from: 3 of the 5 classes of head 'gloss' keep their weights; 2 are new: 'new', 'x'; 1 of that model are left "
        f"out: {c!r}",
    ]


def test_the_classes_of_all_members_are_kept(run_folder, spec):
    _, b, c, _ = spec.heads["gloss"]
    learned = read_learned(run_folder)
    both = np.random.default_rng(0).normal(size=(2, 5, 4)).astype(np.float32)
    learned.arrays["['params']['head_gloss']['kernel']"] = both
    fresh = state_of(1.0, 3)
    params = {**fresh.params, "head_gloss": {"kernel": np.ones((2, 5, 3), np.float32)}}
    state = begin_with(fresh.replace(params=params), learned, {"gloss": (c, "new", b)}, silent)
    np.testing.assert_array_equal(state.params["head_gloss"]["kernel"][:, :, [0, 2]], both[:, :, [2, 1]])


def test_arrays_of_another_shape_are_new_and_named(run_folder, spec):
    state, said = begun(run_folder, dict(spec.heads), 4, width=6)
    assert state.params["stem"]["kernel"].shape == (6, 5) and float(state.params["stem"]["kernel"].mean()) == 1.0
    assert said[1] == "init_from: absent there or of another shape, so new: ['params']['stem']['kernel']"


def test_models_that_share_nothing_and_folders_without_a_run_are_refused(run_folder, tmp_path):
    fresh = state_of(1.0, 4)
    alien = {"params": {"other": np.ones(1, np.float32)}, "batch_stats": {}}
    with pytest.raises(InputError, match="none of its arrays has the name and shape"):
        begin_with(
            fresh.replace(params=alien["params"], batch_stats={}, average=alien), read_learned(run_folder), {}, silent
        )
    with pytest.raises(InputError, match="not the folder of a trained run"):
        read_learned(tmp_path / "absent")
    (run_folder / "run.json").write_text(json.dumps({"model": "elsewhere"}))
    with pytest.raises(InputError, match="it has no elsewhere"):
        read_learned(run_folder)
