"""Wrong specs, each with its answer beside it; odd ones that are right; refused ones of the rules; examples.

Each is elaborated once and held to all that is promised: the right codes at the right places within two seconds, a help
for every mistake, both languages, fixes that take their mistake away, and the words of wording.txt.

A wrong spec begins with `# expect CODE at LINE:COLUMN-LINE:COLUMN` for each report, an odd one with `# warns CODE` for
each warning; a rule's `refused.net` has its reports in `refused.err`. The words come from the catalogue alone:
after a message is written anew, `./dev test tests/hostile/test_corpus.py --refresh` refreshes wording.txt and the
places in `.err`, to be read in review.
"""

from __future__ import annotations

import json
import re
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

import pytest

from netspec.cli import main
from netspec.diagnostics.catalogue import entries
from netspec.diagnostics.model import Diagnostic, applied, as_json
from netspec.elaborate.program import load_program, parse_program
from netspec.spec import Spec
from tests.conftest import ROOT

HERE = Path(__file__).parent
KEPT = HERE / "wording.txt"
FILES = {f"{name}/{path.stem}": path for name in ("wrong", "odd") for path in (HERE / name).glob("*.net")}
RULES = {f"rules/{path.parent.name}/{path.stem}": path for path in (ROOT / "tests/rules").glob("*/refused*.net")}
EXAMPLES = {f"example/{code}": entry["wrong"] for code, entry in entries().items() if "wrong" in entry}
NAMES = sorted((*FILES, *RULES, *EXAMPLES))
EXPECTED = re.compile(r"# expect (NS\d{3}) at (\d+:\d+-\d+:\d+|-)")
WARNED = re.compile(r"# warns (NS\d{3})")
LISTED = re.compile(r"((?:`[^`]+`, ){3})(?:`[^`]+`(?:, )?){4,}")  # all that there is: such lists grow
SLOWEST = 2.0  # seconds of the processor


def text_of(name: str) -> str:
    return EXAMPLES[name] if name in EXAMPLES else (FILES | RULES)[name].read_bytes().decode("utf-8-sig", "replace")


def checked(name: str) -> list[Diagnostic]:
    if name in EXAMPLES:
        return Spec(parse_program(EXAMPLES[name], "example.net")).check(propose=False)
    return Spec(load_program((FILES | RULES)[name])).check(propose=False)


def place(found: dict[str, Any] | None) -> str:
    if found is None:
        return "-"
    return f"{found['line']}:{found['column']}-{found['end_line']}:{found['end_column']}"


def reports(items: Sequence[dict[str, Any]]) -> list[str]:
    return [f"{item['code']} at {place(item['place'])}" for item in items]


def wording(items: Sequence[dict[str, Any]]) -> Iterator[str]:
    """One line for each message, label, help and fix."""
    for item in items:
        yield f"{item['severity']} {item['code']} {place(item['place'])} {item['message']}"
        yield from (f"  label {place(label['place'])} {label['text']}" for label in item["labels"])
        yield from (f"  help {text}" for text in item["help"])
        for fix in item["fixes"]:
            yield f"  fix {place(fix['place'])} {json.dumps(fix['replacement'], ensure_ascii=False)}"


def answer(name: str, english: list[dict[str, Any]], korean: list[dict[str, Any]]) -> str:
    """The words in English, and those of the rules and the catalogue's examples in Korean, too."""
    lines = list(wording(english)) or ["nothing"]
    if name not in FILES:
        lines += (line for line in wording(korean) if not line.startswith("  fix"))
    return LISTED.sub(r"\1…", "\n".join(lines).replace(str(ROOT / "tests"), ""))


@lru_cache(maxsize=1)
def kept() -> dict[str, str]:
    sections = KEPT.read_text(encoding="utf-8").split("\n\n== ")[1:]
    return {name: text.rstrip("\n") for name, _, text in (section.partition("\n") for section in sections)}


def said(found: list[Diagnostic]) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """The reports in English and in Korean."""
    return json.loads(as_json(found)), json.loads(as_json(found, "ko"))


def test_every_answer_is_kept_and_none_is_left_over(refresh: bool) -> None:
    if refresh:
        head = "Written by ./dev test tests/hostile/test_corpus.py --refresh, and read in review.\n"
        text = [head]
        for name in NAMES:
            english, korean = said(checked(name))
            text.append(f"\n== {name}\n{answer(name, english, korean)}\n")
            if name in RULES:
                lines = "".join(f"{line}\n" for line in reports(english))
                RULES[name].with_suffix(".err").write_text(lines, encoding="utf-8")
        KEPT.write_text("".join(text), encoding="utf-8")
        kept.cache_clear()
    assert sorted(kept()) == NAMES


@pytest.mark.parametrize("name", NAMES)
def test_answer(name: str) -> None:
    begun = time.process_time()
    found = checked(name)
    assert time.process_time() - begun < SLOWEST
    english, korean = said(found)
    if name.startswith("odd/"):
        assert [item["code"] for item in english] == WARNED.findall(text_of(name))
        assert all(item["severity"] == "warning" for item in english)
    elif name.startswith("wrong/"):
        assert reports(english) == [f"{code} at {where}" for code, where in EXPECTED.findall(text_of(name))]
        assert any(item["severity"] == "error" for item in english)
        assert all(item["help"] and all(item["help"]) for item in english)
    elif name.startswith("rules/"):
        assert reports(english) == RULES[name].with_suffix(".err").read_text(encoding="utf-8").splitlines()
    else:
        assert [item["code"] for item in english] == [name.removeprefix("example/")]
    assert [len(item["help"]) for item in english] == [len(item["help"]) for item in korean]
    assert all(re.search("[가-힣]", item["message"]) for item in korean)
    assert answer(name, english, korean) == kept().get(name), "a new answer is kept by --refresh"
    fixes_help(name, found)


def fixes_help(name: str, found: list[Diagnostic]) -> None:
    """Each fix that is offered makes its mistake go away."""
    for diagnostic in found:
        if not diagnostic.fixes:
            continue
        assert diagnostic.span is not None
        mended = applied(diagnostic.fixes[0].span.source.text, diagnostic.fixes)
        assert mended != text_of(name)
        after = Spec(parse_program(mended, "example.net")).check(propose=False)
        left = [item for item in after if item.span is not None and item.code == diagnostic.code]
        before = [item for item in found if item.code == diagnostic.code]
        line = diagnostic.span.line
        assert all(item.span is None or item.span.line != line for item in left) or len(left) < len(before)


def test_the_corpus_is_as_large_as_promised() -> None:
    assert sum(name.startswith("wrong/") for name in FILES) >= 1250
    assert sum(name.startswith("odd/") for name in FILES) >= 60


def test_nothing_is_written(inside: Path, capsys: pytest.CaptureFixture[str]) -> None:
    chosen = sorted(FILES.values())[::60]
    for path in chosen:
        (inside / path.name).write_bytes(path.read_bytes())
        assert main(["check", path.name]) == (path.parent.name == "wrong")
    capsys.readouterr()
    assert {path.name for path in inside.iterdir()} == {path.name for path in chosen}
