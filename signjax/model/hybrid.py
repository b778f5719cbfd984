"""The hybrid: frames to {head: logits}.

Residual convolutions, then self-attention, a bidirectional LSTM and a bidirectional GRU side by side over their output; all of
these are fused, pooled over time and read by one linear layer a head.

Shapes: B clips, T frames, D features, C classes of a head.
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
      depthwise, channel_attention, stochastic_depth: of the residual blocks; the rate of the last rises linearly to this
        value with the block's depth.
      rotary: of the attention.
      recurrent_dropout, recurrent_norm: of the LSTM and the GRU.
      remat: forget what each layer computed, and compute it again in the backward pass: less memory for more time.
      dtype: precision of the products; weights, statistics, softmax, carried states and logits are float32.
      axis_name: the mapped axis over which devices share a batch.
    """

    classes: Mapping[str, int]
    filters: tuple[int, ...]
    kernels: tuple[int, ...]
    depth: int
    units: int
    heads: int
    dropout: float
    depthwise: bool = False
    channel_attention: bool = False
    stochastic_depth: float = 0.0
    rotary: bool = False
    recurrent_dropout: float = 0.0
    recurrent_norm: bool = False
    remat: bool = False
    dtype: jnp.dtype = jnp.float32
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
        inner, dtype = self.dropout / 2, self.dtype
        x = Projection(self.filters[0], dtype=dtype, name="stem")(x)
        x = nn.gelu(MaskedBatchNorm(self.axis_name, name="stem_norm")(x, mask, training=training))
        blocks = len(self.filters) * self.depth
        for stage, (filters, kernel) in enumerate(zip(self.filters, self.kernels, strict=True)):
            if stage:
                x, mask = halve_time(x, mask), halve_mask(mask)
            for block in range(self.depth):
                layer: nn.Module = ResidualBlock(
                    filters,
                    kernel,
                    inner,
                    depthwise=self.depthwise,
                    channel_attention=self.channel_attention,
                    stochastic_depth=self.stochastic_depth * (stage * self.depth + block + 1) / blocks,
                    axis_name=self.axis_name,
                    dtype=dtype,
                    name=f"stage{stage}_block{block}",
                )
                x = self._apply(layer, x, mask, row, training=training)
        attention = SelfAttention(self.heads, self.rotary, dtype, name="attention")
        attended = x + self._apply(attention, x, mask)
        paths = [x, attended]
        for cell in ("lstm", "gru"):
            layer = Recurrence(self.units, cell, self.recurrent_dropout, self.recurrent_norm, dtype, name=cell)
            paths.append(self._apply(layer, x, mask, row, training=training))
        fused = Dropout(inner)(jnp.concatenate(paths, axis=-1), row, training=training)
        fused = Projection(x.shape[-1], use_bias=False, dtype=dtype, name="fusion")(fused)
        fused = nn.gelu(MaskedBatchNorm(self.axis_name, name="fusion_norm")(fused, mask, training=training))
        pooled = Pool(name="pool")(x + fused, mask)
        pooled = Dropout(self.dropout)(nn.LayerNorm(name="pool_norm")(pooled), row, training=training)
        return {head: nn.Dense(count, name=f"head_{head}")(pooled) for head, count in self.classes.items()}

    def _apply(self, layer: nn.Module, *inputs: Array, **flags: bool) -> Array:
        """The layer's output; what it computed on the way is forgotten where `remat` says so."""

        def call(module: nn.Module, *arrays: Array) -> Array:
            return module(*arrays, **flags)

        return (nn.remat(call) if self.remat else call)(layer, *inputs)
