"""`netspec.train(spec, data={name: array})`: a spec that names no data, fed from Python."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

import netspec
from netspec import api
from netspec.diagnostics.errors import NetspecError
from netspec.training.loop.progress import Callbacks, Row

SPEC = """netspec 1

net points {
  input  x: 2
  hidden z: 8 perceptrons -> tanh
  output s: 2 perceptrons
}

train {
  loss = cross_entropy(s, kind)
  metrics = [accuracy(s, kind)]
  optimizer = adam(lr = 0.05)
  epochs = 30
  batch = 16
}
"""


@pytest.fixture
def points() -> dict[str, np.ndarray]:
    draw = np.random.default_rng(0)
    kind = np.arange(80) % 2
    return {"x": draw.normal(size=(80, 2)) * 0.3 + kind[:, None], "kind": kind}


@pytest.mark.parametrize("form", ["numpy", "torch", "lists"])
def test_arrays_of_any_kind(form: str, points: dict[str, np.ndarray], inside: Path) -> None:
    given = {
        "numpy": points,
        "torch": {key: torch.from_numpy(value) for key, value in points.items()},
        "lists": {key: value.tolist() for key, value in points.items()},
    }
    run = netspec.train(netspec.parse(SPEC), given[form], pictures=False, threads=1)
    assert run.score["accuracy"] > 0.95
    again = netspec.load_run(run.folder)
    model = again.module()
    answers = model(torch.from_numpy(points["x"]).float()).argmax(1).numpy()
    assert (answers == points["kind"]).mean() == pytest.approx(run.score["accuracy"])


def test_an_array_that_lacks_is_named(points: dict[str, np.ndarray], inside: Path) -> None:
    with pytest.raises(NetspecError) as caught:
        netspec.train(netspec.parse(SPEC), {"x": points["x"]}, pictures=False)
    (found,) = caught.value.diagnostics
    assert (found.code, found.words["name"], caught.value.exit_code) == ("NS822", "kind", 3)


def test_a_resumed_run_must_get_the_same_arrays(points: dict[str, np.ndarray], inside: Path) -> None:
    spec = netspec.parse(SPEC)
    with pytest.raises(KeyboardInterrupt):
        netspec.train(spec, points, out="cut", pictures=False, save_every=5, watch=Leaving())
    other = points | {"x": points["x"] + 1e-9}
    with pytest.raises(NetspecError) as caught:
        api.resume("cut", other)
    (found,) = caught.value.diagnostics
    assert (found.code, found.words["what"]) == ("NS860", "data.json")
    assert api.resume("cut", points).status["state"] == "finished"


class Leaving(Callbacks):
    """Leaves the run after its twelfth epoch."""

    def row(self, row: Row) -> None:
        if row.epoch == 12:
            raise KeyboardInterrupt


def test_a_misspelt_array_is_told_its_name(points: dict[str, np.ndarray], inside: Path) -> None:
    with pytest.raises(NetspecError) as caught:
        netspec.train(netspec.parse(SPEC), {"x": points["x"], "knd": points["kind"]}, pictures=False)
    assert caught.value.diagnostics[0].code == "NS821"
    assert not (inside / "runs").exists()


def test_all_faulty_values_are_told_before_anything_is_written(points: dict[str, np.ndarray], inside: Path) -> None:
    points["x"][3, 1] = np.nan
    points["x"][9, 0] = np.inf
    points["kind"][5] = 2
    with pytest.raises(NetspecError) as caught:
        netspec.train(netspec.parse(SPEC), points, pictures=False)
    assert sorted(fault.code for fault in caught.value.diagnostics) == ["NS831", "NS832"]
    assert not (inside / "runs").exists()
