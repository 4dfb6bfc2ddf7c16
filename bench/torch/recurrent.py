"""Recurrent networks as a PyTorch user would write them: nn.LSTM. Modules are named as our blocks."""

import torch
from torch import nn

LAYER_NORM_EPSILON = 1e-12


class Lstm(nn.LSTM):
    """One bias for each gate, as ours: PyTorch's second one is zero and stays so."""

    def __init__(self, inputs, features, layers=1, bidirectional=False):
        super().__init__(inputs, features, layers, batch_first=True, bidirectional=bidirectional)
        for name, parameter in self.named_parameters():
            if name.startswith("bias_hh"):
                parameter.requires_grad_(False)
                with torch.no_grad():
                    parameter.zero_()


class Embedding(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.token = nn.Embedding(size["vocabulary"], size["features"])
        self.normalisation = nn.LayerNorm(size["features"], eps=LAYER_NORM_EPSILON)

    def forward(self, tokens):
        return self.normalisation(self.token(tokens))


class LanguageModel(nn.Module):
    """Our preset lstm-lm."""

    def __init__(self, size):
        super().__init__()
        self.embedding = Embedding(size)
        self.recurrent = Lstm(size["features"], size["features"])

    def forward(self, tokens):
        return self.recurrent(self.embedding(tokens))[0]
