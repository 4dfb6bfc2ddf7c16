"""Heads and losses that several models share."""

from torch import nn


class ClassesHead(nn.Module):
    """The mean of a sequence over its real tokens, and one linear layer."""

    def __init__(self, features, classes):
        super().__init__()
        self.output = nn.Linear(features, classes)

    def forward(self, sequence, mask):
        mask = mask[:, :, None]
        return self.output((sequence * mask).sum(1) / mask.sum(1))


def weighted_mean(losses, weights):
    return (losses * weights).sum() / weights.sum()
