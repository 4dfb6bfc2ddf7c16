"""Token classification: the first piece of each word, one linear layer, and a linear-chain CRF by the forward algorithm."""

import torch
from torch import nn

from encoder import Backbone
from lab_bench import serve


class Crf(nn.Module):
    """The negative log likelihood of tags, as a PyTorch user writes it: a loop over the steps with logsumexp."""

    def __init__(self, features, tags):
        super().__init__()
        self.output = nn.Linear(features, tags)
        self.transitions = nn.Parameter(torch.zeros(tags, tags))
        self.start = nn.Parameter(torch.zeros(tags))
        self.end = nn.Parameter(torch.zeros(tags))

    def forward(self, features, tags, mask):
        emissions = self.output(features)
        lengths = mask.sum(1).long()
        return self.log_partition(emissions, mask) - self.score(emissions, tags, mask, lengths)

    def score(self, emissions, tags, mask, lengths):
        chosen = emissions.gather(2, tags[:, :, None]).squeeze(2)
        moves = self.transitions[tags[:, :-1], tags[:, 1:]]
        last = tags.gather(1, lengths[:, None] - 1).squeeze(1)
        return (chosen * mask).sum(1) + (moves * mask[:, 1:]).sum(1) + self.start[tags[:, 0]] + self.end[last]

    def log_partition(self, emissions, mask):
        forward = emissions[:, 0] + self.start
        for step in range(1, emissions.shape[1]):
            reached = torch.logsumexp(forward[:, :, None] + self.transitions, dim=1) + emissions[:, step]
            forward = torch.where(mask[:, step, None] > 0, reached, forward)
        return torch.logsumexp(forward + self.end, dim=1)


class Tagging(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.backbone = Backbone(size)
        self.head = nn.ModuleDict({"token_classification": Crf(size["features"], size["tags"])})

    def forward(self, feeds):
        sequence = self.backbone(feeds)
        positions = feeds["wordPositions"].long()
        words = sequence.gather(1, positions[:, :, None].expand(-1, -1, sequence.shape[2]))
        losses = self.head["token_classification"](words, feeds["tags"].long(), feeds["wordMask"])
        count = (feeds["wordMask"] * feeds["weights"][:, None]).sum()
        return (losses * feeds["weights"]).sum() / count


if __name__ == "__main__":
    serve(Tagging)
