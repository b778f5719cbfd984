"""Body parameters under the names of the body models (SMPL, SMPL-H, SMPL-X), as the tools that fit them write them, in any nesting.

`frames_of` makes the frames of a clip from the content of a file, `frame_folders` finds clips with one file per frame.
"""

from signjax.data.sources.smplx.assembly import missing_parts
from signjax.data.sources.smplx.contents import LAYOUTS, OWN_NAMES, Frames, frames_of, frames_of_fitted
from signjax.data.sources.smplx.frame_folders import frame_files, frame_folders, join_frames
from signjax.data.sources.smplx.names import SAME_FOR_ALL
from signjax.data.sources.smplx.unusable import UnusableBodyError
from signjax.data.sources.smplx.wrappings import outline

__all__ = [
    "LAYOUTS", "OWN_NAMES", "SAME_FOR_ALL", "Frames", "UnusableBodyError", "frame_files", "frame_folders", "frames_of",
    "frames_of_fitted", "join_frames", "missing_parts", "outline",
]  # fmt: skip
