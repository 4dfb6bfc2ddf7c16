"""Trains on masked words in PyTorch and says what it came to: seconds of training, and the validation loss at the end.

    python time_to_loss.py <folder>        answers one JSON object for each JSON object on a line of the input

A request is {"recipe": "modern" | "bert", "batch", "rate", and "steps" or "seconds"}. The folder holds config.json, the sequences
(training.safetensors) and the evaluation's examples with their masks (validation.safetensors), which are those of our side.

modern is our recipe: ModernBERT with our settings, which config.json holds. bert is BERT as Hugging Face's run_mlm.py trains it:
15 % masks, AdamW with betas 0.9 and 0.999 and no decay, a rate that falls linearly to 0 without a warm-up, clipping at 1."""

import json
import math
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from encoder import Backbone
from lab_bench import read_tensors
from masked_words import MaskedWordsHead
from modernbert import ModernBertForMaskedLM

SPECIAL = 5  # the first ids of our tokenizers
MASK = 4


class BertForMaskedLM(nn.Module):
    def __init__(self, size):
        super().__init__()
        self.backbone = Backbone({**size, "feedForward": 4 * size["features"]})
        self.head = MaskedWordsHead(size["features"], size["vocabulary"])

    def logits(self, tokens, positions):
        segments = torch.zeros_like(tokens)
        feeds = {"tokens": tokens, "segments": segments, "mask": torch.ones(tokens.shape)}
        sequence = self.backbone(feeds)
        rows = sequence.gather(1, positions[..., None].expand(-1, -1, sequence.shape[-1]))
        return self.head(rows.flatten(0, 1), self.backbone.embedding.token.weight)


def start_weights(model, recipe, layers):
    """As the two implementations do: Glorot's uniform numbers with smaller output projections, or BERT's normal ones."""
    for name, parameter in model.named_parameters():
        if parameter.dim() < 2:
            continue
        if recipe == "bert" or "head" in name:
            nn.init.normal_(parameter, std=0.02)
        else:
            nn.init.xavier_uniform_(parameter, gain=1 / math.sqrt(2 * layers) if name.endswith("Wo.weight") else 1)
    for module in model.modules():
        if isinstance(module, nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)


def hide(tokens, share, vocabulary, generator):
    """Chooses a share of the positions of each sequence, and replaces them as J. Devlin et al. 2018 do."""
    count = max(1, round(share * tokens.shape[1]))
    order = torch.rand(tokens.shape, generator=generator)
    order[tokens < SPECIAL] = 2
    positions = order.argsort(1)[:, :count].sort(1).values
    labels = tokens.gather(1, positions)
    drawn = torch.rand(labels.shape, generator=generator)
    random = torch.randint(SPECIAL, vocabulary, labels.shape, generator=generator)
    shown = torch.where(drawn < 0.8, MASK, torch.where(drawn < 0.9, labels, random))
    return tokens.scatter(1, positions, shown), positions, labels


def evaluate(model, examples):
    """Mean cross-entropy over the masked positions."""
    model.eval()
    total, weight = 0.0, 0.0
    with torch.no_grad():
        for start in range(0, len(examples["tokens"]), 128):
            part = {name: tensor[start : start + 128] for name, tensor in examples.items()}
            logits = model.logits(part["tokens"].long(), part["maskedPositions"].long())
            losses = F.cross_entropy(logits, part["maskedLabels"].long().flatten(), reduction="none")
            total += (losses * part["maskedWeights"].flatten()).sum().item()
            weight += part["maskedWeights"].sum().item()
    model.train()
    return total / weight


def create_optimizer(model, recipe, rate, settings):
    if recipe == "bert":
        return torch.optim.AdamW(model.parameters(), lr=rate, eps=1e-8, weight_decay=0.0, fused=True)
    matrices = [parameter for parameter in model.parameters() if parameter.dim() >= 2]
    vectors = [parameter for parameter in model.parameters() if parameter.dim() < 2]
    groups = [{"params": matrices, "weight_decay": settings["weightDecay"]}, {"params": vectors, "weight_decay": 0.0}]
    return torch.optim.AdamW(groups, lr=rate, betas=(settings["beta1"], settings["beta2"]), eps=settings["epsilon"], fused=True)


def factor(recipe, done, settings):
    """Of the rate, where a share of the training is done."""
    if recipe == "bert":
        return 1 - done
    warmup, decay = settings["warmupFraction"], settings["decayFraction"]
    return min(1.0, (done + 1e-3) / warmup) * min(1.0, (1 - done) / decay)


def train(request, config, sequences, examples):
    recipe, batch, rate = request["recipe"], request["batch"], request["rate"]
    settings, vocabulary = config["settings"], config["size"]["vocabulary"]
    torch.manual_seed(config["seed"])
    model = ModernBertForMaskedLM(config["size"]) if recipe == "modern" else BertForMaskedLM(config["size"])
    start_weights(model, recipe, config["size"]["layers"])
    optimizer = create_optimizer(model, recipe, rate, settings)
    share = settings["maskProbability"] if recipe == "modern" else 0.15
    generator = torch.Generator().manual_seed(config["seed"])
    order = torch.randperm(len(sequences), generator=generator)
    steps, seconds = request.get("steps"), request.get("seconds")
    spent, step, begin = 0.0, 0, 0
    while step < steps if steps else spent < seconds:
        clock = time.perf_counter()
        done = step / steps if steps else spent / seconds
        for group in optimizer.param_groups:
            group["lr"] = rate * factor(recipe, done, settings)
        if begin + batch > len(order):
            order, begin = torch.randperm(len(sequences), generator=generator), 0
        tokens, positions, labels = hide(sequences[order[begin : begin + batch]], share, vocabulary, generator)
        begin += batch
        loss = F.cross_entropy(model.logits(tokens, positions), labels.flatten())
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        optimizer.step()
        spent += time.perf_counter() - clock
        step += 1
    return {"seconds": spent, "steps": step, "loss": evaluate(model, examples)}


def main():
    folder = Path(sys.argv[1])
    config = json.loads((folder / "config.json").read_text())
    torch.set_num_threads(config["threads"])
    sequences = read_tensors(folder / "training.safetensors")["tokens"].long()
    examples = read_tensors(folder / "validation.safetensors")
    answer = lambda message: print(json.dumps(message), flush=True)
    answer({"version": torch.__version__, "threads": torch.get_num_threads()})
    for line in sys.stdin:
        answer(train(json.loads(line), config, sequences, examples))


if __name__ == "__main__":
    main()
