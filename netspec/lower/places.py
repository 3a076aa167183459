"""The modules of one class: collected from its nodes and inner blocks, before forward is written."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netspec.ir.graph import Graph, Node, Scope
from netspec.ir.operation import Lowering
from netspec.ir.types import Type
from netspec.lower.holes import Holes
from netspec.lower.initial import init_line
from netspec.lower.modules import Place, construct
from netspec.lower.order import elements_of, reads_whole

if TYPE_CHECKING:
    from netspec.lower.classes import Classes


def relative(key: str, scope: Scope) -> str:
    """A module's key as its class sees it."""
    return key[len(scope.key) + 1 :] if scope.key else key


def types_for(graph: Graph, node: Node, stepwise: bool) -> list[Type]:
    """The types an operation is lowered for: of one time step, unless it looks over time."""
    types = [graph.nodes[edge.node].types[edge.output] for edge in node.inputs]
    if stepwise or not node.op.over_time:
        return [value if stepwise and reads_whole(node, at) else value.step for at, value in enumerate(types)]
    return types


def lowering_of(graph: Graph, node: Node, stepwise: bool) -> Lowering:
    """How a node is written, in the loop of a recurrence (`stepwise`) or outside."""
    lowering = node.op.torch(*types_for(graph, node, stepwise))
    if node.backward and node.kind != "delay" and "{before}" in lowering.forward:
        # what runs backwards has its past at the end: it takes no state and gives none
        return lowering._replace(forward=f"{lowering.forward.replace('{before}', 'None')}[0]")
    return lowering


def collect(graph: Graph, scope: Scope, classes: Classes, holes: Holes) -> Place:
    """The tree of constructor calls of a net, or of one instance of a block."""
    root = Place()
    _scope(graph, scope, scope, classes, holes, root)
    return root


def _scope(graph: Graph, own: Scope, scope: Scope, classes: Classes, holes: Holes, root: Place) -> None:
    if scope.kind == "repeat" and not scope.shared and (own.again or not scope.again):
        place = root.at(relative(scope.key, own))
        if place.rounds is None:
            place.rounds = []
    for item in elements_of(graph, scope):
        if isinstance(item, Node):
            _node(graph, own, item, classes, holes, root)
        elif isinstance(item, Scope):
            if item.kind == "block" and item.index not in classes.inlined:
                if not item.again or own.again:
                    definition = classes.of(item)
                    values = ", ".join(holes.put(value) for value in definition.values(item))
                    root.at(relative(item.key, own)).code = f"{definition.name}({values})"
            else:
                _scope(graph, own, item, classes, holes, root)
    if scope.kind == "repeat" and not scope.shared and (own.again or not scope.again):
        _prune(root, relative(scope.key, own), len(scope.children))


def _prune(root: Place, path: str, rounds: int) -> None:
    """A repeat of steps without modules needs no place."""
    place = root.at(path)
    if place.rounds is not None and not place.rounds:
        place.rounds = None
        if not place.below and path:
            head, _, tail = path.rpartition(".")
            root.at(head).below.pop(tail, None)
    elif place.rounds is not None:
        place.at(str(rounds))


def _node(graph: Graph, own: Scope, node: Node, classes: Classes, holes: Holes, root: Place) -> None:
    if (node.again and not own.again) or node.kind in ("port", "input"):
        return
    lowering = classes.lowering(node)
    if lowering.module is None:
        return
    place = root.at(relative(node.key, own))
    place.code = construct(lowering.module, holes)
    asked = getattr(node.op, "init", None) or {}
    for weight in node.op.weights(*types_for(graph, node, node.index in classes.looped)):
        inner = weight.name.rpartition(".")[2]
        line = init_line(weight, inner in asked or weight.init.name == "given", holes)
        if line is not None and inner == "bias" and "Conv" in lowering.module.call:  # torch says it may be None
            line = line.replace("{self}.bias", '{self}.get_parameter("bias")')
        if line is not None and not weight.buffer and not (node.tied and weight.name == "weight"):
            place.after.append(line)
    if node.frozen:
        place.after.append("{self}.requires_grad_(False)")
