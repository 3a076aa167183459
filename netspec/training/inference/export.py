"""A trained run -> a torch.export file, which needs neither netspec nor the source of the net."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec import files
from netspec.diagnostics.errors import NetspecError, UsageError
from netspec.diagnostics.model import Diagnostic, Hint
from netspec.ir.graph import Graph
from netspec.ir.types import Type
from netspec.parts import need
from netspec.training.loop.engine import arguments_of
from netspec.training.record import Record
from netspec.training.storage.folder import writing

if TYPE_CHECKING:
    from torch import Tensor

ROWS = 3  # rows of the traced example; torch treats the sizes 1 and 2 as constants


def export(run: Record, path: Path, device: str = "cpu") -> None:
    """Export the net with its weights as a program for any number of rows.

    The program takes the arguments of the net's forward method, that is, prepared values and not raw data. It runs in
    evaluation mode. Before it is written, its outputs are compared with those of the net for other numbers of rows.

    Parameters:
        run: the record of a finished run.
        path: the file to write.
        device: the device of the weights.

    Raises:
        NetspecError: torch.export does not support the net, or the program computes something else (NS878).
    """
    need("torch")
    import torch

    graph = run.net.graph
    module = run.module(device)
    arguments = example(graph, ROWS, device)
    rows = torch.export.Dim("rows", min=1)
    shapes = tuple({0: rows} for _ in arguments)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            program = torch.export.export(module, arguments, dynamic_shapes=shapes)
        # torch.export raises exceptions of many kinds; the message becomes the reason
        except Exception as error:
            raise _refused(run, f"{type(error).__name__}: {str(error).splitlines()[0] if str(error) else ''}") from None
        for count in (1, 5):
            values = example(graph, count, device)
            with torch.inference_mode():
                if not _same(module(*values), program.module()(*values)):
                    raise _refused(run, f"{count} rows")
    stream = io.BytesIO()
    torch.export.save(program, stream)
    with writing(path):
        files.write(path, stream.getvalue())


def _refused(run: Record, reason: str) -> NetspecError:
    words = {"net": run.net_name, "reason": reason}
    return UsageError(Diagnostic("NS878", None, words, hints=(Hint("module", {"folder": str(run.folder)}),)))


def example(graph: Graph, rows: int, device: str) -> tuple[Tensor, ...]:
    """Return random arguments of the forward method for a number of rows."""
    import torch

    generator = torch.Generator().manual_seed(rows)
    found = []
    for name in arguments_of(graph):
        label = name.removesuffix("_length")
        type_ = _type(graph, label)
        time: tuple[int, ...] = () if type_.time is None else (int(type_.time.length),)  # type: ignore[arg-type]
        space: tuple[int, ...] = tuple(int(size) for size in type_.space)  # type: ignore[arg-type]
        if name != label:
            found.append(torch.randint(1, time[0] + 1, (rows,), generator=generator))
        elif type_.classes is not None:
            found.append(torch.randint(int(type_.classes), (rows, *time, *space), generator=generator))  # type: ignore[arg-type]
        else:
            found.append(torch.randn((rows, *time, int(type_.maps), *space), generator=generator))  # type: ignore[arg-type]
    return tuple(value.to(device) for value in found)


def _type(graph: Graph, label: str) -> Type:
    for number in graph.inputs:
        node = graph.nodes[number]
        if graph.layers[node.layer].label == label:
            return node.type
    raise LookupError(label)


def _same(left: Any, right: Any) -> bool:
    import torch

    if isinstance(left, tuple):
        return all(_same(one, other) for one, other in zip(left, right, strict=True))
    return torch.allclose(left, right, rtol=1e-4, atol=1e-5)
