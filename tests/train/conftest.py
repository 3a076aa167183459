"""What the tests of training share: small specs in a folder of their own, and runs without pictures."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import netspec
from benchmarks.soak.nets import NETS, waves
from netspec.training.run import Run

Train = Callable[..., Run]

MLP = """netspec 1

net mlp {
  input  image: 1@8x8
  hidden z: 12 perceptrons -> tanh
  output y: 10 perceptrons
}

data {
  source = sklearn("digits")
  image = image -> scale(0, 1)
  label = label
  split = [0.1, 0.05, 0.85]
}

train {
  loss = cross_entropy(y, label)
  metrics = [accuracy(y, label)]
  optimizer = adam(lr = 3e-3)
  epochs = 3
  batch = 25
  seed = 0
}
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder with the small specs."""
    for name, text in (NETS | {"mlp": MLP}).items():
        (tmp_path / f"{name}.net").write_text(text)
    (tmp_path / "waves.csv").write_text(waves(400))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def train(place: Path) -> Train:
    """`netspec.train` of a small spec by its name, quickly and without pictures."""

    def run(name: str, **options: Any) -> Run:
        return netspec.train(place / f"{name}.net", **{"pictures": False, "threads": 1, **options})

    return run


def same(one: Run, other: Run) -> bool:
    """Whether two runs came to the same bytes: weights, scores and metrics."""
    names = ("weights.safetensors", "metrics.jsonl", "scores.json")
    return all((one.folder / name).read_bytes() == (other.folder / name).read_bytes() for name in names)
