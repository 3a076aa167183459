"""Draws the `blocks` view: boxes for lines, blocks or steps, signs for sums and joins, types on the wires.

`plan_of` makes a plan from a graph. Then the boxes of the plan are placed, and `scene_of` makes the scene from the plan
and the places. All lengths are millimetres.
"""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import replace

from netspec.figure.blocks import NARROW, CollapsedGraph, NodeGroup
from netspec.figure.blocks.arranging import as_u, set_out, side_values, straighten
from netspec.figure.blocks.choosing import with_choices
from netspec.figure.blocks.opening import opened
from netspec.figure.blocks.plan import (
    LEADING,
    LIGHT,
    NAME,
    Arrow,
    Box,
    BoxShape,
    Cluster,
    Placed,
    Plan,
    Row,
    label_size,
)
from netspec.figure.blocks.step_words import (
    again_as_whole,
    arguments,
    choice_words,
    is_chain,
    scope_title,
    step_lines,
    steps_back,
    tint_of,
)
from netspec.figure.notes import ORDER, lines_named, marks_of
from netspec.figure.scene import HAIR, Node, Pen, Point, Rect, Scene, Shape, Text
from netspec.figure.scene.canvas import Canvas
from netspec.figure.scene.tex import Atom, Line, inline
from netspec.figure.scene.tex import plain as in_characters
from netspec.figure.scene.typeset import line_width, paragraph, words, wrapped
from netspec.figure.settings import FigureSettings, Types, split_arrow
from netspec.figure.strings import say
from netspec.figure.units.elided import size_label
from netspec.ir.graph import Edge, Graph, Layer, Scope
from netspec.ir.graph import Node as Step
from netspec.ir.marks import BOX, ordinal
from netspec.ir.types import Time, Type, type_text

PAD_X, PAD_Y = 2.6, 2.1  # from the text of a box to its outline
THIN_PAD, LEAST_WIDTH = 1.3, 14.0  # what remains of both on a page; the least width of a box
LOW = 42.0  # mm: the width of the lines of text in a box that is to be low
SIGN, FORK = 3.0, 0.7  # radii of the circle of a sum or join, and of the dot where a value goes to several readers
MOST_READERS = 8  # if more boxes read one value, no wires are drawn for it: each of them names the value instead


def plan_of(graph: Graph, settings: FigureSettings) -> Plan:
    """Return the plan of a net's figure: all boxes, frames and arrows, with the size of every box and label."""
    drawings = opened(graph, settings)
    main, *beside = (_plan(collapsed) for collapsed in drawings)
    main.steps = {index: node for collapsed in drawings for index, node in collapsed.steps.items()}
    main.closed = drawings[0].part.nodes.difference(*(collapsed.named_in_boxes() for collapsed in drawings))
    main.left_out, main.unheard = tuple(drawings[0].left_out), tuple(drawings[0].unheard)
    boxes, arrows = main.boxes, main.arrows
    aside = side_values(boxes, arrows)
    apart = set[str]().union(*aside.values())
    net = [box for box in boxes if box.id not in apart]
    joining = [arrow for arrow in arrows if arrow.source not in apart]
    turned = as_u(net, joining) if settings.direction in (None, "down", "up") else None
    if turned is not None:
        main.boxes = [*net, *(box for box in boxes if box.id in apart)]
        main.arrows = turned + [arrow for arrow in arrows if arrow.target in apart]
        main.direction = settings.direction or "down"
        _name_in_readers(boxes, [arrow for arrow in arrows if arrow.source in aside and arrow.target not in apart])
    else:
        set_out(main, settings.direction, settings.columns, bool(beside))
    done = 1 + sum(arrow.carry for arrow in main.arrows)
    main.columns = done if settings.columns is not None and done != settings.columns else None
    main.room, main.high, main.gap = settings.fit.width, settings.fit.height, settings.fit.gap
    for plan in beside:
        main.boxes += plan.boxes
        main.arrows += plan.arrows
        main.clusters += plan.clusters
    return main


def _plan(collapsed: CollapsedGraph) -> Plan:
    """Return the plan of one drawing: of the net, or of a block that stands beside the net in a frame."""
    arrows = _arrows(collapsed)
    boxes = [_box(collapsed, group) for group in collapsed.groups]
    boxes, arrows = with_choices(collapsed, boxes, arrows, collapsed.step, collapsed.fit.space(PAD_X, THIN_PAD))
    clusters = [_cluster(collapsed, scope) for scope in collapsed.clusters]
    for box, arrow in _results(collapsed):
        boxes.append(box)
        arrows.append(arrow)
    arrows = _tagged(boxes, arrows)
    plan = Plan(boxes, clusters, straighten(boxes, arrows))
    return _framed(plan, collapsed) if collapsed.part.name else plan


