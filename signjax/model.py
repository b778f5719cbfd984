"""The hybrid: frames to {head: logits}.

Residual convolutions, then self-attention, a bidirectional LSTM and a bidirectional GRU side by side over their output; all of
these are fused, pooled over time and read by one linear layer a head.

Shapes: B clips, T frames, F channels, P parts, D features, C classes of a head.
"""

from collections.abc import Mapping

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from signjax.layers.attention import SelfAttention
from signjax.layers.convolution import MaskedBatchNorm, ResidualBlock, halve_mask, halve_time, masked
from signjax.layers.dropout import Dropout
from signjax.layers.pooling import Pool
from signjax.layers.recurrence import Recurrence


def frame_mask(length: Int[Array, "b"], frames: int) -> Bool[Array, "b t"]:
    """True on the real frames of each clip."""
    return jnp.arange(frames)[None, :] < length[:, None]


def model_inputs(
    frames: Float[Array, "b t f"],
    length: Int[Array, "b"],
    valid: Bool[Array, "b t p"],
    part_of_channel: Int[Array, "f"],
    mean: Float[Array, "f"],
    std: Float[Array, "f"],
) -> tuple[Float[Array, "b t 2*f+p"], Bool[Array, "b t"]]:
    """What the network sees: standardised channels, their velocity, and which parts were seen.

    A part that was not seen is 0, the mean, in all of its channels; a velocity that would touch it is 0 too.

    Returns:
      Inputs, zero on padding, and the mask of real frames.
    """
    mask = frame_mask(length, frames.shape[1])
    seen = valid & mask[:, :, None]
    channel_seen = seen[:, :, part_of_channel]
    standard = jnp.where(channel_seen, (frames - mean[None, None, :]) / std[None, None, :], 0.0)
    both_seen = channel_seen[:, 1:] & channel_seen[:, :-1]
    velocity = jnp.where(both_seen, standard[:, 1:] - standard[:, :-1], 0.0)
    velocity = jnp.pad(velocity, ((0, 0), (1, 0), (0, 0)))
    return jnp.concatenate([standard, velocity, seen.astype(frames.dtype)], axis=-1), mask


class Hybrid(nn.Module):
    """The recogniser.

    Attributes:
      classes: head name -> number of classes.
      filters: features of each convolution stage; time is halved between stages.
      kernels: frames that the filters of each stage see; odd.
      depth: residual blocks of each stage.
      units: hidden units of each direction of the LSTM and of the GRU.
      heads: attention heads.
      dropout: rate before the heads; half of it inside the network.
      axis_name: the mapped axis over which devices share a batch.
    """

    classes: Mapping[str, int]
    filters: tuple[int, ...]
    kernels: tuple[int, ...]
    depth: int
    units: int
    heads: int
    dropout: float
    axis_name: str | None = None

    @nn.compact
    def __call__(
        self, x: Float[Array, "b t i"], mask: Bool[Array, "b t"], row: Int[Array, "b"], *, training: bool
    ) -> dict[str, Float[Array, "b c"]]:
        """Logits of each head.

        Args:
          x: as `model_inputs` makes it; zero on padding.
          mask: True on real frames.
          row: each clip's row in the global batch, which names its dropout stream.
          training: batch statistics and dropout, or not.
        """
        inner = self.dropout / 2
        x = nn.Dense(self.filters[0], name="stem")(x)
        x = nn.gelu(MaskedBatchNorm(self.axis_name, name="stem_norm")(x, mask, training=training))
        for stage, (filters, kernel) in enumerate(zip(self.filters, self.kernels, strict=True)):
            if stage:
                x, mask = halve_time(x, mask), halve_mask(mask)
            for block in range(self.depth):
                name = f"stage{stage}_block{block}"
                x = ResidualBlock(filters, kernel, inner, self.axis_name, name=name)(x, mask, row, training=training)
        attended = x + SelfAttention(self.heads, name="attention")(x, mask)
        lstm = Recurrence(self.units, "lstm", name="lstm")(x, mask)
        gru = Recurrence(self.units, "gru", name="gru")(x, mask)
        fused = jnp.concatenate([x, attended, lstm, gru], axis=-1)
        fused = Dropout(inner)(fused, row, training=training)
        fused = nn.Dense(x.shape[-1], use_bias=False, name="fusion")(fused)
        fused = nn.gelu(MaskedBatchNorm(self.axis_name, name="fusion_norm")(fused, mask, training=training))
        pooled = Pool(name="pool")(masked(x + fused, mask), mask)
        pooled = Dropout(self.dropout)(nn.LayerNorm(name="pool_norm")(pooled), row, training=training)
        return {head: nn.Dense(count, name=f"head_{head}")(pooled) for head, count in self.classes.items()}
