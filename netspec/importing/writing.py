"""Nets and blocks as the text of a spec: lines, side paths, repeats, names after the module's own."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from netspec.elaborate.program import NEVER_NAMES
from netspec.importing.blocks import Block, Group, Leaf, number_text
from netspec.importing.steps import Graph
from netspec.ir.graph import Edge
from netspec.ir.operation import Init, Op
from netspec.ir.types import Type, type_text
from netspec.ops.registry import operation, step_names

WIDTH = 84  # a side path that is longer becomes a line of its own
RESERVED = NEVER_NAMES | frozenset(
    "t weights depth input hidden output net block let default require start use same".split()
)
Texts = Mapping[tuple[int, str, int], str]


class Unwritten(Exception):
    """A value cannot be named where it is read."""


class Writer:
    """Writes the body of a net or block.

    Attributes:
        order: the items in the order in which the text says them.
    """

    def __init__(
        self, graph: Graph, group: Group, texts: Texts, defaults: Mapping[type[Op], dict[str, Any]], taken: set[str]
    ) -> None:
        self.graph = graph
        self.group = group
        self.texts = texts
        self.defaults = defaults
        self.taken = set(taken)
        self.lines: list[str] = []
        self.order: list[Leaf | Group] = []
        self.names: dict[Edge, str] = {}
        self.last = ""  # what a line reads that names nothing
        self.uses: dict[Edge, int] = {}

    def input(self, label: str, text: str, edge: Edge) -> None:
        self.names[edge] = self._free(label)
        self.lines.append(f"input {self.names[edge]}: {text}")

    def write(self) -> None:
        items = self.group.items
        gives = self.group.gives
        for item in items:
            for edge in item.reads:
                self.uses[edge] = self.uses.get(edge, 0) + 1
        for edge in gives:
            self.uses[edge] = self.uses.get(edge, 0) + 2  # an output is a line of its own
        inputs = list(self.names.values())
        self.last = inputs[0] if len(inputs) == 1 else ""
        pending: dict[Edge, Chain] = {}
        for number, item in enumerate(items):
            chain = self._extended(number, item, pending)
            ends = item.gives
            if len(ends) == 1 and self.uses.get(ends[0], 0) == 1:
                pending[ends[0]] = chain
            else:
                self._line(chain, ends, gives)

    # ---- chains

    def _extended(self, number: int, item: Leaf | Group, pending: dict[Edge, Chain]) -> Chain:
        """Return the chain of an item, which goes on with the chain of its input where nobody else reads that."""
        reads = item.reads
        for edge in reads[len(reads) - len(_layers(item)) :]:  # what an option names has a line of its own
            if edge in pending:
                self._line(pending.pop(edge), [edge], [])
        reads = reads[: len(reads) - len(_layers(item))]
        waiting = [edge for edge in reads if edge in pending]
        piece = self._piece(number, item)
        op = item.step.op if isinstance(item, Leaf) else None
        sign = op.infix if op is not None else ""
        if len(reads) == 1 and not sign:
            if not waiting:
                return Chain(self.names[reads[0]], [piece], [item], False)
            chain = pending.pop(reads[0])
            chain.pieces.append(piece)
            chain.items.append(item)
            return chain
        if not reads:
            return Chain("", [piece], [item], False)
        sides, inside, hint = [], [], ""
        for edge in reads:
            side = pending.pop(edge, None)
            if side is None:
                sides.append(self.names[edge])
                continue
            text = side.text(None)
            wide = len(text) > WIDTH or any(isinstance(each, Group) and len(each.gives) > 1 for each in side.items)
            if not sign or wide:
                self._line(side, [edge], [])
                sides.append(self.names[edge])
                continue
            hint = hint or self._hint(side.items)
            inside += side.items
            sides.append(text if not side.pieces and not side.compound else f"({text})")
        if op is not None and sign:
            sides = op.operands(sides, lambda name: self._text(number, name, 0, op.__dict__[name]))
            return Chain(_expression(sides, sign), [], [*inside, item], True, hint)
        return Chain(", ".join(sides), [piece], [*inside, item], False, hint)

    def _line(self, chain: Chain, ends: list[Edge], gives: list[Edge]) -> None:
        """Write a chain as a line, or as several where the module has several names for its parts."""
        for part in self._cut(chain):
            last = part is chain
            role = "output" if last and ends and ends[0] in gives else "hidden"
            label = self._label(part, role == "output")
            source = part.source
            if source == self.last and part.pieces and not part.compound:
                source = ""
            self.lines.append(f"{role} {label}: {part.text(source)}")
            self.order += part.items
            self.last = "" if role == "output" else label
            if last:
                for leaf in part.items:
                    if isinstance(leaf, Leaf) and leaf.step.arrays:
                        self.names.setdefault(Edge(leaf.number), label)
                for output, edge in enumerate(ends):
                    many = len(ends) > 1
                    self.names[edge] = f"{label}.{self._output(chain.items[-1], output)}" if many else label
                if len(ends) > 1:
                    self.last = ""
            else:
                chain.source = label
                chain.compound = False

    def _output(self, item: Leaf | Group, output: int) -> str:
        if isinstance(item, Group) and item.block is not None:
            return item.block.outputs[output]
        return str(output + 1)

    def _cut(self, chain: Chain) -> Iterator[Chain]:
        """Yield the parts of a chain; the last is the chain itself, without what the others hold."""
        begin = len(chain.items) - len(chain.pieces)
        current = ""
        start = 0
        for place in range(len(chain.pieces)):
            item = chain.items[begin + place]
            if not _weighty(item):
                continue
            name = self._attribute(item)
            if current and name and name != current:
                part = Chain(chain.source, chain.pieces[start:place], chain.items[: begin + place] if start == 0 else
                             chain.items[begin + start : begin + place], chain.compound)  # fmt: skip
                yield part
                start = place
            current = name or current
        if start:
            chain.items = chain.items[begin + start :]
            chain.pieces = chain.pieces[start:]
        yield chain

    # ---- names

    def _attribute(self, item: Leaf | Group) -> str:
        path = item.path
        if isinstance(item, Leaf) and len(item.step.arrays) == 1:  # an array of the module itself has a name of its own
            (source, *_) = (*next(iter(item.step.arrays.values())).sources, "")
            path = path if source.endswith(".weight") or not source else source
        path = path[len(self.group.path) :].lstrip(".") if self.group.path else path
        parts = [part for part in path.split(".") if part]
        at = max((place for place, part in enumerate(parts) if not part.isdigit()), default=-1)
        if at < 0:
            return ""
        # of a list of lists, each list is a stage
        return f"{parts[at]}{parts[at + 1]}" if len(parts) - at > 2 else parts[at]

    def _stage(self, items: list[Leaf | Group]) -> str:
        """Return the part of a list in which the items are, for names that are taken: `stages2`."""
        path = items[-1].path[len(self.group.path) :].lstrip(".") if items else ""
        found = re.findall(r"(?:^|\.)([^\W\d]\w*)\.(\d+)", path)
        return "".join(found[0]) if found else ""

    def _hint(self, items: list[Leaf | Group]) -> str:
        heavy = [item for item in items if _weighty(item)]
        return next((name for item in reversed(heavy or items) if (name := self._attribute(item))), "")

    def _label(self, chain: Chain, output: bool) -> str:
        heavy = any(_weighty(item) for item in chain.items)
        if output and self.group.path and (chain.compound or not heavy):
            return self._free("y")
        own = self._hint(chain.items) or chain.hint
        own = own if own and own not in step_names() else "y" if output else "z"
        return self._free(own if own not in self.taken else self._stage(chain.items) or own)

    def _free(self, name: str) -> str:
        name = re.sub(r"\W", "_", name).strip("_") or "z"
        name = name if name[0].isalpha() else f"z{name}"
        if name in RESERVED or name in step_names():
            name = f"{name}_"
        found, number = name, 2
        while found in self.taken:
            found, number = f"{name}{number}", number + 1
        self.taken.add(found)
        return found

    # ---- steps

    def _text(self, number: int, option: str, place: int, value: Any) -> str:
        return self.texts.get((number, option, place)) or number_text(value)

    def _piece(self, number: int, item: Leaf | Group) -> str:
        if isinstance(item, Group):
            assert item.block is not None
            pairs = zip(item.block.params, item.block.arguments(item), strict=True)
            values = [self._text(number, name, place, value) for place, (name, value) in enumerate(pairs)]
            return f"{item.block.name}({', '.join(values)})" if values else item.block.name
        op = item.step.op
        words: list[str] = []
        named: list[str] = []
        given = self._given(number, op)
        for name, option in op.options.items():
            value = op.__dict__[name]
            if not option.written and name != op.declared:
                words.append(self._value(number, name, value, True))
            elif name in given:
                text = self._value(number, name, value, False)
                named.append(
                    text
                    if name in op.positional and len(named) == op.positional.index(name)
                    else f"{option.shown} = {text}"
                )
        options = f"({', '.join(named)})" if named else ""
        if not op.noun:
            return f"{op.name}{options}"
        plural = op.name[:-1] if words[0] == "1" else op.name
        return " ".join(filter(None, [words[0], plural, *words[1:], options]))

    def _given(self, number: int, op: Op) -> set[str]:
        """Return the options whose values a line must say."""
        changing = {name for (at, name, _), text in self.texts.items() if at == number and not text[0].isdigit()}
        usual = {name: option.default for name, option in op.options.items()}
        for noun, names in op.inherits.items():
            usual |= {name: value for name, value in self.defaults.get(operation(noun), {}).items() if name in names}
        usual |= self.defaults.get(type(op), {})
        return {
            name
            for name, option in op.options.items()
            if option.required or name in changing or op.__dict__[name] != usual[name]
        }

    def _value(self, number: int, name: str, value: Any, sized: bool) -> str:
        item = self.group.items[number]
        if isinstance(item, Leaf) and item.step.op.options[name].kind == "tie":
            holder = item.step.facts["tie"]
            label = self.names.get(Edge(holder), "")
            if not label:
                raise Unwritten(f"weights of {self.graph.steps[holder].path} in {item.path}")
            return f"transpose({label})" if self.graph.steps[holder].op.stored == "in_out" else label
        if name in _layers(item):
            return self.names[item.reads[_layers(item).index(name) - len(_layers(item))]]
        if isinstance(value, bool):
            return "true" if value else "false"
        if isinstance(value, Type):
            return type_text(value)
        if isinstance(value, tuple):
            texts = [self._text(number, name, place, each) if isinstance(each, int | float) else f'"{each}"'
                     for place, each in enumerate(value)]  # fmt: skip
            if self._is_list(number, name):
                return f"[{', '.join(texts)}]"
            tight = all(text.isdecimal() for text in texts)
            return ("x" if tight else " x ").join(texts)
        if isinstance(value, Init):
            return str(value)
        if isinstance(value, int | float):
            return self._text(number, name, 0, value)
        return str(value)

    def _is_list(self, number: int, name: str) -> bool:
        item = self.group.items[number]
        return isinstance(item, Leaf) and item.step.op.options[name].kind == "list"


def _layers(item: Leaf | Group) -> list[str]:
    """Return the options of a step that name values; these are the last that it reads."""
    if isinstance(item, Group):
        return []
    op = item.step.op
    return [name for name, option in op.options.items() if option.kind == "layer" and op.__dict__[name] is not None]


class Chain:
    """A source and the steps behind it, as texts, with the items that they say in the order of the text."""

    def __init__(
        self, source: str, pieces: list[str], items: list[Leaf | Group], compound: bool, hint: str = ""
    ) -> None:
        self.source = source
        self.pieces = pieces
        self.items = items
        self.compound = compound
        self.hint = hint

    def text(self, source: str | None) -> str:
        first = self.source if source is None else source
        return " -> ".join(filter(None, [first, *_folded(self.pieces)]))


def _folded(pieces: list[str]) -> list[str]:
    """Write equal runs of steps side by side as one `repeat`."""
    found: list[str] = []
    at = 0
    while at < len(pieces):
        best = (0, 0)
        for period in range(1, 1 + min(8, (len(pieces) - at) // 2)):
            body = pieces[at : at + period]
            count = 1
            while pieces[at + count * period : at + (count + 1) * period] == body:
                count += 1
            worth = any(re.match(r"\d|[A-Z]", piece) or " filters" in piece or " perceptron" in piece for piece in body)
            if count > 1 and worth and count * period > best[0] * best[1]:
                best = (count, period)
        count, period = best
        if count > 1:
            found.append(f"repeat {count} {{ {' -> '.join(pieces[at : at + period])} }}")
            at += count * period
        else:
            found.append(pieces[at])
            at += 1
    return found


def _weighty(item: Leaf | Group) -> bool:
    """Whether an item is what a line is called after: a block, or a step with weights that is no norm."""
    return isinstance(item, Group) or item.step.op.noun or bool(item.step.arrays and not item.step.op.norm)


def _expression(sides: list[str], sign: str) -> str:
    tight = "" if sign in "*/^" else " "
    if len(sides) == 1:
        return f"{sign}{sides[0]}"
    return f"{tight}{sign}{tight}".join(_bracketed(side, sign, place) for place, side in enumerate(sides))


def _bracketed(side: str, sign: str, place: int) -> str:
    if side.startswith("(") or re.fullmatch(r"[\w.]+", side):
        return side
    return f"({side})" if re.fullmatch(r"-?[\w.]+e?-?\d*", side) is None or side.startswith("-") else side


# ---- the file


def _defaults(groups: list[Group]) -> dict[type[Op], dict[str, Any]]:
    """Return the options that every use of an operation has, where the operation is used often."""
    found: dict[type[Op], list[Op]] = {}
    for group in groups:
        for item in group.items:
            if isinstance(item, Leaf) and item.step.op.options:
                found.setdefault(type(item.step.op), []).append(item.step.op)
    chosen: dict[type[Op], dict[str, Any]] = {}
    for cls, ops in found.items():
        if len(ops) < 3 or ops[0].infix:
            continue
        for option, declared in ops[0].options.items():
            values = {op.__dict__[option] for op in ops if not isinstance(op.__dict__[option], dict)}
            flag = declared.kind == "flag" or option == "eps"
            if len(values) == 1 and flag and values != {declared.default}:
                chosen.setdefault(cls, {})[option] = values.pop()
    return chosen


def written(
    graph: Graph, root: Group, blocks: list[Block], name: str, lengths: Mapping[int, str], title: str = ""
) -> tuple[str, dict[int, list[Leaf | Group]]]:
    """Return the text of a spec, and for each group the order in which its text says its items.

    Parameters:
        graph: the canonical graph.
        root: the net.
        blocks: the blocks that it calls, innermost first.
        name: the name of the net.
        lengths: the letters for open lengths, by the length that the example had.
        title: the caption of the net.
    """
    firsts = [block.groups[0] for block in blocks]
    defaults = _defaults([*firsts, root])
    names = {block.name for block in blocks} | {name}
    parts = ["netspec 1\n"]
    for own, options in defaults.items():
        said = ", ".join(f"{option} = {_plain(value)}" for option, value in options.items())
        parts.append(f"default {own.name} ({said})")
    orders: dict[int, list[Leaf | Group]] = {}
    for block in blocks:
        writer = _block(graph, block, defaults, names)
        head = f"block {block.name}({', '.join(block.params)})" if block.params else f"block {block.name}"
        parts.append("\n".join([f"\n{head} {{", *(f"  {line}" for line in writer.lines), "}"]))
        orders[id(block)] = writer.order
    writer = Writer(graph, root, {}, defaults, names | set(lengths.values()))
    for number, step in enumerate(graph.steps):
        if step.op.structure:
            writer.input(step.label, _net_type(step.types[0], lengths), Edge(number))
    writer.write()
    orders[id(root)] = writer.order
    opened = f"({', '.join(lengths.values())})" if lengths else ""
    caption = f' "{title}"' if title else ""
    parts.append("\n".join([f"\nnet {name}{opened}{caption} {{", *(f"  {line}" for line in writer.lines), "}"]))
    return "\n".join(parts) + "\n", orders


def _plain(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else number_text(value)


def _net_type(value: Type, lengths: Mapping[int, str]) -> str:
    text = type_text(value.step)
    if value.time is None:
        return text
    length: Any = value.time.length
    return f"{text} over {lengths.get(length, length)}"


def _block(graph: Graph, block: Block, defaults: Mapping[type[Op], dict[str, Any]], names: set[str]) -> Writer:
    group = block.groups[0]
    writer = Writer(graph, group, block.texts, defaults, names | set(block.params) | set(block.sizes) | {"h", "w", "n"})
    for port, edge in enumerate(group.reads):
        value = graph.type(edge)
        label = "x" if port == 0 else "skip" if value.space else "memory"
        first = value.space == graph.type(group.reads[0]).space
        letters = ("h", "w", "l") if first else ("rows", "columns", "planes")
        size = block.sizes[port]
        space = f" @ {' x '.join(letters[: len(value.space)])}" if value.space else ""
        over = " over n" if value.time is not None else ""
        kind = f"one of {size}" if value.classes is not None else size
        writer.input(label, f"{kind}{space}{over}", edge)
    writer.write()
    block.outputs = [writer.names[edge] for edge in group.gives]
    return writer
