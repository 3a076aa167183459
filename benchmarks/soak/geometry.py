"""Every figure keeps the laws of geometry: all specs, thousands of nets made for layouts, random valid specs.

Laws (tests/figure/geometry.py): no label overlaps another or leaves its node, none stands on a node it does not
belong to, nodes and dots stand apart, nothing leaves the canvas, wires end on rims, ids are single. Every tenth
picture is drawn twice and compared byte by byte.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks.publish import publish

ROOT = Path(__file__).resolve().parents[2]
COUNT = int(os.environ.get("COUNT", "3000"))  # nets made for layouts; a tenth as many random valid specs
VIEWS = ("neurons", "perceptron", "equals", "grid", "filter", "cells", "planes", "unrolled", "blocks")
DIRECTIONS = {"neurons": ("up", "left", "down"), "blocks": ("up", "left", "right", "down")}


class Tally:
    """What was drawn, and what broke a law."""

    def __init__(self) -> None:
        self.drawn: Counter[str] = Counter()
        self.broken: list[str] = []
        self.twice = 0

    def draw(self, net: object, text: str, **options: str | None) -> None:
        """One picture; views that do not suit the net draw nothing."""
        from netspec import NetspecError, SpecError
        from tests.figure.geometry import faults

        try:
            picture = net.render(**options)  # type: ignore[attr-defined]
            scene = picture.scene
        except SpecError as error:
            if {each.code for each in error.diagnostics} != {"NS713"}:
                self.broken.append(f"{error}\n{text}")
            return
        except NetspecError as error:
            if error.diagnostic.code not in ("NS728", "NS731"):  # needs weights; shows one layer, which the view cannot
                self.broken.append(f"{error}\n{text}")
            return
        self.drawn[scene.view] += 1
        self.broken += [f"{fault} in {options}\n{text}" for fault in faults(scene)]
        if sum(self.drawn.values()) % 10 == 0:
            self.twice += 1
            again = net.render(**options)  # type: ignore[attr-defined]
            if (again.svg(), again.dot()) != (picture.svg(), picture.dot()):
                self.broken.append(f"other bytes the second time in {options}\n{text}")


def main() -> bool:
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    began, tally = time.perf_counter(), Tally()
    specs = repository(tally)
    layouts(tally)
    count = random_specs(tally)
    lines = [
        f"{specs} nets of the repository and {count} random valid specs in every view that suits them,",
        f"{COUNT} nets made for layouts in theirs: {sum(tally.drawn.values())} pictures.",
        "",
        "| view | pictures |",
        "|---|---:|",
        *(f"| {view} | {number} |" for view, number in sorted(tally.drawn.items())),
        "",
        f"Broken laws: {len(tally.broken)}. Drawn twice and compared byte by byte: {tally.twice}.",
        f"{time.perf_counter() - began:.0f} s.",
    ]
    publish("geometry", "Figures keep the laws of geometry", lines, ("hypothesis",))
    for broken in tally.broken[:10]:
        print(broken, file=sys.stderr)
    return not tally.broken


def every_view(tally: Tally, net: object, text: str) -> None:
    for view in (None, *VIEWS):
        for direction in (None, *DIRECTIONS.get(view or "", ())):
            tally.draw(net, text, view=view, direction=direction)


def repository(tally: Tally) -> int:
    import netspec

    count = 0
    for path in sorted((ROOT / "specs").rglob("*.net")):
        spec = netspec.load(path)
        for name in spec.nets:
            count += 1
            every_view(tally, spec.net(name), f"{path.name}: {name}")
    return count


def layouts(tally: Tally) -> None:
    import netspec
    from tests.figure.nets import spec

    for seed in range(COUNT):
        text = spec(seed)
        tally.draw(netspec.parse(text).net(), text)


def random_specs(tally: Tally) -> int:
    from hypothesis import HealthCheck, Phase, given, reject, seed, settings
    from hypothesis import strategies as st
    from strategies import Spec, specs
    from strategy_rules import Invalid

    import netspec
    from netspec.elaborate.program import parse_program

    seen = 0

    @st.composite
    def valid(draw: Callable[[object], Spec]) -> Spec:
        try:
            return draw(specs())
        except Invalid:
            reject()

    @seed(int(os.environ.get("SEED", "0")))
    @settings(
        max_examples=COUNT // 10, database=None, deadline=None, phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    @given(valid())
    def run(drawn: Spec) -> None:
        nonlocal seen
        seen += 1
        every_view(tally, netspec.Spec(parse_program(drawn.text, "<text>", None)).net(), drawn.text)

    run()
    return seen
