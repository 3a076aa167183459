"""Dots stand only where something is left out: each hides two units or steps at least."""

from __future__ import annotations

import re

import pytest

import netspec
from netspec.figure.scene import Scene
from netspec.figure.settings import Region
from netspec.figure.units.elided import Cells, Closing, Gap, Opening, Row, Unit, shown_cells
from tests.figure.drawn import draw, of

RNN = """net n {
  input x: 3 over T
  hidden z: x & z[t-1] -> 4 perceptrons -> tanh
  output y: ENDING
}

figure {
  view = unrolled
  table = true
  steps = STEPS
}
"""


def rnn(length: str, steps: int, last: str = "z -> 2 perceptrons") -> Scene:
    return draw(RNN.replace("over T\n", f"over {length}\n").replace("STEPS", str(steps)).replace("ENDING", last))


def cells(scene: Scene) -> list[str]:
    return [node.id.split("@")[1].split(".")[0] for node in of(scene, "pill", start="z@")]


def later(scene: Scene) -> bool:
    return any(dots.id.endswith("@later") for dots in scene.dots)


@pytest.mark.parametrize(
    ("length", "steps", "drawn", "dots"),
    [
        ("4", 4, "1 2 3 4", False),
        ("3", 3, "1 2 3", False),
        ("4", 3, "1 2 3 4", False),
        ("5", 3, "1 2 3", True),
        ("2", 5, "1 2", False),
    ],
)
def test_dots_after_the_steps_only_if_steps_follow(length: str, steps: int, drawn: str, dots: bool) -> None:
    scene = rnn(length, steps)
    assert cells(scene) == drawn.split()
    assert later(scene) == dots
    # the last step's state leads on only where there is a step to lead to
    assert bool([wire for wire in scene.wires if "delayed" in wire.classes and not wire.target]) == dots


@pytest.mark.parametrize(
    ("length", "steps", "drawn", "dots"),
    [("3", 2, "1 2 3", False), ("4", 2, "1 2 3 4", False), ("3", 3, "1 2 3", False), ("5", 2, "1 2 5", True)],
)
def test_dots_before_the_last_step_only_if_steps_lie_between(length: str, steps: int, drawn: str, dots: bool) -> None:
    scene = rnn(length, steps, "z -> last -> 2 perceptrons")
    assert cells(scene) == drawn.split()
    assert later(scene) == dots
    whole = [wire for wire in scene.wires if "delayed" in wire.classes and wire.source and wire.target]
    assert len(whole) == len(drawn.split()) - (2 if dots else 1)
    assert len(of(scene, "pill", start="y@")) == 1


@pytest.mark.parametrize("length", [6, 7, 8, 20])
def test_the_table_of_the_sequence_lists_all_steps_while_there_is_room(length: int) -> None:
    rows = [node.id for node in of(rnn(str(length), 2), "row")]
    gaps = sum("gap" in name for name in rows)
    assert (len(rows), gaps) == ((length, 0) if length <= 7 else (7, 2))


# ---- units


@pytest.mark.parametrize("size", range(1, 12))
@pytest.mark.parametrize("most", [1, 2, 3, 6])
def test_a_column_hides_two_units_at_least(size: int, most: int) -> None:
    scene = draw(f"net n {{\n  input x: {size}\n  output y: 1 perceptron\n}}", view="neurons", max_units=most)
    drawn = [node for node in of(scene, "unit", start="x.") if "bias" not in node.classes]
    dots = [item for item in scene.dots if item.id.startswith("x.")]
    assert len(drawn) + sum(int(item.hidden) for item in dots) == size
    assert all(int(item.hidden) >= 2 for item in dots)


@pytest.mark.parametrize(
    ("size", "show", "names"),
    [
        (4, "1, 2, .., 4", "1 2 3 4"),
        (3, "1, 2, .., 3", "1 2 3"),
        (9, "1, 2, .., 5, 6, .., 9", "1 2 .. 5 6 .. 9"),
        (9, "1, .., j, .., 9", "1 .. j .. 9"),
        (5, "1, 2, .., j, .., 5", "1 2 3 4 5"),
        (9, "1, .., 8, ..", "1 .. 8 9"),
        (9, "2, .., 9", ".. 2 .. 9"),
        (5, "1, 3, 4", "1 .. 3 4 .."),
        (3, "1, 3", "1 .. 3"),
        (9, "3, j", ".. 3 j"),
    ],
)
def test_a_list_shows_dots_for_what_it_leaves_out_and_its_own_dots_hide_two_units(
    size: int, show: str, names: str
) -> None:
    text = f"net n {{\n  input x: {size}\n  output y: 1 perceptron\n}}\n\nfigure {{\n  x.show = [{show}]\n}}\n"
    scene = draw(text, view="neurons")
    items = [node for node in of(scene, "unit", start="x.") if "bias" not in node.classes]
    both = [(node.y, node.id.split(".")[1]) for node in items]
    both += [(item.points[1].y, "..") for item in scene.dots if item.id.startswith("x.")]
    assert " ".join(name for _, name in sorted(both)) == names


