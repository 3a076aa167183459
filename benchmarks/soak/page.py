"""The page of `netspec serve` in a browser: start, keys, every button, what is killed; and the built files built again.

`SHOW=folder` also writes pictures there. Needs Node, npm and Chromium (`CHROMIUM=path`).
"""

from __future__ import annotations

import filecmp
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from websockets.sync.client import connect
from websockets.typing import Origin

from benchmarks.editor import processor
from benchmarks.publish import publish

ROOT = Path(__file__).resolve().parents[2]
BROWSER = os.environ.get("CHROMIUM", "/usr/bin/chromium")
START, KEY, LARGE_KEY = 1000, 60, 80  # ms
IDLE = 10  # seconds
Row = tuple[str, str, str, bool]


def npm(folder: Path) -> None:
    if not (folder / "node_modules").is_dir():
        subprocess.run(["npm", "ci", "--no-audit", "--no-fund"], cwd=folder, check=True, stdout=sys.stderr)


def rebuilt() -> list[str]:
    """Build the page anew; return the files that differ from the committed ones."""
    source, built = ROOT / "page", ROOT / "netspec" / "serve" / "page"
    npm(source)
    with tempfile.TemporaryDirectory() as out:
        subprocess.run(["npm", "run", "check"], cwd=source, check=True, stdout=sys.stderr)
        subprocess.run(["node", "build.js", out], cwd=source, check=True, stdout=sys.stderr)
        names = {path.name for folder in (Path(out), built) for path in folder.iterdir()}
        _, different, missing = filecmp.cmpfiles(out, built, names, shallow=False)
        return sorted(different + missing)


def children(process: int) -> list[int]:
    return [int(word) for word in Path(f"/proc/{process}/task/{process}/children").read_text(encoding="ascii").split()]


def killer(server: int, order: Path, ended: threading.Event) -> None:
    """Kill every engine of a server once a file appears."""
    while not ended.wait(0.05):
        if order.exists():
            for child in children(server):
                os.kill(child, signal.SIGKILL)
            order.unlink()


def idle(server: int, address: str) -> float:
    """Return the share of a core that a server with one quiet tab uses."""
    host = address.partition("//")[2].partition("/")[0]
    token = address.rpartition("=")[2]
    with connect(f"ws://{host}/engine?token={token}", origin=Origin(f"http://{host}")) as tab:
        tab.send(json.dumps({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {"capabilities": {}}}))
        tab.recv(60)
        used = [0.0]
        for _ in range(10):  # the spare engine starts, and is warmed
            time.sleep(3)
            used.append(sum(map(processor, (server, *children(server)))))
            if used[-1] == used[-2]:
                break
        time.sleep(IDLE)
        return (sum(map(processor, (server, *children(server)))) - used[-1]) / IDLE


def rows() -> list[Row]:
    """Drive the page, and return what was claimed, what was measured, the bar, and whether it holds."""
    npm(ROOT / "page" / "browser")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for part in ("post", "zoo", "blocks", "tasks"):
            shutil.copytree(ROOT / "specs" / part, folder / part)
        command = [sys.executable, "-m", "netspec", "serve", name, "--port", "0"]
        server = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        ended = threading.Event()
        try:
            assert server.stdout is not None
            address = server.stdout.readline().strip()
            watch = threading.Thread(target=killer, args=(server.pid, folder / "kill", ended))
            watch.start()
            show = os.environ.get("SHOW", "")
            done = subprocess.run(
                ["node", "run.mjs", BROWSER, address, name, *([os.path.abspath(show)] if show else [])],
                cwd=ROOT / "page" / "browser", capture_output=True, text=True, timeout=1800,
            )  # fmt: skip
            assert done.returncode == 0, done.stderr
            found = json.loads(done.stdout)
            quiet = idle(server.pid, address)
        finally:
            ended.set()
            server.terminate()
            server.wait(30)
    for line in found["said"]:
        print(line, file=sys.stderr)
    result: list[Row] = [
        ("address to first figure (median of 5)", f"{found['start']} ms", f"<= {START} ms", found["start"] <= START)
    ]
    for spec, times in found["keys"].items():
        bar = LARGE_KEY if "resnet" in spec else KEY
        shown = f"{times['median']:.0f} ms (worst {times['worst']:.0f}, {times['figures']} figures)"
        result.append((f"key to painted figure, {spec} (median)", shown, f"<= {bar} ms", times["median"] <= bar))
    if "tabs" in found:
        result.append(("ten tabs opened at once, to the last figure", f"{found['tabs']} ms", "", True))
    result.append(("processor while one tab is quiet", f"{quiet:.2%} of a core", "<= 0.1 %", quiet <= 0.001))
    built = ROOT / "netspec" / "serve" / "page"
    size = sum(path.stat().st_size for path in built.iterdir())
    result.append(("built page", f"{size / 1000:.0f} kB", "", True))
    different = rebuilt()
    result.append(("built again from source", f"{', '.join(different) or 'nothing'} differs", "nothing", not different))
    return result + [(claim, "yes" if held else "NO", "yes", held) for claim, held in found["checks"].items()]


def table(found: list[Row]) -> list[str]:
    """Return the lines of the published table, and what else the machine did."""
    lines = ["| claim | measured | bar | holds |", "|---|---|---|---|"]
    lines += [f"| {claim} | {measured} | {bar} | {'yes' if held else 'NO'} |" for claim, measured, bar, held in found]
    load, cores = os.getloadavg()[0], len(os.sched_getaffinity(0))
    if load > cores + 1:
        lines += ["", f"Other programs used the processor meanwhile (a load of {load:.0f} on {cores} cores)."]
    return lines


def main() -> bool:
    """Drive the page, measure and publish."""
    found = rows()
    publish("serve", "The page in a browser (Chromium, headless)", table(found), ["starlette", "uvicorn", "websockets"])
    return all(held for *_, held in found)


if __name__ == "__main__":
    main()
