"""Rows of tables: `embed`; and classes that a program looks for, such as that of padding."""

from __future__ import annotations

from typing import Any

from netspec.importing.arrange import Unsaid
from netspec.importing.recognise import Site, recognises
from netspec.importing.steps import Fixed
from netspec.importing.views import MAPS, Atom, View, tidy


@recognises("embedding")
def embed(site: Site, table: Fixed, view: View, *_: Any) -> View:
    value = site.type(view)
    rows, width = table.value.shape
    if value.classes != rows or not view.whole(value, site.batch):
        raise Unsaid(f"embed: {rows} rows for {value.classes} classes")
    edge = site.graph.add("embed", [view.edge], {"weight": table}, width=width)
    return View(edge, (*view.dims, tidy((Atom(MAPS, width),))))


@recognises("ne")
def differs(site: Site, view: View, number: Any) -> Fixed:
    return _absent(site, view, number, True)


@recognises("eq")
def equals(site: Site, view: View, number: Any) -> Fixed:
    return _absent(site, view, number, False)


def _absent(site: Site, view: View, number: Any, outcome: bool) -> Fixed:
    """Return what a comparison with a class gives where the class does not come, and hold that it must not.

    Models count positions by the tokens that are no padding. A spec has lengths instead, and its steps are all tokens.
    """
    import torch

    number = number.value.item() if isinstance(number, Fixed) and number.value.numel() == 1 else number
    step = site.graph.steps[view.edge.node]
    if not step.op.structure or step.types[0].classes is None or not isinstance(number, int):
        raise Unsaid("a comparison")
    if 0 <= number < int(step.types[0].classes):  # type: ignore[arg-type]
        site.graph.absent.setdefault(view.edge.node, set()).add(number)
    return Fixed(torch.full(site.shape_of(), outcome))
