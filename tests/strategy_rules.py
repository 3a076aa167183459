"""The types of random specs, by a small checker written from the language's rules alone.

A body is a list of lines, each a source and steps; `body_shapes` says the type of every line, or raises Invalid.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple


class Invalid(Exception):
    """What the language refuses."""


def require(condition: bool) -> None:
    if not condition:
        raise Invalid


class Shape(NamedTuple):
    """maps @ space over time; `varying` names whose lengths they are; classes instead of maps where set."""

    maps: int
    space: tuple[int, ...] = ()
    time: int | None = None
    varying: str = ""
    classes: int | None = None

    def __str__(self) -> str:
        over = "" if self.time is None else f" over {'up to ' if self.varying else ''}{self.time}"
        space = "x".join(map(str, self.space))
        if self.classes is not None:
            return f"one of {self.classes}" + (f" @ {space}" if space else "") + over
        return f"{self.maps}@{space}{over}" if space else f"{self.maps}{over}"

    @property
    def values(self) -> int:
        return self.maps * math.prod(self.space)

    @property
    def sizes(self) -> tuple[int, ...]:
        """The axes of a tensor, the batch left out."""
        time = () if self.time is None else (self.time,)
        return (*time, *self.space) if self.classes is not None else (*time, self.maps, *self.space)

    def fits(self, other: Shape, maps: bool = True) -> bool:
        """Whether the two may stand side by side in a sum (`maps`) or a join."""
        try:
            merged(self, other, maps)
        except Invalid:
            return False
        return True


def merged(a: Shape, b: Shape, equal_maps: bool = True) -> Shape:
    """One side has every role of the other; common roles are equal; what is missing is shared."""
    require(a.classes is None and b.classes is None)
    require(not equal_maps or a.maps == b.maps)
    require(not a.space or not b.space or a.space == b.space)
    require(a.time is None or b.time is None or (a.time, a.varying) == (b.time, b.varying))
    roles = [{role for role, has in (("s", x.space), ("t", x.time)) if has} for x in (a, b)]
    require(roles[0] <= roles[1] or roles[1] <= roles[0])
    time, varying = (a.time, a.varying) if a.time is not None else (b.time, b.varying)
    return Shape(a.maps if equal_maps else a.maps + b.maps, a.space or b.space, time, varying)


Shapes = list[Shape]


@dataclass
class Env:
    """What a line sees: the values of its body's sizes, the blocks of the file, the layers above."""

    params: dict[str, int]
    blocks: list[Body]
    layers: dict[str, Shapes] = field(default_factory=dict)


@dataclass
class Step:
    """A step as written, and the types it makes of types."""

    text: str
    rule: Callable[[Shapes, Env], Shapes]


@dataclass
class Call:
    """A block with values for its sizes."""

    name: str
    values: dict[str, int]

    def step(self) -> Step:
        inside = ", ".join(f"{name} = {value}" for name, value in self.values.items())
        return Step(f"{self.name}({inside})" if inside else self.name, self.rule)

    def rule(self, shapes: Shapes, env: Env) -> Shapes:
        body = next(block for block in env.blocks if block.name == self.name)
        require(len(shapes) == len(body.inputs) and all(shape.classes is None for shape in shapes))
        given = dict(zip(body.inputs, shapes, strict=True))
        for label, shape in given.items():  # its inputs say how many axes they have; time is carried through
            require(len(shape.space) == len(body.inputs[label].space))
            require(not body.timed or shape.time is not None)
        found = body_shapes(body, given, self.values, env.blocks)
        return [found[line.label][0] for line in body.lines if line.role == "output"]


