"""2,000 broken inputs; `./dev soak fuzz` tries a hundred thousand."""

from __future__ import annotations

from benchmarks.soak.fuzz import run, tried


def test_only_diagnostics_come_of_broken_inputs() -> None:
    failures, slow, codes, _ = run(2000, 2)
    assert failures == []
    assert slow == []
    assert len(codes) > 60


def test_a_word_as_an_argument_of_a_block() -> None:
    """Found by fuzzing: a default that is no step is a word, and two calls of the block are compared by it."""
    text = (
        "block Act(n, act = rela) {\n  input  x: c\n  output y: n perceptrons -> act\n}\n\n"
        "net first {\n  input  x: 4\n  hidden a: Act(3)\n  output y: a -> Act(2, act = leaky(0.1))\n}\n"
    )
    assert tried(text.encode()) == ["NS202", "NS620"]
