"""What is stored and how deep a net is: keys, counts, depth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netspec.diagnostics.model import Diagnostic, Label, Report
from netspec.elaborate.builder import Builder
from netspec.elaborate.keys import module_path
from netspec.ir.graph import Counts, Node, Stored
from netspec.ir.operation import Weight
from netspec.ir.sizes import Size, is_open, product
from netspec.source import Span


def stored_arrays(b: Builder, report: Report) -> list[Stored]:
    """Every array once, in the order of the nodes that own it; two owners of one key are an error."""
    nodes = b.nodes
    found: dict[str, Stored] = {}
    for index, weights in b.weights.items():
        node = nodes[index]
        path = module_path(node.path)
        for weight in weights:
            if node.tied and weight.name == "weight":
                continue
            key = f"{path}.{weight.name}"
            if key not in found:
                found[key] = Stored(node.stored(weight.name), weight, node.index, node.frozen)
            elif not node.again:
                owner = nodes[found[key].node]
                labels = (Label(owner.span, "first"),) if owner.span is not None else ()
                report.add(Diagnostic("NS241", node.span, {"key": path}, labels=labels))
                break
            elif weight.shape != found[key].weight.shape:
                report.add(_other_shape(node, nodes[found[key].node], weight, found[key], b))
                break
    for diagnostic in _clashing_paths(found, b):
        report.add(diagnostic)
    return list(found.values())


def _other_shape(node: Node, owner: Node, weight: Weight, first: Stored, b: Builder) -> Diagnostic:
    labels = (Label(owner.span, "first"),) if owner.span is not None else ()
    here, first_line = b.layers[node.layer], b.layers[owner.layer]
    if node.span == owner.span and here.label != first_line.label and here.span is not None:  # both stand in a's line
        labels = (Label(here.span, "again", {"name": first_line.label}),)
    words: dict[str, Any] = {
        "key": first.key,
        "have": _leads(owner, first.weight),
        "want": _leads(node, weight),
    }
    return Diagnostic("NS242", node.span, words, labels=labels)


def _leads(node: Node, weight: Weight) -> str:
    """A noun's weights as they are meant, from what comes in to what goes out; others by their sizes."""
    if node.op.name == "perceptrons" and len(weight.shape) == 2:
        return f"{weight.shape[1]} -> {weight.shape[0]}"
    return "x".join(map(str, weight.shape))


def _clashing_paths(found: dict[str, Stored], b: Builder) -> Iterator[Diagnostic]:
    """No module has the path of another, and none that of an array: `a.weight` and `a.weight.bias` cannot both be."""
    modules: dict[str, Span | None] = {}
    for _, key, span in sorted(_modules(found, b), key=lambda module: module[0]):
        if key in modules or key in found:
            before = modules.get(key)
            labels = (Label(before, "first"),) if before is not None else ()
            yield Diagnostic("NS241", span, {"key": key}, labels=labels)
            return
        modules[key] = span


def _modules(found: dict[str, Stored], b: Builder) -> Iterator[tuple[int, str, Span | None]]:
    """Every module: its first node, path and place. A round and what is its main step are one module."""
    scopes = b.scopes
    for index in dict.fromkeys(stored.node for stored in found.values()):
        node = b.nodes[index]
        if node.path != scopes[node.scope].path:
            yield index, module_path(node.path), node.span
    for scope in scopes[1:]:  # the first is the net
        if not scope.again and scope.path != scopes[scope.parent].path:
            yield scope.first, module_path(scope.path), b.layers[scope.layer].span


def count(stored: list[Stored]) -> Counts:
    """Trainable, frozen and buffers."""
    totals: dict[str, Any] = {"trainable": 0, "frozen": 0, "buffer": 0}
    groups: dict[tuple[int, str], list[Weight]] = {}  # of the nodes with open sizes
    opened = -1
    for item in stored:
        weight = item.weight
        if weight.integer:
            continue
        total = weight.total
        if item.node == opened or not isinstance(total, int):
            opened = item.node
            groups.setdefault((item.node, item.kind), []).append(weight)
        else:
            totals[item.kind] += total
    for (_, kind), weights in groups.items():
        totals[kind] = totals[kind] + together(weights)
    return Counts(totals["trainable"], totals["frozen"], totals["buffer"])


def together(weights: list[Weight]) -> Size:
    """The numbers of one node's arrays; open sizes keep the form people write: `H*(d+1)`."""
    total: Any = 0
    for weight in weights:
        total = total + weight.total
    first = weights[0].shape[:1]
    if is_open(total) and all(weight.shape[:1] == first for weight in weights):
        rest: Any = 0
        for weight in weights:
            rest = rest + product(weight.shape[1:])
        return first[0] * rest  # type: ignore[no-any-return]
    return total  # type: ignore[no-any-return]


def depth(nodes: list[Node]) -> int:
    """The longest path, counted in layers that compute (rule 22); delayed edges don't count."""
    longest = [0] * len(nodes)
    for node in nodes:
        edges = node.inputs_now
        before = 0
        for edge in edges:
            before = max(before, longest[edge.node])
        longest[node.index] = before + node.op.layers()
    return max(longest, default=0)
