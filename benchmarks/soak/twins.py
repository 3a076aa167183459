"""1,000 mutated graphs (NETSPEC_TWINS sets another number): of a part that stands three times, one copy has one size,
stride, wire or constant changed. What `netspec import` folds and writes must compute the same; equal parts must fold.
"""

from __future__ import annotations

import os
import random
import time
from collections import Counter
from typing import Any, NamedTuple

import torch

import netspec
from benchmarks.publish import publish
from netspec.importing.blocks import recover
from netspec.importing.steps import Fixed, Graph, Step
from netspec.importing.writing import written
from netspec.ir.graph import Edge
from netspec.ir.operation import Op
from netspec.ir.structure import Input
from netspec.ir.types import ShapeFault, Type

COUNT = int(os.environ.get("NETSPEC_TWINS", "1000"))
CHANGES = ("size", "stride", "wire", "constant")
COPIES = 3
MAPS = 8
USUAL: dict[str, dict[str, Any]] = {
    "batchnorm": {"eps": 1e-5},
    "leaky": {"slope": 0.1},
    "number": {"sign": "*", "value": 0.5, "first": True},
    "maxpool": {"kernel": (3, 3), "stride": 1, "pad": 1},
}


class Line(NamedTuple):
    """A step of a part: its word, its options, and which earlier values it reads."""

    word: str
    options: dict[str, Any]
    reads: tuple[int, ...]


