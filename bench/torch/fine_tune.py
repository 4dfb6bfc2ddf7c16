"""Text classification: the mean of the encoder's vectors over real tokens, and one linear layer."""

import torch.nn.functional as F
from torch import nn

from encoder import Backbone
from heads import ClassesHead, weighted_mean
from lab_bench import serve


class TextClassification(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.backbone = Backbone(size)
        self.head = nn.ModuleDict({"text_classes": ClassesHead(size["features"], size["classes"])})

    def forward(self, feeds):
        logits = self.head["text_classes"](self.backbone(feeds), feeds["mask"])
        return weighted_mean(F.cross_entropy(logits, feeds["labels"], reduction="none"), feeds["weights"])


if __name__ == "__main__":
    serve(TextClassification)
