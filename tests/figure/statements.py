"""The anatomy of the post's figures as numbered statements: which tests assert them, and where ours deviate.

F1 linear model, F2 perceptron, F3 simplified perceptron, F4 four perceptrons, F5 multilayer perceptron, F6 eight
layers, F7 grid, F8 one unit's fan-out, F9 filter, F10 LeNet, F11 recurrent net, F12 the same unrolled, F13 "tree or
not" with trained weights, F14 learned filters.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

# how many statements each figure has
COUNTS = {
    "F1": 10, "F2": 10, "F3": 9, "F4": 12, "F5": 12, "F6": 10, "F7": 10, "F8": 8, "F9": 11, "F10": 13, "F11": 12,
    "F12": 10, "F13": 10, "F14": 4,
}  # fmt: skip

# where a figure of ours is not what the statement says, and why; the test named after it asserts what ours does
DEVIATIONS = {
    "F5.2": "input and hidden units stand in one line: rows of one rule align, the original's drift by 1 to 5 mm",
    "F6.1": "the first and last unit of all columns stand in one line and a gap is as wide as the rule for any gap "
    "makes it; the original leaves half as much again",
    "F8.3": "wires run from rim to rim, not from centre to centre: in the original they strike out the labels",
    "F10.1": "the letter on the input is a bold A of the font, not drawn by hand",
    "F10.11": "the labels are one size for all stages and the operations a tenth larger, as there, but in the "
    "figure's own millimetres",
    "F11.12": "heads have the colour of their lines; the original's are green by a fault of its editor",
    "F13.10": "drawn from weights: z_1 only looks at the upper square, z_2 at the lower, and the last pixel of an "
    "image of 100 rows and 150 columns is (100, 150, B)",
    "F14.1": "no photo: a netspec figure is drawn from a spec and its weights alone; the stages are the net's own",
    "F14.3": "the caption is the net's own title, as in all figures",
}

ASSERTED: dict[str, list[str]] = {}

Test = TypeVar("Test", bound=Callable[..., None])


def holds(*statements: str) -> Callable[[Test], Test]:
    """Marks a test as the one that asserts these statements."""

    def mark(test: Test) -> Test:
        for statement in statements:
            ASSERTED.setdefault(statement, []).append(test.__name__)
        return test

    return mark
