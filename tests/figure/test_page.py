"""A figure is laid out for a width and a size of type: letters keep their size, and what is left out is said."""

from __future__ import annotations

import struct

import pytest

import netspec
from benchmarks.page import FIGURES, THIN, drawn, measured
from netspec import UsageError
from netspec.figure.blocks.boxes import plan_of
from netspec.figure.settings import PRESETS, FigureSettings, Room, Types
from netspec.figure.views import VIEWS, Drawing
from tests.conftest import ROOT

COLUMN = {"width": "column"}
CHAIN = "net n {\n  input x: 4\n  hidden z: repeat 9 { 6 perceptrons -> tanh }\n  output y: 2 perceptrons\n}\n"


def loaded(name: str) -> netspec.Net:
    return netspec.load(ROOT / "specs" / f"{name}.net").net()


@pytest.mark.parametrize(
    "name",
    ["MLP with names and captions", "deep MLP of 10 layers", "LeNet", "VGG-16", "U-Net", "mixture of experts", "RNN"],
)
def test_a_column_has_room_for_it(name: str) -> None:
    figure = next(figure for figure in FIGURES if figure.name == name)
    found = drawn(figure, COLUMN, "")
    assert found.passes, found
    assert found.lines >= THIN - 0.01


PAST = """
net past(T) {
  input  x: 2 over T
  hidden h: x & x[t-4] -> 16 perceptrons -> tanh
  output y: h & h[t-9] -> 1 perceptron
}
"""


def test_unrolled_shows_the_steps_that_its_reads_need_and_fewer_on_a_page() -> None:
    net = netspec.parse(PAST).net()

    def steps(**options: object) -> list[str]:
        scene = net.render(view="unrolled", **options).scene  # type: ignore[arg-type]
        assert any("dots" in dots.classes and dots.id.endswith("@later") for dots in scene.dots)
        return [text.plain for text in scene.texts if text.id.endswith(".caption")]

    assert len(steps()) == 5  # x[t-4] is drawn, h[t-9] has an open end
    assert len(steps(steps=2)) == 2
    assert len(steps(width="column")) == 5
    scene = net.render(view="unrolled", width="column", steps=10).scene
    (note,) = [text.plain for text in scene.texts if "fold" in text.classes]
    assert note.replace("\n", " ") == "of the time steps, the first 7 are drawn; each layer is one shape"
    assert min(text.size for text in scene.texts) * 85 / scene.canvas.width >= 5.99 * 25.4 / 72


def test_a_long_name_stands_beside_its_row_and_circles_have_numbers() -> None:
    net = netspec.parse(PAST.replace("x", "signal")).net()
    scene = net.render(view="unrolled").scene
    labels = [text.plain for text in scene.texts if text.inside.startswith("signal@1.")]
    assert labels == ["1", "2"]
    assert "signal" in [text.plain for text in scene.texts if "caption" in text.classes]


def test_a_filter_stands_in_two_rows() -> None:
    net = netspec.parse("net n {\n  input  x: 1@9x9\n  output y: 1 filter 3x3 -> relu\n}\n").net()
    usual, scene = (net.render(view="filter", width=width).scene for width in (None, "column"))
    (carried,) = [wire for wire in scene.wires if "carry" in wire.classes]
    total, activation = scene.find("y.sum"), scene.find("y.act")
    assert carried.points[0].x == total.box.right
    assert carried.points[-1].x == activation.box.left
    assert activation.box.top > total.box.bottom
    assert not [wire for wire in usual.wires if "carry" in wire.classes]
    assert {node.id for node in usual.nodes} == {node.id for node in scene.nodes}
    ten = netspec.parse("net n {\n  input  x: 1@40x40\n  output y: 1 filter 7x7 -> relu\n}\n").net()
    weights = [node for node in ten.render(view="filter", width="column").scene.nodes if "weight" in node.classes]
    assert [node.id for node in weights] == ["y.w.1.1", "y.w.1.7", "y.w.7.1", "y.w.7.7"]


