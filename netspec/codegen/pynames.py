"""Names of a spec -> Python identifiers that do not hide names that the emitted source uses."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterable
from keyword import iskeyword
from unicodedata import normalize

# names that emitted functions use
TAKEN = frozenset(
    "self torch nn F math Tensor Any Iterator Iterable State state return_state before after t".split()
) | frozenset(name for name in dir(builtins) if name.islower())
# the loop variables of emitted code: `step`, `number2`, `part_1`
_LOOPS = re.compile(r"(step|number|part)_?\d*")


def is_taken(name: str) -> bool:
    """Whether emitted code uses a name itself."""
    return name in TAKEN or iskeyword(name) or _LOOPS.fullmatch(name) is not None


class Locals:
    """The local variables of one function: one for each line of the body, and others for intermediate values.

    A line's label is its variable, unless emitted code uses that name. Other variables avoid all labels.
    """

    def __init__(self, labels: Iterable[str], reserved: frozenset[str]) -> None:
        self.lines: dict[str, str] = {}
        self.others: dict[str, str] = {}
        self.used = set(reserved)
        later = []
        for label in labels:
            name = normalize("NFKC", label)  # Python normalises identifiers in this way
            if is_taken(name) or name in reserved or (name in self.used and label not in self.lines):
                later.append(label)
            else:
                self.lines[label] = name
                self.used.add(name)
        for label in later:
            if label not in self.lines:
                self.lines[label] = self._free(normalize("NFKC", label) + "_")

    def _free(self, name: str) -> str:
        while name in self.used:
            name += "_"
        self.used.add(name)
        return name

    def given(self) -> set[str]:
        """Return the names of all variables."""
        return {*self.lines.values(), *self.others.values()}

    def line(self, label: str) -> str:
        """Return the variable of a line of this body."""
        return self.lines[label]

    def other(self, name: str) -> str:
        """Return a variable named `name`, with `_` appended if that is taken; the same one every time."""
        if name not in self.others:
            self.others[name] = self._free(name + "_" if is_taken(name) else name)
        return self.others[name]


def class_name(name: str) -> str:
    """Return the name of a class: `lenet5` -> `Lenet5`, `tree_or_not` -> `TreeOrNot`; other scripts stay unchanged."""
    parts = [part for part in normalize("NFKC", name).split("_") if part]
    camel = "".join(part[0].upper() + part[1:] for part in parts) or "Net"
    return camel + "_" if is_taken(camel) else camel


class Namer:
    """Makes names unique: a second `Basic` becomes `Basic2`."""

    def __init__(self, taken: Iterable[str] = ()) -> None:
        self.used = set(taken)

    def fresh(self, wanted: str) -> str:
        name, number = wanted, 2
        while name in self.used or is_taken(name):
            name, number = f"{wanted}{number}", number + 1
        self.used.add(name)
        return name
