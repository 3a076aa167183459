"""The committed pictures are what the code draws now."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from docs import measured, pictures
from docs.fences import DOCS


def test_no_picture_is_stale() -> None:
    assert pictures.stale() == [], "run `./dev python -m docs.pictures`, look at them and commit them"


def test_a_changed_picture_is_noticed(tmp_path: Path) -> None:
    for name, svg in pictures.drawn().items():
        (tmp_path / name).write_text(svg, encoding="utf-8")
    (tmp_path / "lenet.svg").write_text("<svg/>", encoding="utf-8")
    assert pictures.stale(tmp_path) == ["lenet.svg"]


@pytest.mark.parametrize("name", sorted(measured.MEASURES))
def test_every_measure_has_its_picture_and_numbers(name: str) -> None:
    assert (DOCS / "pictures" / f"measured-{name}.svg").exists()
    assert json.loads((DOCS / "measured.json").read_text(encoding="utf-8"))[name]


def test_the_cost_is_counted_anew() -> None:
    assert measured.cost() == json.loads((DOCS / "measured.json").read_text(encoding="utf-8"))["cost"]


def test_what_the_measured_page_claims() -> None:
    found = json.loads((DOCS / "measured.json").read_text(encoding="utf-8"))
    relu, sigmoid = ([row["mean"] for row in found["depth"][act]] for act in ("relu", "sigmoid"))
    assert relu[1] > relu[0]
    assert relu[8] < relu[2]
    assert sigmoid[8] < 0.3 < relu[8]
    at = found["hunger"]["examples"].index(500)
    for net in ("mlp", "cnn"):
        assert found["hunger"][net][at]["mean"] > 0.95
        assert found["hunger"][net][0]["mean"] < 0.4
    assert max(row["mean"] for row in found["hunger"]["linear"]) < 0.97
    assert found["features"]["accuracy"] > 0.9
