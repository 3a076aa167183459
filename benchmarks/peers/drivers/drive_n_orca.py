"""Runs in n-orca's environment: settings -> its static shapes; an architecture in Markdown -> what becomes of it."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any

Answer = list[Any]

NET = """# architecture Net

## tensors

| Name | Shape | Dtype |
|------|-------|-------|
| x | ({shape}) | float32 |

## layer x [input]
## layer z
- op: {op}
## layer y [output]

## flow

| Source | Target | Tensor |
|--------|--------|--------|
| x | z | x |
| z | y | z |
"""


def shape(s: dict[str, Any]) -> Answer:
    """["shape", sizes without the batch], ["refused", why] or ["cannot", why]."""
    from n_orca import parse, verify

    square = all(len(set(s[key])) == 1 for key in ("kernel", "stride", "pad", "dilation"))
    if len(s["size"]) == 1:
        return ["cannot", "its library has no filters or pools along one axis"]
    if not square or s["dilation"][0] != 1 or s["ceil"] or (s["kind"] != "conv" and s["pad"][0] != 0):
        return ["cannot", "its filters are Conv2d(in, out, k, s, p), its pools MaxPool2d(k, s) and AvgPool2d(k, s)"]
    k, stride, pad = s["kernel"][0], s["stride"][0], s["pad"][0]
    if s["kind"] == "conv":
        op = f"Conv2d({s['maps']}, {s['filters']}, {k}, {stride}, {pad})"
    else:
        op = f"{'Max' if s['kind'] == 'maxpool' else 'Avg'}Pool2d({k}, {stride})"
    sizes = ", ".join(map(str, (1, s["maps"], *s["size"])))
    report = verify(parse(NET.format(shape=sizes, op=op))[0])
    if not report.valid:
        return ["refused", report.errors[0].message]
    return ["shape", [int(size) for size in report.inferred_shapes["y"][1:]]]


def tried(path: str, stage: str) -> Answer:
    """["accepted" | "refused" | "traceback", what its command says]; a build runs the module that it writes."""
    from n_orca.cli.main import main

    said = io.StringIO()
    commands = [["verify", path]]
    if stage == "build":
        commands.append(["compile", "pytorch", path, "--out", "written_module.py"])
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            for command in commands:
                if main(command):
                    return ["refused", said.getvalue()]
        return ["accepted", _run(path) if stage == "build" else said.getvalue()]
    except Exception as error:
        return ["traceback", f"{type(error).__name__}: {error}"]


def _run(path: str) -> str:
    """What its README calls executing: the written class, built and called on its declared input; its weights."""
    import torch
    from n_orca import parse_file

    sys.path.insert(0, ".")
    import written_module

    size = [int(each) for each in parse_file(path)[0].tensors[0].shape]
    module = written_module.Net()
    module(torch.zeros(size))
    return f"{sum(value.numel() for value in module.parameters()):,} weights"


if __name__ == "__main__":
    if sys.argv[1] == "shapes":
        answer = [shape(each) for each in json.loads(Path(sys.argv[2]).read_text())]
    else:
        answer = tried(sys.argv[2], sys.argv[1])
    Path(sys.argv[3]).write_text(json.dumps(answer))
