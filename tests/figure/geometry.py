"""The laws of a drawn figure, checked on its Scene: `faults(scene)` says in words what breaks them."""

from __future__ import annotations

import math
from itertools import combinations, pairwise

from netspec.figure.scene import Node, Point, Rect, Scene, Wire, along

NEAR = 0.02  # mm: what counts as on a rim
SHARED = 0.12  # mm: how far the ink boxes of two labels may touch
CROSSED = 0.25  # mm: how far a wire may reach into the ink box of a label
TOGETHER = ("pill", "row", "map")  # nodes that hold others, stand in a table or in a stack


def faults(scene: Scene) -> list[str]:
    """Every broken law."""
    return [
        *same_ids(scene),
        *label_overlaps(scene),
        *labels_outside(scene),
        *off_canvas(scene),
        *loose_wires(scene),
        *node_overlaps(scene),
        *labels_on_nodes(scene),
        *dots_on_others(scene),
        *wires_through_labels(scene),
        *frames_over_frames(scene),
        *shared_lines(scene),
        *skips_behind_units(scene),
        *wires_behind_boxes(scene),
    ]


def same_ids(scene: Scene) -> list[str]:
    seen: set[str] = set()
    again = {item.id for item in scene if item.id in seen or seen.add(item.id)}  # type: ignore[func-returns-value]
    return [f"two items are called {id_}" for id_ in sorted(again)]


def _pairs_near(boxes: list[tuple[str, Rect]]) -> list[tuple[tuple[str, Rect], tuple[str, Rect]]]:
    """Pairs that share something from left to right: a sweep, so that thousands of labels are no trouble."""
    found, open_ = [], []
    for name, box in sorted(boxes, key=lambda pair: pair[1].left):
        open_ = [pair for pair in open_ if pair[1].right > box.left]
        found += [(pair, (name, box)) for pair in open_]
        open_.append((name, box))
    return found


def label_overlaps(scene: Scene) -> list[str]:
    boxes = [(text.id, text.box) for text in scene.texts if text.plain.strip()]
    return [f"labels {a} and {b} overlap" for (a, one), (b, two) in _pairs_near(boxes) if one.overlaps(two, SHARED)]


def labels_outside(scene: Scene) -> list[str]:
    nodes = {node.id: node for node in scene.nodes}
    return [
        f"label {text.id} leaves {text.inside}"
        for text in scene.texts
        if text.inside and not holds(nodes[text.inside], text.box)
    ]


def holds(node: Node, box: Rect) -> bool:
    """Whether a box lies within a node's outline."""
    middle = Point(node.x, node.y)
    return all(math.dist(corner, middle) <= math.dist(node.rim(corner), middle) + NEAR for corner in box.corners)


def off_canvas(scene: Scene) -> list[str]:
    canvas = scene.canvas.grown(NEAR)

    def inside(box: Rect) -> bool:
        return (
            box.left >= canvas.left
            and box.right <= canvas.right
            and box.top >= canvas.top
            and box.bottom <= canvas.bottom
        )

    return [f"{item.id} leaves the canvas" for item in scene if not inside(item.box)]


def loose_wires(scene: Scene) -> list[str]:
    nodes = {node.id: node for node in scene.nodes}
    found = []
    for wire in scene.wires:
        for end, point in ((wire.source, wire.points[0]), (wire.target, wire.points[-1])):
            if not end:
                continue
            if end not in nodes:
                found.append(f"wire {wire.id} names {end}, which is not drawn")
            elif nodes[end].distance(point) > NEAR:
                found.append(f"wire {wire.id} ends {nodes[end].distance(point):.2f} mm off {end}")
        if _backwards(wire):
            found.append(f"wire {wire.id} has no length")
    return found


def _backwards(wire: Wire) -> bool:
    return math.dist(wire.points[-1], wire.points[0]) < 0.3 and len(wire.points) < 4


def node_overlaps(scene: Scene) -> list[str]:
    """No node stands on another; pills hold theirs."""
    own = [node for node in scene.nodes if not set(node.classes) & set(TOGETHER)]
    by_id = {node.id: node for node in own}
    found = []
    for (a, _), (b, _) in _pairs_near([(node.id, node.box) for node in own]):
        if a != b and clash(by_id[a], by_id[b]):
            found.append(f"nodes {a} and {b} overlap")
    return found


def clash(one: Node, two: Node) -> bool:
    if not one.box.overlaps(two.box, NEAR):
        return False
    if {one.shape, two.shape} <= {"circle"}:
        return math.dist((one.x, one.y), (two.x, two.y)) < one.rx + two.rx - NEAR
    if {one.shape, two.shape} <= {"circle", "ellipse"}:
        # equal ellipses of a lattice: scaled to circles
        return math.hypot((one.x - two.x) / (one.rx + two.rx), (one.y - two.y) / (one.ry + two.ry)) < 1 - NEAR
    return True


def labels_on_nodes(scene: Scene) -> list[str]:
    """A word that belongs to no node stands on none."""
    free = [text for text in scene.texts if not text.inside and text.plain.strip()]
    nodes = [node for node in scene.nodes if node.fill != "paper" or node.shape != "pill"]
    found = []
    for (a, one), (b, two) in _pairs_near([(t.id, t.box) for t in free] + [(f"\0{n.id}", n.box) for n in nodes]):
        if a.startswith("\0") != b.startswith("\0") and one.overlaps(two, SHARED):
            node = scene.find((a if a.startswith("\0") else b)[1:])
            text = one if b.startswith("\0") else two
            assert isinstance(node, Node)
            if _touches(node, text):
                found.append(f"label {a if b.startswith(chr(0)) else b} stands on {node.id}".replace("\0", ""))
    return found


