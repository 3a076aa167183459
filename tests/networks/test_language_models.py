"""specs/llm: every claim holds, every spec stands in the table, and none is longer than a page."""

from __future__ import annotations

from pathlib import Path

import pytest

import netspec
from docs import models

SPECS = sorted((Path(__file__).parents[2] / "specs" / "llm").glob("*.net"))
QUICK = ("mixtral_8x7b", "glm_4.5_air", "lfm2_1.2b", "gemma3_4b")


@pytest.mark.parametrize(
    "path", [pytest.param(each, id=each.stem, marks=[] if each.stem in QUICK else pytest.mark.soak) for each in SPECS]
)
def test_claims_hold(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "require weights ==" in text
    assert ("mixture(" in text) == ("require active ==" in text)
    assert text.count("\n") <= 45
    assert not [found for found in netspec.load(path).check() if found.severity == "error"]


def test_the_table_is_of_these_specs() -> None:
    assert models.PAGE.read_text(encoding="utf-8") == models.page(), "run `python -m docs.models`"
    assert {f"llm/{path.stem}" for path in SPECS} <= set(models.MODELS.values())
    assert len(models.MODELS) == 55
