"""The language server through a client: start, first diagnostics, edits of 500 and 5,000 lines, memory, no torch."""

from __future__ import annotations

import asyncio
import os
import statistics
import sys
import time
from pathlib import Path

from lsprotocol import types
from pygls.lsp.client import LanguageClient

from benchmarks.publish import publish

EDITS = 40
Row = tuple[str, str, str, bool]


def text_of(lines: int) -> str:
    """A file of nets that call a block of their own, 15 lines for each."""
    parts = []
    for number in range(1, lines // 15 + 1):
        parts.append(
            f"block b{number}(K) {{\n"
            "  input  x: C@h x w\n"
            "  hidden a: K filters 3x3 (pad = same) -> batchnorm -> relu\n"
            "  hidden c: C filters 3x3 (pad = same) -> batchnorm\n"
            "  output y: x + c -> relu\n"
            "}\n\n"
            f"net n{number}(K = {number + 2}) {{\n"
            "  input  x: 3@32x32\n"
            f"  hidden h: b{number}(K) -> maxpool(2)\n"
            f"  hidden g: b{number}(2*K) -> maxpool(2)\n"
            "  hidden f: mean(space) -> dropout(0.5)\n"
            "  output y: 10 perceptrons\n"
            "}\n\n"
        )
    return "".join(parts)


def processor(pid: int) -> float:
    """The CPU seconds that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


async def session(lines: int) -> dict[str, float]:
    """One process: its times in seconds, and its memory in MB."""
    client = LanguageClient("benchmark", "1")
    arrived: asyncio.Queue[types.PublishDiagnosticsParams] = asyncio.Queue()

    @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    def take(params: types.PublishDiagnosticsParams) -> None:
        arrived.put_nowait(params)

    found: dict[str, float] = {}
    begun = time.perf_counter()
    await client.start_io(sys.executable, "-m", "netspec", "lsp")
    process = client._server
    assert process is not None
    await client.initialize_async(types.InitializeParams(types.ClientCapabilities()))
    client.initialized(types.InitializedParams())
    found["start"], found["start cpu"] = time.perf_counter() - begun, processor(process.pid)
    text = text_of(lines)
    item = types.TextDocumentItem("untitled:big", "netspec", 1, text)
    begun, before = time.perf_counter(), processor(process.pid)
    client.text_document_did_open(types.DidOpenTextDocumentParams(item))
    await asyncio.wait_for(arrived.get(), 120)
    found["first"], found["first cpu"] = time.perf_counter() - begun, processor(process.pid) - before
    rows = text.split("\n")
    line = next(at for at in range(len(rows) // 2 - 8, len(rows)) if "batchnorm -> relu" in rows[at])
    end = len(rows[line])
    times = []
    before = processor(process.pid)
    for number in range(EDITS):  # letters at the end of a line of a block in the middle, and the way back
        typed = number % 4 < 2
        span = types.Range(types.Position(line, end), types.Position(line, end if typed else end + 1))
        change = types.TextDocumentContentChangePartial(range=span, text="u" if typed else "")
        named = types.VersionedTextDocumentIdentifier(version=number + 2, uri=item.uri)
        begun = time.perf_counter()
        client.text_document_did_change(types.DidChangeTextDocumentParams(named, [change]))
        while (await asyncio.wait_for(arrived.get(), 60)).version != number + 2:
            pass
        times.append(time.perf_counter() - begun)
        end += 1 if typed else -1
    found["edit"], found["edit cpu"] = statistics.median(times), (processor(process.pid) - before) / EDITS
    status = Path(f"/proc/{process.pid}/status").read_text(encoding="ascii")
    found["memory"] = int(status.partition("VmHWM:")[2].split()[0]) / 1000
    found["torch"] = "torch" in Path(f"/proc/{process.pid}/maps").read_text(encoding="utf-8", errors="replace")
    await client.shutdown_async(None)
    client.exit(None)
    await process.wait()
    await client.stop()
    return found


def rows() -> list[Row]:
    small, middle, large = (asyncio.run(session(lines)) for lines in (15, 500, 5000))

    def timed(claim: str, run: dict[str, float], name: str, bar: float) -> Row:
        shown = f"{1000 * run[name]:.1f} ms ({1000 * run[f'{name} cpu']:.1f} ms of CPU)"
        return claim, shown, f"<= {1000 * bar:g} ms", run[name] <= bar

    memory = max(run["memory"] for run in (small, middle))
    return [
        timed("process start to `initialized`", small, "start", 1),
        timed("`didOpen` to first diagnostics, 15 lines", small, "first", 0.3),
        timed("`didOpen` to first diagnostics, 500 lines", middle, "first", 0.3),
        timed("an edit in one block to diagnostics, 500 lines (median)", middle, "edit", 0.01),
        timed("an edit in one block to diagnostics, 5,000 lines (median)", large, "edit", 0.04),
        ("memory with 500 lines open", f"{memory:.0f} MB", "<= 80 MB", memory <= 80),
        ("memory with 5,000 lines open", f"{large['memory']:.0f} MB", "", True),
        ("torch is loaded", "yes" if small["torch"] or large["torch"] else "no", "no", not small["torch"]),
    ]


def main() -> bool:
    """Measure and publish."""
    found = rows()
    lines = ["| claim | measured | bar | holds |", "|---|---|---|---|"]
    lines += [f"| {claim} | {measured} | {bar} | {'yes' if held else 'NO'} |" for claim, measured, bar, held in found]
    note = (
        "The client is pygls's, over standard input and output. A file of 5,000 lines has 333 nets, each with a block"
        " of its own. Where all blocks belong to one net, or the file has sections, an edit costs a check of the whole."
    )
    load, cores = os.getloadavg()[0], len(os.sched_getaffinity(0))
    if load > cores:
        note += (
            f" Other programs used the processor meanwhile (a load of {load:.0f} on {cores} cores): times on the clock"
            " are longer than on an idle machine, those of the CPU about the same."
        )
    publish("editor", "The language server", [*lines, "", note], ["pygls", "lsprotocol"])
    return all(held for *_, held in found)


if __name__ == "__main__":
    main()
