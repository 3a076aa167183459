"""The `cells` view writes one window of a filter or pool as textbooks do: flat grids of numbers, and the sum below."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from itertools import pairwise, product
from math import prod
from typing import Any

from netspec.figure.notes import marks_of, titled
from netspec.figure.scene import Pen, Point, Rect, Scene, Value, Weight, layout
from netspec.figure.scene.canvas import Canvas, boxed
from netspec.figure.scene.tex import Line
from netspec.figure.scene.typeset import DIGITS, line_width, math, symbol, upright, widest, words, wrapped
from netspec.figure.scene.typeset import axis as middle_of
from netspec.figure.settings import FigureSettings, Index, Skip
from netspec.figure.strings import say
from netspec.figure.trained.overlay import DIGITS as USUAL
from netspec.figure.trained.overlay import adding_up, numeral
from netspec.figure.units import Group, Link, Unsuitable
from netspec.figure.units.elided import Unit, shown_units, size_label
from netspec.figure.units.filter import as_plane
from netspec.figure.units.formulas import activation_name
from netspec.figure.units.lattice import PADDING, Axis, axis, cell_index, default_columns, default_rows, with_window
from netspec.ir.graph import Graph, Node
from netspec.ir.marks import Mark
from netspec.ir.sizes import Formula, Size

CELL, WIDEST = 10.0, 18.0  # mm: the height of a cell, and its greatest width
SIDE = 26.0  # mm: the longest line of the words beside a grid
TEXT, SIGN = 5.0, 8.6  # mm: the size of the number in a cell, and of a sign between two grids
ALL = 9  # a grid with more rows or columns is drawn with dots
APART, NEAR, BELOW = 4.5, 1.8, 5.5  # mm beside a sign, from a grid to its title, and from the grids to the sum
CHANNELS = 3  # of more maps the first two and the last are drawn
TERMS = 9  # a longer sum is written with dots
TILES = ("tint-dense", "tint-embed", "tint-pool", "tint-attention")  # of windows side by side
ARROW = "→"
EDGES = {"sum": "0", "mean": "0", "max": "−∞"}  # what padding counts as


@dataclass(slots=True)
class Grid:
    """The cells of a map, or of a filter for a map; `line` and `fill` say what stands in a cell, and its ground."""

    id: str
    layer: str
    ink: str
    rows: Axis
    columns: Axis
    line: Callable[[Unit, Unit], Line]
    fill: Callable[[Unit, Unit], str]
    value: Callable[[Unit, Unit], Value | None] = lambda row, column: None
    weight: Callable[[Unit, Unit], Weight | None] = lambda row, column: None
    classes: tuple[str, ...] = ()
    framed: list[tuple[list[int], list[int], bool]] = field(default_factory=list)  # numbers of rows and columns, bold
    side: str = ""  # which map it is, if there are several

    def size(self, wide: float) -> tuple[float, float]:
        return (self.columns.places[-1] + 1) * wide, (self.rows.places[-1] + 1) * CELL

    @property
    def lines(self) -> list[Line]:
        return [self.line(row, column) for row, column in self.cells]

    @property
    def cells(self) -> Iterable[tuple[Unit, Unit]]:
        return ((row, column) for (row, _), (column, _) in product(self.rows.units, self.columns.units))


@dataclass(slots=True)
class Pile:
    """Grids one below the other, with a title above them; or a sign."""

    grids: list[Grid]
    title: tuple[Line, ...] = ()
    sign: str = ""
    between: str = ""  # the sign between two grids
    gap: int = -1  # behind which grid dots stand

    def sides(self, size: float) -> float:
        return max(
            (widest(wrapped(grid.side, SIDE, size), size) + 2.5 for grid in self.grids if grid.side), default=0.0
        )

    def width(self, wide: float, size: float) -> float:
        if self.sign:
            least = 2 * SIGN if self.sign == ARROW else line_width(upright(self.sign), SIGN)
            return max(least, widest(self.title, size))
        return max(self.sides(size) + max(grid.size(wide)[0] for grid in self.grids), widest(self.title, size))


class Window:
    """One unit of the layer: what it reads, and what becomes of it."""

    def __init__(self, graph: Graph, group: Group, link: Link, settings: FigureSettings) -> None:
        assert link.windows is not None
        self.op = graph.nodes[group.node].op
        self.maps = int(group.type.maps)  # type: ignore[arg-type]
        at = settings.of(group.layer.path).at
        self.whole = not at  # whether the figure is about all windows
        self.map = at[0] - 1 if len(at) > 2 else 0
        self.at = (1, *at)[-2:] if at else (1, 1)
        self.read = [[n + 1 for n in link.windows.read(axis, place - 1)] for axis, place in enumerate(self.at)]
        count = int(link.source.type.maps)  # type: ignore[arg-type]
        self.channels = [one for one in range(count) if self.op.joins_maps(self.map, one, count)]
        if self.op.gathers != "sum":  # a pool makes a map of each map
            self.channels = [self.map]
        few = count == 1 and self.maps <= CHANNELS and self.op.gathers == "sum"
        self.made = list(range(self.maps)) if few else [self.map]  # the maps that are drawn, each of a filter

    @property
    def kernels(self) -> list[tuple[int, int]]:
        """The drawn grids of filters: each by the map that it makes and the map that it reads."""
        several = len(self.made) > 1
        return [(one, self.channels[0]) for one in self.made] if several else [(self.map, one) for one in self.drawn]

    @property
    def drawn(self) -> list[int]:
        """The maps that are drawn: all if there are few."""
        channels = self.channels
        return channels if len(channels) <= CHANNELS else [*channels[: CHANNELS - 1], channels[-1]]


class Cells:
    """Draws one layer on a canvas."""

    def __init__(
        self,
        graph: Graph,
        group: Group,
        settings: FigureSettings,
        weights: Mapping[str, Any],
        values: Mapping[int, Any] | None,
    ) -> None:
        self.graph, self.group, self.settings = graph, group, settings
        self.weights, self.values = weights, values
        self.link = group.links[0]
        self.source = self.link.source
        self.window = Window(graph, group, self.link, settings)
        self.canvas = Canvas()
        self.text = settings.fit.letters(layout.CAPTION)
        self.node = graph.nodes[group.node]
        self.tiles = self._tiles()
        self.few = settings.fit.gap <= 0.5  # on a page with too little room
        self.wide = CELL
        self.middle: float | None = None  # of the text of a cell; all numbers stand in the middle of their cells

    # ---- what is known of the numbers

    def _name(self, group: Group) -> str:
        hints = self.settings.of(group.layer.path)
        return (group.label if hints.symbol is None else hints.symbol) if hints.labels else ""

    def held(self, group: Group, channel: int, row: Unit, column: Unit) -> Value | None:
        height, width = group.type.space
        if row.place is None or column.place is None or isinstance(height, Formula) or isinstance(width, Formula):
            return None
        return Value(group.value, (channel * height + row.place) * width + column.place)

    def cell(self, group: Group, channel: int, row: Unit, column: Unit) -> Line:
        """Return what a cell of a map says: its number, else its symbol; padding counts as a number."""
        if PADDING in (row.index, column.index):
            return upright(EDGES[self.window.op.gathers])
        held = self.held(group, channel, row, column)
        if self.values is not None and held is not None:
            return numeral(float(self.values[held.node][held.place]))
        return self._symbol(self._name(group), channel if group.type.maps != 1 else None, row, column)

    def _symbol(self, name: str, channel: int | None, row: Unit, column: Unit) -> Line:
        if not name:
            return ()
        index = cell_index(row, column)
        if channel is not None:
            index = (*math(str(channel + 1)), *(() if len(index) == 2 and channel < 9 else math(",")), *index)
        return symbol(name, index)

    def weight(self, kernel: tuple[int, int], row: Unit, column: Unit) -> Line:
        """Return what a cell of a filter says; a kernel is one of `Window.kernels`."""
        if self.node.stored() in self.weights:
            return numeral(self._weight(kernel, row.place or 0, column.place or 0))
        name = "w" if self.settings.of(self.group.layer.path).labels else ""
        told = len(self.window.made) == 1
        several = max(len(self.window.channels), len(self.window.made)) > 1
        return self._symbol(name, kernel[told] if several else None, row, column)

    def _weight(self, kernel: tuple[int, int], *place: int) -> float:
        found = self.weights[self.node.stored()]
        for one in self._place(kernel, *place):
            found = found[one]
        return float(found)

    def _place(self, kernel: tuple[int, int], *place: int) -> tuple[int, ...]:
        """Return where a number of a filter stands in its array; a filter along one axis has a single row."""
        axes = len(self.graph.type_of(self.node.inputs[0]).space)
        return (kernel[0], self.window.channels.index(kernel[1]), *place[-axes:])

    def _held(self, kernel: tuple[int, int], row: Unit, column: Unit) -> Weight | None:
        if row.place is None or column.place is None:
            return None
        return Weight(self.node.stored(), self._place(kernel, row.place, column.place))

    def bias(self, made: int) -> Line:
        """Return what is added to a map; () if nothing is."""
        if not self.graph.stores(self.node, "bias"):
            return ()
        array = self.weights.get(self.node.stored("bias"))
        if array is None:
            return symbol("b", math(str(made + 1)) if len(self.window.made) > 1 else ())
        return numeral(float(array[made]))

    # ---- grids

    def maps(self, group: Group, channels: list[int], axes: tuple[Axis, Axis], fill: Any) -> list[Grid]:
        """Return the grids of some maps of a layer, with which of several each is."""

        def side(channel: int) -> str:
            said = say("channel", self.settings.lang).format(number=channel + 1)
            if len(channels) == 1:
                said = say("channel of", self.settings.lang).format(number=channel + 1, count=group.type.maps)
            return said if group.type.maps != 1 else ""

        return [
            Grid(
                f"{group.id}.{channel + 1}" if group.type.maps != 1 else group.id,
                group.layer.path,
                group.ink,
                *axes,
                lambda row, column, channel=channel: self.cell(group, channel, row, column),  # type: ignore[misc]
                lambda row, column, channel=channel: fill(channel, row, column),  # type: ignore[misc]
                lambda row, column, channel=channel: self.held(group, channel, row, column),  # type: ignore[misc]
                classes=("cell", group.role),
                side=side(channel),
            )
            for channel in channels
        ]

    def inputs(self) -> Pile:
        """Return the maps that are read, with the cells of the window shaded."""
        assert self.link.windows is not None
        rows, columns = self.window.read
        pads = self.link.windows.pad or (0, 0)
        axes = [
            _axis(size, numbers, int(edge), self.few)  # type: ignore[arg-type]
            for size, numbers, edge in zip(self.source.type.space, self.window.read, pads, strict=True)
        ]

        def fill(channel: int, row: Unit, column: Unit) -> str:
            if self.tiles:
                return next((tint for rows, columns, tint in self.tiles if _in(row, rows) and _in(column, columns)), "")
            return "tint-input" if _in(row, rows) and _in(column, columns) else ""

        grids = self.maps(self.source, self.window.drawn, (axes[0], axes[1]), fill)
        for grid in grids:
            frames = [(rows, columns) for rows, columns, _ in self.tiles] or [(rows, columns)]
            grid.framed = [(*frame, True) for frame in frames]
            for region in self.settings.of(self.source.layer.path).box:
                spans = (region.rows, region.cols or region.units)
                sides = [
                    list(range((span or (1, size))[0], (span or (1, size))[1] + 1))
                    for span, size in zip(spans, self.source.type.space, strict=True)
                ]
                grid.framed.append((sides[0], sides[1], False))
        return Pile(grids, self.title(self.source), gap=self._gap())

    def _gap(self) -> int:
        return CHANNELS - 2 if len(self.window.drawn) < len(self.window.channels) else -1

    def filter(self) -> Pile:
        assert self.link.windows is not None
        sizes = self.link.windows.kernel
        rows, columns = (axis(_numbered(shown_units(size, default_rows(size, ALL))), 2.0) for size in sizes)
        grids = [
            Grid(
                f"{self.group.id}.w.{kernel[len(self.window.made) == 1] + 1}",
                self.group.layer.path,
                "filter",
                rows,
                columns,
                lambda row, column, kernel=kernel: self.weight(kernel, row, column),  # type: ignore[misc]
                lambda row, column: "tint-filters",
                weight=lambda row, column, kernel=kernel: self._held(kernel, row, column),  # type: ignore[misc]
                classes=("cell", "weight"),
            )
            for kernel in self.window.kernels
        ]
        lang, size = self.settings.lang, "×".join(size_label(one) for one in sizes)
        name = say("filter", lang)
        said = f"{name} {size}"
        if len(self.window.made) > 1:
            said = self.window.op.title(lang)
        elif self.window.maps > 1:
            said = (
                f"{say('one of', lang).format(name=name, number=self.window.map + 1, count=self.window.maps)}, {size}"
            )
        between = "+" if len(self.window.made) == 1 else ""
        return Pile(grids, self._wrapped("\n".join((said, *self._marks()))), between=between, gap=self._gap())

    def results(self) -> Pile:
        row, column = self.window.at
        sizes = self.group.type.space
        axes = [_axis(size, [at], 0, self.few) for size, at in zip(sizes, self.window.at, strict=True)]

        def fill(channel: int, one: Unit, other: Unit) -> str:
            if self.tiles and self.group.type.space[1] != 0:
                return self.tiles[(one.place or 0) * int(sizes[1]) + (other.place or 0)][2]  # type: ignore[arg-type]
            own = channel == self.window.map and _in(one, [row]) and _in(other, [column])
            return "tint-output" if own else ""

        grids = self.maps(self.group, self.window.made, (axes[0], axes[1]), fill)
        if not self.tiles:
            chosen = grids[self.window.made.index(self.window.map)]
            chosen.framed = [([row], [column], True)]
        return Pile(grids, self.title(self.group))

    def _tiles(self) -> list[tuple[list[int], list[int], str]]:
        """Return the windows of a pool and their grounds where they lie side by side and the figure is about all."""
        windows, space = self.link.windows, self.group.type.space
        sizes = (*space, *self.source.type.space)
        if not self.window.whole or self.window.op.gathers == "sum" or windows is None:
            return []
        if not all(map(_is_small, sizes)):
            return []
        along = [
            [[n + 1 for n in windows.read(axis, place)] for place in range(int(size))]  # type: ignore[arg-type]
            for axis, size in enumerate(space)
        ]
        if any(one[-1] >= two[0] for places in along for one, two in pairwise(places)):
            return []
        return [
            (rows, columns, TILES[(down % 2) * 2 + across % 2])
            for down, rows in enumerate(along[0])
            for across, columns in enumerate(along[1])
        ]

    # ---- words

    def title(self, group: Group) -> tuple[Line, ...]:
        given = self.settings.of(group.layer.path).title
        return self._wrapped(group.title if given is None else given)

    def _wrapped(self, text: str) -> tuple[Line, ...]:
        return wrapped(text, 4.2 * CELL, self.text) if text else ()

    def operation(self) -> tuple[Line, ...]:
        said = "\n".join((self.window.op.title(self.settings.lang), *self._marks()))
        return wrapped(said, 2.6 * CELL, self.text)

    def _marks(self) -> list[str]:
        """Return what is to be said of the windows besides their size: stride, dilation, groups."""
        return [mark.text for mark in said_beside(self.graph, self.node, self.settings.lang)]

    # ---- the figure

    def piles(self) -> list[Pile]:
        """Return the grids and the signs between them, from left to right."""
        source, result = self.inputs(), self.results()
        if self.window.op.gathers != "sum":
            return [source, Pile([], self.operation(), sign=ARROW), result]
        middle = [Pile([], sign="∗"), self.filter()]
        if self.bias(self.window.map):
            one = axis([Unit("1", math("1"), 0)], 1.0)
            biases = [
                Grid(
                    f"{self.group.id}.b" + (f".{made + 1}" if len(self.window.made) > 1 else ""),
                    self.group.layer.path, "filter", one, one,
                    lambda row, column, made=made: self.bias(made),  # type: ignore[misc]
                    lambda row, column: "tint-filters", classes=("cell", "weight"),
                )
                for made in self.window.made
            ]  # fmt: skip
            middle += [Pile([], sign="+"), Pile(biases, self._wrapped(say("bias", self.settings.lang)))]
        if self.group.activation:
            return [source, *middle, Pile([], ((activation_name(self.group.activation),),), sign=ARROW), result]
        return [source, *middle, Pile([], sign="="), result]

    def draw(self) -> Scene:
        piles = self.piles()
        labels = [line for pile in piles for grid in pile.grids for line in grid.lines if line]
        self.wide = min(max([CELL, *(line_width(line, TEXT) + 2.4 for line in labels)]), WIDEST)
        self.middle = DIGITS if all(map(_is_number, labels)) else None
        apart = self.settings.fit.space(APART, 2.0)
        rows: list[list[Pile]] = [[]]
        reach = 0.0
        for pile in piles:
            room = pile.width(self.wide, self.text) + apart
            if reach + room > self.settings.fit.width and pile.sign in ("=", ARROW) and rows[-1]:
                rows.append([])
                reach = 0.0
            rows[-1].append(pile)
            reach += room
        top = 0.0
        for row in rows:
            self._row(row, top, apart)
            top = self.canvas.box().bottom + 2 * NEAR
        self._sums()
        return self.canvas.scene("cells")

    def _row(self, row: list[Pile], top: float, apart: float) -> None:
        """Draw piles side by side; the maps of a channel, and the middles of all piles, are at one height."""
        most = max(len(pile.grids) for pile in row)
        between = SIGN if most > 1 else 0.0
        highs = [max(pile.grids[k].size(CELL)[1] for pile in row if len(pile.grids) == most) for k in range(most)]
        heads = [boxed(pile.title, self.text).height + NEAR for pile in row if pile.title]
        gap = max(pile.gap for pile in row)
        levels, y = [], top + max(heads, default=0.0)
        tall = max(grid.size(CELL)[1] for pile in row for grid in pile.grids)
        y += max(tall - sum(highs) - between * (most - 1), 0.0) / 2  # one grid in the middle may reach past the others
        for place, high in enumerate(highs):
            levels.append(y + high / 2)
            y += high + between * (2 if place == gap else 1)
        x = 0.0
        for pile in row:
            wide = pile.width(self.wide, self.text)
            if pile.sign:
                each = pile.sign == "∗" or len(self.window.made) > 1
                self._sign(pile, x, wide, levels if each else [(levels[0] + levels[-1]) / 2])
            else:
                own = levels
                if len(pile.grids) < most:
                    pitch, middle = pile.grids[0].size(CELL)[1] + between, (levels[0] + levels[-1]) / 2
                    own = [middle + (k - (len(pile.grids) - 1) / 2) * pitch for k in range(len(pile.grids))]
                self._pile(pile, x, wide, own)
            x += wide + apart

    def _pile(self, pile: Pile, x: float, wide: float, levels: list[float]) -> None:
        over = max(grid.size(self.wide)[0] for grid in pile.grids)
        side = pile.sides(self.text)
        left = x + side + max(wide - side - over, 0.0) / 2
        first, middle = pile.grids[0], left + over / 2
        if pile.title:
            low = levels[0] - first.size(CELL)[1] / 2 - NEAR - boxed(pile.title, self.text).bottom
            name = f"{first.id}.title"
            self.canvas.text(name, pile.title, middle, low, self.text, classes=("title",), layer=first.layer)
        for place, (grid, level) in enumerate(zip(pile.grids, levels, strict=True)):
            self._grid(grid, left, level - grid.size(CELL)[1] / 2)
            if place + 1 == len(pile.grids):
                break
            half = grid.size(CELL)[1] / 2
            y = (level + half + levels[place + 1] - pile.grids[place + 1].size(CELL)[1] / 2) / 2
            if place == pile.gap:
                hidden = str(len(self.window.channels) - len(self.window.drawn))
                self.canvas.dots(f"{grid.id}.more", middle, y, 0, 1, hidden, grid.layer)
            elif pile.between:
                line = upright(pile.between)
                base = y + middle_of(line) * SIGN * 0.8
                self.canvas.text(f"{grid.id}.plus", (line,), middle, base, SIGN * 0.8, classes=("sign",))

    def _sign(self, pile: Pile, x: float, wide: float, levels: list[float]) -> None:
        """Draw a sign at some heights, or an arrow with its words above it."""
        name, path = f"{self.group.id}.sign{len(self.canvas.texts)}", self.group.layer.path
        if pile.sign == ARROW:
            for place, level in enumerate(levels):
                own = f"{name}.{place}" if place else name
                self.canvas.wire("", "", (Point(x, level), Point(x + wide, level)), id=own, layer=path)
                if pile.title:
                    y, size = level - NEAR - boxed(pile.title, self.text).bottom, self.text
                    self.canvas.text(f"{own}.title", pile.title, x + wide / 2, y, size, classes=("title",), layer=path)
            return
        line = upright(pile.sign)
        for place, level in enumerate(levels):
            y = level + middle_of(line) * SIGN
            self.canvas.text(f"{name}.{place}", (line,), x + wide / 2, y, SIGN, classes=("sign",), layer=path)

    def _grid(self, grid: Grid, left: float, top: float) -> None:
        canvas, wide = self.canvas, self.wide
        for (row, down), (column, across) in product(grid.rows.units, grid.columns.units):
            outside = PADDING in (row.index, column.index)
            node = canvas.node(
                f"{grid.id}.{row.name}.{column.name}",
                left + (across + 0.5) * wide,
                top + (down + 0.5) * CELL,
                wide / 2,
                CELL / 2,
                shape="box",
                ink="faint" if outside else grid.ink,
                fill=grid.fill(row, column) or "paper",
                classes=("padding",) if outside else grid.classes,
                layer=grid.layer,
                value=None if outside else grid.value(row, column),
                weight=(held := grid.weight(row, column)),
            )
            canvas.label(node, line := grid.line(row, column), TEXT, "faint" if outside else "ink", self.middle)
            if held is not None and _is_number(line):
                canvas.texts[-1] = replace(canvas.texts[-1], classes=("label", "number"))
        for gap, down in grid.rows.gaps:
            for column, across in grid.columns.units:
                at = left + (across + 0.5) * wide, top + (down + 0.5) * CELL
                canvas.dots(f"{grid.id}.{gap.name}.{column.name}", *at, 0, 1, gap.hidden, grid.layer, layout.SMALL_DOTS)
        for gap, across in grid.columns.gaps:
            for row, down in grid.rows.units:
                at = left + (across + 0.5) * wide, top + (down + 0.5) * CELL
                canvas.dots(f"{grid.id}.{row.name}.{gap.name}", *at, 1, 0, gap.hidden, grid.layer, layout.SMALL_DOTS)
        for count, (rows, columns, bold) in enumerate(grid.framed):
            high = [at for unit, at in grid.rows.units if _in(unit, rows)]
            broad = [at for unit, at in grid.columns.units if _in(unit, columns)]
            if not high or not broad:
                continue
            box = Rect(
                left + min(broad) * wide, top + min(high) * CELL,
                left + (max(broad) + 1) * wide, top + (max(high) + 1) * CELL,
            )  # fmt: skip
            pen = Pen(ink="ink" if bold else "frame", width=0.6)
            name = f"{grid.id}.{'window' if bold else 'box'}{count or ''}"
            canvas.polygon(name, box.corners, front=True, pen=pen, classes=("outline",), layer=grid.layer)
        if grid.side:
            lines = wrapped(grid.side, SIDE, self.text)
            y = top + grid.size(wide)[1] / 2 - boxed(lines, self.text).middle.y
            name = f"{grid.id}.side"
            canvas.text(name, lines, left - 2.5, y, self.text, align="end", classes=("caption",), layer=grid.layer)

    # ---- the sum

    def _sums(self) -> None:
        """Write below the grids how the number of a unit comes about."""
        box = self.canvas.box()
        room = min(max(box.width, 8 * CELL), self.settings.fit.width)
        lines = [line for terms in self._equations() for line in _broken(terms, room, self.text)]
        if lines:
            own = boxed(tuple(lines), self.text)
            y = box.bottom + BELOW - own.top
            name, path = f"{self.group.id}.worked", self.group.layer.path
            self.canvas.text(name, tuple(lines), box.middle.x, y, self.text, classes=("formula",), layer=path)

    def _equations(self) -> list[list[Line]]:
        """Return each equation as pieces between which it may be broken; none without numbers and names."""
        known = self._known if self.window.op.gathers == "sum" else self.values is not None
        if not known and not (self._name(self.source) and self._name(self.group)):
            return []
        if self.tiles:
            if self.values is None or len(self.tiles) > 4:
                return []
            width = int(self.group.type.space[1])  # type: ignore[arg-type]
            return [
                self._gathered(rows, columns, (place // width + 1, place % width + 1))
                for place, (rows, columns, _) in enumerate(self.tiles)
            ]
        rows, columns = self.window.read
        if self.window.op.gathers != "sum":
            return [self._gathered(rows, columns, self.window.at)]
        return self._summed(rows, columns)

    def _read(self, channel: int, rows: list[int], columns: list[int]) -> list[Line]:
        return [
            self.cell(self.source, channel, self._unit(0, row), self._unit(1, column))
            for row, column in product(rows, columns)
        ]

    def _unit(self, along: int, place: int) -> Unit:
        size = self.source.type.space[along]
        outside = place < 1 or (isinstance(size, int) and place > size)
        return Unit(str(place), PADDING, None) if outside else Unit(str(place), math(str(place)), place - 1)

    def _result(self, at: tuple[int, ...], made: int | None = None) -> Line:
        """Return the number of a unit, or its symbol; `made` is the step whose value it is."""
        row, column = (Unit(str(place), math(str(place)), place - 1) for place in at)
        held = self.held(self.group, self.window.map, row, column)
        if made is not None and self.values is not None and held is not None:
            return numeral(float(self.values[made][held.place]))
        return self.cell(self.group, self.window.map, row, column)

    def _gathered(self, rows: list[int], columns: list[int], at: tuple[int, ...]) -> list[Line]:
        found = _few(self._read(self.window.map, rows, columns))
        first = (*upright(f"{self.window.op.gathers}("), *found[0])
        pieces = [first, *((*upright(", "), *one) for one in found[1:])]
        return [*pieces, (*upright(") = "), *self._result(at, self.node.index))]

    def _summed(self, rows: list[int], columns: list[int]) -> list[list[Line]]:
        """Return the equations of a filter: one for all, or of several maps one each and one for their sum."""
        kernel = [
            (Unit(str(r), math(str(r)), r - 1), Unit(str(c), math(str(c)), c - 1))
            for r, c in product(range(1, len(rows) + 1), range(1, len(columns) + 1))
        ]
        equations, parts = [], []
        summed: list[tuple[float, ...]] = []  # the factors of each term of the sum
        several, lang = len(self.window.channels) > 1, self.settings.lang
        for channel in self.window.drawn:
            read = self._read(channel, rows, columns)
            terms = [
                _product(one, self.weight((self.window.map, channel), *place))
                for one, place in zip(read, kernel, strict=True)
            ]
            pieces = [_added(term, number > 0) for number, term in enumerate(_few(terms))]
            if several and self._known:
                said = (*words(f"{say('channel', lang).format(number=channel + 1)}: "), *pieces[0])
                factors = self._factors(channel, rows, columns)
                part = float(sum(map(prod, factors)))
                equations.append([said, *pieces[1:], _total(part, factors)])
                parts.append(numeral(part))
                summed.append((part,))
            else:
                parts += pieces if not parts else [_added(pieces[0], True), *pieces[1:]]
                summed += self._factors(channel, rows, columns)
        if several and self._known:
            if self._gap() >= 0:
                parts.insert(len(parts) - 1, upright("…"))
            parts = [_added(_bracketed(part, place > 0), place > 0) for place, part in enumerate(parts)]
        if bias := self.bias(self.window.map):
            parts.append(_added(_bracketed(bias), True))
            array = self.weights.get(self.node.stored("bias"))
            summed += [] if array is None else [(float(array[self.window.map]),)]
        act = activation_name(self.group.activation) if self.group.activation else None
        if self.values is None:
            first = (*self._result(self.window.at), *upright(" = "), *((act, *upright("(")) if act else ()), *parts[0])
            return [[first, *parts[1:], *([upright(")")] if act else [])]]
        total = self._result(self.window.at, self.node.index)
        row, column = (Unit(str(place), math(str(place)), place - 1) for place in self.window.at)
        held = self.held(self.group, self.window.map, row, column)
        assert held is not None
        equations.append([*parts, _total(float(self.values[self.node.index][held.place]), summed)])
        if act:
            result = self._result(self.window.at)
            equations.append([(act, *upright("("), *total, *upright(") = "), *result)])
        return equations

    @property
    def _known(self) -> bool:
        return self.values is not None and self.node.stored() in self.weights

    def _factors(self, channel: int, rows: list[int], columns: list[int]) -> list[tuple[float, ...]]:
        """Return each value of a window with the number of the filter by which it is multiplied."""
        found: list[tuple[float, ...]] = []
        for (r, row), (c, column) in product(enumerate(rows), enumerate(columns)) if self._known else ():
            assert self.values is not None
            held = self.held(self.source, channel, self._unit(0, row), self._unit(1, column))
            read = 0.0 if held is None else float(self.values[held.node][held.place])
            found.append((read, self._weight((self.window.map, channel), r, c)))
        return found


def pads_shown(group: Group) -> bool:
    """Whether the maps that a layer reads have padding, all of which is drawn."""
    link = group.links[0]
    return link.windows is not None and any(link.windows.pad) and all(map(_is_small, link.source.type.space))


def said_beside(graph: Graph, node: Node, lang: str) -> list[Mark]:
    """Return the marks of a layer's structure that stand with its name."""
    own = titled(node.op)
    return [one for one in marks_of(graph, node, lang) if one.is_a == "structure" and one.option not in own]


