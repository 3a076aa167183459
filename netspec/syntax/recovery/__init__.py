"""Reads texts that do not parse: keeps the statements that parse, explains mistakes, and collects unread names."""

from __future__ import annotations

from netspec.names import nearest


class Unread(set[str]):
    """The names that lines which do not parse may have defined. Uses of these names are not reported as unknown.

    Attributes:
        any: whether some unread line may have defined any name at all; then the set contains every name.
        garbled: names that are written wrongly; the set also contains every name similar to a garbled name
            (`d;: …` was meant as `d1: …`).
        heads: names that may be nets or blocks of this file; blocks of the prelude with these names are not used.
        defaults: steps whose options an unread `default` line may set.
    """

    def __init__(self) -> None:
        super().__init__()
        self.any = False
        self.garbled: set[str] = set()
        self.heads: set[str] = set()
        self.defaults: set[str] = set()

    def __contains__(self, name: object) -> bool:
        return self.any or super().__contains__(name) or (bool(self.garbled) and bool(nearest(str(name), self.garbled)))

    def __bool__(self) -> bool:
        return self.any or len(self) > 0
