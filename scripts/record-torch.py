"""Records what PyTorch computes, for the tests to compare with: `tests/fixtures/torch/*.safetensors`.

    python3 scripts/record-torch.py                 records everything
    python3 scripts/record-torch.py encoder-step    records this only

Any Python 3.9 with any PyTorch from 1.13 on (`apt-get install python3-torch` or `pip install torch`); it needs nothing
else. The models are those of `bench/torch`. Everything is computed in float64 and rounded once, so that the recorded
numbers are far more exact than the float32 arithmetic that is compared with them; weights start as numbers that 16 bits
hold exactly. Versions of PyTorch agree to the last bit or nearly so.

A file holds `weights/…`, `feeds/…`, `gradients/…` (before clipping), `updated/…` (weights after the steps), `losses` and
`gradientNorms` of each step; its metadata hold the `size` and the `optimizer` as JSON.
"""

import json
import sys
from pathlib import Path

import torch
import torch.nn.functional as F
from torch import nn

ROOT = Path(__file__).resolve().parent.parent
sys.dont_write_bytecode = True  # no __pycache__ beside the models
sys.path.insert(0, str(ROOT / "bench" / "torch"))

from lab_bench import Trainer, as_torch_feed, bind, write_tensors  # noqa: E402
from masked_words import MaskedWords  # noqa: E402
from modernbert import BASE, ModernBertForMaskedLM  # noqa: E402

STEPS = 3


def adamw(bound, **changes):
    """Large steps, much decay and a norm that clips, so that a part left out shows."""
    config = {
        "type": "adamw",
        "beta1": 0.9,
        "beta2": 0.999,
        "epsilon": 1e-6,
        "weightDecay": 0.1,
        "clipNorm": 0.5,
        "learningRate": 1e-2,
        **changes,
    }
    matrices = [name for name, entry in bound.items() if entry.parameter.dim() >= 2]
    return config, {**config, "decayed": matrices, "undecayed": [name for name in bound if name not in matrices]}


def draw_weights(bound):
    """Every parameter random, biases and gains as well, and none so small that a mistake would not show."""
    generator = torch.Generator().manual_seed(1)
    weights = {}
    for name, entry in sorted(bound.items()):
        noise = torch.randn(entry.export(entry.parameter).shape, generator=generator, dtype=torch.float64)
        drawn = 1 + 0.1 * noise if name.endswith("/gain") else (0.2 if noise.dim() >= 2 else 0.1) * noise
        weights[name] = drawn.half()
        entry.load(weights[name].double())
    return weights


def record(name, model_class, size, feeds):
    """Takes the steps and writes the file."""
    model = model_class(size).double()
    bound = bind(model)
    tensors = {f"weights/{key}": value for key, value in draw_weights(bound).items()}
    tensors.update({f"feeds/{key}": value for key, value in feeds.items()})
    config, optimizer = adamw(bound)
    exact = {key: value.double() if value.is_floating_point() else as_torch_feed(value) for key, value in feeds.items()}
    trainer = Trainer(model, bound, exact, optimizer)
    losses, norms = [], []
    for step in range(STEPS):
        losses.append(trainer.backward().item())
        if step == 0:
            tensors.update({f"gradients/{key}": value.float() for key, value in trainer.gradients().items()})
        norms.append(trainer.update().item())
    tensors.update({f"updated/{key}": value.float() for key, value in trainer.weights().items()})
    tensors["losses"] = torch.tensor(losses)
    tensors["gradientNorms"] = torch.tensor(norms)
    assert min(norms) > config["clipNorm"], f"clipping never acts: the norms are {norms}"

    path = ROOT / "tests" / "fixtures" / "torch" / f"{name}.safetensors"
    path.parent.mkdir(parents=True, exist_ok=True)
    metadata = {"size": json.dumps(size), "optimizer": json.dumps(config), "torch": torch.__version__}
    write_tensors(path, tensors, metadata)
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes, losses {losses}, gradient norms {norms}")


