"""What a figure must say of the steps that it draws, and where that which its shapes do not show is said in words.

A step has marks (`netspec.ir.marks`): its title, its options, and the facts of its node, such as shared weights. A view
shows some of them (`View.shows`). `noted` says the others, each by its class:

- structure: in words at the layer;
- kind: in one line below the figure, `not shown: relu (h1, h2); dropout (h1)`;
- training: in the tooltips of the layer's shapes.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from types import MappingProxyType
from typing import Final

from netspec.figure.colours import explained
from netspec.figure.scene import MARGIN, Align, Item, Node, Polygon, Rect, Scene, Text, canvas_of, layout, meets
from netspec.figure.scene.canvas import Canvas, Footnote, boxed
from netspec.figure.scene.typeset import wrapped
from netspec.figure.settings import FigureSettings
from netspec.figure.strings import say
from netspec.ir import graph as ir
from netspec.ir.graph import Graph, node_marks
from netspec.ir.marks import BOX, NOTE, Class, Mark, ordinal
from netspec.ir.operation import Op

NAME: Final = "title"  # the mark that says which step it is
ORDER: Final = "order"  # the mark that says in which order a step reads its inputs: the line as the spec has it
NARROW, APART = 60.0, 4.0  # the least width of the line of notes; from the figure to its words (mm)


@lru_cache(maxsize=8192)  # a page is laid out many times
def marks_of(graph: Graph, node: ir.Node, lang: str) -> tuple[Mark, ...]:
    """Return all marks of a step, its title first. The title is of the structure if the step makes new units."""
    found = node_marks(graph, node, lang)
    if node.kind == "delay" or node.op.alias:  # a fact of the node says the delay; an identity computes nothing
        return found
    is_a: Class = "structure" if node.op.effect in ("new", "order", "select") and not node.op.norm else "kind"
    return (Mark(NAME, is_a, node.op.title(lang), BOX), *found)


def titled(op: Op) -> frozenset[str]:
    """Return the names of the marks that the title of an operation says."""
    return frozenset({NAME}) | {name for name, one in op.options.items() if one.mark is not None and one.mark.titled}


def structural(op: Op) -> frozenset[str]:
    """Return the names of all options that change the structure."""
    return frozenset(name for name, one in op.options.items() if one.mark is not None and one.mark.is_a == "structure")


Shows = Callable[[ir.Node], frozenset[str] | None]


@dataclass(frozen=True, slots=True)
class Unshown:
    """A mark that the shapes of a figure do not show: the step it is of, and the layer that is drawn for the step."""

    node: ir.Node
    mark: Mark
    layer: str
    owner: str  # what the figure calls the layer
    place: _Place


def unshown(
    graph: Graph, drawn: Iterable[str], shows: Shows, lang: str, names: Mapping[int, str] = MappingProxyType({})
) -> list[Unshown]:
    """Return the marks that a figure leaves out, in the order of the steps.

    Parameters:
        drawn: the paths of the layers that have shapes in the figure.
        shows: gives the marks of a step that the figure shows; None for a step that it does not draw by itself.
        names: what the figure calls lines, by their index, where that is not their name.
    """
    layers = frozenset(drawn)
    found: list[Unshown] = []
    for node in graph.nodes:
        shown = shows(node)
        path = layer_of(graph, node, layers)
        if shown is None or path is None or node.kind in ("input", "port"):
            continue
        left = [mark for mark in marks_of(graph, node, lang) if mark.option not in shown]
        if node.op.weighted_sum or not any(mark.is_a == "structure" and mark.option != NAME for mark in left):
            # where wires or windows show what the step reads, its name alone says a kind
            wired = titled(node.op) - {NAME} <= shown and node.op.wiring != "none"
            left = [mark._replace(is_a="kind") if mark.option == NAME and wired else mark for mark in left]
        place = _Place.of(graph, node, shows)
        found += [Unshown(node, mark, path, _owner(graph, node, names), place) for mark in left if mark.text]
    whole = {(one.node.layer, one.node.scope) for one in found if one.mark.option == ORDER}  # lines written as they are
    return [one for one in found if one.mark.option != NAME or (one.node.layer, one.node.scope) not in whole]


Which = tuple[str, str]  # a word of place, such as `before`, and the step or value that it is about


@dataclass(frozen=True, slots=True)
class _Place:
    """Where in its line a step stands: between which steps that the figure shows, and on which value it acts."""

    line: tuple[ir.Node, ...]  # the steps of the line
    shown: tuple[ir.Node, ...]  # those whose name the figure shows
    on: str  # the only value that it changes, where the line reads several

    @classmethod
    def of(cls, graph: Graph, node: ir.Node, shows: Shows) -> _Place:
        line = [one for one in graph.nodes_of(graph.layers[node.layer]) if one.scope == node.scope and not one.kind]
        read = {edge.node for one in line for edge in one.inputs} - {one.index for one in line}
        on = [graph.layers[graph.nodes[edge.node].layer].label for edge in node.inputs if edge.node in read]
        alone = len(read) > 1 and len(on) == 1 and len(node.inputs) == 1
        shown = tuple(one for one in line if NAME in (shows(one) or ()))
        return cls(tuple(line), shown, on[0] if alone else "")

    def usual(self, mark: Mark) -> list[int]:
        """Return the steps of the line that one thinks of if a mark is said of the line: those with weights.

        The mark of an option says it of them; the name of a step says that it stands behind each of them.
        """
        steps = self.shown if mark.option == NAME else [one for one in self.line if mark.option in one.op.options]
        weighted = [one.index for one in steps if one.path and not one.op.norm]
        return weighted or [one.index for one in steps][:1]

    def words(self, node: ir.Node, mark: Mark, lang: str) -> Which:
        """Return which step of the line is meant: `at average pooling`, `before perceptrons`."""
        if mark.option != NAME:
            return "at", self._title(node, mark, lang)
        shown = self.around(node)
        before = [one for one in shown if one.index < node.index][-1:]
        after = [one for one in shown if one.index > node.index][:1]
        if not before and not after:  # the figure names no other step of the line
            return "", ""
        return "after" if before else "before", self._title((before or after)[0], mark, lang)

    def _title(self, node: ir.Node, mark: Mark, lang: str) -> str:
        """Return what tells a step from the others of its line: `filters`, `64 filters 5×5` or `the 2nd relu`."""
        title, alike = "", [node]
        for title in (noun(node.op, lang), node.op.title(lang)):
            alike = [one for one in self.line if title in (noun(one.op, lang), one.op.title(lang))]
            if len(alike) == 1 or all(mark in one.op.marks(lang) for one in alike):
                return title
        return say("nth", lang).format(nth=ordinal(alike.index(node) + 1, lang), name=title)

    def step(self, node: ir.Node, mark: Mark) -> int:
        """Return the step that a mark is said of: the node, or the one that it stands behind; -1 if there is none."""
        if mark.option != NAME:
            return node.index
        return max((one.index for one in self.around(node) if one.index < node.index), default=-1)

    def around(self, node: ir.Node) -> list[ir.Node]:
        """Return the shown steps whose order with a step matters: for single values no other arrangement of them."""
        return [one for one in self.shown if not (node.op.effect == "each" and one.op.effect == "order")]


def layer_of(graph: Graph, node: ir.Node, drawn: frozenset[str]) -> str | None:
    """Return the drawn layer that a step belongs to: its own line, a line around it, or whose values it changes."""
    found = next((path for path in _paths(graph, node) if path in drawn), None)
    makes_units = node.op.effect == "new" and node.op.wiring != "side" and not node.kind
    if found is None and node.inputs and not makes_units:
        return layer_of(graph, graph.nodes[node.inputs[0].node], drawn)
    return found


def _paths(graph: Graph, node: ir.Node) -> Iterator[str]:
    """Yield the path of a step's line, those of the results of blocks that it calls, of the lines that call it."""
    yield graph.layers[node.layer].path
    for scope in graph.scopes:
        if scope.layer == node.layer:
            yield from (graph.layers[graph.nodes[edge.node].layer].path for edge in scope.results)
    for scope in graph.ancestors(node.scope):
        if scope.layer >= 0:
            yield graph.layers[scope.layer].path
        if scope.path:
            yield scope.path


