"""The data of the Kaggle competition `asl-signs` (Google Isolated Sign Language Recognition).

`train.csv` has the columns `path`, `participant_id`, `sequence_id`, `sign`. A landmark file,
`train_landmark_files/<participant>/<sequence>.parquet`, has a row for each landmark of each frame: `frame`, `row_id`, `type` (face,
left_hand, pose, right_hand), `landmark_index`, `x`, `y`, `z`. A frame has 543 landmarks, layout `holistic`. Coordinates are
shares of the picture's width and height; NaN is a landmark that was not found, and stays NaN here.
"""

from collections.abc import Mapping
from pathlib import Path

import numpy as np

from signjax.data.clip import Clip, ClipInfo, Item, Rejected, Request, Say
from signjax.data.layout import landmarks
from signjax.data.layout import registry as layout_registry
from signjax.data.layout.parts import ChosenLayout
from signjax.data.sources.shared.choosing import by_name, channels_of
from signjax.data.sources.shared.extras import needed
from signjax.data.sources.shared.frame_numbers import timeline
from signjax.data.sources.shared.leftovers import files_below, what_it_is
from signjax.data.tables.delimited import read_delimited
from signjax.data.tables.faults import Faults
from signjax.data.tables.label_table import Row, check_named_once
from signjax.data.tables.matching import (
    Found,
    given_label_tables,
    match_rows,
    segment,
    with_table,
)
from signjax.errors import InputError

HEAD = "gloss"
TABLE = "train.csv"
REQUIREMENT = "pyarrow>=17"
_COLUMNS = ("path", "participant_id", "sequence_id", "sign")
_NUMBERS = ("frame", "landmark_index", "x", "y", "z")
_SUFFIX = ".parquet"
# The types in the order of the rows of a frame, each sorted by landmark_index.
_LAYOUT = landmarks.holistic()
_LANDMARKS = sum(part.points for part in _LAYOUT.parts)


def source_files(request: Request) -> list[Path]:
    """The landmark files, and the tables if they are needed."""
    files = [found.path for found in _files(request)]
    if not request.labelled:
        return files
    return [*files, request.path / TABLE, *given_label_tables(request.labels)]


def default_layout(request: Request, width: int) -> ChosenLayout:
    """All landmarks."""
    return ChosenLayout(layout_registry.named("holistic", width), "all landmarks of the files")


def list_items(request: Request, say: Say) -> list[Item | Rejected]:
    """An item for each row of `train.csv`, named `participant/sequence`; the participant is the signer.

    Raises:
      InputError: there are no files or no table, or pyarrow is not installed.
    """
    needed("gislr", "pyarrow.parquet", REQUIREMENT)
    if request.layout != "auto":
        channels_of(by_name(request.layout), _LAYOUT)
    items = match_rows(request, _files(request), (_SUFFIX,), _rows(request), request.path / TABLE, say)
    return with_table(request, items, say)


def _files(request: Request) -> list[Found]:
    path = request.path
    if not path.is_dir():
        raise InputError(
            f"{path}: the folder does not exist; source gislr needs the folder with {TABLE} and train_landmark_files"
        )
    found = files_below(path, (_SUFFIX,))
    if not found:
        raise InputError(f"{path}: the folder has no {_SUFFIX} files; source gislr needs the folder with {TABLE}")
    return [Found(file.relative_to(path).as_posix(), file, request.layout) for file in found]


def _rows(request: Request) -> list[Row] | None:
    if not request.labelled:
        return None
    table = request.path / TABLE
    if not table.is_file():
        raise InputError(f"{table}: the file does not exist; source gislr needs its columns {', '.join(_COLUMNS)}")
    faults = Faults(table)
    rows = [_row(table, place, fields, faults) for place, fields in read_delimited(table, ",", _COLUMNS, faults)]
    check_named_once(((row.name, row.where.removeprefix(f"{table}, "), row.where) for row in rows), faults)
    faults.check()
    return rows


def _row(table: Path, place: str, fields: Mapping[str, str], faults: Faults) -> Row:
    for column in ("path", "participant_id", "sequence_id"):
        if not fields[column]:
            faults.add(f"{place}, column {column!r}", "expected a value, found nothing", "Only 'sign' may be empty")
    return Row(
        ClipInfo(
            name=f"{fields['participant_id']}/{fields['sequence_id']}",
            file=fields["path"],
            labels={HEAD: fields["sign"]} if fields["sign"] else {},
            signer=fields["participant_id"] or None,
        ),
        where=f"{table}, {place}",
    )


def _fault(item: Item, error: Exception) -> str:
    """What a file is that could not be read: pyarrow's own sentence if it begins as a parquet file does."""
    what = what_it_is(Path(item.file))
    if what is None or what.startswith("a Parquet file"):
        return f"{error}. If the file is cut short, copy or download it again"
    return f"it is {what}"


def read_item(item: Item) -> Clip | Rejected:
    """Reads one landmark file; frames whose numbers are missing are filled with NaN."""
    parquet = needed("gislr", "pyarrow.parquet", REQUIREMENT)
    try:
        # Opened here because pyarrow cannot open a file whose name is not UTF-8. One thread: items are read in several processes.
        with Path(item.file).open("rb") as file:
            table = parquet.read_table(file, columns=["type", *_NUMBERS], use_threads=False)
    except (OSError, ValueError, KeyError) as error:  # pyarrow's errors are subclasses of these
        return item.rejected("unreadable", f"expected a parquet file with landmarks: {_fault(item, error)}")
    if len(table) == 0:
        return item.rejected("empty", "the file has no rows")
    columns = {name: table.column(name).to_numpy() for name in _NUMBERS}
    strange = [f"{name} {column.dtype}" for name, column in columns.items() if column.dtype.kind not in "fiu"]
    if strange:
        return item.rejected("wrong_width", f"expected columns of numbers, found {', '.join(strange)}")
    number, index = columns["frame"], columns["landmark_index"]
    if len(number) % _LANDMARKS:
        detail = f"expected {_LANDMARKS} rows per frame, found {len(number)} rows"
        return item.rejected("wrong_width", detail)
    kind = np.asarray(table.column("type").to_pylist(), str)
    order = np.lexsort((index, kind, number))  # the alphabetical order of the types is the layout's order
    by_frame = (len(number) // _LANDMARKS, _LANDMARKS)
    expected = np.concatenate([np.full(part.points, part.name) for part in _LAYOUT.parts])
    if not (
        (kind[order].reshape(by_frame) == expected).all()
        and (np.ptp(number[order].reshape(by_frame), axis=1) == 0).all()
    ):
        counts = ", ".join(f"{part.name} {part.points}" for part in _LAYOUT.parts)
        return item.rejected("wrong_width", f"expected {counts} landmarks in each frame")
    points = np.stack([columns[axis] for axis in "xyz"], axis=1)[order]
    with np.errstate(over="ignore"):  # too large a number becomes infinite, which is reported later
        frames = points.reshape(by_frame[0], _LAYOUT.width).astype(np.float32)
    time = timeline(number[order].reshape(by_frame)[:, 0])
    if time is not None:
        frames = np.where(time.there[:, None], frames[time.row], np.float32(np.nan))
    if item.how != "auto":
        frames = frames[:, channels_of(by_name(item.how), _LAYOUT)]
    chosen = segment(item, len(frames))
    return chosen if isinstance(chosen, Rejected) else item.clip(frames[chosen], file_frames=len(frames))
