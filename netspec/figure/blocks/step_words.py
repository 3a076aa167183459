"""Says in a few words what the operations in a box do, and chooses the background colour of the box."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from copy import copy
from dataclasses import replace
from itertools import groupby, permutations
from typing import Any

from netspec.figure.blocks import CollapsedGraph, NodeGroup
from netspec.figure.colours import KINDS, PLAIN, ground, kind_of
from netspec.figure.notes import ORDER, marks_of
from netspec.figure.settings import FigureSettings
from netspec.figure.strings import say
from netspec.figure.units.elided import size_label
from netspec.ir.graph import Edge, Graph, Node, Scope
from netspec.ir.marks import BOX
from netspec.ir.sizes import Formula, Size, divides
from netspec.ir.types import Type

MOST_LINES = 6  # steps of a closed line that stand below each other
MOST_SAID = 5  # values of an argument that differ from call to call
FACTORS = (1, 2, 3, 4, 6, 8)  # multiples of a parameter that a step of a block often has
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_POWER = re.compile(r"\^(\d+)")
_TWICE = re.compile(r"\b(\w+) \1\b")  # `heads heads`, where a parameter is called what it counts
FLIP = -2  # stands in place of a block index for a step that reverses the order of time steps


def tint_of(settings: FigureSettings, group: NodeGroup) -> str:
    """Return the colour or role of a box's background: the user's, or that of its kind."""
    kind = "input" if group.port else "block" if group.scope is not None and not group.line else kind_of(group.nodes)
    block = "" if group.scope is None else group.scope.name
    return ground(settings, group.layer.path, kind, block) or (KINDS[kind][0] if kind else PLAIN)


def scope_title(collapsed: CollapsedGraph, scope: Scope, times: Size = 1, call: bool = True) -> str:
    """Return the title of a scope, such as `Basic(64) × 2` or `Dilated(d = 1, 2, 4) × 3`; for a round its number.

    With `call` the title contains the arguments of the block, or of the blocks in the rounds, and names a step that
    each round consists of: without it, the box of this step stands in the frame with this title.
    """
    if scope.kind == "round":
        return scope.name
    scopes = collapsed.graph.scopes
    inner = [scope]
    if scope.kind == "repeat":
        rounds = [[scopes[one] for one in scopes[child].children] for child in scope.children]
        if len(rounds[0]) != 1:
            name = (call and _only_step(collapsed, scope)) or say("repeat", collapsed.lang)
            call = False
        else:
            inner = [blocks[0] for blocks in rounds]
            name = _name(collapsed, inner[0])
    else:
        name = _name(collapsed, scope)
    if inner[0].copies is not None:
        times = inner[0].copies.number
    said = _call(collapsed, inner) if call else ""
    return f"{name}{said} × {times}" if times != 1 else f"{name}{said}"


def _only_step(collapsed: CollapsedGraph, scope: Scope) -> str:
    """Return the words for the step that each round of a repeat consists of; "" if it has several, or they differ."""
    graph = collapsed.graph
    inside = [graph.scopes[number] for number in scope.children]
    rounds = [[node for node in graph.nodes[one.first : one.last] if not node.kind] for one in inside]
    said = {step_words(collapsed, nodes[0]) if len(nodes) == 1 else "" for nodes in rounds}
    words = said.pop() if len(said) == 1 else ""
    return f"({words})" if " " in words else words


def _name(collapsed: CollapsedGraph, scope: Scope) -> str:
    """Return the name of a block, or the words for the operation that makes copies of the step in its braces."""
    if scope.kind != "call":
        return scope.name
    return step_words(collapsed, collapsed.graph.nodes[scope.last - 1])


def _call(collapsed: CollapsedGraph, scopes: list[Scope]) -> str:
    """Return the arguments of blocks as `(64, 2)`; with their names if they differ or if one of several is no size."""
    texts = _arguments(scopes)
    sizes = all(
        isinstance(value, int | Formula) and not isinstance(value, bool)
        for scope in scopes
        for value in scope.arguments.values()
    )
    plain = (sizes or len(texts) == 1) and all(", " not in text for text in texts.values())
    if collapsed.part.name:
        texts = {name: _in_all_calls(collapsed, scopes[0], name, text) for name, text in texts.items()}
    flags = any(isinstance(value, bool) for value in scopes[0].arguments.values())
    said = texts.values() if plain and not flags else _parameters(collapsed, texts)
    return f"({', '.join(said)})" if texts else ""


def _parameters(collapsed: CollapsedGraph, texts: dict[str, str]) -> list[str]:
    """Return parameters with their values: `heads 3`, `p = 0.1` of a letter, `d = 1, 2, 4` of several, `causal`."""
    found = []
    for name, text in texts.items():
        if text in _FLAGS:
            found.append(name if _FLAGS[text] else say("without", collapsed.lang).format(name=name))
        else:
            said = f"{name} = {text}" if len(name) == 1 or ", " in text else f"{name} {text}"
            found.append(name if name == text else said)
    return found


_FLAGS = {"true": True, "false": False}


def _in_all_calls(collapsed: CollapsedGraph, scope: Scope, name: str, text: str) -> str:
    """Return an argument of a block inside a block that is drawn for all its calls: a letter where they differ."""
    outer = collapsed.graph.scopes[collapsed.part.scope]
    calls = collapsed.alike(outer)
    inner = {(one.first, one.name): one for one in collapsed.graph.scopes if one.kind == "block"}
    found = [inner.get((call.first + scope.first - outer.first, scope.name)) for call in calls]
    values = [one.arguments[name] for one in found if one is not None]
    if len(values) < len(calls) or all(_said(value) == _said(values[0]) for value in values):
        return text
    return _said(_letter(values, calls))


def _arguments(scopes: list[Scope]) -> dict[str, str]:
    """Return the values that the parameters of a block have in its calls."""
    return {name: _each(scope.arguments[name] for scope in scopes) for name in scopes[0].arguments}


def _each(values: Iterable[Any]) -> str:
    """Return the values without repeats in a row: `64`, `1, 2, 4` or, if they are many, `1, 2, 4, …, 512`."""
    said = [text for text, _ in groupby(map(_said, values))]
    if len(set(said)) == 1:
        return said[0]
    return ", ".join(said if len(said) <= MOST_SAID else [*said[: MOST_SAID - 2], "…", said[-1]])


def arguments(collapsed: CollapsedGraph, scope: Scope) -> str:
    """Return the arguments of a block with their names, as `c = 64, s = 1, 2`: those of all its calls in the net."""
    return ", ".join(_parameters(collapsed, _arguments(collapsed.alike(scope))))


def _said(value: Any) -> str:
    """Return the value of a parameter as it is written in a spec."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{value:g}"
    return size_label(value) if isinstance(value, int | Formula) else str(value)


