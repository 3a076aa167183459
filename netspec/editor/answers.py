"""Requests about an open text -> their answers: types, names, completion, structure, figures.

Each answer is a function of an `Ask` and the params of the request. It works on the last version of the text, also if
that is written by half: lines that do not parse have no names, and types come from the last graph without a mistake.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from netspec.diagnostics.catalogue import Language, phrase
from netspec.diagnostics.display import inert
from netspec.diagnostics.errors import NetspecError
from netspec.diagnostics.model import Diagnostic, Quoted, Words
from netspec.editor import completion, words
from netspec.editor.names import LOCAL, Name, at, is_step, names_of
from netspec.editor.parts import Checked, Placed
from netspec.editor.text import Text
from netspec.elaborate.program import NEVER_NAMES, Definition
from netspec.ir.graph import Graph, Layer
from netspec.ir.sizes import Formula
from netspec.ir.types import Type
from netspec.source import Span
from netspec.spec import Net
from netspec.summary.equations import equation_lines
from netspec.summary.rows import input_types, layer_counts, total_macs
from netspec.summary.table import number
from netspec.syntax import tree
from netspec.syntax.parser import KEYWORDS, NOUNS

Answer = Callable[["Ask", Any], Any]
UNNECESSARY = frozenset(("NS250", "NS254"))  # warnings about what has no effect: an editor shows it faded
MOST_INSTANCES = 3  # different types of a block's line that are shown


class Unanswered(Exception):
    """A request that has no answer, with the diagnostic that says why."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.code)
        self.diagnostic = diagnostic


@dataclass
class Ask:
    """What the answer to a request is made of."""

    text: Text
    checked: Checked
    graphs: Mapping[str, Graph]  # the last graph without a mistake of each net
    language: Language
    uri: Callable[[Span, Placed], str]
    snippets: bool = False
    inside: Callable[[str], Path | None] = lambda name: None  # a file of weights by its path from the first root

    def at(self, params: Any) -> tuple[Placed, int]:
        return self.checked.at(self.text.offset(params["position"]))

    def names(self, placed: Placed) -> list[Name]:
        """Return the names of a part."""
        part = placed.part
        if "names" not in part.remembered:
            part.remembered["names"] = [] if part.spec is None else names_of(part.spec.program)
        found: list[Name] = part.remembered["names"]
        return found

    def range(self, placed: Placed, start: int, end: int) -> dict[str, Any]:
        begin = placed.out(start)
        return self.text.range(begin, max(begin, placed.out(end - 1) + 1 if end > start else begin))

    def bodies(self) -> Iterator[tuple[Placed, Any]]:
        """Yield the declarations of the text with their parts; what several parts have comes once."""
        seen: set[int] = set()
        for placed in self.checked.parts:
            if placed.part.spec is not None:
                for item in placed.part.spec.program.main.file.declarations:
                    start = placed.out(item.at[0])
                    if start not in seen:
                        seen.add(start)
                        yield placed, item

    # ---- the graph

    def layers(self, owner: str, label: str) -> list[tuple[Graph, Layer]]:
        """Return the layers that a line of a net or block has become in the graphs, the first of each type."""
        found: dict[str, tuple[Graph, Layer]] = {}
        for graph in self.graphs.values():
            for layer in graph.layers:
                if layer.label == label and layer.role != "start" and owner_of(graph, layer) == owner:
                    found.setdefault(", ".join(map(str, types_of(graph, layer))), (graph, layer))
        return list(found.values())

    def values(self, owner: str, name: str) -> list[str]:
        """Return the values that a parameter or size of a net or block has in the graphs."""
        found: dict[str, None] = {}
        for graph in self.graphs.values():
            for scope in graph.scopes:
                if isinstance(scope.source, Definition) and scope.source.body.name.text == owner:
                    known = {**scope.params, **scope.arguments, **(graph.lists if scope.index == 0 else {})}
                    if known.get(name) is not None:
                        found[str(known[name])] = None
        return list(found)


def owner_of(graph: Graph, layer: Layer) -> str:
    """Return the net or block in which the line of a layer stands."""
    for scope in graph.ancestors(layer.scope):
        if scope.kind in ("net", "block"):
            return scope.source.body.name.text if isinstance(scope.source, Definition) else scope.name
    return ""


