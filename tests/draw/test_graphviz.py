"""The same DOT under two Graphviz: the one pygraphviz carries and the system's."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

import netspec
from tests.conftest import ROOT

DOT = shutil.which("dot")
POST = sorted(path for path in (ROOT / "specs" / "post").glob("*.net") if path.stem != "filters")
BLOCKS = [
    ROOT / "specs" / "zoo" / f"{name}.net"
    for name in ("resnet18", "unet", "gpt2", "charrnn", "resnet50", "densenet121", "mobilenetv2", "vit_b16")
]
needs_dot = pytest.mark.skipif(DOT is None, reason="no `dot` on PATH to compare with")


def by_program(text: str, form: str) -> str:
    assert DOT is not None
    done = subprocess.run([DOT, f"-T{form}"], input=text.encode(), capture_output=True, timeout=60, check=True)
    return done.stdout.decode("utf-8")


def by_package(text: str, form: str) -> str:
    pygraphviz = pytest.importorskip("pygraphviz")
    graph = pygraphviz.AGraph(string=text)
    data: bytes = graph.draw(format=form, prog="dot")
    graph.close()
    return data.decode("utf-8")


NUMBER = re.compile(r"-?\d+(?:\.\d+)?")


def shapes(svg: str) -> dict[str, list[list[float]]]:
    """The numbers of every path, box, head and ellipse, from the leftmost and highest point of all paths on."""
    found: dict[str, list[list[float]]] = {"path": [], "box": [], "head": [], "ellipse": []}
    for kind, text in re.findall(r'<(path|polygon|polyline)[^>]* (?:d|points)="([^"]*)"', svg)[
        1:
    ]:  # without the ground
        numbers = [float(part) for part in NUMBER.findall(text)]
        found["path" if kind == "path" else "head" if len(numbers) == 8 else "box"].append(numbers)
    for each in re.findall(r'<ellipse[^>]* cx="([^"]*)" cy="([^"]*)" rx="([^"]*)" ry="([^"]*)"', svg):
        found["ellipse"].append([float(part) for part in each])
    lines = found["path"] or found["ellipse"]
    left, top = min(line[0] for line in lines), min(line[1] for line in lines)
    for each in found["path"] + found["box"] + found["head"]:
        each[::2], each[1::2] = [x - left for x in each[::2]], [y - top for y in each[1::2]]
    for each in found["ellipse"]:
        each[0], each[1] = each[0] - left, each[1] - top
    return found


def farthest(one: list[list[float]], two: list[list[float]]) -> float:
    assert [len(each) for each in one] == [len(each) for each in two]
    return max((abs(x - y) for a, b in zip(one, two, strict=True) for x, y in zip(a, b, strict=True)), default=0.0)


@needs_dot
@pytest.mark.parametrize("path", POST, ids=lambda path: path.stem)
def test_pinned_figures_have_the_same_paths(path: Path) -> None:
    text = netspec.load(path).net().render().dot()
    one, two = shapes(by_program(text, "svg")), shapes(by_package(text, "svg"))
    for kind in ("path", "box", "ellipse"):
        assert farthest(one[kind], two[kind]) <= 0.5
    # newer versions end a head where the ink of its outline ends, older ones where its middle ends
    assert farthest(one["head"], two["head"]) <= 3


@needs_dot
@pytest.mark.parametrize("path", [*POST, *BLOCKS], ids=lambda path: path.stem)
def test_dot_draws_alone(path: Path) -> None:
    assert DOT is not None
    text = netspec.load(path).net().render().dot()
    done = subprocess.run([DOT, "-Tsvg"], input=text.encode(), capture_output=True, timeout=60, check=True)
    assert b"</svg>" in done.stdout
    assert b"too small" not in done.stderr
