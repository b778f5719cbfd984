"""The only module that uses orbax: keeps the latest checkpoints of a training and the selected one.

A checkpoint is a folder named after its step: the training state, and a JSON object with the progress of the run and a digest of
each array. It is written in the background from a copy of the state, and gets its name when it is complete. A superseded one loses
its name before it is removed. So a killed run never leaves a partial one, and what damages one later is found when it is read: by
digests of its files before orbax opens them, and by those of its arrays afterwards.
"""

import os
import shutil
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Any

import jax
import numpy as np
import orbax.checkpoint as ocp
from etils import epath

from signjax.errors import InputError
from signjax.runtime import processes
from signjax.training.records.digests import changed_file, described, digest_of, write_file_digests
from signjax.training.state import TrainState, Variables

# The folder of the checkpoints in the folder of a training.
CHECKPOINTS = "checkpoints"

# This many of the latest are kept, so that one is left if the newest is damaged.
_KEPT = 2

# Of the names of the moving averages.
_AVERAGE = ".average"

# Names of folders while they are written and removed.
_WRITING, _REMOVING = "writing-", "removing-"

# What orbax and tensorstore raise for files that are missing, cut short or changed.
_UNREADABLE = (ValueError, KeyError, OSError, TypeError, RuntimeError, AttributeError, IndexError, EOFError)

Say = Callable[[str], None]
Path_ = str | os.PathLike[str]


class DamagedError(InputError):
    """A checkpoint is incomplete, or differs from what was written."""


class Checkpoints:
    """The checkpoints in a folder, local or any that `etils.epath` knows. A context manager, which waits for pending writes.

    Raises:
      InputError: the folder is a file.
    """

    def __init__(self, folder: Path_):
        self.folder = epath.Path(folder).absolute() if "://" not in str(folder) else epath.Path(folder)
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
        record: dict[str, Any] = {"progress": dict(progress), "arrays": described(host, digests=True)}
        record["digest"] = digest_of(record)
        items = ocp.args.Composite(state=ocp.args.PyTreeSave(host), progress=ocp.args.JsonSave(record))
        self._has_saved, self._selected = True, progress.get("selected_step")
        self._pending = self._background.submit(self._write, step, items)

    def _write(self, step: int, items: ocp.args.Composite) -> None:
        unfinished = self.folder / f"{_WRITING}{step}"
        self._checkpointer.save(unfinished, items)
        write_file_digests(unfinished)
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
        record = self._record(step, "", like)
        state: TrainState = self._read(step, state=_wanted(like))["state"]
        self._verify(step, record, "", state)
        return state, record["progress"]

    def restore_average(self, step: int, like: Variables) -> tuple[Variables, dict[str, Any]]:
        """The moving averages alone, on the host, and the progress; arguments and errors as in `restore`."""
        record = self._record(step, _AVERAGE, like)
        average: Variables = self._read(step, state=_wanted({"average": like}))["state"]["average"]
        self._verify(step, record, _AVERAGE, average)
        return average, record["progress"]

    def read_average(self) -> dict[str, np.ndarray] | None:
        """Name -> array of the moving averages that are the model, whatever model it is; None where there is no checkpoint.

        Raises:
          DamagedError: the checkpoint is damaged.
        """
        step = self.latest_step
        if step is None:
            return None
        step = self._intact(step)["progress"]["selected_step"] or step
        record, arrays = self._intact(step), self._read(step, state=ocp.args.PyTreeRestore())["state"]["average"]
        self._verify(step, record, _AVERAGE, arrays)
        return {jax.tree_util.keystr(path): leaf for path, leaf in jax.tree_util.tree_leaves_with_path(arrays)}

    def _intact(self, step: int) -> dict[str, Any]:
        """What is saved beside the arrays of a checkpoint whose files are those that were written."""
        if not (self.folder / str(step)).is_dir():
            raise DamagedError(f"{self.folder / str(step)}: the checkpoint is missing")
        changed = changed_file(self.folder / str(step))
        if changed:
            raise DamagedError(f"{self.folder / str(step)}: the checkpoint is damaged: {changed}")
        record = self._read(step, progress=ocp.args.JsonRestore())["progress"]
        if not isinstance(record, dict) or record.pop("digest", None) != digest_of(record):
            raise DamagedError(
                f"{self.folder / str(step)}: the checkpoint is damaged: its progress has changed since it was written"
            )
        return record

    def _record(self, step: int, prefix: str, like: Any) -> dict[str, Any]:
        """What is saved beside the arrays, if the checkpoint holds arrays like these.

        Asked before the arrays are read: a read that fails in orbax (0.12) abandons all others, and each of them complains later.
        """
        record = self._intact(step)
        saved = {name: one for name, (one, _) in record["arrays"].items() if name.startswith(prefix)}
        expected = {prefix + name: one for name, (one, _) in described(like, digests=False).items()}
        if saved != expected:
            lines = [
                f"  {name}: {saved.get(name, 'absent')} in the checkpoint, {expected.get(name, 'absent')} in the model"
                for name in sorted(saved.keys() | expected.keys())
                if saved.get(name) != expected.get(name)
            ]
            more = [f"  and {len(lines) - 10} more"] if len(lines) > 10 else []
            raise InputError(
                "\n".join(
                    [
                        f"{self.folder / str(step)}: the checkpoint belongs to another model. Choose a new --workdir",
                        *lines[:10],
                        *more,
                    ]
                )
            )
        return record

    def _verify(self, step: int, record: dict[str, Any], prefix: str, arrays: Any) -> None:
        found = described(arrays, digests=True)
        changed = [name for name, (_, digest) in found.items() if record["arrays"][prefix + name][1] != digest]
        if changed:
            raise DamagedError(
                f"{self.folder / str(step)}: the checkpoint is damaged: {len(changed)} of {len(found)} arrays have changed since "
                f"they were written, the first is {prefix + changed[0]}"
            )

    def _read(self, step: int, **items: ocp.args.CheckpointArgs) -> Any:
        try:
            return self._checkpointer.restore(self.folder / str(step), ocp.args.Composite(**items))
        except _UNREADABLE as error:
            reason = next(iter(str(error).splitlines()), type(error).__name__)
            raise DamagedError(f"{self.folder / str(step)}: the checkpoint is damaged: {reason[:200]}") from error

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
        reason = next(iter(str(error).splitlines()), type(error).__name__)
        latest = self.latest_step
        kept = "There is no earlier one" if latest is None else f"The one of step {latest} is complete"
        return InputError(
            f"{self.folder}: a checkpoint cannot be written: {reason[:300]}. {kept}; with room and permission, the same "
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
    item = jax.tree.map(lambda leaf: np.empty(leaf.shape, leaf.dtype), like)
    arguments = ocp.checkpoint_utils.construct_restore_args(item)
    return ocp.args.PyTreeRestore(item, restore_args=arguments, partial_restore=True)
