"""A wrong token: valid or a coded diagnostic, never another exception, never for long; what stays valid is known."""

from __future__ import annotations

import random
import re
import time
from pathlib import Path

import pytest

from proof.mutation import Mutation, change_class, errors, every, replaced, verdict
from proof.test_text_laws import TEXTS
from tests.conftest import ROOT

SAMPLE = 50
PROPOSED = 10  # the proposals of a mend, too, are made for every tenth: they take ten times as long
REVIEWED = Path(__file__).parent / "survivors.md"


def mutants() -> list[tuple[str, Mutation]]:
    """A sample that is the same on every run; `python -m benchmarks.soak mutation` takes all."""
    source = random.Random(1)
    names = [name for name in TEXTS if "/" in name]  # files are right, as other tests hold; pages show mistakes
    found = []
    for name in source.choices(names, weights=[len(TEXTS[name]) for name in names], k=SAMPLE):
        kind = source.choice(("delete", "double", "swap", "replace"))
        text = TEXTS[name]
        found.append((name, replaced(text, source) if kind == "replace" else source.choice(list(every(text, (kind,))))))
    return found


def folder(name: str) -> Path | None:
    return (ROOT / name).parent if "/" in name else None


def test_every_mutation_is_valid_or_answered_with_a_code_and_those_that_stay_valid_are_reviewed() -> None:
    reviewed = set(re.findall(r"^\| `([\w.]+)` \|", REVIEWED.read_text(encoding="utf-8"), re.MULTILINE))
    refused = 0
    for number, (name, mutation) in enumerate(mutants()):
        begun = time.process_time()
        codes = errors(verdict(mutation.text, folder(name), propose=number % PROPOSED == 0))
        assert time.process_time() - begun < 20, (name, mutation.kind, mutation.at)
        refused += bool(codes)
        if not codes:
            found = change_class(TEXTS[name], mutation.text)
            assert found in reviewed, f"{found}: {name}, {mutation.kind} at {mutation.at}:\n{mutation.text}"
    assert refused > 0.9 * SAMPLE


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("x -> perceptrons -> relu", "NS119"),
        ("x -> relu -> 3", "NS213"),
        ("x & x[t31]", "NS505"),
        ("x -> relv", "NS202"),
        ("w -> relu", "NS205"),
        ("x -> 3 perceptrons (bais = false)", "NS203"),
        ("x -> dropout(p -> true)", "NS404"),
    ],
)
def test_a_block_that_no_net_calls_is_checked_too(text: str, code: str) -> None:
    """What no call could mend: a library of blocks would otherwise be right whatever it says."""
    assert code in errors(verdict(f"block b {{\n  input x: d over T\n  output y: {text}\n}}\n"))


@pytest.mark.parametrize(
    "text",
    [
        "block b(act) {\n  input x: k @ h x w\n  output y: k/2 filters 3x3 -> act\n}\n",
        "block b(n, c) {\n  input x: k\n  output y: x + (x -> repeat n { c perceptrons -> relu })\n}\n",
        "block b(k) {\n  input x: c @ h x w\n  output y: c filters k x k (pad = (k - 1)/2)\n}\n",
        "block b(c, p) {\n  input x: c over T\n  output y: x & y[t-1] -> c perceptrons -> dropout(p)\n}\n",
    ],
)
def test_what_some_call_could_make_right_is_not_refused(text: str) -> None:
    assert errors(verdict(text)) == []
