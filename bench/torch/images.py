"""Networks on images as a PyTorch user would write them: nn.Conv2d, nn.BatchNorm2d, nn.MaxPool2d. Modules are named as our
blocks, so that weights find their places by name."""

import torch
import torch.nn.functional as F
from torch import nn

MOMENTUM = 0.1  # PyTorch's is the share of the new statistics, ours that of the old ones


class Pixels(nn.Module):
    """Standardises the channels with fixed statistics."""

    def __init__(self, channels):
        super().__init__()
        self.register_buffer("mean", torch.zeros(channels))
        self.register_buffer("deviation", torch.ones(channels))

    def forward(self, image):
        return (image - self.mean[:, None, None]) / self.deviation[:, None, None]


class Convolution(nn.Module):
    """A convolution and its batch normalisation."""

    def __init__(self, inputs, channels, size, stride=1, padding=None):
        super().__init__()
        padding = size // 2 if padding is None else padding
        self.convolution = nn.Conv2d(inputs, channels, size, stride, padding, bias=False)
        self.normalisation = nn.BatchNorm2d(channels, momentum=MOMENTUM)

    def forward(self, x):
        return self.normalisation(self.convolution(x))


class ConvolutionRelu(Convolution):
    def forward(self, x):
        return F.relu(super().forward(x))


class StridedConvolution(Convolution):
    """A 3 × 3 convolution of stride 2 whose odd pixel of padding is at the bottom and right."""

    def __init__(self, inputs, channels):
        super().__init__(inputs, channels, 3, 2, 0)

    def forward(self, x):
        return super().forward(F.pad(x, (0, 1, 0, 1)))


class Dense(nn.Module):
    def __init__(self, inputs, features):
        super().__init__()
        self.dense = nn.Linear(inputs, features, bias=False)
        self.normalisation = nn.BatchNorm1d(features, momentum=MOMENTUM)

    def forward(self, x):
        return F.relu(self.normalisation(self.dense(x)))


class PatchCnn(nn.Module):
    def __init__(self, size):
        super().__init__()
        width = size["width"]
        self.pixels = Pixels(size["channels"])
        self.conv1 = ConvolutionRelu(size["channels"], width, 5)
        self.conv2 = ConvolutionRelu(width, 2 * width, 3)
        self.conv3 = ConvolutionRelu(2 * width, 3 * width, 3)
        self.conv4 = ConvolutionRelu(3 * width, 3 * width, 3)
        self.pool = nn.MaxPool2d(3, 2, ceil_mode=True)
        self.grid = nn.MaxPool2d(size["side"] // 4 // size["grid"])
        self.embedding = Dense(3 * width * size["grid"] ** 2, size["features"])

    def forward(self, image):
        x = self.pool(self.conv1(self.pixels(image)))
        x = self.pool(self.conv2(x))
        x = self.grid(self.conv4(self.conv3(x)))
        return self.embedding(x.flatten(1))


class ResidualUnit(nn.Module):
    def __init__(self, inputs, channels, stride):
        super().__init__()
        self.first = StridedConvolution(inputs, channels) if stride == 2 else Convolution(inputs, channels, 3)
        self.second = Convolution(channels, channels, 3)
        self.shortcut = Convolution(inputs, channels, 1, stride) if stride != 1 or inputs != channels else None

    def forward(self, x):
        change = self.second(F.relu(self.first(x)))
        return F.relu(change + (x if self.shortcut is None else self.shortcut(x)))


class Stage(nn.Module):
    def __init__(self, inputs, channels, units, stride):
        super().__init__()
        self.layer = nn.ModuleList(
            ResidualUnit(inputs if index == 0 else channels, channels, stride if index == 0 else 1) for index in range(units)
        )

    def forward(self, x):
        for unit in self.layer:
            x = unit(x)
        return x


class ResnetMini(nn.Module):
    def __init__(self, size):
        super().__init__()
        width, units = size["width"], size["units"]
        self.pixels = Pixels(size["channels"])
        self.conv1 = ConvolutionRelu(size["channels"], width, 3)
        self.stage1 = Stage(width, width, units, 1)
        self.stage2 = Stage(width, 2 * width, units, 2)
        self.stage3 = Stage(2 * width, 4 * width, units, 2)

    def forward(self, image):
        x = self.stage3(self.stage2(self.stage1(self.conv1(self.pixels(image)))))
        return x.mean((2, 3))
