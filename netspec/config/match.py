"""Checks `data` and `train` against the net: every input has a field, every field is used, and all types agree."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from typing import Any

from netspec.config.data import Data, Field, fill_inputs
from netspec.config.remarks import bounds_of, range_text, remark
from netspec.config.train import MOST_MISTAKES, Train, Turn
from netspec.config.values import BALANCED
from netspec.config.vocabulary.losses import Loss, Term, prediction_of
from netspec.diagnostics.model import Diagnostic, Fix, Hint, Label, Quoted, Report, Words, suggestion
from netspec.ir.graph import Edge, Graph, Stored
from netspec.ir.operation import ANY, plain_number
from netspec.ir.types import UNKNOWN_TYPE, ShapeFault, Time, Type, Unknown, space_text, type_text
from netspec.names import nearest
from netspec.source import Span


@dataclass(slots=True)
class Match:
    """The type that the net or a term needs for each field, and the place in the spec that needs it."""

    inputs: dict[str, Type] = field(default_factory=dict)
    wanted: dict[str, Type] = field(default_factory=dict)
    places: dict[str, Span | None] = field(default_factory=dict)
    terms: dict[str, Term] = field(default_factory=dict)  # for each target, the first term that uses it
    named: set[str] = field(default_factory=set)  # fields that some term names, even if that term has another mistake
    balanced: set[str] = field(default_factory=set)  # targets of losses with `weight = balanced`
    warnings: list[Diagnostic] = field(default_factory=list)
    classes: str | None = None  # the first target of a loss that holds one class for each example


def match(data: Data, train: Train, graph: Graph, report: Report) -> Match:
    """Check the data and train sections against a net, and add every mistake to the report."""
    found = Match()
    for number in graph.inputs:
        layer = graph.layers[graph.nodes[number].layer]
        found.inputs[layer.label] = found.wanted[layer.label] = graph.nodes[number].type
        found.places[layer.label] = layer.span
    fill_inputs(data, found.inputs)
    losses = train.terms
    for term in (*losses, *train.metrics):
        _term(term, losses, data, graph, found, report)
    _unfed(data, graph, found, report)
    if not {"loss", "metrics"} & set().union(train.undefined, *(turn.undefined for turn in train.turns)):
        _unused(data, graph, found, report)
    for name, item in data.fields.items():
        want = found.wanted.get(name)
        if want is not None and not agrees(item.type, want):
            report.add(misfit(item, item.type, want, found))
    _validated(data, train, report)
    _trainable(train, graph, report)
    if "batch" not in train.undefined and (fault := batch_fault(train, graph, train.batch)):
        report.add(fault)
    _remarks(train, graph, report)
    return found


def value_of(graph: Graph, name: str) -> Edge | None:
    """Return the value that a name in a term stands for: a layer, its second value `layer.2`, or an output `p.left`."""
    for layer in graph.layers:
        if layer.role == "start":
            continue
        outer = layer.scope == 0
        port = not outer and layer.role == "output" and graph.scopes[layer.scope].kind == "block"
        if layer.path == name and (outer or port) and layer.values:
            return layer.values[0] if len(layer.values) == 1 else None
        head, _, part = name.rpartition(".")
        if outer and layer.path == head and part.isdigit() and 0 < int(part) <= len(layer.values):
            return layer.values[int(part) - 1]
    return None


def type_of(graph: Graph, edge: Edge) -> Type:
    return graph.nodes[edge.node].types[edge.output]


def logits_of(graph: Graph, edge: Edge) -> tuple[Edge, str]:
    """Return the logits of a layer that ends in softmax or sigmoid, and the name of that operation.

    For any other layer return its own value and "".
    """
    edge = graph.through(edge)
    node = graph.nodes[edge.node]
    return (node.inputs[0], node.op.squashes) if node.op.squashes else (edge, "")


# ---- one term


def _term(term: Term, losses: list[Loss], data: Data, graph: Graph, found: Match, report: Report) -> None:
    found.named.update(name for name in (term.compared, *term.others().values()) if name is not None)
    edge = value_of(graph, term.layer)
    if edge is None:
        report.add(_no_layer(term, term.layer, "layer", data, graph))
        return
    layer = type_of(graph, edge)
    if term.classifies and _mixes_probabilities(graph, edge):
        report.add(Diagnostic("NS771", term.at("layer"), {"term": term.word, "layer": term.layer}))
        return
    target = term.compared
    given = _given(target, data, graph)
    if target is not None and given is None:
        report.add(_no_layer(term, target, "target", data, graph))
        return
    predicted = prediction_of(term, losses, layer)
    try:
        want = term.wants(layer, given, predicted)
    except ShapeFault as fault:
        hints = (Hint(fault.hint),) if fault.hint else ()
        report.add(Diagnostic(fault.code, term.at(fault.option or "layer"), fault.words, hints=hints))
        return
    if term.instead and (noun := _noun_at(graph, edge)):
        words = {"layer": term.layer, "noun": noun}
        report.add(Diagnostic("NS783", term.at("layer"), words, fixes=_instead(term)))
    for option, name in term.others().items():
        if _given(name, data, graph) is None:
            report.add(_no_layer(term, name, option, data, graph))
        elif value_of(graph, name) is None and (name in data.fields or data.span is None):
            found.wanted.setdefault(name, want if name != getattr(term, "mask", None) and want else UNKNOWN_TYPE)
            found.terms.setdefault(name, term)
    if term.constant is not None and term.shares and not 0 <= term.constant <= 1:
        bounds: Words = {"option": "target", "least": "0", "most": "1", "value": plain_number(term.constant)}
        report.add(Diagnostic("NS419", term.at("target"), bounds))
    if target is not None and want is not None and given is not None:
        _target(term, target, given, want, data, graph, found, report)
        if getattr(term, "weight", None) == BALANCED:
            found.balanced.add(target)
        if isinstance(term, Loss) and predicted is not None and predicted.chooses and not (layer.space or layer.time):
            found.classes = found.classes or target


def _target(
    term: Term, target: str, given: Type, want: Type, data: Data, graph: Graph, found: Match, report: Report
) -> None:
    # without a data section the targets are arrays that the caller passes, so that any field name is allowed
    if value_of(graph, target) is not None or (target not in data.fields and data.span is not None):
        if target not in data.undefined and not agrees(given, want):
            words = {"term": term.word, "layer": term.layer, "have": type_text(given), "want": type_text(want)}
            report.add(Diagnostic("NS762", term.at("target"), {**words, "target": target}))
        return
    before = found.wanted.get(target)
    if before is not None and not agrees(before, want):
        both = {"name": target, "one": type_text(before), "other": type_text(want)}
        label = found.terms[target].at("target")
        labels = () if label is None else (Label(label),)
        report.add(Diagnostic("NS770", term.at("target"), both, labels=labels))
        return
    found.wanted[target] = want
    found.terms.setdefault(target, term)
    found.places.setdefault(target, term.at())


def _noun_at(graph: Graph, edge: Edge) -> str:
    """Return `perceptrons` or `filters` if a value comes from one of them without an activation; else ""."""
    op = graph.nodes[graph.through(edge).node].op
    return op.name if op.noun else ""


def _instead(term: Term) -> tuple[Fix, ...]:
    """Return the fix `nll(y, k)` -> `cross_entropy(y, k)`: the new loss takes logits and has all options of the old."""
    span = term.at()
    if span is None or not span.text.startswith(term.word):
        return ()
    return (Fix(span._replace(end=span.start + len(term.word)), term.instead),)


def _given(name: str | None, data: Data, graph: Graph) -> Type | None:
    """Return the type of the layer or field that a term names; None if there is no such layer or field."""
    if name is None:
        return None
    edge = value_of(graph, name)
    if edge is not None:
        return type_of(graph, edge)
    if name in data.fields:
        return data.fields[name].type
    return UNKNOWN_TYPE if name in data.undefined or data.span is None else None


def _no_layer(term: Term, name: str, option: str, data: Data, graph: Graph) -> Diagnostic:
    layers = [layer.label for layer in graph.top if layer.role != "start"]
    legal = layers if option == "layer" else list(dict.fromkeys([*layers, *data.fields]))
    code = "NS773" if option == "layer" else "NS761"
    span = term.at(option)
    near, fixes = suggestion(nearest(name, legal), span if span is not None and span.text == name else None)
    hints = (*near, Hint("known", {"legal": Quoted(tuple(legal))}))
    return Diagnostic(code, span, {"name": name, "term": term.word}, hints=hints, fixes=fixes)


def _mixes_probabilities(graph: Graph, edge: Edge) -> bool:
    """Whether a value is an average, sum or product of probabilities, so that it has no logits."""
    _, found = logits_of(graph, edge)
    if found:
        return False
    pending = [edge]
    while pending:
        node = graph.nodes[pending.pop().node]
        if node.op.probabilities:
            return True
        if node.op.averages or node.op.alias:
            pending += node.inputs
    return False


# ---- fields


def _unfed(data: Data, graph: Graph, found: Match, report: Report) -> None:
    if data.span is None:
        return  # arrays that the caller passes are checked when training begins
    missing = [name for name in found.inputs if name not in data.fields and name not in data.undefined]
    spare = _spare(data, graph, found)
    for name in missing:
        label = (Label(data.span, "section"),)
        renamed = len(missing) == len(spare) == 1  # both belong together: the field has a wrong name
        hints = (Hint("rename", {"field": spare[0], "name": name}),) if renamed else ()
        found.named.update(spare if renamed else ())
        place, key = found.places[name], data.fields[spare[0]].span if renamed else None
        if key is not None and place is not None:
            place, label = key, (Label(place, "fed"),)
        report.add(Diagnostic("NS757", place, {"name": name}, labels=label, hints=hints))


def _spare(data: Data, graph: Graph, found: Match) -> list[str]:
    """Return the fields that neither the net nor a term uses."""
    known = {*found.inputs, *found.named, *(layer.label for layer in graph.top)}
    return [name for name in data.fields if name not in known]


def _unused(data: Data, graph: Graph, found: Match, report: Report) -> None:
    layers = {layer.label: layer for layer in graph.top}
    for name, item in data.fields.items():
        if name in found.inputs:
            continue
        if len(report) > MOST_MISTAKES:
            break
        if name in layers:
            labels = tuple(Label(span) for span in (layers[name].span,) if span is not None)
            report.add(Diagnostic("NS759", item.span, {"name": name}, labels=labels))
        elif name not in found.named:
            guess = nearest(name, found.inputs)
            hints, _ = suggestion(None if guess in data.fields else guess)
            report.add(Diagnostic("NS758", item.span, {"name": name}, hints=hints))


def misfit(item: Field, have: Type, want: Type, found: Match) -> Diagnostic:
    """Return NS760 for a field whose type is not the type that the input or the term needs."""
    place = found.places.get(item.name)
    labels = () if place is None else (Label(place, "wanted", {"want": type_text(want)}),)
    words = {"name": item.name, "have": type_text(have), "want": type_text(want)}
    hints: tuple[Hint, ...] = ()
    if want.classes is None and have.classes is not None and not isinstance(have.classes, Unknown):
        hints = (Hint("onehot", {"classes": str(have.classes)}),)
    elif have.classes is None and want.classes is not None:
        hints = (Hint("label"),)
    elif have.classes is not None and have.classes != want.classes and not isinstance(have.classes, Unknown):
        layer = found.terms[item.name].layer if item.name in found.terms else item.name
        hints = (Hint("classes", {"count": str(have.classes), "layer": layer}),)
        if have.classes == 1:
            hints = (Hint("one_class"),)
    elif have.known and want.known and len(have.space) == len(want.space) == 2 and have.time == want.time:
        if have.maps == want.maps:
            hints = (Hint("resize", {"size": space_text(want.space)}),)
        elif want.maps in (1, 3):
            hints = (Hint("maps", {"maps": str(want.maps)}),)
    elif have.known and want.known and have.space and not want.space and have.values == want.values:
        hints = (Hint("image", {"input": item.name, "have": type_text(have)}),)
    elif have.time is None and isinstance(want.time, Time) and not want.time.varying and have.maps == want.maps:
        hints = (Hint("window", {"length": str(want.time.length)}),)
    elif have.known and not have.space and not want.space and item.name in found.inputs and have.time == want.time:
        hints = (Hint("width", {"input": item.name, "have": type_text(have)}),)
    return Diagnostic("NS760", item.whole, words, labels=labels, hints=hints)


def agrees(have: Type, want: Type) -> bool:
    """Whether a value of type `have` may be used as `want`; UNKNOWN parts agree with everything."""
    if all(isinstance(part, Unknown) for part in (have.maps, have.space, have.time)):
        return True  # the caller passes this array, and its shape is checked when training begins
    if want.classes is not None:
        if have.classes is not None:
            return _same(have.classes, want.classes) and _same_time(have, want)
        # a single column of numbers may be used as classes
        return _same(have.maps, 1) and not have.space and not want.space and _same_time(have, want)
    if have.classes is not None:
        return False
    spaces: Any = (have.space, want.space)
    if not any(isinstance(space, Unknown) for space in spaces):
        if len(have.space) != len(want.space) or not all(map(_same, have.space, want.space)):
            return False
    return _same(have.maps, want.maps) and _same_time(have, want)


def _same(left: Any, right: Any) -> bool:
    return isinstance(left, Unknown) or isinstance(right, Unknown) or bool(left == right)


def _same_time(have: Type, want: Type) -> bool:
    left, right = have.time, want.time
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return True
    if isinstance(left, Time) and isinstance(right, Time):
        return bool(right.varying) or _same(left.length, right.length)
    # `window(1, ahead = n)` gives sequences of one row, and a sequence of length 1 fits a value without time
    return left is right or (right is None and isinstance(left, Time) and left.length == 1)


def _remarks(train: Train, graph: Graph, report: Report) -> None:
    """Warn of a loss that reads values that an activation has bounded (NS715), or another activation's (NS716)."""
    losses = train.terms
    for term in losses:
        edge = value_of(graph, term.layer)
        predicted = None if edge is None else prediction_of(term, losses, type_of(graph, edge))
        if edge is None or predicted is None or not term.classifies:
            continue
        logits, squash = logits_of(graph, edge)
        logits = graph.through(logits)
        low, high = bounds_of(graph, logits)
        span, asked = graph.nodes[graph.through(edge).node].span, term.at("layer")
        if low > ANY[0] and "bounded" not in train.meant:
            node = graph.nodes[logits.node]
            words: Words = {"step": node.word, "term": term.word, "layer": term.layer, "range": range_text((low, high))}
            report.add(remark("NS715", node.span, words, Hint("mend"), asked))
        elif squash and squash != predicted.squash and "squashed" not in train.meant:
            named: Words = {"step": squash, "term": term.word, "layer": term.layer, "wanted": predicted.squash}
            report.add(remark("NS716", span, named, Hint("mend"), asked))


