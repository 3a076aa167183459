"""The sections of docs/language.md: what is written there runs."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import netspec
from netspec.config.train import settings
from tests.conftest import ROOT

PAGE = (ROOT / "docs" / "language.md").read_text(encoding="utf-8")
SECTION = PAGE[PAGE.index("## 15. data, train, figure") : PAGE.index("## 16.")]
SPECS = [text for text in re.findall(r"```net\n(.*?)```", SECTION, re.DOTALL) if re.search("sklearn|synthetic", text)]


def test_the_table_of_settings_is_whole() -> None:
    rows = re.findall(r"^\| (`[^|]*`) \|", SECTION[SECTION.index("| setting | when left out") :], re.MULTILINE)
    named = [name for row in rows for name in re.findall(r"`(\w+)`", row)]
    assert set(settings()) <= set(named)


@pytest.mark.parametrize("text", SPECS, ids=[re.findall(r"net (\w+)", text)[0] for text in SPECS])
def test_every_spec_of_the_section_trains(text: str, inside: Path) -> None:
    run = netspec.train(netspec.parse(text), epochs=1, pictures=False)
    assert run.status["state"] == "finished"
