"""A voice: a character LSTM, durations from alignments that only move forward, and a bidirectional LSTM that reads what each step
belongs to. The recursions of the alignment run without autograd, their posteriors being their gradient, which is in PyTorch's favour."""

import math

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.utils.rnn import pack_padded_sequence, pad_packed_sequence

from lab_bench import serve
from recurrent import Embedding, Lstm

LOG_ZERO = -1e30
SHARPNESS = 8
FIRST_DURATION = 5
DURATION_WEIGHT, ALIGNMENT_WEIGHT = 0.5, 0.1


class MaskedLstm(Lstm):
    def read(self, sequence, mask):
        lengths = mask.sum(1).long()
        packed = pack_padded_sequence(sequence, lengths, batch_first=True, enforce_sorted=False)
        return pad_packed_sequence(super().forward(packed)[0], batch_first=True, total_length=sequence.shape[1])[0]


class Window(nn.Module):
    """A convolution along the sequence, with its weights under our names."""

    def __init__(self, features, size):
        super().__init__()
        self.kernel = nn.Parameter(torch.zeros(features, features, size))
        self.bias = nn.Parameter(torch.zeros(features))

    def forward(self, rows):
        return F.conv1d(rows, self.kernel, self.bias, padding="same")


class Convolution(nn.Module):
    def __init__(self, features, size):
        super().__init__()
        self.window = nn.ModuleDict({str(size): Window(features, size)})

    def forward(self, sequence, mask):
        (window,) = self.window.values()
        return F.relu(window((sequence * mask[:, :, None]).transpose(1, 2)).transpose(1, 2))


class Characters(nn.Module):
    """Our preset character-lstm."""

    def __init__(self, size):
        super().__init__()
        features = size["features"]
        self.embedding = Embedding(size)
        self.convolution = Convolution(features, size["kernel"])
        self.recurrent = MaskedLstm(features, features, bidirectional=True)

    def forward(self, tokens, mask):
        return self.recurrent.read(self.convolution(self.embedding(tokens), mask), mask)


@torch.no_grad()
def forward_backward(emissions, ends):
    """-log P of each row, and the probability of each place at each step; emissions are [batch, steps, places]."""
    batch, steps, places = emissions.shape
    edge = emissions.new_full((batch, 1), LOG_ZERO)
    forward = emissions[:, 0] + torch.cat([emissions.new_zeros(1), emissions.new_full((places - 1,), LOG_ZERO)])
    forwards = [forward]
    for step in range(1, steps):
        forward = torch.logaddexp(forward, torch.cat([edge, forward[:, :-1]], 1)) + emissions[:, step]
        forwards.append(forward)
    total = torch.logsumexp(forward + ends, 1)
    backward = ends
    backwards = [backward]
    for step in range(steps - 1, 0, -1):
        later = backward + emissions[:, step]
        backward = torch.logaddexp(later, torch.cat([later[:, 1:], edge], 1))
        backwards.append(backward)
    both = torch.stack(forwards, 1) + torch.stack(backwards[::-1], 1)
    return -total, torch.exp(both - total[:, None, None])


class Alignment(nn.Module):
    def __init__(self, features, width):
        super().__init__()
        self.mean = nn.Linear(features, width)

    def forward(self, sequence, mask, frames, step_mask):
        means = self.mean(sequence)
        distances = (frames**2).sum(2, keepdim=True) + (means**2).sum(2)[:, None] - 2 * frames @ means.transpose(1, 2)
        near = -SHARPNESS / frames.shape[2] * distances + (mask - 1)[:, None] * -LOG_ZERO
        last = mask - F.pad(mask, (0, 1))[:, 1:]
        ends = (last - 1) * -LOG_ZERO
        goes_on = F.pad(step_mask, (0, 1))[:, 1:, None]
        real = step_mask[:, :, None]
        emissions = near * real + ends[:, None] * (1 - goes_on)
        value, posteriors = forward_backward(emissions.detach(), ends)
        surrogate = -(posteriors * near * real).sum((1, 2))
        losses = surrogate + (value - surrogate).detach()
        return (posteriors * real).sum(1), losses / step_mask.sum(1)


class Duration(nn.Module):
    def __init__(self, features, hidden):
        super().__init__()
        self.hidden = nn.Linear(features, hidden)
        self.output = nn.Linear(hidden, 1)

    def forward(self, sequence):
        return self.output(F.relu(self.hidden(sequence.detach()))).squeeze(2) + math.log(FIRST_DURATION)


class Decoder(MaskedLstm):
    def __init__(self, inputs, hidden, width):
        super().__init__(inputs, hidden, bidirectional=True)
        self.output = nn.Linear(2 * hidden, width)

    def frames(self, sequence, durations, step_mask):
        steps = step_mask.shape[1]
        step = torch.arange(steps, dtype=sequence.dtype)[None, :, None]
        to = durations.cumsum(1)
        start = to - durations
        shares = F.relu(torch.minimum(to[:, None], step + 1) - torch.maximum(start[:, None], step))
        limits = shares @ torch.stack([start, to], 2)
        real = shares.sum(2, keepdim=True)
        middle = (step + 0.5) * real
        gone = F.relu(middle - limits[:, :, :1])
        left = F.relu(limits[:, :, 1:] - middle)
        place = [torch.log(gone + 1), torch.log(left + 1), gone / (gone + left + 1e-3)]
        return self.output(self.read(torch.cat([shares @ sequence, *place], 2), step_mask))


class Head(nn.Module):
    def __init__(self, size):
        super().__init__()
        features, width = 2 * size["features"], size["bands"] * size["stepFrames"]
        self.alignment = Alignment(features, width)
        self.duration = Duration(features, size["decoder"])
        self.decoder = Decoder(features + 3, size["decoder"], width)


class SpeechSynthesis(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.backbone = Characters(size)
        self.head = nn.ModuleDict({"speech_synthesis": Head(size)})

    def forward(self, feeds):
        head = self.head["speech_synthesis"]
        mask, wanted, step_mask = feeds["mask"], feeds["frames"], feeds["stepMask"]
        sequence = self.backbone(feeds["tokens"], mask)
        predicted = head.duration(sequence)
        durations, alignment_losses = head.alignment(sequence, mask, wanted, step_mask)
        frames = head.decoder.frames(sequence, durations, step_mask)
        lengths = step_mask.sum(1)
        frame_losses = ((frames - wanted).abs() * step_mask[:, :, None]).sum((1, 2)) / (lengths * frames.shape[2])
        difference = predicted - torch.log(durations.clamp(min=1e-3))
        duration_losses = (difference**2 * mask).sum(1) / mask.sum(1)
        losses = frame_losses + DURATION_WEIGHT * duration_losses + ALIGNMENT_WEIGHT * alignment_losses
        return (losses * feeds["weights"]).sum() / feeds["weights"].sum()


if __name__ == "__main__":
    serve(SpeechSynthesis)
