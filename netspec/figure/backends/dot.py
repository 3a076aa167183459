"""Scene -> DOT text that every Graphviz draws unchanged: all positions are fixed (`layout=nop2`).

Labels become HTML tables (subscripts and superscripts are in a second row). Outlines and pills become closed splines
between invisible nodes. Filled areas are in the background of the graph. User text appears only as escaped HTML.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

from netspec.figure.backends.svg import HEAD, arrow, escape
from netspec.figure.scene import Dots, Image, Node, Pen, Point, Polygon, Scene, Text, Wire
from netspec.figure.scene.tex import Atom, Line
from netspec.figure.scene.typeset import SCRIPT
from netspec.figure.settings import millimetres
from netspec.figure.themes import THEMES, Theme

PT = 72 / 25.4
FACES = {
    "italic": "Times-Italic",
    "strong": "Times-Bold",
    "upright": "Times-Roman",
    "sans": "Helvetica",
    "bold": "Helvetica-Bold",
}
CIRCLE = 0.5523  # distance of the control points of a Bezier quarter circle of radius 1
MOST_PIXELS = 6000  # an image with more pixels becomes a frame


def dot(
    scene: Scene, name: str, theme: Theme = THEMES["classic"], transparent: bool = False, width: str | None = None
) -> str:
    """Return the DOT text of a scene."""
    return _Writer(scene, theme).text(name, transparent, width)


def on_paper(width: str | None) -> str:
    """Return the attribute that scales a drawing to a width. Graphviz also needs a height: a very large one."""
    return "" if width is None else f', size="{number(millimetres(width) / 25.4)},10000!"'


def quoted(text: str) -> str:
    """Quote a DOT string so that the text is drawn literally, `\\N` and quotes included."""
    return '"' + escape_controls(text).replace("\\", "\\\\").replace('"', '\\"') + '"'


def name_of(text: str) -> str:
    """Quote the name of a node. In names only quotes and a backslash at the end need escapes."""
    return '"' + escape_controls(text).replace("\\", "∖").replace('"', '\\"') + '"'


def escape_controls(text: str) -> str:
    return "".join(character if character.isprintable() or character == " " else " " for character in text)


def html(text: str) -> str:
    return escape(escape_controls(text)).replace("&#39;", "'")


def html_lines(lines: Iterable[Line], size: float, align: str = "middle") -> str:
    """Return an HTML label for lines of atoms; `size` is in points."""
    rows = [html_line(line, size) for line in lines]
    if len(rows) == 1:
        return f"<{rows[0]}>"
    side = {"start": "LEFT", "middle": "CENTER", "end": "RIGHT"}[align]
    cells = "".join(f'<TR><TD ALIGN="{side}">{row}</TD></TR>' for row in rows)
    return f"<{TABLE}{cells}</TABLE>>"


TABLE = '<TABLE BORDER="0" CELLBORDER="0" CELLSPACING="0" CELLPADDING="0">'


def html_line(line: Line, size: float) -> str:
    """Return atoms side by side; subscripts and superscripts are in the two rows of a table."""
    if not any(atom.sub or atom.sup for atom in line):
        return "".join(_font(atom, size) for atom in line) or " "
    upper, lower = "", ""
    for atom in line:
        upper += f'<TD ROWSPAN="2">{_font(atom, size)}</TD>'
        if atom.sub or atom.sup:
            upper += f'<TD ALIGN="LEFT" VALIGN="BOTTOM">{_script(atom.sup, size)}</TD>'
            lower += f'<TD ALIGN="LEFT" VALIGN="TOP">{_script(atom.sub, size)}</TD>'
    return f"{TABLE}<TR>{upper}</TR><TR>{lower}</TR></TABLE>"


def _script(line: Line, size: float) -> str:
    flat = tuple(Atom(atom.spelled, atom.style) for atom in line)
    small = max(size * SCRIPT, 4.0)
    return "".join(_font(atom, small) for atom in flat) or f'<FONT POINT-SIZE="{number(small)}"> </FONT>'


def _font(atom: Atom, size: float) -> str:
    return f'<FONT FACE="{FACES[atom.style]}" POINT-SIZE="{number(size)}">{html(atom.spelled) or " "}</FONT>'


def number(value: float) -> str:
    text = f"{value:.3f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


class _Writer:
    def __init__(self, scene: Scene, theme: Theme) -> None:
        self.scene = scene
        self.theme = theme
        self.inside = {item.inside: item for item in scene.texts if item.inside}
        self.ground: list[str] = []  # the background, in the xdot format
        self.nodes: list[str] = []
        self.edges: list[str] = []

    def text(self, name: str, transparent: bool, width: str | None) -> str:
        for item in self.scene.items:
            match item:
                case Node():
                    self.node(item)
                case Wire():
                    self.wire(item)
                case Text():
                    self.free_text(item)
                case Dots():
                    self.dots(item)
                case Polygon():
                    self.polygon(item)
                case _:
                    self.image(item)
        canvas = self.scene.canvas
        for corner, (x, y) in (("(", (canvas.left, canvas.bottom)), (")", (canvas.right, canvas.top))):
            self.invisible(f"corner{corner}", Point(x, y))
        order = "nodesfirst" if self.scene.nodes_first else "edgesfirst"
        graph = f'layout=nop2, outputorder={order}, pad=0, margin=0, charset="UTF-8"'
        graph += f', bgcolor="{"transparent" if transparent else self.theme.colour("paper")}"'
        graph += on_paper(width)
        if self.ground:
            graph += f', _background="{" ".join(self.ground)}"'
        lines = [
            f"digraph {name_of(name)} {{",
            f"  graph [{graph}]",
            '  node [shape=ellipse, fixedsize=shape, label="", penwidth=0.75]',
            "  edge [penwidth=0.75]",
            *(f"  {line}" for line in (*self.nodes, *self.edges)),
            "}",
        ]
        return "\n".join(lines) + "\n"

    # ---- units

    def x(self, x: float) -> float:
        return (x - self.scene.canvas.left) * PT

    def y(self, y: float) -> float:
        return (self.scene.canvas.bottom - y) * PT

    def at(self, point: Point) -> str:
        return f"{number(self.x(point.x))},{number(self.y(point.y))}"

    def colour(self, role: str, opacity: float = 1.0) -> str:
        colour = self.theme.colour(role)
        return f'"{colour}{round(opacity * 255):02x}"' if opacity < 1 else f'"{colour}"'

    def line(self, pen: Pen) -> str:
        return f"color={self.colour(pen.ink, pen.opacity)}, penwidth={number(pen.width * PT)}"

    def dashed(self, pen: Pen) -> bool:
        return pen.dash or pen.ink in self.theme.dashed

    def pen(self, pen: Pen) -> str:
        return self.line(pen) + (", style=dashed" if self.dashed(pen) else "")

    # ---- items

    def node(self, node: Node) -> None:
        size = f"width={number(2 * node.rx * PT / 72)}, height={number(2 * node.ry * PT / 72)}"
        where = f'pos="{self.at(Point(node.x, node.y))}!", {size}, id={quoted(node.id)}'
        label = ""
        if node.id in self.inside:
            text = self.inside[node.id]
            label = f", label={html_lines(text.lines, text.size * PT)}, fontcolor={self.colour(text.ink)}"
        if node.shape == "pill":
            self.nodes.append(f"{name_of(node.id)} [{where}, shape=box, style=invis]")
            self.outline(node.id, pill_outline(node), node.pen)
            return
        look = self.line(node.pen)
        styles = {"rounded": node.shape == "round", "filled": bool(node.fill), "dashed": self.dashed(node.pen)}
        if any(styles.values()):
            look += f', style="{",".join(style for style, used in styles.items() if used)}"'
        if node.fill:
            look += f", fillcolor={self.colour(node.fill)}"
        shape = "ellipse" if node.shape in ("circle", "ellipse") else "box"
        tip = f", tooltip={quoted(node.tip)}" if node.tip else ""
        self.nodes.append(f"{name_of(node.id)} [{where}, shape={shape}, {look}{label}{tip}]")

    def dots(self, dots: Dots) -> None:
        size = number(2 * dots.radius * PT / 72)
        ink = self.colour(dots.ink)
        for count, point in enumerate(dots.points, 1):
            self.nodes.append(
                f'{name_of(f"{dots.id}.{count}")} [pos="{self.at(point)}!", width={size}, height={size}, style=filled,'
                f" color={ink}, fillcolor={ink}, penwidth=0]"
            )

    def free_text(self, text: Text) -> None:
        if text.inside:
            return
        box = text.box
        label = html_lines(text.lines, text.size * PT, text.align)
        size = f"width={number(box.width * PT / 72)}, height={number(box.height * PT / 72)}"
        self.nodes.append(
            f'{name_of(text.id)} [pos="{self.at(box.middle)}!", {size}, shape=plaintext, label={label},'
            f" fontcolor={self.colour(text.ink)}]"
        )

    def wire(self, wire: Wire) -> None:
        ends = []
        for end, point, side in ((wire.source, wire.points[0], "from"), (wire.target, wire.points[-1], "to")):
            name = end or f"{wire.id}.{side}"
            if not end:
                self.invisible(name, point)
            ends.append(name_of(name))
        points, tip = list(wire.points), ""
        look = self.pen(wire.pen)
        if wire.head:
            base, *_, point = arrow(points, wire.pen.width)
            points[-1] = base
            tip = f"e,{self.at(point)} "
            length = HEAD * max(1.0, (wire.pen.width / 0.265) ** 0.7)
            look += f", arrowsize={number(length * PT / 10)}"
        else:
            look += ", dir=none"
        spline = self.spline(points if wire.curved else _bezier(points))
        self.edges.append(f'{ends[0]} -> {ends[1]} [pos="{tip}{spline}", {look}, id={quoted(wire.id)}]')

    def polygon(self, polygon: Polygon) -> None:
        if polygon.fill:
            points = " ".join(f"{number(self.x(p.x))} {number(self.y(p.y))}" for p in polygon.points)
            colour = self.theme.colour(polygon.fill)
            self.ground.append(f"C {len(colour)} -{colour} c {len(colour)} -{colour} P {len(polygon.points)} {points}")
        if polygon.pen is not None:
            self.invisible(polygon.id, polygon.points[0])
            self.outline(polygon.id, _bezier([*polygon.points, polygon.points[0]]), polygon.pen)

    def image(self, image: Image) -> None:
        """Draw the pixels of an image as small squares in the background, or a frame if there are too many."""
        rows = image.rows
        if len(rows) * len(rows[0]) > MOST_PIXELS:
            corners = image.box
            self.polygon(Polygon(id=image.id, points=corners.corners))
            return
        wide, high = image.width / len(rows[0]) * PT, image.height / len(rows) * PT
        for r, row in enumerate(rows):
            for c, colour in enumerate(row):
                x, y = self.x(image.x) + c * wide, self.y(image.y) - r * high
                corners4 = ((x, y), (x + wide, y), (x + wide, y - high), (x, y - high))
                points4 = " ".join(f"{number(px)} {number(py)}" for px, py in corners4)
                self.ground.append(f"C 7 -{colour} c 7 -{colour} P 4 {points4}")

    # ---- shapes

    def invisible(self, id: str, point: Point) -> None:
        self.nodes.append(f'{name_of(id)} [pos="{self.at(point)}!", width=0.001, height=0.001, style=invis]')

    def outline(self, id: str, points: list[Point], pen: Pen) -> None:
        name = name_of(id)
        self.edges.append(f'{name} -> {name} [pos="{self.spline(points)}", dir=none, {self.pen(pen)}]')

    def spline(self, points: Iterable[Point]) -> str:
        return " ".join(self.at(point) for point in points)


def _bezier(points: list[Point]) -> list[Point]:
    """Convert straight segments into cubic Bezier segments."""
    found = [points[0]]
    for a, b in pairwise(points):
        found += [Point(a.x + (b.x - a.x) * k / 3, a.y + (b.y - a.y) * k / 3) for k in (1, 2)]
        found.append(b)
    return found


def pill_outline(node: Node) -> list[Point]:
    """Return the outline of a box with round ends, as cubic Bezier segments."""
    radius, flat_x, flat_y = node.corner, node.rx - node.corner, node.ry - node.corner
    k = radius * CIRCLE
    found = [Point(node.x - flat_x, node.y - node.ry)]
    # clockwise, for each corner: the signs of its x and y, and whether the curve turns from x to y or back
    for sx, sy, turn in ((1, -1, 0), (1, 1, 1), (-1, 1, 0), (-1, -1, 1)):
        cx, cy = node.x + sx * flat_x, node.y + sy * flat_y
        ends = (Point(cx, cy + sy * radius), Point(cx + sx * radius, cy))
        controls = (Point(cx + sx * k, cy + sy * radius), Point(cx + sx * radius, cy + sy * k))
        start, end = ends if not turn else ends[::-1]
        first, second = controls if not turn else controls[::-1]
        found += _bezier([found[-1], start])[1:]
        found += [first, second, end]
    return found + _bezier([found[-1], found[0]])[1:]