def _owner(graph: Graph, node: ir.Node, names: Mapping[int, str]) -> str:
    """Return what a note calls the line of a step: `z`, or `Basic.a` in a block if another `a` stands elsewhere."""
    layer = graph.layers[node.layer]
    if node.layer in names:
        return names[node.layer]
    known = {_of_block(graph, one) for one in graph.layers if one.label == layer.label}
    return layer.label if len(known) == 1 else _of_block(graph, layer)


def _of_block(graph: Graph, layer: ir.Layer) -> str:
    block = next((scope.name for scope in graph.ancestors(layer.scope) if scope.kind == "block"), "")
    return f"{block}.{layer.label}" if block else layer.label


def dropping(graph: Graph, layer: ir.Layer) -> list[ir.Node]:
    """Return the steps that zero some units of a line in training: its own last ones, and those that read it."""
    ends = {edge.node for edge in layer.values}
    own = {node.index for end in ends for node in _same_units(graph, graph.nodes[end])}
    return [
        node
        for node in graph.nodes
        if node.op.drops_units and (node.index in own or ends & {before.index for before in _same_units(graph, node)})
    ]


def _same_units(graph: Graph, node: ir.Node) -> Iterator[ir.Node]:
    """Yield a step and the steps before it whose units it changes, up to the one that makes them."""
    yield node
    while node.inputs and not node.kind and node.op.effect in ("same", "each", "across", "order"):
        node = graph.nodes[node.inputs[0].node]
        yield node


