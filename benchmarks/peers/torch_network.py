"""The hybrid in PyTorch, as its users would write it: fused recurrent modules, `scaled_dot_product_attention`, and a joint
projection for query, key and value.

Shapes: B clips, T frames, F input features, D features, C classes. No masks: the clips it is measured on all have the same length.
"""

import math
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional

from benchmarks.peers.network import Network


def positions(frames: int, features: int) -> Tensor:
    """Sines and cosines of the frame number, as in `signjax.layers.attention`."""
    half = features // 2
    angle = torch.arange(frames)[:, None] * torch.exp(-math.log(1000.0) * torch.arange(half) / (half - 1))[None]
    return torch.cat([angle.sin(), angle.cos()], dim=1)


class ResidualBlock(nn.Module):
    """Convolution, batch norm, GELU and dropout, with a skip connection; (B, D, T) in and out."""

    def __init__(self, features: int, filters: int, kernel: int, dropout: float):
        super().__init__()
        self.convolution = nn.Conv1d(features, filters, kernel, padding=kernel // 2, bias=False)
        self.norm = nn.BatchNorm1d(filters)
        self.activation = nn.GELU(approximate="tanh")
        self.dropout = nn.Dropout(dropout)
        self.skip = nn.Identity() if features == filters else nn.Conv1d(features, filters, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return self.skip(x) + self.dropout(self.activation(self.norm(self.convolution(x))))


class SelfAttention(nn.Module):
    """Layer norm, positions and self-attention; (B, T, D) in and out."""

    def __init__(self, features: int, heads: int, frames: int):
        super().__init__()
        self.heads = heads
        self.norm = nn.LayerNorm(features, eps=1e-6)
        self.query_key_value = nn.Linear(features, 3 * features, bias=False)
        self.out = nn.Linear(features, features)
        self.register_buffer("positions", positions(frames, features), persistent=False)

    def forward(self, x: Tensor) -> Tensor:
        clips, frames, features = x.shape
        projected = self.query_key_value(self.norm(x) + self.positions[:frames])
        query, key, value = projected.view(clips, frames, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        attended = functional.scaled_dot_product_attention(query, key, value)
        return self.out(attended.transpose(1, 2).reshape(clips, frames, features))


class Hybrid(nn.Module):
    """(B, T, F) to logits (B, C)."""

    def __init__(self, network: Network, frames: int):
        super().__init__()
        first, last, inner = network.filters[0], network.filters[-1], network.dropout / 2
        self.stem = nn.Linear(network.inputs, first)
        self.stem_norm = nn.BatchNorm1d(first)
        self.activation = nn.GELU(approximate="tanh")
        layers: list[nn.Module] = []
        features, time = first, frames
        for stage, (filters, kernel) in enumerate(zip(network.filters, network.kernels, strict=True)):
            if stage:
                layers.append(nn.AvgPool1d(2, ceil_mode=True))
                time = -(-time // 2)
            for _ in range(network.depth):
                layers.append(ResidualBlock(features, filters, kernel, inner))
                features = filters
        self.convolutions = nn.Sequential(*layers)
        self.attention = SelfAttention(last, network.heads, time)
        self.lstm = nn.LSTM(last, network.units, batch_first=True, bidirectional=True)
        self.gru = nn.GRU(last, network.units, batch_first=True, bidirectional=True)
        self.fusion_dropout = nn.Dropout(inner)
        self.fusion = nn.Linear(2 * last + 4 * network.units, last, bias=False)
        self.fusion_norm = nn.BatchNorm1d(last)
        self.score = nn.Linear(last, 1)
        self.pool_norm = nn.LayerNorm(3 * last, eps=1e-6)
        self.dropout = nn.Dropout(network.dropout)
        self.head = nn.Linear(3 * last, network.classes)

    def forward(self, x: Tensor) -> Tensor:
        x = self.activation(self.stem_norm(self.stem(x).transpose(1, 2)))
        x = self.convolutions(x).transpose(1, 2)
        parts = [x, x + self.attention(x), self.lstm(x)[0], self.gru(x)[0]]
        fused = self.fusion(self.fusion_dropout(torch.cat(parts, dim=-1)))
        x = x + self.activation(self.fusion_norm(fused.transpose(1, 2))).transpose(1, 2)
        weight = self.score(x).float().softmax(dim=1).to(x.dtype)
        pooled = torch.cat([x.mean(1), x.amax(1), (x * weight).sum(1)], dim=-1)
        return self.head(self.dropout(self.pool_norm(pooled)))


def clip_losses(logits: Tensor, labels: Tensor, loss: dict[str, Any]) -> Tensor:
    """Focal plus cross-entropy loss of each clip, as in `signjax.training.losses`."""
    log_probability = functional.log_softmax(logits.float(), dim=-1)
    log_true = log_probability.gather(1, labels[:, None])[:, 0]
    smooth = loss["label_smoothing"]
    cross_entropy = -(1 - smooth) * log_true - smooth * log_probability.mean(1)
    focal = -((-torch.expm1(log_true.clamp(max=-1e-7))) ** loss["focal_gamma"]) * log_true
    return loss["cross_entropy_weight"] * cross_entropy + loss["focal_weight"] * focal
