"""A loss that is no number -> the first place in the net where a value stopped being one."""

from __future__ import annotations

import linecache
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netspec.ir.graph import Graph, Layer
from netspec.lower.body import comment_text

if TYPE_CHECKING:
    from torch import Tensor

    from netspec.training.engine import Engine


@dataclass(frozen=True, slots=True)
class Cause:
    """What went wrong first: the weights of a layer, its values, or a term of the loss."""

    kind: str  # weights, layer, loss, input
    name: str
    layer: Layer | None = None


def find_cause(engine: Engine, graph: Graph, batch: dict[str, Tensor]) -> Cause:
    """Runs the batch once more, and looks at every value on its way."""
    import torch

    for name, value in batch.items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            return Cause("input", name)
    for key, value in engine.model.state_dict().items():
        if value.is_floating_point() and not torch.isfinite(value).all():
            return Cause("weights", key, _owner(graph, key))
    found = _first_in_forward(engine, batch)
    if found is None:
        return Cause("loss", _first_term(engine, batch))
    layer = next((layer for layer in graph.layers if layer.text and comment_text(layer) == found), None)
    return Cause("layer", layer.path if layer is not None else found, layer)


def _owner(graph: Graph, key: str) -> Layer | None:
    """The line whose weights have a key."""
    for stored in graph.stored:
        if stored.key == key:
            return graph.layers[graph.nodes[stored.node].layer]
    return None


def _first_in_forward(engine: Engine, batch: dict[str, Tensor]) -> str | None:
    """The spec's line, as the emitted source quotes it, above the first call that gave a value that is not finite."""
    import torch
    from torch.overrides import TorchFunctionMode

    class Looking(TorchFunctionMode):
        line: str | None = None

        def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
            result = func(*args, **(kwargs or {}))
            if self.line is None and isinstance(result, torch.Tensor) and result.is_floating_point():
                with torch._C.DisableTorchFunction():
                    if not torch.isfinite(result).all():
                        self.line = _spec_line()
            return result

    looking = Looking()
    with torch.no_grad(), looking:
        engine.outputs(batch)
    return looking.line


def _spec_line() -> str:
    """The comment above the innermost statement of emitted source that is being executed."""
    frame: Any = sys._getframe()
    while frame is not None:
        name = frame.f_code.co_filename
        if name.startswith("<netspec "):
            for number in range(frame.f_lineno, 0, -1):
                text = linecache.getline(name, number).strip()
                if text.startswith("# "):
                    return text.removeprefix("# ")
        frame = frame.f_back
    return ""


def _first_term(engine: Engine, batch: dict[str, Tensor]) -> str:
    import torch

    with torch.no_grad():
        outputs = engine.outputs(batch)
        for judge in engine.objective.losses:
            mean, _ = engine.objective.mean(judge, outputs, batch)
            if not torch.isfinite(mean):
                return judge.term.word
    return "loss"
