"""The view `volumes`: boxes to scale, coloured by kind, and what is read again led over the top."""

from __future__ import annotations

import pytest

import netspec
from netspec.diagnostics.errors import NetspecError
from netspec.figure.scene import Node, Scene
from tests.conftest import ROOT
from tests.figure.geometry import faults


def drawn(path: str) -> Scene:
    scene = netspec.load(ROOT / "specs" / f"{path}.net").net().render(view="volumes").scene
    assert faults(scene) == []
    return scene


def boxes(scene: Scene) -> list[Node]:
    return [node for node in scene.nodes if "map" in node.classes]


def test_boxes_are_to_scale_and_say_what_computes_them() -> None:
    scene = drawn("zoo/vgg16")
    found = {node.id: node for node in boxes(scene)}
    assert len(found) == 1 + 13 + 5 + 3  # the image, filters, pools, perceptrons
    image, *rest = found.values()
    first = next(node for node in rest if "convolution" in node.classes)
    pools = [node for node in rest if "pooling" in node.classes]
    assert image.ry == first.ry == pytest.approx(2 * pools[0].ry) == pytest.approx(4 * pools[1].ry)
    assert [node.ry for node in pools] == sorted((node.ry for node in pools), reverse=True)
    filters = [node for node in rest if "convolution" in node.classes]
    assert filters[-1].rx == pytest.approx(2 * filters[4].rx)
    assert filters[4].rx > filters[0].rx > image.rx
    texts = [text.plain.replace("\n", " ") for text in scene.texts]
    assert texts.count("512 filters 3×3") == 6
    assert [text for text in texts if text.count("×") == 1 and text[0].isdigit() and " " not in text] == [
        "224×224", "112×112", "56×56", "28×28", "14×14", "7×7",
    ]  # fmt: skip
    assert {"convolution", "pooling", "perceptrons", "input"} <= set(texts)
    left = [node.x - node.rx for node in found.values()]
    assert left == sorted(left)


def test_each_box_has_three_faces() -> None:
    scene = drawn("post/lenet")
    faces = [polygon for polygon in scene.polygons if "face" in polygon.classes]
    assert len(faces) == 2 * len(boxes(scene))
    assert {face.fill for face in faces} == {node.fill for node in boxes(scene)}


def test_skips_lead_over_the_top_and_end_in_circles() -> None:
    scene = drawn("zoo/unet_padded")
    skips = [wire for wire in scene.wires if "skip" in wire.classes]
    joins = [node for node in scene.nodes if "join" in node.classes]
    assert len(skips) == len(joins) == 4
    assert {wire.target for wire in skips} == {node.id for node in joins}
    top = min(item.box.top for item in scene.items if item not in skips)
    lanes = sorted(wire.box.top for wire in skips)
    assert lanes[-1] < top
    assert len(set(lanes)) == 4  # one inside the other
    assert len([wire for wire in drawn("zoo/resnet18").wires if "skip" in wire.classes]) == 8 + 3


def test_the_words_of_a_line_stand_below_its_last_box() -> None:
    lines = '  hidden p: 2 filters 3x3 -> maxpool(2x2) "reduced"\n  output y: 4 filters 1x1 "pointwise"'
    scene = netspec.parse(f'net n {{\n  input x: 1@8x8 "picture"\n{lines}\n}}').render(view="volumes").scene
    assert faults(scene) == []
    said = [text.plain.split()[-1] for text in scene.texts if text.id.endswith(".title")]
    assert said == ["picture", "3×3", "reduced", "pointwise"]


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("net n {\n  input x: 4 over 5\n  output y: 2 perceptrons\n}", "NS713"),
        ("net n {\n  input x: 4\n  output y: repeat 70 { 4 perceptrons -> relu }\n}", "NS967"),
        ("net n {\n  input x: 4\n" + "".join(f"  hidden h{at}: x -> 4 perceptrons -> relu\n" for at in range(8))
         + "  output y: h0 + h1 + h2 + h3 + h4 + h5 + h6 + h7\n}", "NS713"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(text: str, code: str) -> None:
    with pytest.raises(NetspecError) as caught:
        netspec.parse(text).render(view="volumes")
    assert caught.value.diagnostics[0].code == code
