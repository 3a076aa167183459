"""What refusals cost: before torch is loaded, of a table with a fault in every row, of 2 MB that mean to take long."""

from __future__ import annotations

import math
import os
import random
import resource
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

from benchmarks.publish import publish

RUNS = 3  # the least of so many counts, for other programs make one slower
CHEAP, SLOW, BOMB, SIZE = 0.5, 8.0, 1.0, 2_000_000
SPEC = """net n {{
  input x: 2
  output y: 3 perceptrons
}}
data {{
  source = csv("{file}")
  x = columns("a", "b")
  k = label("k")
}}
train {{
  loss = cross_entropy(y, k)
}}
"""
EARLY = {
    "no such spec": "train none.net",
    "a spec with a mistake": "train wrong.net",
    "no such table": "train none.csv.net",
    "`--out` is taken": "train good.csv.net --out full",
    "no such device": "train good.csv.net --device cuda:77",
    "an interval that is none": "train good.csv.net --save-every x",
    "no such run": "train --resume none",
    "`predict`: no such run": "predict none t.csv",
    "`evaluate`: no such run": "evaluate none",
    "`new`: no such table": "new --data none.csv",
    "`compile`: no such spec": "compile none.net",
    "`render`: no such spec": "render none.net",
}
# in every one of 500,000 rows
ROWS: dict[str, Callable[[int], str]] = {
    "a word for a number": lambda row: f"w{row},1,u",
    "a missing number": lambda row: ",1,u",
    "an infinite number": lambda row: "inf,1,u",
    "a missing class": lambda row: "1,1," if row > 2 else f"1,1,{'uvw'[row]}",
    "a cell too many": lambda row: f"{row},1,u" + ",1" * (row % 2),
}


def bombs() -> Iterator[tuple[str, str]]:
    """Yield tables of 2 MB that have very many rows, cells, columns, quotes, or values."""
    draw = random.Random(1)
    row = lambda: f"{draw.random():.4f},{draw.random():.4f},{draw.choice('uv')}"  # noqa: E731
    yield "a table as people have them", filled("a,b,k", row)
    yield "rows of one cell", filled("a", lambda: "1")
    yield "rows of two cells", filled("a,b", lambda: f"{draw.randrange(10)},{draw.choice('uv')}")
    yield "two columns of one name", filled("a,a", lambda: f"{draw.randrange(10)},{draw.choice('uv')}")
    yield "empty rows", filled("a,b", lambda: ",")
    yield "commas", "," * SIZE
    yield "quotes", filled("a,b", lambda: '"",""')
    yield "an open quote", 'a,b\n"' + "x,\n" * (SIZE // 3)
    yield "other words in each row", filled("a,b", lambda: f"w{draw.random()},{draw.random()}")
    yield "units", filled("a,b", lambda: f"{draw.random():.5f} kg,{draw.choice('uv')}")
    cells: dict[str, Callable[[], str]] = {
        "numbers": lambda: f"{draw.random():.3f}",
        "gaps": lambda: draw.choice(("", "1", "NA")),
        "words": lambda: draw.choice("abcd") + draw.choice("xyz"),
        "dates": lambda: f"2020-01-{draw.randrange(10, 29)}",
    }
    for kind, cell in cells.items():
        for count in (1_000, 5_000):
            yield f"{count:,} columns of {kind}", filled(",".join(f"c{at}" for at in range(count)), cell, count)


def filled(head: str, row: Callable[[], str], cells: int = 1) -> str:
    lines, size = [head], len(head)
    while size < SIZE:
        lines.append(",".join(row() for _ in range(cells)))
        size += len(lines[-1]) + 1
    return "\n".join(lines) + "\n"


def cost(command: str) -> tuple[float, str]:
    """Return the seconds of processor time of a command, and the code that it answers."""
    least, said = float("inf"), ""
    for _ in range(RUNS):
        before = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([sys.executable, "-m", "netspec", *command.split()], capture_output=True, text=True)
        after = resource.getrusage(resource.RUSAGE_CHILDREN)
        least = min(least, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
        said = done.stderr.partition("[")[2][:5]
    return least, said


def main() -> bool:
    lines: list[str] = []

    def table(title: str, what: str) -> None:
        lines.extend(("", title, "", f"| {what} | code | s |", "|---|---|---|"))

    def held(what: str, command: str, most: float) -> float:
        seconds, code = cost(command)
        lines.append(f"| {what} | {code or 'written'} | {seconds:.2f} |")
        if seconds > most:
            short.append(what)
        return seconds

    short: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        Path("full").mkdir()
        Path("full/file").touch()
        Path("wrong.net").write_text(SPEC.format(file="good.csv").replace("perceptrons", "perceptrns"))
        for name in ("good.csv", "none.csv"):
            Path(f"{name}.net").write_text(SPEC.format(file=name))
        Path("good.csv").write_text("a,b,k\n" + "1,2,u\n1,2,v\n1,2,w\n")
        table(f"Before torch is loaded: at most {CHEAP} s.", "refused")
        for what, command in EARLY.items():
            held(what, command, CHEAP)
        table(f"500,000 rows with a fault in each, `train`: at most {SLOW:g} s.", "fault")
        for what, row in ROWS.items():
            Path("good.csv").write_text("a,b,k\n" + "\n".join(map(row, range(500_000))) + "\n")
            held(what, "train good.csv.net", SLOW)
        table(f"`new --data` of 2 MB: at most {BOMB:g} s more than for a good table.", "2 MB of")
        good = math.inf
        for what, text in bombs():
            Path("t.csv").write_text(text)
            seconds = held(what, "new t.net --data t.csv --force", good + BOMB)
            good = min(good, seconds) if good == math.inf else good
    lines += ["", f"Processor time of a whole process, the least of {RUNS} runs."]
    publish("refusals", "What refusals cost", lines, ("numpy", "pydantic"))
    return not short
