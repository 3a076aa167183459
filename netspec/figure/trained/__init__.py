"""A run folder or a safetensors file -> arrays by key, checked against the net. No pickle, no torch."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from netspec.diagnostics.errors import SpecError, UsageError
from netspec.diagnostics.model import Diagnostic, Hint, Quoted, Words
from netspec.ir.graph import Graph
from netspec.version import RUN_FORMAT, VERSION

if TYPE_CHECKING:
    import numpy

    from netspec.figure.trained.features import Features

Arrays = Mapping[str, "numpy.ndarray[Any, Any]"]


class Run(Protocol):
    """A finished run, as `netspec.load_run` gives it."""

    def weights(self) -> Arrays: ...

    def features(self) -> Features: ...


Given = str | os.PathLike[str] | Arrays | Run
RUN_FILE = "weights.safetensors"


def require_format(folder: Path, settings: Any) -> None:
    """Raises UsageError NS867 where a run's folder is of another format; `settings` is its settings.json as read."""
    number = settings.get("format", 1) if isinstance(settings, dict) else RUN_FORMAT
    if number != RUN_FORMAT:
        newer = isinstance(number, int | float) and number > RUN_FORMAT
        words: Words = {"folder": str(folder), "release": str(settings.get("netspec", "?")), "own": VERSION}
        raise UsageError(Diagnostic("NS867", None, words, hints=(Hint("newer" if newer else "older"),)))


def read_weights(path: str | os.PathLike[str]) -> Arrays:
    """The arrays of a run folder, or of a file.

    Raises NetspecError NS726 where there are none, NS867 for a run of another format.
    """
    from netspec.parts import need

    given = Path(path)
    if given.is_dir():
        with contextlib.suppress(OSError, ValueError, RecursionError):
            require_format(given, json.loads((given / "settings.json").read_bytes()))
    file = given / RUN_FILE if given.is_dir() else given
    if not file.is_file():
        hint = Hint("run", {"file": RUN_FILE}) if given.is_dir() else Hint("missing")
        raise UsageError(Diagnostic("NS726", None, {"file": str(given)}, hints=(hint,)))
    need("numpy")
    load = need("safetensors.numpy")
    try:
        found: dict[str, Any] = load.load_file(str(file))
    except Exception as error:  # the library's own exceptions share no base that it exports
        hint = Hint("broken", {"reason": str(error)[:120]})
        raise UsageError(Diagnostic("NS726", None, {"file": str(given)}, hints=(hint,))) from None
    return found


def arrays_of(given: Given) -> Arrays:
    """The arrays by key, however they are given."""
    if isinstance(given, str | os.PathLike):
        return read_weights(given)
    return given if isinstance(given, Mapping) else given.weights()


def check_bound(graph: Graph) -> None:
    """Arrays have numbers for sizes. Raises SpecError NS516 where sizes of the net are open."""
    if graph.open:
        words: Words = {"names": Quoted(graph.open), "net": graph.name, "first": graph.open[0]}
        raise SpecError(Diagnostic("NS516", None, words))


def check_weights(graph: Graph, weights: Arrays) -> None:
    """Every array the net stores must be there, in its shape. Raises NetspecError NS725."""
    for stored in graph.stored:
        shape = tuple(stored.weight.shape)
        found = weights.get(stored.key)
        if found is None:
            hints = (Hint("has", {"names": Quoted(tuple(weights)[:8])}),)
            raise UsageError(Diagnostic("NS725", None, {"key": stored.key}, hints=hints))
        if tuple(found.shape) != shape:
            given, wanted = ("×".join(map(str, sizes)) or "1" for sizes in (found.shape, shape))
            hints = (Hint("shape", {"given": given, "wanted": wanted}),)
            raise UsageError(Diagnostic("NS725", None, {"key": stored.key}, hints=hints))


def given_weights(graph: Graph) -> Arrays | None:
    """The arrays of a net whose spec gives every number itself; None where some are drawn by chance."""
    from netspec.parts import need

    numpy = need("numpy")
    found: dict[str, Any] = {}
    for stored in graph.stored:
        weight = stored.weight
        if weight.given:
            found[stored.key] = numpy.array(weight.given, dtype="float64").reshape(tuple(weight.shape))
        elif weight.init.name == "constant":
            found[stored.key] = numpy.full(tuple(weight.shape), weight.init.numbers[0], dtype="float64")
        else:
            return None
    return found
