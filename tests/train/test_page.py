"""What a page trains without torch: its programs give the losses and weights of `netspec train`, step by step."""

from __future__ import annotations

import itertools
import math
from typing import Any

import numpy as np
import pytest
import torch

import netspec
from netspec.compute.formula import FUNCTIONS
from netspec.diagnostics.errors import SpecError
from netspec.documents import Request
from netspec.training.loop.engine import build_engine
from netspec.training.page import SIDE, page_plan, prepared_of
from netspec.training.plan import Plan, make_plan

NET = """net n {{
  input  x: 2
  hidden h: 3 perceptrons -> {step}
  output y: {outputs}
}}
data {{
  source = synthetic("two_moons", rows = 20, noise = 0.1)
  x = columns("x1", "x2") -> standardize
  moon = label
  split = [0.8, 0, 0.2]
}}
train {{
  loss = {loss}
  metrics = [accuracy(y, moon)]
  epochs = 2
  batch = 6
  {more}
}}
"""
TWO, ONE = "2 perceptrons", "1 perceptron"
CROSS, BINARY = "cross_entropy(y, moon, smoothing = 0.1)", "binary_cross_entropy(y, moon)"


class Steps:
    """A program of a page, run by numpy."""

    def __init__(self, program: dict[str, Any]) -> None:
        self.program = program

    def run(self, **given: Any) -> dict[str, Any]:
        program = self.program
        self.values: list[Any] = [None] * len(program["sizes"])
        for buffer, numbers in program["constants"]:
            self.values[buffer] = np.array(numbers, dtype=float)
        for name, buffer in program["given"].items():
            self.values[buffer] = np.asarray(given[name], dtype=float).reshape(-1)
        for kind, to, *rest in program["steps"]:
            self.values[to] = getattr(self, kind)(program["sizes"][to], *rest)
        return {name: self.values[buffer] for name, buffer in program["results"].items()}

    def map(self, size: int, function: str, operands: Any) -> Any:
        read = [self.values[buffer][begin + np.arange(size) * step] for buffer, begin, step in operands]
        return np.array([FUNCTIONS[function].plain(*each) for each in zip(*read, strict=True)])

    def copy(self, size: int, view: Any) -> Any:
        return self.values[view[0]][_places(*view[1:])].reshape(-1)

    def sum(self, size: int, terms: Any) -> Any:
        found = np.zeros(size)
        for offset, axes, factors in terms:
            products = math.prod(self.values[buffer][_places(begin, own)] for buffer, begin, own in factors)
            np.add.at(found, _places(offset, axes), products)
        return found

    def winner(self, size: int, of: int, length: int, ties: bool) -> Any:
        rows = self.values[of].reshape(-1, length)
        first = np.arange(length) == rows.argmax(1)[:, None]
        return (rows == rows.max(1, keepdims=True) if ties else first).astype(float).reshape(-1)


def _places(offset: int, axes: Any) -> Any:
    lists = [axis["at"] if isinstance(axis, dict) else [axis[0] + n * axis[1] for n in range(axis[2])] for axis in axes]
    return np.array([offset + sum(each) for each in itertools.product(*lists)])


def planned(text: str) -> tuple[Plan, dict[str, Any]]:
    spec = netspec.parse(text)
    plan = make_plan(spec, Request(device="cpu", pictures=False))
    return plan, page_plan(spec, lambda key: prepared_of(plan.dataset))


def batch_of(page: dict[str, Any], rows: Any) -> dict[str, Any]:
    """Return the fields of some rows; of a target that becomes 0 and 1 both forms."""
    found = {}
    for name, field in page["rows"]["fields"].items():
        values = np.array(field["values"], dtype=float).reshape(-1, field["each"])[rows]
        found[name] = values
        if name in page["targets"]:
            found[f"{name} ="] = np.eye(page["targets"][name][0])[values.astype(int).reshape(-1)]
    return found


