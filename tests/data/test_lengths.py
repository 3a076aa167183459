"""Rows with lengths of their own: from a column of texts, and from lists of arrays."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import netspec
from netspec.diagnostics.errors import NetspecError

NAMES = """net names(V = 5, T = 6) {
  input  c: one of V over up to T
  hidden e: embed(4)
  hidden h: gru(6) -> last(time)
  output y: 2 perceptrons
}

data {
  source = csv("names.csv")
  c = chars("name")
  kind = label("kind")
}

train {
  loss = cross_entropy(y, kind)
  epochs = 2
}
"""
ARRAYS = """net tags {
  input  x: 2 over up to 7
  hidden h: rnn(5)
  output y: 3 perceptrons
}

train {
  loss = cross_entropy(y, tag)
  metrics = [accuracy(y, tag)]
  epochs = 2
}
"""


def table(folder: Path, names: list[str]) -> netspec.Spec:
    rows = [f"{name},{'ab'[row % 2]}" for row, name in enumerate(names)]
    (folder / "names.csv").write_text("name,kind\n" + "\n".join(rows) + "\n", encoding="utf-8")
    (folder / "names.net").write_text(NAMES, encoding="utf-8")
    return netspec.load(folder / "names.net")


def test_a_padded_batch_answers_as_each_row_alone(inside: Path) -> None:
    run = netspec.train(table(inside, ["a", "bcd", "dcbae", "ab"]), pictures=False)
    together = run.predict({"c": [[0], [1, 2, 3], [3, 2, 1, 0, 4], [0, 1]]})["probability_kind"]
    for row, codes in enumerate([[0], [1, 2, 3], [3, 2, 1, 0, 4], [0, 1]]):
        alone = run.predict({"c": [codes]})["probability_kind"]
        assert alone[0] == pytest.approx(together[row], abs=1e-6)


def test_steps_past_an_end_count_in_no_loss_and_no_metric(inside: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [rng.normal(size=(length, 2)) for length in (1, 7, 3, 4)]
    tags = [rng.integers(0, 3, len(row)) for row in rows]
    spec = netspec.parse(ARRAYS)
    run = netspec.train(spec, {"x": rows, "tag": tags}, pictures=False, out=inside / "run")
    found = run.predict({"x": rows})["predicted_tag"]
    right = sum(int(name) == tag for row, tag_row in zip(found, tags) for name, tag in zip(row, tag_row))
    assert run.scores["training"]["accuracy"] == pytest.approx(right / sum(map(len, rows)))


@pytest.mark.parametrize(
    ("names", "change", "code"),
    [
        (["ab", "abcdeab"], ("", ""), "NS847"),
        (["ab", "abcde"], ("up to ", ""), "NS848"),
        (["ab", "x"], ('chars("name")', 'chars("name", alphabet = "abcde")'), "NS841"),
        (["ab", ""], ("V = 5", "V = 2"), "NS808"),
    ],
)
def test_rows_that_do_not_fit_are_named(inside: Path, names: list[str], change: tuple[str, str], code: str) -> None:
    table(inside, names)
    text = NAMES.replace(*change) if change[0] else NAMES.replace("V = 5", "V = 5")
    (inside / "names.net").write_text(text, encoding="utf-8")
    with pytest.raises(NetspecError) as refused:
        netspec.train(inside / "names.net", pictures=False)
    assert refused.value.exit_code == 3
    assert refused.value.diagnostic.code == code
    if code in ("NS847", "NS841", "NS808"):
        assert refused.value.diagnostic.span is not None
        assert refused.value.diagnostic.span.source.name == "names.csv"


def test_an_input_and_its_target_have_the_same_lengths(inside: Path) -> None:
    rows, tags = [np.zeros((2, 2)), np.zeros((5, 2))], [np.zeros(2, int), np.zeros(4, int)]
    with pytest.raises(NetspecError) as refused:
        netspec.train(netspec.parse(ARRAYS), {"x": rows, "tag": tags}, pictures=False)
    assert refused.value.diagnostic.code == "NS849"