def _tagged(boxes: list[Box], arrows: list[Arrow]) -> list[Arrow]:
    """Replace the wires of a value that very many boxes read by the name of the value in each of these boxes.

    A reader cannot follow dozens of wires from one box.
    """
    by_id = {box.id: box for box in boxes}
    readers = Counter(arrow.source for arrow in arrows if not arrow.delay)

    def named(arrow: Arrow) -> bool:
        many = readers[arrow.source] > MOST_READERS and not arrow.delay
        return many and by_id[arrow.target].shape == "round" and bool(by_id[arrow.source].rows)

    _name_in_readers(boxes, [arrow for arrow in arrows if named(arrow)])
    return [arrow for arrow in arrows if not named(arrow)]


def _name_in_readers(boxes: list[Box], arrows: list[Arrow]) -> None:
    """Write the name of a value into each box that an arrow would lead it to: beside its name if there is room."""
    by_id = {box.id: box for box in boxes}
    for arrow in arrows:
        source, target = by_id[arrow.source], by_id[arrow.target]
        after = (Atom(" "), *arrow.label) if arrow.round else ()
        row = Row((Atom("← "), *source.rows[0].line, *after), LIGHT, "guide")
        name, *rest = target.rows
        longer = replace(name, line=(*name.line, Atom("  "), *row.line))
        if rest and line_width(longer.line, longer.size) <= max(NARROW, target.width - 2 * PAD_X):
            row, target.rows = longer, (longer, *rest)
        else:
            target.rows = (*target.rows, row)
            target.height += row.size * LEADING
        target.width = max(target.width, line_width(row.line, row.size) + 2 * PAD_X)


def _results(collapsed: CollapsedGraph) -> list[tuple[Box, Arrow]]:
    """Return for each result of the drawing a text with the result's type, and the arrow that leads to this text.

    The result's name stands before its type unless the box that it comes from has this name.
    """
    found = []
    for place, (path, edge) in enumerate(collapsed.part.results, 1):
        source = collapsed.of[collapsed.sources(edge)[0][0].node]
        scope = collapsed.graph.scopes[collapsed.part.scope]
        inner = collapsed.part.name != "" and len(scope.result_names) >= place
        name = scope.result_names[place - 1] if inner else path
        known = source.layer.label == name and not (inner and source.sign)  # a sign of a block has no name
        known = known or (inner and len(collapsed.part.results) == 1)
        value = collapsed.type_left(edge) if _typed(collapsed) else None
        type_ = "" if value is None else type_words(value, collapsed.lang)
        line = words(": ".join(filter(None, ("" if known and type_ else name, type_))))
        box = Box(f"{path}.out.{place}", "text", (Row(line, LIGHT, "guide"),), "tint-plain", "ink", "", path)
        box.width, box.height = line_width(line, LIGHT) + 2, LIGHT * 1.6
        after = collapsed.round_read(edge)
        text = ", ".join(_after(collapsed, after))
        found.append((box, replace(_arrow(source, source, text, 0, ""), target=box.id, head=True, round=after)))
    return found


# ---- boxes


def _box(collapsed: CollapsedGraph, group: NodeGroup) -> Box:
    graph, layer = collapsed.graph, group.layer
    if group.fork:
        box = Box(group.id, "dot", (), "ink", "ink", "")
        box.width = box.height = 2 * FORK
    elif group.sign:
        box = _sign(collapsed, group)
    else:
        shape: BoxShape = "pill" if group.nodes[0].kind == "input" or group.outside or group.port else "round"
        rows = _retitled(collapsed, group) or _rows(collapsed, group)
        box = Box(group.id, shape, rows, tint_of(collapsed.settings, group), _ink(graph, group), "")
        pad = collapsed.fit.space(PAD_X, THIN_PAD)
        box.width = max(line_width(row.line, row.size) for row in box.rows) + 2 * pad + (2 if shape == "pill" else 0)
        box.height = sum(row.size for row in box.rows) * LEADING + 2 * collapsed.fit.space(PAD_Y, THIN_PAD)
        box.width = max(box.width, collapsed.fit.space(LEAST_WIDTH))
    box.cluster = _cluster_id(collapsed, group.cluster)
    box.layer = layer.path
    rounds = [graph.nodes[index].type for index in collapsed.rounds.get(group.nodes[-1].index, ())]
    value = (rounds or [group.nodes[-1].type])[-1]
    box.tip = f"{layer.path}: {type_words(value, collapsed.lang)}"
    box.extent = (*value.space, value.time and value.time.length) if value.space or value.time else (value.maps,)
    return box


