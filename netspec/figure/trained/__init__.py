"""Reads weights from a run folder or a safetensors file and checks them against the net, without pickle or torch."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from netspec import files
from netspec.diagnostics.errors import SpecError, UsageError, reason
from netspec.diagnostics.model import Diagnostic, Hint, Label, Quoted, Words
from netspec.ir.graph import Graph

if TYPE_CHECKING:
    import numpy

    from netspec.figure.trained.features import Features

Arrays = Mapping[str, "numpy.ndarray[Any, Any]"]


class Run(Protocol):
    """A finished run, as `netspec.load_run` gives it."""

    def weights(self) -> Arrays: ...

    def features(self) -> Features: ...

    def prepared(self, example: Arrays) -> Arrays: ...


Given = str | os.PathLike[str] | Arrays | Run
RUN_FILE = "weights.safetensors"


def is_run(path: str | os.PathLike[str]) -> bool:
    """Whether a path is the folder of a run."""
    return os.path.lexists(Path(path) / "settings.json")


def read_weights(path: str | os.PathLike[str]) -> Arrays:
    """Return the arrays of a run folder, or of a file, by key.

    Raises NetspecError NS726 if there are no arrays, NS882 if they are not finite, and for a run that cannot be read.
    """
    given = Path(path)
    folder = given if given.is_dir() else None
    if folder is not None and is_run(folder):
        from netspec import documents

        documents.read(folder, documents.Settings)
    file = given if folder is None else folder / RUN_FILE
    try:
        data = files.read(file, folder)
    except FileNotFoundError:
        hint = Hint("missing") if folder is None else Hint("run", {"file": RUN_FILE})
        raise UsageError(Diagnostic("NS726", None, {"file": str(given)}, hints=(hint,))) from None
    except OSError as error:
        hint = Hint("closed", {"reason": reason(error)})
        raise UsageError(Diagnostic("NS726", None, {"file": str(given)}, hints=(hint,))) from None
    return arrays_in(data, file)


def arrays_in(data: bytes, file: Path) -> Arrays:
    """Return the arrays in the bytes of a safetensors file, by key. Raises NetspecError NS726, NS882."""
    from netspec.parts import need

    numpy, safetensors = need("numpy"), need("safetensors.numpy")
    try:
        found: dict[str, Any] = safetensors.load(data)
    except Exception as error:  # the exceptions of the safetensors library have no common base class that it exports
        hint = Hint("broken", {"reason": str(error)[:120]})
        raise UsageError(Diagnostic("NS726", None, {"file": str(file)}, hints=(hint,))) from None
    for key, array in found.items():
        wrong = array[~numpy.isfinite(array)]
        if wrong.size:
            raise UsageError(Diagnostic("NS882", None, {"file": str(file), "key": key, "value": str(wrong[0])}))
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


def check_weights(graph: Graph, weights: Arrays, spec: str = "") -> None:
    """Raise NetspecError NS725 if an array that the net stores is missing or has another shape.

    Where they are a run's, `spec` is the file of its net; then an array that the net does not store is refused, too.
    """
    arrays = {stored.key: stored for stored in graph.arrays}
    # until a class of another package is imported, nothing says which arrays it has
    others = tuple(key.removesuffix("*") for key, stored in arrays.items() if stored.weight.outside)
    for key in (weights.keys() - arrays.keys()) if spec else ():
        if others and key.startswith(others):
            continue
        raise UsageError(Diagnostic("NS725", None, {"key": key}, hints=(Hint("more"), Hint("changed", {"spec": spec}))))
    changed = (Hint("changed", {"spec": spec}),) if spec else ()
    for stored in arrays.values():
        if stored.weight.outside:
            continue
        shape = tuple(stored.weight.shape)
        found = weights.get(stored.key)
        if found is None:
            hints = (Hint("has", {"names": Quoted(tuple(weights)[:8])}), *changed)
            raise UsageError(Diagnostic("NS725", None, {"key": stored.key}, hints=hints))
        if tuple(found.shape) != shape:
            given, wanted = ("×".join(map(str, sizes)) or "1" for sizes in (found.shape, shape))
            hints = (Hint("shape", {"given": given, "wanted": wanted}), *(changed or [Hint("sizes")]))
            labels = tuple(Label(span) for span in [graph.nodes[stored.node].span] if span is not None and spec)
            raise UsageError(Diagnostic("NS725", None, {"key": stored.key}, labels=labels, hints=hints))


def given_weights(graph: Graph) -> Arrays | None:
    """Return the arrays of a net if its spec gives every number; None if some numbers would be random."""
    from netspec.parts import need

    numpy = need("numpy")
    found: dict[str, Any] = {}
    for stored in graph.arrays:
        weight = stored.weight
        if weight.given:
            found[stored.key] = numpy.array(weight.given, dtype="float64").reshape(tuple(weight.shape))
        elif weight.init.name == "constant":
            found[stored.key] = numpy.full(tuple(weight.shape), weight.init.numbers[0], dtype="float64")
        else:
            return None
    return found
