"""Transcription: convolutions with batch normalisation, a bidirectional nn.LSTM over the columns, nn.functional.ctc_loss."""

import torch
import torch.nn.functional as F
from torch import nn

from images import ConvolutionRelu, Pixels
from lab_bench import serve
from recurrent import Lstm


class Crnn(nn.Module):
    def __init__(self, size):
        super().__init__()
        width = size["width"]
        self.pixels = Pixels(1)
        self.conv1 = ConvolutionRelu(1, width, 3)
        self.conv2 = ConvolutionRelu(width, 2 * width, 3)
        self.conv3 = ConvolutionRelu(2 * width, 3 * width, 3)
        self.recurrent = Lstm(3 * width * (size["height"] // 8), size["features"], bidirectional=True)

    def forward(self, image):
        x = F.max_pool2d(self.conv1(self.pixels(image)), 2)
        x = F.max_pool2d(self.conv2(x), 2)
        x = F.max_pool2d(self.conv3(x), (2, 1))
        return self.recurrent(x.permute(0, 3, 1, 2).flatten(2))[0]


class TranscriptionHead(nn.Module):
    def __init__(self, features, classes):
        super().__init__()
        self.output = nn.Linear(features, classes)


class Transcription(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.backbone = Crnn(size)
        self.head = nn.ModuleDict({"transcription": TranscriptionHead(2 * size["features"], size["characters"] + 1)})
        self.longest = size["longest"]

    def forward(self, feeds):
        logits = self.head["transcription"].output(self.backbone(feeds["image"]))
        labels = feeds["places"][:, 1::2]
        lengths = (labels > 0).sum(1)
        steps = torch.full((len(labels),), logits.shape[1])
        losses = F.ctc_loss(logits.log_softmax(2).transpose(0, 1), labels, steps, lengths, blank=0, reduction="none")
        return (losses * feeds["weights"]).sum() / feeds["weights"].sum()


if __name__ == "__main__":
    serve(Transcription)
