"""The `cells` view: its numbers are those of the net, and the sum below says how one of them comes about."""

from __future__ import annotations

import re
from collections import Counter

import pytest

import netspec
from netspec.figure.scene import Scene

IMAGE = "1,1,1,0,0, 0,1,1,1,0, 0,0,1,1,1, 0,0,1,1,0, 0,1,1,0,0"
CROSS = "[[1, 0, 1], [0, 1, 0], [1, 0, 1]]"


def drawn(lines: str, settings: str = "", sizes: str = "", **more: object) -> Scene:
    text = f"net n{sizes} {{\n{lines}\n}}\n\nfigure {{\n  view = cells\n{settings}\n}}\n"
    return netspec.parse(text).net().render(**more).scene  # type: ignore[arg-type]


def said(scene: Scene, start: str) -> list[str]:
    """What the cells say whose ids begin so, row by row."""
    return [text.plain for text in scene.texts if text.inside.startswith(start)]


def worked(scene: Scene) -> str:
    return next(text.plain for text in scene.texts if text.id == "y.worked")


def shaded(scene: Scene, start: str) -> list[str]:
    return [node.id for node in scene.nodes if node.id.startswith(start) and node.fill != "paper"]


def test_a_convolution_is_worked_out() -> None:
    scene = drawn(
        f"  input x: 1@5x5\n  output y: 1 filter 3x3 (bias = false, weights = [{CROSS}])", f'  input = "{IMAGE}"'
    )
    assert said(scene, "x.") == IMAGE.replace(" ", "").split(",")
    assert said(scene, "y.w.1.") == "1 0 1 0 1 0 1 0 1".split()
    assert [text for text in said(scene, "y.") if text] == [*"101010101", *"434243234"]
    assert worked(scene).replace("\n", "") == "1×1 + 1×0 + 1×1 + 0×0 + 1×1 + 1×0 + 0×1 + 0×0 + 1×1 = 4"
    assert shaded(scene, "x.") == [f"x.{row}.{column}" for row in (1, 2, 3) for column in (1, 2, 3)]
    assert [name for name in shaded(scene, "y.") if ".w." not in name] == ["y.1.1"]


@pytest.mark.parametrize(
    ("size", "kernel", "given"), [("1@3x3", "2x2", "[[0, 1], [2, 3]]"), ("1@6", "4", "0, 1, 2, 3")]
)
def test_weights_that_the_spec_gives_stand_in_the_circles_of_a_filter(size: str, kernel: str, given: str) -> None:
    scene = drawn(
        f"  input x: {size}\n  output y: 1 filter {kernel} (bias = false, weights = [[{given}]])", view="filter"
    )
    assert said(scene, "y.w.") == ["0", "1", "2", "3"]
    assert not [text.plain for text in scene.texts if text.id == "notes" and "given" in text.plain]


def test_padding_stride_and_bias_are_seen() -> None:
    weights = "weights = [[1, 0, 1, 2, 3]]"
    scene = drawn(
        f"  input x: 1@3x3\n  output y: 1 filter 2x2 (pad = 1, stride = 2, {weights}) -> relu",
        '  y.at = [1, 2]\n  input = "0,1,2,3,4,5,6,7,-8"',
    )
    assert len([node for node in scene.nodes if "padding" in node.classes]) == 16
    assert worked(scene) == "0×0 + 0×1 + 1×2 + 2×3 + 1 = 9\nReLU(9) = 9"
    assert [text for text in said(scene, "y.") if text] == ["0", "1", "2", "3", "1", "1", "9", "22", "0"]
    assert any(text.plain.replace("\n", " ") == "filter 2×2 stride 2" for text in scene.texts)
    assert "notes" not in {text.id for text in scene.texts}


def test_channels_are_summed_each_with_its_slice_of_the_filter() -> None:
    weights = "weights = [[[[0, 1], [2, 3]], [[1, 2], [3, 4]]]]"
    scene = drawn(
        f"  input x: 2@3x3\n  output y: 1 filter 2x2 (bias = false, {weights})",
        '  input = "x = 0,1,2,3,4,5,6,7,8,1,2,3,4,5,6,7,8,9"',
    )
    assert worked(scene) == (
        "channel 1: 0×0 + 1×1 + 3×2 + 4×3 = 19\nchannel 2: 1×1 + 2×2 + 4×3 + 5×4 = 37\n19 + 37 = 56"
    )
    assert [text for text in said(scene, "y.") if text][-4:] == ["56", "72", "104", "120"]


@pytest.mark.parametrize(
    ("step", "word", "results"), [("maxpool", "max", "6 8 3 4"), ("avgpool", "mean", "3.25 5.25 2 2")]
)
def test_each_window_of_a_pool_has_the_ground_of_its_result(step: str, word: str, results: str) -> None:
    scene = drawn(f"  input x: 4x4\n  output y: {step}(2x2)", '  input = "1,1,2,4,5,6,7,8,3,2,1,0,1,2,3,4"')
    fills = {node.id: node.fill for node in scene.nodes}
    for row in range(1, 5):
        for column in range(1, 5):
            assert fills[f"x.{row}.{column}"] == fills[f"y.{(row + 1) // 2}.{(column + 1) // 2}"]
    assert len({fills[name] for name in fills if name.startswith("y.")}) == 4
    assert said(scene, "y.") == results.split()
    assert worked(scene).splitlines()[0] == f"{word}(1, 1, 5, 6) = {results.split()[0]}"


