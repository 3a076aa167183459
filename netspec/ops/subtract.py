"""`a - b`: elementwise."""

from __future__ import annotations

from netspec.ops.pairwise import Pairwise


class Subtract(Pairwise):
    """The difference of two values, number by number."""

    name = "subtract"
    circle = "−"
    sign = "-"
