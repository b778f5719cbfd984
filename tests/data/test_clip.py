"""The types that the packages of `signjax.data` share."""

import pickle
from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest

from signjax.data.clip import Clip, ClipInfo, Item, Rejected

INFO = ClipInfo("a", "folder/a.pkl", {"gloss": "HOUSE"}, "anna", "tape 1", "test", "left")
ITEM = Item(INFO, start=3, stop=7, how=("smplx", None), file_frames=20)


def test_an_item_is_small_and_is_itself_after_a_way_to_another_process():
    content = pickle.dumps(ITEM)
    assert pickle.loads(content) == ITEM
    assert len(content) < 500


@pytest.mark.parametrize("name", [field.name for field in fields(ClipInfo)])
def test_an_item_and_its_clip_show_what_is_known_and_keep_it(name):
    clip = ITEM.clip(np.zeros((4, 2)))
    assert clip.info is INFO
    assert getattr(ITEM, name) == getattr(clip, name) == getattr(INFO, name)
    for described in (INFO, ITEM, clip):
        with pytest.raises((FrozenInstanceError, AttributeError, TypeError)):  # Python 3.11: with slots, a TypeError
            setattr(described, name, "b")


def test_a_clip_knows_the_frames_of_its_file_only_where_it_is_a_part_of_it():
    frames = np.zeros((4, 2))
    assert ITEM.clip(frames, file_frames=30).file_frames == 30
    assert ITEM.clip(frames).file_frames == 20
    assert Item(INFO).clip(frames, file_frames=30).file_frames is None


def test_frames_become_float32_and_too_large_a_number_infinite():
    clip = Item(INFO).clip(np.array([[1.0, 1e300]]))
    assert isinstance(clip, Clip)
    assert clip.frames.dtype == np.float32
    assert clip.frames.tolist() == [[1.0, np.inf]]


def test_what_is_rejected_names_clip_and_file():
    assert ITEM.rejected("empty", "no frame") == Rejected("a", "folder/a.pkl", "empty", "no frame")
