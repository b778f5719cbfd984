"""The arguments of optax's optimizers that a config can set, and how they are read from text such as `b1=0.9, nesterov=True`."""

from signjax.errors import InputError
from signjax.plans.kinds import RATE, Kind, number, shown, whole, yes_no

_KEY = "train.optimizer_arguments"

# Added to what is divided by: with 0, a gradient that is 0 would be divided by 0.
_EPSILON = number(0, 1, above=True)
_EPSILON_ROOT = number(0, 1)

# Optimizer -> its arguments, with optax's names, and their values. Its other arguments are types and choices of methods.
ARGUMENTS: dict[str, dict[str, Kind]] = {
    "adamw": {"b1": RATE, "b2": RATE, "eps": _EPSILON, "eps_root": _EPSILON_ROOT, "nesterov": yes_no()},
    "lion": {"b1": RATE, "b2": RATE},
    "sgd": {"momentum": RATE, "nesterov": yes_no()},
    "muon": {
        "ns_steps": whole(1, 20),  # each is three products of matrices
        "beta": RATE,
        "eps": _EPSILON,
        "nesterov": yes_no(),
        "adaptive": yes_no(),
        "adam_b1": RATE,
        "adam_b2": RATE,
        "adam_eps_root": _EPSILON_ROOT,
        "consistent_rms": number(0, 10, above=True),
    },
}

_SPARED = "cannot be set: biases and scales are never decayed"
# Arguments that stand elsewhere -> what to say of them.
_ELSEWHERE = {
    "learning_rate": "is set by config.train.learning_rate",
    "adam_learning_rate": "is set by config.train.learning_rate",
    "weight_decay": "is set by config.train.weight_decay",
    "adam_weight_decay": "is set by config.train.weight_decay",
    "mask": _SPARED,
    "weight_decay_mask": _SPARED,
}


def read_arguments(optimizer: str, written: str) -> dict[str, float | bool]:
    """The arguments of an optimizer, from the text of the config.

    >>> read_arguments("sgd", "momentum=0.9, nesterov=True")
    {'momentum': 0.9, 'nesterov': True}

    Raises:
      InputError: listing all that is wrong with them.
    """
    known, found, faults = ARGUMENTS[optimizer], dict[str, float | bool](), list[str]()
    for part in written.split(",") if written.strip() else ():
        name, equals, value = (piece.strip() for piece in part.partition("="))
        if not name or not equals:
            faults.append(f"{shown(part.strip())} does not have the form NAME=VALUE")
        elif name in _ELSEWHERE:
            faults.append(f"{name} {_ELSEWHERE[name]}")
        elif name not in known:
            faults.append(f"{optimizer} has no argument {shown(name)} that can be set; it has {', '.join(known)}")
        elif name in found:
            faults.append(f"{name} is given more than once")
        else:
            try:
                found[name] = known[name].read(value)
            except ValueError:
                found[name] = float("nan")
            if not known[name].accepts(found[name]):
                faults.append(f"{name} must be {known[name].allowed}")
    if faults:
        raise InputError(f"config.{_KEY} is {shown(written)}; {'; '.join(faults)}")
    return found
