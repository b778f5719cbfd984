"""One run in several processes, on one or many machines: who writes, what all must agree on, and how all end.

The first process prepares the data, writes checkpoints, logs and reports, and validates; it is the chief. The others hold the same
state and compute their share of every batch. What must be equal everywhere and is not computed everywhere goes through the
coordination service of jax, which needs no devices and waits as long as it has to.
"""

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import count
from typing import Any

from signjax.errors import InputError, first_line

# A process that is not heard of for so long is lost, and all others end. jax looks as well, later: it ends a process without a
# message for users (0.10), and a device that waited for a lost process was seen to wait on.
_LOST_SECONDS, _BEAT_SECONDS = 45, 5


@dataclass(frozen=True)
class Group:
    """How the processes of a run find each other.

    Attributes:
      coordinator: `host:port` of the first process; None lets jax find it, as under SLURM and Open MPI.
      count: the number of processes; None likewise.
      index: of this one, from 0; None likewise.
    """

    coordinator: str | None = None
    count: int | None = None
    index: int | None = None


def group_of(coordinator: str | None, number: int | None, own: int | None, environment: dict[str, str]) -> Group | None:
    """The group that flags or a job launcher describe; None for a run in one process.

    Args:
      coordinator, number, own: the flags --coordinator, --processes and --process; None where they are not given.
      environment: in which `srun` and `mpirun` tell how many processes they have started.

    Raises:
      InputError: some of the flags are given, but not all, or they contradict each other.
    """
    given = {"--coordinator": coordinator, "--processes": number, "--process": own}
    missing = [flag for flag, value in given.items() if value is None]
    if len(missing) == len(given):
        started = (environment.get("SLURM_STEP_NUM_TASKS"), environment.get("OMPI_COMM_WORLD_SIZE"))
        return Group() if any(value and value.isdigit() and int(value) > 1 for value in started) else None
    if missing:
        raise InputError(
            f"{', '.join(missing)}: missing. Several processes need --coordinator=HOST:PORT, --processes=N and --process=I"
        )
    assert number is not None and own is not None and coordinator is not None
    if not 0 <= own < number:
        raise InputError(f"--process={own}: it must be from 0 to {number - 1}, since --processes is {number}")
    if not coordinator.rpartition(":")[2].isdigit() or ":" not in coordinator:
        raise InputError(f"--coordinator={coordinator}: it must be HOST:PORT, for example 10.0.0.1:8476")
    return Group(coordinator, number, own) if number > 1 else None


def join(group: Group) -> None:
    """Meets the other processes; call it before jax starts its devices.

    Raises:
      InputError: they do not meet within five minutes.
    """
    import jax

    try:
        jax.distributed.initialize(
            group.coordinator,
            group.count,
            group.index,
            heartbeat_timeout_seconds=4 * _LOST_SECONDS,
        )
    except (RuntimeError, ValueError) as error:
        where = group.coordinator or "the coordinator that jax found"
        raise InputError(
            f"the processes of this run do not meet at {where}: {first_line(error)}. All of them must be "
            "started within five minutes, with the same --coordinator and --processes, and be able to reach it"
        ) from error
    _joined.set()
    threading.Thread(target=_watch, name="watch", daemon=True).start()


_joined, _left = threading.Event(), threading.Event()


def _watch() -> None:
    """Ends this process when another one is not heard of."""
    heard: dict[str, tuple[str, float]] = {}
    for beat in count():
        try:
            _client().key_value_set(f"signjax-alive/{index()}", str(beat), allow_overwrite=True)
            found = dict(_client().key_value_dir_get("signjax-alive"))
        except RuntimeError as error:
            _lost(f"the first process cannot be reached: {first_line(error)[:200]}")
            return
        now = time.monotonic()
        for name, value in found.items():
            if heard.get(name, ("", 0.0))[0] != value:
                heard[name] = value, now
            elif now - heard[name][1] > _LOST_SECONDS:
                _lost(f"process {name.rpartition('/')[2]} has not been heard of for {_LOST_SECONDS} s")
        if _left.wait(_BEAT_SECONDS):
            return