def step_lines(collapsed: CollapsedGraph, group: NodeGroup) -> list[str]:
    """Return the lines that say what a box does: one line for each step.

    A block in a closed line is named instead of its steps. Equal blocks in a row are named once, with their number.
    A step that changes nothing is left out. Many lines of a closed line are joined into one text with arrows. Where the
    steps of a closed line are no chain, the line says what each of them reads.
    """
    if group.nodes[0].kind == "input":
        return []
    if group.line and not _is_chain(collapsed, group):
        return _phrases(collapsed, group)
    # each entry: the words for a step or block, and the block's index (-1 for a step outside all blocks)
    said: list[tuple[str, int]] = []
    for node in [one for one in group.nodes if not one.op.alias] or group.nodes:
        outer = _block_around(collapsed, node, group.layer.scope) if group.line else None
        if outer is None:
            said.append((step_words(collapsed, node), FLIP if node.kind == "flip" else -1))
        elif all(index != outer.index for _, index in said):
            said.append(
                (scope_title(collapsed, outer, len(outer.children) if outer.kind == "repeat" else 1), outer.index)
            )
    found: list[str] = []
    for (text, block), alike in groupby(_turned(said), lambda one: (one[0], one[1] >= 0)):
        count = len(list(alike))
        found += [f"{text} × {count}"] if block and count > 1 and "×" not in text else [text] * count
    if group.line and len(found) > MOST_LINES:
        return [" → ".join(found)]
    return found


