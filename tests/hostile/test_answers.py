"""Every word of the answers to the wrong and the odd specs: message, help, labels and fixes, kept in answers.txt.

What is there was read in review. `pytest --refresh tests/hostile/test_answers.py` writes it anew after a change.
"""

from __future__ import annotations

import contextlib
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest

from netspec.api import Spec
from netspec.cli import main
from netspec.diagnostics.catalogue import entries
from netspec.diagnostics.render import as_json
from netspec.elaborate.program import parse_program

HERE = Path(__file__).parent
KEPT = HERE / "answers.txt"
FILES = {f"{path.parent.name}/{path.stem}": path for name in ("wrong", "odd") for path in (HERE / name).glob("*.net")}
EXAMPLES = {f"example/{code}": entry["wrong"] for code, entry in entries().items() if "wrong" in entry}
NAMES = sorted((*FILES, *EXAMPLES))
LISTED = re.compile(r"((?:`[^`]+`, ){3})(?:`[^`]+`(?:, )?){4,}")  # all that there is: such lists grow


def place(found: dict[str, Any] | None) -> str:
    if found is None:
        return "-"
    return f"{found['line']}:{found['column']}-{found['end_line']}:{found['end_column']}"


def reports(name: str) -> list[dict[str, Any]]:
    if name in EXAMPLES:
        found = as_json(Spec(parse_program(EXAMPLES[name], "example.net")).check())
    else:
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            main(["check", str(FILES[name]), "--format", "json"])
        found = out.getvalue()
    items: list[dict[str, Any]] = json.loads(found)
    return items


def answer(name: str) -> str:
    """One line for each message, label, help and fix of a spec."""
    lines = []
    for item in reports(name):
        lines.append(f"{item['severity']} {item['code']} {place(item['place'])} {item['message']}")
        lines += [f"  label {place(label['place'])} {label['text']}" for label in item["labels"]]
        lines += [f"  help {text}" for text in item["help"]]
        for fix in item["fixes"]:
            lines.append(f"  fix {place(fix['place'])} {json.dumps(fix['replacement'], ensure_ascii=False)}")
    text = "\n".join(lines).replace(str(HERE), "")
    return LISTED.sub(r"\1…", text) or "nothing"


def kept() -> dict[str, str]:
    sections = KEPT.read_text(encoding="utf-8").split("\n\n== ")[1:]
    return {name: text.rstrip("\n") for name, _, text in (section.partition("\n") for section in sections)}


@pytest.fixture(scope="module")
def known() -> dict[str, str]:
    return kept()


def test_every_answer_is_kept_and_none_is_left_over(refresh: bool) -> None:
    if refresh:
        head = "Written by pytest --refresh tests/hostile/test_answers.py, and read in review.\n"
        KEPT.write_text(head + "".join(f"\n== {name}\n{answer(name)}\n" for name in NAMES), encoding="utf-8")
    assert sorted(kept()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_answer(name: str, known: dict[str, str]) -> None:
    assert answer(name) == known.get(name), "a new answer is kept by --refresh"
