"""Whether onnxruntime computes what the nets of specs compute, written as ONNX: at batch 1, 2, 7, and two lengths.

It installs ONNX into an environment of its own, which reads torch and the rest from this one. The nets of specs/zoo
below 1 GB, specs/tasks and specs/paper; `NETS=gpt2,luong` takes only these.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import tempfile
import time
from pathlib import Path
from typing import Any

from benchmarks.peers.environments import environment

ROOT = Path(__file__).resolve().parents[1]
FOLDERS = ("zoo", "tasks", "paper")
LARGEST = 1e9  # bytes of weights
BOUND = 1e-5  # how far a value may be off, beside the largest
CALLS = ((1, 0), (2, 1), (7, 2))  # rows and, where lengths are open, which of three
ONE = "import json, sys; from benchmarks.onnx import measure; print(json.dumps(measure(*sys.argv[1:])))"


def nets() -> list[tuple[Path, str]]:
    """Return the nets to measure: their files and names."""
    import netspec

    wanted = [name for name in os.environ.get("NETS", "").split(",") if name]
    found = []
    for path in (path for folder in FOLDERS for path in sorted((ROOT / "specs" / folder).glob("*.net"))):
        if wanted and path.stem not in wanted:
            continue
        spec = netspec.load(path)
        for name in spec.nets:
            weights: Any = spec.net(name).weights
            if wanted or 4 * weights < LARGEST:
                found.append((path, name))
    return found


def main() -> bool:
    """Write each net as ONNX and print the largest difference, in units of the largest value, and the open lengths."""
    held = True
    with tempfile.TemporaryDirectory() as name:
        python = environment("onnx", Path(name))
        packages = next(python.parents[1].glob("lib/python3*/site-packages"))
        lines = [str(ROOT), *dict.fromkeys(path for path in sys.path if path.endswith("site-packages"))]
        (packages / "beside.pth").write_text("\n".join([*lines, sysconfig.get_paths()["purelib"]]), encoding="utf-8")
        for path, net in nets():
            done = subprocess.run([str(python), "-c", ONE, str(path), net], capture_output=True, text=True, cwd=ROOT)
            if done.returncode:
                said = [line for line in done.stderr.splitlines() if line.strip()]
                print(f"{net:18} {said[-1] if said else done.returncode}", flush=True)
                held = False
                continue
            found = json.loads(done.stdout.splitlines()[-1])
            held = held and found["gap"] <= BOUND
            wide = f"{found['gap']:.0e}  {found['bytes'] / 1e6:6.1f} MB  {found['seconds']:4.0f} s"
            print(f"{net:18} {wide}  {', '.join(found['axes'])}", flush=True)
    return held


def measure(path: str, net: str) -> dict[str, object]:
    """Write a net as ONNX, and run it beside the net, for each of CALLS. Runs where onnxruntime is installed."""
    import onnxruntime
    import torch

    import netspec
    from netspec.training.inference.export import compared, example, export, gap, outline

    begun = time.perf_counter()
    made = outline(netspec.load(path).net(net))
    module = made.net.module().eval()
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "model.onnx"
        made = export(made, module, out)
        seconds = time.perf_counter() - begun
        session = onnxruntime.InferenceSession(str(out))
        taken = {each.name for each in session.get_inputs()}
        worst = 0.0
        for rows, which in CALLS:
            values = example(made, rows, which)
            given = {name: value.numpy() for name, value in zip(made.arguments, values) if name in taken}
            with torch.inference_mode():
                wanted = module(*values)
            found = [torch.from_numpy(value) for value in session.run(None, given)]
            worst = max(worst, gap(wanted, found, compared(made.net.graph)))
        axes = [axis.name for axis in made.axes]
        return {"gap": worst, "bytes": out.stat().st_size, "seconds": seconds, "axes": axes}


if __name__ == "__main__":
    sys.exit(not main())
