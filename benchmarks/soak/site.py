"""The page of `netspec site` in a browser: sizes, times, without a network, and its figures against those of CPython.

`./dev site` first. `RUNTIME=folder` names another runtime, `SHOW=folder` leaves pictures, and `SPECS=word` compares
only the figures of specs whose path has the word. Needs Node, npm and Chromium (`CHROMIUM=path`).
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import tempfile
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from benchmarks.publish import publish
from benchmarks.soak.page import BROWSER, ROOT, Row, npm, table
from netspec.editor.engine import Engine, Refused
from netspec.serve.folder import examples
from netspec.serve.site import POLICY, runtime_of, write

FRESH, AGAIN, USABLE, KEY, LARGE_KEY = 3000, 1500, 800, 60, 80  # ms
EARLY, ALL = 14, 20  # MB
WHEEL = 25  # MB


class Handler(SimpleHTTPRequestHandler):
    """A web server that compresses nothing, counts what it sends, and binds the Worker, too, to the page's policy."""

    sent = 0

    def do_GET(self) -> None:
        if self.path == "/__sent":
            data = str(Handler.sent).encode()
            self.send_response(200)
            self.send_header("content-length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)
            return
        place = Path(self.translate_path(self.path))
        place = place / "index.html" if place.is_dir() else place
        if place.is_file() and not self.headers.get("if-modified-since"):
            Handler.sent += place.stat().st_size
        super().do_GET()

    def end_headers(self) -> None:
        self.send_header("content-security-policy", POLICY)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        pass


def asked(specs: Path, word: str) -> Iterator[dict[str, Any]]:
    """Yield the requests for figures: every spec, net and view, blocks also with two levels open."""
    for path in sorted(specs.rglob("*.net")):
        name = path.relative_to(specs).as_posix()
        if word not in name:
            continue
        engine, document = opened(path)
        choices = engine.request("netspec/choices", {})
        try:
            nets = engine.request("netspec/figure", document)["nets"]
        except Refused:
            nets = []
        for net in nets:
            for view in choices["views"]:
                for depth in (1, 2) if view["name"] == "blocks" else (1,):
                    yield {"path": name, "net": net, "view": view["name"], "depth": depth}


def opened(path: Path) -> tuple[Engine, dict[str, Any]]:
    engine = Engine(lambda method, params: None)
    engine.request("initialize", {"capabilities": {}})
    item = {"uri": f"file://{path}", "text": path.read_text(encoding="utf-8")}
    document = {"textDocument": item, "position": {"line": 0, "character": 0}}
    engine.notify("textDocument/didOpen", document)
    return engine, document


def hashes(specs: Path, requests: list[dict[str, Any]]) -> list[str]:
    """Return the hash of each figure here; "" for one that is refused."""
    found, before = [], ""
    for request in requests:
        if request["path"] != before:
            before = request["path"]
            engine, document = opened(specs / before)
        try:
            svg = engine.request("netspec/figure", {**document, **request})["svg"]
            found.append(hashlib.sha256(svg.encode()).hexdigest())
        except Refused:
            found.append("")
    return found


def rows() -> list[Row]:
    """Write a site, drive it, and return what was claimed, what was measured, the bar, and whether it holds."""
    npm(ROOT / "page" / "browser")
    specs = examples()
    assert specs is not None
    given = os.environ.get("RUNTIME")
    runtime = runtime_of(Path(given) if given else ROOT / "dist" / "runtime")
    requests = list(asked(specs, os.environ.get("SPECS", "")))
    here = hashes(specs, requests)
    with tempfile.TemporaryDirectory() as name:
        write(Path(name) / "site", runtime)
        (Path(name) / "requests.json").write_text(json.dumps(requests), encoding="utf-8")
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=f"{name}/site"))
        threading.Thread(target=server.serve_forever, daemon=True).start()
        show = os.environ.get("SHOW", "")
        command = [
            "node",
            "site.mjs",
            BROWSER,
            f"http://127.0.0.1:{server.server_address[1]}/",
            f"{name}/requests.json",
        ]
        done = subprocess.run(
            [*command, *([os.path.abspath(show)] if show else [])],
            cwd=ROOT / "page" / "browser", capture_output=True, text=True, timeout=3600,
        )  # fmt: skip
        server.shutdown()
        assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for line in found["said"]:
        print(line)
    other = [request for request, one, two in zip(requests, here, found["figures"], strict=True) if one != two]
    for request in other[:20]:
        print("differs:", request)
    result: list[Row] = []
    for claim, value, bar, unit in (
        ("address to first figure, fresh (median of 5)", found["fresh"], FRESH, "ms"),
        ("reload to first figure (median of 5)", found["again"], AGAIN, "ms"),
        ("address to text in the editor (median of 5)", found["usable"], USABLE, "ms"),
        ("sent before the first figure", found["early"] / 1e6, EARLY, "MB"),
        ("sent in all", found["all"] / 1e6, ALL, "MB"),
    ):
        result.append((claim, f"{value:.{0 if unit == 'ms' else 2}f} {unit}", f"<= {bar} {unit}", value <= bar))
    for claim, name, bar, unit in (
        ("digits in the page: from Train to 95 %", "digits", 10, "s"),
        ("processor time of the page for each of its pictures", "paint", 50, "ms"),
    ):
        value = found.get(name, 1e6)
        result.append((claim, f"{value:.1f} {unit}", f"<= {bar} {unit}", value <= bar))
    frames = found.get("frames", 0)
    result.append(("weights painted on the figure meanwhile", f"{frames:.1f} a second", ">= 20 a second", frames >= 20))
    for spec, times in found["keys"].items():
        bar = LARGE_KEY if "resnet" in spec else KEY
        shown = f"{times['median']:.0f} ms (worst {times['worst']:.0f}, {times['figures']} figures)"
        result.append((f"key to painted figure, {spec} (median)", shown, f"<= {bar} ms", times["median"] <= bar))
    drawn = sum(map(bool, here))
    same = f"{drawn - len(other)} of {drawn} ({len(requests)} asked)"
    result.append(("figures with the same bytes as CPython's", same, "all", not other and drawn > 0))
    for wheel in sorted((ROOT / "dist").glob("netspec_site-*.whl")):
        size = wheel.stat().st_size / 1e6
        result.append(("wheel netspec-site", f"{size:.1f} MB", f"<= {WHEEL} MB", size <= WHEEL))
    return result + [(claim, "yes" if held else "NO", "yes", held) for claim, held in found["checks"].items()]


def main() -> bool:
    """Drive the page, measure and publish."""
    found = rows()
    publish(
        "site", "The page without a server, in a browser (Chromium, headless)", table(found), ["pydantic", "networkx"]
    )
    return all(held for *_, held in found)


if __name__ == "__main__":
    main()
