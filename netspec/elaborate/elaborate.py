"""One net of a program -> its checked Graph."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass, field, replace
from typing import Any

from netspec.diagnostics.model import Diagnostic, Fault, Hint, Phrase, Quoted, Report
from netspec.elaborate.body import body, require
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
from netspec.source import Span
from netspec.syntax import tree

# nodes that the passes may expand in all, until every delayed read knows its type
MAX_WORK = 50_000
MOST_PROBED = 8  # recurrences without a type that are tried for growth


@dataclass(slots=True, eq=False)
class Instance:
    """A net or block with its parameters set, ready to be expanded.

    Attributes:
        env: its parameters, and names that are undefined because of earlier errors.
        symbols: open sizes beside the parameters.
        inputs: for a block that no net calls, types for its inputs, by label.
        instances: the open sizes stand for the values that a block's instances have.
        errors: what was wrong with its parameters.
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
    """Checks a net.

    Args:
        program: the spec.
        definition: the net.
        settings: values of its parameters; those without a default stay open where they are not set.
        limits: how large the net may become.
        used: labels that a section reads, so that they need no other reader.

    Returns:
        The graph, None where there are errors; and every error and warning.
    """
    report = Report()
    env = Environment(definition)
    try:
        _parameters(env, definition, settings or {})
    except Fault as error:
        report.add(error.diagnostic)
        return None, report
    except Undefined:
        return None, report
    return elaborate_instance(program, Instance(env), limits, used)


def elaborate_instance(
    program: Program, instance: Instance, limits: Limits, used: frozenset[str] = frozenset()
) -> tuple[Graph | None, Report]:
    """As `elaborate`, of a net or block whose parameters are set."""
    report = Report()
    for diagnostic in instance.errors:
        report.add(diagnostic)
    b, env = settled(instance, limits)
    for diagnostic in b.report.diagnostics:
        report.add(diagnostic)
    # a line that could not be read, or that hangs on a parameter of unknown kind, may be what reads the others
    if report.failed or program.report.failed or instance.env.undefined:
        return None, report
    return _finish(env, b, report, used)


