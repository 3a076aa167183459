"""The front end: parse, check and build against torch by hand; how the cost grows; a net of 7 billion weights."""

from __future__ import annotations

import gc
import json
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.publish import publish

ROOT = Path(__file__).resolve().parents[1]
ZOO = ROOT / "specs" / "zoo"
ROUNDS = 9
Row = tuple[str, str, str, bool]


def cpu(work: Callable[[], Any]) -> float:
    """CPU seconds of one call."""
    gc.collect()
    begun = time.process_time()
    work()
    return time.process_time() - begun


def ratio(one: Callable[[], Any], other: Callable[[], Any], rounds: int = ROUNDS) -> tuple[float, float, float]:
    """(median of one / other measured in turn, median of one, median of other), in CPU seconds, after a warm-up."""
    one()
    other()
    pairs = [(cpu(one), cpu(other)) for _ in range(rounds)]
    return (
        statistics.median(a / b for a, b in pairs),
        statistics.median(a for a, _ in pairs),
        statistics.median(b for _, b in pairs),
    )


def process(*command: str) -> float:
    """CPU seconds of a Python process."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, *command], check=True, capture_output=True, cwd=ROOT, env=environment)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def row(claim: str, measured: float, bar: float, detail: str) -> Row:
    return claim, f"{measured:.3g} ({detail})", f"<= {bar:g}", measured <= bar


# ---- the claims


def start() -> Row:
    """`netspec check` as a process, bytecode compiled, against a Python that does nothing."""
    subprocess.run([sys.executable, "-m", "compileall", "-q", "netspec"], check=True, cwd=ROOT)
    spec = str(ZOO / "resnet18.net")
    pairs = [(process("-m", "netspec", "check", spec), process("-c", "pass")) for _ in range(ROUNDS)]
    found = statistics.median(a / b for a, b in pairs)
    detail = f"{statistics.median(a for a, _ in pairs):.3f} s against {statistics.median(b for _, b in pairs):.3f} s"
    return row("`check` of ResNet-18 as a process / `python -c pass`", found, 12, detail)


def loading(path: Path) -> Callable[[], Any]:
    import netspec

    return lambda: netspec.load(path)


def building(path: Path) -> Callable[[], Any]:
    import netspec

    return lambda: netspec.load(path).net().module()


def parsing(text: str) -> Callable[[], Any]:
    import netspec

    return lambda: netspec.parse(text).net()


ONCE = """
import sys, time
import torch
torch.set_num_threads(1)
import netspec
from proof.cases import CASES
netspec.load(sys.argv[3]).net().module()  # everything that is loaded late is loaded
begun = time.process_time()
found = CASES[sys.argv[2]].published() if sys.argv[1] == "hand" else netspec.load(sys.argv[4]).net().module()
print(time.process_time() - begun)
"""


def once(how: str, name: str) -> float:
    """CPU seconds of building a network once in a process of its own, imports left out."""
    paths = [str(ZOO / f"{each}.net") for each in ("lenet5_plain", name)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests")))}
    done = subprocess.run(
        [sys.executable, "-c", ONCE, how, name, *paths], check=True, capture_output=True, text=True, env=environment
    )
    return float(done.stdout)


def built_once() -> Row:
    """What a user waits for: a process builds its net once, in memory that is new to it."""
    pairs = [(once("net", "resnet50"), once("hand", "resnet50")) for _ in range(5)]
    found = statistics.median(a / b for a, b in pairs)
    detail = f"{statistics.median(a for a, _ in pairs):.3f} s against {statistics.median(b for _, b in pairs):.3f} s"
    return row("resnet50: parse, check and build / hand-written constructor, in a process each", found, 1.05, detail)


def against_torch() -> list[Row]:
    """In one process: what a spec costs against the constructor of a hand-written class."""
    sys.path.insert(0, str(ROOT / "tests"))
    import torch
    from proof.cases import CASES

    torch.set_num_threads(1)
    rows = []
    bars = {"resnet18": (0.15, None), "resnet50": (0.15, 1.05)}
    for name, (check_bar, build_bar) in bars.items():
        path, by_hand = ZOO / f"{name}.net", CASES[name].published
        found, mine, theirs = ratio(loading(path), by_hand, 3 * ROUNDS)
        detail = f"{1000 * mine:.1f} ms against {1000 * theirs:.1f} ms"
        rows.append(row(f"{name}: parse and check / hand-written constructor", found, check_bar, detail))
        if build_bar is not None:
            found, mine, theirs = ratio(building(path), by_hand)
            detail = f"{1000 * mine:.1f} ms against {1000 * theirs:.1f} ms"
            claim = f"{name}: the same again and again in one process, where memory that was freed is there at once"
            rows.append(row(claim, found, build_bar, detail))
    return rows


def as_lines(count: int) -> str:
    lines = [f"  hidden z{number}: 8 perceptrons -> relu" for number in range(count)]
    return "\n".join(["net n {", "  input x: 8", *lines, "  output y: 8 perceptrons", "}", ""])


def as_repeat(count: int) -> str:
    rounds = f"repeat {count} {{ 8 perceptrons -> relu }}"
    return f"net n {{\n  input x: 8\n  hidden z: {rounds}\n  output y: 8 perceptrons\n}}\n"


def as_blocks(count: int) -> str:
    block = "block B(d) {\n  input  x: k\n  output y: x + (x -> d perceptrons -> relu)\n}\n"
    lines = [f"  hidden z{number}: B(8)" for number in range(count // 2)]
    return block + "\n".join(["net n {", "  input x: 8", *lines, "  output y: 8 perceptrons", "}", ""])


def growth() -> list[Row]:
    """Ten times the layers, up to 10,000, written in three ways."""
    rows = []
    for name, write in (("lines", as_lines), ("rounds of a repeat", as_repeat), ("blocks", as_blocks)):
        small, large = write(1000), write(10_000)
        found, mine, theirs = ratio(parsing(large), parsing(small), 3)
        detail = f"{mine:.2f} s against {theirs:.3f} s"
        rows.append(row(f"check of 10,000 layers as {name} / of 1,000", found, 12, detail))
    return rows


SEVEN = """
import json, resource, sys, time
def peak():
    # megabytes; getrusage would count what the parent had before this process was loaded
    for line in open("/proc/self/status"):
        if line.startswith("VmHWM"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
begun = time.process_time()
import netspec
spec = netspec.load(sys.argv[1])
spec.check()
text = spec.net().show()
used = time.process_time() - begun
memory = peak()
assert "6,738,415,616" in text
light = "torch" not in sys.modules
begun = time.process_time()
module = spec.net().module(device="meta")
assert sum(value.numel() for value in module.parameters()) == 6738415616
print(json.dumps([used, memory, light, time.process_time() - begun]))
"""


def seven_billion() -> list[Row]:
    done = subprocess.run(
        [sys.executable, "-c", SEVEN, str(ZOO / "llama2_7b.net")],
        check=True, capture_output=True, text=True, env=os.environ | {"PYTHONPATH": str(ROOT)},
    )  # fmt: skip
    used, memory, light, build = json.loads(done.stdout)
    return [
        row("a decoder of 6.7 billion weights: check and show, CPU seconds", used, 3, f"torch loaded: {not light}"),
        row("its memory, MB", memory, 200, "peak of the process"),
        row("built on the meta device, CPU seconds with torch's import", build, 10, "every array has its shape"),
    ]


def main() -> bool:
    """Prints and keeps the table; False where a bar is missed."""
    rows = [start(), *seven_billion(), built_once(), *against_torch(), *growth()]
    lines = ["CPU time, measured in turn; medians.", "", "| claim | measured | bar | holds |", "|---|---|---|---|"]
    lines += [f"| {claim} | {found} | {bar} | {'yes' if holds else 'NO'} |" for claim, found, bar, holds in rows]
    publish("frontend", "Front end", lines)
    return all(holds for *_, holds in rows)
