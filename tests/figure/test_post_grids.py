"""F7 to F9: grids of units, where one unit leads, and a filter over a grid."""

from __future__ import annotations

import itertools

import pytest

from netspec.figure.scene import BOLD, HAIR, Node, Polygon, Scene
from tests.figure.drawn import (
    aims_at_middle,
    between,
    colour,
    even,
    into,
    label,
    near,
    of,
    out_of,
    post,
    said,
    same,
    texts,
)
from tests.figure.statements import holds

INKS = {"x": "#0000ff", "z": "#ff0000", "s": "#008000"}


def cells(scene: Scene, name: str) -> dict[tuple[str, str], Node]:
    """The units of a grid by row and column."""
    found = {}
    for node in scene.nodes:
        parts = node.id.split(".")
        if parts[0] == name and "unit" in node.classes and len(parts) == 3:
            found[parts[1], parts[2]] = node
    return found


def rows_of(grid: dict[tuple[str, str], Node]) -> list[list[Node]]:
    names = list(dict.fromkeys(row for row, _ in grid))
    return [[node for (row, _), node in grid.items() if row == name] for name in names]


def columns_of(grid: dict[tuple[str, str], Node]) -> list[list[Node]]:
    names = list(dict.fromkeys(column for _, column in grid))
    return [[node for (_, column), node in grid.items() if column == name] for name in names]


def grid(height: str, width: str) -> Scene:
    given = ", ".join(name for name in (height, width) if name.isalpha())
    return post("grid", ("h x w", f"{height} x {width}"), ("grid(h, w)", f"grid({given})" if given else "grid"))


# ---- F7


@holds("F7.1", "F7.2", "F7.3", "F7.4")
@pytest.mark.parametrize(
    ("height", "width"), [("h", "w"), ("5", "4"), ("28", "28"), ("1000", "2"), ("6", "w"), ("7", "5")]
)
def test_skewed_grids(height: str, width: str) -> None:
    scene = grid(height, width)
    grids = [cells(scene, name) for name in "xzs"]
    starts = [next(iter(each.values())) for each in grids]
    assert even(node.x for node in starts)
    assert same(node.y for node in starts)
    titles = texts(scene, "title")
    assert list(titles) == ["입력층", "은닉층", "출력층"]
    assert same(title.y for title in titles.values())
    for name, each, title in zip("xzs", grids, titles.values(), strict=True):
        # dots hide at least two rows or columns
        high, wide = (int(size) if size.isdigit() else 99 for size in (height, width))
        assert len(each) == (high if high <= 6 else 5) * (wide if wide <= 5 else 4)
        assert {colour(node) for node in each.values()} == {INKS[name]}
        assert {node.shape for node in each.values()} == {"ellipse"}
        assert all(1.3 < node.ry / node.rx < 1.8 for node in each.values())
        assert title.box.bottom < min(node.box.top for node in each.values())
        for row in rows_of(each):
            assert all(b.x - a.x > 0 > b.y - a.y for a, b in itertools.pairwise(row))
            assert same((b.y - a.y) / (b.x - a.x) for a, b in itertools.pairwise(row))
            assert even(node.x for node in row[:3])
        for column in columns_of(each):
            assert same(node.x for node in column)
            assert even(node.y for node in column[:3])
    assert len(scene.nodes) == 3 * len(grids[0])


@holds("F7.5", "F7.6")
@pytest.mark.parametrize(("height", "width"), [("h", "w"), ("28", "3"), ("4", "9")])
def test_dots_in_every_drawn_row_and_column(height: str, width: str) -> None:
    scene = grid(height, width)
    for name in "xzs":
        each = cells(scene, name)
        rows, columns = rows_of(each), columns_of(each)
        own = [dots for dots in scene.dots if dots.id.startswith(f"{name}.")]
        upright = [dots for dots in own if same(point.x for point in dots.points)]
        slanted = [dots for dots in own if dots not in upright]
        assert len(upright) == (len(columns) if height in ("h", "28") else 0)
        assert len(slanted) == (len(rows) if width in ("w", "9") else 0)
        for dots in upright:
            (column,) = [column for column in columns if near(column[0].x, dots.points[1].x)]
            assert column[2].box.bottom < dots.box.top
            assert dots.box.bottom < column[3].box.top
        for dots in slanted:
            a, _, c = dots.points
            assert c.x > a.x
            assert c.y < a.y
            (row,) = [row for row in rows if near((row[2].y + row[3].y) / 2, dots.points[1].y, 0.1)]
            assert row[2].box.right < dots.box.left
            assert dots.box.right < row[3].box.left