def _retitled(collapsed: CollapsedGraph, group: NodeGroup) -> tuple[Row, ...]:
    """Return the words that the user put in the place of a box's own; none if there are no such words."""
    ended = _line_ended(collapsed, group)
    title = None if ended is None else collapsed.settings.of(ended.path).title
    if not title:
        return ()
    step_lines(collapsed, group)  # so that it is known which steps the words stand for
    return tuple(Row(line, collapsed.step) for line in wrapped(title, collapsed.widest, collapsed.step))


def _sign(collapsed: CollapsedGraph, group: NodeGroup) -> Box:
    """Return the box of a sum or join: a circle, or a pill with the line's name and caption.

    The name of a line inside a block stands there only if the line has a caption or a later time step reads it.
    """
    sign, node = group.sign, group.nodes[0]
    retitled = _retitled(collapsed, group)
    ended = _line_ended(collapsed, group)
    delayed = any(collapsed.graph.nodes[index].delay for index in collapsed.readers.get(node.index, ()))
    named = ended if ended is not None and (delayed or ended.caption or not ended.scope) else None
    found = marks_of(collapsed.graph, node, collapsed.lang)[1:]
    marks = [mark.text for mark in found if mark.rank == BOX and mark.option != ORDER]
    collapsed.steps[node.index] = node
    if marks:
        sign = node.op.title(collapsed.lang)
    text = ", ".join((sign if named is None else f"{named.label}: {sign}", *marks))
    rows = retitled or (Row(words(text), collapsed.step), *([] if named is None else _caption(collapsed, named)))
    alone = not retitled and text == sign
    box = Box(group.id, "circle" if alone else "pill", rows, "tint-plain", "ink", "")
    box.height = max(2 * SIGN, sum(row.size for row in rows) * LEADING + (PAD_Y if len(rows) > 1 else 0.0))
    box.width = 2 * SIGN if alone else max(line_width(row.line, row.size) for row in rows) + 4.4
    return box


def _ink(graph: Graph, group: NodeGroup) -> str:
    if group.outside:
        return "faint"
    if group.port or group.nodes[0].kind == "input":
        return "input"
    ends = {edge.node for index in graph.outputs for edge in graph.layers[index].values}
    return "output" if any(node.index in ends for node in group.nodes) else "ink"


def _rows(collapsed: CollapsedGraph, group: NodeGroup) -> tuple[Row, ...]:
    layer, step = group.layer, collapsed.step
    rows: list[Row] = []
    if group.outside:
        return (Row(words(layer.path, "bold"), LIGHT, "guide"),)
    if group.port:
        return (Row(words(group.port, "bold"), NAME),)
    if group.line or group.nodes[0].kind == "input":
        if group.nodes[0].kind == "input" or _line_ended(collapsed, group) is layer:
            rows += [Row(_name(layer), NAME), *_caption(collapsed, layer)]
        texts, widest = step_lines(collapsed, group), collapsed.widest
        if collapsed.fit.low:
            texts, widest = [" → ".join(texts)] if texts else [], LOW
        for text in texts:
            rows += [Row(line, step if not layer.caption else LIGHT) for line in _broken(text, step, widest)]
        return (*rows, *_shared(collapsed, group), *_back(collapsed, group))
    if group.scope is not None:
        title = scope_title(collapsed, group.scope, group.times)
        broken = _broken(title, NAME, collapsed.widest)
        rows += [Row(tuple(atom._replace(style="bold") for atom in line), NAME) for line in broken]
        if layer.scope == 0:
            rows += [Row(words(layer.label), LIGHT, "faint"), *_caption(collapsed, layer, group.scope)]
        return (*rows, *_shared(collapsed, group), *_back(collapsed, group))
    ended = _line_ended(collapsed, group)
    if ended is not None:
        size, ink = (NAME, "ink") if collapsed.depth == 0 else (LIGHT, "guide")  # as in the boxes of closed lines
        rows.append(Row(_name(ended), size, ink))
        rows += _caption(collapsed, ended)
    for number, text in enumerate(step_lines(collapsed, group)):
        rows += [Row(line, LIGHT if number else step) for line in _broken(text, step, collapsed.widest)]
    if ended is not None and (again := again_as_whole(collapsed, ended)):
        text = say("all of", collapsed.lang).format(label=ended.label, words=again)
        rows += [Row(line, LIGHT, "guide") for line in _broken(text, LIGHT, collapsed.widest)]
    return tuple(rows)


