"""What cannot run is refused before torch is imported, at little cost and before anything is written."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import pytest
from speed import within

from tests.train.conftest import Train

resource = pytest.importorskip("resource")

MOST = 0.5  # seconds of processor time of the whole process
# Each line of the input is a command, run in a copy of a process that has imported netspec and run the first of them.
# Into the file of its number goes what it says, then the seconds of processor time of all of it, and whether torch is
# imported.
CALLS = """
import os, sys, time
from netspec.cli import main
folder, first = sys.argv[1:]
lines = sys.stdin.read().splitlines()
sys.stderr = open(os.devnull, "w")
for line in lines[:int(first)]:
    main(line.split())
begun = time.process_time()
for number, line in enumerate(lines):
    child = os.fork()
    if child:
        os.waitpid(child, 0)
        continue
    with open(f"{folder}/{number}", "w") as sys.stderr:
        main(line.split())
        print(begun + time.process_time(), "torch" in sys.modules, file=sys.stderr)
    os._exit(0)
"""
TABLE = """net table {
  input  x: 2
  hidden z: 12 perceptrons -> tanh
  output y: 2 perceptrons
}

data {
  source = csv("a.csv")
  x = columns("one", "two")
  kind = label(column = "kind")
}

train {
  loss = cross_entropy(y, kind)
  batch = 25
}
"""
SPECS = {
    "spare.net": TABLE,
    "columns.net": TABLE.replace('"two"', '"three"'),
    "size.net": TABLE.replace("x: 2", "x: 3"),
    "file.net": TABLE.replace("a.csv", "b.csv"),
    "norm.net": TABLE.replace("-> tanh", "-> batchnorm -> tanh").replace("batch = 25", "batch = 1"),
    "wrong.net": TABLE.replace("tanh", "tanhh"),
}
COMMANDS = {
    ("train", "spare.net", "--out", "full"): "NS851",
    ("train", "spare.net", "--out", "a.csv/run"): "NS906",
    ("train", "spare.net", "--device", "cuda:4711"): "NS853",
    ("train", "spare.net", "--device", "tpu"): "NS853",
    ("train", "spare.net", "--set", "H=3"): "NS207",
    ("train", "spare.net", "--set", "train.epoch=3"): "NS752",
    ("train", "spare.net", "--save-every", "often"): "NS857",
    ("train", "spare.net", "--data", "nowhere"): "NS800",
    ("train", "spare.net", "--resume", "full"): "NS850",
    ("train", "none.net"): "NS001",
    ("train", "wrong.net"): "NS202",
    ("train", "columns.net"): "NS805",
    ("train", "size.net"): "NS760",
    ("train", "file.net"): "NS800",
    ("train", "norm.net"): "NS927",
    ("predict", "full", "a.csv"): "NS850",
    ("predict", "run", "b.csv"): "NS800",
    ("predict", "run", "a.csv", "-o", "answers.xls"): "NS917",
    ("predict", "run", "a.csv", "--prompt", "x"): "NS919",
    ("evaluate", "run", "--device", "tpu"): "NS853",
    ("compile", "spare.net", "-o", "a.jpg"): "NS917",
    ("render", "spare.net", "-o", "a.jpg"): "NS722",
    ("runs", "full"): "NS877",
}


# one that comes far for each command: its time is measured
FAR = (
    ("train", "size.net"),
    ("predict", "run", "a.csv", "-o", "answers.xls"),
    ("evaluate", "run", "--device", "tpu"),
    ("compile", "spare.net", "-o", "a.jpg"),
    ("render", "spare.net", "-o", "a.jpg"),
    ("runs", "full"),
)


def answers(commands: Collection[tuple[str, ...]], kept: Path, first: int = 0) -> dict[tuple[str, ...], float]:
    """The seconds of each command, which said its code and imported no torch."""
    lines = "\n".join(map(" ".join, commands))
    call = [sys.executable, "-c", CALLS, str(kept), str(first)]
    subprocess.run(call, input=lines, capture_output=True, text=True, check=True)
    found = {}
    for number, command in enumerate(commands):
        said, _, last = (kept / str(number)).read_text(encoding="utf-8").rstrip("\n").rpartition("\n")
        assert COMMANDS[command] in said, (command, said)
        seconds, imported = last.split()
        assert imported == "False", command
        found[command] = float(seconds)
    return found


def test_it_is_refused_before_torch_is_imported(place: Path, train: Train, tmp_path_factory: Any) -> None:
    for name, text in SPECS.items():
        (place / name).write_text(text, encoding="utf-8")
    (place / "a.csv").write_text("one,two,kind\n" + "1,2,a\n3,4,b\n" * 200, encoding="utf-8")
    (place / "full").mkdir()
    (place / "full" / "thesis.txt").write_text("…", encoding="utf-8")
    train("spare", out="run", epochs=1)
    before = {path: path.stat().st_mtime_ns for path in place.rglob("*")}
    kept = tmp_path_factory.mktemp("answers")
    answers([*FAR, *COMMANDS], kept, len(FAR))
    costly = dict.fromkeys(FAR, 0.0)
    for _ in range(3):  # the least of three counts: other processes run, too
        costly = {command: took for command, took in answers(costly, kept).items() if not within(took, MOST)}
        if not costly:
            break
    assert not costly
    assert {path: path.stat().st_mtime_ns for path in place.rglob("*")} == before
