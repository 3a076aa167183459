"""Registers operations, losses, themes, … that other packages offer as entry points.

A package names what it offers in its metadata, in the group `netspec.plugins`, under the name that a spec uses:

    [project.entry-points."netspec.plugins"]
    huberish = "mypackage.losses:Huberish"

An import runs code. So a package is imported only after the caller has allowed its top module (`--allow mypackage`, in
Python `allow=["mypackage"]`). Metadata is read only then, or when a spec uses a name that netspec does not know.
"""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
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


def permitted(module: str, allowed: Iterable[str]) -> bool:
    """Whether a module may be imported: it is one of those that the caller allows, or lies in one."""
    return any(module == name or module.startswith(f"{name}.") for name in allowed)


@contextlib.contextmanager
def importing() -> Iterator[None]:
    """Let modules be found in the current folder, too, after Python's own path."""
    here = os.getcwd()
    added = here not in sys.path
    if added:
        sys.path.append(here)
    try:
        yield
    finally:
        if added:
            sys.path.remove(here)


def not_allowed(name: str, span: Span | None = None) -> Diagnostic | None:
    """Return NS693 if an entry point that is not allowed offers this name; None if no entry point offers it."""
    for entry in _offered(tuple(sys.path)):
        if entry.name == name:
            package = entry.dist.name if entry.dist is not None else _top(entry)
            return Diagnostic("NS693", span, {"name": name, "module": _top(entry), "package": package})
    return None


@lru_cache(maxsize=4)
def _offered(path: tuple[str, ...]) -> tuple[EntryPoint, ...]:
    """Return the entry points for netspec of every package on the path; reading them imports no package."""
    from importlib.metadata import entry_points

    return tuple(entry_points(group=GROUP))


def _top(entry: EntryPoint) -> str:
    return entry.value.partition(":")[0].partition(".")[0].strip()


def _register(entry: EntryPoint) -> None:
    """Import an entry point and register what it offers, unless its module did so with the decorator."""
    try:
        thing = entry.load()
        if not is_registered(thing):
            register(thing)
    except Exception as error:  # foreign code may raise anything: report it with its source
        words = {"name": entry.name, "module": _top(entry), "reason": f"{type(error).__name__}: {error}"}
        raise UsageError(Diagnostic("NS922", None, words)) from error
