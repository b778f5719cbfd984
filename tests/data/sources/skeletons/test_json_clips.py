import json
from pathlib import Path

import numpy as np
import pytest

from signjax.data.clip import Request
from signjax.data.sources import registry as source_registry
from signjax.errors import InputError

RNG = np.random.default_rng(0)


def read(path: Path, **fields: object) -> list:
    return list(source_registry.read("skeletons", Request(path, **fields)))


def people(confidences: tuple[float, ...], points: int) -> tuple[list[np.ndarray], list[list[float]]]:
    return [RNG.uniform(1, 400, (points, 2)) for _ in confidences], [[value] * points for value in confidences]


@pytest.mark.parametrize("wrapped", [True, False])
def test_the_results_of_mmpose(tmp_path, wrapped):
    for name in ("a", "b"):
        frames, best = [], []
        for number, confidences in ((1, (0.3, 0.9)), (2, (0.8,)), (4, ()), (5, (0.9, 0.2))):
            found, scores = people(confidences, 133)
            instances = [
                {"keypoints": points.tolist(), "keypoint_scores": score}
                for points, score in zip(found, scores, strict=True)
            ]
            frames.append({"frame_id": number, "instances": instances})
            best.append(found[int(np.argmax(confidences))] if confidences else np.full((133, 2), np.nan))
        content = {"meta_info": {"num_keypoints": 133}, "instance_info": frames} if wrapped else frames
        (tmp_path / f"{name}.json").write_text(json.dumps(content))
    (tmp_path / "labels.json").write_text(json.dumps([{"clip": "a", "gloss": "X"}, {"clip": "b", "gloss": "Y"}]))
    first, second = read(tmp_path)
    assert (first.labels["gloss"], second.labels["gloss"]) == ("X", "Y")
    missing = np.full((133, 2), np.nan)
    expected = np.stack([best[0], best[1], missing, best[2], best[3]]).astype(np.float32)
    np.testing.assert_array_equal(second.frames, expected.reshape(5, 266))


def test_the_skeletons_of_kinetics(tmp_path):
    for name, label in (("a", "wave"), ("b", "nod")):
        found, scores = people((0.5, 0.5, 0.5), 18)
        frames = [
            {"frame_index": number + 1, "skeleton": [{"pose": points.reshape(-1).tolist(), "score": score}]}
            for number, (points, score) in enumerate(zip(found, scores, strict=True))
        ]
        (tmp_path / f"{name}.json").write_text(json.dumps({"data": frames, "label": label, "label_index": 3}))
    first, second = read(tmp_path)
    assert (first.name, first.labels["gloss"], second.labels["gloss"]) == ("a", "wave", "nod")
    np.testing.assert_array_equal(second.frames, np.stack(found).reshape(3, 36).astype(np.float32))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"instance_info": [', "the JSON is damaged or of another form"),
        ("", "it is an empty file"),
        (
            '{"instance_info": [{"frame_id": 1, "instances": [{"bbox": [1]}]}]}',
            "the JSON is damaged or of another form",
        ),
        ('{"a": 1}', "it holds a dict with a, none of which is an array of points"),
    ],
)
def test_json_that_is_no_clip(tmp_path, text, said):
    (tmp_path / "a.json").write_text(text)
    with pytest.raises(InputError, match=said):
        read(tmp_path / "a.json")
    with pytest.raises(InputError, match=r"there are no skeletons; .*The folder holds files 1 \.json"):
        read(tmp_path)
