"""Writes what stands between two layers: the words of the figure's `captions`, and a formula such as W^{d×H}."""

from __future__ import annotations

from dataclasses import dataclass

from netspec.figure.scene import layout
from netspec.figure.scene.canvas import Canvas, boxed
from netspec.figure.scene.tex import Atom, Line
from netspec.figure.scene.typeset import math, widest, wrapped
from netspec.figure.settings import FigureSettings
from netspec.figure.units import Group
from netspec.figure.units.elided import size_label
from netspec.ir.types import Type

APART = 18.0  # mm: what of the room of a caption remains where columns stand closely


@dataclass(frozen=True, slots=True)
class Caption:
    """Words with a formula below them, between the columns number `rank - 1` and `rank`."""

    id: str
    rank: int
    words: tuple[Line, ...]
    formula: Line
    size: float = layout.CAPTION
    of_formula: float = layout.FORMULA

    def width(self) -> float:
        return max(widest(self.words, self.size), widest((self.formula,), self.of_formula) if self.formula else 0.0)

    def first_height(self) -> float:
        """Return the distance from the top of the drawn text to its first baseline."""
        return -boxed(self.words[:1], self.size).top if self.words else -boxed((self.formula,), self.of_formula).top

    def height(self) -> float:
        words = boxed(self.words, self.size).height if self.words else 0.0
        formula = boxed((self.formula,), self.of_formula).height if self.formula else 0.0
        return words + formula + (self.size * 0.5 if self.words and self.formula else 0.0)

    def draw(self, canvas: Canvas, x: float, y: float) -> None:
        """Draw the caption centred at x, with its first baseline at y."""
        if self.words:
            canvas.text(f"{self.id}.caption", self.words, x, y, self.size, classes=("caption",))
            y += boxed(self.words, self.size).bottom + self.size * 0.5
            y -= boxed((self.formula,), self.of_formula).top if self.formula else 0.0
        if self.formula:
            canvas.text(f"{self.id}.formula", (self.formula,), x, y, self.of_formula, classes=("formula",))


def captions_of(groups: list[Group], settings: FigureSettings) -> list[Caption]:
    """Return captions for the groups with weights, in order, until the list ends. An empty text shows W alone."""
    if not settings.captions:
        return []
    found, size = [], settings.fit.letters(layout.CAPTION)
    ranks = weighted(groups)
    for group, said in zip(ranks, settings.captions, strict=False):
        words = wrapped(said, settings.fit.space(layout.COLUMN - 2 * layout.UNIT - 1, APART), size) if said else ()
        named = words and all(atom.style != "sans" for line in words for atom in line)  # `$W_1$` is a name itself
        formula = () if named else weights_formula(group)
        found.append(Caption(group.id, ranks[group], words, formula, size, settings.fit.letters(layout.FORMULA)))
    return found


def weighted(groups: list[Group]) -> dict[Group, int]:
    """Return the groups with weights, which have room for a caption each, with the number of their column."""
    ranks: dict[Group, int] = {}
    for group in groups:
        ranks[group] = (
            max((ranks[link.source] for link in group.links if not link.delay and link.source in ranks), default=-1) + 1
        )
    return {group: rank for group, rank in ranks.items() if rank > 0 and any(link.key for link in group.links)}


def weights_formula(group: Group) -> Line:
    """Return the formula `W^{d×H}, W^{H×H}`: the size of the layer that is read stands before the group's own size."""
    line: list[Atom] = []
    for link in group.links:
        if not link.key:
            continue
        if line:
            line.append(Atom(", ", "upright"))
        line.append(Atom("W", "italic", sup=math(f"{dimensions(link.source.type)}×{dimensions(group.type)}")))
    return tuple(line)


def dimensions(value: Type) -> str:
    """Return the sizes of a type as a formula writes them: `d`, `h×w` or `3×h×w`."""
    if value.classes is not None:
        return size_label(value.classes)
    sizes = [value.maps] if not value.space or value.maps != 1 else []
    return "×".join(size_label(size) for size in (*sizes, *value.space))
