"""Operations -> the few words a box says of them, and the tint of its ground."""

from __future__ import annotations

from typing import Any

from netspec.figure.folding import Fold, Holder
from netspec.figure.shown import size_label
from netspec.graph import Node

_TINTS = {
    "perceptrons": "perceptrons", "gaussian": "perceptrons", "distance": "perceptrons", "filters": "filters",
    "subsample": "pool", "maxpool": "pool", "avgpool": "pool", "mean": "pool", "max": "pool", "sum": "pool",
    "upsample": "pool", "attention": "attention", "matmul": "attention", "embed": "embed", "positions": "embed",
    "onehot": "embed", "learned": "embed", "patches": "embed", "rnn": "recurrent", "lstm": "recurrent",
    "gru": "recurrent", "batchnorm": "norm", "layernorm": "norm", "rmsnorm": "norm", "groupnorm": "norm",
    "instancenorm": "norm", "lrn": "norm",
}  # fmt: skip


def tint_of(holder: Holder) -> str:
    """The ground of a box, by its main step."""
    if holder.nodes[0].op.name == "input":
        return "tint-input"
    if holder.scope is not None:
        return "tint-block"
    named = [_TINTS[node.op.name] for node in holder.nodes if node.op.name in _TINTS]
    main = [name for name in named if name != "norm"] or named
    return f"tint-{main[0] if main else 'plain'}"


def step_lines(fold: Fold, holder: Holder) -> list[str]:
    """What a box does, a step a line; blocks inside a closed line by their names."""
    if holder.nodes[0].op.name == "input":
        return []
    found: list[str] = []
    scope = holder.layer.scope
    for node in holder.nodes:
        if not holder.line or node.scope == scope:
            text = step_text(node)
        else:
            text = _block_text(fold, node, scope)
        if text and (not found or found[-1] != text or node.scope == scope):
            found.append(text)
    if holder.line and len(found) > 3:
        return [" → ".join(found)]
    return found


def _block_text(fold: Fold, node: Node, scope: int) -> str:
    """The outermost block or repeat a node lies in, seen from a line's scope."""
    inner = [one for one in fold.graph.ancestors(node.scope) if one.index != scope]
    outer = next((one for one in inner if one.parent == scope), None)
    if outer is None:
        return ""
    if outer.kind != "repeat":
        return outer.name
    blocks = [fold.graph.scopes[child].name for child in fold.graph.scopes[outer.children[0]].children]
    return f"{blocks[0] if len(blocks) == 1 else 'repeat'} × {len(outer.children)}"


def step_text(node: Node) -> str:
    """`64 filters 3×3, /2`, `maxpool 2×2`, `attention, 12 heads`, `relu`."""
    op: Any = node.op
    match op.name:
        case "perceptrons":
            count = "×".join(size_label(size) for size in op.units)
            return f"{count} {'perceptron' if count == '1' else 'perceptrons'}"
        case "filters":
            text = f"{size_label(op.count)} {'filter' if op.count == 1 else 'filters'} {_extent(op.kernel)}"
            text += f", /{_extent(op.stride)}" if op.stride != 1 else ""
            return text + (" up" if op.transposed else "")
        case "maxpool" | "avgpool" | "subsample":
            return f"{op.name} {_extent(op.kernel)}" if getattr(op, "kernel", None) is not None else str(op.name)
        case "attention":
            return f"attention, {size_label(op.heads)} heads"
        case "number" | "add" | "subtract" | "multiply" | "join":
            return str(op.glyph().caption).replace("*", "×").replace("-", "−")
        case "gaussian" | "distance":
            return f"{op.name}({size_label(node.type.values)})"
    return str(node.word if node.word.isidentifier() else op.name)


def _extent(value: Any) -> str:
    if isinstance(value, tuple):
        sizes = [size_label(size) for size in value]
        return sizes[0] if len(set(sizes)) == 1 and len(sizes) == 1 else "×".join(sizes)
    return size_label(value)
