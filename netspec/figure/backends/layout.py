"""Places the parts of a plan on one page, and writes a plan as DOT text that any Graphviz draws."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic
from netspec.figure.backends import WRITERS, Picture, Writer
from netspec.figure.backends.dot import PT, TABLE, dot, html_line, html_lines, name_of, number, on_paper, quoted
from netspec.figure.backends.joining import joined
from netspec.figure.blocks.arranging import LONGEST, fold, parts_of
from netspec.figure.blocks.placing import framed, place
from netspec.figure.blocks.plan import Arrow, Box, Cluster, Placed, Plan
from netspec.figure.colours import readable
from netspec.figure.scene import Scene
from netspec.figure.themes import THEMES, Theme

MOST_NODES, MOST_EDGES = 4000, 12000  # a larger drawing is too large to read
BELOW = 9.0  # points: the size of letters below a drawing
_RANKDIR = {"right": "LR", "left": "RL", "up": "BT", "down": "TB"}


def lay_out(plan: Plan) -> Placed:
    """Return all positions. Raises UsageError NS724 if the plan is too large."""
    if len(plan.boxes) > MOST_NODES or len(plan.arrows) > MOST_EDGES:
        words = {"boxes": len(plan.boxes), "arrows": len(plan.arrows), "most": MOST_NODES}
        raise UsageError(Diagnostic("NS724", None, dict(words)))
    columns = 1 + sum(arrow.carry for arrow in plan.arrows)
    found = [_forms(part, plan, number >= columns) for number, part in enumerate(parts_of(plan))]
    return joined(plan, found)


def _forms(part: Plan, plan: Plan, beside: bool) -> list[Placed]:
    """Return the forms that a part may have, the usual one first.

    On a page a block beside the net may run the other way, and stand in two columns in its frame; elsewhere one that is
    longer than a column of the net stands in two.
    """
    placed = _place(_Part(part))
    if math.isinf(plan.room):
        long = beside and part.clusters and part.direction == "down" and placed.canvas.height > LONGEST
        return [(_folded(part) if long else None) or placed]
    if not beside:
        return [placed]
    turned = _place(_Part(replace(part, direction="down" if part.direction in ("right", "left") else "right")))
    folded = _folded(part) if part.clusters else None
    return [placed, turned, *([] if folded is None else [folded])]


def _folded(part: Plan) -> Placed | None:
    """Return a block beside the net in two columns in its frame; None if no single value passes its middle."""
    frame, *inner = part.clusters
    if frame.parent or any(cluster.parent == "" for cluster in inner):
        return None
    order = {box.id: float(number) for number, box in enumerate(part.boxes)}
    for box in part.boxes[1:]:
        if box.shape == "pill":  # an input stands in the column of its reader
            reads = [order[arrow.target] - 0.5 for arrow in part.arrows if arrow.source == box.id]
            order[box.id] = min(reads, default=order[box.id])
    boxes = [replace(box, cluster=box.cluster if box.cluster != frame.id else "") for box in part.boxes]
    boxes.sort(key=lambda box: order[box.id])
    clusters = [replace(one, parent=one.parent if one.parent != frame.id else "") for one in inner]
    whole = Plan(boxes, clusters, part.arrows, "down", gap=part.gap)
    columns = parts_of(whole) if fold(whole, 2) else []
    return framed(joined(whole, [[_place(_Part(one))] for one in columns]), frame) if len(columns) == 2 else None


class _Part:
    """A part of a plan, equal to another whose boxes and arrows take the same places: a page is laid out many times."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        boxes = tuple((b.id, b.shape, b.width, b.height, b.cluster, b.line, b.level) for b in plan.boxes)
        clusters = tuple((one.id, one.parent, one.width, one.height) for one in plan.clusters)
        self.key = boxes, clusters, tuple(plan.arrows), plan.direction, plan.gap

    def __hash__(self) -> int:
        return hash(self.key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Part) and self.key == other.key


@lru_cache(maxsize=256)
def _place(part: _Part) -> Placed:
    return place(part.plan)


# ---- DOT


