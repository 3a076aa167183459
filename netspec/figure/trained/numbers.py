"""Writes numbers into a figure: each weight, product, sum and activation for one example."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from netspec.figure.scene import Dots, Item, Node, Scene, Text, Value, Wire, canvas_of, layout
from netspec.figure.scene.canvas import evened, fitted
from netspec.figure.scene.tex import Line
from netspec.figure.scene.typeset import axis, line_width, upright
from netspec.figure.trained import Arrays
from netspec.figure.trained.overlay import DIGITS, adding_up, numeral, value_of

CONSTANT = 0.8 * layout.SMALL_LABEL  # the size of `x_0 = 1` beside values
LEAST = 0.75  # a smaller part of TOTAL is not read
VALUE, PRODUCT, TOTAL = 4.2, 3.1, 4.6  # font sizes of a value, of a product and of a sum
INK = "value"


class Numbers:
    """Collects the numbers of one example and writes them into a scene. Values that are not known are not written."""

    def __init__(self, scene: Scene, weights: Arrays, values: Mapping[int, Any], shown: Arrays | None = None) -> None:
        self.scene = scene
        self.weights = weights
        self.shown = weights if shown is None else shown  # what stands in the circles of weights
        self.values = values
        self.nodes = {node.id: node for node in scene.nodes}
        self.labels = {text.inside: text for text in scene.texts if text.inside}
        self.added: list[Item] = []
        self.changed: dict[str, Text] = {}
        self.products: dict[str, float] = {}  # the key is the id of a weight's circle
        self.sums: dict[str, tuple[int, str]] = {}  # of each sum the digits of its numbers, and its sign

    def write(self) -> Scene:
        for wire in self.scene.wires:
            if "input" in wire.classes and wire.target in self.nodes:
                self.product(wire)
        for node in self.scene.nodes:
            if "sum" in node.classes and (found := self.value(node.value)) is not None:
                base = node.id.removesuffix(".sum")
                terms = [value for id_, value in self.products.items() if id_.startswith(f"{base}.w.")]
                if any(item.id.startswith(f"{base}.w.") for item in self.scene.dots):
                    terms.append(found - sum(terms))
                if terms:
                    self.sums[base] = adding_up(found, ((term,) for term in terms))
        for wire in self.scene.wires:
            if "product" in wire.classes and wire.source in self.products:
                self.beside(wire)
        for node in self.scene.nodes:
            if "sum" in node.classes:
                self.total(node)
            elif "unit" in node.classes and (held := self.value(node.value)) is not None:
                self.inside(node, held)
            elif "value" in node.classes:
                self.dot(node)
        self.formulas()
        self.even()
        items = [self.changed.get(item.id, item) if isinstance(item, Text) else item for item in self.scene.items]
        items += self.added
        return replace(self.scene, items=tuple(items), canvas=canvas_of(items))

    def value(self, held: Value | None) -> float | None:
        return None if held is None or held.node not in self.values else float(self.values[held.node][held.place])

    # ---- a perceptron drawn in full

    def product(self, wire: Wire) -> None:
        """Write the weight into its circle, and compute the product of the weight and the value that it reads."""
        source, weight = self.nodes.get(wire.source), self.nodes[wire.target]
        if weight.weight is None or source is None:
            return
        read = 1.0 if "bias" in source.classes else self.value(source.value)
        self.inside(weight, value_of(self.shown, weight.weight))
        group = weight.id.rpartition(".w.")[0]
        total = self.nodes.get(f"{group}.sum")
        made = None if total is None else total.value
        if read is not None and (made is None or self.value(made) is not None):
            self.products[weight.id] = value_of(self.weights, weight.weight) * read

    def beside(self, wire: Wire) -> None:
        """Write the product beside the wire that leads from the weight to the sum."""
        start, turn = wire.points[:2]
        line = numeral(self.products[wire.source], digits=self._digits(wire.source.rpartition(".w.")[0])[0])
        wide, end = line_width(line, PRODUCT), turn.x
        if len(wire.points) == 2:  # the wire is level
            end = min(end - 0.8, start.x + max(wide + 0.8, 8.3))
        size = PRODUCT * min((end - start.x - 0.4) / wide, 1.0)
        self.text(f"{wire.source}.product", line, (start.x + end) / 2, start.y - 0.9, size)

    def total(self, node: Node) -> None:
        """Write the sum as `s = …`, and beside dots the sum of the products that are not drawn."""
        found = self.value(node.value)
        if found is None:
            return
        base = node.id.removesuffix(".sum")
        digits, sign = self._digits(base)
        said = next((text for text in self.scene.texts if text.id == f"{base}.s"), None)
        act = next((self.nodes.get(wire.target) for wire in self.scene.wires if wire.source == node.id), None)
        if said is not None and act is not None:
            line, room = (
                (*said.lines[0], *upright(f" {sign} "), *numeral(found, digits=digits)),
                act.box.left - node.box.right,
            )
            size = min(TOTAL, fitted(line, TOTAL, min(room / 2, 8.6), 99.0, False))
            self.changed[said.id] = replace(said, lines=(line,), size=size, ink=INK)
            if size < LEAST * TOTAL:  # too long to stand between the sum and the activation
                below = node.box.bottom + 1.2 + VALUE * 0.7
                said = replace(said, lines=(line,), size=VALUE, ink=INK, x=node.x + 1, y=below, align="start")
                if said.box.overlaps(act.box):
                    free = act.box.left - 0.8 - (node.x - 1.5)
                    size = VALUE * min(free / line_width(line, VALUE), 1.0)
                    said = replace(said, x=act.box.left - 0.8, align="end", size=size)
                self.changed[said.id] = said
        else:
            line = (*upright("" if sign == "=" else f"{sign} "), *numeral(found, digits=digits))
            self.text(f"{base}.total", line, node.x, node.y + node.ry + 1.2 + VALUE * 0.7, VALUE)
        drawn = sum(value for id_, value in self.products.items() if id_.startswith(f"{base}.w."))
        gaps = [item for item in self.scene.dots if item.id.startswith(f"{base}.w.")]
        if gaps:
            self.rest(gaps[0], found - drawn, digits)

    def _digits(self, base: str) -> tuple[int, str]:
        return self.sums.get(base, (DIGITS[0], "="))

    def rest(self, dots: Dots, value: float, digits: int) -> None:
        box = dots.box
        self.text(
            f"{dots.id}.rest", numeral(value, digits=digits), box.right + 8.0, box.middle.y + PRODUCT * 0.33, PRODUCT
        )

    def dot(self, node: Node) -> None:
        """Write the value of a dot behind the dot's label; without a label, above the dot."""
        label = next((text for text in self.scene.texts if text.id == f"{node.id}.label"), None)
        if node.value is None:
            if label is not None:  # the constant, which is as large as the others
                self.changed[label.id] = replace(label, size=min(label.size, CONSTANT))
            return
        held = self.value(node.value)
        if held is None:
            return
        found = numeral(held)
        if label is not None:
            line = (*label.lines[0], *upright(" = "), *found)
            said = replace(label, lines=(line,), size=label.size * 0.8)
            ends = [self.nodes[wire.source].box.right + 1 for wire in self.scene.wires if wire.target == node.id]
            if said.box.left < max(ends, default=said.box.left):  # not over the box that the value comes from
                said = replace(said, x=max(ends), align="start")
            self.changed[label.id] = said
        else:
            self.text(f"{node.id}.value", found, node.x, node.y - node.ry - 1.4, VALUE)

    def formulas(self) -> None:
        """Write the result behind each formula."""
        for wire in self.scene.wires:
            if wire.target or not wire.id.endswith(".out"):
                continue
            group = wire.id.removesuffix(".out").rpartition(".")[0]
            last = [text for text in self.scene.texts if text.id in (f"{group}.formula", f"{group}.formula.2")][-1]
            held = self.value(wire.value)
            if held is None:
                continue
            ends = (*upright("= "), *numeral(held))
            if len(last.lines) > 1 or last.id.endswith(".2"):
                self.changed[last.id] = replace(last, lines=(*last.lines, ends))
            else:
                self.changed[last.id] = replace(last, lines=((*last.lines[0], *upright(" "), *ends),))

    def even(self) -> None:
        """Give the numbers in circles one size, and the symbols above them another."""
        numbers = [text for text in self.added if isinstance(text, Text) and text.inside]
        for texts in (numbers, [text for text in self.changed.values() if text.inside]):
            size = evened(text.size for text in texts)
            for text in texts:
                to = size[text.size]
                even = replace(text, size=to, y=text.y - axis(text.lines[0]) * (text.size - to))
                if text in numbers:
                    self.added[self.added.index(text)] = even
                else:
                    self.changed[text.id] = even

    # ---- circles

    def inside(self, node: Node, value: float) -> None:
        """Write a number into a circle, below the circle's symbol, which becomes smaller."""
        label = self.labels.get(node.id)
        line = numeral(value)
        size = fitted(line, VALUE, node.rx * 0.86, node.ry * 0.86)
        if label is None:
            self.centred(f"{node.id}.value", line, node, 0.0, size)
            return
        smaller = fitted(label.lines[0], label.size * 0.68, node.rx * 0.72, node.ry * 0.72)
        y = node.y - node.ry * 0.36 + axis(label.lines[0]) * smaller
        self.changed[label.id] = replace(label, size=smaller, y=y)
        self.centred(f"{node.id}.value", line, node, node.ry * 0.36, size)

    def centred(self, id_: str, line: Line, node: Node, down: float, size: float) -> None:
        self.text(id_, line, node.x, node.y + down + axis(line) * size, size, inside=node.id)

    def text(self, id_: str, line: Line, x: float, y: float, size: float, inside: str = "") -> None:
        self.added.append(Text(id=id_, lines=(line,), x=x, y=y, size=size, ink=INK, inside=inside, classes=("number",)))


def with_numbers(scene: Scene, weights: Arrays, values: Mapping[int, Any]) -> Scene:
    """Return the scene with the numbers of one example."""
    return Numbers(scene, weights, values).write()
