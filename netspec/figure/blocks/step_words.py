"""Operations -> the few words a box says of them, and the tint of its ground."""

from __future__ import annotations

from itertools import groupby
from typing import Any

from netspec.figure.blocks import CollapsedGraph, NodeGroup
from netspec.figure.strings import say
from netspec.figure.units.elided import size_label
from netspec.ir.graph import Node, Scope
from netspec.ir.sizes import Formula

LONGEST_CALL = 18  # characters
FLIP = -2  # in place of a block: here time turns round

# a box of several steps has the ground of the first of these that it holds
_MAIN = ("recurrent", "attention", "filters", "dense", "embed", "pool", "norm")


def tint_of(group: NodeGroup) -> str:
    """The ground of a box, by its main step."""
    if group.port or group.nodes[0].kind == "input":
        return "tint-input"
    if group.scope is not None:
        return "tint-block"
    held = {node.op.family for node in group.nodes}
    return f"tint-{next((family for family in _MAIN if family in held), 'plain')}"


def scope_title(collapsed: CollapsedGraph, scope: Scope, times: int = 1, call: bool = True) -> str:
    """`Basic(64) × 2`, `Basic × 2`, `3` of a round; with `call` what the block is called with, where that is short."""
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
    """`(64, 2)`; nothing where the rounds differ, where it is long, or where it is no size."""
    said = {tuple(scope.params[name] for name in scope.given) for scope in scopes}
    (values, *more) = said
    if more or not values or not all(isinstance(value, int | Formula) for value in values):
        return ""
    text = f"({', '.join(map(_said, values))})"
    return text if len(text) <= LONGEST_CALL else ""


def arguments(scope: Scope) -> str:
    """`c = 64, s = 2`."""
    shown = [(name, scope.params[name]) for name in scope.given if name in scope.params]
    return ", ".join(f"{name} = {_said(value)}" for name, value in shown)


def _said(value: Any) -> str:
    """A parameter as a spec writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return size_label(value) if isinstance(value, int | Formula) else str(value)


def step_lines(collapsed: CollapsedGraph, group: NodeGroup) -> list[str]:
    """What a box does, a step a line; blocks inside a closed line by their names, alike ones in a row counted."""
    if group.nodes[0].kind == "input":
        return []
    said: list[tuple[str, int]] = []  # what is done, and in which block; -1 for a step of the line's own
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
    """What stands between two turns of time is one thing done backwards: `reversed(gru)`."""
    turns = [place for place, (_, block) in enumerate(said) if block == FLIP]
    if not turns or len(turns) % 2:
        return said
    first, last = turns[:2]
    inner = " → ".join(text for text, _ in said[first + 1 : last])
    return [*said[:first], (f"{said[first][0]}({inner})", -1), *_turned(said[last + 1 :])]


def _block_around(collapsed: CollapsedGraph, node: Node, scope: int) -> Scope | None:
    """The outermost block or repeat a node lies in, seen from a line's scope."""
    return next(
        (one for one in collapsed.graph.ancestors(node.scope) if one.parent == scope and one.index != scope), None
    )


def step_text(node: Node, lang: str = "en") -> str:
    """`64 filters 3×3, /2`, `maxpool 2×2`, `attention, 12 heads`, `relu`."""
    return node.op.label(lang, node.type) or (node.word if node.word.isidentifier() else node.op.name)
