"""Hypothesis strategies of random valid specs, with the types that they must have.

`specs()` draws a whole file: blocks, a net, its lines. What a line may do is decided by a small type checker of
its own (rules.py), so that a spec that netspec refuses, or types otherwise, is a mistake on one of the two sides.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial
from typing import Any

from hypothesis import strategies as st
from strategy_rules import (
    Body,
    Call,
    Env,
    Invalid,
    Line,
    Shape,
    Shapes,
    Source,
    Step,
    body_shapes,
    chain_shapes,
    require,
)  # fmt: skip
from strategy_steps import STARTS, steps_for

Draw = Any
LABELS = "a b c d e f g u v w z s k1 k2 h1 h2 은닉 층 t n x_ p q".split()
NASTY = (
    "mask sample t t_ step number part z_before z_steps y_2 before after state list range F nn attention self_".split()
)


@dataclass
class Spec:
    """A drawn file: its text, what its net is given, and the types of its outputs."""

    text: str
    inputs: dict[str, Shape]
    outputs: dict[str, Shape]
    body: Body
    blocks: list[Body] = field(default_factory=list)


@st.composite
def specs(
    draw: Draw,
    *,
    lines: int = 6,
    nasty: bool = False,
    recurrent: bool = True,
    varying: bool = True,
    causal: bool = False,
    padded: bool = False,
) -> Spec:
    """A random valid file with one net; its blocks stand before it.

    `causal`: nothing in it looks at later time steps, or at how many there are. `padded`: its first input has
    examples of different lengths.
    """
    names = list(draw(st.permutations(NASTY if nasty else LABELS)))
    blocks: list[Body] = []
    for number in range(draw(st.integers(0, 2))):
        blocks.append(draw(block(f"B{number}", blocks, recurrent, causal)))
    inputs = draw(net_inputs(names, varying, padded))
    body = Body("net", "n", {}, dict(inputs), [], causal)
    grow(draw, body, blocks, names, draw(st.integers(1, lines)), recurrent)
    finish(draw, body, blocks)
    outputs = body_shapes(body, inputs, {}, blocks)
    wanted = {line.label: outputs[line.label][0] for line in body.lines if line.role == "output"}
    text = "\n".join([*(each.text() for each in blocks), body.text()])
    return Spec(text, inputs, wanted, body, blocks)


@st.composite
def net_inputs(draw: Draw, names: list[str], varying: bool, padded: bool) -> dict[str, Shape]:
    found = {}
    for _ in range(draw(st.sampled_from((1, 1, 1, 2)))):
        label = names.pop()
        sure = padded and not found
        timed = sure or draw(st.booleans())
        time = draw(st.integers(2, 4)) if timed else None
        own = label if timed and varying and (sure or draw(st.integers(0, 3)) == 0) else ""
        kind = draw(st.sampled_from(("maps", "maps", "space", "classes")))
        if kind == "classes":
            found[label] = Shape(1, (), time, own, draw(st.integers(2, 5)))
        else:
            space = draw(space_sizes()) if kind == "space" else ()
            found[label] = Shape(draw(st.sampled_from((1, 2, 3, 4, 6))), space, time, own)
    return found


def space_sizes() -> st.SearchStrategy[tuple[int, ...]]:
    size = st.sampled_from((2, 3, 4, 6))
    return st.one_of(st.tuples(size), st.tuples(size, size), st.tuples(size, size), st.tuples(size, size, size))


@st.composite
def block(draw: Draw, name: str, blocks: list[Body], recurrent: bool, causal: bool) -> Body:
    """A block of one or two inputs, its body drawn for one kind of value; sizes of its inputs become names."""
    names = list(draw(st.permutations(LABELS)))
    kind = draw(st.sampled_from(("flat", "flat", "timed", "space")))
    maps = draw(st.sampled_from((2, 3, 4, 6)))
    space = draw(space_sizes()) if kind == "space" else ()
    first = Shape(maps, space, draw(st.integers(2, 4)) if kind == "timed" else None)
    inputs = {names.pop(): first}
    if not causal and draw(st.integers(0, 3)) == 0:
        inputs[names.pop()] = first
    params = {"K": draw(st.integers(1, 5))} if draw(st.booleans()) else {}
    body = Body("block", name, params, inputs, [], causal)
    grow(draw, body, blocks, names, draw(st.integers(1, 3)), recurrent and kind == "timed")
    finish(draw, body, blocks, single=True)
    return body


# ---- lines


def grow(draw: Draw, body: Body, blocks: list[Body], names: list[str], count: int, recurrent: bool) -> None:
    """Adds lines, each of what is legal there."""
    for _ in range(count):
        layers = body_shapes(body, body.inputs, body.params, blocks)
        label = names.pop()
        timed = [
            name
            for name, found in layers.items()
            if len(found) == 1 and (found[0].time or 0) > 1 and not found[0].classes
        ]
        if recurrent and timed and draw(st.integers(0, 3)) == 0:
            body.lines.append(draw(loop(label, draw(st.sampled_from(timed)), layers, body.kind == "net")))
            continue
        source = draw(sources(layers, recurrent).filter(partial(legal, layers)))
        steps = draw(chains(source, layers, body, blocks))
        if not steps and isinstance(source.kind, str) and source.kind == "read":
            steps = draw(chains(source, layers, body, blocks, least=1))
        line = Line("hidden", label, source, steps)
        line.parts = len(chain_shapes(line, layers, Env(body.params, blocks, layers)))
        body.lines.append(line)


def legal(layers: dict[str, list[Shape]], source: Source) -> bool:
    """Whether its values go together: two that fit the first one need not fit each other."""
    try:
        source.shapes(layers)
    except Invalid:
        return False
    return True


@st.composite
def sources(draw: Draw, layers: dict[str, list[Shape]], delays: bool = False) -> Source:
    """A layer, a sum, a join, a delayed read, a side path: what may stand at the head of a chain."""
    single = {name: found[0] for name, found in layers.items() if len(found) == 1}
    parts = [(name, place) for name, found in layers.items() if len(found) > 1 for place in range(len(found))]
    values = {name: shape for name, shape in single.items() if not shape.classes}
    if parts and draw(st.booleans()):
        name, place = draw(st.sampled_from(parts))
        return Source("part", (name,), place + 1)
    name = draw(st.sampled_from(sorted(single)))
    shape = single[name]
    if shape.classes:
        return Source("read", (name,))
    kind = draw(st.sampled_from(("read", "read", "read", "add", "join", "number", "delay", "group", "three")))
    partners = [other for other, found in sorted(values.items()) if found.fits(shape)]
    if kind == "add":
        return Source(draw(st.sampled_from("+-*")), (name, draw(st.sampled_from(partners))))
    if kind == "join":
        mixed = [other for other, found in sorted(values.items()) if found.fits(shape, maps=False)]
        return Source("&", (name, *draw(st.lists(st.sampled_from(mixed), min_size=1, max_size=2))))
    if kind == "number":
        return Source("number", (name,), draw(st.sampled_from(("1 - {}", "0.5*{}", "{} + 1", "-{}", "{}/2"))))
    if kind == "delay" and delays and (shape.time or 0) > 1:
        return Source("delay", (name,), draw(st.integers(1, min(3, (shape.time or 0) - 1))))
    if kind == "group":
        step = draw(st.sampled_from(("relu", "tanh", "dropout(0.3)", "identity", "stop")))
        return Source("group", (name, draw(st.sampled_from(partners))), step)
    if kind == "three":
        return Source("three", (name, draw(st.sampled_from(partners)), draw(st.sampled_from(partners))))
    return Source("read", (name,))


@st.composite
def chains(
    draw: Draw, source: Source, layers: dict[str, list[Shape]], body: Body, blocks: list[Body], least: int = 0
) -> list[Step]:
    steps: list[Step] = []
    shapes = source.shapes(layers)
    env = Env(body.params, blocks, layers)
    for number in range(draw(st.integers(least, 3))):
        if len(shapes) != 1:
            break
        called = calls(draw, shapes[0], env) if number < 2 else []
        candidates = called if called and draw(st.booleans()) else list(steps_for(draw, shapes[0], env, body.causal))
        step = draw(st.sampled_from(candidates))
        if draw(st.integers(0, 7)) == 0 and same_shape(step, shapes, env):
            step = repeated(draw, step)
        steps.append(step)
        shapes = step.rule(shapes, env)
    return steps


def calls(draw: Draw, shape: Shape, env: Env) -> list[Step]:
    """Blocks that take one value of this kind."""
    found = []
    for each in env.blocks:
        if len(each.inputs) == 1:
            values = {name: draw(st.integers(1, 5)) for name in each.params}
            step = Call(each.name, values).step()
            try:
                step.rule([shape], env)
            except Invalid:
                continue
            found.append(step)
    return found


def same_shape(step: Step, shapes: list[Shape], env: Env) -> bool:
    try:
        return step.rule(shapes, env) == shapes
    except Invalid:
        return False


def repeated(draw: Draw, step: Step) -> Step:
    count = draw(st.integers(1, 3))
    how = draw(st.sampled_from(("", "", " shared", " as i")))

    def rule(shapes: Shapes, env: Env) -> Shapes:
        """Rounds of one kind: what a block is given elsewhere may not be."""
        found = step.rule(shapes, env)
        require(found == shapes)
        return found

    return Step(f"repeat {count}{how} {{ {step.text} }}", rule)


@st.composite
def loop(draw: Draw, label: str, name: str, layers: dict[str, list[Shape]], told: bool) -> Line:
    """`hidden z: x & z[t-k] -> …`: a recurrence whose type its own noun settles, or (`told`) `is T`."""
    shape = layers[name][0]
    ago = draw(st.sampled_from((1, 1, 1, 2) if (shape.time or 0) > 2 else (1,)))
    count = draw(st.integers(1, 4))
    if shape.space:
        text = f"{count} filters {' x '.join(['3'] * len(shape.space))} (pad = 1)"
    else:
        text = f"{count} perceptrons"
    steps = [Step(text, lambda s, env: [s[0]._replace(maps=count)])]
    steps.append(Step(draw(st.sampled_from(("tanh", "sigmoid", "relu"))), lambda s, env: s))
    start = draw(st.sampled_from((None, None, *STARTS)))
    expect = shape._replace(maps=count) if told and (shape.space or draw(st.booleans())) else None
    return Line("hidden", label, Source("loop", (name, label), ago), steps, expect, start)


def finish(draw: Draw, body: Body, blocks: list[Body], single: bool = False) -> None:
    """Every layer that nobody reads becomes an output; of a block they are brought together to one."""
    unread = body.unread()
    if not single:
        for name in unread:
            parts = body.parts(name)
            for place in range(1, parts + 1) if parts > 1 else [0]:
                source = Source("part", (name,), place) if place else Source("read", (name,))
                end = Step("identity", lambda s, env: s)
                shape = body.inputs.get(name)
                if shape is not None and shape.classes is not None:
                    end = Step("onehot", lambda s, env: [s[0]._replace(maps=s[0].classes, classes=None)])
                body.lines.append(Line("output", f"o{len(body.lines)}", source, [end]))
        return
    layers = body_shapes(body, body.inputs, body.params, blocks)
    ends = []
    for name in unread:
        for place, shape in enumerate(layers[name], 1):
            ends.append(
                (f"{name}.{place}" if len(layers[name]) > 1 else name, shape.time is not None and not body.causal)
            )
    if len(ends) == 1 and "." not in ends[0][0]:
        body.lines.append(Line("output", "out", Source("read", (ends[0][0],)), [Step("identity", lambda s, env: s)]))
    else:
        body.lines.append(Line("output", "out", Source("flat", tuple(unread), tuple(ends)), []))


__all__ = ["Spec", "chain_shapes", "specs"]
