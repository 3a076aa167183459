"""Single decisions of elaboration, each asked from both sides."""

from __future__ import annotations

from pathlib import Path

import pytest

from netspec.api import Spec
from netspec.elaborate.program import load_program, parse_program

STEP = "block f {\n  input  x: c\n  output y: x -> tanh\n}\n"


def codes(body: str, before: str = "") -> list[str]:
    text = before + "net n {\n" + "".join(f"  {line}\n" for line in body.split("; ")) + "}\n"
    return [found.code for found in Spec(parse_program(text, "n.net")).check()]


@pytest.mark.parametrize(
    ("rate", "code"),
    [
        ("sqrt(0.25)", ""), ("1/sqrt(4)", ""), ("sqrt(0.25, 1)", "NS404"), ("sqrt()", "NS404"), ("root(4)", "NS404"),
        ("root(4, 2)", "NS404"), ("sqrt(-1)", "NS413"), ("2^(0-1)", ""), ("0.5^2", ""), ("0.5^(0-1)", "NS419"),
        ("0/0", "NS408"), ("1 - 0.5", ""), ("3 % 0", "NS408"), ("(0-1.5)^0.5", "NS435"), ("0.0^(0-1.0)", "NS408"),
    ],
)  # fmt: skip
def test_numbers_of_options(rate: str, code: str) -> None:
    assert codes(f"input x: 4; output y: dropout({rate})") == ([code] if code else [])


@pytest.mark.parametrize(
    ("chain", "code"),
    [
        ("repeat [3, 2] as c { c perceptrons -> relu }", ""),
        ("repeat [[3, 0.1], [2, 0.2]] as c, p { c perceptrons -> relu -> dropout(p) }", ""),
        ("repeat table as c, n { repeat n { c perceptrons -> relu } }", ""),
        ("repeat [[3, 0.1]] as c { c perceptrons -> relu }", "NS569"),
        ("repeat [3, 2] { 4 perceptrons -> relu }", "NS569"), ("repeat 2 as i, j { i perceptrons -> relu }", "NS569"),
        ("repeat [[3, relu], [2, leaky(0.1)]] as c, f { c perceptrons -> f }", ""),
        ("repeat [[3, rleu]] as c, f { c perceptrons -> f }", "NS206"), ("repeat [tanh, 4 perceptrons] as f { f }", ""),
        ("unflatten(4) -> repeat [nearest, linear] as how { upsample(2, mode = how) }", "NS311"),
        ("4 perceptrons -> reshape(1@2x2) -> repeat [nearest, linear] as how { upsample(2, mode = how) }", ""),
        ("repeat [] as c { c perceptrons -> relu }", "NS568"), ("f(3x3)", ""), ("f(linear)", "NS405"),
        ("g(3x3)", ""), ("g(2x2x2)", "NS312"), ("g(linaer)", "NS206"), ("h(linear)", ""), ("h(reflect)", "NS424"),
    ],
)  # fmt: skip
def test_tables_kernels_and_words_of_blocks(chain: str, code: str) -> None:
    blocks = "block f(n) {\n  input  x: c\n  output y: n perceptrons -> relu\n}\n"
    for name, step in (("g", "2 filters k"), ("h", "upsample(2, mode = k)")):
        chain_ = f"4 perceptrons -> reshape(1@2x2) -> pad(1) -> {step}"
        blocks += f"block {name}(k) {{\n  input  x: c\n  output y: x -> {chain_}\n}}\n"
    lines = "input x: 4; let table = [[3, 1], [2, 2]]"
    lines += "; hidden a: x -> repeat table as c, n { c perceptrons -> relu -> repeat n { c perceptrons -> relu } }"
    found = codes(f"{lines}; output y: a -> {chain}", blocks)
    assert found == ([code] if code else [])


def test_a_table_is_what_its_rows_say() -> None:
    text = """net n {
  input  x: 3@8x8
  output y: x -> repeat [[4, 2, 3x3], [5, 1, 1x2]] as c, s, k { c filters k (stride = s) -> relu }
}
"""
    net = Spec(parse_program(text, "n.net")).net()
    assert [str(node.op) for node in net.graph.nodes if node.op.noun] == [
        "Filters(count=4, kernel=(3, 3), stride=2)", "Filters(count=5, kernel=(1, 2))"
    ]  # fmt: skip
    assert net.weights == 4 * (3 * 9 + 1) + 5 * (4 * 2 + 1)


@pytest.mark.parametrize(
    ("size", "code"),
    [
        ("6/2", ""), ("7/2", "NS403"), ("2*3 - 5", ""), ("2*3 - 6", "NS402"), ("sqrt(4)", "NS412"),
        ("2^40", "NS415"), ("2^62", "NS409"), ("2^40 - 2^40 + 3", ""), ("2^128", "NS409"),
        ("2^129 - 2^129 + 3", "NS409"), ("1^999", ""), ("8 % 3 * 2", "NS407"), ("8 * 3 % 2", "NS407"),
        ("8 / 4 * 2", ""), ("8 % 3 + 2", ""), ("5 - 8 % 3", ""), ("3.0", "NS414"), ("2.5", "NS401"),
    ],
)  # fmt: skip
def test_numbers_of_sizes(size: str, code: str) -> None:
    assert codes(f"input x: 4; output y: ({size}) perceptrons") == ([code] if code else [])


