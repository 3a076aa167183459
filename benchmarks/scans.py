"""Scans in chunks, forward and backward on one thread: against their step form, and four times the steps."""

from __future__ import annotations

import statistics
import time
from typing import Any

from benchmarks.publish import publish

ROUNDS = 5
LEAST = 5.0  # how many times faster than the step form at SHORT steps
MOST = 5.0  # the time of LONG steps, of that of SHORT
SHORT, LONG = 512, 2048
MATRIX = """  input  q: 4@32 over {T}
  input  k: 4@32 over {T}
  input  v: 4@32 over {T}
  input  a: 4 over {T}
  hidden d: a -> softplus
"""
MAMBA = """  input  x: 16 over {T}
  input  n: 16 over {T}
  hidden A: (x -> softplus -> expand(space = 16))*(learned(16@16) -> exp)
  hidden h: x*(n -> reshape(1@16) -> expand(maps)) -> scan(decay = A)
  output y: h*(n -> reshape(1@16) -> expand(maps)) -> sum(space)
"""
NETS = {
    "linear attention": MATRIX.replace("  hidden d: a -> softplus\n", "").replace("  input  a: 4 over {T}\n", "")
    + "  output y: q, k, v -> scan\n",
    "with decay (Mamba 2)": MATRIX + "  output y: q, k, v -> scan(decay = d)\n",
    "gated delta rule": MATRIX + "  hidden b: a -> sigmoid\n  hidden u: k -> normalize\n"
    "  output y: q, u, v -> scan(decay = d, delta = b)\n",
    "a state for each channel (Mamba)": MAMBA,
}


def whole(module: Any, values: list[Any]) -> Any:
    return module(*values)


def stepped(module: Any, values: list[Any]) -> Any:
    """One time step after another, the state handed on."""
    import torch

    found, state = [], None
    for at in range(values[0].shape[1]):
        y, state = module(*(x[:, at : at + 1] for x in values), state=state, return_state=True)
        found.append(y)
    return torch.cat(found, 1)


def main() -> bool:
    """Prints and keeps the table; False where the values differ or a bound is broken."""
    import torch

    import netspec

    torch.set_num_threads(1)
    lines = [f"| scan | {SHORT} steps, ms | step form, times as long | {LONG} steps, times as long |"]
    lines += ["|---|---:|---:|---:|"]
    good = True
    for name, text in NETS.items():
        times = {}
        for steps in (SHORT, LONG):
            net = netspec.parse("net n {\n" + text.replace("{T}", str(steps)) + "}\n").net()
            module = net.module()
            shapes = [net.graph.nodes[index].type for index in net.graph.inputs]
            values = [torch.randn(1, steps, own.maps, *own.space, requires_grad=True) for own in shapes]
            times[steps] = _time(whole, module, values)
            if steps == SHORT:
                good = good and torch.allclose(whole(module, values), stepped(module, values), rtol=1e-4, atol=1e-3)
                slow = _time(stepped, module, values) / times[steps]
        longer = times[LONG] / times[SHORT]
        good = good and slow >= LEAST and longer <= MOST
        lines.append(f"| {name} | {1000 * times[SHORT]:.1f} | {slow:.1f} | {longer:.1f} |")
    lines += ["", "One example; medians of CPU time of forward and backward; one thread."]
    publish("scans", "Scans in chunks", lines, ("torch",))
    return good


def _time(way: Any, module: Any, values: list[Any]) -> float:
    found = []
    for _ in range(ROUNDS + 1):
        begin = time.process_time()
        way(module, values).square().sum().backward()
        found.append(time.process_time() - begin)
    return statistics.median(found[1:])


if __name__ == "__main__":
    raise SystemExit(not main())
