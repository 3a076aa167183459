"""Checks at the end of a pass: lists the arrays that a net stores, then reports errors and warnings of the graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from netspec.diagnostics.model import Diagnostic, Hint, Label, Phrase, Report
from netspec.elaborate.builder import Builder
from netspec.elaborate.environment import Environment
from netspec.elaborate.keys import module_path
from netspec.ir.graph import Edge, Graph, Layer, Node, Stored, copies_of
from netspec.ir.operation import Weight
from netspec.limits import Limits
from netspec.ops.registry import step_names
from netspec.source import Span

# ---- stored arrays


def stored_arrays(b: Builder, report: Report) -> list[Stored]:
    """Return the arrays that a net stores, each once, in the order of the nodes that own them.

    Args:
        b: the finished pass.
        report: gets NS241 if two steps would store an array under the same key, and NS242 if a step that uses
            existing weights again needs another shape.
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
                found[key] = Stored(
                    node.stored(weight.name), weight, node.index, node.frozen, copies_of(b.scopes, node.scope)
                )
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
    ):  # `same(a)` expands the line of a once more, so both nodes have one place: mark the line that says `same`
        labels = (Label(here.span, "again", {"name": first_line.label}),)
    words: dict[str, Any] = {"key": first.key, "have": _leads(owner, first.weight), "want": _leads(node, weight)}
    return Diagnostic("NS242", node.span, words, labels=labels)


def _leads(node: Node, weight: Weight) -> str:
    """Return the shape of an array for a message: `in -> out` for perceptrons, and sizes joined by `x` for others."""
    if node.op.stored == "out_in" and len(weight.shape) == 2:
        return f"{weight.shape[1]} -> {weight.shape[0]}"
    return "x".join(map(str, weight.shape))


def _clashing_paths(found: dict[str, Stored], b: Builder) -> Iterator[Diagnostic]:
    """Yield NS241 if two modules have the same path, or if a module has the path of an array.

    An example of the second case: the array `a.weight` and a module `a.weight` that stores `a.weight.bias`.
    """
    modules: dict[str, Span | None] = {}
    for _, key, span in sorted(_modules(found, b), key=lambda module: module[0]):
        if key in modules or key in found:
            before = modules.get(key)
            labels = (Label(before, "first"),) if before is not None else ()
            yield Diagnostic("NS241", span, {"key": key}, labels=labels)
            return
        modules[key] = span


def _modules(found: dict[str, Stored], b: Builder) -> Iterator[tuple[int, str, Span | None]]:
    """Yield the first node, the path and the place of every module.

    A round of `repeat` and its main step have the same path; they are yielded as one module.
    """
    scopes = b.scopes
    for index in dict.fromkeys(stored.node for stored in found.values()):
        node = b.nodes[index]
        if node.path != scopes[node.scope].path:
            yield index, module_path(node.path), node.span
    for scope in scopes[1:]:  # the first scope is the net itself, which is no module inside the net
        if not scope.again and scope.path != scopes[scope.parent].path:
            yield scope.first, module_path(scope.path), b.layers[scope.layer].span


# ---- the graph


def check_graph(graph: Graph, env: Environment, limits: Limits, report: Report, used: frozenset[str]) -> None:
    """Report the errors of a finished graph; if there are none, report its warnings.

    Args:
        graph: the graph.
        env: the names of the net's body.
        limits: how many weights there may be.
        report: gets the errors and warnings.
        used: labels that a data, train or figure section names; they need no other reader.
    """
    _outputs(graph, env, report)
    for node in graph.nodes:
        if node.op.waits:
            report.add(Diagnostic("NS570", node.span, {"step": node.op.name}))
    if any(node.carried or node.op.carries for node in graph.nodes):
        for node in graph.nodes:
            if node.op.counts_steps and node.op.weights(*map(graph.type_of, node.inputs)):
                report.add(Diagnostic("NS293", node.span, {"step": node.word, "type": str(node.type)}))
    if graph.outputs:
        _unread(graph, report, used)
    _limits(graph, limits, report)
    if not report.failed:
        _labels(graph, report)
        _ignored(graph, report, used)
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
    """Report layers and inputs (NS245) and outputs of blocks (NS246) that nothing reads (rule 14 of the language)."""
    wanted = {edge.node for node in graph.nodes for edge in node.inputs}
    wanted |= {edge.node for index in graph.outputs for edge in graph.layers[index].values}
    waiting: dict[tuple[str, int], Layer] = {}
    # (scope of the repeat, file and offset of a line) for lines that something reads in at least one round
    in_round: set[tuple[int, str, int]] = set()
    somewhere: set[tuple[str, int]] = set()  # file and offset of a line for lines that something reads in some call
    repeats: list[tuple[int, ...]] = []  # for each scope: the scopes of the repeats around it
    for scope in graph.scopes:
        around = repeats[scope.parent] if scope.parent >= 0 else ()
        repeats.append((*around, scope.index) if scope.kind == "repeat" else around)
    for layer in graph.layers:
        if layer.role == "start" or not layer.values or layer.span is None:
            continue
        own = graph.scopes[layer.scope]
        if own.kind == "block" and not own.result_names:  # the call has reported that the block has no output
            continue
        if (layer.role == "output" or layer.label in used) and layer.scope == 0:
            continue
        place = (layer.span.source.name, layer.span.start)
        if any(edge.node in wanted for edge in layer.values):
            somewhere.add(place)
            for repeat in repeats[layer.scope]:
                in_round.add((repeat, *place))
        else:
            waiting.setdefault(place, layer)
    for place, layer in waiting.items():
        # In an earlier round the next round reads this line. In the last round nothing reads it, which is no mistake.
        if any((repeat, *place) in in_round for repeat in repeats[layer.scope]):
            continue
        own = graph.scopes[layer.scope]
        if layer.role != "output" or own.kind == "net":
            report.add(Diagnostic("NS245", layer.span, {"name": layer.label}))
            continue
        call = graph.layers[own.layer] if own.layer >= 0 else layer
        labels = (
            (Label(call.span, "called", {"block": own.name}),) if call is not layer and call.span is not None else ()
        )
        words = {"name": layer.label, "block": own.name, "call": call.label if own.layer >= 0 else own.name}
        # what another call reads may be left here, as the rest that the last of several stages hands on
        if place in somewhere:
            hints = (Hint("left"),)
            report.add(Diagnostic("NS246", layer.span, words, labels=labels, hints=hints, severity="warning"))
        else:
            report.add(Diagnostic("NS246", layer.span, words, labels=labels))