@dataclass
class Source:
    """The head of a chain: `kind` says how its labels are put together."""

    kind: str
    labels: tuple[str, ...]
    detail: Any = None

    @property
    def text(self) -> str:
        a, *rest = self.labels
        match self.kind:
            case "read":
                return a
            case "part":
                return f"{a}.{self.detail}"
            case "+" | "-" | "*":
                return f"{a} {self.kind} {rest[0]}"
            case "&":
                return " & ".join(self.labels)
            case "number":
                return str(self.detail).format(a)
            case "delay":
                return f"{a} & {a}[t-{self.detail}]"
            case "group":
                return f"{a} + ({rest[0]} -> {self.detail})"
            case "three":
                return f"{a} - 2*{rest[0]} * {rest[1]}"
            case "loop":
                return f"{a} & {rest[0]}[t-{self.detail}]"
            case "flat":
                return " + ".join(
                    f"({name} -> {'mean(time) -> ' if timed else ''}3 perceptrons)" for name, timed in self.detail
                )
        raise AssertionError(self.kind)

    def shapes(self, layers: dict[str, Shapes]) -> Shapes:
        if self.kind == "part":
            return [layers[self.labels[0]][self.detail - 1]]
        if self.kind == "loop":
            result = layers[self.labels[0]][0]
            require(result.time is not None and result.time > self.detail)  # else there is no earlier step
            return [result]
        if self.kind == "flat":
            result = Shape(3)
            for name, timed in self.detail:
                label, _, place = name.partition(".")
                shape = layers[label][int(place or 1) - 1]
                time = (None, "") if timed else (shape.time, shape.varying)
                result = merged(result, Shape(3, (), *time))
            return [result]
        found = [layers[label][0] for label in self.labels]
        if self.kind == "read":
            return found
        result = found[0]
        require(result.classes is None)
        if self.kind == "delay":
            require(result.time is not None and result.time > self.detail)
            return [result._replace(maps=2 * result.maps)]
        for other in found[1:]:
            result = merged(result, other, self.kind != "&")
        return [result]


@dataclass
class Line:
    """One line of a body; `expect` is written as `is T`, `start` as a line `start label: …`."""

    role: str
    label: str
    source: Source
    steps: list[Step]
    expect: Shape | None = None
    start: str | None = None
    parts: int = 1  # how many values it has

    def text(self, previous: str) -> list[str]:
        chain = [self.source.text, *(step.text for step in self.steps)]
        if self.source.kind == "read" and self.source.labels[0] == previous and self.steps:
            chain = chain[1:]  # no source: the layer above
        expect = f" is {self.expect}" if self.expect is not None else ""
        found = [f"  {self.role} {self.label}: {' -> '.join(chain)}{expect}"]
        return found + ([f"  start {self.label}: {self.start}"] if self.start else [])


@dataclass
class Body:
    """A net or a block."""

    kind: str
    name: str
    params: dict[str, int]
    inputs: dict[str, Shape]
    lines: list[Line]
    causal: bool = False  # nothing looks at later time steps

    @property
    def timed(self) -> bool:
        """Whether an input's type names time: where a line reads what was before, it must."""
        return self.kind == "block" and any(shape.time is not None for shape in self.inputs.values())

    def unread(self) -> list[str]:
        read = {label for line in self.lines for label in line.source.labels if label != line.label}
        return [name for name in (*self.inputs, *(line.label for line in self.lines)) if name not in read]

    def parts(self, name: str) -> int:
        line = next((line for line in self.lines if line.label == name), None)
        return 1 if line is None else line.parts

    def text(self) -> str:
        sizes = ", ".join(self.params)
        lines = [f"{self.kind} {self.name}{f'({sizes})' if sizes else ''} {{"]
        for number, (label, shape) in enumerate(self.inputs.items()):
            lines.append(f"  input {label}: {self.pattern(shape, number) if self.kind == 'block' else shape}")
        previous = next(iter(self.inputs)) if len(self.inputs) == 1 else ""
        for line in self.lines:
            lines += line.text(previous)
            previous = line.label if line.role == "hidden" else ""
        return "\n".join([*lines, "}", ""])

    def pattern(self, shape: Shape, number: int) -> str:
        """A block's input: every size a name of its own, bound by what it is given."""
        maps = f"m{number}"
        over = f" over T{number}" if shape.time is not None else ""
        space = " x ".join(f"{axis}{number}" for axis in "ijl"[: len(shape.space)])
        return f"{maps} @ {space}{over}" if space else f"{maps}{over}"


def chain_shapes(line: Line, layers: dict[str, Shapes], env: Env) -> Shapes:
    shapes = line.source.shapes(layers)
    for step in line.steps:
        shapes = step.rule(shapes, env)
    return shapes


def body_shapes(body: Body, inputs: dict[str, Shape], params: dict[str, int], blocks: list[Body]) -> dict[str, Shapes]:
    """The types of all layers of a body that is given these inputs and sizes."""
    layers: dict[str, Shapes] = {label: [shape] for label, shape in inputs.items()}
    for line in body.lines:
        layers[line.label] = chain_shapes(line, layers, Env(params, blocks, layers))
    return layers
