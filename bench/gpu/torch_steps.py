"""Training steps of bert-small and resnet-mini in PyTorch on an NVIDIA card, with TF32 and with autocast to half precision, as
`steps.ts` has them.

    python3 bench/gpu/torch_steps.py [seconds for each network]
"""

import json
import statistics
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "torch"))

import torch

from image_classification import ImageClassification
from masked_words import MaskedWords

BERT = {"batch": 64, "length": 128, "vocabulary": 8192, "predictions": 20, "layers": 4, "features": 512, "heads": 8,
        "feedForward": 2048, "maximumLength": 512}
RESNET = {"batch": 512, "side": 32, "channels": 3, "width": 16, "units": 3, "classes": 10}


def bert_feeds():
    batch, length, predictions = BERT["batch"], BERT["length"], BERT["predictions"]
    return {
        "tokens": torch.randint(0, BERT["vocabulary"], (batch, length)),
        "segments": torch.zeros(batch, length, dtype=torch.long),
        "mask": torch.ones(batch, length),
        "maskedPositions": torch.randint(0, length, (batch, predictions)),
        "maskedLabels": torch.randint(0, BERT["vocabulary"], (batch, predictions)),
        "maskedWeights": torch.ones(batch, predictions),
    }


def image_feeds():
    side = RESNET["side"]
    return {
        "image": torch.rand(RESNET["batch"], 3, side, side),
        "labels": torch.randint(0, RESNET["classes"], (RESNET["batch"],)),
        "weights": torch.ones(RESNET["batch"]),
    }


def timed(model, feeds, seconds, half):
    model = model.cuda().train()
    feeds = {name: tensor.cuda() for name, tensor in feeds.items()}
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-4, fused=True)
    parameters = list(model.parameters())
    scaler = torch.amp.GradScaler("cuda", enabled=half == torch.float16)
    times, begun = [], time.perf_counter()
    while len(times) < 3 or time.perf_counter() - begun < seconds:
        started = time.perf_counter()
        optimizer.zero_grad(set_to_none=True)
        with torch.autocast("cuda", dtype=half, enabled=half is not None):
            loss = model(feeds)
        scaler.scale(loss).backward()
        scaler.unscale_(optimizer)
        torch.nn.utils.clip_grad_norm_(parameters, 1.0)
        scaler.step(optimizer)
        scaler.update()
        loss.item()
        times.append((time.perf_counter() - started) * 1000)
    return statistics.median(times[1:])


if __name__ == "__main__":
    seconds = float(sys.argv[1]) if len(sys.argv) > 1 else 20.0
    if not torch.cuda.is_available():
        print(f"PyTorch {torch.__version__} sees no CUDA device")
        sys.exit(0)
    torch.backends.cuda.matmul.allow_tf32 = True
    torch.backends.cudnn.allow_tf32 = True
    for name, model_class, feeds, size in (
        ("bert-small", MaskedWords, bert_feeds(), BERT),
        ("resnet-mini", ImageClassification, image_feeds(), RESNET),
    ):
        for precision, half in (("TF32", None), ("float16", torch.float16), ("bfloat16", torch.bfloat16)):
            torch.cuda.reset_peak_memory_stats()
            milliseconds = timed(model_class(size), feeds, seconds, half)
            memory = torch.cuda.max_memory_allocated() / 2**20
            print(json.dumps({"device": f"PyTorch {torch.__version__}", "network": name, "batch": size["batch"], "precision": precision,
                              "milliseconds": round(milliseconds, 3), "cardMegabytes": round(memory)}), flush=True)