def _caption(collapsed: CollapsedGraph, layer: Layer, scope: Scope | None = None) -> list[Row]:
    """Return the rows of a line's caption; at a block or repeat of the line only if the line ends with it.

    A caption that is the line's name is no news: the name stands above it.
    """
    ends = scope is None or any(scope.first <= edge.node < scope.last for edge in layer.values)
    said = layer.caption if ends else ""
    if _letters(said) == _letters(layer.label):
        return []
    return [Row(line, LIGHT) for line in wrapped(said, collapsed.widest, LIGHT)] if said else []


_ENDS = (": ", " → ", "; ", ", ")  # behind which a text in a box goes on in the next line, the best first


def _broken(text: str, size: float, widest: float, signs: tuple[str, ...] = _ENDS, inside: int = 0) -> tuple[Line, ...]:
    """Break a text into lines of at most this width: after arrows and points if there are any, else between words.

    A call is broken before its parentheses, and in them only where they have no room in a line: then `inside` is 1.
    """
    name, sign, given = text.partition("(")
    if line_width(words(text), size) <= widest or not (signs or (sign and not inside)):
        return wrapped(text, widest, size)
    if not signs:
        if not name:
            return _broken(text, size, widest, inside=1)
        return (*wrapped(name.rstrip(), widest, size), *_broken(sign + given, size, widest, ()))
    sign, *rest = signs
    lines: list[str] = []
    for piece in _pieces(text, sign, inside):
        longer = f"{lines[-1]}{sign}{piece}" if lines else piece
        if lines and line_width(words(longer + sign.rstrip()), size) <= widest:
            lines[-1] = longer
        else:
            lines.append(piece)
    ended = [line + sign.rstrip() for line in lines[:-1]] + lines[-1:]
    return tuple(line for text in ended for line in _broken(text, size, widest, tuple(rest), inside))


def _pieces(text: str, sign: str, inside: int) -> list[str]:
    """Split a text at a sign, but not in more parentheses than `inside`."""
    found, depth = list[str](), 0
    for piece in text.split(sign):
        found = [*found[:-1], f"{found[-1]}{sign}{piece}"] if depth > inside else [*found, piece]
        depth += piece.count("(") - piece.count(")")
    return found


def _shared(collapsed: CollapsedGraph, group: NodeGroup) -> list[Row]:
    """Return a row that says whose weights the closed blocks of a box use; no row if there are none.

    That these are their own is said where a box beside it stands for the same blocks.
    """
    weighted = [node for node in group.nodes if node.path and node.index not in collapsed.steps]
    if not weighted or not all(node.again for node in weighted):
        twin = bool(weighted) and collapsed.has_twin(group)
        return [Row(words(say("own weights", collapsed.lang)), LIGHT, "guide")] if twin else []
    own = {node.path for node in weighted}
    first = next((node for node in collapsed.graph.nodes if node.path in own and not node.again), None)
    if first is None:
        return []
    graph, owner = collapsed.graph, collapsed.graph.layers[first.layer]
    around = {up.index for up in graph.ancestors(weighted[0].scope if group.scope is None else group.scope.parent)}
    while owner.scope not in around:
        owner = graph.layers[graph.scopes[owner.scope].layer]
    return [Row(words(say("weights of", collapsed.lang).format(label=owner.label)), LIGHT, "guide")]


def _back(collapsed: CollapsedGraph, group: NodeGroup) -> list[Row]:
    """Return the rows that say which earlier steps the lines in a closed box read of each other, if no loop says it."""
    delays = {
        delays
        for node in group.nodes
        for edge in node.inputs
        for source, delays in collapsed.in_calls(edge)
        if delays[0] > 0 and collapsed.of.get(source.node) is group and not collapsed.recurs(node.index, source.node)
    }
    text = say("back", collapsed.lang).format(steps=", ".join(_times(collapsed, delays, 1)))
    return [Row(line, LIGHT, "loop") for line in _broken(text, LIGHT, collapsed.widest)] if delays else []


def _letters(text: str) -> str:
    """Return the letters and digits of a text: a caption that differs in others from a name is the name."""
    return re.sub(r"[\W_]+", "", "".join(map(in_characters, paragraph(text)))).casefold()


def _name(layer: Layer) -> Line:
    """Return the name of a line in bold: as its caption writes it, if that says no more."""
    same = _letters(layer.caption) == _letters(layer.label) and "$" not in layer.caption and layer.role != "start"
    return words(layer.caption if same else _label(layer), "bold")