def settled(instance: Instance, limits: Limits) -> tuple[Builder, Environment]:
    """Repeats passes over a body until the types that delayed reads assume are those of their layers.

    A type that one pass finds may be a guess, since one known side stands for a sum; it counts when the next pass
    finds it again. A chain of delayed layers takes one pass for each of them.
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
    return b, env


def _pass(instance: Instance, limits: Limits, assumed: dict[str, Type]) -> tuple[Builder, Environment]:
    """One pass over the body; `assumed` holds the types of delayed layers."""
    definition, values = instance.definition, instance.env.values
    params = _names(definition)
    symbols = {name: value for name, value in values.items() if name in params and is_open(value)} | instance.symbols
    b = Builder(limits, assumed, symbols, operand, STEPS, instance.instances)
    env = Environment(definition, dict(values), undefined=set(instance.env.undefined))
    net = b.scope(Context(scope=-1), "net", definition.body.name.text, "", source=definition, arguments=dict(values))
    if definition.body.kind == "block":
        _stand_ins(instance, env, b)
    with contextlib.suppress(TooMany):
        body(b, env, Context())
    net.last = len(b.nodes)
    for node, owner, name in b.delays:  # every delayed read gets its edge, now that all lines are there
        bound = owner.layers.get(name)
        if bound is not None and bound.values and bound.values[0] is not None:
            node.inputs = (bound.values[0].edge, *node.inputs[1:])
    return b, env


def _stand_ins(instance: Instance, env: Environment, b: Builder) -> None:
    """Gives a block that no net calls its inputs; one without a type is undefined."""
    for line in instance.definition.body.statements:
        if isinstance(line, tree.Input):
            stand_in = instance.inputs.get(line.label.text)
            flow: Flow = [None]
            if stand_in is not None:
                flow = b.node(env, Context(), Input(stand_in), [], line.at, "input")
            env.given[line.label.text] = flow


def _parameters(env: Environment, definition: Definition, settings: dict[str, Any]) -> None:
    """Sets the parameters: to a setting, else to their default; the others stay open, as formulas with witnesses."""
    params = {param.name.text: param for param in definition.body.params or ()}
    check_parameters(definition)
    for name in settings:
        if name not in params:
            guess = nearest(name, params)
            hints = [Hint("nearest", {"name": guess})] if guess else []
            hints.append(Hint("params", {"names": Quoted(tuple(params))}) if params else Hint("no_params"))
            span = Span(definition.unit.source, *definition.body.name.at)
            words = {"name": name, "net": definition.body.name.text}
            raise Fault(Diagnostic("NS207", span, words, hints=tuple(hints)))
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
    """The value of a parameter that the caller sets; raises Fault where it is of another kind than the default."""
    if isinstance(value, str):
        value = Word(value)
    if isinstance(value, list):
        value = tuple(value)
    kind = kind_of(value)
    wanted = "integer" if default is None else kind_of(default)
    if kind == "integer" and wanted == "number":
        return float(value)
    if kind != wanted:
        raise fault(env, param.at, "NS620", name=name, kind=Phrase(f"kind {kind}"), wanted=Phrase(f"kind {wanted}"))
    if default is None and value < 1:
        raise fault(env, param.at, "NS402", value=str(value), least="1", what=Quoted((name,)))
    return value


def _witnesses(env: Environment, definition: Definition, names: list[str]) -> None:
    bindings = find(names, env, definition.body.statements)
    if not bindings:
        quoted = Quoted(tuple(names))
        raise fault(env, definition.body.name.at, "NS515", net=definition.body.name.text, names=quoted)
    for name in names:
        env.values[name] = Formula.symbol(name, tuple(binding[name] for binding in bindings))


def _learned(b: Builder) -> dict[str, Type]:
    """The types that this pass found for the layers that are read delayed, by path."""
    found = dict(b.assumed)
    wanted = b.unresolved.keys() | found.keys()
    for layer in b.layers:
        if layer.path in wanted and layer.role != "start" and layer.values:
            edge = layer.values[0]
            found[layer.path] = b.nodes[edge.node].types[edge.output]
    return found


def _not_found(b: Builder, unsettled: dict[str, tuple[Environment, tree.Place]], instance: Instance) -> None:
    """Reports NS504 for every recurrence whose type stays unknown: because it grows, or because nothing says it."""
    report = b.report
    if report.failed:
        return
    for path, (env, at) in unsettled.items():
        name = path.rpartition(".")[2]
        bound = env.layers.get(name)
        if bound is not None and None in bound.values:  # the error is reported at its line
            continue
        growth = _growth(b, path, instance) if len(unsettled) <= MOST_PROBED else 0
        if growth:
            hints: tuple[Hint, ...] = (Hint("grows", {"maps": growth}), Hint("settle", {"name": name}))
        else:
            hints = (Hint("is"),)
        report.add(Diagnostic("NS504", env.span(at), {"name": name}, hints=hints))


_PROBE = 1_000_003  # a number of maps that nothing else will have


def _growth(b: Builder, path: str, instance: Instance) -> int:
    """By how many maps a layer grows with every pass, whatever number it begins with; 0 if it does not grow."""
    time = next((node.types[0].time for node in b.nodes if node.kind == "input" and node.type.time), None)
    for space in dict.fromkeys(((), *(node.type.space for node in b.nodes if node.kind == "input"))):
        probe, _ = _pass(instance, b.limits, {path: Type(_PROBE, space, time)})
        found = _learned(probe).get(path)
        if found is not None and found.known and isinstance(found.maps, int) and found.maps > _PROBE:
            return found.maps - _PROBE
    return 0


def _finish(env: Environment, b: Builder, report: Report, used: frozenset[str]) -> tuple[Graph | None, Report]:
    """Makes the graph of the last pass, and checks what only a complete graph can show."""
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
        known = {"weights": inside.weights, "depth": graph.depth, **owner.values}
        try:
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
