"""The only module that uses orbax: keeps the latest checkpoints of a training and the selected one.

A checkpoint is a folder named after its step: the training state, and a JSON object with the progress of the run and a digest of
each array. It is written in the background from a copy of the state, and gets its name when it is complete. A superseded one loses
its name before it is removed. So a killed run never leaves a partial one, and what damages one later is found when it is read: by
digests of its files before orbax opens them, and by those of its arrays afterwards.
"""

import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp
from etils import epath

from signjax.errors import InputError, first_line
from signjax.runtime import processes
from signjax.training.records import digests
from signjax.training.state import TrainState, Variables, empty_like

# The folder of the checkpoints in the folder of a training.
CHECKPOINTS = "checkpoints"

# This many of the latest are kept, so that one is left if the newest is damaged.
_KEPT = 2

# So many arrays of another model are named.
_NAMED = 10

# Of the names of the moving averages.
_AVERAGE = ".average"

# Names of folders while they are written and removed.
_WRITING, _REMOVING = "writing-", "removing-"

# What orbax and tensorstore raise for files that are missing, cut short or changed.
_UNREADABLE = (ValueError, KeyError, OSError, TypeError, RuntimeError, AttributeError, IndexError, EOFError)

Say = Callable[[str], None]


class DamagedError(InputError):
    """A checkpoint is incomplete, or differs from what was written."""


