"""Graph -> what the blocks view draws: the net, open as far as a reader can follow, and its blocks beside it.

A textbook draws the whole once, with closed blocks, and each block once, open. Where all fits into one drawing,
nothing stands beside it.
"""

from __future__ import annotations

from netspec.figure.blocks import CollapsedGraph, NodeGroup, Part, inside, part_of
from netspec.figure.settings import FigureSettings
from netspec.ir.graph import Graph, Scope

MOST_OPEN = 16  # boxes up to which all is drawn open
MOST_BOXES = 26  # the same for a net without blocks
MOST_BESIDE = 24  # boxes of a block that is drawn beside the net
MOST_DETAILS = 6
DEEPEST = 8


def opened(graph: Graph, settings: FigureSettings) -> list[CollapsedGraph]:
    """The net (or the part asked for), then the blocks that are drawn beside it."""
    part = None if settings.only is None else part_of(graph, settings.only)
    main = _main(graph, settings, part)
    automatic = settings.depth is None and not settings.unfold
    beside = automatic if settings.details is None else settings.details
    found = [main, *(_details(graph, main) if beside else [])]
    for collapsed in found:
        collapsed.lang = settings.lang
    return found


def _main(graph: Graph, settings: FigureSettings, part: Part | None) -> CollapsedGraph:
    """The depth of the settings; without one all is open in a small net, and in a large one blocks are closed."""
    if settings.depth is not None:
        return CollapsedGraph(graph, settings.depth, settings.unfold, part)
    lines = CollapsedGraph(graph, 0, settings.unfold, part)
    best = lines
    for depth in range(1, DEEPEST):
        found = CollapsedGraph(graph, depth, settings.unfold, part)
        closed = any(group.scope is not None for group in found.groups)
        if len(found.groups) > (MOST_OPEN if closed or found.clusters else MOST_BOXES) or _repeated(found):
            break
        best = found
        if not closed:
            return best
    if settings.details is False or settings.unfold or settings.only:
        return best
    # a part's lines are its block's: one that is one line is opened at least
    return lines if len(lines.groups) > 2 else CollapsedGraph(graph, 1, settings.unfold, part)


def _repeated(collapsed: CollapsedGraph) -> bool:
    """Whether one block is drawn open more than once."""
    blocks = [collapsed.block_of(scope) if scope.kind == "repeat" else scope for scope in collapsed.clusters]
    names = [block.name for block in blocks if block is not None and block.kind == "block"]
    return len(set(names)) < len(names)


def _details(graph: Graph, main: CollapsedGraph) -> list[CollapsedGraph]:
    """Each block that is closed in the drawings so far, once, as its first instance is."""
    found: list[CollapsedGraph] = []
    seen = {graph.scopes[index].name for index in main.around}
    waiting = _closed_in(main)
    while waiting and len(found) < MOST_DETAILS:
        scope = waiting.pop(0)
        if scope.name in seen:
            continue
        seen.add(scope.name)
        collapsed = CollapsedGraph(graph, 1, part=inside(scope, scope.name))
        if len(collapsed.groups) <= MOST_BESIDE:
            found.append(collapsed)
            waiting += _closed_in(collapsed)
    return found


def _closed_in(collapsed: CollapsedGraph) -> list[Scope]:
    """The blocks whose names a drawing shows without what is in them, in order."""
    found: dict[int, Scope] = {}
    for group in collapsed.groups:
        for scope in _outermost(collapsed, group):
            found.setdefault(scope.index, scope)
    return list(found.values())


def _outermost(collapsed: CollapsedGraph, group: NodeGroup) -> list[Scope]:
    """The blocks of a closed box: itself, what one round of a repeat consists of, or those in a line."""
    scopes = collapsed.graph.scopes
    if group.scope is not None:
        return _blocks(collapsed.graph, group.scope)
    if not group.line:
        return []
    found = []
    for node in group.nodes:
        inner = [one for one in collapsed.graph.ancestors(node.scope) if one.index not in collapsed.around]
        if inner and inner[-1].index not in found:
            found.append(inner[-1].index)
    return [block for index in found for block in _blocks(collapsed.graph, scopes[index])]


def _blocks(graph: Graph, scope: Scope) -> list[Scope]:
    if scope.kind == "block":
        return [scope]
    children = [graph.scopes[index] for index in scope.children]
    return [block for child in children for block in _blocks(graph, child)]
