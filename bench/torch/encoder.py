"""A BERT encoder as a PyTorch user would write it: nn.Linear, nn.LayerNorm, nn.Embedding, and PyTorch's own attention
where it has one (2.0 and later). Modules are named as our blocks, so that weights find their places by name."""

import math

import torch
import torch.nn.functional as F
from torch import nn

LAYER_NORM_EPSILON = 1e-12


class Embedding(nn.Module):
    def __init__(self, size):
        super().__init__()
        features = size["features"]
        self.token = nn.Embedding(size["vocabulary"], features)
        self.position = nn.Embedding(size["maximumLength"], features)
        self.segment = nn.Embedding(2, features)
        self.normalisation = nn.LayerNorm(features, eps=LAYER_NORM_EPSILON)

    def forward(self, tokens, segments):
        positions = self.position.weight[: tokens.shape[1]]
        return self.normalisation(self.token(tokens) + positions + self.segment(segments))


class Attention(nn.Module):
    def __init__(self, features, heads):
        super().__init__()
        self.heads = heads
        self.query = nn.Linear(features, features)
        self.key = nn.Linear(features, features)
        self.value = nn.Linear(features, features)
        self.output = nn.Linear(features, features)

    def split(self, x):
        batch, length, features = x.shape
        return x.view(batch, length, self.heads, features // self.heads).transpose(1, 2)

    def forward(self, x, bias):
        query, key, value = self.split(self.query(x)), self.split(self.key(x)), self.split(self.value(x))
        if hasattr(F, "scaled_dot_product_attention"):
            mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=bias)
        else:
            logits = query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1])
            mixed = torch.softmax(logits + bias, dim=-1) @ value
        return self.output(mixed.transpose(1, 2).reshape(x.shape))


class FeedForward(nn.Module):
    def __init__(self, features, inner):
        super().__init__()
        self.inner = nn.Linear(features, inner)
        self.outer = nn.Linear(inner, features)

    def forward(self, x):
        return self.outer(F.gelu(self.inner(x)))


class Layer(nn.Module):
    def __init__(self, size):
        super().__init__()
        features = size["features"]
        self.attention = Attention(features, size["heads"])
        self.attention_normalisation = nn.LayerNorm(features, eps=LAYER_NORM_EPSILON)
        self.feed_forward = FeedForward(features, size["feedForward"])
        self.feed_forward_normalisation = nn.LayerNorm(features, eps=LAYER_NORM_EPSILON)

    def forward(self, x, bias):
        x = self.attention_normalisation(x + self.attention(x, bias))
        return self.feed_forward_normalisation(x + self.feed_forward(x))


class Encoder(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.layer = nn.ModuleList([Layer(size) for _ in range(size["layers"])])

    def forward(self, x, mask):
        bias = ((mask - 1) * 1e4)[:, None, None, :]  # −10⁴ where a position is padding, as BERT does
        for layer in self.layer:
            x = layer(x, bias)
        return x


class Backbone(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.embedding = Embedding(size)
        self.encoder = Encoder(size)

    def forward(self, feeds):
        return self.encoder(self.embedding(feeds["tokens"], feeds["segments"]), feeds["mask"])
