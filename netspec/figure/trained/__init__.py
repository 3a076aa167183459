"""Reads weights from a run folder or a safetensors file and checks them against the net, without pickle or torch."""

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
    """Raise UsageError NS867 if a run's folder has another format; `settings` is the content of its settings.json."""
    number = settings.get("format", 1) if isinstance(settings, dict) else RUN_FORMAT
    if number != RUN_FORMAT:
        newer = isinstance(number, int | float) and number > RUN_FORMAT
        words: Words = {"folder": str(folder), "release": str(settings.get("netspec", "?")), "own": VERSION}
        raise UsageError(Diagnostic("NS867", None, words, hints=(Hint("newer" if newer else "older"),)))


def read_weights(path: str | os.PathLike[str]) -> Arrays:
    """Return the arrays of a run folder, or of a file, by key.

    Raises NetspecError NS726 if there are no arrays, NS867 if the run has another format.
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
    except Exception as error:  # the exceptions of the safetensors library have no common base class that it exports
        hint = Hint("broken", {"reason": str(error)[:120]})
        raise UsageError(Diagnostic("NS726", None, {"file": str(given)}, hints=(hint,))) from None
    return found


def arrays_of(given: Given) -> Arrays:
    """Return the arrays by key, in whichever form the caller gives them."""
    if isinstance(given, str | os.PathLike):
        return read_weights(given)
    return given if isinstance(given, Mapping) else given.weights()


def check_bound(graph: Graph) -> None:
    """Raise SpecError NS516 if the net has open sizes, because the sizes of arrays are always numbers."""
    if graph.open:
        words: Words = {"names": Quoted(graph.open), "net": graph.name, "first": graph.open[0]}
        raise SpecError(Diagnostic("NS516", None, words))


def check_weights(graph: Graph, weights: Arrays) -> None:
    """Raise NetspecError NS725 if an array that the net stores is missing or has another shape."""
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
    """Return the arrays of a net if its spec gives every number; None if some numbers would be random."""
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
