"""The same DOT under two Graphviz: the one pygraphviz carries and the system's; and without any."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

import netspec
from netspec.cli import main
from netspec.figure.backends import layout
from netspec.figure.blocks.arranging import parts_of
from tests.conftest import ROOT

DOT = shutil.which("dot")
POST = sorted(path for path in (ROOT / "specs" / "post").glob("*.net") if path.stem != "filters")
LAID = [
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


def laid(text: str) -> tuple[set[str], list[tuple[str, str]], list[list[str]]]:
    """Nodes, edges, and the nodes of each rank in order, of DOT that `dot` has laid out."""
    found = json.loads(text)
    nodes = [item for item in found["objects"] if "pos" in item]
    names = {item["_gvid"]: item["name"] for item in found["objects"]}
    edges = sorted((names[edge["tail"]], names[edge["head"]]) for edge in found.get("edges", ()))
    level = found.get("rankdir") in ("LR", "RL")
    places = {item["name"]: [float(part) for part in item["pos"].split(",")[:2]] for item in nodes}
    ranks: dict[int, list[str]] = {}
    for name in sorted(places, key=lambda name: places[name][0 if level else 1]):
        along = places[name][0 if level else 1]
        rank = next((key for key in ranks if abs(key - along) < 4), round(along))
        ranks.setdefault(rank, []).append(name)
    order = [sorted(row, key=lambda name: places[name][1 if level else 0]) for _, row in sorted(ranks.items())]
    return set(places), edges, order


@needs_dot
@pytest.mark.parametrize("path", LAID, ids=lambda path: path.stem)
def test_what_dot_lays_out_has_the_same_nodes_edges_ranks_and_order(path: Path) -> None:
    picture = netspec.load(path).net().render(view="blocks")
    assert picture.plan is not None
    for part in parts_of(picture.plan):
        names = {box.id: f"n{number}" for number, box in enumerate(part.boxes)}
        text = layout.plan_dot(part, names)
        one, two = laid(by_program(text, "json0")), laid(by_package(text, "json0"))
        assert one[0] == two[0]
        assert one[1] == two[1]
        # a part whose two sides weigh the same may come out as its own mirror image
        assert two[2] in (one[2], [rank[::-1] for rank in one[2]])


@needs_dot
@pytest.mark.parametrize("path", [*POST, *LAID], ids=lambda path: path.stem)
def test_dot_draws_alone(path: Path) -> None:
    assert DOT is not None
    text = netspec.load(path).net().render().dot()
    done = subprocess.run([DOT, "-Tsvg"], input=text.encode(), capture_output=True, timeout=60, check=True)
    assert b"</svg>" in done.stdout
    assert b"too small" not in done.stderr


@pytest.fixture
def without_graphviz(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layout, "_carried", lambda text: None)
    monkeypatch.setattr(layout, "_program", lambda text: None)


@pytest.mark.usefixtures("without_graphviz")
@pytest.mark.parametrize("lang", ["en", "ko"])
def test_without_any_graphviz_dot_is_written_and_the_message_names_what_helps(
    inside: Path, lang: str, capsys: pytest.CaptureFixture[str]
) -> None:
    spec = ROOT / "specs" / "zoo" / "resnet18.net"
    assert main(["render", str(spec), "--lang", lang]) == 5
    said = capsys.readouterr()
    assert "resnet18.dot" in said.out
    assert "NS720" in said.err
    assert "python -m pip install pygraphviz" in said.err
    assert (inside / "resnet18.dot").read_text(encoding="utf-8").startswith("digraph")
    assert not (inside / "resnet18.svg").exists()


@pytest.mark.usefixtures("without_graphviz")
def test_pinned_figures_need_no_graphviz(inside: Path) -> None:
    picture = netspec.load(ROOT / "specs" / "post" / "mlp.net").net().render()
    for form in ("svg", "png", "pdf", "dot"):
        assert picture.save(inside / f"mlp.{form}").stat().st_size > 1000
