"""The only module that uses orbax: keeps the latest and the best checkpoint of a run.

A checkpoint is the training state and the progress of the run, a small JSON object. Checkpoints are written in the background
and become visible when they are complete, so a killed run never leaves a partial one.
"""

from pathlib import Path
from types import TracebackType
from typing import Any

import jax
import orbax.checkpoint as ocp
from orbax.checkpoint.checkpoint_managers import preservation_policy

from signjax.errors import InputError
from signjax.training.state import TrainState, Variables

# Saved with every checkpoint: the epoch if it is the best so far, else -1. The largest is the best of the run, whatever
# the measure by which an epoch was judged, and a tie cannot arise.
_BEST_AT = "best_at"


def _best_at(metrics: dict[str, float]) -> float:
    return metrics[_BEST_AT]


class Checkpoints:
    """The checkpoints in a folder; used as a context manager, which waits for pending writes."""

    def __init__(self, folder: Path):
        policy = preservation_policy.AnyPreservationPolicy(
            [preservation_policy.LatestN(1), preservation_policy.BestN(get_metric_fn=_best_at, n=1)]
        )
        # Both are needed: the policy alone never writes the metrics, best_fn alone drops the latest.
        options = ocp.CheckpointManagerOptions(best_fn=_best_at, best_mode="max", preservation_policy=policy)
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
    def best_step(self) -> int | None:
        """Step of the checkpoint of the best epoch; None where there is none."""
        return self._manager.best_step()

    def save(self, state: TrainState, progress: dict[str, Any], *, is_best: bool) -> None:
        """Saves a state and the run's progress under the state's step."""
        step = int(state.step)
        if step == self.latest_step:
            return
        self._manager.save(
            step,
            args=ocp.args.Composite(state=ocp.args.StandardSave(state), progress=ocp.args.JsonSave(progress)),
            metrics={_BEST_AT: progress["epoch"] if is_best else -1},
        )

    def restore(self, step: int, like: TrainState) -> tuple[TrainState, dict[str, Any]]:
        """The state and the progress saved under `step`.

        Args:
          step: of a checkpoint in the folder.
          like: a state, or the shapes of one with the place of each array.

        Raises:
          InputError: the checkpoint is damaged or belongs to another model.
        """
        return self._restore(step, ocp.args.StandardRestore(jax.tree.map(ocp.utils.to_shape_dtype_struct, like)))

    def restore_average(self, step: int, like: Variables) -> tuple[Variables, dict[str, Any]]:
        """The moving averages alone, and the progress; arguments and errors as in `restore`."""
        item = {"average": jax.tree.map(ocp.utils.to_shape_dtype_struct, like)}
        arguments = ocp.checkpoint_utils.construct_restore_args(item)
        state, progress = self._restore(
            step, ocp.args.PyTreeRestore(item, restore_args=arguments, partial_restore=True)
        )
        return state["average"], progress

    def _restore(self, step: int, state: ocp.args.CheckpointArgs) -> tuple[Any, dict[str, Any]]:
        try:
            restored = self._manager.restore(
                step, args=ocp.args.Composite(state=state, progress=ocp.args.JsonRestore())
            )
        except (ValueError, KeyError, OSError) as error:
            raise InputError(
                f"{self.folder / str(step)}: the checkpoint cannot be restored, because it is damaged or belongs to another "
                f"model: {str(error).splitlines()[0]}. Choose a new --workdir"
            ) from error
        return restored["state"], restored["progress"]

    def wait(self) -> None:
        """Returns when everything that was saved is on disk."""
        self._manager.wait_until_finished()


def load_best_average(folder: Path, like: Variables, dataset_digest: str) -> Variables:
    """The averaged parameters and batch statistics of the best checkpoint in a folder, on the host.

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
        if checkpoints.best_step is None:
            raise InputError(f"{folder}: the folder has no complete checkpoint; train first")
        average, progress = checkpoints.restore_average(checkpoints.best_step, like)
    if progress["dataset"] != dataset_digest:
        raise InputError(
            f"{folder}: the checkpoint belongs to other data (digest {progress['dataset'][:12]}) than the run's input_spec.json "
            f"(digest {dataset_digest[:12]}). Restore the run's own file"
        )
    return jax.device_get(average)
