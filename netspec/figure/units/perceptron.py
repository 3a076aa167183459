"""The `perceptron` view draws a circle for each weight, a circle with Σ for each sum, a box for each activation.

The figure of one layer reads like a sentence, from the inputs to the formula. If there are several layers, they stand
one behind the other, and the weights of one perceptron form a group.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from netspec.figure.scene import Node, Pen, Point, Scene, Value, Weight, layout
from netspec.figure.scene.canvas import Canvas, Footnote, boxed
from netspec.figure.scene.tex import Line
from netspec.figure.scene.typeset import axis, line_width, math, symbol, upright, widest, wrapped
from netspec.figure.settings import FigureSettings
from netspec.figure.strings import say
from netspec.figure.units import Group, Link, Unsuitable
from netspec.figure.units.elided import Gap, Unit, fitted, shown_units
from netspec.figure.units.formulas import activation_line, formula_lines
from netspec.ir.graph import Graph
from netspec.ir.marks import shown

BETWEEN = 0.62  # room for the dots between two perceptrons, as a multiple of the height of one perceptron
STEEPEST = 2.2  # the steepest slope (rise over run) of a wire that does not yet run through a neighbouring weight
APART = 1.15  # distance from a perceptron's last weight to the next perceptron's first, as a multiple of WEIGHT_PITCH
# horizontal distances in mm: from an input dot to its weight, from the weight to the bend of its wire, from the weight
# to the sum, from the sum to the activation box; the output dot is TO_END - 8.3 behind the last shape
TO_WEIGHT, KNEE, TO_SUM, TO_BOX, TO_END = 25.6, 8.3, 35.0, 37.0, 31.0
CLOSEST = 0.4  # what remains of these distances on a page with little room
PRODUCTS = 0.7  # what remains of those to a sum where products stand on the wires
SMALLER = (1.0, 0.88, 0.77)  # parts of the size of captions, of which the last can still be read
TO_NEXT = 51.0  # smallest distance from a layer's outputs to the weights of the next layer
FORMULA = layout.SMALL_LABEL
TOTALS = ("s", "z", "u", "v", "Σ")  # names of a sum, of which it has the first that no drawn layer has


@dataclass(slots=True)
class Source:
    """The dot of a value that weights read."""

    node: Node
    unit: Unit | None  # None if the dot is the constant 1


Row = Source | Gap


class Perceptrons:
    """Draws a chain of layers on a canvas."""

    def __init__(self, canvas: Canvas, settings: FigureSettings, given: Mapping[str, Any] | None = None) -> None:
        self.canvas = canvas
        self.settings = settings
        self.given = given or {}
        self.numbers: dict[Group, int] = {}  # of each layer of perceptrons
        self.columns: dict[str, float] = {}  # the middle of each column; captions stand below it
        self.hints = settings.of

    def space(self, distance: float) -> float:
        """Return a horizontal distance, which is shorter on a page with little room."""
        least = PRODUCTS if self.settings.input is not None and distance in (KNEE, TO_SUM) else CLOSEST
        return self.settings.fit.space(distance, least * distance)

    # ---- inputs

    def inputs(self, group: Group, x: float, reader: Group) -> list[Row]:
        """Draw the dots of an input layer around y = 0, with their labels at the left, and return the rows."""
        entries = shown_units(group.size, *self._show(group))
        rows: list[Row] = []
        constant = self.constant(group, reader)
        ys = layout.stack([isinstance(entry, Gap) for entry in entries], constant is not None)
        if constant is not None:
            rows.append(Source(self._dot(group, None, x, ys[0], constant), None))
        for entry, y in zip(entries, ys[len(rows) :], strict=True):
            if isinstance(entry, Gap):
                self.canvas.dots(
                    f"{group.id}.{entry.name}", x, y, 0, 1, entry.hidden, group.layer.path, layout.SMALL_DOTS
                )
                rows.append(entry)
            else:
                name = self.hints(group.layer.path).symbol or group.label
                rows.append(Source(self._dot(group, entry, x, y, symbol(name, entry.index)), entry))
        return rows

    def _show(self, group: Group) -> tuple[tuple, int, int]:  # type: ignore[type-arg]
        show = self.hints(group.layer.path).show
        return (show[0] if show else ()), self.settings.max_units, self.settings.fit.least

    def constant(self, group: Group, reader: Group) -> Line | None:
        """Return the label of the constant 1 beside the values of a layer.

        It is None if the layer that would read it has no bias, or it is not drawn.
        """
        bias = self.settings.bias or "x0"
        if bias == "none" or not reader.bias:
            return None
        if bias != "x0":
            return upright("1" if bias == "one" else "+1")
        name = (self.hints(group.layer.path).symbol or group.label) if self.named and group.role != "input" else "x"
        return (*symbol(name, upright("0")), *upright(" = 1"))

    def _dot(self, group: Group, unit: Unit | None, x: float, y: float, label: Line) -> Node:
        held = Value(group.value, unit.place) if unit is not None and unit.place is not None else None
        ink = group.role if group.role == "input" else "tiny"
        node = self.canvas.node(
            f"{group.id}.{unit.name if unit else '+1'}",
            x,
            y,
            layout.DOT,
            ink=ink,
            layer=group.layer.path,
            classes=("value", group.role, *(() if unit else ("bias",))),
            value=held,
        )
        size = layout.SMALL_LABEL
        if unit is None and len(label) > 1:
            size = self.settings.sized("constant", size)
        if (label and group.role == "input") or unit is None:
            self.canvas.text(
                f"{node.id}.label",
                (label,),
                x - layout.DOT - 2.4,
                y + axis(label) * size,
                size,
                align="end",
                classes=("label",),
            )
        return node

    # ---- a layer

    def layer(self, group: Group, rows: list[Row], x: float, first: bool) -> list[Row]:
        """Draw the weights, sums and activations of a layer, and return the dots of its outputs."""
        link = group.links[0]
        entries = shown_units(group.size, *self._show(group))
        single = sum(1 for entry in entries if isinstance(entry, Unit)) == 1
        inner = layout.stack([isinstance(row, Gap) for row in rows], False)
        step = inner[-1] - inner[0] + APART * layout.WEIGHT_PITCH
        tops = layout.stack([isinstance(entry, Gap) for entry in entries], False, step, BETWEEN)
        sums: dict[Unit, Node] = {}
        ends: dict[Unit, Node] = {}
        count = 0
        for entry, y in zip(entries, tops, strict=True):
            if isinstance(entry, Gap):
                self.canvas.dots(f"{group.id}.{entry.name}", x, y, 0, 1, entry.hidden, group.layer.path)
                continue
            count += 1
            colours = self._colours(single, first, count)
            weights = self._weights(group, link, entry, rows, x, [y + at for at in inner], colours)
            sums[entry] = self._sum(group, entry, weights, x, y)
            if not group.across:
                ends[entry] = self._end(group, entry, self._activation(group, {entry: sums[entry]}, y, y), y)
        if group.across:  # one box reads the sums of all units
            box = self._activation(group, sums, tops[0], tops[-1])
            ends = {entry: self._end(group, entry, box, total.y) for entry, total in sums.items()}
        return [entry if isinstance(entry, Gap) else Source(ends[entry], entry) for entry in entries]

    def _colours(self, single: bool, first: bool, number: int) -> tuple[str, str]:
        """Return the ink of the weights, and the ink of the wires that lead to them."""
        if self.settings.colors == "role":
            return "ink", "ink"
        if single:
            return ("ink", "ink") if first else ("second", "relay")
        role = f"group{(number - 1) % 5 + 1}"
        return role, role

    def reach(self, group: Group, rows: list[Row]) -> float:
        """Return how far the weights must stand from the dots they read, so that no wire runs through other weights."""
        entries = shown_units(group.size, *self._show(group))
        inner = layout.stack([isinstance(row, Gap) for row in rows], False)
        tops = layout.stack(
            [isinstance(entry, Gap) for entry in entries],
            False,
            inner[-1] - inner[0] + APART * layout.WEIGHT_PITCH,
            BETWEEN,
        )
        ys = [row.node.y for row in rows if isinstance(row, Source)]
        at = [place for place, row in zip(inner, rows, strict=True) if isinstance(row, Source)]
        most = max(abs(top + place - y) for top in tops for place, y in zip(at, ys, strict=True))
        return most / STEEPEST + layout.WEIGHT

    def _weights(
        self, group: Group, link: Link, unit: Unit, rows: list[Row], x: float, ys: list[float], inks: tuple[str, str]
    ) -> list[Node]:
        nodes = []
        for row, y in zip(rows, ys, strict=True):
            base = f"{group.id}.{unit.name}.w"
            if isinstance(row, Gap):
                self.canvas.dots(f"{base}.{row.name}", x, y, 0, 1, row.hidden, group.layer.path, layout.SMALL_DOTS)
                continue
            place = unit.place
            if row.unit is None:
                weight, index, name = group.bias_weight(place), upright("0"), "0"
            else:
                weight, index, name = link.weight(place, row.unit.place), row.unit.index or upright("1"), row.unit.name
            node = self.canvas.node(
                f"{base}.{name}",
                x,
                y,
                layout.WEIGHT,
                ink=inks[0],
                classes=("weight",),
                layer=group.layer.path,
                weight=weight,
            )
            line = self._number(weight) or symbol("w", *self._index(group, unit, index))
            self.canvas.label(node, line, layout.SMALL_LABEL, inks[0])
            if line[0].text != "w":
                self.canvas.texts[-1] = replace(self.canvas.texts[-1], classes=("label", "number"))
            self._feed(row.node, node, Pen(ink=inks[1]), group)
            nodes.append(node)
        return nodes

    def _feed(self, source: Node, weight: Node, pen: Pen, group: Group) -> None:
        """Draw the wire to a weight: if level, up to the circle's left end; else towards its centre, up to its rim."""
        start = Point(source.x + source.rx, source.y)
        if abs(source.y - weight.y) < 0.01:
            end = Point(weight.x - weight.rx, weight.y)
        else:
            end = weight.rim(start)
        self.canvas.wire(source.id, weight.id, (start, end), pen=pen, layer=group.layer.path, classes=("input",))

    def _sum(self, group: Group, unit: Unit, weights: list[Node], x: float, y: float) -> Node:
        """Draw the sum of the weights, and return it."""
        canvas, base = self.canvas, f"{group.id}.{unit.name}"
        total = canvas.node(
            f"{base}.sum",
            x + self.space(TO_SUM),
            y,
            layout.UNIT,
            classes=("sum",),
            layer=group.layer.path,
            value=None if unit.place is None else Value(group.node, unit.place),
        )
        canvas.label(total, upright("Σ"), layout.SIGMA)
        for weight in weights:
            start = Point(weight.x + weight.rx, weight.y)
            if abs(weight.y - y) < 0.01:
                points: tuple[Point, ...] = (start, Point(total.x - total.rx, y))
            else:
                knee = Point(weight.x + weight.rx + self.space(KNEE), weight.y)
                points = (start, knee, total.rim(knee))
            canvas.wire(weight.id, total.id, points, layer=group.layer.path, classes=("product",))
        self.columns |= {"weights": x, "sum": total.x}
        return total

    def _activation(self, group: Group, sums: dict[Unit, Node], top: float, low: float) -> Node:
        """Draw the activation behind the sums that it reads, and return its box; without an activation, the last sum.

        Its box reaches from the height `top` to the height `low`.
        """
        *_, last = sums.values()
        if not group.activation:
            return last
        rx, ry = layout.BOX
        line = activation_line(group.activation)
        rx = max(rx, line_width(line, layout.SMALL_LABEL) / 2 + 2)
        box = self.canvas.node(
            f"{group.id}.act" if group.across else f"{group.id}.{next(iter(sums)).name}.act",
            last.x + self.space(TO_BOX) + rx - layout.BOX[0],
            (top + low) / 2,
            rx,
            ry + (low - top) / 2,
            shape="box",
            classes=("activation",),
            layer=group.layer.path,
        )
        self.canvas.label(box, line, layout.SMALL_LABEL)
        for unit, total in sums.items():
            start, end = Point(total.x + total.rx, total.y), Point(box.x - box.rx, total.y)
            self.canvas.wire(total.id, box.id, (start, end), layer=group.layer.path)
            said = symbol(self.total, unit.index if self.named else ())
            at = (start.x + end.x) / 2, total.y - 2.6
            self.canvas.text(f"{group.id}.{unit.name}.s", (said,), *at, layout.SMALL_LABEL, classes=("label",))
        self.columns["activation"] = box.x
        return box

    def _end(self, group: Group, unit: Unit, last: Node, y: float) -> Node:
        """Draw the output's dot and return the dot; if a formula stands in its place, the dot is not drawn."""
        x = last.x + last.rx + self.space(TO_END) - 8.3
        final = group.role == "output"
        node = Node(
            id=f"{group.id}.{unit.name}",
            shape="circle",
            x=x,
            y=y,
            rx=layout.DOT,
            ry=layout.DOT,
            pen=Pen(ink=self._end_ink(group)),
            fill="relay" if final and self.deep else "",
            layer=group.layer.path,
            classes=("value", group.role),
            value=None if unit.place is None else Value(group.value, unit.place),
        )
        start = Point(last.x + last.rx, y)
        if self.with_formula and final and not self.below:
            tip = Point(x - layout.DOT, y)
            self.canvas.wire(last.id, "", (start, tip), layer=group.layer.path, id=f"{node.id}.out", value=node.value)
            self._formula(group, tip.x + 2.4, tip.y)
            return node
        self.canvas.by_id[node.id] = node
        self.canvas.nodes.append(node)
        self.canvas.wire(last.id, node.id, (start, Point(x - layout.DOT, y)), layer=group.layer.path)
        name = self.hints(group.layer.path).symbol or group.label
        if self.named and name:
            line = symbol(name, unit.index)
            at = y - layout.DOT - 0.8 - boxed((line,), layout.SMALL_LABEL).bottom
            self.canvas.text(f"{node.id}.label", (line,), x, at, layout.SMALL_LABEL, align="end", classes=("label",))
        return node

    def _index(self, group: Group, unit: Unit, of: Line) -> tuple[Line, Line]:
        """Return the index and the superscript of a weight: alone it has its input's number, among others also its own.

        The superscript is the number of the layer where there are several.
        """
        if not self.named:
            return of, ()
        plain = all(atom.text.isdigit() and len(atom.text) == 1 for atom in (*unit.index, *of))
        index = (*unit.index, *(() if plain or not unit.index else math(",")), *of)
        return index, upright(f"({self.numbers[group]})") if self.deep else ()

    def _number(self, weight: Weight | None) -> Line:
        """Return a weight that the spec gives as a number; () if it gives none."""
        found = self.given.get(weight.key) if weight is not None else None
        if found is None or weight is None:
            return ()
        for place in weight.place:
            found = found[place]
        return upright(shown(float(found)))

    deep = False  # whether several layers are drawn
    named = False  # whether weights say which perceptron they belong to
    total = "s"  # what a sum is called
    with_formula = False  # whether the last arrow ends at a formula

    def _end_ink(self, group: Group) -> str:
        if self.deep:
            return "relay" if group.role == "output" else "tiny"
        return group.ink

    @property
    def below(self) -> bool:
        """Whether the formula stands below the figure, because a page has no room for it behind the last arrow."""
        return self.settings.fit.gap <= 0.5

    def _formula(self, group: Group, x: float | None, y: float) -> None:
        """Write what the layer computes: behind the last arrow or, without an x, below the figure from y on."""
        link = group.links[0]
        numbers = [text.lines[0] for text in self.canvas.texts if "number" in text.classes]
        head, rest = formula_lines(
            group, link.source, self.settings, self.constant(link.source, group), self.total, numbers
        )
        lines = (head, *rest)
        indent = line_width(upright("=   "), FORMULA) if rest else 0.0
        wide = max(indent + line_width(head, FORMULA), widest(lines, FORMULA))
        y += axis(head) * FORMULA if x is not None else -boxed((head,), FORMULA).top
        x = self.canvas.box().middle.x - wide / 2 if x is None else x
        self.canvas.text(f"{group.id}.formula", (head,), x + indent, y, FORMULA, align="start", classes=("formula",))
        if rest:
            y += FORMULA * layout.LEADING * 1.05
            self.canvas.text(f"{group.id}.formula.2", rest, x, y, FORMULA, align="start", classes=("formula",))
        self.columns["output"] = x + wide / 2

    # ---- words

    def captions(self, source: Group, group: Group) -> None:
        """Write one line of captions below the columns."""
        said = self.settings.captions
        words = [say(name, self.settings.lang) for name in ("weights", "sum", "activation")]
        if said is not None:
            words = [*said, *[""] * 3][:3]
        columns = dict(zip(("weights", "sum", "activation"), words, strict=True))
        columns = {"input": self._title(source), **columns, "output": self._title(group)}
        usual = self.settings.fit.letters(layout.CAPTION)
        low, trial = self.canvas.box().bottom, Canvas()
        ends = [text.box.bottom for text in self.canvas.texts if "formula" in text.classes]
        if self.settings.input is not None and ends:  # the number of the example stands below the formula
            low = max(low, max(ends) + FORMULA * layout.LEADING * 1.05)
        y = low + 4
        for part in SMALLER:  # they stand on one line with the largest letters with which they have room there
            trial.texts.clear()
            notes = [
                Footnote(
                    f"{group.id}.{name}.caption", text, self.columns[name], self.settings.sized(name, part * usual)
                )
                for name, text in columns.items()
                if text and name in self.columns
            ]
            trial.footer(notes, y)
            if len({text.y for text in trial.texts}) < 2:
                break
        self.canvas.texts += trial.texts

    def _title(self, group: Group) -> str:
        given = self.hints(group.layer.path).title
        return group.title if given is None else given

    def titles(self, groups: list[Group], xs: list[float]) -> None:
        """Write the layers' captions above the figure; the outermost stay within its left and right edges."""
        box = self.canvas.box()
        said = [(group, x) for group, x in zip(groups, xs, strict=True) if self._title(group)]
        taken = box.left - 6
        for group, x in said:
            lines = wrapped(self._title(group), layout.TITLE_WIDTH, layout.TITLE)
            y = box.top - 9 - boxed(lines, layout.TITLE).bottom
            wide = widest(lines, layout.TITLE)
            if group is groups[0]:
                x = max(x, box.left + wide / 2) if x - wide / 2 < box.left else x
            elif group is groups[-1]:
                x = min(x, box.right - wide / 2)
            x = max(x, taken + 6 + wide / 2)
            taken = x + wide / 2
            self.canvas.text(f"{group.id}.title", lines, x, y, layout.TITLE, classes=("title",), layer=group.layer.path)


