"""A module -> a model of ONNX: torch's recurrent layers are ONNX's own, loops over time are its Scan."""

from __future__ import annotations

import io
from collections.abc import Callable, Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from netspec.codegen.live import build
from netspec.codegen.scanned import scanned
from netspec.ir.graph import Graph
from netspec.parts import need

if TYPE_CHECKING:
    from torch import Tensor, nn

# where the gates of torch stand among those of ONNX
GATES = {"LSTM": (0, 3, 1, 2), "GRU": (1, 0, 2), "RNN_TANH": (0,), "RNN_RELU": (0,)}


def portable(graph: Graph, module: nn.Module) -> nn.Module:
    """Return a module that computes what another one of the graph computes, of operations that ONNX has.

    Only torch.onnx can run it: torch's recurrent layers are calls of an operator without code.
    """
    from torch import nn

    found = build(graph, change=scanned)
    found.load_state_dict(module.state_dict())
    names = type(found).forward.__globals__
    if "recur" in names:  # how the emitted source runs a recurrent layer over sequences of different lengths
        names["recur"] = lambda cell, x, before, lengths: (_applied(cell, x, lengths), None)
    for inner in found.modules():
        if isinstance(inner, nn.RNNBase):
            inner.forward = lambda x, before=None, cell=inner: (_applied(cell, x, None), None)
    return _held(found.eval())


def _held(module: nn.Module) -> nn.Module:
    """Return a module that calls another one: torch's programs have attributes of their own, such as `code`, which are
    no names for layers."""
    from torch import nn

    class Held(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.net = module

        def forward(self, *values: Tensor) -> Any:
            return self.net(*values)

    return Held()


def _applied(cell: nn.RNNBase, x: Tensor, lengths: Tensor | None) -> Tensor:
    directions = 2 if cell.bidirectional else 1
    for layer in range(cell.num_layers):
        names = cell._all_weights[layer * directions : (layer + 1) * directions]
        weights = [getattr(cell, name) for each in names for name in each]
        x = operator()(x, lengths, weights, cell.mode, cell.hidden_size, cell.bias)
    return x


@cache
def operator() -> Any:
    """Return the operator that stands for a recurrent layer of torch while a module is traced."""
    import torch

    schema = "(Tensor x, Tensor? lengths, Tensor[] weights, str mode, int units, bool bias) -> Tensor"
    found = torch.library.custom_op("netspec::recurrent", _never, mutates_args=(), schema=schema)

    def shape(x: Tensor, lengths: Tensor | None, weights: list[Tensor], mode: str, units: int, bias: bool) -> Tensor:
        return x.new_empty(*x.shape[:2], units * len(weights) // (4 if bias else 2))

    found.register_fake(shape)
    return torch.ops.netspec.recurrent.default


def _never(*_: Any) -> Any:
    raise NotImplementedError("this operator is traced, never run")


def _recurrent(x: Any, lengths: Any, weights: Any, mode: str, units: int, bias: bool) -> Any:
    """Write the operator as ONNX's LSTM, GRU or RNN."""
    op = need("onnxscript").opset18

    each = 4 if bias else 2
    directions = len(weights) // each

    def numbers(*values: int) -> Any:
        return op.Constant(value_ints=values)

    def joined(values: list[Any]) -> Any:
        return op.Concat(*values, axis=0) if len(values) > 1 else values[0]

    def gates(value: Any) -> Any:
        bounds = [(gate * units, (gate + 1) * units) for gate in GATES[mode]]
        return joined([op.Slice(value, numbers(begin), numbers(end), numbers(0)) for begin, end in bounds])

    def stacked(*names: int) -> Any:
        rows = [joined([gates(weights[at + name]) for name in names]) for at in range(0, len(weights), each)]
        return joined([op.Unsqueeze(row, numbers(0)) for row in rows])

    given = [op.Transpose(x, perm=[1, 0, 2]), stacked(0), stacked(1), stacked(2, 3) if bias else None]
    given.append(None if lengths is None else op.Cast(lengths, to=6))
    more: dict[str, Any] = {"hidden_size": units, "direction": "bidirectional" if directions == 2 else "forward"}
    if mode == "GRU":
        more["linear_before_reset"] = 1
    if mode.startswith("RNN"):
        more["activations"] = ["Tanh" if mode == "RNN_TANH" else "Relu"] * directions
    found = getattr(op, mode.partition("_")[0])(*given, **more)[0]
    # (T, directions, B, units) -> (B, T, directions * units)
    return op.Reshape(op.Transpose(found, perm=[2, 0, 1, 3]), numbers(0, 0, -1))


def model(
    program: Any, inputs: Mapping[str, Mapping[int, str]], outputs: list[str]
) -> tuple[bytes, Callable[..., list[Tensor]]]:
    """Return a traced program as a model of ONNX, and a function that runs it.

    Parameters:
        program: a program of torch.export.
        inputs: the names of its arguments, with the names of their open axes.
        outputs: the names of its results.
    """
    import torch

    onnxruntime = need("onnxruntime")

    table = {operator(): _recurrent}
    options: dict[str, Any] = {"input_names": [*inputs], "output_names": outputs, "verbose": False}
    found = torch.onnx.export(program, dynamo=True, custom_translation_table=table, **options)
    assert found is not None
    _named(found.model, inputs)
    stream = io.BytesIO()
    found.save(stream)
    data = stream.getvalue()
    settings = onnxruntime.SessionOptions()
    settings.log_severity_level = 4
    session = onnxruntime.InferenceSession(data, settings)
    taken = {each.name for each in session.get_inputs()}

    def run(*values: Tensor) -> list[Tensor]:
        given = {name: value.numpy() for name, value in zip(inputs, values, strict=True) if name in taken}
        return [torch.from_numpy(value) for value in session.run(None, given)]

    return data, run


def _named(model: Any, inputs: Mapping[str, Mapping[int, str]]) -> None:
    """Give the arrays of a model, and the open axes of its inputs and outputs, the names of the spec."""
    names: dict[str, str] = {}
    for value, axes in zip(model.graph.inputs, inputs.values(), strict=True):
        names |= {str(value.shape[at]): name for at, name in axes.items()}
    for value in [*model.graph.initializers.values()]:
        value.name = value.name.removeprefix("net.")
    for value in (*model.graph.inputs, *model.graph.outputs):
        for at, size in enumerate(value.shape):
            value.shape[at] = names.get(str(size), size)
