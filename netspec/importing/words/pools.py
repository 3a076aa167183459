"""Pools, means, and other scales of maps."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce
from typing import Any

from netspec.importing.arrange import Unsaid
from netspec.importing.recognise import Partial, Site, recognises
from netspec.importing.views import BATCH, MAPS, SPACE, TIME, Atom, View, roles_of, squeezed, tidy
from netspec.importing.words.arithmetic import pair
from netspec.importing.words.shape import Stacked
from netspec.ops.registry import operation


def _of_space(site: Site, view: View) -> View:
    """Return the view of a value with maps and space in their order."""
    found = site.arranged(view)
    value = site.type(found)
    wanted = [role for role, length in roles_of(value, site.batch).items() if role != BATCH and length > 1]
    if [role for role in found.roles if role != BATCH] != wanted or value.time is not None or not value.space:
        raise Unsaid("space")
    return found


def _resized(site: Site, view: View, edge: Any) -> View:
    space = site.type(View(edge, ())).space
    count = len(space)
    places = (tidy((Atom(role, int(length)),)) for role, length in zip(SPACE, space, strict=False))  # type: ignore[arg-type]
    return View(edge, (*view.dims[:-count], *places))


def _pool(site: Site, view: View, word: str, kernel: Any, stride: Any, pad: Any, **options: Any) -> View:
    found = _of_space(site, view)
    size, step = squeezed(kernel), None if stride is None or stride == [] else squeezed(stride)
    step = None if step == size else step
    size = size if isinstance(size, tuple) else (size,) * len(site.type(found).space)
    edge = site.graph.add(word, [found.edge], kernel=size, stride=step, pad=squeezed(pad), **options)
    return _resized(site, found, edge)


@dataclass(frozen=True)
class Bottomless(Partial):
    """Maps in a frame of minus infinity, which is the greatest value of no window; `sides` are (before, behind)."""

    inner: View
    sides: tuple[tuple[int, ...], ...]


@recognises("max_pool1d", "max_pool2d", "max_pool3d", takes=(Bottomless,))
def maxpool(
    site: Site,
    view: View | Bottomless,
    kernel: Any,
    stride: Any = None,
    pad: Any = 0,
    dilation: Any = 1,
    ceil: bool = False,
) -> View:
    if isinstance(view, Bottomless):
        if ceil or squeezed(pad) != 0:
            raise Unsaid("maxpool of padded maps")
        before = tuple(first for first, _ in view.sides)
        # windows begin where they did; the last one reads past the end if there are more behind than before
        return _pool(site, view.inner, "maxpool", kernel, stride, before, dilation=squeezed(dilation),
                     ceil=any(last > first for first, last in view.sides))  # fmt: skip
    return _pool(site, view, "maxpool", kernel, stride, pad, dilation=squeezed(dilation), ceil=ceil)


@recognises("avg_pool1d", "avg_pool2d", "avg_pool3d")
def avgpool(
    site: Site,
    view: View,
    kernel: Any,
    stride: Any = None,
    pad: Any = 0,
    ceil: bool = False,
    count_pad: bool = True,
    divisor: Any = None,
) -> View:
    if divisor is not None:
        raise Unsaid("avgpool")
    return _pool(site, view, "avgpool", kernel, stride, pad, ceil=ceil, count_pad=count_pad)


@recognises("adaptive_avg_pool1d", "adaptive_avg_pool2d", "adaptive_avg_pool3d")
def adaptive_mean(site: Site, view: View, to: Any) -> View:
    return _adaptive(site, view, "avgpool", "mean", to)


@recognises("adaptive_max_pool1d", "adaptive_max_pool2d", "adaptive_max_pool3d")
def adaptive_max(site: Site, view: View, to: Any) -> View:
    return _adaptive(site, view, "maxpool", "max", to)


def _adaptive(site: Site, view: View, word: str, whole: str, to: Any) -> View:
    sizes = (to,) if isinstance(to, int) else tuple(to)
    if all(size == 1 for size in sizes):
        return reduced(site, view, whole, [*range(-len(sizes), 0)], True)
    found = _of_space(site, view)
    space = site.type(found).space
    if tuple(sizes) == tuple(space):
        return found
    return _resized(site, found, site.graph.add(word, [found.edge], to=squeezed(sizes)))


@recognises("mean")
def mean(site: Site, view: View, axes: Sequence[int] | None = None, keep: bool = False, **_: Any) -> View:
    return reduced(
        site,
        view,
        "mean",
        [*range(len(view.dims))] if axes is None else [axes] if isinstance(axes, int) else axes,
        keep,
    )


@recognises("sum", takes=(Stacked,))
def sum_(site: Site, view: View | Stacked, axes: Sequence[int] | None = None, keep: bool = False, **_: Any) -> View:
    if isinstance(view, Stacked):
        if keep or axes is None or [axis % (len(view.values[0].dims) + 1) for axis in axes] != [view.axis]:
            return reduced(site, view.real(site), "sum", axes or (), keep)
        return reduce(lambda one, other: pair(site, "add", one, other), view.values)
    return reduced(site, view, "sum", [*range(len(view.dims))] if axes is None else axes, keep)


@recognises("amax")
def amax(site: Site, view: View, axes: Sequence[int] = (), keep: bool = False) -> View:
    return reduced(site, view, "max", axes, keep)


@recognises("max")
def max_(site: Site, view: View, axis: Any = None, keep: bool = False) -> Any:
    if isinstance(axis, View):
        return pair(site, "maximum", view, axis)
    if axis is None:
        raise Unsaid("max")
    return [reduced(site, view, "max", [axis], keep)]


def reduced(site: Site, view: View, word: str, axes: Sequence[int], keep: bool) -> View:
    """Add the reductions of whole roles."""
    gone = {axis % len(view.dims) for axis in axes}
    value = site.type(view)
    lengths = roles_of(value, site.batch)
    asked = {atom.role for axis in gone for atom in view.dims[axis]}
    inside = {atom.role for axis, dim in enumerate(view.dims) if axis not in gone for atom in dim}
    if not view.whole(value, site.batch) or asked & inside or BATCH in asked:
        view = site.arranged(view)
        asked = {atom.role for axis in gone for atom in view.dims[axis]}
        lengths = roles_of(site.type(view), site.batch)
    edge = view.edge
    places = {role for role in SPACE if lengths.get(role, 1) > 1}
    if asked & places:
        if not places <= asked:
            raise Unsaid("mean over one axis of space")
        edge = site.graph.add(word, [edge], role="space")
    if TIME in asked:
        edge = site.graph.add(word, [edge], role="time")
    if MAPS in asked:
        edge = site.graph.add(word, [edge], role="maps")
    if BATCH in asked:
        raise Unsaid("mean over examples")
    # a space of one place goes, too
    if not places and not asked and site.graph.type(edge).space:
        edge = site.graph.add(word, [edge], role="space")
    dims = [() if axis in gone else dim for axis, dim in enumerate(view.dims)]
    return View(edge, tuple(dim for axis, dim in enumerate(dims) if keep or axis not in gone))


@recognises("upsample_nearest1d", "upsample_nearest2d", "upsample_nearest3d")
def nearest(site: Site, view: View, to: Any = None, *_: Any, **__: Any) -> View:
    return _upsampled(site, view, mode="nearest")


@recognises("upsample_linear1d", "upsample_bilinear2d", "upsample_trilinear3d")
def bilinear(site: Site, view: View, to: Any = None, corners: bool = False, *_: Any, **__: Any) -> View:
    return _upsampled(site, view, mode="linear", corners=bool(corners))


def _upsampled(site: Site, view: View, **options: Any) -> View:
    to = site.shape_of()[2:]
    if not site.type(view).space and not any(view.dims[2:]):  # what has one place is the same everywhere
        return _resized(site, view, site.graph.add("expand", [view.edge], space=to))
    found = _of_space(site, view)
    space = tuple(int(length) for length in site.type(found).space)  # type: ignore[arg-type]
    if to == space:
        return found
    if all(new % old == 0 for new, old in zip(to, space, strict=True)):
        options["factor"] = squeezed(tuple(new // old for new, old in zip(to, space, strict=True)))
    else:
        options["to"] = to
    return _resized(site, found, site.graph.add("upsample", [found.edge], **options))


@recognises("pixel_shuffle")
def pixel_shuffle(site: Site, view: View, by: int) -> View:
    found = _of_space(site, view)
    edge = site.graph.add("unpatches", [found.edge], size=(by, by))
    return site.native(edge)


@recognises("pixel_unshuffle")
def pixel_unshuffle(site: Site, view: View, by: int) -> View:
    found = _of_space(site, view)
    return site.native(site.graph.add("patches", [found.edge], size=(by, by)))


@recognises("channel_shuffle")
def channel_shuffle(site: Site, view: View, groups: int) -> View:
    found = _of_space(site, view)
    return found._replace(edge=site.graph.add("shuffle", [found.edge], groups=groups))


@recognises("roll")
def roll(site: Site, view: View, by: Sequence[int], axes: Sequence[int]) -> View:
    found = site.arranged(view)
    roles = {found.alone(axis): step for axis, step in zip(axes, by, strict=True)}
    lengths = roles_of(site.type(found), site.batch)
    if set(roles) == {TIME}:
        return found._replace(edge=site.graph.add("roll", [found.edge], by=roles[TIME] % lengths[TIME], role="time"))
    places = [role for role in SPACE if role in lengths]
    if not set(roles) <= set(places) or MAPS in roles:
        raise Unsaid("roll")
    steps = tuple(roles.get(role, 0) % lengths[role] for role in places)
    before = site.graph.steps[found.edge.node]
    back = squeezed(tuple(-step % lengths[role] for step, role in zip(steps, places, strict=True)))
    if before.op == operation("roll")(by=back):  # what was turned is turned back
        return found._replace(edge=before.inputs[0])
    return found._replace(edge=site.graph.add("roll", [found.edge], by=squeezed(steps)))


@recognises("pad", "constant_pad_nd", "reflection_pad1d", "reflection_pad2d", "replication_pad2d")
def pad(site: Site, view: View, sides: Sequence[int], mode: Any = "constant", value: Any = None) -> View | Bottomless:
    name = str(site.node.target)
    if not isinstance(mode, str):
        mode, value = "constant", mode
    mode = "reflect" if "reflection" in name else "replicate" if "replication" in name else mode
    if not any(sides):
        return view
    found = _of_space(site, view)
    space = site.type(found).space
    pairs = [tuple(sides[at : at + 2]) for at in range(0, len(sides), 2)]
    pairs = [*pairs, *[(0, 0)] * (len(space) - len(pairs))][: len(space)][::-1]
    if len(sides) > 2 * len(space):
        raise Unsaid("pad")
    if value == -math.inf and all(side >= 0 for each in pairs for side in each):
        return Bottomless(found, tuple(pairs))
    options: dict[str, Any] = {"mode": {"replicate": "edge", "circular": "wrap"}.get(mode, mode)}
    if value:
        options["value"] = float(value)
    if all(a == b and a >= 0 for a, b in pairs):
        options["size"] = squeezed(tuple(a for a, _ in pairs))
    elif all(a == 0 and b >= 0 for a, b in pairs):
        options["to"] = tuple(int(length) + b for length, (_, b) in zip(space, pairs, strict=True))  # type: ignore[arg-type]
    elif all(a <= 0 and b <= 0 for a, b in pairs):
        to = tuple(int(length) + a + b for length, (a, b) in zip(space, pairs, strict=True))  # type: ignore[arg-type]
        return _resized(site, found, site.graph.add("crop", [found.edge], to=to, at=tuple(-a for a, _ in pairs)))
    elif mode == "constant" and all(b - a >= 0 for a, b in pairs) and all(a >= 0 for a, _ in pairs):
        # so many rows on both sides, then the rest behind
        inner = site.graph.add("pad", [found.edge], size=squeezed(tuple(a for a, _ in pairs)), **options)
        options["to"] = tuple(int(length) + a + b for length, (a, b) in zip(space, pairs, strict=True))  # type: ignore[arg-type]
        return _resized(site, found, site.graph.add("pad", [inner], **options))
    else:
        raise Unsaid("pad")
    return _resized(site, found, site.graph.add("pad", [found.edge], **options))
