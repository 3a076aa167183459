"""Key of a reference -> key of the compiled net, network by network: how published weights are loaded."""

from __future__ import annotations

import re
from collections.abc import Callable

from proof.transplant import NameMap

Target = str | tuple[str, ...] | Callable[[re.Match[str]], str | tuple[str, ...]]


def rules(*pairs: tuple[str, Target]) -> NameMap:
    """The first pattern that fits the whole key decides; a key that none fits is an error."""
    compiled = [(re.compile(pattern), target) for pattern, target in pairs]

    def name(key: str) -> str | tuple[str, ...]:
        for pattern, target in compiled:
            match = pattern.fullmatch(key)
            if match is None:
                continue
            if callable(target):
                return target(match)
            if isinstance(target, tuple):
                return tuple(match.expand(item) for item in target)
            return match.expand(target)
        raise KeyError(f"no rule for {key}")

    return name


def plus(number: str, more: int = 1) -> str:
    """torch counts modules from 0, a repeat its rounds from 1."""
    return str(int(number) + more)


def numbered(word: str, number: int) -> str:
    """The n-th step of a name: `filters`, `filters2`, …"""
    return word if number == 1 else f"{word}{number}"


# ---- plain ones

MLP = rules((r"fc1\.(.*)", r"z.\1"), (r"fc2\.(.*)", r"y.\1"))
LENET5 = rules(
    (r"s([24])\.coefficient", r"S\1.weight"),
    (r"s([24])\.bias", r"S\1.bias"),
    (r"c3\.kernels\.(\d+)", r"C3.weight#\1"),
    (r"([cf])(\d)\.(.*)", lambda m: f"{m[1].upper()}{m[2]}.{m[3]}"),
    (r"rbf", "y.prototypes"),
)
_ALEX = {"0": "c1", "3": "c2", "6": "c3", "8": "c4", "10": "c5"}
ALEXNET = rules(
    (r"features\.(\d+)\.(.*)", lambda m: f"{_ALEX[m[1]]}.{m[2]}"),
    (r"classifier\.1\.(.*)", r"f6.\1"),
    (r"classifier\.4\.(.*)", r"f7.\1"),
    (r"classifier\.6\.(.*)", r"y.\1"),
)
_VGG = {
    number: f"s{stage}.y.{position}"
    for stage, places in enumerate(((0, 2), (5, 7), (10, 12, 14), (17, 19, 21), (24, 26, 28)), 1)
    for position, number in enumerate(places, 1)
}
VGG16 = rules(
    (r"features\.(\d+)\.(.*)", lambda m: f"{_VGG[int(m[1])]}.{m[2]}"),
    (r"classifier\.0\.(.*)", r"f6.\1"),
    (r"classifier\.3\.(.*)", r"f7.\1"),
    (r"classifier\.6\.(.*)", r"y.\1"),
)
_FIRE = {
    "3": "f1",
    "4": "f1.Fire",
    "6": "f2",
    "7": "f2.Fire",
    "9": "f3",
    "10": "f3.Fire",
    "11": "f3.Fire2",
    "12": "f3.Fire3",
}
SQUEEZENET = rules(
    (r"features\.0\.(.*)", r"c.\1"),
    (r"features\.(\d+)\.squeeze\.(.*)", lambda m: f"{_FIRE[m[1]]}.q.{m[2]}"),
    (r"features\.(\d+)\.expand1x1\.(.*)", lambda m: f"{_FIRE[m[1]]}.y.{m[2]}"),
    (r"features\.(\d+)\.expand3x3\.(.*)", lambda m: f"{_FIRE[m[1]]}.y.filters.{m[2]}"),
    (r"classifier\.1\.(.*)", r"y.\1"),
)

# ---- residual ones


def _basic(stage: str, position: str) -> str:
    """Where ResNet-18's blocks stand: stage 1 is a repeat, the others are `Down(c) -> Basic(c)`."""
    if stage == "1":
        return f"r1.{plus(position)}"
    return f"r{stage}" + ("" if position == "0" else ".Basic")


