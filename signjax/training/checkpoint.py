"""The only orbax: keeps the latest and the best checkpoint of a run.

A checkpoint is the training state and the progress of the run, a small JSON object. Checkpoints are written in the background
and become visible when they are whole, so a run that is killed leaves none that is half written.
"""

from pathlib import Path
from types import TracebackType
from typing import Any

import jax
import orbax.checkpoint as ocp
from orbax.checkpoint.checkpoint_managers import preservation_policy

from signjax.errors import InputError
from signjax.training.state import TrainState

# Saved with every checkpoint: the epoch if it is the best so far, else -1. The largest is the best of the run, whatever
# the measure by which an epoch was judged, and a tie cannot arise.
_BEST_AT = "best_at"


def _best_at(metrics: dict[str, float]) -> float:
    return metrics[_BEST_AT]


class Checkpoints:
    """The checkpoints in one folder; use as a context, so that pending writes end."""

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
          InputError: the checkpoint is damaged or of another model.
        """
        abstract = jax.tree.map(ocp.utils.to_shape_dtype_struct, like)
        args = ocp.args.Composite(state=ocp.args.StandardRestore(abstract), progress=ocp.args.JsonRestore())
        try:
            restored = self._manager.restore(step, args=args)
        except (ValueError, KeyError, OSError) as error:
            raise InputError(
                f"{self.folder / str(step)}: the checkpoint cannot be restored into this model; it is damaged, or of another "
                f"model: {str(error).splitlines()[0]}. Choose a new --workdir"
            ) from error
        return restored["state"], restored["progress"]

    def wait(self) -> None:
        """Returns when everything that was saved is on disk."""
        self._manager.wait_until_finished()
