"""Steps that are legal on a value, drawn with legal options, each with the type it makes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

from hypothesis import strategies as st
from strategy_rules import Env, Invalid, Shape, Shapes, Step, require

Draw = Any
STARTS = ("zeros", "learned", "carried")
SAME = "sigmoid tanh relu relu6 leaky(0.2) elu gelu silu mish softplus hardswish identity square abs stop".split()


def same(text: str, values: bool = True) -> Step:
    def rule(shapes: Shapes, env: Env) -> Shapes:
        require(len(shapes) == 1 and (not values or shapes[0].classes is None))
        return shapes

    return Step(text, rule)


def of_one(text: str, make: Any) -> Step:
    """A step on one value of numbers."""

    def rule(shapes: Shapes, env: Env) -> Shapes:
        require(len(shapes) == 1 and shapes[0].classes is None)
        found = make(shapes[0], env)
        return found if isinstance(found, list) else [found]

    return Step(text, rule)


def steps_for(draw: Draw, shape: Shape, env: Env, causal: bool) -> Iterator[Step]:
    """A few candidates of every kind that fits; `causal`: none that looks at later time steps."""
    if shape.classes is not None:
        yield from _of_classes(draw)
        return
    yield same(draw(st.sampled_from(SAME)))
    yield _perceptrons(draw, env)
    yield from _norms(draw, shape)
    yield from _arrangements(draw, shape)
    if shape.space:
        yield from _on_space(draw, shape, env, causal)
    if shape.time is not None:
        yield from _on_time(draw, shape, causal)


def _of_classes(draw: Draw) -> Iterator[Step]:
    width = draw(st.integers(1, 4))

    def embed(shapes: Shapes, env: Env) -> Shapes:
        require(shapes[0].classes is not None)
        return [shapes[0]._replace(maps=width, classes=None)]

    def onehot(shapes: Shapes, env: Env) -> Shapes:
        require(shapes[0].classes is not None)
        return [shapes[0]._replace(maps=shapes[0].classes or 1, classes=None)]

    yield Step(f"embed({width})", embed)
    yield Step("onehot", onehot)


def _count(draw: Draw, env: Env) -> tuple[str, Any]:
    """How many: a number, or a formula of the body's size."""
    if env.params and draw(st.booleans()):
        text = draw(st.sampled_from(("K", "2*K", "K + 1")))
        return text, lambda env: {"K": env.params["K"], "2*K": 2 * env.params["K"], "K + 1": env.params["K"] + 1}[text]
    number = draw(st.sampled_from((1, 2, 3, 4, 6)))
    return str(number), lambda env: number


def _perceptrons(draw: Draw, env: Env) -> Step:
    options = draw(st.sampled_from(("", "", " (bias = false)", " (init = he)", " (frozen = true)")))
    if draw(st.integers(0, 5)) == 0:
        return of_one(f"2 x 3 perceptrons{options}", lambda s, env: s._replace(maps=1, space=(2, 3)))
    text, count = _count(draw, env)
    return of_one(f"{text} perceptrons{options}", lambda s, env: s._replace(maps=count(env), space=()))


def _norms(draw: Draw, shape: Shape) -> Iterator[Step]:
    role = draw(st.sampled_from(("maps", "all", "space"))) if shape.space else ""
    inside = f"({role})" if role else ""
    name = draw(st.sampled_from(("layernorm", "rmsnorm", "gain")))
    yield of_one(f"{name}{inside}", lambda s, env: _with_role(s, role))
    yield of_one(f"layernorm({f'{role}, ' if role else ''}affine = false)", lambda s, env: _with_role(s, role))

    def batch(s: Shape, env: Env) -> Shape:
        require(not s.varying)
        return s

    if not shape.varying:
        yield of_one("batchnorm", batch)
    groups = draw(st.sampled_from([g for g in range(1, shape.maps + 1) if shape.maps % g == 0]))

    def grouped(s: Shape, env: Env) -> Shape:
        require(s.maps % groups == 0 and s.values > groups)
        return s

    if shape.values > groups:
        yield of_one(f"groupnorm({groups})", grouped)
    if shape.maps > 1:

        def soft(s: Shape, env: Env) -> Shape:
            require(s.maps > 1 and bool(s.space) == bool(shape.space))
            return s

        yield of_one("softmax(maps)" if shape.space else "softmax", soft)


def _with_role(s: Shape, role: str) -> Shape:
    require(bool(s.space) == bool(role))
    return s


