"""`a - b`: elementwise."""

from __future__ import annotations

from netspec.ops.pairwise import Pairwise


class Subtract(Pairwise):
    """a - b, number by number."""

    name = "subtract"
    sign = "-"
