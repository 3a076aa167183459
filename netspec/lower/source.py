"""Classes -> the text of a Python module that needs torch and nothing else."""

from __future__ import annotations

import re

from netspec.ir.graph import Graph
from netspec.ir.operation import Part
from netspec.lower.classes import Classes, Definition
from netspec.lower.layout import comment, docstring, statement
from netspec.lower.modules import ROUNDS, Holders, Writer

MANY = 6  # results beyond which their number is left out of the type
HEADER = "Written by netspec {version} from the net {name}; change the spec rather than this file."


class OpenSizes(ValueError):
    """The net has sizes that are not set; `names` says which."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(", ".join(names))
        self.names = names


def emit(graph: Graph) -> str:
    """The source of a net whose sizes are all set; raises OpenSizes otherwise."""
    return emit_named(graph)[0]


def emit_named(graph: Graph) -> tuple[str, str]:
    """As `emit`; and the name of the net's class in it."""
    if graph.open:
        raise OpenSizes(graph.open)
    classes = Classes(graph)
    holders = Holders(classes.namer)
    bodies = [_class(definition, classes, holders, graph) for definition in classes.definitions]
    parts = _parts(classes)
    needs_rounds = any("Rounds(" in text for text in bodies) or any("(Rounds)" in text for text in holders.source())
    helpers = [ROUNDS] if needs_rounds else []
    text = "\n\n\n".join([*(part.source for part in parts), *helpers, *_ordered(holders, bodies)])
    return f"{_head(graph, text)}\n\n\n{text}\n", classes.net.name


def _ordered(holders: Holders, bodies: list[str]) -> list[str]:
    """Holders may be built on block classes: each stands right after what it needs."""
    out: list[str] = []
    waiting = holders.source()
    for body in ["", *bodies]:
        if body:
            name = re.match(r"class (\w+)", body)
            wanted = [text for text in waiting if name is not None and _uses(body, text)]
            for text in wanted:
                if text not in out:
                    out.append(text)
                    waiting.remove(text)
            out.append(body)
    return out + waiting


def _uses(body: str, holder: str) -> bool:
    name = re.match(r"class (\w+)", holder)
    return name is not None and re.search(rf"\b{re.escape(name[1])}\b", body) is not None


def _parts(classes: Classes) -> list[Part]:
    """Every helper once, what it needs before it."""
    found: dict[str, Part] = {}

    def add(part: Part) -> None:
        for need in part.needs:
            add(need)
        found.setdefault(part.name, part)

    for definition in classes.definitions:
        for draft in definition.drafts:
            for part in draft.parts.values():
                add(part)
    return list(found.values())


def _head(graph: Graph, text: str) -> str:
    from netspec.version import VERSION

    title = graph.caption or graph.name
    lines = [docstring(f"{title}\n\n{HEADER.format(version=VERSION, name=graph.name)}", ""), ""]
    lines.append("from __future__ import annotations\n")
    standard = []
    if re.search(r"\bmath\.", text):
        standard.append("import math")
    generic = [name for name in ("Iterable", "Iterator") if re.search(rf"\b{name}\[", text)]
    if generic:
        standard.append(f"from collections.abc import {', '.join(generic)}")
    if re.search(r"\b(Any|State)\b", text):
        standard.append("from typing import Any")
    if standard:
        lines.append("\n".join(standard) + "\n")
    torch = []
    if re.search(r"\btorch\.", text):
        torch.append("import torch")
    if re.search(r"\bF\.", text):
        torch.append("import torch.nn.functional as F")
    torch.append("from torch import Tensor, nn")
    lines.append("\n".join(torch))
    if re.search(r"\bState\b", text):
        lines.append("\nState = dict[str, Any]  # what recurrences hand from one batch to the next, by layer")
    return "\n".join(lines)


def _class(definition: Definition, classes: Classes, holders: Holders, graph: Graph) -> str:
    draft = definition.draft
    is_net = draft.scope.kind == "net"
    lines = [f"class {definition.name}(nn.Module):"]
    about = (graph.caption or graph.name) if is_net else f"The block {draft.scope.name}"
    lines.append(docstring(about, "    "))
    lines.append("")
    lines += _init(definition, holders)
    lines += _forward(definition, is_net)
    return "\n".join(lines)


def _init(definition: Definition, holders: Holders) -> list[str]:
    parameters = definition.parameters
    writer = Writer(holders, lambda code: definition.fill(code, forward=False))
    made = writer.statements(definition.draft.places)
    if not made and not parameters.stored:
        return []
    takes = ["self", *(f"{name}: {parameters.annotation(name)}" for name in parameters.vectors)]
    lines = statement(f"def __init__({', '.join(takes)}) -> None:", "    ")
    lines.append("        super().__init__()")
    for name in parameters.stored:
        lines.append(f"        self.{name} = {name}")
    for line in made:
        indent = " " * (len(line) - len(line.lstrip()))
        lines += statement(line.lstrip(), "        " + indent)
    return [*lines, ""]


def _forward(definition: Definition, is_net: bool) -> list[str]:
    draft = definition.draft
    takes = ["self", *draft.arguments]
    several = ", ".join("Tensor" for _ in draft.returns) if len(draft.returns) <= MANY else "Tensor, ..."
    result = "Tensor" if len(draft.returns) == 1 else f"tuple[{several}]"
    returned = ", ".join(draft.returns)
    lines: list[str] = []
    if draft.stateful:
        takes.append("state: State | None = None")
        if is_net:
            takes.append("return_state: bool = False")
        result = "Any" if is_net else f"tuple[{result}, State]"
    lines += statement(f"def forward({', '.join(takes)}) -> {result}:", "    ")
    if draft.stateful:
        lines += ["        before: State = state or {}", "        after: State = {}"]
    for line in draft.lines:
        indent = " " * (len(line) - len(line.lstrip()))
        text = definition.fill(line.lstrip(), forward=True)
        if text.startswith("# "):
            lines += comment(text, "        " + indent)
        else:
            lines += statement(text, "        " + indent)
    if draft.stateful:
        several = f"({returned})" if len(draft.returns) > 1 else returned
        returned = f"({several}, after) if return_state else {several}" if is_net else f"{several}, after"
    lines += statement(f"return {returned}", "        ")
    return lines
