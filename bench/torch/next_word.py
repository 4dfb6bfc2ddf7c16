"""Next word: nn.LSTM over embeddings, the output layer tied to the token table, cross-entropy at every position."""

import torch
import torch.nn.functional as F
from torch import nn

from heads import weighted_mean
from lab_bench import serve
from recurrent import LanguageModel


class NextWordHead(nn.Module):
    def __init__(self, vocabulary):
        super().__init__()
        self.bias = nn.Parameter(torch.zeros(vocabulary))


class NextWord(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.backbone = LanguageModel(size)
        self.head = nn.ModuleDict({"next_word": NextWordHead(size["vocabulary"])})

    def forward(self, feeds):
        states = self.backbone(feeds["tokens"]).flatten(0, 1)
        logits = F.linear(states, self.backbone.embedding.token.weight, self.head["next_word"].bias)
        losses = F.cross_entropy(logits, feeds["nextLabels"].flatten(), reduction="none")
        return weighted_mean(losses, feeds["nextWeights"].flatten())


if __name__ == "__main__":
    serve(NextWord)