def _trainable(train: Train, graph: Graph, report: Report) -> None:
    """Check that each loss depends on trainable weights (NS784), and on those of every line that `weights` names."""
    carrying = next((node for node in graph.nodes if node.carried or node.op.carries), None)
    if carrying is not None and len(train.turns) > 1:
        report.add(Diagnostic("NS690", carrying.span, {"what": "carried"}, hints=(Hint("turns"),)))
    every: set[str] = set()
    wrong: list[Diagnostic] = []
    for turn in train.turns:
        used = _used(turn, graph)
        if used is None:
            return  # reported already
        every |= used
        if used and not any(_module(stored, graph) in used for stored in trained_by((), graph)):
            layers = Quoted(tuple(dict.fromkeys(item.term.layer for item in turn.loss)))
            wrong.append(Diagnostic("NS784", turn.loss_span, {"layers": layers}))
        elif used:
            wrong += filter(None, (_not_trained(turn, name, used, graph) for name in turn.weights))
    for item in wrong:
        report.add(item)
    trained = {stored.key for turn in train.turns for stored in trained_by(turn.weights, graph)}
    left = [stored for stored in trained_by((), graph) if stored.key not in trained and _module(stored, graph) in every]
    if left and not wrong and len(train.turns) > 1 and "untrained" not in train.meant:
        report.add(remark("NS799", train.turns[0].span, {"lines": _lines(left, graph)}, Hint("mend")))


