"""Defines Plan: the boxes, clusters (frames) and arrows of a figure, before a layout engine decides their places."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from netspec.figure.scene import Point, Rect
from netspec.figure.scene.tex import Line
from netspec.figure.scene.typeset import line_width
from netspec.ir.graph import Node

NAME, LIGHT = 4.4, 3.4  # text sizes in mm: of names and titles, and of all that is less important than a step
LEADING = 1.35  # distance of two baselines, in text sizes

BoxShape = Literal["box", "pill", "circle", "round", "dot", "text"]


@dataclass(frozen=True, slots=True)
class Row:
    """One line of text in a box or below the title of a frame."""

    line: Line
    size: float
    ink: str = "ink"


@dataclass(slots=True, eq=False)
class Box:
    """A box, sign, dot or text of the plan; widths and heights are in mm."""

    id: str
    shape: BoxShape
    rows: tuple[Row, ...]
    tint: str
    ink: str
    cluster: str
    layer: str = ""
    tip: str = ""
    width: float = 0.0
    height: float = 0.0
    line: str = ""  # boxes with the same name here are set on one straight line if possible
    extent: tuple[object, ...] = ()  # the resolution of its value in space and time; without both, its number of values
    level: int = -1  # boxes of the same level stand side by side (for a U shape); -1: no level is asked for


@dataclass(slots=True, eq=False)
class Cluster:
    """An open block or repeat, which is drawn as a frame with a title."""

    id: str
    title: Line
    parent: str
    layer: str = ""
    width: float = 0.0
    height: float = 0.0
    rows: tuple[Row, ...] = ()  # the lines of text below the title
    ink: str = ""  # the colour that the user chose for the block


@dataclass(frozen=True, slots=True)
class Arrow:
    """A value on its way from one box to another.

    `label` is the type of the value if the source changes it, or for a delayed arrow the time steps. `delay` says how
    many time steps ago the value was computed; -1 stands for the value that a loop starts from.
    """

    source: str
    target: str
    label: Line = ()
    delay: int = 0
    width: float = 0.0
    height: float = 0.0
    back: bool = False  # whether the arrow runs against the flow: back in time, or up the rising half of a U
    head: bool = True
    straight: bool = False  # whether the arrow lies on the longest path through the net
    carry: bool = False  # whether the arrow leads from the end of one column to the top of the next
    numbered: Line = ()  # the label with which one of several inputs it is, for a step whose inputs have an order
    round: int = 0  # after which round the value leaves the repeat that it comes from; 0 after the last

    @property
    def id(self) -> str:
        when = "@start" if self.delay < 0 else f"@t-{self.delay}" if self.delay else ""
        return f"{self.source}~{self.target}{when}" + (f"@{self.round}" if self.round else "")


def label_size(label: Line) -> tuple[float, float]:
    """Return the width and the height in mm of the label of an arrow."""
    return line_width(label, LIGHT) + 1.6, LIGHT * 1.45


@dataclass(slots=True)
class Plan:
    boxes: list[Box]
    clusters: list[Cluster]
    arrows: list[Arrow]
    direction: str = "right"
    room: float = math.inf  # mm: the width that the drawing may have on a page
    high: float = math.inf  # mm: the height
    gap: float = 1.0  # distances between boxes, as a part of the usual
    left_out: tuple[str, ...] = ()  # closed blocks that the figure does not open
    unheard: tuple[str, ...] = ()  # settings that change nothing in this net
    columns: int | None = None  # in how many columns it stands, where a number was asked for that it cannot follow
    # the nodes that boxes name one by one; with letters for options where a block is drawn for all its calls
    steps: Mapping[int, Node] = field(default_factory=dict)
    closed: frozenset[int] = frozenset()  # the nodes in closed boxes that no box names


@dataclass(frozen=True, slots=True)
class Placed:
    """The places that the layout engine chose, in mm; y points down.

    A box has the point of its middle, a cluster its frame and the middle of its title, an arrow the points of its cubic
    spline (the tip is the last) and the middle of its label, if it has one. `numbered`: the arrows that say which input
    they are, because the inputs of their step do not come in from left to right in order.
    """

    canvas: Rect
    boxes: Mapping[str, Point]
    clusters: Mapping[str, tuple[Rect, Point]]
    arrows: Mapping[str, tuple[tuple[Point, ...], Point | None]]
    numbered: frozenset[str] = frozenset()
