"""Two specs -> what differs: layers, types, weights and settings, not text."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.display import safe
from netspec.show.rows import Row, rows
from netspec.show.table import number
from netspec.syntax.expression import value_text

if TYPE_CHECKING:
    from netspec.api import Net, Spec


@dataclass(frozen=True, slots=True)
class Change:
    """One difference: what it is about, and what it was and is ("" where there is nothing)."""

    kind: str  # net, layer, setting
    name: str
    what: str
    before: str
    after: str

    def __str__(self) -> str:
        if not self.before:
            return f"+ {self.kind} {self.name}: {self.after}"
        if not self.after:
            return f"- {self.kind} {self.name}: {self.before}"
        return f"~ {self.kind} {self.name}: {self.what} {self.before} -> {self.after}"


def differences(left: Net, right: Net) -> list[Change]:
    """Every difference between two nets and the sections of their files."""
    return [*_totals(left, right), *_layers(left, right), *_settings(left.spec, right.spec)]


def _totals(left: Net, right: Net) -> Iterator[Change]:
    pairs: list[tuple[str, Any, Any]] = [
        ("weights", left.counts.weights, right.counts.weights),
        ("frozen", left.counts.frozen, right.counts.frozen),
        ("buffers", left.counts.buffers, right.counts.buffers),
        ("depth", left.depth, right.depth),
    ]
    for what, before, after in pairs:
        if str(before) != str(after):
            yield Change("net", right.name, what, number(before), number(after))
    for name in dict.fromkeys([*left.graph.params, *right.graph.params]):
        before, after = left.graph.params.get(name), right.graph.params.get(name)
        if str(before) != str(after):
            yield Change("size", name, "is", "" if before is None else str(before), "" if after is None else str(after))


def _layers(left: Net, right: Net) -> Iterator[Change]:
    old = {row.path: row for row in rows(left.graph, depth=100)}
    new = {row.path: row for row in rows(right.graph, depth=100)}
    for path in dict.fromkeys([*old, *new]):
        before, after = old.get(path), new.get(path)
        if before is None or after is None:
            shown = _line(before or after)
            yield Change("layer", path, "", shown if before else "", shown if after else "")
            continue
        for what, a, b in (
            ("does", _does(before), _does(after)),
            ("type", ", ".join(map(str, before.types)), ", ".join(map(str, after.types))),
            ("weights", number(before.counts.weights), number(after.counts.weights)),
            ("role", before.layer.role, after.layer.role),
        ):
            if a != b:
                yield Change("layer", path, what, a, b)


def _does(row: Row) -> str:
    text = safe(" ".join(row.does.split()))
    return text.partition(" is ")[0] if row.layer.role != "input" else text


def _line(row: Row | None) -> str:
    assert row is not None
    return f"{', '.join(map(str, row.types))}  {_does(row)}"


def _settings(left: Spec, right: Spec) -> Iterator[Change]:
    old, new = _values(left), _values(right)
    for key in dict.fromkeys([*old, *new]):
        if old.get(key) != new.get(key):
            yield Change("setting", key, "", old.get(key, ""), new.get(key, ""))


def _values(spec: Spec) -> dict[str, str]:
    """`train.epochs` -> the value's canonical text."""
    found: dict[str, str] = {}
    for section in spec.program.main.sections:
        name = f"{section.kind} {section.name.text}" if section.name else section.kind
        for setting in section.settings:
            found[f"{name}.{'.'.join(setting.key)}"] = safe(value_text(setting.value))
    return found
