"""Says in a few words what the operations in a box do, and chooses the background colour of the box."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import replace
from itertools import groupby, permutations
from typing import Any

from netspec.figure.blocks import CollapsedGraph, NodeGroup, brief
from netspec.figure.colours import KINDS, PLAIN, ground, kind_of
from netspec.figure.notes import ORDER, marks_of
from netspec.figure.settings import FigureSettings
from netspec.figure.strings import say
from netspec.figure.units.elided import size_label
from netspec.ir.graph import Edge, Graph, Layer, Node, Scope
from netspec.ir.marks import BOX, number_text
from netspec.ir.sizes import Formula, Size, divides
from netspec.ir.types import Type

MOST_LINES = 6  # steps of a closed line that stand below each other
MOST_SAID = 5  # values of an argument that differ from call to call
FACTORS = (1, 2, 3, 4, 6, 8)  # multiples of a parameter that a step of a block often has
RAISED = str.maketrans("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹")
_POWER = re.compile(r"\^(\d+)")
_IN_PARENTHESES = re.compile(r"(?<=\w)\([^()]*\)")
_TWICE = re.compile(r"\b(\w+) \1\b")  # `heads heads`, where a parameter is called what it counts
FLIP = -2  # stands in place of a block index for a step that reverses the order of time steps


def tint_of(settings: FigureSettings, group: NodeGroup) -> str:
    """Return the colour or role of a box's background: the user's, or that of its kind."""
    kind = "input" if group.port else kind_of(group.nodes)
    if group.scope is not None and (not kind or settings.of("block").color):
        kind = "block"
    block = "" if group.scope is None else group.scope.name
    return ground(settings, group.layer.path, kind, block) or (KINDS[kind][0] if kind else PLAIN)


def scope_title(collapsed: CollapsedGraph, scope: Scope, times: Size = 1, call: bool = True) -> str:
    """Return the title of a scope, such as `Basic(64) × 2` or `Dilated(d = 1, 2, 4) × 3`; for a round its number.

    With `call` the title contains the arguments of the block, or of the blocks in the rounds, and names a step that
    each round consists of: without it, the box of this step stands in the frame with this title.
    """
    if scope.kind == "round":
        return scope.name
    inner, said = [scope], ""
    shared = f", {say('shared', collapsed.lang)}" if call and scope.kind == "repeat" and scope.shared else ""
    if scope.kind == "repeat":
        block = collapsed.block_of(scope)
        if block is None or block.kind == "repeat":
            name, said = _rounds(collapsed, *_in_calls(collapsed, scope)) if call else ("", "")
            name, call = name or say("repeat", collapsed.lang), False
        else:
            scopes = collapsed.graph.scopes
            inner = [scopes[scopes[child].children[0]] for child in scope.children]
            name = _name(collapsed, block)
    else:
        name = _name(collapsed, scope)
    if inner[0].copies is not None:
        times = inner[0].copies.number
    name += _call(collapsed, inner) if call else ""
    return (f"{name} × {times}" if times != 1 else name) + said + shared


def _rounds(collapsed: CollapsedGraph, repeats: list[Scope], known: list[dict[str, Any]]) -> tuple[str, str]:
    """Return the words for a round of a repeat, `(c filters 3×3 → Res × n)`, and `: c = 16, 32; n = 2, 6` behind them.

    The words have letters where the rounds differ. They are "" if a round has many steps, or not those of the others.

    Parameters:
        repeats: the repeat; of one in the rounds of another, the repeat in each of these rounds.
        known: for each of them, the values of the letters around it.
    """
    graph = collapsed.graph
    rounds = [graph.scopes[one] for repeat in repeats for one in repeat.children]
    around = [letters for letters, repeat in zip(known, repeats, strict=True) for _ in repeat.children]
    given = [{**letters, **one.arguments} for letters, one in zip(around, rounds, strict=True)]
    steps = [_steps_of(graph, one) for one in rounds]
    if len(steps[0]) > MOST_LINES or len({tuple(map(_sort, one)) for one in steps}) > 1:
        return "", ""
    texts = [_in_rounds(collapsed, list(alike), given) for alike in zip(*steps, strict=True)]
    words = " → ".join(filter(None, texts))
    if not all(texts):
        return "", ""
    each = [[graph.scopes[one].arguments for one in repeat.children] for repeat in repeats]
    own = each[0] if all(one == each[0] for one in each) else [values for one in each for values in one]
    differ = {name: _shortened([_said(values[name]) for values in own]) for name in own[0]}
    listed = "; ".join(f"{name} = {text}" for name, text in differ.items() if ", " in text)
    return f"({words})" if " " in words else words, f": {listed}" if listed else ""


def _steps_of(graph: Graph, scope: Scope) -> list[Node | Scope]:
    """Return the steps of a round in order: a block or repeat in it is one."""
    found: list[Node | Scope] = [graph.scopes[one] for one in scope.children]
    own = [node for node in graph.nodes[scope.first : scope.last] if node.scope == scope.index]
    found += [node for node in own if not node.kind and not node.op.alias]
    return sorted(found, key=lambda one: one.first if isinstance(one, Scope) else one.index)


def _sort(step: Node | Scope) -> tuple[str, str]:
    return (step.kind, step.name if step.kind == "block" else "") if isinstance(step, Scope) else ("", step.op.name)


def _in_rounds(collapsed: CollapsedGraph, steps: list[Any], given: list[dict[str, Any]]) -> str:
    """Return the words for one step of all rounds; the letters have the values `given`, one of them for each round."""
    first = steps[0]
    if isinstance(first, Node):
        words = _step_words(collapsed, steps, given)
        drawn = [one.index for one in steps if one.index in collapsed.part.nodes]
        collapsed.steps |= dict.fromkeys(drawn, collapsed.steps[first.index])
        return words
    if first.kind == "repeat":
        name, said = _rounds(collapsed, steps, given)
        times = _said(_letter([len(one.children) for one in steps], given))
        times = f"({times})" if ", " in times else times
        return f"{name} × {times}{said}" if name and times != "1" else name + said
    texts = {name: _said(_letter([one.arguments[name] for one in steps], given)) for name in first.arguments}
    return _name(collapsed, first) + _call(collapsed, steps, texts)


def _name(collapsed: CollapsedGraph, scope: Scope) -> str:
    """Return the name of a block, or the words for the operation that makes copies of the step in its braces."""
    if scope.kind != "call":
        return scope.name
    node = collapsed.graph.nodes[scope.last - 1]
    said = step_words(collapsed, node)
    if collapsed.is_open(scope) and collapsed.choice(scope) is not None:  # its parts say the rest
        return collapsed.steps[node.index].op.title(collapsed.lang)
    return ": ".join((said, *copies_words(collapsed, scope)))


def choice_words(collapsed: CollapsedGraph, scope: Scope) -> str:
    """Return what stands below the title of an open choice: what the copies are, and what no part of it says."""
    node = collapsed.graph.nodes[scope.last - 1]
    words = step_words(collapsed, node).split(", ")
    op = collapsed.steps[node.index].op
    choice = op.chooser(collapsed.lang)
    elsewhere = (*op.title(collapsed.lang).split(", "), *(choice.lines if choice is not None else ()))
    return ", ".join((*copies_words(collapsed, scope), *(text for text in words if text not in elsewhere)))


def copies_words(collapsed: CollapsedGraph, scope: Scope) -> list[str]:
    """Return what the copies are that an operation makes of the step in its braces: `SwiGLU(2048)`."""
    found: dict[str, None] = {}
    for one in (collapsed.graph.scopes[child] for child in scope.children):
        steps = " → ".join(step_words(collapsed, node) for node in brief(collapsed.graph, one))
        found[steps or (_name(collapsed, one) + _call(collapsed, [one]) if one.source is not None else "")] = None
    return list(filter(None, found))


def _call(collapsed: CollapsedGraph, scopes: list[Scope], letters: dict[str, str] | None = None) -> str:
    """Return the arguments of blocks as `(64, 2)`; with their names if they differ or if one of several is no size."""
    texts = _arguments(scopes, _briefly(collapsed.graph, scopes[0])) if letters is None else letters
    sizes = all(
        isinstance(value, int | Formula) and not isinstance(value, bool)
        for scope in scopes
        for value in scope.arguments.values()
    )
    plain = (sizes or len(texts) == 1) and all(", " not in text for text in texts.values())
    if collapsed.part.name and letters is None:
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
    return _said(_letter(values, [call.params for call in calls]))


def _arguments(scopes: list[Scope], said: Callable[[Any], str]) -> dict[str, str]:
    """Return the values that the parameters of a block have in its calls: the n-th of each are those of one call."""
    names = list(scopes[0].arguments)
    calls = [call for call, _ in groupby([tuple(said(scope.arguments[name]) for name in names) for scope in scopes])]
    return {name: _shortened(list(texts)) for name, texts in zip(names, zip(*calls, strict=True), strict=True)}


def _each(values: Iterable[Any]) -> str:
    """Return the values without repeats in a row: `64`, `1, 2, 4` or, if they are many, `1, 2, 4, …, 512`."""
    return _shortened([text for text, _ in groupby(map(_said, values))])


def _shortened(said: list[str]) -> str:
    if len(set(said)) == 1:
        return said[0]
    return ", ".join(said if len(said) <= MOST_SAID else [*said[: MOST_SAID - 2], "…", said[-1]])


def arguments(collapsed: CollapsedGraph, scope: Scope) -> str:
    """Return the arguments of a block with their names, as `c = 64, s = 1, 2`: those of all its calls in the net."""
    calls: dict[tuple[str, ...], Scope] = {}
    for call in collapsed.alike(scope):
        calls.setdefault(tuple(map(_bare, call.arguments.values())), call)
    texts = _parameters(collapsed, _arguments(list(calls.values()), _bare))
    return ("; " if sum(", " in text for text in texts) > 1 else ", ").join(texts)


def _bare(value: Any) -> str:
    """Return the value of a parameter; of a step what stands before its parentheses."""
    text, count = _said(value), 1
    while count:
        text, count = _IN_PARENTHESES.subn("", text)
    return text


def _briefly(graph: Graph, scope: Scope) -> Callable[[Any], str]:
    """Return how the arguments of a block are said: steps by their names where these tell all calls apart."""
    calls = [one.arguments.values() for one in graph.scopes if (one.kind, one.name) == (scope.kind, scope.name)]
    kinds = ({tuple(map(said, values)) for values in calls} for said in (_bare, _said))
    return _bare if len(next(kinds)) == len(next(kinds)) else _said


def _said(value: Any) -> str:
    """Return the value of a parameter as it is written in a spec."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return number_text(value)
    if isinstance(value, Type):
        return "×".join(map(size_label, value.space)) if _is_extent(value) else str(value)
    return size_label(value) if isinstance(value, int | Formula) else str(value)


