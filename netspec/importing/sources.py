"""The kinds of sources of `netspec import`, and which of them a text on the command line names."""

from __future__ import annotations

import re
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

from netspec.diagnostics.errors import DataError, UsageError
from netspec.diagnostics.model import Diagnostic, Quoted, Words, suggestion
from netspec.files import similar


class Wanted(NamedTuple):
    """What the caller wants of an import.

    Attributes:
        allow: modules that may be imported.
        examples: the inputs of the net, each as `x: 3@224x224`.
    """

    allow: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()


class Imported(NamedTuple):
    """A spec that was made of a source.

    Attributes:
        text: the spec, in canonical format.
        notes: what the caller must know of it, such as how far its outputs are from the original's.
    """

    text: str
    notes: tuple[Diagnostic, ...] = ()


class Kind(NamedTuple):
    """A kind of source.

    Attributes:
        form: how it is written on a command line.
        fits: whether a text names a source of this kind; it opens no file.
        module: the module with the function `read(source, wanted) -> Imported`; it is imported only to read one.
    """

    form: str
    fits: Callable[[str], bool]
    module: str


# the first that fits is taken
KINDS = (
    Kind(
        "package.module:factory",
        lambda source: re.fullmatch(r"[^\W\d]\w*(\.[^\W\d]\w*)*:[^\W\d]\w*(\.[^\W\d]\w*)*", source) is not None,
        "netspec.importing.factory",
    ),
    Kind("config.json", lambda source: source.endswith(".json"), "netspec.importing.config"),
)


def read(source: str, wanted: Wanted) -> Imported:
    """Make a spec of a source.

    Parameters:
        source: what is imported, in one of the forms of `KINDS`.
        wanted: what the caller wants of it.

    Raises:
        UsageError: the source is of no kind that netspec knows (NS256).
        DataError: there is no such file (NS800).
    """
    kind = next((kind for kind in KINDS if kind.fits(source)), None)
    if kind is None:
        path = Path(source)
        if not path.exists() and (path.suffix or len(path.parts) > 1):
            hints, _ = suggestion(similar(path.parent, path.name))
            raise DataError(Diagnostic("NS800", None, {"file": path.name, "folder": str(path.parent)}, hints=hints))
        words: Words = {"source": source, "forms": Quoted(tuple(kind.form for kind in KINDS))}
        raise UsageError(Diagnostic("NS256", None, words))
    found: Imported = import_module(kind.module).read(source, wanted)
    return found
