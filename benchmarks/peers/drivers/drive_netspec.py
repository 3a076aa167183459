"""Runs netspec as the peers are run: a spec -> what `check` says, or what becomes of its source when it is built."""

from __future__ import annotations

import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any

Answer = list[Any]


def tried(path: str, stage: str) -> Answer:
    """["accepted" | "refused" | "traceback", what its command says]; a build runs the module that it writes."""
    from netspec.cli import main

    said = io.StringIO()
    commands = [["check", path, "--format", "json"]]
    if stage == "build":
        commands = [["compile", path, "-o", "written_module.py"], ["render", path, "-o", "written.svg"]]
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            for command in commands:
                if main(command):
                    return ["refused", said.getvalue()]
        if stage == "build":
            import torch

            import netspec

            sys.path.insert(0, ".")
            import written_module

            graph = netspec.load(path).net().graph
            kind = graph.nodes[graph.layers[graph.inputs[0]].values[0].node].type
            given = (kind.maps, *kind.space)

            module = written_module.Net()
            module(torch.zeros(1, *given))
            return ["accepted", f"{sum(value.numel() for value in module.parameters()):,} weights"]
        return ["accepted", said.getvalue()]
    except Exception as error:
        return ["traceback", f"{type(error).__name__}: {error}"]


if __name__ == "__main__":
    Path(sys.argv[3]).write_text(json.dumps(tried(sys.argv[2], sys.argv[1])))
