import json

import pytest

from signjax.data.layout import registry as layout_registry
from signjax.errors import InputError

REDUCED = {
    "parts": [
        {"landmarks": "face", "kind": "xy", "indices": [10, 152, 234, 454]},
        {"landmarks": "pose", "kind": "xy"},
        {"landmarks": "left_hand", "kind": "xy"},
        {"landmarks": "right_hand", "kind": "xy"},
    ]
}
GLOVES = {
    "mirrors": True,
    "parts": [
        {"name": "left", "points": 2, "kind": "xyz", "partner": "right", "point_partners": None},
        {"name": "right", "points": 2, "kind": "xyz", "partner": "left", "point_partners": None},
    ],
    "wrists": [["left", 0], ["right", 0]],
    "skeleton": [[["left", 0], ["left", 1]], [["right", 0], ["right", 1]]],
}


def write(tmp_path, content):
    path = tmp_path / "mine.json"
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def test_a_reduced_set_of_landmarks_keeps_partners_and_lines(tmp_path):
    layout = layout_registry.named(write(tmp_path, REDUCED), 158)
    assert (layout.name, layout.mirrors) == ("mine", True)
    assert layout.part("face").point_partners == (0, 1, 3, 2)
    assert layout.shoulders == (("pose", 11), ("pose", 12))
    assert len(layout.skeleton) == len(layout_registry.BUILT_IN["pose_hands_xy"].skeleton)


def test_a_dataset_folder_keeps_the_layout_without_the_file(tmp_path):
    layout = layout_registry.named(write(tmp_path, GLOVES), 12)
    assert layout_registry.stored(json.loads(json.dumps(layout_registry.to_store(layout))), 12) == layout


def test_half_a_pair_does_not_mirror(tmp_path):
    parts = [{"landmarks": "face", "kind": "xyz", "indices": [33, 1]}, {"landmarks": "left_hand", "kind": "xyz"}]
    layout = layout_registry.named(write(tmp_path, {"parts": parts}), 69)
    assert not layout.mirrors
    assert (layout.mirror[1] == 1).all()


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "does not describe a layout"),
        ("[]", "does not describe a layout"),
        ({"parts": []}, "no part"),
        ({"parts": [{"landmarks": "foot", "kind": "xy"}]}, "'foot'"),
        ({"parts": [{"landmarks": "pose"}]}, "key 'kind' is missing"),
        ({"parts": [{"landmarks": "pose", "kind": "yx"}]}, "kind 'yx'"),
        ({"parts": [{"landmarks": "pose", "kind": "xy", "indices": [33]}]}, "from 0 to 32"),
        ({"parts": [{"landmarks": "face", "kind": "scalar"}]}, "visibility of the pose"),
        ({**GLOVES, "parts": GLOVES["parts"][:1]}, "partner 'right'"),
        ({**GLOVES, "wrists": [["left", 0], ["right", 5]]}, "point 5 of part 'right' does not exist"),
    ],
)
def test_what_cannot_be_a_layout_is_an_error_that_says_why(tmp_path, content, said):
    with pytest.raises(InputError, match=said):
        layout_registry.named(write(tmp_path, content), 12)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(InputError, match=r"none\.json: No such file"):
        layout_registry.named(str(tmp_path / "none.json"), 12)
