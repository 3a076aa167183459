"""Scans over several chunks against their equations step by step: values, gradients, and step forms that go on."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

import netspec
from netspec.api import Net
from netspec.diagnostics.errors import SpecError
from netspec.training.loop.states import CarriedStates, _leaves
from ops.shapes import Shape
from ops.torch_sequences import Scan

T = 130  # two whole chunks of keys and values, and a part of one; three levels of chunks of a sum
OVER = "over up to T\n  hidden e"
Q, V, H = Shape(2, (3,), T), Shape(4, (5,), T), Shape(4, (), T)
CASES: dict[str, tuple[Shape, ...]] = {
    "x -> scan": (V,),
    "x -> scan(decay = a)": (V, V),
    "x -> scan(decay = c)": (V, Shape(4)),
    "q, k, v -> scan": (Q, Q, V),
    "q, k, v -> scan(decay = a)": (Q, Q, V, H),
    "q, k, v -> scan(delta = b)": (Q, Q, V, H),
    "q, k, v -> scan(decay = a, delta = b)": (Q, Q, V, H, H),
}


def net(chain: str, shapes: tuple[Shape, ...], varying: bool = False) -> Net:
    flow = chain.split(" -> ")[0].split(", ")
    labels = [*flow, *(label for label in "abc" if f"= {label}" in chain)]
    shown = [
        str(shape).replace("over", "over up to") + " as n" * varying if shape.time else str(shape) for shape in shapes
    ]
    shown = shown if varying else [*map(str, shapes)]
    lines = [f"  input {label}: {each}\n" for label, each in zip(labels, shown, strict=True)]
    return netspec.parse(f"net n {{\n{''.join(lines)}  output y: {chain}\n}}").net()


def values(shapes: tuple[Shape, ...]) -> list[torch.Tensor]:
    """Small decays and shares between 0 and 1, short keys: a state that stays as large as its values."""
    found = [shape.tensor(number) for number, shape in enumerate(shapes)]
    flow = 3 if len(shapes) > 2 else 1
    return [*(0.3 * x for x in found[:flow]), *(x.sigmoid() for x in found[flow:])]


def options(chain: str) -> dict[str, Any]:
    return {name: True for name in ("decay", "delta") if name in chain}


@pytest.mark.parametrize("chain", CASES)
def test_chunks_are_their_equations(chain: str) -> None:
    shapes = CASES[chain]
    module, reference = net(chain, shapes).module(dtype=torch.float64), Scan(options(chain), shapes).double()
    sources = [x.requires_grad_() for x in values(shapes)]
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    found, wanted = module(*sources), reference(*sources)
    torch.set_default_dtype(before)
    assert torch.allclose(found, wanted, rtol=0, atol=1e-11)
    slopes = [torch.autograd.grad(y.square().sum(), sources) for y in (found, wanted)]
    for mine, theirs in zip(*slopes, strict=True):
        assert torch.allclose(mine, theirs, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("chain", CASES)
def test_the_step_form_is_the_whole_form(chain: str) -> None:
    """The sequence in pieces, the state handed on; and padded examples leave the state of their last own step."""
    shapes = CASES[chain]
    module, given = net(chain, shapes).module(dtype=torch.float64), values(shapes)
    whole, last = module(*given, return_state=True)
    found, state = [], None
    for begin, end in ((0, 1), (1, 2), (2, 71), (71, T)):
        parts = [x[:, begin:end] if shape.time else x for x, shape in zip(given, shapes, strict=True)]
        part, state = module(*parts, state=state, return_state=True)
        found.append(part)
    assert torch.allclose(torch.cat(found, 1), whole, rtol=0, atol=1e-12)
    assert torch.allclose(state["y"], last["y"], rtol=0, atol=1e-12)
    lengths = torch.tensor([T, 71])
    varying = net(chain, shapes, varying=True).module(dtype=torch.float64)
    _, padded = varying(*given, lengths, return_state=True)
    short = [x[1:, :71] if shape.time else x[1:] for x, shape in zip(given, shapes, strict=True)]
    _, own = module(*short, return_state=True)
    assert torch.allclose(padded["y"], torch.cat([last["y"][:1], own["y"]]), rtol=0, atol=1e-12)


def test_fast_decay_neither_overflows_nor_blocks_the_gradient() -> None:
    for chain, shapes in CASES.items():
        if "decay = a" not in chain:
            continue
        module = net(chain, shapes).module()
        given = [x.float() for x in values(shapes)]
        place = 1 if len(shapes) == 2 else 3
        given[place] = 100 * given[place]
        given = [x.detach().requires_grad_() for x in given]
        y = module(*given)
        y.square().sum().backward()
        assert y.isfinite().all()
        assert all(x.grad is not None and x.grad.isfinite().all() for x in given)


def test_half_precision_keeps_its_state_in_32_bits() -> None:
    for chain, shapes in CASES.items():
        module, given = net(chain, shapes).module(), [x.float() for x in values(shapes)]
        y, state = module(*(x.bfloat16() for x in given), return_state=True)
        assert y.dtype == torch.bfloat16
        assert state["y"].dtype == torch.float32
        assert torch.allclose(y.float(), module(*given), rtol=0.1, atol=0.1)
        with torch.autocast("cpu", torch.bfloat16):
            assert torch.allclose(module(*given).float(), module(*given).float())


def test_a_reversed_scan_reverses_its_decay() -> None:
    text = "net n {\n  input x: 3 over 20\n  input a: 3 over 20\n  output y: x -> reversed { scan(decay = a) }\n}"
    module = netspec.parse(text).net().module(dtype=torch.float64)
    x, a = torch.randn(2, 20, 3, dtype=torch.float64), torch.rand(2, 20, 3, dtype=torch.float64)
    wanted = Scan({"decay": True}, (Shape(3, (), 20), Shape(3, (), 20)))(x.flip(1), a.flip(1)).flip(1)
    assert torch.allclose(module(x, a), wanted)


def test_causal_filters_go_on_from_the_last_steps() -> None:
    """So that a whole block of Mamba, step by step, is the block at once; lengths pick an example's own last steps."""
    text = Path(__file__).parents[1].joinpath("networks", "mamba.net").read_text().replace("over T\n  hidden e", OVER)
    module = netspec.parse(text).net(V=9, d=16, T=12, L=2).module(dtype=torch.float64)
    tokens = torch.randint(9, (2, 12))
    whole, state = module(tokens, torch.tensor([12, 5]), return_state=True)
    first, before = module(tokens[:, :5], torch.tensor([5, 5]), return_state=True)
    found = [first]
    for at in range(5, 12):
        y, before = module(tokens[:, at : at + 1], torch.tensor([1, 0]), state=before, return_state=True)
        found.append(y)
    assert torch.allclose(torch.cat(found, 1)[:1], whole[:1])
    assert torch.allclose(first[1], whole[1, :5])
    for one, other in zip(_leaves(before, ""), _leaves(state, ""), strict=True):
        assert torch.allclose(one[1], other[1]), one[0]