def _is_extent(value: Any) -> bool:
    """Whether an argument is written `5x5`: the size of a filter."""
    return isinstance(value, Type) and value == Type(1, value.space) and bool(value.space)


def step_lines(collapsed: CollapsedGraph, group: NodeGroup) -> list[str]:
    """Return the lines that say what a box does: one line for each step.

    A block in a closed line is named instead of its steps. Equal blocks in a row are named once, with their number.
    A step that changes nothing is left out. Many lines of a closed line are joined into one text with arrows. Where the
    steps of a closed line are no chain, the line says what each of them reads.
    """
    if group.nodes[0].kind == "input":
        return []
    if group.line and not is_chain(collapsed, group):
        return _phrases(collapsed, group)
    # each entry: the words for a step or block, and the block's index (-1 for a step outside all blocks)
    said: list[tuple[str, int]] = []
    for node in [one for one in group.nodes if not one.op.alias] or group.nodes:
        outer = _block_around(collapsed, node, group.layer.scope) if group.line else None
        if outer is None:
            words = step_words(collapsed, node)
            choice = None if group.line else collapsed.steps.get(node.index, node).op.chooser(collapsed.lang)
            said.append((words if choice is None else choice.made, FLIP if node.kind == "flip" else -1))
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
        title = scope_title(collapsed, outer, len(outer.children) if outer.kind == "repeat" else 1)
        return title, _read_by(graph, outer)

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
        # arrows name what a block reads besides, if it reads a step that reads something itself
        called = _block_around(collapsed, graph.nodes[edge.node], scope) is not None
        called = called and all(graph.nodes[read.node].inputs for read in inner)
        if len(inner) != 1 or (len(reads) > 1 and not called):
            return [phrase(edge), *rows]
        rows.insert(0, text)
        edge = inner[0]