def _arrangements(draw: Draw, shape: Shape) -> Iterator[Step]:
    yield same("dropout(0.2)")
    yield same("normalize")
    yield of_one("mean(maps)", lambda s, env: s._replace(maps=1))
    yield of_one("flatten", lambda s, env: s._replace(maps=s.values, space=()))
    groups = [g for g in range(1, shape.maps + 1) if shape.maps % g == 0]
    number = draw(st.sampled_from(groups))

    def divided(s: Shape, env: Env) -> Shape:
        require(s.maps % number == 0)
        return s

    yield of_one(f"shuffle({number})", divided)
    if 1 < number <= 3:
        yield of_one(f"split({number})", lambda s, env: [divided(s, env)._replace(maps=s.maps // number)] * number)
    yield of_one("distance(2)", lambda s, env: s._replace(maps=2, space=()))
    total = shape.values
    side = draw(st.sampled_from([d for d in range(1, total + 1) if total % d == 0]))

    def reshaped(s: Shape, env: Env) -> Shape:
        require(s.values == total)
        return s._replace(maps=side, space=(total // side,))

    yield of_one(f"reshape({side}@{total // side})", reshaped)


def _on_space(draw: Draw, shape: Shape, env: Env, causal: bool) -> Iterator[Step]:
    axes = len(shape.space)
    yield of_one(draw(st.sampled_from(("mean(space)", "max(space)", "sum(space)"))), _no_space)
    text, count = _count(draw, env)
    kernel = draw(st.integers(1, 3))
    pad = draw(st.integers(0, 1))
    stride = draw(st.sampled_from((1, 1, 2)))

    def slid(s: Shape, env: Env) -> Shape:
        require(len(s.space) == axes and all(side + 2 * pad >= kernel for side in s.space))
        return s._replace(maps=count(env), space=tuple((side + 2 * pad - kernel) // stride + 1 for side in s.space))

    try:
        slid(shape, env)
        yield of_one(f"{text} filters {' x '.join([str(kernel)] * axes)} (stride = {stride}, pad = {pad})", slid)
    except Invalid:
        pass

    def pooled(s: Shape, env: Env) -> Shape:
        require(len(s.space) == axes and all(side >= 2 for side in s.space))
        return s._replace(space=tuple(side // 2 for side in s.space))

    if all(side >= 2 for side in shape.space):
        yield of_one(draw(st.sampled_from(("maxpool(2)", "avgpool(2)", "subsample(2)"))), pooled)
    yield of_one("upsample(2)", lambda s, env: _with_axes(s, axes, lambda side: 2 * side))
    yield of_one("pad(1)", lambda s, env: _with_axes(s, axes, lambda side: side + 2))
    yield of_one("avgpool(to = 2)", lambda s, env: _with_axes(s, axes, lambda side: 2))
    if shape.time is None and not causal:
        yield of_one("flatten(space)", _space_to_time)
    if axes == 2:
        yield of_one("transpose(space)", lambda s, env: _turned(s))
    if math.prod(shape.space) > 1:
        yield of_one("instancenorm", _places)


def _no_space(s: Shape, env: Env) -> Shape:
    require(bool(s.space))
    return s._replace(space=())


def _with_axes(s: Shape, axes: int, side: Any) -> Shape:
    require(len(s.space) == axes)
    return s._replace(space=tuple(side(n) for n in s.space))


def _space_to_time(s: Shape, env: Env) -> Shape:
    require(bool(s.space) and s.time is None)
    return s._replace(space=(), time=math.prod(s.space))


def _turned(s: Shape) -> Shape:
    require(len(s.space) == 2)
    return s._replace(space=s.space[::-1])


def _places(s: Shape, env: Env) -> Shape:
    require(math.prod(s.space) > 1 and bool(s.space))
    return s


def _timed(change: Any, flat: bool = False, exact: bool = False) -> Any:
    """The rule of a step that needs time; `flat` without space, `exact` with one length for all."""

    def rule(s: Shape, env: Env) -> Shape:
        require(s.time is not None and not (flat and s.space) and not (exact and s.varying))
        return change(s)

    return rule


def _on_time(draw: Draw, shape: Shape, causal: bool) -> Iterator[Step]:
    if not shape.space:
        width = draw(st.integers(1, 3))
        cell = draw(st.sampled_from(("rnn", "gru", "lstm")))
        both = draw(st.booleans()) and not causal
        inside = f"{width}, bidirectional = true" if both else str(width)
        yield of_one(f"{cell}({inside})", _timed(lambda s: s._replace(maps=2 * width if both else width), flat=True))
        yield of_one("positions(3)", _timed(lambda s: s._replace(maps=3)))
    yield of_one("index(time)", _timed(lambda s: s._replace(maps=1, space=())))
    if causal:
        return
    role = draw(st.sampled_from(("last(time)", "first(time)", "mean(time)", "max(time)", "sum(time)")))
    yield of_one(role, _timed(lambda s: s._replace(time=None, varying="")))
    yield of_one("softmax(time)", _timed(lambda s: s))
    if shape.space:
        return
    yield of_one("reversed(gru(2))", _timed(lambda s: s._replace(maps=2), flat=True))
    heads = draw(st.sampled_from([h for h in range(1, shape.maps + 1) if shape.maps % h == 0]))

    def attended(s: Shape, env: Env) -> Shape:
        require(s.time is not None and not s.space and s.maps % heads == 0)
        return s

    masked = draw(st.booleans())
    yield of_one(f"attention({heads}, causal = {str(masked).lower()})", attended)
    if not shape.varying:
        turned = _timed(lambda s: s._replace(maps=s.time, time=s.maps), flat=True, exact=True)
        yield of_one("transpose", turned)
        if (shape.time or 0) >= 2:

            def slid(s: Shape, env: Env) -> Shape:
                require(s.time is not None and s.time >= 2 and not s.space and not s.varying)
                return s._replace(maps=2, time=s.time - 1)

            yield of_one("2 filters 2 (along = time)", slid)