def cells(
    graph: Graph,
    groups: list[Group],
    settings: FigureSettings,
    weights: Mapping[str, Any],
    values: Mapping[int, Any] | None = None,
) -> Scene:
    """Return the figure of the layer of filters or pools that `only` names, else of the first one.

    Parameters:
        weights: the arrays that are known, by key.
        values: of each step for one example; without them cells have symbols.
    """
    return Cells(graph, shown_layer(graph, groups, settings), settings, weights, values).draw()


def shown_layer(graph: Graph, groups: list[Group], settings: FigureSettings) -> Group:
    for group in groups:
        as_plane(group)
    able = [group for group in groups if _is_able(graph, group)]
    if not able:
        raise Unsuitable(graph.nodes[groups[-1].node])
    return next((group for group in able if group.layer.path == settings.only), able[0])


def _is_able(graph: Graph, group: Group) -> bool:
    """Whether a layer makes each value of a window whose size is known, on maps with rows and columns."""
    windows = group.links[0].windows if len(group.links) == 1 else None
    if windows is None or not graph.nodes[group.node].op.gathers:
        return False
    if len(group.type.space) != 2 or len(group.links[0].source.type.space) != 2:
        return False
    sizes = (group.type.maps, group.links[0].source.type.maps, *windows.kernel, *windows.stride, *windows.pad)
    sizes = (*sizes, *(size for pair in windows.even for size in pair))
    return not any(isinstance(size, Formula) for size in sizes)


