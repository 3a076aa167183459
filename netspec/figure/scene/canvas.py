"""Defines Canvas, with which all views draw.

A canvas collects items in the order in which they are painted, makes labels small enough for their nodes, and ends
wires on the outlines of nodes.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from itertools import pairwise

from netspec.figure.scene import (
    HAIRLINE,
    Align,
    Dots,
    Image,
    Item,
    Node,
    Pen,
    Point,
    Polygon,
    Rect,
    Scene,
    Shape,
    Text,
    Value,
    Weight,
    Wire,
    along,
    canvas_of,
    crosses,
    layout,
)
from netspec.figure.scene.tex import Line
from netspec.figure.scene.typeset import axis, paragraph, text_box, wrapped

STRUT = (0.85, 0.21)  # every line is as high as letters of any script reach above and below its baseline, in sizes
SAME = 1e-3  # mm: two points that are nearer are one
ALIKE = 0.8  # labels of one role whose sizes differ by less than this factor take the smallest of these sizes


def boxed(lines: tuple[Line, ...], size: float) -> Rect:
    """Return the room that a text needs if its middle is x = 0 and its first baseline y = 0.

    It is as high for every word, so that the texts of a row have one baseline; scripts may make it higher.
    """
    ink = Rect(*text_box(lines, 0, 0, size, "middle", layout.LEADING))
    last = (len(lines) - 1) * layout.LEADING * size
    return Rect(ink.left, min(ink.top, -STRUT[0] * size), ink.right, max(ink.bottom, last + STRUT[1] * size))


def fitted(line: Line, size: float, rx: float, ry: float, round_: bool = True) -> float:
    """Return the largest text size, `size` at most, with which a label fits into an ellipse or a box of these radii."""
    box = Rect(*text_box((line,), 0, axis(line) * size, size))
    across, down = box.width / 2 / rx, max(-box.top, box.bottom) / ry
    taken = math.hypot(across, down) if round_ else max(across, down)
    return size if taken <= layout.FILL else size * layout.FILL / taken


def evened(sizes: Iterable[float]) -> dict[float, float]:
    """Return for each size of the labels of one role the size that the label takes: one for all that are near.

    Labels that are much too long for their shapes share a smaller size.
    """
    found: dict[float, float] = {}
    near: list[float] = []
    for size in sorted(set(sizes), reverse=True):
        if near and size < ALIKE * near[0]:
            near = []
        near.append(size)
        found |= dict.fromkeys(near, size)
    return found


@dataclass(frozen=True, slots=True)
class Footnote:
    """A caption below a figure: `x` is the middle of the text, `size` the size of its letters."""

    id: str
    text: str
    x: float
    size: float


@dataclass(slots=True)
class Canvas:
    """Collects the items of one figure in five lists, painted in this order: back, wires, nodes, front, texts."""

    back: list[Item] = field(default_factory=list)
    wires: list[Item] = field(default_factory=list)
    nodes: list[Item] = field(default_factory=list)
    front: list[Item] = field(default_factory=list)
    texts: list[Text] = field(default_factory=list)
    by_id: dict[str, Node] = field(default_factory=dict)
    hidden: dict[str, str] = field(default_factory=dict)
    wanted: dict[str, float] = field(default_factory=dict)  # the size that the role of a label has, by the label's id
    middles: dict[str, float] = field(default_factory=dict)  # the axis of a label, by the label's id
    named: set[int] = field(default_factory=set)  # the steps whose name stands in a shape

    # ---- nodes

    def node(
        self,
        id: str,
        x: float,
        y: float,
        rx: float,
        ry: float | None = None,
        *,
        shape: Shape = "circle",
        ink: str = "ink",
        width: float = HAIRLINE.width,
        opacity: float = 1.0,
        fill: str = "",
        classes: tuple[str, ...] = (),
        layer: str = "",
        tip: str = "",
        weight: Weight | None = None,
        value: Value | None = None,
    ) -> Node:
        node = Node(
            id=id,
            shape=shape,
            x=x,
            y=y,
            rx=rx,
            ry=rx if ry is None else ry,
            pen=Pen(ink=ink, width=width, opacity=opacity),
            fill=fill,
            classes=classes,
            layer=layer,
            tip=tip,
            weight=weight,
            value=value,
        )
        self.by_id[id] = node
        (self.back if shape == "pill" else self.nodes).append(node)
        return node

    def label(self, node: Node, line: Line, size: float, ink: str = "ink", middle: float | None = None) -> Text | None:
        """Write a label in the middle of a node; it and those of its role get smaller if it would not fit.

        Parameters:
            middle: how far the baseline stands below the middle, in sizes; without it, as the font says.
        """
        if not line:
            return None
        middle = axis(line) if middle is None else middle
        wanted, size = size, fitted(line, size, node.rx, node.ry, node.shape in ("circle", "ellipse"))
        text = Text(
            id=f"{node.id}.label",
            lines=(line,),
            x=node.x,
            y=node.y + middle * size,
            size=size,
            ink=ink,
            inside=node.id,
            classes=("label",),
            layer=node.layer,
        )
        self.texts.append(text)
        self.wanted[text.id], self.middles[text.id] = wanted, middle
        return text

    def dots(
        self,
        id: str,
        x: float,
        y: float,
        dx: float,
        dy: float,
        hidden: str = "",
        layer: str = "",
        measure: tuple[float, float] = layout.DOTS,
    ) -> Dots:
        """Draw the three dots of an ellipsis in a row: its middle is (x, y), its direction (dx, dy)."""
        radius, step = measure
        norm = math.hypot(dx, dy)
        points = tuple(Point(x + dx / norm * step * k, y + dy / norm * step * k) for k in (-1, 0, 1))
        dots = Dots(
            id=id,
            points=points,
            radius=radius,
            hidden=hidden,
            classes=("dots",),
            layer=layer,
            tip=f"{hidden} more" if hidden else "",
        )
        self.front.append(dots)
        return dots

    # ---- wires

    def carry(self, id: str, layer: str, start: Rect, end: Rect, *, right: float, left: float, y: float) -> None:
        """Draw the arrow from the end of a row, down and back at height `y`, to the begin of the next row."""
        points = (
            Point(start.right + 1, start.middle.y),
            Point(right, start.middle.y),
            Point(right, y),
            Point(left, y),
            Point(left, end.middle.y),
            Point(end.left - 1, end.middle.y),
        )
        self.wire("", "", points, id=f"{id}.carry", classes=("carry",), layer=layer)

    def wire(
        self,
        source: str,
        target: str,
        points: Iterable[Point],
        *,
        pen: Pen = HAIRLINE,
        head: bool = True,
        classes: tuple[str, ...] = (),
        layer: str = "",
        weight: Weight | None = None,
        id: str = "",
        curved: bool = False,
        over: bool = False,
        value: Value | None = None,
    ) -> Wire:
        """Draw a wire through points, under all nodes, or over all nodes with `over`.

        A point at the place of the one before it is left out: the head of an arrow has the direction of its last piece.
        """
        way = list(points)
        way = [
            point
            for point, before in zip(way, [None, *way], strict=False)
            if before is None or math.dist(point, before) > SAME
        ]
        wire = Wire(
            id=id or f"{source}~{target}",
            points=tuple(way),
            source=source,
            target=target,
            head=head,
            pen=pen,
            classes=("wire", *classes),
            layer=layer,
            weight=weight,
            curved=curved,
            value=value,
        )
        (self.front if over else self.wires).append(wire)
        return wire

    def straight(self, source: Node, target: Node, pen: Pen = HAIRLINE, **more: object) -> Wire:
        """Draw a straight wire from outline to outline of two nodes, on the line between their centres."""
        start = source.rim(Point(target.x, target.y))
        end = target.rim(Point(source.x, source.y))
        return self.wire(source.id, target.id, (start, end), pen=pen, **more)  # type: ignore[arg-type]

    # ---- text

    def text(
        self,
        id: str,
        lines: tuple[Line, ...],
        x: float,
        y: float,
        size: float,
        *,
        align: Align = "middle",
        ink: str = "ink",
        classes: tuple[str, ...] = (),
        layer: str = "",
        leading: float = layout.LEADING,
    ) -> Text:
        text = Text(
            id=id, lines=lines, x=x, y=y, size=size, align=align, ink=ink, classes=classes, layer=layer, leading=leading
        )
        self.texts.append(text)
        return text

    def footer(self, notes: list[Footnote], y: float) -> None:
        """Write captions below a figure on one baseline.

        Captions that would touch each other are broken into lines; if they still touch, the later one stands lower.
        """
        if not notes:
            return
        base = y + max(-boxed(paragraph(note.text)[:1], note.size).top for note in notes)
        placed: list[Rect] = []
        for number, note in enumerate(notes):
            near = [
                abs(note.x - other.x)
                for other in (*notes[max(number - 1, 0) : number], *notes[number + 1 : number + 2])
            ]
            lines = wrapped(note.text, max(min(near, default=999.0) * 0.94, 12.0), note.size)
            own, at = boxed(lines, note.size), base
            while True:
                box = Rect(note.x - own.width / 2, at + own.top, note.x + own.width / 2, at + own.bottom)
                hit = [other.bottom for other in placed if other.grown(1.0).overlaps(box)]
                if not hit:
                    break
                at = max(hit) + note.size * 0.4 - own.top
            placed.append(self.text(note.id, lines, note.x, at, note.size, classes=("caption",)).box)

    def polygon(self, id: str, points: Iterable[Point], *, front: bool = False, **more: object) -> Polygon:
        polygon = Polygon(id=id, points=tuple(points), **more)  # type: ignore[arg-type]
        (self.front if front else self.back).append(polygon)
        return polygon

    # ---- the end

    def clear(self, kind: str, fill: str = "paper") -> None:
        """Put a ground behind the texts of a class where wires run through them, so that they stay readable."""
        wires = [(item, item.box.grown(0.1)) for item in (*self.wires, *self.front) if isinstance(item, Wire)]
        for text in self.texts:
            if kind not in text.classes:
                continue
            box = text.box.grown(0.3)
            near = [wire for wire, own in wires if own.overlaps(box)]
            around = box.grown(0.3)
            if any(crosses(a, b, around) for wire in near for a, b in pairwise(along(wire, 24 if wire.curved else 1))):
                ground = f"{text.id}.ground"
                self.polygon(ground, box.corners, front=True, pen=None, fill=fill, classes=("ground",))

    @property
    def items(self) -> list[Item]:
        return [*self.back, *self.wires, *self.nodes, *self.front, *self.texts]

    def box(self) -> Rect:
        return canvas_of(self.items, 0.0)

    def _even(self) -> None:
        """Give the labels of each role one size."""
        for role in set(self.wanted.values()):
            size = evened(text.size for text in self.texts if self.wanted.get(text.id) == role)
            self.texts = [
                text
                if self.wanted.get(text.id) != role or size[text.size] == text.size
                else replace(
                    text, size=size[text.size], y=text.y - self.middles[text.id] * (text.size - size[text.size])
                )
                for text in self.texts
            ]

    def scene(self, view: str, nodes_first: bool = False) -> Scene:
        self._even()
        items = self.items
        named = frozenset(self.named)
        return Scene(
            view=view,
            items=tuple(items),
            canvas=canvas_of(items),
            hidden=dict(self.hidden),
            named=named,
            nodes_first=nodes_first,
        )


__all__ = ["Canvas", "Footnote", "Image", "boxed", "fitted"]
