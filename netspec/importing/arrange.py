"""Steps that arrange a value so that each axis of a tensor is one role: flatten, split, patches, first, crop, …."""

from __future__ import annotations

from math import prod

from netspec.importing.steps import Graph
from netspec.importing.views import BATCH, MAPS, SPACE, TIME, Atom, Dim, View, roles_of, size, tidy
from netspec.ops.registry import operation


class Unsaid(Exception):
    """No word of the language says what a program does here."""


def arranged(graph: Graph, view: View) -> View:
    """Return the tensor as a view whose axes are whole roles: of the same value, or of one that steps arrange.

    Several examples side by side with time may stay one axis.
    """
    for _ in range(8):
        if not _awry(graph, view):
            return view
        view = _turned(graph, view)
    raise Unsaid


def _awry(graph: Graph, view: View) -> bool:
    return (
        not view.whole(graph.type(view.edge), graph.batch)
        or any(not _whole_roles(dim) for axis, dim in enumerate(view.dims))
        or len(view.roles) != len(set(view.roles))
    )


def _whole_roles(dim: Dim) -> bool:
    """Whether an axis is one role, or the batch with time behind it."""
    return len(dim) <= 1 or tuple(atom.role for atom in dim) in ((BATCH, TIME), (TIME, BATCH))


def _turned(graph: Graph, view: View) -> View:
    value = graph.type(view.edge)
    lengths = roles_of(value, graph.batch)
    begins = dict(view.begins)
    held = {role: [atom for dim in view.dims for atom in dim if atom.role == role] for role in lengths}
    covered = {role: size(held[role]) for role in lengths}
    partial = [role for role in lengths if covered[role] < lengths[role]]
    if TIME in partial:
        return _part_of_time(graph, view, lengths[TIME], begins.get(TIME, 0), held[TIME])
    if MAPS in partial:
        return _part_of_maps(graph, view, lengths[MAPS], begins.get(MAPS, 0), held[MAPS])
    cut = [role for role in partial if role in SPACE]
    if cut and all(len(held[role]) == 1 and held[role][0].stride == 1 for role in cut):
        return _part_of_space(graph, view, lengths, begins, covered)
    if partial or "" in view.roles:
        raise Unsaid
    places = tuple(role for role in lengths if role in SPACE)
    whole = {role: Atom(role, lengths[role]) for role in lengths}
    # places become time steps
    row = tidy(whole[role] for role in places)
    if row and TIME not in lengths and row in view.dims and len(row) > 1:
        edge = graph.add("flatten", [view.edge], role="space")
        return view._replace(edge=edge, dims=_put(view.dims, {row: (Atom(TIME, size(row)),)}))
    # all values become maps
    every = tidy(whole[role] for role in (MAPS, *places) if role in whole)
    if len(every) > 1 and every in view.dims:
        edge = graph.add("flatten", [view.edge])
        return view._replace(edge=edge, dims=_put(view.dims, {every: (Atom(MAPS, size(every)),)}))
    for change in (_places_of_time, _shuffled, _patches, _places_of_maps, _unpatched):
        found = change(graph, view, lengths, places)
        if found is not None:
            return found
    raise Unsaid


def _put(dims: tuple[Dim, ...], change: dict[Dim, Dim]) -> tuple[Dim, ...]:
    return tuple(change.get(dim, dim) for dim in dims)


def _without(view: View, role: str) -> tuple[tuple[str, int], ...]:
    return tuple(each for each in view.begins if each[0] != role)


def _part_of_time(graph: Graph, view: View, length: int, begin: int, atoms: list[Atom]) -> View:
    if len(atoms) == 1 and atoms[0].stride == 1:  # some steps in a row: time is cropped as space is
        edge = graph.add("unflatten", [view.edge], to=length)
        edge = graph.add("crop", [edge], to=atoms[0].size, at=begin)
        return view._replace(edge=graph.add("flatten", [edge], role="space"), begins=_without(view, TIME))
    if atoms or begin not in (0, length - 1):
        raise Unsaid
    edge = graph.add("first" if begin == 0 else "last", [view.edge], role="time")
    return view._replace(edge=edge, begins=_without(view, TIME))