@holds("F7.7", "F7.8", "F7.9", "F7.10")
def test_labels_and_captions_of_grids() -> None:
    scene = grid("h", "w")
    each = cells(scene, "x")
    names = {key: label(scene, node) for key, node in each.items()}
    assert names["1", "1"].plain == "x_{11}"
    assert names["1", "w"].plain == "x_{1,w}"
    assert names["h", "1"].plain == "x_{h,1}"
    assert names["h-1", "1"].plain == "x_{h−1,1}"
    assert names["h-1", "3"].size < 0.85 * names["1", "1"].size
    assert not scene.wires
    assert not of(scene, "bias")
    formulas = [text for text in scene.texts if "formula" in text.classes]
    captions = texts(scene, "caption")
    assert [text.plain for text in formulas] == ["W^{h×w×h×w}"] * 2
    assert list(captions) == ["입력-은닉 가중치", "은닉-출력 가중치"]
    middles = [sum(node.x for node in cells(scene, name).values()) / 20 for name in "xzs"]
    for words, formula, one, two in zip(captions.values(), formulas, middles, middles[1:], strict=False):
        assert one < words.x < two
        assert near(words.x, formula.x)


# ---- F8


@holds("F8.1", "F8.2", "F8.3", "F8.4", "F8.5", "F8.6", "F8.7", "F8.8")
@pytest.mark.parametrize("size", ["h x w", "5 x 4", "2 x 3", "100 x 100"])
def test_fan_out_of_one_unit(size: str) -> None:
    scene = post("grid_fan_out", ("h x w", size), *([("grid(h, w)", "grid")] if size != "h x w" else []))
    (source,) = cells(scene, "x").values()
    target = cells(scene, "z")
    assert colour(source) == INKS["x"]
    name = label(scene, source)
    assert name.plain == "x_{11}"
    assert not name.inside
    assert name.box.top > source.box.bottom
    wires = out_of(scene, source)
    assert len(wires) == len(target) == len(scene.wires)
    assert {wire.target for wire in wires} == {node.id for node in target.values()}
    for wire in wires:
        end = next(node for node in target.values() if node.id == wire.target)
        assert wire.head
        assert near(wire.pen.width, HAIR)
        assert source.distance(wire.points[0]) < 0.01
        assert end.distance(wire.points[-1]) < 0.01
        assert aims_at_middle(end, wire)
    assert all(node.fill == "paper" for node in scene.nodes)
    ends = {end for wire in scene.wires for end in (wire.source, wire.target)}
    assert not ends & {dots.id for dots in scene.dots}
    assert near(source.y, target["1", "1"].y)
    assert not texts(scene, "title")
    assert not texts(scene, "caption")
    assert said(scene, target.values())[0] == "z_{11}"
    assert len([text for text in scene.texts if text.inside]) == len(target)


# ---- F9


def filtered(kernel: str, at: str = "[2, 2]", options: str = "pad = same") -> Scene:
    return post("filter", ("3x3", kernel), ("[2, 2]", at), ("pad = same", options))


def weights(scene: Scene) -> dict[tuple[int, int], Node]:
    return {(int(node.id.split(".")[2]), int(node.id.split(".")[3])): node for node in of(scene, "weight")}


def outlines(scene: Scene) -> tuple[Polygon, Polygon]:
    window, around = [item for item in scene if isinstance(item, Polygon) and "outline" in item.classes]
    return window, around


