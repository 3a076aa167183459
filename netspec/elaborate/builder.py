"""Holds the state of one pass over a net: its nodes, layers and scopes so far, and the mistakes found."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from netspec.diagnostics.model import Diagnostic, Fault, Hint, Label, Phrase, Quoted, Report
from netspec.elaborate.budget import NodeBudget
from netspec.elaborate.environment import Environment, Flow, Result, Value
from netspec.elaborate.evaluate import Undefined, fault
from netspec.elaborate.keys import Names
from netspec.elaborate.options import Given, check_init
from netspec.elaborate.program import is_built_in
from netspec.elaborate.witnesses import shown
from netspec.ir.graph import Edge, Layer, Node, Origins, Scope
from netspec.ir.operation import Op, Weight
from netspec.ir.sizes import Formula
from netspec.ir.types import ShapeFault, Time, Type
from netspec.limits import Limits
from netspec.syntax import tree
from netspec.syntax.tree import Place

# Some words of a message are translated. For each such word of a ShapeFault: the word that the message uses, and the
# kind of phrase of the catalogue that translates it.
PHRASED = {"sign": ("verb", "verb"), "axis": ("axis", "axis"), "what": ("what", "axis"), "reason": ("reason", "reason")}
# Codes of mistakes about a name. If one of them occurs several times in one body with the same words, it is reported
# once, with several places.
ONE_CAUSE = frozenset("NS201 NS202 NS203 NS205 NS206 NS231 NS405 NS617 NS618 NS619 NS620".split())
# if the text of a step is longer than this many characters, messages quote only the name of the step
MAX_SHOWN = 40
# after this many mistakes the pass ends, since more would not help anybody
MAX_MISTAKES = 500


class TooMany(Exception):
    """Raised when the report has MAX_MISTAKES entries, so that the rest of the net is not read."""


class Context(NamedTuple):
    """The surroundings of a step. A context is handed down to inner steps and never changed.

    Attributes:
        scope: the index of the scope around the step.
        layer: the index of the line that the step belongs to; -1 before the first line.
        again: whether the step uses existing weights again, as in `same` and in the later rounds of `repeat shared`.
        same: the innermost `same(a)` around the step, as a label for messages.
        backward: whether the step stands inside `reversed`.
        carried: what states without a `start` line start from, if the line around them says `start z: carried`.
        start: the type of one time step of z, if the step stands inside `start z: …` or in a block called from there.
        declared: the line that the step ends, if it declares its type with `is`, and the names that the line sees.
        origins: the step parameters for which the step was given as an argument, that of the innermost block first.
    """

    scope: int = 0
    layer: int = -1
    again: bool = False
    same: Label | None = None
    backward: bool = False
    carried: type[Op] | None = None
    start: Type | None = None
    declared: tuple[Environment, tree.Layer] | None = None
    origins: Origins = ()


class Builder:
    """Collects the graph of one pass over a net. Entries are only appended, never removed.

    Args:
        limits: how large the net may become.
        assumed: the types of the layers that are read delayed, by path, as the previous pass found them.
        symbols: the open sizes by name.
        source: reads the values that a chain begins with.
        steps: for each class of syntax that follows an arrow, the function that applies it.
        instances: whether each open size has one value for each instance of a block; then the first value is the
            count of a `repeat`.
    """

    def __init__(
        self,
        limits: Limits,
        assumed: dict[str, Type],
        symbols: dict[str, Formula],
        source: Source,
        steps: Mapping[type[tree.Syntax], Step],
        instances: bool = False,
    ) -> None:
        self.report = Report()
        self.limits = limits
        self.assumed = assumed
        self.symbols = symbols
        self.source = source
        self.steps = steps
        self.instances = instances
        self.nodes: list[Node] = []
        self.layers: list[Layer] = []
        self.scopes: list[Scope] = []
        self.weights: dict[int, tuple[Weight, ...]] = {}  # what each node stores, by the index of the node
        # delayed reads; their edges are set at the end of the pass
        self.delays: list[tuple[Node, Environment, str]] = []
        # layers that are read delayed and whose type is not known, by path
        self.unresolved: dict[str, tuple[Environment, Place]] = {}
        # `require` lines about weights and depth, which are checked when the graph is complete
        self.late: list[tuple[Environment, tree.Require]] = []
        self._counter = NodeBudget(limits.nodes)

    # ---- reports

    def add(self, diagnostic: Diagnostic, env: Environment, ctx: Context) -> None:
        """Report a mistake, and add the place where the block around it is called.

        Raises:
            TooMany: the report has MAX_MISTAKES entries.
        """
        cause: object = None
        if diagnostic.code in ONE_CAUSE:
            words = tuple(sorted((name, str(word)) for name, word in diagnostic.words.items()))
            # the same unknown name: NS205 at the head of a chain, NS202 after an arrow
            code = "NS202" if diagnostic.code == "NS205" else diagnostic.code
            cause = (code, words, id(env.definition.body))
        labels = [ctx.same] if ctx.same is not None and ctx.same.span != diagnostic.span else []
        block = env.definition.body.name.text
        caller = env
        while caller.parent is not None and caller.call is not None and is_built_in(caller.definition):
            block, caller = caller.definition.body.name.text, caller.parent
        if caller is not env and diagnostic.span is not None and is_built_in(env.definition):
            outer = env
            while outer.parent is not caller and outer.parent is not None:
                outer = outer.parent
            assert outer.call is not None
            labels.append(Label(diagnostic.span, "inside", {"block": block}))
            diagnostic = diagnostic._replace(span=outer.call, label=None)
        elif env.call is not None:
            labels.append(Label(env.call, "called", {"block": block}))
        if labels:
            diagnostic = diagnostic._replace(labels=(*diagnostic.labels, *labels))
        self.report.add(diagnostic, cause)
        if len(self.report) >= MAX_MISTAKES:
            self.report.add(Diagnostic("NS011", diagnostic.span, {"limit": MAX_MISTAKES}, severity="note"), TooMany)
            raise TooMany

    def warn(self, env: Environment, ctx: Context, at: Place, code: str, **words: Any) -> None:
        """Report a warning, unless the step is expanded again with the same weights: then it was reported before."""
        if not ctx.again:
            self.add(Diagnostic(code, env.span(at), words, severity="warning"), env, ctx)

    def describe(self, edge: Edge) -> tuple[str, str]:
        """Return the words by which messages name a value (its layer, or its step as written), and its line number."""
        node = self.nodes[edge.node]
        layer = self.layers[node.layer]
        line = str(layer.span.line) if layer.span is not None else "?"
        if node.kind in ("port", "input") or (layer.values and layer.values[-1] == edge):
            return layer.label or node.word, line
        if node.span is None or len(node.span.text) > MAX_SHOWN or "\n" in node.span.text:
            return node.word, line
        return node.span.text, str(node.span.line)

    # ---- layers and scopes

    def layer(
        self, env: Environment, ctx: Context, label: str, role: str, at: Place, caption: tree.Text | None = None
    ) -> Layer:
        """Append the layer of a line; its values are set later, when its chain is expanded."""
        layer = Layer(
            index=len(self.layers),
            label=label,
            path=env.path + label,
            role=role,
            scope=ctx.scope,
            caption=caption.value if caption else "",
            text=env.unit.source.text[at[0] : caption.at[0] if caption else at[1]].rstrip(),
            span=env.span(at),
        )
        self.layers.append(layer)
        return layer

    def scope(self, ctx: Context, kind: str, name: str, path: str, **extra: Any) -> Scope:
        """Append a scope inside the scope of the context; the caller sets `last` when the scope ends."""
        scope = Scope(
            index=len(self.scopes),
            parent=ctx.scope,
            kind=kind,
            name=name,
            path=path,
            layer=ctx.layer,
            first=len(self.nodes),
            again=ctx.again,
            backward=ctx.backward,
            origins=ctx.origins,
            **extra,
        )
        self.scopes.append(scope)
        if ctx.scope >= 0:
            self.scopes[ctx.scope].children.append(scope.index)
        return scope

    # ---- nodes

    def reserve(self, env: Environment, item: tree.Value) -> None:
        """Raise Fault (NS612), before an item is expanded, if the net would then have too many nodes."""
        if len(self.nodes) + self._counter.item(item, env) > self.limits.nodes:
            raise fault(env, item.at, "NS612", limit=self.limits.nodes)

    def node(
        self,
        env: Environment,
        ctx: Context,
        op: Op,
        inputs: list[Value],
        at: Place,
        word: str,
        keys: Names | None = None,
        given: Given | None = None,
        path: str | None = None,
        tied: str = "",
    ) -> Flow:
        """Apply an operation and append its node. No other function appends nodes.

        Args:
            env: the body in which the step is written.
            ctx: where the step stands.
            op: the operation.
            inputs: its input values.
            at: where the step is written.
            word: what the step is called in the spec.
            keys: chooses the path of what the step stores, if `path` is not given.
            given: the options as they are written, for messages.
            path: the path of what a noun (perceptrons or filters) stores.
            tied: the path of the step whose main weight is used, if `tie` is given.

        Returns:
            The output values.

        Raises:
            Fault: the operation does not take these types, or the net has too many nodes.
        """
        if len(self.nodes) + op.parts > self.limits.nodes:
            raise fault(env, at, "NS612", limit=self.limits.nodes)
        try:
            known, types, weights = self._apply(op, inputs)
        except ShapeFault as error:
            raise Fault(self._explain(error, op, inputs, env, ctx, at, given)) from None
        node = Node(
            index=len(self.nodes),
            op=op,
            inputs=tuple([value.edge for value in inputs]),
            types=types,
            word=word,
            layer=ctx.layer,
            scope=ctx.scope,
            path="" if path is None or not weights else path,
            tied=tied,
            frozen=given is not None and bool(given.values.get("frozen", False)),
            again=ctx.again,
            backward=ctx.backward,
            carried=ctx.carried is not None and op.keeps_state and op.directions() == 1 and not ctx.backward,
            span=env.span(at),
            origins=ctx.origins,
        )
        self.nodes.append(node)
        if known and given is not None and "init" in given.values:
            check_init(op, weights, given, env, at)
        if weights:
            self.weights[node.index] = weights
            if path is None:
                assert keys is not None  # callers that pass no keys apply only operations without weights
                keys.weighted(node, word, op.norm)
        return [Value(Edge(node.index, position), made) for position, made in enumerate(types)]

    def types_of(self, op: Op, inputs: list[Value]) -> tuple[Type, ...]:
        """Return the types of what an operation makes of these inputs."""
        return self._apply(op, inputs)[1]

    def _apply(self, op: Op, inputs: list[Value]) -> tuple[bool, tuple[Type, ...], tuple[Weight, ...]]:
        """Return whether all input types are known, the types of the outputs, and the arrays that are stored.

        An operation that acts on each time step alone is only asked about the types of one time step.
        """
        asked: list[Type] = []
        over_time, timed, known = op.over_time, False, True
        for value in inputs:
            own = value.type
            known = known and own.known
            if own.time is not None and not over_time:
                timed = True
                own = own.step
            asked.append(own)
        if not known:
            return False, (op.partial(*(value.type for value in inputs)),) * op.parts, ()
        time = self._common_time(op, [value.type for value in inputs]) if timed else None
        result = op.shape(*asked)
        types = (result,) if isinstance(result, Type) else result
        weights = op.weights(*asked) if types[0].known else ()
        return True, tuple(value.over(time) for value in types) if time is not None else types, weights

    def _common_time(self, op: Op, types: list[Type]) -> Time | None:
        """Return the time that all inputs share, for a step that acts on each time step alone.

        Raise ShapeFault if the inputs differ in time.
        """
        times = [value.time for value in types]
        for position, time in enumerate(times):
            if time != times[0]:
                same = time is not None and times[0] is not None and time.length == times[0].length
                code = "NS304" if same else "NS328"
                raise ShapeFault(code, input=position, left=str(types[0]), right=str(types[position]))
        first = times[0] if times else None
        if first is not None and first.varying and not op.varying:
            raise ShapeFault(
                "NS308", input=0, hint="norm" if op.family == "norm" else "", step=op.name, type=str(types[0])
            )
        return first

    def _explain(
        self,
        error: ShapeFault,
        op: Op,
        inputs: list[Value],
        env: Environment,
        ctx: Context,
        at: Place,
        given: Given | None,
    ) -> Diagnostic:
        """Return the diagnostic of a ShapeFault, with the places of the step, the option or the layers in question."""
        words: dict[str, Any] = {"step": op.name, **error.words}
        sizes = words.pop("sizes", (0, 0))
        for word, (name, kind) in PHRASED.items():
            if word in words:
                words[name] = Phrase(f"{kind} {words[word]}")
        if "roles" in words:
            words["roles"] = Quoted(tuple(str(words["roles"]).split(", ")))
        labels: list[Label] = []
        span = env.span(at)
        if error.input > 1 and "left" in words:
            words["left"] = str(inputs[0].type)
        # the step may have seen the type of one time step: show the whole type
        if "type" in words and 0 <= error.input < len(inputs):
            words["type"] = str(inputs[error.input].type)
        for side, position in (("left", 0), ("right", max(1, error.input)), ("input", error.input)):
            if not 0 <= position < len(inputs):
                continue
            value = inputs[position]
            words[f"{side}_name"], words[f"{side}_line"] = self.describe(value.edge)
            layer = self.layers[self.nodes[value.edge.node].layer]
            outside = layer.index != ctx.layer and layer.span != span
            if layer.span is not None and outside and all(label.span != layer.span for label in labels):
                labels.append(Label(layer.span, "value", {"type": str(value.type), "layer": layer.label}))
        if error.option and given is not None and error.option in given.places:
            owner, place = given.places[error.option]
            span = owner.span(place)
            if error.option in given.from_default:
                labels.insert(0, Label(env.span(at), "used"))
        example = shown(self.symbols, *sizes)
        lost = self._lost(error, inputs, words)
        hints = tuple(hint for hint in (Hint(error.hint) if error.hint else None, lost, example) if hint is not None)
        return Diagnostic(error.code, span, words, labels=tuple(labels[:3]), hints=hints)

    def _lost(self, error: ShapeFault, inputs: list[Value], words: dict[str, Any]) -> Hint | None:
        """Return a hint if the step before removed the space or time that this step needs.

        Then the two steps may stand in the wrong order.
        """
        if error.code not in ("NS309", "NS325", "NS311") or not 0 <= error.input < len(inputs):
            return None
        node = self.nodes[inputs[error.input].edge.node]
        given = [self.nodes[edge.node].types[edge.output] for edge in node.inputs if edge.node >= 0]
        had = any(value.space for value in given) if error.code == "NS309" else any(value.time for value in given)
        if not had or node.kind in ("port", "input"):
            return None
        other = words.get("input_name", node.word)
        return None if other == words["step"] else Hint("lost", {"other": other, "step": words["step"]})


# a function that returns the values with which a chain begins
Source = Callable[[Builder, Environment, Context, Any, Names], Flow]
# a function that applies a step to the values that flow in
Step = Callable[[Builder, Environment, Context, Any, Flow, Names], Result]


def single(flow: Flow, env: Environment, at: Place) -> Value:
    """Return the only value of a flow.

    Raises:
        Undefined: the value is undefined because of an earlier error.
        Fault: there are several values (NS215).
    """
    if len(flow) != 1:
        text = env.span(at).text
        first = f"{text}.1" if text.isidentifier() else "a.1"
        raise fault(env, at, "NS215", name=text, count=str(len(flow)), first=first)
    if flow[0] is None:
        raise Undefined
    return flow[0]


def all_defined(flow: Flow) -> list[Value]:
    """Return the values of a flow; raise Undefined if one of them is undefined because of an earlier error."""
    values = [value for value in flow if value is not None]
    if len(values) != len(flow):
        raise Undefined
    return values
