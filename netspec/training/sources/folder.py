"""A folder of pictures -> rows, with a subfolder for each class. All broken pictures are reported before training."""

from __future__ import annotations

import contextlib
import hashlib
import io
import re
import struct
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec import files
from netspec.config.rows import Classes, Faults, File, Pictures, Rows, reject, unpacking
from netspec.config.vocabulary.sources import Folder
from netspec.diagnostics.errors import reason
from netspec.diagnostics.model import Diagnostic, Hint, Quoted, Words
from netspec.parts import need
from netspec.source import Span
from netspec.training.sources.kinds import HEAD, hint_of
from netspec.training.sources.spill import empty_bytes

if TYPE_CHECKING:
    from PIL.Image import Image

    from netspec.config.rows import Array

ENDINGS = frozenset(
    (".png", ".jpg", ".jpeg", ".jfif", ".bmp", ".gif", ".webp", ".tif", ".tiff", ".pgm", ".ppm")
    + (".heic", ".heif", ".avif", ".svg")  # pictures that cannot be read, and are said instead of left out
)
_BROKEN = (OSError, ValueError, SyntaxError, EOFError, TypeError, struct.error)  # what decoders raise on broken bytes
# what Pillow may try: it has decoders that run other programs
_FORMATS = ("PNG", "JPEG", "BMP", "GIF", "WEBP", "TIFF", "PPM")
_SCAN, MOST_SCANS = b"\xff\xda", 100  # of a JPEG; one that is sent in steps has about ten
_LYING = (5, 6, 7, 8)  # orientations of EXIF that exchange rows and columns
_GREY = frozenset(("1", "L", "LA", "I", "I;16", "F"))


@dataclass(slots=True)
class FolderRows(Rows):
    """Picture files in order, and the folder of each."""

    paths: list[Path] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)  # each path relative to the data folder
    kinds: list[str] = field(default_factory=list)
    known: tuple[str, ...] = ()
    loose: bool = False  # whether these are pictures without classes, for a trained net
    fit: bool = False  # whether they are resized to the size that the net was trained with

    def classes(self, name: str | None, names: tuple[str, ...] | None, wanted: Span | None, faults: Faults) -> Classes:
        if name is not None:
            self.unknown(name, wanted)
        return self.classes_of(self.kinds, names or self.known, wanted, faults)

    def pictures(
        self,
        size: tuple[int, ...] | None,
        maps: int | None,
        wanted: Span | None,
        faults: Faults,
        resize: tuple[int, ...] | None = None,
    ) -> Pictures:
        """Read all pictures. With `resize`, each is resized as it is read; otherwise all must have the same size."""
        if self.fit:
            size, resize = None, resize or size
        if size is None and resize is None:
            size = self.norm or self._usual()
        found: Any = None
        for row, path in enumerate(self.paths):
            picture = self._picture(path, row, size, maps, wanted, faults)
            if picture is None:
                continue
            if maps is None:
                maps = _maps(picture)
            array = _array(picture, maps, resize)
            if found is None:
                found = empty_bytes((len(self.paths), *array.shape))
            found[row] = array
        if found is None:
            faults.raise_all()
        return Pictures(found, 0.0, 255.0)

    def _usual(self) -> tuple[int, int] | None:
        """Return the size that most pictures have: the others are faults."""
        from PIL import Image

        sizes: Counter[tuple[int, int]] = Counter()
        for path in self.paths:
            with contextlib.suppress(*_BROKEN, Image.DecompressionBombError), files.open_regular(path) as stream:
                sizes[_size(_opened(stream))] += 1
        return max(sizes, key=lambda size: sizes[size], default=None)

    def _picture(
        self,
        path: Path,
        row: int,
        size: tuple[int, ...] | None,
        maps: int | None,
        wanted: Span | None,
        faults: Faults,
    ) -> Image | None:
        """Decode a picture and turn it upright; report one that is broken, has another size, or is too large to decode.

        Its size is taken from its header, before anything is decoded.
        """
        from PIL import Image, ImageOps

        data = b""
        try:
            data = files.read(path)
            with _opened(io.BytesIO(data)) as opened:
                have = _size(opened)
                if size is not None and have != size:
                    own, want = _maps(opened), "x".join(map(str, size))
                    words = {
                        "where": self.shown[row],
                        "have": f"{own}@{have[0]}x{have[1]}",
                        "want": f"{maps or own}@{want}",
                    }
                    hint = Hint("fit") if self.loose else Hint("resize", {"size": want})
                    faults.add(Diagnostic("NS840", wanted, words, hints=(hint,)))
                    return None
                fault = unpacking(self.shown[row], len(data), have[0] * have[1] * _maps(opened))
                if fault is None:
                    if data.count(_SCAN) > MOST_SCANS:
                        raise ValueError("a JPEG of so many scans takes minutes to decode")
                    opened.load()
                    ImageOps.exif_transpose(opened, in_place=True)
                    return opened
        except Image.DecompressionBombError as error:  # it says how many pixels there are
            fault = unpacking(self.shown[row], len(data), int(re.sub(r"\D", " ", str(error)).split()[0]))
        except _BROKEN:
            fault = None
        other = hint_of(data[:HEAD], data[-HEAD:], self.shown[row])
        hints = () if other is None or other.text == "picture" else (other,)
        fault = fault or Diagnostic("NS839", None, {"file": self.shown[row]}, hints=hints)
        faults.add(fault._replace(span=wanted))
        return None

    def where(self, row: int, name: str) -> str:
        return self.shown[row]


