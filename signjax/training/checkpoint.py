"""The only module that uses orbax: keeps the latest and the selected checkpoint of a run.

A checkpoint is the training state and the progress of the run, a small JSON object. Checkpoints are written in the background
and become visible when they are complete, so a killed run never leaves a partial one.
"""

import hashlib
from pathlib import Path
from types import TracebackType
from typing import Any

import jax
import orbax.checkpoint as ocp
from orbax.checkpoint.checkpoint_managers import preservation_policy

from signjax.errors import InputError
from signjax.training.state import TrainState, Variables

# The folder of the checkpoints in the folder of a training.
CHECKPOINTS = "checkpoints"

# Saved with every checkpoint: the epoch if its weights are the model so far, else -1. The largest is the model of the run,
# whatever the measure by which an epoch was judged, and a tie cannot arise.
_SELECTED_AT = "selected_at"


# Saved with the progress: signatures of the state and of its moving averages.
_SHAPES = "shapes"


def _signature(tree: Any) -> str:
    """SHA-256 of the names, shapes and types of the arrays in a tree."""
    leaves = jax.tree_util.tree_leaves_with_path(tree)
    text = "\n".join(f"{jax.tree_util.keystr(path)} {leaf.shape} {leaf.dtype}" for path, leaf in leaves)
    return hashlib.sha256(text.encode()).hexdigest()


def _selected_at(metrics: dict[str, float]) -> float:
    return metrics[_SELECTED_AT]


class Checkpoints:
    """The checkpoints in a folder; used as a context manager, which waits for pending writes."""

    def __init__(self, folder: Path):
        policy = preservation_policy.AnyPreservationPolicy(
            [preservation_policy.LatestN(1), preservation_policy.BestN(get_metric_fn=_selected_at, n=1)]
        )
        # Both are needed: the policy alone never writes the metrics, best_fn alone drops the latest.
        options = ocp.CheckpointManagerOptions(best_fn=_selected_at, best_mode="max", preservation_policy=policy)
        self.folder = folder
        self._manager = ocp.CheckpointManager(folder.resolve(), options=options)

    def __enter__(self) -> "Checkpoints":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._manager.close()

    @property
    def latest_step(self) -> int | None:
        """Step of the newest checkpoint; None where there is none."""
        return self._manager.latest_step()

    @property
    def selected_step(self) -> int | None:
        """Step of the checkpoint whose moving averages are the model; None where there is none."""
        return self._manager.best_step()

    def save(self, state: TrainState, progress: dict[str, Any], *, is_selected: bool) -> None:
        """Saves a state and the run's progress under the state's step."""
        step = int(state.step)
        if step == self.latest_step:
            return
        shapes = {"state": _signature(state), "average": _signature(state.average)}
        described = progress | {_SHAPES: shapes}
        self._manager.save(
            step,
            args=ocp.args.Composite(state=ocp.args.StandardSave(state), progress=ocp.args.JsonSave(described)),
            metrics={_SELECTED_AT: progress["epoch"] if is_selected else -1},
        )

    def restore(self, step: int, like: TrainState) -> tuple[TrainState, dict[str, Any]]:
        """The state and the progress saved under `step`.

        Args:
          step: of a checkpoint in the folder.
          like: a state, or the shapes of one with the place of each array.

        Raises:
          InputError: the checkpoint is damaged or belongs to another model.
        """
        progress = self._progress(step, "state", like)
        arguments = ocp.args.StandardRestore(jax.tree.map(ocp.utils.to_shape_dtype_struct, like))
        return self._restore(step, state=arguments)["state"], progress

    def restore_average(self, step: int, like: Variables) -> tuple[Variables, dict[str, Any]]:
        """The moving averages alone, and the progress; arguments and errors as in `restore`."""
        progress = self._progress(step, "average", like)
        item = {"average": jax.tree.map(ocp.utils.to_shape_dtype_struct, like)}
        arguments = ocp.checkpoint_utils.construct_restore_args(item)
        restored = self._restore(step, state=ocp.args.PyTreeRestore(item, restore_args=arguments, partial_restore=True))
        return restored["state"]["average"], progress

    def _progress(self, step: int, what: str, like: Any) -> dict[str, Any]:
        """The progress, if the checkpoint holds arrays like these.

        Asked before the arrays are read: when one of them has another shape, orbax (0.12) abandons the reads of all others, and
        each of them complains some time later.
        """
        progress: dict[str, Any] = self._restore(step, progress=ocp.args.JsonRestore())["progress"]
        if progress.pop(_SHAPES, {}).get(what) != _signature(like):
            raise InputError(
                f"{self.folder / str(step)}: the checkpoint belongs to another model: its arrays have other names, shapes or "
                "types. Choose a new --workdir"
            )
        return progress

    def _restore(self, step: int, **items: ocp.args.CheckpointArgs) -> Any:
        try:
            return self._manager.restore(step, args=ocp.args.Composite(**items))
        except (ValueError, KeyError, OSError) as error:
            raise InputError(
                f"{self.folder / str(step)}: the checkpoint cannot be restored, because it is damaged or belongs to another "
                f"model: {str(error).splitlines()[0]}. Choose a new --workdir"
            ) from error

    def wait(self) -> None:
        """Returns when everything that was saved is on disk."""
        self._manager.wait_until_finished()


def load_selected_average(folder: Path, like: Variables, dataset_digest: str) -> Variables:
    """The averaged parameters and batch statistics of the selected checkpoint in a folder, on the host.

    Args:
      folder: of the checkpoints.
      like: the shapes of the variables, with the place of each array.
      dataset_digest: of the data that the model was trained on.

    Raises:
      InputError: there is no checkpoint, it is damaged, or it belongs to another model or other data.
    """
    if not folder.is_dir():
        raise InputError(f"{folder}: the folder does not exist; train first, or name a run folder with --workdir")
    with Checkpoints(folder) as checkpoints:
        if checkpoints.selected_step is None:
            raise InputError(f"{folder}: the folder has no complete checkpoint; train first")
        average, progress = checkpoints.restore_average(checkpoints.selected_step, like)
    if progress["dataset"] != dataset_digest:
        raise InputError(
            f"{folder}: the checkpoint belongs to other data (digest {progress['dataset'][:12]}) than the run's input_spec.json "
            f"(digest {dataset_digest[:12]}). Restore the run's own file"
        )
    return jax.device_get(average)
