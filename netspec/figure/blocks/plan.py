"""A Plan: boxes, signs, clusters and arrows whose places a layout engine decides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from netspec.figure.scene import Point, Rect
from netspec.figure.scene.typeset import Line

NAME, LEADING = 4.4, 1.35  # mm: size of names and titles; distance of baselines, in sizes

BoxShape = Literal["box", "pill", "circle", "round", "dot", "text"]


@dataclass(frozen=True, slots=True)
class Row:
    """One line in a box."""

    line: Line
    size: float
    ink: str = "ink"


@dataclass(slots=True, eq=False)
class Box:
    """A node of the plan; sizes in mm."""

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
    line: str = ""  # boxes of one name are set on one line, as far as that goes
    level: int = -1  # boxes of one level are set side by side (a U); -1: as the layout likes


@dataclass(slots=True, eq=False)
class Cluster:
    """A block that is shown open: a frame with a title."""

    id: str
    title: Line
    parent: str
    layer: str = ""
    width: float = 0.0
    height: float = 0.0
    rows: tuple[Row, ...] = ()  # what stands below the title


@dataclass(frozen=True, slots=True)
class Arrow:
    """A value on its way; `label`: its type where it changes. A delayed one runs back (-1: what a loop starts from)."""

    source: str
    target: str
    label: Line = ()
    delay: int = 0
    width: float = 0.0
    height: float = 0.0
    back: bool = False  # drawn from target to source for the layout's sake
    head: bool = True
    straight: bool = False  # on the longest way through
    carry: bool = False  # leads from the end of one column to the head of the next

    @property
    def id(self) -> str:
        return f"{self.source}~{self.target}" + (
            "@start" if self.delay < 0 else f"@t-{self.delay}" if self.delay else ""
        )


@dataclass(slots=True)
class Plan:
    boxes: list[Box]
    clusters: list[Cluster]
    arrows: list[Arrow]
    direction: str = "right"


@dataclass(frozen=True, slots=True)
class Placed:
    """Where the layout put things, in mm, y down. An arrow: its cubic spline, tip last, and its label's middle."""

    canvas: Rect
    boxes: Mapping[str, Point]
    clusters: Mapping[str, tuple[Rect, Point]]
    arrows: Mapping[str, tuple[tuple[Point, ...], Point | None]]
