"""Nets written for other programs: which lengths stay open, loops as `scan`, arrays, what is refused."""

from __future__ import annotations

import ast
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

import netspec
from netspec import parts
from netspec.cli import main
from netspec.codegen.live import build
from netspec.codegen.scanned import scanned
from netspec.training.inference.export import example, export, outline, refused

ROOT = Path(__file__).parents[2]
LOOPS = """
net loops(T = 6, d = 3) {
  input  source: one of 7 over up to 5
  input  target: one of 9 over up to T
  hidden memory: source -> embed(d)
  hidden v: (target -> embed(d)) & a[t-1] & h[t-2]
  hidden h: v -> d perceptrons -> tanh
  start  a: memory -> last(time)
  hidden context: h, memory, memory -> attention(1, project = false)
  hidden a: context & h -> d perceptrons -> tanh
  output y: 2 perceptrons
}
"""


def plain_scan(step: Callable[..., Any], carried: list[Any], over: list[Any]) -> tuple[list[Any], list[Any]]:
    """What torch's `scan` computes, as a loop."""
    rows = []
    for now in zip(*over, strict=True):
        carried, kept = step(carried, list(now))
        rows.append(kept)
    return carried, [torch.stack(each) for each in zip(*rows, strict=True)]


def plainly(tree: ast.Module) -> ast.Module:
    """Emitted source whose loops call `plain_scan`."""
    made = scanned(tree)
    imports = [line for line in made.body if isinstance(line, ast.ImportFrom) and "scan" in (line.module or "")]
    assert len(imports) == 1, ast.unparse(made)
    imports[0].module, imports[0].names[0].name = __name__, "plain_scan"
    assert "unbind" not in ast.unparse(made)
    return made


def test_loops_become_scans_that_compute_the_same() -> None:
    made = outline(netspec.parse(LOOPS).net())
    module = made.net.module()
    other = build(made.net.graph, change=plainly)
    for rows, which in ((1, 1), (4, 0)):
        values = example(made, rows, which)
        torch.testing.assert_close(module(*values), other(*values))


OPEN = "net a(T, S) {{\n  input x: 8 over T\n  input i: 3 @ S x S\n  hidden p: i -> 2 filters 3x3 -> {pool}\n"
OPEN += "  hidden h: x & h[t-1] -> 4 perceptrons -> tanh\n"
OPEN += "  output y: h -> mean(time)\n  output s: y & p -> 2 perceptrons\n}}\n"


@pytest.mark.parametrize(
    ("net", "axes"),
    [
        (LOOPS, {"source": {0: "batch", 1: "source_steps"}, "target": {0: "batch", 1: "T"}}),
        (OPEN.format(pool="mean(space)"), {"x": {0: "batch", 1: "T"}, "i": {0: "batch", 2: "S", 3: "S"}}),
        ("net a(T = 4) {\n  input x: 2 over T\n  output y: gru(3)\n}\n", {"x": {0: "batch", 1: "T"}}),
        # a weight for each step
        ("net a(T = 4) {\n  input x: 2 over T\n  output y: x + (x -> positions(2))\n}\n", {"x": {0: "batch"}}),
    ],
)
def test_lengths_that_no_weight_depends_on_are_open(net: str, axes: dict[str, dict[int, str]]) -> None:
    found = outline(netspec.parse(net).net())
    named = {name: {at: axis.name for at, axis in each.items()} for name, each in found.arguments.items()}
    assert {name: each for name, each in named.items() if not name.endswith("_length")} == axes


def test_a_size_that_a_weight_depends_on_must_be_set() -> None:
    with pytest.raises(netspec.SpecError) as error:
        outline(netspec.parse(OPEN.format(pool="flatten")).net())
    assert error.value.diagnostic.code == "NS516"


def test_weights_alone_have_the_names_of_the_spec(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from safetensors.torch import load_file

    assert main(["compile", str(ROOT / "specs" / "tasks" / "loan.net"), "-o", str(tmp_path / "w.safetensors")]) == 0
    assert "seed 0" in capsys.readouterr().out
    state = netspec.load(ROOT / "specs" / "tasks" / "loan.net").module().state_dict()
    found = load_file(tmp_path / "w.safetensors")
    assert found.keys() == state.keys()
    assert all(torch.equal(found[key], state[key]) for key in state)


def test_what_fails_while_a_net_is_traced_names_the_line_of_the_spec() -> None:
    made = outline(netspec.parse("net a {\n  input x: 2\n  hidden h: x -> tanh\n  output y: 3 perceptrons\n}\n").net())
    with pytest.raises(RuntimeError) as raised:
        made.net.module()(torch.zeros(1, 5))
    error = refused(made, ".pt2", raised.value, None)
    assert error.diagnostic.code == "NS878"
    assert error.diagnostic.span is not None
    assert error.diagnostic.span.line == 4


def test_onnx_without_its_packages_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(parts, "find_spec", lambda name: None)
    assert main(["compile", str(ROOT / "specs" / "tasks" / "loan.net"), "-o", str(tmp_path / "w.onnx")]) == 5
    assert "python -m pip install 'netspec[onnx]'" in capsys.readouterr().err


def test_a_net_above_two_gigabytes_is_refused(tmp_path: Path) -> None:
    made = outline(netspec.parse("net a {\n  input x: 30000\n  output y: 30000 perceptrons\n}\n").net())
    with pytest.raises(netspec.UsageError) as error:
        export(made, made.net.module(device="meta"), tmp_path / "a.onnx")
    assert error.value.diagnostic.code == "NS890"
