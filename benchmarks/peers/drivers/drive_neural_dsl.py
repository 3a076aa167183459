"""Runs in neural-dsl's environment: settings -> its static shapes; a network in its language -> what becomes of it.

Beside its declared requirements it imports plotly, onnx and huggingface_hub, which are installed for it, and triton, a
compiler for graphics cards that it never calls here: `sham/triton` stands in, so that its other parts can be measured.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import sys
from pathlib import Path
from typing import Any

Answer = list[Any]

NET = 'network Net {{\n  input: ({shape})\n  layers:\n    {layer}\n  loss: "mse"\n  optimizer: "sgd"\n}}\n'


def shape(s: dict[str, Any], stride: str, parser: Any) -> Answer:
    """["shape", maps and space], ["refused", why], ["traceback", why] or ["cannot", why]."""
    from lark.exceptions import LarkError
    from neural.parser.parser import DSLValidationError, ModelTransformer
    from neural.shape_propagation.shape_propagator import ShapePropagator

    if any(s["pad"]):
        return ["cannot", 'its padding is "valid" or "same"']
    if s["ceil"] or s["kind"] == "avgpool" or (s["kind"] == "maxpool" and set(s["dilation"]) != {1}):
        return ["cannot", "it has neither mean pools nor dilated ones, nor rounding up"]
    kernel, strides, dilation = (_written(s[key]) for key in ("kernel", "stride", "dilation"))
    d = len(s["size"])
    layer = f"MaxPooling{d}D(pool_size={kernel}, {stride}={strides})"
    if s["kind"] == "conv":
        layer = f'Conv{d}D(filters={s["filters"]}, kernel_size={kernel}, {stride}={strides}, padding="valid"'
        layer += ")" if set(s["dilation"]) == {1} else f", dilation_rate={dilation})"
    text = NET.format(shape=", ".join(map(str, (*s["size"], s["maps"]))), layer=layer)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            model = ModelTransformer().transform(parser.parse(text))
            found = ShapePropagator().propagate((1, *model["input"]["shape"]), model["layers"][0])
    except (ValueError, DSLValidationError) as error:
        return ["refused", str(error)]
    except (LarkError, AttributeError, TypeError) as error:
        return ["traceback", f"{type(error).__name__}: {error}"]
    return ["shape", [int(found[-1]), *map(int, found[1:-1])]]


def _written(values: list[int]) -> str:
    return str(values[0]) if len(set(values)) == 1 else f"({', '.join(map(str, values))})"


def tried(path: str, stage: str) -> Answer:
    """["accepted" | "refused" | "traceback", what `neural compile` says].

    It has no command that only checks. Its scripts import torchvision or tensorflow and load data, so they are not
    run: where a script that it writes, and `neural run` would run, has the payload as code, it is said.
    """
    from neural.cli import cli

    said = io.StringIO()
    for backend in ("pytorch", "tensorflow") if stage == "build" else ("pytorch",):
        command = ["--no-animations", "compile", path, "--backend", backend, "--output", f"written_{backend}.py"]
        try:
            with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
                cli(command, standalone_mode=False)
        except SystemExit as error:
            if error.code:
                return ["refused", said.getvalue()]
        except Exception as error:
            return ["traceback", f"{type(error).__name__}: {error}"]
    if stage != "build":
        return ["accepted", ""]
    if any(_has_payload(name.read_text()) for name in Path().glob("written_*.py")):
        return ["accepted", "PAYLOAD IN THE SCRIPT"]
    return ["accepted", _weights(Path("written_pytorch.py").read_text())]


def _weights(source: str) -> str:
    """How many weights the layers have that its PyTorch script makes, and which these are."""
    from math import prod

    count, kinds = 0, []
    for node in ast.walk(ast.parse(source)):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        layer = node.func.attr
        if isinstance(node.func.value, ast.Name) and node.func.value.id == "nn" and not layer.endswith("Loss"):
            sizes = [value.value.value for value in node.keywords if value.arg in ("in_features", "out_features")]
            kinds.append(layer)
            count += prod(sizes) + sizes[-1] if sizes else 0
    return f"{count:,} weights: {', '.join(kinds)}"


def _has_payload(source: str) -> bool:
    """Whether the call that the spec carries stands in the script as code, not as text."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return False
    return any(isinstance(node, ast.Name) and node.id == "__import__" for node in ast.walk(tree))


if __name__ == "__main__":
    if sys.argv[1] in ("shapes", "shapes, stride"):
        from neural.parser.parser import create_parser

        word, parser = ("stride" if "," in sys.argv[1] else "strides"), create_parser("network")
        answer = [shape(each, word, parser) for each in json.loads(Path(sys.argv[2]).read_text())]
    else:
        answer = tried(sys.argv[2], sys.argv[1])
    Path(sys.argv[3]).write_text(json.dumps(answer))