def types_of(graph: Graph, layer: Layer) -> list[Type]:
    return [graph.nodes[edge.node].types[edge.output] for edge in layer.values]


# ---- hover


def hover(ask: Ask, params: Any) -> Any:
    placed, offset = ask.at(params)
    name = at(ask.names(placed), offset)
    word, start, end = _word_at(placed.part.source.text, offset)
    if name is not None:
        text = _about(ask, placed, name)
        start, end = name.start, name.end
    else:
        text = words.step(word, ask.language) if word and is_step(word) else ""
    if not text:
        return None
    return {"contents": {"kind": "markdown", "value": inert(text)}, "range": ask.range(placed, start, end)}


def _word_at(text: str, offset: int) -> tuple[str, int, int]:
    for match in re.finditer(r"[^\W\d]\w*", text[max(0, offset - 200) : offset + 200]):
        start, end = match.start() + max(0, offset - 200), match.end() + max(0, offset - 200)
        if start <= offset <= end:
            return match[0], start, end
    return "", offset, offset


def _about(ask: Ask, placed: Placed, name: Name) -> str:
    match name.kind:
        case "input" | "layer":
            return _line(ask, name)
        case "parameter" | "size":
            values = ask.values(name.owner, name.text)
            return f"`{name.text}` = {', '.join(f'`{value}`' for value in values[:8])}" if values else f"`{name.text}`"
        case "net" | "block":
            return _definition(ask, placed, name)
        case "step":
            return words.step(name.text, ask.language)
        case "option":
            option = words.options_of("", name.owner).get(name.text.partition(".")[0])
            if option is not None:
                about = words.said(option.about, ask.language)
                return f"`{name.text}`: {words.meaning(option, about, ask.language)}"
            for kind in ("data", "train"):
                option = words.options_of(kind, name.owner).get(name.text)
                if option is not None:
                    about = words.said(option.about, ask.language)
                    return f"`{name.text}`: {words.meaning(option, about, ask.language)}"
            return ""
        case "setting":
            return words.setting(name.owner, name.text, ask.language)
        case "word" if name.owner in ("data", "train", "figure"):
            return words.entry(name.owner, name.text, ask.language)
        case "field":
            return f"`{name.text}`"
    return ""


def _line(ask: Ask, name: Name) -> str:
    """Return the type of a line, its weights and multiply-adds, and the arithmetic of both."""
    parts = []
    for graph, layer in ask.layers(name.owner, name.text)[:MOST_INSTANCES]:
        types = ", ".join(map(str, types_of(graph, layer)))
        nodes = graph.nodes_of(layer)
        counts, macs = layer_counts(graph, nodes), total_macs(graph, nodes)
        facts = [f"**{name.text}**: `{types}`"]
        if counts.weights != 0:
            facts.append(phrase("editor weights", ask.language, count=number(counts.weights)))
        if macs != 0:
            facts.append(phrase("editor macs", ask.language, count=number(macs)))
        rows = [" · ".join(facts)]
        sums = [*equation_lines(graph, layer), *_arithmetic(graph, layer)]
        if sums:
            rows.append("```text\n" + "\n".join(sums) + "\n```")
        parts.append("\n\n".join(rows))
    return "\n\n---\n\n".join(parts) or f"**{name.text}**"


def _arithmetic(graph: Graph, layer: Layer) -> Iterator[str]:
    """Yield how the sizes of a line come about: those of windows, then the numbers of stored values."""
    own = {node.index: node for node in graph.nodes if node.layer == layer.index}
    for node in own.values():
        sources = input_types(graph, node)
        windows = node.op.windows(sources[0]) if len(sources) == 1 and isinstance(sources[0].space, tuple) else None
        if windows is None or not windows.kernel or windows.turned or not isinstance(node.type.space, tuple):
            continue
        for axis, size in enumerate(sources[0].space):
            stride, dilation, pad = windows.stride[axis], windows.dilation[axis], windows.pad[axis]
            kernel = windows.kernel[axis]
            reach: Any = kernel if dilation == 1 else f"({dilation}*({kernel} - 1) + 1)"
            padded = f"{size}" if pad == 0 else f"{size} + 2*{pad}"
            row = f"({padded} - {reach})/{stride} + 1 = {node.type.space[axis]}"
            if axis == 0 or (size, kernel, stride, pad) != _axis(windows, sources[0].space, axis - 1):
                yield f"{node.word}: {row}"
    for stored in graph.stored:
        told = not stored.weight.integer and not stored.weight.buffer and stored.weight.outside != "unknown"
        if stored.node in own and told:
            shape = " * ".join(f"({size})" if isinstance(size, Formula) else str(size) for size in stored.weight.shape)
            total = number(stored.weight.total)
            yield f"{stored.key}: {shape} = {total}" if len(stored.weight.shape) > 1 else f"{stored.key}: {total}"