def _label(layer: Layer) -> str:
    return f"start {layer.label}" if layer.role == "start" else layer.label


def _line_ended(collapsed: CollapsedGraph, group: NodeGroup) -> Layer | None:
    """Return the line whose value is computed in a box, so that the box can show its name; None if there is none."""
    graph = collapsed.graph
    if group.line or group.scope is not None:
        results = [source.node for edge in group.layer.values for source, _ in collapsed.sources(edge)]
        return group.layer if any(collapsed.of.get(index) is group for index in results) else None
    for node in group.nodes:
        layer = graph.layers[node.layer]
        scope = graph.scopes[node.scope]
        nameless = scope.copies is not None and scope.source is None  # the last step in braces is no line of the author
        if not nameless and any(edge.node == node.index for edge in layer.values):
            return layer
    return None


def _cluster_id(collapsed: CollapsedGraph, index: int) -> str:
    """Return the id of a scope's frame: its path, and a number if a block is used again, which has the same path."""
    if index < 0:
        return ""
    path = collapsed.graph.scopes[index].path
    again = sum(1 for scope in collapsed.graph.scopes[:index] if scope.path == path)
    return f"cluster {path}" + (f" again {again}" if again else "")


def _cluster(collapsed: CollapsedGraph, scope: Scope) -> Cluster:
    times = len(scope.children) if scope.kind == "repeat" else 1
    layer = collapsed.graph.layers[scope.layer]
    name = scope_title(collapsed, scope, times, call=False)
    title = words(f"{layer.label}: {name}" if layer.scope == 0 and scope.parent == 0 else name, "bold")
    block = collapsed.block_of(scope) if scope.kind == "repeat" else scope
    parent = scope.parent
    while parent >= 0 and not collapsed.drawn(collapsed.graph.scopes[parent]):
        parent = collapsed.graph.scopes[parent].parent
    found = Cluster(_cluster_id(collapsed, scope.index), title, _cluster_id(collapsed, parent), layer.path)
    found.ink = collapsed.settings.of(block.name).color if block is not None else ""
    if layer.scope == 0 and scope.parent == 0:
        found.rows = tuple(_caption(collapsed, layer, scope))
    if collapsed.choice(scope) is not None:
        said = words(choice_words(collapsed, scope))
        found.rows = (*found.rows, *([Row(said, LIGHT, "faint")] if said else []))
    return _titled(found)


def _titled(frame: Cluster) -> Cluster:
    """Give the title of a frame and the rows below it the size that they need."""
    rows = (Row(frame.title, NAME), *frame.rows)
    frame.width = max(line_width(row.line, row.size) for row in rows) + 2
    frame.height = sum(row.size for row in rows) * LEADING + 0.4
    return frame


def _framed(plan: Plan, collapsed: CollapsedGraph) -> Plan:
    """Put the plan of a block that is drawn beside the net into a frame.

    The title of the frame is the block's name; below it stand the sizes of the instance that is drawn.
    """
    scope = collapsed.graph.scopes[collapsed.part.scope]
    kind = collapsed.kind(scope)
    name = f"detail {collapsed.part.name}" + (f" {kind + 1}" if kind else "")
    title = words(collapsed.part.name, "bold")
    said = arguments(collapsed, scope)
    rows = [Row(line, LIGHT, "faint") for line in _broken(said, LIGHT, collapsed.widest)] if said else []
    frame = _titled(Cluster(name, title, "", collapsed.graph.layers[scope.layer].path, rows=tuple(rows)))
    frame.ink = collapsed.settings.of(collapsed.part.name).color
    names = {box.id: f"{name}/{box.id}" for box in plan.boxes}
    frames = {cluster.id: f"{name}/{cluster.id}" for cluster in plan.clusters}
    for box in plan.boxes:
        box.id, box.cluster = names[box.id], frames.get(box.cluster, name)
    for cluster in plan.clusters:
        cluster.id, cluster.parent = frames[cluster.id], frames.get(cluster.parent, name)
    plan.clusters.insert(0, frame)
    ends = [(names[arrow.source], names[arrow.target]) for arrow in plan.arrows]
    plan.arrows = [
        replace(arrow, source=source, target=target) for arrow, (source, target) in zip(plan.arrows, ends, strict=True)
    ]
    return plan


# ---- arrows