def _deep(stage: str, position: str, repeat: str = "repeat.") -> str:
    """ResNet-50's: `Project(…) -> repeat n { … }`."""
    return f"r{stage}" if position == "0" else f"r{stage}.{repeat}{position}"


_RES = {"1": "a", "2": "b", "3": "d"}
RESNET18 = rules(
    (r"conv1\.(.*)", r"stem.\1"),
    (r"bn1\.(.*)", r"stem.batchnorm.\1"),
    (r"layer(\d)\.(\d)\.conv(\d)\.(.*)", lambda m: f"{_basic(m[1], m[2])}.{_RES[m[3]]}.{m[4]}"),
    (r"layer(\d)\.(\d)\.bn(\d)\.(.*)", lambda m: f"{_basic(m[1], m[2])}.{_RES[m[3]]}.batchnorm.{m[4]}"),
    (r"layer(\d)\.(\d)\.downsample\.0\.(.*)", lambda m: f"{_basic(m[1], m[2])}.p.{m[3]}"),
    (r"layer(\d)\.(\d)\.downsample\.1\.(.*)", lambda m: f"{_basic(m[1], m[2])}.p.batchnorm.{m[3]}"),
    (r"fc\.(.*)", r"y.\1"),
)
RESNET50 = rules(
    (r"conv1\.(.*)", r"stem.\1"),
    (r"bn1\.(.*)", r"stem.batchnorm.\1"),
    (r"layer(\d)\.(\d)\.conv(\d)\.(.*)", lambda m: f"{_deep(m[1], m[2])}.{_RES[m[3]]}.{m[4]}"),
    (r"layer(\d)\.(\d)\.bn(\d)\.(.*)", lambda m: f"{_deep(m[1], m[2])}.{_RES[m[3]]}.batchnorm.{m[4]}"),
    (r"layer(\d)\.(\d)\.downsample\.0\.(.*)", lambda m: f"{_deep(m[1], m[2])}.p.{m[3]}"),
    (r"layer(\d)\.(\d)\.downsample\.1\.(.*)", lambda m: f"{_deep(m[1], m[2])}.p.batchnorm.{m[3]}"),
    (r"fc\.(.*)", r"y.\1"),
)


def _next(line: str, number: int) -> str:
    """The n-th filters of a line, the first of which are its main step."""
    return line if number == 1 else f"{line}.{numbered('filters', number - 1)}"


def _resnext(match: re.Match[str], norm: bool) -> str:
    block, number = _deep(match[1], match[2]), int(match[3])
    line = f"{block}.a" if match[2] == "0" else f"{block}.y"
    if norm:
        return f"{line}.{numbered('batchnorm', number)}.{match[4]}"
    return f"{_next(line, number)}.{match[4]}"


