"""A net's parameters from outside: numbers, words and lists of their default's kind, each refusal at the parameter."""

from __future__ import annotations

from typing import Any

import pytest

import netspec
from netspec.diagnostics.errors import SpecError

TEXT = """net n(K, H = 3, p = 0.5, b = true, act = relu, mode = sine, rows = [1, 2]) {
  input  x: 4 over 8
  hidden a: H perceptrons (bias = b) -> act -> dropout(p)
  hidden c: a -> positions(4, kind = mode)
  hidden d: a -> split(sizes = rows)
  output y: (c & d.1 & d.2) -> K perceptrons
}
"""


def refused(**settings: Any) -> tuple[str, str, str]:
    """The code, what the label underlines, and the message."""
    with pytest.raises(SpecError) as caught:
        netspec.parse(TEXT).net(**settings)
    (found,) = caught.value.diagnostics
    assert found.span is None  # the value stands in no file
    return found.code, found.labels[0].span.text, str(caught.value)


def test_each_kind_is_taken() -> None:
    net = netspec.parse(TEXT).net(K=2, H=5, p=1, b=False, mode="learned", rows=[2, 3])
    assert net.graph.open == ()
    assert {name: net.graph.params[name] for name in ("K", "H", "p", "b", "rows")} == {
        "K": 2, "H": 5, "p": 1.0, "b": False, "rows": (2, 3),
    }  # fmt: skip
    assert isinstance(net.graph.params["p"], float)
    assert net.weights == 4 * 5 + 8 * 4 + 2 * (4 + 5 + 1)
    assert netspec.parse(TEXT).net().graph.open == ("K",)


def test_another_kind_is_refused_where_the_parameter_stands() -> None:
    code, place, said = refused(K="wide")
    assert (code, place) == ("NS620", "K")
    assert "a word" in said
    assert refused(H="wide")[:2] == ("NS620", "H = 3")
    assert refused(H=[1, 2])[:2] == ("NS620", "H = 3")
    assert refused(H=2.5)[:2] == ("NS620", "H = 3")
    assert refused(mode=3)[:2] == ("NS620", "mode = sine")


def test_a_size_is_at_least_one() -> None:
    code, place, said = refused(K=0)
    assert (code, place) == ("NS402", "K")
    assert "not 0" in said


def test_a_name_that_is_no_parameter_gets_the_nearest_one() -> None:
    code, place, said = refused(rwos=[1])
    assert (code, place) == ("NS207", "n")
    assert "`rows`" in said
    assert "`K`, `H`, `p`" in refused(zzz=1)[2]
    with pytest.raises(SpecError, match="NS207") as caught:
        netspec.parse("net n {\n  input x: 4\n  output y: 3 perceptrons\n}\n").net(K=1)
    assert [hint.text for hint in caught.value.diagnostics[0].hints] == ["no_params"]


def test_a_default_that_cannot_be_read_is_said_once() -> None:
    text = "net n(c = 2*k) {\n  let k =\n  input x: 4\n  output y: c perceptrons\n}\n"
    with pytest.raises(SpecError) as caught:
        netspec.parse(text)
    assert [found.code for found in caught.value.diagnostics] == ["NS105"]
