"""specs/llm: every claim holds, every spec stands in the table, and none is longer than a page."""

from __future__ import annotations

from pathlib import Path

import pytest

import netspec
from docs import models
from tests.conftest import MODELS, ROOT


@pytest.mark.parametrize("path", MODELS)
def test_claims_hold(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert "require weights ==" in text
    assert ("mixture(" in text) == ("require active ==" in text)
    assert text.count("\n") <= 45
    spec = netspec.load(path)
    assert spec.check() == []
    assert spec.format() == text, f"netspec fmt {path.name}"


def test_the_table_is_of_these_specs() -> None:
    assert models.PAGE.read_text(encoding="utf-8") == models.page(), "run `python -m docs.models`"
    assert {f"llm/{path.stem}" for path in (ROOT / "specs" / "llm").glob("*.net")} <= set(models.MODELS.values())
    assert len(models.MODELS) == 55