def _phrases(collapsed: CollapsedGraph, group: NodeGroup) -> list[str]:
    """Return the words for a closed line whose steps are no chain: `d1 & (64 filters 2×2 of u2)`, then `Two(64)`."""
    graph, scope, rows = collapsed.graph, group.layer.scope, list[str]()
    own = {node.index for node in group.nodes}

    def step(node: Node) -> tuple[str, list[Edge]]:
        """Return the words for a step, or for the block of the line in which it lies, and what these read."""
        outer = _block_around(collapsed, node, scope)
        if outer is None:
            return step_words(collapsed, node), list(node.inputs)
        reads = [edge for one in graph.nodes[outer.first : outer.last] for edge in one.inputs]
        title = scope_title(collapsed, outer, len(outer.children) if outer.kind == "repeat" else 1)
        return title, list(dict.fromkeys(edge for edge in reads if not outer.first <= edge.node < outer.last))

    def phrase(edge: Edge, sign: str = "") -> str:
        """Return the words for a value; in parentheses where an operation with this sign reads it, if it needs them."""
        node = graph.nodes[edge.node]
        if node.delay:
            return f"{_named(collapsed, node.inputs[0])}[t−{node.delay}]"
        if node.kind == "port" and node.index not in collapsed.part.ports:
            return phrase(node.inputs[0], sign)
        if collapsed.folds(node):
            return phrase(node.inputs[0], sign)
        if collapsed.image(node.index) not in own:
            return _named(collapsed, edge)
        text, reads = step(node)
        inner = _block_around(collapsed, node, scope) is None
        own_sign = node.op.circle if inner and text == node.op.title(collapsed.lang) else ""
        if own_sign:
            said = f" {own_sign} ".join(phrase(one, own_sign + "−" * bool(place)) for place, one in enumerate(reads))
        elif inner and len(reads) == 1 and (number := text.strip("0123456789. ")) in _BINDS:  # as in `1 −` or `× 2`
            own_sign, read = number, phrase(reads[0], number)
            said = f"{read} {text}" if text.startswith(number) else f"{text} {read}"
        else:
            read = ", ".join(map(phrase, reads))
            said = say("of", collapsed.lang).format(words=text, read=read) if read else text
        weaker = not own_sign or _BINDS.get(own_sign, 0) < _BINDS.get(sign[:1], 0)
        again = len(sign) > 1 and own_sign in ("+", "−") and sign[0] in ("+", "−")  # a − (b + c)
        return f"({said})" if sign and " " in said and (weaker or again) else said

    edge = group.layer.values[0]
    while True:
        text, reads = step(graph.nodes[edge.node])
        inner = [read for read in reads if collapsed.image(read.node) in own]
        # arrows name what a block reads besides
        called = _block_around(collapsed, graph.nodes[edge.node], scope) is not None
        if len(inner) != 1 or (len(reads) > 1 and not called):
            return [phrase(edge), *rows]
        rows.insert(0, text)
        edge = inner[0]


_BINDS = {"&": 0, "+": 1, "−": 1, "×": 2}  # how tightly the signs of a line bind


def _named(collapsed: CollapsedGraph, edge: Edge) -> str:
    """Return what a value from outside a line is called: `x`, the part `h.2`, the output `c1.logdet` of a block."""
    graph, line = collapsed.graph, collapsed.line_of(collapsed.graph.nodes[edge.node])
    if edge.node in collapsed.part.ports:
        return collapsed.part.ports[edge.node]
    blocks = [scope for scope in graph.scopes if scope.layer == line.index and len(scope.results) > 1]
    outputs = {result: name for one in blocks for result, name in zip(one.results, one.result_names, strict=False)}
    part = outputs.get(edge, str(edge.output + 1) if len(graph.nodes[edge.node].types) > 1 else "")
    return f"{line.label}.{part}" if part else line.label


def _is_chain(collapsed: CollapsedGraph, group: NodeGroup) -> bool:
    """Whether each step of a closed line reads one value: the step before, or for the first step another line."""
    own = {node.index for node in group.nodes}
    outside = 0
    for node in group.nodes:
        reads = [source.node for edge in node.inputs for source, _ in collapsed.sources(edge)]
        inner = [index for index in dict.fromkeys(reads) if index in own]
        if _block_around(collapsed, node, group.layer.scope) is not None:
            continue
        if node.op.circle:
            return False
        outside += len(inner) < len(set(reads))
        if len(inner) > 1 or (inner and len(set(reads)) > 1) or (inner and outside > 1):
            return False
    return True


def _turned(said: list[tuple[str, int]]) -> list[tuple[str, int]]:
    """Join the steps between two reversals of time into one text such as `reversed(gru)`."""
    turns = [place for place, (_, block) in enumerate(said) if block == FLIP]
    if not turns or len(turns) % 2:
        return said
    first, last = turns[:2]
    inner = " → ".join(text for text, _ in said[first + 1 : last])
    return [*said[:first], (f"{said[first][0]}({inner})", -1), *_turned(said[last + 1 :])]


def _block_around(collapsed: CollapsedGraph, node: Node, scope: int) -> Scope | None:
    """Return the outermost block or repeat around a node inside a line's scope; None if there is none."""
    return next(
        (one for one in collapsed.graph.ancestors(node.scope) if one.parent == scope and one.index != scope), None
    )


def step_text(graph: Graph, node: Node, lang: str = "en") -> str:
    """Return the words for one step, such as `64 filters 3×3, stride 2` or `LSTM, 8 units, 2 layers`."""
    shown = frozenset(("delay", "start", "backward", ORDER))  # arrows and `reversed(…)` say these
    marks = [mark.text for mark in marks_of(graph, node, lang) if mark.rank == BOX and mark.option not in shown]
    said = ", ".join(dict.fromkeys(filter(None, marks))) or node.op.title(lang)
    return _POWER.sub(lambda power: power[1].translate(RAISED), _TWICE.sub(r"\1", said))