def perceptron(
    graph: Graph, groups: list[Group], settings: FigureSettings, given: Mapping[str, Any] | None = None
) -> Scene:
    """Return the figure of a chain of layers of perceptrons; raise Unsuitable if the net is not such a chain.

    Parameters:
        given: weights that the spec gives, by the key of their array: nested tuples. They stand in the circles.
    """
    chain = chain_of(graph, groups)
    settings = fitted(settings, (group.size for group in chain), settings.max_units)
    drawing = Perceptrons(Canvas(), settings, given)
    drawing.deep = len(chain) > 2
    drawing.numbers = {group: number for number, group in enumerate(chain)}
    drawing.named = settings.notes != "none" and (drawing.deep or chain[-1].size != 1)
    drawing.with_formula = not drawing.deep and settings.formula and chain[-1].size == 1
    if drawing.named or drawing.with_formula:
        called = {settings.of(group.layer.path).symbol or group.label for group in chain}
        drawing.total = next((name for name in TOTALS if name not in called), TOTALS[-1])
    x, xs = 0.0, [0.0]
    rows = drawing.inputs(chain[0], x, chain[1])
    drawing.columns["input"] = x
    for number, group in enumerate(chain[1:]):
        if number:
            rows = _with_constant(drawing, chain[number], group, rows, x)
        reach = max(drawing.space(TO_NEXT if number else TO_WEIGHT), drawing.reach(group, rows))
        rows = drawing.layer(group, rows, x + reach, number == 0)
        x = next(row.node.x for row in rows if isinstance(row, Source))
        xs.append(x)
        drawing.columns.setdefault("output", x)
    if settings.captions != ():
        if drawing.deep:
            drawing.titles(chain, xs)
        else:
            drawing.captions(chain[0], chain[1])
    if drawing.with_formula and drawing.below:
        drawing._formula(chain[-1], None, drawing.canvas.box().bottom + 5)
    for group in chain:
        hidden = [entry.hidden for entry in shown_units(group.size, *drawing._show(group)) if isinstance(entry, Gap)]
        if hidden:
            drawing.canvas.hidden[group.id] = " + ".join(hidden)
    return drawing.canvas.scene("perceptron")


def _with_constant(drawing: Perceptrons, group: Group, reader: Group, rows: list[Row], x: float) -> list[Row]:
    """Draw the constant 1 above the outputs of a layer, for the next layer to read; return the rows with this dot."""
    constant = drawing.constant(group, reader)
    if constant is None:
        return rows
    top = min(row.node.y for row in rows if isinstance(row, Source))
    dot = drawing._dot(group, None, x, top - 3 * layout.WEIGHT_PITCH, constant)
    return [Source(dot, None), *rows]


def chain_of(graph: Graph, groups: list[Group]) -> list[Group]:
    """Return the groups if each consists of perceptrons that read only the group before; else raise Unsuitable."""
    for number, group in enumerate(groups):
        node = graph.nodes[group.node]
        sources = [link.source for link in group.links]
        if number and (not node.op.dense or sources != [groups[number - 1]] or group.links[0].delay):
            raise Unsuitable(node)
        if not number and group.links:
            raise Unsuitable(node)
    if len(groups) < 2:
        raise Unsuitable(graph.nodes[groups[0].node])
    return groups
