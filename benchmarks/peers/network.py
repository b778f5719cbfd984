"""The sizes of the base model, and its arithmetic per clip; every peer builds the same network from them.

Shapes: T frames, D features in.
"""

from dataclasses import dataclass
from typing import Any

from configs.base import get_config

# The built-in corpus: 169 SMPL-X channels in 6 parts make 169 values, 169 velocities and 6 flags per frame; 24 signs.
CHANNELS, PARTS, CLASSES = 169, 6, 24


@dataclass(frozen=True)
class Network:
    """Sizes of the hybrid; the attributes are the keys `model.*` of the config.

    Attributes:
      inputs: features in each frame.
      classes: logits of the one head.
    """

    inputs: int
    classes: int
    filters: tuple[int, ...]
    kernels: tuple[int, ...]
    depth: int
    units: int
    heads: int
    dropout: float


def base_network(inputs: int = 4 * CHANNELS + PARTS, classes: int = CLASSES, **changes: Any) -> Network:
    """The base model of `configs/base.py`, with the given keys overridden."""
    model = get_config().model
    names = ("filters", "kernels", "depth", "units", "heads", "dropout")
    return Network(inputs, classes, **{name: changes.get(name, model[name]) for name in names})


def network_of(settings: dict[str, Any]) -> Network:
    """The base model, with the keys `model.*` among the settings' `keys` overridden."""
    keys: dict[str, Any] = settings.get("keys", {})
    return base_network(
        **{key.removeprefix("model."): value for key, value in keys.items() if key.startswith("model.")}
    )


def training_flops(network: Network, frames: int) -> float:
    """Floating-point operations of the matrix products and convolutions of one clip's forward and backward pass.

    A product of m x k by k x n counts as 2 m k n, and twice that in the backward pass, for the gradients of its two factors; the
    inputs need no gradient. Norms, activations, dropout and the optimizer are left out: only operations that can run at the
    machine's matmul rate are counted.
    """
    first, last, time = network.filters[0], network.filters[-1], frames
    stem = time * network.inputs * first
    products, features = 0, first
    for stage, (filters, kernel) in enumerate(zip(network.filters, network.kernels, strict=True)):
        if stage:
            time = -(-time // 2)
        for _ in range(network.depth):
            products += time * kernel * features * filters
            products += time * features * filters if features != filters else 0
            features = filters
    products += time * last * 3 * last + 2 * time * time * last + time * last * last  # attention
    units = network.units
    products += 2 * (4 + 3) * time * units * (last + units)  # both directions of the LSTM and the GRU
    products += time * (2 * last + 4 * units) * last  # fusion
    products += time * 2 * last + 3 * last * network.classes  # pooling and the head
    return 2.0 * (2 * stem + 3 * products)
