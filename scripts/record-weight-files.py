"""Records files of weights as PyTorch writes them, for the readers to be tested with: `tests/fixtures/weights/`.

    python3 scripts/record-weight-files.py

Any PyTorch from 1.13 on. Each kind of file holds the same tensors: every type of elements, transposed and cut tensors that share
a storage, channels last, a parameter, a scalar and one without elements. `expected.safetensors` has the same numbers, row by row.
"""

import sys
from collections import OrderedDict
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parent.parent
sys.dont_write_bytecode = True  # no __pycache__ beside the models
sys.path.insert(0, str(ROOT / "bench" / "torch"))

from lab_bench import write_tensors  # noqa: E402

FOLDER = ROOT / "tests" / "fixtures" / "weights"


def tensors():
    generator = torch.Generator().manual_seed(1)
    drawn = torch.randn(6, 4, generator=generator)
    whole = OrderedDict()
    whole["float32"] = drawn.clone()
    whole["float64"] = drawn[:2].double()
    whole["float16"] = drawn[:2].half()
    whole["bfloat16"] = drawn[:2].bfloat16()
    whole["int64"] = torch.tensor([-3, 2**31 - 1])
    whole["int32"] = torch.tensor([-3, 7], dtype=torch.int32)
    whole["int16"] = torch.tensor([-300, 7], dtype=torch.int16)
    whole["int8"] = torch.tensor([-100, 7], dtype=torch.int8)
    whole["uint8"] = torch.tensor([200, 7], dtype=torch.uint8)
    whole["bool"] = torch.tensor([True, False, True])
    whole["scalar"] = torch.tensor(3.5)
    whole["nothing"] = torch.zeros(0, 3)
    whole["transposed"] = drawn.t()
    whole["cut"] = drawn[1:5, 1:3]
    whole["every.second"] = drawn[::2, 3]
    whole["channels.last"] = torch.randn(2, 3, 4, 5, generator=generator).to(memory_format=torch.channels_last)
    whole["parameter"] = torch.nn.Parameter(drawn[2:4].clone())
    whole["tied"] = whole["float32"]
    return whole


def exported(tensor):
    """As the lab holds it: float32, int32 or bytes, row by row."""
    tensor = tensor.detach()
    if tensor.is_floating_point():
        return tensor.float().contiguous()
    if tensor.dtype in (torch.bool, torch.uint8):
        return tensor.to(torch.uint8).contiguous()
    return tensor.to(torch.int32).contiguous()


def main():
    FOLDER.mkdir(parents=True, exist_ok=True)
    saved = tensors()
    torch.save(saved, FOLDER / "zip.pth")
    torch.save(saved, FOLDER / "legacy.pth", _use_new_zipfile_serialization=False)
    torch.save(saved, FOLDER / "protocol-4.pth", pickle_protocol=4)
    checkpoint = {"epoch": 3, "state_dict": OrderedDict((f"module.{k}", v) for k, v in saved.items()), "best": 0.5}
    torch.save(checkpoint, FOLDER / "checkpoint.pth")
    write_tensors(FOLDER / "expected.safetensors", {k: exported(v) for k, v in saved.items()}, {})
    for file in sorted(FOLDER.iterdir()):
        print(f"{file.relative_to(ROOT)}: {file.stat().st_size} bytes")


main()
