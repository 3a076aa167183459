"""Plan -> positions, computed by Graphviz's `dot`: by the pygraphviz package if installed, else by the program on PATH.

Graphviz gets only generated names and sizes: no text of the user reaches the C library.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import replace
from functools import lru_cache
from typing import Any

from netspec.diagnostics.errors import MissingPackageError, UsageError
from netspec.diagnostics.model import Diagnostic
from netspec.figure.backends import WRITERS, Picture, Writer
from netspec.figure.backends.dot import PT, TABLE, dot, html_line, html_lines, name_of, number, on_paper, quoted
from netspec.figure.backends.joining import in_lanes, joined
from netspec.figure.blocks.arranging import parts_of
from netspec.figure.blocks.plan import Arrow, Box, Cluster, Placed, Plan
from netspec.figure.colours import readable
from netspec.figure.scene import Point, Rect, Scene
from netspec.figure.themes import THEMES, Theme

MOST_NODES, MOST_EDGES = 4000, 12000  # a larger graph would take Graphviz minutes
SECONDS = 120
BELOW = 9.0  # points: the size of letters below a drawing
_RANKDIR = {"right": "LR", "left": "RL", "up": "BT", "down": "TB"}


def lay_out(plan: Plan) -> Placed:
    """Return all positions. Raises NetspecError: NS720 without Graphviz, NS724 if the plan is too large."""
    if len(plan.boxes) > MOST_NODES or len(plan.arrows) > MOST_EDGES:
        words = {"boxes": len(plan.boxes), "arrows": len(plan.arrows), "most": MOST_NODES}
        raise UsageError(Diagnostic("NS724", None, dict(words)))
    found: list[Placed] = []
    columns = 1 + sum(arrow.carry for arrow in plan.arrows)
    for part in parts_of(plan):
        placed = _placed(part)
        if placed.canvas.width > plan.room and len(found) >= columns:  # a block beside the net may run the other way
            turned = _placed(replace(part, direction="down" if part.direction in ("right", "left") else "right"))
            placed = min(placed, turned, key=lambda one: one.canvas.width)
        found.append(placed)
    return joined(plan, found)


def _placed(plan: Plan) -> Placed:
    """Lay out one part of a plan."""
    names = {box.id: f"n{index}" for index, box in enumerate(plan.boxes)}
    return in_lanes(plan, _read(plan, names, _run(plan_dot(plan, names=names))))


def _run(text: str) -> dict[str, Any]:
    """Run Graphviz on DOT text and return its JSON."""
    data = _carried(text)
    if data is None:
        data = _program(text)
    if data is None:
        command = "python -m pip install pygraphviz"
        raise MissingPackageError(Diagnostic("NS720", None, {"command": command}))
    found: dict[str, Any] = json.loads(data)
    return found


@lru_cache(maxsize=64)  # a figure that is laid out for a page tries several ways, which have parts in common
def _carried(text: str) -> bytes | None:
    """Run the Graphviz of the pygraphviz package; return None if that is not installed."""
    try:
        import pygraphviz
    except ImportError:
        return None
    graph = pygraphviz.AGraph(string=text)
    data: bytes = graph.draw(format="json0", prog="dot")
    graph.close()
    return data


def _program(text: str) -> bytes | None:
    """Run the program `dot` on PATH."""
    program = shutil.which("dot")
    if program is None:
        return None
    try:
        done = subprocess.run(
            [program, "-Tjson0"], input=text.encode("utf-8"), capture_output=True, timeout=SECONDS, env=dict(os.environ)
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return done.stdout if done.returncode == 0 and done.stdout else None


# ---- DOT


def plan_dot(
    plan: Plan,
    names: dict[str, str] | None = None,
    theme: Theme = THEMES["classic"],
    title: str = "",
    transparent: bool = False,
    width: str | None = None,
    below: str = "",
) -> str:
    """Return the DOT text of a plan; `below` is an HTML label that stands below it.

    With `names` it is input for a layout, with sizes but no text. Otherwise it is a complete drawing.
    """
    measured = names is not None
    writer = _PlanWriter(plan, names or {box.id: box.id for box in plan.boxes}, theme, measured)
    return writer.text(title, transparent, width, below)


class _PlanWriter:
    def __init__(self, plan: Plan, names: dict[str, str], theme: Theme, measured: bool) -> None:
        self.plan = plan
        self.names = names
        self.theme = theme
        self.measured = measured

    def text(self, title: str, transparent: bool, width: str | None, below: str = "") -> str:
        # the two sides of a U need more space
        gap = self.plan.gap
        nodesep = number((1.1 if any(box.level >= 0 for box in self.plan.boxes) else 0.28) * max(gap, 0.25))
        graph = f'rankdir={_RANKDIR[self.plan.direction]}, charset="UTF-8", nodesep={nodesep}'
        graph += f", ranksep={number(0.32 * max(gap, 0.6))}, pad=0.08"
        graph += ", newrank=true, compound=true, remincross=true"
        if not self.measured:
            graph += f', bgcolor="{"transparent" if transparent else self.theme.colour("paper")}"' + on_paper(width)
            graph += (
                f', labelloc=b, labeljust=l, fontcolor="{self.theme.colour("ink")}", label={below}' if below else ""
            )
        lines = [
            f"digraph {name_of(title or 'net')} {{",
            f"  graph [{graph}]",
            # fixedsize=shape: Graphviz gives no warning if a label is slightly wider in another font
            f'  node [shape=box, fixedsize={"true" if self.measured else "shape"}, label=""]',
            "  edge [arrowsize=0.5]",
            *self.members("", "  "),
            *(f"  {self.arrow(arrow)}" for arrow in self.plan.arrows),
            *self.levels(),
            "}",
        ]
        return "\n".join(lines) + "\n"

    def members(self, cluster: str, indent: str) -> list[str]:
        """Return the lines for the boxes and clusters of a cluster."""
        lines = [f"{indent}{self.box(box)}" for box in self.plan.boxes if box.cluster == cluster]
        for number_, inner in enumerate(self.plan.clusters):
            if inner.parent == cluster:
                lines.append(f"{indent}subgraph cluster_{number_} {{")
                lines.append(f"{indent}  graph [{self.cluster(inner)}]")
                lines += self.members(inner.id, indent + "  ")
                lines.append(f"{indent}}}")
        return lines

    def levels(self) -> list[str]:
        """Return the lines that place boxes of the same level side by side."""
        found: dict[int, list[str]] = {}
        for box in self.plan.boxes:
            if box.level >= 0:
                found.setdefault(box.level, []).append(name_of(self.names[box.id]))
        return [f"  {{ rank=same; {'; '.join(names)} }}" for names in found.values() if len(names) > 1]

    def box(self, box: Box) -> str:
        look = f"width={number(box.width / 25.4)}, height={number(box.height / 25.4)}"
        look += f', group="{box.line}"' if box.line else ""
        look += {"circle": ", shape=circle", "dot": ", shape=circle", "text": ", shape=plaintext"}.get(box.shape, "")
        if not self.measured:
            label = html_lines([row.line for row in box.rows], box.rows[0].size * PT) if box.rows else '""'
            style = "rounded,filled" if box.shape in ("round", "pill") else "filled"
            fill, ink = self.theme.colour(box.tint), self.theme.colour(box.ink)
            look += f', style="{style}", fillcolor="{fill}", color="{ink}"'
            look += f", label={label}, tooltip={quoted(box.tip)}, id={quoted(box.id)}"
            look += f', fontcolor="{readable("ink", box.tint, self.theme)}"'
        return f"{name_of(self.names[box.id])} [{look}]"

    def cluster(self, cluster: Cluster) -> str:
        if self.measured:
            return f"label={_blank(cluster.width, cluster.height)}, labeljust=l"
        ink, fill = self.theme.colour(cluster.ink or "faint"), self.theme.colour("tint-cluster")
        look = f'style=filled, color="{ink}", fillcolor="{fill}"'
        lines = [cluster.title, *(row.line for row in cluster.rows)]
        return f"label={html_lines(lines, 11)}, labelloc=t, labeljust=l, {look}"

    def arrow(self, arrow: Arrow) -> str:
        ends = (arrow.target, arrow.source) if arrow.back else (arrow.source, arrow.target)
        tail, head = (name_of(self.names[end]) for end in ends)
        look = ["weight=20"] if arrow.straight else []
        look += [] if arrow.head and not arrow.back else ["dir=none" if not arrow.head else "dir=back"]
        if (arrow.delay > 0 and not arrow.back) or arrow.carry:
            look.append("constraint=false")
        if arrow.delay and not self.measured:
            look.append(f'color="{self.theme.colour("loop")}"')
        if arrow.label:
            size = _blank(arrow.width, arrow.height)
            look.append(f"label={size if self.measured else html_lines([arrow.label], 8.5)}")
        if not self.measured and not arrow.delay:
            look.append(f'color="{self.theme.colour("ink")}"')
        return f"{tail} -> {head} [{', '.join(look)}]"


def _blank(width: float, height: float) -> str:
    """Return an invisible label of a given size."""
    size = f'WIDTH="{round(width * PT)}" HEIGHT="{round(height * PT)}"'
    return f'<{TABLE[:-1]} FIXEDSIZE="TRUE" {size}><TR><TD></TD></TR></TABLE>>'


# ---- reading the result


def _read(plan: Plan, names: dict[str, str], found: dict[str, Any]) -> Placed:
    box = [float(part) for part in found["bb"].split(",")]
    high = box[3]

    def point(text: str) -> Point:
        x, y = (float(part) for part in text.split(",")[:2])
        return Point(x / PT, (high - y) / PT)

    objects = {item["name"]: item for item in found["objects"]}
    clusters = {}
    for count, cluster in enumerate(plan.clusters):
        item = objects[f"cluster_{count}"]
        left, bottom, right, top = (float(part) for part in item["bb"].split(","))
        frame = Rect(left / PT, (high - top) / PT, right / PT, (high - bottom) / PT)
        clusters[cluster.id] = (frame, point(item["lp"]) if "lp" in item else frame.middle)
    index = {item["_gvid"]: item["name"] for item in found["objects"]}
    waiting: dict[tuple[str, str], list[dict[str, Any]]] = {}
    for edge in found.get("edges", ()):
        waiting.setdefault((index[edge["tail"]], index[edge["head"]]), []).append(edge)
    arrows = {}
    for arrow in plan.arrows:
        ends = (arrow.target, arrow.source) if arrow.back else (arrow.source, arrow.target)
        edge = waiting[names[ends[0]], names[ends[1]]].pop(0)
        arrows[arrow.id] = (_spline(edge["pos"], point), point(edge["lp"]) if "lp" in edge else None)
    places = {box_.id: point(objects[names[box_.id]]["pos"]) for box_ in plan.boxes}
    return Placed(Rect(0, 0, box[2] / PT, high / PT), places, clusters, arrows)


def _spline(text: str, point: Any) -> tuple[Point, ...]:
    """Return the points of `e,x,y p p p p …` or `s,x,y …`; the tip of an arrow replaces the last (or first) point."""
    parts = text.split(" ")
    tips = {part[0]: point(part[2:]) for part in parts if part[:2] in ("e,", "s,")}
    points = [point(part) for part in parts if part[:2] not in ("e,", "s,")]
    if "e" in tips:
        points[-1] = tips["e"]
    if "s" in tips:
        points[0] = tips["s"]
    return tuple(points)


def _below(scene: Scene, theme: Theme) -> str:
    """Return the heading, the legend and the notes of a scene as one HTML label; "" if it has none of them."""
    samples = {item.id: item for item in scene.nodes if "legend" in item.classes}
    legend, rows = [], []
    for text in scene.texts:
        if "legend" in text.classes:
            sample = samples[text.id.removesuffix(".text")]
            look = f' COLOR="{theme.colour(sample.pen.ink)}" BGCOLOR="{theme.colour(sample.fill or "paper")}"'
            legend.append(f'<TD BORDER="1" WIDTH="14"{look}></TD><TD>{html_line(text.lines[0], BELOW)} </TD>')
        elif {"heading", "mark", "notes", "fold"} & set(text.classes):
            rows.append("".join(f'<TR><TD ALIGN="LEFT">{html_line(line, BELOW)}</TD></TR>' for line in text.lines))
    if legend:
        table = f'<TABLE BORDER="0" CELLSPACING="3" CELLPADDING="0"><TR>{"".join(legend)}</TR></TABLE>'
        rows.insert(0, f'<TR><TD ALIGN="LEFT">{table}</TD></TR>')
    return f"<{TABLE}{''.join(rows)}</TABLE>>" if rows else ""


@WRITERS.register
class Dot(Writer):
    name = "dot"
    about = "text that any Graphviz draws, to go on from there"
    about_ko = "Graphviz가 그릴 수 있는 글. 이어서 고칠 때"

    def write(self, picture: Picture, scale: float | None) -> bytes:
        options, plan = picture.options, picture.plan
        if plan is not None:  # the reader's Graphviz will place the boxes, so none is needed here
            below = _below(picture.words(), options.theme)
            text = plan_dot(plan, None, options.theme, picture.name, options.transparent, options.width, below)
        else:
            text = dot(picture.scene, picture.name, options.theme, options.transparent, options.width)
        return text.encode("utf-8")
