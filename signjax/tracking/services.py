"""The services, each behind the same few methods; their packages are imported when a run asks for them."""

from collections.abc import Callable, Mapping
from pathlib import Path
from secrets import token_hex
from typing import Any, NamedTuple, Protocol

_PARAMETERS_AT_ONCE = 100  # what MLflow accepts in one request
_SECONDS_TO_LOG_IN = 30


class Opening(NamedTuple):
    """What a service is told of a run.

    Attributes:
      project: to which it belongs.
      name: of the run, for people.
      folder: the run folder.
      settings: dotted key -> value.
      known: by what the service knows the run, if it was logged before; else empty.
    """

    project: str
    name: str
    folder: Path
    settings: Mapping[str, Any]
    known: str


class Service(Protocol):
    """A run at a service.

    Attributes:
      known: by what the service knows the run.
    """

    known: str

    def log(self, metrics: Mapping[str, float], epoch: int) -> None:
        """Receives the metrics of an epoch."""

    def finish(self, summary: Mapping[str, float] | None) -> None:
        """Ends the run, with the figures of its summary; None if it was stopped."""


class _Wandb:
    def __init__(self, opening: Opening):
        import wandb

        self.known = opening.known or token_hex(4)
        self._run = wandb.init(
            project=opening.project,
            name=opening.name,
            id=self.known,
            resume="allow",
            dir=str(opening.folder),
            config=dict(opening.settings),
            # The terminal is the run's own, and nobody may be there to type a key.
            settings=wandb.Settings(console="off", silent=True, login_timeout=_SECONDS_TO_LOG_IN),
        )
        self._run.define_metric("*", step_metric="epoch")

    def log(self, metrics: Mapping[str, float], epoch: int) -> None:
        self._run.log({**metrics, "epoch": epoch})  # it counts its own steps, which must not go back

    def finish(self, summary: Mapping[str, float] | None) -> None:
        self._run.summary.update(dict(summary or {}))
        self._run.finish(0 if summary is not None else 1)


class _Mlflow:
    def __init__(self, opening: Opening):
        from mlflow import MlflowClient
        from mlflow.entities import Param

        self._client = MlflowClient()
        self.known = opening.known
        if self.known:
            self._client.update_run(self.known, status="RUNNING")
            return
        found = self._client.get_experiment_by_name(opening.project)
        experiment = found.experiment_id if found else self._client.create_experiment(opening.project)
        self.known = self._client.create_run(experiment, run_name=opening.name).info.run_id
        parameters = [Param(key, str(value)) for key, value in opening.settings.items()]
        for start in range(0, len(parameters), _PARAMETERS_AT_ONCE):
            self._client.log_batch(self.known, params=parameters[start : start + _PARAMETERS_AT_ONCE])

    def log(self, metrics: Mapping[str, float], epoch: int) -> None:
        from mlflow.entities import Metric

        self._client.log_batch(self.known, [Metric(name, value, 0, epoch) for name, value in metrics.items()])

    def finish(self, summary: Mapping[str, float] | None) -> None:
        if summary is not None:
            self.log(summary, 0)
        self._client.set_terminated(self.known, "FINISHED" if summary is not None else "KILLED")


class _Trackio:
    def __init__(self, opening: Opening):
        import trackio

        self.known = opening.known or f"{opening.name}-{token_hex(4)}"  # by which it resumes
        self._run = trackio.init(
            project=opening.project,
            name=self.known,
            resume="allow",
            config={key: str(value) for key, value in opening.settings.items()},
            embed=False,
        )

    def log(self, metrics: Mapping[str, float], epoch: int) -> None:
        self._run.log({**metrics, "epoch": epoch})

    def finish(self, summary: Mapping[str, float] | None) -> None:
        if summary is not None:
            self._run.log(dict(summary))
        self._run.finish()


SERVICES: Mapping[str, Callable[[Opening], Service]] = {"wandb": _Wandb, "mlflow": _Mlflow, "trackio": _Trackio}
