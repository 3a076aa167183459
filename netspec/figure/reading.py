"""A `figure` section -> FigureSettings and all mistakes in the section."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

from netspec.diagnostics.model import Diagnostic, Fault, Fix, Hint, Label, Quoted, Words
from netspec.elaborate.evaluate import LARGEST, Undefined, Want, evaluate
from netspec.figure import settings as say
from netspec.figure.blocks import part_of
from netspec.figure.colours import KINDS
from netspec.figure.notes import dropping, lines_named, reads
from netspec.figure.scene.tex import TexFault, mathematics
from netspec.figure.scene.typeset import paragraph
from netspec.figure.settings import FigureSettings, Index, LayerHints, Region, Shown, Skip
from netspec.figure.suitability import too_many_captions
from netspec.figure.themes import OLD_NAMES, THEMES
from netspec.figure.views import VIEWS, follows, views_with
from netspec.ir.graph import Graph, Layer
from netspec.ir.operation import Option
from netspec.ir.sizes import Formula, Size, product
from netspec.names import nearest
from netspec.plugins import not_allowed
from netspec.registry import Registry
from netspec.source import SourceFile, Span
from netspec.syntax import tree

if TYPE_CHECKING:
    from netspec.elaborate.program import Program


def takes(option: Option, word: str) -> bool:
    """Whether a setting accepts a word. Of the registered words, only the module of this word is imported."""
    return word in option.choices or (option.choices is THEMES and word in OLD_NAMES)


def is_open(option: Option) -> bool:
    """Whether users can register words for a setting."""
    return isinstance(option.choices, Registry)


SETTINGS: Final = {
    "view": Option("word", "how the net is drawn; left out, what suits it", choices=VIEWS),
    "theme": Option("word", "colours", choices=THEMES),
    "lang": Option("word", "the language of the words that netspec adds", choices=say.LANGUAGES),
    "direction": Option("word", "the way in which the net computes", choices=say.DIRECTIONS),
    "only": Option("layer", "draws this layer alone, with what it reads"),
    "depth": Option("whole", "blocks: how many levels are opened", least=0, most=40),
    "unfold": Option("flag", "blocks: draws each round of a repeat"),
    "details": Option("flag", "blocks: draws each closed block once, open, beside the net; left out, where it helps"),
    "columns": Option("whole", "blocks: in how many columns (rows, if to the right) a chain is set", least=1, most=12),
    "captions": Option("texts", "what stands between the layers, in order", choices=("none",)),
    "titles": Option("word", "where the layers' captions stand", choices=("top", "bottom", "left", "right", "none")),
    "bias": Option("word", "how the constant 1 is drawn", choices=("plus", "one", "x0", "none")),
    "edges": Option("word", "whether connections are drawn", choices=("all", "none")),
    "colors": Option("word", "what colours tell apart", choices=("role", "per_perceptron", "kind")),
    "formula": Option("flag", "perceptron: the formula behind the output"),
    "max_units": Option(
        "whole",
        "up to how many units all are drawn; in `unrolled`, 1 is one circle a layer",
        least=1,
        most=say.MOST_UNITS,
    ),
    "input": Option("text", 'an example, whose numbers stand in the figure: "x = 1, 0"; unrolled, graph: at all steps'),
    "target": Option("text", 'graph: what the example is compared with: "y = 1"'),
    "path": Option(
        "text", 'graph: the ways from a number to the loss are emphasised, "w_1"; neurons: through units, "x_1 -> h_2"'
    ),
    "update": Option("flag", "graph: also the weights after one step of the optimizer"),
    "weights": Option("word", "whether the figure is about trained weights", choices=("trained", "none")),
    "legend": Option("flag", "explains the colours below the figure; left out, those of trained weights alone"),
    "steps": Option(
        "whole", "unrolled: how many time steps; left out, as many as its reads of earlier steps need", least=1, most=32
    ),
    "table": Option("flag", "unrolled: also the input sequence as a table"),
    "arrows": Option("texts", 'blocks, unrolled: words on arrows between lines: ["x -> y: identity"]'),
    "notes": Option("word", "the line below that says what the figure does not show", choices=("all", "none")),
    "embed": Option("flag", "SVG: it carries the letters that it uses, for viewers without its fonts"),
    "heading": Option("text", "the figure's own title, which stands above it"),
    "width": Option(
        "length", "the width on paper for which it is laid out: \"85mm\", or a word", choices=tuple(say.PRESETS)
    ),
    "type": Option("whole", "the size of its letters on paper in points", least=4, most=72),
}  # fmt: skip

HINTS: Final = {
    "show": Option("show", "which units are drawn: [1, 2, .., j, .., H]; a list for each axis of a grid"),
    "at": Option("at", "the unit that is computed: [2, 2]"),
    "box": Option("box", 'named groups of units: [region(rows = [1, 3], cols = [1, 3], label = "…")]'),
    "dropped": Option("units", "neurons: units that dropout leaves out, crossed out and without wires: [2, 5]"),
    "title": Option("text", "what stands at the layer instead of its caption"),
    "symbol": Option("text", "what stands in its circles instead of its label"),
    "letter": Option("text", "planes: what is drawn on the map"),
    "labels": Option("flag", "false leaves its circles empty"),
    "words": Option("texts", 'unrolled: the word of each time step, beside its circle: ["h", "e", "l"]'),
    "targets": Option("texts", "unrolled: what each time step is compared with; above the layer stands its loss"),
    "color": Option("color", 'what fills its shapes: red, "#8cf"; also of a block or a kind: pooling.color'),
}


# the number of a unit, or a setting that is an integer
UNIT = Want("whole", -LARGEST, LARGEST)
INTEGER = Want("whole", -LARGEST, LARGEST, whole_floats=True)

# kind of setting -> name of the hint of NS704 that says what it accepts
_TAKES = {
    "word": "takes_words",
    "text": "takes_text",
    "texts": "takes_texts",
    "layer": "takes_layer",
    "integer": "takes_integer",
    "list": "takes_indices",
    "place": "takes_place",
    "regions": "takes_regions",
    "stretch": "takes_stretch",
}


def no_width(text: str, span: Span | None = None) -> Diagnostic:
    """NS723: a text is neither a length nor the word of a preset."""
    guess = nearest(text, say.PRESETS)
    hints = (Hint("nearest", {"name": guess}),) if guess else ()
    fixes = (Fix(span, guess),) if guess and span is not None else ()
    hints = (*hints, Hint("lengths", {"words": Quoted(tuple(say.PRESETS))}))
    return Diagnostic("NS723", span, {"width": text}, hints=hints, fixes=fixes)


class Reader:
    """Reads one section. If the net itself is wrong, `graph` is None and settings of layers are not checked."""

    def __init__(self, section: tree.Section, source: SourceFile, graph: Graph | None) -> None:
        self.section = section
        self.source = source
        self.graph = graph
        self.found: list[Diagnostic] = []
        self.setting = ""  # the setting that is being read

    def read(self) -> FigureSettings:
        general: dict[str, Any] = {}
        layers: dict[str, LayerHints] = {}
        first: dict[tuple[str, ...], tree.Setting] = {}
        for setting in self.section.settings:
            if setting.key == ("net",):
                continue
            if setting.key in first:
                label = Label(self.source.span(first[setting.key].key_at), "first")
                words = {"name": ".".join(setting.key)}
                self.found.append(Diagnostic("NS700", self.source.span(setting.key_at), dict(words), labels=(label,)))
                continue
            first[setting.key] = setting
            try:
                if len(setting.key) == 1:
                    general[setting.key[0]] = self.general(setting)
                else:
                    paths, name, value = self.hint(setting)
                    for path in paths:
                        layers[path] = replace(layers.get(path, LayerHints()), **{name: value})
            except Fault as fault:
                self.found.append(fault.diagnostic)
            except Undefined:
                continue
        if "view" in general:
            for key, setting in first.items():
                layer = layers.get(".".join(key[:-1]), LayerHints())
                value = general.get(key[0]) if len(key) == 1 else getattr(layer, key[-1], None)
                self.followed(general["view"], setting, key[-1], value)
        settings = FigureSettings(**general, layers=layers)
        for key in first if settings.steps is not None else ():
            given = getattr(layers.get(".".join(key[:-1])), key[-1], ()) if key[-1] in ("words", "targets") else ()
            if settings.steps is not None and len(given) > settings.steps:
                more: Words = {"name": ".".join(key), "given": len(given), "steps": settings.steps}
                self.found.append(Diagnostic("NS940", self.source.span(first["steps",].value.at), more))
        if self.graph is not None and settings.captions:
            wrong = too_many_captions(self.graph, settings, self.source.span(first["captions",].value.at))
            self.found += [wrong] if wrong is not None else []
        return settings

    def followed(self, view: str, setting: tree.Setting, name: str, value: Any) -> None:
        """Report a setting that the section's own view does not follow (NS737)."""
        if not follows(VIEWS[view], name, value):
            at = self.source.span((setting.key_at[0], setting.value.at[1]))
            views = views_with(name)
            words: Words = {"views": Quoted(views)}
            if view in views:  # it follows some values of the setting
                values = sorted(taken for taken in VIEWS[view].takes if taken.startswith(f"{name} = "))
                able = tuple(other for other in views if follows(VIEWS[other], name, value))
                words = {"values": Quoted(tuple(values)), "views": Quoted(able or views)}
            hint = Hint("value" if "values" in words else "views", words)
            instead = VIEWS[view].instead.get(name)
            hints = (hint,) if instead is None else (Hint("instead", {"instead": instead}), hint)
            self.found.append(Diagnostic("NS737", at, {"view": view, "name": name}, hints=hints))

    # ---- names of settings

    def general(self, setting: tree.Setting) -> Any:
        name = setting.key[0]
        option = SETTINGS.get(name)
        if option is None:
            raise self.unknown_key(setting, name, SETTINGS, "NS701")
        return self.value(name, option, setting.value, None)

    def hint(self, setting: tree.Setting) -> tuple[list[str], str, Any]:
        """Read `x.show = …`: return the paths of the layers, the name of the setting and its value."""
        path, name = ".".join(setting.key[:-1]), setting.key[-1]
        option = HINTS.get(name)
        if option is None:
            raise self.unknown_key(setting, name, HINTS, "NS702")
        others: tuple[str, ...] = ()  # what has the setting besides layers
        if name == "color" and self.graph is not None:
            blocks = dict.fromkeys(scope.name for scope in self.graph.scopes if scope.kind == "block")
            others = (*blocks, *KINDS)
            if path in others and not lines_named(self.graph, path):
                return [path], name, self.color(setting.value)
        layers = self.lines(path, setting.key_at, others)
        value = self.value(f"{path}.{name}", option, setting.value, layers[0])
        if name == "dropped" and self.graph is not None and not all(dropping(self.graph, one) for one in layers):
            words = {"name": f"{path}.{name}", "layer": path}
            raise Fault(Diagnostic("NS946", self.source.span(setting.key_at), dict(words)))
        return [layer.path for layer in layers], name, value

    def lines(self, path: str, at: tree.Place, others: tuple[str, ...] = ()) -> list[Layer]:
        """Return the layers that a path names: one, or with the name of a block this line of all its calls."""
        if self.graph is None:
            raise Undefined
        found = lines_named(self.graph, path)
        if found:
            return found
        legal = [*(layer.path for layer in self.graph.top), *others]
        guess = nearest(path, [*(layer.path for layer in self.graph.layers), *others])
        hints = [Hint("nearest", {"name": guess})] if guess else []
        hints.append(Hint("layers", {"names": Quoted(tuple(legal))}))
        words = {"name": path, "net": self.graph.name}
        raise Fault(Diagnostic("NS703", self.source.span(at), dict(words), hints=tuple(hints)))

    def unknown_key(self, setting: tree.Setting, name: str, legal: Iterable[str], code: str) -> Fault:
        names = tuple(legal)
        guess = nearest(name, names)
        at = (setting.key_at[1] - len(name), setting.key_at[1])
        hints = [Hint("nearest", {"name": guess})] if guess else []
        if code == "NS701" and name in HINTS:
            hints = [Hint("of_layer", {"setting": name})]
        elif code == "NS701" and self.graph and any(layer.path == name for layer in self.graph.layers):
            guess, hints = None, [Hint("layer", {"layer": name})]
        hints.append(Hint("settings", {"names": Quoted(names)}))
        fixes = (Fix(self.source.span(at), guess),) if guess else ()
        return Fault(Diagnostic(code, self.source.span(at), {"name": name}, hints=tuple(hints), fixes=fixes))

    # ---- values

    def value(self, name: str, option: Option, value: tree.Value, layer: Layer | None) -> Any:
        match option.kind:
            case "word":
                return self.word(name, option, value)
            case "flag":
                return self.word(name, Option("word", "", choices=("true", "false")), value) == "true"
            case "whole":
                return self.integer(name, option, value)
            case "text":
                return self.text(name, value, name.rpartition(".")[2] == "symbol")
            case "color":
                return self.color(value)
            case "length":
                found = value.name if isinstance(value, tree.Ref) else self.text(name, value)
                if not say.is_width(found):
                    raise Fault(no_width(found, self.source.span(value.at)))
                return found
            case "texts":
                found_texts = self.texts(name, option, value)
                if name == "arrows":
                    self.arrows(value, found_texts)
                elif layer is not None:
                    self.told(name, value, found_texts, layer)
                return found_texts
            case "layer":
                path = self.path(name, value)
                if self.graph is not None and part_of(self.graph, path) is not None:
                    return path
                return self.lines(path, value.at)[0].path
        assert layer is not None
        match option.kind:
            case "show":
                return self.show(name, value, layer)
            case "at":
                return self.at(name, value, layer)
            case "units":
                return self.units(name, value, layer)
        return self.boxes(name, value, layer)

    def wrong(
        self,
        name: str,
        value: tree.Value,
        kind: str,
        *hints: Hint,
        choices: tuple[str, ...] = (),
        fix: str | None = None,
    ) -> Fault:
        shown = self.source.text[value.at[0] : value.at[1]]
        words: dict[str, Any] = {"name": name, "value": shown if len(shown) <= 40 else shown[:39] + "…"}
        takes = Hint(_TAKES[kind], {"choices": Quoted(choices)})
        span = self.source.span(value.at)
        fixes = (Fix(span, fix),) if fix else ()
        return Fault(Diagnostic("NS704", span, words, hints=(*hints, takes), fixes=fixes))

    def word(self, name: str, option: Option, value: tree.Value) -> str:
        if isinstance(value, tree.Unreadable):
            raise Undefined
        if isinstance(value, tree.Ref) and takes(option, value.name):
            return value.name
        given = value.name if isinstance(value, tree.Ref) else value.value if isinstance(value, tree.Text) else ""
        offered = not_allowed(given, self.source.span(value.at)) if is_open(option) else None
        if offered is not None:
            raise Fault(offered)
        guess = nearest(given, option.choices) if given else None
        hints = (Hint("nearest", {"name": guess}),) if guess else ()
        raise self.wrong(name, value, "word", *hints, choices=tuple(option.choices), fix=guess)

    def integer(self, name: str, option: Option, value: tree.Value) -> int:
        found = self.number(name, value, INTEGER)
        if not isinstance(found, int) or option.out_of_bounds(found):
            words: Words = {"name": name, "least": option.least or 0, "most": option.most or 0}
            raise Fault(Diagnostic("NS705", self.source.span(value.at), words))
        return found

    def text(self, name: str, value: tree.Value, symbol: bool = False) -> str:
        if not isinstance(value, tree.Text):
            raise self.wrong(name, value, "text", fix=f'"{value.name}"' if isinstance(value, tree.Ref) else None)
        found = wrong_tex(value, self.source, symbol)
        if found is not None:
            raise Fault(found)
        return value.value

    def color(self, value: tree.Value) -> str:
        """Return a colour as `#rrggbb`. Raises NS747."""
        from PIL.ImageColor import colormap, getrgb

        given = value.name if isinstance(value, tree.Ref) else value.value if isinstance(value, tree.Text) else ""
        if given in colormap or re.fullmatch("#(?:[0-9a-fA-F]{3}){1,2}", given):
            return "#{:02x}{:02x}{:02x}".format(*getrgb(given))
        shown, span = self.source.text[value.at[0] : value.at[1]], self.source.span(value.at)
        guess = nearest(given, colormap) if given else None
        hints = (Hint("nearest", {"name": guess}),) if guess else ()
        fixes = (Fix(span, guess),) if guess else ()
        raise Fault(Diagnostic("NS747", span, {"value": shown}, hints=hints, fixes=fixes))

    def texts(self, name: str, option: Option, value: tree.Value) -> tuple[str, ...]:
        if isinstance(value, tree.Ref) and value.name in option.choices:
            return ()
        if not isinstance(value, tree.List):
            raise self.wrong(name, value, "texts")
        return tuple(self.text(name, item) for item in value.items if not isinstance(item, tree.Dots))

    def arrows(self, value: tree.Value, texts: tuple[str, ...]) -> None:
        """Check that each text names two lines of which the second reads the first (NS746)."""
        assert isinstance(value, tree.List)
        for item, text in zip(value.items, texts, strict=True):
            if self.graph is not None and not is_arrow(self.graph, text):
                raise Fault(Diagnostic("NS746", self.source.span(item.at), {"text": text}))

    def told(self, name: str, value: tree.Value, texts: tuple[str, ...], layer: Layer) -> None:
        """Check that a layer has as many time steps as words (NS938)."""
        assert self.graph is not None
        time = self.graph.nodes[layer.values[0].node].type.time
        most = 1 if time is None else time.length
        if isinstance(most, int) and len(texts) > most:
            words: Words = {"name": name, "given": len(texts), "layer": layer.path, "most": most}
            raise Fault(Diagnostic("NS938", self.source.span(value.at), words))

    def path(self, name: str, value: tree.Value) -> str:
        if not isinstance(value, tree.Ref):
            raise self.wrong(name, value, "layer")
        return value.name

    def number(self, name: str, value: tree.Value, want: Want = UNIT) -> Size:
        """Evaluate a size; it may use the sizes of the net."""
        self.setting = name
        found: Size = evaluate(value, self, want)
        return found

    # ---- the interface of the evaluator (`netspec.elaborate.evaluate.Names`)

    @property
    def largest(self) -> int:
        return LARGEST

    @property
    def damaged(self) -> bool:
        return False

    def span(self, at: tree.Place) -> Span:
        return self.source.span(at)

    def lookup(self, ref: tree.Ref) -> Any:
        if self.graph is None:
            raise Undefined
        found = self.names().get(ref.name)
        if isinstance(found, int | float | Formula) and not isinstance(found, bool):
            return found
        raise Fault(self.unknown(ref))

    def unknown(self, value: tree.Value) -> Diagnostic:
        return self.wrong(self.setting, value, "integer").diagnostic

    def unclear(self, diagnostic: Diagnostic) -> None:
        self.found.append(diagnostic._replace(severity="warning"))

    def names(self) -> dict[str, Any]:
        return {} if self.graph is None else {**self.graph.lists, **self.graph.params}

    # ---- settings of layers

    def axes(self, layer: Layer) -> tuple[Size, ...]:
        """Return the sizes of the axes that `show` and `at` refer to."""
        assert self.graph is not None
        edge = layer.values[0]
        value = self.graph.nodes[edge.node].types[edge.output].step
        if value.classes is not None:
            return (value.classes,)
        if not value.space:
            return (value.maps,)
        return value.space if value.maps == 1 else (value.maps, *value.space)

    def show(self, name: str, value: tree.Value, layer: Layer) -> tuple[Shown, ...]:
        if not isinstance(value, tree.List):
            raise self.wrong(name, value, "list")
        axes = self.axes(layer)
        nested = [item for item in value.items if isinstance(item, tree.List)]
        lists = nested if nested and len(nested) == len(value.items) else [value]
        if len(lists) != len(axes):
            words: Words = {"name": name, "given": len(lists), "axes": len(axes), "layer": layer.path}
            raise Fault(Diagnostic("NS706", self.source.span(value.at), words))
        found = tuple(self.indices(name, item, size) for item, size in zip(lists, axes, strict=True))
        if len(found) > 1 and all(len(one) == 1 for one in found):
            return found  # one unit of a grid, whose index says which
        return tuple(say.traced(one, size) for one, size in zip(found, axes, strict=True))

    def indices(self, name: str, value: tree.List, size: Size) -> Shown:
        found: list[Index | Skip] = []
        before: Size = 0
        letters = self.names()
        for item in value.items:
            if isinstance(item, tree.Dots):
                if found and isinstance(found[-1], Skip):
                    raise Fault(Diagnostic("NS708", self.source.span(item.at), {"name": name}))
                found.append(Skip())
            elif isinstance(item, tree.Ref) and len(item.path) == 1 and item.name not in letters:
                found.append(Index(None, item.name))
            else:
                number = self.number(name, item)
                self.in_range(name, item, number, size)
                if number <= before:
                    raise Fault(Diagnostic("NS708", self.source.span(item.at), {"name": name}))
                before = number
                found.append(Index(number))
        if not any(isinstance(entry, Index) for entry in found):
            raise self.wrong(name, value, "list")
        return tuple(found)

    def units(self, name: str, value: tree.Value, layer: Layer) -> tuple[int, ...]:
        if not isinstance(value, tree.List):
            raise self.wrong(name, value, "list")
        found = self.indices(name, value, product(self.axes(layer)))
        numbers = tuple(one.number for one in found if isinstance(one, Index) and isinstance(one.number, int))
        if len(numbers) < len(found):
            raise self.wrong(name, value, "list")
        return numbers

    def in_range(self, name: str, item: tree.Value, number: Size, size: Size) -> None:
        if number < 1 or number > size:
            words = {"name": name, "number": str(number), "size": str(size)}
            raise Fault(Diagnostic("NS707", self.source.span(item.at), dict(words)))

    def at(self, name: str, value: tree.Value, layer: Layer) -> tuple[int, ...]:
        axes = self.axes(layer)
        if not isinstance(value, tree.List):
            raise self.wrong(name, value, "place")
        if len(value.items) != len(axes):
            words: Words = {"name": name, "given": len(value.items), "axes": len(axes), "layer": layer.path}
            raise Fault(Diagnostic("NS706", self.source.span(value.at), words))
        found = []
        for item, size in zip(value.items, axes, strict=True):
            number = self.number(name, item)
            self.in_range(name, item, number, size)
            if not isinstance(number, int):
                raise self.wrong(name, item, "integer")
            found.append(number)
        return tuple(found)

    def boxes(self, name: str, value: tree.Value, layer: Layer) -> tuple[Region, ...]:
        return read_regions(self, name, value, layer)


