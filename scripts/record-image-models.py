"""Records small random networks on images of the families that the lab imports, and what their own libraries compute with them.

    python3 scripts/record-image-models.py                   records all: tests/fixtures/models/<name>/
    python3 scripts/record-image-models.py resnet-timm       records these

Needs Python 3.10 with PyTorch, torchvision, timm 1, transformers 5 and efficientnet_lite_pytorch 0.1; the lab and its tests need none.

A folder holds the weights (float16, so that they are exact in every precision) in a file of the kind that the library writes,
config.json and preprocessor_config.json where it writes them, `outputs.safetensors` (logits in evaluation, and the loss of one step of
training, computed in float64) and `gradients.safetensors`: under the names of the weights the gradients of that loss, and under those of
running statistics what they are after the step. The images are not recorded: `pixel` below says what they are.
"""

import json
import shutil
import sys
import tempfile
from functools import partial
from pathlib import Path

import timm
import torch
from efficientnet_lite_pytorch.model import EfficientNet as PackageEfficientNet
from efficientnet_lite_pytorch.utils import BlockArgs, GlobalParams
from safetensors.torch import load_file, save_file
from timm.models._efficientnet_builder import decode_arch_def
from timm.models.efficientnet import EfficientNet as TimmEfficientNet
from torch import nn
from torchvision.models.mobilenetv2 import MobileNetV2
from torchvision.models.resnet import BasicBlock, ResNet
from torchvision.models.vision_transformer import VisionTransformer
from torchvision.ops.misc import Conv2dNormActivation
from transformers import ResNetConfig, ResNetForImageClassification, ViTConfig, ViTForImageClassification

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "tests" / "fixtures" / "models"
BATCH, CLASSES = 4, 3
LABELS = torch.tensor([0, 2, 1, 2])
# Strides leave odd pixels over, so that the two ways to pad differ.
SIDE, VIT_SIDE = 40, 12


def images(side):
    count = BATCH * 3 * side * side
    pixel = lambda index: (index * index * 31 + index * 17) % 251 / 255
    return torch.tensor([pixel(index) for index in range(count)], dtype=torch.float64).reshape(BATCH, 3, side, side)


def draw(model):
    """Every weight and statistic random and exact in float16; none so small that a mistake would not show."""
    generator = torch.Generator().manual_seed(1)
    named = {**dict(model.named_parameters()), **dict(model.named_buffers())}
    with torch.no_grad():
        for name, tensor in sorted(named.items()):
            if name.endswith("num_batches_tracked"):
                continue
            noise = torch.randn(tensor.shape, generator=generator, dtype=torch.float64)
            if name.endswith("running_var"):
                drawn = 0.5 + noise.abs()
            elif tensor.dim() >= 2:
                drawn = noise * (2 / max(1, tensor[0].numel())) ** 0.5
            elif name.endswith("bias") or name.endswith("running_mean"):
                drawn = 0.2 * noise
            else:
                drawn = 1 + 0.2 * noise
            tensor.copy_(drawn.half().double())
    return model.double()


def stored(model):
    """The tensors under the names of files, which are not those in memory where transformers keeps to older ones."""
    if not hasattr(model, "save_pretrained"):
        return {key: value.clone() for key, value in model.state_dict().items()}
    with tempfile.TemporaryDirectory() as folder:
        model.save_pretrained(folder)
        return load_file(Path(folder) / "model.safetensors")


def record(name, model, save, side=SIDE, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225), files=None):
    folder = FOLDER / name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    draw(model)
    channels = lambda values: torch.tensor(values, dtype=torch.float64).reshape(1, 3, 1, 1)
    x = (images(side) - channels(mean)) / channels(std)
    logits_of = lambda: getattr(answer := model(x), "logits", answer)
    state = {key: value.half() if value.is_floating_point() else value for key, value in stored(model).items()}
    model.eval()
    with torch.no_grad():
        logits = logits_of()
    model.train()
    loss = nn.functional.cross_entropy(logits_of(), LABELS)
    loss.backward()
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(parameter.grad)
    after = {key: value for key, value in stored(model).items() if value.is_floating_point()}
    save(state, folder)
    outputs = {"logits": logits.float().contiguous(), "loss": loss.detach().float().reshape(1)}
    save_file(outputs, folder / "outputs.safetensors", {"format": "pt"})
    save_file({key: value.float().contiguous() for key, value in after.items()}, folder / "gradients.safetensors", {"format": "pt"})
    for file, content in (files or {}).items():
        (folder / file).write_text(json.dumps(content, indent=2) + "\n")
    total = sum(file.stat().st_size for file in folder.iterdir())
    print(f"{folder.relative_to(ROOT)}: {total} bytes, loss {loss.item():.4f}")


def as_safetensors(state, folder):
    save_file(state, folder / "model.safetensors", {"format": "pt"})


def as_zip(state, folder):
    torch.save(state, folder / "model.pth")


