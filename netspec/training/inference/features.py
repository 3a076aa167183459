"""A trained run -> the values of its last hidden layer for examples, and the output layer that reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netspec.config.match import logits_of, type_of, value_of
from netspec.config.vocabulary.losses import Loss, Term, prediction_of
from netspec.config.vocabulary.metrics import Metric
from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic
from netspec.figure.trained.features import Features
from netspec.ir.graph import Edge, Graph, Node
from netspec.training.data.batches import Part
from netspec.training.inference.predictor import Predictor
from netspec.training.loop.objective import exposing

if TYPE_CHECKING:
    from torch import Tensor, nn

    from netspec.training.record import Record

MOST = 600  # the maximum number of examples
GRID = 96  # grid points along each axis of the plane of inputs


@dataclass(slots=True)
class Ending:
    """The end of a classifier: its loss or metric, its output layer, the input of that layer, and the logits."""

    term: Term
    layer: Node
    hidden: Edge
    logits: Edge


def features_of(run: Record, most: int = MOST) -> Features:
    """Return the features of examples, from the test part if there is one, else validation, else training.

    Parameters:
        run: the record of a finished run.
        most: the most examples.

    Returns:
        The features.

    Raises:
        NetspecError: the last layer is not a layer of perceptrons with class logits (NS733).
    """
    import torch

    trained = Predictor(run)
    graph = trained.net.graph
    ending = _ending(graph, trained.train.terms, trained.train.metrics)
    dataset = trained.own()
    name = next(part for part in ("test", "validation", "training") if len(dataset.parts.get(part, ())))
    part = Part(dataset, name, "cpu", torch.float32)
    batch = part.take(torch.arange(0, part.count, max(1, -(-part.count // most))))
    labels = [graph.layers[graph.nodes[number].layer].label for number in graph.inputs]
    model = _module(graph, ending, trained)
    with torch.inference_mode():
        hidden, logits = model(*(batch[label] for label in labels))
        found = _found(run, graph, ending, batch[ending.term.compared or ""], hidden)
        if len(labels) == 1 and batch[labels[0]][0].numel() == 2:
            found.input_label = labels[0]
            found.inputs = batch[labels[0]].flatten(1).double().numpy()
            found.grid = _grid(model, batch[labels[0]], logits.shape[1] == 1)
    return found


def _ending(graph: Graph, losses: Sequence[Loss], metrics: Sequence[Metric]) -> Ending:
    for term in (*losses, *metrics):
        edge = value_of(graph, term.layer)
        if not term.classifies or edge is None or not term.compared:
            continue
        predicted = prediction_of(term, losses, type_of(graph, edge))
        if predicted is None or not predicted.chooses:
            continue
        logits, _ = logits_of(graph, edge)
        node = graph.nodes[graph.through(logits).node]
        read = node.inputs[0] if node.inputs else None
        plain = node.type.time is None and not node.type.space and not node.tied
        if node.op.dense and read is not None and plain:
            return Ending(term, node, read, logits)
    raise UsageError(Diagnostic("NS733", None, {"net": graph.name}))


def _module(graph: Graph, ending: Ending, trained: Predictor) -> nn.Module:
    """Return the trained net as a module that returns the features and the logits."""
    import torch

    from netspec.codegen.live import build

    model = build(exposing(graph, list(graph.nodes), [ending.hidden, ending.logits]))
    state = {key: torch.from_numpy(value) for key, value in trained.run.weights().items()}
    model.load_state_dict(state, strict=True)
    return model.eval()


def _found(run: Record, graph: Graph, ending: Ending, target: Tensor, hidden: Tensor) -> Features:
    import numpy as np

    arrays = run.weights()
    weight = arrays[ending.layer.stored()].astype(np.float64)
    bias = arrays.get(ending.layer.stored("bias"), np.zeros(len(weight))).astype(np.float64)
    if len(weight) == 1:  # a single logit: a positive value means the second class
        weight, bias = np.concatenate([0 * weight, weight]), np.concatenate([0 * bias, bias])
    names = run.data["fields"].get(ending.term.compared, {}).get("classes") or map(str, range(len(weight)))
    layer = graph.layers[graph.nodes[ending.hidden.node].layer]
    classes: Any = target.flatten().round().long().numpy()
    return Features(layer.label, hidden.flatten(1).double().numpy(), classes, tuple(map(str, names)), weight, bias)


def _grid(model: nn.Module, inputs: Tensor, single: bool) -> tuple[Any, Any, Any]:
    """Return the logits on a grid over the plane of two inputs, slightly larger than the range of the examples."""
    import torch

    flat = inputs.flatten(1)
    low, high = flat.min(0).values, flat.max(0).values
    room = (high - low).clamp(min=1e-6) * 0.12
    xs, ys = (torch.linspace(float(low[k] - room[k]), float(high[k] + room[k]), GRID) for k in (0, 1))
    places = torch.stack(torch.meshgrid(xs, ys, indexing="xy"), -1).reshape(GRID * GRID, *inputs.shape[1:])
    logits = model(places)[1].double()
    logits = torch.cat([torch.zeros_like(logits), logits], 1) if single else logits
    return xs.double().numpy(), ys.double().numpy(), logits.T.reshape(-1, GRID, GRID).numpy()