def test_type_is_the_size_of_captions() -> None:
    for size in (6, 8, 11):
        scene = loaded("post/mlp").render(width="page", type=size).scene
        caption = next(text for text in scene.texts if text.id.endswith(".caption"))
        assert caption.size * 170 / scene.canvas.width / (25.4 / 72) == pytest.approx(size)


def test_type_alone_sets_the_width() -> None:
    picture = loaded("post/mlp").render(type=8)
    usual = loaded("post/mlp").render().scene
    assert picture.scene.items == usual.items
    assert picture.options.width == f"{usual.canvas.width * 8 * 25.4 / 72 / 5.2:.3f}mm"


def test_a_figure_that_can_be_read_is_only_scaled() -> None:
    usual, wide = (loaded("post/mlp").render(width=width).scene for width in (None, "120mm"))
    assert usual == wide


def test_what_is_left_out_is_said() -> None:
    net = loaded("zoo/luong")
    picture, usual = net.render(width="80mm"), net.render().scene
    (note,) = [text.plain for text in picture.scene.texts if "fold" in text.classes]
    assert note == "sizes are written at inputs and outputs, and where the resolution changes"
    assert {wire.id for wire in usual.wires} == {wire.id for wire in picture.scene.wires}
    assert {node.id for node in usual.nodes} == {node.id for node in picture.scene.nodes}
    assert measured(picture.svg(), picture.scene, usual).folded


BESIDE = """
block Short {
  input  x: d over T
  output y: x + (x -> attention(4)) -> layernorm
}
block Long(m) {
  input  x: d over T
  input  memory: d over S
  hidden a: x + (x -> attention(4, causal = true)) -> layernorm
  hidden b: a + (a, memory, memory -> attention(4)) -> layernorm
  hidden c: b + (b -> attention(4)) -> layernorm
  hidden e: c + (c -> attention(4)) -> layernorm
  output y: e + (e -> m perceptrons -> relu -> d perceptrons) -> layernorm
}
net n(V = 1000, d = 64) {
  input  source: one of V over up to 50
  input  target: one of V over up to 50
  hidden memory: source -> embed(d) -> repeat 6 { Short }
  hidden h: target -> embed(d) -> repeat 6 { Long(128, memory = memory) }
  output p: V perceptrons -> softmax
}
"""


def test_a_long_block_stands_in_two_columns_and_a_short_one_in_one() -> None:
    scene = netspec.parse(BESIDE).net().render(width="85mm").scene
    for block, columns in (("Short", 1), ("Long", 2)):
        frame = scene.find(f"detail {block}").box
        inside = [node for node in scene.nodes if node.id.startswith(f"detail {block}/")]
        assert all(frame.left < node.box.left and node.box.right < frame.right for node in inside)
        main = [node for node in inside if "norm" in node.id or "attention" in node.id]
        assert len({round(node.box.middle.x) for node in main}) == columns
    assert not [text.plain for text in scene.texts if "not opened" in text.plain]


def test_sizes_go_before_blocks_and_the_sizes_in_blocks_first() -> None:
    drawing = Drawing(netspec.parse(BESIDE).net().graph, FigureSettings(view="blocks"))
    sets = [[way.fit for way in content] for content in VIEWS["blocks"]()._folds(drawing)]  # type: ignore[attr-defined]
    assert [way.types for way in sets[0]] == [Types.ALL, Types.NET, Types.STAGES, Types.NONE]
    assert [sorted(content[0].less) for content in sets] == [[], [0], [1], [0, 1]]  # the smaller first


def test_boxes_of_a_u_are_lower_on_a_page_where_other_nets_are_cut_into_columns() -> None:
    net = loaded("zoo/ddpm")
    drawing = Drawing(net.graph, FigureSettings(view="blocks"))
    ways = list(VIEWS["blocks"]()._set(drawing, drawing.settings, Room(117, 318)))  # type: ignore[attr-defined]
    assert not any(way.columns for way in ways)
    plans = [plan_of(net.graph, way) for way in ways if way.fit.gap < 0.2]
    usual, low = ({box.id: box for box in plan.boxes} for plan in plans)
    assert all(low[name].height <= box.height for name, box in usual.items())
    assert low["u1"].height < usual["u1"].height


