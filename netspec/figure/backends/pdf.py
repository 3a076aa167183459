"""Scene -> PDF: the same lines and text as the SVG, with embedded fonts, without bitmaps or a date."""

from __future__ import annotations

import zlib

from netspec.diagnostics.model import Diagnostic
from netspec.figure.backends import WRITERS, Options, Picture, Writer
from netspec.figure.backends.fonts import fonts_for, missing
from netspec.figure.backends.pdf_fonts import Embedded, Embedding
from netspec.figure.backends.svg import arrow, num
from netspec.figure.scene import Dots, Image, Item, Node, Pen, Point, Polygon, Scene, Text, Wire
from netspec.figure.scene.typeset import Run, typeset
from netspec.figure.settings import millimetres
from netspec.figure.themes import Theme

PT = 72 / 25.4
CIRCLE = 0.5522847498  # distance of the control points of a Bezier quarter circle of radius 1


def pdf(scene: Scene, options: Options, warnings: list[Diagnostic]) -> bytes:
    """Return a PDF file with one page of the figure's size. Raises NetspecError if fontTools is missing."""
    from netspec.parts import need

    need("fontTools")
    fonts = fonts_for(scene)
    if fonts.missing:
        warnings.append(missing(fonts))
    return _Page(scene, options, Embedding(fonts)).document()


class _Page:
    def __init__(self, scene: Scene, options: Options, embedding: Embedding) -> None:
        self.scene = scene
        self.theme: Theme = options.theme
        self.transparent = options.transparent
        self.embedding = embedding
        self.states: dict[str, str] = {}  # opacity -> name of the graphics state
        self.images: list[Image] = []
        canvas = scene.canvas
        self.scale = PT
        if options.width is not None:
            self.scale = millimetres(options.width) * PT / canvas.width
        self.size = (canvas.width * self.scale, canvas.height * self.scale)

    # ---- page content

    def content(self) -> list[str | tuple[Text, list[Run]]]:
        """Return the drawing commands in order. Text stays as runs: its codes exist only after the fonts are subset."""
        canvas, scale = self.scene.canvas, self.scale
        parts: list[str | tuple[Text, list[Run]]] = []
        shift = f"{num(-canvas.left * scale)} {num(canvas.bottom * scale)}"
        parts.append(f"{num(scale, 5)} 0 0 {num(-scale, 5)} {shift} cm")
        if not self.transparent:
            ground = f"{num(canvas.left)} {num(canvas.top)} {num(canvas.width)} {num(canvas.height)} re f"
            parts.append(f"{self.rgb('paper', 'rg')} {ground}")
        for item in self.scene.items:
            if isinstance(item, Text):
                parts.append((item, typeset(item.lines, item.x, item.y, item.size, item.align, item.leading)))
            else:
                parts.append(f"q {self.draw(item)} Q")
        return parts

    def rgb(self, role: str, operator: str) -> str:
        colour = self.theme.colour(role)
        parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
        return f"{' '.join(num(part) for part in parts)} {operator}"

    def opacity(self, value: float) -> str:
        if value >= 1:
            return ""
        name = self.states.setdefault(num(value), f"G{len(self.states) + 1}")
        return f"/{name} gs "

    def pen(self, pen: Pen) -> str:
        dash = pen.dash or pen.ink in self.theme.dashed
        text = f"{self.opacity(pen.opacity)}{self.rgb(pen.ink, 'RG')} {num(pen.width)} w"
        return text + (f" [{num(pen.width * 4)} {num(pen.width * 3)}] 0 d" if dash else "")

    def draw(self, item: Item) -> str:
        match item:
            case Node():
                return self.node(item)
            case Wire():
                return self.wire(item)
            case Dots():
                circles = " ".join(_ellipse(point.x, point.y, item.radius, item.radius) for point in item.points)
                return f"{self.rgb(item.ink, 'rg')} {circles} f"
            case Polygon():
                return self.polygon(item)
            case Image():
                self.images.append(item)
                place = f"{num(item.width)} 0 0 {num(-item.height)} {num(item.x)} {num(item.y + item.height)} cm"
                return f"{place} /I{len(self.images)} Do"
        raise TypeError(item)

    def node(self, node: Node) -> str:
        if node.shape in ("circle", "ellipse"):
            path = _ellipse(node.x, node.y, node.rx, node.ry)
        else:
            path = _box(node)
        fill = f"{self.rgb(node.fill, 'rg')} " if node.fill else ""
        if not node.pen.width:
            return f"{fill}{path} {'f' if node.fill else 'n'}"
        return f"{self.pen(node.pen)} {fill}{path} {'B' if node.fill else 'S'}"

    def polygon(self, polygon: Polygon) -> str:
        path = f"{_path(list(polygon.points))} h"
        fill = f"{self.rgb(polygon.fill, 'rg')} " if polygon.fill else ""
        if polygon.pen is None:
            return f"{fill}{path} f"
        return f"{self.pen(polygon.pen)} {fill}{path} {'B' if polygon.fill else 'S'}"

    def wire(self, wire: Wire) -> str:
        points, head = list(wire.points), ""
        if wire.head:
            base, left, right, tip = arrow(points, wire.pen.width)
            points[-1] = base
            head = f" {self.rgb(wire.pen.ink, 'rg')} {_path([tip, left, right])} h f"
        line = _curve(points) if wire.curved else _path(points)
        return f"{self.pen(wire.pen)} {line} S{head}"

    def text(self, text: Text, runs: list[Run]) -> str:
        parts = [f"BT {self.rgb(text.ink, 'rg')}"]
        for run in runs:
            parts += self.run(run)
        return "\n".join((*parts, "ET"))

    def run(self, run: Run) -> list[str]:
        """Return the commands for a run, stretched to the width that it has in the scene."""
        found = []
        for font, piece in self.embedding.pieces(run):
            codes = [font.codes[character] for character in piece.text]
            natural = sum(font.widths[code] for code in codes) * piece.size / 1000
            if natural:
                found.append(f"/{font.name} {num(piece.size)} Tf {num(100 * piece.width / natural, 4)} Tz")
                text = "".join(f"{code:04x}" for code in codes)
                found.append(f"1 0 0 -1 {num(piece.x)} {num(piece.y)} Tm <{text}> Tj")
        return found

    # ---- the file

    def document(self) -> bytes:
        parts = self.content()
        for run in (run for part in parts if isinstance(part, tuple) for run in part[1]):
            self.embedding.pieces(run)
        fonts = self.embedding.cut()
        content = "\n".join(part if isinstance(part, str) else self.text(*part) for part in parts)
        file = _File()
        font_dict = " ".join(f"/{font.name} {_font_objects(file, font)} 0 R" for font in fonts)
        states = " ".join(f"/{name} << /ca {value} /CA {value} >>" for value, name in self.states.items())
        images = " ".join(f"/I{number} {_image(file, image)} 0 R" for number, image in enumerate(self.images, 1))
        stream = file.stream("", content.encode("ascii"))
        resources = f"<< /Font << {font_dict} >> /ExtGState << {states} >> /XObject << {images} >> >>"
        width, height = (num(side) for side in self.size)
        page = file.reserve()
        pages = file.add(f"<< /Type /Pages /Kids [{page} 0 R] /Count 1 >>")
        file.fill(
            page,
            f"<< /Type /Page /Parent {pages} 0 R /MediaBox [0 0 {width} {height}] /Contents {stream} 0 R"
            f" /Resources {resources} >>",
        )
        catalog = file.add(f"<< /Type /Catalog /Pages {pages} 0 R /Lang (x-unknown) >>")
        info = file.add(f"<< /Title <{_utf16(self.scene.title)}> /Subject <{_utf16(self.scene.description)}> >>")
        return file.bytes(catalog, info)


