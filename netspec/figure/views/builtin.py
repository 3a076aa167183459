"""The built-in views. Each imports its drawing code only in `draw`, so that a list of the views needs little time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import lru_cache
from typing import Any, ClassVar

from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic
from netspec.figure.blocks import part_of
from netspec.figure.blocks.plan import Plan
from netspec.figure.notes import NAME, ORDER, dropping, layer_of, marks_of, titled
from netspec.figure.scene import Scene
from netspec.figure.settings import FigureSettings, Room, Types
from netspec.figure.strings import say
from netspec.figure.units import Group, Unsuitable, groups_of, shown_by_units
from netspec.figure.views import CLOSER, VIEWS, Drawing, View
from netspec.ir.graph import Edge, Graph, Node
from netspec.ir.marks import BOX, NOTE, Mark
from netspec.ir.types import Time

# the free space between boxes as a part of the usual, and whether the net stays in one column
READ = 1.17  # how much larger a page may be on which letters are as large as asked for, so that they can be read
CLOSEST = ((1.0, True), (0.4, True), (1.0, False), (0.4, False), (0.1, True), (0.1, False))
FEWEST = 4  # units of a layer that are drawn on a page with too little room
UNITS = frozenset(("only", "input", "show", "symbol", "colors = kind", "color"))
PLUS = frozenset(("bias = plus", "bias = none", "max_units"))


@VIEWS.register
class Perceptron(View):
    name = "perceptron"
    about = "one perceptron: inputs, weights, the sum and the activation"
    about_ko = "퍼셉트론 하나: 입력, 가중치, 합과 활성화"
    sums = True
    takes = UNITS | {"captions", "bias", "colors", "formula", "max_units", "title"}
    weight_circles = True
    steps = True

    def draw(self, drawing: Drawing) -> Scene:
        from netspec.figure.units.perceptron import perceptron

        return perceptron(drawing.graph, _cut(drawing), drawing.settings, _given(drawing))

    def places(self, drawing: Drawing) -> int:
        from netspec.figure.units.perceptron import chain_of

        chain = chain_of(drawing.graph, _cut(drawing))
        return 2 + bool(chain[1].activation) if len(chain) == 2 else 0

    def shows(self, drawing: Drawing, node: Node) -> frozenset[str]:
        return _with_activation(drawing, node, _in_units(drawing, node))


@VIEWS.register
class Neurons(View):
    name = "neurons"
    about = "layers as columns of units, and the wires between them"
    about_ko = "층을 노드의 열로, 그 사이를 선으로"
    sums = True
    takes = UNITS | PLUS | {
        "bias = one", "direction", "titles", "captions", "edges", "box", "dropped", "title", "labels", "path"
    }  # fmt: skip
    sketch: ClassVar[Mapping[str, Any]] = {"edges": "unseen"}
    acts = True
    steps = True

    def draw(self, drawing: Drawing) -> Scene:
        from netspec.figure.units.neurons import neurons

        numbers = drawing.arrays if drawing.arrays and drawing.example else _given(drawing)
        scene = neurons(_cut(drawing), drawing.settings, numbers, trained=drawing.arrays is not None)
        if drawing.settings.path is None or drawing.settings.edges == "unseen":
            return scene
        from netspec.figure.units.paths import emphasised

        return emphasised(scene, drawing.settings.path)

    def places(self, drawing: Drawing) -> int:
        return _weighted(drawing)

    def closer(self, drawing: Drawing, room: Room) -> Iterator[FigureSettings]:
        """Yield the usual direction and the other one, then fewer units of each layer."""
        settings = drawing.settings
        looped = any(node.kind == "delay" for node in drawing.graph.nodes)
        given = settings.direction or ("up" if looped else "right")
        other = "right" if looped else "down"
        ways = (given,) if settings.direction else (given, other)
        for steps in (CLOSER[:4], CLOSER[4:]):
            for direction in ways:
                yield from (settings.close(room, gap, shape, direction=direction) for gap, shape in steps)
        # more are what the user asks for, and a path leads through units that must not go
        if FEWEST < settings.max_units <= FigureSettings().max_units and settings.path is None:
            gap, shape = CLOSER[-1]
            found = settings.close(room, gap, shape, max_units=FEWEST, direction=ways[-1])
            yield found.without(say("fewer units", settings.lang))

    def shows(self, drawing: Drawing, node: Node) -> frozenset[str] | None:
        if _begins_loop(drawing.graph, node):
            return None
        crossed = [layer for layer in drawing.graph.layers if drawing.settings.of(layer.path).dropped]
        drops = any(node in dropping(drawing.graph, layer) for layer in crossed)
        return _in_units(drawing, node) | ({NAME} if drops else frozenset())


@VIEWS.register
class Grid(View):
    name = "grid"
    about = "layers as planes of units"
    about_ko = "층을 노드의 평면으로"
    sums = True
    takes = UNITS | {"captions", "edges", "title", "labels"}

    def draw(self, drawing: Drawing) -> Scene:
        from netspec.figure.units.grid import grid

        return grid(drawing.graph, _cut(drawing), drawing.settings)

    def places(self, drawing: Drawing) -> int:
        return _weighted(drawing)

    def shows(self, drawing: Drawing, node: Node) -> frozenset[str] | None:
        """Return what ellipses show: wires of windows and of earlier time steps are not drawn."""
        if _begins_loop(drawing.graph, node):
            return None
        if node.op.wiring == "window":
            return frozenset()
        return _in_units(drawing, node) - {"delay", "bias", ORDER}


@VIEWS.register
class Filter(View):
    name = "filter"
    about = "one filter on its input, with the unit it computes"
    about_ko = "입력 위의 필터 하나와 그것이 계산하는 노드"
    sums = True
    takes = UNITS | {"captions", "at", "labels"}
    weight_circles = True

    def draw(self, drawing: Drawing) -> Scene:
        from netspec.figure.units.filter import filter_view

        return filter_view(drawing.graph, groups_of(drawing.graph), drawing.settings, _given(drawing))

    def closer(self, drawing: Drawing, room: Room) -> Iterator[FigureSettings]:
        """Yield the usual figure, then two rows; then only the ends of a large window."""
        settings = drawing.settings
        for rows, steps in ((None, CLOSER[:3]), (room, CLOSER[2:5])):
            yield from (settings.close(rows, gap, shape) for gap, shape in steps)
        fewer = say("fewer units", settings.lang)
        for rows in (None, room):
            yield from (settings.close(rows, gap, shape, max_units=3).without(fewer) for gap, shape in CLOSER[2:6:3])

    def places(self, drawing: Drawing) -> int:
        from netspec.figure.units.filter import chosen

        return 2 + bool(chosen(drawing.graph, groups_of(drawing.graph), drawing.settings)[0].activation)

    def shows(self, drawing: Drawing, node: Node) -> frozenset[str] | None:
        """Return what the filter, its place on the map and the sum show."""
        from netspec.figure.units.filter import chosen

        group, _ = chosen(drawing.graph, groups_of(drawing.graph), drawing.settings)
        if node.index not in group.nodes:
            return None
        if node.op.weighted_sum and node.op.wiring == "window":
            return titled(node.op) if node.type.maps == 1 else frozenset({"kernel"})
        return _with_activation(drawing, node, _in_units(drawing, node))


@VIEWS.register
class Cells(View):
    name = "cells"
    about = "one window of a filter or pool on flat grids of numbers, with the sum written out"
    about_ko = "필터나 풀링의 창 하나를 숫자가 적힌 평평한 격자로, 합도 풀어서"
    sums = True
    takes = frozenset(("only", "input", "at", "box", "symbol", "labels", "title"))
    weight_circles = True

    def draw(self, drawing: Drawing) -> Scene:
        return self._drawn(drawing, None)

    def _drawn(self, drawing: Drawing, values: Mapping[int, Any] | None) -> Scene:
        from netspec.figure.units.cells import cells

        return cells(
            drawing.graph, groups_of(drawing.graph), drawing.settings, drawing.arrays or _given(drawing), values
        )

    def numbered(self, scene: Scene, drawing: Drawing, values: Mapping[int, Any]) -> Scene:
        return self._drawn(drawing, values)

    def shows(self, drawing: Drawing, node: Node) -> frozenset[str] | None:
        """Return what the grids show: the window, the map, the bias, and what the sum says."""
        from netspec.figure.units.cells import pads_shown, said_beside, shown_layer

        group = shown_layer(drawing.graph, groups_of(drawing.graph), drawing.settings)
        if node.index not in group.nodes:
            return None
        shown = titled(node.op) | {"bias"} if node.index == group.node else frozenset()
        if shown:
            shown |= {mark.option for mark in said_beside(drawing.graph, node, drawing.settings.lang)}
            shown |= {"pad"} if pads_shown(group) else frozenset()
        return _with_activation(drawing, node, shown)


@VIEWS.register
class Planes(View):
    name = "planes"
    about = "maps as stacks of planes, as in LeNet's figure"
    about_ko = "맵을 쌓인 평면으로. LeNet의 그림처럼"
    takes = frozenset(("input", "captions", "titles = top", "title", "letter", "colors = kind", "color"))
    letters = 3.7

    def draw(self, drawing: Drawing) -> Scene:
        from netspec.figure.stages.planes import planes

        return planes(drawing.graph, drawing.settings)

    def places(self, drawing: Drawing) -> int:
        from netspec.figure.stages import stages_of

        return len(stages_of(drawing.graph)) - 1

    def shows(self, drawing: Drawing, node: Node) -> frozenset[str]:
        """Return what stacks show: how many maps there are, the window of a step, and what is written below it."""
        from netspec.figure.stages import stages_of
        from netspec.figure.stages.planes import user_words

        op, settings = node.op, drawing.settings
        stages = [] if settings.captions == () else list(enumerate(stages_of(drawing.graph)))
        named = any(stage.node is node and not user_words(stage, place, settings) for place, stage in stages)
        if named or (op.effect == "order" and titled(op) == {NAME}):
            return titled(op)
        return titled(op) - {NAME} if op.wiring in ("window", "full") else frozenset()

    def numbered(self, scene: Scene, drawing: Drawing, values: Mapping[int, Any]) -> Scene:
        """Return the scene in which each map is a picture of its values."""
        from netspec.figure.trained.activations import with_activations

        return with_activations(scene, drawing.graph, values)


@VIEWS.register
class Volumes(View):
    name = "volumes"
    about = "maps as boxes in perspective, as in AlexNet's figure, with skips over the top"
    about_ko = "맵을 원근으로 그린 상자로. AlexNet의 그림처럼, 건너뛰는 값은 위로"
    takes = frozenset(("colors = kind",))
    letters = 3.4
    explains = True

    def draw(self, drawing: Drawing) -> Scene:
        from netspec.figure.stages.volumes import volumes

        return volumes(drawing.graph, drawing.settings)

    def shows(self, drawing: Drawing, node: Node) -> frozenset[str]:
        """Return what is written below a box, and the sign of a circle."""
        from netspec.figure.stages.volumes import is_volume

        return titled(node.op) if is_volume(drawing.graph, node) else frozenset()


@VIEWS.register
class Unrolled(View):
    name = "unrolled"
    about = "a recurrent net, one time step beside the other"
    about_ko = "순환 신경망의 시점을 나란히"
    sums = True
    takes = PLUS | {
        "only", "steps", "table", "show", "symbol", "title", "arrows", "words", "targets", "colors = kind", "color",
        "input",
    }  # fmt: skip
    every_step = True

    def draw(self, drawing: Drawing) -> Scene:
        from netspec.figure.units.unrolled import unrolled

        scene = unrolled(
            drawing.graph, _chosen(drawing.graph, drawing.settings.only, past=True), drawing.settings, drawing.example
        )
        if drawing.example and not any(node.value for node in scene.nodes):
            raise UsageError(Diagnostic("NS970", None))
        return scene

    def owes(self, drawing: Drawing, scene: Scene) -> Iterator[tuple[Node, Mark]]:
        """Yield also reads of earlier steps of which no arrow arrives in a drawn step; captions without a row."""
        yield from super().owes(drawing, scene)
        graph, lang = drawing.graph, drawing.settings.lang
        paths = frozenset(item.layer for item in scene.items if item.layer)
        arrows = [wire for wire in scene.wires if "delayed" in wire.classes]
        arrived = {(wire.layer, wire.id.rpartition("@")[2]) for wire in arrows if wire.source and wire.target}
        for node in graph.nodes:
            layer = graph.layers[node.layer]
            for back in node.op.looks_back or (node.delay,):
                if back > 1 and (layer_of(graph, node, paths), str(back)) not in arrived:
                    name = graph.layers[graph.nodes[node.inputs[0].node].layer].label
                    text = say("reads", lang).format(name=name, steps=back)
                    yield node, Mark("delay", "structure", text, BOX)
            if any(node.op.looks_back):
                yield node, Mark("pad", "kind", say("zeros before", lang), NOTE)
            if node.kind == "delay" and layer.caption and layer.values[0].node == node.index:
                yield node, Mark("caption", "kind", f'"{layer.caption}"', NOTE)

    def duration(self, drawing: Drawing, scene: Scene, node: Node, time: Time) -> Mark:
        """Return up to how many steps an input has, of which the figure says a letter; or how many dots stand for."""
        from netspec.figure.units.elided import size_label
        from netspec.figure.units.unrolled import lengths

        lang, letter = drawing.settings.lang, lengths(drawing.graph).get(time)
        path = drawing.graph.layers[node.layer].path
        dots = any(one.layer == path and one.id.endswith("@later") for one in scene.dots)
        steps = {text.id.partition(".")[0] for text in scene.texts}
        if letter:
            text = f"{letter} ≤ {time.length}"
            drawn = sum(one.layer == path and "pill" in one.classes for one in scene.nodes)
            if not dots and f"step@{letter}" not in steps and drawn != time.length:
                text = say("here", lang).format(most=text, count=f"{letter} = {drawn}")
            return Mark("time", "structure", text, BOX)
        text = say("steps", lang).format(count=time.length)
        last = size_label(time.length)  # which stands below the last step, or in the table
        ends = not dots or f"step@{last}" in steps or any(one.id == f"sequence.{last}" for one in scene.nodes)
        return Mark("time", "structure", "" if ends else text, BOX)

    def closer(self, drawing: Drawing, room: Room) -> Iterator[FigureSettings]:
        """Yield the usual figure, fewer time steps; then no table, and one circle a layer; then rows of time steps."""
        from netspec.figure.units.unrolled import MOST_STEPS, steps_needed

        settings, lang = drawing.settings, drawing.settings.lang
        groups = _chosen(drawing.graph, settings.only, past=True)
        whole = say("one circle", lang)
        folds: list[tuple[dict[str, Any], str]] = [({}, "")]
        if settings.table:
            folds.append(({"table": False}, say("no table", lang)))
        if settings.max_units > 1 and not drawing.example:
            said = "; ".join(one[1] for one in (*folds[1:], ({}, whole)))
            folds.append(({"table": False, "max_units": 1}, said))
        most, least = settings.steps or steps_needed(groups, settings), steps_needed(groups, settings, 2)
        far = any(link.delay > 1 for group in groups for link in group.links)  # in rows nobody can follow such wires
        told = any(settings.of(group.layer.path).words or settings.of(group.layer.path).targets for group in groups)
        kept = far or settings.steps or told or least > MOST_STEPS  # the steps matter more than the rest
        counts = [most, *(few for few in (7, 5, 4, 3, 2) if few < most)]
        pairs = [(fold, count) for fold in folds for count in counts if count >= least or not far]
        if kept:
            pairs.sort(key=lambda pair: -pair[1])
        for rows, closer in ((None, CLOSER[::2]), *(() if far else ((room, CLOSER[2:5:2]),))):
            for (changes, said), count in pairs:
                first = say("first steps", lang).format(count=count) if count < most else ""
                for gap, shape in closer:
                    found = settings.close(rows, gap, shape, steps=count, **changes)
                    yield found.without("; ".join(filter(None, (first, said))))

    def shows(self, drawing: Drawing, node: Node) -> frozenset[str]:
        shown = _in_units(drawing, node) | {"start"}
        if drawing.settings.max_units == 1 or _reads_earlier(drawing.graph, node):
            shown -= {"bias"}  # a +1 stands beside what a layer reads in the same step
        elif drawing.settings.notes != "none" and node.index in _without_constant(drawing.graph, drawing.settings.only):
            shown -= {"bias"}
        if node.kind == "flip":
            return shown | {NAME}  # arrows from the time step after say it
        if any(node.op.looks_back):  # an arrow says from which step, but not which of the units it joins
            return frozenset({"delay", "dilation", "along", "pad"}) | titled(node.op) - {NAME}
        if node.op.only_step is not None:
            return shown | titled(node.op)  # the arrow comes from this step
        if _begins_loop(drawing.graph, node):
            return titled(node.op)  # written beside the values that the loop starts from
        # an arrow from another step enters at the side; those of one step enter from below in no order of the text,
        # which says nothing where all are read with weights
        beside = any(drawing.graph.nodes[edge.node].kind == "delay" for edge in node.inputs)
        readers = [one for one in drawing.graph.nodes if Edge(node.index) in one.inputs]
        summed = node.op.wiring == "side" and readers and all(one.op.weighted_sum for one in readers)
        return shown if beside or summed or len(node.inputs) == 1 else shown - {ORDER}


@VIEWS.register
class Blocks(View):
    name = "blocks"
    about = "boxes for lines, blocks and steps"
    about_ko = "줄, 블록, 단계를 상자로"
    by_name = True
    takes: ClassVar[frozenset[str]] = frozenset(
        ("depth", "unfold", "details", "columns", "only", "direction", "title", "arrows", "colors = kind", "color")
    )
    instead: ClassVar[Mapping[str, str]] = {"captions": 'arrows = ["x -> y: identity"]', "symbol": 'y.title = "…"'}
    letters = 3.9

    def plan(self, drawing: Drawing) -> Plan:
        from netspec.figure.blocks.boxes import plan_of

        return plan_of(drawing.graph, drawing.settings)

    def closer(self, drawing: Drawing, room: Room) -> Iterator[FigureSettings]:
        """Yield the usual figure, then columns from top to bottom; then with fewer sizes and blocks."""
        most = READ if drawing.settings.type is None else 1.0
        contents = list(self._folds(drawing))
        first, last = contents[0], contents[-1]

        @lru_cache
        def net_fits(types: Types) -> bool:
            return self._fits(drawing, last[0].without("", types), room, most)

        def fits(settings: FigureSettings) -> bool:  # where the net alone does not, no block beside it need be laid out
            return net_fits(settings.fit.types) and self._fits(drawing, settings, room, most)

        yield from self._set(drawing, first[0], room)
        for content in contents:
            whole = content is last or fits(content[-1])
            for settings in content[content is first :] if whole else ():
                if content is last or settings is content[-1] or fits(settings):
                    yield from self._set(drawing, settings, room)

    def _set(
        self, drawing: Drawing, settings: FigureSettings, room: Room, closest: bool = False
    ) -> Iterator[FigureSettings]:
        """Yield a figure set ever more closely; with `closest`, only in the closest ways."""
        from netspec.figure.blocks.arranging import columns_for
        from netspec.figure.blocks.boxes import plan_of

        for gap, whole in CLOSEST[-2:] if closest else CLOSEST:
            close = settings.close(room, gap)
            if whole:
                yield close
            elif any(box.level >= 0 for box in plan_of(drawing.graph, close).boxes):  # a U is not cut into columns
                yield replace(close, fit=close.fit._replace(low=True))
            elif settings.direction in (None, "down") and settings.columns is None:
                down = settings.close(room, gap, direction="down", columns=1)
                least = columns_for(plan_of(drawing.graph, down), room.height)
                for columns in range(least, least + 2):
                    yield replace(down, columns=columns)

    def _fits(self, drawing: Drawing, settings: FigureSettings, room: Room, most: float) -> bool:
        """Whether the boxes of a figure have room on a page that is `most` times as large."""
        from netspec.figure.backends.layout import lay_out
        from netspec.figure.blocks.boxes import plan_of

        ways = self._set(drawing, settings, room, closest=True)
        found = (lay_out(plan_of(drawing.graph, way)).canvas for way in ways)
        return any(one.width <= most * room.width and one.height <= most * room.height for one in found)

    def _folds(self, drawing: Drawing) -> Iterator[tuple[FigureSettings, ...]]:
        """Yield the figure that is asked for, with ever fewer sizes of values in it; then so with ever fewer blocks."""
        from netspec.figure.blocks.opening import least_first, opened

        asked = drawing.settings
        beside = least_first(opened(drawing.graph, asked))
        yield self._sizes(asked, bool(beside))
        if asked.unfold or asked.depth is not None:
            asked = replace(asked, unfold=False, depth=None)
            yield (asked.without(say("once", asked.lang)),)
            beside = least_first(opened(drawing.graph, asked))
        # one block for which there is no room, the least first; then ever more. The figure says what it does not open
        for less in dict.fromkeys(
            map(frozenset, [*((one,) for one in beside), *(beside[: n + 1] for n in range(len(beside)))])
        ):
            yield self._sizes(replace(asked, fit=asked.fit._replace(less=less)), len(less) < len(beside))

    def _sizes(self, asked: FigureSettings, blocks: bool) -> tuple[FigureSettings, ...]:
        """Return a figure with ever fewer sizes of values in it; `blocks`: whether there are blocks beside the net."""
        fewer = (("types of net", Types.NET), ("types of stages", Types.STAGES), ("no types", Types.NONE))
        some = (asked.without(say(name, asked.lang), types) for name, types in fewer if blocks or types != Types.NET)
        return asked, *some

    def draw(self, drawing: Drawing) -> Scene:
        from netspec.figure.backends.layout import lay_out
        from netspec.figure.blocks.boxes import scene_of

        plan = drawing.plan or self.plan(drawing)
        return scene_of(plan, lay_out(plan))

    def shows(self, drawing: Drawing, node: Node) -> frozenset[str] | None:
        from netspec.figure.blocks.step_words import shown_in_boxes

        assert drawing.plan is not None
        shown = shown_in_boxes(drawing.graph, node) if node.index in drawing.plan.steps else None
        given = drawing.settings.of(drawing.graph.layers[node.layer].path).title
        return shown if shown is None or given is None else shown & {"delay", "start", ORDER}


@VIEWS.register
class Operations(View):
    name = "graph"
    about = "the computation: a circle for each operation, values forward and gradients back"
    about_ko = "계산 과정: 연산마다 원 하나, 값은 앞으로 기울기는 거꾸로"
    learns = True
    steps = True
    takes = frozenset(("input", "target", "path", "update", "details", "symbol"))
    letters = 4.4

    def draw(self, drawing: Drawing) -> Scene:
        from netspec.figure.units.computation import computation
        from netspec.figure.units.operations import of_numbers, of_steps

        passes, settings = drawing.passes, drawing.settings
        found = of_steps(drawing.graph, settings, drawing.train) if passes is None else of_numbers(passes, settings)
        return computation(found, settings)

    def shows(self, drawing: Drawing, node: Node) -> frozenset[str]:
        """Return all of a step whose sums and products are drawn; of one that is a circle, its name."""
        from netspec.figure.units.operations import is_drawn, sign_of

        if not is_drawn(drawing.graph, drawing.passes, drawing.train, node):
            return frozenset()
        if drawing.passes is None:
            return titled(node.op) | {"bias"}
        options = frozenset() if drawing.settings.details or not sign_of(node, "en") else frozenset(node.op.options)
        if node.op.wiring == "pair":  # no line says which of the two it is
            options |= {ORDER}
        return frozenset(mark.option for mark in marks_of(drawing.graph, node, "en")) - options | titled(node.op)


@VIEWS.register
class Gates(View):
    name = "gates"
    about = "the inside of a recurrent cell: gates, and what its states go through"
    about_ko = "순환 셀의 안: 게이트와 상태가 지나는 연산"
    takes = frozenset(("only", "symbol"))
    letters = 4.4

    def draw(self, drawing: Drawing) -> Scene:
        from netspec.figure.units.gates import gates

        return gates(drawing.graph, drawing.settings)

    def shows(self, drawing: Drawing, node: Node) -> frozenset[str] | None:
        from netspec.figure.units.gates import cell_of

        if node not in cell_of(drawing.graph, drawing.settings.only):
            return None
        readers = [one for one in drawing.graph.nodes if Edge(node.index) in one.inputs]
        # of what is read with weights the order of the net goes without saying: first the input, then the state
        summed = readers and all(one.op.weighted_sum for one in readers) and list(node.inputs) == sorted(node.inputs)
        return titled(node.op) | ({"delay", ORDER} if summed else {"delay"})


@VIEWS.register
class Strip(View):
    name = "strip"
    about = "a row of boxes, and below each filter what it has learned"
    about_ko = "상자의 줄과, 그 아래 필터가 배운 것"
    by_name = True
    needs = "weights"

    def draw(self, drawing: Drawing) -> Scene:
        from netspec.figure.stages.strip import strip

        assert drawing.arrays is not None
        return strip(drawing.graph, drawing.settings, drawing.arrays)

    def shows(self, drawing: Drawing, node: Node) -> frozenset[str]:
        from netspec.figure.blocks.step_words import shown_in_boxes

        return shown_in_boxes(drawing.graph, node) if node.op.effect == "new" else frozenset()


@VIEWS.register
class Equals(View):
    name = "equals"
    about = "a layer as the perceptrons that it is made of"
    about_ko = "층과 그 층을 이루는 퍼셉트론들"
    sums = True
    takes = UNITS | {"bias", "max_units"}

    def draw(self, drawing: Drawing) -> Scene:
        from netspec.figure.units.equals import equals

        return equals(drawing.graph, groups_of(drawing.graph), drawing.settings)

    def shows(self, drawing: Drawing, node: Node) -> frozenset[str] | None:
        from netspec.figure.units.equals import shown_group

        group = shown_group(drawing.graph, groups_of(drawing.graph), drawing.settings)
        if node.index not in group.nodes:
            return None
        shown = _with_activation(drawing, node, _in_units(drawing, node))
        several = node.index == group.node and isinstance(group.size, int) and group.size > 1
        return shown - titled(node.op) if several else shown  # one unit is drawn; how many there are is said


@VIEWS.register
class FeaturesView(View):
    name = "features"
    about = "the examples as the last hidden layer has them"
    about_ko = "마지막 은닉층이 본 예시들"
    needs = "run"

    def draw(self, drawing: Drawing) -> Scene:
        from netspec.figure.trained.features import features_scene

        assert drawing.run is not None
        return features_scene(drawing.run.features(), drawing.settings)

    def shows(self, drawing: Drawing, node: Node) -> None:
        """Return None: the figure is about the examples, not about the steps."""
        return


def _given(drawing: Drawing) -> dict[str, Any]:
    """Return the weights that the spec gives, by the key of their array, where the figure shows no trained ones."""
    return {} if drawing.arrays else {one.key: one.weight.given for one in drawing.graph.stored if one.weight.given}


def _in_units(drawing: Drawing, node: Node) -> frozenset[str]:
    """Return the marks of a step that circles and wires show in this drawing."""
    settings = drawing.settings
    return shown_by_units(drawing.graph, node, settings.bias != "none", settings.max_units)


def _begins_loop(graph: Graph, node: Node) -> bool:
    """Whether a step makes values from nothing that a loop starts from: `start z: learned`."""
    return node.op.begins and graph.layers[node.layer].role == "start"


def _reads_earlier(graph: Graph, node: Node) -> bool:
    """Whether a step reads nothing of its own time step."""
    read = [graph.nodes[edge.node] for edge in node.inputs]
    return all(one.kind == "delay" or (one.op.wiring == "side" and _reads_earlier(graph, one)) for one in read)


def _with_activation(drawing: Drawing, node: Node, shown: frozenset[str]) -> frozenset[str]:
    """Return the marks shown, and the name of a layer's last activation, which is in a box and in the formula."""
    if not node.op.activation:
        return shown
    after = (range(node.index + 1, group.value + 1) for group in groups_of(drawing.graph) if node.index in group.nodes)
    later = any(drawing.graph.nodes[index].op.activation for index in next(after, ()))
    return shown if later else shown | {NAME}