def _axis(windows: Any, space: tuple[Any, ...], axis: int) -> tuple[Any, ...]:
    return space[axis], windows.kernel[axis], windows.stride[axis], windows.pad[axis]


def _definition(ask: Ask, placed: Placed, name: Name) -> str:
    spec = placed.part.spec
    found = None if spec is None else spec.program.main.find(name.text)
    if found is None:
        return words.block(name.text)
    head = found.unit.source.text[slice(*found.body.head_at)].rstrip().removesuffix("{").rstrip()
    rows = [words.code(head), *_comment(found)]
    graph = ask.graphs.get(name.text)
    if graph is not None and found.body.kind == "net":
        rows.append(phrase("editor net", ask.language, count=number(graph.counts.weights), depth=graph.depth))
    return "\n\n".join(rows)


def _comment(found: Definition) -> list[str]:
    """Return the comment above a definition, as a list of at most one text."""
    lines = found.unit.source.text[: found.body.at[0]].rstrip(" \t").split("\n")[:-1]
    own: list[str] = []
    while lines and lines[-1].startswith("#"):
        own.insert(0, lines.pop().lstrip("# "))
    return [" ".join(own)] if own else []


# ---- names


def definition(ask: Ask, params: Any) -> Any:
    placed, offset = ask.at(params)
    name = at(ask.names(placed), offset)
    spec = placed.part.spec
    if spec is None:
        return None
    for item in spec.program.main.file.declarations:  # the file of a `use` line
        if isinstance(item, tree.Use) and item.file.at[0] <= offset <= item.file.at[1]:
            used = next((spec.program.main.used.get(each.here.text) for each in item.names), None)
            return None if used is None else [_location(ask, placed, Span(used.unit.source, 0, 0))]
    if name is None:
        return None
    if name.kind in ("net", "block"):
        found = spec.program.main.find(name.text)
        return None if found is None else [_location(ask, placed, found.span)]
    if name.kind == "step":
        return None
    return [_at(ask, placed, each) for each in _same(ask, placed, name) if each.declares][:1] or None


def references(ask: Ask, params: Any) -> Any:
    placed, offset = ask.at(params)
    name = at(ask.names(placed), offset)
    if name is None:
        return None
    declaring = bool((params.get("context") or {}).get("includeDeclaration", True))
    return [_at(ask, placed, each) for each in _same(ask, placed, name) if declaring or not each.declares]


def highlights(ask: Ask, params: Any) -> Any:
    placed, offset = ask.at(params)
    name = at(ask.names(placed), offset)
    if name is None:
        return None
    return [
        {"range": ask.range(placed, each.start, each.end), "kind": 3 if each.declares else 2}
        for each in _same(ask, placed, name)
    ]


def _same(ask: Ask, placed: Placed, name: Name) -> list[Name]:
    return [each for each in ask.names(placed) if each.symbol == name.symbol]


def _at(ask: Ask, placed: Placed, name: Name) -> dict[str, Any]:
    return _location(ask, placed, Span(placed.part.source, name.start, name.end))


def _location(ask: Ask, placed: Placed, span: Span) -> dict[str, Any]:
    own = span.source is placed.part.source
    found = ask.range(placed, span.start, span.end) if own else None
    other = None if own else Text(span.source.text, ask.text.encoding).range(span.start, span.end)
    return {"uri": ask.uri(span, placed), "range": found or other}


def prepare_rename(ask: Ask, params: Any) -> Any:
    placed, offset = ask.at(params)
    if at(ask.names(placed), offset) is None and not _word_at(placed.part.source.text, offset)[0]:
        return None
    name = _renamed(ask, placed, offset)
    return {"range": ask.range(placed, name.start, name.end), "placeholder": name.text}


