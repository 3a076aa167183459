"""What is stored and how deep a net is: keys, counts, depth."""

from __future__ import annotations

from typing import Any

from netspec.diagnostics.model import Diagnostic, Label, Report
from netspec.graph import Counts, Node, Stored
from netspec.ops.base import Weight
from netspec.sizes import Size, is_open, product


def stored_arrays(nodes: list[Node], weights: dict[int, tuple[Weight, ...]], report: Report) -> list[Stored]:
    """Every array once, in the order of the nodes that own it; two owners of one key are an error."""
    found: dict[str, Stored] = {}
    for node in nodes:
        for weight in weights.get(node.index, ()):
            if node.tied and weight.name == "weight":
                continue
            key = f"{node.key}.{weight.name}"
            if key not in found:
                found[key] = Stored(key, weight, node.index, node.frozen)
            elif not node.again:
                owner = nodes[found[key].node]
                labels = (Label(owner.span, "first"),) if owner.span is not None else ()
                report.add(Diagnostic("NS241", node.span, {"key": node.key}, labels=labels))
                break
            elif weight.shape != found[key].weight.shape:
                _other_shape(node, nodes[found[key].node], weight, found[key], report)
                break
    _clashing_paths(found, nodes, report)
    return list(found.values())


def _other_shape(node: Node, owner: Node, weight: Weight, first: Stored, report: Report) -> None:
    labels = (Label(owner.span, "first"),) if owner.span is not None else ()
    words: dict[str, Any] = {
        "key": first.key,
        "have": _leads(owner, first.weight),
        "want": _leads(node, weight),
    }
    report.add(Diagnostic("NS242", node.span, words, labels=labels))


def _leads(node: Node, weight: Weight) -> str:
    """A noun's weights as they are meant, from what comes in to what goes out; others by their sizes."""
    if node.op.name == "perceptrons" and len(weight.shape) == 2:
        return f"{weight.shape[1]} -> {weight.shape[0]}"
    return "x".join(map(str, weight.shape))


def _clashing_paths(found: dict[str, Stored], nodes: list[Node], report: Report) -> None:
    """`a.weight` as an array and `a.weight.bias` below it cannot both be."""
    seen: set[str] = set()
    for key, stored in found.items():
        parent = key.rpartition(".")[0]
        while parent and parent not in seen:
            if parent in found:
                report.add(Diagnostic("NS241", nodes[stored.node].span, {"key": parent}))
                return
            seen.add(parent)
            parent = parent.rpartition(".")[0]


def count(stored: list[Stored], prefix: str = "") -> Counts:
    """Trainable, frozen and buffers; `prefix` limits it to the keys of one block."""
    totals: dict[str, Any] = {"trainable": 0, "frozen": 0, "buffer": 0}
    groups: dict[tuple[int, str], list[Weight]] = {}  # of the nodes with open sizes
    opened = -1
    for item in stored:
        weight = item.weight
        if weight.integer or not item.key.startswith(prefix):
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
        edges = node.inputs[1:] if node.op.name == "delay" else node.inputs
        before = 0
        for edge in edges:
            before = max(before, longest[edge.node])
        longest[node.index] = before + node.op.layers()
    return max(longest, default=0)