def test_a_round_begins_with_a_step_even_where_a_layer_has_its_name() -> None:
    body = "input x: 4; hidden f: relu; output y: repeat 2 { f -> relu }"
    assert codes(body) == ["NS616"]
    assert codes(body, STEP) == []


@pytest.mark.parametrize(
    ("value", "code"),
    [
        ("1.0^(0-1)", "NS717"), ("0.0^(0-1)", "NS408"), ("0.0^1", ""), ("0.0^0", "NS717"), ("1 + (0-0.5)^3", ""),
        ("1.0/4", ""), ("1/4.0", ""), ("1.0/4.0", ""), ("2/4", "NS403"), ("4/4", "NS717"), ("2.0^(0-1)", ""),
        ("2^(0-1.0)", ""), ("sqrt(0.25)", ""), ("0.5*(1/2.0)", ""), ("1 - 1/2.0", ""),
    ],
)  # fmt: skip
def test_a_let_divides_whole_numbers_exactly_and_others_as_they_are(value: str, code: str) -> None:
    """A rate of 1 leaves nothing of the layer, so `dropout` warns of it (NS717)."""
    assert codes(f"let p = {value}; input x: 4; output y: dropout(p)") == ([code] if code else [])


@pytest.mark.parametrize(
    ("written", "given", "sizes"),
    [
        ("c", "12", {"c": 12}), ("1*c", "12", {"c": 12}), ("2*c", "12", {"c": 6}), ("3*c", "12", {"c": 4}),
        ("3*c @ h x 2*w", "12@5x8", {"c": 4, "h": 5, "w": 4}), ("c over 4*T", "3 over 8", {"c": 3, "T": 2}),
    ],
)  # fmt: skip
def test_sizes_of_an_input_are_worked_back(written: str, given: str, sizes: dict[str, int]) -> None:
    block = f"block f {{\n  input  x: {written}\n  output y: x -> relu\n}}\n"
    net = Spec(parse_program(f"{block}net n {{\n  input  x: {given}\n  output y: f\n}}\n", "n.net")).net()
    assert net.graph.scopes[1].params == sizes


def test_a_file_that_is_used_is_named_as_it_was_written(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    (tmp_path / "parts" / "a.net").write_text("block f {\n  input  x: c\n  output y: x -> reluu\n}\n")
    (tmp_path / "n.net").write_text('use f from "parts/a.net"\nnet n {\n  input  x: 4\n  output y: f\n}\n')
    found = Spec(load_program(tmp_path / "n.net")).check()
    assert [item.code for item in found] == ["NS202"]
    assert found[0].span is not None
    assert found[0].span.source.name.endswith("parts/a.net")


@pytest.mark.parametrize(
    ("kind", "name", "code"),
    [
        ("net", "perceptrons", ""), ("net", "filter", ""), ("net", "repeat", "NS115"), ("net", "true", "NS115"),
        ("block", "perceptrons", "NS115"), ("block", "filter", "NS115"), ("block", "pieces", ""),
    ],
)  # fmt: skip
def test_a_net_may_be_called_perceptrons_but_no_block(kind: str, name: str, code: str) -> None:
    text = f"{kind} {name} {{\n  input  x: 4\n  output y: x -> relu\n}}\n"
    text += STEP.replace("block f", "net other").replace("x: c", "x: 3") if kind == "block" else ""
    assert [item.code for item in Spec(parse_program(text, "n.net")).check()] == ([code] if code else [])


@pytest.mark.parametrize("cell", ["rnn", "lstm", "gru"])
def test_initial_values_of_recurrent_cells_reckon_with_what_each_weight_reads(cell: str) -> None:
    def fans(init: str) -> dict[str, object]:
        text = f"net n {{\n  input  x: 3 over 4\n  output y: {cell}(5{init})\n}}\n"
        stored = Spec(parse_program(text, "n.net")).net().graph.stored
        return {item.key.rpartition(".")[2]: item.weight.fan_in for item in stored}

    own, he = fans(""), fans(", init = he")
    assert set(own.values()) == {5}  # torch starts all from the state's size
    assert {name.removesuffix("_l0"): fan for name, fan in he.items()} == {
        "weight_ih": 3, "weight_hh": 5, "bias_ih": 5, "bias_hh": 5,
    }  # fmt: skip


@pytest.mark.parametrize(("head", "said"), [("n", "n(d)"), ("n()", "n(d)"), ("n(K, p = 0.5)", "n(K, p = 0.5, d)")])
def test_a_size_that_is_not_defined_joins_the_parameters_that_stand_there(head: str, said: str) -> None:
    def check(head: str) -> list[str]:
        text = f"net {head} {{\n  input x: d\n  output y: 2 perceptrons\n}}\n"
        return [line for found in Spec(parse_program(text, "n.net")).check() for line in (found.code, *found.help)]

    assert f"`net {said}`" in check(head)[1]
    assert "NS206" not in check(said)


@pytest.mark.parametrize(("name", "hides"), [("last", True), ("other", False)])
def test_a_net_that_calls_itself_by_the_name_of_a_step_is_told_that_it_hides_the_step(name: str, hides: bool) -> None:
    text = f"net {name} {{\n  input x: 2 over 3\n  output y: {name}\n}}\n"
    (found,) = [one for one in Spec(parse_program(text)).check() if one.code == "NS601"]
    assert [hint.text for hint in found.hints] == (["hides"] if hides else [])