def lines_named(graph: Graph, name: str) -> list[ir.Layer]:
    """Return the lines of a net that a path names: `h`, `h.2.a`, or `Basic.a` for this line in each call of a block."""
    exact = [layer for layer in graph.layers if layer.path == name]
    return exact or [layer for layer in graph.layers if "." in name and _of_block(graph, layer) == name]


def reads(graph: Graph, source: str, target: str) -> bool:
    """Whether a line that the second name names reads a value of a line that the first one names."""
    sources = {layer.index for layer in lines_named(graph, source)}
    return any(
        graph.nodes[edge.node].layer in sources
        for layer in lines_named(graph, target)
        for node in graph.nodes_of(layer)
        for edge in node.inputs
    )


# ---- the words


def at_layers(left: list[Unshown], lang: str) -> dict[str, str]:
    """Return the words of the structure at each layer: `LSTM, 5 units, 2 layers, bidirectional`."""
    found: dict[str, list[str]] = {}
    for one in left:
        if one.mark.is_a != "structure":
            continue
        said = found.setdefault(one.layer, [])
        text, usual = one.mark.text, one.place.usual(one.mark)
        if one.mark.option in one.node.op.options and len(usual) > 1:  # which of the steps of the line
            text = say("at", lang).format(owners=text, name=one.place.words(one.node, one.mark, lang)[1])
        if text not in said:
            said.append(text)
    return {layer: "\n".join(_rows(said)) for layer, said in found.items()}


def _rows(said: list[str]) -> list[str]:
    """Return the lines of words: the rows of a table of options stand one below the other."""
    plain = ", ".join(text for text in said if " / " not in text)
    tables = [text.replace(" ", "\n", 1).replace(" / ", "\n") for text in said if " / " in text]
    return [plain, *tables] if plain else tables


