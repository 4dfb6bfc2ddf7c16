"""What every PyTorch side of a bench shares: files of tensors, weights by our names, the optimizer, and the conversation
with the bench, which asks for one checked step first and then for timed ones.

A bench's own file defines the model as a PyTorch user would write it, and calls `serve(Model)`:

    class Model(torch.nn.Module):
        def __init__(self, size): ...          # `size` as the bench's TypeScript file states it
        def forward(self, feeds): ...          # returns the loss

Names of modules are ours with underscores for dashes, so that weights find their places by themselves.
"""

import copy
import json
import os
import re
import resource
import struct
import subprocess
import sys
import time
from pathlib import Path

import torch

DTYPES = {"F32": torch.float32, "F64": torch.float64, "F16": torch.float16, "I32": torch.int32, "U8": torch.uint8}
ELEMENT_BYTES = {"F32": 4, "F64": 8, "F16": 2, "I32": 4, "U8": 1}


def read_tensors(path):
    """Reads a safetensors file; the format is simple enough to need no package."""
    data = bytearray(Path(path).read_bytes())
    (header_bytes,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + header_bytes])
    start = 8 + header_bytes
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        count = (end - begin) // ELEMENT_BYTES[entry["dtype"]]
        flat = torch.frombuffer(data, dtype=DTYPES[entry["dtype"]], count=count, offset=start + begin)
        tensors[name] = flat.reshape(entry["shape"]).clone()
    return tensors


def write_tensors(path, tensors, metadata=None):
    """Writes a safetensors file, wide elements first so that every tensor is aligned."""
    names = {dtype: name for name, dtype in DTYPES.items()}
    order = sorted(tensors, key=lambda name: (-tensors[name].element_size(), name))
    header = {"__metadata__": metadata} if metadata else {}
    offset = 0
    for name in order:
        tensor = tensors[name]
        size = tensor.numel() * tensor.element_size()
        header[name] = {"dtype": names[tensor.dtype], "shape": list(tensor.shape), "data_offsets": [offset, offset + size]}
        offset += size
    encoded = json.dumps(header, separators=(",", ":")).encode()
    encoded += b" " * (-len(encoded) % 8)
    with open(path, "wb") as file:
        file.write(struct.pack("<Q", len(encoded)) + encoded)
        for name in order:
            file.write(tensors[name].detach().contiguous().numpy().tobytes())


def group_of(tensors, prefix):
    """The tensors under a prefix, by the rest of their names."""
    return {name[len(prefix) :]: tensor for name, tensor in tensors.items() if name.startswith(prefix)}


class Bound:
    """One parameter of the model under our name, or some of its rows, with the way between the two layouts."""

    def __init__(self, parameter, transposed, rows=slice(None)):
        self.parameter = parameter
        self.transposed = transposed  # torch.nn.Linear keeps [out, in], we keep [in, out]
        self.rows = rows

    def export(self, tensor):
        own = tensor[self.rows]
        return (own.t() if self.transposed else own).detach().clone().contiguous()

    def load(self, tensor):
        with torch.no_grad():
            self.parameter[self.rows].copy_(tensor.t() if self.transposed else tensor)


def unique(parameters):
    """Each once, in their order: several names may be rows of one."""
    return list({id(parameter): parameter for parameter in parameters}.values())


NORMALISATIONS = (torch.nn.LayerNorm, torch.nn.BatchNorm1d, torch.nn.BatchNorm2d)
STATES = {"running_mean": "mean", "running_var": "variance"}


RECURRENT = {"weight_ih": "input_weight", "weight_hh": "recurrent_weight", "bias_ih": "bias", "bias_hh": "recurrent_bias"}


def recurrent_name(path, name):
    """weight_ih_l0_reverse is the input weight of layer 0, backward."""
    kind, layer, direction = re.fullmatch(r"(\w+?)_l(\d+)(_reverse)?", name).groups()
    return f"{path}.layer.{layer}.{'backward' if direction else 'forward'}.{RECURRENT[kind]}"


