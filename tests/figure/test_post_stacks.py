"""F10, F12, F14: maps as stacks, the cells of an unrolled recurrence, sheets of learned filters."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

import netspec
from netspec.figure.scene import BOLD, Image, Node, Polygon, Scene, Wire
from netspec.figure.themes import THEMES
from tests.figure.drawn import between, colour, dots_at, even, near, of, post, rising, said, same, spec_text, texts
from tests.figure.statements import holds

# ---- F10


def stack(scene: Scene, name: str) -> list[Node]:
    return of(scene, "map", start=f"{name}.")


def fills(nodes: list[Node]) -> list[str]:
    return [THEMES["classic"].colour(node.fill) for node in nodes]


def title(scene: Scene, name: str) -> list[str]:
    found = scene.find(f"{name}.title")
    return found.plain.split("\n")


@holds("F10.1", "F10.2", "F10.3", "F10.4", "F10.5", "F10.12", "F10.13")
def test_stacks_of_lenet() -> None:
    scene = post("lenet")
    (image,) = stack(scene, "x")
    assert fills([image]) == ["#c3c3c3"]
    letter = scene.find("x.letter")
    assert letter.plain == "A"
    assert letter.inside == image.id
    assert [len(stack(scene, name)) for name in ("C1", "S2", "C3", "S4")] == [6, 6, 16, 16]
    for name in ("C1", "S2", "C3", "S4"):
        nodes = stack(scene, name)
        assert same(node.rx / node.ry for node in nodes)
        assert even(node.x for node in nodes)
        assert even(node.y for node in nodes)
        assert nodes[1].x > nodes[0].x
        assert nodes[1].y > nodes[0].y
        assert fills(nodes) == ["#c3c3c3", "#808080"] * (len(nodes) // 2)
        order = [item.id for item in scene]
        assert rising(order.index(node.id) for node in nodes)
    assert title(scene, "x") == ["INPUT", "32×32"]
    assert title(scene, "C1") == ["C1: feature maps", "6@28×28"]
    assert title(scene, "S2")[1] == "6@14×14"
    assert title(scene, "C3")[1] == "16@10×10"
    assert title(scene, "S4")[1] == "16@5×5"
    inks = {colour(node) for node in scene.nodes} | {colour(wire) for wire in scene.wires}
    assert inks | set(fills(scene.nodes)) <= {"#c3c3c3", "#808080", "#000000"}


@holds("F10.6")
@pytest.mark.parametrize(("side", "maps"), [("32x32", 6), ("64x64", 12), ("48x32", 3)])
def test_squares_are_as_large_as_their_maps(side: str, maps: int) -> None:
    links = ",\n".join(f'    "{"X" * 16}"' for _ in range(maps))
    table = re.search(r"let links = \[(.*?)\]", spec_text("lenet"), re.DOTALL)
    assert table is not None
    scene = post("lenet", (table[1], f"\n{links}\n  "), ("32x32", side), ("C1: 6 filters", f"C1: {maps} filters"))
    high, wide = (int(size) for size in side.split("x"))
    sizes = {"x": (high, wide), "C1": (high - 4, wide - 4), "S2": ((high - 4) // 2, (wide - 4) // 2)}
    scales = []
    for name, (rows, columns) in sizes.items():
        nodes = stack(scene, name)
        assert len(nodes) == (1 if name == "x" else maps)
        scales += [nodes[0].ry / rows, nodes[0].rx / columns]
    assert same(scales, 0.005)


@holds("F10.7", "F10.9")
def test_layers_without_space_are_slanted_bars() -> None:
    scene = post("lenet")
    bars = {item.id: item for item in scene if isinstance(item, Polygon) and "bar" in item.classes}
    assert list(bars) == ["C5", "F6", "OUTPUT"]
    for bar in bars.values():
        a, b, c, d = bar.points
        assert near(a.y, b.y)
        assert near(c.y, d.y)
        assert near(b.x - a.x, c.x - d.x)
        assert d.x > a.x
        assert THEMES["classic"].colour(bar.fill) == "#808080"
    lengths = [bar.box.height for bar in bars.values()]
    assert lengths == sorted(lengths, reverse=True)
    assert lengths[2] / lengths[0] > 0.6
    assert [title(scene, name)[1] for name in bars] == ["120", "84", "10"]
    assert [title(scene, name)[0] for name in bars] == ["C5: layer", "F6: layer", "OUTPUT"]
    for name, before in (("F6", "C5"), ("OUTPUT", "F6")):
        upper, lower = scene.find(f"{name}.upper"), scene.find(f"{name}.lower")
        assert isinstance(upper, Wire)
        assert isinstance(lower, Wire)
        assert upper.points == (bars[before].points[1], bars[name].points[0])
        assert lower.points == (bars[before].points[2], bars[name].points[3])
    last = stack(scene, "S4")
    links = [scene.find(f"C5.{name}").points for name in ("upper", "lower")]
    assert links[0][0] == (last[0].box.right, last[0].box.top)
    assert links[1][0] == (last[-1].box.right, last[-1].box.bottom)
    assert [end for _, end in links] == [bars["C5"].points[0], bars["C5"].points[3]]


@holds("F10.8")
def test_receptive_fields_are_cones() -> None:
    scene = post("lenet")
    windows = {item.id.split(".")[0]: item for item in scene if isinstance(item, Polygon) and "window" in item.classes}
    assert list(windows) == ["C1", "S2", "C3", "S4"]
    for (name, window), before in zip(windows.items(), ("x", "C1", "S2", "C3"), strict=True):
        front, target = stack(scene, before)[-1], stack(scene, name)[-1]
        assert front.box.left <= window.box.left
        assert window.box.right <= front.box.right
        assert not window.fill
        lines = [wire for wire in scene.wires if wire.id.startswith(f"{name}.cone.")]
        assert [line.points[0] for line in lines] == list(window.points)
        tips = {line.points[-1] for line in lines}
        assert len(tips) == 1
        (tip,) = tips
        assert target.box.left < tip.x < target.box.right
        assert target.box.top < tip.y < target.box.bottom
    sides = {
        name: window.box.width / stack(scene, before)[-1].box.width
        for (name, window), before in zip(windows.items(), ("x", "C1", "S2", "C3"), strict=True)
    }
    assert near(sides["C1"], 5 / 32)
    assert near(sides["C3"], 5 / 14)


@holds("F10.10", "F10.11")
def test_operations_stand_below_their_gaps() -> None:
    scene = post("lenet")
    names = [text for text in scene.texts if text.id.endswith(".does")]
    assert [text.plain for text in names] == [
        "Convolutions", "Subsampling", "Convolutions", "Subsampling", "Full connection", "Full connection",
        "Gaussian connections",
    ]  # fmt: skip
    assert rising(text.x for text in names)
    for text in names:
        tick = scene.find(text.id.replace(".does", ".tick"))
        assert isinstance(tick, Wire)
        assert near(tick.points[0].x, text.x)
        assert near(tick.points[1].x, text.x)
        assert tick.points[0].y < tick.points[1].y < text.box.bottom
        assert not tick.head
    labels = [text for text in scene.texts if "title" in text.classes]
    assert same(text.size for text in labels)
    assert 1 < names[0].size / labels[0].size < 1.2
    assert {atom.style for text in (*names, *labels) for line in text.lines for atom in line} == {"sans"}


# ---- F12


def pill(scene: Scene, name: str, step: str) -> Node:
    found = scene.find(f"{name}@{step}.pill")
    assert isinstance(found, Node)
    return found


@holds("F12.1")
def test_table_of_the_sequence() -> None:
    scene = post("rnn_unrolled")
    rows = of(scene, "row")
    assert len(rows) == 7
    assert even(row.y for row in rows)
    assert same(row.x for row in rows)
    assert {row.pen.width for row in rows} == {BOLD}
    captions = texts(scene, "caption")
    assert {"시점", "입력 시퀀스"} <= set(captions)
    assert captions["입력 시퀀스"].box.bottom < rows[0].box.top
    dotted = [row for row in rows if dots_at(scene, x=row.x, y=None) and "gap" in row.id]
    assert [rows.index(row) for row in dotted] == [3, 5]
    told = [row for row in rows if row not in dotted]
    assert said(scene, told) == [f"(x_1^({t}), x_2^({t}), ..., x_d^({t}))" for t in "123tT"]
    for row, name in zip(told, "123tT", strict=True):
        assert captions[name].box.right < row.box.left
        assert captions[name].box.top < row.y < captions[name].box.bottom


@holds("F12.2", "F12.3", "F12.4", "F12.5", "F12.8", "F12.9", "F12.10")
@pytest.mark.parametrize("steps", [3, 1, 2, 5])
def test_cells_repeat(steps: int) -> None:
    scene = post("rnn_unrolled", ("  view = unrolled", f"  steps = {steps}\n  view = unrolled"))
    names = [str(step) for step in range(1, steps + 1)]
    captions = texts(scene, "caption")
    assert [name for name in captions if name.startswith("시점 ")] == [f"시점 {name}" for name in names]
    assert even(pill(scene, "z", name).x for name in names)
    for name in names:
        s, z, x = (pill(scene, each, name) for each in "szx")
        assert same((s.x, z.x, x.x, captions[f"시점 {name}"].x))
        assert even((s.y, z.y, x.y))
        assert s.y < z.y < x.y < captions[f"시점 {name}"].box.top
        assert s.rx < z.rx
        assert near(z.rx, x.rx)
        assert [colour(each) for each in (s, z, x)] == ["#008000", "#ff0000", "#0000ff"]
        assert {each.pen.opacity for each in (s, z, x)} == {0.5}
        for each, labels in ((s, "s_1 s_2 s_K"), (z, "+1 z_1 z_2 z_j z_H"), (x, "+1 x_1 x_2 x_i x_d")):
            inside = [n for n in of(scene, "unit") if near(n.y, each.y) and each.box.left < n.x < each.box.right]
            wanted = [word if word == "+1" else f"{word}^({name})" for word in labels.split()]
            assert said(scene, inside) == wanted
            assert all(each.box.left < n.box.left and n.box.right < each.box.right for n in inside)
            assert len([d for d in dots_at(scene, y=each.y) if each.box.left < d.box.left < each.box.right]) == (
                1 if each is s else 2
            )
    units = {node.id for node in of(scene, "unit")}
    assert not [wire for wire in scene.wires if wire.source in units or wire.target in units]
    right = max(node.box.right for node in scene.nodes)
    later = [dots for dots in scene.dots if dots.box.left > right]
    assert sorted(dots.points[0].y for dots in later) == sorted(pill(scene, each, "1").y for each in "szx")


@holds("F12.6", "F12.7")
def test_thick_arrows_between_pills() -> None:
    scene = post("rnn_unrolled")
    for step in "123":
        s, z, x = (pill(scene, each, step) for each in "szx")
        for low, high in ((x, z), (z, s)):
            (wire,) = between(scene, [low], [high])
            assert colour(wire) == "#000000"
            assert wire.points == ((low.x, low.box.top), (high.x, high.box.bottom))
            assert wire.pen.width > BOLD
    red = [wire for wire in scene.wires if colour(wire) == "#ff0000"]
    assert len(red) == 3
    for step, wire in zip("123", red, strict=True):
        source = pill(scene, "z", step)
        assert wire.points[0] == (source.box.right, source.y)
        assert wire.head
        assert wire.target == (f"z@{int(step) + 1}.pill" if step != "3" else "")
    assert same(wire.pen.width for wire in scene.wires)


# ---- F14


@holds("F14.1", "F14.2", "F14.3", "F14.4")
@pytest.mark.parametrize(("first", "second", "kernel"), [(20, 30, 5), (4, 64, 3)])
def test_strip_of_learned_filters(first: int, second: int, kernel: int) -> None:
    text = spec_text("filters", ("20 filters 5x5", f"{first} filters {kernel}x{kernel}"),
                     ("30 filters 5x5", f"{second} filters {kernel}x{kernel}"))  # fmt: skip
    net = netspec.parse(text).net()
    random = np.random.default_rng(0)
    arrays = {each.key: random.normal(size=each.weight.shape).astype(np.float32) for each in net.graph.stored}
    scene = net.render(weights=arrays).scene
    boxes = [node for node in scene.nodes if node.shape == "box"]
    assert len(boxes) == 4
    assert same(node.y for node in boxes)
    assert {colour(node) for node in boxes[1:]} == {"#ff0000"}
    for before, after in itertools.pairwise(boxes):
        (wire,) = between(scene, [before], [after])
        assert colour(wire) == "#0000ff"
    tiles = [item for item in scene if isinstance(item, Image)]
    assert len(tiles) == min(first, 30) + min(second, 30)
    for box, count in zip(boxes[1:3], (first, second), strict=True):
        own = [tile for tile in tiles if tile.layer == box.layer]
        assert len(own) == min(count, 30)
        assert {len(tile.rows) for tile in own} == {kernel}
        assert len({tile.x for tile in own}) == min(5, count)
        assert min(tile.y for tile in own) > box.box.bottom
        (up,) = [wire for wire in scene.wires if wire.target == box.id and not wire.source]
        assert up.points[0].y > up.points[-1].y
        assert THEMES["classic"].colour(up.pen.ink).startswith("#00")
    assert texts(scene, "caption")["컨볼루션 신경망이 학습한 필터"].box.top > max(tile.box.bottom for tile in tiles)
