"""JSON files of one clip: the results of mmpose, and Kinetics-skeleton as ST-GCN reads it.

`{"instance_info": [{"frame_id": 1, "instances": [{"keypoints": [[x, y], ...], "keypoint_scores": [...]}]}]}`, or the list alone;
`{"data": [{"frame_index": 1, "skeleton": [{"pose": [x, y, ...], "score": [...]}]}], "label": "..."}`. People are not numbered from
one frame to the next: of several, the one with the highest confidence is taken, frame by frame.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from signjax.data.sources.shared.frame_numbers import timeline

# For each form: the list of frames, a frame's number, its people, their points and confidences.
_FORMS = (
    ("instance_info", "frame_id", "instances", "keypoints", "keypoint_scores"),
    ("data", "frame_index", "skeleton", "pose", "score"),
)


def load(path: Path) -> Any:
    """The content of a JSON file; frames of people become a dict with `keypoint` and `keypoint_score`.

    Raises:
      ValueError: it is not JSON, or its points differ from frame to frame.
      OSError: it cannot be read.
    """
    content = json.loads(path.read_bytes())
    if isinstance(content, list) and content and isinstance(content[0], Mapping) and "instances" in content[0]:
        content = {"instance_info": content}
    if not isinstance(content, Mapping):
        return content
    for key, number, people, points, scores in _FORMS:
        frames = content.get(key)
        if isinstance(frames, list) and frames and all(isinstance(f, Mapping) and people in f for f in frames):
            numbers = np.array([int(frame.get(number, at)) for at, frame in enumerate(frames)])
            found = [_best(frame[people], points, scores) for frame in frames]
            return {**_clip(found, numbers), **({"label": content["label"]} if "label" in content else {})}
    return content


def _best(people: Any, points: str, scores: str) -> np.ndarray | None:
    """Points (V, 3), the third number being the confidence, of the person who was seen best; None if there is nobody."""
    found = []
    for person in people:
        confidence = np.asarray(person[scores], float).reshape(-1, 1)
        found.append(
            np.concatenate([np.asarray(person[points], float).reshape(len(confidence), -1)[:, :2], confidence], 1)
        )
    return max(found, key=lambda person: float(person[:, 2].sum()), default=None)


def _clip(found: list[np.ndarray | None], numbers: np.ndarray) -> dict[str, np.ndarray]:
    """The frames of a clip, with zeros where nobody was found."""
    nobody = next((np.zeros_like(person) for person in found if person is not None), np.zeros((0, 3)))
    frames = np.stack([nobody if person is None else person for person in found])
    time = timeline(numbers)
    if time is not None:
        frames = np.where(time.there[:, None, None], frames[time.row], 0)
    return {"keypoint": frames[..., :2], "keypoint_score": frames[..., 2]}
