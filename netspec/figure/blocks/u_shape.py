"""Boxes and arrows of an hourglass -> the same set as a U: what a skip joins stands side by side."""

from __future__ import annotations

from dataclasses import replace

from netspec.figure.blocks.plan import Arrow, Box


def as_u(boxes: list[Box], arrows: list[Arrow]) -> list[Arrow] | None:
    """Sets the levels of boxes and turns the arrows of the rising half; None where the net is no hourglass.

    An hourglass: a chain with two skips or more, each within the one before, as in a U-Net.
    """
    order = {box.id: place for place, box in enumerate(boxes)}
    if any(arrow.delay for arrow in arrows) or any(box.cluster for box in boxes):
        return None
    skips = _skips(arrows, order)
    if len(skips) < 2:
        return None
    skips.sort(key=lambda arrow: order[arrow.source])
    targets = [order[arrow.target] for arrow in skips]
    if targets != sorted(targets, reverse=True) or len(set(targets)) < len(targets):
        return None
    rise = targets[-1]
    if any(order[arrow.source] >= rise for arrow in skips):
        return None
    for level, arrow in enumerate(skips):
        for end in (arrow.source, arrow.target):
            boxes[order[end]].level = level
    for number, box in enumerate(boxes):
        box.line = "rise" if number >= rise else "fall" if box.line and number <= order[skips[-1].source] else ""
    joined = {arrow.id for arrow in skips}
    rising = {arrow.id for arrow in arrows if order[arrow.target] >= rise} - joined
    return [replace(arrow, back=True) if arrow.id in rising else arrow for arrow in arrows]


def _skips(arrows: list[Arrow], order: dict[str, int]) -> list[Arrow]:
    """The arrows that are not on the longest way: at a box with several, all but the one from nearest by."""
    into: dict[str, list[Arrow]] = {}
    for arrow in arrows:
        into.setdefault(arrow.target, []).append(arrow)
    found = []
    for several in into.values():
        several.sort(key=lambda arrow: order[arrow.source])
        found += several[:-1]
    return found
