"""What the grounds of shapes say: the kinds of steps, or colours that the user chose; and the legend of both.

A kind is what textbooks tell apart by colour: convolution, pooling, … A colour of the user belongs to a line, a block
or a kind; each wins over those behind it.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from netspec.figure.scene import HAIR, Item, Node, Pen, Polygon, Scene, Text, around, canvas_of
from netspec.figure.scene.canvas import Canvas, boxed
from netspec.figure.scene.typeset import line_width, words
from netspec.figure.settings import FigureSettings
from netspec.figure.strings import say
from netspec.figure.themes import Theme, theme_named
from netspec.ir.graph import Graph
from netspec.ir.graph import Node as Step

# each kind with the role of its colour, and the family of its operations; of several, the first decides
KINDS: Final = {
    "recurrent": ("tint-recurrent", "recurrent"),
    "attention": ("tint-attention", "attention"),
    "convolution": ("tint-filters", "filters"),
    "perceptrons": ("tint-dense", "dense"),
    "embedding": ("tint-embed", "embed"),
    "pooling": ("tint-pool", "pool"),
    "norm": ("tint-norm", "norm"),
    "block": ("tint-block", ""),
    "input": ("tint-input", ""),
}
PLAIN: Final = "tint-plain"  # the ground of a step of no kind
ROLES: Final = ("input", "hidden", "output", "deep")  # of units; their outlines have these colours
SHAPES: Final = frozenset(("unit", "map", "bar", "sum", "activation", "value"))  # the classes of shapes with a ground
READABLE: Final = 4.5  # the least contrast of a text with its ground, as WCAG 2 asks for
EDGE: Final = Pen(ink="guide", width=HAIR * 0.6)  # of maps, whose shades no longer tell one from the other
SAMPLE, APART = (1.7, 0.95), 1.2  # of the legend, in sizes of its letters: a sample, and from an entry to the next


def kind_of(steps: Iterable[Step]) -> str:
    """Return the kind of a few steps in a row, which their most important step decides; "" for no kind."""
    steps = list(steps)
    if any(step.kind == "input" for step in steps):
        return "input"
    held = {step.op.family for step in steps}
    return next((kind for kind, (_, family) in KINDS.items() if family in held), "")


def ground(settings: FigureSettings, path: str, kind: str, block: str = "") -> str:
    """Return the colour or role with which a shape of a line is filled; "" if colours do not say the kind."""
    given = settings.of(path).color or settings.of(block).color or settings.of(kind).color
    return given or (KINDS[kind][0] if kind and settings.colors == "kind" else "")


def grounded(scene: Scene, graph: Graph, settings: FigureSettings) -> Scene:
    """Return the scene with the grounds that are asked for, and with texts that can be read on them."""
    kinds = {layer.path: kind_of(graph.nodes_of(layer)) for layer in graph.layers}

    def filled(item: Item) -> Item:
        if not isinstance(item, Node | Polygon) or not SHAPES & set(item.classes) or "bias" in item.classes:
            return item
        kind = next((name for name in item.classes if KINDS.get(name, ("", ""))[1]), kinds.get(item.layer, ""))
        fill = ground(settings, item.layer, kind)
        if not fill:
            return item
        return replace(item, fill=fill, pen=EDGE) if {"map", "bar"} & set(item.classes) else replace(item, fill=fill)

    items = tuple(map(filled, scene.items))
    own = {item.id: item.fill for item in items if isinstance(item, Node) and item.fill.startswith("#")}
    theme = theme_named(settings.theme)
    assert theme is not None
    return replace(
        scene,
        items=tuple(
            replace(item, ink=readable(item.ink, own[item.inside], theme))
            if isinstance(item, Text) and item.inside in own
            else item
            for item in items
        ),
    )


def readable(ink: str, fill: str, theme: Theme) -> str:
    """Return the colour of a text on a ground: its own one, or black or white if that cannot be read there."""
    choices = (theme.colour(ink), *sorted(("#000000", "#ffffff"), key=lambda one: -contrast(one, theme.colour(fill))))
    return next((one for one in choices if contrast(one, theme.colour(fill)) >= READABLE), choices[1])


def contrast(one: str, other: str) -> float:
    """Return the contrast of two colours `#rrggbb` by the formula of WCAG 2, from 1 to 21."""
    dark, light = sorted(map(_luminance, (one, other)))
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


# ---- the legend


def explained(scene: Scene, graph: Graph, settings: FigureSettings, size: float, room: float) -> Scene:
    """Return the scene with its legend below it: what each ground and each outline of units stands for.

    Parameters:
        size: of its letters in mm.
        room: the least width in mm of a row.
    """
    entries = _entries(scene, graph, settings)
    if not entries:
        return scene
    ink, canvas = canvas_of(list(scene.items), 0.0), Canvas()
    (wide, high), right = SAMPLE, ink.left + max(ink.width, room)
    x, y = ink.left, ink.bottom + APART * 2 * size
    for number, (text, sample) in enumerate(entries, 1):
        name = f"legend.{number}"
        line = words(text)
        needs = wide * size + 0.5 * size + line_width(line, size)
        if x > ink.left and x + needs > right:
            x, y = ink.left, y + 1.6 * size
        middle = x + wide / 2 * size
        canvas.node(
            name, middle, y, wide / 2 * size, high / 2 * size, shape=sample.shape, ink=sample.pen.ink, fill=sample.fill,
            width=sample.pen.width or HAIR, classes=("legend",),
        )  # fmt: skip
        base = y - boxed((line,), size).middle.y
        canvas.text(f"{name}.text", (line,), x + (wide + 0.5) * size, base, size, align="start", classes=("legend",))
        x += needs + APART * size
    items = canvas.items
    return replace(scene, items=(*scene.items, *items), canvas=around((scene.canvas, canvas_of(items))))


def _entries(scene: Scene, graph: Graph, settings: FigureSettings) -> list[tuple[str, Node]]:
    """Return the words of each entry and a shape that looks so, in the order of the figure."""
    found: dict[str, tuple[dict[str, None], Node]] = {}
    for item in scene.items:
        sample = _sample(item, settings)
        if sample is None:
            continue
        ink, said = sample.pen.ink, _said(sample, graph, settings)
        for text in said:
            pen = sample.pen if ink == "input" else Pen(width=sample.pen.width)
            found.setdefault(sample.fill, ({}, replace(sample, pen=pen)))[0][text] = None
        outlined = "unit" in sample.classes or ink == "output"
        if outlined and ink in ROLES and not (said and ink == "input"):
            found.setdefault(ink, ({say(ink, settings.lang): None}, replace(sample, fill="")))
    return [(", ".join(texts), sample) for texts, sample in found.values()]


def _sample(item: Item, settings: FigureSettings) -> Node | None:
    """Return a shape that looks like an item in a legend; None for what a legend does not explain."""
    if isinstance(item, Polygon) and "bar" in item.classes:
        return Node(id="", shape="box", x=0, y=0, rx=1, ry=1, fill=item.fill, classes=item.classes, layer=item.layer)
    if isinstance(item, Polygon) and item.pen is not None and item.pen.ink.startswith("#"):  # the frame of a block
        return Node(id="", shape="round", x=0, y=0, rx=1, ry=1, fill=item.pen.ink, classes=item.classes)
    if not isinstance(item, Node) or not {*SHAPES, "block"} & set(item.classes) or "bias" in item.classes:
        return None
    return replace(item, shape="pill" if item.shape in ("circle", "ellipse") else item.shape)


def _said(sample: Node, graph: Graph, settings: FigureSettings) -> list[str]:
    """Return what the ground of a shape stands for: a line, blocks or kinds; nothing if it says no kind."""
    labels = {layer.path: layer.label for layer in graph.layers}
    if sample.fill.startswith("#"):
        own = [sample.layer] if settings.of(sample.layer).color == sample.fill else []
        names = own or [name for name, hints in settings.layers.items() if hints.color == sample.fill]
    else:
        names = [kind for kind, (role, _) in KINDS.items() if role == sample.fill]
    return [labels.get(name, say(name, settings.lang) if name in KINDS else name) for name in names]


__all__ = ["KINDS", "PLAIN", "contrast", "explained", "ground", "grounded", "kind_of", "readable"]