def part(rng: random.Random) -> list[Line]:
    """Return a random part of 4 to 9 steps; value 0 is what it reads, and its last value has as many maps as that."""
    lines: list[Line] = []
    maps = [MAPS]
    for number in range(rng.randint(3, 8)):
        reads: tuple[int, ...] = (rng.randrange(max(0, number - 2), number + 1),)
        word = rng.choice(("filters", "filters", "batchnorm", "leaky", "relu", "number", "maxpool", "add"))
        options: dict[str, Any] = {}
        width = maps[reads[0]]
        if word == "filters":
            kernel, width = rng.choice((1, 3)), rng.choice((8, 12, 16))
            options = {"count": width, "kernel": (kernel, kernel), "pad": kernel // 2, "bias": False}
        elif word == "add":
            others = [place for place, each in enumerate(maps) if each == width and place != reads[0]]
            if not others:
                word = "relu"
            else:
                reads = (reads[0], rng.choice(others))
        options |= USUAL.get(word, {})
        lines.append(Line(word, options, reads))
        maps.append(width)
    lines.append(Line("filters", {"count": MAPS, "kernel": (1, 1), "bias": False}, (len(lines),)))
    return lines


def changed(lines: list[Line], change: str, rng: random.Random) -> list[Line]:
    """Return a part with one thing changed; the part itself if it has no such thing."""
    places = list(range(len(lines)))
    rng.shuffle(places)
    for place in places:
        word, options, reads = lines[place]
        mutant = None
        if change == "size" and word == "filters" and place < len(lines) - 1:
            mutant = Line(word, {**options, "count": rng.choice([8, 10, 12, 16, 24])}, reads)
        elif change == "stride" and word in ("filters", "maxpool"):
            mutant = Line(word, {**options, "stride": 2}, reads)
        elif change == "wire":
            mutant = Line(word, options, tuple(rng.randrange(place + 1) for _ in reads))
        elif change == "constant" and word in ("batchnorm", "leaky", "number"):
            name = {"batchnorm": "eps", "leaky": "slope", "number": "value"}[word]
            mutant = Line(word, {**options, name: rng.choice([0.01, 0.25, 2.0])}, reads)
        if mutant is not None and mutant != lines[place]:
            return [*lines[:place], mutant, *lines[place + 1 :]]
    return lines


def graph_of(parts: list[list[Line]]) -> Graph:
    """Return the canonical graph of parts in a row, as if each were a module of the class Part."""
    graph = Graph(2)
    value = Type(MAPS, (16, 16))
    graph.steps.append(Step(Input(value=value), (), (value,), "", label="x"))
    edge = Edge(0)
    for copy, lines in enumerate(parts):
        values = [edge]
        for place, (word, options, reads) in enumerate(lines):
            graph.path = f"parts.{copy}.{word}{place}"
            arrays = {"weight": Fixed(torch.empty(0), (f"{graph.path}.weight",))} if word == "filters" else {}
            values.append(graph.add(word, [values[each] for each in reads], arrays, **options))
        edge = values[-1]
    graph.outputs = [edge]
    return graph


def digest(op: Op, reads: list[int], table: dict[Any, int]) -> int:
    """Return a number for a step: equal for two steps only if their options and all that they depend on are equal."""
    held = tuple(reads) if op.roles(len(reads)) else tuple(sorted(reads))
    options = tuple((name, repr(op.__dict__[name])) for name in op.options)
    return table.setdefault((type(op).__name__, options, held), len(table))


def same(graph: Graph, text: str) -> bool:
    """Whether a spec computes what a graph does."""
    table: dict[Any, int] = {}
    of_graph: dict[int, int] = {0: -1}
    for number in graph.live():
        step = graph.steps[number]
        if not step.op.structure:
            of_graph[number] = digest(step.op, [of_graph[edge.node] for edge in step.inputs], table)
    net = netspec.parse(text).net()
    of_net: dict[int, int] = {}
    for node in net.graph.nodes:
        if node.kind == "input":
            of_net[node.index] = -1
        elif node.kind:
            of_net[node.index] = of_net[node.inputs[0].node]
        else:
            of_net[node.index] = digest(node.op, [of_net[edge.node] for edge in node.inputs], table)
    steps = sum(not node.kind for node in net.graph.nodes)
    outputs = [of_net[edge.node] for number in net.graph.outputs for edge in net.graph.layers[number].values]
    return outputs == [of_graph[edge.node] for edge in graph.outputs] and steps == len(of_graph) - 1


def text_of(graph: Graph) -> str:
    classes = {"": "Twins", "parts": "ModuleList"} | {f"parts.{copy}": "Part" for copy in range(COPIES)}
    classes |= {step.path: "Leaf" for step in graph.steps if step.path}
    root, blocks = recover(graph, classes)
    return written(graph, root, blocks, "twins", {})[0]


def one(number: int) -> tuple[str, str]:
    """Try one random part; return what was changed, and what is wrong: "" if nothing is."""
    rng = random.Random(number)
    while True:
        lines, change = part(rng), rng.choice(CHANGES)
        odd = changed(lines, change, rng)
        parts = [lines] * COPIES
        parts[rng.randrange(COPIES)] = odd
        try:
            graph = graph_of(parts)
        except ShapeFault:
            continue
        if odd != lines:
            break
    text = text_of(graph)
    if not same(graph, text):
        return change, f"other than its graph:\n{text}"
    whole = graph_of([lines] * COPIES)
    folded = text_of(whole)
    if not same(whole, folded) or (len(whole.live()) > 3 * COPIES + 1 and f"repeat {COPIES}" not in folded):
        return change, f"equal parts are not one:\n{folded}"
    return change, ""


def main() -> bool:
    begun = time.process_time()
    wrong: Counter[str] = Counter()
    tried: Counter[str] = Counter()
    for number in range(COUNT):
        change, said = one(number)
        tried[change] += 1
        if said:
            wrong[change] += 1
            print(f"{number}: {change}: {said}", flush=True)
    lines = ["| changed in one of three copies | graphs | folded wrongly |", "|---|---|---|"]
    lines += [f"| {change} | {tried[change]:,} | {wrong[change]} |" for change in CHANGES]
    lines += ["", f"Equal copies fold in all of them. {time.process_time() - begun:.0f} s of processor time."]
    if COUNT == 1000 and not wrong:
        publish("twins", "Parts that are almost twins", lines)
    else:
        print("\n".join(lines))
    return not wrong
