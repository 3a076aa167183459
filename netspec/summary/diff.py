"""Finds what differs between two specs: layers, types, weights and settings, but not the text itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.display import safe
from netspec.source import SourceFile
from netspec.summary.rows import Row, rows
from netspec.summary.table import number
from netspec.syntax import tree
from netspec.syntax.printer import value_text
from netspec.syntax.read import read

if TYPE_CHECKING:
    from netspec.elaborate.program import Program
    from netspec.ir.graph import Graph, Layer
    from netspec.ir.operation import Op


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: which thing differs, and its state before and after ("" if the thing is absent there)."""

    kind: str  # the kind of thing that differs: net, size, layer or setting
    name: str
    what: str
    before: str
    after: str

    def __str__(self) -> str:
        if not self.before:
            return f"+ {self.kind} {self.name}: {self.after}"
        if not self.after:
            return f"- {self.kind} {self.name}: {self.before}"
        what = f"{self.what} " if self.what else ""
        return f"~ {self.kind} {self.name}: {what}{self.before} => {self.after}"


def net_differences(left: Graph, right: Graph) -> list[Change]:
    """Return every difference between two nets: in their totals, sizes and layers."""
    return [*_totals(left, right), *_layers(left, right)]


def _totals(left: Graph, right: Graph) -> Iterator[Change]:
    pairs: list[tuple[str, Any, Any]] = [
        ("weights", left.counts.weights, right.counts.weights),
        ("frozen", left.counts.frozen, right.counts.frozen),
        ("buffers", left.counts.buffers, right.counts.buffers),
        ("depth", left.depth, right.depth),
    ]
    for what, before, after in pairs:
        if str(before) != str(after):
            yield Change("net", right.name, what, number(before), number(after))
    for name in dict.fromkeys([*left.params, *right.params]):
        before, after = left.params.get(name), right.params.get(name)
        if str(before) != str(after):
            yield Change("size", name, "is", "" if before is None else str(before), "" if after is None else str(after))


def _layers(left: Graph, right: Graph) -> Iterator[Change]:
    old, new = _rows(left), _rows(right)
    for path in dict.fromkeys([*old, *new]):
        before, after = old.get(path), new.get(path)
        if before is None or after is None:
            shown = _line(before or after)
            yield Change("layer", path, "", shown if before else "", shown if after else "")
            continue
        does, did = _does(before), _does(after)
        pairs = [
            ("does", does, did),
            ("type", ", ".join(map(str, before.types)), ", ".join(map(str, after.types))),
            ("weights", number(before.counts.weights), number(after.counts.weights)),
            ("role", before.layer.role, after.layer.role),
        ]
        if does == did:  # the same text can mean something else if defaults, sizes or lines above differ
            pairs += _meanings(left, right, before.layer, after.layer)
        for what, a, b in pairs:
            if a != b:
                yield Change("layer", path, what, a, b)


def _rows(graph: Graph) -> dict[str, Row]:
    """Return every line by its path; a `start` line has the path of its layer, so its key begins with "start "."""
    found = rows(graph, depth=100, starts=True)
    return {f"start {row.path}" if row.layer.role == "start" else row.path: row for row in found}


def _meanings(left: Graph, right: Graph, before: Layer, after: Layer) -> Iterator[tuple[str, str, str]]:
    """Yield what a line reads, its steps and the steps' options: a name, the value in the left net and in the right."""
    yield "reads", ", ".join(_read(left, before)), ", ".join(_read(right, after))
    ours = [node for node in left.nodes if node.layer == before.index]
    theirs = [node for node in right.nodes if node.layer == after.index]
    steps = [" -> ".join(node.op.name for node in nodes) for nodes in (ours, theirs)]
    yield "steps", steps[0], steps[1]
    if steps[0] == steps[1]:
        for one, other in zip(ours, theirs):
            yield f"{one.op.name} frozen", str(one.frozen), str(other.frozen)
            for option in one.op.options:
                yield f"{one.op.name} {option}", _value(one.op, option), _value(other.op, option)


def _read(graph: Graph, layer: Layer) -> Iterator[str]:
    """Yield the paths of the layers that a line reads; for a value from inside a block, the calling line's path."""
    names = {edge: other.path for other in graph.layers if other.scope == layer.scope for edge in other.values}
    sources = [edge for node in graph.nodes if node.layer == layer.index for edge in node.inputs]
    found = dict.fromkeys(names.get(edge, graph.layers[graph.nodes[edge.node].layer].path) for edge in sources)
    return (path for path in found if path != layer.path)


def _value(op: Op, option: str) -> str:
    return str(getattr(op, option, None))


def _does(row: Row) -> str:
    """Return the steps of a line as canonical text; "" for an input, which is described by its type alone."""
    if row.layer.role == "input":
        return ""
    parsed = read(SourceFile("line", f"block line {{\n{row.layer.text}\n}}\n")).file.declarations[0]
    assert isinstance(parsed, tree.Body)
    (line,) = parsed.statements
    assert isinstance(line, tree.Layer | tree.Start)
    return safe(value_text(line.chain))


def _line(row: Row | None) -> str:
    assert row is not None
    return f"{', '.join(map(str, row.types))}  {_does(row)}".rstrip()


def setting_differences(left: Program, right: Program) -> Iterator[Change]:
    """Yield every difference between the data, train and figure sections of two files."""
    old, new = _values(left), _values(right)
    for key in dict.fromkeys([*old, *new]):
        if old.get(key) != new.get(key):
            yield Change("setting", key, "", old.get(key, ""), new.get(key, ""))


def _values(program: Program) -> dict[str, str]:
    """Return the canonical text of each setting's value, by a key such as `train.epochs`."""
    found: dict[str, str] = {}
    for section in program.main.sections:
        name = f"{section.kind} {section.name.text}" if section.name else section.kind
        for setting in section.settings:
            found[f"{name}.{'.'.join(setting.key)}"] = safe(value_text(setting.value))
    return found
