"""Holds the layout constants that all views share, and computes where the rows of a column stand.

All lengths and text sizes are millimetres, unless a comment says that a constant is a ratio.
"""

from __future__ import annotations

from typing import Final

# ---- circles
UNIT: Final = 8.0  # radius of the circle of a unit, of a sum, and of a copy of a unit
WEIGHT: Final = 5.8  # radius of the circle of a weight
DOT: Final = 2.1  # radius of the small circle of a value between two steps
ELLIPSE: Final = (4.2, 6.3)  # radii of a unit of a grid, which is an ellipse because the grid is seen at an angle
BOX: Final = (8.3, 5.5)  # half the width and half the height of an activation's box

# ---- the dots of an ellipsis: (radius of a dot, distance between the centres of two dots)
DOTS: Final = (1.1, 3.1)
SMALL_DOTS: Final = (0.6, 2.1)

# ---- distances of centres
PITCH: Final = 25.5  # distance between two units of a column
TIGHT: Final = 19.0  # distance between two units of a long column
CLOSEST: Final = 18.0  # the least distance between two units of a column on a page with little room
GAP: Final = 1.45  # distance between the two units around an ellipsis, as a multiple of the column's pitch
WEIGHT_PITCH: Final = 16.2  # distance between two weights of a column
OVER_DOTS: Final = 2.4  # distance between the two weights around an ellipsis, as a multiple of WEIGHT_PITCH
FRAME: Final = 4.2  # from a unit of a named group to the frame of that group
COLUMN: Final = 57.0  # distance between two columns, unless these are tall
STEEP: Final = 0.27  # tall columns stand this share of their height apart, if that is more than COLUMN
WIDEST: Final = 190.0  # the largest distance between two columns, unless captions need more
PILL: Final = 1.7  # from a unit to the pill around it
LANE: Final = 7.0  # from the outermost drawn item that a loop goes around to the wire of the loop

# ---- sizes of type
TITLE: Final = 6.6
TITLE_WIDTH: Final = 70.0  # the title of a layer is broken into lines that are no wider
CAPTION: Final = 5.2
FORMULA: Final = 8.6
LABEL: Final = 8.2  # the label in the circle of a unit
SMALL_LABEL: Final = 7.0  # labels and formulas beside circles, in the circles of weights, and those with a time
SIGMA: Final = 13.0  # the letter Σ in the circle of a sum; it has the same height in every font
SMALL: Final = 4.6
LEADING: Final = 1.32
FILL: Final = 0.93  # the largest part of a node's radius that a label may fill


def stack(gaps: list[bool], extra: bool, pitch: float = WEIGHT_PITCH, over: float | None = None) -> list[float]:
    """Return the positions of the rows of a column, such that the middle of the column is 0.

    Parameters:
        gaps: for each row, whether the row is the dots of an ellipsis. Dots stand in the middle of a wider gap.
        extra: whether one more row stands before all these rows.
        pitch: the distance from one row to the next.
        over: the distance between the two rows around an ellipsis, in pitches. A number below 1 is instead the
            number of pitches that are added to the usual distance.
    """
    over = OVER_DOTS if over is None else over
    places, at, pending = [], 0.0, 0.0
    for gap in ([False] if extra else []) + gaps:
        if gap:
            # the distance between the two rows around the ellipsis; the dots stand in its middle
            pending = over * pitch if over >= 1 else pitch + over * pitch
            places.append(at + pending / 2)
            continue
        if places:
            at += pending or pitch
        places.append(at)
        pending = 0.0
    middle = (places[0] + places[-1]) / 2
    return [place - middle for place in places]
