"""What cannot run is refused before torch is imported, at little cost and before anything is written."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from speed import stretched

from tests.train.conftest import Train

resource = pytest.importorskip("resource")

MOST = 0.5  # seconds of processor time of the whole process
CALL = "import sys; from netspec.cli import main; print(main(sys.argv[1:]), 'torch' in sys.modules)"
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
    ("train", "columns.net"): "NS768",
    ("train", "size.net"): "NS760",
    ("train", "file.net"): "NS800",
    ("train", "norm.net"): "NS927",
    ("predict", "full", "a.csv"): "NS850",
    ("predict", "run", "b.csv"): "NS800",
    ("predict", "run", "a.csv", "-o", "answers.xls"): "NS917",
    ("predict", "run", "a.csv", "--prompt", "x"): "NS919",
    ("evaluate", "run", "--device", "tpu"): "NS853",
    ("compile", "spare.net", "-o", "a.pt2"): "NS879",
    ("render", "spare.net", "-o", "a.jpg"): "NS722",
    ("runs", "full"): "NS877",
}


@pytest.fixture(scope="module")
def cheap() -> None:
    """Bytecode is compiled before anything is measured."""
    subprocess.run([sys.executable, "-c", CALL, "runs", "nowhere"], capture_output=True, check=True)


@pytest.mark.parametrize("command", COMMANDS)
def test_it_is_refused_before_torch_is_imported(
    command: tuple[str, ...], place: Path, train: Train, cheap: None
) -> None:
    for name, text in SPECS.items():
        (place / name).write_text(text, encoding="utf-8")
    (place / "a.csv").write_text("one,two,kind\n" + "1,2,a\n3,4,b\n" * 200, encoding="utf-8")
    (place / "full").mkdir()
    (place / "full" / "thesis.txt").write_text("…", encoding="utf-8")
    if "run" in command:
        train("spare", out="run", epochs=1)
    before = {path: path.stat().st_mtime_ns for path in place.rglob("*")}
    costs = []
    for _ in range(3):  # the least of three: other processes run, too
        begun = resource.getrusage(resource.RUSAGE_CHILDREN)
        done = subprocess.run([sys.executable, "-c", CALL, *command], capture_output=True, text=True, check=False)
        ended = resource.getrusage(resource.RUSAGE_CHILDREN)
        costs.append(ended.ru_utime + ended.ru_stime - begun.ru_utime - begun.ru_stime)
        assert COMMANDS[command] in done.stderr, done.stderr
        assert done.stdout.split()[-1] == "False", "torch is imported"
        if costs[-1] <= stretched(MOST):
            break
    assert min(costs) <= stretched(MOST), costs
    assert {path: path.stat().st_mtime_ns for path in place.rglob("*")} == before
