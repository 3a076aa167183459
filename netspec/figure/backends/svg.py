"""Scene -> SVG document: text stays text, every item keeps its id, and equal scenes give equal bytes."""

from __future__ import annotations

import base64
import re
import struct
import zlib

from netspec.diagnostics.model import Diagnostic
from netspec.figure.backends import FONTS, PLAIN, WRITERS, Options, Picture, Writer
from netspec.figure.backends.fonts import Cut, fonts_for, missing
from netspec.figure.scene import Dots, Image, Item, Node, Pen, Point, Polygon, Scene, Text, Wire
from netspec.figure.scene.typeset import Run, typeset
from netspec.figure.settings import split_length
from netspec.figure.themes import THEMES, Theme
from netspec.parts import need

PX = 96 / 25.4  # CSS pixels per millimetre
# length of an arrowhead in mm for a line of standard width, and half its width relative to the length
HEAD, BARB = 1.62, 0.36


def svg(scene: Scene, options: Options = PLAIN) -> str:
    """Return the SVG document of a scene."""
    canvas = scene.canvas
    view = f"{num(canvas.left)} {num(canvas.top)} {num(canvas.width)} {num(canvas.height)}"
    width, height = _size(canvas.width, canvas.height, options.width)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{view}" width="{width}" height="{height}" role="img"'
        ' aria-labelledby="title desc" fill="none" stroke-linecap="butt" stroke-linejoin="miter">',
        f'<title id="title">{escape(scene.title)}</title>',
        f'<desc id="desc">{escape(scene.description)}</desc>',
    ]
    style = options.style + (_dark_style(options.theme) if options.transparent and options.theme.dark else "")
    if style:
        lines.append(f"<style>{style}</style>")
    if not options.transparent:
        ground = options.theme.colour("paper")
        lines.append(
            f'<rect id="ground" x="{num(canvas.left)}" y="{num(canvas.top)}" width="{num(canvas.width)}"'
            f' height="{num(canvas.height)}" fill="{ground}"/>'
        )
    writer = _Writer(options)
    lines += [writer.item(item) for item in scene.items]
    lines.append("</svg>")
    return "\n".join(lines) + "\n"


def _size(width: float, height: float, wanted: str | None) -> tuple[str, str]:
    if wanted is None:
        return num(width * PX, 1), num(height * PX, 1)
    number, unit = split_length(wanted)
    return f"{num(number)}{unit}", f"{num(number * height / width)}{unit}"


def _dark_style(theme: Theme) -> str:
    """Return CSS for a transparent figure: on a page with a dark color scheme it uses the colours of the dark theme."""
    dark = THEMES[theme.dark]
    rules = "".join(
        f".k-{role}{{stroke:{dark.colour(role)}}}.f-{role}{{fill:{dark.colour(role)}}}" for role in theme.colours
    )
    return f"@media (prefers-color-scheme:dark){{{rules}}}"


# characters that XML cannot hold, or that a viewer obeys: control characters and direction marks
_ILLEGAL = re.compile(
    r"[^\t\n\r\x20-\x7e\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
    r"|[\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]"
)
_ENTITIES = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;"}
_ENTITIES |= {"\n": "&#10;", "\r": "&#13;", "\t": "&#9;"}
_SPECIAL = re.compile("[&<>\"'\n\r\t]")


def escape(text: str) -> str:
    """Escape text for an element or an attribute; characters that XML cannot contain become U+FFFD."""
    return _SPECIAL.sub(lambda match: _ENTITIES[match[0]], _ILLEGAL.sub("\ufffd", text))


def num(value: float, digits: int = 3) -> str:
    """Format a number as a short decimal, identical on every machine."""
    text = f"{value:.{digits}f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


