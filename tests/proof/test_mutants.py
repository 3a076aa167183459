"""Every mutant that lived in the last dated run is judged in mutants.md."""

from __future__ import annotations

import re
from pathlib import Path

HERE = Path(__file__).parent
RESULT = HERE.parents[1] / "benchmarks" / "results" / "mutants.md"


def test_each_mutant_that_lives_is_judged() -> None:
    alive = re.findall(r"^- `(.+)`$", RESULT.read_text(encoding="utf-8"), re.MULTILINE)
    rows = re.findall(r"^\| `(.+)` \| (\w.+) \|$", (HERE / "mutants.md").read_text(encoding="utf-8"), re.MULTILINE)
    judged = dict(rows)
    assert {mutant.replace("|", "∣") for mutant in alive} == judged.keys()
    assert all(re.match(r"equal|closed|open|one pass", why) for why in judged.values())