def as_legacy(state, folder):
    torch.save(state, folder / "model.pth", _use_new_zipfile_serialization=False)


class SmallResNet(ResNet):
    """torchvision's, with other channels than 64, 128, 256 and 512."""

    def __init__(self, block, units, channels):
        nn.Module.__init__(self)
        self._norm_layer, self.inplanes, self.dilation, self.groups, self.base_width = nn.BatchNorm2d, channels[0], 1, 1, 64
        self.conv1 = nn.Conv2d(3, channels[0], 7, stride=2, padding=3, bias=False)
        self.bn1 = nn.BatchNorm2d(channels[0])
        self.relu = nn.ReLU(inplace=True)
        self.maxpool = nn.MaxPool2d(3, stride=2, padding=1)
        for index, (count, width) in enumerate(zip(units, channels)):
            setattr(self, f"layer{index + 1}", self._make_layer(block, width, count, stride=1 if index == 0 else 2))
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(channels[-1] * block.expansion, CLASSES)


def small_mobilenet():
    setting = [[1, 3, 1, 1], [2, 4, 2, 2], [2, 5, 1, 2], [2, 6, 1, 2], [2, 7, 1, 1], [3, 8, 1, 2], [2, 9, 1, 1]]
    model = MobileNetV2(num_classes=CLASSES, inverted_residual_setting=setting, round_nearest=1, dropout=0)
    # 32 channels at the beginning and 1280 at the end are fixed: smaller layers take their places.
    first = model.features[1].conv
    model.features[0] = Conv2dNormActivation(3, 4, stride=2, norm_layer=nn.BatchNorm2d, activation_layer=nn.ReLU6)
    first[0] = Conv2dNormActivation(4, 4, groups=4, norm_layer=nn.BatchNorm2d, activation_layer=nn.ReLU6)
    first[1] = nn.Conv2d(4, 3, 1, bias=False)
    model.features[-1] = Conv2dNormActivation(9, 12, kernel_size=1, norm_layer=nn.BatchNorm2d, activation_layer=nn.ReLU6)
    model.classifier[1] = nn.Linear(12, CLASSES)
    return model


# timm rounds the widened channels to multiples of 8.
MOBILE = [
    "ds_r1_k3_s1_c4", "ir_r2_k3_s2_e2_c8", "ir_r1_k3_s2_e2_c4", "ir_r1_k3_s2_e4_c8", "ir_r1_k3_s1_e2_c4", "ir_r2_k3_s2_e2_c4",
    "ir_r1_k3_s1_e2_c12",
]  # fmt: skip
LITE = [
    "ds_r1_k3_s1_e1_c4", "ir_r2_k3_s2_e2_c8", "ir_r1_k5_s2_e2_c4", "ir_r1_k3_s2_e4_c8", "ir_r2_k5_s1_e2_c4", "ir_r1_k5_s2_e2_c8",
    "ir_r1_k3_s1_e2_c12",
]  # fmt: skip


def small_timm(arch, pad_type, epsilon):
    return TimmEfficientNet(
        block_args=decode_arch_def([[stage] for stage in arch]),
        num_classes=CLASSES,
        num_features=12,
        stem_size=4,
        fix_stem=True,
        pad_type=pad_type,
        round_chs_fn=lambda channels, *_, **__: int(channels),
        act_layer=nn.ReLU6,
        norm_layer=partial(nn.BatchNorm2d, eps=epsilon),
    )


def small_package():
    blocks = [
        BlockArgs(num_repeat=repeat, kernel_size=kernel, stride=[stride], expand_ratio=expand, input_filters=10 * before,
                  output_filters=10 * after, se_ratio=None, id_skip=True)
        for repeat, kernel, stride, expand, before, after in [
            (1, 3, 1, 1, 3, 4), (2, 3, 2, 2, 4, 5), (1, 5, 2, 2, 5, 6), (1, 3, 2, 2, 6, 7), (1, 5, 1, 2, 7, 8), (2, 5, 2, 2, 8, 9),
            (1, 3, 1, 2, 9, 10),
        ]
    ]  # fmt: skip
    known = {
        "width_coefficient": 0.1, "depth_coefficient": 1.0, "image_size": SIDE, "dropout_rate": 0, "num_classes": CLASSES,
        "batch_norm_momentum": 0.99, "batch_norm_epsilon": 1e-3, "drop_connect_rate": 0, "depth_divisor": 1, "min_depth": None,
        "include_top": True, "relu_fn": "relu6", "fix_head_stem": False,
    }  # fmt: skip
    return PackageEfficientNet(blocks, GlobalParams(**{key: known.get(key) for key in GlobalParams._fields}))


def pretrained_cfg(side, mean=(0.485, 0.456, 0.406), std=(0.229, 0.224, 0.225)):
    return {"input_size": [3, side, side], "mean": mean, "std": std, "crop_pct": 0.875, "interpolation": "bicubic"}


def timm_config(architecture, cfg, **more):
    return {"config.json": {"architecture": architecture, "num_classes": CLASSES, "pretrained_cfg": cfg, **more}}


