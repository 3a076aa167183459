"""The specs that a page may open and save: those below one folder, and netspec's examples, which it only opens."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

from netspec import files
from netspec.diagnostics.errors import UsageError, reason
from netspec.diagnostics.model import Diagnostic

ENDING = ".net"
MOST_FILES = 1000  # that are listed
MOST_LOOKED_AT = 20_000


def examples() -> Path | None:
    """Return the folder of the example specs, from the installed package or from the repository."""
    package = Path(__file__).resolve().parents[1]
    found = [folder / "specs" for folder in (package, package.parent) if (folder / "specs" / "netspec.toml").is_file()]
    return found[0] if found else None


class Folder:
    """The `.net` files below a folder. No link below it is followed, no other file is read or written.

    Parameters:
        root: the folder; its links are resolved.
        limit: the most bytes of a file.
        written: whether files may be written.
    """

    def __init__(self, root: Path, limit: int, written: bool) -> None:
        self.root = root.resolve()
        self.limit = limit
        self.written = written

    def names(self) -> list[str]:
        """Return the paths of the files from the root, with `/`; hidden folders are left out."""
        found: list[str] = []
        looked = 0
        for folder, folders, names in os.walk(self.root):
            folders[:] = sorted(name for name in folders if not name.startswith(".") and name != "node_modules")
            looked += len(names) + len(folders)
            own = Path(folder).relative_to(self.root)
            found += [(own / name).as_posix() for name in sorted(names) if name.endswith(ENDING)]
            if len(found) >= MOST_FILES or looked > MOST_LOOKED_AT:
                break
        return [name for name in found if not (self.root / name).is_symlink()][:MOST_FILES]

    def read(self, name: str) -> tuple[str, str]:
        """Return the text of a file, and its version, which `write` compares.

        Raises:
            UsageError: the path leads out of the folder (NS935), or the file cannot be read (NS924).
        """
        try:
            data = files.read(self._place(name), self.root, self.limit)
            return data.decode("utf-8"), files.sha256(data)
        except OSError as error:
            raise UsageError(Diagnostic("NS924", None, {"file": name, "reason": reason(error)})) from None
        except UnicodeDecodeError as error:
            raise UsageError(Diagnostic("NS924", None, {"file": name, "reason": str(error)})) from None

    def write(self, name: str, text: str, version: str | None) -> str:
        """Write a file and return its new version.

        Parameters:
            version: that of the file when it was read; None if no file is expected. A file that has changed since is
                not written (NS936).
        """
        place = self._place(name)
        if not self.written:
            raise UsageError(Diagnostic("NS935", None, {"file": name}))
        data = text.encode("utf-8", "surrogatepass")
        if len(data) > self.limit:
            raise UsageError(Diagnostic("NS906", None, {"file": name, "reason": f"> {self.limit} bytes"}))
        try:
            there = files.sha256(files.read(place, self.root)) if os.path.lexists(place) else None
            if there != version:
                raise UsageError(Diagnostic("NS936", None, {"file": name}))
            files.write(place, data, self.root)
        except OSError as error:
            raise UsageError(Diagnostic("NS906", None, {"file": name, "reason": reason(error)})) from None
        return files.sha256(data)

    def _place(self, name: str) -> Path:
        """Return the path of a file; raise UsageError (NS935) for one outside, hidden, or with another ending."""
        parts = PurePosixPath(name).parts
        hidden = any(part.startswith(".") for part in parts)
        if not parts or hidden or not name.endswith(ENDING) or name.startswith("/") or any(c in name for c in "\\:\0"):
            raise UsageError(Diagnostic("NS935", None, {"file": name}))
        place = self.root.joinpath(*parts)
        try:
            files.require_plain(place, self.root)
        except (OSError, ValueError):
            raise UsageError(Diagnostic("NS935", None, {"file": name})) from None
        return place
