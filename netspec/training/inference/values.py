"""A trained run -> the values of any of its layers, for rows or for chance alone; and a sheet of pictures of them."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from netspec.config.match import value_of
from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic, Hint, Quoted, suggestion
from netspec.ir.graph import Edge
from netspec.names import nearest
from netspec.parts import need
from netspec.training.data.batches import Part
from netspec.training.data.dataset import ALL, Dataset
from netspec.training.inference.export import Outline, example
from netspec.training.inference.predictor import Predictor
from netspec.training.loop.engine import EVALUATION_BATCH, arguments_of
from netspec.training.loop.objective import exposing

if TYPE_CHECKING:
    import numpy as np

    Array = np.ndarray[Any, np.dtype[Any]]


def layer_of(trained: Predictor, name: str) -> Edge:
    """Return the value of a layer of the net. Raises UsageError (NS773) for a name that is no layer."""
    edge = value_of(trained.net.graph, name)
    if edge is None:
        known = [layer.label for layer in trained.net.graph.top if layer.role != "start"]
        near, _ = suggestion(nearest(name, known))
        words = {"name": name, "term": "--layer"}
        raise UsageError(
            Diagnostic("NS773", None, words, hints=(*near, Hint("known", {"legal": Quoted(tuple(known))})))
        )
    return edge


def reads_inputs(trained: Predictor, edge: Edge) -> bool:
    """Whether a value depends on an input of the net, and not on chance and weights alone."""
    nodes, pending, seen = trained.net.graph.nodes, [edge.node], set[int]()
    while pending:
        node = pending.pop()
        if node not in seen:
            seen.add(node)
            pending += [inner.node for inner in nodes[node].inputs]
    return any(nodes[node].kind == "input" for node in seen)


def values(trained: Predictor, edge: Edge, dataset: Dataset | None, count: int, seed: int) -> Array:
    """Return the values of a layer as the trained net computes them outside training.

    Parameters:
        trained: the run.
        edge: the layer's value.
        dataset: the rows; None for a layer that reads no input.
        count: how many examples, if there are no rows.
        seed: where the numbers come from that the net draws.

    Returns:
        (rows, [time,] maps, *space).
    """
    weights = trained.run.weights(trained.net)
    need("torch")
    import torch

    from netspec.codegen.live import build

    graph = trained.net.graph
    device = trained.request.device
    model = build(exposing(graph, list(graph.nodes), [edge]), device=device).eval()
    model.load_state_dict({key: torch.from_numpy(value) for key, value in weights.items()}, strict=True)
    part = None if dataset is None else Part(dataset, ALL, device, torch.float32)
    made = Outline(trained.net, {name: {} for name in arguments_of(graph)})
    found = []
    torch.manual_seed(seed)
    with torch.inference_mode():
        for index in torch.split(torch.arange(count if part is None else part.count), EVALUATION_BATCH):
            if part is None:
                found.append(model(*(value.to(device) for value in example(made, len(index)))))
            else:
                batch = part.take(index)
                found.append(model(*(batch[name] for name in arguments_of(graph))))
    result: Array = torch.cat(found).float().cpu().numpy()
    return result


GAP = 2  # pixels between two pictures


def sheet(pictures: Array) -> bytes | None:
    """Return a PNG file with pictures (n, maps, rows, columns) side by side; None for values that are no pictures."""
    import numpy as np
    from PIL import Image

    if pictures.ndim != 4 or pictures.shape[1] not in (1, 3):
        return None
    count, maps, high, wide = pictures.shape
    columns = round((count * high / wide) ** 0.5 + 0.5)
    rows = -(-count // columns)
    low, top = float(pictures.min()), float(pictures.max())
    bytes_ = ((pictures - low) / ((top - low) or 1.0) * 255).round().astype(np.uint8).transpose(0, 2, 3, 1)
    page = np.full((rows * (high + GAP) - GAP, columns * (wide + GAP) - GAP, maps), 255, np.uint8)
    for number, picture in enumerate(bytes_):
        y, x = number // columns * (high + GAP), number % columns * (wide + GAP)
        page[y : y + high, x : x + wide] = picture
    stream = io.BytesIO()
    Image.fromarray(page.squeeze(2) if maps == 1 else page).save(stream, "PNG")
    return stream.getvalue()
