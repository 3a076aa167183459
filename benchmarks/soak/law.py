"""The law of true figures, whole: every option of every operation, several pairs of values, in every view.

Two nets differ in one option; where both are drawn their figures must differ in what is seen, and the words of the
option's mark must stand in the figure unless the view shows the mark with shapes. See tests/figure/law.py.
"""

from __future__ import annotations

import os
import sys
import time
from collections import Counter
from pathlib import Path

from benchmarks.publish import publish

ROOT = Path(__file__).resolve().parents[2]
COUNT = int(os.environ.get("COUNT", "6"))  # pairs of nets for each option


def main() -> bool:
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    from tests.figure.law import DRAWS_NETS, FACTS, WHOLE_NETS, checked, drawn, draws, faults, look, operations, pairs
    from tests.figure.pairs import PAIRS

    began = time.perf_counter()
    compared: Counter[str] = Counter()
    broken: list[str] = []
    options = 0
    for cls in operations():
        seen = set()
        for pair in pairs(cls, COUNT):
            seen.add(pair.option)
            for view in DRAWS_NETS:
                if drawn(pair.first, view) is None or drawn(pair.second, view) is None:
                    continue
                compared[view] += 1
                fault = faults(pair, view)
                if fault:
                    broken.append(f"{pair.step}({pair.option}) in {view}: {fault}")
        options += len(seen)
        broken += [f"{cls.name}({name}): no two nets differ in it" for name in cls.options if name not in seen]
    for name, (first, second) in (FACTS | PAIRS).items():
        if checked(first) is None or checked(second) is None:
            broken.append(f"{name}: one of the nets is none")
        for view in WHOLE_NETS:
            figures = drawn(first, view), drawn(second, view)
            if figures[0] is None or figures[1] is None:
                continue
            if name in FACTS and not draws(checked(first), figures[0]):
                continue
            compared[view] += 1
            if look(figures[0]) == look(figures[1]):
                broken.append(f"{name} in {view}: drawn alike")
    lines = [
        f"{options} options of {len(operations())} operations, up to {COUNT} pairs of nets each,",
        f"{len(FACTS)} facts of the structure, and {len(PAIRS)} pairs of nets that differ in wiring, order,",
        f"sharing, names or delays: {sum(compared.values())} pairs of figures.",
        "",
        "| view | pairs |",
        "|---|---:|",
        *(f"| {view} | {number} |" for view, number in sorted(compared.items())),
        "",
        f"Alike in silence: {len(broken)}. {time.perf_counter() - began:.0f} s.",
    ]
    publish("law", "Figures never lie: the law over the registry", lines, ())
    for line in broken[:20]:
        print(line, file=sys.stderr)
    return not broken