def _arrows(collapsed: CollapsedGraph) -> list[Arrow]:
    """Return one arrow from each drawn value to each box that reads the value.

    The first arrow from a box shows the type of its value, if the box reads no value of the same type. If a box reads a
    value of this time step and of earlier ones, there is one arrow for each of the two cases; and one for each round
    of a repeat after which it reads the value.
    """
    values: dict[tuple[str, str, int, int], Type | None] = {}
    words: dict[tuple[str, str, int, int], dict[str, None]] = {}
    places: dict[tuple[str, str, int, int], dict[int, tuple[int, ...]]] = {}
    delays: dict[tuple[str, str, int], set[tuple[int, ...]]] = {}
    mains: dict[tuple[str, str, int, int], str] = {}
    ends: dict[str, NodeGroup] = {}
    # boxes whose words say in which order they read which values: `u & d1`
    lines = [one for one in collapsed.groups if one.line and not _retitled(collapsed, one)]
    spelled = {one.id for one in lines if not is_chain(collapsed, one)}
    for node in collapsed.graph.nodes:
        target = collapsed.of.get(node.index)
        if target is None or target.outside or target.port:
            continue
        for position, edge in enumerate(node.inputs):
            for source_edge, steps in collapsed.in_calls(edge):
                source, delay = collapsed.of.get(source_edge.node), steps[0]
                if source is None or (source is target and not delay):
                    continue
                if source is target and delay > 0 and not collapsed.recurs(node.index, source_edge.node):
                    continue  # nothing recurs: the box says in words that its inner lines read earlier steps
                ends |= {source.id: source, target.id: target}
                after = collapsed.round_read(edge, node.index, delay < 0)
                delays.setdefault((source.id, target.id, after), set()).add(steps)
                key = (source.id, target.id, min(delay, 1), after)
                values.setdefault(key, collapsed.type_read(node, position, source_edge))
                said = words.setdefault(key, {})
                role, main = _role(collapsed, target, node, position)
                if role == ordinal(position + 1, collapsed.lang):
                    role = ""
                    if delay >= 0 and target.id not in spelled:
                        places.setdefault(key, {})[position] = steps
                if not delay:
                    repeated = collapsed.folded(edge)
                    said |= dict.fromkeys((_part(collapsed, source, source_edge), role, *repeated))
                    if main:  # the others say what they are
                        mains[key] = role
    found = []
    # an arrow that is two inputs which no times tell apart: then all say which they are
    twice = {key[1] for key, of in places.items() if len(of) > 1 and not (key[2] and _in_a_row(of))}
    typed: set[tuple[str, Type]] = set()
    given = _given(collapsed)
    for key, value in values.items():
        source_id, target_id, least, after = key
        source, target = ends[source_id], ends[target_id]
        texts = [text for text in words[key] if text]
        texts = [] if texts == [mains.get(key)] else texts
        if not least and value is not None and (source_id, value) not in typed and _is_news(collapsed, source, value):
            typed.add((source_id, value))
            texts.append(type_words(value, collapsed.lang))
        if least:
            texts = _times(collapsed, delays[source_id, target_id, after], least)
        texts = [*_after(collapsed, after), *texts]
        own = given.get((source.layer.path, target.layer.path)) if source.layer is not target.layer else None
        texts = texts if own is None else [own]
        order = places.get(key, {}) if own is None else {}
        numbers = [ordinal(place + 1, collapsed.lang) for place in sorted(order, key=lambda place: order[place])]
        text, numbered = ", ".join(texts), ", ".join((*numbers, *texts)) if numbers else ""
        if target_id in twice:
            text, numbered = numbered or text, ""
        found.append(replace(_arrow(source, target, text, least, numbered), round=after))
    return sorted(found, key=lambda arrow: not arrow.round)  # one with a word runs straight, others bend around it


def _after(collapsed: CollapsedGraph, number: int) -> list[str]:
    """Return the words of an arrow that leaves a repeat after one of its rounds; none after the last round."""
    return [say("after round", collapsed.lang).format(number=number)] if number else []


def _given(collapsed: CollapsedGraph) -> dict[tuple[str, str], str]:
    """Return the words that the user wrote on arrows, by the paths of the two lines."""
    found = {}
    for source, target, said in filter(None, map(split_arrow, collapsed.settings.arrows)):
        for before in lines_named(collapsed.graph, source):
            for after in lines_named(collapsed.graph, target):
                found[before.path, after.path] = said
    return found


def _times(collapsed: CollapsedGraph, delays: set[tuple[int, ...]], least: int) -> list[str]:
    """Return the time steps from which the values of a delayed arrow come: `t−1`, `t−2d`, or `t=0` for a start."""
    if least < 0:
        return ["t=0"]
    return [f"t−{steps_back(collapsed, steps)}" for steps in sorted(delays) if steps[0] > 0]


