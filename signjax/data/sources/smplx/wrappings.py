"""Finds the parameters in the content of a file, however they are nested.

| content | written by |
|---|---|
| a dict of parameters | smplx users, AMASS, BEAT2 |
| the same in another dict | GVHMR (`smpl_params_incam`), `params`, `smplx` |
| `{person: {parameters, frame_ids}}` | WHAM, VIBE, TCMR, PARE; the person seen in the most frames is taken |
| `{person_data: {person: {parameters, exist_frames}}}` | GLAMR |
| a list or a dict with one frame per entry | loops over frames |
| `{image: {smpl: [parameters of each person]}}` | 4D-Humans (PHALP) |
| an array (T, 322), (T, 165), (T, 156) | Motion-X, and poses saved alone |

All functions also work on what `signjax.pickles.inspect` returns, which has shapes instead of arrays.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from signjax.data.sources.shared.masked import as_array
from signjax.data.sources.smplx.assembly import frame_count, has_pose
from signjax.data.sources.smplx.frame_numbers import Numbered, numbered
from signjax.data.sources.smplx.joint_rotations import shape_of
from signjax.data.sources.smplx.names import FRAME_NUMBERS, SEEN, first, parameters
from signjax.data.sources.smplx.unusable import UnusableBodyError
from signjax.data.sources.smplx.whole_poses import named, of_single

_PEOPLE = "person_data"
# Where a file has the same body twice, in the camera's frame and in the world's.
_IN_CAMERA = ("smpl_params_incam", "smplx_params_incam")
# The keys of people are numbers, in one of the forms in which a converted file has them.
_PERSON = re.compile(r"(%\()?(np\.\w+\()?\d+\)*")
_DEEPEST = 3


class Fitted(NamedTuple):
    """The parameters of one clip.

    Attributes:
      parameters: under their own names, each with an axis for the frames or without.
      numbers: the number of each frame in its video, (T,); None if it is not known.
      seen: in which frames the person was seen, (T,); None if in all.
    """

    parameters: Mapping[Any, Any]
    numbers: Any = None
    seen: Any = None


# Makes one clip from the parameters of single frames and their numbers.
_Join = Callable[[Sequence[Mapping[Any, Any]], Sequence[Numbered]], "Fitted"]


def find(content: Any) -> Fitted | None:
    """The parameters of the one clip in a content; None if it has none, or several clips.

    Raises:
      UnusableBodyError: its frames do not have the same parameters.
    """
    return _find(content, stack, 0)


def outline(content: Any) -> Fitted | None:
    """As `find`, but with the parameters of the first frame where each frame has its own: for shapes, or whether there are any."""
    return _find(content, lambda frames, _: Fitted(frames[0]), 0)


def _find(content: Any, join: _Join, depth: int) -> Fitted | None:
    if depth > _DEEPEST:
        return None
    if has_pose(content):
        numbers, seen = first(content, FRAME_NUMBERS), first(content, SEEN)
        return Fitted(content, content[numbers] if numbers else None, content[seen] if seen else None)
    if hasattr(content, "shape"):
        found = named(content)
        return None if found is None else Fitted(found)
    if isinstance(content, Mapping):
        return _in_dict(content, join, depth)
    return _in_list(content, join) if isinstance(content, list | tuple) else None


def _in_dict(content: Mapping[Any, Any], join: _Join, depth: int) -> Fitted | None:
    single = of_single(content)
    if single is not None:
        return Fitted(single)
    if _PEOPLE in content:
        people = content[_PEOPLE]
        return _most_seen(people.values() if isinstance(people, Mapping) else people)
    inner = {key: value for key, value in content.items() if has_pose(value)}
    if inner:
        return _among(inner, join, depth)
    found = {key: _find(value, join, depth + 1) for key, value in content.items() if isinstance(value, Mapping | list)}
    there = {key: fitted for key, fitted in found.items() if fitted is not None}
    if len(there) == 1:
        return next(iter(there.values()))
    return _frames({key: fitted.parameters for key, fitted in there.items()}, join)


def _among(poses: Mapping[Any, Mapping[Any, Any]], join: _Join, depth: int) -> Fitted | None:
    """The clip that dicts of parameters are: the same body twice, several people, or one frame each."""
    preferred = first(poses, _IN_CAMERA)
    if preferred is not None or len(poses) == 1:
        return _find(poses[preferred] if preferred is not None else next(iter(poses.values())), join, depth + 1)
    if all(
        _PERSON.fullmatch(str(key)) and first(value, (*FRAME_NUMBERS, *SEEN)) is not None
        for key, value in poses.items()
    ):
        return _most_seen(poses.values())
    return _frames(poses, join)


def _frames(poses: Mapping[Any, Mapping[Any, Any]], join: _Join) -> Fitted | None:
    """The clip of parameters of single frames, by the number or the name of the image of each; None if they are not that."""
    order = numbered([str(key) for key in poses]) if poses else None
    if order is None or any(frame_count(value) != 1 for value in poses.values()):
        return None
    return join(list(poses.values()), order)


def _in_list(content: Sequence[Any], join: _Join) -> Fitted | None:
    # The people in a frame come in the order of their confidence.
    entries = [entry[0] if isinstance(entry, list) and entry else entry for entry in content]
    there = [index for index, entry in enumerate(entries) if has_pose(entry)]
    without = [entry for index, entry in enumerate(entries) if index not in set(there)]
    if not there or any(not _is_nobody(entry) for entry in without):
        return None
    if len(entries) == 1:
        return _find(entries[0], join, _DEEPEST)
    if any(frame_count(entries[index]) != 1 for index in there):
        return None
    return join([entries[index] for index in there], [Numbered(index, 0) for index in there])


def _is_nobody(entry: Any) -> bool:
    """Whether an entry says that nobody was found in its frame."""
    return entry is None or (isinstance(entry, Mapping | list) and not entry)


def _most_seen(people: Iterable[Any]) -> Fitted | None:
    """The person with the most frames; the first of several."""
    found = [fitted for person in people if has_pose(person) and (fitted := _find(person, stack, _DEEPEST))]
    return max(found, key=_frames_seen) if found else None


def _frames_seen(fitted: Fitted) -> int:
    if isinstance(fitted.seen, np.ndarray):
        return int(fitted.seen.astype(bool).sum())
    return frame_count(fitted.parameters) or 0


def stack(frames: Sequence[Mapping[Any, Any]], order: Sequence[Numbered]) -> Fitted:
    """One clip from parameters of single frames, in the order of their numbers; of several people, the one in the most frames.

    Raises:
      UnusableBodyError: a parameter is missing in some frames, or differs in shape.
    """
    people = [number.person for number in order]
    person = min(set(people), key=lambda one: (-people.count(one), one))
    chosen = sorted((number.frame, index) for index, number in enumerate(order) if number.person == person)
    names = parameters(frames[chosen[0][1]])
    stacked: dict[str, Any] = {}
    for name in names.values():
        values = [frames[index].get(name) for _, index in chosen]
        shapes = [None if value is None else shape_of(value) for value in values]
        odd = next((at for at, shape in enumerate(shapes) if shape is None or shape != shapes[0]), None)
        if odd is not None:
            there = "missing" if shapes[odd] is None else f"of shape {shapes[odd]}"
            raise UnusableBodyError(
                "missing_key" if shapes[odd] is None else "wrong_width",
                f"frame {chosen[odd][0]}: '{name}' is {there}; in frame {chosen[0][0]} it has shape {shapes[0]}",
            )
        stacked[name] = np.stack([as_array(value) for value in values])
    numbers = np.array([number for number, _ in chosen], np.int64)
    # Files of every fifth frame are numbered 0, 5, 10, ...
    step = max(int(np.gcd.reduce(np.diff(numbers))), 1) if len(numbers) > 1 else 1
    return Fitted(stacked, (numbers - numbers[0]) // step)
