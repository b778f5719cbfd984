"""The settings of logging to a service for experiments."""

from dataclasses import dataclass

from signjax.plans.kinds import one_of, text
from signjax.plans.setting import setting

SERVICES = ("none", "wandb", "mlflow", "trackio")


@dataclass(frozen=True)
class LoggingSettings:
    """Where the metrics of a run go besides its folder."""

    to: str = setting(
        "none",
        "Service that also receives settings, the metrics of each epoch and the summary: none, wandb (Weights & Biases), mlflow or "
        "trackio. Each is an extra, as in pip install 'signjax[wandb]', and is set up by its own environment variables, such as "
        "WANDB_MODE and MLFLOW_TRACKING_URI. Where it fails, the run says so once and goes on.",
        one_of(SERVICES),
        may_change=True,
    )
    project: str = setting(
        "signjax",
        "Project at that service, which mlflow calls experiment.",
        text("a name"),
        may_change=True,
    )