# ---- regions: `x.box = [region(rows = [21, 30], cols = [71, 80], label = "…")]`

_REGION_KEYS = ("rows", "cols", "units", "label")


def read_regions(reader: Reader, name: str, value: tree.Value, layer: Layer) -> tuple[Region, ...]:
    """Read a list of regions, which must not overlap. Raises Fault."""
    if not isinstance(value, tree.List):
        raise reader.wrong(name, value, "regions")
    found: list[tuple[Region, tree.Value]] = []
    for item in value.items:
        if not isinstance(item, tree.Call) or item.path != ("region",):
            raise reader.wrong(name, item, "regions")
        region = _region(reader, name, item, layer)
        for other, _ in found:
            if _overlap(region, other):
                raise Fault(Diagnostic("NS709", reader.source.span(item.at), {"name": name}))
        found.append((region, item))
    return tuple(region for region, _ in found)


def _region(reader: Reader, name: str, call: tree.Call, layer: Layer) -> Region:
    axes = reader.axes(layer)
    space = axes[-2:] if len(axes) > 1 else ()
    values: dict[str, Any] = {}
    for arg in call.args:
        key = ".".join(arg.name)
        if key not in _REGION_KEYS:
            guess = nearest(key, _REGION_KEYS)
            hints = [Hint("nearest", {"name": guess})] if guess else []
            hints.append(Hint("settings", {"names": Quoted(_REGION_KEYS)}))
            raise Fault(Diagnostic("NS702", reader.source.span(arg.at), {"name": key or "region"}, hints=tuple(hints)))
        if key == "label":
            values[key] = reader.text(name, arg.value)
        else:
            values[key] = _stretch(reader, name, arg.value, _limit(reader, name, arg, key, space, axes))
    wanted = ("rows", "cols") if space else ("units",)
    if not any(key in values for key in wanted):
        raise reader.wrong(name, call, "regions")
    return Region(values.get("label", ""), values.get("rows"), values.get("cols"), values.get("units"))


