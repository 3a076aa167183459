"""The planes view is true: sizes keep their order, windows stand on cells, cones end at the value they belong to."""

from __future__ import annotations

import itertools

import pytest

import netspec
from netspec.figure.scene import Node, Polygon, Rect, Scene, Wire
from tests.conftest import ROOT
from tests.figure.drawn import draw, near, of


def drawn(*lines: str) -> Scene:
    return (
        netspec.parse("net n {\n" + "\n".join(f"  {line}" for line in lines) + "\n}").net().render(view="planes").scene
    )


def front(scene: Scene, name: str) -> Node:
    return of(scene, "map", start=f"{name}.")[-1]


def window(scene: Scene, name: str) -> Rect:
    found = scene.find(f"{name}.window")
    assert isinstance(found, Polygon)
    return found.box


def cells(part: Rect, map_: Rect, rows: int, columns: int) -> tuple[float, float, float, float]:
    """The first and the last edge of a rectangle, counted in rows and in columns of a map."""
    high, wide = map_.height / rows, map_.width / columns
    top, bottom = ((y - map_.top) / high for y in (part.top, part.bottom))
    left, right = ((x - map_.left) / wide for x in (part.left, part.right))
    return top, bottom, left, right


def cone(scene: Scene, name: str) -> list[Wire]:
    return [wire for wire in scene.wires if wire.id.startswith(f"{name}.cone.")]


LINES = """
net n {
  input  x: 3@64x64
  hidden a: 8 filters 3x3 -> maxpool(2x2) -> 16 filters 5x5 (groups = 8) -> maxpool(2x2)
  hidden b: 16 filters 3x3 (transposed = true) -> maxpool(3x3) "a caption"
  hidden c: 30 perceptrons -> relu -> 20 perceptrons
  output y: 10 perceptrons
}
"""


def test_words_below_planes_have_one_baseline_and_one_way_of_saying() -> None:
    net = netspec.parse(LINES).net()
    for width in (None, "page"):
        scene = net.render(view="planes", width=width).scene
        said = [text for text in scene.texts if text.id.endswith(".does")]
        assert [text.plain.replace("\n", " ") for text in said] == [
            "convolution 3×3", "max pooling 2×2", "convolution 5×5", "max pooling 2×2",
            "a caption", "max pooling 3×3", "full connection", "full connection", "full connection",
        ]  # fmt: skip
        rows = 1 + sum("carry" in wire.classes for wire in scene.wires)
        assert len({round(text.y, 3) for text in said}) == rows
        for one, other in itertools.combinations(said, 2):
            assert not one.box.overlaps(other.box)
        (notes,) = [text.plain for text in scene.texts if "notes" in text.classes]
        # names stand below the planes; of `b`, the caption replaces that of its filters
        said_below = "not shown: 16 filters 3×3 (b before max pooling); relu (c after 30 perceptrons)"
        assert notes.replace("\n", " ") == said_below


def test_rows_of_planes_are_about_equally_long() -> None:
    scene = netspec.load(ROOT / "specs/post/lenet.net").net().render(width="page").scene
    carried = [wire for wire in scene.wires if "carry" in wire.classes]
    ends = [max(point.x for point in wire.points) for wire in carried]
    ends.append(max(item.box.right for item in scene if item.layer == "OUTPUT"))
    assert len(ends) == 2
    assert min(ends) > 0.85 * max(ends)


