"""`a * b`: elementwise."""

from __future__ import annotations

from netspec.ops.pairwise import Pairwise


class Multiply(Pairwise):
    """The product of two values, number by number."""

    name = "multiply"
    circle = "×"
    sign = "*"
