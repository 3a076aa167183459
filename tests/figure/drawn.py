"""What the tests of figures ask of a Scene: items by what they are, and how they stand to each other."""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from typing import Any

import netspec
from netspec.figure.scene import Dots, Node, Scene, Text, Wire
from netspec.figure.themes import THEMES
from tests.conftest import ROOT

POST = ROOT / "specs" / "post"


def spec_text(name: str, *changes: tuple[str, str]) -> str:
    """A spec of the post, with pieces of its text replaced."""
    text = (POST / f"{name}.net").read_text(encoding="utf-8")
    for old, new in changes:
        assert old in text, old
        text = text.replace(old, new)
    return text


def post(name: str, *changes: tuple[str, str], **options: Any) -> Scene:
    return draw(spec_text(name, *changes), **options)


def draw(text: str, **options: Any) -> Scene:
    return netspec.parse(text).net().render(**options).scene


def of(scene: Scene, *classes: str, start: str = "") -> list[Node]:
    """The nodes that have all of these classes."""
    return [node for node in scene.nodes if set(classes) <= set(node.classes) and node.id.startswith(start)]


def label(scene: Scene, node: Node) -> Text:
    found = scene.find(f"{node.id}.label")
    assert isinstance(found, Text)
    return found


def said(scene: Scene, nodes: Iterable[Node]) -> list[str]:
    return [label(scene, node).plain for node in nodes]


def texts(scene: Scene, kind: str) -> dict[str, Text]:
    """Texts of a class by what they say, on one line."""
    return {text.plain.replace("\n", " "): text for text in scene.texts if kind in text.classes}


def colour(item: Node | Wire) -> str:
    return THEMES["classic"].colour(item.pen.ink)


def colours(scene: Scene) -> set[str]:
    return {colour(item) for item in (*scene.nodes, *scene.wires)}


def into(scene: Scene, node: Node) -> list[Wire]:
    return [wire for wire in scene.wires if wire.target == node.id]


def out_of(scene: Scene, node: Node) -> list[Wire]:
    return [wire for wire in scene.wires if wire.source == node.id]


def between(scene: Scene, sources: list[Node], targets: list[Node]) -> list[Wire]:
    starts, ends = {node.id for node in sources}, {node.id for node in targets}
    return [wire for wire in scene.wires if wire.source in starts and wire.target in ends]


def same(values: Iterable[float], slack: float = 0.01) -> bool:
    values = list(values)
    return max(values, default=0.0) - min(values, default=0.0) <= slack


def even(values: Iterable[float]) -> bool:
    """Whether values follow each other in equal steps."""
    ordered = list(values)
    return same([b - a for a, b in itertools.pairwise(ordered)])


def rising(values: Iterable[float]) -> bool:
    ordered = list(values)
    return all(a < b for a, b in itertools.pairwise(ordered))


def near(a: float, b: float, slack: float = 0.01) -> bool:
    return abs(a - b) <= slack


def dots_at(scene: Scene, x: float | None = None, y: float | None = None) -> list[Dots]:
    """The ellipses whose three dots stand on an axis."""
    return [
        dots
        for dots in scene.dots
        if (x is None or all(near(point.x, x) for point in dots.points))
        and (y is None or all(near(point.y, y) for point in dots.points))
    ]


def fans(scene: Scene, wires: list[Wire]) -> bool:
    """East point to west point, straight and black."""
    nodes = {node.id: node for node in scene.nodes}
    return all(
        len(wire.points) == 2
        and wire.points[0] == (nodes[wire.source].x + nodes[wire.source].rx, nodes[wire.source].y)
        and wire.points[1] == (nodes[wire.target].x - nodes[wire.target].rx, nodes[wire.target].y)
        for wire in wires
    )


def aims_at_middle(node: Node, wire: Wire) -> bool:
    """Whether the last segment of a wire would go on to the node's middle."""
    (ax, ay), (bx, by) = wire.points[-2:]
    cross = (bx - ax) * (node.y - by) - (by - ay) * (node.x - bx)
    return abs(cross) < 0.05 * ((bx - ax) ** 2 + (by - ay) ** 2) ** 0.5
