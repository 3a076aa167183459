"""The table of networks whose weights are carried over: spec, reference, names, inputs."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import torch
from torch import Tensor

from proof import names, names_other
from proof.edited import HERE, ZOO
from proof.references.classic import AlexNet, LeNet5, Mlp, SqueezeNet, Vgg16
from proof.references.mobile import EfficientNetB0, MobileNetV2
from proof.references.residual import BasicBlock, Bottleneck, ConvNeXt, DenseNet, GoogLeNet, ResNet, ShuffleNetV2
from proof.references.sequences import CharRnn, Discriminator, Generator, Seq2Seq, Vae, WaveNet
from proof.references.transformers import Bert, Gpt2, Llama, Mixer, VisionTransformer
from proof.references.unet import UNet
from proof.transplant import Case

Inputs = Callable[[], tuple[Tensor, ...]]


def images(side: int, maps: int = 3, batch: int = 2) -> Inputs:
    return lambda: (torch.randn(batch, maps, side, side),)


def tokens(classes: int, steps: int, batch: int = 2) -> Inputs:
    return lambda: (torch.randint(classes, (batch, steps)),)


def side(size: int) -> dict[str, str]:
    return {"3@224x224": f"3@{size}x{size}"}


NARROW = {"4096": "64"}
TEN = {"K": 10}

PLAIN = (
    Case(
        name="mlp",
        spec=HERE / "mlp.net",
        reference=partial(Mlp, 5, 7, 3),
        published=partial(Mlp, 5, 7, 3),
        names=names.MLP,
        inputs=lambda: (torch.randn(4, 5),),
    ),
    Case(
        name="lenet5",
        spec=ZOO / "lenet5.net",
        reference=LeNet5,
        published=LeNet5,
        names=names.LENET5,
        inputs=images(32, 1),
    ),
    Case(
        name="alexnet",
        spec=ZOO / "alexnet.net",
        swaps=side(64) | NARROW,
        sizes=TEN,
        reference=partial(AlexNet, 10, 64),
        published=AlexNet,
        names=names.ALEXNET,
        inputs=images(64),
    ),
    Case(
        name="vgg16",
        spec=ZOO / "vgg16.net",
        swaps=side(32) | NARROW | {"512": "48"},
        sizes=TEN,
        reference=partial(Vgg16, 10, 64, 32, top=48),
        published=Vgg16,
        names=names.VGG16,
        inputs=images(32),
    ),
    Case(
        name="squeezenet",
        spec=HERE / "squeezenet.net",
        swaps=side(64),
        sizes=TEN,
        reference=partial(SqueezeNet, 10),
        published=SqueezeNet,
        names=names.SQUEEZENET,
        inputs=images(64),
    ),
    Case(
        name="unet",
        spec=ZOO / "unet.net",
        swaps={"1@572x572": "1@188x188"},
        sizes={"c": 4},
        reference=partial(UNet, 4),
        published=UNet,
        names=names_other.UNET,
        inputs=images(188, 1),
    ),
    Case(
        name="unet_padded",
        spec=ZOO / "unet_padded.net",
        sizes={"c": 4, "S": 32},
        reference=partial(UNet, 4, padded=True),
        published=partial(UNet, padded=True),
        names=names_other.UNET_PADDED,
        inputs=images(32, 1),
    ),
)
RESIDUAL = (
    Case(
        name="resnet18",
        spec=ZOO / "resnet18.net",
        swaps=side(64),
        sizes=TEN,
        reference=partial(ResNet, BasicBlock, (2, 2, 2, 2), 10),
        published=partial(ResNet, BasicBlock, (2, 2, 2, 2)),
        names=names.RESNET18,
        inputs=images(64),
    ),
    Case(
        name="resnet50",
        spec=ZOO / "resnet50.net",
        swaps=side(64)
        | {"Project(128": "Project(72", "Project(256": "Project(80", "Project(512": "Project(88"}
        | {"Bottleneck(128": "Bottleneck(72", "Bottleneck(256": "Bottleneck(80", "Bottleneck(512": "Bottleneck(88"},
        sizes=TEN,
        reference=partial(ResNet, Bottleneck, (3, 4, 6, 3), 10, widths=(64, 72, 80, 88)),
        published=partial(ResNet, Bottleneck, (3, 4, 6, 3)),
        names=names.RESNET50,
        inputs=images(64),
    ),
    Case(
        name="resnext50",
        spec=HERE / "resnext.net",
        swaps=side(64)
        | {"1000 perceptrons": "10 perceptrons", "Proj(512, 1024": "Proj(256, 512", "Proj(1024, 2048": "Proj(256, 512"}
        | {"Unit(512)": "Unit(256)", "Unit(1024)": "Unit(256)"},
        reference=partial(ResNet, Bottleneck, (3, 4, 6, 3), 10, groups=32, base=4, widths=(64, 128, 128, 128)),
        published=partial(ResNet, Bottleneck, (3, 4, 6, 3), groups=32, base=4),
        names=names.RESNEXT,
        inputs=images(64),
    ),
    Case(
        name="densenet121",
        spec=ZOO / "densenet121.net",
        swaps=side(64),
        sizes={"K": 10, "g": 8},
        reference=partial(DenseNet, 8, (6, 12, 24, 16), 10),
        published=partial(DenseNet, 32, (6, 12, 24, 16)),
        names=names.DENSENET,
        inputs=images(64),
    ),
    Case(
        name="googlenet",
        spec=ZOO / "googlenet.net",
        swaps=side(64),
        sizes=TEN,
        reference=partial(GoogLeNet, 10),
        published=GoogLeNet,
        names=names.GOOGLENET,
        inputs=images(64),
    ),
    Case(
        name="shufflenet",
        spec=HERE / "shufflenet.net",
        swaps=side(64),
        sizes=TEN,
        reference=partial(ShuffleNetV2, 10),
        published=ShuffleNetV2,
        names=names.SHUFFLENET,
        inputs=images(64),
    ),
    Case(
        name="convnext",
        spec=HERE / "convnext.net",
        swaps=side(32) | {"96 ": "8 ", "192": "12", "384": "16", "768": "24", "repeat 9": "repeat 3"},
        sizes=TEN,
        reference=partial(ConvNeXt, (8, 12, 16, 24), (3, 3, 3, 3), 10),
        published=ConvNeXt,
        names=names.CONVNEXT,
        inputs=images(32),
    ),
    Case(
        name="mobilenetv2",
        spec=ZOO / "mobilenetv2.net",
        swaps=side(64),
        sizes=TEN,
        reference=partial(MobileNetV2, 10),
        published=MobileNetV2,
        names=names_other.MOBILENETV2,
        inputs=images(64),
    ),
    Case(
        name="efficientnet_b0",
        spec=ZOO / "efficientnet_b0.net",
        swaps=side(64),
        sizes=TEN,
        reference=partial(EfficientNetB0, 10),
        published=EfficientNetB0,
        names=names_other.EFFICIENTNET,
        inputs=images(64),
        bound=1e-9,
        why="squeeze and excite by 1x1 convolutions against perceptrons; Adam divides gradients that are rounding",
    ),
)
ATTENTION = (
    Case(
        name="gpt2",
        spec=ZOO / "gpt2.net",
        sizes={"V": 50, "T": 12, "d": 24, "L": 2, "heads": 3},
        reference=partial(Gpt2, 50, 12, 24, 2, 3, 0.1),
        published=partial(Gpt2, 50257, 1024, 768, 12, 12, 0.1),
        names=names_other.GPT2,
        inputs=tokens(50, 12),
    ),
    Case(
        name="bert",
        spec=HERE / "bert.net",
        swaps={"repeat 12": "repeat 2", "Layer(12, 3072)": "Layer(3, 48)"},
        sizes={"V": 50, "T": 10, "d": 24},
        reference=partial(Bert, 50, 10, 24, 2, 3, 48, 0.1),
        published=partial(Bert, 30522, 512, 768, 12, 12, 3072, 0.1),
        names=names_other.BERT,
        inputs=lambda: (torch.randint(50, (3, 10)), torch.randint(2, (3, 10)), torch.tensor([10, 6, 3])),
    ),
    Case(
        name="vit_b16",
        spec=ZOO / "vit_b16.net",
        sizes={"K": 10, "S": 32, "P": 8, "d": 24, "L": 2, "heads": 3},
        reference=partial(VisionTransformer, 32, 8, 24, 2, 3, 10, 0.0),
        published=partial(VisionTransformer, 224, 16, 768, 12, 12, 1000, 0.0),
        names=names_other.VIT,
        inputs=images(32),
    ),
    Case(
        name="llama",
        spec=ZOO / "llama2_7b.net",
        sizes={"V": 50, "T": 12, "d": 24, "m": 40, "L": 2, "heads": 3},
        reference=partial(Llama, 50, 24, 2, 3, 40),
        published=partial(Llama, 32000, 4096, 32, 32, 11008),
        names=names_other.LLAMA,
        inputs=tokens(50, 12),
    ),
    Case(
        name="mixer",
        spec=HERE / "mixer.net",
        swaps=side(32)
        | {"768": "24", "16x16": "8x8", "stride = 16": "stride = 8", "repeat 12": "repeat 2", "3072": "40"}
        | {"384": "20"},
        sizes=TEN,
        reference=partial(Mixer, 32, 8, 24, 2, 20, 40, 10),
        published=partial(Mixer, 224, 16, 768, 12, 384, 3072, 1000),
        names=names_other.MIXER,
        inputs=images(32),
    ),
)
SEQUENCES = (
    Case(
        name="charrnn",
        spec=ZOO / "charrnn.net",
        sizes={"V": 11, "H": 16, "T": 9},
        reference=partial(CharRnn, 11, 16),
        published=partial(CharRnn, 65, 256),
        names=names_other.CHARRNN,
        inputs=tokens(11, 9, 3),
    ),
    Case(
        name="wavenet",
        spec=HERE / "wavenet.net",
        swaps={"over 100": "over 20", "256": "16"},
        sizes={"c": 6},
        reference=partial(WaveNet, 6, 16),
        published=partial(WaveNet, 32),
        names=names_other.WAVENET,
        inputs=tokens(16, 20),
    ),
    Case(
        name="seq2seq",
        spec=HERE / "seq2seq.net",
        swaps={"up to 30": "up to 7", "up to 25": "up to 5"},
        sizes={"V": 20, "W": 24, "d": 8, "H": 12},
        reference=partial(Seq2Seq, 20, 24, 8, 12),
        published=partial(Seq2Seq, 1000, 1200, 64, 128),
        names=names_other.SEQ2SEQ,
        inputs=lambda: (
            torch.randint(20, (3, 7)),
            torch.randint(24, (3, 5)),
            torch.tensor([7, 4, 2]),
            torch.tensor([5, 5, 5]),
        ),
    ),
    Case(
        name="vae",
        spec=HERE / "vae.net",
        sizes={"d": 12, "H": 9, "z": 4},
        reference=partial(Vae, 12, 9, 4),
        published=partial(Vae, 784, 400, 20),
        names=names_other.VAE,
        inputs=lambda: (torch.rand(4, 12),),
    ),
    Case(
        name="dcgan_generator",
        spec=HERE / "dcgan.net",
        net="generator",
        swaps={"512": "32", "Up(256)": "Up(16)", "Up(128)": "Up(12)", "Up(64)": "Up(8)"},
        sizes={"z": 10},
        reference=partial(Generator, 10, (32, 16, 12, 8)),
        published=partial(Generator, 100),
        names=names_other.GENERATOR,
        inputs=lambda: (torch.randn(3, 10, 1, 1),),
    ),
    Case(
        name="dcgan_discriminator",
        spec=HERE / "dcgan.net",
        net="discriminator",
        reference=Discriminator,
        published=Discriminator,
        names=names_other.DISCRIMINATOR,
        inputs=images(64),
    ),
)
CASES = {case.name: case for case in (*PLAIN, *RESIDUAL, *ATTENTION, *SEQUENCES)}