# ---- paths


def _at(point: Point) -> str:
    return f"{num(point.x)} {num(point.y)}"


def _path(points: list[Point]) -> str:
    return f"{_at(points[0])} m " + " ".join(f"{_at(point)} l" for point in points[1:])


def _curve(points: list[Point]) -> str:
    text = f"{_at(points[0])} m"
    for number in range(1, len(points) - 2, 3):
        text += " " + " ".join(_at(point) for point in points[number : number + 3]) + " c"
    return text


def _ellipse(x: float, y: float, rx: float, ry: float) -> str:
    text = f"{num(x + rx)} {num(y)} m"
    for (ax, ay), (bx, by) in (((1, 0), (0, 1)), ((0, 1), (-1, 0)), ((-1, 0), (0, -1)), ((0, -1), (1, 0))):
        first = (x + rx * (ax + bx * CIRCLE), y + ry * (ay + by * CIRCLE))
        second = (x + rx * (bx + ax * CIRCLE), y + ry * (by + ay * CIRCLE))
        end = (x + rx * bx, y + ry * by)
        text += " " + " ".join(num(part) for pair in (first, second, end) for part in pair) + " c"
    return f"{text} h"


def _box(node: Node) -> str:
    if not node.corner:
        return f"{num(node.x - node.rx)} {num(node.y - node.ry)} {num(2 * node.rx)} {num(2 * node.ry)} re"
    from netspec.figure.backends.dot import pill_outline

    return f"{_curve(pill_outline(node))} h"


# ---- objects


