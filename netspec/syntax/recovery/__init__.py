"""What is left of a text that does not parse: its other statements, explained mistakes, and unread names."""

from __future__ import annotations

from netspec.names import nearest


class Unread(set[str]):
    """Names that unread lines may have defined: uses of them are not reported as unknown.

    Attributes:
        any: some unread line may have defined any name at all, so that every name counts.
        garbled: names that are written wrongly; a name that is nearly one of them counts too (`d;: …` for `d1`).
        heads: names that may be nets or blocks; blocks of the prelude do not take their place.
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