def plan_dot(
    plan: Plan,
    theme: Theme = THEMES["classic"],
    title: str = "",
    transparent: bool = False,
    width: str | None = None,
    below: str = "",
) -> str:
    """Return the DOT text of a plan; `below` is an HTML label that stands below it."""
    return _PlanWriter(plan, theme).text(title, transparent, width, below)


class _PlanWriter:
    def __init__(self, plan: Plan, theme: Theme) -> None:
        self.plan = plan
        self.theme = theme

    def text(self, title: str, transparent: bool, width: str | None, below: str = "") -> str:
        # the two sides of a U need more space
        gap = self.plan.gap
        nodesep = number((1.1 if any(box.level >= 0 for box in self.plan.boxes) else 0.28) * max(gap, 0.25))
        graph = f'rankdir={_RANKDIR[self.plan.direction]}, charset="UTF-8", nodesep={nodesep}'
        graph += f", ranksep={number(0.32 * max(gap, 0.6))}, pad=0.08"
        graph += ", newrank=true, compound=true, remincross=true"
        graph += f', bgcolor="{"transparent" if transparent else self.theme.colour("paper")}"' + on_paper(width)
        graph += f', labelloc=b, labeljust=l, fontcolor="{self.theme.colour("ink")}", label={below}' if below else ""
        lines = [
            f"digraph {name_of(title or 'net')} {{",
            f"  graph [{graph}]",
            # fixedsize=shape: Graphviz gives no warning if a label is slightly wider in another font
            '  node [shape=box, fixedsize=shape, label=""]',
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
                found.setdefault(box.level, []).append(name_of(box.id))
        return [f"  {{ rank=same; {'; '.join(names)} }}" for names in found.values() if len(names) > 1]

    def box(self, box: Box) -> str:
        look = f"width={number(box.width / 25.4)}, height={number(box.height / 25.4)}"
        look += f', group="{box.line}"' if box.line else ""
        look += {"circle": ", shape=circle", "dot": ", shape=circle", "text": ", shape=plaintext"}.get(box.shape, "")
        label = html_lines([row.line for row in box.rows], box.rows[0].size * PT) if box.rows else '""'
        style = "rounded,filled" if box.shape in ("round", "pill") else "filled"
        fill, ink = self.theme.colour(box.tint), self.theme.colour(box.ink)
        look += f', style="{style}", fillcolor="{fill}", color="{ink}"'
        look += f", label={label}, tooltip={quoted(box.tip)}, id={quoted(box.id)}"
        look += f', fontcolor="{readable("ink", box.tint, self.theme)}"'
        return f"{name_of(box.id)} [{look}]"

    def cluster(self, cluster: Cluster) -> str:
        ink, fill = self.theme.colour(cluster.ink or "faint"), self.theme.colour("tint-cluster")
        look = f'style=filled, color="{ink}", fillcolor="{fill}"'
        lines = [cluster.title, *(row.line for row in cluster.rows)]
        return f"label={html_lines(lines, 11)}, labelloc=t, labeljust=l, {look}"

    def arrow(self, arrow: Arrow) -> str:
        ends = (arrow.target, arrow.source) if arrow.back else (arrow.source, arrow.target)
        tail, head = (name_of(end) for end in ends)
        look = ["weight=20"] if arrow.straight else []
        look += [] if arrow.head and not arrow.back else ["dir=none" if not arrow.head else "dir=back"]
        if (arrow.delay > 0 and not arrow.back) or arrow.carry:
            look.append("constraint=false")
        look.append(f'color="{self.theme.colour("loop" if arrow.delay else "ink")}"')
        if label := arrow.numbered or arrow.label:  # where the reader's Graphviz leads the arrows in is not known here
            look.append(f"label={html_lines([label], 8.5)}")
        return f"{tail} -> {head} [{', '.join(look)}]"


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
            text = plan_dot(plan, options.theme, picture.name, options.transparent, options.width, below)
        else:
            text = dot(picture.scene, picture.name, options.theme, options.transparent, options.width)
        return text.encode("utf-8")
