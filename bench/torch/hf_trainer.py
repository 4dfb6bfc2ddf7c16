"""Hugging Face's Trainer on a BERT of the same size and the same batch, as its users write it: `Trainer.train()`, with dropout off
and AdamW fused. Its model is transformers' own, so nothing is compared but the time.

    python bench/torch/hf_trainer.py <folder> <bench>
"""

import json
import sys
import time
from pathlib import Path

import torch
import transformers
from transformers import BertConfig, BertForMaskedLM, BertForSequenceClassification, Trainer, TrainerCallback, TrainingArguments

from lab_bench import as_torch_feed, blas_name, group_of, peak_megabytes, read_tensors

IGNORED = -100


def configuration(size):
    return BertConfig(
        vocab_size=size["vocabulary"],
        hidden_size=size["features"],
        num_hidden_layers=size["layers"],
        num_attention_heads=size["heads"],
        intermediate_size=size["feedForward"],
        max_position_embeddings=size["maximumLength"],
        hidden_dropout_prob=0.0,
        attention_probs_dropout_prob=0.0,
        num_labels=size.get("classes", 2),
    )


def masked_labels(feeds):
    """A label for every token, as transformers wants it; those that are not predicted are ignored."""
    labels = torch.full_like(feeds["tokens"], IGNORED)
    known = feeds["maskedWeights"] > 0
    rows = torch.arange(labels.shape[0])[:, None].expand_as(known)
    labels[rows[known], feeds["maskedPositions"][known]] = feeds["maskedLabels"][known]
    return labels


BENCHES = {
    "masked-words": (BertForMaskedLM, masked_labels),
    "fine-tune": (BertForSequenceClassification, lambda feeds: feeds["labels"]),
}


class Times(TrainerCallback):
    def __init__(self):
        self.milliseconds = []
        self.last = None

    def on_train_begin(self, args, state, control, **kwargs):
        self.last = time.perf_counter()

    def on_step_end(self, args, state, control, **kwargs):
        now = time.perf_counter()
        self.milliseconds.append((now - self.last) * 1000)
        self.last = now


def timed_steps(model, rows, config, size, folder, count):
    optimizer = config["optimizer"]
    arguments = TrainingArguments(
        output_dir=str(folder / "hf-trainer"),
        per_device_train_batch_size=size["batch"],
        max_steps=count,
        learning_rate=optimizer["learningRate"],
        weight_decay=optimizer["weightDecay"],
        adam_beta1=optimizer["beta1"],
        adam_beta2=optimizer["beta2"],
        adam_epsilon=optimizer["epsilon"],
        max_grad_norm=optimizer["clipNorm"],
        lr_scheduler_type="constant",
        optim="adamw_torch_fused",
        use_cpu=True,
        logging_strategy="no",
        save_strategy="no",
        report_to=[],
        disable_tqdm=True,
    )
    times = Times()
    Trainer(model=model, args=arguments, train_dataset=rows, callbacks=[times]).train()
    return {"milliseconds": times.milliseconds}


def main():
    folder, bench = Path(sys.argv[1]), sys.argv[2]
    config = json.loads((folder / "config.json").read_text())
    size = config["size"]
    torch.set_num_threads(config["threads"])
    transformers.logging.set_verbosity_error()
    inputs = read_tensors(folder / "inputs.safetensors")
    feeds = {name: as_torch_feed(tensor) for name, tensor in group_of(inputs, "feeds/").items()}
    del inputs
    architecture, labels_of = BENCHES[bench]
    labels = labels_of(feeds)
    rows = [
        {"input_ids": feeds["tokens"][row], "attention_mask": feeds["mask"][row].long(), "labels": labels[row]}
        for row in range(size["batch"])
    ]
    model = architecture(configuration(size))
    # What transformers prints must not be taken for an answer.
    answers, sys.stdout = sys.stdout, sys.stderr
    answer = lambda message: print(json.dumps(message), file=answers, flush=True)
    answer({"version": torch.__version__, "transformers": transformers.__version__, "blas": blas_name()})
    for line in sys.stdin:
        request = json.loads(line)
        if request["command"] == "steps":
            answer(timed_steps(model, rows, config, size, folder, request["count"]))
        elif request["command"] == "memory":
            answer({"residentMegabytes": peak_megabytes()})
        else:
            raise ValueError(f"unknown command {request['command']}")


if __name__ == "__main__":
    main()
