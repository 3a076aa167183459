"""The layout constants that all views share (millimetres, sizes of type), and where the rows of a column stand."""

from __future__ import annotations

from typing import Final

# ---- circles
UNIT: Final = 8.0  # radius of a unit, a sum, a copy of one
WEIGHT: Final = 5.8  # of a weight
DOT: Final = 2.1  # of a value on its way
ELLIPSE: Final = (4.2, 6.3)  # radii of a unit of a grid, seen at an angle
BOX: Final = (8.3, 5.5)  # half sides of an activation's box

# ---- dots of an ellipsis: radius and distance
DOTS: Final = (1.1, 3.1)
SMALL_DOTS: Final = (0.6, 2.1)

# ---- distances of centres
PITCH: Final = 25.5  # units of a column
TIGHT: Final = 19.0  # the same where a column is long
GAP: Final = 1.45  # over an ellipsis, in pitches
WEIGHT_PITCH: Final = 16.2  # weights of a column
OVER_DOTS: Final = 2.4  # from a weight to the next over an ellipsis, in their pitches
FRAME: Final = 4.2  # from a unit of a named group to its frame
COLUMN: Final = 57.0  # from column to column
STEEP: Final = 0.27  # how much wider for tall columns
WIDEST: Final = 190.0
PILL: Final = 1.7  # from a unit to the pill around it
LANE: Final = 7.0  # from what a loop passes to its wire

# ---- type
TITLE: Final = 6.6
CAPTION: Final = 5.2
FORMULA: Final = 8.6
LABEL: Final = 8.2  # in a circle
INPUT_LABEL: Final = 6.6
SIGMA: Final = 13.0  # in the circle of a sum; the letter, which is as high in every font
SMALL: Final = 4.6
LEADING: Final = 1.32
FILL: Final = 0.93  # how much of a node a label may take


def stack(gaps: list[bool], extra: bool, pitch: float = WEIGHT_PITCH, over: float | None = None) -> list[float]:
    """Where the rows of a column stand, around 0.

    Parameters:
        gaps: for each row whether it is the dots of an ellipsis; they stand in the middle of a wider gap.
        extra: whether one more row stands before them.
        pitch: from row to row.
        over: from a row to the next over an ellipsis: in pitches, or below 1 what is added, in pitches.
    """
    over = OVER_DOTS if over is None else over
    places, at, pending = [], 0.0, 0.0
    for gap in ([False] if extra else []) + gaps:
        if gap:
            # over an ellipsis: in pitches between the two around it
            pending = over * pitch if over >= 1 else pitch + over * pitch
            places.append(at + pending / 2)
            continue
        if places:
            at += pending or pitch
        places.append(at)
        pending = 0.0
    middle = (places[0] + places[-1]) / 2
    return [place - middle for place in places]
