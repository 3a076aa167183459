"""The law of true figures: what a net computes is seen in its figure, or the figure says what it leaves out.

For each operation and each option two nets are drawn that differ in this option alone, in every view that draws both.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations, islice, product
from typing import Any, NamedTuple

import netspec
from netspec.diagnostics.errors import NetspecError
from netspec.figure.backends import Picture
from netspec.figure.notes import NAME, layer_of, marks_of
from netspec.figure.scene import Dots, Node, Polygon, Text, Wire
from netspec.figure.views import VIEWS, Drawing
from netspec.ir.operation import Op, Option
from netspec.ops.registry import operation, step_names

DRAWS_NETS = tuple(name for name, view in VIEWS.items() if not view.needs)
WHOLE_NETS = tuple(name for name in DRAWS_NETS if name not in ("equals", "filter", "cells", "gates"))  # a part of a net
GIVEN = ("6", "4@8x8", "6 over 5", "one of 5 over 6", "one of 5", "4@6x6 over 3", "2@12", "1@8x8", "1 over 5")
FORMS = ("a -> {step}", "x -> {step}", "{step}")
EVERY = ("perceptrons", "filters", "number")  # signs of the language stand for these
# steps whose options depend on each other or on other lines: an input, and two chains that differ in one option
WRITTEN: dict[tuple[str, str], tuple[str, str, str]] = {
    ("perceptrons", "tie"): ("6", "b -> 6 perceptrons", "b -> 6 perceptrons (tie = b)"),
    ("perceptrons", "weights_"): (
        "2", "a -> 1 perceptron (weights = [[0, 1, 2]])", "a -> 1 perceptron (weights = [[0, 1, 3]])"
    ),
    ("filters", "weights_"): (
        "1@2x2", "a -> 1 filter 1x2 (bias = false, weights = [[1, 2]])",
        "a -> 1 filter 1x2 (bias = false, weights = [[1, 3]])",
    ),
    ("attention", "scores"): ("4 over 5", "a -> attention(2)", "a -> attention(2, scores = s)"),
    ("attention", "part"): ("8 over 5", "a -> attention(2, rotary = 9)", "a -> attention(2, rotary = 9, part = 0.5)"),
    ("attention", "pairs"): (
        "8 over 5", "a -> attention(2, rotary = 9)", "a -> attention(2, rotary = 9, pairs = neighbours)"
    ),
    ("attention", "stretch"): (
        "8 over 5", "a -> attention(2, rotary = 9)", "a -> attention(2, rotary = 9, stretch = 4)"
    ),
    ("attention", "stretching"): (
        "8 over 5", "a -> attention(2, rotary = 9, stretch = 4)",
        "a -> attention(2, rotary = 9, stretch = 4, stretching = llama3, trained = 9)",
    ),
    ("attention", "trained"): (
        "8 over 5", "a -> attention(2, rotary = 9, stretch = 4, stretching = yarn, trained = 99)",
        "a -> attention(2, rotary = 9, stretch = 4, stretching = yarn, trained = 9999)",
    ),
    ("attention", "fast"): (
        "8 over 5", "a -> attention(2, rotary = 9, stretch = 4, stretching = llama3, trained = 9)",
        "a -> attention(2, rotary = 9, stretch = 4, stretching = llama3, trained = 9, fast = 2)",
    ),
    ("attention", "slow"): (
        "8 over 5", "a -> attention(2, rotary = 9, stretch = 4, stretching = llama3, trained = 9)",
        "a -> attention(2, rotary = 9, stretch = 4, stretching = llama3, trained = 9, slow = 2)",
    ),
    ("attention", "rounded"): (
        "8 over 5", "a -> attention(2, rotary = 9, stretch = 4, stretching = yarn, trained = 99)",
        "a -> attention(2, rotary = 9, stretch = 4, stretching = yarn, trained = 99, rounded = false)",
    ),
    ("attention", "magnitude"): (
        "8 over 5", "a -> attention(2, rotary = 9)", "a -> attention(2, rotary = 9, magnitude = 2)"
    ),
    ("attention", "query_latent"): (
        "8 over 5", "a -> attention(2, latent = 3)", "a -> attention(2, latent = 3, query_latent = 5)"
    ),
    ("attention", "rotary_width"): (
        "8 over 5", "a -> attention(2, latent = 3, rotary = 9, rotary_width = 2)",
        "a -> attention(2, latent = 3, rotary = 9, rotary_width = 4)",
    ),
    ("attention", "norm_rotated"): (
        "8 over 5", "a -> attention(2, rotary = 9, qk_norm = head)",
        "a -> attention(2, rotary = 9, qk_norm = head, norm_rotated = true)",
    ),
    ("attention", "norm_affine"): (
        "8 over 5", "a -> attention(2, qk_norm = head)", "a -> attention(2, qk_norm = head, norm_affine = false)"
    ),
    ("attention", "grow"): (
        "8 over 5", "a -> attention(2, grow = 0.1, grow_steps = 3)", "a -> attention(2, grow = 0.2, grow_steps = 3)"
    ),
    ("attention", "grow_steps"): (
        "8 over 5", "a -> attention(2, grow = 0.1, grow_steps = 3)", "a -> attention(2, grow = 0.1, grow_steps = 2)"
    ),
    ("attention", "eps"): (
        "8 over 5", "a -> attention(2, qk_norm = head)", "a -> attention(2, qk_norm = head, eps = 0.1)"
    ),
    ("mixture", "counted"): (
        "6", "a -> mixture(4, correction = true) { 6 perceptrons }",
        "a -> mixture(4, correction = true, counted = true) { 6 perceptrons }",
    ),
    ("mixture", "top_groups"): (
        "6", "a -> mixture(4, groups = 4) { 6 perceptrons }",
        "a -> mixture(4, groups = 4, top_groups = 2) { 6 perceptrons }",
    ),
    ("attention", "shift"): (
        "4@6x6", "a -> attention(2, window = 3)", "a -> attention(2, window = 3, shift = 1)"
    ),
    ("relative", "value"): ("2", "relative(2@3x3)", "relative(2@3x2)"),
    ("relative", "buckets"): ("2", "relative(2 over 9)", "relative(2 over 9, buckets = 8)"),
    ("relative", "farthest"): (
        "2", "relative(2 over 9, buckets = 8)", "relative(2 over 9, buckets = 8, farthest = 16)"
    ),
    ("relative", "causal"): (
        "2", "relative(2 over 9, buckets = 8)", "relative(2 over 9, buckets = 8, causal = true)"
    ),
    ("extern", "target"): (
        "4", 'a -> extern("one.two:Step") is 4', 'a -> extern("one.too:Step") is 4'
    ),
    ("extern", "type_"): ("4", 'a -> extern("one:Step") is 4', 'a -> extern("one:Step") is 2@3'),
    ("extern", "along"): (
        "4 over 3", 'a -> extern("one:Step") is 4 over 3', 'a -> extern("one:Step", along = time) is 4 over 3'
    ),
    ("extern", "weights_"): ("4", 'a -> extern("one:Step") is 4', 'a -> extern("one:Step", weights = 9) is 4'),
    ("extern", "arguments"): (
        "4", 'a -> extern("one:Step", deep = true) is 4', 'a -> extern("one:Step", deep = false) is 4'
    ),
    ("gather", "role"): (
        "2 over 2", "a, (a -> argmax) -> gather", "a, (a -> argmax) -> gather(time)"
    ),
    ("matmul", "role"): (
        "4 over 4", "a, a -> matmul -> reshape(1@2x2)",
        "(a -> reshape(1@2x2)), (a -> reshape(1@2x2)) -> matmul(space)",
    ),
    ("scan", "decay"): ("6 over 5", "a -> scan", "a -> scan(decay = b)"),
    ("scan", "delta"): (
        "1 over 5", "a, a, a -> scan(decay = a)", "a, a, a -> scan(decay = a, delta = a)"
    ),
    ("expand", "maps"): ("1", "a -> expand(maps = 2)", "a -> expand(maps = 3)"),
    ("expand", "role"): ("1", "b*(a -> expand(maps))", "b + (a -> expand(maps = 6))"),
    ("expand", "like"): ("1", "a -> expand(maps = 6)", "a -> expand(like = b)"),
    ("gaussian", "prototypes"): (
        "2", "a -> gaussian(1, prototypes = [[1, 2]])", "a -> gaussian(1, prototypes = [[2, 1]])"
    ),
    ("instancenorm", "init"): (
        "4@8x8", "a -> instancenorm(affine = true)", "a -> instancenorm(affine = true, init = constant(2))"
    ),
    ("number", "value"): ("6", "2*a", "3*a"),
    ("number", "sign"): ("6", "a*2", "a + 2"),
    ("number", "first"): ("6", "a - 2", "2 - a"),
    ("clamp", "min"): ("6", "a -> clamp(0, 2)", "a -> clamp(1, 2)"),
    ("clamp", "max"): ("6", "a -> clamp(0, 2)", "a -> clamp(0, 3)"),
    ("split", "sizes"): ("6", "a -> split(sizes = [2, 4])", "a -> split(sizes = [4, 2])"),
    ("filters", "connect"): (
        "2@8x8", 'a -> 2 filters 3x3 (connect = ["XX", "XX"])', 'a -> 2 filters 3x3 (connect = ["X.", "XX"])'
    ),
    ("filters", "pad"): (
        "4 over 9", "a -> 4 filters 3 (along = time, pad = same)", "a -> 4 filters 3 (along = time, pad = causal)"
    ),
    ("filters", "along"): ("4 over 9", "a -> 4 filters 3 (along = time)", "a -> 4 perceptrons"),
    ("first", "role"): ("6 over 5", "a -> first", "a -> last"),
    ("last", "role"): ("6 over 5", "a -> last", "a -> first"),
    ("upsample", "corners"): (
        "4@8x8", "a -> upsample(2, mode = linear)", "a -> upsample(2, mode = linear, corners = true)"
    ),
    ("unflatten", "to"): ("6 over 8", "a -> unflatten(2x4)", "a -> unflatten(4x2)"),
    ("transpose", "role"): ("6@4x4", "a -> transpose(space)", "a -> identity"),
}  # fmt: skip
VALUES: dict[str, tuple[str, ...]] = {
    "size": ("2", "3", "4"),
    "extent": ("1", "2", "3", "9", "12"),
    "padding": ("0", "1", "2", "same"),
    "integer": ("1", "2", "3"),
    "real": ("0.0", "0.25", "0.5", "1.5"),
    "flag": ("false", "true"),
    "init": ("normal(0, 0.02)", "uniform(-1, 1)"),
    "list": ('["XX..", "..XX"]', '["X...", ".XXX"]'),
    "type": ("2@2x2", "8", "4@1x1", "64@2x2", "2@3", "3@2", "5"),
    "text": ('"one"', '"two"'),
}


class Pair(NamedTuple):
    """Two nets that differ in one option of one step."""

    step: str
    option: str
    first: str
    second: str


def operations() -> list[type[Op]]:
    names = sorted((step_names() - {"same", "reversed"}) | set(EVERY))
    return [operation(name) for name in names]


def values_of(option: Option) -> tuple[str, ...]:
    if option.kind in ("word", "role"):
        return tuple(map(str, option.choices))
    return VALUES.get(option.kind, ())


def call_of(cls: type[Op], given: dict[str, str]) -> str:
    """A step as a spec writes it."""
    if cls.name == "perceptrons":
        rest = ", ".join(f"{name.rstrip('_')} = {value}" for name, value in given.items() if name != "units")
        return f"{given.get('units', '6')} perceptrons" + (f" ({rest})" if rest else "")
    if cls.name == "filters":
        rest = ", ".join(f"{name} = {value}" for name, value in given.items() if name not in ("count", "kernel"))
        kernel = given.get("kernel", "3")
        return f"{given.get('count', '4')} filters {kernel}x{kernel}" + (f" ({rest})" if rest else "")
    said = [value if name in cls.positional else f"{name.rstrip('_')} = {value}" for name, value in given.items()]
    return cls.name + (f"({', '.join(said)})" if said else "")


def net_of(kind: str, chain: str) -> str:
    """The text of a net with the chain as its line z."""
    lines = ["net n {", f"  input x: {kind}"]
    lines += ["  hidden a: x -> identity"] if "a" in words_of(chain) else []
    lines += ["  input s: 2@5x5"] if "s" in words_of(chain) else []
    lines += ["  hidden b: x -> 6 perceptrons"] if "b" in words_of(chain) else []
    end = (
        "z.1 & z.2" if "split" in words_of(chain) else "z -> identity" if words_of(chain) & {"a", "x", "b"} else "z & x"
    )
    return "\n".join([*lines, f"  hidden z: {chain}", f"  output y: {end}", "}", ""])


def words_of(text: str) -> set[str]:
    return set(re.findall(r"\w+", text))


@lru_cache(maxsize=4096)
def checked(text: str) -> Any:
    """The net, or None if the text is no net."""
    try:
        return netspec.parse(text).net()
    except NetspecError:
        return None


def fillings(cls: type[Op], free: str) -> Iterator[dict[str, str]]:
    """Values of other options with which a step may be valid: those that it needs, or one that it is called with."""
    needed = [name for name in cls.required if name != free]
    if needed:
        for values in zip(*(values_of(cls.options[name]) * 3 for name in needed), strict=False):
            yield dict(zip(needed, values, strict=True))
        return
    yield {}
    for name in cls.positional:
        if name != free:
            yield from ({name: value} for value in values_of(cls.options[name]))


def pairs(cls: type[Op], most: int = 2) -> Iterator[Pair]:
    """Nets that differ in one option of an operation: at most `most` pairs for each option."""
    for name, option in cls.options.items():
        if (cls.name, name) in WRITTEN:
            kind, first, second = WRITTEN[cls.name, name]
            for chain in (first, second):
                netspec.parse(net_of(kind, chain))
            yield Pair(cls.name, name, net_of(kind, first), net_of(kind, second))
            continue
        yield from islice(_pairs(cls, name, option), most)


def _pairs(cls: type[Op], name: str, option: Option) -> Iterator[Pair]:
    braces = " { 3 perceptrons }" if cls.takes_step else ""
    for kind, form, filled in product(GIVEN, FORMS, fillings(cls, name)):
        calls = [call_of(cls, filled | {name: value}) for value in values_of(option)]
        calls += [call_of(cls, filled)] if name not in cls.required else []
        texts = [net_of(kind, form.format(step=call + braces)) for call in dict.fromkeys(calls)]
        good = [text for text in texts if checked(text) is not None]
        for first, second in combinations(good, 2):
            if step_of(checked(first), cls.name) != step_of(checked(second), cls.name):
                yield Pair(cls.name, name, first, second)


def step_of(net: Any, name: str) -> Op:
    """The operation of that name in the line z."""
    nodes = net.graph.nodes_of(net.graph.layer("z"))
    return next(node.op for node in nodes if node.op.name == name)  # type: ignore[no-any-return]


def drawn(text: str, view: str) -> Picture | None:
    """The figure of a net, or None if the view refuses it."""
    try:
        return checked(text).render(view=view)  # type: ignore[no-any-return]
    except NetspecError:
        return None


def look(figure: Picture) -> Counter[Any]:
    """What a reader sees: shapes with fill and dash, texts and in which shape they are, wires, dots.

    It has no tooltips and no places, but for the order of captions, and of what boxes read.
    """
    scene = figure.scene
    order = {node.id: number for number, node in enumerate(scene.nodes)}
    wires = {f"{wire.id}.shape": (order.get(wire.source, -1), order.get(wire.target, -1)) for wire in scene.wires}
    seen: Counter[Any] = Counter()
    for item in scene.items:
        match item:
            case Node():
                seen["node", item.shape, item.fill, item.pen.dash, round(item.rx, 1), round(item.ry, 1)] += 1
            case Text():
                row = re.search(r"\.row\d+$", item.id)
                at = (
                    item.layer if "mark" in item.classes else None
                )  # words that stand at a layer are told by their place
                seen["text", item.plain, wires.get(item.id), order.get(item.inside), row and row[0], at] += 1
            case Wire():
                ends = order.get(item.source, -1), order.get(item.target, -1)
                seen["wire", *ends, item.head, item.pen.dash] += 1
            case Dots():
                seen["dots", item.hidden] += 1
            case Polygon():
                box = item.box
                seen["polygon", item.fill, round(box.width, 1), round(box.height, 1)] += 1
    if scene.view == "blocks":
        places = {node.id: (round(node.y), round(node.x)) for node in scene.nodes}
        into: dict[str, list[str]] = {}
        for wire in scene.wires:
            into.setdefault(wire.target, []).append(wire.source)
        for target, sources in into.items():
            sources.sort(key=lambda name: places.get(name, (0, 0)))
            seen["inputs in order", order.get(target, -1), tuple(order.get(name, -1) for name in sources)] += 1
    captions = sorted((text for text in scene.texts if "caption" in text.classes), key=lambda text: text.x)
    seen["captions in order", tuple(text.plain for text in captions)] += 1
    return seen


def draws(net: Any, figure: Picture) -> bool:
    """Whether the figure draws the step of line z."""
    scene = figure.scene
    paths = frozenset(item.layer for item in scene.items if item.layer)
    graph, view = net.graph, VIEWS[scene.view]()
    drawing = Drawing(graph, net_settings(), plan=figure.plan)
    nodes = graph.nodes_of(graph.layer("z"))
    if scene.view == "blocks":
        return True
    return any(layer_of(graph, node, paths) and view.shows(drawing, node) is not None for node in nodes)


def faults(pair: Pair, view: str) -> str:
    """Why a view breaks the law for a pair; "" if it keeps the law or draws one of the nets not at all."""
    figures = drawn(pair.first, view), drawn(pair.second, view)
    if figures[0] is None or figures[1] is None or not draws(checked(pair.first), figures[0]):
        return ""
    cls = operation(pair.step)
    mark = cls.options[pair.option].mark
    assert mark is not None
    if mark.is_a == "training":
        tips = [[getattr(item, "tip", "") for item in figure.scene.items] for figure in figures]
        return "" if tips[0] != tips[1] else "no tooltip tells them apart"
    if look(figures[0]) == look(figures[1]):
        return "drawn alike"
    for text, figure in zip((pair.first, pair.second), figures, strict=True):
        missing = unsaid(checked(text), figure, view, pair.option)
        if missing:
            return f"{missing!r} is neither said nor drawn"
    return ""


def unsaid(net: Any, figure: Picture, view: str, option: str = "") -> str:
    """Words of a mark of line z that the figure neither shows nor says; "" if there are none."""
    graph = net.graph
    drawing = Drawing(graph, net_settings(), plan=figure.plan)
    said = " ".join(text.plain for text in figure.scene.texts).replace("\n", " ").replace(" / ", " ")
    for node in graph.nodes:
        if graph.layers[node.layer].path != "z" or node.kind:
            continue
        shown = VIEWS[view]().shows(drawing, node)
        for mark in marks_of(graph, node, "en"):
            if mark.is_a == "training" or mark.option == NAME or (option and mark.option != option):
                continue
            words = mark.text.replace(" / ", " ")
            if (shown is None or mark.option not in shown or view == "blocks") and words not in said:
                return mark.text
    return ""


@lru_cache(maxsize=1)
def net_settings() -> Any:
    from netspec.figure.settings import FigureSettings

    return FigureSettings()


# ---- facts of the structure: pairs of nets of the same types, whose figures must differ

UP = "block Up {\n  input x: 8\n  output y: 8 perceptrons -> relu\n}\n"
DILATED = (
    "block Dilated(d) {\n  input x: 4 over T\n"
    "  output y: x + (x -> 4 filters 3 (along = time, pad = d, dilation = d) -> relu)\n}\n"
)
ACTS = "block Act(act) {\n  input x: 8\n  output y: 8 perceptrons -> act\n}\n"
BACK = "block Back(k) {\n  input x: 4 over T\n  output y: x[t-k] & x -> 4 perceptrons\n}\n"
PARTS = "block Two {\n  input x: 8\n  output a: 4 perceptrons -> relu\n  output b: x -> 4 perceptrons -> tanh\n}\n"


def body(*lines: str, before: str = "") -> str:
    return "\n".join((before + "net n {", *(f"  {line}" for line in lines), "}", ""))


def both(first: str, second: str, *lines: str, before: str = "") -> tuple[str, str]:
    """Two nets whose lines have `first` or `second` in place of LINE."""
    found = [body(*(line.replace("LINE", one) for line in lines), before=before) for one in (first, second)]
    return found[0], found[1]


OVER = ("input x: 4 over 6", "hidden z: LINE", "output y: z -> 2 perceptrons")
FLAT = ("input x: 8", "hidden z: LINE", "output y: z -> 2 perceptrons")
FACTS: dict[str, tuple[str, str]] = {
    "a shared repeat": both("repeat 3 { Up }", "repeat 3 shared { Up }", *FLAT, before=UP),
    "rounds of other dilations": both(
        "repeat 3 { Dilated(1) }", "repeat 3 as i { Dilated(i) }", "input x: 4 over 20", *OVER[1:], before=DILATED
    ),
    "calls of other dilations": both(
        "Dilated(1) -> Dilated(1) -> Dilated(1)", "Dilated(1) -> Dilated(2) -> Dilated(4)", "input x: 4 over 20",
        *OVER[1:], before=DILATED,
    ),
    "after which round a repeat is read": both(
        "e.1", "e.2", "input x: 8", "hidden e: repeat 3 { 8 perceptrons -> relu }", "hidden z: LINE -> 4 perceptrons",
        "output y: z & e -> 2 perceptrons",
    ),
    "after which round a memory is read": both(
        "e", "e.1", "input x: 4 over 6", "hidden e: repeat 2 { Encoder(2, 4) }",
        "hidden z: x -> Decoder(2, 4, memory = LINE)", "output y: z + e",
    ),
    "an argument that is a step": both("Act(relu) -> Act(relu)", "Act(relu) -> Act(tanh)", *FLAT, before=ACTS),
    "a look-back in a block": both("Back(1) -> Back(1)", "Back(1) -> Back(2)", *OVER, before=BACK),
    "weights used again": both("same(a)", "4 perceptrons", "input x: 4", "hidden a: 4 perceptrons", *FLAT[1:]),
    "a longer delay": both("x & z[t-1] -> 3 perceptrons -> tanh", "x & z[t-2] -> 3 perceptrons -> tanh", *OVER),
    "the number of time steps": both(
        "over 16", "over 99", "input x: 4 LINE", "hidden z: x & z[t-1] -> 3 perceptrons", OVER[-1]
    ),
    "up to which number of time steps": both(
        "over up to 16", "over up to 99", "input x: 4 LINE", "hidden z: x & z[t-1] -> 3 perceptrons", OVER[-1]
    ),
    "how far back a long delay reads": both(
        "x & x[t-8] -> 3 perceptrons", "x & x[t-12] -> 3 perceptrons", "input x: 4 over 16", *OVER[1:]
    ),
    "a start": both(
        "zeros", "a", "input x: 4 over 6", "input a: 3", "start z: LINE", "hidden z: x & z[t-1] -> 3 perceptrons",
        "output y: z & a -> 2 perceptrons",
    ),
    "backwards": both("gru(3)", "reversed(gru(3))", *OVER),
    "two directions of equal size": both("lstm(4)", "lstm(2, bidirectional = true)", *OVER),
    "layers": both("lstm(3)", "lstm(3, layers = 2)", *OVER),
    "the cell": both("lstm(3)", "gru(3)", *OVER),
    "the plain cell": both("rnn(3)", "gru(3)", *OVER),
    "a mask": both("attention(2)", "attention(2, causal = true)", *OVER),
    "heads": both("attention(2)", "attention(4)", *OVER),
    "fewer keys": both("attention(2)", "attention(2, kv_heads = 1)", *OVER),
    "a gate and its opposite": both(
        "(1 - u)*x + u*n", "u*x + (1 - u)*n", "input x: 4", "hidden u: 4 perceptrons -> sigmoid",
        "hidden n: x -> 4 perceptrons -> tanh", "hidden z: LINE", "output y: z -> 2 perceptrons",
    ),
    "which part is read": both(
        "h.2*(h.1 -> exp)", "h.1*(h.2 -> exp)", "input x: 8", "hidden h: 8 perceptrons -> split(2)", *FLAT[1:]
    ),
    "which output is read": both(
        "f.a -> 3 perceptrons", "f.b -> 3 perceptrons", "input x: 8", "hidden f: Two", "hidden z: LINE",
        "output y: z -> 2 perceptrons", "output rest: f.a & f.b -> 2 perceptrons", before=PARTS,
    ),
    "the order of a difference": both(
        "a - b", "b - a", "input x: 4", "hidden a: x -> 4 perceptrons", "hidden b: x -> 4 perceptrons -> relu",
        *FLAT[1:],
    ),
    "the order of a join": both(
        "a & b", "b & a", "input x: 4", "hidden a: x -> 4 perceptrons", "hidden b: x -> 4 perceptrons -> relu",
        *FLAT[1:],
    ),
    "depthwise": both("8 filters 3x3", "8 filters 3x3 (groups = 8)", "input x: 8@6x6", *FLAT[1:]),
    "dilation at equal size": both(
        "4 filters 3x3 (pad = same)", "4 filters 3x3 (pad = same, dilation = 2)", "input x: 4@6x6", *FLAT[1:]
    ),
    "stride and pad at equal size": both(
        "4 filters 3x3 (pad = 1)", "4 filters 3x3 (pad = 3, stride = 2)", "input x: 4@5x5", *FLAT[1:]
    ),
    "transposed at equal size": both(
        "4 filters 3x3 (pad = 1)", "4 filters 3x3 (pad = 1, transposed = true)", "input x: 4@5x5", *FLAT[1:]
    ),
    "which pool": both("maxpool(2x2)", "avgpool(2x2)", "input x: 4@6x6", *FLAT[1:]),
    "dropout": both("8 perceptrons -> relu", "8 perceptrons -> relu -> dropout(0.5)", *FLAT),
    "a norm": both("8 perceptrons -> relu", "8 perceptrons -> batchnorm -> relu", *FLAT),
    "which norm": both("8 perceptrons -> layernorm", "8 perceptrons -> batchnorm", *FLAT),
    "an activation": both("8 perceptrons -> relu", "8 perceptrons -> tanh", *FLAT),
    "no gradient": both("8 perceptrons", "8 perceptrons -> stop", *FLAT),
    "a sample": both("8 perceptrons -> split(2) -> sample", "4 perceptrons", *FLAT),
    "tied": both(
        "b -> 8 perceptrons", "b -> 8 perceptrons (tie = b)", "input x: 8", "hidden b: x -> 8 perceptrons", *FLAT[1:]
    ),
    "given weights": both(
        "1 perceptron (weights = [[0, 1, 2]])", "1 perceptron", "input x: 2", *FLAT[1:],
    ),
    "no bias": both("8 perceptrons", "8 perceptrons (bias = false)", *FLAT),
}  # fmt: skip
