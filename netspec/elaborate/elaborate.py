"""Turns one net of a program into its checked Graph."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from typing import Any

from netspec.diagnostics.model import Diagnostic, Fault, Hint, Label, Phrase, Quoted, Report, Words, suggestion
from netspec.elaborate.body import body, require, uncounted
from netspec.elaborate.builder import Builder, Context, TooMany
from netspec.elaborate.call import argument, check_parameters, kind_of
from netspec.elaborate.checks import check_cells, check_graph, find_cells, stored_arrays
from netspec.elaborate.environment import Environment, Flow, Word
from netspec.elaborate.evaluate import Undefined, fault
from netspec.elaborate.keys import assign_keys
from netspec.elaborate.program import Definition, Program, collector_paused
from netspec.elaborate.source import operand
from netspec.elaborate.step import STEPS
from netspec.elaborate.witnesses import find
from netspec.ir.graph import Counts, Graph, longest_path
from netspec.ir.sizes import Formula, is_open
from netspec.ir.structure import Input
from netspec.ir.types import Type
from netspec.limits import DEFAULT, Limits
from netspec.names import nearest
from netspec.syntax import tree

# After the fifth pass, no further pass is made if all passes together have expanded more nodes than this.
MAX_WORK = 50_000
MOST_PROBED = 8  # if more recurrences than this have no type, none is examined for growth, which takes extra passes


@dataclass(slots=True, eq=False)
class Instance:
    """A net or block with its parameters set, ready to be expanded.

    Attributes:
        env: its parameters, and names that are undefined because of earlier errors.
        symbols: open sizes that are not parameters.
        inputs: for a block that is expanded on its own, types for its inputs, by label.
        instances: whether the open sizes hold the values that the instances of a block have, one for each.
        errors: the mistakes in its parameters.
    """

    env: Environment
    symbols: dict[str, Formula] = field(default_factory=dict)
    inputs: dict[str, Type] = field(default_factory=dict)
    instances: bool = False
    errors: list[Diagnostic] = field(default_factory=list)

    @property
    def definition(self) -> Definition:
        return self.env.definition


@collector_paused()
def elaborate(
    program: Program,
    definition: Definition,
    settings: dict[str, Any] | None = None,
    limits: Limits = DEFAULT,
    used: frozenset[str] = frozenset(),
) -> tuple[Graph | None, Report]:
    """Check a net.

    Args:
        program: the spec.
        definition: the net.
        settings: values of its parameters; those without a default stay open where they are not set.
        limits: how large the net may become.
        used: labels that a data, train or figure section names; they need no other reader.

    Returns:
        The graph (None if there are errors), and the report of all errors and warnings.
    """
    report = Report()
    env = Environment(definition, at_defaults=not settings)
    try:
        _parameters(env, definition, settings or {})
    except Fault as error:
        report.add(error.diagnostic)
        return None, report
    except Undefined:
        return None, report
    graph, report = elaborate_instance(program, Instance(env), limits, used)
    claims = any(isinstance(line, tree.Require) and line.defaults for line in definition.body.statements)
    if settings and claims:  # they hold or fail whatever is set
        _, usual = elaborate(program, definition, None, limits, used)
        for diagnostic in usual.diagnostics:
            if diagnostic.code == "NS565":
                report.add(diagnostic)
    return (None if report.failed else graph), report


def elaborate_instance(
    program: Program, instance: Instance, limits: Limits, used: frozenset[str] = frozenset()
) -> tuple[Graph | None, Report]:
    """Check a net or block whose parameters are set; the result is that of `elaborate`."""
    report = Report()
    for diagnostic in instance.errors:
        report.add(diagnostic)
    b, env, work = settled(instance, limits)
    program.work += work
    for diagnostic in b.report.diagnostics:
        report.add(diagnostic)
    # Stop here if a line could not be parsed, or depends on a parameter of unknown kind: that line may be the one that
    # reads layers which seem unread.
    if report.failed or program.report.failed or instance.env.undefined:
        return None, report
    return _finish(env, b, report, used)


def settled(instance: Instance, limits: Limits) -> tuple[Builder, Environment, int]:
    """Repeat passes over a body until each delayed read assumes the type that its layer really has.

    Returns what the last pass made, and how many operations all passes made.

    A type that one pass finds may be a guess: if only one side of a sum is known, the sum gets the type of that side.
    The type is accepted when the next pass finds it again. If delayed layers depend on each other in a chain, each of
    them takes one pass.
    """
    assumed: dict[str, Type] = {}
    passes = work = 0
    while True:
        b, env = _pass(instance, limits, assumed)
        learned = _learned(b)
        passes, work = passes + 1, work + len(b.nodes)
        if learned == assumed or (passes > 4 and work > MAX_WORK):
            break
        assumed = learned
    changing = {
        owner.path + name: (owner, (node.span.start, node.span.end))
        for node, owner, name in b.delays
        if node.span is not None and learned.get(owner.path + name) != assumed.get(owner.path + name)
    }
    _not_found(b, changing | b.unresolved, instance)
    return b, env, work


def _pass(instance: Instance, limits: Limits, assumed: dict[str, Type]) -> tuple[Builder, Environment]:
    """Make one pass over the body; `assumed` holds the types of the layers that are read delayed, by path."""
    definition, values = instance.definition, instance.env.values
    params = _names(definition)
    symbols = {name: value for name, value in values.items() if name in params and is_open(value)} | instance.symbols
    b = Builder(limits, assumed, symbols, operand, STEPS, instance.instances)
    undefined = set(instance.env.undefined)
    env = Environment(definition, dict(values), undefined=undefined, at_defaults=instance.env.at_defaults)
    net = b.scope(Context(scope=-1), "net", definition.body.name.text, "", source=definition, arguments=dict(values))
    if definition.body.kind == "block":
        _stand_ins(instance, env, b)
    with contextlib.suppress(TooMany):
        body(b, env, Context())
    net.last = len(b.nodes)
    for node, owner, name in b.delays:  # all lines are expanded: set the edges
        bound = owner.layers.get(name)
        if bound is not None and bound.values and bound.values[0] is not None:
            node.inputs = (bound.values[0].edge, *node.inputs[1:])
    return b, env


def _stand_ins(instance: Instance, env: Environment, b: Builder) -> None:
    """Give values to the inputs of a block that is expanded on its own; an input without a type is undefined."""
    for line in instance.definition.body.statements:
        if isinstance(line, tree.Input):
            stand_in = instance.inputs.get(line.label.text)
            flow: Flow = [None]
            if stand_in is not None:
                flow = b.node(env, Context(), Input(stand_in), [], line.at, "input")
            env.given[line.label.text] = flow


def _parameters(env: Environment, definition: Definition, settings: dict[str, Any]) -> None:
    """Set each parameter to its setting, or else to its default.

    A parameter that has neither stays open: its value is a formula, with a few numbers (witnesses) to compare by.
    """
    params = {param.name.text: param for param in definition.body.params or ()}
    check_parameters(definition)
    for name in settings:
        if name not in params:
            near, _ = suggestion(nearest(name, params))
            hint = Hint("params", {"names": Quoted(tuple(params))}) if params else Hint("no_params")
            labels = (Label(env.span(definition.body.name.at)),)
            words = {"name": name, "net": definition.body.name.text}
            raise Fault(Diagnostic("NS207", None, words, labels=labels, hints=(*near, hint)))
    open_names: list[str] = []
    for name, param in params.items():
        default = None if param.default is None else argument(param.default, None, env, definition)
        if name in settings:
            env.values[name] = _setting(name, settings[name], default, param, env)
        elif default is not None:
            env.values[name] = default
        else:
            open_names.append(name)
    if open_names:
        _witnesses(env, definition, open_names)


def _setting(name: str, value: Any, default: Any, param: tree.Param, env: Environment) -> Any:
    """Return the value of a parameter that the caller sets; raise Fault if the default is of another kind."""
    if isinstance(value, str):
        value = Word(value)
    if isinstance(value, list):
        value = tuple(value)
    kind = kind_of(value)
    wanted = "integer" if default is None else kind_of(default)
    if kind == "integer" and wanted == "number":
        return float(value)
    labels = (Label(env.span(param.at)),)  # the mistake itself is where the value comes from
    if kind != wanted:
        words: Words = {"name": name, "kind": Phrase(f"kind {kind}"), "wanted": Phrase(f"kind {wanted}")}
        hint = Hint("given", {"name": name, "wanted": Phrase(f"kind {wanted}")})
        raise Fault(Diagnostic("NS620", None, words, labels=labels, hints=(hint,)))
    if default is None and value < 1:
        least: Words = {"value": str(value), "least": "1", "what": Quoted((name,))}
        raise Fault(Diagnostic("NS402", None, least, labels=labels))
    return value


def _witnesses(env: Environment, definition: Definition, names: list[str]) -> None:
    bindings = find(names, env, definition.body.statements)
    if not bindings:
        quoted = Quoted(tuple(names))
        raise fault(env, definition.body.name.at, "NS515", net=definition.body.name.text, names=quoted)
    for name in names:
        env.values[name] = Formula.symbol(name, tuple(binding[name] for binding in bindings))


def _learned(b: Builder) -> dict[str, Type]:
    """Return the types that this pass found for the layers that are read delayed, by path."""
    found = dict(b.assumed)
    wanted = b.unresolved.keys() | found.keys()
    for layer in b.layers:
        if layer.path in wanted and layer.role != "start" and layer.values:
            edge = layer.values[0]
            found[layer.path] = b.nodes[edge.node].types[edge.output]
    return found


def _not_found(b: Builder, unsettled: dict[str, tuple[Environment, tree.Place]], instance: Instance) -> None:
    """Report NS504 for every recurrence whose type stays unknown.

    Either the type grows with every pass, or nothing in the recurrence determines it.
    """
    report = b.report
    if report.failed:
        return
    for path, (env, at) in unsettled.items():
        name = path.rpartition(".")[2]
        bound = env.layers.get(name)
        if bound is not None and None in bound.values:  # an error in its line is reported already
            continue
        growth = _growth(b, path, instance) if len(unsettled) <= MOST_PROBED else 0
        if growth:
            hints: tuple[Hint, ...] = (Hint("grows", {"maps": growth}), Hint("settle", {"name": name}))
        else:
            hints = (Hint("is"),)
        report.add(Diagnostic("NS504", env.span(at), {"name": name}, hints=hints))


_PROBE = 1_000_003  # a number of maps that is unlikely in a spec, so that growth beyond it can be recognised


def _growth(b: Builder, path: str, instance: Instance) -> int:
    """Return by how many maps a layer grows in each pass; 0 if it does not grow.

    One more pass is made in which the layer is assumed to have _PROBE maps; the growth is what the pass finds beyond.
    """
    time = next((node.types[0].time for node in b.nodes if node.kind == "input" and node.type.time), None)
    for space in dict.fromkeys(((), *(node.type.space for node in b.nodes if node.kind == "input"))):
        probe, _ = _pass(instance, b.limits, {path: Type(_PROBE, space, time)})
        found = _learned(probe).get(path)
        if found is not None and found.known and isinstance(found.maps, int) and found.maps > _PROBE:
            return found.maps - _PROBE
    return 0


def _finish(env: Environment, b: Builder, report: Report, used: frozenset[str]) -> tuple[Graph | None, Report]:
    """Make the graph from the last pass, and make the checks that need a complete graph."""
    definition, nodes = env.definition, b.nodes
    assign_keys(b, b.weights)
    stored = stored_arrays(b, report)
    cells = find_cells(nodes) if b.delays else []
    check_cells(nodes, cells, report)
    params = _names(definition)
    graph = Graph(
        name=definition.body.name.text,
        caption=definition.body.caption.value if definition.body.caption else "",
        params={param.name.text: env.values.get(param.name.text) for param in definition.body.params or ()},
        open=tuple(name for name, value in env.values.items() if isinstance(value, Formula) and name in params),
        nodes=nodes,
        layers=b.layers,
        scopes=b.scopes,
        stored=stored,
        counts=Counts.of(stored),
        depth=longest_path(nodes),
        inputs=tuple(node.index for node in nodes if node.kind == "input"),
        outputs=tuple(layer.index for layer in b.layers if layer.role == "output" and layer.scope == 0),
        cells=cells,
        lists={name: value for name, value in env.values.items() if isinstance(value, (tuple, int, float, Formula))},
    )
    for owner, line in b.late:
        own = [item for item in stored if nodes[item.node].path.startswith(owner.path)]
        inside = graph.counts if not owner.path else Counts.of(own)
        kept = graph.kept(node for node in nodes if any(up.index == owner.home for up in graph.ancestors(node.scope)))
        known = {"weights": inside.weights, "active": inside.active, "depth": graph.depth}
        known |= {"cache": kept.step, "state": kept.fixed, **owner.values}
        try:
            uncounted(owner, line, inside)
            require(b, replace(owner, values=known), line)
        except Fault as error:
            b.add(error.diagnostic, owner, Context())
    for diagnostic in b.report.diagnostics:
        report.add(diagnostic)
    check_graph(graph, env, b.limits, report, used)
    graph.warnings = [diagnostic for diagnostic in report.diagnostics if diagnostic.severity == "warning"]
    return (None if report.failed else graph), report


def _names(definition: Definition) -> set[str]:
    return {param.name.text for param in definition.body.params or ()}
