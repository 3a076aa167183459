"""A mixture of 8 experts, top 2, forward and backward on one thread: against all experts, and a loop with index_add."""

from __future__ import annotations

import statistics
import time
from typing import Any

from benchmarks.publish import publish

ROUNDS = 9
# (tokens, width, width of an expert): the most that the time may be, of all experts and of the loop
SIZES = {(2048, 64, 256): (0.45, 0.95), (512, 128, 512): (0.45, 0.95), (32, 64, 256): (1.1, None)}
SPEC = """net n {{
  input  x: {d}
  output y: x -> mixture(8, top = 2) {{ {h} perceptrons -> relu -> {d} perceptrons }}
}}
"""


def all_experts(mixture: Any, x: Any) -> Any:
    """Every expert on every token, each result times its weight, which is mostly 0."""
    import torch

    scores = mixture.router(x)
    weights, chosen = scores.topk(2, -1)
    shares = torch.zeros_like(scores).scatter(-1, chosen, weights.softmax(-1))
    return sum(shares[:, number, None] * expert(x) for number, expert in enumerate(mixture.experts))


def loop(mixture: Any, x: Any) -> Any:
    """The tokens of each expert gathered, its results added at their places."""
    import torch

    weights, chosen = mixture.router(x).topk(2, -1)
    weights = weights.softmax(-1)
    y = torch.zeros_like(x)
    for number, expert in enumerate(mixture.experts):
        rows, places = torch.where(chosen == number)
        y = y.index_add(0, rows, expert(x[rows]) * weights[rows, places, None])
    return y


def main() -> bool:
    """Prints and keeps the table; False where the values differ or a bound is broken."""
    import torch

    import netspec

    torch.set_num_threads(1)
    lines = ["| tokens | width | width of an expert | ms | of all experts | of a loop with index_add |"]
    lines += ["|---:|---:|---:|---:|---:|---:|"]
    good = True
    for (tokens, d, h), bounds in SIZES.items():
        module = netspec.parse(SPEC.format(d=d, h=h)).net().module()
        x = torch.randn(tokens, d, requires_grad=True)
        ways = (module, lambda x: all_experts(module.y, x), lambda x: loop(module.y, x))  # noqa: B023
        good = good and all(torch.allclose(way(x), module(x), atol=1e-5) for way in ways)
        own, *others = _times(ways, x, max(1, 1000 // tokens))
        ratios = [statistics.median(a / b for a, b in zip(own, other, strict=True)) for other in others]
        good = good and all(bound is None or ratio <= bound for ratio, bound in zip(ratios, bounds, strict=True))
        cells = (tokens, d, h, f"{1000 * statistics.median(own):.2f}", *(f"{ratio:.2f}" for ratio in ratios))
        lines.append(f"| {' | '.join(map(str, cells))} |")
    lines += ["", "Medians of ratios of CPU time, measured in turn; one thread."]
    publish("mixture", "Mixtures of experts", lines, ("torch",))
    return good


def _times(ways: Any, x: Any, calls: int) -> list[list[float]]:
    found: list[list[float]] = [[] for _ in ways]
    for way in ways:
        way(x).square().sum().backward()
    for _ in range(ROUNDS):
        for way, times in zip(ways, found, strict=True):
            begin = time.process_time()
            for _ in range(calls):
                way(x).square().sum().backward()
            times.append((time.process_time() - begin) / calls)
    return found


if __name__ == "__main__":
    raise SystemExit(not main())