def _renamed(ask: Ask, placed: Placed, offset: int) -> Name:
    name = at(ask.names(placed), offset)
    if name is None or name.kind not in (*LOCAL, "net", "block"):
        word = name.text if name is not None else _word_at(placed.part.source.text, offset)[0]
        raise Unanswered(Diagnostic("NS928", None, {"word": word or "?"}))
    return name


def rename(ask: Ask, params: Any) -> Any:
    """Return the edits of a new name: only in this document, and only if it is free and no word of the language."""
    placed, offset = ask.at(params)
    name = _renamed(ask, placed, offset)
    new = str(params["newName"])
    if not new.isidentifier() or new.startswith("_") or new in NEVER_NAMES or new in KEYWORDS or new in NOUNS:
        raise Unanswered(Diagnostic("NS929", None, {"name": new[:60]}))
    known = ask.names(placed)
    local = name.kind in LOCAL
    taken = next(
        (each for each in known if each.text == new and (each.owner == name.owner or not local or not each.owner)), None
    )
    if new != name.text and (taken is not None or is_step(new)):
        raise Unanswered(Diagnostic("NS930", None, {"name": new, "other": Quoted((new,))}))
    edits = [
        {"range": ask.range(placed, each.start, each.end), "newText": _new_text(placed, each, name, new)}
        for each in _same(ask, placed, name)
    ]
    return {"changes": {ask.uri(Span(placed.part.source, 0, 0), placed): edits}}


def _new_text(placed: Placed, each: Name, name: Name, new: str) -> str:
    """Return what stands for a name after renaming; what another file calls it stays, as `Down as New`."""
    spec = placed.part.spec
    uses = [] if spec is None else [item for item in spec.program.main.file.declarations if isinstance(item, tree.Use)]
    for item in uses:
        for used in item.names:
            if used.alias is None and used.name.at[0] == each.start:
                return f"{name.text} as {new}"
    return new


# ---- structure


_SYMBOLS = {"net": 5, "block": 12, "data": 19, "train": 19, "figure": 19}


def symbols(ask: Ask, params: Any) -> Any:
    """Return the nets, blocks and sections with their lines."""
    found = []
    for placed, item in ask.bodies():
        if isinstance(item, tree.Body):
            lines = [line for line in item.statements if isinstance(line, (tree.Input, tree.Layer))]
            children = [
                {
                    "name": line.label.text,
                    "detail": _detail(ask, item.name.text, line.label.text),
                    "kind": 13 if isinstance(line, tree.Input) else 8,
                    "range": ask.range(placed, *line.at),
                    "selectionRange": ask.range(placed, *line.label.at),
                }
                for line in lines
            ]
            found.append(_symbol(ask, placed, item, item.name.text, item.name.at) | {"children": children})
        elif isinstance(item, tree.Section):
            title = f"{item.kind} {item.name.text}" if item.name is not None else item.kind
            found.append(_symbol(ask, placed, item, title, item.head_at))
    return sorted(found, key=lambda one: (one["range"]["start"]["line"], one["range"]["start"]["character"]))


def _symbol(ask: Ask, placed: Placed, item: Any, name: str, chosen: tree.Place) -> dict[str, Any]:
    caption = getattr(item, "caption", None)
    return {
        "name": name,
        "detail": "" if caption is None else inert(caption.value),
        "kind": _SYMBOLS[item.kind],
        "range": ask.range(placed, *item.at),
        "selectionRange": ask.range(placed, *chosen),
    }


def _detail(ask: Ask, owner: str, label: str) -> str:
    found = ask.layers(owner, label)
    return " | ".join(", ".join(map(str, types_of(*each))) for each in found[:MOST_INSTANCES])


def folding(ask: Ask, params: Any) -> Any:
    found = []
    for placed, item in ask.bodies():
        if isinstance(item, (tree.Body, tree.Section)):
            found.append((ask.range(placed, *item.at), "region"))
    for match in re.finditer(r"(?:^[ \t]*#[^\n]*\n){2,}", ask.text.text, re.MULTILINE):
        found.append((ask.text.range(match.start(), match.end() - 1), "comment"))
    rows = [(one["start"]["line"], one["end"]["line"], kind) for one, kind in found]
    return [{"startLine": first, "endLine": last, "kind": kind} for first, last, kind in sorted(rows) if last > first]


