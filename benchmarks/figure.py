"""Drawing LeNet and ResNet-18, as ratios to one `dot -Tsvg` call, beside other tools; and very large nets of circles.

All timings are interleaved and medians are compared: on a busy machine only ratios mean something. Two ratios a net:
of a whole process (start, read, check, draw, write), and of the drawing alone in a process that has all it needs.
torchview is timed where it is installed; `RIVALS` may name a folder that has it.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from benchmarks.publish import publish

ROOT = Path(__file__).resolve().parent.parent
ROUNDS = int(os.environ.get("ROUNDS", "9"))
NETS = {"LeNet": "lenet5_plain.net", "ResNet-18": "resnet18.net"}
# what the same tools took on another machine: drawing alone, LeNet and ResNet-18, as ratios to one `dot -Tsvg` call
KNOWN = {"torchview": (1.9, 16.0), "torchlens": (10.0, 95.0), "Keras": (12.7, 127.0)}
WIDE = """
net wide {
  input  x: 10000
  hidden z: 10000 perceptrons -> relu
  output y: 10000 perceptrons
}
"""
MANY = """
net many {
  input  x: 60
  hidden z: 60 perceptrons -> relu
  hidden u: 60 perceptrons -> relu
  hidden v: 60 perceptrons -> relu
  output y: 60 perceptrons
}

figure {
  view = neurons
  max_units = 60
}
"""
RIVAL = """
import sys, time
sys.path[:0] = sys.argv[2].split(":") if sys.argv[2] else []
import torch
from torch import nn
torch.set_num_threads(1)
torch.manual_seed(0)