def gathered(
    graph: Graph,
    left: list[Unshown],
    drawn: list[ir.Node],
    lang: str,
    names: Mapping[int, str],
    closed: Iterable[ir.Node] = (),
) -> str:
    """Return the marks of kinds in one line, each with the layers it is true of: `padding 6 (b), 12 (c); relu (b)`.

    It says `no bias (all filters)` where no step of that name is without the mark, `all drawn filters` where only one
    in a closed box is, and `relu (all but y)` where that is shorter than the list.

    Parameters:
        drawn: the steps that the figure draws by themselves.
        closed: the steps in closed boxes.
    """
    found: dict[str, dict[str, list[Unshown]]] = {}  # the values of one option stand together
    for one in left:
        option = one.mark.text if one.mark.option == NAME else f"the option {one.mark.option}"
        found.setdefault(option, {}).setdefault(one.mark.text, []).append(one)
    turned = _turned([one for one in left if one.mark.option == NAME], list(found))
    texts: list[str] = []
    for by_value in found.values():
        first = next(iter(by_value))
        for text, all_ in by_value.items():
            said = f"{text} ({_owners(graph, all_, drawn, turned, lang, names, closed)})"
            known = _alike(first, text)
            if known:
                texts[-1] += f", {' '.join(said.split()[known:])}"
            else:
                texts.append(said)
    return "; ".join(texts)


def _alike(one: str, other: str) -> int:
    """Return with how many equal words two texts begin; 0 if one of them has no others."""
    a, b = one.split(), other.split()
    count = next((place for place, pair in enumerate(zip(a, b, strict=False)) if pair[0] != pair[1]), 0)
    return count if len(a) == len(b) == count + 1 else 0


def _turned(named: list[Unshown], order: list[str]) -> dict[int, ir.Node]:
    """Return the steps that follow a step of their line of which the note speaks later, each with that step."""
    found: dict[int, ir.Node] = {}
    lines: dict[tuple[int, int, int], list[Unshown]] = {}
    for one in named:
        key = (one.node.layer, one.node.scope, one.place.step(one.node, one.mark))
        before = lines.setdefault(key, [])
        later = [other.node for other in before if order.index(other.mark.text) > order.index(one.mark.text)]
        if later:
            found[one.node.index] = later[-1]
        if not _makes_units(one.node):  # that an activation stands behind the sums goes without saying
            before.append(one)
    return found


def _owners(
    graph: Graph,
    all_: list[Unshown],
    drawn: list[ir.Node],
    turned: Mapping[int, ir.Node],
    lang: str,
    names: Mapping[int, str],
    closed: Iterable[ir.Node],
) -> str:
    """Return the lines that a mark is true of, each with the step of it if that is not the one that one thinks of."""
    mark = all_[0].mark
    calls: dict[tuple[str, int], list[Unshown]] = {}
    for one in all_:
        scope = -1 if one.node.layer in names else graph.layers[one.node.layer].scope  # such a name says which call
        calls.setdefault((one.owner, scope), []).append(one)
    found: dict[tuple[str, Which], list[int]] = {}
    for (owner, scope), of_line in calls.items():
        place = of_line[0].place
        usual = place.usual(mark)
        units = [node for node in place.line if _makes_units(node)][-1:]  # that they are the line's goes without saying
        own = mark.option == NAME and [one.node for one in of_line] == units
        if own or not usual or {place.step(one.node, mark) for one in of_line} == set(usual):
            which = [_among(one, turned, lang) if mark.option == NAME else ("", "") for one in of_line]
        else:
            which = [place.words(one.node, mark, lang) for one in of_line]
        for words in dict.fromkeys(which):
            found.setdefault((owner, words), []).append(scope)
    groups: dict[tuple[Which, str], list[str]] = {}  # the lines by what is said of them
    for (owner, words), scopes in found.items():
        groups.setdefault((words, _in_calls(graph, scopes, drawn, lang)), []).append(owner)
    said = "; ".join(
        _said(owners, *which, lang)
        for which, owners in sorted(groups.items(), key=lambda item: item[0] != (("", ""), ""))
    )
    if set(groups) != {(("", ""), "")} or len(all_) < 2:
        return said
    whole = {owner for owner, _ in calls}
    kinds = {type(one.node.op) for one in all_}
    kind = "" if mark.option == NAME or len(kinds) > 1 else noun(all_[0].node.op, lang)

    def lacks(node: ir.Node) -> bool:
        """Whether a step that `all` would speak of does not have the mark."""
        if not (type(node.op) in kinds if kind else _makes_units(node)):
            return False
        given, values = all_[0].node.op.__dict__, node.op.__dict__
        if mark.option in given and (mark.option not in values or values[mark.option] == given[mark.option]):
            return False  # without a bias, too, if that goes without saying
        return mark.option == NAME or all(own.text != mark.text for own in marks_of(graph, node, lang))

    rest = list(dict.fromkeys(_owner(graph, one, names) for one in drawn if lacks(one)))
    rest = [owner for owner in rest if owner not in whole]
    inner = any(map(lacks, closed))
    every = say(("all drawn" if inner else "all") + (" steps" if kind else ""), lang).format(name=kind)
    if kind and not rest and not inner:
        return every
    if rest:
        every = say("all but", lang).format(all=every, names=", ".join(rest))
    return min(said, every, key=len) if kind or rest else said


