"""npz files or a Python function -> rows, from named arrays whose first axis is the examples.

Files with pickled objects are rejected. A function is the only source that runs code, and only from modules that the
caller allows.
"""

from __future__ import annotations

import hashlib
import math
import struct
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec import files
from netspec.config.rows import Classes, Faults, File, Rows, reject, unpacking
from netspec.config.vocabulary.sources import Npz, Python
from netspec.diagnostics.errors import DataError, reason
from netspec.diagnostics.model import Hint
from netspec.plugins import importing, permitted
from netspec.source import Span
from netspec.training.sources.kinds import reject_kind

if TYPE_CHECKING:
    from netspec.config.rows import Array


@dataclass(slots=True)
class ArrayRows(Rows):
    """Named arrays as rows."""

    arrays: dict[str, Array] = field(default_factory=dict)

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self.arrays)

    def numbers(self, name: str, wanted: Span | None, faults: Faults) -> Array:
        if name not in self.arrays:
            self.unknown(name, wanted)
        if self.arrays[name].dtype.kind not in "biuf":
            reject("NS823", wanted, name=name)
        return self.arrays[name]

    def classes(self, name: str | None, names: tuple[str, ...] | None, wanted: Span | None, faults: Faults) -> Classes:
        if name is None:
            reject("NS806", wanted, Hint("column"), what="label", source=self.name)
        if name not in self.arrays:
            self.unknown(name, wanted)
        values = self.arrays[name]
        if values.ndim != 1:
            reject("NS816", wanted, name=name, shape=str(tuple(values.shape)))
        return self.classes_of([str(value) for value in values.tolist()], names, wanted, faults, name)

    def where(self, row: int, name: str) -> str:
        return f"{self.name}: {name}[{row}]"


def open_npz(source: Npz, find: Path, test: Path | None) -> ArrayRows:
    """Read the arrays, followed by those of the test part; raise NetspecError if a file has none."""
    import numpy as np

    arrays, file = _read(find, source.file, source, "file")
    read = [file]
    tested = None
    if test is not None and source.test is not None:
        tested = count_rows(arrays, source.file, source.at("file"))
        more, file = _read(test, source.test, source, "test")
        count_rows(more, source.test, source.at("test"))
        for name in arrays:
            if name not in more or more[name].shape[1:] != arrays[name].shape[1:]:
                reject("NS818", source.at("test"), name=name, file=source.test)
        arrays = {name: np.concatenate([values, more[name]]) for name, values in arrays.items()}
        read.append(file)
    count = count_rows(arrays, source.file, source.at("file"))
    return ArrayRows(count, source.file, tested, read, arrays=arrays)


def _read(path: Path, written: str, source: Npz, option: str) -> tuple[dict[str, Array], File]:
    span = source.at(option)
    try:
        with files.open_regular(path) as stream:
            size, digest = files.digest_of(stream)
            arrays = _arrays(stream, size, written, span)
    except OSError as error:
        reject("NS801", span, file=written, reason=reason(error))
    # zipfile raises RuntimeError for an encrypted member; a header of numpy may be nested or too large
    except (ValueError, zipfile.BadZipFile, zlib.error, EOFError, TypeError, RuntimeError, MemoryError, struct.error):
        reject_kind(files.read(path), written, "npz", span)
    if not arrays:
        reject("NS811", span, file=written)
    return arrays, File(written, size, digest)


def _arrays(stream: Any, size: int, written: str, span: Span | None) -> dict[str, Array]:
    """Return the arrays of a zip archive. What it says of its sizes is checked before anything is unpacked.

    Raises what zipfile and numpy raise, and NetspecError NS883.
    """
    from numpy.lib import format as npy

    found: dict[str, Array] = {}
    with zipfile.ZipFile(stream) as packed:
        members = packed.infolist()
        fault = unpacking(written, size, sum(item.file_size for item in members), span)
        if fault is not None:
            raise DataError(fault)
        for item in members:
            if item.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):  # numpy writes no other
                raise zipfile.BadZipFile
            with packed.open(item) as member:
                header = npy.read_array_header_1_0 if npy.read_magic(member) == (1, 0) else npy.read_array_header_2_0
                shape, _, dtype = header(member)
                if dtype.hasobject:
                    name = item.filename.removesuffix(".npy")
                    reject("NS803", span, Hint("objects", {"name": name}), file=written, kind="npz")
                if member.tell() + math.prod(shape) * dtype.itemsize != item.file_size or min(shape, default=0) < 0:
                    raise zipfile.BadZipFile
            with packed.open(item) as member:
                found[item.filename.removesuffix(".npy")] = npy.read_array(member, allow_pickle=False)
    return found


def count_rows(arrays: dict[str, Array], name: str, span: Span | None) -> int:
    """Return the number of examples, which must be equal for all arrays."""
    counts = {key: len(values) if values.ndim else 0 for key, values in arrays.items()}
    if len(set(counts.values())) != 1:
        shown = ", ".join(f"{key}: {count}" for key, count in counts.items())
        reject("NS819", span, file=name, counts=shown)
    return next(iter(counts.values()))


# ---- A function of the user -> named arrays


def open_python(source: Python, allowed: tuple[str, ...]) -> ArrayRows:
    """Import the module and call the function; raise NetspecError if that is not allowed or fails.

    `allowed` names modules; a package includes its submodules. Python's module path is searched, then the current
    folder.
    """
    name, _, function = source.function.partition(":")
    if not permitted(name, allowed):
        reject("NS837", source.at("function"), Hint("allow", {"module": name}), module=name)
    found = _call(source, name, function)
    arrays = {key: _array(source, key, value) for key, value in found.items()}
    digest = hashlib.sha256()
    for key, array in arrays.items():
        digest.update(key.encode() + array.tobytes())
    files = [File(source.function, sum(array.nbytes for array in arrays.values()), digest.hexdigest())]
    return ArrayRows(
        count_rows(arrays, source.function, source.at("function")), source.function, None, files, arrays=arrays
    )


def _call(source: Python, name: str, function: str) -> dict[str, Any]:
    try:
        with importing():
            found = getattr(import_module(name), function)()
    except Exception as error:  # the user's own code may raise anything, and the user must see it
        reason = f"{type(error).__name__}: {error}"
        reject("NS838", source.at("function"), Hint("run"), function=source.function, reason=reason)
    if not isinstance(found, Mapping) or not found or not all(isinstance(key, str) for key in found):
        reject("NS838", source.at("function"), Hint("mapping"), function=source.function, reason=type(found).__name__)
    return dict(found)


def _array(source: Python, key: str, value: Any) -> Any:
    import numpy as np

    if hasattr(value, "detach"):  # a torch tensor
        value = value.detach().cpu().numpy()
    try:
        array = np.asarray(value)
    except ValueError:
        reject("NS823", source.at("function"), name=key)
    if array.dtype.kind not in "biufUS" or array.ndim == 0:
        reject("NS823", source.at("function"), name=key)
    return array
