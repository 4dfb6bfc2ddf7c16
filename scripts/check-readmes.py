"""Does what the READMEs of `pretext export --format onnx` say, in Python, and compares what comes out with `pretext predict`.

    python scripts/check-readmes.py <workspace> <run> [more runs]

Needs onnxruntime, tokenizers, numpy and the lab's own Node (`node_modules/.bin` in PATH). Runs are those of networks that read texts.
Prints the largest difference of probabilities, or of numbers relative to themselves, and fails above 1e-4, or where a tag is another.
"""

import contextlib
import io
import json
import os
import re
import subprocess
import sys
import tempfile

import numpy as np

COMMAND = ["node", os.path.join(os.path.dirname(__file__), "../src/main/cli.ts")]
LARGEST_DIFFERENCE = 1e-4


def pretext(workspace: str, *arguments: str) -> str:
    return subprocess.run([*COMMAND, "--workspace", workspace, *arguments], check=True, capture_output=True, text=True).stdout


def asked(folder: str) -> dict:
    """The variables that the lines of the README leave."""
    lines = re.search(r"```python\n(.+?)```", open(f"{folder}/README.md").read(), re.DOTALL).group(1)
    scope: dict = {}
    before = os.getcwd()
    os.chdir(folder)
    try:
        with contextlib.redirect_stdout(io.StringIO()) as printed:
            exec(lines, scope)
    finally:
        os.chdir(before)
    scope["printed"] = printed.getvalue().strip()
    return scope


def softmax(values: np.ndarray) -> np.ndarray:
    weights = np.exp(values - values.max())
    return weights / weights.sum()


def difference(scope: dict, answer: dict) -> float:
    about = scope["about"]
    if "words" in answer:
        found = [(word, about["labels"][tag]) for word, tag in zip(scope["words"], scope["tags"])]
        return float(found != [(one["word"], one["tag"]) for one in answer["words"]])
    logits = scope[about["outputs"][0]["name"]]
    if "value" in answer:
        return abs(float(logits[0, 0]) / answer["value"] - 1)
    choices = {choice["label"].removeprefix("##"): choice["probability"] for choice in answer["choices"]}
    if "best" in scope:  # of all tokens, at one place
        ids, mask = scope["ids"], about["preprocessing"]["specialTokens"]["mask"]
        shares = softmax(logits[0, ids.index(mask) if mask in ids else len(ids) - 1])
        found = {scope["tokenizer"].id_to_token(int(token)).removeprefix("##"): shares[token] for token in scope["best"]}
    else:
        shares = logits[0] if "isChosen" in answer["choices"][0] else softmax(logits[0])
        found = dict(zip(about["labels"], shares))
    if set(found) != set(choices):
        raise SystemExit(f"{sorted(found)} and {sorted(choices)} differ")
    return max(abs(float(found[label]) - choices[label]) for label in choices)


def main(workspace: str, runs: list[str]) -> None:
    for run in runs:
        with tempfile.TemporaryDirectory() as temporary:
            folder = os.path.join(temporary, "model")
            pretext(workspace, "export", run, folder)
            scope = asked(folder)
        kind = ["--next"] if scope["about"]["task"]["type"] == "next-word" else []
        pair = [scope["pair"]] if "pair" in scope else []
        [answer, *_] = json.loads(pretext(workspace, "--json", "predict", run, *kind, scope["text"], *pair))["answers"]
        largest = difference(scope, answer)
        print(f"{run}: {scope['printed'].splitlines()[-1][:90]}, largest difference {largest:.2e}")
        if largest > LARGEST_DIFFERENCE:
            raise SystemExit(f"{run}: the README and pretext predict differ")


main(sys.argv[1], sys.argv[2:])