def _read_by(graph: Graph, scope: Scope) -> list[Edge]:
    """Return the values from outside a scope that its steps read."""
    reads = [edge for one in graph.nodes[scope.first : scope.last] for edge in one.inputs]
    return list(dict.fromkeys(edge for edge in reads if not scope.first <= edge.node < scope.last))


_BINDS = {"&": 0, "+": 1, "−": 1, "×": 2}  # how tightly the signs of a line bind


def _named(collapsed: CollapsedGraph, edge: Edge) -> str:
    """Return what a value from outside a line is called: `x`, the part `h.2`, the output `c1.logdet` of a block."""
    graph, line = collapsed.graph, collapsed.line_of(collapsed.graph.nodes[edge.node])
    if edge.node in collapsed.part.ports:
        return collapsed.part.ports[edge.node]
    blocks = [scope for scope in graph.scopes if scope.layer == line.index and len(scope.results) > 1]
    outputs = {result: name for one in blocks for result, name in zip(one.results, one.result_names, strict=False)}
    part = outputs.get(edge, str(edge.output + 1) if len(graph.nodes[edge.node].types) > 1 else "")
    after = collapsed.round_read(edge)
    return ".".join(filter(None, (line.label, str(after or ""), part)))


def is_chain(collapsed: CollapsedGraph, group: NodeGroup) -> bool:
    """Whether each step of a closed line reads one value: the step before, or for the first step another line."""
    own = {node.index for node in group.nodes}
    outside = 0
    for node in group.nodes:
        reads = [source.node for edge in node.inputs for source, _ in collapsed.sources(edge)]
        inner = [index for index in dict.fromkeys(reads) if index in own]
        block = _block_around(collapsed, node, group.layer.scope)
        if block is not None:
            read = _read_by(collapsed.graph, block)
            if len(read) > 1 and any(edge.node in own and not collapsed.graph.nodes[edge.node].inputs for edge in read):
                return False  # `zeros` before it would look as if it read what the block reads
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


