"""One net of a program -> its checked Graph."""

from __future__ import annotations

import contextlib
from typing import Any

from netspec.diagnostics.model import Diagnostic, Fault, Hint, Phrase, Quoted, Report
from netspec.elaborate.arguments import argument, check_parameters, kind_of
from netspec.elaborate.cells import check_cells, find_cells
from netspec.elaborate.checks import check_graph
from netspec.elaborate.core import TooMany
from netspec.elaborate.evaluate import Broken, fault
from netspec.elaborate.expand import Expansion
from netspec.elaborate.frame import Flow, Frame, Word
from netspec.elaborate.keys import keys_as_paths
from netspec.elaborate.measure import count, depth, stored_arrays
from netspec.elaborate.program import Definition, Program
from netspec.elaborate.witness import find
from netspec.ir.graph import Graph
from netspec.ir.sizes import Formula, is_open
from netspec.ir.structure import Input
from netspec.ir.types import Type
from netspec.limits import DEFAULT, Limits
from netspec.names import nearest
from netspec.source import Span
from netspec.syntax import tree

# nodes expanded over and over, until every delayed read knows its type: of a net that takes more nobody waits
MAX_WORK = 50_000
MOST_PROBED = 8  # loops without a type whose growth is tried out


def elaborate(
    program: Program,
    definition: Definition,
    settings: dict[str, Any] | None = None,
    limits: Limits = DEFAULT,
    used: frozenset[str] = frozenset(),
) -> tuple[Graph | None, Report]:
    """Checks a net with its parameters set to `settings`; the graph is None where there are errors.

    `used`: labels that a section reads, so that they need no other reader.
    """
    report = Report()
    root = Frame(definition.unit, definition, 0, "")
    try:
        _parameters(root, definition, settings or {})
    except Fault as error:
        report.add(error.diagnostic)
        return None, report
    except Broken:
        return None, report
    return elaborate_frame(program, root, limits, used)


def elaborate_frame(
    program: Program, root: Frame, limits: Limits, used: frozenset[str] = frozenset()
) -> tuple[Graph | None, Report]:
    """As `elaborate`, of a body whose parameters are set; `root.stand_ins` are the inputs of a block alone."""
    report = Report()
    for diagnostic in root.faults:
        report.add(diagnostic)
    expansion, frame = settled(root, limits)
    for diagnostic in expansion.report.diagnostics:
        report.add(diagnostic)
    # a line that could not be read, or that hangs on a parameter of unknown kind, may be what reads the others
    if report.failed or program.report.failed or root.broken:
        return None, report
    return _finish(program, root.definition, frame, expansion, report, used)


def settled(root: Frame, limits: Limits) -> tuple[Expansion, Frame]:
    """Passes over the net's body until what delayed reads assume is what their layers are: a chain takes a pass a link.

    What a pass learns may be a guess (a side that is known stands for a sum), so it counts once the next one agrees.
    """
    assumed: dict[str, Type] = {}
    passes = work = 0
    while True:
        expansion, frame = _attempt(root, limits, assumed)
        learned = _learned(expansion)
        passes, work = passes + 1, work + len(expansion.nodes)
        if learned == assumed or (passes > 4 and work > MAX_WORK):
            break
        assumed = learned
    changing = {
        owner.path + name: (owner, (node.span.start, node.span.end))
        for node, owner, name in expansion.delays
        if node.span is not None and learned.get(owner.path + name) != assumed.get(owner.path + name)
    }
    _not_found(expansion, changing | expansion.unresolved, root)
    return expansion, frame


def _attempt(root: Frame, limits: Limits, assumed: dict[str, Type]) -> tuple[Expansion, Frame]:
    """One pass over the net's body, with what is known or assumed of delayed layers."""
    definition = root.definition
    expansion = Expansion(Report(), limits, assumed)
    params = _names(definition)
    expansion.symbols = {name: value for name, value in root.env.items() if name in params and is_open(value)}
    expansion.symbols |= root.symbols
    expansion.instances = root.instances
    frame = Frame(definition.unit, definition, 0, "", env=dict(root.env), symbols=expansion.symbols)
    frame.broken |= root.broken
    expansion.open_scope("net", definition.body.name.text, "", -1, source=definition, arguments=dict(root.env))
    if definition.body.kind == "block":
        _stand_ins(root, frame, expansion)
    with contextlib.suppress(TooMany):
        expansion.body(frame)
    expansion.scopes[0].last = len(expansion.nodes)
    expansion.tie_delays()
    return expansion, frame


def _stand_ins(root: Frame, frame: Frame, expansion: Expansion) -> None:
    """The inputs of a block that is checked alone: values from nowhere; None where a type could not be made up."""
    for line in root.definition.body.statements:
        if isinstance(line, tree.Input):
            stand_in = root.stand_ins.get(line.label.text)
            flow: Flow = [None]
            if stand_in is not None:
                flow = expansion.node(Input(stand_in), [], frame, line.at, "input")
            frame.given[line.label.text] = flow


def _parameters(frame: Frame, definition: Definition, settings: dict[str, Any]) -> None:
    """Sets what is given, takes defaults, and leaves the rest open as formulas with witnesses."""
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
        default = None if param.default is None else argument(param.default, None, frame, definition)
        if name in settings:
            frame.env[name] = _setting(name, settings[name], default, param, frame)
        elif default is not None:
            frame.env[name] = default
        else:
            open_names.append(name)
    if open_names:
        _witnesses(frame, definition, open_names)