def _limits(graph: Graph, limits: Limits, report: Report) -> None:
    total = graph.counts.weights
    if isinstance(total, int) and total > limits.weights:
        largest = max(graph.stored, key=lambda item: item.weight.total if isinstance(item.weight.total, int) else 0)
        span = graph.nodes[largest.node].span
        report.add(Diagnostic("NS621", span, {"weights": total, "limit": limits.weights}))


def _labels(graph: Graph, report: Report) -> None:
    """Report NS247 for a label that is also the name of a step: at the head of a chain such a name means the layer."""
    for layer in graph.layers:
        if layer.label in step_names() and layer.role in ("hidden", "input") and layer.span is not None:
            span = type(layer.span)(
                layer.span.source, layer.span.start, layer.span.start + len(layer.text.split(":")[0])
            )
            report.add(Diagnostic("NS247", span, {"name": layer.label}, severity="warning"))


def _ignored(graph: Graph, report: Report, used: frozenset[str]) -> None:
    """Report NS292 for values that no step reads: those that do read them take their type alone."""
    asked = [(node, edge) for node in graph.nodes for at, edge in enumerate(node.inputs) if node.op.ignores(at)]
    if not asked:
        return
    lines = [layer for layer in graph.layers if layer.scope == 0 and (layer.role == "output" or layer.label in used)]
    waiting = [edge.node for layer in lines for edge in layer.values]
    wanted: set[int] = set()
    while waiting:
        index = waiting.pop()
        if index not in wanted:
            wanted.add(index)
            node = graph.nodes[index]
            waiting += [edge.node for at, edge in enumerate(node.inputs) if not node.op.ignores(at)]
    labels = {edge: layer.label for layer in graph.layers for edge in layer.values}
    for node, edge in asked:
        source = graph.nodes[graph.through(edge).node]
        if source.index not in wanted and not source.op.begins:
            name = labels.get(edge, "")
            hints = (Hint("sum", {"name": name or "x", "step": node.word}),) if len(node.inputs) == 1 else ()
            words = {"step": node.word, "name": name or source.word}
            report.add(Diagnostic("NS292", node.span, words, hints=hints, severity="warning"))


def _remarks(graph: Graph, report: Report) -> None:
    """Report the warnings that operations give about themselves.

    Examples are rows that no window reads, and dropout that has nothing to act on.
    """
    for node in graph.nodes:
        remarks = node.op.remarks(*graph.types_asked(node)) if not node.again else ()
        layer = graph.layers[node.layer]
        for remark in remarks:
            below = node.inputs[0]
            # No warning about lost rows if they are padding, or if the line states its type with `is`: the loss is
            # meant.
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
    """Report NS330 for two layers of perceptrons or filters with nothing nonlinear between them.

    Two such layers compute no more than one linear step can (rule 23 of the language).
    """
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
    """Return for each node whether only weighted sums read its values, directly or through linear steps.

    If anything else reads the values too, the node is useful by itself, and NS330 would be wrong.
    """
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
    """Return the weighted sum that a node reads, directly or through linear steps, or None.

    Only nodes of the same body count.
    """
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
    """Return the recurrences of a graph, each as the sorted indices of its nodes.

    A recurrence is a strongly connected part of the graph that has more than one node.
    """
    import networkx

    graph = networkx.DiGraph()
    graph.add_nodes_from(range(len(nodes)))
    graph.add_edges_from((edge.node, node.index) for node in nodes for edge in node.inputs if edge.node >= 0)
    parts = [part for part in networkx.strongly_connected_components(graph) if len(part) > 1]
    return sorted(tuple(sorted(part)) for part in parts)


def check_cells(nodes: list[Node], cells: list[tuple[int, ...]], report: Report) -> None:
    """Report steps that cannot stand in a recurrence, where time steps are computed one after another.

    NS513 is for steps that mix the examples of a batch, NS512 for steps that read several time steps at once.
    """
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
    """Whether a node of a recurrence reads other time steps of a value that the same recurrence computes.

    Those time steps are not computed yet when the node needs them.
    """
    return any(node.looks_across_time(at) and edge.node in cell for at, edge in enumerate(node.inputs))