def transformers_config(model, preprocessor):
    model.config.id2label = {0: "cat", 1: "dog", 2: "bird"}
    config = json.loads(model.config.to_json_string())
    config["architectures"] = [type(model).__name__]
    return {"config.json": config, "preprocessor_config.json": preprocessor}


def resnet_torchvision():
    record("resnet-torchvision", SmallResNet(BasicBlock, [2, 1, 1, 1], [4, 6, 8, 10]), as_zip)


def resnet_timm():
    model = timm.models.resnet.ResNet(
        timm.models.resnet.Bottleneck, (1, 2, 1, 1), channels=(2, 3, 4, 5), stem_width=4, num_classes=CLASSES
    )
    # timm keeps 64 channels after the stem whatever the others are.
    record("resnet-timm", model, as_safetensors, files=timm_config("resnet50", pretrained_cfg(SIDE)))


def resnet_transformers():
    config = ResNetConfig(embedding_size=4, hidden_sizes=[8, 8, 12, 16], depths=[1, 1, 2, 1], layer_type="bottleneck", num_labels=3)
    model = ResNetForImageClassification(config)
    preprocessor = {
        "do_resize": True, "size": {"shortest_edge": 224}, "crop_pct": 0.875, "do_normalize": True,
        "image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225],
    }  # fmt: skip
    record("resnet-transformers", model, as_safetensors, files=transformers_config(model, preprocessor))


def mobilenet_torchvision():
    record("mobilenet-torchvision", small_mobilenet(), as_legacy)


def mobilenet_timm():
    files = timm_config("mobilenetv2_100", pretrained_cfg(SIDE))
    record("mobilenet-timm", small_timm(MOBILE, "", 1e-5), as_safetensors, files=files)


def efficientnet_lite_timm():
    half = (0.5, 0.5, 0.5)
    files = timm_config("tf_efficientnet_lite0", pretrained_cfg(SIDE, half, half))
    record("efficientnet-lite-timm", small_timm(LITE, "same", 1e-3), as_safetensors, mean=half, std=half, files=files)


def efficientnet_lite_package():
    half = (0.5, 0.5, 0.5)
    record("efficientnet-lite-package", small_package(), as_legacy, mean=half, std=half)


def vit_transformers():
    config = ViTConfig(hidden_size=8, num_hidden_layers=2, num_attention_heads=2, intermediate_size=12, image_size=VIT_SIDE,
                       patch_size=4, num_labels=3)  # fmt: skip
    model = ViTForImageClassification(config)
    half = [0.5, 0.5, 0.5]
    preprocessor = {"do_resize": True, "size": {"height": VIT_SIDE, "width": VIT_SIDE}, "do_normalize": True,
                    "image_mean": half, "image_std": half}  # fmt: skip
    files = transformers_config(model, preprocessor)
    record("vit-transformers", model, as_safetensors, side=VIT_SIDE, mean=half, std=half, files=files)


def vit_timm():
    half = (0.5, 0.5, 0.5)
    arguments = {"img_size": VIT_SIDE, "patch_size": 4, "embed_dim": 8, "depth": 2, "num_heads": 2, "mlp_ratio": 1.5}
    model = timm.models.vision_transformer.VisionTransformer(num_classes=CLASSES, **arguments)
    files = timm_config("vit_tiny_patch16_224", pretrained_cfg(VIT_SIDE, half, half), model_args=arguments)
    record("vit-timm", model, as_safetensors, side=VIT_SIDE, mean=half, std=half, files=files)


def small_vit():
    return VisionTransformer(
        image_size=VIT_SIDE, patch_size=4, num_layers=2, num_heads=2, hidden_dim=8, mlp_dim=12, num_classes=CLASSES
    )


def vit_torchvision():
    # The weights do not tell the heads of attention, and these have other sizes than the published ones.
    record("vit-torchvision", small_vit(), as_zip, side=VIT_SIDE, files={"config.json": {"num_attention_heads": 2}})


def vit_torchvision_published():
    """The names in the files that torchvision offers, which are older than its code; it renames them as it reads them."""
    older = lambda name: name.replace(".mlp.0.", ".mlp.linear_1.").replace(".mlp.3.", ".mlp.linear_2.")
    save = lambda state, folder: as_zip({older(name): tensor for name, tensor in state.items()}, folder)
    record("vit-torchvision-published", small_vit(), save, side=VIT_SIDE, files={"config.json": {"num_attention_heads": 2}})


RECORDERS = {
    function.__name__.replace("_", "-"): function
    for function in (
        resnet_torchvision, resnet_timm, resnet_transformers, mobilenet_torchvision, mobilenet_timm, efficientnet_lite_timm,
        efficientnet_lite_package, vit_transformers, vit_timm, vit_torchvision, vit_torchvision_published,
    )
}  # fmt: skip

for chosen in sys.argv[1:] or RECORDERS:
    RECORDERS[chosen]()