# ---- what `only` leaves


def _chosen(graph: Graph, only: str | None, past: bool = False) -> list[Group]:
    """Return the groups to draw: all, or those of the layer `only` with the groups that they read."""
    groups = groups_of(graph, past)
    if only is None:
        return groups
    inside = [group for group in groups if _is_of(graph, group, only)]
    if not inside:
        part = part_of(graph, only)
        assert part is not None
        raise Unsuitable(graph.nodes[max(part.nodes)])
    sources = [link.source for group in inside for link in group.links]
    return [group for group in groups if group in inside or group in sources]


@lru_cache(maxsize=4)  # a figure asks for each step of its net
def _without_constant(graph: Graph, only: str | None) -> frozenset[int]:
    """Return the steps whose +1 is not drawn unrolled: it would stand with units that another time step reads too."""
    from netspec.figure.units.columns import biased
    from netspec.figure.units.unrolled import kept

    groups = _chosen(graph, only, past=True)
    left_out, links = kept(groups), {group: biased(group, groups) for group in groups}
    return frozenset(group.node for group, link in links.items() if link is not None and link.source in left_out)


def _is_of(graph: Graph, group: Group, path: str) -> bool:
    """Whether a group belongs to the layer `path`, or to a block that this layer calls."""
    lines = [
        group.layer.path,
        *(graph.layers[scope.layer].path for scope in graph.ancestors(group.layer.scope) if scope.layer >= 0),
    ]
    return path in lines


def _weighted(drawing: Drawing) -> int:
    from netspec.figure.units.captions import weighted

    return len(weighted(_cut(drawing)))


def _cut(drawing: Drawing) -> list[Group]:
    """Return the groups to draw, without those that loops start from.

    If `only` names a layer, links from groups that are not drawn are left out.
    """
    graph = drawing.graph
    groups = [one for one in _chosen(graph, drawing.settings.only) if not _begins_loop(graph, graph.nodes[one.node])]
    if drawing.settings.only is None:
        return groups
    drawn = {group.node for group in groups}
    read = {link.source.node for one in groups_of(graph) if one.node not in drawn for link in one.links}
    for group in groups:
        links = [link for link in group.links if link.source.node in drawn]
        group.cut = len(links) < len(group.links), group.node in read
        group.links = links
    return groups
