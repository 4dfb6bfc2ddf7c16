"""Loads folders of `pretext export --format huggingface` with transformers and compares them with the lab's own answers, which are in
the ONNX model of `pretext export --format onnx` of the same run.

    python scripts/check-transformers.py <folder of huggingface> <folder of onnx> [more pairs of folders]

Needs torch, transformers and onnxruntime. Prints the largest difference of the logits, and fails above 1e-4.
"""

import json
import sys

import numpy as np
import onnxruntime
import torch
import transformers

TEXTS = [
    "the cat [MASK] the house.",
    "a bird likes [MASK] and my neighbour finds [MASK] in the garden.",
    "the old man wants some milk.",
]
LARGEST_DIFFERENCE = 1e-4


def main(folders: list[str]) -> None:
    for theirs, ours in zip(folders[::2], folders[1::2]):
        name = json.load(open(f"{theirs}/config.json"))["architectures"][0]
        tokenizer = transformers.AutoTokenizer.from_pretrained(theirs)
        without = {"add_pooling_layer": False} if name == "BertModel" else {}  # a pooler belongs to heads
        model, info = getattr(transformers, name).from_pretrained(theirs, output_loading_info=True, **without)
        missing = {key: value for key, value in info.items() if value}
        if missing:
            raise SystemExit(f"{theirs}: {missing}")
        batch = tokenizer(TEXTS, return_tensors="pt", padding=True)
        with torch.no_grad():
            outputs = model.eval()(**batch)
        found = {key: value.numpy() for key, value in outputs.items() if key.endswith("logits") or key == "last_hidden_state"}
        session = onnxruntime.InferenceSession(f"{ours}/model.onnx")
        names = {port.name for port in session.get_inputs()}
        feeds = {key: value.numpy() for key, value in batch.items() if key in names}
        expected = dict(zip([port.name for port in session.get_outputs()], session.run(None, feeds)))
        mask = batch["attention_mask"].numpy().astype(bool)
        for key, values in expected.items():
            if key not in found and "logits" not in found:
                continue  # pooled features
            other = found[key] if key in found else found["logits"]
            if key == "probabilities":  # of several labels, each by itself
                other = 1 / (1 + np.exp(-other))
            both = (values[mask], other[mask]) if values.ndim == 3 else (values, other)
            difference = float(np.abs(both[0] - both[1]).max())
            print(f"{name}: {key} {list(values.shape)}, largest difference {difference:.2e}, largest value {np.abs(values).max():.2f}")
            if difference > LARGEST_DIFFERENCE:
                raise SystemExit(f"{theirs} and {ours} differ")


main(sys.argv[1:])
