"""An `InputSpec` is read back from disk bit for bit."""

import json
from dataclasses import fields, replace

import numpy as np
import pytest

from signjax.data.clip import Clip, ClipInfo
from signjax.data.dataset import SPLITS, STATISTICS, in_memory
from signjax.data.layout.parts import Layout, Part
from signjax.errors import InputError
from signjax.model.bone_scale import BoneScale, measure_bones
from signjax.model.input_spec import FILE, make_input_spec, read_input_spec, write_input_spec


def test_a_spec_is_read_back_bit_for_bit(dataset, tmp_path):
    spec = make_input_spec(dataset, (16, 48))
    random = np.random.default_rng(0).integers(0, 2**31, 3 * len(spec.mean)).astype(np.uint32).view(np.float32)
    mean, low, high = np.where(np.isfinite(random), random, 0.1).astype(np.float32).reshape(3, -1)
    low[::2], high[1::2] = -np.inf, np.inf
    spec = replace(
        spec,
        mean=mean,
        low=low,
        high=high,
        bones=BoneScale(0.1, 0.3),
        heads={"gloss": ("é", "b\n", "NA"), "hand, side": ("0", "1")},
    )
    write_input_spec(tmp_path, spec)
    found = read_input_spec(tmp_path)
    for field in fields(spec):
        value, expected = getattr(found, field.name), getattr(spec, field.name)
        if isinstance(expected, np.ndarray):
            assert value.dtype == np.float32 and value.tobytes() == expected.tobytes(), field.name
        else:
            assert value == expected, field.name
    assert (found.frames, found.features, found.classes) == (48, 4 * 169 + 3 * 117 + 6, {"gloss": 3, "hand, side": 2})


def test_what_cannot_be_used_is_named(dataset, tmp_path):
    with pytest.raises(InputError, match=r"input_spec\.json: the file does not exist; train"):
        read_input_spec(tmp_path)
    write_input_spec(tmp_path, make_input_spec(dataset, (16,)))
    path = tmp_path / FILE
    content = json.loads(path.read_text())
    for damage in ("{", "[]", json.dumps(content | {"mean": [0.0]}), json.dumps(content | {"format_version": 0})):
        path.write_text(damage)
        with pytest.raises(InputError, match=r"input_spec\.json: the file cannot be used"):
            read_input_spec(tmp_path)


def test_bones_are_measured_in_training_clips_alone():
    layout = Layout("arm", (Part("arm", 2, "xy", "arm"),), False, ((("arm", 0), ("arm", 1)),))
    angles = [np.array([0.0, 0.2, 0.0, -0.2]), np.array([0.0, 3.0])]
    frames = [np.stack([0 * one, 0 * one, np.cos(one), np.sin(one)], 1).astype(np.float32) for one in angles]
    null = {name: np.full(4, value, np.float32) for name, value in STATISTICS.items()}
    made = in_memory(
        [Clip(ClipInfo(str(i)), clip, None) for i, clip in enumerate(frames)], layout, {"gloss": ("a",)}, null
    )
    data = replace(made, split=np.array([SPLITS.index("train"), SPLITS.index("test")], np.int8))
    direction = frames[0][:, 2:]
    movement = np.sqrt(np.square(direction - direction.mean(0)).mean())
    speed = np.sqrt(np.square(np.diff(direction, axis=0)).mean())
    np.testing.assert_allclose(measure_bones(data), (movement, speed), rtol=1e-4)
    assert measure_bones(replace(data, layout=replace(layout, skeleton=()))) is None
