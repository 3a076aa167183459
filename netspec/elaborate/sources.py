"""The first item of a chain -> values: layers, sums, products, joins, delayed reads, side paths."""

from __future__ import annotations

from typing import Any

from netspec.diagnostics.model import Fix, Hint
from netspec.elaborate.core import Core
from netspec.elaborate.evaluate import REAL, Broken, evaluate, fault
from netspec.elaborate.frame import Closure, Flow, Frame, Value
from netspec.elaborate.keys import Names
from netspec.elaborate.lookup import is_layer, layer_named, read, unknown_layer
from netspec.elaborate.suggest import method
from netspec.elaborate.written import read_type
from netspec.ir.graph import Edge
from netspec.ir.operation import Op
from netspec.ir.sizes import Formula
from netspec.ir.structure import Delay
from netspec.ir.types import UNKNOWN, UNKNOWN_TYPE, Time, Type
from netspec.ops.registry import operation, step_names
from netspec.syntax import tree

_SIGNS = {"+": "add", "-": "subtract", "*": "multiply"}

# a delay that reaches behind the sequence at every step is worth a warning; a longer one would take memory as well
MAX_IDLE_DELAY = 1000


class Sources(Core):
    """Reads the first item of a chain."""

    def source(self, frame: Frame, item: tree.Value, names: Names) -> Flow | None:
        """The values an item stands for, or None where it is a step and the source goes unsaid."""
        match item:
            case tree.Perceptrons() | tree.Filters() | tree.Repeat() | tree.Call():
                return None
            case tree.Ref():
                return read(item, frame) if self.names_layer(item, frame) else None
            case tree.Several():
                return [value for part in item.parts for value in self.operand(frame, part, names)]
            case tree.Broken():
                return [None]
            case _:
                return self.operand(frame, item, names)

    def names_layer(self, item: tree.Ref, frame: Frame) -> bool:
        """Whether a name at the head of a chain is a layer: a layer hides a step of its name."""
        head = item.path[0]
        if len(item.path) > 1 or is_layer(head, frame) or head in frame.broken:
            return True
        known = head in frame.env or head in step_names() or frame.unit.find(head) is not None
        return not known and head in frame.poisoned

    def operand(self, frame: Frame, item: tree.Value, names: Names) -> Flow:
        """A value inside a sum, product, join or tuple."""
        match item:
            case tree.Ref():
                if not self.names_layer(item, frame):
                    self._no_layer(item, frame)
                return read(item, frame)
            case tree.Indexed():
                return self.delayed(frame, item)
            case tree.Group():
                return self.group(frame, item, names)
            case tree.Join():
                return self.join(frame, item, names)
            case tree.Binary():
                return self.binary(frame, item, names)
            case tree.Negative():
                inner = frame.span(item.value.at).text
                raise fault(frame, item.at, "NS217", fix=Fix(frame.span(item.at), f"-1*{inner}"), text=inner)
            case tree.Number():
                raise fault(frame, item.at, "NS218", text=item.text)
            case tree.Call() if is_layer(item.path[0], frame):
                raise fault(frame, item.at, "NS249", *method(item.path), name=item.path[0])
        # a call, a noun or a repeat: the grammar lets nothing else stand here
        alone = isinstance(item, tree.Call) and item.name in ("learned", "zeros", "noise", "carried")
        raise fault(frame, item.at, "NS219", Hint("alone" if alone else "reads"), text=frame.span(item.at).text)

    def _no_layer(self, item: tree.Ref, frame: Frame) -> None:
        """A name where only a layer can stand: say what it is instead."""
        name = item.path[0]
        if name in frame.env:
            if isinstance(frame.env[name], Closure):
                raise fault(frame, item.at, "NS219", Hint("reads"), text=name)
            raise fault(frame, item.at, "NS214", name=name)
        if name in step_names():
            raise fault(frame, item.at, "NS219", Hint("reads"), text=name)
        raise unknown_layer(name, item.at, frame)

    # ---- groups and joins

    def group(self, frame: Frame, item: tree.Group, names: Names) -> Flow:
        """`(x -> a -> b)`: a side path; it says where it begins."""
        chain = item.chain
        if len(chain.items) > 1:
            first = chain.items[0]
            begins = isinstance(first, (tree.Call, tree.Perceptrons, tree.Filters, tree.Repeat)) or (
                isinstance(first, tree.Ref) and not self.names_layer(first, frame)
            )
            if begins and isinstance(first, tree.Ref) and first.name in frame.poisoned:
                raise Broken
            if begins and not self.begins_alone(first, frame):
                raise fault(frame, first.at, "NS221", text=frame.span(first.at).text)
        return self.chain(frame, chain, names) if len(chain.items) > 1 else self._inside(frame, chain, names)

    def _inside(self, frame: Frame, chain: tree.Chain, names: Names) -> Flow:
        item = chain.items[0]
        if isinstance(item, tree.Several):
            return [value for part in item.parts for value in self.operand(frame, part, names)]
        if self.begins_alone(item, frame):
            return self.chain(frame, chain, names)
        return self.operand(frame, item, names)

    def begins_alone(self, item: tree.Value, frame: Frame) -> bool:
        """Whether an item needs no source: `learned(T)`, `zeros(T)`, `noise(T)`."""
        if not isinstance(item, (tree.Ref, tree.Call)) or frame.unit.find(item.name) or item.name in frame.env:
            return False
        return item.name in ("learned", "zeros", "noise", "carried")

    def join(self, frame: Frame, item: tree.Join, names: Names) -> Flow:
        values: list[Value] = []
        broken = False
        for part in item.parts:
            try:
                values.append(self.single(self.operand(frame, part, names), frame, part.at))
            except Broken:
                broken = True
        if broken:
            return [None]
        return self.node(operation("join")(role="maps"), values, frame, item.at, "&")

    # ---- arithmetic

    def binary(self, frame: Frame, item: tree.Binary, names: Names) -> Flow:
        """`a + b - 0.5*c`: runs lean left, so the spine is walked without recursion."""
        spine: list[tree.Binary] = []
        current: tree.Value = item
        while isinstance(current, tree.Binary):
            spine.append(current)
            current = current.left
        left = self.term(frame, current, names)
        for node in reversed(spine):
            right = self.term(frame, node.right, names)
            left = self.combine(frame, node, left, right)
        if isinstance(left, (int, float, Formula)):
            raise fault(frame, item.at, "NS218", text=frame.span(item.at).text)
        return [left]

    def term(self, frame: Frame, item: tree.Value, names: Names) -> Any:
        """A side of an operator: a number, a Value, or None where it is broken."""
        if self.is_number(item, frame):
            return evaluate(item, frame, REAL)
        try:
            return self.single(self.operand(frame, item, names), frame, item.at)
        except Broken:
            return None

    def is_number(self, item: tree.Value, frame: Frame) -> bool:
        match item:
            case tree.Number():
                return True
            case tree.Ref():
                found = frame.env.get(item.name)
                return (
                    not is_layer(item.path[0], frame)
                    and isinstance(found, (int, float, Formula))
                    and not isinstance(found, bool)
                )
            case tree.Negative():
                return self.is_number(item.value, frame)
            case tree.Group() | tree.Chain():
                items = item.chain.items if isinstance(item, tree.Group) else item.items
                return len(items) == 1 and self.is_number(items[0], frame)
            case tree.Binary():
                current: tree.Value = item
                while isinstance(current, tree.Binary):
                    if not self.is_number(current.right, frame):
                        return False
                    current = current.left
                return self.is_number(current, frame)
            case tree.Call():
                return item.name == "sqrt" and len(item.args) == 1 and self.is_number(item.args[0].value, frame)
        return False

    def combine(self, frame: Frame, item: tree.Binary, left: Any, right: Any) -> Any:
        """`left op right` where at least one side is a layer's value."""
        numbers = [isinstance(side, (int, float, Formula)) for side in (left, right)]
        if all(numbers):
            return evaluate(item, frame, REAL)
        if item.op not in _SIGNS:
            code = "NS222" if item.op == "/" else "NS223" if item.op == "^" else "NS224"
            words: dict[str, Any] = {
                "text": frame.span(item.at).text,
                "op": item.op,
                "left": frame.span(item.left.at).text,
            }
            hints = (Hint("half"),) if item.op == "/" and not numbers[0] else ()
            raise fault(frame, item.at, code, *hints, **words)
        if left is None or right is None:
            return None
        if any(numbers):
            number, value = (left, right) if numbers[0] else (right, left)
            if isinstance(number, Formula) and not self.instances:
                raise fault(frame, item.at, "NS225", text=frame.span(item.at).text)
            op: Op = operation("number")(
                sign=item.op, value=number if isinstance(number, Formula) else float(number), first=numbers[0]
            )
            return self.node(op, [value], frame, item.at, item.op)[0]
        return self.node(operation(_SIGNS[item.op])(), [left, right], frame, item.at, item.op)[0]

    # ---- delayed reads

    def start_value(self, frame: Frame, label: str, value_type: Type) -> Value | None:
        """The value before the first step (a hook: lines know how to expand it)."""
        raise NotImplementedError

    def delayed(self, frame: Frame, item: tree.Indexed) -> Flow:
        """`z[t-k]`: z may stand above or below."""
        steps = self._steps(frame, item)
        name = item.path[0]
        if len(item.path) > 1 or name not in frame.labels:
            layer_named(tree.Ref(item.path, item.at), frame)  # raises where it is none at all
            raise fault(frame, item.at, "NS502", name=item.name)
        if frame.definition.body.kind == "block" and not frame.timed:
            raise fault(frame, item.at, "NS507", name=item.name, block=frame.definition.body.name.text)
        known = frame.layers.get(name)
        if known is not None:
            if known.values[:1] in ([], [None]):
                raise Broken
        value_type = self._delayed_type(frame, name, item)
        time = value_type.time
        if isinstance(time, Time) and isinstance(time.length, int) and steps >= time.length:
            words: dict[str, Any] = {"name": item.name, "steps": steps, "length": str(time)}
            if steps > MAX_IDLE_DELAY:
                raise fault(frame, item.index.at, "NS517", **words)
            self.warn(frame, item.index.at, "NS517", **words)
        op = Delay(steps)
        start = self.start_value(frame, name, value_type)
        inputs_ = [Value(Edge(-1), value_type)] + ([start] if start is not None else [])
        flow = self.node(op, inputs_, frame, item.at, f"{name}[t-{steps}]")
        assert flow[0] is not None
        self.delays.append((self.nodes[flow[0].edge.node], frame, name))
        return flow

    def _steps(self, frame: Frame, item: tree.Indexed) -> int:
        index = item.index
        if isinstance(index, tree.Binary) and isinstance(index.left, tree.Ref) and index.left.name == "t":
            if index.op == "+":
                raise fault(frame, item.at, "NS691", name=item.name)
            if index.op == "-":
                steps = evaluate(index.right, frame)
                if isinstance(steps, int) and steps >= 1:
                    return steps
                raise fault(frame, index.right.at, "NS503", name=item.name)
        if isinstance(index, tree.Ref) and index.name == "t":
            raise fault(frame, item.at, "NS503", name=item.name)
        text = frame.span(index.at).text
        if not is_layer(item.path[0], frame) and (frame.unit.find(item.name) or item.name in step_names()):
            fix = Fix(frame.span(item.at), f"{item.name}({text})")  # `Basic[64]`
            raise fault(frame, item.at, "NS137", fix=fix, right=fix.replacement)
        back = isinstance(index, tree.Binary) and index.op == "-" and isinstance(index.left, tree.Ref)
        fix_time = Fix(frame.span(index.left.at), "t") if back and isinstance(index, tree.Binary) else None
        raise fault(frame, item.at, "NS505", Hint("time" if back else "part"), fix=fix_time, name=item.name, index=text)

    def _delayed_type(self, frame: Frame, name: str, item: tree.Indexed) -> Type:
        """What is known of a layer's type before its line is done."""
        bound = frame.layers.get(name)
        if bound is not None and bound.values and bound.values[0] is not None:
            return self._timed(bound.values[0].type, frame, item)
        written = self._written_type(frame, name)
        if written is not None and written.known:
            return self._timed(written, frame, item)
        assumed = self.assumed.get(frame.path + name)
        if assumed is not None and assumed.known:
            return self._timed(assumed, frame, item)
        self.unresolved.setdefault(frame.path + name, (frame, item.at))
        return written or assumed or UNKNOWN_TYPE

    def _written_type(self, frame: Frame, name: str) -> Type | None:
        """What `is` says of a layer. It may leave open whose lengths it has, and in a block that it has time."""
        statement = frame.labels.get(name)
        if not isinstance(statement, tree.Layer) or statement.expect is None:
            return None
        over = statement.expect.over
        written = read_type(statement.expect, frame, name)
        if over is None:
            carried = frame.definition.body.kind == "block"
        else:
            carried = over.kind == "up to" and over.name is None
        return written._replace(time=UNKNOWN) if carried else written

    def _timed(self, value: Type, frame: Frame, item: tree.Indexed) -> Type:
        if value.time is None:
            raise fault(frame, item.at, "NS506", Hint("over"), name=item.name, type=str(value))
        return value
