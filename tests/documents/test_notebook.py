"""The example notebook is what its cells give now; in a notebook, nets draw themselves and mistakes are plain."""

from __future__ import annotations

import json
import re
import warnings
from importlib import import_module
from multiprocessing import get_all_start_methods, get_context
from typing import Any

import pytest

from docs.notebook import CELLS, NOTEBOOK, executed
from tests.conftest import ROOT

for _part in ("torch", "IPython", "matplotlib"):
    pytest.importorskip(_part)
# where a process can be copied, the copy has what this one has imported, which takes longer than the notebook
COPIED = get_context("fork" if "fork" in get_all_start_methods() else "spawn")


@pytest.fixture(scope="module")
def now() -> dict[str, Any]:
    """The notebook executed anew, in a process of its own: IPython changes the one it runs in."""
    for name in ("sklearn.datasets", "torch._dynamo", "matplotlib.figure"):
        import_module(name)
    with COPIED.Pool(1) as pool:
        found: dict[str, Any] = json.loads(pool.apply(_executed))
    return found


def _executed() -> str:
    with warnings.catch_warnings():
        warnings.simplefilter("default")  # as in a notebook
        return json.dumps(executed())


@pytest.fixture(scope="module")
def kept() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    return found


def shape(output: dict[str, Any]) -> tuple[Any, ...]:
    """An output without the digits that may differ between machines."""
    text = re.sub(r"\d+%", "N%", "".join(output.get("text", [])))
    return output["output_type"], output.get("name"), tuple(sorted(output.get("data", {}))), text


def test_the_notebook_is_fresh(now: dict[str, Any], kept: dict[str, Any]) -> None:
    assert [cell["source"] for cell in kept["cells"]] == [text.splitlines(keepends=True) for _, text in CELLS]
    for fresh, old in zip(now["cells"], kept["cells"], strict=True):
        assert [shape(item) for item in fresh.get("outputs", [])] == [shape(item) for item in old.get("outputs", [])]


def test_its_figure_is_fresh(now: dict[str, Any], kept: dict[str, Any]) -> None:
    pictures = [cells["cells"][2]["outputs"][0]["data"]["image/svg+xml"] for cells in (now, kept)]
    assert pictures[0] == pictures[1], "run `./dev python -m docs.notebook` and look at it"


def test_training_draws_its_curves_once(kept: dict[str, Any]) -> None:
    trained = next(cell for cell in kept["cells"] if "Curves()" in "".join(cell["source"]))
    assert [output["output_type"] for output in trained["outputs"]] == ["display_data", "stream"]
    picture = "".join(trained["outputs"][0]["data"]["image/svg+xml"])
    assert "</svg>" in picture
    percent = int(re.findall(r"(\d+)%", "".join(trained["outputs"][1]["text"]))[0])
    assert percent >= 90


def test_a_mistake_is_shown_without_a_traceback(kept: dict[str, Any]) -> None:
    said = "".join(kept["cells"][-1]["outputs"][0]["text"])
    assert said.startswith("error[NS202]")
    assert "help: write `hidden z: 16 perceptrons -> sigmoid`" in said
    assert "Traceback" not in said


def test_the_notebook_is_of_its_format(kept: dict[str, Any]) -> None:
    assert (kept["nbformat"], kept["nbformat_minor"]) == (4, 5)
    assert len({cell["id"] for cell in kept["cells"]}) == len(kept["cells"])
    assert str(ROOT) not in json.dumps(kept)
