"""One pass over a net: the nodes, layers and scopes that its expansion appends, and the mistakes that it finds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from netspec.diagnostics.model import Diagnostic, Fault, Hint, Label, Phrase, Quoted, Report
from netspec.elaborate.budget import NodeBudget
from netspec.elaborate.environment import Environment, Flow, Result, Value
from netspec.elaborate.evaluate import Undefined, fault
from netspec.elaborate.keys import Names
from netspec.elaborate.options import Given, check_init
from netspec.elaborate.witnesses import shown
from netspec.ir.graph import Edge, Layer, Node, Origins, Scope
from netspec.ir.operation import Op, Weight
from netspec.ir.sizes import Formula
from netspec.ir.types import ShapeFault, Time, Type
from netspec.limits import Limits
from netspec.syntax import tree
from netspec.syntax.tree import Place

# words of a message that read differently in each language, as the phrases of which they are shown
PHRASED = {"sign": ("verb", "verb"), "axis": ("axis", "axis"), "what": ("what", "axis"), "reason": ("reason", "reason")}
# mistakes about a name: the same words again in one body are one mistake at several places
ONE_CAUSE = frozenset("NS201 NS202 NS203 NS205 NS206 NS231 NS405 NS617 NS618 NS619 NS620".split())
# messages quote a step that is longer than this by its name alone
MAX_SHOWN = 40
# a net with more mistakes is wrong throughout: the pass ends
MAX_MISTAKES = 500


class TooMany(Exception):
    """So many mistakes were found that the rest of the net is left unread."""


class Context(NamedTuple):
    """What a step inherits from where it stands. It is handed down and never changed.

    Attributes:
        scope: the index of the scope around the step.
        layer: the index of the line that the step belongs to; -1 before the first line.
        again: existing weights are used once more, in `same` and in the later rounds of `repeat shared`.
        same: the innermost `same(a)` around the step, as a label for messages.
        backward: the step stands inside `reversed`.
        start: inside `start z: …`, in the blocks that it calls as well: the type of one time step of z.
        origins: the step parameters for which the step is written, those of the innermost block first.
    """

    scope: int = 0
    layer: int = -1
    again: bool = False
    same: Label | None = None
    backward: bool = False
    start: Type | None = None
    origins: Origins = ()


class Builder:
    """Collects the graph of one pass over a net. Everything in it only grows.

    Args:
        limits: how large the net may become.
        assumed: the types of delayed layers by path, as the pass before found them.
        symbols: the open sizes.
        source: reads the values that a chain begins with.
        steps: for each class of syntax that follows an arrow, the function that applies it.
        instances: the open sizes have the values of a block's instances: the first says how often to repeat.
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
        self.weights: dict[int, tuple[Weight, ...]] = {}  # by the index of the node that stores them
        self.delays: list[tuple[Node, Environment, str]] = []  # delayed reads, which get their edges at the end
        self.unresolved: dict[str, tuple[Environment, Place]] = {}  # delayed layers of unknown type, by path
        self.late: list[tuple[Environment, tree.Require]] = []  # `require` lines about weights and depth
        self._counter = NodeBudget(limits.nodes)

    # ---- reports

    def add(self, diagnostic: Diagnostic, env: Environment, ctx: Context) -> None:
        """Reports a mistake, with the place where the block around it is called.

        Raises:
            TooMany: the report has MAX_MISTAKES entries.
        """
        cause: object = None
        if diagnostic.code in ONE_CAUSE:
            words = tuple(sorted((name, str(word)) for name, word in diagnostic.words.items()))
            code = "NS202" if diagnostic.code == "NS205" else diagnostic.code  # at the head of a chain, and behind it
            cause = (code, words, id(env.definition.body))
        labels = [ctx.same] if ctx.same is not None and ctx.same.span != diagnostic.span else []
        if env.call is not None:
            labels.append(Label(env.call, "called", {"block": env.definition.body.name.text}))
        if labels:
            diagnostic = diagnostic._replace(labels=(*diagnostic.labels, *labels))
        self.report.add(diagnostic, cause)
        if len(self.report) >= MAX_MISTAKES:
            raise TooMany

    def warn(self, env: Environment, ctx: Context, at: Place, code: str, **words: Any) -> None:
        """Reports a warning, unless the steps were read before with the same weights."""
        if not ctx.again:
            self.add(Diagnostic(code, env.span(at), words, severity="warning"), env, ctx)

    def describe(self, edge: Edge) -> tuple[str, str]:
        """How messages call a value (its layer, or its step as written), and the number of its line."""
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
        """Appends the layer of a line; its values follow when its chain is read."""
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
        """Appends a scope inside the one of the context; whoever opens it sets `last` at its end."""
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
        """Raises Fault (NS612) where an item would expand past the limit of nodes, before it is expanded."""
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
        """Applies an operation and appends its node: the only writer of nodes.

        Args:
            env: the body in which the step is written.
            ctx: where the step stands.
            op: the operation.
            inputs: its input values.
            at: where the step is written.
            word: what the step is called in the spec.
            keys: hands out the path of what the step stores, unless `path` is given.
            given: the options as they are written, for messages.
            path: the path of a noun's weights.
            tied: the path of the step whose main weight is used.

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
            span=env.span(at),
            origins=ctx.origins,
        )
        self.nodes.append(node)
        if known and given is not None and "init" in given.values:
            check_init(op, weights, given, env, at)
        if weights:
            self.weights[node.index] = weights
            if path is None:
                assert keys is not None  # what is made without a line's names stores nothing
                keys.weighted(node, word, op.norm)
        return [Value(Edge(node.index, position), made) for position, made in enumerate(types)]

    def _apply(self, op: Op, inputs: list[Value]) -> tuple[bool, tuple[Type, ...], tuple[Weight, ...]]:
        """Whether all inputs are known; the types that an operation makes of them, and the arrays that it stores.

        An operation that acts on each time step alone is asked about one time step.
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
        """The time of a step that acts on each time step alone: all its inputs share it."""
        times = [value.time for value in types]
        for position, time in enumerate(times):
            if time != times[0]:
                same = time is not None and times[0] is not None and time.length == times[0].length
                code = "NS304" if same else "NS328"
                raise ShapeFault(code, input=position, left=str(types[0]), right=str(types[position]))
        first = times[0] if times else None
        if first is not None and first.varying and not op.varying:
            raise ShapeFault("NS308", input=0, step=op.name, type=str(types[0]))
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
        """A ShapeFault with its places: the step, the option or the layer it is about."""
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
        if "type" in words and 0 <= error.input < len(inputs):  # the step may have been asked about one time step
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
        """Which step took away the space or time that this one needs: the two may be in the wrong order."""
        if error.code not in ("NS309", "NS325", "NS311") or not 0 <= error.input < len(inputs):
            return None
        node = self.nodes[inputs[error.input].edge.node]
        given = [self.nodes[edge.node].types[edge.output] for edge in node.inputs if edge.node >= 0]
        had = any(value.space for value in given) if error.code == "NS309" else any(value.time for value in given)
        if not had or node.kind in ("port", "input"):
            return None
        other = words.get("input_name", node.word)
        return None if other == words["step"] else Hint("lost", {"other": other, "step": words["step"]})


# reads the values that a chain begins with
Source = Callable[[Builder, Environment, Context, Any, Names], Flow]
# applies a step to what flows in
Step = Callable[[Builder, Environment, Context, Any, Flow, Names], Result]


def single(flow: Flow, env: Environment, at: Place) -> Value:
    """The one value of a flow.

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
    """The values of a flow; raises Undefined where one is undefined because of an earlier error."""
    values = [value for value in flow if value is not None]
    if len(values) != len(flow):
        raise Undefined
    return values