@pytest.mark.parametrize("side", [32, 64, 227, 1024])
def test_a_larger_map_is_drawn_larger(side: int) -> None:
    sizes = [side // 2**halved for halved in range(side.bit_length())]
    scene = drawn(
        f"input x: 1@{side}x{side}", *(f"hidden h{k}: maxpool(2x2)" for k in range(1, len(sizes))), "output y: relu"
    )
    sides = [front(scene, name).box.width for name in ("x", *(f"h{k}" for k in range(1, len(sizes))))]
    for (larger, smaller), (wide, narrow) in zip(itertools.pairwise(sizes), itertools.pairwise(sides), strict=True):
        # never equal, never more than to scale
        assert 1.1 < wide / narrow <= larger / smaller * 1.001
    assert min(sides) > 0.8


def test_bars_tell_their_numbers_apart() -> None:
    scene = drawn("input x: 10", "hidden a: 120 perceptrons", "hidden b: 1000 perceptrons", "output y: 2 perceptrons")
    y, x, a, b = (scene.find(name).box.height for name in ("y", "x", "a", "b"))
    assert b > 1.15 * a > 1.15**3 * x
    assert x > 1.15 * y


@pytest.mark.parametrize(
    ("step", "side", "kernel", "stride", "pad", "out"),
    [
        ("maxpool(2x2)", 28, 2, 2, 0, 14),
        ("maxpool(3x3, stride = 2)", 27, 3, 2, 0, 13),
        ("4 filters 5x5", 14, 5, 1, 0, 10),
        ("4 filters 11x11 (stride = 4)", 227, 11, 4, 0, 55),
        ("4 filters 3x3 (pad = same)", 13, 3, 1, 1, 13),
        ("4 filters 3x3 (dilation = 2)", 20, 5, 1, 0, 16),
        ("avgpool(to = 4x4)", 16, 4, 4, 0, 4),
    ],
)
def test_a_window_covers_cells_and_its_cone_ends_at_their_value(
    step: str, side: int, kernel: int, stride: int, pad: int, out: int
) -> None:
    scene = drawn(f"input x: 3@{side}x{side}", f"hidden h: {step}", "output y: 2 perceptrons")
    top, bottom, left, right = cells(window(scene, "h"), front(scene, "x").box, side, side)
    for first, last in ((top, bottom), (left, right)):
        assert near(first, round(first), 1e-6)
        assert near(last - first, kernel, 1e-6)
        assert (round(first) + pad) % stride == 0
    lines = cone(scene, "h")
    assert [line.points[0] for line in lines] == list(scene.find("h.window").points)
    (tip,) = {line.points[1] for line in lines}
    row, _, column, _ = cells(Rect(*tip, *tip), front(scene, "h").box, out, out)
    assert near(row, (round(top) + pad) // stride + 0.5, 1e-6)
    assert near(column, (round(left) + pad) // stride + 0.5, 1e-6)


@pytest.mark.parametrize(
    ("step", "side", "kernel", "stride", "pad", "out"),
    [
        ("4 filters 4x4 (transposed = true, stride = 2, pad = 1)", 8, 4, 2, 1, 16),
        ("4 filters 4x4 (transposed = true)", 1, 4, 1, 0, 4),
        ("upsample(3)", 5, 3, 3, 0, 15),
    ],
)
def test_a_transposed_filter_leads_from_one_value_to_its_window(
    step: str, side: int, kernel: int, stride: int, pad: int, out: int
) -> None:
    scene = drawn(f"input x: 3@{side}x{side}", f"hidden h: {step}", "output y: 2 perceptrons")
    top, bottom, left, right = cells(window(scene, "h"), front(scene, "h").box, out, out)
    assert near(bottom - top, kernel, 1e-6)
    assert near(right - left, kernel, 1e-6)
    lines = cone(scene, "h")
    assert [line.points[1] for line in lines] == list(scene.find("h.window").points)
    (tip,) = {line.points[0] for line in lines}
    row, _, column, _ = cells(Rect(*tip, *tip), front(scene, "x").box, side, side)
    assert near((row - 0.5) * stride - pad, top, 1e-6)
    assert near((column - 0.5) * stride - pad, left, 1e-6)


def test_a_window_larger_than_its_map_ends_at_the_edge() -> None:
    scene = drawn("input x: 2@3x3", "hidden h: 4 filters 5x5 (pad = 2)", "output y: 2 perceptrons")
    assert cells(window(scene, "h"), front(scene, "x").box, 3, 3) == pytest.approx((0, 3, 0, 3))


def test_maps_with_one_axis_have_windows_as_high_as_the_map() -> None:
    scene = drawn("input x: 2@24", "hidden h: 4 filters 5 (stride = 2)", "output y: 2 perceptrons")
    top, bottom, left, right = cells(window(scene, "h"), front(scene, "x").box, 1, 24)
    assert (top, bottom) == pytest.approx((0, 1))
    assert near(right - left, 5, 1e-6)
    assert round(left) % 2 == 0


def test_a_vector_that_becomes_maps_is_drawn_as_maps() -> None:
    scene = drawn(
        "input x: 10",
        "hidden h: 48 perceptrons -> reshape(3@4x4) -> relu",
        "output y: 1 filter 4x4 (transposed = true, stride = 4)",
    )
    assert scene.find("h.title").plain == "48"
    assert scene.find("h.2.title").plain.split("\n")[-1] == "3@4×4"
    assert len(of(scene, "map", start="h.2.")) == 3


def test_steps_without_windows_have_no_cone() -> None:
    scene = drawn("input x: 2@8x8", "hidden h: upsample(2, mode = linear)", "output y: 2 perceptrons")
    assert not cone(scene, "h")
    assert scene.find("h.upper").points[0] == (
        of(scene, "map", start="x.")[0].box.right,
        of(scene, "map", start="x.")[0].box.top,
    )


def test_a_caption_that_names_the_values_stands_above_them_alone() -> None:
    """`C1: edges` is no word for what computes C1, so that netspec's own words for that stay below."""
    text = (
        'net n {\n  input x: 1@9x9 "INPUT"\n  hidden C1: 2 filters 3x3 "C1: edges"\n'
        '  hidden C2: 2 filters 3x3 "Convolution"\n  output y: 3 perceptrons "OUTPUT"\n}\n'
    )
    scene = draw(text, view="planes")
    said = [text.plain for text in scene.texts]
    assert said.count("C1: edges\n2@7×7") == 1
    assert said.count("OUTPUT\n3") == 1
    assert not {"C1: edges", "OUTPUT"} & set(said)
    assert {"convolution\n3×3", "Convolution", "full\nconnection"} <= set(said)
    assert not any("filters" in one for one in said if one.startswith("not shown") and "C1" in one)
