"""Convolutions: `filters` over space or over time."""

from __future__ import annotations

from math import prod
from typing import Any

from netspec.importing.arrange import Unsaid
from netspec.importing.recognise import Site, recognises
from netspec.importing.steps import Fixed
from netspec.importing.views import BATCH, MAPS, SPACE, TIME, Atom, View, squeezed, tidy
from netspec.importing.words.attention import Mixed, projected
from netspec.importing.words.dense import weighted


def _sizes(given: Any, axes: int) -> tuple[int, ...]:
    found = (given,) if isinstance(given, int) else tuple(given)
    return found * axes if len(found) == 1 else found


@recognises("conv1d", "conv2d", "conv3d", takes=(Mixed,))
def conv(
    site: Site,
    view: View | Mixed,
    weight: Fixed,
    bias: Fixed | None = None,
    stride: Any = 1,
    padding: Any = 0,
    dilation: Any = 1,
    groups: int = 1,
    turned: bool = False,
) -> View:
    kernel = tuple(weight.value.shape[2:])
    if isinstance(view, Mixed):
        last = [0, *range(2, len(kernel) + 2), 1]
        arrays = {"weight": Fixed(weight.value.flatten(1), weight.sources)} | ({} if bias is None else {"bias": bias})
        single = prod(kernel) == groups == 1 and not turned
        out = projected(site, view.through(view.view.permute(last)), arrays) if single else None
        if out is not None:
            return out.permute([0, len(last) - 1, *range(1, len(last) - 1)])
        view = view.real(site)
    found = site.arranged(view)
    axes = len(kernel)
    if len(found.dims) != axes + 2 or found.alone(0) not in (BATCH, "") or found.alone(1) not in (MAPS, ""):
        raise Unsaid("filters")
    value = site.type(found)
    over = [found.alone(axis) for axis in range(2, axes + 2)]
    count = weight.value.shape[1] * groups if turned else weight.value.shape[0]
    if not any(over) and not value.space and value.time is None and not turned:
        # a map of one place is no map: only the middle of the kernel reads it
        if any(size != 1 for size in kernel) or groups != 1:
            raise Unsaid("filters of one place")
        flat = found._replace(dims=found.dims[:2])
        dense = weighted(site, flat, Fixed(weight.value.flatten(1), weight.sources), bias)
        return dense._replace(dims=(*dense.dims, *found.dims[2:]))
    sides = {"stride": _sizes(stride, axes), "dilation": _sizes(dilation, axes)}
    pad: Any = padding if isinstance(padding, str) else _sizes(padding, axes)
    if pad == "valid":
        pad = (0,) * axes
    options: dict[str, Any] = {name: squeezed(each) for name, each in sides.items()}
    options |= {"pad": pad if isinstance(pad, str) else squeezed(pad), "groups": groups, "bias": bias is not None}
    if turned:
        options["transposed"] = True
    if over == [TIME] and not value.space:
        options["along"] = "time"
    elif over != [*SPACE[:axes]][: len(over)] and any(over):
        if [role for role in over if role] != [
            role for role in SPACE[: len(value.space)] if dict(zip(SPACE, value.space, strict=False))[role] != 1
        ]:
            raise Unsaid("filters")
    if value.time is not None and "along" not in options:
        raise Unsaid("filters")
    arrays = {"weight": weight} | ({} if bias is None else {"bias": bias})
    usual = {"stride": 1, "dilation": 1, "pad": 0, "groups": 1, "bias": bias is not None}
    facts = {"dense": True} if prod(kernel) == 1 and options == usual else {}
    edge = site.graph.add("filters", [found.edge], arrays, facts, count=count, kernel=kernel, **options)
    made = site.type(View(edge, ()))
    lengths: Any = made.space if made.time is None or "along" not in options else (made.time.length,)
    roles = [TIME] if "along" in options else SPACE
    places = (tidy((Atom(role, int(length)),)) for role, length in zip(roles, lengths, strict=False))
    return View(edge, (found.dims[0], tidy((Atom(MAPS, count),)), *places))


@recognises("conv_transpose1d", "conv_transpose2d", "conv_transpose3d")
def transposed(
    site: Site,
    view: View,
    weight: Fixed,
    bias: Fixed | None = None,
    stride: Any = 1,
    padding: Any = 0,
    output_padding: Any = 0,
    groups: int = 1,
    dilation: Any = 1,
) -> View:
    return convolution(site, view, weight, bias, stride, padding, dilation, True, output_padding, groups)


@recognises("convolution")
def convolution(
    site: Site,
    view: View,
    weight: Fixed,
    bias: Fixed | None,
    stride: Any,
    padding: Any,
    dilation: Any,
    turned: bool,
    output_padding: Any,
    groups: int,
) -> View:
    if any(_sizes(output_padding, 1)):
        raise Unsaid("filters (transposed = true) with rows added behind")
    return conv(site, view, weight, bias, stride, padding, dilation, groups, turned)