def again_as_whole(collapsed: CollapsedGraph, layer: Layer) -> str:
    """Return the words for whose weights an opened line has, where all of its boxes would say them; else ""."""
    nodes = [node for node in collapsed.graph.nodes_of(layer) if node.path]
    end = collapsed.graph.nodes[layer.values[0].node]
    last = collapsed.of.get(end.index)  # the box that says it
    if last is None or last.sign or last.line or last.scope is not None or collapsed.settings.of(layer.path).title:
        return ""
    if collapsed.graph.scopes[end.scope].copies is not None:
        return ""  # a step in braces has no name
    said = {
        "".join(mark.text for mark in marks_of(collapsed.graph, node, collapsed.lang) if mark.option == "again")
        for node in nodes
    }
    boxes = {group.id for node in nodes if (group := collapsed.of.get(node.index)) is not None and group.scope is None}
    return said.pop() if len(said) == 1 and len(boxes) > 1 else ""


def step_text(graph: Graph, node: Node, lang: str = "en", silent: frozenset[str] = frozenset()) -> str:
    """Return the words for one step, such as `64 filters 3×3, stride 2` or `LSTM, 8 units, 2 layers`."""
    shown = silent | {"delay", "start", "backward", ORDER}  # arrows and `reversed(…)` say these
    marks = [mark.text for mark in marks_of(graph, node, lang) if mark.rank == BOX and mark.option not in shown]
    said = ", ".join(dict.fromkeys(filter(None, marks))) or node.op.title(lang)
    return _POWER.sub(lambda power: power[1].translate(RAISED), _TWICE.sub(r"\1", said))


def shown_in_boxes(graph: Graph, node: Node) -> frozenset[str]:
    """Return the marks that the words in a box and the arrows around it show."""
    return frozenset(mark.option for mark in marks_of(graph, node, "en") if mark.rank == BOX)


