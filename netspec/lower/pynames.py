"""Names of a spec -> Python identifiers that mean the same and hide nothing the source needs."""

from __future__ import annotations

import builtins
from keyword import iskeyword
from unicodedata import normalize

# what emitted functions use by name
TAKEN = frozenset(
    (
        "self",
        "torch",
        "nn",
        "F",
        "math",
        "Tensor",
        "Any",
        "Iterator",
        "Iterable",
        "State",
        "state",
        "return_state",
        "before",
        "after",
        "step",
        "part",
        "t",
        "number",
    )
) | frozenset(name for name in dir(builtins) if name.islower())


def variable(label: str) -> str:
    """A layer's label as a local variable, in the form that Python gives identifiers."""
    label = normalize("NFKC", label)
    return label + "_" if label in TAKEN or iskeyword(label) else label


def class_name(name: str) -> str:
    """`lenet5` -> `Lenet5`, `tree_or_not` -> `TreeOrNot`; other scripts stay as they are."""
    parts = [part for part in normalize("NFKC", name).split("_") if part]
    camel = "".join(part[0].upper() + part[1:] for part in parts) or "Net"
    return camel + "_" if camel in TAKEN or iskeyword(camel) or camel in ("True", "False", "None") else camel


class Namer:
    """Hands out names once each: a second `Basic` becomes `Basic2`."""

    def __init__(self, taken: frozenset[str] = TAKEN) -> None:
        self.used = set(taken)

    def fresh(self, wanted: str) -> str:
        name, number = wanted, 2
        while name in self.used:
            name, number = f"{wanted}{number}", number + 1
        self.used.add(name)
        return name