class _Writer:
    def __init__(self, options: Options) -> None:
        self.theme = options.theme
        self.pieces = options.pieces
        self.marked = options.transparent

    def item(self, item: Item) -> str:
        match item:
            case Node():
                return self.node(item)
            case Wire():
                return self.wire(item)
            case Text():
                return self.text(item)
            case Dots():
                return self.dots(item)
            case Polygon():
                return self.polygon(item)
            case _:
                return self.image(item)

    # ---- attributes

    def head(self, item: Item, *more: str) -> str:
        """Return the attributes id, class and layer; scripts of a page use the layer to find items."""
        classes = " ".join((*item.classes, *more))
        text = f' id="{escape(item.id)}"'
        if classes:
            text += f' class="{escape(classes)}"'
        return text + (f' data-layer="{escape(item.layer)}"' if item.layer else "")

    def pen(self, pen: Pen) -> str:
        text = f' stroke="{self.theme.colour(pen.ink)}" stroke-width="{num(pen.width)}"'
        text += f' opacity="{num(pen.opacity)}"' if pen.opacity < 1 else ""
        return text + self.dash(pen)

    def dash(self, pen: Pen) -> str:
        if pen.dash or pen.ink in self.theme.dashed:
            return f' stroke-dasharray="{num(pen.width * 4)} {num(pen.width * 3)}"'
        return ""

    def marks(self, pen: Pen | None = None, fill: str = "") -> list[str]:
        """Return the classes that the style for dark pages uses."""
        if not self.marked:
            return []
        strokes = [] if pen is None else [f"k-{pen.ink}"]
        return strokes + ([f"f-{fill}"] if fill and not fill.startswith("#") else [])

    def fill(self, role: str) -> str:
        return f' fill="{self.theme.colour(role)}"' if role else ""

    def close(self, tag: str, tip: str) -> str:
        return f"><title>{escape(tip)}</title></{tag}>" if tip else "/>"

    # ---- items

    def node(self, node: Node) -> str:
        head = self.head(node, *self.marks(node.pen, node.fill))
        if node.shape in ("circle", "ellipse"):
            tag = "circle" if node.rx == node.ry else "ellipse"
            radii = f'r="{num(node.rx)}"' if tag == "circle" else f'rx="{num(node.rx)}" ry="{num(node.ry)}"'
            place = f' cx="{num(node.x)}" cy="{num(node.y)}" {radii}'
        else:
            tag = "rect"
            place = f' x="{num(node.x - node.rx)}" y="{num(node.y - node.ry)}"'
            place += f' width="{num(2 * node.rx)}" height="{num(2 * node.ry)}"'
            place += f' rx="{num(node.corner)}"' if node.corner else ""
        return f"<{tag}{head}{place}{self.fill(node.fill)}{self.pen(node.pen)}{self.close(tag, node.tip)}"

    def polygon(self, polygon: Polygon) -> str:
        head = self.head(polygon, *self.marks(polygon.pen, polygon.fill))
        points = " ".join(f"{num(point.x)},{num(point.y)}" for point in polygon.points)
        pen = self.pen(polygon.pen) if polygon.pen else ""
        return f'<polygon{head} points="{points}"{self.fill(polygon.fill)}{pen}{self.close("polygon", polygon.tip)}'

    def dots(self, dots: Dots) -> str:
        circles = "".join(
            f'<circle cx="{num(point.x)}" cy="{num(point.y)}" r="{num(dots.radius)}"/>' for point in dots.points
        )
        tip = f"<title>{escape(dots.tip)}</title>" if dots.tip else ""
        return f"<g{self.head(dots, *self.marks(fill=dots.ink))}{self.fill(dots.ink)}>{tip}{circles}</g>"

    def wire(self, wire: Wire) -> str:
        pen, colour = wire.pen, self.theme.colour(wire.pen.ink)
        line, head = wire_path(wire)
        look = f' stroke="{colour}" fill="{colour}" stroke-width="{num(pen.width)}"'
        faded = f' opacity="{num(pen.opacity)}"' if pen.opacity < 1 else ""
        tip = f"<title>{escape(wire.tip)}</title>" if wire.tip else ""
        body = f'<path d="{line}" fill="none"{self.dash(pen)}/>'
        body += f'<path d="{head}" stroke="none"/>' if head else ""
        return f"<g{self.head(wire, *self.marks(pen, pen.ink))}{look}{faded}>{tip}{body}</g>"

    def text(self, text: Text) -> str:
        runs = typeset(text.lines, text.x, text.y, text.size, text.align, text.leading)
        pieces = [piece for run in runs for piece in self.pieces(run)]
        fonts = pieces[0][0] if pieces else FONTS["sans"]
        tip = f"<title>{escape(text.tip)}</title>" if text.tip else ""
        spans = "".join(self.run(run, "" if own == fonts else own, text.size) for own, run in pieces)
        head = self.head(text, *self.marks(fill=text.ink))
        font = f' font-family="{escape(fonts)}" font-size="{num(text.size)}"'
        return f"<text{head}{font}{self.fill(text.ink)}>{tip}{spans}</text>"

    def run(self, run: Run, fonts: str, size: float) -> str:
        """Return a run of text; it has only the attributes that differ from those of its text element."""
        look = f' font-family="{escape(fonts)}"' if fonts else ""
        look += f' font-size="{num(run.size)}"' if run.size != size else ""
        look += ' font-style="italic"' if run.italic else ""
        look += ' font-weight="bold"' if run.bold else ""
        look += ' xml:space="preserve"' if run.text != " ".join(run.text.split()) else ""
        fit = f' textLength="{num(run.width)}" lengthAdjust="spacingAndGlyphs"' if run.width else ""
        return f'<tspan x="{num(run.x)}" y="{num(run.y)}"{look}{fit}>{escape(run.text)}</tspan>'

    def image(self, image: Image) -> str:
        data = base64.b64encode(png_of(image.rows)).decode("ascii")
        look = ' image-rendering="pixelated" style="image-rendering:pixelated"'
        return (
            f'<image{self.head(image)} x="{num(image.x)}" y="{num(image.y)}" width="{num(image.width)}"'
            f' height="{num(image.height)}" preserveAspectRatio="none"{look} href="data:image/png;base64,{data}"/>'
        )


