"""Activation functions, and what else changes each value alone."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from netspec.importing.arrange import Unsaid
from netspec.importing.recognise import Partial, Site, recognises
from netspec.importing.views import MAPS, SPACE, TIME, View
from netspec.importing.words.attention import Products
from netspec.ops.registry import operation

# the operation of ATen -> the word of the language
SAME = {
    "relu": "relu", "sigmoid": "sigmoid",  "relu6": "relu6", "silu": "silu", "mish": "mish",
    "hardsigmoid": "hardsigmoid", "hardswish": "hardswish", "exp": "exp", "log": "log", "sqrt": "sqrt",
    "square": "square", "abs": "abs", "sin": "sin", "cos": "cos", "neg": "negative",
}  # fmt: skip


def _each(word: str) -> Any:
    return lambda site, view: site.each(word, view)


for _name, _word in SAME.items():
    recognises(_name)(_each(_word))


@recognises("gelu")
def gelu(site: Site, view: View, approximate: str = "none") -> View:
    return site.each("gelu", view, approximate=approximate)


@dataclass(frozen=True)
class Normal(Partial):
    """The error function of x over the root of 2, times a number and plus another: on its way to GELU."""

    x: View
    factor: float = 1.0
    added: float = 0.0

    def combined(self, site: Site, sign: str, other: Any) -> Normal | View:
        if isinstance(other, int | float) and sign in "+*":
            by, more = (other, 0.0) if sign == "*" else (1.0, other)
            return Normal(self.x, self.factor * by, self.added * by + more)
        part = 1.0
        if isinstance(other, View) and other.edge != self.x.edge:
            other, part = _times(site, other)
        if sign != "*" or other != self.x or (self.factor * part, self.added * part) != (0.5, 0.5):
            raise Unsaid("erf")
        return site.each("gelu", self.x)


@recognises("erf")
def erf(site: Site, view: View) -> Normal:
    x, part = _times(site, view)
    if not math.isclose(part, math.sqrt(0.5), rel_tol=1e-6):
        raise Unsaid("erf")
    return Normal(x)


def _times(site: Site, view: View) -> tuple[View, float]:
    """Return what a value is a multiple of, and by what number; raise Unsaid if it is none."""
    step = site.graph.steps[view.edge.node]
    number = step.op.__dict__.get("value", 1.0)
    for sign, part in (("*", number), ("/", 1 / (number or math.inf))):
        if step.op == operation("number")(sign=sign, value=number, first=sign == "*"):
            return view._replace(edge=step.inputs[0]), part
    raise Unsaid("erf")


@recognises("leaky_relu")
def leaky(site: Site, view: View, slope: float = 0.01) -> View:
    return site.each("leaky", view, slope=float(slope))


@recognises("elu")
def elu(site: Site, view: View, alpha: float = 1.0, scale: float = 1.0, input_scale: float = 1.0) -> View:
    if (alpha, scale, input_scale) != (1, 1, 1):
        raise Unsaid("elu")
    return site.each("elu", view)


@recognises("softplus")
def softplus(site: Site, view: View, beta: float = 1.0, threshold: float = 20.0) -> View:
    if beta != 1:
        raise Unsaid("softplus")
    return site.each("softplus", view)


@recognises("hardtanh", "clamp", "clip")
def clamp(site: Site, view: View, least: float | None = None, most: float | None = None, **named: Any) -> View:
    if str(site.node.target).startswith("aten.hardtanh"):
        least, most = (-1.0 if least is None else least), (1.0 if most is None else most)
    least, most = named.get("min", least), named.get("max", most)
    if (least, most) == (0, 6):
        return site.each("relu6", view)
    bounds = [None if bound is None else float(bound) for bound in (least, most)]
    return site.each("clamp", view, min=bounds[0], max=bounds[1])


@recognises("clamp_min")
def clamp_min(site: Site, view: View, least: float) -> View:
    return site.each("relu", view) if least == 0 else site.each("clamp", view, min=float(least))


@recognises("clamp_max")
def clamp_max(site: Site, view: View, most: float) -> View:
    return site.each("clamp", view, max=float(most))


@recognises("dropout", keeps=True)
def dropout(site: Site, view: View, p: float, train: bool = False) -> View:
    return view if p == 0 else site.each("dropout", view, p=float(p))


@recognises("feature_dropout")
def feature_dropout(site: Site, view: View, p: float, train: bool = False) -> View:
    return view if p == 0 else site.each("dropout", view, p=float(p), role="maps")


@recognises("softmax", "_softmax", "_safe_softmax", takes=(Products,))
def softmax(site: Site, view: View | Products, axis: int, *_: Any) -> Any:
    if isinstance(view, Products):
        return view.softmax(axis, len(site.shape_of()))
    found = site.arranged(view)
    role = found.alone(axis % len(found.dims))
    value = site.type(found)
    if role in SPACE and len(value.space) > 1:
        raise Unsaid("softmax")
    word = {MAPS: "maps" if value.space else None, TIME: "time"}.get(role, "space")
    return found._replace(edge=site.graph.add("softmax", [found.edge], role=word))
