"""The views: each draws a net in one way, Graph and settings -> Scene.

A view is added as one file in this folder, or with `@netspec.register` above a class that inherits from `netspec.View`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from netspec.figure.strings import say
from netspec.ir.marks import NOTE, Mark
from netspec.registry import Registry

if TYPE_CHECKING:
    from netspec.config.train import Train
    from netspec.figure.blocks.plan import Plan
    from netspec.figure.scene import Scene
    from netspec.figure.settings import FigureSettings, Room
    from netspec.figure.trained import Arrays, Run
    from netspec.figure.trained.passes import Passes
    from netspec.ir.graph import Graph, Node
    from netspec.ir.types import Time

# settings, settings of layers and options that only some views can follow
ASKED: Final = (
    "depth", "unfold", "details", "columns", "only", "input", "direction", "captions", "titles", "bias", "edges",
    "colors", "formula", "max_units", "steps", "table", "arrows", "show", "at", "box", "dropped", "title", "symbol",
    "letter", "labels", "color", "words", "targets", "target", "path", "update",
)  # fmt: skip
# how closely a figure is set, step by step: free space, then also the size of shapes beside the letters
CLOSER: Final = ((1.0, 1.0), (0.7, 1.0), (0.5, 1.0), (0.5, 0.85), (0.4, 0.7), (0.3, 0.6), (0.3, 0.5))


@dataclass(frozen=True, slots=True)
class Drawing:
    """What a view draws: a net, how it is asked for, and what the net has learned.

    Attributes:
        graph: the net.
        settings: the figure section's settings, and the options that win over it.
        arrays: trained weights by key, each an array in torch's shape; None where none are given.
        run: the run, for a view that needs one.
        plan: what the view's own `plan` made.
        example: whether the numbers of an example will be written into the figure.
        passes: the example forward and back, for a view that `learns`; None without an example.
        train: what the file's train sections say of the net, for such a view.
    """

    graph: Graph
    settings: FigureSettings
    arrays: Arrays | None = None
    run: Run | None = None
    plan: Plan | None = None
    example: bool = False
    passes: Passes | None = None
    train: Train | None = None


class View:
    """A way to draw a net.

    Attributes:
        name: what `view = …` and `--view` call it.
        about: what it draws, in one English phrase: the documents and `--help` show it.
        about_ko: the same in Korean.
        takes: which settings and options of `ASKED` it can follow, each by its name, or with a value if it tells only
            this one from the default ("bias = none"); the others are refused, with NS737 in a section, else with NS731.
        needs: "weights" where there is nothing to draw without trained weights, "run" where it reads a run's data.
        learns: whether it draws the loss and gradients; then `Drawing.passes` has the numbers of an example.
        every_step: whether an example has the numbers of all its time steps, not of a single one.
        steps: whether `netspec steps` can draw on it: circles of units or operations that have values.
        explains: whether a legend of its colours is drawn unless the user wants none.
        by_name: whether it writes the names of the steps.
        weight_circles: whether it draws a circle for each weight, so that an example's numbers stand there.
        sums: whether wires show what each sum adds up.
        letters: the size in mm of the letters that have the type of a page (`type = 8`).
        acts: whether an activation is written at its layer, where it is all that the layer does besides its sums.
        instead: what is written in place of a setting that it does not take, by the setting's name.
        sketch: settings with which a figure takes the same room and is drawn faster, to find out how it fits on a page.

    Example:
        >>> from netspec.figure.scene import Rect, Scene, Text
        >>> from netspec.figure.scene.typeset import words
        >>> @netspec.register
        ... class Title(netspec.View):
        ...     name = "title"
        ...     about = "the name of the net"
        ...     def draw(self, drawing):
        ...         text = Text(id="title", lines=(words(drawing.graph.name),), x=0, y=5, size=4)
        ...         return Scene(view=self.name, items=(text,), canvas=Rect(-20, 0, 20, 8))
        >>> net = netspec.parse("net small {\\n  input x: 4\\n  output y: 2 perceptrons\\n}").net()
        >>> net.render(view="title")
        <Picture of small: title>
    """

    name: ClassVar[str] = ""
    about: ClassVar[str] = ""
    about_ko: ClassVar[str] = ""
    takes: ClassVar[frozenset[str]] = frozenset()
    needs: ClassVar[Literal["", "weights", "run"]] = ""
    learns: ClassVar[bool] = False
    every_step: ClassVar[bool] = False
    steps: ClassVar[bool] = False
    explains: ClassVar[bool] = False
    by_name: ClassVar[bool] = False
    weight_circles: ClassVar[bool] = False
    sums: ClassVar[bool] = False
    letters: ClassVar[float] = 5.2
    sketch: ClassVar[Mapping[str, Any]] = {}
    acts: ClassVar[bool] = False
    instead: ClassVar[Mapping[str, str]] = {}

    def plan(self, drawing: Drawing) -> Plan | None:
        """Return the boxes and arrows that `draw` will place, which DOT text hands on; None if the view has none."""
        return None

    def places(self, drawing: Drawing) -> int:
        """Return for how many `captions` the figure has room, if the view takes them."""
        return 0

    def draw(self, drawing: Drawing) -> Scene:
        """Return the figure as primitives in millimetres.

        Raises:
            Unsuitable: the net has something that this view cannot draw; the user then gets the error NS713.
        """
        raise NotImplementedError

    def closer(self, drawing: Drawing, room: Room) -> Iterator[FigureSettings]:
        """Yield settings that set the figure ever more closely, the usual ones first, for a page with little room.

        By default these set it in one row, then in as many as the page asks for.

        netspec takes the first with which the letters keep their size. What leaves something out comes last, with words
        in `fit.folded`: they stand below the figure.

        Parameters:
            room: what a drawing may have so that its letters keep their size.
        """
        for rows, steps in ((None, CLOSER[:4]), (room, CLOSER[2:])):
            yield from (drawing.settings.close(rows, gap, shape) for gap, shape in steps)

    def shows(self, drawing: Drawing, node: Node) -> frozenset[str] | None:
        """Return what the figure shows of a step: names of options and facts, and "title" for which step it is.

        What is not in it netspec writes itself: the structure in words at the step's layer, the rest in one line below
        the figure. None for a step that the figure does not draw by itself, because it lies inside a closed box.
        """
        return frozenset()

    def names(self, drawing: Drawing) -> dict[int, str]:
        """Return what the figure calls lines, by their index, where that is not their name: in views of units the
        symbol that circles have, or the line that calls the block with the units."""
        from netspec.figure.units import Unsuitable, groups_of

        if "symbol" not in self.takes:
            return {}
        try:
            groups = groups_of(drawing.graph)
        except Unsuitable:
            return {}
        found = {}
        drawn, lines = (Counter(one.label for one in each) for each in (groups, drawing.graph.layers))
        for group in groups:
            alone = lines[group.label] > drawn[group.label] == 1  # of the lines of this name one is drawn
            symbol = drawing.settings.of(group.layer.path).symbol or group.label
            called = symbol if symbol.isidentifier() or symbol == group.label else f"${symbol}$"
            if group.label and (alone or called != group.layer.label) and " " not in called:  # notes break at spaces
                found[group.layer.index] = called
        return found

    def owes(self, drawing: Drawing, scene: Scene) -> Iterator[tuple[Node, Mark]]:
        """Yield marks that are not among those of a step, and that the figure does not show: by default given weights,
        and where wires show sums, biases without one and the number of time steps.

        Parameters:
            scene: the figure as it is drawn; its texts with the class `number` are weights.
        """
        lang = drawing.settings.lang
        for node in drawing.graph.nodes if self.sums else ():
            if node.kind == "input" and node.type.time and node.type.time.length != 1:
                yield node, self.duration(drawing, scene, node, node.type.time)
            if drawing.graph.stores(node, "bias") and "bias" not in (self.shows(drawing, node) or ()):
                yield node, Mark("bias", "kind", say("bias", lang), NOTE)
        numbers = {text.layer for text in scene.texts if "number" in text.classes}
        for stored in drawing.graph.stored if drawing.arrays is None else ():
            node = drawing.graph.nodes[stored.node]
            weight = stored.weight
            if weight.given and weight.fan_in and drawing.graph.layers[node.layer].path not in numbers:
                yield node, Mark("given", "kind", say("given weights", lang), NOTE)

    def duration(self, drawing: Drawing, scene: Scene, node: Node, time: Time) -> Mark:
        """Return the mark that says how many time steps an input has; one without text if the figure shows it."""
        said = say("up to steps" if time.varying else "steps", drawing.settings.lang)
        return Mark("time", "kind", said.format(count=time.length), NOTE)

    def numbered(self, scene: Scene, drawing: Drawing, values: Mapping[int, Any]) -> Scene:
        """Return the scene with the values of one example, as numbers in the circles."""
        from netspec.figure.trained.numbers import with_numbers

        assert drawing.arrays is not None
        return with_numbers(scene, drawing.arrays, values)


def follows(view: type[View], name: str, value: Any) -> bool:
    """Whether a setting with this value can change what a view draws; also if it asks for nothing special."""
    if name not in ASKED or value in (None, False if name in ("unfold", "details", "table", "update") else None):
        return True
    word = "none" if value == () else value
    return name in view.takes or f"{name} = {word}" in view.takes


def views_with(name: str) -> tuple[str, ...]:
    """Return the views that follow a setting."""
    return tuple(other for other, view in VIEWS.items() if name in {taken.split(" = ")[0] for taken in view.takes})


def _missing(view: type[View]) -> str:
    """Return a sentence that says what is wrong with the class of a view; "" if nothing is."""
    if view.draw is View.draw:
        return "it has no method draw(drawing)"
    unknown = sorted({taken.split(" = ")[0] for taken in view.takes} - set(ASKED))
    if unknown:
        return f"takes names {', '.join(unknown)}; it may name {', '.join(ASKED)}"
    return "" if view.needs in ("", "weights", "run") else f'needs is {view.needs!r}: it is "weights" or "run"'


VIEWS: Final[Registry[type[View]]] = Registry("view", View, __package__, missing=_missing)
