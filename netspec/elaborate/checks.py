"""The end of a pass: the arrays that a net stores, and what its graph must also be; then what is worth a warning."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netspec.diagnostics.model import Diagnostic, Hint, Label, Phrase, Report
from netspec.elaborate.builder import Builder
from netspec.elaborate.environment import Environment
from netspec.elaborate.keys import module_path
from netspec.ir.graph import Edge, Graph, Layer, Node, Stored
from netspec.ir.operation import Weight
from netspec.limits import Limits
from netspec.ops.registry import step_names
from netspec.source import Span

# ---- stored arrays


def stored_arrays(b: Builder, report: Report) -> list[Stored]:
    """The arrays that a net stores, each once, in the order of the nodes that own them.

    Args:
        b: the finished pass.
        report: takes NS241 where two steps would store an array under one key, and NS242 where a step that uses
            weights again needs another shape.
    """
    nodes = b.nodes
    found: dict[str, Stored] = {}
    for index, weights in b.weights.items():
        node = nodes[index]
        path = module_path(node.path)
        for weight in weights:
            if node.tied and weight.name == "weight":
                continue
            key = f"{path}.{weight.name}"
            if key not in found:
                found[key] = Stored(node.stored(weight.name), weight, node.index, node.frozen)
            elif not node.again:
                owner = nodes[found[key].node]
                labels = (Label(owner.span, "first"),) if owner.span is not None else ()
                report.add(Diagnostic("NS241", node.span, {"key": path}, labels=labels))
                break
            elif weight.shape != found[key].weight.shape:
                report.add(_other_shape(node, nodes[found[key].node], weight, found[key], b))
                break
    for diagnostic in _clashing_paths(found, b):
        report.add(diagnostic)
    return list(found.values())


def _other_shape(node: Node, owner: Node, weight: Weight, first: Stored, b: Builder) -> Diagnostic:
    labels = (Label(owner.span, "first"),) if owner.span is not None else ()
    here, first_line = b.layers[node.layer], b.layers[owner.layer]
    if (
        node.span == owner.span and here.label != first_line.label and here.span is not None
    ):  # both nodes come from the line of a
        labels = (Label(here.span, "again", {"name": first_line.label}),)
    words: dict[str, Any] = {
        "key": first.key,
        "have": _leads(owner, first.weight),
        "want": _leads(node, weight),
    }
    return Diagnostic("NS242", node.span, words, labels=labels)


def _leads(node: Node, weight: Weight) -> str:
    """The shape of an array for a message: `in -> out` for perceptrons, else its sizes."""
    if node.op.stored == "out_in" and len(weight.shape) == 2:
        return f"{weight.shape[1]} -> {weight.shape[0]}"
    return "x".join(map(str, weight.shape))


def _clashing_paths(found: dict[str, Stored], b: Builder) -> Iterator[Diagnostic]:
    """NS241 where two modules have one path, or a module that of an array: `a.weight` beside `a.weight.bias`."""
    modules: dict[str, Span | None] = {}
    for _, key, span in sorted(_modules(found, b), key=lambda module: module[0]):
        if key in modules or key in found:
            before = modules.get(key)
            labels = (Label(before, "first"),) if before is not None else ()
            yield Diagnostic("NS241", span, {"key": key}, labels=labels)
            return
        modules[key] = span


def _modules(found: dict[str, Stored], b: Builder) -> Iterator[tuple[int, str, Span | None]]:
    """Every module: its first node, path and place. A round and its main step are one module."""
    scopes = b.scopes
    for index in dict.fromkeys(stored.node for stored in found.values()):
        node = b.nodes[index]
        if node.path != scopes[node.scope].path:
            yield index, module_path(node.path), node.span
    for scope in scopes[1:]:  # the first is the net
        if not scope.again and scope.path != scopes[scope.parent].path:
            yield scope.first, module_path(scope.path), b.layers[scope.layer].span


# ---- the graph


def check_graph(graph: Graph, env: Environment, limits: Limits, report: Report, used: frozenset[str]) -> None:
    """Reports what is wrong with a finished graph, then what is worth a warning.

    Args:
        graph: the graph.
        env: the names of the net's body.
        limits: how many weights there may be.
        report: takes the errors and warnings.
        used: labels that a section reads.
    """
    _outputs(graph, env, report)
    if graph.outputs:
        _unread(graph, report, used)
    _limits(graph, limits, report)
    if not report.failed:
        _labels(graph, report)
        _remarks(graph, report)
        _linear(graph, report)


def _outputs(graph: Graph, env: Environment, report: Report) -> None:
    definition = env.definition
    span = definition.span
    if not graph.outputs:
        report.add(Diagnostic("NS243", span, {"net": graph.name, "kind": definition.body.kind}))
    elif not graph.inputs and not any(node.op.begins and graph.stores(node, "weight") for node in graph.nodes):
        report.add(Diagnostic("NS244", span, {"net": graph.name}))


def _unread(graph: Graph, report: Report, used: frozenset[str]) -> None:
    """NS245 and NS246 for layers, inputs and outputs of blocks that nothing reads (rule 14)."""
    wanted = {edge.node for node in graph.nodes for edge in node.inputs}
    wanted |= {edge.node for index in graph.outputs for edge in graph.layers[index].values}
    waiting: dict[tuple[str, int], Layer] = {}
    in_round: set[tuple[int, str, int]] = set()  # (repeat, line) where the line is read in some round
    repeats: list[tuple[int, ...]] = []  # for every scope the repeats around it
    for scope in graph.scopes:
        around = repeats[scope.parent] if scope.parent >= 0 else ()
        repeats.append((*around, scope.index) if scope.kind == "repeat" else around)
    for layer in graph.layers:
        if layer.role == "start" or not layer.values or layer.span is None:
            continue
        own = graph.scopes[layer.scope]
        if own.kind == "block" and not own.result_names:  # a block without outputs is reported where it is called
            continue
        if (layer.role == "output" or layer.label in used) and layer.scope == 0:
            continue
        place = (layer.span.source.name, layer.span.start)
        if any(edge.node in wanted for edge in layer.values):
            for repeat in repeats[layer.scope]:
                in_round.add((repeat, *place))
        else:
            waiting.setdefault(place, layer)
    for place, layer in waiting.items():
        # the next round reads the line; in the last round nothing does, and that is fine
        if any((repeat, *place) in in_round for repeat in repeats[layer.scope]):
            continue
        own = graph.scopes[layer.scope]
        code = "NS246" if layer.role == "output" and own.kind != "net" else "NS245"
        report.add(Diagnostic(code, layer.span, {"name": layer.label, "role": layer.role, "block": own.name}))


def _limits(graph: Graph, limits: Limits, report: Report) -> None:
    total = graph.counts.weights
    if isinstance(total, int) and total > limits.weights:
        largest = max(graph.stored, key=lambda item: item.weight.total if isinstance(item.weight.total, int) else 0)
        span = graph.nodes[largest.node].span
        report.add(Diagnostic("NS621", span, {"weights": total, "limit": limits.weights}))


def _labels(graph: Graph, report: Report) -> None:
    """NS247 for a label that is also the name of a step: at the head of a chain it means the layer."""
    for layer in graph.layers:
        if layer.label in step_names() and layer.role in ("hidden", "input") and layer.span is not None:
            span = type(layer.span)(
                layer.span.source, layer.span.start, layer.span.start + len(layer.text.split(":")[0])
            )
            report.add(Diagnostic("NS247", span, {"name": layer.label}, severity="warning"))


def _remarks(graph: Graph, report: Report) -> None:
    """What operations warn of themselves: rows that no window reads, dropout that has nothing to act on."""
    for node in graph.nodes:
        remarks = node.op.remarks(*graph.types_asked(node)) if not node.again else ()
        layer = graph.layers[node.layer]
        for remark in remarks:
            below = node.inputs[0]
            # rows of padding may be lost; and a line's `is` says that its sizes are meant
            if remark.edge and (layer.expected or graph.nodes[below.node].op.fills):
                continue
            words = {"type": str(graph.type_of(below)), "step": node.word, **remark.words}
            if "axis" in words:
                words["axis"] = Phrase(f"axis {words['axis']}")
            hints: tuple[Hint, ...] = ()
            if remark.edge:
                edge = layer.values[0] if layer.values else Edge(node.index)
                hints = (Hint("edge"), Hint("meant", {"type": str(graph.type_of(edge))}))
            report.add(Diagnostic(remark.code, node.span, words, hints=hints, severity="warning"))


def _linear(graph: Graph, report: Report) -> None:
    """NS330 for two nouns with nothing nonlinear between them: together they are one linear step (rule 23)."""
    summed: list[bool] = []
    for node in graph.nodes:
        if not node.op.noun or node.again or not node.op.weighted_sum:
            continue
        source = _noun_below(graph, node)
        if source is None:
            continue
        summed = summed or _only_summed(graph)
        if summed[source.index]:
            words = {"noun": node.word, "below": graph.layers[source.layer].label, "other": source.word}
            hints = (Hint("identity"),)
            report.add(Diagnostic("NS330", node.span, words, hints=hints, severity="warning"))


def _only_summed(graph: Graph) -> list[bool]:
    """For each node, whether only weighted sums read it; any other reader gives it a use of its own."""
    readers: list[list[Node]] = [[] for _ in graph.nodes]
    for node in graph.nodes:
        for edge in node.inputs:
            readers[edge.node].append(node)
    outputs = {edge.node for index in graph.outputs for edge in graph.layers[index].values}
    found = [False] * len(graph.nodes)
    for node in reversed(graph.nodes):
        found[node.index] = node.index not in outputs and all(
            reader.op.weighted_sum or (_passes(reader) and found[reader.index]) for reader in readers[node.index]
        )
    return found


def _passes(node: Node) -> bool:
    return node.op.linear and len(node.inputs) == 1


def _noun_below(graph: Graph, node: Node) -> Node | None:
    """The noun of the same body that a node reads, directly or through linear steps; None where there is none."""
    edge = node.inputs[0]
    while True:
        source = graph.nodes[edge.node]
        if source.scope != node.scope:
            return None
        if source.op.weighted_sum:
            return source
        if not _passes(source):
            return None
        edge = source.inputs[0]


def find_cells(nodes: list[Node]) -> list[tuple[int, ...]]:
    """The recurrences of a graph: its strongly connected parts, each as node indices in order."""
    import networkx

    graph = networkx.DiGraph()
    graph.add_nodes_from(range(len(nodes)))
    graph.add_edges_from((edge.node, node.index) for node in nodes for edge in node.inputs if edge.node >= 0)
    parts = [part for part in networkx.strongly_connected_components(graph) if len(part) > 1]
    return sorted(tuple(sorted(part)) for part in parts)


def check_cells(nodes: list[Node], cells: list[tuple[int, ...]], report: Report) -> None:
    """Reports NS512 and NS513 for steps that cannot stand in a recurrence: they need more than one time step."""
    for cell in cells:
        delay = next(node for index in cell if (node := nodes[index]).kind == "delay")
        labels = (Label(delay.span, "loop", {"name": delay.word}),) if delay.span is not None else ()
        for index in cell:
            node = nodes[index]
            if node.op.mixes_batch:
                report.add(Diagnostic("NS513", node.span, {"step": node.word, "name": delay.word}, labels=labels))
                break
            if _looks_around(node, cell):
                report.add(Diagnostic("NS512", node.span, {"step": node.word, "name": delay.word}, labels=labels))
                break


def _looks_around(node: Node, cell: tuple[int, ...]) -> bool:
    """Whether a node of a loop looks at other time steps of a value of the loop, which are not there yet."""
    return any(node.looks_across_time(at) and edge.node in cell for at, edge in enumerate(node.inputs))
