"""The hybrid in Keras 3, as its users would write it.

Shapes: B clips, T frames, F input features, C classes. No masks: the clips it is measured on all have the same length.
"""

import os

os.environ.setdefault("KERAS_BACKEND", "tensorflow")
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
from keras import layers, ops

from benchmarks.peers.network import Network


def positions(frames: int, features: int) -> np.ndarray:
    """Sines and cosines of the frame number, as in `signjax.layers.attention`."""
    half = features // 2
    angle = np.arange(frames)[:, None] * np.exp(-np.log(1000.0) * np.arange(half) / (half - 1))[None]
    return np.concatenate([np.sin(angle), np.cos(angle)], axis=1).astype(np.float32)


@keras.saving.register_keras_serializable("benchmarks")
class AttentionPool(layers.Layer):
    """Mean over frames, weighted by the softmax of their scores."""

    def call(self, x: keras.KerasTensor, scores: keras.KerasTensor) -> keras.KerasTensor:
        return ops.sum(x * ops.softmax(scores, axis=1), axis=1)


def gelu(x: keras.KerasTensor) -> keras.KerasTensor:
    return keras.activations.gelu(x, approximate=True)


def residual_block(x: keras.KerasTensor, filters: int, kernel: int, dropout: float) -> keras.KerasTensor:
    """Convolution, batch norm, GELU and dropout, with a skip connection."""
    y = layers.Conv1D(filters, kernel, padding="same", use_bias=False)(x)
    y = layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(y)
    y = layers.Dropout(dropout)(layers.Activation(gelu)(y))
    skip = x if x.shape[-1] == filters else layers.Dense(filters, use_bias=False)(x)
    return layers.Add()([skip, y])


def attention(x: keras.KerasTensor, heads: int) -> keras.KerasTensor:
    """Layer norm, positions and self-attention, with a skip connection."""
    features = x.shape[-1]
    y = layers.LayerNormalization(epsilon=1e-6)(x) + positions(x.shape[1], features)
    y = layers.MultiHeadAttention(heads, features // heads)(y, y)
    return layers.Add()([x, y])


def hybrid(network: Network, frames: int | None) -> keras.Model:
    """(B, T, F) to logits (B, C)."""
    inner = network.dropout / 2
    inputs = layers.Input((frames, network.inputs))
    x = layers.Dense(network.filters[0])(inputs)
    x = layers.Activation(gelu)(layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(x))
    for stage, (filters, kernel) in enumerate(zip(network.filters, network.kernels, strict=True)):
        if stage:
            x = layers.AveragePooling1D(2, padding="same")(x)
        for _ in range(network.depth):
            x = residual_block(x, filters, kernel, inner)
    lstm = layers.Bidirectional(layers.LSTM(network.units, return_sequences=True))(x)
    gru = layers.Bidirectional(layers.GRU(network.units, return_sequences=True))(x)
    fused = layers.Dropout(inner)(layers.Concatenate()([x, attention(x, network.heads), lstm, gru]))
    fused = layers.Dense(x.shape[-1], use_bias=False)(fused)
    fused = layers.Activation(gelu)(layers.BatchNormalization(momentum=0.9, epsilon=1e-5)(fused))
    x = layers.Add()([x, fused])
    pooled = layers.Concatenate()(
        [layers.GlobalAveragePooling1D()(x), layers.GlobalMaxPooling1D()(x), AttentionPool()(x, layers.Dense(1)(x))]
    )
    pooled = layers.Dropout(network.dropout)(layers.LayerNormalization(epsilon=1e-6)(pooled))
    return keras.Model(inputs, layers.Dense(network.classes, dtype="float32")(pooled))
