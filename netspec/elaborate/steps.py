"""The items after the first -> nodes: nouns, operations, and the steps that need more than a value."""

from __future__ import annotations

from netspec.diagnostics.model import Fault, Fix, Hint, Quoted
from netspec.elaborate import prelude
from netspec.elaborate.evaluate import Broken, fault, size
from netspec.elaborate.frame import Closure, Flow, Frame, Word
from netspec.elaborate.keys import Names
from netspec.elaborate.kinds import LayerRef
from netspec.elaborate.lookup import is_layer
from netspec.elaborate.options import Given, read_options, sources
from netspec.elaborate.program import Definition
from netspec.elaborate.sources import Sources
from netspec.elaborate.suggest import method, unknown_step
from netspec.elaborate.ties import borrowed
from netspec.ir.graph import Origin
from netspec.ir.operation import Op
from netspec.ir.types import Type
from netspec.ops.registry import operation, plain, step_names
from netspec.syntax import tree
from netspec.syntax.tree import Place

# what version 1 reserves: it parses and answers that it is not built yet
RESERVED = frozenset(("mixture", "copies", "extern"))


class Steps(Sources):
    """Applies steps; blocks, repeats and shared weights follow in the subclass."""

    # ---- hooks

    def block(self, frame: Frame, definition: Definition, item: tree.Ref | tree.Call, flow: Flow, names: Names) -> Flow:
        raise NotImplementedError

    def repeat(self, frame: Frame, item: tree.Repeat, flow: Flow, names: Names) -> Flow:
        raise NotImplementedError

    def same(self, frame: Frame, item: tree.Ref | tree.Call, flow: Flow, names: Names) -> Flow:
        raise NotImplementedError

    def reverse(self, frame: Frame, item: tree.Ref | tree.Call, flow: Flow, names: Names) -> Flow:
        raise NotImplementedError

    # ---- chains

    def chain(self, frame: Frame, chain: tree.Chain, names: Names, flow: Flow | None = None) -> Flow:
        """The values at the end of a chain; `flow` is what it begins with where it has no source."""
        rest = list(chain.items)
        if flow is None:
            flow, rest = self.begin(frame, rest, names)
        for item in rest:
            try:
                flow = self.step(frame, item, flow, names)
            except Fault as error:  # what follows may have mistakes of its own
                for diagnostic in (error.diagnostic, *error.more):
                    self.add(diagnostic, frame)
                flow = [None]
            except Broken:
                flow = [None]
        return flow

    def begin(self, frame: Frame, rest: list[tree.Value], names: Names) -> tuple[Flow, list[tree.Value]]:
        """What a chain reads, and the steps that are left of it."""
        try:
            flow = self.source(frame, rest[0], names)
            if flow is not None:
                return flow, rest[1:]
            if self.begins_alone(rest[0], frame):
                return [], rest
            self.head(frame, rest[0])
        except Fault as error:
            if len(rest) == 1:
                raise
            self.add(error.diagnostic, frame)
            return [None], rest[1:]
        return self.above(frame, rest[0]), rest

    def head(self, frame: Frame, item: tree.Value) -> None:
        """A name that begins a chain and is neither a layer nor a step: said before a source is looked for."""
        if not isinstance(item, tree.Ref) or frame.unit.find(item.name) is not None or item.name in RESERVED:
            return
        if item.name in frame.env:
            if not isinstance(frame.env[item.name], Closure):
                raise fault(frame, item.at, "NS214", name=item.name)
        elif item.name not in step_names() and prelude.block(item.name) is None:
            raise unknown_step(item.name, item.at, frame, step_names(), head=True)

    def above(self, frame: Frame, item: tree.Value) -> Flow:
        """No source: the nearest layer above, where that can only mean one thing."""
        if not frame.last and frame.poisoned:  # the line that could not be read may be the input
            raise Broken
        if not frame.last:
            raise fault(frame, item.at, "NS226")
        bound = frame.layers[frame.last]
        if bound.role == "output":
            others = [label for label, above in frame.layers.items() if above.role != "output"] or [frame.last]
            raise fault(frame, item.at, "NS227", name=frame.last, other=others[-1], text=frame.span(item.at).text)
        if bound.role == "input" and len(frame.inputs) > 1:
            raise fault(
                frame,
                item.at,
                "NS228",
                names=Quoted(tuple(frame.inputs)),
                first=frame.inputs[0],
                text=frame.span(item.at).text,
            )
        if len(bound.values) > 1:
            count, first = str(len(bound.values)), f"{frame.last}.1"
            raise fault(frame, item.at, "NS215", name=frame.last, count=count, first=first)
        return bound.values

    def step(self, frame: Frame, item: tree.Value, flow: Flow, names: Names) -> Flow:
        match item:
            case tree.Ref() | tree.Call():
                return self.named(frame, item, flow, names)
            case tree.Perceptrons():
                return self.perceptrons(frame, item, flow, names)
            case tree.Filters():
                return self.filters(frame, item, flow, names)
            case tree.Repeat():
                return self.repeat(frame, item, flow, names)
        if isinstance(item, tree.Several):
            raise fault(frame, item.at, "NS229", text=frame.span(item.at).text)
        raise fault(frame, item.at, "NS213", text=frame.span(item.at).text)

    # ---- nouns

    def perceptrons(self, frame: Frame, item: tree.Perceptrons, flow: Flow, names: Names) -> Flow:
        self.apart(frame, item.units.at, item)
        cls = operation("perceptrons")
        given = Given({"units": tuple(size(unit, frame, 1, "perceptrons") for unit in item.units.sizes)})
        given.places["units"] = (frame, item.units.at)
        read_options(cls, sources("perceptrons", item.args, frame, item.at[0]), given, item.at)
        return self.apply(cls, given, flow, frame, item.at, item.word, names, path=names.module("perceptrons"))

    def filters(self, frame: Frame, item: tree.Filters, flow: Flow, names: Names) -> Flow:
        self.apart(frame, item.count.at, item)
        cls = operation("filters")
        given = Given(
            {
                "count": size(item.count, frame, 1, "filters"),
                "kernel": tuple(size(side, frame, 1, "kernel") for side in item.kernel.sizes),
            }
        )
        given.places["count"] = (frame, item.count.at)
        given.places["kernel"] = (frame, item.kernel.at)
        read_options(cls, sources("filters", item.args, frame, item.at[0]), given, item.at)
        return self.apply(cls, given, flow, frame, item.at, item.word, names, path=names.module("filters"))

    def apart(self, frame: Frame, number: Place, item: tree.Perceptrons | tree.Filters) -> None:
        """`3perceptrons`: the scanner reads two words, a person one."""
        text = frame.unit.source.text
        if text[number[1]].isalpha():
            span = (number[0], number[1] + len(item.word))
            words = {"number": text[number[0] : number[1]], "noun": item.word}
            fix = Fix(frame.span((number[1], number[1])), " ")
            raise fault(frame, span, "NS147", fix=fix, **words)

    # ---- steps by name

    def named(self, frame: Frame, item: tree.Ref | tree.Call, flow: Flow, names: Names) -> Flow:
        """A step parameter, a block or net, or an operation: looked up in this order."""
        name = item.name
        at = item.path_at if isinstance(item, tree.Call) else item.at
        bound = frame.env.get(name)
        if isinstance(bound, Closure):
            return self.closure(frame, item, bound, flow, names)
        definition = frame.unit.find(name)
        if definition is not None:
            return self.block(frame, definition, item, flow, names)
        if name in RESERVED:
            raise fault(frame, at, "NS690", what=name)
        if name in frame.poisoned.heads:
            raise Broken
        built_in = prelude.block(name)
        if built_in is not None:
            return self.block(frame, built_in, item, flow, names)
        if name not in step_names():
            if is_layer(item.path[0], frame):
                code = "NS249" if isinstance(item, tree.Call) else "NS230"
                raise fault(frame, item.at, code, *method(item.path), name=item.path[0])
            if isinstance(bound, Word) and bound.text in frame.poisoned:
                raise Broken
            if isinstance(bound, Word) and bound.at is not None and bound.at.source is frame.unit.source:
                # it was meant to hold a step, and is none: said where it is written
                raise unknown_step(bound.text, (bound.at.start, bound.at.end), frame, step_names())
            if bound is not None:
                raise fault(frame, item.at, "NS231", name=name)
            if name in frame.poisoned or name in frame.broken:
                raise Broken
            raise unknown_step(name, at, frame, step_names())
        if name == "same":
            return self.same(frame, item, flow, names)
        if name == "reversed":
            return self.reverse(frame, item, flow, names)
        return self.operation(frame, item, name, flow, names)

    start_type: Type | None = None  # inside `start z: …` one time step of z: what `zeros` alone stands for

    def operation(self, frame: Frame, item: tree.Ref | tree.Call, name: str, flow: Flow, names: Names) -> Flow:
        cls = operation(name)
        args = item.args if isinstance(item, tree.Call) else ()
        given = Given()
        if args or cls.required or frame.defaults or frame.unit.defaults or frame.poisoned.defaults:
            lists = sources(name, args, frame, item.at[0])
            for noun, taken in cls.inherits.items():  # `default perceptrons` reaches those inside attention
                lists += [source.only(taken) for source in sources(noun, (), frame, item.at[0])]
            read_options(cls, lists, given, item.at)
        if cls.begins and given.values.get("value") is None:
            if self.start_type is None:
                raise fault(frame, item.at, "NS209", Hint("usage", {"usage": f"{name}(64)"}), step=name, option="value")
            given.values["value"] = self.start_type
        return self.apply(cls, given, flow, frame, item.at, name, names)

    def closure(self, frame: Frame, item: tree.Ref | tree.Call, bound: Closure, flow: Flow, names: Names) -> Flow:
        """A step given as an argument: written where it is called, applied (and keyed) here."""
        if isinstance(item, tree.Call):
            raise fault(frame, item.at, "NS232", name=item.name)
        caller = bound.frame
        scope, caller.scope = caller.scope, frame.scope
        outer = self.origins
        self.origins = (*outer, Origin(frame.home, item.name, len(self.nodes)))
        try:
            return self.chain(caller, bound.chain, names, flow)
        finally:
            caller.scope, self.origins = scope, outer

    # ---- application

    def apply(
        self,
        cls: type[Op],
        given: Given,
        flow: Flow,
        frame: Frame,
        at: Place,
        word: str,
        names: Names,
        path: str | None = None,
    ) -> Flow:
        """Makes the operation of its options and applies it to what flows in."""
        values = self.all_known(flow)
        tied = ""
        for name, reference in given.values.items():
            if not isinstance(reference, LayerRef):
                continue
            owner, place = given.places[name]
            if cls.options[name].kind == "tie":
                tied, given.values[name] = borrowed(self, values, given, reference, owner, place)
            else:  # `scores = b`: one more input
                values.append(self.single(reference.bound.values, owner, place))
                given.values[name] = True
        if len(flow) != cls.inputs:
            self.arity(cls, flow, frame, at)
        op = cls(**given.values) if given.values else plain(cls.name)
        result = self.node(op, values, frame, at, word, names, given, path)
        node = self.nodes[-1]
        node.frozen = bool(given.values.get("frozen", False))
        node.tied = tied
        return result

    def arity(self, cls: type[Op], flow: Flow, frame: Frame, at: Place) -> None:
        wanted = cls.inputs
        if wanted is not None and len(flow) != wanted:
            raise self.miscounted(cls, flow, frame, at, wanted)

    def miscounted(self, cls: type[Op], flow: Flow, frame: Frame, at: Place, wanted: int) -> Fault:
        """NS233, with the names by which the values can be read one by one."""
        hints: tuple[Hint, ...] = ()
        names = [frame.name_of(value) for value in flow]
        if cls.begins:
            hints = (Hint("begins"),)
        elif len(flow) < wanted:
            hints = (Hint("fewer", {"text": ", ".join(f"{letter}" for letter in "abcdefgh"[:wanted])}),)
        elif wanted == 1 and all(names):
            hints = (Hint("these", {"joined": " & ".join(names), "first": names[0]}),)
        return fault(frame, at, "NS233", *hints, step=cls.name, wanted=str(wanted), given=str(len(flow)))