def _limit(reader: Reader, name: str, arg: tree.Arg, key: str, space: tuple[Size, ...], axes: tuple[Size, ...]) -> Size:
    """Return the size of the axis that a range of a region refers to."""
    if key == "units" and not space:
        return axes[0]
    if key in ("rows", "cols") and space:
        return space[0] if key == "rows" else space[1]
    raise reader.wrong(name, arg.value, "regions")


def _stretch(reader: Reader, name: str, value: tree.Value, size: Size) -> tuple[int, int]:
    """Read a range `[21, 30]`: the first and the last number, both included."""
    if not isinstance(value, tree.List) or len(value.items) != 2:
        raise reader.wrong(name, value, "stretch")
    first, last = (reader.number(name, item) for item in value.items)
    for number, item in ((first, value.items[0]), (last, value.items[1])):
        reader.in_range(name, item, number, size)
    if not isinstance(first, int) or not isinstance(last, int) or first > last:
        raise reader.wrong(name, value, "stretch")
    return first, last


def _overlap(one: Region, other: Region) -> bool:
    def meet(a: tuple[int, int] | None, b: tuple[int, int] | None) -> bool:
        return a is None or b is None or (a[0] <= b[1] and b[0] <= a[1])

    return meet(one.rows, other.rows) and meet(one.cols, other.cols) and meet(one.units, other.units)