# ---- axes, and pieces of equations


def _axis(size: Size, numbers: list[int], edge: int, few: bool) -> Axis:
    """Return the rows or columns that are drawn: those of a window always, and the padding if all others are.

    Parameters:
        few: of many, the first and the last are drawn besides those of the window.
    """
    inside = [one for one in numbers if one >= 1 and not (isinstance(size, int) and one > size)]
    show = (Index(1), Skip(), Index(size)) if few and not _is_small(size) else default_columns(size)
    if _is_small(size):
        show = default_rows(size, ALL)
    entries = _numbered(shown_units(size, with_window(show, size, inside)))
    before, after = {one for one in numbers if one < 1}, set[int]()
    if isinstance(size, int):
        after = {one for one in numbers if one > size}
        if _is_small(size):
            before |= set(range(1 - edge, 1))
            after |= set(range(size + 1, size + edge + 1))
    pads = [[Unit(str(one), PADDING, None) for one in sorted(ones)] for ones in (before, after)]
    return axis([*pads[0], *entries, *pads[1]], 2.0)


def _is_small(size: Size) -> bool:
    return isinstance(size, int) and size <= ALL


def _numbered(entries: list[Any]) -> list[Any]:
    """Give the index 1 to a single unit: in a grid it is numbered, too."""
    return [Unit("1", math("1"), 0) if isinstance(one, Unit) and not one.index else one for one in entries]


