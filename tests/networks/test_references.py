"""Networks of this folder against PyTorch written by hand: the same weights give the same outputs and gradients.

Weights go over in the order of the lines: every array of the reference has its place, and every shape must fit.
Two programs that mean the same may round differently on another processor: they are held to a bound in float64.
Sizes are small; that the published sizes give the published counts, each file says itself.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from networks.references import attention, dense, recurrent, text, vision
from proof.edited import edited
from proof.transplant import default_dtype, keys_by_path, loss, results, settle, shake
from torch import Tensor, nn

HERE = Path(__file__).parent
ZOO = HERE.parents[1] / "specs" / "zoo"
Inputs = Callable[[], tuple[Tensor, ...]]


def real(*shape: int) -> Inputs:
    return lambda: (torch.randn(2, *shape),)


def words(classes: int, *steps: int) -> Inputs:
    return lambda: tuple(torch.randint(classes, (2, count)) for count in steps)


def points() -> tuple[Tensor, ...]:
    return torch.randn(2, 4, 2), torch.randn(2, 3, 2)


def frames() -> tuple[Tensor, ...]:
    return torch.randn(2, 3, 3, 72, 96), torch.randint(5, (2, 3)), torch.randn(2, 3, 1)


def segments() -> tuple[Tensor, ...]:
    return torch.randint(11, (2, 6)), torch.randint(2, (2, 6))


# file, net in it -> its sizes here, the reference of these sizes, what flows in
CASES: dict[str, tuple[dict[str, int], Callable[[], nn.Module], Inputs]] = {
    "wrn28_10": ({"n": 2, "w": 8, "K": 5}, lambda: vision.WideNet(2, 8, 5), real(3, 32, 32)),
    "res2net50": ({"S": 32, "w": 2, "c": 4, "K": 5}, lambda: vision.Res2Net(2, 4, 5), real(3, 32, 32)),
    "eca_cbam": ({"S": 8, "c": 32}, lambda: vision.Attended(32, 10), real(3, 8, 8)),
    "ghostnet": ({"S": 32, "K": 5}, lambda: vision.GhostNet(5), real(3, 32, 32)),
    "mnasnet": ({"S": 32, "K": 5}, lambda: vision.MnasNet(5), real(3, 32, 32)),
    "dpn92": ({"S": 32, "r": 2, "b": 4, "g": 2, "K": 5}, lambda: vision.DPN(2, 4, 2, 5), real(3, 32, 32)),
    "hrnet_w32": ({"H": 32, "W": 32, "c": 2, "K": 3}, lambda: vision.Pose(2, 3), real(3, 32, 32)),
    "deit_tiny": (
        {"S": 32, "d": 12, "heads": 3, "L": 2, "K": 5},
        lambda: attention.Distilled(2, 12, 3, 2, 5),
        real(3, 32, 32),
    ),
    "gmlp_s16": ({"S": 32, "d": 8, "L": 2, "K": 5}, lambda: attention.GMlp(2, 8, 2, 5), real(3, 32, 32)),
    "pvt_tiny": ({"S": 64, "d": 4, "K": 5}, lambda: attention.Pvt(64, 4, 5), real(3, 64, 64)),
    "swin_t": ({"S": 64, "w": 2, "c": 3, "L": 2, "K": 5}, lambda: attention.Swin(3, 2, 2, 5), real(3, 64, 64)),
    "xcit": ({"S": 48, "d": 16, "L": 2, "K": 5}, lambda: attention.Xcit(16, 2, 5), real(3, 48, 48)),
    "cait_xxs24": ({"S": 48, "d": 16, "L": 2, "K": 5}, lambda: attention.Cait(3, 16, 2, 5), real(3, 48, 48)),
    "roberta_base": (
        {"V": 11, "T": 6, "d": 16, "heads": 4, "L": 2},
        lambda: text.Roberta(11, 6, 16, 4, 2),
        words(11, 6),
    ),
    "electra_small": (
        {"V": 11, "T": 6, "e": 8, "d": 16, "heads": 4, "L": 2},
        lambda: text.Electra(11, 6, 8, 16, 4, 2),
        segments,
    ),
    "opt125m": ({"V": 11, "T": 6, "d": 16, "heads": 4, "L": 2}, lambda: text.Opt(11, 6, 16, 4, 2), words(11, 6)),
    "falcon7b": ({"V": 11, "T": 6, "d": 24, "heads": 3, "L": 2}, lambda: text.Falcon(11, 24, 3, 2), words(11, 6)),
    "rwkv4_169m": ({"V": 11, "T": 6, "d": 16, "L": 2}, lambda: text.Rwkv(11, 16, 2), words(11, 6)),
    "lstmp": ({"d": 3, "H": 5, "P": 4, "K": 6, "T": 5}, lambda: recurrent.Lstmp(3, 5, 4, 6), real(5, 3)),
    "quasi_recurrent": ({"V": 9, "d": 4, "T": 6}, lambda: recurrent.Quasi(9, 4), words(9, 6)),
    "mamba": ({"V": 9, "d": 16, "T": 11, "L": 2}, lambda: recurrent.Mamba(9, 16, 2), words(9, 11)),
    "retnet": ({"V": 9, "T": 7, "d": 16, "H": 2, "L": 2}, lambda: recurrent.RetNet(9, 16, 2, 2), words(9, 7)),
    "wavenet": ({"c": 3, "s": 4, "T": 9}, lambda: recurrent.WaveNet(3, 4, 10), words(256, 9)),
    "bahdanau": (
        {"V": 9, "W": 8, "S": 5, "T": 4, "d": 3, "H": 4},
        lambda: recurrent.Bahdanau(9, 8, 3, 4),
        words(8, 5, 4),
    ),
    "pointer": ({"n": 4, "m": 3, "H": 5}, lambda: recurrent.Pointer(5), points),
    "bidaf": ({"V": 9, "d": 4, "T": 6, "J": 3}, lambda: recurrent.Bidaf(9, 4), words(9, 6, 3)),
    "netvlad": ({"S": 12, "K": 5, "c": 6}, lambda: dense.NetVlad(6, 5), real(3, 12, 12)),
    "edsr": ({"S": 8, "c": 4, "B": 2}, lambda: dense.Edsr(4, 2), real(3, 8, 8)),
    "fsrcnn": ({"S": 6, "d": 5, "s": 3, "m": 2}, lambda: dense.Fsrcnn(5, 3, 2, 3), real(1, 6, 6)),
    "vnet": ({"S": 8, "c": 2}, lambda: dense.Volume(2, 2), real(1, 8, 8, 8)),
    "realnvp": ({"d": 4, "m": 5}, lambda: dense.RealNvp(4, 5), real(4)),
    "eegnet": ({"C": 5, "T": 64}, lambda: dense.EegNet(5, 64, 8, 2, 4), real(1, 5, 64)),
    "dpcnn": ({"V": 9, "T": 32, "d": 3, "c": 4}, lambda: dense.Dpcnn(9, 3, 4, 5), words(9, 32)),
    "yolov3_tiny": ({"S": 64, "c": 2, "K": 3}, lambda: dense.YoloTiny(2, 3), real(3, 64, 64)),
    "dqn_impala dqn": ({}, lambda: dense.Dqn(4), real(4, 84, 84)),
    "dqn_impala impala": ({"T": 3, "A": 5, "H": 6}, lambda: dense.Impala(5, 6, 9 * 12), frames),
    "click_through deepfm": ({"V": 20, "F": 4, "d": 3, "m": 5}, lambda: dense.DeepFm(20, 4, 3, 5), words(20, 4)),
    "click_through dcn_v2": ({"V": 20, "F": 4, "d": 3, "m": 5}, lambda: dense.CrossNet(20, 4, 3, 3, 5), words(20, 4)),
    "click_through xdeepfm": ({"V": 20, "F": 4, "d": 3, "H": 5}, lambda: dense.Compressed(20, 4, 3, 5), words(20, 4)),
    "click_through autoint": ({"V": 20, "F": 4, "d": 6, "L": 2}, lambda: dense.AutoInt(20, 4, 6, 2), words(20, 4)),
}


# left to the soak
LARGE = ("ghostnet", "hrnet_w32")


@pytest.mark.filterwarnings("ignore:Using padding='same' with even kernel")
@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.soak) if name in LARGE else name for name in CASES]
)
def test_equals_its_reference(name: str) -> None:
    sizes, make, inputs = CASES[name]
    file, _, net_name = name.partition(" ")
    torch.manual_seed(0)
    with default_dtype(torch.float64):
        reference, given = make(), inputs()
        shake(reference)
        settle(reference, given)
        spec = HERE / f"{file}.net"
        small = edited(spec if spec.exists() else ZOO / spec.name, {}, net_name or None, **sizes)
        net = small.module(dtype=torch.float64)
        theirs, state = reference.state_dict(), net.state_dict()
        mine = {key: state[key] for key in keys_by_path(small.graph).values()}
        assert [value.numel() for value in theirs.values()] == [value.numel() for value in mine.values()]
        paired = dict(zip(theirs, mine, strict=True))
        net.load_state_dict({paired[key]: value.reshape(mine[paired[key]].shape) for key, value in theirs.items()})
        left, right = (results(module.eval()(*given)) for module in (reference, net))
        for a, b in zip(left, right, strict=True):
            assert (a[0] - a[1]).abs().max() > 1e-4 * a.abs().max(), "an output that is constant proves nothing"
            assert close(a, b)
        for outputs in (left, right):
            loss(outputs).backward()
    for key, a in reference.named_parameters():
        b = net.get_parameter(paired[key])
        if a.grad is None:  # what the last layer of WaveNet hands on is not read
            assert name == "wavenet"
            assert b.grad is None
            continue
        assert b.grad is not None
        assert close(a.grad, b.grad.reshape(a.shape))


def close(a: Tensor, b: Tensor) -> bool:
    return a.shape == b.shape and bool((a - b).abs().max() <= 1e-11 * a.abs().max().clamp_min(1e-6))
