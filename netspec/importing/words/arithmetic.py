"""Sums, products and other arithmetic of two values, of a value and a number, and of a value and an array."""

from __future__ import annotations

from typing import Any

from netspec.importing.arrange import Unsaid
from netspec.importing.recognise import Site, recognises
from netspec.importing.steps import Fixed
from netspec.importing.views import BATCH, MAPS, SPACE, TIME, Dim, View
from netspec.importing.words.activations import Normal
from netspec.importing.words.attention import Normed, Products, Scaled
from netspec.importing.words.shape import learned
from netspec.ops.registry import operation

SIGNS = {"+": "add", "-": "subtract", "*": "multiply", "/": "divide", "^": "power"}


@recognises("add", takes=(Products, Normal))
def add(site: Site, one: Any, other: Any, *, alpha: float = 1) -> Any:
    if alpha != 1:
        other = _combined(site, "*", other, alpha)
    return _combined(site, "+", one, other)


@recognises("sub", takes=(Products,))
def sub(site: Site, one: Any, other: Any, *, alpha: float = 1) -> Any:
    if alpha != 1:
        other = _combined(site, "*", other, alpha)
    return _combined(site, "-", one, other)


@recognises("rsub")
def rsub(site: Site, one: Any, other: Any, *_: Any) -> Any:
    return _combined(site, "-", other, one)


@recognises("mul", "multiply", takes=(Products, Normed, Normal))
def mul(site: Site, one: Any, other: Any) -> Any:
    return _combined(site, "*", one, other)


@recognises("div", "true_divide", takes=(Products,))
def div(site: Site, one: Any, other: Any, **named: Any) -> Any:
    if named.get("rounding_mode"):
        raise Unsaid("whole division")
    return _combined(site, "/", one, other)


@recognises("pow")
def power(site: Site, one: Any, other: Any) -> Any:
    if other == 2:
        return site.each("square", one)
    if other == 0.5:
        return site.each("sqrt", one)
    if other == -0.5:
        return site.each("number", site.each("sqrt", one), sign="/", value=1.0, first=True)
    return _combined(site, "^", one, other)


@recognises("reciprocal")
def reciprocal(site: Site, view: View) -> View:
    return site.each("number", view, sign="/", value=1.0, first=True)


@recognises("maximum")
def maximum(site: Site, one: View, other: View) -> View:
    return pair(site, "maximum", one, other)


@recognises("minimum")
def minimum(site: Site, one: View, other: View) -> View:
    return pair(site, "minimum", one, other)


def _number(value: Any) -> float | None:
    if isinstance(value, bool | int | float):
        return float(value)
    if (
        isinstance(value, Fixed)
        and not value.sources
        and value.value.numel()
        and bool((value.value == value.value.flatten()[0]).all())
    ):
        return float(value.value.flatten()[0])
    return None


def _combined(site: Site, sign: str, one: Any, other: Any) -> Any:
    for products, number in ((one, other), (other, one)):
        if isinstance(products, Normed) and isinstance(number, Fixed):
            return products.scaled(number)
        if isinstance(products, Products):
            return products.combined(sign, number)
        if isinstance(products, Normal):
            return products.combined(site, sign, number)
    for view, given, first in ((one, other, False), (other, one, True)):
        number = _number(given)
        if isinstance(view, View) and number is not None:
            if (sign, number) in (("*", 1.0), ("+", 0.0)) or (not first and (sign, number) in (("-", 0.0), ("/", 1.0))):
                return view
            if sign in "+*":
                first = sign == "*"
            if sign in "*/" and not (first and sign == "/") and not view.whole(site.type(view), site.batch):
                return Scaled(view, number if sign == "*" else 1 / number)
            return site.each("number", view, sign=sign, value=number, first=first)
        if isinstance(view, View) and isinstance(given, Fixed):
            return _with_array(site, sign, view, given, first)
    if sign == "*":
        found = _normed(site, one, other) or _normed(site, other, one)
        if found is not None:
            return found
    return pair(site, SIGNS[sign], one, other)