def lost_message(why: str) -> str:
    """What a user is told when a process is lost."""
    return (
        f"another process of this run was lost ({why}). Start all of them again with the same commands: the run goes on from its "
        "last checkpoint"
    )


def _lost(why: str) -> None:
    if not _left.is_set():
        print(f"error: {lost_message(why)}", file=sys.stderr, flush=True)
        os._exit(1)  # the main thread may wait for the lost process forever


def several() -> bool:
    """Whether the run has several processes; does not load jax, which another thread may be loading."""
    return _joined.is_set()


def is_chief() -> bool:
    """Whether this process is the one that writes; does not load jax in a run of one process."""
    return not several() or index() == 0


def tell(name: str, value: Any) -> None:
    """Lets the other processes know a JSON value under a name that is used once."""
    if several():
        _client().key_value_set(f"signjax/{name}", json.dumps(value))


def hear(name: str) -> Any:
    """What the chief told under a name; waits for it as long as it takes."""
    return json.loads(_get(f"signjax/{name}"))


def _get(key: str) -> str:
    while True:
        try:
            found: str = _client().blocking_key_value_get(key, 1000)  # not for longer: signals wait for its end
            return found
        except RuntimeError as error:
            if "DEADLINE_EXCEEDED" not in str(error):
                raise


def agreed(name: str, value: Callable[[], Any]) -> Any:
    """A JSON value as the chief computes it, in all processes."""
    if not several():
        return value()
    if is_chief():
        found = value()
        tell(name, found)
        return found
    return hear(name)


def meet(name: str) -> None:
    """Waits until all processes are here; the name is used once. Needed before devices first add up together.

    On CPUs they must find each other within 30 s (jax 0.10, Gloo), which processes that compile for different times do not.
    """
    if several():
        tell(f"{name}/{index()}", value=True)
        for other in range(process_count()):
            _get(f"signjax/{name}/{other}")


def shared_arrays(tree: Any) -> Any:
    """A tree of host arrays as the chief has it, in all processes, where its values are not looked at."""
    if not several():
        return tree
    from jax.experimental import multihost_utils

    return multihost_utils.broadcast_one_to_all(tree)


def all_devices(local: Sequence[Any]) -> list[Any]:
    """The devices of all processes, in the order of processes, if each uses as many as this one uses of its own."""
    import jax

    if not several():
        return list(local)
    found: list[Any] = []
    for process in range(process_count()):
        own = sorted((one for one in jax.devices() if one.process_index == process), key=lambda one: one.id)
        found += own[: len(local)]
    return found


def my_rows(batch_size: int) -> slice:
    """The rows of a global batch that this process computes."""
    share = batch_size // process_count()
    first = index() * share
    return slice(first, first + share)


def index() -> int:
    """The number of this process, from 0."""
    import jax

    return jax.process_index()


def process_count() -> int:
    """The number of processes of the run."""
    if not several():
        return 1
    import jax

    return jax.process_count()


_dispatches = count(1)  # jax agrees on one of these numbers


def asked_to_stop(number: int | None) -> int | None:
    """The signal by which all processes stop here; None if they go on. To be asked after each dispatch, in all processes alike.

    A request reaches one process at its own time, so jax agrees on the dispatch after which all stop.

    Args:
      number: of a signal that this process got; of several processes, jax's service gets SIGTERM itself.
    """
    if not several():
        return number
    from jax.experimental import multihost_utils

    if number == signal.SIGINT:  # only SIGTERM is known to jax's service
        os.kill(os.getpid(), signal.SIGTERM)
    return signal.SIGTERM if multihost_utils.reached_preemption_sync_point(next(_dispatches)) else None


def leave() -> None:
    """Parts from the other processes, which wait for each other until all are here."""
    if several():
        import jax

        _left.set()
        jax.distributed.shutdown()
        _joined.clear()


def _client() -> Any:
    """The client of the coordination service, in a run of several processes.

    jax (0.10) has no public functions for values and barriers without devices.
    """
    from jax._src import distributed

    return distributed.global_state.client