def shown_in_boxes(graph: Graph, node: Node) -> frozenset[str]:
    """Return the marks that the words in a box and the arrows around it show."""
    return frozenset(mark.option for mark in marks_of(graph, node, "en") if mark.rank == BOX)


def step_words(collapsed: CollapsedGraph, node: Node) -> str:
    """Return the words for one step; in a block that stands for all its calls, letters where the calls differ."""
    graph, lang = collapsed.graph, collapsed.lang
    nodes = [node]
    if collapsed.part.name:
        scope = graph.scopes[collapsed.part.scope]
        calls = collapsed.alike(scope)
        nodes = [graph.nodes[call.first + node.index - scope.first] for call in calls]
        node = _in_letters(graph, nodes, calls)
    collapsed.steps[node.index] = node
    texts = list(dict.fromkeys(step_text(graph, one, lang) for one in nodes))
    if len(texts) == 1 or not any(_is_in_box(node, name) for name in node.op.options):
        return step_text(graph, node, lang)
    return " / ".join(texts if len(texts) <= MOST_SAID else [*texts[: MOST_SAID - 2], "…", texts[-1]])


def _is_in_box(node: Node, name: str) -> bool:
    """Whether a box would say a list of values of an option, because no letter stands for them."""
    mark = node.op.options[name].mark
    return isinstance(node.op.__dict__[name], Listed) and mark is not None and mark.rank == BOX


def _in_letters(graph: Graph, nodes: list[Node], calls: list[Scope]) -> Node:
    """Return the first node, with letters or lists of values for the options whose words differ between the calls."""
    op = nodes[0].op
    said = [{mark.option: mark.text for mark in marks_of(graph, one, "en")} for one in nodes]
    changed = {}
    for name, option in op.options.items():
        values = [one.op.__dict__[name] for one in nodes]
        mark = option.mark
        if mark is None or mark.is_a == "training" or all(value == values[0] for value in values):
            continue
        if not mark.titled and all(words.get(name) == said[0].get(name) for words in said):
            continue  # depthwise in every call, whatever the number of groups
        if isinstance(mark.en, str):
            changed[name] = _letter(values, calls)
        else:  # words of single values: those that any call has
            changed[name] = next((value for value in values if mark.en.get(value)), values[0])
    if not changed:
        return nodes[0]
    op = copy(op)
    op.__dict__.update(changed)
    return replace(nodes[0], op=op)


def _letter(values: list[Any], calls: list[Scope]) -> Any:
    """Return what has these values in the calls of a block; else the values.

    That is a parameter, a multiple of it, its square, or the product or quotient of two parameters.
    """
    if isinstance(values[0], Type):
        parts = [part[0] if len(set(part)) == 1 else _letter(list(part), calls) for part in zip(*values, strict=True)]
        return Listed(_each(values)) if any(isinstance(part, Listed) for part in parts) else Type._make(parts)
    flat = [_one(value) for value in values]
    given: dict[str, tuple[Any, ...]] = {
        name: tuple(call.params.get(name) for call in calls) for name in calls[0].params
    }
    letters = [Formula.symbol(name, of) for name, of in given.items() if all(type(value) is int for value in of)]
    for found in _combined(letters):
        if found.values == tuple(flat):
            return (found,) * len(values[0]) if isinstance(values[0], tuple) else found
    return Listed(_each(flat))


def _combined(letters: list[Formula]) -> Iterator[Formula]:
    yield from letters  # what the spec most likely says: `e`, even if e = 4s holds in all calls
    for letter in letters:
        yield from (factor * letter for factor in FACTORS[1:])
        yield from (letter // factor for factor in FACTORS[1:] if divides(factor, letter))
        yield letter * letter
    for one, other in permutations(letters, 2):
        yield one * other
        if divides(other, one):
            yield one // other


def steps_back(collapsed: CollapsedGraph, delays: tuple[int, ...]) -> str:
    """Return a delay in the calls that a drawing stands for: `2`, `2d` or, if no parameter gives it, `(1, 5)`."""
    if len(set(delays)) == 1:
        return str(delays[0])
    found = _letter(list(delays), collapsed.alike(collapsed.graph.scopes[collapsed.part.scope]))
    return f"({found})" if isinstance(found, Listed) else _said(found)


class Listed(str):
    """The values of an option that differ between the calls of a block and are no parameter of it."""


def _one(value: Any) -> Any:
    """Return the size that all axes of an extent have; another value as it is."""
    return value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value
