"""`tie = a` and `tie = transpose(a)`: one step borrows the main weight of another layer."""

from __future__ import annotations

from netspec.elaborate.core import Core
from netspec.elaborate.evaluate import fault
from netspec.elaborate.frame import Frame, Value
from netspec.elaborate.options import LayerRef
from netspec.graph import Node
from netspec.ops.perceptrons import Perceptrons
from netspec.sizes import Size, text
from netspec.syntax.tree import Place


def tie(core: Core, node: Node, values: list[Value], reference: LayerRef, frame: Frame, place: Place) -> None:
    """Gives `node` the weight of the layer: as it is (from -> to), or turned round (to -> from)."""
    source = owner(core, reference.bound.key)
    if source is None:
        raise fault(frame, place, "NS234", name=reference.name)
    if not values[0].type.known or not source.types[0].known:
        return
    begin, end = ends(core, source)
    if reference.transposed:
        begin, end = end, begin
    assert isinstance(node.op, Perceptrons)
    fan, total = values[0].type.values, node.op.total
    if begin != fan or end != total:
        raise fault(
            frame,
            place,
            "NS235",
            name=reference.name,
            have=f"{text(begin)} -> {text(end)}",
            want=f"{text(fan)} -> {text(total)}",
        )
    node.tied = source.tied or source.key
    node.transposed = reference.transposed != source.transposed


def owner(core: Core, key: str) -> Node | None:
    """The node that stores (or borrows) the main weight of the layer with this key, if it can be tied."""
    for node in core.nodes:
        if node.key == key and node.op.name in ("perceptrons", "embed") and node.index in core.weights:
            return node
    return None


def ends(core: Core, node: Node) -> tuple[Size, Size]:
    """From how many values to how many: what a weight maps."""
    if isinstance(node.op, Perceptrons):
        source = core.nodes[node.inputs[0].node].types[node.inputs[0].output]
        return source.values, node.op.total
    source = core.nodes[node.inputs[0].node].types[node.inputs[0].output]
    assert source.classes is not None
    return source.classes, node.types[0].maps