def _in(unit: Unit, numbers: list[int]) -> bool:
    return unit.name in {str(number) for number in numbers}


def _few(terms: list[Line]) -> list[Line]:
    """Return the terms of a sum, or of a long one the first, dots and the last."""
    return terms if len(terms) <= TERMS else [*terms[:3], upright("…"), terms[-1]]


def _is_number(line: Line) -> bool:
    return bool(line) and line[0].style == "upright"


def _bracketed(line: Line, inner: bool = True) -> Line:
    """Return a negative number within a sum or product in brackets."""
    return (*upright("("), *line, *upright(")")) if inner and line[0].text.startswith("−") else line


def _total(total: float, terms: list[tuple[float, ...]]) -> Line:
    """Return what stands behind a sum: its total, with `≈` if the sum of the numbers as they are written is another."""
    return (*upright(f" {adding_up(total, terms, USUAL[:1])[1]} "), *numeral(total))


def _product(read: Line, weight: Line) -> Line:
    if read and weight and _is_number(read) and _is_number(weight):
        return (*_bracketed(read), *upright("×"), *_bracketed(weight))
    if read and weight and _is_number(read):
        return (*weight, *upright(" · "), *read)
    return (*_bracketed(weight), *_bracketed(read)) if read and weight else ()


def _added(term: Line, more: bool) -> Line:
    return (*upright(" + "), *term) if more else term


def _broken(pieces: list[Line], width: float, size: float) -> list[Line]:
    """Set the pieces of an equation in lines that are no wider than a width."""
    lines: list[Line] = [()]
    for piece in pieces:
        if lines[-1] and line_width((*lines[-1], *piece), size) > width:
            lines.append(())
        lines[-1] = (*lines[-1], *piece)
    return [line for line in lines if line]
