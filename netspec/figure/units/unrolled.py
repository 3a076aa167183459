"""The `unrolled` view draws a recurrence as one cell for each time step, and the input sequence as a table."""

from __future__ import annotations

import math as numbers
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from itertools import combinations, pairwise, product
from typing import Any

from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic
from netspec.figure.notes import lines_named, noun
from netspec.figure.scene import Node, Pen, Point, Rect, Scene, Shape, Value, Wire, layout
from netspec.figure.scene.canvas import Canvas, boxed, fitted
from netspec.figure.scene.tex import Atom, Line
from netspec.figure.scene.typeset import axis, line_width, math, paragraph, symbol, upright, widest, words, wrapped
from netspec.figure.settings import FigureSettings, split_arrow
from netspec.figure.strings import say
from netspec.figure.units import Group, Link, Unsuitable, lone_links
from netspec.figure.units.columns import Block, columns_of
from netspec.figure.units.elided import Gap, Unit, size_label
from netspec.figure.units.neurons import free_beside
from netspec.ir.graph import Graph
from netspec.ir.sizes import Size
from netspec.ir.sizes import text as size_text
from netspec.ir.types import Time, Type

NEXT = 17.6  # mm from one circle to the next in a pill
OVER = 28.0  # mm from one circle to the next if dots stand between them
BETWEEN = 15.0  # mm between two pills of a cell, one above the other
APART = 16.0  # mm between two cells; also the length of an arrow with an open end
CLEAR, LANE = 4.5, 3.2  # mm from a pill to the first wire that runs beside it, and from one such wire to the next
PORT = 6.0  # mm between two arrows that enter a pill
ROUND = 1.2  # which part of its radius the arrows that enter or leave a round end may take
BESIDE, MARGIN, TURN = -1, -2, -3  # lanes that are not below a row
HIGH = layout.UNIT + layout.PILL  # half the height of a pill
CLOSE = 8.0  # mm: what remains of BETWEEN and APART on a page with little room
CAPTIONS = 2.0  # mm: the least room between the captions of two cells
THICK = 0.665  # width of the arrows between pills
CAPTION = layout.CAPTION
ROW, FRAME = 11.2, 0.465  # height of a row of the table, and width of its outline
VECTOR = 4.9  # font size in the table
STEPS, MOST_STEPS = 3, 5  # time steps that are drawn; at most, if reads of earlier steps need more
LONG = 0.7  # a name whose letters would be smaller than this part of the usual stands beside the row, not in circles
STAGGER = 0.95  # from one circle to the next of a rank, where each has a row of its own, in diameters
INSIDE = 5.0  # mm from one circle to the next of a row in a cell, at most
KIND = 7.0  # size of the name of a recurrent operation in its shape
DOTS = 4.3  # mm: half the width of an ellipsis
ARROW = 6.0  # mm: the length of an arrow from a target to its loss
ZERO = 5.0  # mm: the length of an arrow from a zero that is read before the first step
TOLD = 2.4  # mm from a circle to the word of its step
NEW = "\n"
NAMES = 9.5  # the longest line of a row's name on a page, in sizes of its letters


@dataclass(slots=True)
class Cell:
    """One time step, with a pill (a box with round ends) for each group of units; or, before the steps, what starts."""

    phase: int
    step: str  # "" for the values from which the first step starts
    number: int = 0  # which step it is, from 0; -1 for the last one
    last: bool = False  # whether it is the last one that is drawn of its phase
    pills: dict[Group, Node] = field(default_factory=dict)
    left: float = 0.0
    right: float = 0.0
    line: int = 0  # which line of cells it stands in
    y: float = 0.0  # the middle of the lowest row


@dataclass(slots=True)
class Unrolled:
    """What the functions of this view share while they draw one figure.

    A phase is a run through time steps of its own: a decoder begins when the encoder has ended. Rows are numbered from
    below. Wires run in lanes: `lanes` has those of the channel below each row, those at the right of each cell
    (BESIDE), at the left of each line of cells (MARGIN), and between two lines (TURN).
    """

    graph: Graph
    settings: FigureSettings
    groups: list[Group]
    names: dict[Group, str]
    phases: dict[Group, int]
    ranks: dict[Group, int]
    rows: dict[Group, int]
    blocks: dict[Group, Block]
    begun: set[Group]  # what is known before the first step
    early: set[Group]  # what is known after it, and stands there
    told: dict[Group, tuple[str, ...]] = field(default_factory=dict)  # the words of steps
    lanes: dict[int, dict[object, int]] = field(default_factory=dict)
    canvas: Canvas = field(default_factory=Canvas)
    cells: list[Cell] = field(default_factory=list)
    example: bool = False  # whether the numbers of an example will stand in circles
    broken: bool = False  # whether the cells stand in lines, because the page is too narrow for one

    @property
    def steps(self) -> int:
        return self.settings.steps or STEPS

    @property
    def apart(self) -> float:
        return max(self.settings.fit.space(APART, CLOSE), self._room(max(self._words, default=(0.0, 0.0))[0]))

    @property
    def between(self) -> float:
        words = self._room(max(high for _, high in (*self._words, (0, 0))))
        return max(self.settings.fit.space(BETWEEN, CLOSE), words, self._high - 2 * HIGH)

    @property
    def _high(self) -> float:
        """How far the middles of two rows are apart, at least, so that their names do not meet."""
        size = self.settings.fit.letters(CAPTION)
        high: dict[int, float] = {}
        for group, name in self.names.items():
            row = self.rows[group]
            high[row] = max(high.get(row, 0.0), boxed(self.lines(name), size).height)
        return size / 2 + max((sum(high.get(at, 0.0) for at in (row, row + 1)) / 2 for row in high), default=0.0)

    @property
    def _words(self) -> list[tuple[float, float]]:
        """The width and height of the words on each arrow."""
        size = self.settings.fit.letters(CAPTION)
        found = [paragraph(arrow[2]) for text in self.settings.arrows if (arrow := split_arrow(text))]
        return [(box.width, box.height) for lines in found for box in [boxed(lines, size)]]

    def _room(self, words: float) -> float:
        return words + 3.0 if words else 0.0

    @property
    def indent(self) -> float:
        """The room at the left of a line of cells for the names of rows, and for wires from other lines."""
        wide = self.wide(self.names)
        return wide + self.past if wide else 0.0

    def wide(self, groups: Iterable[Group]) -> float:
        """Return the room that the names of groups need beside their rows."""
        size = self.settings.fit.letters(CAPTION)
        names = [self.lines(self.names[group]) for group in groups if group in self.names]
        names += [(words(say("step", self.settings.lang)),)] if names and self.once else []
        return max((widest(lines, size) + 4 for lines in names), default=0.0)

    def lines(self, name: str) -> tuple[Line, ...]:
        """Return the lines of a row's name; on a page it is broken."""
        size = self.settings.fit.letters(CAPTION)
        return paragraph(name) if self.settings.page is None else wrapped(name, NAMES * size, size)

    @property
    def once(self) -> bool:
        """Whether the words 'time step' stand once at the left, because cells are narrower than these words."""
        size, least = self.settings.fit.letters(CAPTION), min(_width(self, block) for block in self.blocks.values())
        return line_width(words(f"{say('step', self.settings.lang)} 1"), size) > least

    @property
    def under(self) -> float:
        """How far below the lowest row the names of time steps stand."""
        low = any(self.rows[group] == 0 for group in self.told)
        return 4.5 + (TOLD + layout.LEADING * self.settings.fit.letters(CAPTION) if low else 0.0)

    @property
    def over(self) -> float:
        """How far above the highest row the words of steps reach."""
        high = [group for group in self.told if self.rows[group] > 0]
        arrow = ARROW if any(group.role == "loss" for group in high) else 0.0
        return arrow + TOLD + layout.LEADING * self.settings.fit.letters(CAPTION) if high else 0.0

    def word(self, group: Group, cell: Cell) -> str:
        """Return the word of a group's step: the last one where the figure leaves out steps before the last."""
        said, number = self.told.get(group, ()), cell.number if group.timed else 0
        return said[number] if -len(said) <= number < len(said) else ""

    def count(self, phase: int) -> int:
        """Return how many steps the author's words tell in a phase."""
        told = [len(said) for group, said in self.told.items() if group.timed and self.phases[group] == phase]
        return max(told, default=0)

    @property
    def past(self) -> float:
        """How far the wires between lines of cells reach past the left end of these."""
        count = len(self.lanes.get(MARGIN, ()))
        return CLEAR + LANE * count if count else 0.0

    def lane(self, row: int, owner: object) -> int:
        lanes = self.lanes.setdefault(row, {})
        return lanes.setdefault(owner, len(lanes))

    def space(self, row: int, least: float) -> float:
        """Return how wide a channel is, or the space beside a cell."""
        return max(least, 2 * CLEAR + LANE * (len(self.lanes.get(row, ())) - 1))

    def y(self, row: int) -> float:
        """Return the y of the middle of a row, from that of the lowest row."""
        return -sum(2 * HIGH + self.space(below, self.between) for below in range(1, row + 1))

    def level(self, row: int, owner: object, cell: Cell) -> float:
        """Return the y of a lane in the channel below a row."""
        return cell.y + self.y(row) + HIGH + self._inset(row, owner, self.between)

    def beside(self, cell: Cell, owner: object) -> float:
        """Return the x of a lane at the right of a cell."""
        return cell.right + self._inset(BESIDE, owner, self.apart)

    def _inset(self, row: int, owner: object, least: float) -> float:
        number, space = self.lane(row, owner), self.space(row, least)
        return (space - LANE * (len(self.lanes[row]) - 1)) / 2 + LANE * number

    def line(self, number: int) -> list[Cell]:
        return [cell for cell in self.cells if cell.line == number]

    def steps_of(self, phase: int) -> list[Cell]:
        return [cell for cell in self.cells if cell.phase == phase and cell.step]


