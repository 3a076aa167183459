"""Names that lines which could not be read may have given: whatever uses one is not reported as well."""

from __future__ import annotations

from netspec.names import nearest


class Unread(set[str]):
    """The names; all of them (`any`), once a broken line hides even its own.

    What is nearly one of the `garbled` counts as well: `d;: …` was meant to be `d1`. `heads` may have been
    nets or blocks, so that no block of the prelude steps in for them; `defaults` are the steps whose options
    a broken `default` line may have set.
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
