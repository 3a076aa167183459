"""idx files, the format of MNIST -> pictures and classes. A header with sizes is followed by one byte per value."""

from __future__ import annotations

import gzip
import math
import zlib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from netspec import files
from netspec.config.rows import Classes, Faults, File, Pictures, Rows, reject, unpacking
from netspec.config.vocabulary.sources import Idx
from netspec.diagnostics.errors import DataError, reason
from netspec.diagnostics.model import Hint
from netspec.source import Span
from netspec.training.sources.kinds import HEAD, reject_kind

if TYPE_CHECKING:
    from netspec.config.rows import Array

# the names of the two files of a part, as in the original MNIST
IMAGES, LABELS = "-images-idx3-ubyte", "-labels-idx1-ubyte"
_BYTES = 8  # the type code of unsigned bytes, the only type that pictures and classes use


class Files(NamedTuple):
    """The files of one part."""

    images: Path
    labels: Path


@dataclass(slots=True)
class IdxRows(Rows):
    images: Any = None  # uint8, (rows, height, width)
    labels: Any = None  # uint8, (rows,)

    def classes(self, name: str | None, names: tuple[str, ...] | None, wanted: Span | None, faults: Faults) -> Classes:
        if name is not None:
            self.unknown(name, wanted)
        return self.classes_of([str(value) for value in self.labels.tolist()], names, wanted, faults)

    def pictures(
        self,
        size: tuple[int, ...] | None,
        maps: int | None,
        wanted: Span | None,
        faults: Faults,
        resize: tuple[int, ...] | None = None,
    ) -> Pictures:
        return Pictures(self.pictures_of(self.images[:, None], size, maps, wanted), 0.0, 255.0)

    def where(self, row: int, name: str) -> str:
        part, at = 0, row
        if self.tested is not None and row >= self.tested:
            part, at = 1, row - self.tested
        file = self.files[2 * part + (0 if name == "image" else 1)].name
        return f"{file}: {name}[{at}]"


def open_idx(source: Idx, own: Files, test: Files | None) -> IdxRows:
    """Read the two files of each part; raise NetspecError if one is not idx or truncated, or if they do not match."""
    import numpy as np

    images: list[Array] = []
    labels: list[Array] = []
    found: list[File] = []
    for option, part in (("prefix", own), ("test", test)):
        if part is None:
            continue
        pictures, image_file = _read(part.images, 3, source.at(option))
        classes, label_file = _read(part.labels, 1, source.at(option))
        if len(pictures) != len(classes):
            counts = f"{part.images.name}: {len(pictures)}, {part.labels.name}: {len(classes)}"
            reject("NS819", source.at(option), file=getattr(source, option), counts=counts)
        if images and images[0].shape[1:] != pictures.shape[1:]:
            reject("NS818", source.at(option), name="image", file=part.images.name)
        images.append(pictures)
        labels.append(classes)
        found += [image_file, label_file]
    tested = len(images[0]) if len(images) > 1 else None
    count = sum(map(len, images))
    name = source.prefix
    return IdxRows(count, name, tested, found, images=np.concatenate(images), labels=np.concatenate(labels))


def _read(path: Path, axes: int, span: Span | None) -> tuple[Array, File]:
    import numpy as np

    head = 4 + 4 * axes
    try:
        with files.open_regular(path) as stream:
            size, digest = files.digest_of(stream)
            packed = stream.read(2) == b"\x1f\x8b"
            stream.seek(0)
            opened: Any = gzip.GzipFile(fileobj=stream) if packed else stream
            begin = opened.read(head)
            if len(begin) < head or begin[:2] != b"\0\0" or begin[2] != _BYTES or begin[3] != axes:
                stream.seek(0)
                reject_kind(stream.read(HEAD), path.name, f"idx{axes}-ubyte", span)
            shape = tuple(int.from_bytes(begin[at : at + 4], "big") for at in range(4, head, 4))
            wanted = head + math.prod(shape)
            fault = unpacking(path.name, size, wanted, span) if packed else None
            if fault is not None:
                raise DataError(fault)
            # one byte more than wanted shows that there are more
            data = opened.read((wanted if packed else min(wanted, size)) - head + 1)
    except (OSError, EOFError, zlib.error) as error:
        why = reason(error) if isinstance(error, OSError) else str(error)
        reject("NS801", span, file=path.name, reason=why)
    have = head + len(data) if packed else size
    if have != wanted:
        hint = Hint("cut") if have < wanted else Hint("more")
        reject("NS843", span, hint, file=path.name, have=have, want=wanted, shape="x".join(map(str, shape)))
    return np.frombuffer(data, dtype=np.uint8).reshape(shape), File(path.name, have, digest)
