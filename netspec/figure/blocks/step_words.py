"""Says in a few words what the operations in a box do, and chooses the background colour of the box."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from netspec.figure.blocks import CollapsedGraph, NodeGroup
from netspec.figure.strings import say
from netspec.figure.units.elided import size_label
from netspec.ir.graph import Node, Scope
from netspec.ir.sizes import Formula

LONGEST_CALL = 18  # characters
FLIP = -2  # stands in place of a block index for a step that reverses the order of time steps

# the background of a box with several steps is that of the first family in this list that the box contains
_MAIN = ("recurrent", "attention", "filters", "dense", "embed", "pool", "norm")


def tint_of(group: NodeGroup) -> str:
    """Return the colour role of a box's background, which its most important step decides."""
    if group.port or group.nodes[0].kind == "input":
        return "tint-input"
    if group.scope is not None:
        return "tint-block"
    held = {node.op.family for node in group.nodes}
    return f"tint-{next((family for family in _MAIN if family in held), 'plain')}"


def scope_title(collapsed: CollapsedGraph, scope: Scope, times: int = 1, call: bool = True) -> str:
    """Return the title of a scope, such as `Basic(64) × 2` or `Basic × 2`; for a round its number, such as `3`.

    With `call` the title contains the arguments of the block, if they are short.
    """
    if scope.kind == "round":
        return scope.name
    name = scope.name + (_call([scope]) if call else "")
    if scope.kind == "repeat":
        rounds = [
            [collapsed.graph.scopes[one] for one in collapsed.graph.scopes[child].children] for child in scope.children
        ]
        first = rounds[0]
        name = first[0].name if len(first) == 1 else say("repeat", collapsed.lang)
        if call and len(first) == 1:
            name += _call([inner[0] for inner in rounds])
    return f"{name} × {times}" if times > 1 else name


def _call(scopes: list[Scope]) -> str:
    """Return the arguments of blocks as `(64, 2)`.

    Return "" if the blocks have different arguments, if the text is long, or if an argument is no size.
    """
    said = {tuple(scope.params[name] for name in scope.given) for scope in scopes}
    (values, *more) = said
    if more or not values or not all(isinstance(value, int | Formula) for value in values):
        return ""
    text = f"({', '.join(map(_said, values))})"
    return text if len(text) <= LONGEST_CALL else ""


def arguments(scope: Scope) -> str:
    """Return the arguments of a block with their names, as `c = 64, s = 2`."""
    shown = [(name, scope.params[name]) for name in scope.given if name in scope.params]
    return ", ".join(f"{name} = {_said(value)}" for name, value in shown)


def _said(value: Any) -> str:
    """Return the value of a parameter as it is written in a spec."""
    if isinstance(value, bool):
        return str(value).lower()
    return size_label(value) if isinstance(value, int | Formula) else str(value)


def step_lines(collapsed: CollapsedGraph, group: NodeGroup) -> list[str]:
    """Return the lines that say what a box does: one line for each step.

    A block in a closed line is named instead of its steps. Equal blocks in a row are named once, with their number.
    More than three lines of a closed line are joined into one text with arrows.
    """
    if group.nodes[0].kind == "input":
        return []
    # each entry: the words for a step or block, and the block's index (-1 for a step outside all blocks)
    said: list[tuple[str, int]] = []
    for node in group.nodes:
        outer = _block_around(collapsed, node, group.layer.scope) if group.line else None
        if outer is None:
            said.append((step_text(node, collapsed.lang), FLIP if node.kind == "flip" else -1))
        elif all(index != outer.index for _, index in said):
            said.append(
                (scope_title(collapsed, outer, len(outer.children) if outer.kind == "repeat" else 1), outer.index)
            )
    found: list[str] = []
    for (text, block), alike in groupby(_turned(said), lambda one: (one[0], one[1] >= 0)):
        count = len(list(alike))
        found += [f"{text} × {count}"] if block and count > 1 and "×" not in text else [text] * count
    if group.line and len(found) > 3:
        return [" → ".join(found)]
    return found


def _turned(said: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Join the steps between two reversals of time into one text such as `reversed(gru)`."""
    turns = [place for place, (_, block) in enumerate(said) if block == FLIP]
    if not turns or len(turns) % 2:
        return said
    first, last = turns[:2]
    inner = " → ".join(text for text, _ in said[first + 1 : last])
    return [*said[:first], (f"{said[first][0]}({inner})", -1), *_turned(said[last + 1 :])]


def _block_around(collapsed: CollapsedGraph, node: Node, scope: int) -> Scope | None:
    """Return the outermost block or repeat around a node inside a line's scope; None if there is none."""
    return next(
        (one for one in collapsed.graph.ancestors(node.scope) if one.parent == scope and one.index != scope), None
    )


def step_text(node: Node, lang: str = "en") -> str:
    """Return the words for one step, such as `64 filters 3×3, /2`, `maxpool 2×2`, `attention, 12 heads` or `relu`."""
    return node.op.label(lang, node.type) or (node.word if node.word.isidentifier() else node.op.name)
