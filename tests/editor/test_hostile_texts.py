"""Texts that are wrong, cut, joined or strange: every request has an answer or a refusal, and the answer is JSON."""

from __future__ import annotations

import json
import random

import pytest

from netspec.diagnostics.model import Diagnostic
from netspec.editor.engine import Engine, Refused
from netspec.editor.parts import Checker, Part, Place
from netspec.limits import DEFAULT
from tests.conftest import ROOT

STRANGE = '{ } ( ) -> " \ufeff \0 \u200b \ud800 é 한글 😀 \r \u2028 & \x1b[2J'.split(" ")
SLOW = ("textDocument/codeAction", "netspec/figure")  # asked of every eighth text


def texts(count: int) -> list[str]:
    rng = random.Random(8)
    folders = ("specs/zoo", "specs/post", "tests/hostile/wrong", "tests/hostile/odd")
    files = sorted(path for folder in folders for path in (ROOT / folder).glob("*.net"))
    found = []
    for number in range(count):
        text = rng.choice(files).read_bytes().decode("utf-8", "surrogateescape")[:4000]
        at, to = sorted((rng.randrange(len(text) + 1), rng.randrange(len(text) + 1)))
        match number % 5:
            case 0:
                text = text[:at]
            case 1:
                text = text[:at] + rng.choice(STRANGE) + text[at:]
            case 2:
                text = text[:at] + text[min(to, at + 40) :]
            case 3:
                text += "\n" + rng.choice(files).read_bytes().decode("utf-8", "surrogateescape")[:2000]
            case 4:
                text = "\ufeff" + text
        found.append(text)
    return found


@pytest.mark.parametrize("count", [12, pytest.param(2000, marks=pytest.mark.soak)])
def test_every_text_has_answers(count: int) -> None:
    rng = random.Random(9)
    said: list[object] = []
    engine = Engine(lambda method, params: said.append(params))
    engine.request("initialize", {"capabilities": {}})
    named = {"textDocument": {"uri": "file:///nowhere/x.net"}}
    for number, text in enumerate(texts(count)):
        item = {**named["textDocument"], "version": number, "text": text}
        engine.notify("textDocument/didOpen", {"textDocument": item})
        engine.settle()
        rows = text.split("\n")
        line = rng.randrange(len(rows))
        at = {"line": line, "character": rng.randrange(len(rows[line]) + 2)}
        params = {
            **named,
            "position": at,
            "positions": [at],
            "range": {"start": {"line": max(0, line - 2), "character": 0}, "end": {"line": line + 2, "character": 0}},
            "newName": "other",
            "context": {},
            "code": "NS302",
        }
        for method in engine.methods:
            if method in ("initialize", "shutdown") or "/did" in method or (method in SLOW and number % 8):
                continue
            try:
                said.append(engine.request(method, params))
            except Refused as refused:
                said.append(str(refused))
        json.dumps(said)
        said.clear()


@pytest.mark.parametrize("count", [12, pytest.param(1000, marks=pytest.mark.soak)])
def test_joined_files_are_answered_as_the_whole_is(count: int) -> None:
    """Two specs one after the other, checked in parts, have the mistakes, places and help of one check."""
    files = sorted(path for folder in ("specs/zoo", "tests/hostile/wrong") for path in (ROOT / folder).glob("*.net"))
    rng = random.Random(count)
    checker = Checker(Place("x.net", None, None, DEFAULT))

    def place(part: Part, one: Diagnostic, start: int) -> tuple[str, int]:
        return one.code, start if one.span is not None and one.span.source is part.source else -1

    for _ in range(count):
        text = "\n".join(path.read_text("utf-8", "replace") for path in rng.sample(files, 2))
        whole = checker.checked([text], {})
        wanted = {(*place(whole, one, one.span.start if one.span else -1), one.message) for one in whole.diagnostics}
        found = {
            (*place(placed.part, one, placed.out(one.span.start) if one.span else -1), one.message)
            for placed, one in checker.check(text, {}).said()
        }
        if whole.spec is not None and whole.spec.program.report.failed:
            assert found >= wanted
        else:
            assert found == wanted