def is_arrow(graph: Graph, text: str) -> bool:
    """Whether a text is words for the arrow between two lines of a net."""
    found = say.split_arrow(text)
    return found is not None and reads(graph, found[0], found[1])


# ---- mathematics in texts


def tex_fault(text: str, symbol: bool = False) -> TexFault | None:
    """Return what is no TeX that figures set in a text, or in a symbol, which is mathematics as a whole."""
    try:
        _ = mathematics(text) if symbol and not text.isidentifier() else paragraph(text)
    except TexFault as fault:
        return fault
    return None


def of_tex(fault: TexFault, span: Span | None) -> Diagnostic:
    return Diagnostic("NS738" if fault.what == "unknown" else "NS739", span, {"part": fault.part})


def wrong_tex(value: tree.Text, source: SourceFile, symbol: bool = False) -> Diagnostic | None:
    """Return NS738 or NS739 at the place in a quoted text where its mathematics is wrong."""
    fault = tex_fault(value.value, symbol)
    if fault is None:
        return None
    start, end = value.at
    found = source.text.find(fault.part, start, end)
    return of_tex(fault, source.span((found, found + len(fault.part)) if found >= 0 else value.at))


def check_captions(program: Program) -> list[Diagnostic]:
    """Return the mistakes of the mathematics in the captions of nets, blocks and layers."""
    found = []
    for unit in {id(unit): unit for unit in (program.main, *program.units.values())}.values():
        for definition in unit.own.values():
            lines = [line for line in definition.body.statements if isinstance(line, tree.Input | tree.Layer)]
            texts = [line.caption for line in (definition.body, *lines) if line.caption is not None]
            found += [wrong_tex(text, unit.source) for text in texts if "$" in text.value]
    return [diagnostic for diagnostic in found if diagnostic is not None]


