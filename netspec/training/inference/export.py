"""A net with its weights -> a file that needs no netspec: a program of torch.export or of ONNX, or its arrays alone."""

from __future__ import annotations

import contextlib
import io
import itertools
import linecache
import logging
import re
import traceback
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from netspec import files
from netspec.codegen.forward import comment_text
from netspec.diagnostics.errors import NetspecError, SpecError, UsageError
from netspec.diagnostics.model import Diagnostic, Hint, Words
from netspec.ir.graph import Graph
from netspec.ir.types import Type
from netspec.parts import need, require
from netspec.spec import Net
from netspec.training.loop.engine import arguments_of
from netspec.training.storage.folder import writing

if TYPE_CHECKING:
    from torch import Tensor, nn

    Values = tuple[Tensor, ...]

ROWS = 3  # rows of the traced example; torch treats the sizes 1 and 2 as constants
CHECKED = ((1, 1), (7, 2))  # rows, and which of the lengths of an axis, for which a program is compared with the net
CLOSE = 1e-5  # how far its values may be from the net's, beside the largest of them
# lengths for an axis that is open: the first that the net takes is traced, the next two are compared
TRIED = (5, 2, 6, 3, 7, 8, 10, 12, 16, 20, 24, 32, 48, 64, 96, 128, 192, 224, 256, 384, 512)
LARGEST = 2**31 - 2**20  # bytes of a file of ONNX


class Axis(NamedTuple):
    """An axis of an input that may have another length in every call: its name, and three lengths that the net takes.

    free: whether the spec gives the length a value, which the program may fall back on.
    """

    name: str
    lengths: tuple[int, ...] = ()
    free: bool = False


class Outline(NamedTuple):
    """What a program takes: the net with all sizes set, and for each argument the axes whose lengths are open."""

    net: Net
    arguments: dict[str, dict[int, Axis]]

    @property
    def axes(self) -> tuple[Axis, ...]:
        return tuple(dict.fromkeys(axis for each in self.arguments.values() for axis in each.values()))

    @property
    def fixed(self) -> Outline:
        """The same with every length that has a value in the spec."""
        held = {name: {at: axis for at, axis in each.items() if not axis.free} for name, each in self.arguments.items()}
        return self._replace(arguments=held)


def outline(net: Net) -> Outline:
    """Return what a program of a net takes, with values for the sizes that are open.

    A length of an input is open if neither the code nor a weight of the net depends on the size that it is, and if
    lengths differ from example to example.

    Raises:
        SpecError: a weight or the code depends on an open size (NS516).
    """
    opened, sizes = net.graph.open, dict(net.sizes)
    for name in opened:
        sizes[name] = next((size for size in TRIED if _set(net, {**sizes, name: size})), TRIED[0])
    whole = net.spec.net(net.name, **sizes) if opened else net
    inputs = _inputs(whole.graph)
    arguments: dict[str, dict[int, Axis]] = {name: {0: Axis("batch")} for name in arguments_of(whole.graph)}
    for label, type_ in inputs.items():
        if type_.time is not None and type_.time.varying:
            longest: Any = type_.time.length
            lengths = tuple(min(size, longest) for size in TRIED[:3])
            arguments[label][1] = Axis(_name(whole.graph, longest, f"{label}_steps"), lengths)
    for name, value in whole.graph.params.items():
        other = _with(whole, name, value)
        if other is None:
            if name in opened:
                net.source()  # raises
            continue
        taken = (size for size in TRIED if _set(whole, {**whole.sizes, name: size}))
        axis = Axis(name, tuple(itertools.islice(taken, 3)) or (value,), name not in opened)
        for label, changed in _inputs(other.graph).items():
            for at, (before, after) in enumerate(zip(_sizes(inputs[label]), _sizes(changed)), 1):
                if before == value != after:
                    arguments[label].setdefault(at, axis)
    return Outline(whole, arguments)


def _set(net: Net, sizes: dict[str, Any]) -> Net | None:
    try:
        return net.spec.net(net.name, **sizes)
    except SpecError:
        return None


