"""A whole run of masked words in PyTorch, from the start of Python to the last checkpoint, with the settings of the experiment:

    python whole_runs.py check <folder> <file>    one step from given weights, in float64, for a comparison; answers JSON
    python whole_runs.py run <folder>             trains, evaluates and saves as the experiment says; answers JSON at its end

The folder holds config.json, inputs.safetensors (weights and a batch of ours), the sequences (training.safetensors) and the
examples of the evaluation with their masks (validation.safetensors), which are those of our side."""

import json
import re
import sys
import time
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

from heads import weighted_mean
from lab_bench import Bound, Trainer, as_torch_feed, checked_step, group_of, load_weights, read_tensors
from modernbert import ModernBertForMaskedLM
from time_to_loss import create_optimizer, evaluate, factor, hide, start_weights

RENAMED = [
    (r"^model\.embeddings\.tok_embeddings\.weight$", "backbone/embedding/token"),
    (r"^model\.embeddings\.norm\.", "backbone/embedding/normalisation/"),
    (r"^model\.layers\.(\d+)\.", r"backbone/encoder/layer.\1/"),
    (r"^model\.final_norm\.", "backbone/encoder/normalisation/"),
    (r"attn_norm\.", "attention-normalisation/"),
    (r"mlp_norm\.", "feed-forward-normalisation/"),
    (r"attn\.", "attention/"),
    (r"mlp\.", "feed-forward/"),
    (r"attention/Wo\.", "attention/output/"),
    (r"feed-forward/Wi\.", "feed-forward/inner/"),
    (r"feed-forward/Wo\.", "feed-forward/outer/"),
    (r"^head\.dense\.", "head/masked-words/transform/"),
    (r"^head\.norm\.", "head/masked-words/normalisation/"),
    (r"^decoder\.bias$", "head/masked-words/bias"),
    (r"normalisation/weight$", "normalisation/gain"),
]


class Loss(nn.Module):
    """Of a batch as our side feeds it."""

    def __init__(self, size):
        super().__init__()
        self.network = ModernBertForMaskedLM(size)

    def forward(self, feeds):
        logits = self.network.logits(feeds["tokens"], feeds["maskedPositions"])
        losses = F.cross_entropy(logits, feeds["maskedLabels"].flatten(), reduction="none")
        return weighted_mean(losses, feeds["maskedWeights"].flatten())


def bind_modern(model):
    """The parameters by our names: Wqkv is three of them."""
    bound = {}
    for name, parameter in model.network.named_parameters():
        for pattern, replacement in RENAMED:
            name = re.sub(pattern, replacement, name)
        transposed = parameter.dim() == 2 and not name.endswith("/token")
        if "Wqkv" not in name:
            bound[name] = Bound(parameter, transposed)
            continue
        size = parameter.shape[0] // 3
        for index, part in enumerate(("query", "key", "value")):
            rows = slice(index * size, (index + 1) * size)
            bound[name.replace("Wqkv.", f"{part}/")] = Bound(parameter, transposed, rows)
    return bound


def check(folder, config, path):
    inputs = read_tensors(folder / "inputs.safetensors")
    model = Loss(config["size"])
    bound = bind_modern(model)
    load_weights(bound, group_of(inputs, "weights/"))
    feeds = {name: as_torch_feed(tensor) for name, tensor in group_of(inputs, "feeds/").items()}
    return checked_step(Trainer(model, bound, feeds, config["optimizer"]), config["optimizer"], path, bind_modern)


def run(folder, config):
    sequences = read_tensors(folder / "training.safetensors")["tokens"].long()
    examples = read_tensors(folder / "validation.safetensors")
    settings, vocabulary, batch = config["settings"], config["size"]["vocabulary"], config["batch"]
    torch.manual_seed(config["seed"])
    model = ModernBertForMaskedLM(config["size"])
    start_weights(model, "modern", config["size"]["layers"])
    optimizer = create_optimizer(model, "modern", config["rate"], settings)
    generator = torch.Generator().manual_seed(config["seed"])
    order, begin, spent, best, loss = torch.randperm(len(sequences), generator=generator), 0, 0.0, float("inf"), None
    for step in range(config["steps"]):
        clock = time.perf_counter()
        for group in optimizer.param_groups:
            group["lr"] = config["rate"] * factor("modern", step / config["steps"], settings)
        if begin + batch > len(order):
            order, begin = torch.randperm(len(sequences), generator=generator), 0
        tokens, positions, labels = hide(sequences[order[begin : begin + batch]], settings["maskProbability"], vocabulary, generator)
        begin += batch
        training_loss = F.cross_entropy(model.logits(tokens, positions), labels.flatten())
        optimizer.zero_grad(set_to_none=True)
        training_loss.backward()
        nn.utils.clip_grad_norm_(model.parameters(), settings["clipNorm"])
        optimizer.step()
        spent += time.perf_counter() - clock
        if (step + 1) % config["evaluateEvery"] == 0 or step + 1 == config["steps"]:
            loss = evaluate(model, examples)
            if loss < best or step + 1 == config["steps"]:
                state = {"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": step + 1}
                torch.save(state, folder / f"step-{step + 1}.pt")
            best = min(best, loss)
    return {"loss": best, "trainingSeconds": spent}


def main():
    command, folder = sys.argv[1], Path(sys.argv[2])
    config = json.loads((folder / "config.json").read_text())
    torch.set_num_threads(config["threads"])
    print(json.dumps(check(folder, config, sys.argv[3]) if command == "check" else run(folder, config)), flush=True)


if __name__ == "__main__":
    main()