def _normed(site: Site, value: View, factor: View) -> View | None:
    """Return an RMS norm if that is what a value times one over the root of its mean square is."""
    eps = 0.0
    chain = [operation("number")(sign="/", value=1.0, first=True), operation("sqrt")()]
    step = site.graph.steps[factor.edge.node]
    for wanted in chain:
        if step.op != wanted:
            return None
        step = site.graph.steps[step.inputs[0].node]
    added = step.op.__dict__.get("value", 0.0)
    if step.op == operation("number")(sign="+", value=added):
        eps = added
        step = site.graph.steps[step.inputs[0].node]
    if step.op != operation("mean")(role="maps"):
        return None
    step = site.graph.steps[step.inputs[0].node]
    if step.op != operation("square")() or step.inputs[0] != value.edge:
        return None
    role = "maps" if site.type(value).space else None
    facts = {"normed": (value.edge, eps, role)}
    return value._replace(edge=site.graph.add("rmsnorm", [value.edge], facts=facts, role=role, eps=eps, affine=False))


def pair(site: Site, word: str, one: View, other: View) -> View:
    """Combine two values whose axes lie alike."""
    one, other = _alike(site, one, other)
    width = max(len(one.dims), len(other.dims))
    padded = [(*[()] * (width - len(each.dims)), *each.dims) for each in (one, other)]
    dims: list[Dim] = []
    for left, right in zip(*padded, strict=True):
        if left and right and left != right:
            raise Unsaid(word)
        dims.append(left or right)
    edges = [one.edge, other.edge]
    maps = [site.graph.type(edge).maps for edge in edges]
    if maps[0] != maps[1] and 1 in maps:
        narrow = maps.index(1)
        edges[narrow] = site.graph.add("expand", [edges[narrow]], maps=maps[1 - narrow])
    return View(site.graph.add(word, edges), tuple(dims))


def _alike(site: Site, one: View, other: View) -> tuple[View, View]:
    """Return two views of whole values whose axes lie alike, arranged where they do not."""
    whole = [each if each.whole(site.type(each), site.batch) else site.arranged(each) for each in (one, other)]
    width = max(len(each.dims) for each in whole)
    padded = [(*[()] * (width - len(each.dims)), *each.dims) for each in whole]
    fits = all(not left or not right or left == right for left, right in zip(*padded, strict=True))
    if fits and not ({role for each in whole for role in each.roles} >= {TIME, SPACE[0]}):
        return whole[0], whole[1]
    return site.arranged(whole[0]), site.arranged(whole[1])


def _with_array(site: Site, sign: str, view: View, fixed: Fixed, first: bool) -> View:
    """Combine a value with an array of the module: a gain, positions, or a learned value."""
    if fixed.value.dim() == len(view.dims) and view.alone(0) == BATCH and (fixed.value == fixed.value[:1]).all():
        fixed = Fixed(fixed.value[:1], fixed.sources)  # the same for every example
    shape = (1,) * (len(view.dims) - fixed.value.dim()) + tuple(fixed.value.shape)
    wide = [axis for axis, length in enumerate(shape) if length > 1]
    if any(len(view.dims[axis]) > 1 for axis in wide) or not view.whole(site.type(view), site.batch):
        view = site.arranged(view)
    value = site.type(view)
    roles = [view.alone(axis) for axis in wide]
    if sign == "*" and fixed.sources and roles == [MAPS]:
        return _gain(site, view, fixed, value)
    if sign == "+" and set(roles) == {TIME, MAPS} and not value.space and fixed.sources:
        table = fixed.value.reshape(shape)
        for axis in range(len(shape)):
            if axis not in wide:
                table = table.select(axis, 0).unsqueeze(axis)
        table = table.squeeze() if roles[0] == TIME else table.squeeze().t()
        edge = site.graph.add("positions", [view.edge], {"weight": Fixed(table, fixed.sources)})
        return view._replace(edge=site.graph.add("add", [view.edge, edge]))
    beside = learned(site, fixed, view)
    return (
        pair(site, SIGNS[sign], beside, view) if first and sign not in "+*" else pair(site, SIGNS[sign], view, beside)
    )


def _gain(site: Site, view: View, fixed: Fixed, value: Any) -> View:
    """A trained number for each map; behind a norm without one, it is the norm's own."""
    weight = fixed.value.flatten()
    normed = site.graph.steps[view.edge.node].facts.get("normed")
    if normed is not None:
        source, eps, role = normed
        edge = site.graph.add("rmsnorm", [source], {"weight": Fixed(weight, fixed.sources)}, role=role, eps=eps)
        return view._replace(edge=edge)
    ones = (1,) * len(value.space)
    role = "maps" if value.space else None
    array = Fixed(weight.reshape(-1, *ones), fixed.sources)
    return view._replace(edge=site.graph.add("gain", [view.edge], {"weight": array}, role=role))