@holds("F9.1", "F9.2", "F9.3", "F9.4")
@pytest.mark.parametrize(("kernel", "at"), [("3x3", "[2, 2]"), ("3x3", "[3, 4]"), ("1x3", "[1, 2]"), ("5x5", "[3, 3]")])
def test_window_and_filter(kernel: str, at: str) -> None:
    scene = filtered(kernel, at)
    high, wide = (int(size) for size in kernel.split("x"))
    row, column = (int(number) for number in at[1:-1].split(", "))
    grid_ = cells(scene, "x")
    inside = {(str(row - high // 2 + r), str(column - wide // 2 + c)) for r in range(high) for c in range(wide)}
    assert {key for key, node in grid_.items() if near(node.pen.width, BOLD)} == inside
    assert {node.pen.width for key, node in grid_.items() if key not in inside} == {HAIR}
    window, around = outlines(scene)
    first = grid_[str(row - high // 2), str(column - wide // 2)]
    found = weights(scene)
    assert len(found) == high * wide
    assert found[1, 1].x > max(node.box.right for node in grid_.values())
    shift = found[1, 1].x - first.x
    for (r, c), node in found.items():
        read = grid_[str(row - high // 2 + r - 1), str(column - wide // 2 + c - 1)]
        assert near(node.x - read.x, shift)
        assert near(node.y, read.y)
        assert colour(node) == "#800000"
        assert label(scene, node).plain == f"w_{{{r}{c}}}"
        (wire,) = between(scene, [read], [node])
        assert same(point.y for point in wire.points)
        assert wire.pen.opacity == 0.5
        assert colour(wire) == "#000000"
        assert wire.head
    assert [near(b.x - a.x, shift) and near(a.y, b.y) for a, b in zip(window.points, around.points, strict=True)]
    for outline in (window, around):
        assert not outline.fill
        assert outline.pen is not None
        assert outline.pen.ink == "guide"
        a, b, c, d = outline.points
        assert near(a.x, d.x)
        assert near(b.x, c.x)
        assert near(a.y - b.y, d.y - c.y)
    order = [item.id for item in scene]
    assert order.index("x.1.w") > max(order.index(wire.id) for wire in scene.wires)


@holds("F9.5", "F9.6", "F9.7", "F9.8", "F9.10", "F9.11")
def test_sum_activation_and_the_unit_that_is_computed() -> None:
    scene = filtered("3x3")
    (total,), (box,) = of(scene, "sum"), of(scene, "activation")
    found = weights(scene)
    knees = {round(into_.points[1].x, 3) for into_ in into(scene, total) if len(into_.points) == 3}
    assert len(knees) == 1
    for node in found.values():
        (wire,) = between(scene, [node], [total])
        assert near(wire.points[0].y, wire.points[-2].y)
        assert aims_at_middle(total, wire)
        assert wire.pen.opacity == 0.5
        assert wire.head
    (name,) = [text for text in scene.texts if text.plain == "s"]
    assert total.box.right < name.x < box.box.left
    target = cells(scene, "z")
    bold = [node for node in target.values() if near(node.pen.width, BOLD)]
    assert bold == [target["2", "2"]]
    (last,) = between(scene, [box], bold)
    assert last.pen.opacity == 1
    assert near(last.points[-1].x, bold[0].box.left)
    assert same((total.y, box.y, bold[0].y, found[2, 2].y))
    ellipses = [node for node in scene.nodes if node.shape == "ellipse"]
    assert (len(ellipses), len(of(scene, "sum")), len(of(scene, "activation"))) == (49, 1, 1)
    assert len([wire for wire in scene.wires if wire.head]) == 20
    starts = {dots.id.split(".")[0] for dots in scene.dots if ".w." not in dots.id or dots.id.endswith(".w")}
    assert starts == {"x", "z"}
    assert {colour(node) for node in target.values()} == {"#ff0000"}
    left, right = min(node.x for node in found.values()), max(node.x for node in found.values())
    assert not [dots for dots in scene.dots if left - 5 < dots.points[1].x < right + 5]


@holds("F9.9")
@pytest.mark.parametrize("kernel", ["3x3", "5x5", "1x3"])
def test_words_around_the_filter(kernel: str) -> None:
    scene = filtered(kernel)
    _, around = outlines(scene)
    (total,), (box,) = of(scene, "sum"), of(scene, "activation")
    found = {text.plain: text for text in scene.texts if not text.inside}
    size, name = found[kernel.replace("x", " × ")], found["필터"]
    formula = found[f"W^{{{kernel.replace('x', '×')}}}"]
    assert size.box.bottom < name.box.top
    assert name.box.bottom < around.box.middle.y < formula.box.top
    assert formula.size > size.size
    products, sums, acts = found["가중치곱"], found["합"], found["활성함수"]
    source = max(node.box.right for node in cells(scene, "x").values())
    assert source < products.x < around.box.left
    assert around.box.right < sums.x < total.box.left
    assert box.box.right < acts.x < min(node.box.left for node in cells(scene, "z").values())
    assert same(text.y for text in (products, sums, acts))