RESNEXT = rules(
    (r"conv1\.(.*)", r"stem.\1"),
    (r"bn1\.(.*)", r"stem.batchnorm.\1"),
    (r"layer(\d)\.(\d)\.conv(\d)\.(.*)", lambda m: _resnext(m, False)),
    (r"layer(\d)\.(\d)\.bn(\d)\.(.*)", lambda m: _resnext(m, True)),
    (r"layer(\d)\.0\.downsample\.0\.(.*)", r"r\1.y.\2"),
    (r"layer(\d)\.0\.downsample\.1\.(.*)", r"r\1.y.batchnorm.\2"),
    (r"fc\.(.*)", r"y.\1"),
)
_DENSE = {"norm1": "batchnorm.", "conv1": "", "norm2": "batchnorm2.", "conv2": "filters."}
DENSENET = rules(
    (r"features\.conv0\.(.*)", r"stem.\1"),
    (r"features\.norm0\.(.*)", r"stem.batchnorm.\1"),
    (
        r"features\.denseblock(\d)\.denselayer(\d+)\.(norm1|conv1|norm2|conv2)\.(.*)",
        lambda m: f"d{m[1]}.{m[2]}.f.{_DENSE[m[3]]}{m[4]}",
    ),
    (r"features\.transition(\d)\.norm\.(.*)", r"d\1.Transition.y.batchnorm.\2"),
    (r"features\.transition(\d)\.conv\.(.*)", r"d\1.Transition.y.\2"),
    (r"features\.norm5\.(.*)", r"d4.batchnorm.\1"),
    (r"classifier\.(.*)", r"y.\1"),
)
_BRANCH = {
    "branch1": "b1",
    "branch2.0": "b2",
    "branch2.1": "b2.Conv",
    "branch3.0": "b3",
    "branch3.1": "b3.Conv",
    "branch4.1": "b4",
}
_INCEPTION = {
    "3a": "i3",
    "3b": "i3.Inception",
    "4a": "i4a",
    "4b": "i4b",
    "4c": "i4c",
    "4d": "i4d",
    "4e": "i4e",
    "5a": "i5a",
    "5b": "i5b",
}
_PLAIN = {"conv1": "s1.y", "conv2": "s2.y", "conv3": "s2.Conv.y"}
GOOGLENET = rules(
    (r"(conv\d)\.conv\.(.*)", lambda m: f"{_PLAIN[m[1]]}.{m[2]}"),
    (r"(conv\d)\.bn\.(.*)", lambda m: f"{_PLAIN[m[1]]}.batchnorm.{m[2]}"),
    (r"inception(\d\w)\.(branch[\d.]+)\.conv\.(.*)", lambda m: f"{_INCEPTION[m[1]]}.{_BRANCH[m[2]]}.y.{m[3]}"),
    (r"inception(\d\w)\.(branch[\d.]+)\.bn\.(.*)", lambda m: f"{_INCEPTION[m[1]]}.{_BRANCH[m[2]]}.y.batchnorm.{m[3]}"),
    (r"fc\.(.*)", r"y.\1"),
)


def _shuffle(match: re.Match[str]) -> str:
    """A Sequential of conv, norm (, relu) triples in torchvision, one line in the spec."""
    stage, unit, branch, place = match[1], match[2], match[3], int(match[4])
    line = f"s{stage}.{'l' if branch == '1' else 'r'}" if unit == "0" else f"s{stage}.repeat.{unit}.y"
    convs = (0, 2) if branch == "1" else (0, 3, 5)
    norms = (1, 3) if branch == "1" else (1, 4, 6)
    if place in convs:
        return f"{_next(line, convs.index(place) + 1)}.{match[5]}"
    return f"{line}.{numbered('batchnorm', norms.index(place) + 1)}.{match[5]}"


SHUFFLENET = rules(
    (r"conv1\.0\.(.*)", r"stem.\1"),
    (r"conv1\.1\.(.*)", r"stem.batchnorm.\1"),
    (r"stage(\d)\.(\d)\.branch(\d)\.(\d)\.(.*)", _shuffle),
    (r"conv5\.0\.(.*)", r"head.\1"),
    (r"conv5\.1\.(.*)", r"head.batchnorm.\1"),
    (r"fc\.(.*)", r"y.\1"),
)
_NEXT = {"dwconv": "", "norm": "layernorm.", "pwconv1": "filters.", "pwconv2": "filters2."}


def _down(match: re.Match[str]) -> str:
    stage, norm = int(match[1]), match[2] == ("1" if match[1] == "0" else "0")
    line = "stem" if stage == 0 else f"s{stage}.Down.y"
    return f"{line}.{'layernorm.' if norm else ''}{match[3]}"


CONVNEXT = rules(
    (r"downsample_layers\.(\d)\.(\d)\.(.*)", _down),
    (r"stages\.(\d)\.(\d)\.gamma", lambda m: f"s{plus(m[1])}.{plus(m[2])}.y.gain.weight"),
    (r"stages\.(\d)\.(\d)\.(\w+)\.(.*)", lambda m: f"s{plus(m[1])}.{plus(m[2])}.y.{_NEXT[m[3]]}{m[4]}"),
    (r"norm\.(.*)", r"y.layernorm.\1"),
    (r"head\.(.*)", r"y.\1"),
)