@pytest.mark.parametrize("side", [(5, 4), (6, 5), (7, 6), (6, 9), (9, 5)])
def test_a_grid_hides_two_rows_and_two_columns_at_least(side: tuple[int, int]) -> None:
    high, wide = side
    scene = draw(f"net n {{\n  input x: {high}x{wide}\n  output y: 1 perceptron\n}}", view="grid")
    names = [re.fullmatch(r"x\.(\w+)\.(\w+)", node.id) for node in of(scene, "unit", start="x.")]
    rows, columns = ({found[part] for found in names if found} for part in (1, 2))
    assert len(rows) == (high if high <= 6 else 5)
    assert len(columns) == (wide if wide <= 5 else 4)
    assert all(int(item.hidden) >= 2 for item in scene.dots if item.id.startswith("x."))


@pytest.mark.parametrize("first", range(1, 9))
@pytest.mark.parametrize("last", range(2, 12))
@pytest.mark.parametrize("size", [9, 12])
def test_named_regions_hide_two_values_at_least(first: int, last: int, size: int) -> None:
    if not first <= last <= size:
        return
    for cells_, region in (
        (Row(size), Region("r", units=(first, last))),
        (Cells(1, size, 2), Region("r", rows=(first, last))),
        (Cells(3, 2, size), Region("r", cols=(first, last))),
    ):
        found = shown_cells(cells_, (region,), 6)
        drawn = [entry.name for entry in found if isinstance(entry, Unit)]
        hidden = [int(entry.hidden) for entry in found if isinstance(entry, Gap)]
        assert len(set(drawn)) == len(drawn)
        assert len(drawn) + sum(hidden) == cells_.count
        assert all(count >= 2 for count in hidden)
        framed = found[found.index(Opening("r", "box1")) + 1 : found.index(Closing())]
        own = {cells_.unit(position).name for position in cells_.positions(region)}
        assert {entry.name for entry in framed if isinstance(entry, Unit)} == own & set(drawn)


def test_a_lenet_keeps_its_dots_where_maps_are_left_out() -> None:
    net = netspec.parse("net n {\n  input x: 17@8x8\n  output y: 2 perceptrons\n}").net()
    assert len(net.render(view="planes").scene.dots) == 1


@pytest.mark.parametrize(
    ("view", "sizes", "lines"),
    [
        ("neurons", (8, 5, 2, 5, 8), ("8", "5 perceptrons", "2 perceptrons", "5 perceptrons", "8 perceptrons")),
        ("neurons", (64, 6, 7, 9), ("1@8x8", "6 perceptrons", "7 perceptrons", "9 perceptrons")),
        ("perceptron", (9, 5, 1), ("9", "5 perceptrons", "1 perceptron")),
        ("grid", (81, 25, 16, 12), ("1@9x9", "1 filter 5x5", "1 filter 2x2", "12 perceptrons")),
        ("planes", (3, 16, 17, 64, 20), ("3@32x32", *(f"{count} filters 3x3" for count in (16, 17, 64, 20)))),
    ],
)
def test_a_larger_layer_never_shows_fewer_units(view: str, sizes: tuple[int, ...], lines: tuple[str, ...]) -> None:
    first, *rest, last = lines
    hidden = [f"hidden x{number}: {line}" for number, line in enumerate(rest, 1)]
    lines = (f"input x0: {first}", *hidden, f"output x{len(rest) + 1}: {last}")
    text = "\n  ".join(("net n {", *lines)) + "\n}\n"
    scene = draw(text, view=view)
    drawn = [size - int(scene.hidden.get(f"x{number}", "0")) for number, size in enumerate(sizes)]
    for size, count in zip(sizes, drawn, strict=True):
        assert count == max(c for s, c in zip(sizes, drawn, strict=True) if s <= size), drawn
        assert size - count != 1, "dots that hide one unit"


def test_columns_of_known_sizes_stand_in_the_middle_of_longer_ones() -> None:
    """A net that narrows looks so; layers whose sizes are letters begin at one height."""
    lists = "".join(f"  {name}.show = [{units}]\n" for name, units in
                    (("x", "1, 2, 3, 4, .., 64"), ("h", "1, 2, .., 32"), ("y", "1, .., 8")))  # fmt: skip
    text = "net n {\n  input x: 64\n  hidden h: 32 perceptrons\n  output y: 8 perceptrons\n}\nfigure {\n  bias = none\n"
    scene = draw(text + "  view = neurons\n" + lists + "}\n")
    middles = [(max(at) + min(at)) / 2 for name in "xhy" for at in [[node.y for node in of(scene, "unit", start=name)]]]
    assert middles == pytest.approx([middles[0]] * 3)


def test_titles_are_not_broken_to_make_a_figure_narrower_than_its_page() -> None:
    units = ", ".join(map(str, range(1, 16)))
    net = 'net n {\n  input x: 784 "input layer"\n  output h: 15 perceptrons "hidden layer"\n}\n'
    scene = draw(f"{net}figure {{\n  view = neurons\n  h.show = [{units}]\n}}\n", width="85mm")
    assert {"input layer", "hidden layer"} <= {text.plain for text in scene.texts}
