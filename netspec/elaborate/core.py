"""What an expansion builds up: nodes, layers and scopes, and the one place where a step becomes a node."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

from netspec.diagnostics.model import Diagnostic, Fault, Hint, Label, Phrase, Quoted, Report
from netspec.elaborate.budget import Counter
from netspec.elaborate.evaluate import Broken, fault
from netspec.elaborate.frame import Flow, Frame, Value
from netspec.elaborate.initial import check_init
from netspec.elaborate.keys import Names
from netspec.elaborate.options import Given
from netspec.elaborate.witness import shown
from netspec.ir.graph import Edge, Layer, Node, Origins, Scope
from netspec.ir.operation import Op, Weight
from netspec.ir.sizes import Formula
from netspec.ir.types import ShapeFault, Time, Type
from netspec.limits import Limits
from netspec.syntax import tree
from netspec.syntax.tree import Place

# words of a refusal that read differently in each language, as the phrases of which they are shown
PHRASED = {"sign": ("verb", "verb"), "axis": ("axis", "axis"), "what": ("what", "axis"), "reason": ("reason", "reason")}
# mistakes about a name: the same words again in one body are the same mistake at another place
ONE_CAUSE = frozenset("NS201 NS202 NS203 NS205 NS206 NS231 NS405 NS617 NS618 NS619 NS620".split())
# a step longer than this is called by its name alone in messages
MAX_SHOWN = 40
# of a net that is wrong throughout nobody reads more
MAX_MISTAKES = 500

# an operation, the types it makes and the arrays it stores
Worked = tuple[Op, tuple[Type, ...], tuple[Weight, ...]]

# makes a named tuple without the detour through its own constructor, where thousands are made
_new = tuple.__new__


class TooMany(Exception):
    """So many mistakes were found that the rest of the net is left unread."""


class Core:
    """The state of one pass over a net; the subclasses add chains, calls and bodies."""

    def __init__(self, report: Report, limits: Limits, assumed: dict[str, Type]) -> None:
        self.report = report
        self.limits = limits
        self.assumed = assumed  # types of delayed layers, from the pass before
        self.nodes: list[Node] = []
        self.layers: list[Layer] = []
        self.scopes: list[Scope] = []
        self.weights: dict[int, tuple[Weight, ...]] = {}
        self.worked: dict[Hashable, Worked] = {}  # what was worked out, by operation and types
        self.symbols: dict[str, Formula] = {}  # the open sizes
        self.delays: list[tuple[Node, Frame, str]] = []  # delayed reads, to be tied to their layers
        self.unresolved: dict[str, tuple[Frame, Place]] = {}  # layers whose type a delayed read wants
        self.again = 0  # > 0 while weights that exist are used once more
        self.repeated: list[Label] = []  # the `same(a)` whose steps are gone through
        self.backward = False  # inside `reversed`
        self.layer_index = -1
        self.origins: Origins = ()  # the step parameters whose steps are being written
        self.instances = False  # open sizes have the values of a block's instances: the first says how often to repeat
        self.counter = Counter(limits.nodes)
        self.late: list[tuple[Frame, tree.Require]] = []  # requirements about weights and depth
        self.partial = False  # an unknown type came up: the pass will be repeated

    # ---- hooks that close the circle of chains, steps and bodies

    def chain(self, frame: Frame, chain: tree.Chain, names: Names, flow: Flow | None = None) -> Flow:
        raise NotImplementedError

    # ---- reporting

    def add(self, diagnostic: Diagnostic, frame: Frame | None = None) -> None:
        """Keeps a diagnostic, with the place where the block it happened in is called."""
        cause: object = None
        if frame is not None and diagnostic.code in ONE_CAUSE:
            words = tuple(sorted((name, str(word)) for name, word in diagnostic.words.items()))
            code = "NS202" if diagnostic.code == "NS205" else diagnostic.code  # at the head of a chain, and behind it
            cause = (code, words, id(frame.definition.body))
        labels = [label for label in self.repeated[-1:] if label.span != diagnostic.span]
        if frame is not None and frame.call is not None:
            labels.append(Label(frame.call, "called", {"block": frame.definition.body.name.text}))
        if labels:
            diagnostic = diagnostic._replace(labels=(*diagnostic.labels, *labels))
        self.report.add(diagnostic, cause)
        if len(self.report) >= MAX_MISTAKES:
            raise TooMany

    def warn(
        self, frame: Frame, at: Place, code: str, *hints: Hint, labels: tuple[Label, ...] = (), **words: Any
    ) -> None:
        if not self.again:
            self.add(Diagnostic(code, frame.span(at), words, labels=labels, hints=hints, severity="warning"), frame)

    def describe(self, edge: Edge) -> tuple[str, str]:
        """How messages call a value: its layer, or the step as it is written, and its line."""
        node = self.nodes[edge.node]
        layer = self.layers[node.layer]
        line = str(layer.span.line) if layer.span is not None else "?"
        if node.kind in ("port", "input") or (layer.values and layer.values[-1] == edge):
            return layer.label or node.word, line
        if node.span is None or len(node.span.text) > MAX_SHOWN or "\n" in node.span.text:
            return node.word, line
        return node.span.text, str(node.span.line)

    # ---- nodes

    def node(
        self,
        op: Op,
        inputs: list[Value],
        frame: Frame,
        at: Place,
        word: str,
        names: Names | None = None,
        given: Given | None = None,
        path: str | None = None,
    ) -> Flow:
        """Applies an operation: checks types, appends the node, hands out its keys."""
        if len(self.nodes) + op.parts > self.limits.nodes:
            raise fault(frame, at, "NS612", limit=self.limits.nodes)
        try:
            known, (op, types, weights) = self._made(op, inputs)
        except ShapeFault as error:
            raise Fault(self.explain(error, op, inputs, frame, at, given)) from None
        edges = (inputs[0].edge,) if len(inputs) == 1 else tuple([value.edge for value in inputs])
        node = Node(
            len(self.nodes), op, edges, types, word, self.layer_index, frame.scope, "", "", False, self.again > 0,
            self.backward, frame.span(at), origins=self.origins,
        )  # fmt: skip
        self.nodes.append(node)
        if known and given is not None and "init" in given.values:
            check_init(op, weights, given, frame, at)
        if weights:
            self.weights[node.index] = weights
            if path is not None:
                node.path = path
            else:
                assert names is not None  # what is made without a line's names stores nothing
                names.weighted(node, word, op.norm)
        if len(types) == 1:
            return [_new(Value, (_new(Edge, (node.index, 0)), types[0]))]
        return [Value(Edge(node.index, position), made) for position, made in enumerate(types)]

    def _made(self, op: Op, inputs: list[Value]) -> tuple[bool, Worked]:
        """Whether all inputs are known, and what an operation makes of them: asked about one time step of each,
        unless it looks over time."""
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
            self.partial = True
            return False, (op, (op.partial(*(value.type for value in inputs)),) * op.parts, ())
        time = self._common_time(op, [value.type for value in inputs]) if timed else None
        op, types, weights = self._worked_out(op, asked)
        if time is not None:
            types = tuple(value.over(time) for value in types)
        return True, (op, types, weights)

    def _worked_out(self, op: Op, asked: list[Type]) -> Worked:
        """What an operation makes of types, and stores for it. Equal steps share one answer: a net has many."""
        step = None if self.symbols else (op, *asked)  # open sizes that are equal may be written differently
        try:
            found = self.worked.get(step)
        except TypeError:  # an option that has no hash, such as initial values by name
            step = found = None
        if found is None:
            result = op.shape(*asked)
            types = (result,) if isinstance(result, Type) else result
            found = (op, types, op.weights(*asked) if types[0].known else ())
            if step is not None:
                self.worked[step] = found
        return found

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

    def explain(
        self, error: ShapeFault, op: Op, inputs: list[Value], frame: Frame, at: Place, given: Given | None
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
        span = frame.span(at)
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
            outside = layer.index != self.layer_index and layer.span != span
            if layer.span is not None and outside and all(label.span != layer.span for label in labels):
                labels.append(Label(layer.span, "value", {"type": str(value.type), "layer": layer.label}))
        if error.option and given is not None and error.option in given.places:
            owner, place = given.places[error.option]
            span = owner.span(place)
            if error.option in given.from_default:
                labels.insert(0, Label(frame.span(at), "used"))
        example = shown(self.symbols, *sizes)
        lost = self._lost(error, inputs, words)
        hints = tuple(hint for hint in (Hint(error.hint) if error.hint else None, lost, example) if hint is not None)
        return Diagnostic(error.code, span, words, labels=tuple(labels[:3]), hints=hints)

    def _lost(self, error: ShapeFault, inputs: list[Value], words: dict[str, Any]) -> Hint | None:
        """Which step took away the space or time that this one needs: it may stand before that one."""
        if error.code not in ("NS309", "NS325", "NS311") or not 0 <= error.input < len(inputs):
            return None
        node = self.nodes[inputs[error.input].edge.node]
        given = [self.nodes[edge.node].types[edge.output] for edge in node.inputs if edge.node >= 0]
        had = any(value.space for value in given) if error.code == "NS309" else any(value.time for value in given)
        if not had or node.kind in ("port", "input"):
            return None
        other = words.get("input_name", node.word)
        return None if other == words["step"] else Hint("lost", {"other": other, "step": words["step"]})

    # ---- values

    def single(self, flow: Flow, frame: Frame, at: Place) -> Value:
        """The one value of a flow; raises Broken where it is broken, Fault where there are several."""
        if len(flow) != 1:
            text = frame.span(at).text
            raise fault(frame, at, "NS215", name=text, count=str(len(flow)), first=_part(text))
        if flow[0] is None:
            raise Broken
        return flow[0]

    def all_known(self, flow: Flow) -> list[Value]:
        """A flow none of whose values is broken; raises Broken otherwise."""
        if len(flow) == 1 and flow[0] is not None:
            return [flow[0]]
        values = [value for value in flow if value is not None]
        if len(values) != len(flow):
            raise Broken
        return values


def _part(name: str) -> str:
    """How the first of several values is read, where they have a name."""
    return f"{name}.1" if name.isidentifier() else "a.1"
