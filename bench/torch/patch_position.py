"""Relative patch position: both patches of a pair through one network in one batch, their embeddings side by side."""

import torch.nn.functional as F
from torch import nn

from images import Dense, PatchCnn
from heads import weighted_mean
from lab_bench import serve


class PlaceHead(nn.Module):
    def __init__(self, features, fusion):
        super().__init__()
        fused = Dense(2 * features, fusion)
        self.fusion = fused.dense
        self.normalisation = fused.normalisation
        self.output = nn.Linear(fusion, 8)

    def forward(self, pairs):
        return self.output(F.relu(self.normalisation(self.fusion(pairs))))


class PatchPosition(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.backbone = PatchCnn(size)
        self.head = nn.ModuleDict({"patch_position": PlaceHead(size["features"], size["fusion"])})

    def forward(self, feeds):
        embeddings = self.backbone(feeds["image"])
        logits = self.head["patch_position"](embeddings.reshape(len(feeds["labels"]), -1))
        return weighted_mean(F.cross_entropy(logits, feeds["labels"], reduction="none"), feeds["weights"])


if __name__ == "__main__":
    serve(PatchPosition)