def _part(collapsed: CollapsedGraph, source: NodeGroup, edge: Edge) -> str:
    """Return which of several values of a box an arrow carries: the name of a block's output, or `h.2`."""
    for scope in collapsed.graph.scopes:
        called = scope is source.scope or (source.line and scope.layer == source.layer.index)
        if called and scope.kind == "block" and len(scope.results) > 1 and edge in scope.results:
            return scope.result_names[scope.results.index(edge)]
    return f"{source.layer.label}.{edge.output + 1}" if len(collapsed.graph.nodes[edge.node].types) > 1 else ""


def _role(collapsed: CollapsedGraph, target: NodeGroup, node: Step, position: int) -> tuple[str, bool]:
    """Return what a value is for the box that reads it, if the box reads several: `keys`, or the name of an input.

    And whether that is the first input of a block, which the wire that leads on from step to step brings.
    """
    graph = collapsed.graph
    around = list(graph.ancestors(node.scope))
    # the block that the box stands for, or the outermost one that its line calls
    whole = [one for one in around if one is target.scope or (target.line and one.layer == target.layer.index)][-1:]
    if whole:
        blocks = [one for one in around[: around.index(whole[0]) + 1] if len(one.ports) > 1]
        names = {port: name for one in blocks[-1:] for port, name in zip(one.ports, one.port_names, strict=False)}
        read = graph.nodes[node.inputs[position].node]
        while read.kind == "port" and read.index not in names:
            read = graph.nodes[read.inputs[0].node]
        return names.get(read.index, ""), next(iter(names), None) == read.index
    if not target.line and node.op.chooser() is not None:
        return "", False  # its parts are boxes with names
    # what a later step of a closed line reads besides is said by the line's text
    roles = () if target.line and node is not target.nodes[0] else node.op.roles(len(node.inputs), collapsed.lang)
    return roles[position] if len(roles) > position else "", False


def _in_a_row(places: dict[int, tuple[int, ...]]) -> bool:
    """Whether earlier values of one box are inputs that follow each other, in the order of their delays."""
    found = sorted(places, key=lambda place: places[place])
    return found == list(range(found[0], found[0] + len(found)))


def _arrow(source: NodeGroup, target: NodeGroup, text: str, delay: int, numbered: str) -> Arrow:
    line, more = (inline(one) if one else () for one in (text, numbered))
    size = label_size(line) if line else (0.0, 0.0)
    return Arrow(source.id, target.id, line, delay, *size, head=not target.fork, numbered=more)


def _is_news(collapsed: CollapsedGraph, source: NodeGroup, value: Type) -> bool:
    """Whether the value of a box has another type than every value that the box reads."""
    if not _typed(collapsed) or source.fork:
        return False
    if source.outside or source.port:
        return True
    own = {node.index for node in source.nodes}
    reads = [
        collapsed.graph.nodes[edge.node].types[edge.output]
        for node in source.nodes
        for edge in node.inputs
        if any(read.node not in own for read, _ in collapsed.sources(edge))
    ]
    if collapsed.fit.types == Types.STAGES and reads:
        return all((read.space, read.time) != (value.space, value.time) for read in reads)
    return all(read != value for read in reads)


def _typed(collapsed: CollapsedGraph) -> bool:
    """Whether some arrows of a drawing say the types of their values."""
    return collapsed.fit.types == Types.ALL or (collapsed.fit.types > Types.NONE and not collapsed.part.name)


_TIMES = re.compile(r"(?<=\d)x(?=\d)| x ")


def type_words(value: Type, lang: str) -> str:
    """Return a type as textbooks write it: 64@56×56, 10 × 64 for 64 values at each of 10 steps, 10 classes."""
    steps = ""
    if isinstance(value.time, Time):
        steps = ("≤ " if value.time.varying else "") + size_label(value.time.length)
    if value.classes is not None and not value.space:
        name = "tokens" if steps else "classes"
        return say(name, lang).format(steps=steps, classes=size_label(value.classes))
    one = type_text(value._replace(time=None))
    text = _TIMES.sub(lambda match: " × " if match[0] == " x " else "×", one)
    return f"{steps} × {f'({text})' if ' + ' in text else text}" if steps else text


# ---- the scene


