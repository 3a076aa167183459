"""A body's lines, one after another -> layers. One pass over a net; `elaborate` says when to repeat it."""

from __future__ import annotations

import unicodedata
from dataclasses import replace
from typing import Any

from netspec.diagnostics.model import Diagnostic, Fault, Hint, Label
from netspec.elaborate import prelude
from netspec.elaborate.calls import Calls
from netspec.elaborate.evaluate import ANY, Broken, Want, check_size, evaluate, fault
from netspec.elaborate.frame import Bound, Flow, Frame, Value
from netspec.elaborate.keys import Names
from netspec.elaborate.kinds import read_list
from netspec.elaborate.program import NEVER_NAMES
from netspec.elaborate.witness import differing, shown
from netspec.elaborate.written import bind_type, read_type, same_type
from netspec.ir.graph import Layer
from netspec.ir.sizes import Formula, text
from netspec.ir.structure import Input, Port
from netspec.ir.types import UNKNOWN_TYPE, Type, Unknown, type_text
from netspec.syntax import tree


class Expansion(Calls):
    """Expands bodies."""

    def body(self, frame: Frame) -> None:
        statements = frame.definition.body.statements
        self.declare(frame, statements)
        refused = False
        for statement in statements:
            if isinstance(statement, tree.Layer) and not refused:
                refused = frame.parent is not None and self.refuses(frame, statements)
            try:
                if refused:  # what would go wrong next has been said: the block is called with wrong sizes
                    raise Broken
                self.statement(frame, statement)
            except Fault as error:
                self.add(error.diagnostic, frame)
                self.broken(frame, statement)
            except Broken:
                self.broken(frame, statement)
        if not refused:
            self.unused_starts(frame)
            self.requirements(frame, statements)

    def declare(self, frame: Frame, statements: tuple[tree.Statement, ...]) -> None:
        """Labels first: a delayed read may name a layer below. Duplicates and odd names are said here."""
        seen: dict[str, tree.Name] = {param.name.text: param.name for param in frame.definition.body.params or ()}
        folded: dict[str, str] = {}
        for word, param in seen.items():
            if word in NEVER_NAMES or not word.isidentifier():
                self.add(Diagnostic("NS115", frame.span(param.at), {"seen": word}), frame)
        started: dict[str, tree.Name] = {}
        for statement in statements:
            if isinstance(statement, tree.Start):
                first = started.setdefault(statement.label.text, statement.label)
                if first is not statement.label:
                    labels = (Label(frame.span(first.at), "first"),)
                    words = {"name": f"start {first.text}"}
                    at, hints = frame.span(statement.label.at), (Hint("twice"),)
                    self.add(Diagnostic("NS204", at, words, labels=labels, hints=hints), frame)
            name = _named(statement)
            if name is None:
                continue
            word = name.text
            if isinstance(statement, tree.Layer) and isinstance(statement.chain.items[0], tree.Broken):
                frame.labels.setdefault(word, statement)
                continue
            if word in seen:
                label = Label(frame.span(seen[word].at), "first")
                self.add(Diagnostic("NS204", frame.span(name.at), {"name": word}, labels=(label,)), frame)
                frame.misnamed = True
                continue
            seen[word] = name
            if word in NEVER_NAMES or not word.isidentifier():
                self.add(Diagnostic("NS115", frame.span(name.at), {"seen": word}), frame)
                frame.misnamed = True
            key = word if word.isascii() else unicodedata.normalize("NFKC", word)
            if key in folded and folded[key] != word:
                alike = {"name": word, "other": folded[key]}
                self.add(Diagnostic("NS239", frame.span(name.at), alike), frame)
            folded[key] = word
            if not isinstance(statement, tree.Let):
                frame.labels[word] = statement

    def statement(self, frame: Frame, statement: tree.Statement) -> None:
        match statement:
            case tree.Input():
                self.input(frame, statement)
            case tree.Layer():
                self.line(frame, statement)
            case tree.Default():
                frame.defaults.append(statement)
            case tree.Let():
                self.let(frame, statement)
            case tree.Start():
                if statement.label.text not in frame.labels:
                    if statement.label.text in frame.poisoned:
                        raise Broken
                    raise fault(frame, statement.label.at, "NS508", name=statement.label.text)

    def broken(self, frame: Frame, statement: tree.Statement) -> None:
        """A line that failed: its label is known and silent from here on."""
        name = _named(statement)
        if name is None:
            return
        if isinstance(statement, tree.Let):
            frame.broken.add(name.text)
            return
        if frame.labels.get(name.text) is statement:
            role = statement.role if isinstance(statement, tree.Layer) else "input"
            frame.layers[name.text] = Bound([None], statement.at, role, self.layer_index)
            frame.last = name.text
            if role == "input":
                frame.inputs.append(name.text)
        if isinstance(statement, tree.Input):
            # its type may have named sizes
            for ref in _names_in(statement.type):
                if ref not in frame.env:
                    frame.broken.add(ref)

    # ---- lines

    def open_layer(self, frame: Frame, label: str, role: str, at: tree.Place, caption: tree.Text | None) -> Layer:
        layer = Layer(
            index=len(self.layers),
            label=label,
            path=frame.path + label,
            role=role,
            scope=frame.scope,
            caption=caption.value if caption else "",
            text=frame.unit.source.text[at[0] : caption.at[0] if caption else at[1]].rstrip(),
            span=frame.span(at),
        )
        self.layers.append(layer)
        self.layer_index = layer.index
        return layer

    def input(self, frame: Frame, line: tree.Input) -> None:
        label = line.label.text
        layer = self.open_layer(frame, label, "input", line.at, line.caption)
        if frame.definition.body.kind == "net" and frame.parent is None:
            declared = read_type(line.type, frame, label)
            if declared.time is not None:
                frame.timed = True
            flow = self.node(Input(declared), [], frame, line.at, "input")
        else:
            value = self.single(frame.given[label], frame, line.at)
            bind_type(line.type, value.type, frame, label)
            for code, at, words in frame.notes:
                self.warn(frame, at, code, name=words["name"], other=words["other"])
            frame.notes.clear()
            flow = self.node(Port(), [value], frame, line.at, "port")
            self.scopes[frame.scope].ports += (flow[0].edge.node,) if flow[0] else ()
        frame.inputs.append(label)
        self.close_layer(frame, layer, flow, label, line.at, "")

    def line(self, frame: Frame, line: tree.Layer) -> None:
        label = line.label.text
        layer = self.open_layer(frame, label, line.role, line.at, line.caption)
        layer.expected = line.expect is not None
        names = Names(frame.path + label)
        before = len(self.nodes)
        self.rounds = {}
        flow = self.chain(frame, line.chain, names)
        names.finish()
        self.layer_index = layer.index
        if line.expect is not None:
            self.expect(frame, line, flow)
        if line.role == "output" and len(flow) > 1:
            raise fault(frame, line.at, "NS240", name=label, count=str(len(flow)))
        self.close_layer(frame, layer, flow, label, line.at, names.path)
        frame.layers[label].parts = self.parts(frame, line, flow)
        if len(self.nodes) == before and flow and flow[0] is not None:
            self.alias(frame, flow, layer)

    def alias(self, frame: Frame, flow: Flow, layer: Layer) -> None:
        """`hidden a: x`: a line of no step stands for the same value under another name."""
        layer.values = tuple(value.edge for value in flow if value is not None)

    def close_layer(self, frame: Frame, layer: Layer, flow: Flow, label: str, at: tree.Place, path: str) -> None:
        layer.values = tuple(value.edge for value in flow if value is not None)
        frame.layers[label] = Bound(flow, at, layer.role, layer.index, path, order=len(frame.layers))
        frame.last = label

    def parts(self, frame: Frame, line: tree.Layer, flow: Flow) -> dict[str, Flow]:
        """By which names the parts of a line are read: rounds, a block's outputs, numbers.

        After a `repeat` numbers are rounds; its outputs are those of the last round.
        """
        last = line.chain.items[-1]
        if isinstance(last, (tree.Filters, tree.Perceptrons)) and len(flow) == 1:
            return {}
        if isinstance(last, tree.Repeat):
            names = self.output_names(frame, last.chain.items[-1])
            rounds = {f"{number}.{name}": [value] for number, values in self.rounds.items()
                      for name, value in zip(names, values, strict=False)}  # fmt: skip
            return {name: [value] for name, value in zip(names, flow, strict=False)} | self.rounds | rounds
        parts = {name: [value] for name, value in zip(self.output_names(frame, last), flow, strict=False)}
        if len(flow) > 1:
            parts.update({str(number): [value] for number, value in enumerate(flow, 1)})
        return parts

    def output_names(self, frame: Frame, item: tree.Value) -> list[str]:
        """The labels of a block's outputs; none where an item is no block."""
        if not isinstance(item, (tree.Ref, tree.Call)) or item.name in frame.env:
            return []
        definition = frame.unit.find(item.name) or prelude.block(item.name)
        lines = definition.body.statements if definition is not None else ()
        return [line.label.text for line in lines if isinstance(line, tree.Layer) and line.role == "output"]

    def expect(self, frame: Frame, line: tree.Layer, flow: Flow) -> None:
        """`is T`: the line's type must be the one that is written."""
        assert line.expect is not None
        value = self.single(flow, frame, line.chain.at)
        if not value.type.known:
            return
        expected = read_type(line.expect, frame, line.label.text)
        carried = frame.definition.body.kind == "block"
        if not same_type(expected, value.type, carried):
            example = shown(self.symbols, *differing(expected, value.type))
            actual = type_text(value.type.step if carried and expected.time is None else value.type)
            raise Fault(
                Diagnostic(
                    "NS501",
                    frame.span(line.expect.at),
                    {"name": line.label.text, "written": type_text(expected), "actual": actual},
                    hints=() if example is None else (example,),
                    fixes=() if "floor(" in actual else (_fix(frame, line.expect, actual),),
                )
            )

    def let(self, frame: Frame, line: tree.Let) -> None:
        if isinstance(line.value, tree.List):
            frame.env[line.name.text] = read_list(line.value, frame)
        else:
            result = evaluate(line.value, frame, ANY)
            if isinstance(result, int):
                check_size(result, line.value, frame, Want("whole", -(10**18)))
            frame.env[line.name.text] = result

    # ---- start values and delayed reads

    def start_value(self, frame: Frame, label: str, value_type: Type) -> Value | None:
        """The value of `start z: …`, expanded where z is first read delayed: it must be there by then."""
        if label in frame.starts:
            return frame.starts[label]
        line = next(
            (
                item
                for item in frame.definition.body.statements
                if isinstance(item, tree.Start) and item.label.text == label
            ),
            None,
        )
        frame.starts[label] = None
        if line is None:
            return None
        outer, last = self.layer_index, frame.last
        layer = self.open_layer(frame, label, "start", line.at, None)
        self.start_type = value_type.step if value_type.known else UNKNOWN_TYPE.step
        names = Names(f"{frame.path}{label}.start")
        try:
            value = self.single(self.chain(frame, line.chain, names), frame, line.chain.at)
            names.finish()
        finally:
            self.start_type = None
            self.layer_index, frame.last = outer, last
        if value.type.known and value_type.known and value.type != value_type.step:
            words: dict[str, Any] = {"name": label, "have": type_text(value.type), "want": type_text(value_type.step)}
            raise fault(frame, line.chain.at, "NS510", **words)
        layer.values = (value.edge,)
        frame.starts[label] = value
        return value

    def unused_starts(self, frame: Frame) -> None:
        for item in frame.definition.body.statements:
            if isinstance(item, tree.Start) and item.label.text not in frame.starts:
                name = item.label.text
                bound = frame.layers.get(name)
                if name in frame.labels and name not in frame.broken and (bound is None or None not in bound.values):
                    error = fault(frame, item.at, "NS509", name=name)
                    self.add(error.diagnostic, frame)

    def tie_delays(self) -> None:
        """Every delayed read gets its edge, once all lines are there."""
        for node, frame, name in self.delays:
            bound = frame.layers.get(name)
            if bound is None or not bound.values or bound.values[0] is None:
                continue
            node.inputs = (bound.values[0].edge, *node.inputs[1:])

    # ---- require

    def requirements(self, frame: Frame, statements: tuple[tree.Statement, ...]) -> None:
        """`require` of sizes; those that speak of weights and depth wait until the graph is done."""
        for statement in statements:
            if not isinstance(statement, tree.Require):
                continue
            if (_names(statement.left, statement.right) & {"weights", "depth"}) - frame.env.keys():
                self.late.append((frame, statement))
                continue
            try:
                self.require(frame, statement, None)
            except Fault as error:
                self.add(error.diagnostic, frame)
            except Broken:
                continue

    def refuses(self, frame: Frame, statements: tuple[tree.Statement, ...]) -> bool:
        """Whether a `require` does not hold that speaks of sizes known before the lines; it is reported then."""
        for statement in statements:
            if isinstance(statement, tree.Require) and _names(statement.left, statement.right) <= frame.env.keys():
                try:
                    self.require(frame, statement, None)
                except Fault as error:
                    self.add(error.diagnostic, frame)
                    return True
        return False

    def require(self, frame: Frame, line: tree.Require, extra: dict[str, Any] | None) -> None:
        names = frame if extra is None else replace(frame, env={**extra, **frame.env})
        left = evaluate(line.left, names, ANY)
        right = evaluate(line.right, names, ANY)
        if isinstance(left, Unknown) or isinstance(right, Unknown) or _holds(left, line.op, right):
            return
        words: dict[str, Any] = {
            "text": frame.span((line.left.at[0], line.right.at[1])).text,
            "why": line.why.value if line.why else "",
            "left": text(left),
            "op": line.op,
            "right": text(right),
        }
        hints = [Hint("why")] if line.why else []
        if isinstance(left, Formula) or isinstance(right, Formula):
            hints.append(Hint("open"))
            example = shown(self.symbols, left, right)
            hints += [example] if example is not None else []
        raise fault(frame, line.at, "NS511", *hints, **words)