def unrolled(graph: Graph, groups: list[Group], settings: FigureSettings, example: bool = False) -> Scene:
    """Return the figure of a recurrence; raise Unsuitable if the net has no recurrence.

    Parameters:
        example: whether the circles have the places of an example's numbers.
    """
    if not any(link.delay for group in groups for link in group.links):
        raise Unsuitable(graph.nodes[groups[-1].node])
    if settings.steps is None:
        settings = replace(settings, steps=steps_needed(groups, settings))
    groups, parts = _spread(graph, groups, settings)
    _check_words(groups, settings)
    told = {group: said for group in groups if group.label and (said := settings.of(group.layer.path).words)}
    groups, targets = _with_losses(groups, settings)
    starts = {start for group in groups for link in group.links for start in link.starts}
    blocks = {
        block.group: block for column in columns_of(groups, settings) for block in column.blocks if not block.delay
    }
    for held in kept(groups) if settings.notes != "none" else ():
        blocks[held].bias = False
    phases, begun = _phases(graph, groups)
    if settings.max_units == 1:
        blocks = {group: Block(group, 0, [Unit("1", (), None)]) for group in blocks}
    ranks, rows = _rows(groups, phases, begun)

    def row(group: Group) -> tuple[object, ...]:
        return phases[group], rows[group], group.timed, group in begun

    names = _names(graph, groups, settings, parts, row)
    names |= {start: graph.nodes[start.node].op.title(settings.lang) for start in starts if not start.links}
    drawing = Unrolled(
        graph, settings, groups, names, phases, ranks, rows, blocks, begun, _early(graph, groups), told | targets
    )
    drawing.example = example
    late = {group for group in groups if any(link.delay for link in group.links)}
    shared = any(row(one) == row(other) and ranks[one] == ranks[other] for one, other in combinations(late, 2))
    before = None
    while before != (before := (drawing.broken, sum(map(len, drawing.lanes.values())))):  # lanes decide the distances
        drawing.canvas, drawing.cells = Canvas(), []
        _draw(drawing)
        if not (drawing.broken or shared) and drawing.cells[-1].right > settings.fit.width:
            drawing.broken, drawing.lanes = True, {}
    for arrow in settings.arrows:
        _worded(drawing, arrow)
    drawing.canvas.clear("zero")
    return drawing.canvas.scene("unrolled")


def kept(groups: list[Group]) -> set[Group]:
    """Return the groups of which an arrow leads to another step: a +1 beside their units would go with them."""
    return {link.source for group in groups for link in group.links if link.delay}


def _check_words(groups: list[Group], settings: FigureSettings) -> None:
    """Raise UsageError (NS947) if a line has words but no circles, so that they would vanish."""
    drawn = {group.layer.path for group in groups if group.label}
    for path, hints in settings.layers.items() if settings.only is None else ():
        if (hints.words or hints.targets) and path not in drawn:
            name = "words" if hints.words else "targets"
            raise UsageError(Diagnostic("NS947", None, {"name": f"{path}.{name}", "layer": path}))


def steps_needed(groups: list[Group], settings: FigureSettings, least: int = STEPS) -> int:
    """Return how many time steps have words or show each read of an earlier step, if these are not too many."""
    reads = [link.delay + 1 for group in groups for link in group.links if link.delay < MOST_STEPS]
    hints = [settings.of(group.layer.path) for group in groups if group.timed]
    told = [len(said) for hint in hints for said in (hint.words, hint.targets)]
    return max(told, default=0) or max([least, *reads])


def _with_losses(groups: list[Group], settings: FigureSettings) -> tuple[list[Group], dict[Group, tuple[str, ...]]]:
    """Return the groups with a loss above each that the figure gives targets, and the targets of each loss."""
    found, targets = list(groups), dict[Group, tuple[str, ...]]()
    for group in groups:
        given = settings.of(group.layer.path).targets
        if given and group.label:
            path = f"{group.layer.path}.loss"
            layer = replace(group.layer, path=path, label="L", caption="")
            loss = replace(
                group, id=path, label="L", layer=layer, type=Type(1), role="loss", title=say("loss", settings.lang),
                links=[Link(group, "same")], bias=False, sign="", activation="", backward=False,
            )  # fmt: skip
            found.append(loss)
            targets[loss] = given
    return found, targets


def _names(
    graph: Graph, groups: list[Group], settings: FigureSettings, parts: dict[Group, str], row: Callable[[Group], object]
) -> dict[Group, str]:
    """Return what stands at rows: captions, or the names of layers that are too long for circles.

    A layer in one circle has its size there; an arrow says that a layer runs from the last step to the first. The
    groups of a row have their names at the first of them.

    Parameters:
        parts: which layer and direction a group is of a step with several.
        row: tells whether groups stand in one row.
    """
    found: dict[Group, str] = {}
    for here in ([one for one in groups if row(one) == at] for at in dict.fromkeys(map(row, groups))):
        titles = {}
        for group in here:
            given, part = settings.of(group.layer.path).title, parts.get(group, "")
            title = group.title if given is None or not (group.label or part) else given
            whole = settings.max_units == 1 and group.size != 1
            plain = not (group.sign or group.activation)
            named = group.label or (noun(graph.nodes[group.node].op, settings.lang) if plain else "")
            titles[group] = title or (named if whole or _is_long(group, settings) else "")
        said: dict[str, None] = {}
        several = len({title for group, title in titles.items() if group.label}) > 1
        for group, name in titles.items():
            if several and name not in ("", group.label) and group.label and not _is_long(group, settings):
                name = f"${_letter(group, settings)}$: {name}"  # which circle of the row it names
            part = parts.get(group, " ←" if group.backward else "")
            if name and settings.max_units == 1 and group.size != 1:  # the last of several with one size says it
                alike = [one for one in here if titles[one] and one.size == group.size]
                name += f" ({size_label(group.size)})" if group is alike[-1] else ""
            said[(f"{name}, {part}" if name and part.strip("←→ ") else f"{name} {part.strip()}").strip()] = None
        if any(said):
            found[here[0]] = _listed(filter(None, said), settings)
    return found