def own_name(module, path, name):
    """How we call a parameter of a module: slashes between the parts, dashes between words, `layer.0` for a layer."""
    parts = path if isinstance(module, torch.nn.Embedding) else f"{path}.{name}"
    if isinstance(module, torch.nn.RNNBase):
        parts = recurrent_name(path, name)
    if isinstance(module, NORMALISATIONS) and name == "weight":
        parts = f"{path}.gain"
    if isinstance(module, torch.nn.Conv2d) and name == "weight":
        parts = f"{path}.kernel"
    if name in STATES:
        parts = f"{path}.{STATES[name]}"
    return re.sub(r"\.(?!\d)", "/", parts).replace("_", "-")


def bind(model):
    """The parameters of the model by our names."""
    bound = {}
    for path, module in model.named_modules():
        for name, parameter in module.named_parameters(recurse=False):
            if not parameter.requires_grad:
                continue
            transposed = name.startswith("weight") and isinstance(module, (torch.nn.Linear, torch.nn.RNNBase))
            bound[own_name(module, path, name)] = Bound(parameter, transposed)
    return bound


def bind_states(model):
    """What a step changes without an optimizer, such as running statistics, by our names."""
    return {
        own_name(module, path, name): buffer
        for path, module in model.named_modules()
        for name, buffer in module.named_buffers(recurse=False)
        if name != "num_batches_tracked"
    }


def load_states(bound, states):
    """Sets every state. Raises as `load_weights`."""
    if bound.keys() != states.keys():
        raise ValueError(f"only in the PyTorch model: {bound.keys() - states.keys()}; only here: {states.keys() - bound.keys()}")
    for name, buffer in bound.items():
        buffer.copy_(states[name])


def load_weights(bound, weights):
    """Sets every parameter. Raises when one is missing or left over: then the two models are not the same."""
    if bound.keys() != weights.keys():
        raise ValueError(f"only in the PyTorch model: {bound.keys() - weights.keys()}; only here: {weights.keys() - bound.keys()}")
    for name, entry in bound.items():
        entry.load(weights[name])


def create_optimizer(bound, config, fused):
    """AdamW with decay for some parameters only."""
    groups = [
        {"params": unique(bound[name].parameter for name in names), "weight_decay": decay}
        for names, decay in ((config["decayed"], config["weightDecay"]), (config["undecayed"], 0.0))
        if names
    ]
    betas = (config["beta1"], config["beta2"])
    extra = {"fused": True} if fused else {}
    return torch.optim.AdamW(groups, lr=config["learningRate"], betas=betas, eps=config["epsilon"], **extra)


class Trainer:
    """A model with an optimizer that takes steps over one batch."""

    def __init__(self, model, bound, feeds, config, fused=False, compiled=False):
        self.model = model
        self.loss_of = torch.compile(model) if compiled else model
        self.bound = bound
        self.feeds = feeds
        self.clip_norm = config["clipNorm"]
        self.optimizer = create_optimizer(bound, config, fused)
        self.parameters = unique(entry.parameter for entry in bound.values())

    def backward(self):
        self.optimizer.zero_grad(set_to_none=True)
        loss = self.loss_of(self.feeds)
        loss.backward()
        return loss

    def update(self):
        norm = None
        if self.clip_norm > 0:
            norm = torch.nn.utils.clip_grad_norm_(self.parameters, self.clip_norm)
        self.optimizer.step()
        return norm

    def gradients(self):
        return {name: entry.export(entry.parameter.grad) for name, entry in self.bound.items()}

    def weights(self):
        return {name: entry.export(entry.parameter) for name, entry in self.bound.items()}


def version_at_least(major, minor):
    return tuple(int(part) for part in torch.__version__.split(".")[:2]) >= (major, minor)


