"""The settings of the network; `signjax.model.hybrid` builds it."""

from dataclasses import dataclass

from signjax.plans.kinds import RATE, one_of, whole, whole_numbers, yes_no
from signjax.plans.setting import setting

PRECISIONS = ("float32", "bfloat16")


@dataclass(frozen=True)
class HybridSettings:
    """Sizes and options of the hybrid."""

    filters: tuple[int, ...] = setting(
        (96, 160),
        "Features of each convolution stage, one number per stage. Time is halved between stages. Larger is slower and fits more.",
        whole_numbers(1, 8192, 8),  # after 8 stages, one of 128 frames is left
    )
    kernels: tuple[int, ...] = setting(
        (11, 7),
        "Kernel size of each convolution stage; odd, one number per stage. Larger kernels see longer movements.",
        whole_numbers(1, 1023, 8, odd=True),  # an even one has no middle
        unit="frames",
    )
    depth: int = setting(2, "Residual blocks in each convolution stage. More are slower and fit more.", whole(1, 64))
    units: int = setting(
        96, "Hidden units in each direction of the LSTM and of the GRU. More are slower and fit more.", whole(1, 8192)
    )
    heads: int = setting(
        4,
        "Number of attention heads (unrelated to data.heads). Must divide the last number of model.filters.",
        whole(1, 1024),
    )
    dropout: float = setting(
        0.4, "Dropout rate before the classifiers; half of it inside the network. Larger values overfit less.", RATE
    )
    precision: str = setting(
        "float32",
        "Precision of matrix products and convolutions; bfloat16 is faster on a GPU. Weights, statistics, softmax, loss and "
        "recurrent states are always float32. float32 products are exact on a GPU too, unless $JAX_DEFAULT_MATMUL_PRECISION "
        "asks for TF32.",
        one_of(PRECISIONS),
    )
    remat: bool = setting(
        False,
        "Whether each layer is computed again in the backward pass instead of keeping its activations: less memory, more time.",
        yes_no(),
    )
