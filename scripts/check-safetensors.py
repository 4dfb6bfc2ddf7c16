"""Reads folders of `pretext export --format safetensors` with the library safetensors, and compares every weight with that of the same
name in the ONNX model of `pretext export --format onnx` of the same run or model.

    python scripts/check-safetensors.py <folder of safetensors> <folder of onnx> [more pairs of folders]

Needs numpy, safetensors and onnx. Weights that the ONNX model keeps under its own names, computed ahead, are counted, not compared.
"""

import sys

import numpy as np
import onnx
from onnx import numpy_helper
from safetensors import safe_open


def main(folders: list[str]) -> None:
    for theirs, ours in zip(folders[::2], folders[1::2]):
        network = onnx.load(f"{ours}/model.onnx").graph
        expected = {one.name: numpy_helper.to_array(one) for one in network.initializer}
        with safe_open(f"{theirs}/model.safetensors", framework="numpy") as file:
            metadata = file.metadata()
            weights = {name: file.get_tensor(name) for name in file.keys()}
        if metadata.get("format") != "pt":
            raise SystemExit(f"{theirs}: its metadata is {metadata}")
        shared = [name for name in weights if name in expected]
        for name in shared:
            if not np.array_equal(weights[name], expected[name]):
                raise SystemExit(f"{theirs}: {name} is another in {ours}")
        if not shared:
            raise SystemExit(f"{theirs} and {ours} share no weight")
        print(f"{theirs}: {len(weights)} weights, {len(shared)} of them the same bits in {ours}; {metadata}")


main(sys.argv[1:])
