"""The views by name: each a pure function of a graph and settings to a Scene, imported when it is drawn."""

from __future__ import annotations

from collections.abc import Callable

from netspec.figure.folding import part_of
from netspec.figure.scene import Scene
from netspec.figure.settings import FigureSettings
from netspec.figure.units import Group, Unsuitable, groups_of
from netspec.ir.graph import Graph

View = Callable[[Graph, FigureSettings], Scene]


def chosen(graph: Graph, settings: FigureSettings) -> list[Group]:
    """The groups that are drawn: all, or those of one layer with what they read."""
    groups = groups_of(graph)
    if settings.only is None:
        return groups
    inside = [group for group in groups if _is_of(graph, group, settings.only)]
    if not inside:
        part = part_of(graph, settings.only)
        assert part is not None
        raise Unsuitable(graph.nodes[max(part.nodes)])
    sources = [link.source for group in inside for link in group.links]
    return [group for group in groups if group in inside or group in sources]


def _is_of(graph: Graph, group: Group, path: str) -> bool:
    """Whether a group belongs to a layer, or to a block within its line."""
    lines = [
        group.layer.path,
        *(graph.layers[scope.layer].path for scope in graph.ancestors(group.layer.scope) if scope.layer >= 0),
    ]
    return path in lines


def _perceptron(graph: Graph, settings: FigureSettings) -> Scene:
    from netspec.figure.perceptron import perceptron

    return perceptron(graph, _cut(chosen(graph, settings), settings), settings)


def _equals(graph: Graph, settings: FigureSettings) -> Scene:
    from netspec.figure.equals import equals

    return equals(graph, groups_of(graph), settings)


def _neurons(graph: Graph, settings: FigureSettings) -> Scene:
    from netspec.figure.neurons import neurons

    return neurons(_cut(chosen(graph, settings), settings), settings)


def _grid(graph: Graph, settings: FigureSettings) -> Scene:
    from netspec.figure.grid import grid

    return grid(graph, _cut(chosen(graph, settings), settings), settings)


def _cut(groups: list[Group], settings: FigureSettings) -> list[Group]:
    """Where one layer is drawn alone, what it reads is shown without what leads there."""
    if settings.only is None:
        return groups
    drawn = set(groups)
    for group in groups:
        group.links = [link for link in group.links if link.source in drawn]
    return groups


def _filter(graph: Graph, settings: FigureSettings) -> Scene:
    from netspec.figure.filter import filter_view

    return filter_view(graph, groups_of(graph), settings)


def _planes(graph: Graph, settings: FigureSettings) -> Scene:
    from netspec.figure.planes import planes

    return planes(graph, settings)


def _unrolled(graph: Graph, settings: FigureSettings) -> Scene:
    from netspec.figure.unrolled import unrolled

    return unrolled(graph, chosen(graph, settings), settings)


VIEWS: dict[str, View] = {
    "perceptron": _perceptron,
    "equals": _equals,
    "neurons": _neurons,
    "grid": _grid,
    "filter": _filter,
    "planes": _planes,
    "unrolled": _unrolled,
}
