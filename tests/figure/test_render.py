"""`netspec render` refuses what it cannot draw, in words; what it can, it draws with numbers that are torch's."""

from __future__ import annotations

import contextlib
import io
import math
import os
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import netspec
from netspec.cli.main import main
from netspec.diagnostics.errors import NetspecError, SpecError
from netspec.figure.backends import png
from netspec.figure.scene import Node, Scene, Text, Wire
from netspec.figure.themes import THEMES
from netspec.figure.trained.overlay import number
from netspec.figure.trained.values import compute
from netspec.figure.views import VIEWS
from tests.conftest import ROOT

SPECS = ROOT / "specs"
CLASSIFIER = """netspec 1
net small(d = 3, H = 4) {
  input  x: d
  hidden z: H perceptrons -> ACTIVATION
  output y: 2 perceptrons
}
"""


@pytest.mark.parametrize(
    ("spec", "options", "code"),
    [
        ("zoo/resnet18", {"only": "r9"}, "NS730"),
        ("post/mlp", {"only": "zz"}, "NS730"),
        ("zoo/lenet5_plain", {"only": "C1", "view": "planes"}, "NS731"),
        ("zoo/lenet5_plain", {"depth": 1, "view": "planes"}, "NS731"),
        ("paper/majority", {"input": "x=1,0,1", "view": "blocks"}, "NS731"),
        ("paper/majority", {"input": "x=1,0"}, "NS727"),
        ("paper/majority", {"input": "y=1,0,1"}, "NS727"),
        ("paper/majority", {"input": "x=a,0,1"}, "NS727"),
        ("paper/majority", {"view": "features"}, "NS732"),
        ("paper/majority", {"figure": "none"}, "NS714"),
        ("paper/majority", {"width": "wide"}, "NS723"),
        ("paper/majority", {"weights": "nowhere"}, "NS726"),
        ("zoo/gpt2", {"view": "neurons"}, "NS713"),
        ("post/mlp", {"view": "strip"}, "NS516"),
    ],
)
def test_mistakes_are_said_in_both_languages(
    spec: str, options: dict[str, Any], code: str, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    flags = [word for name, value in options.items() for word in (f"--{name}", str(value))]
    said = {}
    for lang in ("en", "ko"):
        arguments = ["render", str(SPECS / f"{spec}.net"), *flags, "--lang", lang, "-o", str(tmp_path / "x.svg")]
        assert main(arguments) in (1, 2)
        said[lang] = capsys.readouterr().err
        assert code in said[lang]
        assert not (tmp_path / "x.svg").exists()
    assert said["en"] != said["ko"]


def test_weights_of_another_net(tmp_path: Path) -> None:
    small = netspec.parse(CLASSIFIER.replace("ACTIVATION", "relu")).net()
    arrays = {key: value.numpy() for key, value in small.module().state_dict().items()}
    with pytest.raises(NetspecError) as wrong:
        netspec.load(SPECS / "paper" / "majority.net").render(weights=arrays)
    assert wrong.value.diagnostic.code == "NS725"
    with pytest.raises(NetspecError) as wrong:
        netspec.parse(CLASSIFIER.replace("ACTIVATION", "relu")).net(H=5).render(weights=arrays)
    assert wrong.value.diagnostic.code == "NS725"
    assert "4×3" in str(wrong.value)


VIEWED = {
    "units": ("3", "hidden z: 4 perceptrons -> tanh", "2 perceptrons"),
    "maps": ("1@8x8", "hidden C1: 2 filters 3x3 -> relu -> maxpool(2x2)", "3 perceptrons"),
    "filter": ("1@6x6", "", "1 filter 3x3"),
    "time": ("2 over 3", "hidden z: x & z[t-1] -> 3 perceptrons -> tanh", "1 perceptron"),
    "joined": ("3", "hidden z: 3 perceptrons -> relu", "x + z -> 2 perceptrons"),
}


@pytest.mark.parametrize("name", VIEWED)
def test_weights_are_drawn_or_the_figure_says_that_they_are_not(name: str) -> None:
    given, hidden, output = VIEWED[name]
    net = netspec.parse(f"net n {{\n  input x: {given}\n  {hidden}\n  output y: {output}\n}}\n").net()
    arrays = {key: value.numpy() for key, value in net.module().state_dict().items()}
    told = set()
    for view in (None, *VIEWS):
        try:
            plain, picture = net.render(view=view), net.render(view=view, weights=arrays)
        except NetspecError:  # no view of this net, or (strip, features) none without weights
            continue
        said = [warning.code for warning in picture.warnings]
        assert said == ([] if picture.svg() != plain.svg() else ["NS734"]), view
        assert not plain.warnings
        told.update(said)
    assert told == {"NS734"}  # blocks at least


@pytest.mark.parametrize(("name", "shape"), [("units", 3), ("maps", 64), ("filter", 36), ("time", 6), ("joined", 3)])
def test_an_example_is_drawn_or_refused(name: str, shape: int) -> None:
    given, hidden, output = VIEWED[name]
    net = netspec.parse(f"net n {{\n  input x: {given}\n  {hidden}\n  output y: {output}\n}}\n").net()
    arrays = {key: value.numpy() for key, value in net.module().state_dict().items()}
    example = "x=" + ",".join(str(number % 3) for number in range(shape))
    drawn: set[str | None] = set()
    refused = 0
    for view in (None, *VIEWS):
        try:
            plain = net.render(view=view, weights=arrays)
            picture = net.render(view=view, weights=arrays, input=example)
        except NetspecError:
            refused += 1
            continue
        assert picture.svg() != plain.svg(), view
        assert not picture.warnings
        drawn.add(view)
    assert refused  # blocks at least
    # the views that draw all time steps, and no other
    assert (drawn - {None} == {"graph", "unrolled"}) if name == "time" else drawn - {"graph"}


def test_a_run_whose_figure_shows_no_weights(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from safetensors.numpy import save_file

    spec = tmp_path / "a.net"
    spec.write_text("net n {\n  input x: 3\n  hidden z: 3 perceptrons\n  output y: x + z -> 2 perceptrons\n}\n")
    arrays = {key: value.numpy() for key, value in netspec.load(spec).net().module().state_dict().items()}
    save_file(arrays, tmp_path / "w.safetensors")
    for lang, words in (("en", "do not change the figure"), ("ko", "그림이 그대로")):
        flags = ["--weights", str(tmp_path / "w.safetensors"), "--lang", lang, "-o", str(tmp_path / "x.svg")]
        assert main(["render", str(spec), *flags]) == 0
        said = capsys.readouterr().err
        assert "NS734" in said
        assert words in said


@pytest.mark.parametrize("units", [1, 4])
def test_a_value_that_is_read_twice_is_drawn_twice(units: int) -> None:
    """Wires of `x & x` would lie over each other in the views of single units."""
    net = netspec.parse(f"net n {{\n  input x: 3\n  output y: x & x -> {units} perceptrons\n}}\n").net()
    assert ">6<" in net.render().svg()


def test_what_only_blocks_have_chooses_blocks() -> None:
    assert netspec.load(SPECS / "post" / "mlp.net").render().scene.view == "neurons"
    assert netspec.load(SPECS / "post" / "mlp.net").render(depth=1).scene.view == "blocks"


# ---- numbers


def numbers(scene: Scene) -> dict[str, str]:
    return {item.inside: item.plain for item in scene if isinstance(item, Text) and "number" in item.classes}


@pytest.mark.parametrize(
    "activation", ["relu", "tanh", "sigmoid", "gelu", "gelu(tanh)", "silu", "elu", "softplus", "leaky", "mish"]
)
def test_the_numbers_of_units_are_torchs(activation: str) -> None:
    net = netspec.parse(CLASSIFIER.replace("ACTIVATION", activation)).net()
    module = net.module(seed=3)
    arrays = {key: value.numpy() for key, value in module.state_dict().items()}
    x = [0.5, -1.25, 2.0]
    scene = net.render(view="neurons", weights=arrays, input={"x": x}).scene
    with torch.inference_mode():
        y = module(torch.tensor([x]))[0].tolist()
    shown = numbers(scene)
    assert [shown[f"y.{unit}"] for unit in (1, 2)] == [number(value) for value in y]
    assert [shown[f"x.{unit}"] for unit in (1, 2, 3)] == [number(value) for value in x]


def test_every_product_and_the_sum_of_a_perceptron() -> None:
    scene = netspec.load(SPECS / "paper" / "majority.net").render(input="1,0,1").scene
    shown = [item.plain for item in scene.texts]
    assert [item.plain for item in scene.texts if item.id.endswith(".product")] == ["−3", "2", "0", "2"]
    assert "s = 1" in shown
    assert any(number(float(torch.sigmoid(torch.tensor(1.0)))) in text for text in shown)


MAPS = """netspec 1
net maps {
  input  x: 2@9x8
  hidden a: 4 filters 3x3 (pad = 1, stride = 2, groups = 2) -> batchnorm -> relu
  hidden b: 6 filters 3x1 (pad = same, bias = false) -> tanh -> STEP
  output y: 3 perceptrons
}
"""


@pytest.mark.parametrize("step", ["maxpool(2x2)", "maxpool(3x3, stride = 1, pad = 1)", "avgpool(2x2)", "mean(space)"])
def test_the_values_behind_filters_and_pools_are_torchs(step: str) -> None:
    net = netspec.parse(MAPS.replace("STEP", step)).net()
    module = net.module(seed=1).eval()
    draw = np.random.default_rng(2)
    with torch.no_grad():
        for key, value in module.state_dict().items():
            if "running" in key:
                value.copy_(torch.from_numpy(draw.uniform(0.5, 2, tuple(value.shape))))
    arrays = {key: value.numpy() for key, value in module.state_dict().items()}
    x = draw.normal(size=(2, 9, 8))
    values = compute(net.graph, arrays, {"x": x})
    with torch.inference_mode():
        wanted = module(torch.from_numpy(x).float()[None])[0].numpy()
    edge = net.graph.layers[net.graph.outputs[0]].values[0]
    assert np.allclose(values[edge.node], wanted, atol=1e-5)


def test_planes_show_what_the_maps_hold() -> None:
    net = netspec.parse(MAPS.replace("STEP", "maxpool(2x2)")).net()
    arrays = {key: value.numpy() for key, value in net.module(seed=1).state_dict().items()}
    x = np.random.default_rng(2).normal(size=(2, 9, 8))
    scene = net.render(view="planes", weights=arrays, input={"x": x}).scene
    first = scene.find("x.1.values")
    low, high = x[0].min(), x[0].max()
    assert first.rows[3][5] == "#" + f"{round(255 * (x[0, 3, 5] - low) / (high - low)):02x}" * 3  # type: ignore[union-attr]
    assert len([item for item in scene if item.id.endswith(".values")]) == 2 + 4 + 6 + 6
    with torch.inference_mode():
        wanted = net.module(seed=1).eval()(torch.from_numpy(x).float()[None])[0]
    largest = scene.find("y.largest")
    assert largest.plain == f"y_{int(wanted.argmax()) + 1} = {number(float(wanted.max()))}"  # type: ignore[union-attr]


# ---- trained weights


def test_wires_have_the_colour_and_width_of_their_weights() -> None:
    net = netspec.parse(CLASSIFIER.replace("ACTIVATION", "relu")).net()
    draw = np.random.default_rng(0)
    arrays = {stored.key: draw.normal(size=tuple(stored.weight.shape)) for stored in net.graph.stored}
    scene = net.render(weights=arrays).scene
    wires = [wire for wire in scene.wires if wire.weight is not None and wire.weight.key.startswith("z.")]
    assert len(wires) == 4 * 4
    values = [float(arrays[wire.weight.key][wire.weight.place]) for wire in wires if wire.weight]
    largest = max(map(abs, values))
    for wire, value in zip(wires, values, strict=True):
        if abs(value) >= 0.03 * largest:
            assert wire.pen.ink == ("positive" if value > 0 else "negative")
    order = sorted(zip(map(abs, values), (wire.pen.width for wire in wires), strict=True))
    assert [width for _, width in order] == sorted(width for _, width in order)
    legend = [text.plain for text in scene.texts if "legend" in text.classes]
    assert f": {number(max(values))}" in legend
    assert f": {number(min(values))}" in legend


def test_the_tree_figure_with_weights_of_its_two_squares() -> None:
    """F13: pixels of the squares stand out, the others are as thin as nothing."""
    net = netspec.load(SPECS / "post" / "tree.net").net()
    shapes = {stored.key: tuple(stored.weight.shape) for stored in net.graph.stored}
    arrays = {key: np.zeros(shape) for key, shape in shapes.items()}
    pixels = arrays["z.weight"].reshape(2, 3, 100, 150)
    pixels[0, :, 20:30, 70:80] = 1 / 300
    pixels[1, :, 70:80, 70:80] = 1 / 300
    arrays["s.weight"][:] = 1.0
    scene = net.render(weights=arrays).scene
    into = [wire for wire in scene.wires if wire.target in ("z.1", "z.2")]
    assert len(into) == 22
    strong = [wire for wire in into if wire.pen.ink == "positive"]
    assert [wire.target for wire in strong].count("z.1") == [wire.target for wire in strong].count("z.2") == 3
    thin = {wire.pen.width for wire in into if wire.pen.ink == "zero"}
    assert max(thin) < min(wire.pen.width for wire in strong)


def test_perceptrons_over_a_picture_are_pictures() -> None:
    net = netspec.load(SPECS / "post" / "tree.net").net()
    arrays = {stored.key: np.zeros(tuple(stored.weight.shape)) for stored in net.graph.stored}
    arrays["z.weight"].reshape(2, 3, 100, 150)[0, 0, 0, 0] = 1.0
    scene = net.render(view="strip", weights=arrays).scene
    tile = scene.find("z.1")
    assert tile.rows[0][0] == "#ff8080"  # type: ignore[union-attr]
    assert tile.rows[99][149] == "#808080"  # type: ignore[union-attr]
    assert tile.width / tile.height == pytest.approx(1.5)  # type: ignore[union-attr]


# ---- Jupyter


def test_nets_and_pictures_show_themselves() -> None:
    net = netspec.load(SPECS / "paper" / "majority.net").net()
    for shown in (net, net.render()):
        bundle = shown._repr_mimebundle_()
        assert bundle["image/svg+xml"].startswith("<svg")
        assert bundle["text/plain"].startswith("<")
    assert isinstance(net.render().scene.nodes[0], Node)
    assert isinstance(net.render().scene.wires[0], Wire)
    with pytest.raises(SpecError):
        netspec.parse("net a {").net()


def test_numbers_that_need_other_time_steps_are_refused_at_the_step() -> None:
    text = """net n {
  input  x: 3 over 4
  hidden z: x & z[t-1] -> 2 perceptrons -> tanh
  output y: z -> 1 perceptron
}
"""
    net = netspec.parse(text).net()
    arrays = {key: value.numpy() for key, value in net.module(seed=1).state_dict().items()}
    with pytest.raises(SpecError) as refused:
        net.render(view="neurons", weights=arrays, input="x=1,2,3")
    (found,) = refused.value.diagnostics
    assert found.code == "NS729"
    assert found.line == 3


# ---- steps that read nothing

BEGINS = {
    "noise": "hidden h: noise(3)\n  output y: x & h -> 2 perceptrons",
    "noise -> perceptrons": "hidden h: noise(3) -> 5 perceptrons -> relu\n  output y: x & h -> 2 perceptrons",
    "zeros": "hidden h: zeros(4)\n  output y: x + h -> 2 perceptrons",
    "learned": "hidden h: learned(4)\n  output y: x + h -> 2 perceptrons",
}


@pytest.mark.parametrize("view", [None, *VIEWS])
@pytest.mark.parametrize("step", BEGINS)
def test_a_step_that_reads_nothing_is_drawn_or_refused_in_every_view(step: str, view: str | None) -> None:
    net = netspec.parse(f"net n {{\n  input x: 4\n  {BEGINS[step]}\n}}\n").net()
    for example in (None, "x=1,2,3,4"):
        drawn = contextlib.nullcontext() if view is example is None else contextlib.suppress(NetspecError)
        with drawn:  # the view that netspec chooses can draw it; another may refuse, in words
            assert net.render(view=view, input=example).svg().startswith("<svg")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs pipes")
def test_a_figure_takes_the_place_of_files_alone(tmp_path: Path) -> None:
    picture = netspec.parse(CLASSIFIER.replace("ACTIVATION", "relu")).net().render(view="neurons")
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "link.svg").symlink_to("mine.txt")
    os.mkfifo(tmp_path / "pipe.svg")
    assert picture.save(tmp_path / "link.svg").read_text() == picture.svg()
    assert (tmp_path / "mine.txt").read_text() == "mine"
    with pytest.raises(OSError):
        picture.save(tmp_path / "pipe.svg")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["link.svg", "mine.txt", "pipe.svg"]


def test_very_many_wires_look_as_few_do(monkeypatch: pytest.MonkeyPatch) -> None:
    picture = netspec.load(ROOT / "specs" / "post" / "mlp.net").net().render()

    def pixels() -> Any:
        with Image.open(io.BytesIO(picture.png(1))) as file:
            return np.asarray(file.convert("RGB")).astype(int)

    few = pixels()
    monkeypatch.setattr(png, "MANY", 1)
    assert np.abs(few - pixels()).mean() < 1  # of 255


def test_a_picture_that_no_scale_was_asked_for_is_not_huge(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(png, "USUAL", 10_000)
    picture = netspec.load(ROOT / "specs" / "post" / "mlp.net").net().render()
    sizes = [Image.open(io.BytesIO(picture.png(scale))).size for scale in (None, 0.5)]
    assert sizes[0][0] * sizes[0][1] < 10_200 < sizes[1][0] * sizes[1][1]


def test_colours_that_everybody_can_tell_apart_are_the_usual_ones() -> None:
    text = "net n {\n  input x: 2\n  hidden h: 2 perceptrons\n  output y: 1 perceptron\n}\n"
    net = netspec.parse(text).net()
    assert net.render().svg() == net.render(theme="safe").svg() != net.render(theme="classic").svg()
    for section in ("post", "classic"):
        drawn = netspec.parse(f"{text}figure {{\n  theme = {section}\n}}\n").net().render()
        assert drawn.svg() == net.render(theme="classic").svg()


def test_no_two_roles_look_alike_in_any_theme() -> None:
    for theme in THEMES.values():
        looks = {(theme.colour(role), role in theme.dashed) for role in ("input", "hidden", "output")}
        assert len(looks) == 3, theme.name


@pytest.mark.parametrize("activation", ["sigmoid", "softmax"])
def test_numbers_stand_beside_the_shapes_of_a_perceptron_at_every_width(activation: str) -> None:
    weights = "[[1.1, 0.2, -0.2, 0.1, 2.0], [3.2, 1.5, 1.3, 2.1, 0.0], [-1.2, 0, 0.25, 0.2, -0.3]]"
    net = netspec.parse(
        f"net n {{\n  input x: 4\n  output s: 3 perceptrons (weights = {weights}) -> {activation}\n}}\n"
        'figure {\n  view = perceptron\n  input = "56, 231, 24, 2"\n}\n'
    ).net()
    for width in (None, "85mm"):
        scene = net.render(width=width).scene
        beside = [text for text in scene.texts if text.id.endswith((".product", ".s", ".label")) and not text.inside]
        assert len(beside) == 3 * 5 + 5 + 3 + 3
        for text in beside:
            assert not [node.id for node in scene.nodes if _covers(node, text)], text.plain
    assert number(6.06e-233) == "6e−233"


def _covers(node: Node, text: Text) -> bool:
    if node.shape == "box":
        return node.box.overlaps(text.box)
    return any(math.hypot(x - node.x, y - node.y) < node.rx - 0.3 for x, y in text.box.corners)


@pytest.mark.parametrize(
    "row", ["1.1, 231.37, -115.53", "1.1, 0.2, -0.5", "0.1, 0.2, 0.3", "0.333333333, 0.123456789, 7.7777777"]
)
@pytest.mark.parametrize("view", ["perceptron", "cells"])
def test_a_written_sum_holds_or_says_that_it_is_rounded(row: str, view: str) -> None:
    """The numbers that a figure adds up are those of the spec, and their written sum is the written total."""
    given = f"(weights = [[{row}]])"
    spec = f"net n {{\n  input  x: 2\n  output y: 1 perceptron {given} -> tanh\n}}\n"
    if view == "cells":
        spec = f"net n {{\n  input  x: 1@1x2\n  output y: 1 filter 1x2 {given} -> tanh\n}}\n"
    scene = netspec.parse(spec).net().render(view=view, input="1, 1").scene
    texts = {text.id: text.plain.replace("−", "-") for text in scene.texts}
    if view == "cells":
        sum_, sign, total = texts["y.worked"].splitlines()[0].rsplit(" ", 2)
        terms = [[Decimal(one.strip("()")) for one in term.split("×")] for term in sum_.split(" + ")]
        numbers = [math.prod(term, start=Decimal(1)) for term in terms]
    else:
        sign, total = next(text for id_, text in texts.items() if id_.endswith(".s")).split()[1:]
        numbers = [Decimal(text) for id_, text in texts.items() if id_.endswith(".product")]
        written = {text for id_, text in texts.items() if ".w." in id_ and id_.endswith(".value")}
        assert {one for one in row.split(", ") if len(one) < 8} <= written
    assert len(numbers) == 3
    assert (sum(numbers) == Decimal(total)) == (sign == "=")