def _part_of_maps(graph: Graph, view: View, length: int, begin: int, atoms: list[Atom]) -> View:
    """Split the maps: into equal parts where the part is one of them, else before and behind it."""
    inner = sorted(atoms, key=lambda atom: -atom.stride)
    merged = tidy(inner)
    if len(merged) > 1 or (merged and merged[0].stride != 1):
        raise Unsaid
    count = merged[0].size if merged else 1
    if length % count == 0 and begin % count == 0:
        edge = graph.add("split", [view.edge], count=length // count)
        part = begin // count
    else:
        sizes = [each for each in (begin, count, length - begin - count) if each]
        edge = graph.add("split", [view.edge], sizes=tuple(sizes))
        part = int(begin > 0)
    return view._replace(edge=edge._replace(output=part), begins=_without(view, MAPS))


def _part_of_space(
    graph: Graph, view: View, lengths: dict[str, int], begins: dict[str, int], covered: dict[str, int]
) -> View:
    places = [role for role in SPACE if role in lengths]
    to, at = tuple(covered[role] for role in places), tuple(begins.get(role, 0) for role in places)
    middle = tuple((lengths[role] - covered[role]) // 2 for role in places)
    edge = graph.add("crop", [view.edge], to=to, at=None if at == middle else at)
    return view._replace(edge=edge, begins=tuple(each for each in view.begins if each[0] not in SPACE))


def _places_of_time(graph: Graph, view: View, lengths: dict[str, int], places: tuple[str, ...]) -> View | None:
    """Time steps become places: an axis of time is split into rows and columns."""
    parts = sorted((atom for dim in view.dims for atom in dim if atom.role == TIME), key=lambda atom: -atom.stride)
    if places or len(parts) < 2 or len(parts) > 3 or any((atom,) not in view.dims for atom in parts):
        return None
    edge = graph.add("unflatten", [view.edge], to=tuple(atom.size for atom in parts))
    change: dict[Dim, Dim] = {(atom,): (Atom(role, atom.size),) for atom, role in zip(parts, SPACE, strict=False)}
    return view._replace(edge=edge, dims=_put(view.dims, change))


def made_of(graph: Graph, view: View) -> tuple[int, ...]:
    """Return the space whose places became the time steps of a value; () if they were no places."""
    step, wanted = graph.steps[view.edge.node], graph.type(view.edge).time
    while step.inputs and not (step.op == operation("flatten")(role="space") and step.types[0].time == wanted):
        step = graph.steps[step.inputs[0].node]
    return tuple(int(length) for length in graph.type(step.inputs[0]).space) if step.inputs else ()  # type: ignore[arg-type]


def _placed(graph: Graph, view: View) -> View:
    """Return the view with steps as the places that they were made of, where a program cuts them into windows."""
    if sum(atom.role == TIME for dim in view.dims for atom in dim) < 3 or not view.whole(
        graph.type(view.edge), graph.batch
    ):
        return view
    space = made_of(graph, view)
    inside = [prod(space[place + 1 :]) for place in range(len(space))]
    if not space:
        return view
    dims = []
    for dim in view.dims:
        atoms: list[Atom] = []
        for atom in dim:
            if atom.role != TIME:
                atoms.append(atom)
                continue
            for role, length, one in zip(SPACE, space, inside, strict=False):
                low, high = max(atom.stride, one), min(atom.stride * atom.size, one * length)
                if high > low:
                    if high % low or low % one or low % atom.stride:
                        return view
                    atoms.append(Atom(role, high // low, low // one))
        dims.append(tidy(atoms))
    edge = graph.add("unflatten", [view.edge], to=space)
    return view._replace(edge=edge, dims=tuple(dims))


def patched(graph: Graph, view: View, axis: int) -> View:
    """Return the view after `patches` if an axis is the places of patches and all maps, in whatever order."""
    view = _placed(graph, view)
    lengths = roles_of(graph.type(view.edge), graph.batch)
    places = tuple(role for role in lengths if role in SPACE)
    parts = {atom.role: atom for atom in view.dims[axis] if atom.role in places}
    maps = [atom for atom in view.dims[axis] if atom.role == MAPS]
    if set(parts) != set(places) or len(view.dims[axis]) != len(places) + 1 or len(maps) != 1 or not places:
        return view
    canonical = (*maps, *(parts[role] for role in places))
    found = _patches(graph, view._replace(dims=_put(view.dims, {view.dims[axis]: canonical})), lengths, places)
    if found is None:
        return view
    strides = {atom: size(canonical[place + 1 :]) for place, atom in enumerate(canonical)}
    mixed = tidy(Atom(MAPS, atom.size, strides[atom]) for atom in view.dims[axis])
    axis %= len(view.dims)
    return found._replace(dims=(*found.dims[:axis], mixed, *found.dims[axis + 1 :]))


def _places_of_maps(graph: Graph, view: View, lengths: dict[str, int], places: tuple[str, ...]) -> View | None:
    """Maps become maps with space: `reshape`."""
    from netspec.ir.types import Type

    parts = sorted((atom for dim in view.dims for atom in dim if atom.role == MAPS), key=lambda atom: -atom.stride)
    axes = [axis for axis, dim in enumerate(view.dims) if dim and dim[0].role == MAPS]
    if places or not 2 <= len(parts) <= 4 or any(len(view.dims[axis]) != 1 for axis in axes):
        return None
    maps, *space = parts
    edge = graph.add("reshape", [view.edge], to=Type(maps.size, tuple(atom.size for atom in space)))
    change: dict[Dim, Dim] = {(maps,): (Atom(MAPS, maps.size),)}
    change |= {(atom,): (Atom(role, atom.size),) for atom, role in zip(space, SPACE, strict=False)}
    return view._replace(edge=edge, dims=_put(view.dims, change))


def _shuffled(graph: Graph, view: View, lengths: dict[str, int], places: tuple[str, ...]) -> View | None:
    for dim in view.dims:
        if [atom.role for atom in dim] == [MAPS, MAPS]:
            inner, outer = dim
            if inner.stride == 1 and outer.stride == inner.size and inner.size * outer.size == lengths[MAPS]:
                edge = graph.add("shuffle", [view.edge], groups=outer.size)
                return view._replace(edge=edge, dims=_put(view.dims, {dim: (Atom(MAPS, lengths[MAPS]),)}))
    return None


def _patches(graph: Graph, view: View, lengths: dict[str, int], places: tuple[str, ...]) -> View | None:
    """Each patch of space becomes maps."""
    inner = {dim[0].role: dim[0] for dim in view.dims if len(dim) == 1 and dim[0].role in places and dim[0].stride > 1}
    if set(inner) != set(places) or not places:
        return None
    patch = tuple(inner[role].stride for role in places)
    if any(inner[role].size * step != lengths[role] for role, step in zip(places, patch, strict=True)):
        return None
    wanted = tidy((Atom(MAPS, lengths[MAPS]), *(Atom(role, step) for role, step in zip(places, patch, strict=True))))
    if wanted not in view.dims:
        return None
    edge = graph.add("patches", [view.edge], size=patch)
    change: dict[Dim, Dim] = {wanted: (Atom(MAPS, size(wanted)),)}
    change |= {(inner[role],): (Atom(role, inner[role].size),) for role in places}
    return view._replace(edge=edge, dims=_put(view.dims, change))


def _unpatched(graph: Graph, view: View, lengths: dict[str, int], places: tuple[str, ...]) -> View | None:
    """Maps become patches of larger maps: rows behind each row, columns behind each column."""
    outer: dict[str, Dim] = {}
    steps = []
    for role in places:
        dim = next((dim for dim in view.dims if len(dim) == 2 and dim[0] == Atom(role, lengths[role])), None)
        if dim is None or dim[1].role != MAPS:
            return None
        outer[role] = dim
        steps.append(dim[1])
    if not steps:
        return None
    patch = [atom.size for atom in steps]
    inside = 1
    for atom in reversed(steps):
        if atom.stride != inside:
            return None
        inside *= atom.size
    rest = tidy((Atom(MAPS, lengths[MAPS] // inside, inside),))
    if rest and rest not in view.dims:
        return None
    edge = graph.add("unpatches", [view.edge], size=tuple(patch))
    change: dict[Dim, Dim] = {
        outer[role]: (Atom(role, lengths[role] * by),) for role, by in zip(places, patch, strict=True)
    }
    if rest:
        change[rest] = (Atom(MAPS, lengths[MAPS] // inside),)
    return view._replace(edge=edge, dims=_put(view.dims, change))