def _setting(name: str, value: Any, default: Any, param: tree.Param, frame: Frame) -> Any:
    """A parameter from outside: a Python number, bool or word, of the default's kind."""
    if isinstance(value, str):
        value = Word(value)
    if isinstance(value, list):
        value = tuple(value)
    kind = kind_of(value)
    wanted = "integer" if default is None else kind_of(default)
    if kind == "integer" and wanted == "number":
        return float(value)
    if kind != wanted:
        raise fault(frame, param.at, "NS620", name=name, kind=Phrase(f"kind {kind}"), wanted=Phrase(f"kind {wanted}"))
    if default is None and value < 1:
        raise fault(frame, param.at, "NS402", value=str(value), least="1", what=Quoted((name,)))
    return value


def _witnesses(frame: Frame, definition: Definition, names: list[str]) -> None:
    bindings = find(names, frame, definition.body.statements)
    if not bindings:
        quoted = Quoted(tuple(names))
        raise fault(frame, definition.body.name.at, "NS515", net=definition.body.name.text, names=quoted)
    for name in names:
        frame.env[name] = Formula.symbol(name, tuple(binding[name] for binding in bindings))


def _learned(expansion: Expansion) -> dict[str, Type]:
    """What this pass found out about the layers that delayed reads ask for; of a line that failed nothing new."""
    found = dict(expansion.assumed)
    wanted = expansion.unresolved.keys() | found.keys()
    for layer in expansion.layers:
        if layer.path in wanted and layer.role != "start" and layer.values:
            edge = layer.values[0]
            found[layer.path] = expansion.nodes[edge.node].types[edge.output]
    return found


def _not_found(expansion: Expansion, unsettled: dict[str, tuple[Frame, tree.Place]], root: Frame) -> None:
    """A loop whose type nothing settles: because it grows, or because nothing says it."""
    report = expansion.report
    if report.failed:
        return
    for path, (frame, at) in unsettled.items():
        name = path.rpartition(".")[2]
        bound = frame.layers.get(name)
        if bound is not None and None in bound.values:  # its line is broken, which is said there
            continue
        growth = _growth(expansion, path, root) if len(unsettled) <= MOST_PROBED else 0
        if growth:
            hints: tuple[Hint, ...] = (Hint("grows", {"maps": growth}), Hint("settle", {"name": name}))
        else:
            hints = (Hint("is"),)
        report.add(Diagnostic("NS504", frame.span(at), {"name": name}, hints=hints))


_PROBE = 1_000_003  # a number of maps that nothing else will have


def _growth(expansion: Expansion, path: str, root: Frame) -> int:
    """By how many maps a layer grows at every step, if it had any number of them to begin with; 0 if it doesn't."""
    time = next((node.types[0].time for node in expansion.nodes if node.kind == "input" and node.type.time), None)
    for space in dict.fromkeys(((), *(node.type.space for node in expansion.nodes if node.kind == "input"))):
        probe, _ = _attempt(root, expansion.limits, {path: Type(_PROBE, space, time)})
        found = _learned(probe).get(path)
        if found is not None and found.known and isinstance(found.maps, int) and found.maps > _PROBE:
            return found.maps - _PROBE
    return 0


def _finish(
    program: Program,
    definition: Definition,
    frame: Frame,
    expansion: Expansion,
    report: Report,
    used: frozenset[str],
) -> tuple[Graph | None, Report]:
    nodes = expansion.nodes
    keys_as_paths(nodes, expansion.scopes)
    stored = stored_arrays(expansion, report)
    cells = find_cells(nodes) if expansion.delays else []
    check_cells(nodes, cells, report)
    params = _names(definition)
    graph = Graph(
        name=definition.body.name.text,
        caption=definition.body.caption.value if definition.body.caption else "",
        params={param.name.text: frame.env.get(param.name.text) for param in definition.body.params or ()},
        open=tuple(name for name, value in frame.env.items() if isinstance(value, Formula) and name in params),
        nodes=nodes,
        layers=expansion.layers,
        scopes=expansion.scopes,
        stored=stored,
        counts=count(stored),
        depth=depth(nodes),
        inputs=tuple(node.index for node in nodes if node.kind == "input"),
        outputs=tuple(layer.index for layer in expansion.layers if layer.role == "output" and layer.scope == 0),
        cells=cells,
        lists={name: value for name, value in frame.env.items() if isinstance(value, (tuple, int, float, Formula))},
    )
    for owner, line in expansion.late:
        own = [item for item in stored if nodes[item.node].path.startswith(owner.path)]
        inside = graph.counts if not owner.path else count(own)
        try:
            extra = {"weights": inside.weights, "depth": graph.depth}
            expansion.require(owner, line, extra)
        except Fault as error:
            expansion.add(error.diagnostic, owner)
    for diagnostic in expansion.report.diagnostics:
        report.add(diagnostic)
    check_graph(graph, definition, frame, expansion, report, used)
    graph.warnings = [diagnostic for diagnostic in report.diagnostics if diagnostic.severity == "warning"]
    return (None if report.failed else graph), report


def _names(definition: Definition) -> set[str]:
    return {param.name.text for param in definition.body.params or ()}
