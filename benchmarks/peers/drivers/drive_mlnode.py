"""Runs in mlnode's environment: settings -> its static shapes; a graph in JSON -> what becomes of it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

Answer = list[Any]


def shape(s: dict[str, Any]) -> Answer:
    """["shape", sizes without the batch], ["refused", why] or ["cannot", why]."""
    from mlnode import MLnodeError, MLnodeModel

    d = len(s["size"])
    params = {"kernel_size": s["kernel"], "stride": s["stride"], "padding": s["pad"]}
    if s["kind"] == "conv":
        layer = f"Conv{d}d"
        params |= {"in_channels": s["maps"], "out_channels": s["filters"], "dilation": s["dilation"]}
    else:
        layer = f"{'Max' if s['kind'] == 'maxpool' else 'Avg'}Pool{d}d"
        params |= {"ceil_mode": s["ceil"]}
        if s["kind"] == "maxpool":
            params["dilation"] = s["dilation"]
        elif d == 1:
            params = {key: value[0] if isinstance(value, list) else value for key, value in params.items()}
    graph = {
        "mlnode_schema_version": "1.1",
        "input_shape": [1, s["maps"], *s["size"]],
        "output_node": "y",
        "nodes": [{"id": "x", "type": "Input"}, {"id": "y", "type": layer, "params": params}],
        "edges": [{"source": "x", "target": "y"}],
    }
    try:
        found = MLnodeModel.from_dict(graph).validate()
    except MLnodeError as error:
        return ["refused", str(error)]
    if not found.valid:
        return ["refused", found.errors[0].message]
    return ["shape", list(found.node_shapes["y"])[1:]]


def tried(path: str, stage: str) -> Answer:
    """["accepted" | "refused" | "traceback", what it says]; the errors that it documents are refusals."""
    from mlnode import MLnodeError, MLnodeModel
    from pydantic import ValidationError

    try:
        model = MLnodeModel.load(path)
        found = model.validate()
        if not found.valid:
            return ["refused", found.errors[0].message]
        if stage == "build":
            import torch

            size = [value if isinstance(value, int) else 2 for value in model.schema.input_shape]
            module = model.build()
            module(torch.zeros(size))
            return ["accepted", f"{sum(value.numel() for value in module.parameters()):,} weights"]
        return ["accepted", ""]
    except (MLnodeError, ValidationError) as error:
        return ["refused", str(error)]
    except Exception as error:
        return ["traceback", f"{type(error).__name__}: {error}"]


if __name__ == "__main__":
    if sys.argv[1] == "shapes":
        answer = [shape(each) for each in json.loads(Path(sys.argv[2]).read_text())]
    else:
        answer = tried(sys.argv[2], sys.argv[1])
    Path(sys.argv[3]).write_text(json.dumps(answer))