class Checkpoints:
    """The checkpoints in a folder, local or any that `etils.epath` knows. A context manager, which waits for pending writes.

    Raises:
      InputError: the folder is a file.
    """

    def __init__(self, folder: epath.PathLike):
        self.folder = epath.Path(folder) if "://" in str(folder) else epath.Path(folder).absolute()
        if self.folder.exists() and not self.folder.is_dir():
            raise InputError(
                f"{self.folder}: a file, where a folder of checkpoints is expected. Move it, or choose another --workdir"
            )
        self.folder.mkdir(parents=True, exist_ok=True)
        for path in self.folder.iterdir():  # what a killed process has left
            if path.name.startswith((_WRITING, _REMOVING)):
                path.rmtree()
        self._checkpointer = _checkpointer()
        self._background = ThreadPoolExecutor(1, "checkpoint")
        self._pending: Future[None] | None = None
        self._damaged: set[int] = set()
        self._has_saved, self._selected = False, None

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self.wait()
        except InputError:
            if error is None:
                raise
        finally:
            self._background.shutdown()
            self._checkpointer.close()

    @property
    def steps(self) -> list[int]:
        """Steps of the checkpoints, ascending, without those found damaged."""
        found = [int(path.name) for path in self.folder.iterdir() if path.name.isdigit()]
        return sorted(set(found) - self._damaged)

    @property
    def latest_step(self) -> int | None:
        """Step of the newest checkpoint; None where there is none."""
        return max(self.steps, default=None)

    def save(self, state: TrainState, progress: Mapping[str, Any]) -> None:
        """Begins to save a state and the run's progress under the state's step, and removes what is superseded.

        Args:
          state: on any devices, or on the host.
          progress: a JSON object; its `selected_step` names the checkpoint whose moving averages are the model, which is kept.

        Raises:
          InputError: there is no room, for this one or for the one before.
        """
        self.wait()
        step = int(state.step)
        host = jax.tree.map(lambda value: np.array(value, copy=True), jax.device_get(state))
        self._check_room(sum(leaf.nbytes for leaf in jax.tree.leaves(host)))
        self._has_saved, self._selected = True, progress.get("selected_step")
        self._pending = self._background.submit(self._write, step, host, dict(progress))

    def _write(self, step: int, host: TrainState, progress: dict[str, Any]) -> None:
        record: dict[str, Any] = {"progress": progress, "arrays": digests.described(host, digests=True)}
        record["digest"] = digests.digest_of(record)
        items = ocp.args.Composite(state=ocp.args.PyTreeSave(host), progress=ocp.args.JsonSave(record))
        unfinished = self.folder / f"{_WRITING}{step}"
        self._checkpointer.save(unfinished, items)
        digests.write_file_digests(unfinished)
        self._remove(step)  # one within an epoch, at whose last step it is, or a damaged one
        unfinished.rename(self.folder / str(step))

    def wait(self) -> None:
        """Returns when everything that was saved is on disk, and what it supersedes is removed.

        Raises:
          InputError: it could not be written.
        """
        pending, self._pending = self._pending, None
        try:
            if pending:
                pending.result()
        except (OSError, ValueError, RuntimeError) as error:
            raise self._not_written(error) from error
        if self._has_saved:
            kept = {*self.steps[-_KEPT:], self._selected}
            for step in {*self.steps, *self._damaged} - kept:
                self._remove(step)

    def restore_latest(
        self, like: TrainState, say: Say, *, fall_back: bool = True
    ) -> tuple[TrainState, dict[str, Any]] | None:
        """The newest state that is undamaged, and its progress; None where there is no checkpoint.

        Args:
          like: a state, or the shapes of one; the result is on the host.
          say: is told of each damaged checkpoint.
          fall_back: whether an older checkpoint may take the place of a damaged one.

        Raises:
          InputError: all are damaged (or the newest is, without `fall_back`), or they belong to another model.
        """
        damaged: list[DamagedError] = []
        for step in reversed(self.steps):
            try:
                found = self.restore(step, like)
            except DamagedError as error:
                if not fall_back:
                    raise
                damaged.append(error)
                self._damaged.add(step)
                continue
            for passed in damaged:
                say(f"warning: {passed}; the one before it, of step {step}, is used")
            return found
        if damaged:
            raise InputError("; ".join(map(str, damaged)) + ". No other is left: choose a new --workdir")
        return None

    def restore(self, step: int, like: TrainState) -> tuple[TrainState, dict[str, Any]]:
        """The state saved under a step, on the host, and its progress; `like` as in `restore_latest`.

        Raises:
          DamagedError: it is damaged.
          InputError: it belongs to another model.
        """
        record = self._intact(step)
        self._check_model(step, record, "", like)
        state: TrainState = self._read(step, state=_wanted(like))["state"]
        self._verify(step, record, "", state)
        return state, record["progress"]

    def restore_average(self, step: int, like: Variables) -> tuple[Variables, dict[str, Any]]:
        """The moving averages alone, on the host, and the progress; arguments and errors as in `restore`."""
        return self._average(step, self._intact(step), like)

    def restore_model(self, like: Variables) -> tuple[Variables, dict[str, Any]] | None:
        """The moving averages that are the model, and the progress; None without a checkpoint. Errors as in `restore`."""
        found = self._selected_one()
        return None if found is None else self._average(*found, like)

    def read_model(self) -> dict[str, np.ndarray] | None:
        """Name -> array of the moving averages that are the model, whatever model it is; None where there is no checkpoint.

        Raises:
          DamagedError: the checkpoint is damaged.
        """
        found = self._selected_one()
        if found is None:
            return None
        step, record = found
        arrays = self._read(step, state=ocp.args.PyTreeRestore())["state"]["average"]
        self._verify(step, record, _AVERAGE, arrays)
        return {jax.tree_util.keystr(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(arrays)}

    def _selected_one(self) -> tuple[int, dict[str, Any]] | None:
        """Step and record of the checkpoint whose moving averages are the model: the one that the latest names."""
        latest = self.latest_step
        if latest is None:
            return None
        record = self._intact(latest)
        selected = record["progress"]["selected_step"]  # None before the first epoch ends
        return (latest, record) if selected in (None, latest) else (selected, self._intact(selected))

    def _average(self, step: int, record: dict[str, Any], like: Variables) -> tuple[Variables, dict[str, Any]]:
        self._check_model(step, record, _AVERAGE, like)
        average: Variables = self._read(step, state=_wanted({"average": like}))["state"]["average"]
        self._verify(step, record, _AVERAGE, average)
        return average, record["progress"]

    def _intact(self, step: int) -> dict[str, Any]:
        """What is saved beside the arrays of a checkpoint whose files are those that were written."""
        folder = self.folder / str(step)
        if not folder.is_dir():
            raise DamagedError(f"{folder}: the checkpoint is missing")
        if changed := digests.changed_file(folder):
            raise self._damage(step, changed)
        record = self._read(step, progress=ocp.args.JsonRestore())["progress"]
        if not isinstance(record, dict) or record.pop("digest", None) != digests.digest_of(record):
            raise self._damage(step, "its progress has changed since it was written")
        return record

    def _check_model(self, step: int, record: dict[str, Any], prefix: str, like: Any) -> None:
        """Checks that the arrays of a checkpoint whose names begin with a prefix are like these.

        Asked before the arrays are read: a read that fails in orbax (0.12) abandons all others, and each of them complains later.
        """
        lines = digests.differences(record["arrays"], prefix, like)
        if lines:
            more = [f"and {len(lines) - _NAMED} more"] if len(lines) > _NAMED else []
            raise InputError(
                f"{self.folder / str(step)}: the checkpoint belongs to another model. Choose a new --workdir"
                + "".join(f"\n  {line}" for line in (*lines[:_NAMED], *more))
            )

    def _verify(self, step: int, record: dict[str, Any], prefix: str, arrays: Any) -> None:
        if changed := digests.changed_arrays(record["arrays"], prefix, arrays):
            raise self._damage(step, changed)

    def _damage(self, step: int, what: str) -> DamagedError:
        return DamagedError(f"{self.folder / str(step)}: the checkpoint is damaged: {what}")

    def _read(self, step: int, **items: ocp.args.CheckpointArgs) -> Any:
        try:
            return self._checkpointer.restore(self.folder / str(step), ocp.args.Composite(**items))
        except _UNREADABLE as error:
            raise self._damage(step, first_line(error)[:200]) from error

    def _remove(self, step: int) -> None:
        """Removes a checkpoint such that a half-removed one is never taken for a whole one."""
        path = self.folder / str(step)
        if path.exists():
            path.rename(self.folder / f"{_REMOVING}{step}").rmtree()
        self._damaged.discard(step)

    def _check_room(self, size: int) -> None:
        size = round(1.2 * size) + 2**20  # orbax keeps some files of its own
        if "://" not in str(self.folder) and size > (free := shutil.disk_usage(self.folder).free):
            raise self._not_written(OSError(f"it needs {size / 2**20:.1f} MiB, and {free / 2**20:.1f} MiB are free"))

    def _not_written(self, error: Exception) -> InputError:
        latest = self.latest_step
        kept = "There is no earlier one" if latest is None else f"The one of step {latest} is complete"
        return InputError(
            f"{self.folder}: a checkpoint cannot be written: {first_line(error)[:300]}. {kept}; with room and permission, the same "
            "command goes on from there"
        )


def _checkpointer() -> ocp.Checkpointer:
    """Of several processes one writes: orbax must not wait for the others, which are busy training."""
    options = ocp.options.MultiprocessingOptions(primary_host=0, active_processes={0}, barrier_sync_key_prefix="chief")
    if not processes.several():
        options = ocp.options.MultiprocessingOptions()
    handler = ocp.CompositeCheckpointHandler(
        composite_options=ocp.CompositeOptions(multiprocessing_options=options),
        state=ocp.PyTreeCheckpointHandler(multiprocessing_options=options),
        progress=ocp.JsonCheckpointHandler(multiprocessing_options=options),
    )
    return ocp.Checkpointer(handler, multiprocessing_options=options)


def _wanted(like: Any) -> ocp.args.CheckpointArgs:
    """Asks for arrays like these on the host, and for no others."""
    item = empty_like(like)
    arguments = ocp.checkpoint_utils.construct_restore_args(item)
    return ocp.args.PyTreeRestore(item, restore_args=arguments, partial_restore=True)
