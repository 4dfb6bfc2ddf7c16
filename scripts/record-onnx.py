"""Records networks as PyTorch's exporters write them, with what PyTorch computes: `tests/fixtures/onnx/<name>.{onnx,safetensors}`.

    python3 scripts/record-onnx.py                 records everything
    python3 scripts/record-onnx.py recurrent-11    records this only

`pip install torch onnx onnxscript`; the figures in `tests/` were recorded with PyTorch 2.13. Networks are exported for evaluation and
computed in float64. A recording holds the inputs by name, `output`, `seed`, and the gradients of sum(output · seed) as
`gradients/<name of the tensor in the file>`, for every tensor that is a parameter or its transpose; tensors that the exporter
has made of several (folded normalisation, reordered gates) have none.
"""

import sys
import warnings
from pathlib import Path

import onnx
import torch
import torch.nn.functional as F
from onnx import numpy_helper
from torch import nn

ROOT = Path(__file__).resolve().parent.parent
sys.dont_write_bytecode = True
sys.path.insert(0, str(ROOT / "bench" / "torch"))

from lab_bench import write_tensors  # noqa: E402

FOLDER = ROOT / "tests" / "fixtures" / "onnx"


class ConvolutionalNet(nn.Module):
    """A stem, an inverted residual unit with squeeze and excitation, and a classifier."""

    def __init__(self):
        super().__init__()
        self.stem = nn.Conv2d(3, 6, 3, stride=2, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(6)
        self.expand = nn.Conv2d(6, 8, 1)
        self.depthwise = nn.Conv2d(8, 8, 3, padding=1, groups=8, bias=False)
        self.depthwise_norm = nn.BatchNorm2d(8)
        self.squeeze = nn.Conv2d(8, 2, 1)
        self.excite = nn.Conv2d(2, 8, 1)
        self.project = nn.Conv2d(8, 6, 1)
        self.classifier = nn.Linear(6, 5)

    def forward(self, image):
        x = F.hardswish(self.norm(self.stem(image)))
        y = F.relu6(self.depthwise_norm(self.depthwise(F.silu(self.expand(x)))))
        y = y * F.hardsigmoid(self.excite(F.relu(self.squeeze(F.adaptive_avg_pool2d(y, 1)))))
        x = F.max_pool2d(x + self.project(y), 3, 2, 1)
        return self.classifier(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))


class AttentionNet(nn.Module):
    """Token and position embeddings, one layer of attention written out, GELU, layer normalisation."""

    def __init__(self):
        super().__init__()
        self.words = nn.Embedding(11, 8)
        self.positions = nn.Parameter(torch.randn(1, 7, 8) * 0.3)
        self.query, self.key, self.value, self.out = (nn.Linear(8, 8) for _ in range(4))
        self.first, self.second = nn.LayerNorm(8), nn.LayerNorm(8, eps=1e-12)
        self.inner, self.outer = nn.Linear(8, 12), nn.Linear(12, 8)
        self.classifier = nn.Linear(8, 3)

    def forward(self, input_ids, attention_mask):
        batch, length = input_ids.shape
        x = self.words(input_ids) + self.positions[:, :length]
        heads = lambda y: y.view(batch, length, 2, 4).transpose(1, 2)
        bias = (1.0 - attention_mask[:, None, None, :].to(x.dtype)) * -10000.0
        scores = heads(self.query(x)) @ heads(self.key(x)).transpose(-1, -2) / 2.0 + bias
        mixed = (torch.softmax(scores, -1) @ heads(self.value(x))).transpose(1, 2).reshape(batch, length, 8)
        x = self.first(x + self.out(mixed))
        x = self.second(x + self.outer(F.gelu(self.inner(x))))
        return self.classifier(x[:, 0])


class TextNet(AttentionNet):
    """The same for texts that are long enough to be classified."""

    def __init__(self):
        super().__init__()
        self.positions = nn.Parameter(torch.randn(1, 13, 8) * 0.3)


class RecurrentNet(nn.Module):
    """An LSTM both ways, a GRU on top of it, and a product at every step."""

    def __init__(self):
        super().__init__()
        self.lstm = nn.LSTM(4, 3, batch_first=True, bidirectional=True)
        self.gru = nn.GRU(6, 5, batch_first=True)
        self.classifier = nn.Linear(5, 4)

    def forward(self, sequence):
        x, _ = self.lstm(sequence)
        x, _ = self.gru(x)
        return F.log_softmax(self.classifier(x), -1)


class EnlargingNet(nn.Module):
    """Down and up again: transposed convolution, resizing, instance and group normalisation, PReLU, reflection."""

    def __init__(self):
        super().__init__()
        self.down = nn.Conv2d(3, 4, 3, stride=2, padding=1, padding_mode="reflect")
        self.instance = nn.InstanceNorm2d(4, affine=True)
        self.slopes = nn.PReLU(4)
        self.up = nn.ConvTranspose2d(4, 4, 3, stride=2, padding=1, output_padding=1)
        self.groups = nn.GroupNorm(2, 4)
        self.last = nn.Conv2d(4, 2, 1)

    def forward(self, image):
        x = self.groups(self.up(self.slopes(self.instance(self.down(image)))))
        x = x + F.interpolate(F.avg_pool2d(x, 2), scale_factor=2, mode="bilinear", align_corners=False)
        return torch.sigmoid(self.last(F.interpolate(x, scale_factor=2, mode="nearest")))


