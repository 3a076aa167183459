"""`a + b`: elementwise."""

from __future__ import annotations

from netspec.ops.pairwise import Pairwise


class Add(Pairwise):
    """The sum of two values, number by number."""

    name = "add"
    circle = "+"
    sign = "+"
