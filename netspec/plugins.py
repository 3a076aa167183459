"""Entry points of other distributions -> operations, losses, themes, … that netspec does not bring along.

A distribution offers one in its metadata, in the group `netspec.plugins`, by the name that a spec uses:

    [project.entry-points."netspec.plugins"]
    huberish = "mypackage.losses:Huberish"

An import runs code. So nothing is imported before the caller names its top module (`--allow mypackage`, in Python
`allow=["mypackage"]`), and metadata is read only then, or when a spec names something that nobody knows.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from functools import lru_cache
from typing import TYPE_CHECKING

from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic
from netspec.registry import is_registered, register
from netspec.source import Span

if TYPE_CHECKING:
    from importlib.metadata import EntryPoint

GROUP = "netspec.plugins"


def import_allowed(modules: Iterable[str]) -> None:
    """Imports the entry points of the named top modules, and registers what they offer.

    Raises:
        TypeError: a single text is given where names are expected.
        UsageError: an entry point cannot be imported, or offers nothing that can be registered (NS922).
    """
    if isinstance(modules, str):
        raise TypeError(f"allow takes a list of module names, [{modules!r}], not a str")
    allowed = set(modules)
    if not allowed:
        return
    for entry in _offered(tuple(sys.path)):
        if _top(entry) in allowed:
            _register(entry)


def not_allowed(name: str, span: Span | None = None) -> Diagnostic | None:
    """NS693 where only an entry point that is not allowed offers a name; None where nobody offers it."""
    for entry in _offered(tuple(sys.path)):
        if entry.name == name:
            package = entry.dist.name if entry.dist is not None else _top(entry)
            return Diagnostic("NS693", span, {"name": name, "module": _top(entry), "package": package})
    return None


@lru_cache(maxsize=4)
def _offered(path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """The entry points of every distribution on the path; reading them imports nothing of theirs."""
    from importlib.metadata import entry_points

    return tuple(entry_points(group=GROUP))


def _top(entry: EntryPoint) -> str:
    return entry.value.partition(":")[0].partition(".")[0].strip()


def _register(entry: EntryPoint) -> None:
    """Imports an entry point. What its module has registered itself, by the decorator, is not registered again."""
    try:
        thing = entry.load()
        if not is_registered(thing):
            register(thing)
    except Exception as error:  # code of others: whatever it raises is said, with the name of who raised it
        words = {"name": entry.name, "module": _top(entry), "reason": f"{type(error).__name__}: {error}"}
        raise UsageError(Diagnostic("NS922", None, words)) from error
