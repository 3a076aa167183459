"""Names and captions are drawn as written, whatever they say: a file has the parts that plain words would give it."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest

import netspec
from netspec.figure.backends import Picture

PLAIN = "plain words"
HOSTILE = {
    "quotes": 'say \\"hi\\" and it\'s',
    "script": "<script>alert(1)</script>",
    "ampersand": "a & b &amp; &#60; &nope;",
    "escapes": "\\\\N \\\\G \\\\l \\\\x",
    "record": "a|b|{c}|<d>",
    "newline": "one\\ntwo",
    "close": "</text></svg><svg onload=x>",
    "table": "<TABLE><TR><TD>x</TD></TR></TABLE>",
    "comment": "--> <!-- /* */ // # ]]>",
    "attribute": '\\" onmouseover=\\"x\\" x=\\"',
    "braces": "} ; a -> b { [shape=box]",
    "entities": "&quot;&lt;b&gt; \u0000"[:-1],
}
VIEWS = ("neurons", "perceptron", "blocks", "planes")


def picture(caption: str, view: str) -> Picture:
    if view == "planes":
        text = f"""net n "{caption}" {{
  input x: 8x8 "{caption}"
  hidden C: 3 filters 3x3 -> relu "{caption}"
  output y: 2 perceptrons "{caption}"
}}"""
    else:
        text = f"""net n "{caption}" {{
  input x: 3 "{caption}"
  output y: 1 perceptron -> sigmoid "{caption}"
}}
figure {{
  captions = ["{caption}", "{caption}"]
}}"""
    return netspec.parse(text).net().render(view=view)


def parts(svg: str) -> set[tuple[str, tuple[str, ...]]]:
    """Each kind of element with the names of its attributes; how a line is aligned may differ."""
    root = ElementTree.fromstring(svg)
    found = {(element.tag, tuple(sorted(element.attrib))) for element in root.iter()}
    return {key for key in found if not key[0].endswith("tspan")} | {("tspan", tuple(sorted(runs(root))))}


def runs(root: ElementTree.Element) -> set[str]:
    """The attributes that any run of text has, beside those of a font or of spaces."""
    names = {name for element in root.iter() if element.tag.endswith("tspan") for name in element.attrib}
    return {name for name in names if not name.startswith("font-") and "space" not in name}


def words(svg: str) -> str:
    root = ElementTree.fromstring(svg)
    return "\n".join("".join(element.itertext()) for element in root.iter() if element.tag.endswith("text"))


def counts(dot: str) -> tuple[int, int]:
    """How many nodes and edges Graphviz itself reads."""
    import pygraphviz

    graph = pygraphviz.AGraph(string=dot)
    found = (graph.number_of_nodes(), graph.number_of_edges())
    graph.close()
    return found


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", HOSTILE)
def test_svg_has_the_elements_and_attributes_of_a_plain_name(name: str, view: str) -> None:
    hostile, plain = picture(HOSTILE[name], view), picture(PLAIN, view)
    svg = hostile.svg()
    assert parts(svg) == parts(plain.svg())
    said = HOSTILE[name].replace('\\"', '"').replace("\\\\", "\\")
    for line in said.split("\\n"):
        assert re.sub(r"\s+", "", line) in re.sub(r"\s+", "", words(svg))


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("name", HOSTILE)
def test_dot_has_the_nodes_and_edges_of_a_plain_name(name: str, view: str) -> None:
    pytest.importorskip("pygraphviz")
    assert counts(picture(HOSTILE[name], view).dot()) == counts(picture(PLAIN, view).dot())


@pytest.mark.parametrize("name", HOSTILE)
def test_labels_of_hostile_captions_keep_the_laws(name: str) -> None:
    from tests.figure.geometry import faults

    for view in VIEWS:
        assert faults(picture(HOSTILE[name], view).scene) == []
    assert picture(HOSTILE[name], "neurons").png(1).startswith(b"\x89PNG")
    assert picture(HOSTILE[name], "neurons").pdf().startswith(b"%PDF")
