"""Text of a spec never becomes code or markup: 200 texts in every place for text, against every output.

The run folder and its logs have a file of their own, test_injected_runs.py.
"""

from __future__ import annotations

import json
import re

import pytest
from outlines import code_shape, code_tokens, json_shape, svg_shape
from strings import nasty

import netspec
from netspec.diagnostics.errors import SpecError

TEXTS = nasty()
EVERY = pytest.mark.parametrize("texts", [TEXTS[::3], pytest.param(TEXTS, marks=pytest.mark.soak)], ids=["some", "all"])
MODEL = """net first "{0}" {{
  input  x: 2                                "{0}"
  hidden z: x -> 3 perceptrons -> tanh       "{0}"
  require weights == 13                      "{0}"
  output y: z -> 1 perceptron                "{0}"
}}

figure {{
  view = neurons
  captions = ["{0}", "{0}"]
}}
"""
PLAIN = "plain"


def spec(text: str) -> netspec.Spec:
    quoted = text.replace("\\", "\\\\").replace('"', '\\"')
    return netspec.parse(MODEL.format(quoted), name="hostile.net")


def test_there_are_two_hundred() -> None:
    assert len(set(TEXTS)) == 200


@EVERY
def test_python_source(texts: list[str]) -> None:
    shape, tokens = code_shape(spec(PLAIN).source()), code_tokens(spec(PLAIN).source())
    for text in texts:
        source = spec(text).source()
        assert code_shape(source) == shape, text
        assert code_tokens(source) == tokens, text


@EVERY
def test_svg(texts: list[str]) -> None:
    kinds, names = svg_shape(spec(PLAIN).render().svg())
    for text in texts:
        found, own = svg_shape(spec(text).render().svg())
        assert found <= kinds, text
        assert own <= names, text


@EVERY
def test_dot(texts: list[str]) -> None:
    pygraphviz = pytest.importorskip("pygraphviz")

    def counts(text: str) -> tuple[int, int, list[str]]:
        graph = pygraphviz.AGraph(string=spec(text).render().dot())
        return graph.number_of_nodes(), graph.number_of_edges(), sorted(graph.nodes())

    plain = counts(PLAIN)
    for text in texts:
        assert counts(text) == plain, text


@EVERY
def test_json(texts: list[str]) -> None:
    shape = json_shape(spec(PLAIN).net().to_dict())
    for text in texts:
        document = json.loads(json.dumps(spec(text).net().to_dict(), ensure_ascii=False))
        assert json_shape(document) == shape, text


@EVERY
def test_formatted_text(texts: list[str]) -> None:
    for text in texts:
        once = spec(text).format()
        again = netspec.parse(once, name="hostile.net")
        assert again.format() == once, text
        assert again.net().layers[0].caption == text.replace("\\n", "\\n"), text


@EVERY
def test_error_text(texts: list[str]) -> None:
    """A message shows what stands in the file, on one line, with nothing that acts on a terminal."""
    for text in texts:
        quoted = text.replace("\\", "\\\\").replace('"', '\\"')
        with pytest.raises(SpecError) as raised:
            netspec.parse(f'net first "{quoted}" {{\n  input  x: 2 "{quoted}"\n  output y: reluu "{quoted}"\n}}\n')
        assert [item.code for item in raised.value.diagnostics] == ["NS205"], text
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", str(raised.value)), text