def test_a_carried_scan_begins_where_the_batch_before_ended() -> None:
    text = "net n {\n  input x: 6 over 20\n  start y: carried\n  output y: x, x, x -> scan\n}"
    net = netspec.parse(text).net()
    module, carried, x = net.module(dtype=torch.float64), CarriedStates(net.graph), torch.randn(2, 40, 6).double()
    _, after = module(x[:, :20], return_state=True)
    carried.keep(after)
    assert torch.allclose(module(x[:, 20:], state=carried.before(2)), module(x)[:, 20:])


@pytest.mark.parametrize(
    ("chain", "code"),
    [
        ("q, v -> scan", "NS571"),
        ("v -> scan(delta = a)", "NS572"),
        ("q, q, a -> scan", "NS573"),
        ("q, v, v -> scan", "NS574"),
        ("w, w, v -> scan", "NS575"),
        ("q, q, v -> scan(decay = q)", "NS576"),
        ("q, q, v -> scan(delta = a -> sigmoid)", "NS425"),
        ("e -> scan", "NS325"),
        ("v -> scan(decay = e)", "NS576"),
    ],
)
def test_refused(chain: str, code: str) -> None:
    shown = {"q": "2@3 over 9", "w": "3@3 over 9", "v": "4@5 over 9", "a": "4 over 9", "e": "4@6"}
    lines = [f"  input {label}: {each}\n" for label, each in shown.items()]
    reads = "".join(f"  output {label}2: {label} -> relu\n" for label in shown)
    with pytest.raises(SpecError) as raised:
        netspec.parse(f"net n {{\n{''.join(lines)}{reads}  output y: {chain}\n}}").net()
    assert [found.code for found in raised.value.diagnostics if found.severity == "error"] == [code]


def test_multiply_adds_state_and_no_weights() -> None:
    found = net("q, k, v -> scan(decay = a)", (Q, Q, V, H))
    assert found.weights == 0
    assert found.to_dict()["state"] == 4 * 3 * 5
    assert found.to_dict()["macs"] == 2 * 4 * 3 * 5 * T


def test_emitted_code_is_formatted(tmp_path: Path) -> None:
    for number, (chain, shapes) in enumerate(CASES.items()):
        for varying in (False, True):
            tmp_path.joinpath(f"{number}{varying}.py").write_text(net(chain, shapes, varying).source())
    command = [sys.executable, "-m", "ruff", "format", "--check", "--isolated", "--line-length", "100", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
