"""ModernBERT (B. Warner et al. 2024) with full attention, in PyTorch's own modules. Modules are named as in Hugging Face's
implementation, so that its weights fit. Switches make of it what other encoders have: RMS normalisation, other activations,
biases, normalised queries and keys, a causal mask, learned biases of distances."""

import math

import torch
import torch.nn.functional as F
from torch import nn

BASE = {"norm": "layer", "activation": "geglu", "bias": False, "first_norm": False, "qk_norm": False, "causal": False, "positions": "rotary"}
EPSILON = 1e-5


def make_norm(features, config):
    if config["norm"] == "rms":
        return nn.RMSNorm(features, eps=EPSILON)
    return nn.LayerNorm(features, eps=EPSILON, bias=config["bias"])


def rotary_tables(length, size, base, dtype):
    frequencies = base ** (-torch.arange(0, size, 2, dtype=torch.float64) / size)
    angles = torch.outer(torch.arange(length, dtype=torch.float64), frequencies)
    return angles.cos().to(dtype), angles.sin().to(dtype)


def rotate(x, tables):
    cosines, sines = tables
    left, right = x.chunk(2, dim=-1)
    return torch.cat([left * cosines - right * sines, right * cosines + left * sines], dim=-1)


def distance_buckets(length, buckets, maximum):
    """T5's (C. Raffel et al. 2020), for both directions: [length, length]."""
    places = torch.arange(length)
    distances = places[None, :] - places[:, None]
    half, exact = buckets // 2, buckets // 4
    sizes = distances.abs()
    far = exact + (torch.log(sizes.clamp(min=1) / exact) / math.log(maximum / exact) * (half - exact)).long()
    return torch.where(distances > 0, half, 0) + torch.where(sizes < exact, sizes, far.clamp(max=half - 1))


class Embeddings(nn.Module):
    def __init__(self, size, config):
        super().__init__()
        self.tok_embeddings = nn.Embedding(size["vocabulary"], size["features"])
        self.norm = make_norm(size["features"], config)

    def forward(self, tokens):
        return self.norm(self.tok_embeddings(tokens))


class Attention(nn.Module):
    def __init__(self, size, config):
        super().__init__()
        features, self.heads = size["features"], size["heads"]
        self.causal = config["causal"]
        self.Wqkv = nn.Linear(features, 3 * features, bias=config["bias"])
        self.Wo = nn.Linear(features, features, bias=config["bias"])
        norm = lambda: make_norm(features // self.heads, config) if config["qk_norm"] else nn.Identity()
        self.q_norm, self.k_norm = norm(), norm()

    def forward(self, x, tables, bias):
        batch, length, features = x.shape
        parts = self.Wqkv(x).view(batch, length, 3, self.heads, features // self.heads)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        query, key = self.q_norm(query), self.k_norm(key)
        if tables is not None:
            query, key = rotate(query, tables), rotate(key, tables)
        if self.causal and bias is not None:
            bias = bias + torch.full((length, length), -1e4, dtype=bias.dtype).triu(1)
        causal = self.causal and bias is None
        mixed = F.scaled_dot_product_attention(query, key, value, attn_mask=bias, is_causal=causal)
        return self.Wo(mixed.transpose(1, 2).reshape(x.shape))


class MLP(nn.Module):
    def __init__(self, size, config):
        super().__init__()
        self.activation = config["activation"]
        gated = self.activation in ("geglu", "swiglu")
        self.Wi = nn.Linear(size["features"], size["feedForward"] * (2 if gated else 1), bias=config["bias"])
        self.Wo = nn.Linear(size["feedForward"], size["features"], bias=config["bias"])

    def forward(self, x):
        inner = self.Wi(x)
        if self.activation == "squared-relu":
            return self.Wo(F.relu(inner).square())
        first, gate = inner.chunk(2, dim=-1)
        return self.Wo((F.gelu(first) if self.activation == "geglu" else F.silu(first)) * gate)


class EncoderLayer(nn.Module):
    def __init__(self, size, config, number):
        super().__init__()
        normalises = number > 0 or config["first_norm"]
        self.attn_norm = make_norm(size["features"], config) if normalises else nn.Identity()
        self.attn = Attention(size, config)
        self.mlp_norm = make_norm(size["features"], config)
        self.mlp = MLP(size, config)

    def forward(self, x, tables, bias):
        x = x + self.attn(self.attn_norm(x), tables, bias)
        return x + self.mlp(self.mlp_norm(x))


class ModernBert(nn.Module):
    def __init__(self, size, config=BASE):
        super().__init__()
        self.embeddings = Embeddings(size, config)
        self.layers = nn.ModuleList([EncoderLayer(size, config, number) for number in range(size["layers"])])
        self.final_norm = make_norm(size["features"], config)
        self.head_size = size["features"] // size["heads"]
        self.rotary_base = size.get("rotaryBase", 10_000)
        self.is_relative = config["positions"] == "relative"
        if self.is_relative:
            self.maximum_distance = size["maximumDistance"]
            self.relative_positions = nn.Embedding(size["buckets"], size["heads"])

    def forward(self, tokens, mask=None):
        """`mask` is 1 at real positions; left out, all are real, and attention needs no bias."""
        x = self.embeddings(tokens)
        length = tokens.shape[1]
        tables = None if self.is_relative else rotary_tables(length, self.head_size, self.rotary_base, x.dtype)
        bias = None if mask is None else ((mask - 1) * 1e4)[:, None, None, :]
        if self.is_relative:
            table = self.relative_positions
            distances = table(distance_buckets(length, table.num_embeddings, self.maximum_distance)).permute(2, 0, 1)
            bias = distances if bias is None else distances + bias
        for layer in self.layers:
            x = layer(x, tables, bias)
        return self.final_norm(x)


class PredictionHead(nn.Module):
    def __init__(self, features):
        super().__init__()
        self.dense = nn.Linear(features, features, bias=False)
        self.norm = nn.LayerNorm(features, eps=EPSILON, bias=False)

    def forward(self, x):
        return self.norm(F.gelu(self.dense(x)))


class ModernBertForMaskedLM(nn.Module):
    """The loss at given positions; the decoder's weight is the embedding's."""

    def __init__(self, size, config=BASE):
        super().__init__()
        self.model = ModernBert(size, config)
        self.head = PredictionHead(size["features"])
        self.decoder = nn.Linear(size["features"], size["vocabulary"])
        self.decoder.weight = self.model.embeddings.tok_embeddings.weight

    def logits(self, tokens, positions, mask=None):
        """For positions [batch, places]: [batch · places, vocabulary]."""
        rows = self.model(tokens, mask).gather(1, positions[..., None].expand(-1, -1, self.decoder.in_features))
        return self.decoder(self.head(rows.flatten(0, 1)))