def selections(ask: Ask, params: Any) -> Any:
    """Return, for each position, the syntax objects around it, each inside the next."""
    found = []
    for position in params["positions"]:
        offset = ask.text.offset(position)
        placed, inside = ask.checked.at(offset)
        spec = placed.part.spec
        values = [] if spec is None else [*tree.walk(spec.program.main.file.declarations)]
        places = {value.at for value in values if hasattr(value, "at") and value.at[0] <= inside <= value.at[1]}
        nested: dict[str, Any] | None = {"range": ask.text.range(0, len(ask.text.text))}
        last = (0, len(ask.text.text))
        for start, end in sorted(places, key=lambda at: (at[0] - at[1], at)):
            out = (placed.out(start), placed.out(end - 1) + 1 if end > start else placed.out(start))
            if out != last and last[0] <= out[0] and out[1] <= last[1]:
                nested = {"range": ask.text.range(*out), "parent": nested}
                last = out
        found.append(nested)
    return found


def inlays(ask: Ask, params: Any) -> Any:
    """Return the type after each line, unless the line states it by `is`."""
    start, end = ask.text.span(params["range"])
    found = []
    for placed, item in ask.bodies():
        if isinstance(item, tree.Body) and placed.out(item.at[0]) <= end and start <= placed.out(item.at[1] - 1) + 1:
            for line in item.statements:
                if isinstance(line, tree.Layer) and line.expect is None:
                    place = placed.out(line.chain.at[1] - 1) + 1
                    types = _detail(ask, item.name.text, line.label.text)
                    if types and start <= place <= end:
                        label = {"position": ask.text.position(place), "label": f"is {types}", "kind": 1}
                        found.append(label | {"paddingLeft": True})
    return found


TOKENS = (
    "keyword", "comment", "string", "number", "operator", "variable", "parameter", "function", "class", "property",
    "enumMember",
)  # fmt: skip
MODIFIERS = ("declaration", "defaultLibrary")
_COLOURS = {
    "input": "variable", "layer": "variable", "parameter": "parameter", "size": "parameter", "field": "variable",
    "net": "class", "block": "class", "step": "function", "option": "property", "setting": "property",
    "word": "enumMember",
}  # fmt: skip


def tokens(ask: Ask, params: Any) -> Any:
    """Return the kind of each token: what its name stands for, else what the highlighter of the documentation says."""
    known: dict[int, Name] = {}
    for placed in ask.checked.parts:
        for name in ask.names(placed):
            known.setdefault(placed.out(name.start), name)
    data: list[int] = []
    line = column = 0
    for start, text, kind, bits in _lexed(ask.text.text, known):
        place = ask.text.position(start)
        length = ask.text.position(start + len(text))["character"] - place["character"]
        same = place["line"] == line
        data += [place["line"] - line, place["character"] - (column if same else 0), length, TOKENS.index(kind), bits]
        line, column = place["line"], place["character"]
    return {"data": data}


def _lexed(text: str, known: Mapping[int, Name]) -> Iterator[tuple[int, str, str, int]]:
    from pygments.token import Comment, Keyword, Number, Operator, String
    from pygments.token import Name as Word

    from netspec.syntax.highlight import NetspecLexer

    plain = ((Comment, "comment"), (String, "string"), (Number, "number"), (Operator, "operator"), (Keyword, "keyword"))
    for start, kind, value in NetspecLexer().get_tokens_unprocessed(text):
        name = known.get(start)
        if name is not None and name.end - name.start == len(value):
            yield start, value, _COLOURS[name.kind], int(name.declares) + 2 * (name.kind == "step")
            continue
        found = next((colour for token, colour in plain if kind in token), None)
        if found is None and kind in Word.Builtin:
            found = "function"
        if found is not None and "\n" not in value and value:
            yield start, value, found, 0


# ---- the text


def formatting(ask: Ask, params: Any) -> Any:
    """Return the edits that `netspec fmt` makes, line by line; none if a statement does not parse."""
    from netspec.source import SourceFile
    from netspec.syntax.printer import format_file
    from netspec.syntax.read import read

    source = SourceFile("", ask.text.text)
    parsed = read(source)
    if parsed.diagnostics:
        return None
    return _line_edits(ask.text, format_file(source, parsed.file))


