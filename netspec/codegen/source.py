"""Classes -> the text of a Python module that needs only torch."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, fields
from functools import lru_cache
from operator import attrgetter
from typing import Any

from netspec.codegen.classes import Classes, Definition, written
from netspec.codegen.forward import Pass
from netspec.codegen.python import Helper, Statement, docstring, imported, render
from netspec.ir.graph import Graph, Layer, Node, Scope
from netspec.ir.operation import Part

HEADER = "Written by netspec {version} from the net {name}; change the spec rather than this file."


class OpenSizes(ValueError):
    """The net has sizes that are not set; `names` lists them."""

    def __init__(self, names: tuple[str, ...]) -> None:
        super().__init__(", ".join(names))
        self.names = names


def emit(graph: Graph) -> str:
    """Return the source of a net; raise OpenSizes if some sizes are not set."""
    return emit_named(graph)[0]


def emit_named(graph: Graph, passes: tuple[Pass, ...] = ()) -> tuple[str, str]:
    """Return the source of a net and the name of the net's class in it; raise OpenSizes if some sizes are not set.

    The class has a method for each of the passes, too.
    """
    if graph.open:
        raise OpenSizes(graph.open)
    return _emitted(Known(graph, (*_content(graph), passes)), passes)


@dataclass(frozen=True, slots=True)
class Known:
    """A graph that equals every graph of the same content; the source of such graphs is written once a process."""

    graph: Graph = field(compare=False)
    content: tuple[Any, ...]


def _read(cls: type, *others: str) -> attrgetter[Any]:
    return attrgetter(*(each.name for each in fields(cls) if each.name not in ("span", *others)))


# all that the nodes, layers and scopes of two graphs must have in common, if their specs are the same text
_NODE, _LAYER, _SCOPE = _read(Node), _read(Layer), _read(Scope, "source", "params", "arguments", "children")


def _content(graph: Graph) -> tuple[Any, ...]:
    """Return what the source of a graph follows from: the texts, the sizes, and how the graph is made."""
    texts = dict.fromkeys(scope.source.unit.source.text for scope in graph.scopes if scope.source is not None)
    made = (map(_NODE, graph.nodes), map(_LAYER, graph.layers), map(_SCOPE, graph.scopes))
    return (graph.name, graph.caption, repr(graph.params), graph.inputs, *texts, *map(tuple, made))


@lru_cache(maxsize=64)
def _emitted(known: Known, passes: tuple[Pass, ...]) -> tuple[str, str]:
    graph = known.graph
    classes = Classes(graph, passes)
    parts = _parts(classes)
    lines = sorted(part.source for part in parts if part.imports)
    helpers: list[Statement] = [Helper(part.source) for part in parts if not part.imports]
    bodies = [written(each, classes, _about(each, graph)) for each in classes.definitions]
    statements = [*helpers, *bodies]
    texts = ["\n".join(render([statement])) for statement in statements]
    return "\n\n\n".join([_head(graph, imported(statements), lines), *texts]) + "\n", classes.net.name


def _about(definition: Definition, graph: Graph) -> str:
    source = definition.draft.scope.source
    if definition.is_net or source is None:
        return graph.caption if definition.is_net else ""
    return str(source.body.caption.value) if source.body.caption else ""


def _parts(classes: Classes) -> list[Part]:
    """Return every helper once, after the helpers that it needs."""
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


def _head(graph: Graph, names: set[str], others: list[str]) -> str:
    from netspec.version import VERSION

    title = graph.caption or graph.name
    about = docstring(f"{title}\n\n{HEADER.format(version=VERSION, name=graph.name)}", "")
    return "\n\n".join([about, *("\n".join(group) for group in (*_imports(names), others) if group)])


def _imports(names: set[str]) -> Iterator[list[str]]:
    """Yield the imports of the standard library, then those of torch."""
    standard = ["import math"] if "math" in names else []
    if "Any" in names:
        standard.append("from typing import Any")
    yield standard
    torch = ["import torch"] if "torch" in names else []
    if "F" in names:
        torch.append("import torch.nn.functional as F")
    used = [each for each in ("Tensor", "nn") if each in names]
    yield [*torch, f"from torch import {', '.join(used)}"]