def dots_on_others(scene: Scene) -> list[str]:
    """An ellipsis stands free of units and words."""
    nodes = {node.id: node for node in scene.nodes if node.shape != "pill" and not set(node.classes) & {"row", "map"}}
    things = [(f"\0{text.id}", text.box) for text in scene.texts] + [(node.id, node.box) for node in nodes.values()]
    found = []
    for dots in scene.dots:
        for name, box in things:
            if dots.box.overlaps(box, SHARED) and (name not in nodes or _touches(nodes[name], dots.box)):
                found.append(f"dots {dots.id} stand on {name}".replace("\0", ""))
    return found


def wires_through_labels(scene: Scene) -> list[str]:
    """No wire runs through words, unless a filled shape lies between them; the cones of planes lie on a picture."""
    painted = {item.id: number for number, item in enumerate(scene.items)}
    filled = {node.id: node for node in scene.nodes if node.fill}
    grounds = [polygon for polygon in scene.polygons if "ground" in polygon.classes]
    wires = [(wire, wire.box, along(wire, 24 if wire.curved else 1)) for wire in scene.wires]
    found = []
    for text in scene.texts:
        if not text.plain.strip():
            continue
        box = text.box.grown(-CROSSED)
        covers = (
            [filled[text.inside]] if text.inside in filled else [each for each in grounds if _within(box, each.box)]
        )
        cover = max((painted[each.id] for each in covers), default=-1)
        for wire, around, points in wires:
            if text.inside and "cone" in wire.classes:
                continue
            if painted[wire.id] > cover and around.grown(0.01).overlaps(box) and _meets(points, box):
                found.append(f"wire {wire.id} runs through {text.id}")
    return found


def _within(box: Rect, other: Rect) -> bool:
    return other.left <= box.left and other.right >= box.right and other.top <= box.top and other.bottom >= box.bottom


def _meets(points: list[Point], box: Rect) -> bool:
    """Whether a line of straight pieces reaches into a rectangle."""
    for a, b in pairwise(points):
        low, high = 0.0, 1.0
        for start, end, least, most in ((a.x, b.x, box.left, box.right), (a.y, b.y, box.top, box.bottom)):
            if start == end:
                if not least < start < most:
                    low = 2.0
                continue
            ends = sorted(((least - start) / (end - start), (most - start) / (end - start)))
            low, high = max(low, ends[0]), min(high, ends[1])
        if low < high:
            return True
    return False


def frames_over_frames(scene: Scene) -> list[str]:
    """A frame lies inside another or apart from it, and no box lies on the edge of one."""
    frames = [(item.id, item.box) for item in scene.polygons if "cluster" in item.classes]
    others = frames + [(node.id, node.box) for node in scene.nodes if "block" in node.classes]
    return [
        f"frame {a} lies over {b}"
        for number, (a, one) in enumerate(frames)
        for b, two in others[number + 1 :]
        if one.overlaps(two, 0.01) and not _within(one, two) and not _within(two, one)
    ]


def _touches(node: Node, box: Rect) -> bool:
    """Whether a box reaches into a node's outline."""
    if node.shape not in ("circle", "ellipse"):
        return True
    x = min(max(node.x, box.left), box.right)
    y = min(max(node.y, box.top), box.bottom)
    return math.hypot((x - node.x) / node.rx, (y - node.y) / node.ry) < 1 - NEAR


def shared_lines(scene: Scene) -> list[str]:
    """Wires of different sources cross, and at most end together: they have no piece of a line in common."""
    lines: dict[tuple[bool, float], list[tuple[float, float, Wire]]] = {}
    for wire in scene.wires:
        if wire.curved or "cone" in wire.classes:
            continue
        for a, b in pairwise(wire.points):
            for level, at, low, high in ((True, a.y, a.x, b.x), (False, a.x, a.y, b.y)):
                if (abs(a.y - b.y) if level else abs(a.x - b.x)) < NEAR:
                    piece = (min(low, high), max(low, high), wire)
                    lines.setdefault((level, round(at, 1)), []).append(piece)
    return [
        f"wires {one.id} and {two.id} share a line"
        for pieces in lines.values()
        for (_, end, one), (begin, _, two) in combinations(sorted(pieces, key=lambda piece: piece[:2]), 2)
        if begin < end - NEAR and (one.source or one.id) != (two.source or two.id)
    ]


def skips_behind_units(scene: Scene) -> list[str]:
    """A wire that skips a column passes behind none of its units: it would read as a wire to and from that unit."""
    units = [node for node in scene.nodes if "unit" in node.classes]
    return [
        f"wire {wire.id} passes behind {node.id}"
        for wire in scene.wires
        if "skip" in wire.classes
        for node in units
        if node.id not in (wire.source, wire.target) and _meets(list(wire.points), node.box.grown(-node.rx * 0.3))
    ]


def wires_behind_boxes(scene: Scene) -> list[str]:
    """A wire of the blocks view passes behind no box: it would read as two wires, to and from that box."""
    boxes = [node for node in scene.nodes if "block" in node.classes]
    wires = [(wire, along(wire, 8)) for wire in scene.wires] if boxes else []
    return [
        f"wire {wire.id} passes behind {node.id}"
        for wire, points in wires
        for node in boxes
        if wire.box.overlaps(node.box, 0.3)
        and node.id not in (wire.source, wire.target)
        and _meets(points, node.box.grown(-0.3))
    ]
