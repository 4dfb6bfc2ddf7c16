"""Loads folders of `pretext export --format torchvision` with torchvision, by the lines of their README, and compares them with the
lab's own answers, which are in the ONNX model of `pretext export --format onnx` of the same run or model.

    python scripts/check-torchvision.py <folder of torchvision> <folder of onnx> [more pairs of folders]

Needs torch, torchvision, safetensors and onnxruntime. Prints the largest difference of the logits relative to the largest logit, and
fails above 1e-4.
"""

import json
import re
import sys

import numpy as np
import onnxruntime
import torch
import torchvision
from safetensors.torch import load_file

LARGEST_DIFFERENCE = 1e-4


def main(folders: list[str]) -> None:
    for theirs, ours in zip(folders[::2], folders[1::2]):
        about = json.load(open(f"{theirs}/model.json"))["preprocessing"]
        lines = re.findall(r"^model(?:\.\w+)? = .+$", open(f"{theirs}/README.md").read(), re.MULTILINE)
        scope = {"torch": torch, "torchvision": torchvision}
        exec("\n".join(lines), scope)
        model = scope["model"]
        model.load_state_dict(load_file(f"{theirs}/model.safetensors"))
        model.eval()
        pixels = torch.rand(2, 3, about["height"], about["width"], generator=torch.Generator().manual_seed(7))
        mean, deviation = (torch.tensor(about[key]).reshape(1, 3, 1, 1) for key in ("mean", "standardDeviation"))
        with torch.no_grad():
            found = model((pixels - mean) / deviation).numpy()
        session = onnxruntime.InferenceSession(f"{ours}/model.onnx")
        expected = session.run(None, {"pixel_values": pixels.numpy()})[0]
        largest = float(np.abs(expected).max())
        difference = float(np.abs(found - expected).max()) / largest
        print(f"{lines[0]}: logits {list(expected.shape)}, largest {largest:.2f}, relative difference {difference:.2e}")
        if difference > LARGEST_DIFFERENCE:
            raise SystemExit(f"{theirs} and {ours} differ")


main(sys.argv[1:])