def scene_of(plan: Plan, placed: Placed) -> Scene:
    """Draw a plan, with each box, frame and arrow at the place that the layout engine chose."""
    canvas = Canvas()
    nodes: dict[str, Node] = {}
    for box in plan.boxes:
        if box.shape != "text":
            nodes[box.id] = _draw_box(canvas, box, "circle" if box.shape == "dot" else box.shape, placed.boxes[box.id])
    for arrow in plan.arrows:
        points, middle = placed.arrows[arrow.id]
        points = _on_rims(points, nodes.get(arrow.source), nodes.get(arrow.target))
        pen = Pen(ink="loop", width=0.365, opacity=0.8) if arrow.delay else Pen(width=HAIR * 1.15)
        source, target = (end if end in nodes else "" for end in (arrow.source, arrow.target))
        canvas.wire(
            source,
            target,
            points,
            pen=pen,
            curved=True,
            id=arrow.id,
            head=arrow.head,
            classes=("delayed",) if arrow.delay else (),
        )
        label = arrow.numbered if arrow.id in placed.numbered else arrow.label
        if label and middle is not None:
            row = Row(label, LIGHT, "loop" if arrow.delay else "guide")
            _centred(canvas, f"{arrow.id}.shape", (row,), middle, "", ("shape",))
    for cluster in plan.clusters:
        _draw_frame(canvas, cluster, *placed.clusters[cluster.id])
    for box in plan.boxes:
        inside = box.id if box.shape != "text" else ""
        _centred(canvas, box.id, box.rows, placed.boxes[box.id], inside, ("label",) if inside else ("shape",))
    canvas.clear("shape")
    canvas.clear("title", "tint-cluster")
    # paint the frames first, outer ones before inner ones; pills are in the same list and must lie over the frames
    canvas.back.sort(key=lambda item: isinstance(item, Node))
    return canvas.scene("blocks")


def unplaced(plan: Plan) -> Scene:
    """Return the boxes of a plan, all at one place: what stands in the words around them needs no layout."""
    canvas = Canvas()
    for box in plan.boxes:
        if (shape := box.shape) != "text":
            _draw_box(canvas, box, "circle" if shape == "dot" else shape, Point(0, 0))
    return canvas.scene("blocks")


def _draw_frame(canvas: Canvas, cluster: Cluster, frame: Rect, middle: Point) -> None:
    """Draw a frame with its title, and the rows below the title."""
    pen = Pen(ink=cluster.ink or "faint", width=HAIR * (3 if cluster.ink else 1))
    canvas.polygon(cluster.id, frame.corners, pen=pen, fill="tint-cluster", classes=("cluster",), layer=cluster.layer)
    left, top = middle.x - cluster.width / 2, middle.y - cluster.height / 2
    for number, row in enumerate((Row(cluster.title, NAME), *cluster.rows)):
        base = top + row.size * (LEADING / 2 + 0.36)
        name = f"{cluster.id}.title" if not number else f"{cluster.id}.row{number}"
        canvas.text(name, (row.line,), left, base, row.size, align="start", ink=row.ink, classes=("title",))
        top += row.size * LEADING


def _draw_box(canvas: Canvas, box: Box, shape: Shape, at: Point) -> Node:
    return canvas.node(
        box.id,
        *at,
        box.width / 2,
        box.height / 2,
        shape=shape,
        ink=box.ink,
        fill=box.tint,
        width=HAIR * (1.6 if box.ink in ("input", "output") else 1.15),
        classes=("fork",) if box.shape == "dot" else ("block",),
        layer=box.layer,
        tip=box.tip,
    )


def _on_rims(points: tuple[Point, ...], source: Node | None, target: Node | None) -> tuple[Point, ...]:
    """Move the ends of a line onto the outlines of the boxes, whose corners may be round."""
    first = points[0] if source is None else source.rim(points[0])
    last = points[-1] if target is None else target.rim(points[-1])
    return (first, *points[1:-1], last)


def _centred(
    canvas: Canvas, id: str, rows: tuple[Row, ...], point: Point, inside: str, classes: tuple[str, ...]
) -> None:
    """Write rows of text, each in its own size, one below the other so that their middle is at a point."""
    height = sum(row.size for row in rows) * LEADING
    y = point.y - height / 2
    for number, row in enumerate(rows, 1):
        base = y + row.size * (LEADING / 2 + 0.36)
        canvas.texts.append(
            Text(
                id=f"{id}.row{number}" if inside else id,
                lines=(row.line,),
                x=point.x,
                y=base,
                size=row.size,
                ink=row.ink,
                inside=inside,
                classes=classes,
            )
        )
        y += row.size * LEADING


__all__ = ["Line", "plan_of", "scene_of", "type_words"]
