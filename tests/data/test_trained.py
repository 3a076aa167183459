"""Trained runs at work: evaluate, predict, sample, compare, export, and the pictures of two inputs."""

from __future__ import annotations

import csv
import io
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netspec
from netspec.cli.main import main
from netspec.diagnostics.errors import NetspecError
from netspec.training.run import Run
from tests.conftest import ROOT

LOANS = ROOT / "specs" / "tasks" / "loans.csv"
PRICES = """net prices {
  input  x: 2
  output price: 1 perceptron
}

data {
  source = csv("homes.csv")
  x = columns("area", "rooms") -> standardize
  cost = column("cost") -> standardize
  split = [0.8, 0.2]
}

train {
  loss = squared(price, cost)
  metrics = [r2(price, cost)]
  optimizer = adam(lr = 0.1)
  epochs = 40
}
"""
POEM = """net poem(V = 4, T = 8) {
  input  c: one of V over T
  hidden e: onehot
  hidden h: %s
  output s: V perceptrons
}

data {
  source = text("poem.txt")
  c = chars -> window(T, stride = 1)
  next = chars -> window(T, ahead = 1, stride = 1)
}

train {
  loss = cross_entropy(s, next)
  optimizer = adam(lr = 0.03)
  epochs = 12
}
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Run]:
    """A few small runs that the tests share."""
    folder = tmp_path_factory.mktemp("runs")
    shutil.copy(LOANS, folder / "loans.csv")
    rng = np.random.default_rng(0)
    area, rooms = rng.uniform(20, 200, 80), rng.integers(1, 6, 80)
    rows = [f"{a:.2f},{r},{3 * a + 10 * r + 5:.2f}" for a, r in zip(area, rooms)]
    (folder / "homes.csv").write_text("area,rooms,cost\n" + "\n".join(rows) + "\n", encoding="utf-8")
    (folder / "poem.txt").write_text("abc\n" * 60, encoding="utf-8")
    shutil.copy(ROOT / "specs" / "tasks" / "loan.net", folder / "loan.net")
    (folder / "prices.net").write_text(PRICES, encoding="utf-8")
    (folder / "poem.net").write_text(POEM % "gru(12)", encoding="utf-8")
    (folder / "windowed.net").write_text(POEM % "attention(2, causal = true)", encoding="utf-8")
    names = ("loan", "prices", "poem", "windowed")
    return {
        name: netspec.train(folder / f"{name}.net", out=folder / f"run-{name}", pictures=name == "loan")
        for name in names
    }


def said(capsys: pytest.CaptureFixture[str], *args: object) -> str:
    assert main([str(arg) for arg in args]) == 0
    return capsys.readouterr().out


def table(text: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(text)))


def test_evaluate_measures_what_the_run_measured(made: dict[str, Run], capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("loan", "prices", "poem"):
        run = made[name]
        found = json.loads(said(capsys, "evaluate", run.folder, "--json"))
        assert found.pop("classes", {}).get(run.part, {}) == run.classes
        assert found == run.scores


def test_evaluate_takes_other_rows_with_what_was_learned(
    made: dict[str, Run], inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (inside / "few.csv").write_text("area,rooms,cost\n100,3,335\n50,2,175\n", encoding="utf-8")
    found = json.loads(said(capsys, "evaluate", made["prices"].folder, "few.csv", "--json"))
    assert found["given"]["loss"] < 1e-3  # two rows alone would be standardized to something else


def test_evaluate_says_when_the_data_have_changed(
    made: dict[str, Run], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = tmp_path / "run"
    shutil.copytree(made["loan"].folder, copy)
    (tmp_path / "loans.csv").write_text(LOANS.read_text(encoding="utf-8") + "30,99,1\n", encoding="utf-8")
    assert main(["evaluate", str(copy), "--data", str(tmp_path)]) == 0
    assert "NS874" in capsys.readouterr().err


def test_predict_answers_beside_the_rows(made: dict[str, Run], capsys: pytest.CaptureFixture[str]) -> None:
    rows = table(said(capsys, "predict", made["loan"].folder, LOANS, "--all"))
    assert [row["predicted_repaid"] for row in rows] == [row["repaid"] for row in rows]
    assert list(rows[0])[:3] == ["age", "salary", "repaid"]
    for row in rows:
        both = [float(row["probability_repaid_0"]), float(row["probability_repaid_1"])]
        assert sum(both) == pytest.approx(1, abs=2e-4)
        assert float(row["probability_repaid"]) == max(both)


def test_predict_reads_standard_input_and_answers_in_the_targets_unit(
    made: dict[str, Run], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"rooms,note,area\n3,old,100\n2,new,50\n")))
    rows = table(said(capsys, "predict", made["prices"].folder, "-"))
    assert [float(row["predicted_cost"]) for row in rows] == [
        pytest.approx(335, rel=0.02),
        pytest.approx(175, rel=0.02),
    ]
    assert rows[0]["note"] == "old"


def test_predict_in_python_is_that_of_the_command(made: dict[str, Run], capsys: pytest.CaptureFixture[str]) -> None:
    run = made["prices"]
    rows = np.array([[100.0, 3.0], [50.0, 2.0]])
    found = run.predict({"x": rows})
    assert found["predicted_cost"].ravel() == pytest.approx([335, 175], rel=0.02)
    import torch

    state = run.data["fields"]["x"]["steps"][0]
    prepared = torch.tensor((rows - state["mean"]) / state["std"], dtype=torch.float32)
    value = run.module()(prepared).detach().numpy()
    target = run.data["fields"]["cost"]["steps"][0]
    assert value * target["std"] + target["mean"] == pytest.approx(found["predicted_cost"], rel=1e-5)


def test_sequences_are_answered_as_arrays(
    made: dict[str, Run], inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (inside / "more.txt").write_text("abc\nabc\nab", encoding="utf-8")
    assert main(["predict", str(made["poem"].folder), "more.txt"]) == 2
    assert "NS875" in capsys.readouterr().err
    said(capsys, "predict", made["poem"].folder, "more.txt", "-o", "answers.npz")
    with np.load("answers.npz", allow_pickle=False) as found:
        assert "".join(found["predicted_next"][0]) == "bc\nabc\na"
        assert found["probability_next"].shape == (3, 8, 4)


@pytest.mark.parametrize("name", ["poem", "windowed"])
def test_a_net_of_characters_writes_on(made: dict[str, Run], capsys: pytest.CaptureFixture[str], name: str) -> None:
    run = made[name]
    assert run.sample("a", 11, temperature=0) == "bc\nabc\nabc\n"
    first = said(capsys, "predict", run.folder, "--sample", "--prompt", "ab", "--length", 30, "--seed", 3)
    assert first == said(capsys, "predict", run.folder, "--sample", "--prompt", "ab", "--length", 30, "--seed", 3)
    assert len(first) == 33
    with pytest.raises(NetspecError) as unknown:
        run.sample("xyz")
    assert unknown.value.diagnostic.code == "NS871"
    with pytest.raises(NetspecError) as silent:
        made["loan"].sample("a")
    assert silent.value.diagnostic.code == "NS872"


def test_runs_lists_and_compares(made: dict[str, Run], inside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    listed = said(capsys, "runs", made["loan"].folder.parent)
    assert [line.split()[1] for line in listed.splitlines()[1:]] == ["loan", "poem", "prices", "poem"]
    found = said(capsys, "runs", made["poem"].folder, made["windowed"].folder, "-o", "both.svg")
    assert "weights" in found
    assert "train.optimizer" not in found  # the same in both
    assert (inside / "both.svg").read_text(encoding="utf-8").count("run-windowed training") == 1
    document = json.loads(said(capsys, "runs", made["loan"].folder, made["prices"].folder, "--json"))
    assert document["differ"]["train.loss"] == ["binary_cross_entropy(f, repaid)", "squared(price, cost)"]
    assert main(["runs"]) == 2
    assert "NS877" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["loan", "poem"])
def test_an_exported_net_computes_the_same_for_any_number_of_rows(
    made: dict[str, Run], inside: Path, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    import torch

    said(capsys, "compile", made[name].folder, "-o", "model.pt2")
    program = torch.export.load("model.pt2").module()
    for rows in (1, 2, 7):
        values: Any = torch.randn(rows, 2) if name == "loan" else torch.randint(4, (rows, 8))
        assert torch.allclose(program(values), made[name].module()(values), atol=1e-6)


def test_the_equation_of_a_linear_net_is_in_the_units_of_the_data(made: dict[str, Run]) -> None:
    from netspec.training.inference.predictor import Predictor
    from netspec.training.report.boundary import View, equation_of

    trained = Predictor(made["loan"])
    engine = trained.engine(trained.own())
    view = View(trained.plan(trained.own()), engine, engine.objective.losses[0])
    equation = equation_of(view)
    name, _, right = equation.partition(" = ")
    start, sign_age, age, _, sign_salary, salary, _ = right.split()
    weights = np.array([float(f"{sign_age}{age}"), float(f"{sign_salary}{salary}")])
    rows = np.loadtxt(LOANS, delimiter=",", skiprows=1)
    assert name == "f"
    assert ((float(start) + rows[:, :2] @ weights > 0) == rows[:, 2]).all()
    assert (made["loan"].folder / "boundary.svg").read_text(encoding="utf-8").count(equation) == 1