@pytest.mark.parametrize(("size", "to"), [("1@6", "2"), ("2@6", "4"), ("6x4", "2x2"), ("5x5", "2x2")])
def test_the_windows_of_an_adaptive_pool_are_drawn(size: str, to: str) -> None:
    for step in ("maxpool", "avgpool"):
        scene = drawn(f"  input x: {size}\n  output y: {step}(to = {to})")
        assert shaded(scene, "x.")
        assert shaded(scene, "y.")


def test_without_numbers_cells_and_sum_have_symbols() -> None:
    scene = drawn("  input x: 1@3x3\n  output y: 4 filters 2x2 (pad = 1, bias = false)", "  y.at = [2, 1, 2]")
    assert worked(scene) == "y_{212} = w_{11} · 0 + w_{12} · 0 + w_{21}x_{11} + w_{22}x_{12}"
    assert any(text.plain == "filter 2 of 4, 2×2" for text in scene.texts)


@pytest.mark.parametrize("step", ["filters 2x2", "filters 2x2 -> relu", "filters 2x2 (groups = MAPS)", "maxpool(2x2)"])
@pytest.mark.parametrize("maps", [1, 2, 3, 5])
@pytest.mark.parametrize("made", [1, 2, 5])
def test_each_filter_makes_one_map_and_a_map_alone_says_of_how_many_it_is(step: str, maps: int, made: int) -> None:
    pool, grouped = step.startswith("max"), "MAPS" in step
    count = maps if pool or grouped else made
    call = step if pool else f"{count} {step.replace('MAPS', str(maps))}"
    scene = drawn(f"  input x: {maps}@3x3\n  output y: {call}")

    def grids(pattern: str) -> set[str]:
        return {found[1] for node in scene.nodes if (found := re.match(pattern, node.id))}

    drawn_maps = {"x": grids(r"x\.(?:(\d)\.)?\d\.\d$"), "y": grids(r"y\.(?:(\d)\.)?\d\.\d$")}
    for name, of in (("x", maps), ("y", count)):
        sides = [
            text.plain.replace("\n", " ") for text in scene.texts if text.id in {f"{name}.{n}.side" for n in "12345"}
        ]
        alone = len(drawn_maps[name]) == 1 and of > 1
        assert sides == (
            [f"channel 1 of {of}"] if alone else [f"channel {n}" for n in sorted(filter(None, drawn_maps[name]))]
        )
    if pool:
        return
    signs = Counter(text.plain for text in scene.texts if "sign" in text.classes)
    kernels = grids(r"y\.w\.(\d)\.")
    assert signs["∗"] == len(kernels)
    assert signs["="] + len(scene.wires) == len(drawn_maps["y"])
    assert len(drawn_maps["y"]) == 1 or (len(drawn_maps["x"]) == 1 and kernels == drawn_maps["y"])


def test_cells_without_labels_are_empty_and_have_no_sum() -> None:
    scene = drawn("  input x: 1@3x3\n  output y: 1 filter 2x2 (bias = false)", "  x.labels = false\n  y.labels = false")
    assert [text.plain for text in scene.texts] == ["∗", "filter 2×2", "="]


@pytest.mark.parametrize("width", [None, "column"])
def test_a_large_map_is_drawn_with_dots_around_the_window(width: str | None) -> None:
    scene = drawn("  input x: h x 28\n  output y: 6 filters 5x5 -> tanh", "  y.at = [3, 10, 12]", "(h)", width=width)
    assert shaded(scene, "x.") == [f"x.{row}.{column}" for row in range(10, 15) for column in range(12, 17)]
    assert scene.dots


def test_a_weight_of_a_filter_is_listed_in_the_layout_of_its_array() -> None:
    numbers = "[[[1, 2], [3, 4]], [[5, 6], [7, 8]]], [[[9, 8], [7, 6]], [[5, 4], [3, 2]]]"

    def given(option: str) -> object:
        text = (
            f"net n {{\n  input x: 2@4x4\n  output y: 2 filters 2x2 (bias = false, weights = [{numbers}]{option})\n}}\n"
        )
        (stored,) = netspec.parse(text).net().graph.stored
        return stored.weight.given

    plain, turned = given(""), given(", transposed = true")
    assert plain == ((((1, 2), (3, 4)), ((5, 6), (7, 8))), (((9, 8), (7, 6)), ((5, 4), (3, 2))))
    assert turned == tuple(zip(*plain, strict=True))  # type: ignore[call-overload]
    with pytest.raises(netspec.SpecError, match="NS361"):
        given(", transposed = true, groups = 2")


def test_all_numbers_of_a_row_have_one_baseline_in_the_middle_of_their_cells() -> None:
    scene = drawn(
        "  input x: 1@3x3\n  output y: 1 filter 2x2 (bias = false, weights = [[[0, 1], [2, 3]]])",
        '  input = "0,1,2, 3,4,5, 6,7,18"',
    )
    cells = {node.id: node for node in scene.nodes}
    apart = [text.y - cells[text.inside].y for text in scene.texts if text.inside]
    assert apart == pytest.approx([apart[0]] * 17)
    one = next(text for text in scene.texts if text.inside and text.plain == "1")
    assert one.box.middle.y == pytest.approx(cells[one.inside].y, abs=0.1)


@pytest.mark.parametrize("view", ["cells", "filter"])
def test_a_view_of_filters_says_that_it_draws_no_transposed_ones(view: str) -> None:
    text = "net n {\n  input x: 1@2x2\n  output y: 1 filter 2x2 (transposed = true)\n}"
    with pytest.raises(netspec.SpecError) as caught:
        netspec.parse(text).net().render(view=view)
    (found,) = caught.value.diagnostics
    assert (found.code, [hint.text for hint in found.hints]) == ("NS713", ["turned"])
