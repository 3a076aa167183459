"""An example on its way through a net, frame by frame on the net's own figure: forward, the loss, back, the update."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from html import escape
from pathlib import Path
from typing import Any

from netspec import files
from netspec.figure.backends import Options, Picture
from netspec.figure.scene import Item, Node, Rect, Scene, Text, Value, Wire, around, canvas_of, layout
from netspec.figure.scene.canvas import boxed
from netspec.figure.scene.tex import inline, plain
from netspec.figure.scene.typeset import line_width
from netspec.figure.strings import described, say
from netspec.figure.trained.numbers import VALUE, Numbers
from netspec.figure.trained.overlay import coloured, is_written, number, numeral
from netspec.figure.trained.passes import Passes
from netspec.figure.views import Drawing, View
from netspec.ir.graph import Edge, Layer

SLOPE, AFTER = "negative", "rise"  # inks of gradients and of weights after the step
FEW = 4  # numbers of a target that stand in the title of a frame
NOW = 2.4  # how much wider the lines are of what the frame is about


@dataclass(frozen=True, slots=True)
class Frame:
    """One picture: what happens in it, and its scene."""

    title: str
    scene: Scene


class Steps:
    """The frames of an example; `Net.steps` returns them.

    Attributes:
        name: the name of the net.
        frames: the frames in order.
    """

    def __init__(self, name: str, frames: list[Frame], options: Options, lang: str) -> None:
        self.name, self.frames, self.options, self.lang = name, frames, options, lang

    def __len__(self) -> int:
        return len(self.frames)

    def __repr__(self) -> str:
        return f"<Steps of {self.name}: {len(self)} frames>"

    def pictures(self) -> list[Picture]:
        """Return each frame as a picture."""
        return [Picture(self.name, self.options, lambda scene=one.scene: scene) for one in self.frames]  # type: ignore[misc]

    def html(self) -> str:
        """Return a page with all frames and a slider; it needs no other file and no connection."""
        return _page(self)

    def save(self, folder: str | Path) -> list[Path]:
        """Write `01.svg`, `02.svg`, … and `index.html` into a folder, and return their paths."""
        place = Path(folder)
        files.make_folder(place)
        wide = max(2, len(str(len(self))))
        found = []
        for at, picture in enumerate(self.pictures(), 1):
            found.append(place / f"{at:0{wide}}.svg")
            files.write(found[-1], picture.data("svg"))
        found.append(place / "index.html")
        files.write(found[-1], self.html().encode("utf-8"))
        return found


def steps(view: View, drawing: Drawing, options: Options) -> Steps:
    """Return the frames of an example; with no loss those of the way forward alone."""
    passes, settings = drawing.passes, drawing.settings
    assert passes is not None
    draw = _Operations(view, drawing, passes) if view.learns else _Units(view, drawing, passes)
    found = list(_frames(draw, passes, drawing))
    every = around([canvas_of(list(frame.scene.items)) for frame in found])  # the figure stays at its place
    scenes = [_titled(frame.title, at, len(found), frame.scene, every) for at, frame in enumerate(found, 1)]
    canvas = around([canvas_of(list(scene.items)) for scene in scenes])
    told = [described(replace(scene, canvas=canvas), drawing.graph, settings) for scene in scenes]
    frames = [Frame(one.title, scene) for one, scene in zip(found, told, strict=True)]
    return Steps(drawing.graph.name, frames, options, settings.lang)


def _frames(draw: _Units, passes: Passes, drawing: Drawing) -> Iterable[Frame]:
    lang, layers = drawing.settings.lang, draw.layers
    seen: list[Layer] = []
    for layer in layers:
        seen.append(layer)
        kind = "frame input" if layer.role == "input" else "frame forward"
        yield Frame(say(kind, lang).format(name=layer.label), draw.forward(seen, layer))
    if passes.turn is None:
        return
    title = say("frame loss", lang).format(term=_loss(passes), value=number(passes.total))
    yield Frame(title, draw.back([], None))
    done: list[Layer] = []
    for layer in reversed(layers):
        done.append(layer)
        kind = "frame back" if draw.keys([layer]) else "frame back alone"
        yield Frame(say(kind, lang).format(name=layer.label), draw.back(done, layer))
    optimizer = passes.turn.optimizer
    step = f"{optimizer.word}, lr = {optimizer.lr:g}"
    yield Frame(say("frame update", lang).format(step=step), draw.update())


def _loss(passes: Passes) -> str:
    """Return the loss with its targets: `squared(f, y), y = 1`."""
    assert passes.turn is not None
    terms, targets = [], {}
    for item in passes.turn.loss:
        term = item.term
        names = ", ".join(filter(None, (term.layer, term.compared)))
        terms.append(f"{'' if item.coefficient == 1 else f'{number(item.coefficient)} '}{term.word}({names})")
        held = passes.numbers.get(f"target {term.compared}", ())
        if 0 < len(held) <= FEW:
            targets[term.compared] = ", ".join(map(number, held))
    said = "; ".join(f"{name} = {values}" for name, values in targets.items())
    return " + ".join(terms) + (f", {said}," if said else "")


def _titled(title: str, at: int, count: int, scene: Scene, around_all: Rect) -> Scene:
    """Return a scene with what happens in it as a line above the frame that all scenes fill."""
    size = layout.CAPTION
    line = inline(f"{at}/{count}  {title}", "sans")
    x, y = around_all.left + 2.0, around_all.top - 1.0 - boxed((line,), size).bottom
    text = Text(id="step", lines=(line,), x=x, y=y, size=size, align="start", classes=("heading",))
    return replace(scene, items=(*scene.items, text))


class _Units:
    """Frames on a figure of units: numbers in their circles and at their wires."""

    def __init__(self, view: View, drawing: Drawing, passes: Passes) -> None:
        self.view, self.drawing, self.passes = view, drawing, passes
        self.graph = drawing.graph
        assert drawing.arrays is not None
        self.arrays = drawing.arrays
        self.base = self._based(self.arrays)
        self.layers = self._layers(self.base)

    def _based(self, arrays: Mapping[str, Any]) -> Scene:
        """Return the figure with some arrays as its weights."""
        scene = self.view.draw(replace(self.drawing, arrays=arrays))
        if not (self.view.weight_circles or is_written(scene)):
            scene = coloured(scene, self.graph, arrays, self.drawing.settings)
        return scene

    def _layers(self, scene: Scene) -> list[Layer]:
        """Return the lines whose values the figure shows, in the order in which they are computed."""
        nodes = self.graph.nodes
        held = {nodes[item.value.node].layer for item in scene.items if isinstance(item, Node | Wire) and item.value}
        return [self.graph.layers[layer] for layer in dict.fromkeys(node.layer for node in nodes) if layer in held]

    def _values(self, layers: Iterable[Layer]) -> dict[int, Any]:
        wanted = {layer.index for layer in layers}
        return {
            edge.node: value.reshape(-1)
            for edge, value in self.passes.values.items()
            if edge.output == 0 and self.graph.nodes[edge.node].layer in wanted
        }

    def forward(self, layers: list[Layer], now: Layer | None) -> Scene:
        scene = Numbers(self.base, self.arrays, self._values(layers)).write()
        return self._emphasised(scene, now)

    def back(self, layers: list[Layer], now: Layer | None) -> Scene:
        """Return the frame in which the gradients of some lines are known: below circles, and in place of weights."""
        keys = self.keys(layers)
        shown = {**self.arrays, **{key: self.passes.weight_slopes[key] for key in keys}}
        scene = self._changed(shown, keys, SLOPE)
        wanted = {layer.index for layer in layers}
        texts = [
            self._below(node, node.value, scene)
            for node in scene.nodes
            if node.value and self.graph.nodes[node.value.node].layer in wanted
        ]
        return self._emphasised(replace(scene, items=(*scene.items, *texts)), now)

    def update(self) -> Scene:
        after = self.passes.stepped()
        return self._changed({**self.arrays, **after}, set(after), AFTER)

    def keys(self, layers: Iterable[Layer]) -> set[str]:
        """Return the weights of some lines whose gradients stand in their place; none where weights are colours."""
        if not (self.view.weight_circles or self.view.learns or is_written(self.base)):
            return set()
        wanted = {layer.index for layer in layers}
        return {one.key for one in self.graph.arrays if self.graph.nodes[one.node].layer in wanted}

    def _changed(self, shown: Mapping[str, Any], keys: set[str], ink: str) -> Scene:
        """Return the figure of all values with other numbers in place of some weights, in another colour."""
        base = self._based(shown)
        scene = Numbers(base, self.arrays, self._values(self.layers), shown).write()
        marked = {
            f"{item.id}.{'value' if isinstance(item, Node) else 'number'}"
            for item in base.items
            if isinstance(item, Node | Wire) and item.weight and item.weight.key in keys
        }

        def inked(item: Item) -> Item:
            return replace(item, ink=ink) if isinstance(item, Text) and item.id in marked else item

        return replace(scene, items=tuple(map(inked, scene.items)))

    def _below(self, node: Node, held: Value, scene: Scene) -> Text:
        """Return the gradient by a value, below its circle and what is written there."""
        slope = self.passes.slopes[Edge(held.node)].reshape(-1)[held.place]
        line = numeral(float(slope))
        size = VALUE * min(1.0, 2 * max(node.rx, 8.0) / line_width(line, VALUE))
        y = node.y + node.ry + 0.9 - boxed((line,), size).top
        found = Text(id=f"{node.id}.slope", lines=(line,), x=node.x, y=y, size=size, ink=SLOPE, classes=("number",))
        hit = [text.box.bottom for text in scene.texts if text.box.overlaps(found.box)]
        return replace(found, y=max(hit) + 0.6 - boxed((line,), size).top) if hit else found

    @staticmethod
    def _emphasised(scene: Scene, now: Layer | None) -> Scene:
        """Return the scene with thicker outlines of what the frame is about."""

        def drawn(item: Item) -> Item:
            if now is None or not isinstance(item, Node) or item.layer != now.path or item.pen.width == 0:
                return item
            return replace(item, pen=replace(item.pen, width=item.pen.width * NOW))

        return replace(scene, items=tuple(map(drawn, scene.items)))


class _Operations(_Units):
    """Frames on the graph of the computation, of which each shows the numbers that are known."""

    def _based(self, arrays: Mapping[str, Any]) -> Scene:
        return self.view.draw(self.drawing)

    def _layers(self, scene: Scene) -> list[Layer]:
        paths = {node.layer for node in scene.nodes if {"operation", "input"} & set(node.classes)}
        return [layer for layer in self.graph.layers if layer.path in paths]

    def _part(self, known: set[str], back: set[str], now: Layer | None) -> Scene:
        """Return the figure with the values of some lines, and the gradients of some; "" stands for the loss."""
        given = {node.id for node in self.base.nodes if {"weight", "constant"} & set(node.classes)}

        def kept(item: Item) -> bool:
            if not isinstance(item, Text):
                return True
            owner, _, kind = item.id.rpartition(".")
            if kind == "value" and "number" in item.classes:
                return owner in given or item.layer in known
            return item.layer in back if kind == "slope" else "" in back or item.id != "key"

        return self._emphasised(replace(self.base, items=tuple(filter(kept, self.base.items))), now)

    def forward(self, layers: list[Layer], now: Layer | None) -> Scene:
        return self._part({layer.path for layer in layers}, set(), now)

    def back(self, layers: list[Layer], now: Layer | None) -> Scene:
        every = {layer.path for layer in self.layers} | {""}
        return self._part(every, {layer.path for layer in layers} | ({""} if layers else set()), now)

    def update(self) -> Scene:
        every = {layer.path for layer in self.layers} | {""}
        scene, after = self._part(every, every, None), self.passes.stepped()
        weights = {f"{node.id}.value": node.weight for node in scene.nodes if node.weight}

        def moved(item: Item) -> Item:
            weight = weights.get(item.id)
            if weight is None or weight.key not in after or not isinstance(item, Text):
                return item
            return replace(item, lines=(numeral(float(after[weight.key][weight.place])),), ink=AFTER)

        return replace(scene, items=tuple(map(moved, scene.items)))


# ---- the page


_STYLE = """
:root { color-scheme: light dark; }
body { font-family: system-ui, sans-serif; margin: 1rem auto; max-width: 72rem; padding: 0 1rem; }
figure { margin: 0 0 1rem; }
img { display: block; height: auto; max-height: 75vh; max-width: 100%; width: 100%; object-fit: contain; }
.live figure[hidden] { display: none; }
.live figcaption { display: none; }
output { clip-path: inset(50%); position: absolute; }
.bar { align-items: center; display: none; gap: 0.75rem; }
.live .bar { display: flex; }
.bar input { flex: 1; min-height: 2.5rem; }
.bar button { font: inherit; min-height: 2.5rem; min-width: 2.5rem; }
@media (prefers-reduced-motion: no-preference) { .live figure { animation: come 0.15s; } }
@keyframes come { from { opacity: 0.4; } }
"""
_SCRIPT = """
const frames = [...document.querySelectorAll("figure")], slider = document.querySelector("input");
const [back, on] = document.querySelectorAll("button"), said = document.querySelector("output");
function show(at) {
  at = Math.min(Math.max(at, 1), frames.length);
  frames.forEach((frame, number) => { frame.hidden = number !== at - 1; });
  slider.value = at;
  said.textContent = frames[at - 1].querySelector("figcaption").textContent;
  slider.setAttribute("aria-valuetext", said.textContent);
  back.disabled = at === 1;
  on.disabled = at === frames.length;
}
slider.addEventListener("input", () => show(+slider.value));
back.addEventListener("click", () => show(+slider.value - 1));
on.addEventListener("click", () => show(+slider.value + 1));
document.addEventListener("keydown", (event) => {
  if (event.target === slider || event.ctrlKey || event.metaKey || event.altKey) return;
  const to = { ArrowRight: +slider.value + 1, ArrowLeft: +slider.value - 1, Home: 1, End: frames.length }[event.key];
  if (to !== undefined) { event.preventDefault(); show(to); }
});
document.body.classList.add("live");
show(1);
"""


def _page(steps: Steps) -> str:
    """Return the page. Without scripts it shows all frames, one below the other."""
    lang = steps.lang
    figures = []
    for frame, picture in zip(steps.frames, steps.pictures(), strict=True):
        data = base64.b64encode(picture.data("svg")).decode("ascii")
        title = plain(inline(frame.title, "sans"))
        alt = escape(f"{title}. {frame.scene.description}", quote=True)
        figures.append(
            f'<figure><img alt="{alt}" src="data:image/svg+xml;base64,{data}">'
            f"<figcaption>{escape(title)}</figcaption></figure>"
        )
    hashes = [base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in (_STYLE, _SCRIPT)]
    allowed = f"default-src 'none'; img-src data:; style-src 'sha256-{hashes[0]}'; script-src 'sha256-{hashes[1]}'"
    back, on, slider = (escape(say(f"frame {name}", lang), quote=True) for name in ("before", "next", "slider"))
    return "\n".join((
        "<!doctype html>", f'<html lang="{lang}">', '<meta charset="utf-8">',
        f'<meta http-equiv="Content-Security-Policy" content="{allowed}">',
        '<meta name="viewport" content="width=device-width">', f"<title>{escape(steps.name)}</title>",
        f"<style>{_STYLE}</style>", '<body><div class="bar">',
        f'<button type="button" aria-label="{back}">←</button>',
        f'<input type="range" min="1" max="{len(steps)}" value="1" step="1" aria-label="{slider}">',
        f'<button type="button" aria-label="{on}">→</button></div>', '<p><output aria-live="polite"></output></p>',
        *figures, f"<script>{_SCRIPT}</script></body></html>", "",
    ))  # fmt: skip
