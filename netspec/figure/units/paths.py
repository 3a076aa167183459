"""Emphasises in a figure of units the ways on which a value reaches the outputs, as lectures on backpropagation do."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic, Hint, Quoted
from netspec.figure.scene import Item, Node, Pen, Scene, Wire
from netspec.figure.units.computation import GRADIENT, PATH
from netspec.names import nearest


def emphasised(scene: Scene, asked: str) -> Scene:
    """Return a scene in which a path is drawn boldly, over the other wires.

    Parameters:
        scene: circles with their symbols, and wires between them.
        asked: circles by their symbols, one or several with arrows between them, `x_1 -> h_2`; from the last one every
            way to the outputs belongs to the path.

    Raises:
        UsageError: no circle has such a symbol (NS986), or no wire leads from one to the next (NS987).
    """
    units = {text.plain: text.inside for text in scene.texts if text.inside and text.plain != "+1"}
    names = [name.strip() for name in asked.split("->")]
    for name in names:
        if name not in units:
            guess = nearest(name, units)
            hints = [Hint("nearest", {"name": guess})] if guess else []
            hints.append(Hint("names", {"names": Quoted(tuple(units))}))
            raise UsageError(Diagnostic("NS986", None, {"name": name}, hints=tuple(hints)))
    leaving: dict[str, list[Wire]] = {}
    for wire in scene.wires:
        leaving.setdefault(wire.source, []).append(wire)
    marked: set[str] = set()
    for name, then in pairwise(names):
        found = [wire.id for wire in leaving.get(units[name], ()) if wire.target == units[then]]
        if not found:
            raise UsageError(Diagnostic("NS987", None, {"name": name, "other": then}))
        marked |= {units[name], *found}
    reached = [units[names[-1]]]
    for unit in reached:  # grows; a loop reaches its units once
        marked |= {unit, *(wire.id for wire in leaving.get(unit, ()))}
        ends = dict.fromkeys(wire.target for wire in leaving.get(unit, ()))
        reached += [end for end in ends if end and end not in reached]
    pen, bold = Pen(ink=GRADIENT, width=PATH), list[Item]()
    items: list[Item] = []
    for item in scene.items:
        if item.id in marked and isinstance(item, Wire):
            bold.append(replace(item, pen=replace(pen, dash=item.pen.dash), classes=(*item.classes, "path")))
        elif item.id in marked and isinstance(item, Node):
            items.append(replace(item, pen=pen, classes=(*item.classes, "path")))
        else:
            items.append(item)
    first = next((at for at, item in enumerate(items) if isinstance(item, Node)), len(items))
    return replace(scene, items=(*items[:first], *bold, *items[first:]))
