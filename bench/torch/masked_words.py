"""Masked words: BERT's head at the masked positions, with the output layer tied to the token table."""

import torch
import torch.nn.functional as F
from torch import nn

from encoder import LAYER_NORM_EPSILON, Backbone
from heads import weighted_mean
from lab_bench import serve


class MaskedWordsHead(nn.Module):
    def __init__(self, features, vocabulary):
        super().__init__()
        self.transform = nn.Linear(features, features)
        self.normalisation = nn.LayerNorm(features, eps=LAYER_NORM_EPSILON)
        self.bias = nn.Parameter(torch.zeros(vocabulary))

    def forward(self, rows, table):
        return F.linear(self.normalisation(F.gelu(self.transform(rows))), table, self.bias)


class MaskedWords(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.backbone = Backbone(size)
        self.head = nn.ModuleDict({"masked_words": MaskedWordsHead(size["features"], size["vocabulary"])})

    def forward(self, feeds):
        sequence = self.backbone(feeds)
        positions = feeds["maskedPositions"]
        examples = torch.arange(positions.shape[0])[:, None]
        rows = sequence[examples, positions].flatten(0, 1)
        logits = self.head["masked_words"](rows, self.backbone.embedding.token.weight)
        losses = F.cross_entropy(logits, feeds["maskedLabels"].flatten(), reduction="none")
        return weighted_mean(losses, feeds["maskedWeights"].flatten())


if __name__ == "__main__":
    serve(MaskedWords)
