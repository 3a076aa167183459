"""Types of filters and pools against torch: 134,400 settings along one axis, accepted and refused alike."""

from __future__ import annotations

import itertools
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from typing import NamedTuple

import torch
from torch import Tensor, nn

import netspec
from benchmarks.publish import publish
from netspec.diagnostics.errors import SpecError

SIZES, KERNELS, STRIDES, PADS, DILATIONS = range(1, 21), range(1, 8), range(1, 5), range(4), range(1, 4)


class Setting(NamedTuple):
    size: int
    kernel: int
    stride: int
    pad: int
    dilation: int


class Family(NamedTuple):
    """What comes in (`N` its size, with space or time), the step, and torch's module of a setting."""

    kind: str  # the type of the input
    shape: tuple[int, ...]  # a tensor of it, -1 for N, the batch left out
    step: str
    module: Callable[[Setting], nn.Module]
    over_time: bool = False  # (B, T, maps) against torch's (B, maps, T)


def conv(s: Setting, maps: int, count: int, groups: int = 1, bias: bool = True) -> nn.Module:
    return nn.Conv1d(maps, count, s.kernel, s.stride, s.pad, s.dilation, groups, bias)


def up(s: Setting, groups: int = 1) -> nn.Module:
    return nn.ConvTranspose1d(2, 4, s.kernel, s.stride, s.pad, 0, groups, True, s.dilation)


def most(s: Setting, ceil: bool) -> nn.Module:
    return nn.MaxPool1d(s.kernel, s.stride, s.pad, s.dilation, ceil_mode=ceil)


def most2(s: Setting, ceil: bool) -> nn.Module:
    return nn.MaxPool2d((s.kernel, 2), (s.stride, 1), (s.pad, 0), (s.dilation, 1), ceil_mode=ceil)


def mean(s: Setting, ceil: bool, count_pad: bool) -> nn.Module:
    if s.dilation != 1:
        raise ValueError("torch's AvgPool1d has no dilation")
    return nn.AvgPool1d(s.kernel, s.stride, s.pad, ceil_mode=ceil, count_include_pad=count_pad)


ONE, TIME, TWO, STEPS = ("2@{N}", (2, -1)), ("2 over {N}", (2, -1)), ("2@{N}x3", (2, -1, 3)), ("2@{N} over 2", (2, -1))
WINDOW = "stride = {s}, pad = {p}, dilation = {d}"
FAMILIES = {
    "filters": Family(*ONE, f"4 filters {{k}} ({WINDOW})", lambda s: conv(s, 2, 4)),
    "filters, no bias": Family(*ONE, f"3 filters {{k}} ({WINDOW}, bias = false)", lambda s: conv(s, 2, 3, bias=False)),
    "filters, groups": Family(*ONE, f"4 filters {{k}} ({WINDOW}, groups = 2)", lambda s: conv(s, 2, 4, 2)),
    "filters, wrong groups": Family(*ONE, f"3 filters {{k}} ({WINDOW}, groups = 2)", lambda s: conv(s, 2, 3, 2)),
    "filters over time": Family(*TIME, f"4 filters {{k}} ({WINDOW}, along = time)", lambda s: conv(s, 2, 4), True),
    "filters at each step": Family(*STEPS, f"4 filters {{k}} ({WINDOW})", lambda s: conv(s, 2, 4)),
    "filters, rows of maps": Family(
        *TWO,
        "4 filters {k} x 2 (stride = {s}x1, pad = {p}x0, dilation = {d}x1)",
        lambda s: nn.Conv2d(2, 4, (s.kernel, 2), (s.stride, 1), (s.pad, 0), (s.dilation, 1)),
    ),
    "filters, columns of maps": Family(
        "2@3x{N}",
        (2, 3, -1),
        "4 filters 2 x {k} (stride = 1x{s}, pad = 0x{p}, dilation = 1x{d})",
        lambda s: nn.Conv2d(2, 4, (2, s.kernel), (1, s.stride), (0, s.pad), (1, s.dilation)),
    ),
    "filters of volumes": Family(
        "1@2x{N}x2",
        (1, 2, -1, 2),
        "2 filters 1 x {k} x 2 (stride = 1x{s}x1, pad = 0x{p}x0, dilation = 1x{d}x1)",
        lambda s: nn.Conv3d(1, 2, (1, s.kernel, 2), (1, s.stride, 1), (0, s.pad, 0), (1, s.dilation, 1)),
    ),
    "transposed": Family(*ONE, f"4 filters {{k}} ({WINDOW}, transposed = true)", up),
    "transposed, groups": Family(
        *ONE, f"4 filters {{k}} ({WINDOW}, transposed = true, groups = 2)", lambda s: up(s, 2)
    ),
    "maxpool": Family(*ONE, f"maxpool({{k}}, {WINDOW})", lambda s: most(s, False)),
    "maxpool, ceil": Family(*ONE, f"maxpool({{k}}, {WINDOW}, ceil = true)", lambda s: most(s, True)),
    "maxpool at each step, ceil": Family(*STEPS, f"maxpool({{k}}, {WINDOW}, ceil = true)", lambda s: most(s, True)),
    "maxpool, rows": Family(
        *TWO, "maxpool({k}x2, stride = {s}x1, pad = {p}x0, dilation = {d}x1)", lambda s: most2(s, False)
    ),
    "maxpool, rows, ceil": Family(
        *TWO, "maxpool({k}x2, stride = {s}x1, pad = {p}x0, dilation = {d}x1, ceil = true)", lambda s: most2(s, True)
    ),
    "avgpool": Family(*ONE, "avgpool({k}, stride = {s}, pad = {p}{D})", lambda s: mean(s, False, True)),
    "avgpool, ceil": Family(
        *ONE, "avgpool({k}, stride = {s}, pad = {p}, ceil = true{D})", lambda s: mean(s, True, True)
    ),
    "avgpool, pad uncounted": Family(
        *ONE, "avgpool({k}, stride = {s}, pad = {p}, count_pad = false{D})", lambda s: mean(s, False, False)
    ),
    "avgpool, ceil, pad uncounted": Family(
        *ONE, "avgpool({k}, stride = {s}, pad = {p}, ceil = true, count_pad = false{D})", lambda s: mean(s, True, False)
    ),
}