def encoder_step():
    """Masked words on two encoder layers: two sequences of two segments, one of them with padding and an unused place."""
    size = {
        "batch": 2,
        "length": 12,
        "vocabulary": 61,
        "predictions": 3,
        "layers": 2,
        "features": 32,
        "heads": 2,
        "feedForward": 40,
        "maximumLength": 12,
    }
    generator = torch.Generator().manual_seed(2)
    real = [size["length"], 9]
    positions = torch.arange(size["length"])
    mask = torch.stack([positions < count for count in real])
    draw = lambda *shape: torch.randint(5, size["vocabulary"], shape, generator=generator, dtype=torch.int32)
    feeds = {
        "tokens": draw(size["batch"], size["length"]) * mask.int(),
        "segments": torch.stack([(positions >= 7) & (positions < real[0]), (positions >= 4) & (positions < real[1])]).int(),
        "mask": mask.float(),
        "maskedPositions": torch.tensor([[1, 4, 10], [2, 6, 0]], dtype=torch.int32),
        "maskedLabels": torch.cat([draw(1, 3), torch.cat([draw(1, 2), torch.zeros(1, 1, dtype=torch.int32)], 1)]),
        "maskedWeights": torch.tensor([[1.0, 1.0, 1.0], [1.0, 1.0, 0.0]]),
    }
    feeds["tokens"][1, 1] = feeds["tokens"][0, 3]  # a token that occurs twice: its gradients must be added
    record("encoder-step", MaskedWords, size, feeds)


def recurrent_layers():
    """nn.RNN, nn.LSTM and nn.GRU: two layers, both directions, sequences of different lengths, from given states. Weights are
    recorded by our names and transposed as ours, biases of the input and the state added up where our cells have one."""
    length, batch, inputs, features, layers = 6, 3, 5, 4, 2
    real = [6, 4, 1]
    tensors = {}
    generator = torch.Generator().manual_seed(3)
    noise = lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64).half().double()
    for kind, module_class in (("simple", nn.RNN), ("lstm", nn.LSTM), ("gru", nn.GRU)):
        module = module_class(inputs, features, layers, batch_first=True, bidirectional=True).double()
        with torch.no_grad():
            for parameter in module.parameters():
                parameter.copy_(0.5 * noise(*parameter.shape))
        sequence = noise(batch, length, inputs).requires_grad_()
        hidden = noise(2 * layers, batch, features).requires_grad_()
        cell = noise(2 * layers, batch, features).requires_grad_()
        packed = nn.utils.rnn.pack_padded_sequence(sequence, real, batch_first=True)
        result, final = module(packed, (hidden, cell) if kind == "lstm" else hidden)
        states, _ = nn.utils.rnn.pad_packed_sequence(result, batch_first=True)
        finals = final if kind == "lstm" else (final,)
        seed = noise(*states.shape)
        loss = (states * seed).sum() + sum((one * one).sum() for one in finals)
        loss.backward()
        put = lambda group, name, value: tensors.update({f"{kind}/{group}/{name}": value.detach().float().contiguous()})
        put("feeds", "sequence", sequence)
        put("feeds", "hidden", hidden)
        put("feeds", "seed", seed)
        put("outputs", "sequence", states)
        put("outputs", "hidden", finals[0])
        put("gradients", "sequence", sequence.grad)
        put("gradients", "hidden", hidden.grad)
        if kind == "lstm":
            put("feeds", "cell", cell)
            put("outputs", "cell", finals[1])
            put("gradients", "cell", cell.grad)
        for layer in range(layers):
            for direction, suffix in (("forward", ""), ("backward", "_reverse")):
                of = lambda name: getattr(module, f"{name}_l{layer}{suffix}")
                ours = {"input-weight": of("weight_ih"), "recurrent-weight": of("weight_hh")}
                for name, parameter in ours.items():
                    put("weights", f"layer.{layer}/{direction}/{name}", parameter.t())
                    put("weight-gradients", f"layer.{layer}/{direction}/{name}", parameter.grad.t())
                input_bias, state_bias = of("bias_ih"), of("bias_hh")
                put("weights", f"layer.{layer}/{direction}/bias", input_bias if kind == "gru" else input_bias + state_bias)
                put("weight-gradients", f"layer.{layer}/{direction}/bias", input_bias.grad)
                if kind == "gru":
                    put("weights", f"layer.{layer}/{direction}/recurrent-bias", state_bias)
                    put("weight-gradients", f"layer.{layer}/{direction}/recurrent-bias", state_bias.grad)
    tensors["mask"] = torch.tensor([[float(step < count) for step in range(length)] for count in real])
    write_recording("recurrent-layers", tensors, {"features": features, "layers": layers})