def range_formatting(ask: Ask, params: Any) -> Any:
    """Return those of the edits of `formatting` that lie in the lines of a range."""
    first, last = params["range"]["start"]["line"], params["range"]["end"]["line"]
    edits = formatting(ask, params)
    return edits and [
        edit for edit in edits if first <= edit["range"]["start"]["line"] and edit["range"]["end"]["line"] <= last + 1
    ]


def _line_edits(text: Text, after: str) -> list[dict[str, Any]]:
    from difflib import SequenceMatcher

    old, new = text.text.splitlines(True), after.splitlines(True)
    starts = [0]
    for row in old:
        starts.append(starts[-1] + len(row))
    return [
        {"range": text.range(starts[a], starts[b]), "newText": "".join(new[c:d])}
        for kind, a, b, c, d in SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
        if kind != "equal"
    ]


# ---- completion


def complete(ask: Ask, params: Any) -> Any:
    placed, offset = ask.at(params)
    items = completion.items(placed.part, offset, ask.names(placed), ask.language, ask.snippets)
    return {"isIncomplete": False, "items": items}


def signature(ask: Ask, params: Any) -> Any:
    placed, offset = ask.at(params)
    return completion.signature(placed.part, offset, ask.language)


# ---- netspec's own requests


def _net(ask: Ask, params: Any) -> tuple[Placed, Net]:
    """Return the net that is named, else the one around the position, else the first that no other net uses.

    A net that has a mistake is as it was before that.
    """
    wanted = params.get("net")
    where = ask.at(params) if params.get("position") is not None else None
    chosen: tuple[Placed, str] | None = None
    for placed in ask.checked.parts:
        program = None if placed.part.spec is None else placed.part.spec.program
        for definition in program.main_nets() if program is not None and wanted is None else []:
            chosen = chosen or (placed, definition.body.name.text)
        for definition in program.nets if program is not None else []:
            name, (start, end) = definition.body.name.text, definition.body.at
            if wanted == name or (wanted is None and where and where[0] is placed and start <= where[1] <= end):
                chosen = placed, name
                break
    if chosen is None and wanted is None:
        for placed in ask.checked.parts:  # to say what is wrong, or what is there instead
            errors = [one for one in placed.part.diagnostics if one.severity == "error"]
            if errors:
                raise Unanswered(errors[0])
            if placed.part.spec is not None:
                placed.part.spec.program.net()
    if chosen is None:
        asked: Words = {"name": str(wanted or "?")[:60], "nets": Quoted(_nets(ask)), "file": ask.checked.name}
        raise Unanswered(Diagnostic("NS622", None, asked))
    placed, name = chosen
    spec = placed.part.spec
    graph = ask.graphs.get(name)
    if spec is None or graph is None:
        errors = [one for one in placed.part.diagnostics if one.severity == "error"]
        raise Unanswered((errors or placed.part.diagnostics)[0])
    return placed, Net(spec, graph, {})


def _nets(ask: Ask) -> tuple[str, ...]:
    return tuple(name for placed in ask.checked.parts if placed.part.spec is not None for name in placed.part.spec.nets)


def _answered(ask: Ask, params: Any, make: Callable[[Placed, Net], Any]) -> Any:
    try:
        return make(*_net(ask, params))
    except NetspecError as error:
        raise Unanswered(error.diagnostic) from None