def settings() -> Iterator[tuple[str, Setting]]:
    """Every family with every setting, in an order in which each n-th is a fair sample."""
    for values in itertools.product(SIZES, KERNELS, STRIDES, PADS, DILATIONS):
        for name in FAMILIES:
            yield name, Setting(*values)


def inferred(family: Family, s: Setting) -> tuple[int, ...] | str:
    """Netspec's answer: the axes after the batch, or the code of its refusal."""
    dilation = "" if s.dilation == 1 else f", dilation = {s.dilation}"
    kind = family.kind.format(N=s.size)
    step = family.step.format(k=s.kernel, s=s.stride, p=s.pad, d=s.dilation, D=dilation)
    text = f"net n {{\n  input x: {kind}\n  output y: {step}\n}}\n"
    try:
        graph = netspec.parse(text).net().graph
    except SpecError as errors:
        return next(found.code for found in errors.diagnostics if found.severity == "error")
    value = graph.nodes[graph.layers[graph.outputs[0]].values[0].node].type
    time = () if value.time is None else (value.time.length,)
    return tuple(int(size) for size in (*time, value.maps, *value.space))  # type: ignore[arg-type]


def real(family: Family, s: Setting) -> tuple[int, ...] | None:
    """Torch's answer on a real tensor; None where it refuses."""
    x = torch.zeros(1, *(s.size if size == -1 else size for size in family.shape))
    try:
        found: Tensor = family.module(s)(x)
    except (RuntimeError, ValueError):
        return None
    sizes = tuple(found.shape[1:])
    if 0 in sizes:  # torch lets a transposed filter write nothing at all; a size is at least 1
        return None
    if family.over_time:
        return sizes[::-1]
    return (2, *sizes) if " over 2" in family.kind else sizes


def disagreement(name: str, s: Setting) -> tuple[str, str]:
    """(what both say, "") or (…, how they differ)."""
    family = FAMILIES[name]
    mine, theirs = inferred(family, s), real(family, s)
    if isinstance(mine, str) and theirs is None:
        return "refused", ""
    if mine == theirs:
        return "equal", ""
    return "different", f"{name} {s}: netspec {mine}, torch {theirs}"


def main() -> bool:
    """Prints and keeps the counts; False where netspec and torch disagree anywhere."""
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")
    counts: dict[str, Counter[str]] = {name: Counter() for name in FAMILIES}
    differences = []
    with torch.no_grad():
        for name, setting in settings():
            answer, difference = disagreement(name, setting)
            counts[name][answer] += 1
            if difference:
                differences.append(difference)
    total = sum(sum(found.values()) for found in counts.values())
    lines = [
        f"size 1..20, kernel 1..7, stride 1..4, pad 0..3, dilation 1..3, {len(FAMILIES)} forms of filters and pools: "
        f"{total:,} settings, each typed by netspec from its text and run by torch on a real tensor: "
        f"{len(differences)} disagreements.",
        "",
        "| form | the same type | both refuse | different |",
        "|---|---|---|---|",
        *(f"| {name} | {c['equal']:,} | {c['refused']:,} | {c['different']} |" for name, c in counts.items()),
        *(f"- {each}" for each in differences[:50]),
    ]
    publish("oracle", "Types against torch, exhaustively", lines)
    return not differences