def step_words(collapsed: CollapsedGraph, node: Node) -> str:
    """Return the words for one step; in a block that stands for all its calls, letters where the calls differ."""
    if not collapsed.part.name:
        return _step_words(collapsed, [node], [{}])
    scope = collapsed.graph.scopes[collapsed.part.scope]
    calls = collapsed.alike(scope)
    nodes = [collapsed.graph.nodes[call.first + node.index - scope.first] for call in calls]
    return _step_words(collapsed, nodes, [call.params for call in calls])


def _in_calls(collapsed: CollapsedGraph, scope: Scope) -> tuple[list[Scope], list[dict[str, Any]]]:
    """Return a scope in all calls of the block that is drawn, and what the parameters of each call are."""
    if not collapsed.part.name:
        return [scope], [{}]
    outer = collapsed.graph.scopes[collapsed.part.scope]
    calls = collapsed.alike(outer)
    places = {(one.first, one.kind): one for one in collapsed.graph.scopes}
    found = [places[call.first + scope.first - outer.first, scope.kind] for call in calls]
    return found, [call.params for call in calls]


def _step_words(collapsed: CollapsedGraph, nodes: list[Node], given: list[dict[str, Any]]) -> str:
    """Return the words for a step in several calls or rounds, each with what its letters have as values."""
    graph, lang = collapsed.graph, collapsed.lang
    node = _in_letters(graph, nodes, given) if len(nodes) > 1 else nodes[0]
    collapsed.steps[node.index] = node
    silent = frozenset(("again",) if again_as_whole(collapsed, graph.layers[node.layer]) else ())
    texts = list(dict.fromkeys(step_text(graph, one, lang, silent) for one in nodes))
    if len(texts) == 1 or not any(_is_in_box(node, name) for name in node.op.options):
        return step_text(graph, node, lang, silent)
    return " / ".join(texts if len(texts) <= MOST_SAID else [*texts[: MOST_SAID - 2], "…", texts[-1]])


def _is_in_box(node: Node, name: str) -> bool:
    """Whether a box would say a list of values of an option, because no letter stands for them."""
    mark = node.op.options[name].mark
    return isinstance(node.op.__dict__[name], Listed) and mark is not None and mark.rank == BOX


def _in_letters(graph: Graph, nodes: list[Node], given: list[dict[str, Any]]) -> Node:
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
            changed[name] = _letter(values, given)
        else:  # words of single values: those that any call has
            changed[name] = next((value for value in values if mark.en.get(value)), values[0])
    if not changed:
        return nodes[0]
    op = copy(op)
    op.__dict__.update(changed)
    return replace(nodes[0], op=op)


def _letter(values: list[Any], given: list[dict[str, Any]]) -> Any:
    """Return what has these values in the calls of a block, of which each has the parameters `given`; else the values.

    That is a parameter, a multiple of it, its square, or the product or quotient of two parameters.
    """
    known: dict[str, tuple[Any, ...]] = {name: tuple(call.get(name) for call in given) for name in given[0]}
    extents = tuple(value.space if _is_extent(value) else value for value in values)
    for name, of in known.items():
        if all(map(_is_extent, of)) and tuple(one.space for one in of) == extents:
            return name
    if isinstance(values[0], Type):
        parts = [part[0] if len(set(part)) == 1 else _letter(list(part), given) for part in zip(*values, strict=True)]
        return Listed(_each(values)) if any(isinstance(part, Listed) for part in parts) else Type._make(parts)
    flat = [_one(value) for value in values]
    if all(value == values[0] for value in values):
        return values[0]
    letters = [Formula.symbol(name, of) for name, of in known.items() if all(type(value) is int for value in of)]
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
    calls = collapsed.alike(collapsed.graph.scopes[collapsed.part.scope])
    found = _letter(list(delays), [call.params for call in calls])
    return f"({found})" if isinstance(found, Listed) else _said(found)


class Listed(str):
    """The values of an option that differ between the calls of a block and are no parameter of it."""


def _one(value: Any) -> Any:
    """Return the size that all axes of an extent have; another value as it is."""
    return value[0] if isinstance(value, tuple) and len(set(value)) == 1 else value
