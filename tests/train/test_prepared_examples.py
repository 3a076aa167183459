"""`--input` on a run gives raw values to the steps of its fields: the figure's numbers are those of `predict`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netspec
from netspec import DataError, UsageError
from netspec.cli.main import main
from netspec.figure.trained.overlay import number
from netspec.figure.trained.values import compute, read_example
from netspec.training.run import Run

SPEC = """net n {
  INPUTS
  hidden h: 3 perceptrons -> tanh
  output y: LAST
}

data {
  source = csv("rows.csv")
  FIELDS
  kind = label("kind")
}

train {
  loss = LOSS
  optimizer = adam(lr = 0.1)
  epochs = 3
}
"""
NUMBERS = 'x = columns("a", "b") -> standardize'
TWO = ("1 perceptron -> sigmoid", "binary_cross_entropy(y, kind)")
THREE = ("3 perceptrons -> softmax", "cross_entropy(y, kind)")


def trained(folder: Path, inputs: str, fields: str, last: str, loss: str, kinds: int) -> Run:
    draw = np.random.default_rng(1)
    rows = [
        f"{draw.normal(40, 9):.2f},{draw.normal(3000, 500):.1f},{('red', 'green')[k % 2]},{'abc'[k % kinds]}"
        for k in range(24)
    ]
    (folder / "rows.csv").write_text("a,b,colour,kind\n" + "\n".join(rows) + "\n", encoding="utf-8")
    text = SPEC.replace("INPUTS", inputs).replace("FIELDS", fields).replace("LAST", last).replace("LOSS", loss)
    (folder / "n.net").write_text(text, encoding="utf-8")
    return netspec.train(netspec.load(folder / "n.net"), out=folder / "run", pictures=False, quiet=True)


def shown(run: Run, example: Any) -> np.ndarray[Any, Any]:
    """The output's values that the figure writes."""
    graph = run.net.graph
    values = compute(graph, run.weights(), read_example(graph, example, run))
    found: np.ndarray[Any, Any] = values[graph.layers[graph.outputs[0]].values[0].node]
    return found


@pytest.mark.parametrize(("last", "kinds"), [(TWO, 2), (THREE, 3)], ids=["two", "three"])
@pytest.mark.parametrize("step", ["standardize", "scale(0, 1)", "fill -> standardize"])
def test_a_figure_has_the_probabilities_of_predict(
    tmp_path: Path, last: tuple[str, str], kinds: int, step: str
) -> None:
    run = trained(tmp_path, "input x: 2", NUMBERS.replace("standardize", step), *last, kinds)
    for row in ([41.5, 2600.0], [20.0, 4100.0]):
        wanted = run.predict({"x": [row]})["probability_kind"][0]
        assert shown(run, f"x={row[0]},{row[1]}") == pytest.approx(wanted, abs=1e-6)
        assert shown(run, {"x": row}) == pytest.approx(wanted, abs=1e-6)


def test_the_command_writes_the_number_of_predict(tmp_path: Path) -> None:
    run = trained(tmp_path, "input x: 2", NUMBERS, *TWO, 2)
    wanted = number(float(run.predict({"x": [[41.5, 2600.0]]})["probability_kind"][0]))
    for spec in (("n.net", "--weights", "run"), ("run",)):
        net, *rest = spec
        out = tmp_path / "y.svg"
        assert main(["render", str(tmp_path / net), *(str(tmp_path / one) if one == "run" else one for one in rest),
                     "--view", "neurons", "--input", "x=41.5,2600", "-o", str(out)]) == 0  # fmt: skip
        scene = run.render(view="neurons", input="x=41.5,2600").scene
        assert scene.find("y.1.value").plain == wanted
        assert out.read_text(encoding="utf-8") == run.render(view="neurons", input="x=41.5,2600").svg()


def test_a_class_is_given_by_its_name(tmp_path: Path) -> None:
    fields = NUMBERS + '\n  c = label("colour") -> onehot'
    run = trained(tmp_path, "input x: 2\n  input c: 2\n  hidden m: x & c", fields, *TWO, 2)
    for name in ("red", "green"):
        wanted = run.predict({"x": [[41.5, 2600.0]], "c": [name]})["probability_kind"]
        assert shown(run, f"x=41.5,2600; c={name}") == pytest.approx(wanted, abs=1e-6)


def test_weights_without_a_run_take_the_example_as_it_is(tmp_path: Path) -> None:
    run = trained(tmp_path, "input x: 2", NUMBERS, *TWO, 2)
    graph = run.net.graph
    assert read_example(graph, "x=0.5,-1") == {"x": [0.5, -1.0]}
    file = tmp_path / "run" / "weights.safetensors"
    one, two = (run.net.render(weights=given, input="x=0.5,-1").svg() for given in (file, run.weights()))
    assert one == two != run.render(input="x=0.5,-1").svg()
    with pytest.raises(UsageError, match="NS736"):
        run.net.render(weights=tmp_path / "run", input="x=0.5,-1")


def test_a_row_of_another_length_is_refused(tmp_path: Path) -> None:
    run = trained(tmp_path, "input x: 2", NUMBERS, *TWO, 2)
    with pytest.raises(DataError, match="NS830"):
        run.render(input="x=1,2,3")
    with pytest.raises(DataError, match="NS830"):
        run.predict({"x": [[1.0, 2.0, 3.0]]})
