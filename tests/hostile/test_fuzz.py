"""2,000 broken inputs; `./dev soak fuzz` tries a hundred thousand."""

from __future__ import annotations

from benchmarks.soak.fuzz import run


def test_only_diagnostics_come_of_broken_inputs() -> None:
    failures, slow, codes, _ = run(2000, 2)
    assert failures == []
    assert slow == []
    assert len(codes) > 60