def _with(net: Net, name: str, value: Any) -> Net | None:
    """Return the net with another value of a size; None if its code or a weight is another one then."""
    if type(value) is not int:
        return None
    other = next(filter(None, (_set(net, {**net.sizes, name: size}) for size in (value + 1, 2 * value))), None)
    return other if other is not None and other.source() == net.source() else None


def _name(graph: Graph, length: int, other: str) -> str:
    names = [name for name, value in graph.params.items() if type(value) is int and value == length]
    return names[0] if len(names) == 1 else other


def _inputs(graph: Graph) -> dict[str, Type]:
    nodes = (graph.nodes[number] for number in graph.inputs)
    return {graph.layers[node.layer].label: node.type for node in nodes}


def _sizes(type_: Type) -> tuple[Any, ...]:
    """Return the lengths of the axes of an input behind that of the rows."""
    time = () if type_.time is None else (type_.time.length,)
    return (*time, *(() if type_.classes is not None else (type_.maps,)), *type_.space)


def example(made: Outline, rows: int, which: int | None = None) -> Values:
    """Return random arguments of the forward method for a number of rows.

    Parameters:
        made: what the net takes.
        rows: how many rows.
        which: which of its lengths an open axis gets; None for the lengths of the net.
    """
    import torch

    generator = torch.Generator().manual_seed(rows)
    types = _inputs(made.net.graph)
    found = []
    for name in made.arguments:
        label = name if name in types else name.removesuffix("_length")
        sizes = [int(size) for size in _sizes(types[label])]
        for at, axis in made.arguments[label].items():
            if at and which is not None:
                sizes[at - 1] = axis.lengths[which % len(axis.lengths)]
        classes: Any = types[label].classes
        if name not in types:
            found.append(torch.randint(1, sizes[0] + 1, (rows,), generator=generator))
        elif classes is not None:
            found.append(torch.randint(classes, (rows, *sizes), generator=generator))
        else:
            found.append(torch.randn((rows, *sizes), generator=generator))
    return tuple(found)


# ---- files


def export(made: Outline, module: nn.Module, path: Path, folder: Path | None = None) -> Outline:
    """Write a net with its weights: as a program of torch.export (`.pt2`) or ONNX (`.onnx`), or its arrays alone.

    A program takes the arguments of the net's forward method, that is, prepared values and not raw data. It runs in
    evaluation mode, for any number of rows and of steps of time that no weight of the net depends on. Before it is
    written, its outputs are compared with those of the net for other numbers of rows and steps.

    Parameters:
        made: what the program takes.
        module: the net as a module with its weights, on the CPU.
        path: the file to write; its ending chooses the format.
        folder: the folder of the run that the weights are of.

    Returns:
        What the program takes: a length that the spec sets is fixed if the format cannot leave it open.

    Raises:
        NetspecError: the format cannot hold what a layer computes, or the program computes something else (NS878);
            the file would be too large (NS890); a package is missing (NS951).
    """
    kind = path.suffix.lower()
    if kind == ".safetensors":
        from safetensors.torch import save

        data = save({key: value.detach().contiguous() for key, value in module.state_dict().items()})
    else:
        made, data = _program(made, module, kind, folder)
    with writing(path):
        files.write(path, data)
    return made


def _program(made: Outline, module: nn.Module, kind: str, folder: Path | None) -> tuple[Outline, bytes]:
    """Return a program as bytes, with lengths open if that is possible."""
    need("torch")
    total = sum(value.numel() * value.element_size() for value in module.state_dict().values())
    if kind == ".onnx" and total > LARGEST:
        sizes: Words = {"net": made.net.name, "size": f"{total / 1e9:.1f} GB"}
        raise UsageError(Diagnostic("NS890", None, sizes))
    if kind == ".onnx":
        require("onnx", "onnxscript", "onnxruntime")
    fault: Exception | None = None
    for trial in (made, made.fixed):
        try:
            with _quiet():
                return trial, _traced(trial, module, kind)
        except NetspecError:
            raise
        # torch and its exporters raise exceptions of many kinds; the message becomes the reason
        except Exception as error:
            fault = error
        if trial.arguments == made.fixed.arguments:
            break
    assert fault is not None
    raise refused(made, kind, fault, folder) from None