def _listed(names: Iterable[str], settings: FigureSettings) -> str:
    """Return names side by side, and in lines where they would take much room."""
    size = settings.fit.letters(CAPTION)
    found = ""
    for name in names:
        line = f"{found.rpartition(NEW)[2]}, {name}" if found else name
        found += f"{NEW if widest(paragraph(line), size) > NAMES * size else ' '}{name}" if found else name
        found += ","
    return found.removesuffix(",")


def _letter(group: Group, settings: FigureSettings) -> str:
    """Return what a group is called in its circles: its symbol, or its name."""
    return (settings.of(group.layer.path).symbol or group.label) if group.label else ""


def _is_long(group: Group, settings: FigureSettings) -> bool:
    """Whether the name of a group is too long for circles; it stands beside the row, and they have numbers alone."""
    line = symbol(_letter(group, settings), math("1"), math("(1)") if group.timed else ())
    return fitted(line, layout.SMALL_LABEL, layout.UNIT, layout.UNIT) < LONG * layout.SMALL_LABEL


def _spread(graph: Graph, groups: list[Group], settings: FigureSettings) -> tuple[list[Group], dict[Group, str]]:
    """Return the groups with one for each layer and direction of a step that has several, and which each of them is."""
    lang, whole = settings.lang, settings.max_units == 1
    found: list[Group] = []
    names: dict[Group, str] = {}
    ends: dict[Group, list[Group]] = {}
    for group in groups:
        op = graph.nodes[group.node].op
        before, both = [link for link in group.links if not link.delay], op.directions() > 1
        layers = op.layers() if op.family == "recurrent" else 1
        if layers == 1 and not both:
            found.append(group)
            continue
        for layer in range(1, layers + 1):
            last, made = layer == layers, []
            for backward in (group.backward, not group.backward)[: op.directions()]:
                one = replace(
                    group,
                    title=group.title or (group.label if whole else ""),
                    id=f"{group.id}.{layer}{'←' if backward else '→'}",
                    label=group.label if last and not both else "",
                    type=Type(group.type.maps // op.directions()),
                    role=group.role if last else "hidden",
                    value=group.value if last and not both else -1,  # no step has the values of this part alone
                    backward=backward,
                )
                one.links = [*before, Link(one, "full", 1)]
                name = f"{say('layer', lang)} {layer}" if layers > 1 else ""
                names[one] = " ".join(filter(None, (name, ("←" if backward else "→") if both else "")))
                made.append(one)
            before = [Link(one, "full") for one in made]
            found += made
        ends[group] = made
    for group in found:
        group.links = [
            replace(link, source=end) for link in group.links for end in ends.get(link.source, [link.source])
        ]
    return found, names


def _phases(graph: Graph, groups: list[Group]) -> tuple[dict[Group, int], set[Group]]:
    """Return the phase of each group, and the groups that are known before the first step of their phase.

    A group with time steps that reads what an earlier recurrence ends with, or steps of another length, belongs to a
    later phase.
    """
    times = {group: graph.nodes[group.node].type.time for group in groups}
    phases = dict.fromkeys(groups, 0)
    late = {group for group in groups if group.timed}  # what is known only after time steps
    for _ in groups:
        before = dict(phases), set(late)
        for group in groups:
            for source, ended in _reads(group):
                late |= {group} if source in late else set()
                other = source.role != "input" and times[source] != times[group]
                later = group.timed and source in late and (ended or other)
                phases[group] = max(phases[group], phases[source] + later)
        if before == (phases, late):
            break
    readers_of = {group: [one for one in groups if group in dict(_reads(one))] for group in groups}
    for group, readers in reversed(readers_of.items()):
        along = all(times[other] == times[group] and not dict(_reads(other))[group] for other in readers)
        if readers and (group.role == "input" or group not in late or along):
            phases[group] = min(phases[other] for other in readers)
    begun = {group for group in groups if group not in late}
    for group, readers in reversed(readers_of.items()):  # what only ends read stands at the end
        if group in begun and not any(other.timed or other in begun for other in readers):
            begun.discard(group)
    return phases, begun


def _early(graph: Graph, groups: list[Group]) -> set[Group]:
    """Return the groups without steps that read nothing of time steps but the first one.

    Raises:
        Unsuitable: a group without steps reads a first step and others.
    """
    early: set[Group] = set()
    for group in groups:
        first = [
            link.early or link.source in early for link in group.links if link.source.timed or link.source in early
        ]
        if not group.timed and any(first):
            if not all(first):
                raise Unsuitable(graph.nodes[group.node])
            early.add(group)
    return early


def _reads(group: Group) -> list[tuple[Group, bool]]:
    """Return the groups that a group reads, each with whether it reads the last step, or a value without steps."""
    return [
        pair
        for link in group.links
        for pair in ((link.source, link.ended or not link.source.timed), *((start, True) for start in link.starts))
    ]


def _rows(
    groups: list[Group], phases: dict[Group, int], begun: set[Group]
) -> tuple[dict[Group, int], dict[Group, int]]:
    """Return the rank of each group, by the longest path to it in its phase, and its row.

    The groups of a rank share a row unless arrows join their sides with other cells.
    """
    ranks: dict[Group, int] = {}
    joined: set[Group] = set()
    for group in groups:
        place = phases[group], group in begun
        own = [link.source for link in group.links if not link.delay and phases[link.source] == phases[group]]
        least = 0 if any(link.delay and link.source is not group for link in group.links) else -1
        ranks[group] = 1 + max((ranks[source] for source in own if source in ranks), default=least)
    for group in groups:
        place = phases[group], group in begun
        for link in group.links:
            if link.delay or link.ended or (phases[link.source], link.source in begun) != place:
                level = link.delay and ranks[link.source] == ranks[group]
                joined |= {link.source, *link.starts, *((group,) if level else ())}
    rows: dict[Group, int] = {}
    row = 0
    for rank in range(max(ranks.values()) + 1):
        sets: dict[tuple[int, bool], list[Group]] = {}
        for group in groups:
            if ranks[group] == rank:
                sets.setdefault((phases[group], group in begun), []).append(group)
        high = 1
        for here in sets.values():
            apart = any(group in joined for group in here)
            rows |= {group: row + number * apart for number, group in enumerate(here)}
            high = max(high, len(here) * apart)
        row += high
    for group in groups:  # what a loop starts from stands in its row, where nothing else reads it
        for start in {one for link in group.links for one in link.starts}:
            alone = not any(start is link.source for other in groups for link in other.links)
            if alone and start in begun and phases[start] == phases[group]:
                rows[start] = rows[group]
    return ranks, rows


def _draw(drawing: Unrolled) -> None:
    """Place the cells from left to right, and draw the wires between them."""
    x = _table(drawing) if drawing.settings.table else 0.0
    x = drawing.indent if drawing.broken else x + drawing.wide(one for one in drawing.begun if not drawing.phases[one])
    shown = []
    phases = sorted(set(drawing.phases.values()))
    for phase in phases:
        own = [group for group in drawing.groups if drawing.phases[group] == phase]
        known = [group for group in own if group in drawing.begun]
        if known:
            x = _cell(drawing, Cell(phase, ""), known, x)
        steps, elided = _steps(drawing, phase)
        late = [group for group in own if not group.timed and group not in drawing.begun | drawing.early]
        ends = elided and (len(phases) > 1 or bool(late))
        left = not drawing.broken or x > drawing.indent
        if left and not _named_right(drawing, phase):
            x += drawing.wide(group for group in own if group.timed)
        x += ZERO + drawing.settings.fit.letters(CAPTION) if any(map(_reads_zero, own)) else 0.0
        for number, step in enumerate(steps):
            last = number == len(steps) - 1
            if last and ends:
                x += 2 * drawing.apart
            here = [
                group for group in _in_phase(drawing, phase)
                if group not in known and (group.timed or (number == 0 if group in drawing.early else last))
            ]  # fmt: skip
            x = _cell(drawing, Cell(phase, step, -1 if last and ends else number, last), here, x)
        shown.append((phase, ends, elided))
        x += drawing.apart if phase != phases[-1] else 0.0
    for cell in drawing.cells:
        _inside(drawing, cell)
    for phase, ends, elided in shown:
        _between(drawing, phase, ends, elided)
        if elided:
            _continues(drawing, phase, ends)


def _in_phase(drawing: Unrolled, phase: int) -> list[Group]:
    """Return the groups of a phase, with the inputs that it reads beside an earlier phase."""
    own = {group for group in drawing.groups if drawing.phases[group] == phase}
    read = {link.source for group in own for link in group.links if not link.delay and link.source.timed}
    return [group for group in drawing.groups if group in own or (group in read and group.role == "input")]


def _steps(drawing: Unrolled, phase: int) -> tuple[list[str], bool]:
    """Return the time steps of a phase to draw, and whether dots stand for others.

    If something is computed only at the end, or another phase follows, the steps include the last one. A step that
    would be alone behind dots is drawn, and none that the examples cannot have.
    """
    own = [group for group in drawing.groups if drawing.phases[group] == phase and group not in drawing.begun]
    length: Size | str = _length(drawing, phase)
    ends = len(set(drawing.phases.values())) > 1 or any(not group.timed and group not in drawing.early for group in own)
    most: Any = _time(drawing, phase).length
    told = drawing.count(phase)
    if told and (most != length or not isinstance(most, int)):  # the words are an example's, which has its own length
        most = length = told
    few = isinstance(most, int) and most - drawing.steps - ends < 2
    if few and (most == length or most == 1 or not ends):
        return [str(number) for number in range(1, most + 1)], False
    shown = max(most - 2, 1) if few else min(told or drawing.steps, drawing.steps)
    steps = [str(number) for number in range(1, shown + 1)]
    return [*steps, size_label(length)] if ends else steps, not few or most > 2


def _time(drawing: Unrolled, phase: int) -> Time:
    own = [group for group in drawing.groups if drawing.phases[group] == phase and group.timed]
    times = [drawing.graph.nodes[group.node].type.time for group in own]
    return next((time for time in times if time is not None), Time(1))


def _length(drawing: Unrolled, phase: int) -> Size | str:
    """Return how many steps a phase has: a letter where each example has its own number of them."""
    time = _time(drawing, phase)
    return lengths(drawing.graph).get(time, time.length)


def lengths(graph: Graph) -> dict[Time, str]:
    """Return a letter for each number of steps that differs from example to example."""
    varying = dict.fromkeys(node.type.time for node in graph.nodes if node.type.time and node.type.time.varying)
    taken = {layer.label for layer in graph.layers} | {name for time in varying for name in [size_text(time.length)]}
    free = (letter for letter in "TSRQPONMLK" if letter not in taken)
    return {time: letter for time, letter in zip(varying, free, strict=False) if time is not None}


# ---- pills


def _places(block: Block) -> list[float]:
    """Return the distance of each entry's centre from the left end of a pill; the +1 comes first."""
    at = layout.PILL + layout.UNIT
    places = [at] if block.bias else []
    pending = NEXT if block.bias else 0.0
    for entry in block.entries:
        if isinstance(entry, Gap):
            places.append(at + OVER / 2)
            pending = OVER
        else:
            at += pending
            places.append(at)
            pending = NEXT
    return places


def _is_lone(block: Block) -> bool:
    """Whether a pill would hold one circle, which then stands for it."""
    return len(block.entries) == 1 and not block.bias


def _kind(drawing: Unrolled, block: Block) -> Line:
    """Return the name of a recurrent operation whose layer is one shape, which has the name in it: LSTM."""
    op = drawing.graph.nodes[block.group.node].op
    if drawing.settings.max_units != 1 or op.family != "recurrent" or block.group.role == "loss":
        return ()
    drawing.canvas.named.add(block.group.node)
    return words(noun(op, drawing.settings.lang))


def _width(drawing: Unrolled, block: Block) -> float:
    if kind := _kind(drawing, block):
        return max(line_width(kind, KIND) + layout.UNIT, 2 * layout.UNIT)
    return 2 * layout.UNIT if _is_lone(block) else max(_places(block)) + layout.UNIT + layout.PILL


def _cell(drawing: Unrolled, cell: Cell, groups: list[Group], x: float) -> float:
    """Draw the pills and the name of a cell, and return the x where the next cell may begin."""
    sets: dict[int, list[Block]] = {}  # groups of one rank stand beside each other, also if each has its own row
    for group in groups:
        sets.setdefault(drawing.ranks[group], []).append(drawing.blocks[group])
    apart = drawing.apart
    offsets = {rank: _offsets(drawing, blocks) for rank, blocks in sets.items()}
    wide = max(ends[-1] for ends in offsets.values())
    size = drawing.settings.fit.letters(CAPTION)
    said = [paragraph(word) for group in groups if (word := drawing.word(group, cell))]
    _set(drawing, cell, x, max([wide, *(widest(lines, size) + CAPTIONS - drawing.apart for lines in said)]))
    drawing.cells.append(cell)
    middle = (cell.left + cell.right) / 2
    for rank, blocks in sets.items():
        for block, left in zip(blocks, offsets[rank], strict=False):
            at = middle - offsets[rank][-1] / 2 + left
            _pill(drawing, cell, block, at, cell.y + drawing.y(drawing.rows[block.group]))
    wide = _caption(drawing, cell) if cell.step else 0.0
    return max(cell.right + drawing.space(BESIDE, apart), cell.left + wide + CAPTIONS)


def _offsets(drawing: Unrolled, blocks: list[Block]) -> list[float]:
    """Return where the pills of a rank begin, from the left end of the first, and where the last one ends.

    Circles with rows of their own stand more closely: wires between other rows pass beside them.
    """
    single = all(map(_is_lone, blocks))
    circles = single and len({drawing.rows[block.group] for block in blocks}) == len(blocks)
    found, at = [], 0.0
    for block in blocks:
        found.append(at)
        wide = _width(drawing, block)
        at += STAGGER * wide if circles else wide + (min(drawing.apart, INSIDE) if single else drawing.apart)
    return [*found, found[-1] + _width(drawing, blocks[-1])]


def _set(drawing: Unrolled, cell: Cell, x: float, wide: float) -> None:
    """Set a cell at x, or at the begin of a new line if the page is too narrow."""
    before = drawing.cells[-1] if drawing.cells else None
    high = -drawing.y(max(drawing.rows.values()))
    if drawing.broken and before is None:
        cell.y = (drawing.canvas.box().bottom + 2 * CLOSE if drawing.canvas.items else 0.0) + HIGH + high
    elif before is not None:
        cell.line, cell.y = before.line, before.y
        if drawing.broken and (cell.phase > before.phase or x + wide > drawing.settings.fit.width - 2 * CLOSE):
            turn = (
                2 * HIGH
                + high
                + drawing.over
                + drawing.under
                + 2 * drawing.settings.fit.letters(CAPTION)
                + drawing.space(TURN, CLOSE)
            )
            x, cell.line, cell.y = drawing.indent, before.line + 1, before.y + turn
    cell.left, cell.right = x, x + wide


def _pill(drawing: Unrolled, cell: Cell, block: Block, left: float, y: float) -> None:
    canvas, group, width = drawing.canvas, block.group, _width(drawing, block)
    path = group.layer.path
    first = not cell.step and any(group in link.starts for one in drawing.groups for link in one.links)
    time = math(f"({cell.step or 0})") if group.timed or first else ()
    base = f"{group.id}@{cell.step}" if cell.phase == drawing.phases[group] else f"{group.id}@{cell.step}.{cell.phase}"
    units: list[Unit | Gap | None] = [*([None] if block.bias else []), *block.entries]  # type: ignore[list-item]
    kind, place = _kind(drawing, block), (f"{base}.pill", left + width / 2, y, width / 2)
    if _is_lone(block):
        shape: Shape = "pill" if kind else "circle"
        unit = ("pill", "unit", group.role)
        held = _value(drawing, cell, group, units[0])
        node = canvas.node(*place, layout.UNIT, shape=shape, ink=group.ink, layer=path, classes=unit, value=held)
        canvas.label(node, kind or _label(drawing, block, units[0], time), KIND if kind else layout.SMALL_LABEL)
        units = []
    else:
        node = canvas.node(
            *place, HIGH, shape="pill", ink=group.ink, width=0.365, opacity=0.5, classes=("pill",), layer=path
        )
    cell.pills[group] = node
    for entry, at in zip(units, _places(block), strict=False):
        if isinstance(entry, Gap):
            canvas.dots(f"{base}.{entry.name}", left + at, y, 1, 0, entry.hidden, path)
            continue
        node = canvas.node(
            f"{base}.{entry.name if entry else '+1'}",
            left + at,
            y,
            layout.UNIT,
            ink=group.ink,
            layer=path,
            classes=("unit", group.role, *(() if entry else ("bias",))),
            value=_value(drawing, cell, group, entry),
        )
        canvas.label(node, _label(drawing, block, entry, time), layout.SMALL_LABEL)
    _words_at(drawing, cell, block, base)
    if block.hidden and drawing.settings.max_units > 1:
        canvas.hidden[group.id] = block.hidden


def _value(drawing: Unrolled, cell: Cell, group: Group, entry: Unit | Gap | None) -> Value | None:
    """Return which number of an example a circle shows; None where it stands for none alone."""
    if not drawing.example or group.value < 0 or not isinstance(entry, Unit) or entry.place is None:
        return None
    own = drawing.graph.nodes[group.value].type
    if own.step.values != group.size:
        return None
    step, length = cell.number if group.timed else 0, own.time.length if own.time and group.timed else 1
    step %= length
    return Value(group.value, (length - 1 - step if group.flipped else step) * group.size + entry.place)


def _label(drawing: Unrolled, block: Block, entry: Unit | Gap | None, time: Line) -> Line:
    """Return what stands in the circle of a unit: its symbol, or what an unnamed one computes."""
    group = block.group
    if not isinstance(entry, Unit) or not group.label:
        if entry is None:
            return upright("+1")
        said, step = group.said
        drawing.canvas.named |= {step} if said else set()
        return upright(said)
    long, name = _is_long(group, drawing.settings), _letter(group, drawing.settings)
    return (entry.index or time) if long else symbol(name, entry.index, time)


def _words_at(drawing: Unrolled, cell: Cell, block: Block, base: str) -> None:
    """Write the name of a row at its end, and the word of a step below the lowest row or above the highest.

    Raises:
        UsageError: other rows stand above and below (NS939).
    """
    canvas, group, pill = drawing.canvas, block.group, cell.pills[block.group]
    size, path = drawing.settings.fit.letters(CAPTION), group.layer.path
    word = drawing.word(group, cell)
    if word:
        lines = paragraph(word)
        own, lowest = boxed(lines, size), drawing.rows[group] == 0
        if not lowest and not _on_top(drawing, group):
            raise UsageError(Diagnostic("NS939", None, {"layer": group.layer.label}))
        down = pill.ry + TOLD - own.top if lowest else -pill.ry - TOLD - own.bottom
        if group.role == "loss":
            down -= ARROW
            tip = Point(pill.x, pill.y - pill.ry)
            canvas.wire("", pill.id, (Point(tip.x, tip.y - ARROW), tip), pen=Pen(width=THICK), layer=path)
        canvas.text(f"{base}.word", lines, pill.x, pill.y + down, size, classes=("caption", "word"), layer=path)
        if group.role == "loss" and cell is drawing.steps_of(cell.phase)[0] and group.timed:
            target = words(say("target", drawing.settings.lang))
            x = cell.left - 2 - drawing.past - line_width(target, size) / 2
            canvas.text(f"{base}.target", (target,), x, pill.y + down, size, classes=("caption",), layer=path)
    at_end = not group.timed and bool(cell.step)
    right = _named_right(drawing, cell.phase) and group.timed
    before = not cell.step
    here = before or at_end or (cell.last if right else cell is drawing.steps_of(cell.phase)[0])
    if group not in drawing.names or not here:
        return
    lines = drawing.lines(drawing.names[group])
    box, wide = boxed(lines, size), widest(lines, size)
    at, low = cell.left - 2 - drawing.past - wide / 2, pill.y - box.middle.y
    if group.timed and _reads_zero(group):
        at -= ZERO + size
    if before and (cell.phase or drawing.broken):
        at, low = pill.x, pill.y + HIGH + 2 - box.top
    elif at_end and not word and _on_top(drawing, group):
        at, low = pill.x, pill.y - HIGH - 2 - box.bottom
    elif at_end or right:
        at = _aside(drawing, cell) + wide / 2
    canvas.text(f"{base}.name", lines, at, low, size, classes=("caption",), layer=path)


def _named_right(drawing: Unrolled, phase: int) -> bool:
    """Whether the rows of the last phase have their names at the right, because something stands at their left."""
    left = phase > 0 or any(drawing.phases[group] == phase for group in drawing.begun)
    return not drawing.broken and left and phase == max(drawing.phases.values())


def _reads_zero(group: Group) -> bool:
    """Whether a group combines values one by one with those of an earlier step, which are zero before the first."""
    return bool(group.sign) and any(link.delay and not link.starts for link in group.links)


def _on_top(drawing: Unrolled, group: Group) -> bool:
    """Whether nothing stands above a group and nothing reads it."""
    high = max(row for other, row in drawing.rows.items() if drawing.phases[other] == drawing.phases[group])
    return drawing.rows[group] == high and not any(group in dict(_reads(other)) for other in drawing.groups)


# ---- arrows


def _inside(drawing: Unrolled, cell: Cell) -> None:
    """Draw an arrow between two pills of a cell if one layer reads the other in the same time step."""
    for group, target in cell.pills.items():
        for source in _sources(drawing, group):
            if source in cell.pills:
                points = _upwards(drawing, cell, source, group)
                drawing.canvas.wire(
                    cell.pills[source].id, target.id, points, pen=Pen(width=THICK), layer=group.layer.path
                )


def _sources(drawing: Unrolled, group: Group) -> list[Group]:
    """Return the groups that a group reads in the same time step."""
    return [link.source for link in lone_links(group) if not link.delay]


def _port(drawing: Unrolled, cell: Cell, group: Group, source: Group, delay: int = 0) -> float:
    """Return the x where the wire from a source enters a pill: the sources that stand left enter left.

    Where those of earlier steps enter from below, they do so on the side from which no other comes.
    """
    pill = cell.pills[group]
    near = {(one, 0): cell.pills[one].x if one in cell.pills else -numbers.inf for one in _sources(drawing, group)}
    if not _is_free(cell, pill, 1 if group.backward else -1):
        away = numbers.inf if any(-numbers.inf < x < pill.x for x in near.values()) else -numbers.inf
        near |= {(link.source, link.delay): away for link in group.links if link.delay}
    order = sorted(near, key=lambda one: (near[one], -one[1], -drawing.rows[one[0]]))
    room = 2 * (pill.rx - pill.ry) + ROUND * pill.ry
    step = min(PORT, room / max(len(order) - 1, 1))
    return pill.x + (order.index((source, delay)) - (len(order) - 1) / 2) * step


def _is_free(cell: Cell, pill: Node, side: int) -> bool:
    """Whether nothing stands in the row of a pill at its left (-1) or right."""
    return not any(other.y == pill.y and side * (other.x - pill.x) > 0 for other in cell.pills.values())


def _rim(pill: Node, x: float, side: int) -> Point:
    """Return the point above (-1) or below (1) the middle of a pill where its outline has an x."""
    past = max(abs(x - pill.x) - (pill.rx - pill.ry), 0.0)
    return Point(x, pill.y + side * numbers.sqrt(max(pill.ry**2 - past**2, 0.0)))


def _upwards(drawing: Unrolled, cell: Cell, source: Group, target: Group) -> tuple[Point, ...]:
    """Return the way from the top of a pill to the bottom of another in the same cell, round the pills between."""
    low, high = cell.pills[source], cell.pills[target]
    row, goal = drawing.rows[source], drawing.rows[target]
    x = _port(drawing, cell, target, source)
    if abs(x - high.x) < 0.1 and any(
        other is not low and other.x == high.x for one, other in cell.pills.items() if one in _sources(drawing, target)
    ):
        x += 0.4 * PORT  # the middle is for the source that stands there
    start, end = Point(low.x, low.y - low.ry), _rim(high, x, 1)
    between = [pill for group, pill in cell.pills.items() if row < drawing.rows[group] < goal]
    if low.rx == low.ry and high.rx == high.ry:
        a, b = low.rim(Point(high.x, high.y)), high.rim(Point(low.x, low.y))
        if not any(pill not in (low, high) and _near(pill, a, b) for pill in cell.pills.values()):
            return (a, b)

    def free(at: float) -> bool:
        return all(abs(pill.x - at) > pill.rx + LANE for pill in between)

    if abs(x - low.x) <= low.rx - low.ry + ROUND / 2 * low.ry and free(x):
        return (_rim(low, x, -1), end)
    if free(low.x):
        y = drawing.level(goal, source, cell)
        return (start, Point(low.x, y), Point(x, y), end)
    y = drawing.level(row + 1, source, cell)
    if free(x):
        return (start, Point(low.x, y), Point(x, y), end)
    out, over = drawing.beside(cell, (source, target)), drawing.level(goal, (source, target), cell)
    return (start, Point(low.x, y), Point(out, y), Point(out, over), Point(x, over), end)


def _near(pill: Node, a: Point, b: Point) -> bool:
    """Whether a straight line passes through a round pill or close to it."""
    dx, dy = b.x - a.x, b.y - a.y
    part = ((pill.x - a.x) * dx + (pill.y - a.y) * dy) / (dx * dx + dy * dy)
    part = min(max(part, 0.0), 1.0)
    return numbers.dist((pill.x, pill.y), (a.x + part * dx, a.y + part * dy)) < pill.rx + LANE / 2


def _between(drawing: Unrolled, phase: int, ends: bool, elided: bool) -> None:
    """Draw the arrows from step to step, to an open end where steps are left out, and those from other phases."""
    cells = drawing.steps_of(phase)
    for group in drawing.groups:
        if drawing.phases[group] != phase:
            continue
        order = cells[::-1] if group.backward else cells
        for link in lone_links(group):
            if link.delay:
                _through_time(drawing, order, link, group, ends, elided)
            if _reads_zero(group) and link.delay and not link.starts:
                for cell in order[: link.delay]:
                    _zero(drawing, cell, link, group)
            for start in link.starts:
                _jump(drawing, _holding(drawing, start)[-1], order[0], start, group, link, 0)
            if not link.delay:
                _everywhere(drawing, link, group)


def _through_time(drawing: Unrolled, order: list[Cell], link: Link, group: Group, ends: bool, elided: bool) -> None:
    """Draw the arrows of a delayed read; `order` has the cells as time runs for the group."""
    gap = {len(order) - 1 if not group.backward else 1} if ends and len(order) > 1 else set()  # dots stand before it
    ahead = -1 if group.backward else 1
    late = f"@{link.delay}" if link.delay != 1 else ""
    for number, cell in enumerate(order):
        source, later = cell.pills.get(link.source), number + link.delay
        if source is None or not (group.timed or later == len(order) - 1):
            continue
        broken = any(number < at <= later for at in gap)
        if later < len(order) and not broken:
            _jump(drawing, cell, order[later], link.source, group, link, link.delay)
        elif group.timed and (broken or (elided and not ends and not group.backward)):
            near = number + 1 < len(order) and number + 1 not in gap  # it must not seem to reach the next cell
            way = _open_end(drawing, cell, link, group, near, ahead)
            _delayed(drawing, source.id, "", way, group, f"{source.id}~{group.id}{late}")
    for at in gap or ({0} if elided and group.backward else ()):
        target = order[at].pills[group]
        if _is_straight(drawing, link, group):
            tip = _rim(target, target.x - ahead * _off(target), 1)
            begin = _slanted(drawing, order[at], link, group, tip, (-ahead, 1), drawing.apart)
        else:
            begin, tip = _enters(drawing, order[at], link, group, drawing.apart)
        _delayed(drawing, "", target.id, (begin, tip), group, f"{target.id}.{link.source.id}.in{late}")


def _zero(drawing: Unrolled, cell: Cell, link: Link, group: Group) -> None:
    """Draw the arrow from the zero that a step reads because there is no earlier step."""
    ahead, pill = -1 if group.backward else 1, cell.pills.get(group)
    if pill is None:
        return
    size = drawing.settings.fit.letters(CAPTION) * 0.9
    line, key = upright("0"), f"{pill.id}.{link.source.id}.zero{link.delay}"
    begin, tip = _enters(drawing, cell, link, group, ZERO)
    x, y = begin.x - ahead * (0.6 + line_width(line, size) / 2), begin.y + axis(line) * size
    if begin.x == tip.x:
        x, y = begin.x, begin.y + 0.8 * size
    _delayed(drawing, "", pill.id, (begin, tip), group, key)
    drawing.canvas.text(f"{key}.0", (line,), x, y, size, classes=("caption", "zero"))


def _enters(drawing: Unrolled, cell: Cell, link: Link, group: Group, far: float) -> tuple[Point, Point]:
    """Return the ends of an arrow from a step that is not drawn: from the side, or from below if others stand there."""
    ahead, pill = -1 if group.backward else 1, cell.pills[group]
    if _is_free(cell, pill, -ahead):
        tip = _side(drawing, pill, group, link, -ahead)
        return Point(tip.x - ahead * far, tip.y), tip
    tip = _rim(pill, _port(drawing, cell, group, link.source, link.delay), 1)
    return Point(tip.x, tip.y + ZERO - 2), tip


def _open_end(drawing: Unrolled, cell: Cell, link: Link, group: Group, near: bool, ahead: int) -> tuple[Point, ...]:
    """Return how an arrow to a step that is not drawn begins: as `_jump` would, towards the row of its reader."""
    low, key = cell.pills[link.source], (link.source, link.delay)
    far = drawing.apart / (2 if near else 1)
    if _is_straight(drawing, link, group):
        start = _rim(low, low.x + ahead * _off(low), -1)
        return start, _slanted(drawing, cell, link, group, start, (ahead, -1), far)
    start = Point(low.x + ahead * low.rx, low.y)
    lead = _leaves(drawing, cell, link, group, start)
    start = lead[-1]
    same = drawing.rows[link.source] == drawing.rows[group]
    if same and link.delay == 1:
        far = CLEAR - ROUND if near and drawing.lanes.get(BESIDE) else far
        edge = max(start.x, cell.right) if ahead > 0 else min(start.x, cell.left)  # past the wires inside the cell
        return start, Point(edge + ahead * far, start.y)
    first = drawing.cells.index(cell)
    if ahead > 0:
        x = drawing.beside(cell, (*key, "out"))
    elif near:
        x = drawing.beside(drawing.cells[first - 1], (*key, "out"))
    else:
        x = cell.left - drawing._inset(BESIDE, (*key, "out"), drawing.apart)
    if link.delay > 1:
        y = drawing.level(drawing.rows[link.source] + 1, (*key, first % link.delay), cell)
    else:
        y = _side(drawing, cell.pills[group], group, link, -ahead).y
        if not _is_free(cell, cell.pills[group], -ahead):
            y = drawing.level(drawing.rows[group], (*key, "up"), cell)
    return *lead, Point(x, start.y), Point(x, y), Point(x + ahead * CLEAR, y)


def _leaves(drawing: Unrolled, cell: Cell, link: Link, group: Group, start: Point) -> list[Point]:
    """Return how an arrow to a later step leaves: at the side, or at the top where the source's own arrow comes in."""
    if not link.source.backward or group.backward:
        return [start]
    low = cell.pills[link.source]
    y = drawing.level(drawing.rows[link.source] + 1, (link.source, link.delay, "top"), cell)
    return [Point(low.x, low.y - low.ry), Point(low.x, y)]


def _is_straight(drawing: Unrolled, link: Link, group: Group) -> bool:
    """Whether the arrow of a delayed read runs straight through the channel between two rows."""
    return drawing.rows[group] == drawing.rows[link.source] + 1 and not link.starts and link.delay > 0


def _off(pill: Node) -> float:
    """Return how far from the middle of a pill a straight arrow between two rows leaves or enters it."""
    return max(pill.rx - pill.ry, ROUND / 2 * pill.ry)


def _slanted(
    drawing: Unrolled, cell: Cell, link: Link, group: Group, at: Point, way: tuple[int, int], far: float
) -> Point:
    """Return the open end of a straight arrow, `far` from `at`, parallel to those between drawn steps.

    Parameters:
        way: to the right (1) or left (-1), and down (1) to the row of the source or up (-1) to that of the reader.
    """
    steps = (cell.right - cell.left + drawing.space(BESIDE, drawing.apart)) * link.delay
    across = steps - _off(cell.pills.get(link.source, cell.pills[group])) - _off(cell.pills[group])
    part = min(max(far, HIGH) / across, 0.6)
    room = drawing.space(drawing.rows[group], drawing.between)
    return Point(at.x + way[0] * part * across, at.y + way[1] * part * room)


def _delayed(drawing: Unrolled, source: str, target: str, points: tuple[Point, ...], group: Group, id: str) -> None:
    pen = Pen(ink="loop", width=THICK)
    drawing.canvas.wire(source, target, points, pen=pen, layer=group.layer.path, classes=("delayed",), id=id)


def _jump(drawing: Unrolled, cell: Cell, later: Cell, source: Group, group: Group, link: Link, delay: int) -> None:
    """Draw an arrow from the side of a pill to the side of a pill in another cell, over the cells between."""
    low, high = cell.pills[source], later.pills[group]
    first, last = drawing.cells.index(cell), drawing.cells.index(later)
    ahead = 1 if first < last else -1
    start, end = Point(low.x + ahead * low.rx, low.y), _side(drawing, high, group, link, -ahead)
    key = (source, delay) if delay else (source, group, delay)
    before, after = (cell, drawing.cells[last - 1]) if ahead > 0 else (drawing.cells[first - 1], later)
    over = (*key, first % max(delay, 1))
    row = drawing.rows[source] + 1
    straight, lead = _is_straight(drawing, link, group), [start]
    if delay:
        lead = _leaves(drawing, cell, link, group, start)
        start = lead[-1]
    if delay and cell.line == later.line and not (straight or _is_free(later, high, -ahead)):
        out, y = drawing.beside(before, (*key, "out")), drawing.level(drawing.rows[group], (*key, "up"), later)
        x = _port(drawing, later, group, source, delay)
        points = [*lead, Point(out, start.y), Point(out, y), Point(x, y), _rim(high, x, 1)]
        if abs(first - last) > 1:
            over_, into = drawing.level(row, over, cell), drawing.beside(after, (*key, "in"))
            points[len(lead) + 1 : len(lead) + 2] = [Point(out, over_), Point(into, over_), Point(into, y)]
    elif cell.line != later.line:
        points = [*lead, *_round(drawing, cell, later, start.y, end.y, over, row), end]
    elif straight:
        points = [_rim(low, low.x + ahead * _off(low), -1), _rim(high, high.x - ahead * _off(high), 1)]
    elif abs(first - last) > 1:
        y, out, into = (
            drawing.level(row, over, cell),
            drawing.beside(before, (*key, "out")),
            drawing.beside(after, (*key, "in")),
        )
        points = [*lead, Point(out, start.y), Point(out, y), Point(into, y), Point(into, end.y), end]
    elif abs(start.y - end.y) > 0.01:
        x = drawing.beside(before, (*key, "out"))
        points = [*lead, Point(x, start.y), Point(x, end.y), end]
    else:
        points = [*lead, end]
    _delayed(
        drawing, low.id, high.id, tuple(points), group, f"{low.id}~{group.id}" + (f"@{delay}" if delay != 1 else "")
    )


def _round(
    drawing: Unrolled, cell: Cell, later: Cell, y: float, end: float, key: tuple[object, ...], row: int
) -> list[Point]:
    """Return the way from the height `y` beside a cell to the height `end` beside a cell in another line of cells.

    Within the lines it runs in the channel below a row.
    """
    ahead = later.line > cell.line
    here, there = drawing.line(cell.line), drawing.line(later.line)
    points = []
    if cell is not here[-1 if ahead else 0]:
        out = drawing.beside(cell if ahead else here[here.index(cell) - 1], (*key, "out"))
        points, y = [Point(out, y), Point(out, drawing.level(row, key, cell))], drawing.level(row, key, cell)
    margin = min(each.left for each in (*here, *there)) - CLEAR - LANE * drawing.lane(MARGIN, key)
    right = drawing.beside(here[-1] if ahead else there[-1], (*key, "turn"))
    leave, arrive = (right, margin) if ahead else (margin, right)
    upper = here if ahead else there
    caption = drawing.under + 2 * drawing.settings.fit.letters(CAPTION)
    turn = upper[0].y + HIGH + caption + drawing._inset(TURN, key, CLOSE)
    points += [Point(leave, y), Point(leave, turn), Point(arrive, turn)]
    if later is there[0 if ahead else -1]:
        return [*points, Point(arrive, end)]
    into = drawing.beside(there[there.index(later) - 1] if ahead else later, (*key, "in"))
    y = drawing.level(row, key, later)
    return [*points, Point(arrive, y), Point(into, y), Point(into, end)]


def _side(drawing: Unrolled, pill: Node, group: Group, link: Link, side: int) -> Point:
    """Return where the arrow of a link enters a pill from the left (-1) or right.

    The middle is for the arrow that comes straight from the step before, because wires leave there too. Others enter
    below the middle from lower rows, and above it from other rows.
    """

    def below(source: Group) -> bool:
        return drawing.rows[source] < drawing.rows[group]

    reads = dict.fromkeys((one.source, one.delay) for one in group.links if one.delay)
    reads.pop((group, 1), None)
    own = [read for read in reads if below(read[0]) == below(link.source)]
    down = 0.0
    if (link.source, link.delay) in own:
        step = min(PORT / 2, 0.8 * pill.ry / len(own))
        down = (own.index((link.source, link.delay)) + 1) * step * (1 if below(link.source) else -1)
    return Point(pill.x + side * (pill.rx - pill.ry + numbers.sqrt(max(pill.ry**2 - down**2, 0.0))), pill.y + down)


def _holding(drawing: Unrolled, group: Group) -> list[Cell]:
    return [cell for cell in drawing.cells if group in cell.pills]


def _everywhere(drawing: Unrolled, link: Link, group: Group) -> None:
    """Draw the arrows to a group in all its cells from what is known before its first step."""
    source = link.source
    readers = [cell for cell in _holding(drawing, group) if source not in cell.pills]
    cells = _holding(drawing, source)
    for cell, reader in product(cells[:1] if link.early else cells[-1 if link.ended else 0 :], readers):
        low, high = cell.pills[source], reader.pills[group]
        start = Point(low.x + low.rx, low.y)
        x, y = _port(drawing, reader, group, source), drawing.level(drawing.rows[group], (source, group), reader)
        out = drawing.beside(cell, (source, "out"))
        way = [Point(out, start.y), Point(out, y)]
        if cell.line != reader.line:
            first = drawing.line(reader.line)[0]
            way = _round(drawing, cell, first, start.y, y, (source, group, "all"), drawing.rows[source] + 1)
        points = (start, *way, Point(x, y), _rim(high, x, 1))
        drawing.canvas.wire(
            low.id, high.id, points, pen=Pen(width=THICK), layer=group.layer.path, id=f"{low.id}~{high.id}"
        )


def _continues(drawing: Unrolled, phase: int, ends: bool) -> None:
    """Draw dots in every row, to say that more time steps follow."""
    cells = drawing.steps_of(phase)
    last = cells[-2] if ends and len(cells) > 1 else cells[-1]
    wires = drawing.space(BESIDE, drawing.apart)
    x = max(node.x + node.rx for node in last.pills.values()) + _reach(drawing)
    if last is not cells[-1] and last.line == cells[-1].line:
        x = last.right + wires + drawing.apart / 2
    for group, pill in last.pills.items():
        if group.timed:
            drawing.canvas.dots(f"{group.id}@later", x, pill.y, 1, 0, "", group.layer.path)


def _reach(drawing: Unrolled) -> float:
    """Return how far from the last cell the dots stand that say that more steps follow."""
    return drawing.space(BESIDE, drawing.apart) + drawing.apart * 0.75


# ---- words


def _worded(drawing: Unrolled, text: str) -> None:
    """Write the words of `x -> h: U` beside each arrow from the one to the other, where there is room.

    Raises:
        UsageError: there is room beside none of them (NS741).
    """
    found = split_arrow(text)
    assert found is not None
    source, target, said = found
    size, canvas, taken, drawn = drawing.settings.fit.letters(CAPTION), drawing.canvas, list[Rect](), 0
    lines = paragraph(said)
    ends = [
        {cell.pills[group].id for cell in drawing.cells for group in cell.pills if group in named}
        for named in (_groups_named(drawing, source), _groups_named(drawing, target))
    ]
    for wire in [wire for wire in canvas.wires if isinstance(wire, Wire)]:
        if wire.source not in ends[0] or wire.target not in ends[1]:
            continue
        a, b = max(pairwise(wire.points), key=lambda pair: numbers.dist(*pair))
        others = [item for item in (*canvas.back, *canvas.nodes, *canvas.texts, *canvas.wires) if item is not wire]
        at = free_beside(a, b, boxed(lines, size), others, taken, wire.pen.width / 2 + 0.8)
        if at is not None:
            drawn += 1
            canvas.text(f"{wire.id}.words", lines, *at, size, classes=("caption",), layer=wire.layer)
    if not drawn:
        raise UsageError(Diagnostic("NS741", None, {"text": text}))


def _groups_named(drawing: Unrolled, name: str) -> set[Group]:
    """Return the groups of a line: its own, or those whose values it only renames, such as the last step of `h`."""
    layers, graph = {layer.index for layer in lines_named(drawing.graph, name)}, drawing.graph
    while layers and not (found := {group for group in drawing.groups if group.layer.index in layers}):
        layers = {
            graph.nodes[edge.node].layer
            for at in layers
            for one in graph.layers[at].values
            for edge in graph.nodes[one.node].inputs
        } - layers
    return found if layers else set()


def _caption(drawing: Unrolled, cell: Cell) -> float:
    """Write which time step a cell is, below the cell, and return how wide that is."""
    named = say("step", drawing.settings.lang)
    line = words(cell.step if drawing.once else f"{named} {cell.step}")
    size = drawing.settings.fit.letters(CAPTION)
    y = cell.y + HIGH + drawing.under - boxed((line,), size).top
    name = f"step@{cell.step}" + (f".{cell.phase}" if cell.phase else "")
    drawing.canvas.text(f"{name}.caption", (line,), (cell.left + cell.right) / 2, y, size, classes=("caption",))
    right, aside = _named_right(drawing, cell.phase), words(named)
    first = cell is drawing.line(cell.line)[0] if drawing.broken else cell is drawing.steps_of(0)[0]
    if drawing.once and (cell.last if right else first and not (cell.phase and not drawing.broken)):
        wide = line_width(aside, size)
        x = _aside(drawing, cell) + wide / 2 if right else cell.left - 2 - drawing.past - wide / 2
        drawing.canvas.text(f"{name}.name", (aside,), x, y, size, classes=("caption",))
    return line_width(line, size)


def _aside(drawing: Unrolled, cell: Cell) -> float:
    """Return where words at the right of the last cell begin: behind the dots that say that more steps follow."""
    if cell.number >= 0 and _steps(drawing, cell.phase)[1]:
        return cell.right + 2 + _reach(drawing) + DOTS
    return cell.right + 2 + (drawing.space(BESIDE, 0.0) if drawing.lanes.get(BESIDE) else 0.0)


def _table(drawing: Unrolled) -> float:
    """Draw the input sequence as a table with a row for each step; return the x where the cells may begin."""
    canvas, settings = drawing.canvas, drawing.settings
    caption, vector, high = (settings.fit.letters(size) for size in (CAPTION, VECTOR, ROW))
    group = next((group for group in drawing.groups if group.role == "input" and group.timed), None)
    if group is None:
        return 0.0
    phase = drawing.phases[group]
    rows = _table_rows(_length(drawing, phase), _time(drawing, phase).length)
    vectors = {row: _vector(group, settings, row) for row in rows if row}
    head = words(say("sequence", settings.lang))
    wide = max(widest(vectors.values(), vector) + 5, line_width(head, caption) + 2)
    middle = drawing.y(max(drawing.rows.values())) / 2
    top = middle - len(rows) * high / 2
    names = max(line_width(words(row or ""), caption) for row in (*rows, say("step", settings.lang)))
    for number, row in enumerate(rows):
        box = Rect(0.0, top + number * high, wide, top + (number + 1) * high)
        id_ = f"sequence.{row or f'gap{number}'}"
        canvas.node(
            id_, *box.middle, wide / 2, high / 2, shape="box", width=FRAME, classes=("row",), layer=group.layer.path
        )
        if row is None:
            canvas.dots(f"{id_}.dots", *box.middle, 0, 1, "", group.layer.path, (0.55, 1.9))
            continue
        line = vectors[row]
        canvas.label(canvas.by_id[id_], line, vector)
        y = box.middle.y + axis(line) * vector  # the baseline of the vector beside it
        canvas.text(f"{id_}.name", (words(row),), -3.0 - names / 2, y, caption, classes=("caption",))
    y = top - 2.6 - boxed((head,), caption).bottom
    canvas.text("sequence.head", (head,), wide / 2, y, caption, classes=("caption",))
    canvas.text(
        "sequence.step", (words(say("step", settings.lang)),), -3.0 - names / 2, y, caption, classes=("caption",)
    )
    return wide + APART


def _table_rows(length: Size | str, most: Size) -> list[str | None]:
    """Return the names of the steps in the table, of which there are `most` at most; None stands for dots."""
    if isinstance(most, int) and most <= 7:
        numbers = [str(number) for number in range(1, most + 1)]
        return (
            [*numbers]
            if most in (length, 1)
            else [*numbers[: min(most - 1, 2)], *([None] if most > 3 else []), size_label(length)]
        )
    return ["1", "2", "3", None, "t", None, size_label(length)]


def _vector(group: Group, settings: FigureSettings, step: str) -> Line:
    """Return the input of a step as a vector: (x_1^(1), x_2^(1), ..., x_d^(1))."""
    size: Size = group.size
    count = size if isinstance(size, int) else 99
    last = size_label(size)
    indices = [str(number) for number in range(1, count + 1)] if count <= 4 else ["1", "2", "...", last]
    line: list[Atom] = [Atom("(", "upright")]
    for number, index in enumerate(indices):
        if number:
            line.append(Atom(", ", "upright"))
        if index == "...":
            line.append(Atom("...", "upright"))
        else:
            line += symbol(_letter(group, settings), math(index), math(f"({step})"))
    return (*line, Atom(")", "upright"))