def peak_megabytes():
    """Largest resident memory so far. Linux counts kilobytes, macOS bytes."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (2**20 if sys.platform == "darwin" else 2**10)


def blas_name():
    """Which library multiplies matrices, as far as the process's memory map shows it."""
    try:
        mapped = Path("/proc/self/maps").read_text()
    except OSError:
        return "unknown"
    if "mkl" in torch.__config__.show().lower() and torch.backends.mkl.is_available():
        return "MKL"
    for name in ("openblas", "blis", "atlas"):
        if name in mapped.lower():
            return "OpenBLAS" if name == "openblas" else name.upper()
    return "reference BLAS" if "libblas" in mapped else "unknown"


def in_double(trainer, config, bind=bind):
    """The same model, batch and optimizer in float64: what both float32 sides should come close to."""
    model = copy.deepcopy(trainer.model).double()
    feeds = {name: tensor.double() if tensor.is_floating_point() else tensor for name, tensor in trainer.feeds.items()}
    return Trainer(model, bind(model), feeds, config)


def relative_error(actual, expected):
    """Of all tensors as one vector."""
    difference = sum(((actual[name].double() - tensor) ** 2).sum() for name, tensor in expected.items())
    return (difference / sum((tensor**2).sum() for tensor in expected.values())).sqrt().item()


def checked_step(trainer, config, path, bind=bind):
    """The first step in float64, with everything that is compared written to a file, and how far float32 is from it."""
    exact = in_double(trainer, config, bind)
    trainer.backward()
    single = trainer.gradients()
    loss = exact.backward()
    error = relative_error(single, exact.gradients())
    tensors = {f"gradients/{name}": value for name, value in exact.gradients().items()}
    exact.update()
    tensors.update({f"updated/{name}": value for name, value in exact.weights().items()})
    tensors.update({f"updated/{name}": value for name, value in bind_states(exact.model).items()})
    tensors["loss"] = loss.detach().reshape(())
    write_tensors(path, {name: tensor.float() for name, tensor in tensors.items()})
    return {"loss": loss.item(), "gradientError": error}


def check_elsewhere(path):
    """The checked step in a process of its own, so that what it takes in float64 is not counted as this one's memory."""
    command = [sys.executable, "-B", sys.argv[0], sys.argv[1], path]
    return json.loads(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout)


def timed_steps(trainer, count):
    milliseconds = []
    for _ in range(count):
        start = time.perf_counter()
        loss = trainer.backward()
        trainer.update()
        loss.item()
        milliseconds.append((time.perf_counter() - start) * 1000)
    return {"milliseconds": milliseconds}


def serve(model_class):
    """Answers the bench: one JSON object a line, in and out, until the input ends."""
    folder = Path(sys.argv[1])
    config = json.loads((folder / "config.json").read_text())
    torch.set_num_threads(config["threads"])
    torch.manual_seed(0)

    inputs = read_tensors(folder / "inputs.safetensors")
    weights = group_of(inputs, "weights/")
    model = model_class(config["size"])
    bound = bind(model)
    load_weights(bound, weights)
    load_states(bind_states(model), group_of(inputs, "states/"))
    feeds = {name: as_torch_feed(tensor) for name, tensor in group_of(inputs, "feeds/").items()}
    del inputs, weights
    compiled = os.environ.get("BENCH_COMPILE") == "1"
    trainer = Trainer(model, bound, feeds, config["optimizer"], fused=version_at_least(2, 5), compiled=compiled)

    answer = lambda message: print(json.dumps(message), flush=True)
    if len(sys.argv) > 2:
        answer(checked_step(trainer, config["optimizer"], sys.argv[2]))
        return
    answer({"version": torch.__version__, "blas": blas_name(), "threads": torch.get_num_threads()})
    for line in sys.stdin:
        request = json.loads(line)
        if request["command"] == "check":
            answer(check_elsewhere(request["path"]))
        elif request["command"] == "steps":
            answer(timed_steps(trainer, request["count"]))
        elif request["command"] == "memory":
            answer({"residentMegabytes": peak_megabytes()})
        else:
            raise ValueError(f"unknown command {request['command']}")


def as_torch_feed(tensor):
    """PyTorch indexes with 64-bit integers; converting once, outside the step, is in its favour."""
    return tensor.long() if tensor.dtype == torch.int32 else tensor