def _used(turn: Turn, graph: Graph) -> set[str] | None:
    """Return the modules through which gradients of a section's loss flow; None if a term names no layer."""
    read: list[Edge] = []
    for term in (item.term for item in turn.loss):
        edge = value_of(graph, term.layer)
        if edge is None:
            return None
        read.append(edge)
        others = (term.compared, *term.others().values())
        read += [other for name in others if name is not None and (other := value_of(graph, name)) is not None]
    before: set[int] = set()
    pending = [edge.node for edge in read]
    while pending:
        node = pending.pop()
        if node not in before and not graph.nodes[node].op.blocks_gradient:
            before.add(node)
            pending += [edge.node for edge in graph.nodes[node].inputs]
    return {key for node in before for key in (graph.nodes[node].key, graph.nodes[node].tied_key)}


def trained_by(names: Collection[str], graph: Graph) -> list[Stored]:
    """Return the trainable arrays of the lines named and of the blocks that they call; without names, of the net."""
    return [
        stored
        for stored in graph.stored
        if stored.kind == "trainable"
        and (not names or within(graph.layers[graph.nodes[stored.node].layer].path, names))
    ]


def _module(stored: Stored, graph: Graph) -> str:
    return graph.nodes[stored.node].key


def _lines(found: Iterable[Stored], graph: Graph) -> Quoted:
    """Return the lines of the net that own these arrays."""
    paths = (graph.layers[graph.nodes[stored.node].layer].path for stored in found)
    return Quoted(tuple(dict.fromkeys(path.partition(".")[0] for path in paths)))


