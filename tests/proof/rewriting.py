"""A random spec said in other words: renamed, reordered, its blocks written in place, its rounds written out."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

from strategies import Spec
from strategy_rules import Body, Call, Line, Source, Step

from netspec.api import Net

Rename = Callable[[str], str]
IDENTITY = Step("identity", lambda shapes, env: shapes)
_REPEAT = re.compile(r"repeat (\d+)(?: shared| as i)? \{ ([^{}]*) \}")


def text_of(spec: Spec, body: Body, blocks: list[Body] | None = None) -> str:
    return "\n".join(each.text() for each in [*(spec.blocks if blocks is None else blocks), body])


# ---- names


def renamed(spec: Spec, new: Rename) -> str:
    """Every label of every body has another name."""
    return text_of(spec, _renamed(spec.body, new), [_renamed(block, new) for block in spec.blocks])


def _renamed(body: Body, new: Rename) -> Body:
    inputs = {new(label): shape for label, shape in body.inputs.items()}
    return replace(body, inputs=inputs, lines=[_line(line, new) for line in body.lines])


def _line(line: Line, new: Rename) -> Line:
    detail = line.source.detail
    if line.source.kind == "flat":
        detail = tuple((_path(name, new), time) for name, time in detail)
    source = Source(line.source.kind, tuple(new(label) for label in line.source.labels), detail)
    return replace(line, label=new(line.label), source=source)


def _path(name: str, new: Rename) -> str:
    label, dot, place = name.partition(".")
    return new(label) + dot + place


# ---- order


def reordered(spec: Spec, draw: Any) -> str:
    """The net's lines in another order in which each still stands below what it reads."""
    done, waiting, lines = set(spec.body.inputs), list(spec.body.lines), []
    while waiting:
        ready = [line for line in waiting if set(line.source.labels) <= done | {line.label}]
        line = draw(ready)
        waiting.remove(line)
        lines.append(line)
        done.add(line.label)
    return text_of(spec, replace(spec.body, lines=lines))


# ---- blocks


def inlined(spec: Spec) -> str:
    """The net with the lines of every block that it calls written in place of the call."""
    lines: list[Line] = []
    for line in spec.body.lines:
        lines += _without_calls(line, spec.blocks, lines)
    return text_of(spec, replace(spec.body, lines=lines))


def _without_calls(line: Line, blocks: list[Body], above: list[Line]) -> Iterator[Line]:
    source, steps = line.source, []
    for number, step in enumerate(line.steps):
        call = getattr(step.rule, "__self__", None)
        if not isinstance(call, Call):
            steps.append(step)
            continue
        block = next(each for each in blocks if each.name == call.name)
        prefix = f"{line.label}_{number}_"
        into = Line("hidden", f"{prefix}in", source, steps or [IDENTITY])
        yield into
        (parameter,) = block.inputs
        names = {parameter: into.label} | {each.label: prefix + each.label for each in block.lines}
        for each in block.lines:
            moved = _line(_sized(each, call.values), names.__getitem__)
            yield from _without_calls(replace(moved, role="hidden"), blocks, above)
        source, steps = Source("read", (names[block.lines[-1].label],)), []
    yield replace(line, source=source, steps=steps or [IDENTITY])


def _sized(line: Line, values: dict[str, int]) -> Line:
    """A line of a block with numbers for the block's sizes."""

    def filled(step: Step) -> Step:
        call = getattr(step.rule, "__self__", None)
        if isinstance(call, Call):
            return step
        text = step.text
        for name, value in values.items():
            text = re.sub(rf"\b{name}\b", str(value), text)
        return Step(text, step.rule)

    return replace(line, steps=[filled(step) for step in line.steps])


# ---- rounds


def unrolled(text: str) -> str:
    """`repeat 3 { a }` as `a -> a -> a`; of `shared` rounds, too: their weights are then to be made equal."""
    return _REPEAT.sub(lambda match: " -> ".join([match[2]] * int(match[1])), text)


# ---- what must stay


def picture(net: Net, new: Rename = str) -> list[Any]:
    """All that a graph says, node by node, its labels renamed."""

    def path(text: str) -> str:
        return ".".join(new(part) for part in text.split("."))

    def stored(array: Any) -> str:
        """An array by the path of its step: what an operation calls its own arrays is no label."""
        return f"{path(net.graph.nodes[array.node].path)} {array.weight.name}"

    def time(value: Any) -> Any:
        moment = value.time
        return value if moment is None else value.over(moment._replace(varying=new(moment.varying)))

    graph = net.graph
    return [
        *(
            (
                repr(node.op), node.inputs, tuple(time(value) for value in node.types),
                re.sub(r"^\w+(?=[\[.])", lambda match: new(match[0]), node.word), node.scope,
                path(node.path), path(node.tied), node.frozen, node.again, path(graph.layers[node.layer].path),
            )
            for node in graph.nodes
        ),
        *((stored(array), array.weight.shape, array.kind) for array in graph.stored),
        (graph.counts.trainable, graph.counts.frozen, graph.counts.buffers, graph.depth),
    ]  # fmt: skip
