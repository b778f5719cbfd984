"""The hybrid: frames to {head: logits}.

Residual convolutions, then self-attention, a bidirectional LSTM and a bidirectional GRU side by side over their output; all
are fused, pooled over time and classified by one linear layer per head.

Shapes: B clips, T frames, D features, C classes per head.
"""

from collections.abc import Mapping

import flax.linen as nn
import jax.numpy as jnp
from jaxtyping import Array, Bool, Float, Int

from signjax.layers.attention import SelfAttention
from signjax.layers.batch_norm import MaskedBatchNorm
from signjax.layers.convolution import ResidualBlock, halve_mask, halve_time
from signjax.layers.dropout import Dropout
from signjax.layers.linear import Projection
from signjax.layers.pooling import Pool
from signjax.layers.recurrent.bidirectional import Recurrence
from signjax.plans.hybrid import HybridSettings


class Hybrid(nn.Module):
    """The recogniser.

    Attributes:
      classes: head name -> number of classes.
      settings: sizes and options.
      axis_name: the mapped axis over which devices share a batch.
      loops: how the recurrent layers run over time; see `Recurrence`.
    """

    classes: Mapping[str, int]
    settings: HybridSettings
    axis_name: str | None = None
    loops: str = "fast"

    @nn.compact
    def __call__(
        self, x: Float[Array, "b t i"], mask: Bool[Array, "b t"], row: Int[Array, "b"], *, training: bool
    ) -> dict[str, Float[Array, "b c"]]:
        """Logits of each head.

        Args:
          x: as returned by `model_inputs`; zero on padding.
          mask: True on real frames.
          row: each clip's row in the global batch, which determines its dropout stream.
          training: whether to use batch statistics and dropout.
        """
        settings = self.settings
        inner, dtype = settings.dropout / 2, jnp.dtype(settings.precision)
        x = Projection(settings.filters[0], dtype=dtype, name="stem")(x)
        x = nn.gelu(MaskedBatchNorm(self.axis_name, name="stem_norm")(x, mask, training=training))
        for stage, (filters, kernel) in enumerate(zip(settings.filters, settings.kernels, strict=True)):
            if stage:
                x, mask = halve_time(x, mask), halve_mask(mask)
            for block in range(settings.depth):
                layer = ResidualBlock(
                    filters,
                    kernel,
                    inner,
                    axis_name=self.axis_name,
                    dtype=dtype,
                    name=f"stage{stage}_block{block}",
                )
                x = self._apply(layer, x, mask, row, training=training)
        attention = SelfAttention(settings.heads, dtype, name="attention")
        attended = x + self._apply(attention, x, mask)
        paths = [x, attended]
        for cell in ("lstm", "gru"):
            paths.append(self._apply(Recurrence(settings.units, cell, dtype, self.loops, name=cell), x, mask))
        fused = Dropout(inner)(jnp.concatenate(paths, axis=-1), row, training=training)
        fused = Projection(x.shape[-1], use_bias=False, dtype=dtype, name="fusion")(fused)
        fused = nn.gelu(MaskedBatchNorm(self.axis_name, name="fusion_norm")(fused, mask, training=training))
        pooled = Pool(name="pool")(x + fused, mask)
        pooled = Dropout(settings.dropout)(nn.LayerNorm(name="pool_norm")(pooled), row, training=training)
        return {head: nn.Dense(count, name=f"head_{head}")(pooled) for head, count in self.classes.items()}

    def _apply(self, layer: nn.Module, *inputs: Array, **flags: bool) -> Array:
        """The layer's output; with `remat`, its activations are not kept for the backward pass."""

        def call(module: nn.Module, *arrays: Array) -> Array:
            return module(*arrays, **flags)

        return (nn.remat(call) if self.settings.remat else call)(layer, *inputs)