class _File:
    """Numbered objects and the table of their offsets."""

    def __init__(self) -> None:
        self.objects: list[bytes] = []

    def reserve(self) -> int:
        self.objects.append(b"")
        return len(self.objects)

    def fill(self, number: int, text: str | bytes) -> None:
        self.objects[number - 1] = text if isinstance(text, bytes) else text.encode("latin-1")

    def add(self, text: str | bytes) -> int:
        number = self.reserve()
        self.fill(number, text)
        return number

    def stream(self, entries: str, data: bytes) -> int:
        packed = zlib.compress(data, 9)
        head = f"<< {entries} /Filter /FlateDecode /Length {len(packed)} >>\nstream\n".encode("latin-1")
        return self.add(head + packed + b"\nendstream")

    def bytes(self, root: int, info: int) -> bytes:
        out = bytearray(b"%PDF-1.6\n%\xe2\xe3\xcf\xd3\n")
        places = []
        for number, body in enumerate(self.objects, 1):
            places.append(len(out))
            out += f"{number} 0 obj\n".encode() + body + b"\nendobj\n"
        start = len(out)
        out += f"xref\n0 {len(places) + 1}\n0000000000 65535 f \n".encode()
        out += b"".join(f"{place:010d} 00000 n \n".encode() for place in places)
        out += f"trailer\n<< /Size {len(places) + 1} /Root {root} 0 R /Info {info} 0 R >>\n".encode()
        return bytes(out + f"startxref\n{start}\n%%EOF\n".encode())


def _utf16(text: str) -> str:
    return (b"\xfe\xff" + text.encode("utf-16-be", "replace")).hex()


def _image(file: _File, image: Image) -> int:
    raw = b"".join(bytes.fromhex(colour[1:]) for row in image.rows for colour in row)
    size = f"/Width {len(image.rows[0])} /Height {len(image.rows)}"
    return file.stream(f"/Type /XObject /Subtype /Image {size} /ColorSpace /DeviceRGB /BitsPerComponent 8", raw)


def _font_objects(file: _File, font: Embedded) -> int:
    """Add a composite font: the font program, its descriptor, its widths, and the map from codes to characters."""
    cff = font.outlines == "CFF "
    program = file.stream("/Subtype /CIDFontType0C" if cff else f"/Length1 {len(font.data)}", font.data)
    name = f"/NETSPC+{font.name}"
    box = " ".join(map(str, font.box))
    descriptor = file.add(
        f"<< /Type /FontDescriptor /FontName {name} /Flags 4 /FontBBox [{box}] /ItalicAngle 0 /Ascent {font.box[3]}"
        f" /Descent {font.box[1]} /CapHeight 700 /StemV 80 /{'FontFile3' if cff else 'FontFile2'} {program} 0 R >>"
    )
    widths = " ".join(f"{code} [{num(font.widths[code])}]" for code in sorted(font.widths))
    kind = "CIDFontType0" if cff else "CIDFontType2 /CIDToGIDMap /Identity"
    inner = file.add(
        f"<< /Type /Font /Subtype /{kind} /BaseFont {name} /FontDescriptor {descriptor} 0 R /W [{widths}]"
        " /CIDSystemInfo << /Registry (Adobe) /Ordering (Identity) /Supplement 0 >> >>"
    )
    back = file.stream("", _to_unicode(font).encode("ascii"))
    return file.add(
        f"<< /Type /Font /Subtype /Type0 /BaseFont {name} /Encoding /Identity-H /DescendantFonts [{inner} 0 R]"
        f" /ToUnicode {back} 0 R >>"
    )


def _to_unicode(font: Embedded) -> str:
    rows = [
        f"<{code:04x}> <{character.encode('utf-16-be').hex()}>"
        for character, code in sorted(font.codes.items(), key=lambda pair: pair[1])
    ]
    blocks = [rows[at : at + 100] for at in range(0, len(rows), 100)]
    body = "\n".join(f"{len(block)} beginbfchar\n" + "\n".join(block) + "\nendbfchar" for block in blocks)
    return (
        "/CIDInit /ProcSet findresource begin\n12 dict begin\nbegincmap\n/CMapType 2 def\n/CMapName /netspec def\n"
        "1 begincodespacerange\n<0000> <ffff>\nendcodespacerange\n" + body + "\nendcmap\nend\nend\n"
    )


@WRITERS.register
class Pdf(Writer):
    name = "pdf"
    about = "lines and letters with their fonts, for LaTeX and print"
    about_ko = "글꼴까지 담긴 선 그림. LaTeX과 인쇄에"

    def write(self, picture: Picture, scale: float | None) -> bytes:
        return pdf(picture.scene, picture.options, picture.warnings)