def _among(one: Unshown, turned: Mapping[int, ir.Node], lang: str) -> Which:
    """Return what a step of a line changes, or behind which step it stands, where its name alone would mislead."""
    if one.node.index in turned:
        return "after", noun(turned[one.node.index].op, lang)
    return ("on", one.place.on) if one.place.on else ("", "")


def _said(owners: list[str], which: Which, numbers: str, lang: str) -> str:
    """Return lines with the step of them that is meant, and in which calls: `f6, f7 before perceptrons`."""
    (way, name), said = which, ", ".join(owners)
    said = say(way, lang).format(owners=said, name=name) if way else said
    return say("in calls", lang).format(owners=said, numbers=numbers) if numbers else said


def _makes_units(node: ir.Node) -> bool:
    return node.op.effect == "new" and node.op.wiring != "side" and not node.kind


def noun(op: Op, lang: str) -> str:
    """Return what all steps of an operation are called: its title without numbers, such as `filters`."""
    template = (op.titles[lang == "ko"] or op.titles[0] or op.name).partition(",")[0]
    return " ".join(word for word in template.split() if "{" not in word)


def _in_calls(graph: Graph, scopes: list[int], drawn: list[ir.Node], lang: str) -> str:
    """Return the numbers of the calls of a block in which something is true; "" if it is true in all of them."""

    def call(scope: int) -> ir.Scope | None:
        return next((one for one in graph.ancestors(scope) if one.kind == "block"), None)

    true = [found for scope in scopes if (found := call(scope)) is not None]
    if not true:
        return ""
    inside = [found for node in drawn if (found := call(graph.layers[node.layer].scope)) is not None]
    calls = sorted({one.index for one in inside if one.name == true[0].name})
    indices = {one.index for one in true}
    numbers = [ordinal(number, lang) for number, index in enumerate(calls, 1) if index in indices]
    if len(numbers) == len(calls):
        return ""
    *most, last = numbers
    return say("and", lang).format(most=", ".join(most), last=last) if most else last


# ---- the words in a scene