def within(path: str, names: Collection[str]) -> bool:
    """Whether a line is one of those named, or in a block that one of them calls."""
    return any(path == name or path.startswith(f"{name}.") for name in names)


def _not_trained(turn: Turn, name: str, used: set[str], graph: Graph) -> Diagnostic | None:
    """Return what is wrong with a name in `weights`: it is no line (NS796), the line owns no trainable weights (NS797),
    or the loss does not depend on them (NS798)."""
    span = turn.places.get("weights")
    lines = {layer.index for layer in graph.layers if within(layer.path, (name,))}
    legal = Hint("known", {"legal": _lines(trained_by((), graph), graph)})
    if not lines:
        known = [layer.label for layer in graph.top if layer.role != "start"]
        near, _ = suggestion(nearest(name, known))
        return Diagnostic("NS796", span, {"name": name}, hints=(*near, legal))
    found = {_module(stored, graph) for stored in trained_by((name,), graph)}
    if not found:
        nodes = [node for node in graph.nodes if node.layer in lines or graph.scopes[node.scope].layer in lines]
        again = {node.key for node in nodes if node.again}
        owners = [stored for stored in trained_by((), graph) if _module(stored, graph) in again]
        hint = Hint("shared", {"owners": _lines(owners, graph)}) if owners else legal
        return Diagnostic("NS797", span, {"name": name}, hints=(hint,))
    if not found & used:
        return Diagnostic("NS798", turn.loss_span, {"name": name, "section": turn.title})
    return None


