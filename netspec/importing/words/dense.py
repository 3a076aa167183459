"""Weighted sums of all values: `perceptrons`, or filters of one place where space stays."""

from __future__ import annotations

from typing import Any

from netspec.importing.arrange import Unsaid, patched
from netspec.importing.recognise import Site, recognises
from netspec.importing.steps import Fixed
from netspec.importing.views import BATCH, MAPS, SPACE, TIME, Atom, Dim, View, roles_of, size, tidy
from netspec.importing.words.attention import HEADS, Mixed, Products, product, projected, summed


@recognises("linear", takes=(Mixed,))
def linear(site: Site, view: View, weight: Fixed, bias: Fixed | None = None) -> View:
    return weighted(site, view, weight, bias)


@recognises("addmm", takes=(Mixed,))
def addmm(site: Site, bias: Fixed, view: View, weight: Fixed, **_: Any) -> View:
    return weighted(site, view, Fixed(weight.value.t(), weight.sources), bias)


@recognises("mm", "matmul", takes=(Mixed, Products, *HEADS))
def matmul(site: Site, view: Any, weight: Any) -> Any:
    if isinstance(view, View | Mixed) and isinstance(weight, Fixed) and weight.value.dim() == 2:
        return weighted(site, view, Fixed(weight.value.t(), weight.sources), None)
    return product(site, view, weight)


def weighted(site: Site, view: View | Mixed, weight: Fixed, bias: Fixed | None) -> View:
    """Add perceptrons that read the last axis of a view."""
    arrays = {"weight": weight} | ({} if bias is None else {"bias": bias})
    if isinstance(view, Mixed):
        out = projected(site, view, arrays)
        if out is not None:
            return out
        view = view.real(site)
    count = weight.value.shape[0]
    read, order = _read(site, view)
    others, last = read.dims[:-1], read.dims[-1]
    kept = {atom.role for dim in others for atom in dim}
    if order is not None:
        arrays["weight"] = Fixed(
            weight.value.reshape(count, *order[0]).permute(0, *order[1]).reshape(count, -1), weight.sources
        )
    if kept & set(SPACE):
        if {atom.role for atom in last} - {MAPS}:
            raise Unsaid("perceptrons")
        edge = summed(site, read.edge, arrays)
    else:
        options: dict[str, Any] = {"units": (count,), "bias": bias is not None}
        facts: dict[str, Any] = {"dense": True}
        holder = site.graph.holder(weight.value)
        if holder is not None and order is None and site.graph.steps[holder].path != site.path:
            facts = {"tie": holder}
            options["tie"] = "straight"
            del arrays["weight"]
        edge = site.graph.add("perceptrons", [read.edge], arrays, facts, **options)
    return View(edge, (*others, tidy((Atom(MAPS, count),))))


def _read(site: Site, view: View) -> tuple[View, Any]:
    """Return the view as perceptrons read it, and how their columns must be arranged anew."""
    view = patched(site.graph, view, -1)
    value = site.type(view)
    lengths = roles_of(value, site.batch)
    values = [role for role in lengths if role not in (BATCH, TIME)]
    last = view.dims[-1]
    if view.whole(value, site.batch) and {atom.role for atom in last} == {MAPS} and size(last) == lengths[MAPS] > 1:
        return view, _order(last, values, lengths)
    if view.whole(value, site.batch) and {atom.role for atom in last} <= set(values):
        others = {atom.role for dim in view.dims[:-1] for atom in dim}
        # all values of a time step, in whatever order: the columns are sorted instead
        if not others & set(values) and last:
            return view, _order(last, values, lengths)
        sequence = tidy(Atom(role, lengths[role]) for role in values if role != MAPS)
        apart = len(sequence) > 1 and sequence in view.dims
        if (not apart and view.alone(len(view.dims) - 1) == MAPS) or (not last and value.maps == 1 and not apart):
            return view, None
    found = site.arranged(view)
    role = found.alone(len(found.dims) - 1)
    if role == TIME and not site.type(found).space:
        edge = site.graph.add("transpose", [found.edge])
        turn = {TIME: MAPS, MAPS: TIME}
        dims = tuple(tuple(atom._replace(role=turn.get(atom.role, atom.role)) for atom in dim) for dim in found.dims)
        return found._replace(edge=edge, dims=dims), None
    if role != MAPS and found.dims[-1]:
        raise Unsaid("perceptrons")
    return found, None


def _order(last: Dim, values: list[str], lengths: dict[str, int]) -> Any:
    """Return the sizes of the parts of an axis, and their order as values of a time step are read; None if it is so."""
    wanted = sorted(range(len(last)), key=lambda place: (values.index(last[place].role), -last[place].stride))
    if wanted == [*range(len(last))]:
        return None
    return [atom.size for atom in last], [place + 1 for place in wanted]