def noted(
    scene: Scene,
    graph: Graph,
    shows: Shows,
    settings: FigureSettings,
    *,
    by_name: bool,
    acts: bool = False,
    owed: Iterable[tuple[ir.Node, Mark]] = (),
    names: Mapping[int, str] = MappingProxyType({}),
    closed: Iterable[int] = (),
) -> Scene:
    """Return the scene with all marks that its shapes do not show.

    Parameters:
        shows: as in `unshown`.
        settings: the language, the size of small letters, and whether the line below the figure is wanted.
        by_name: whether the view writes its steps by name; then the line below is no list of what is missing.
        acts: whether an activation is written at its layer.
        owed: marks that are missing beyond those of the steps.
        names: as in `unshown`.
        closed: the indices of the steps in closed boxes.
    """
    lang, small = settings.lang, settings.fit.letters(layout.SMALL)
    paths = frozenset(item.layer for item in scene.items if item.layer)
    drawn = [node for node in graph.nodes if shows(node) is not None and layer_of(graph, node, paths) is not None]
    usual = {node.layer: _owner(graph, node, {}) for node in drawn}
    mixed = {owner for layer, owner in usual.items() if layer not in names}  # lines of a block that have no other name
    names = {layer: name for layer, name in names.items() if usual.get(layer) not in mixed}
    left = unshown(graph, paths, shows, lang, names)
    for node, mark in owed:
        path = layer_of(graph, node, paths)
        if mark.text and path is not None and shows(node) is not None:
            left.append(Unshown(node, mark, path, _owner(graph, node, names), _Place.of(graph, node, shows)))
    if acts and settings.notes != "none":
        left = _at_their_layers(scene, left, lang, small, settings.page is not None)
    if by_name:  # what the words said that the user replaced stands in the line below, if the user's do not say it
        titles = {layer.index: settings.of(layer.path).title for layer in graph.layers}
        retitled = {index: title for index, title in titles.items() if title is not None}
        left = [
            replace(one, mark=one.mark._replace(is_a="kind"))
            if one.node.layer in retitled and one.mark.rank <= NOTE
            else one
            for one in left
            if not _repeats(one.mark.text, retitled.get(one.node.layer, ""))
        ]
    scene = _with_tips(scene, left)
    owners = {one.layer: one.owner for one in reversed(left) if one.mark.is_a == "structure"}
    scene = _with_words(scene, at_layers(left, lang), owners, small, settings.page is not None)
    if settings.legend:
        scene = explained(scene, graph, settings, _size(scene, small), NARROW)
    kinds = [one for one in left if one.mark.is_a == "kind"]
    shut = [graph.nodes[index] for index in closed]
    if by_name:
        text = gathered(graph, kinds, drawn, lang, names, shut)
    else:  # what a step does without is nothing that a figure could show
        lacks = [one for one in kinds if one.node.op.__dict__.get(one.mark.option) is False]
        has = gathered(graph, [one for one in kinds if one not in lacks], drawn, lang, names, shut)
        rest = "; ".join(filter(None, (_undrawn(graph, paths, lang) if paths else "", has)))
        text = say("not shown", lang).format(text=rest) if rest else ""
        text = "; ".join(filter(None, (gathered(graph, lacks, drawn, lang, names, shut), text)))
    if not text or settings.notes == "none":
        return scene
    return _with_line(scene, "notes", text, small)


def _undrawn(graph: Graph, drawn: frozenset[str], lang: str) -> str:
    """Return which lines of the net a figure of a part of it leaves out; "" if there are none."""
    makers = {node.layer: node for node in graph.nodes if node.kind == "input" or _makes_units(node)}
    picks = [node for node in graph.nodes if node.op.effect == "select"]  # the circles of classes are in their lines
    picked = {edge.node for node in picks for edge in node.inputs if layer_of(graph, node, drawn) is not None}
    left = [
        layer.label
        for layer in graph.top
        if layer.role in ("input", "hidden", "output")
        and layer.index in makers
        and makers[layer.index].index not in picked
        and layer_of(graph, makers[layer.index], drawn) is None
    ]
    return say("layers", lang).format(names=", ".join(left)) if left else ""


def _repeats(text: str, title: str) -> bool:
    """Whether a title has all numbers of the words of a mark: 'mlp (64, 128)' those of '128 perceptrons'; without
    numbers, all words."""
    parts = re.findall(r"\d+(?:\.\d+)?", text) or re.findall(r"\w+", text.lower())
    return bool(parts) and set(parts) <= set(re.findall(r"\d+(?:\.\d+)?|\w+", title.lower()))


def _at_their_layers(scene: Scene, left: list[Unshown], lang: str, small: float, narrow: bool) -> list[Unshown]:
    """Return the marks with an activation as words of its layer, where nothing else is to be said of the line's steps.

    All remain in the note if the words of a layer have no room at it.
    """
    named = Counter((one.node.layer, one.node.scope) for one in left if one.mark.option == NAME)
    found = [
        replace(one, mark=one.mark._replace(is_a="structure"))
        if one.mark.option == NAME
        and one.node.op.activation
        and named[one.node.layer, one.node.scope] == 1
        and [one.place.step(one.node, one.mark)] == one.place.usual(one.mark)
        and not one.place.on
        else one
        for one in left
    ]
    said = at_layers(found, lang)
    return found if _words_fit(scene, said, narrow) or _near(scene, said, small) else left