def conv(a, b, k, s=1):
    return nn.Sequential(nn.Conv2d(a, b, k, s, k // 2, bias=False), nn.BatchNorm2d(b))

class Basic(nn.Module):
    def __init__(self, a, b, s):
        super().__init__()
        self.one, self.two = conv(a, b, 3, s), conv(b, b, 3)
        self.down = conv(a, b, 1, s) if a != b else nn.Identity()
    def forward(self, x):
        return torch.relu(self.two(torch.relu(self.one(x))) + self.down(x))

if sys.argv[1] == "LeNet":
    size = (1, 1, 32, 32)
    net = nn.Sequential(nn.Conv2d(1, 6, 5), nn.Tanh(), nn.AvgPool2d(2), nn.Conv2d(6, 16, 5), nn.Tanh(),
        nn.AvgPool2d(2), nn.Flatten(), nn.Linear(400, 120), nn.Tanh(), nn.Linear(120, 84), nn.Tanh(), nn.Linear(84, 10))
else:
    size = (1, 3, 224, 224)
    wide = [64, 64, 64, 128, 128, 256, 256, 512, 512]
    net = nn.Sequential(conv(3, 64, 7, 2), nn.ReLU(), nn.MaxPool2d(3, 2, 1),
        *(Basic(a, b, 1 if a == b else 2) for a, b in zip(wide, wide[1:])), nn.AdaptiveAvgPool2d(1), nn.Flatten(),
        nn.Linear(512, 1000))
from torchview import draw_graph
times = []
for _ in range(3):
    began = time.perf_counter()
    draw_graph(net, input_size=size).visual_graph.render(sys.argv[3], format="svg")
    times.append(time.perf_counter() - began)
print(sorted(times)[1])
"""
OWN = """
import sys, time, netspec
net = netspec.load(sys.argv[1]).net()
net.render().svg()
times = []
for _ in range(3):
    began = time.perf_counter()
    open(sys.argv[2], "w", encoding="utf-8").write(net.render().svg())
    times.append(time.perf_counter() - began)
print(sorted(times)[1])
"""


def main() -> bool:
    dot = shutil.which("dot")
    if dot is None:
        print("needs `dot` on PATH to compare with", file=sys.stderr)
        return False
    subprocess.run([sys.executable, "-m", "compileall", "-q", str(ROOT / "netspec")], check=False)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        found = {net: ratios(net, dot, folder) for net in NETS}
        wide = wide_layer(folder)
        seconds, megabytes = many_wires(folder)
    lines = table(found)
    lines += ["", f"A net of 10,000 x 10,000 x 10,000 units, whole process: {wide:.2f} s (median of {ROUNDS})."]
    lines += ["", "All 14,640 wires of five layers of 60 units as PNG at the default scale, whole process:"]
    lines += [f"{seconds:.1f} s of CPU, at most {megabytes:.0f} MB (bars: 6 s for the picture, 300 MB)."]
    publish("figure", "Drawing, as ratios to one `dot -Tsvg` call", lines, ("torchview", "torch"))
    best = {net: min(known[place] for known in KNOWN.values()) for place, net in enumerate(NETS)}
    return all(found[net]["netspec, drawing"] < best[net] for net in NETS) and wide < 3 and megabytes < 300


def timed(command: list[str]) -> tuple[float, str]:
    """Wall seconds of a process, and what it printed."""
    began = time.perf_counter()
    env = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(command, env=env, capture_output=True, check=True, text=True)
    return time.perf_counter() - began, done.stdout


def ratios(net: str, dot: str, folder: Path) -> dict[str, float]:
    """Medians of all tools on a net over the median of one `dot -Tsvg` call on its graph of boxes."""
    spec, out = str(ROOT / "specs" / "zoo" / NETS[net]), str(folder / "out.svg")
    render = [sys.executable, "-m", "netspec", "render", spec]
    graph = str(folder / f"{net}.dot")
    timed([*render, "--view", "blocks", "-o", graph])
    jobs: dict[str, Callable[[], dict[str, float]]] = {
        "dot": lambda: {"dot": timed([dot, "-Tsvg", graph, "-o", out])[0]},
        "netspec": lambda: {"netspec, whole process": timed([*render, "-o", out])[0]},
        "own": lambda: {"netspec, drawing": float(timed([sys.executable, "-c", OWN, spec, out])[1])},
    }
    if rivals_are_here():
        jobs["rival"] = lambda: rival(net, folder)
    times: dict[str, list[float]] = {}
    for _ in range(ROUNDS):
        for job in jobs.values():
            for key, value in job().items():
                times.setdefault(key, []).append(value)
    base = statistics.median(times.pop("dot"))
    return {key: statistics.median(values) / base for key, values in times.items()}


def rivals_are_here() -> bool:
    probe = "import sys; sys.path[:0] = sys.argv[1].split(':') if sys.argv[1] else []; import torchview"
    command = [sys.executable, "-c", probe, os.environ.get("RIVALS", "")]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


def rival(net: str, folder: Path) -> dict[str, float]:
    command = [sys.executable, "-c", RIVAL, net, os.environ.get("RIVALS", ""), str(folder / "rival")]
    whole, printed = timed(command)
    return {"torchview, whole process": whole, "torchview, drawing": float(printed)}


def wide_layer(folder: Path) -> float:
    """Seconds of the whole process that draws a very wide net."""
    spec = folder / "wide.net"
    spec.write_text(WIDE, encoding="utf-8")
    command = [sys.executable, "-m", "netspec", "render", str(spec), "-o", str(folder / "wide.svg")]
    return statistics.median(timed(command)[0] for _ in range(ROUNDS))


def many_wires(folder: Path) -> tuple[float, float]:
    """CPU seconds and largest memory in MB of the whole process that draws a net with all its wires as PNG."""
    spec = folder / "many.net"
    spec.write_text(MANY, encoding="utf-8")
    command = [sys.executable, "-m", "netspec", "render", str(spec), "-o", str(folder / "many.png")]
    with subprocess.Popen(command, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return used.ru_utime + used.ru_stime, used.ru_maxrss / 1024


def table(found: dict[str, dict[str, float]]) -> list[str]:
    rows = list(dict.fromkeys(key for each in found.values() for key in each))
    lines = ["| | " + " | ".join(found) + " |", "|---|" + "---:|" * len(found)]
    lines += [
        f"| {row} | " + " | ".join(f"{each[row]:.1f} x" if row in each else "-" for each in found.values()) + " |"
        for row in rows
    ]
    lines += ["", "Known from another machine, drawing alone:"]
    lines += [f"{name} {lenet} x and {resnet:g} x;" for name, (lenet, resnet) in KNOWN.items()]
    return lines
