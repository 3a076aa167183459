"""Steps that expand to more steps: blocks, repeats, weights used again."""

from __future__ import annotations

from functools import cached_property
from typing import Any

from netspec.diagnostics.model import Diagnostic, Fault, Label, Quoted
from netspec.elaborate.arguments import bind_arguments
from netspec.elaborate.evaluate import Broken, fault, size
from netspec.elaborate.frame import Bound, Flow, Frame
from netspec.elaborate.keys import Names
from netspec.elaborate.lookup import is_layer, layer_named
from netspec.elaborate.program import Definition
from netspec.elaborate.steps import Steps
from netspec.elaborate.templates import Templates
from netspec.ir.graph import Scope
from netspec.ir.sizes import Formula
from netspec.ir.structure import Flip, Port
from netspec.source import Span
from netspec.syntax import tree


class Calls(Steps):
    """Expands blocks, repeats and `same`."""

    @cached_property
    def templates(self) -> Templates:
        """The blocks expanded so far."""
        return Templates(self)

    def body(self, frame: Frame) -> None:
        """Expands the statements of a frame's body (a hook: the subclass knows the lines)."""
        raise NotImplementedError

    # ---- scopes

    def open_scope(self, kind: str, name: str, path: str, parent: int, **extra: Any) -> Scope:
        scope = Scope(
            index=len(self.scopes),
            parent=parent,
            kind=kind,
            name=name,
            path=path,
            layer=self.layer_index,
            first=len(self.nodes),
            again=self.again > 0,
            backward=self.backward,
            origins=self.origins,
            **extra,
        )
        self.scopes.append(scope)
        if parent >= 0:
            self.scopes[parent].children.append(scope.index)
        return scope

    # ---- blocks

    def block(self, frame: Frame, definition: Definition, item: tree.Ref | tree.Call, flow: Flow, names: Names) -> Flow:
        """One instance of a block: its parameters bound, its inputs matched, its body expanded."""
        body = definition.body
        outputs = [line for line in body.statements if isinstance(line, tree.Layer) and line.role == "output"]
        self._no_recursion(frame, definition, item)
        if not outputs and not definition.unit.poisoned:
            span = Span(definition.unit.source, *body.name.at)
            raise Fault(Diagnostic("NS243", span, {"net": body.name.text, "kind": body.kind}))
        arguments = bind_arguments(frame, definition, item, flow)
        self.budget(frame, item)
        path = names.module(item.name)
        if any(value is None for values in arguments.inputs.values() for value in values):
            return [None] * max(1, len(outputs))
        template = self.templates.key(definition, arguments)
        if template is not None and template in self.templates.known:
            return self.templates.copy(self.templates.known[template], item.name, path, frame.scope, arguments)
        begin = self.templates.mark()
        scope = self.open_scope(
            "block", item.name, path, frame.scope, params=arguments.shown, given=tuple(arguments.shown),
            source=definition, arguments=arguments.env,
        )  # fmt: skip
        child = Frame(
            definition.unit,
            definition,
            scope.index,
            path=path + ".",
            env=dict(arguments.env),
            symbols=self.symbols,
            parent=frame,
            call=frame.span(item.at),
        )
        outer = self.layer_index, self.backward, self.origins
        self.backward, self.origins = False, ()
        try:
            child.given = arguments.inputs
            scope.port_names = tuple(arguments.inputs)
            self.body(child)
        finally:
            self.layer_index, self.backward, self.origins = outer
            scope.last = len(self.nodes)
        sizes = {name: value for name, value in child.env.items() if isinstance(value, (int, float, Formula))}
        scope.params = {**scope.params, **sizes}
        made = self._results(child, scope, outputs)
        if template is not None:
            self.templates.keep(template, begin, made)
        return made

    def _results(self, child: Frame, scope: Scope, outputs: list[tree.Layer]) -> Flow:
        flow: Flow = []
        for line in outputs:
            bound = child.layers.get(line.label.text)
            flow.append(bound.values[0] if bound is not None and len(bound.values) == 1 else None)
        scope.results = tuple(value.edge for value in flow if value is not None)
        scope.result_names = tuple(line.label.text for line in outputs)
        return flow or [None]

    def _no_recursion(self, frame: Frame, definition: Definition, item: tree.Ref | tree.Call) -> None:
        at = item.path_at if isinstance(item, tree.Call) else item.at
        around: Frame | None = frame
        path = [item.name]
        depth = 0
        while around is not None:
            path.append(around.definition.body.name.text)
            if around.definition.body is definition.body:
                cycle = " -> ".join(reversed(path))
                raise fault(frame, at, "NS601", name=item.name, cycle=cycle)
            around = around.parent
            depth += 1
        if depth > self.limits.calls:
            raise fault(frame, at, "NS613", limit=self.limits.calls)

    # ---- repeat

    def repeat(self, frame: Frame, item: tree.Repeat, flow: Flow, names: Names) -> Flow:
        """`repeat N { … }`: the rounds one after another, with weights of their own or shared."""
        self._begins_with_step(frame, item)
        count = size(item.count, frame, 1, "repeat")
        written = count
        if self.instances and isinstance(count, Formula):
            count = int(count.values[0])
        if not isinstance(count, int):
            raise fault(frame, item.count.at, "NS614", text=frame.span(item.count.at).text)
        if len(self.nodes) + count > self.limits.nodes:
            raise fault(frame, item.count.at, "NS612", limit=self.limits.nodes)
        self.budget(frame, item)
        path = names.module("repeat")
        around = self.open_scope("repeat", str(count), path, frame.scope, shared=item.shared, count=written)
        before = frame.scope
        self.rounds = {}
        rounds: dict[str, Flow] = {}
        wanted = len(flow)
        try:
            for number in range(1, count + 1):
                flow = self._round(frame, item, number, path, around, flow)
                if len(flow) != wanted and None not in flow:
                    raise fault(frame, item.at, "NS615", given=str(wanted), made=str(len(flow)))
                rounds[str(number)] = flow
                if None in flow:  # said in this round; the others have the same mistake
                    break
        finally:
            frame.scope = before
            around.last = len(self.nodes)
        self.rounds = rounds
        return flow

    rounds: dict[str, Flow]

    def _round(self, frame: Frame, item: tree.Repeat, number: int, path: str, around: Scope, flow: Flow) -> Flow:
        shared_again = item.shared and number > 1
        own = path if item.shared else f"{path}.{number}"
        self.again += shared_again
        scope = self.open_scope("round", str(number), own, around.index, shared=item.shared)
        frame.scope = scope.index
        index = item.index.text if item.index else ""
        hidden = frame.env.get(index)
        if index:
            frame.env[index] = number
        inner = Names(own)
        ports = self.ports(frame, flow, item.at)
        scope.ports = tuple(value.edge.node for value in ports if value is not None)
        try:
            result = self.chain(frame, item.chain, inner, list(ports))
            inner.finish()
        finally:
            self.again -= shared_again
            scope.last = len(self.nodes)
            if index:
                frame.env.pop(index)
                if hidden is not None:
                    frame.env[index] = hidden
        scope.results = tuple(value.edge for value in result if value is not None)
        return result

    def ports(self, frame: Frame, flow: Flow, at: tree.Place) -> Flow:
        """The values a scope is given, as nodes of its own: what is inside never reads past them."""
        out: Flow = []
        for value in flow:
            if value is None:
                out.append(None)
            else:
                out += self.node(Port(), [value], frame, at, "port")
        return out

    def _begins_with_step(self, frame: Frame, item: tree.Repeat) -> None:
        first = item.chain.items[0]
        if isinstance(first, tree.Ref) and is_layer(first.path[0], frame):
            if frame.unit.find(first.name) is None and first.name not in frame.env:
                raise fault(frame, first.at, "NS616", text=first.name)
        elif not isinstance(first, (tree.Ref, tree.Call, tree.Perceptrons, tree.Filters, tree.Repeat, tree.Broken)):
            raise fault(frame, first.at, "NS616", text=frame.span(first.at).text)

    def budget(self, frame: Frame, item: tree.Value) -> None:
        """Refuses what would expand past the limits, before it is expanded."""
        count = self.counter.item(item, frame)
        if len(self.nodes) + count > self.limits.nodes:
            raise fault(frame, item.at, "NS612", limit=self.limits.nodes)

    # ---- time turned round

    def reverse(self, frame: Frame, item: tree.Ref | tree.Call, flow: Flow, names: Names) -> Flow:
        """`reversed(step)`: the step over time from the last to the first, its results back in order."""
        args = item.args if isinstance(item, tree.Call) else ()
        if len(args) != 1 or args[0].name:
            raise fault(frame, item.at, "NS248")
        inner = args[0].value
        chain = inner if isinstance(inner, tree.Chain) else tree.Chain((inner,), inner.at)
        value = self.single(flow, frame, item.at)
        turned = self.node(Flip(), [value], frame, item.at, "reversed")
        around, self.backward = self.backward, not self.backward
        try:
            result = self.single(self.chain(frame, chain, names, turned), frame, item.at)
        finally:
            self.backward = around
        return self.node(Flip(), [result], frame, item.at, "reversed")

    # ---- the same weights once more

    def same(self, frame: Frame, item: tree.Ref | tree.Call, flow: Flow, names: Names) -> Flow:
        """`same(a)`: a's chain with a's weights, applied to what flows in instead of what a reads."""
        at = item.at
        args = item.args if isinstance(item, tree.Call) else ()
        if len(args) != 1 or args[0].name:
            raise fault(frame, at, "NS236")
        inner = args[0].value
        if not isinstance(inner, tree.Ref) or len(inner.path) != 1:
            raise fault(frame, args[0].at, "NS236")
        bound = layer_named(inner, frame, option=True)
        if None in bound.values:  # its line is broken, which is said there
            raise Broken
        statement = frame.labels[inner.path[0]]
        if not isinstance(statement, tree.Layer):
            raise fault(frame, args[0].at, "NS237", name=inner.path[0])
        values = self.all_known(flow)
        self.again += 1
        self.repeated.append(Label(frame.span(at), "again", {"name": inner.path[0]}))
        own = Names(bound.path)
        try:
            result = self._again(frame, statement, own, list(values), bound, at)
            own.finish()
        finally:
            self.again -= 1
            self.repeated.pop()
        return result

    def _again(
        self, frame: Frame, statement: tree.Layer, names: Names, flow: Flow, bound: Bound, at: tree.Place
    ) -> Flow:
        """Expands a line's chain with another value in place of the one layer it reads."""
        chain = statement.chain
        first = chain.items[0]
        if self.is_step(frame, first):
            return self.chain(frame, chain, names, flow)
        read = sorted(_layers_read(first, frame))
        if len(read) != 1 or len(flow) != 1:
            label = Label(frame.span(statement.at), "line")
            words: dict[str, Any] = {"name": statement.label.text, "layers": Quoted(tuple(read))}
            raise Fault(Diagnostic("NS238", frame.span(at), words, labels=(label,)))
        original = frame.layers[read[0]]
        frame.layers[read[0]] = Bound(flow, original.at, original.role, original.index, original.path)
        try:
            return self.chain(frame, chain, names)
        finally:
            frame.layers[read[0]] = original

    def is_step(self, frame: Frame, item: tree.Value) -> bool:
        """Whether a chain's first item is a step, so that its source goes unsaid."""
        if isinstance(item, (tree.Perceptrons, tree.Filters, tree.Repeat, tree.Call)):
            return True
        return isinstance(item, tree.Ref) and not self.names_layer(item, frame)


def _layers_read(item: Any, frame: Frame) -> set[str]:
    """The layers that a chain's first item names, side paths included."""
    found: set[str] = set()
    pending = [item]
    while pending:
        value = pending.pop()
        match value:
            case tree.Ref():
                if is_layer(value.path[0], frame):
                    found.add(value.path[0])
            case tree.Indexed():
                found.add(value.path[0])
            case tree.Binary():
                pending += [value.left, value.right]
            case tree.Join() | tree.Several():
                pending += value.parts
            case tree.Group():
                pending.append(value.chain)
            case tree.Chain():
                pending.append(value.items[0])
            case tree.Negative():
                pending.append(value.value)
    return found