def _fix(frame: Frame, expect: tree.TypeText, actual: str) -> Any:
    from netspec.diagnostics.model import Fix

    return Fix(frame.span(expect.at), actual)


def _named(statement: tree.Statement) -> tree.Name | None:
    if isinstance(statement, (tree.Input, tree.Layer)):
        return statement.label
    return statement.name if isinstance(statement, tree.Let) else None


def _names_in(written: tree.TypeText) -> set[str]:
    length = written.over.length if written.over is not None else None
    return _names(written.maps, written.classes, length, *(written.space.sizes if written.space else ()))


def _names(*values: Any) -> set[str]:
    """The names in formulas of sizes."""
    found: set[str] = set()
    pending = [*values]
    while pending:
        value = pending.pop()
        match value:
            case tree.Ref():
                found.add(value.name)
            case tree.Binary():
                pending += [value.left, value.right]
            case tree.Negative():
                pending.append(value.value)
            case tree.Group():
                pending += value.chain.items
    return found


def _holds(left: Any, op: str, right: Any) -> bool:
    """Whether a comparison holds, with open sizes at every witness."""
    if op == "!=":
        if isinstance(left, Formula) or isinstance(right, Formula):
            count = len((left if isinstance(left, Formula) else right).values)
            from netspec.ir.sizes import values_of

            return all(a != b for a, b in zip(values_of(left, count), values_of(right, count), strict=True))
        return bool(left != right)
    table = {"==": left == right, "<": left < right, "<=": left <= right, ">": left > right, ">=": left >= right}
    return bool(table[op])
