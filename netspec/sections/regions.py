"""`x.box = [region(rows = [21, 30], cols = [71, 80], label = "…")]` -> Regions, checked against the layer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from netspec.diagnostics.model import Diagnostic, Fault, Hint, Quoted
from netspec.ir.graph import Layer
from netspec.ir.sizes import Size
from netspec.names import nearest
from netspec.sections.figure import Region
from netspec.syntax import tree

if TYPE_CHECKING:
    from netspec.sections.figure_reading import Reader

_KEYS = ("rows", "cols", "units", "label")


def read_regions(reader: Reader, name: str, value: tree.Value, layer: Layer) -> tuple[Region, ...]:
    """The regions of a list; they may not share a unit. Raises Fault."""
    if not isinstance(value, tree.List):
        raise reader.wrong(name, value, "regions")
    found: list[tuple[Region, tree.Value]] = []
    for item in value.items:
        if not isinstance(item, tree.Call) or item.path != ("region",):
            raise reader.wrong(name, item, "regions")
        region = _region(reader, name, item, layer)
        for other, _ in found:
            if _overlap(region, other):
                raise Fault(Diagnostic("NS709", reader.source.span(item.at), {"name": name}))
        found.append((region, item))
    return tuple(region for region, _ in found)


def _region(reader: Reader, name: str, call: tree.Call, layer: Layer) -> Region:
    axes = reader.axes(layer)
    space = axes[-2:] if len(axes) > 1 else ()
    values: dict[str, Any] = {}
    for arg in call.args:
        key = ".".join(arg.name)
        if key not in _KEYS:
            guess = nearest(key, _KEYS)
            hints = [Hint("nearest", {"name": guess})] if guess else []
            hints.append(Hint("settings", {"names": Quoted(_KEYS)}))
            raise Fault(Diagnostic("NS702", reader.source.span(arg.at), {"name": key or "region"}, hints=tuple(hints)))
        if key == "label":
            values[key] = reader.text(name, arg.value)
        else:
            values[key] = _stretch(reader, name, arg.value, _limit(reader, name, arg, key, space, axes))
    wanted = ("rows", "cols") if space else ("units",)
    if not any(key in values for key in wanted):
        raise reader.wrong(name, call, "regions")
    return Region(values.get("label", ""), values.get("rows"), values.get("cols"), values.get("units"))


def _limit(reader: Reader, name: str, arg: tree.Arg, key: str, space: tuple[Size, ...], axes: tuple[Size, ...]) -> Size:
    """How far a stretch may reach."""
    if key == "units" and not space:
        return axes[0]
    if key in ("rows", "cols") and space:
        return space[0] if key == "rows" else space[1]
    raise reader.wrong(name, arg.value, "regions")


def _stretch(reader: Reader, name: str, value: tree.Value, size: Size) -> tuple[int, int]:
    """`[21, 30]`: first and last, both included."""
    if not isinstance(value, tree.List) or len(value.items) != 2:
        raise reader.wrong(name, value, "stretch")
    first, last = (reader.number(name, item) for item in value.items)
    for number, item in ((first, value.items[0]), (last, value.items[1])):
        reader.in_range(name, item, number, size)
    if not isinstance(first, int) or not isinstance(last, int) or first > last:
        raise reader.wrong(name, value, "stretch")
    return first, last


def _overlap(one: Region, other: Region) -> bool:
    def meet(a: tuple[int, int] | None, b: tuple[int, int] | None) -> bool:
        return a is None or b is None or (a[0] <= b[1] and b[0] <= a[1])

    return meet(one.rows, other.rows) and meet(one.cols, other.cols) and meet(one.units, other.units)
