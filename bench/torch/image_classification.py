"""Image classification: a residual network, global average pooling and one linear layer."""

import torch.nn.functional as F
from torch import nn

from images import ResnetMini
from heads import weighted_mean
from lab_bench import serve


class ClassesHead(nn.Module):
    def __init__(self, features, classes):
        super().__init__()
        self.output = nn.Linear(features, classes)

    def forward(self, vector):
        return self.output(vector)


class ImageClassification(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.backbone = ResnetMini(size)
        self.head = nn.ModuleDict({"image_classes": ClassesHead(4 * size["width"], size["classes"])})

    def forward(self, feeds):
        logits = self.head["image_classes"](self.backbone(feeds["image"]))
        return weighted_mean(F.cross_entropy(logits, feeds["labels"], reduction="none"), feeds["weights"])


if __name__ == "__main__":
    serve(ImageClassification)