def _opened(stream: Any) -> Image:
    """Return a picture whose header is read. How large it may be is checked by its size, not by Pillow's own limit."""
    from PIL import Image

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", Image.DecompressionBombWarning)
        return Image.open(stream, formats=_FORMATS)


def _size(picture: Image) -> tuple[int, int]:
    """Return the rows and columns of a picture when it is upright."""
    # to look for EXIF behind the pixels of a PNG, Pillow would decode these
    known = picture.format != "PNG" or "exif" in picture.info
    lying = known and picture.getexif().get(0x0112, 1) in _LYING
    return picture.size if lying else (picture.height, picture.width)


def _maps(picture: Image) -> int:
    return 1 if picture.mode in _GREY else 3


def _array(picture: Image, maps: int, resize: tuple[int, ...] | None) -> Array:
    """Return the pixels of a picture as bytes, (maps, height, width)."""
    import numpy as np
    from PIL import Image

    plain = _plain(picture, maps)
    if resize is not None and (plain.height, plain.width) != resize:
        # like `resize` of whole data sets, Pillow's bilinear filter averages over more pixels when a picture shrinks
        plain = plain.resize((resize[1], resize[0]), Image.Resampling.BILINEAR)
    array = np.asarray(plain, dtype=np.uint8)
    return array[None] if maps == 1 else array.transpose(2, 0, 1)


def _plain(picture: Image, maps: int) -> Image:
    """Convert to grey or colour in bytes; transparent pixels become white."""
    from PIL import Image

    if picture.mode in ("I", "I;16", "F"):
        low, high = picture.getextrema()
        top = 65535.0 if float(high) > 255 or float(low) < 0 else 255.0  # type: ignore[arg-type]
        picture = picture.convert("F").point(lambda value: value * (255.0 / top)).convert("L")
    if picture.mode in ("LA", "RGBA", "PA") or (picture.mode == "P" and "transparency" in picture.info):
        over = picture.convert("RGBA")
        picture = Image.alpha_composite(Image.new("RGBA", over.size, "white"), over)
    return picture.convert("L" if maps == 1 else "RGB")


def open_folder(source: Folder, path: Path, test: Path | None) -> FolderRows:
    """List the pictures of each class; raise NetspecError if there are none, or if folders are missing."""
    need("PIL")
    names = _classes(source, path)
    rows = FolderRows(0, source.folder, known=names)
    for option, top in (("folder", path), ("test", test)):
        if top is None:
            continue
        if option == "test":
            rows.tested = len(rows.paths)
        _list(source, option, top, names, rows)
    rows.count = len(rows.paths)
    return rows


def picture_rows(paths: list[Path], fit: bool) -> FolderRows:
    """Return pictures without classes, for `predict`; with `fit` they may have any size."""
    need("PIL")
    shown = [str(path) for path in paths]
    return FolderRows(len(paths), "pictures", paths=paths, shown=shown, loose=True, fit=fit)


def _classes(source: Folder, path: Path) -> tuple[str, ...]:
    if not path.is_dir():
        reject("NS801", source.at("folder"), file=source.folder, reason="it is no folder")
    folders = sorted(entry.name for entry in path.iterdir() if entry.is_dir() and not entry.name.startswith("."))
    loose = sorted(entry.name for entry in path.iterdir() if entry.suffix.lower() in ENDINGS)
    if loose:
        reject("NS844", source.at("folder"), file=f"{source.folder}/{loose[0]}", count=len(loose))
    if source.classes is None:
        if len(folders) < 2:
            reject("NS842", source.at("folder"), folder=source.folder)
        return tuple(folders)
    missing = [name for name in source.classes if name not in folders]
    if missing:
        reject(
            "NS845", source.at("classes"), name=missing[0], folder=source.folder, folders=Quoted(tuple(folders[:20]))
        )
    return source.classes


def _list(source: Folder, option: str, top: Path, names: tuple[str, ...], rows: FolderRows) -> None:
    digest = hashlib.sha256()
    total = 0
    for kind in names:
        below = top / kind
        found = sorted(file for file in below.rglob("*") if file.suffix.lower() in ENDINGS and not file.is_dir())
        if not found:
            words: Words = {"folder": f"{getattr(source, option)}/{kind}"}
            rows.faults.append(Diagnostic("NS846", source.at(option), words))
            rows.known = tuple(name for name in rows.known if name != kind)
        for file in found:
            place = file.relative_to(top).as_posix()
            if not file.resolve().is_relative_to(top.resolve()):
                # Security: a link to a place outside of the folder could make a run read any file.
                outside: Words = {"file": f"{getattr(source, option)}/{place}"}
                rows.faults.append(Diagnostic("NS835", source.at(option), outside, hints=(Hint("link"),)))
                continue
            try:
                with files.open_regular(file) as stream:
                    size, own = files.digest_of(stream)
            except OSError as error:
                unread: Words = {"file": f"{getattr(source, option)}/{place}", "reason": reason(error)}
                rows.faults.append(Diagnostic("NS801", source.at(option), unread))
                continue
            digest.update(f"{place}\0{own}\n".encode())
            total += size
            rows.paths.append(file)
            rows.shown.append(f"{getattr(source, option)}/{place}")
            rows.kinds.append(kind)
    rows.files.append(File(getattr(source, option), total, digest.hexdigest()))
