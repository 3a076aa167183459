"""Mistakes with which a net learns little are warnings, given once; `meant = WORD` says that one is meant."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netspec
from netspec.cli.main import main
from netspec.config.remarks import REMARKS, bounds_of
from netspec.ir.operation import Elementwise
from netspec.ops.registry import OPERATIONS
from netspec.training.plan import Plan, Request, make_plan
from netspec.training.run import Run
from tests.conftest import ROOT

SPEC = """net first {{
  input  x: {inputs}
  output y: {output}
}}

data {{
  source = csv("rows.csv")
  x = {x}
  t = {t}
{split}}}

train {{
  loss = {loss}
  epochs = 1
{meant}}}
"""
LINE = 'columns("a", "b") -> standardize'


def spec(**parts: str) -> str:
    words = {"inputs": "2", "output": "2 perceptrons", "x": LINE, "t": 'label("kind")', "split": "", "meant": ""}
    return SPEC.format(**({"loss": "cross_entropy(y, t)"} | words | parts))


def table(folder: Path, count: int = 40, **columns: Sequence[Any]) -> None:
    """Writes rows.csv: two columns of numbers near 1, a class, a number, and others."""
    rng = np.random.default_rng(0)
    known: dict[str, Sequence[Any]] = {
        "a": rng.normal(size=count).round(3).tolist(),
        "b": rng.normal(size=count).round(3).tolist(),
        "kind": ["no", "yes"] * (count // 2),
        "price": rng.normal(10, 3, count).round(2).tolist(),
        **columns,
    }
    lines = [",".join(known), *(",".join(map(str, row)) for row in zip(*known.values(), strict=True))]
    (folder / "rows.csv").write_text("\n".join(lines) + "\n", encoding="utf-8")


def plan_of(text: str, folder: Path) -> Plan:
    return make_plan(netspec.parse(text, folder=folder), Request(folder=str(folder), pictures=False))


def said(text: str, folder: Path) -> list[str]:
    return [item.code for item in plan_of(text, folder).remarks]


# ---- what the net and its loss tell

FINE = (
    "2 perceptrons", "2 perceptrons -> softmax", "2 perceptrons -> softmax -> identity", "2 perceptrons -> leaky(0.1)",
    "2 perceptrons -> softmax -> log", "2 perceptrons -> relu -> batchnorm", "2 perceptrons -> relu -> 2 perceptrons",
    "2 perceptrons -> dropout(0.5)",
)  # fmt: skip
BOUNDED = ("relu", "relu6", "tanh", "gelu", "silu", "elu", "softplus", "softmax -> softmax", "sigmoid -> softmax",
           "relu -> identity", "relu -> dropout(0.1)", "exp", "square", "hardsigmoid", "step")  # fmt: skip


@pytest.mark.parametrize("output", FINE)
def test_what_a_loss_may_read(output: str, tmp_path: Path) -> None:
    assert netspec.parse(spec(output=output), folder=tmp_path).warnings == []


@pytest.mark.parametrize("last", BOUNDED)
def test_a_loss_that_reads_bounded_values(last: str, tmp_path: Path) -> None:
    text = spec(output=f"2 perceptrons -> {last}")
    (found,) = netspec.parse(text, folder=tmp_path).warnings
    assert (found.code, found.line) == ("NS715", 3)
    assert found.severity == "warning"
    assert any("meant = bounded" in line for line in found.help)
    meant = spec(output=f"2 perceptrons -> {last}", meant="  meant = bounded\n")
    assert netspec.parse(meant, folder=tmp_path).warnings == []


def test_an_operation_of_ones_own_is_asked(tmp_path: Path) -> None:
    """No name is known: the formula of an operation says where its values lie."""

    class Tent(Elementwise):
        name, summary, call, family = "tent", "a tent", "torch.relu(1 - {x}.abs())", "activation"

        def value_of(self, s: Any) -> Any:
            return (1 - s.abs()).max(0)

    with OPERATIONS.temporarily(Tent):
        read = netspec.parse(spec(output="2 perceptrons -> tent"), folder=tmp_path)
        assert [item.code for item in read.warnings] == ["NS715"]
        graph = read.net().graph
        assert bounds_of(graph, graph.layers[graph.outputs[0]].values[0]) == (0.0, 1.0)


@pytest.mark.parametrize(
    ("output", "loss"),
    [
        ("2 perceptrons -> sigmoid", "cross_entropy(y, t)"),
        ("3 perceptrons -> softmax", "binary_cross_entropy(y, t)"),
    ],
)
def test_an_activation_that_the_loss_does_not_train(output: str, loss: str) -> None:
    text = f"net n {{\n  input  x: 2\n  output y: {output}\n}}\n\ntrain {{\n  loss = {loss}\n}}\n"
    assert [item.code for item in netspec.parse(text).warnings] == ["NS716"]
    assert netspec.parse(text.replace("  loss", "  meant = [bounded, squashed]\n  loss")).warnings == []


def test_dropping_everything_is_said(tmp_path: Path) -> None:
    for step in ("dropout(1)", "droppath(1)"):
        found = netspec.parse(spec(output=f"2 perceptrons -> {step}"), folder=tmp_path).warnings
        assert [item.code for item in found] == ["NS717"]
    assert netspec.parse("net n {\n  input  x: 2\n  output y: 0 * x\n}").warnings == []  # what the message offers


def test_an_unknown_word_is_refused(tmp_path: Path) -> None:
    with pytest.raises(netspec.SpecError) as caught:
        netspec.parse(spec(meant="  meant = [bounded, unscald]\n"), folder=tmp_path)
    (found,) = caught.value.diagnostics
    assert found.code == "NS424"
    assert "unscaled" in found.text()


# ---- what the data tell


def test_good_data_say_nothing(tmp_path: Path) -> None:
    table(tmp_path)
    assert said(spec(), tmp_path) == []
    assert said(spec(x='columns("a", "b")'), tmp_path) == []  # near 1 as they are
    price = spec(t='column("price") -> standardize', loss="squared(y, t)", output="1 perceptron")
    assert said(price, tmp_path) == []


def test_inputs_that_are_not_scaled(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    table(tmp_path, age=rng.uniform(20, 60, 40).round(1).tolist(), tiny=(rng.normal(size=40) * 1e-4).tolist())
    for columns in ('"a", "age"', '"a", "tiny"'):
        assert said(spec(x=f"columns({columns})"), tmp_path) == ["NS895"]
        assert said(spec(x=f"columns({columns}) -> standardize"), tmp_path) == []
        assert said(spec(x=f"columns({columns})", meant="  meant = unscaled\n"), tmp_path) == []
    normed = spec(x='columns("a", "age")', output="x -> batchnorm -> 2 perceptrons")
    assert said(normed, tmp_path) == []  # the net scales them itself
    (found,) = plan_of(spec(x='columns("a", "age")'), tmp_path).remarks
    assert "`age`" in found.message
    assert found.line == 8


def test_bytes_of_pictures_are_not_scaled() -> None:
    text = "net p {\n  input  x: 1@4x4\n  output y: 2 perceptrons\n}\n\ntrain {\n  loss = cross_entropy(y, t)\n}\n"
    rng = np.random.default_rng(0)
    x, t = rng.integers(0, 256, (20, 1, 4, 4), dtype=np.uint8), np.arange(20) % 2
    for pictures, codes in ((x, ["NS895"]), (x / 255, [])):
        plan = make_plan(netspec.parse(text), Request(pictures=False), {"x": pictures, "t": t})
        assert [item.code for item in plan.remarks] == codes


def test_an_id_as_a_feature(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    apart = np.sort(rng.choice(10_000, 40, replace=False)).tolist()
    table(
        tmp_path,
        number=list(range(100, 140)),
        mixed=rng.permutation(40).tolist(),
        user_id=apart,
        paid=apart,
        time=(np.arange(40) / 4).tolist(),
        name=[f"n{number}" for number in range(40)],
    )
    for column in ("number", "mixed", "user_id"):
        for ending in (" -> standardize", " -> scale(0, 1)"):
            text = spec(x=f'columns("a", "{column}"){ending}')
            assert said(text, tmp_path) == ["NS896"], (column, ending)
            assert f"`{column}`" in plan_of(text, tmp_path).remarks[0].message
    for column in ("paid", "time"):  # whole numbers that differ by chance, and no ID by its name; a quarter of a second
        assert said(spec(x=f'columns("a", "{column}") -> standardize'), tmp_path) == []
    alone = spec(inputs="1", x='columns("mixed") -> standardize')
    assert said(alone, tmp_path) == []  # the only input: y = f(1), f(2), …
    embedded = spec(inputs="one of 40", x='label("name")', output="x -> embed(2) -> 2 perceptrons")
    assert said(embedded, tmp_path) == []  # the only input, too
    assert said(spec(x='columns("a", "mixed") -> standardize', meant="  meant = id\n"), tmp_path) == []


def test_a_class_without_examples(tmp_path: Path) -> None:
    table(tmp_path)
    text = spec(t='label("kind", classes = ["no", "yes", "maybe"])', output="3 perceptrons")
    (found,) = plan_of(text, tmp_path).remarks
    assert (found.code, found.line) == ("NS897", 9)
    assert "`maybe`" in found.message
    assert said(text.replace("  epochs", "  meant = absent\n  epochs"), tmp_path) == []


@pytest.mark.parametrize(
    ("output", "target", "codes"),
    [
        ("1 perceptron -> relu", "standardize", ["NS898"]),
        ("1 perceptron -> sigmoid", "identity", ["NS898"]),
        ("1 perceptron -> relu", "scale(0, 1)", []),
        ("1 perceptron -> tanh", "scale(-1, 1)", []),
        ("1 perceptron", "standardize", []),
    ],
)
def test_targets_out_of_reach(output: str, target: str, codes: list[str], tmp_path: Path) -> None:
    table(tmp_path)
    chain = 'column("price")' + ("" if target == "identity" else f" -> {target}")
    assert said(spec(output=output, t=chain, loss="squared(y, t)"), tmp_path) == codes


# ---- what comes out, and that each is said once


def test_a_run_says_what_came_out_and_keeps_it(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    table(tmp_path, 100, kind=["no"] * 96 + ["yes"] * 4)
    (tmp_path / "first.net").write_text(spec(split="  split = [0.5, 0.5]\n"), encoding="utf-8")
    flags = ["--no-pictures", "--epochs", "20", "--lr", "0.1"]
    assert main(["train", str(tmp_path / "first.net"), "-o", str(tmp_path / "run"), *flags]) == 0
    out = capsys.readouterr().out
    assert out.count("NS899") == 1
    assert "`yes`" in out[out.index("NS899") :]
    (kept,) = Run(tmp_path / "run").warnings
    assert kept["code"] == "NS899"
    options: dict[str, Any] = {"settings": {"train.meant": "unanswered"}, "epochs": 20, "lr": 0.1, "pictures": False}
    run = netspec.train(tmp_path / "first.net", out=tmp_path / "other", **options)
    assert run.warnings == []
    assert json.loads((tmp_path / "other" / "sections.json").read_text())["train"]["meant"] == ["unanswered"]


def test_a_rare_class_that_is_seldom_found_is_said_with_macro_f1(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    rare = rng.random(600) < 0.05
    table(tmp_path, 600, kind=np.where(rare, "yes", "no").tolist(), a=rng.normal(2.4 * rare).round(3).tolist())
    (tmp_path / "s.net").write_text(spec(), encoding="utf-8")
    options: dict[str, Any] = {"epochs": 5, "lr": 0.1, "pictures": False}
    run = netspec.train(tmp_path / "s.net", out=tmp_path / "run", **options)
    (kept,) = run.warnings
    assert kept["code"] == "NS885"
    rows = run.classes["t"]
    accuracy = sum(row["recall"] * row["examples"] for row in rows) / 600
    macro = sum(row["f1"] for row in rows) / 2
    assert f"accuracy is {accuracy:.2f}, but macro f1 is {macro:.2f}" in kept["message"]
    meant = netspec.train(tmp_path / "s.net", out=tmp_path / "other", settings={"train.meant": "seldom"}, **options)
    assert meant.warnings == []


def test_a_loss_that_exploded(tmp_path: Path) -> None:
    table(tmp_path)
    text = spec(output="1 perceptron", t='column("price") -> standardize', loss="squared(y, t)")
    (tmp_path / "first.net").write_text(text, encoding="utf-8")
    settings = {"train.optimizer": "sgd(lr = 1.5)", "train.epochs": 4}
    run = netspec.train(tmp_path / "first.net", settings=settings, out=tmp_path / "run", pictures=False)
    assert [item["code"] for item in run.warnings] == ["NS900"]
    calm = netspec.train(tmp_path / "first.net", out=tmp_path / "calm", pictures=False)
    assert calm.warnings == []


def test_a_resumed_run_does_not_say_it_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from netspec.training.loop.loop import Loop
    from netspec.training.loop.progress import Callbacks, Facts, Summary

    class Heard(Callbacks):
        def __init__(self) -> None:
            self.codes: list[str] = []

        def began(self, facts: Facts) -> None:
            self.codes += [item.code for item in facts.remarks]

        def ended(self, summary: Summary) -> None:
            self.codes += [item.code for item in summary.remarks]

    class Killed(BaseException):
        pass

    def killed(self: Loop, *given: Any) -> None:
        raise Killed

    table(tmp_path, age=[20 + 3 * (row % 11) for row in range(40)])
    (tmp_path / "first.net").write_text(spec(x='columns("a", "age")', output="2 perceptrons -> relu"), encoding="utf-8")
    first, second = Heard(), Heard()
    with monkeypatch.context() as before:
        before.setattr(Loop, "step", killed)
        with pytest.raises(Killed):
            netspec.train(tmp_path / "first.net", out=tmp_path / "run", pictures=False, watch=first)
    run = netspec.resume(tmp_path / "run", pictures=False, watch=second)
    assert sorted(first.codes) == ["NS715", "NS895"]
    assert not {"NS715", "NS895"} & set(second.codes)
    assert {"NS715", "NS895"} <= {item["code"] for item in run.warnings}


# ---- no false alarm


@pytest.mark.parametrize("name", sorted(path.stem for path in (ROOT / "specs" / "tasks").glob("*.net")))
def test_the_tasks_say_nothing(name: str) -> None:
    path = ROOT / "specs" / "tasks" / f"{name}.net"
    spec = netspec.load(path)
    assert [item for item in spec.warnings if item.code in REMARKS] == []
    if "idx(" in path.read_text(encoding="utf-8") or "text(" in path.read_text(encoding="utf-8"):
        return  # their data is not in the repository
    assert make_plan(spec, Request(folder=str(path.parent), pictures=False)).remarks == []


def test_the_zoo_says_nothing() -> None:
    for path in sorted((ROOT / "specs").rglob("*.net")):
        text = path.read_text(encoding="utf-8")
        if "train {" in text or "dropout" in text:
            assert [item.message for item in netspec.load(path).warnings if item.code.startswith("NS71")] == [], path