def _with_tips(scene: Scene, left: list[Unshown]) -> Scene:
    """Add the marks of training to the tooltips of the shapes of their layers."""
    tips: dict[str, dict[str, None]] = {}
    for one in left:
        if one.mark.rank > NOTE:
            tips.setdefault(one.layer, {})[one.mark.text] = None
    if not tips:
        return scene

    def tipped(item: Item) -> Item:
        more = tips.get(item.layer)
        if more is None or not isinstance(item, Node | Polygon):
            return item
        return replace(item, tip=", ".join(filter(None, (item.tip, *more))))

    return replace(scene, items=tuple(tipped(item) for item in scene.items))


def _with_words(scene: Scene, said: dict[str, str], names: dict[str, str], small: float, narrow: bool) -> Scene:
    """Write words at layers: below the figure in the column of the layer, or at its right in the row of the layer.

    If another layer stands between a layer and its words, or they would stand at the right and the figure is for a
    page, whose width the shapes need (`narrow`), they stand close to their layers. Where these have no room, all words
    stand in one line, each with the layer's name.
    """
    if not said:
        return scene
    boxes = {path: _box_of(scene, path) for path in said}
    level = _is_level(scene)
    canvas, ink = Canvas(), canvas_of(list(scene.items), 0.0)
    size = _size(scene, small)
    if not _words_fit(scene, said, narrow):
        near = _near(scene, said, small)
        if near:
            return _extended(scene, near)
        text = "; ".join(f"{names[path]}: {text}".replace("\n", " ") for path, text in said.items())
        return _with_line(scene, "mark", text, small)
    if level:
        notes = [Footnote(f"{path}.marks", text, boxes[path].middle.x, size) for path, text in said.items()]
        notes.sort(key=lambda note: note.x)
        for low in (
            max(box.bottom for box in _layers(scene).values()),
            ink.bottom,
        ):  # below captions if these are in the way
            canvas.texts.clear()
            canvas.footer(notes, low + APART)
            rooms = [text.box.grown(1.0) for text in canvas.texts]
            if not any(meets(item, room) for room in rooms for item in scene.items):
                break
    else:
        low = -math.inf
        for path, text in sorted(said.items(), key=lambda item: boxes[item[0]].middle.y):
            lines = wrapped(text, layout.COLUMN, size)
            box = boxed(lines, size)
            y = max(boxes[path].middle.y - box.middle.y, low - box.top)
            low = y + box.bottom
            canvas.text(f"{path}.marks", lines, ink.right + APART, y, size, align="start")
    paths = iter(sorted(said, key=lambda path: boxes[path].middle[0 if level else 1]))
    texts = [replace(text, layer=path, classes=("mark",)) for text, path in zip(canvas.texts, paths, strict=True)]
    return _extended(scene, texts)


def _near(scene: Scene, said: dict[str, str], small: float) -> list[Text]:
    """Return the words of layers close to them: below or above upright ones, below the title or at the right of rows.

    It returns none if there is no free room for all of them.
    """
    size, ink = _size(scene, small), canvas_of(list(scene.items), 0.0)
    boxes = [_box_of(scene, path) for path in _layers(scene)]
    level = sum(box.height > box.width for box in boxes) > sum(box.width > box.height for box in boxes)
    found: list[Text] = []
    for path, text in said.items():
        box = _box_of(scene, path)
        lines = tuple(wrapped(text, max(1.6 * box.width, NARROW / 2) if level else NARROW, size))
        own = boxed(lines, size)
        places: list[tuple[float, float, Align]] = [(box.right + 3, box.middle.y - own.middle.y, "start")]
        if level:
            middle = box.middle.x
            places = [(middle, box.bottom + 1.6 - own.top, "middle"), (middle, box.top - 1.6 - own.bottom, "middle")]
        for title in scene.texts:
            if title.layer == path and "title" in title.classes:
                places.insert(len(places) if level else 0, (title.x, title.box.bottom + 1.2 - own.top, title.align))
        for x, y, align in places:
            words = Text(
                id=f"{path}.marks", lines=lines, x=x, y=y, size=size, align=align, classes=("mark",), layer=path
            )
            room = words.box.grown(0.5 if level else 1.5)
            inside = level or (ink.left <= words.box.left and words.box.right <= ink.right)
            if inside and not any(meets(item, room) for item in (*scene.items, *found)):
                found.append(words)
                break
        else:
            return []
    return found


