"""Lays a figure out for a page: finds how closely a view must set it so that its letters keep their size."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

from netspec.diagnostics.model import Diagnostic, Hint, Quoted, Words
from netspec.figure.scene import Item, Node, Polygon, Scene, Wire
from netspec.figure.settings import LEAST_LINE, LEAST_TYPE, TYPE, FigureSettings, Page, Room
from netspec.figure.views import VIEWS

POINT = 25.4 / 72  # mm
# how much larger letters may be than the usual type where no size is asked for and there is room, up to which height
MOST, FILLED = 1.25, 0.75
BALANCING, SAME = 4, 1.06  # steps to find the narrowest rows; heights that differ less are the same, notes included
LESS = ("only", "depth = 1", "max_units = 3", "steps = 2")  # settings with which a view draws less


def room_on(page: Page, base: float) -> Room:
    """Return the room of a drawing whose letters of the size `base` (mm) have the type of the page."""
    scale = (page.type or TYPE) * POINT / base
    return Room(page.width / scale, page.height / scale)


class Laid(NamedTuple):
    """A figure that is laid out for a page, its width there in mm, and what the user should know."""

    scene: Scene
    width: float
    warnings: tuple[Diagnostic, ...] = ()


@dataclass(frozen=True, slots=True)
class Try:
    """A figure that was set in one way, with scales: the largest with which it has room on the page, and two others."""

    scene: Scene
    settings: FigureSettings
    most: float
    asked: float  # the letters have the size that is asked for
    read: float  # even the smallest letters can be read


def laid_out(
    page: Page,
    base: float,
    ways: Iterable[FigureSettings],
    draw: Callable[[FigureSettings], Scene],
    sketch: Mapping[str, Any],
) -> Laid:
    """Return a figure that has room on a page, and a warning if it cannot be read there.

    Parameters:
        page: the room; its type is 0 where no size of type is asked for. Then one that can be read fills the width.
        base: the size in mm of the letters that are to have the type of the page.
        ways: settings that set the figure ever more closely, the usual ones first. What leaves something out is last.
        draw: makes the figure.
        sketch: settings with which a figure takes the same room and is drawn faster.

    Returns:
        The first figure whose letters have the size that is asked for; else the first that can be read; else the one
        with the largest letters. What draws less is made only where no other can be read, or for a `type` of the user.
    """

    def sketched(settings: FigureSettings) -> Scene:
        return draw(replace(settings, **sketch))

    best, scale = _chosen(page, base, ways, sketched)
    if scale is not None and not math.isinf(best.settings.fit.width):
        best = _balanced(best, sketched, page.height / scale)
    scene = draw(best.settings) if sketch else best.scene
    if scale is None:
        return Laid(scene, page.width)
    if not page.type:  # room that is left makes the letters larger
        high = FILLED * page.height / scene.canvas.height
        scale = max(scale, min(page.width / scene.canvas.width, high, MOST * best.asked))
    items = tuple(_visible(item, LEAST_LINE * POINT / scale) for item in scene.items)
    more = 0.0 if math.isinf(page.width) else (page.width / scale - scene.canvas.width) / 2
    canvas = scene.canvas._replace(left=scene.canvas.left - more, right=scene.canvas.right + more)
    found = Laid(replace(scene, items=items, canvas=canvas), canvas.width * scale)
    return found if scale >= best.read * 0.999 else found._replace(warnings=(_unreadable(best, page),))


def _chosen(
    page: Page, base: float, ways: Iterable[FigureSettings], draw: Callable[[FigureSettings], Scene]
) -> tuple[Try, float | None]:
    """Return the figure for a page, and its scale; None for the usual figure, which fills the width."""
    wanted = page.type or TYPE
    tries: list[Try] = []
    for settings in ways:
        more = [one for one in tries if one.most >= one.read and _content(one.settings) != _content(settings)]
        if more and settings.type is None:
            break
        scene = draw(settings)
        most = min(page.width / scene.canvas.width, page.height / scene.canvas.height)
        smallest = min((text.size for text in scene.texts if text.plain.strip()), default=99.0)
        asked, read = wanted * POINT * settings.fit.shape / base, min(LEAST_TYPE, wanted) * POINT / smallest
        one = Try(scene, settings, most, asked, read)
        if not tries and not page.type and read <= most == page.width / scene.canvas.width:
            return one, None
        if most >= max(asked, read):
            return one, max(asked, read)
        tries.append(one)
    best = next((one for one in tries if one.most >= one.read), None)
    best = best or min(tries, key=lambda one: one.read / one.most)
    return best, best.most


def _content(settings: FigureSettings) -> tuple[object, ...]:
    """Return what decides how much a figure has in it: rather than with less, it stands in letters that can be read."""
    return settings.fit.types, settings.fit.less


def _balanced(best: Try, draw: Callable[[FigureSettings], Scene], room: float) -> Try:
    """Return a figure in rows with rows of about equal length: the narrowest with as many rows, or as high."""
    titles = _lines(best.scene)
    low, high = best.scene.canvas.width / 2, best.settings.fit.width
    least, rows = best.scene.canvas.width, _carried(best.scene)
    most = room if rows else min(room, best.scene.canvas.height * SAME)
    for _ in range(BALANCING):
        width = (low + high) / 2
        settings = replace(best.settings, fit=best.settings.fit._replace(width=width))
        scene = draw(settings)
        whole = rows or _lines(scene) == titles
        if whole and _carried(scene) == rows and scene.canvas.height <= most and scene.canvas.width <= least:
            best, high, least = replace(best, scene=scene, settings=settings), width, scene.canvas.width
        else:
            low = width
    return best


def _lines(scene: Scene) -> int:
    """Return how many lines the titles of layers have: there is room for them, so that they need not be broken."""
    return sum(len(text.lines) for text in scene.texts if "title" in text.classes)


def _carried(scene: Scene) -> int:
    """Return how many arrows lead from the end of a row to the begin of the next."""
    return sum("carry" in wire.classes for wire in scene.wires)


def _visible(item: Item, least: float) -> Item:
    """Return an item whose line is at least as wide as a page needs."""
    if isinstance(item, Node | Wire | Polygon) and item.pen is not None and 0 < item.pen.width < least:
        return replace(item, pen=replace(item.pen, width=least))
    return item


def _unreadable(best: Try, page: Page) -> Diagnostic:
    """NS740: the smallest letters of a figure are too small to be read, and what helps."""
    least = min(LEAST_TYPE, page.type or TYPE)
    letters = best.most / best.read * least
    words: Words = {"letters": f"{letters:.1f}", "least": f"{least:g}", "width": f"{page.width:g}mm"}
    hints: tuple[Hint, ...] = ()
    if best.most < page.height / best.scene.canvas.height:  # the width is what is missing
        wider = math.ceil(page.width * least / letters / 5) * 5
        hints = (Hint("wider", {"width": f"{wider}mm"}),)
    takes = VIEWS[best.settings.view or ""].takes
    less = tuple(text for text in LESS if text.split(" = ")[0] in takes)
    if less:
        hints = (*hints, Hint("less", {"settings": Quoted(less)}))
    return Diagnostic("NS740", None, words, hints=hints, severity="warning")


__all__ = ["laid_out", "room_on"]
