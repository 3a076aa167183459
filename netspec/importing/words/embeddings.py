"""Rows of tables: `embed`."""

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
