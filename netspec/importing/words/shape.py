"""Reshapes, permutations and slices, which are no steps; joins, which are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from netspec.importing.arrange import Unsaid
from netspec.importing.recognise import Partial, Site, recognises
from netspec.importing.steps import Fixed
from netspec.importing.views import BATCH, MAPS, REPEATED, SPACE, TIME, Atom, Dim, NoView, View, size, tidy
from netspec.importing.words.attention import Products, Turned, joined
from netspec.importing.words.recurrent import LastState
from netspec.ir.types import Time, Type


def _viewed(site: Site, view: View, change: Callable[[View], View]) -> View:
    """Change the axes of a view; arrange the value first where the axes cannot be changed as they are."""
    try:
        return change(view)
    except NoView:
        return change(site.arranged(view))


@recognises(
    "view", "reshape", "_unsafe_view", "flatten", "unflatten", "view_as", "reshape_as", takes=(Products,), moves=True
)
def reshape(site: Site, view: View | Products, *_: Any, **__: Any) -> Any:
    if isinstance(view, Products):
        return view.reshaped(site.shape_of())
    return _viewed(site, view, lambda each: each.reshape(site.shape_of()))


@recognises("permute", "numpy_T", moves=True)
def permute(site: Site, view: View, order: Sequence[int] | None = None) -> View:
    count = len(view.dims)
    return view.permute([axis % count for axis in order] if order is not None else [*range(count)][::-1])


@recognises("transpose", "t", "swapaxes", moves=True)
def transpose(site: Site, view: View, one: int = 0, other: int = 1) -> View:
    order = [*range(len(view.dims))]
    one, other = one % len(order), other % len(order)
    order[one], order[other] = order[other], order[one]
    return view.permute(order)


@recognises("movedim", moves=True)
def movedim(site: Site, view: View, source: Any, target: Any) -> View:
    marks = [*range(len(view.dims))]
    sources, targets = ([each] if isinstance(each, int) else [*each] for each in (source, target))
    sources, targets = [each % len(marks) for each in sources], [each % len(marks) for each in targets]
    rest = iter(axis for axis in marks if axis not in sources)
    placed = dict(zip(targets, sources, strict=True))
    return view.permute([placed[axis] if axis in placed else next(rest) for axis in marks])


@recognises("unsqueeze", moves=True)
def unsqueeze(site: Site, view: View, axis: int) -> View:
    return view.insert(axis)


@recognises("squeeze", moves=True)
def squeeze(site: Site, view: View, axes: int | Sequence[int] | None = None) -> View:
    asked = range(len(view.dims)) if axes is None else [axes] if isinstance(axes, int) else axes
    return view.drop(axis for axis in asked if size(view.dims[axis]) == 1)


@recognises("expand", "expand_as", "broadcast_to", moves=True)
def expand(site: Site, view: View | Fixed, *_: Any, **__: Any) -> View | Fixed:
    if isinstance(view, Fixed):  # of the other value only its shape is read
        return Fixed(view.value.expand(site.shape_of()), view.sources)
    return view.expand(site.shape_of())


@recognises(
    "contiguous",
    "clone",
    "alias",
    "detach",
    "to",
    "_to_copy",
    "type_as",
    "lift_fresh_copy",
    "positive",
    "float",
    "_assert_tensor_metadata",
    "copy",
    "identity",
    moves=True,
    keeps=True,
)
def same(site: Site, view: View, *_: Any, **__: Any) -> View:
    value = site.node.meta.get("val")
    if value is not None and site.type(view).classes is None and not value.dtype.is_floating_point:
        raise Unsaid
    return view


@recognises("slice", "narrow", moves=True)
def slice_(
    site: Site, view: View, axis: int = 0, begin: int | None = None, end: int | None = None, step: int = 1
) -> View:
    length = view.shape[axis]
    first = 0 if begin is None else max(0, begin + length if begin < 0 else begin)
    last = length if end is None else min(length, end + length if end < 0 else end)
    if str(site.node.target).startswith("aten.narrow"):
        last = first + int(end or 0)
    return _viewed(site, view, lambda each: each.slice(axis % len(view.dims), first, last, step))


@recognises("select", takes=(LastState,), moves=True)
def select(site: Site, view: View | LastState, axis: int, index: int) -> View:
    if isinstance(view, LastState):
        found = view.views[index] if axis == 0 else None
        if found is None:
            raise Unsaid("the last state of a layer below")
        return found
    return view.select(axis, index)


@recognises("unbind", moves=True)
def unbind(site: Site, view: View, axis: int = 0) -> list[View]:
    return [view.select(axis, index) for index in range(view.shape[axis])]


@recognises("split", "chunk", "split_with_sizes", "tensor_split", moves=True)
def split(site: Site, view: View, sizes: int | Sequence[int], axis: int = 0) -> list[View]:
    axis %= len(view.dims)
    length = view.shape[axis]
    if isinstance(sizes, int):
        part = -(-length // sizes) if "chunk" in str(site.node.target) else sizes
        sizes = [min(part, length - begin) for begin in range(0, length, part)]
    begins = [sum(sizes[:number]) for number in range(len(sizes))]
    return [view.slice(axis, begin, begin + count) for begin, count in zip(begins, sizes, strict=True)]


@recognises("cat", "concat", "concatenate", takes=(Turned,))
def cat(site: Site, values: Sequence[Any], axis: int = 0) -> Any:
    part = values[0] if len(values) == 1 else joined(values)
    if part is not None:
        return part
    first = next((each for each in values if isinstance(each, View)), None)
    if first is None:  # numbers that the class works out alone, as a table of positions
        raise Unsaid("join")
    axis %= len(first.dims)
    merged = _patch_merging(site, values, axis)
    if merged is not None:
        return merged
    views = [_unrepeated(site, each, values) if isinstance(each, View) else each for each in values]
    model = next((each for each in views if isinstance(each, View) and each.dims[axis]), None)
    if model is None:
        raise Unsaid("stack")
    roles = {each.alone(axis) for each in views if isinstance(each, View) and each.dims[axis]}
    if len(roles) != 1:
        raise Unsaid("join")
    role = roles.pop()
    made = [learned(site, each, model) if isinstance(each, Fixed) else each for each in views]
    if role in (TIME, MAPS, SPACE[0]):
        rest = [(*each.dims[:axis], *each.dims[axis + 1 :]) for each in made]
        if any(each != rest[0] for each in rest):
            raise Unsaid("join")
        word = {TIME: "time", MAPS: "maps"}.get(role, "space")
        edge = site.graph.add("join", [each.edge for each in made], role=word)
        total = sum(size(each.dims[axis]) for each in made)
        return View(edge, (*made[0].dims[:axis], (Atom(role, total),), *made[0].dims[axis + 1 :]))
    raise Unsaid("join")


def _unrepeated(site: Site, view: View, values: Sequence[Any]) -> View:
    """Return a view arranged; one that is repeated at each step of the others becomes as many steps."""
    axis = next((axis for axis, dim in enumerate(view.dims) if dim and dim[0].role == REPEATED), None)
    if axis is None:
        return site.arranged(view)
    rest = site.arranged(view._replace(dims=(*view.dims[:axis], (), *view.dims[axis + 1 :])))
    others = [each for each in values if isinstance(each, View) and each is not view]
    if site.type(rest).time is not None or not all(
        [atom.role for atom in each.dims[axis]] == [TIME] for each in others
    ):
        raise Unsaid("join")
    edge = site.graph.add("expand", [rest.edge], time=view.shape[axis])
    return rest._replace(edge=edge, dims=(*rest.dims[:axis], (Atom(TIME, view.shape[axis]),), *rest.dims[axis + 1 :]))


@dataclass(frozen=True)
class Stacked(Partial):
    """Values side by side along an axis that none of them has: a sum over that axis adds them."""

    values: tuple[View, ...]
    axis: int

    def real(self, site: Site) -> View:
        found: View = cat(site, [each.insert(self.axis) for each in self.values], self.axis)
        return found


@recognises("stack")
def stack(site: Site, values: Sequence[View], axis: int = 0) -> View | Stacked:
    axis = axis % (len(values[0].dims) + 1)
    if all(isinstance(each, View) and TIME not in each.roles for each in values):
        return Stacked(tuple(values), axis)
    found: View = cat(site, [each.insert(axis) for each in values], axis)
    return found


def _patch_merging(site: Site, values: Sequence[Any], axis: int) -> View | None:
    """Return the places of patches side by side as maps, where values are every second place of one value."""
    if not all(isinstance(each, View) and each.edge == values[0].edge for each in values):
        return None
    dims = values[0].dims
    if any(each.dims != dims for each in values) or len(dims[axis]) != 1 or dims[axis][0].role != MAPS:
        return None
    strided = {
        dim[0].role: dim[0].stride for dim in dims if len(dim) == 1 and dim[0].role in SPACE and dim[0].stride > 1
    }
    if not strided:
        return None
    places = [tuple(dict(each.begins).get(role, 0) for role in strided) for each in values]
    steps = [strided[role] for role in strided]
    roles = [*strided]
    for order in ([0, 1], [1, 0]) if len(roles) == 2 else ([0],):
        wanted = []
        for number in range(len(values)):
            digits, rest = [0] * len(order), number
            for which in reversed(order):
                rest, digits[which] = divmod(rest, steps[which])
            wanted.append(tuple(digits))
        if places == wanted:
            maps = dims[axis][0]
            inner = tidy((*(Atom(roles[which], steps[which]) for which in order), maps))
            return View(values[0].edge, (*dims[:axis], inner, *dims[axis + 1 :]))
    return None


def learned(site: Site, fixed: Fixed, model: View, **options: Any) -> View:
    """Return an array of the module as a value that lies as a view does: an axis of it has that view's role."""
    shape = tuple(fixed.value.shape)
    shape = (1,) * (len(model.dims) - len(shape)) + shape
    array = fixed.value.reshape(shape)
    dims: list[Dim] = []
    sizes: dict[str, int] = {}
    kept = []
    for axis, length in enumerate(shape):
        role = model.alone(axis) if model.dims[axis] else ""
        if role == BATCH or (length > 1 and not model.dims[axis] and BATCH not in model.roles):
            array = array.narrow(axis, 0, 1)
            dims.append(model.dims[axis])
        elif length == 1:
            dims.append(())
        elif not role:
            raise Unsaid("learned")
        else:
            dims.append((Atom(role, length),))
            sizes[role] = length
            kept.append((role, axis))
    order = [role for role in (TIME, MAPS, *SPACE) if role in sizes]
    value = array.squeeze().reshape([size(dims[axis]) for _, axis in kept]) if kept else array.reshape(1)
    value = value.permute([[role for role, _ in kept].index(role) for role in order]) if kept else value
    if MAPS not in sizes:
        order_maps = 1 if TIME in sizes else 0
        value = value.unsqueeze(order_maps) if kept else value
    kind = Type(
        sizes.get(MAPS, 1),
        tuple(sizes[role] for role in SPACE if role in sizes),
        Time(sizes[TIME]) if TIME in sizes else None,
    )
    if not fixed.sources:
        options = {**options, "frozen": True}
    edge = site.graph.add("learned", (), {"weight": Fixed(value.contiguous(), fixed.sources)}, value=kind, **options)
    return View(edge, tuple(dims))
