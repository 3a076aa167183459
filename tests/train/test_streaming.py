"""Pictures that do not fit into memory lie in a mapped file, and workers fetch their batches: the numbers stay."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netspec
from netspec.training.data import batches as feed
from netspec.training.run import Run
from netspec.training.sources import spill

SPEC = """netspec 1

net stripes {
  input  x: 1@6x6
  hidden c: 3 filters 3x3 -> relu
  output s: 2 perceptrons
}

data {
  source = folder("pictures")
  x = image -> STEP
  kind = label
  split = [0.8, 0.2]
}

train {
  loss = cross_entropy(s, kind)
  metrics = [accuracy(s, kind)]
  epochs = 2
  batch = 7
}
"""


@pytest.fixture
def pictures(inside: Path) -> Path:
    """60 grey pictures of two kinds, in PGM."""
    draw = np.random.default_rng(0)
    for number in range(60):
        kind = ("across", "down")[number % 2]
        place = inside / "pictures" / kind
        place.mkdir(parents=True, exist_ok=True)
        picture = draw.integers(0, 90, (6, 6), dtype=np.uint8)
        picture[:, 2] += 150 * (number % 2)
        picture[2, :] += 150 * (1 - number % 2)
        (place / f"{number:02}.pgm").write_bytes(b"P5 6 6 255\n" + picture.tobytes())
    return inside


def trained(place: Path, step: str, out: str) -> Run:
    (place / "stripes.net").write_text(SPEC.replace("STEP", step))
    return netspec.train(place / "stripes.net", out=out, pictures=False, threads=1, workers=2)


@pytest.fixture
def on_disk(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """From when it is filled no array fits into memory; it lists the threads that fetched."""
    threads: list[str] = []
    plain = feed.Part.fetch

    def fetch(part: Any, index: Any) -> Any:
        threads.append(threading.current_thread().name)
        return plain(part, index)

    monkeypatch.setattr(feed.Part, "fetch", fetch)
    return threads


@pytest.mark.parametrize("step", ["scale(0, 1)", "scale(-1, 1) -> flip(0.5)", "standardize"])
def test_what_does_not_fit_trains_to_the_same_weights(
    step: str, pictures: Path, on_disk: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = trained(pictures, step, "whole")
    assert on_disk == []
    monkeypatch.setattr(spill, "SHARE", 0.0)
    streamed = trained(pictures, step, "streamed")
    assert sum(name.startswith("netspec-worker") for name in on_disk) == 2 * 7
    one, other = whole.weights(), streamed.weights()
    assert max(float(np.abs(one[key] - other[key]).max()) for key in one) < 1e-6
    for field in ("x", "kind"):
        for before, after in zip(*(run.data["fields"][field]["steps"] for run in (whole, streamed)), strict=True):
            assert {key: pytest.approx(value) for key, value in before.items()} == after
