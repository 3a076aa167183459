"""The 33 rules of the language, each with a spec that keeps it, specs that break it, and a pair it tells apart.

`accepted.net` has no message at all. `refused*.net` answers with the reports of `refused*.err`.
`a.net` and `b.net` differ by the rule alone; `pair.txt` says what differs, array names included.
`pytest --refresh tests/rules` writes the golden files anew, to be read in review.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from netspec.api import Net, load
from netspec.diagnostics.model import plain

HERE = Path(__file__).parent
RULES = sorted(path for path in HERE.iterdir() if path.name[0].isdigit())


def slug(path: Path) -> str:
    return path.name if path.is_dir() else f"{path.parent.name}/{path.stem}"


def check_golden(golden: Path, text: str, refresh: bool) -> None:
    if refresh:
        golden.write_text(text, encoding="utf-8")
    assert golden.read_text(encoding="utf-8") == text


def keys(net: Net) -> list[str]:
    return [stored.key for stored in net.graph.stored]


def test_every_rule_is_here() -> None:
    assert [int(path.name[:2]) for path in RULES] == list(range(1, 34))
    assert all(list(path.glob("refused*.net")) for path in RULES)


@pytest.mark.parametrize("rule", RULES, ids=slug)
def test_accepted(rule: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(rule)
    spec = load("accepted.net")
    assert plain(spec.check()) == ""
    assert spec.format() == Path("accepted.net").read_text(encoding="utf-8")


@pytest.mark.parametrize("rule", RULES, ids=slug)
def test_pair(rule: Path, monkeypatch: pytest.MonkeyPatch, refresh: bool) -> None:
    monkeypatch.chdir(rule)
    left, right = load("a.net").net(), load("b.net").net()
    lines = [str(change) for change in left.diff(right)]
    lines += [f"- array {key}" for key in keys(left) if key not in keys(right)]
    lines += [f"+ array {key}" for key in keys(right) if key not in keys(left)]
    assert not left.diff(load("a.net").net())
    check_golden(rule / "pair.txt", "\n".join(lines or ["nothing differs"]) + "\n", refresh)
