"""Work grows as a spec grows: four times the lines cost about four times the calls, however the lines are written."""

from __future__ import annotations

import cProfile
import pstats
from collections.abc import Callable

import pytest

import netspec


def lines(count: int) -> str:
    hidden = (f"  hidden z{number}: 8 perceptrons -> relu" for number in range(count))
    return "\n".join(["net n {", "  input x: 8", *hidden, "  output y: 8 perceptrons", "}", ""])


def blocks(count: int) -> str:
    block = "block B(n) {\n  input x: n\n  hidden z: n perceptrons -> relu\n  output y: x + z\n}\n"
    hidden = (f"  hidden z{number}: B(8)" for number in range(count))
    return block + "\n".join(["net n {", "  input x: 8", *hidden, "  output y: 8 perceptrons", "}", ""])


def loops(count: int) -> str:
    rows = (
        f"  start z{number}: zeros\n  hidden z{number}: {'x' if not number else f'z{number - 1}'} & z{number}[t-1]"
        " -> 8 perceptrons -> tanh"
        for number in range(count)
    )
    return "\n".join(["net n {", "  input x: 8 over 10", *rows, f"  output y: z{count - 1}", "}", ""])


def calls(work: Callable[[], object]) -> int:
    profile = cProfile.Profile()
    profile.runcall(work)
    return int(pstats.Stats(profile).total_calls)  # type: ignore[attr-defined]


@pytest.mark.parametrize("write", [lines, blocks, loops])
def test_four_times_the_lines_cost_four_times_the_calls(write: Callable[[int], str]) -> None:
    netspec.parse(write(3))  # what is built once in a process
    small, large = (calls(lambda n=n: netspec.parse(write(n))) for n in (30, 120))
    assert large <= 4.4 * small