def connectionist_loss():
    """nn.CTCLoss: repeated labels, an empty transcript, inputs of different lengths, and one that is too short."""
    length, batch, classes, longest = 7, 5, 4, 3
    generator = torch.Generator().manual_seed(4)
    logits = torch.randn(batch, length, classes, generator=generator, dtype=torch.float64).half().double().requires_grad_()
    labels = torch.tensor([[1, 2, 3], [2, 2, 0], [0, 0, 0], [3, 1, 3], [1, 1, 1]])
    lengths, counts = torch.tensor([7, 5, 6, 3, 4]), torch.tensor([3, 2, 0, 3, 3])
    losses = nn.CTCLoss(blank=0, reduction="none", zero_infinity=True)(
        logits.log_softmax(2).transpose(0, 1), labels, lengths, counts
    )
    weights = torch.tensor([1.0, 0.5, 2.0, 1.0, 1.0], dtype=torch.float64)
    (losses * weights).sum().backward()
    tensors = {
        "logits": logits.detach().float(),
        "labels": labels.int(),
        "inputLengths": lengths.int(),
        "labelLengths": counts.int(),
        "weights": weights.float(),
        "losses": losses.detach().float(),
        "gradient": logits.grad.float(),
    }
    write_recording("ctc", tensors, {})


def modern_encoders():
    """ModernBERT by the names of Hugging Face's weights, and two encoders that have what else ours can: RMS normalisation,
    SwiGLU and squared ReLU, normalised queries and keys, biases, a causal mask, learned biases of distances. Padding is masked in one of the sequences."""
    size = {"batch": 2, "length": 10, "vocabulary": 37, "predictions": 3, "layers": 2, "features": 24, "heads": 2, "feedForward": 20, "buckets": 8, "maximumDistance": 7}
    variants = {
        "modernbert": BASE,
        "swiglu": {**BASE, "norm": "rms", "activation": "swiglu", "first_norm": True, "qk_norm": True, "bias": True},
        "causal": {**BASE, "activation": "squared-relu", "first_norm": True, "qk_norm": True, "causal": True},
        "relative": {**BASE, "positions": "relative"},
    }
    generator = torch.Generator().manual_seed(5)
    draw = lambda *shape: torch.randint(5, size["vocabulary"], shape, generator=generator)
    tokens = draw(size["batch"], size["length"])
    mask = torch.ones(size["batch"], size["length"])
    mask[1, 7:] = 0
    positions, labels = torch.tensor([[1, 4, 8], [0, 3, 6]]), draw(size["batch"], size["predictions"])
    tensors = {
        "feeds/tokens": tokens.int(),
        "feeds/mask": mask,
        "feeds/maskedPositions": positions.int(),
        "feeds/maskedLabels": labels.int(),
    }
    for name, config in variants.items():
        model = ModernBertForMaskedLM(size, config).double()
        for key, parameter in model.named_parameters():
            noise = torch.randn(parameter.shape, generator=generator, dtype=torch.float64)
            drawn = 1 + 0.1 * noise if "norm.weight" in key else (0.2 if noise.dim() >= 2 else 0.1) * noise
            with torch.no_grad():
                parameter.copy_(drawn.half().double())
        loss = F.cross_entropy(model.logits(tokens, positions, mask.double()), labels.flatten())
        loss.backward()
        for key, parameter in model.named_parameters():
            tensors[f"{name}/weights/{key}"] = parameter.detach().half()
            tensors[f"{name}/gradients/{key}"] = parameter.grad.float()
        tensors[f"{name}/loss"] = loss.detach().float().reshape(1)
    write_recording("modern-encoders", tensors, size)


