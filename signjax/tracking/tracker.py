"""Sends the metrics of a run to a service, from a separate thread."""

import queue
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from signjax.data.text_files import write_json
from signjax.errors import InputError, first_line
from signjax.plans.logging import LoggingSettings
from signjax.settings.run_config import read_object
from signjax.settings.schema import flat
from signjax.tracking.services import SERVICES, Opening, Service
from signjax.training.records.log import flat_numbers, read_log, tags

Say = Callable[[str], None]

# In the run folder: what the service calls the run, and which epochs it has.
LOGGING_FILE = "logging.json"

# How long a finished run waits for a service to take what is left.
_SECONDS_TO_FINISH = 60.0
# What of `summary.json` a service receives.
_SUMMARISED = ("valid", "test", "baselines", "training")


class Tracker:
    """The metrics of a run on their way to a service.

    It reads `metrics.jsonl`, so that a service that is switched on late receives earlier epochs, too, and a run that goes on after
    an interruption sends each epoch once. With `logging.to=none` it does nothing.
    """

    def __init__(self, settings: LoggingSettings, folder: Path, config: Mapping[str, Any], say: Say):
        """Begins.

        Args:
          settings: which service.
          folder: the run folder.
          config: the nested settings of the run.
          say: receives one line if the service fails.
        """
        self._settings, self._folder, self._config, self._say = settings, folder, config, say
        self._waiting: queue.Queue[Path | None] = queue.Queue()
        self._summary: dict[str, float] | None = None
        self._thread: threading.Thread | None = None

    def after_epoch(self, training: Path) -> None:
        """Sends what is new in the `metrics.jsonl` of a folder: that of the run, or of its second training below it."""
        self._begin()
        self._waiting.put(training)

    def summarise(self, summary: Mapping[str, Any]) -> None:
        """Takes the figures of the finished run, which are sent at the end."""
        self._summary = flat_numbers({key: summary[key] for key in _SUMMARISED if key in summary})
        self._begin()

    def _begin(self) -> None:
        """Opens the service, when there is something to send and not earlier: data that cannot be used make no run there."""
        if self._thread is None and self._settings.to in SERVICES:
            self._thread = threading.Thread(target=self._serve, name="tracking", daemon=True)
            self._thread.start()

    def close(self) -> None:
        """Waits until the service has everything, but not long."""
        if self._thread is None:
            return
        self._waiting.put(None)
        self._thread.join(_SECONDS_TO_FINISH)
        if self._thread.is_alive():
            self._say(
                f"warning: {self._settings.to} has not taken everything within {_SECONDS_TO_FINISH:.0f} s; left there"
            )

    def _serve(self) -> None:
        """Opens the service and hands over what comes; one failure ends it, and is told."""
        try:
            told = self._told()
            service = SERVICES[self._settings.to](self._opening(told))
            told["id"] = service.known
            while (training := self._waiting.get()) is not None:
                self._send(service, training, told)
            for training in (self._folder, self._folder / "refit"):  # of a run that was finished before
                self._send(service, training, told)
            service.finish(self._summary)
        except ImportError:
            self._say(
                f"warning: config.logging.to is {self._settings.to}, whose package is not installed: pip install "
                f"'signjax[{self._settings.to}]'; the run goes on without it"
            )
        except Exception as error:  # noqa: BLE001 (whatever a service raises must not end a run of hours)
            self._say(
                f"warning: logging to {self._settings.to} failed ({type(error).__name__}: {first_line(error)[:200]}); the run goes "
                f"on without it, and its metrics are in {self._folder / 'metrics.jsonl'}"
            )

    def _told(self) -> dict[str, Any]:
        """What the service has of this run; nothing if the run was logged elsewhere, or not at all."""
        path = self._folder / LOGGING_FILE
        place = {"to": self._settings.to, "project": self._settings.project}
        try:
            told = read_object(path) if path.is_file() else {}
        except InputError:  # damaged: the run is logged anew
            told = {}
        return told if place.items() <= told.items() else {**place, "id": "", "epochs": {}}

    def _opening(self, told: Mapping[str, Any]) -> Opening:
        name = self._folder.resolve().name
        return Opening(self._settings.project, name, self._folder, flat(self._config), str(told["id"]))

    def _send(self, service: Service, training: Path, told: dict[str, Any]) -> None:
        """Sends the epochs of a training that the service does not have."""
        prefix = "" if training == self._folder else f"{training.name}/"
        for record in read_log(training / "metrics.jsonl"):
            if record["epoch"] <= told["epochs"].get(prefix, 0):
                continue
            # Not as "step", which is trackio's own.
            sent = {"steps": record["step"], **{key: record[key] for key in record.keys() - {"epoch", "step"}}}
            numbers = flat_numbers(sent, prefix)
            names = tags(numbers)
            service.log({names[name]: value for name, value in numbers.items()}, record["epoch"])
            told["epochs"][prefix] = record["epoch"]
        write_json(self._folder / LOGGING_FILE, told)


@contextmanager
def tracking(settings: LoggingSettings, folder: Path, config: Mapping[str, Any], say: Say) -> Iterator[Tracker]:
    """A tracker for the time of the block; arguments as in `Tracker`."""
    tracker = Tracker(settings, folder, config, say)
    try:
        yield tracker
    finally:
        tracker.close()