@pytest.mark.parametrize(
    ("step", "outputs", "loss", "more"),
    [
        ("tanh", TWO, CROSS, "optimizer = adamw(lr = 0.1)\n  schedule = cosine"),
        ("relu", ONE, f"{BINARY} + 0.1 * squared(h)", "optimizer = sgd(lr = 0.1, momentum = 0.9)\n  clip = 0.1"),
    ],
)
def test_a_page_trains_as_the_command_does(step: str, outputs: str, loss: str, more: str) -> None:
    plan, page = planned(NET.format(step=step, outputs=outputs, loss=loss, more=more))
    plan.train.precision = "float64"
    engine = build_engine(plan)
    part = page["rows"]["parts"]["training"]
    weights = np.array(page["weights"])
    states = [np.zeros(len(weights)) for _ in range(page["states"])]
    for number in range(6):
        epoch, place = divmod(number, len(engine.spans))
        begin, end = engine.spans[place]
        order = engine.order(0, epoch)[begin:end]
        key = int(page["orders"][epoch], 16)
        assert key == netspec.training.data.random_streams.key_of(0, "order", epoch)
        rate = page["rates"][number if page["each"] == "step" else epoch]
        given = {f"state {at}": state for at, state in enumerate(states)}
        found = Steps(page["steps"][end - begin]).run(
            weights=weights, fixed=[], rate=[rate], count=[number + 1], **given, **batch_of(page, np.array(part)[order])
        )
        (due,) = engine.due(number)
        due.live.set_rate(number, epoch, 1.0)
        wanted = engine.loss(engine.parts["training"].take(order), due, {})
        wanted.backward()  # type: ignore[no-untyped-call]
        due.live.step()
        assert float(wanted.detach()) == pytest.approx(found["loss"][0], abs=1e-12)
        weights, states = found["new weights"], [found[f"new {at}"] for at in range(len(states))]
    for key, own in page["arrays"].items():
        home, at = own["at"]
        there = engine.model.state_dict()[key].numpy().reshape(-1)
        assert home == "weights"
        np.testing.assert_allclose(weights[at : at + len(there)], there, rtol=0, atol=1e-12)
    rows = page["rows"]["parts"]["test"]
    scores = Steps(page["scores"][len(rows)]).run(weights=weights, fixed=[], **batch_of(page, rows))
    engine.model.eval()
    measured = engine.objective.states()
    taken = engine.parts["test"].take(torch.arange(len(rows)))
    engine.objective.measure(measured, engine.outputs(taken), taken)
    space = page["space"]
    assert (space["input"], space["target"], space["axes"]) == ("x", "moon", ("x1", "x2"))
    grid = torch.linspace(-2, 2, 2 * SIDE * SIDE, dtype=torch.float64).reshape(-1, 2)
    drawn = Steps(space["program"]).run(weights=weights, fixed=[], x=grid)["value"]
    with torch.no_grad():
        (there,) = [value for value in engine.outputs({"x": grid}) if value.numel() == len(drawn)]
    np.testing.assert_allclose(drawn, there.numpy().reshape(-1), rtol=0, atol=1e-12)
    assert page["names"] == ["loss", "accuracy"]
    assert scores["accuracy"][0] == pytest.approx(measured[0].result())


@pytest.mark.parametrize(
    ("changes", "what"),
    [
        ({"step": "dropout(0.5)"}, "dropout"),
        ({"step": "batchnorm"}, "batchnorm"),
        ({"step": "relu", "more": "optimizer = adagrad"}, "adagrad"),
        ({"step": "relu", "more": "accumulate = 2"}, "accumulate = 2"),
        ({"step": "relu", "loss": "cross_entropy(y, moon, weight = [1, 2])"}, "cross_entropy"),
        ({"step": "relu", "more": "epochs = 900000", "drop": "epochs = 2\n"}, "epochs = 900000"),
    ],
)
def test_what_a_page_does_not_train_is_said_at_its_place(changes: dict[str, str], what: str) -> None:
    drop = changes.pop("drop", "")
    text = NET.format(**{"outputs": TWO, "loss": CROSS, "more": "", **changes})
    with pytest.raises(SpecError) as caught:
        planned(text.replace(drop, ""))
    (found,) = caught.value.diagnostics
    assert (found.code, found.words["what"]) == ("NS894", what)
    assert found.span is not None
    assert found.span.text.startswith(what.split()[0]) or what.endswith(found.span.text)


def test_data_that_the_page_lacks_are_said() -> None:
    spec = netspec.parse(NET.format(step="relu", outputs=TWO, loss=CROSS, more=""))
    with pytest.raises(SpecError) as caught:
        page_plan(spec, lambda key: None)
    assert caught.value.diagnostics[0].code == "NS894"
    assert [hint.text for hint in caught.value.diagnostics[0].hints] == ["data"]
