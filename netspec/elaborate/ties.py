"""`tie = a` and `tie = transpose(a)`: one step borrows the main weight of another layer."""

from __future__ import annotations

from netspec.elaborate.core import Core
from netspec.elaborate.evaluate import fault
from netspec.elaborate.frame import Frame, Value
from netspec.elaborate.kinds import LayerRef
from netspec.elaborate.options import Given
from netspec.ir.graph import Node
from netspec.ir.sizes import Size, product, text
from netspec.ops.perceptrons import Perceptrons
from netspec.syntax.tree import Place


def borrowed(
    core: Core, values: list[Value], given: Given, reference: LayerRef, frame: Frame, place: Place
) -> tuple[str, str]:
    """The path of the step whose weight is used, and `straight` or `turned`: how it is stored against how it is needed.

    `tie = a` maps as a does, from -> to; `transpose(a)` back, to -> from. The user never sees that torch
    stores perceptrons as (to, from) and embeddings as (from, to).
    """
    source = _owner(core, reference.bound.path)
    if source is None:
        raise fault(frame, place, "NS234", name=reference.name)
    if len(values) == 1 and values[0].type.known and source.index in core.weights:
        begin, end = _ends(core, source)
        if reference.transposed:
            begin, end = end, begin
        fan, total = values[0].type.values, product(given.values["units"])
        if begin != fan or end != total:
            have, want = f"{text(begin)} -> {text(end)}", f"{text(fan)} -> {text(total)}"
            raise fault(frame, place, "NS235", name=reference.name, have=have, want=want)
    stored_backwards = isinstance(source.op, Perceptrons)
    return source.path, "straight" if stored_backwards != reference.transposed else "turned"


def _owner(core: Core, path: str) -> Node | None:
    """The node that stores the main weight of the layer with this path, if it is one that can be tied."""
    for node in core.nodes:
        if node.path == path and node.op.name in ("perceptrons", "embed") and not node.tied:
            return node
    return None


def _ends(core: Core, node: Node) -> tuple[Size, Size]:
    """From how many values to how many a weight maps."""
    weight = next(item for item in core.weights[node.index] if item.name == "weight")
    first, second = weight.shape
    return (second, first) if isinstance(node.op, Perceptrons) else (first, second)