def figure(ask: Ask, params: Any) -> Any:
    """Return the SVG of a net's figure, and where the line of each of its layers stands in the text.

    Each element of the SVG that belongs to a layer has the layer's path as `data-layer`. Other formats come as `data`,
    in base 64. With `wires`, a client is told which elements stand for weights, and how they are painted.
    """

    def make(placed: Placed, net: Net) -> Any:
        kinds = {"view": str, "theme": str, "lang": str, "direction": str, "depth": int, "figure": str}
        options: Any = {key: params[key] for key, kind in kinds.items() if isinstance(params.get(key), kind)}
        weights = ask.inside(params["weights"]) if isinstance(params.get("weights"), str) else None
        picture = net.render(weights=weights, **options)
        form = params["form"] if isinstance(params.get("form"), str) else "svg"
        if form != "svg":
            return {"net": net.name, "data": base64.b64encode(picture.data(form)).decode("ascii")}
        places = {
            key: {"range": ask.range(placed, *line.label.at), "line": ask.range(placed, *line.at)}
            for key, line in _lines(placed).items()
        }
        owners: dict[int, str] = {}
        layers = []
        for layer in net.graph.layers:
            if layer.scope not in owners:
                owners[layer.scope] = owner_of(net.graph, layer)
            place = places.get((owners[layer.scope], layer.label))
            if place is not None:
                layers.append({"path": layer.path, **place})
        body = net.graph.scopes[0].source
        around = ask.range(placed, *body.body.at) if isinstance(body, Definition) else None
        sections = [one for one in net.spec.program.main.sections if one.kind == "figure" and one.name is not None]
        painted = {}
        if params.get("wires"):
            from netspec.figure.trained.overlay import wires

            painted = {"wires": wires(picture.scene, net.graph, picture.options.theme)}
        return {
            "net": net.name, "nets": _nets(ask), "figures": [one.name.text for one in sections if one.name is not None],
            "range": around, "svg": picture.svg(), "layers": layers, **painted,
        }  # fmt: skip

    return _answered(ask, params, make)


def _lines(placed: Placed) -> dict[tuple[str, str], tree.Input | tree.Layer]:
    """Return the lines of a part's nets and blocks by the name of the body and their own."""
    spec = placed.part.spec
    bodies = [] if spec is None else [one for one in spec.program.main.file.declarations if isinstance(one, tree.Body)]
    return {
        (body.name.text, line.label.text): line
        for body in bodies
        for line in body.statements
        if isinstance(line, (tree.Input, tree.Layer))
    }


def table(ask: Ask, params: Any) -> Any:
    """Return the table of `netspec show` as text, and what `show --json` prints."""

    def make(placed: Placed, net: Net) -> Any:
        depth = params["depth"] if isinstance(params.get("depth"), int) else 0
        text = str(net.show(equations=bool(params.get("equations")), depth=depth))
        return {"net": net.name, "text": text, "document": net.to_dict()}

    return _answered(ask, params, make)


def source(ask: Ask, params: Any) -> Any:
    """Return the PyTorch source of a net, as `netspec compile` writes it."""
    return _answered(ask, params, lambda placed, net: {"net": net.name, "text": net.source()})


REQUESTS: dict[str, Answer] = {
    "textDocument/hover": hover,
    "textDocument/definition": definition,
    "textDocument/references": references,
    "textDocument/documentHighlight": highlights,
    "textDocument/documentSymbol": symbols,
    "textDocument/prepareRename": prepare_rename,
    "textDocument/rename": rename,
    "textDocument/formatting": formatting,
    "textDocument/rangeFormatting": range_formatting,
    "textDocument/foldingRange": folding,
    "textDocument/selectionRange": selections,
    "textDocument/inlayHint": inlays,
    "textDocument/semanticTokens/full": tokens,
    "textDocument/completion": complete,
    "textDocument/signatureHelp": signature,
    "netspec/figure": figure,
    "netspec/table": table,
    "netspec/source": source,
}
OWN = [method for method in REQUESTS if method.startswith("netspec/")]
AT_A_POSITION = "hover definition references documentHighlight prepareRename completion signatureHelp".split()
CAPABILITIES: dict[str, Any] = {
    "textDocumentSync": {"openClose": True, "change": 2, "save": True},
    "hoverProvider": True,
    "completionProvider": {"triggerCharacters": [">", "(", ",", "=", ".", " "], "resolveProvider": True},
    "signatureHelpProvider": {"triggerCharacters": ["(", ","]},
    "definitionProvider": True,
    "referencesProvider": True,
    "documentHighlightProvider": True,
    "documentSymbolProvider": True,
    "codeActionProvider": {"codeActionKinds": ["quickfix", "refactor.rewrite", "source.fixAll.netspec"]},
    "documentFormattingProvider": True,
    "documentRangeFormattingProvider": True,
    "renameProvider": {"prepareProvider": True},
    "foldingRangeProvider": True,
    "selectionRangeProvider": True,
    "inlayHintProvider": True,
    "semanticTokensProvider": {
        "legend": {"tokenTypes": list(TOKENS), "tokenModifiers": list(MODIFIERS)},
        "full": True,
    },
    "experimental": {"requests": [*OWN, "netspec/explain", "netspec/choices"]},
}