def random_numbers(network):
    """Every parameter and statistic random, so that a part left out shows."""
    generator = torch.Generator().manual_seed(3)
    with torch.no_grad():
        for name, tensor in sorted(network.state_dict().items()):
            if not tensor.is_floating_point():
                continue
            noise = torch.randn(tensor.shape, generator=generator)
            if name.endswith("running_var"):
                tensor.copy_(0.5 + noise.abs())
            else:
                tensor.copy_((0.5 if tensor.dim() > 1 else 0.2) * noise + (tensor.dim() == 1 and "norm" in name))


def inputs_of(network):
    generator = torch.Generator().manual_seed(5)
    if isinstance(network, AttentionNet):
        length = network.positions.shape[1] - 1
        mask = torch.ones(2, length, dtype=torch.int64)
        mask[1, 4:] = 0
        return {"input_ids": torch.randint(0, 11, (2, length), generator=generator), "attention_mask": mask}
    if isinstance(network, RecurrentNet):
        return {"sequence": torch.randn(2, 6, 4, generator=generator)}
    return {"image": torch.randn(2, 3, 10, 12, generator=generator)}


CASES = {
    f"{kind}-{opset}{'-dynamo' if dynamo else ''}": (network, opset, dynamo)
    for kind, network, versions in [
        ("convolutional", ConvolutionalNet, [(9, False), (11, False), (13, False), (17, False), (18, True), (20, True)]),
        ("attention", AttentionNet, [(11, False), (13, False), (17, False), (18, True), (20, True)]),
        ("texts", TextNet, [(17, False)]),
        ("recurrent", RecurrentNet, [(11, False), (14, False), (18, True)]),
        ("enlarging", EnlargingNet, [(11, False), (17, False), (18, True)]),
    ]
    for opset, dynamo in versions
}


def export(network, inputs, file, opset, dynamo):
    batch = torch.export.Dim("batch")
    arguments = tuple(inputs.values())
    shapes = (
        {"dynamic_shapes": tuple({0: batch} for _ in arguments)}
        if dynamo
        else {"dynamic_axes": {name: {0: "batch"} for name in inputs}}
    )
    torch.onnx.export(
        network, arguments, file, opset_version=opset, dynamo=dynamo, input_names=list(inputs), output_names=["output"],
        verbose=False, external_data=False, **shapes,
    )  # fmt: skip


def gradients_of(network, model):
    """Of every tensor in the file that is a parameter, or a parameter transposed."""
    found = {}
    parameters = dict(network.named_parameters())
    constants = [attribute.t for node in model.graph.node if node.op_type == "Constant" for attribute in node.attribute]
    for tensor in [*model.graph.initializer, *constants]:
        values = torch.from_numpy(numpy_helper.to_array(tensor).copy())
        for parameter in parameters.values():
            for turned in (False, True) if parameter.dim() == 2 else (False,):
                own = parameter.detach().float()
                own, gradient = (own.T, parameter.grad.T) if turned else (own, parameter.grad)
                if tensor.name and values.shape == own.shape and values.dtype == own.dtype and torch.equal(values, own):
                    found[f"gradients/{tensor.name}"] = gradient.float()
    return found


def record(name):
    kind, opset, dynamo = CASES[name]
    torch.manual_seed(1)
    network = kind().eval()
    random_numbers(network)
    inputs = inputs_of(network)
    file = FOLDER / f"{name}.onnx"
    export(network, inputs, file, opset, dynamo)
    model = onnx.load(file)
    for node in model.graph.node:  # where the exporter was started from is nobody's business
        node.ClearField("doc_string")
        del node.metadata_props[:]
    for info in model.graph.value_info[:]:
        model.graph.value_info.remove(info)
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    onnx.save(model, file)

    network.double()
    exact = [value.double() if value.is_floating_point() else value for value in inputs.values()]
    output = network(*exact)
    seed = torch.randn(output.shape, generator=torch.Generator().manual_seed(7), dtype=torch.float64)
    (output * seed).sum().backward()
    recorded = {
        **{key: value.float() if value.is_floating_point() else value.int() for key, value in inputs.items()},
        "output": output.float(),
        "seed": seed.float(),
        **gradients_of(network, model),
    }
    write_tensors(file.with_suffix(".safetensors"), recorded)
    print(name, file.stat().st_size, "bytes,", sum(key.startswith("gradients/") for key in recorded), "gradients")


if __name__ == "__main__":
    warnings.filterwarnings("ignore")
    FOLDER.mkdir(parents=True, exist_ok=True)
    for case in sys.argv[1:] or CASES:
        record(case)