def wire_path(wire: Wire) -> tuple[str, str]:
    """Return the path of a wire, which ends inside its arrowhead, and the path of the arrowhead ("" without one)."""
    points = list(wire.points)
    head = ""
    if wire.head:
        base, left, right, tip = arrow(points, wire.pen.width)
        points[-1] = base
        head = f"M{_at(tip)}L{_at(left)}L{_at(right)}Z"
    if wire.curved:
        line = f"M{_at(points[0])}"
        for number in range(1, len(points) - 2, 3):
            line += "C" + " ".join(_at(point) for point in points[number : number + 3])
        return line, head
    return "M" + "L".join(_at(point) for point in points), head


def _at(point: Point) -> str:
    return f"{num(point.x)},{num(point.y)}"


def arrow(points: list[Point], width: float) -> tuple[Point, Point, Point, Point]:
    """Return the end of the line, both barbs and the tip of an arrowhead; it grows with the line width."""
    tip = points[-1]
    before = next((point for point in reversed(points[:-1]) if point != tip), Point(tip.x - 1, tip.y))
    dx, dy = tip.x - before.x, tip.y - before.y
    norm = (dx * dx + dy * dy) ** 0.5
    dx, dy = dx / norm, dy / norm
    length = HEAD * max(1.0, (width / 0.265) ** 0.7)
    back = Point(tip.x - dx * length, tip.y - dy * length)
    half = length * BARB
    left = Point(back.x - dy * half, back.y + dx * half)
    right = Point(back.x + dy * half, back.y - dx * half)
    return back, left, right, tip


@WRITERS.register
class Svg(Writer):
    name = "svg"
    about = "lines and text as text, for pages and papers"
    about_ko = "글자가 글자로 남는 선 그림. 웹과 논문에"

    def write(self, picture: Picture, scale: float | None) -> bytes:
        options = picture.options
        if options.embed:
            options = with_fonts(picture.scene, options, picture.warnings)
        return svg(picture.scene, options).encode("utf-8")


# ---- embedded fonts


def with_fonts(scene: Scene, options: Options, warnings: list[Diagnostic]) -> Options:
    """Return options with which an SVG carries the letters of a scene, as subsets of the fonts that PNG and PDF use.

    `warnings` gets a warning about characters that no font of the machine has.
    """
    from netspec.figure.backends.pdf_fonts import woff

    need("fontTools")
    fonts = fonts_for(scene)
    if fonts.missing:
        warnings.append(missing(fonts))
    used: dict[Cut, set[str]] = {}
    for text in scene.texts:
        for run in typeset(text.lines, text.x, text.y, text.size, text.align, text.leading):
            for cut, piece in fonts.pieces(run):
                used.setdefault(cut, set()).update(piece.text)
    style = "".join(
        f'@font-face{{font-family:"{cut.title}";font-style:{"italic" if cut.italic else "normal"};'
        f"font-weight:{'bold' if cut.bold else 'normal'};"
        f"src:url(data:font/woff;base64,{base64.b64encode(woff(cut.file, letters)).decode('ascii')})}}"
        for cut, letters in used.items()
    )
    return options._replace(style=options.style + style, pieces=fonts.named)


# ---- embedded images


def png_of(rows: tuple[tuple[str, ...], ...]) -> bytes:
    """Return a PNG file of an RGB image, given as rows of `#rrggbb`."""
    height, width = len(rows), len(rows[0])
    raw = b"".join(b"\0" + b"".join(bytes.fromhex(colour[1:]) for colour in row) for row in rows)
    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + b"".join(
        chunk(kind, data) for kind, data in ((b"IHDR", header), (b"IDAT", zlib.compress(raw, 9)), (b"IEND", b""))
    )


def chunk(kind: bytes, data: bytes) -> bytes:
    """Return a chunk of a PNG file."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