# ---- a section, and all sections of a file


def read_figure(
    section: tree.Section, source: SourceFile, graph: Graph | None
) -> tuple[FigureSettings, list[Diagnostic]]:
    """Read a section. Return its settings and its mistakes."""
    reader = Reader(section, source, graph)
    return reader.read(), reader.found


def check_figure(section: tree.Section, source: SourceFile, graph: Graph | None) -> list[Diagnostic]:
    """Return the mistakes of a `figure` section, each with the place of its setting."""
    return read_figure(section, source, graph)[1]


def net_of(section: tree.Section, source: SourceFile, main: list[str], nets: tuple[str, ...]) -> str:
    """Return the net that a figure shows: `net = NAME`, else the only net that no other net calls. Raises Fault."""
    for setting in section.settings:
        if setting.key == ("net",):
            name = setting.value.name if isinstance(setting.value, tree.Ref) else ""
            if name in nets:
                return name
            guess = nearest(name, nets) if name else None
            hints = [Hint("nearest", {"name": guess})] if guess else []
            hints.append(Hint("nets", {"names": Quoted(nets)}))
            words = {"name": source.text[setting.value.at[0] : setting.value.at[1]]}
            raise Fault(Diagnostic("NS710", source.span(setting.value.at), dict(words), hints=tuple(hints)))
    if len(main) != 1:
        raise Fault(Diagnostic("NS711", source.span(section.head_at), {"nets": Quoted(tuple(main))}))
    return main[0]


def check_figures(program: Program, graphs: dict[str, Graph]) -> list[Diagnostic]:
    """Return the mistakes of all figure sections of a file."""
    source = program.main.source
    main = [definition.body.name.text for definition in program.main_nets()]
    named: dict[str, tree.Section] = {}
    found: list[Diagnostic] = []
    for section in program.main.sections:
        if section.kind != "figure":
            continue
        name = section.name.text if section.name else ""
        if name in named:
            label = Label(source.span(named[name].head_at), "first")
            found.append(Diagnostic("NS712", source.span(section.head_at), {"name": name or "figure"}, labels=(label,)))
        named.setdefault(name, section)
        try:
            graph = graphs.get(net_of(section, source, main, program.net_names)) if program.net_names else None
        except Fault as fault:
            found.append(fault.diagnostic)
            graph = None
        found += check_figure(section, source, graph)
    return found