BRANCHES = """
block Many(c) {
  input  x: k @ h x w
  hidden r1: x -> c filters 1x1 -> batchnorm -> relu
  hidden r6: x -> c filters 3x3 (pad = 6, dilation = 6) -> batchnorm -> relu
  hidden r12: x -> c filters 3x3 (pad = 12, dilation = 12) -> batchnorm -> relu
  hidden r18: x -> c filters 3x3 (pad = 18, dilation = 18) -> batchnorm -> relu
  hidden pool: x -> mean(space) -> c perceptrons -> relu -> expand(space = h x w)
  output y: r1 & r6 & r12 & r18 & pool -> c filters 1x1 -> batchnorm -> relu
}
net n {
  input  image: 3@128x128
  hidden a: 32 filters 3x3 (stride = 2, pad = 1) -> relu -> maxpool(2x2)
  hidden b: Many(256) -> Many(256)
  output y: 21 filters 1x1 -> upsample(4, mode = linear)
}
"""


def test_a_block_of_many_branches_has_room_on_a_column() -> None:
    scene = netspec.parse(BRANCHES).net().render(width="85mm").scene
    assert scene.find("detail Many") is not None
    assert not [text.plain for text in scene.texts if "not opened" in text.plain]


def test_rows_begin_with_the_last_stack_again() -> None:
    scene = loaded("zoo/lenet5_plain").render(**COLUMN).scene
    again = {node.id.split("@")[0] for node in scene.nodes if "@again" in node.id}
    carried = [wire for wire in scene.wires if "carry" in wire.classes]
    assert len(carried) == len(again) > 0
    for wire in carried:
        assert wire.points[0].x > wire.points[-1].x
        assert wire.points[0].y < wire.points[-1].y


def test_small_letters_are_warned_of_with_the_width_that_helps() -> None:
    picture = loaded("paper/attention").render(width="30mm")
    assert picture.scene
    (warning,) = picture.warnings
    assert warning.code == "NS740"
    wider = next(hint.words["width"] for hint in warning.hints if "width" in hint.words)
    assert loaded("paper/attention").render(width=str(wider)).warnings == []


def test_columns_are_cut_between_open_blocks_or_refused() -> None:
    open_, net = {"unfold": True, "depth": 2}, loaded("zoo/resnet18")
    one, three = (net.render(columns=count, **open_) for count in (1, 3))
    assert {node.id for node in one.scene.nodes} == {node.id for node in three.scene.nodes}
    assert three.scene.canvas.height < one.scene.canvas.height / 2
    assert three.warnings == []
    (warning,) = loaded("zoo/unet").render(columns=3).warnings
    assert warning.code == "NS743"


def test_very_many_connections_are_refused() -> None:
    net = netspec.parse(CHAIN.replace("6 perc", "60 perc").replace("9", "14")).net()
    with pytest.raises(UsageError, match="NS742"):
        net.render(max_units=60)
    assert not net.render(max_units=60, edges="none").scene.wires


def test_a_heading_is_drawn_and_is_the_title() -> None:
    picture = loaded("post/mlp").render(heading="Figure 1")
    (heading,) = [text for text in picture.scene.texts if "heading" in text.classes]
    assert heading.plain == "Figure 1"
    assert heading.box.bottom < min(item.box.top for item in picture.scene if item is not heading)
    assert '<title id="title">Figure 1</title>' in picture.svg()


@pytest.mark.parametrize("name", PRESETS)
def test_words_for_widths(name: str) -> None:
    picture = loaded("post/mlp").render(width=name)
    assert picture.options.width == f"{PRESETS[name].width:g}mm"


def test_a_word_that_is_no_width() -> None:
    with pytest.raises(UsageError, match=r"NS723[^$]*column"):
        loaded("post/mlp").render(width="colum")


@pytest.mark.parametrize(("width", "dots"), [(None, 192), ("600px", 192), ("85mm", 300), ("column", 300)])
def test_a_png_says_its_resolution(width: str | None, dots: int) -> None:
    data = loaded("post/linear").render(width=width).png()
    at = data.index(b"pHYs") + 4
    assert struct.unpack(">IIB", data[at : at + 9]) == (round(dots / 0.0254), round(dots / 0.0254), 1)