def view_losses():
    """NT-Xent, DCL and VICReg on projections of five images, the two views of an image one after the other."""
    images, features, temperature = 5, 4, 0.3
    generator = torch.Generator().manual_seed(6)
    drawn = torch.randn(2 * images, features, generator=generator, dtype=torch.float64).half().double()
    partner = torch.arange(2 * images) ^ 1
    itself = torch.eye(2 * images, dtype=torch.bool)

    def nt_xent(z):
        units = nn.functional.normalize(z, dim=1)
        logits = (units @ units.t() / temperature).masked_fill(itself, -torch.inf)
        return nn.functional.cross_entropy(logits, partner)

    def dcl(z):
        units = nn.functional.normalize(z, dim=1)
        logits = units @ units.t() / temperature
        positive = logits.gather(1, partner[:, None])[:, 0]
        negatives = logits.masked_fill(itself | itself[partner], -torch.inf)
        return (torch.logsumexp(negatives, 1) - positive).mean()

    def vicreg(z):
        """As the authors' code, https://github.com/facebookresearch/vicreg: 25, 25, 1."""
        first, second = z[0::2], z[1::2]
        loss = 25 * nn.functional.mse_loss(first, second)
        for branch in (first, second):
            centred = branch - branch.mean(0)
            loss = loss + 25 * torch.relu(1 - torch.sqrt(centred.var(0) + 1e-4)).mean() / 2
            covariance = centred.t() @ centred / (images - 1)
            loss = loss + (covariance - covariance.diag().diag()).pow(2).sum() / features
        return loss

    tensors = {"projections": drawn.float()}
    for name, loss_of in (("nt-xent", nt_xent), ("dcl", dcl), ("vicreg", vicreg)):
        given = drawn.clone().requires_grad_()
        loss = loss_of(given)
        loss.backward()
        tensors[f"{name}/loss"] = loss.detach().float().reshape(1)
        tensors[f"{name}/gradient"] = given.grad.float()
    write_recording("view-losses", tensors, {"temperature": temperature})


def muon_steps():
    """torch.optim.Muon (PyTorch 2.9 and later) on wide, tall and square matrices. It multiplies in bfloat16, which is good
    enough for training and too coarse to compare with: here that conversion is left out, and everything is float64."""
    steps, rate, decay = 4, 0.02, 0.1
    generator = torch.Generator().manual_seed(5)
    draw = lambda *shape: torch.randn(*shape, generator=generator, dtype=torch.float64).half().double()
    shapes = {"wide": (5, 8), "tall": (9, 4), "square": (6, 6)}
    parameters = {name: nn.Parameter(draw(*shape)) for name, shape in shapes.items()}
    tensors = {f"weights/{name}": parameter.detach().float().clone() for name, parameter in parameters.items()}
    bfloat16, torch.Tensor.bfloat16 = torch.Tensor.bfloat16, lambda self: self.clone()
    try:
        for nesterov in (True, False):
            group = "nesterov" if nesterov else "plain"
            with torch.no_grad():
                for name, parameter in parameters.items():
                    parameter.copy_(tensors[f"weights/{name}"])
            optimizer = torch.optim.Muon(parameters.values(), lr=rate, weight_decay=decay, momentum=0.95, nesterov=nesterov)
            for step in range(steps):
                for name, parameter in parameters.items():
                    parameter.grad = draw(*shapes[name])
                    tensors[f"{group}/gradients/{step}/{name}"] = parameter.grad.float().clone()
                optimizer.step()
            tensors.update({f"{group}/updated/{name}": parameter.detach().float().clone() for name, parameter in parameters.items()})
    finally:
        torch.Tensor.bfloat16 = bfloat16
    write_recording("muon", tensors, {"steps": steps, "learningRate": rate, "weightDecay": decay, "momentum": 0.95})


def write_recording(name, tensors, size):
    path = ROOT / "tests" / "fixtures" / "torch" / f"{name}.safetensors"
    write_tensors(path, tensors, {"size": json.dumps(size), "torch": torch.__version__})
    print(f"{path.relative_to(ROOT)}: {path.stat().st_size} bytes")


RECORDINGS = {
    "encoder-step": encoder_step,
    "recurrent-layers": recurrent_layers,
    "ctc": connectionist_loss,
    "modern-encoders": modern_encoders,
    "view-losses": view_losses,
    "muon": muon_steps,
}

if __name__ == "__main__":
    names = sys.argv[1:] or list(RECORDINGS)
    unknown = [name for name in names if name not in RECORDINGS]
    if unknown:
        sys.exit(f"there is no recording {', '.join(unknown)}; there are {', '.join(RECORDINGS)}")
    for name in names:
        RECORDINGS[name]()
