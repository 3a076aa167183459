"""The specs that a page may open and save: those below one folder, and netspec's examples, which it only opens."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path, PurePosixPath
from typing import Any

from netspec import files
from netspec.diagnostics.catalogue import Language
from netspec.diagnostics.errors import NetspecError, UsageError, reason
from netspec.diagnostics.model import Diagnostic, help_lines, message_text
from netspec.editor.engine import uri_of

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


class Files:
    """The requests of a page about files.

    Parameters:
        folder: the specs that may be opened and saved.
        examples: specs that may be opened.
        first: the file that a page shows first.
    """

    def __init__(self, folder: Folder, examples: Folder | None, first: str = "") -> None:
        self.folder = folder
        self.examples = examples
        self.first = first

    @property
    def roots(self) -> list[Path]:
        return [one.root for one in (self.folder, self.examples) if one is not None]

    def answer(self, method: str, params: Any) -> Any:
        """Return the result of a request; raise KeyError for one that is not about files."""
        folder = self.examples if params.get("example") and self.examples is not None else self.folder
        match method:
            case "serve/files":
                roots = {"folder": self.folder, **({} if self.examples is None else {"examples": self.examples})}
                found = {name: {"uri": uri_of(one.root), "files": one.names()} for name, one in roots.items()}
                return {**found, "name": self.folder.root.name, "first": self.first}
            case "serve/read":
                text, version = folder.read(str(params["path"]))
                return {"text": text, "version": version}
            case "serve/write":
                return {"version": folder.write(str(params["path"]), str(params["text"]), params.get("version"))}
        raise KeyError(method)


def answered(call: Callable[[str, Any], Any], method: str, params: Any, language: Language) -> dict[str, Any]:
    """Return what a page is answered: the `result` of a call, or the `error` with the code that explains it."""
    try:
        return {"result": call(method, params)}
    except NetspecError as error:
        found = error.diagnostic
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        found = Diagnostic("NS934", None, {"method": method[:100], "reason": f"{type(error).__name__}: {error}"})
    text = "\n".join([message_text(found, language), *help_lines(found, language)])
    return {"error": {"code": -32803, "message": text, "data": {"code": found.code}}}