def _layers(scene: Scene) -> dict[str, Rect]:
    return {path: _box_of(scene, path) for path in dict.fromkeys(item.layer for item in scene.items if item.layer)}


def _is_level(scene: Scene) -> bool:
    """Whether the layers stand side by side, not one above the other."""
    middles = [box.middle for box in _layers(scene).values()]
    across = max(point.x for point in middles) - min(point.x for point in middles)
    return across >= max(point.y for point in middles) - min(point.y for point in middles)


def _words_fit(scene: Scene, said: Iterable[str], narrow: bool) -> bool:
    """Whether words can stand at these layers, with no other layer between and, on a page, below them."""
    level, layers = _is_level(scene), _layers(scene)
    return (level or not narrow) and not any(
        _beyond(layers[path], other, level) for path in said for other in layers.values()
    )


def _beyond(box: Rect, other: Rect, below: bool) -> bool:
    """Whether another layer stands as a whole below a layer, or at its right."""
    return other.top >= box.bottom if below else other.left >= box.right


def _box_of(scene: Scene, path: str) -> Rect:
    items = [item for item in scene.items if item.layer == path]
    shapes = [item for item in items if isinstance(item, Node | Polygon)]
    own = [item for item in shapes if "before" not in item.classes]  # not the values of earlier time steps
    return canvas_of([*(own or shapes)] or items, 0.0)


def _with_line(scene: Scene, id: str, text: str, small: float) -> Scene:
    """Write a line of notes below everything, from the left edge on, as wide as the figure."""
    size = _size(scene, small)
    ink = canvas_of(list(scene.items), 0.0)
    lines = tuple(wrapped(text, max(ink.width, NARROW), size))
    y = ink.bottom + APART - boxed(lines[:1], size).top
    return _extended(scene, [Text(id=id, lines=lines, x=ink.left, y=y, size=size, align="start", classes=(id,))])


def _size(scene: Scene, small: float) -> float:
    """Return the size of the smallest text that is no label in a shape; `small` at most."""
    sizes = [text.size for text in scene.texts if not text.inside]
    return min([*sizes, small])


def headed(scene: Scene, text: str, size: float) -> Scene:
    """Return the scene with its heading above it."""
    ink = canvas_of(list(scene.items), 0.0)
    lines = tuple(wrapped(text, max(ink.width, NARROW), size, "bold"))
    y = ink.top - APART - boxed(lines, size).bottom
    return _extended(scene, [Text(id="heading", lines=lines, x=ink.middle.x, y=y, size=size, classes=("heading",))])


def folded(scene: Scene, settings: FigureSettings, closed: Iterable[str]) -> Scene:
    """Return the scene with a note that says what was left out for the page, and which blocks are not opened."""
    names = ", ".join(closed)
    unopened = say("closed", settings.lang).format(names=names) if names else ""
    text = "; ".join(filter(None, (settings.fit.folded, unopened)))
    return _with_line(scene, "fold", text, settings.fit.letters(layout.SMALL)) if text else scene


def _extended(scene: Scene, texts: list[Text]) -> Scene:
    boxes = [text.box.grown(MARGIN) for text in texts]
    old = scene.canvas
    canvas = Rect(
        min([old.left, *(box.left for box in boxes)]),
        min([old.top, *(box.top for box in boxes)]),
        max([old.right, *(box.right for box in boxes)]),
        max([old.bottom, *(box.bottom for box in boxes)]),
    )
    return replace(scene, items=(*scene.items, *texts), canvas=canvas)
