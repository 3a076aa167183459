"""Decides what the blocks view draws: which blocks of the net are open, and which blocks are drawn beside the net.

A textbook first draws the whole net with closed blocks, and then each block once, open. The blocks view does the same,
unless a drawing with all blocks open is small enough: then nothing stands beside the net.
"""

from __future__ import annotations

from netspec.figure.blocks import CollapsedGraph, NodeGroup, Part, brief, inside, part_of
from netspec.figure.settings import FigureSettings
from netspec.ir.graph import Graph, Scope

MOST_OPEN = 16  # a net is drawn open, level by level, as long as it has at most this many boxes
MOST_BOXES = 26  # the same limit for a drawing without closed blocks and frames
MOST_JOINED = 40  # with more boxes, lines that join values are one box each, too
MOST_BESIDE = 24  # a block with more boxes than this is not drawn beside the net
MOST_DETAILS = 6  # the maximum number of blocks that are drawn beside the net
DEEPEST = 8  # depths below this number are tried


def opened(graph: Graph, settings: FigureSettings) -> list[CollapsedGraph]:
    """Return the drawing of the net (or of the part that is asked for), then those of the blocks beside it."""
    part = None if settings.only is None else part_of(graph, settings.only)
    main = _main(graph, settings, part)
    automatic = settings.depth is None and not settings.unfold
    beside = automatic if settings.details is None else settings.details
    details = _details(graph, main) if beside else []
    less = settings.fit.less
    found = [main, *(one for number, one in enumerate(details) if number not in less)]
    kept = {one.part.name for one in found}
    names = [one.part.name for number, one in enumerate(details) if number in less and one.part.name not in kept]
    main.left_out = list(dict.fromkeys([*names, *main.left_out]))
    if not beside:
        main.left_out += dict.fromkeys(scope.name for scope in _closed_in(main))
    if settings.details and len(found) == 1:
        main.unheard.append("details")
    if settings.unfold and not any(one.kind == "repeat" and one.first in main.part.nodes for one in graph.scopes):
        main.unheard.append("unfold")
    for collapsed in found:
        collapsed.settings = settings
    return found


def least_first(drawings: list[CollapsedGraph]) -> list[int]:
    """Return the numbers of the blocks beside a net: the deepest of those with the fewest weighted steps first."""

    def steps(number: int) -> int:
        graph, name = drawings[number + 1].graph, drawings[number + 1].part.name
        calls = [one for one in graph.scopes if one.kind == "block" and one.name == name]
        return sum(bool(node.path) for one in calls for node in graph.nodes[one.first : one.last])

    return sorted(range(len(drawings) - 1), key=lambda number: (steps(number), -number))


def _main(graph: Graph, settings: FigureSettings, part: Part | None) -> CollapsedGraph:
    """Return the drawing of the net: opened to the depth in the settings, or to the depth that suits the net.

    Without a depth in the settings, a small net is drawn open, and in a large net blocks stay closed.
    """
    if settings.depth is not None:
        return CollapsedGraph(graph, settings.depth, settings.unfold, part, copies=True)
    titled = frozenset(path for path, hints in settings.layers.items() if hints.title)
    lines = CollapsedGraph(graph, int(settings.unfold), settings.unfold, part, True, titled)
    if not settings.unfold and len(lines.groups) > MOST_JOINED:
        lines = CollapsedGraph(graph, 0, settings.unfold, part)
    best = lines
    for depth in range(1, DEEPEST):
        found = CollapsedGraph(graph, depth, settings.unfold, part)
        closed = any(group.scope is not None and group.scope.copies is None for group in found.groups)
        if len(found.groups) > (MOST_OPEN if closed or found.clusters else MOST_BOXES) or _repeated(found):
            break
        best = found
        if not closed:
            return best
    if settings.details is False or settings.unfold or settings.only:
        return best
    # one box for each line is enough, unless there are only one or two: then they are opened, or nothing would be seen
    return lines if len(lines.groups) > 2 else CollapsedGraph(graph, 1, settings.unfold, part)


def _repeated(collapsed: CollapsedGraph) -> bool:
    """Whether two open blocks of a drawing have the same definition."""
    blocks = [collapsed.block_of(scope) if scope.kind == "repeat" else scope for scope in collapsed.clusters]
    names = [block.name for block in blocks if block is not None and block.kind == "block"]
    return len(set(names)) < len(names)


def _details(graph: Graph, main: CollapsedGraph) -> list[CollapsedGraph]:
    """Return a drawing of each block that is closed in the net's drawing, or in one of these drawings themselves.

    Calls of a block that have the same steps are drawn once. `main.left_out` gets the blocks that have no room.
    """
    found: list[CollapsedGraph] = []
    around = {graph.scopes[index].name for index in main.around}
    seen: set[tuple[str, ...]] = set()
    waiting = _closed_in(main)
    while waiting:
        scope = waiting.pop(0)
        kind = (scope.name, *main.steps_of(scope))
        if scope.name in around or kind in seen:
            continue
        seen.add(kind)
        collapsed = CollapsedGraph(graph, 1, part=inside(scope, scope.name))
        if len(collapsed.groups) <= MOST_BESIDE and len(found) < MOST_DETAILS:
            found.append(collapsed)
            waiting += _closed_in(collapsed)
        elif scope.name not in main.left_out:
            main.left_out.append(scope.name)
    return found


def _closed_in(collapsed: CollapsedGraph) -> list[Scope]:
    """Return the blocks that are closed in a drawing, in order."""
    found: dict[int, Scope] = {}
    for group in collapsed.groups:
        for scope in _outermost(collapsed, group):
            found.setdefault(scope.index, scope)
    return list(found.values())


def _outermost(collapsed: CollapsedGraph, group: NodeGroup) -> list[Scope]:
    """Return the outermost blocks in a box.

    For a closed block this is the block itself, for a closed repeat the blocks in its rounds, for a closed line the
    blocks in the line, and for all other boxes nothing.
    """
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
        return [] if brief(graph, scope) else [scope]
    children = [graph.scopes[index] for index in scope.children]
    return [block for child in children for block in _blocks(graph, child)]