def batch_fault(train: Train, graph: Graph, smallest: int, processes: int = 1) -> Diagnostic | None:
    """Return NS927 if a step of the net needs more examples in training than a process has of a batch, else None.

    Parameters:
        train, graph: the section and the net.
        smallest: how many examples the smallest batch has.
        processes: how many share each batch.
    """
    node = max(graph.nodes, key=graph.least_examples)
    least, given = graph.least_examples(node), smallest // processes
    if given >= least:
        return None
    labels = () if node.span is None else (Label(node.span, "step"),)
    words: Words = {"step": node.word, "least": least, "given": given}
    hint = Hint("processes") if processes > 1 else Hint("batch") if train.batch < least else Hint("rows")
    return Diagnostic("NS927", train.places.get("batch"), words, labels=labels, hints=(hint,))


def _validated(data: Data, train: Train, report: Report) -> None:
    """Check that a validation part exists if `best`, `patience` or the schedule needs one (NS772)."""
    if data.span is None or "split" in data.undefined:
        return
    for key, chosen in (("best", train.best), ("patience", train.patience)):
        if chosen is not None and (len(data.split) < 2 or data.split[1] == 0):
            report.add(Diagnostic("NS772", train.places.get(key), {"name": key}))
    for turn in train.turns:
        if turn.schedule.waits and (len(data.split) < 2 or data.split[1] == 0):
            report.add(Diagnostic("NS772", turn.places.get("schedule"), {"name": turn.schedule.word}))