def _traced(made: Outline, module: nn.Module, kind: str) -> bytes:
    """Trace a module, and compare what the program computes with what the net computes."""
    import torch

    live = module
    # torch works out which lengths the net can take, and refuses if that is one length alone
    shapes: Any = tuple(dict.fromkeys(each, torch.export.Dim.DYNAMIC) for each in made.arguments.values())
    if kind == ".onnx":
        from netspec.training.inference.onnx_ import portable

        live, shapes = portable(made.net.graph, module), (shapes,)
    program = torch.export.export(live, example(made, ROWS, 0), dynamic_shapes=shapes)
    if kind == ".onnx":
        from netspec.training.inference.onnx_ import model

        graph = made.net.graph
        inputs = {name: {at: axis.name for at, axis in each.items()} for name, each in made.arguments.items()}
        data, run = model(program, inputs, [graph.layers[number].label for number in graph.outputs])
    else:
        stream = io.BytesIO()
        torch.export.save(program, stream)
        data, run = stream.getvalue(), program.module()
    counted = compared(made.net.graph)
    for rows, which in CHECKED:
        values = example(made, rows, which)
        with torch.inference_mode():
            far = gap(module(*values), run(*values), counted)
        if not far <= CLOSE:
            raise _Differs(f"{rows} rows: {far:.1e}")
    return data


class _Differs(Exception):
    """A program computes something else than the net."""


def compared(graph: Graph) -> list[bool]:
    """Return for each output whether two calls give the same: nothing that it is computed of is drawn."""
    drawn: set[int] = set()
    for node in graph.nodes:
        if node.op.draws == "always" or any(edge.node in drawn for edge in node.inputs):
            drawn.add(node.index)
    return [graph.layers[number].values[0].node not in drawn for number in graph.outputs]


def gap(left: Any, right: Any, counted: list[bool]) -> float:
    """Return how far two results of a net are apart, beside the largest value: infinitely, if their shapes differ."""
    results = [each if isinstance(each, (tuple, list)) else (each,) for each in (left, right)]
    worst = 0.0
    for one, other, counts in zip(*results, counted, strict=True):
        if one.shape != other.shape:
            return float("inf")
        if counts and one.numel():
            worst = max(worst, float((one - other).abs().max() / one.abs().max().clamp(min=1.0)))
    return worst


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keep what torch prints and warns while it traces to itself."""
    before = logging.root.manager.disable
    logging.disable(logging.ERROR)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)


def refused(made: Outline, kind: str, fault: Exception, folder: Path | None) -> NetspecError:
    """Return NS878 with the line of the spec whose code the exception comes from."""
    reason = f"{type(fault).__name__}: {(str(fault).strip() or '?').splitlines()[0]}"
    said = "".join(traceback.format_exception(fault))
    text = next((line for name, number in reversed(EMITTED.findall(said)) if (line := _quoted(name, int(number)))), "")
    layer = next((each for each in made.net.graph.layers if text and each.text and comment_text(each) == text), None)
    words: Words = {
        "net": made.net.name,
        "format": kind,
        "reason": str(fault) if isinstance(fault, _Differs) else reason,
    }
    hints = [Hint("layer", {"text": text})] if text else []
    if folder is not None:
        hints.append(Hint("module", {"folder": str(folder)}))
    return UsageError(Diagnostic("NS878", None if layer is None else layer.span, words, hints=tuple(hints)))


EMITTED = re.compile(r'File "(<netspec [^">]+>)", line ([0-9]+)')


def _quoted(name: str, number: int) -> str:
    """Return the line of the spec that the emitted source quotes above one of its lines; "" if there is none."""
    for at in range(number, 0, -1):
        text = linecache.getline(name, at).strip()
        if text.startswith(("# hidden ", "# output ", "# start ")):
            return text.removeprefix("# ")
        if text.startswith(("def ", "class ")):
            break
    return ""
