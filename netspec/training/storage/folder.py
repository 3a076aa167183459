"""The folder of a run: its files, the lock against other processes, and the copy of the spec."""

from __future__ import annotations

import contextlib
import errno
import os
import socket
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec import documents, files
from netspec.diagnostics.errors import NetspecError, UsageError, reason
from netspec.diagnostics.model import Diagnostic, Hint
from netspec.documents import DataFacts, Document, Environment, NetFacts, Scores, Sections, Settings, Status, Warnings

if TYPE_CHECKING:
    from netspec.spec import Spec

# the spec and the files that it uses; the command's options; the sections; the net as JSON and as PyTorch source; facts
# about the data
SPEC, SETTINGS, SECTIONS, GRAPH, SOURCE, DATA = (
    "spec", Settings.file, Sections.file, NetFacts.file, "model.py", DataFacts.file,
)  # fmt: skip
# a line per epoch, reproducible from the seed; a log with times; the state of the run; versions and the machine
METRICS, LOG, STATUS, ENVIRONMENT = "metrics.jsonl", "log.jsonl", Status.file, Environment.file
WEIGHTS, LAST = "weights.safetensors", "last.safetensors"
# the arrays that the run began with, if they are those of another run or of a file; and which of them these are
BEGIN, MAP = "begin.safetensors", "begin.map"
SCORES, CURVES, FIGURE, CONFUSION, BOUNDARY = (
    Scores.file, "curves.svg", "figure.svg", "confusion.svg", "boundary.svg",
)  # fmt: skip
CHECKPOINTS, LOCK, WARNINGS = "checkpoints", ".lock", Warnings.file
# all files and folders that a run writes
WRITTEN = (
    SPEC, SETTINGS, SECTIONS, GRAPH, SOURCE, DATA, METRICS, LOG, STATUS, ENVIRONMENT, WEIGHTS, LAST, SCORES, CURVES,
    FIGURE, CONFUSION, BOUNDARY, CHECKPOINTS, LOCK, WARNINGS, BEGIN, MAP,
)  # fmt: skip


@dataclass(slots=True)
class Folder:
    """The folder of a run, whose files are read and written by name."""

    path: Path

    def __truediv__(self, name: str) -> Path:
        return self.path / name

    def require_plain(self) -> None:
        """Raise UsageError NS866 if a file of the run is a link, or not a regular file or folder."""
        for name in WRITTEN:
            place = self.path / name
            with writing(place):
                files.require_plain(place / "inside" if name in (SPEC, CHECKPOINTS) else place, self.path)

    def write(self, name: str, text: str) -> None:
        """Write a file atomically; raise NetspecError (exit code 2) if that fails."""
        self.write_bytes(name, text.encode("utf-8"))

    def write_bytes(self, name: str, data: bytes) -> None:
        with writing(self.path / name):
            files.make_folder((self.path / name).parent, self.path)
            files.write(self.path / name, data, self.path)

    def put(self, document: Document) -> None:
        """Write a document of the run."""
        self.write_bytes(document.file, documents.written(document))

    def status(self, **words: Any) -> None:
        """Write the state of the run: running, finished, stopped, diverged or failed."""
        self.put(Status(process=os.getpid(), host=socket.gethostname(), **words))


@contextlib.contextmanager
def writing(path: Path) -> Iterator[None]:
    """Return a context that turns an OSError into a UsageError: NS866 for a link in the folder, else NS906."""
    try:
        yield
    except files.NotPlain as error:
        raise UsageError(Diagnostic("NS866", None, {"file": str(error.filename)})) from None
    except OSError as error:
        words: dict[str, Any] = {"file": str(path), "reason": reason(error)}
        raise UsageError(Diagnostic("NS906", None, words)) from None


def require_free(out: Path | None) -> None:
    """Raise UsageError for a folder in which no run can begin: it is not empty (NS851), or not writable (NS906)."""
    if out is None:
        return
    with writing(out):
        # A lock without settings is from a run that was killed before it began, so nothing is lost.
        begun = out.is_dir() and (out / LOCK).exists() and not (out / SETTINGS).exists()
        if out.exists() and not begun and (not out.is_dir() or any(out.iterdir())):
            hint = Hint("file" if not out.is_dir() else "resume" if _unfinished(Folder(out)) else "other")
            raise UsageError(Diagnostic("NS851", None, {"folder": str(out)}, hints=(hint,)))
        above = next(path for path in (out, *out.absolute().parents) if path.exists())
        if not above.is_dir() or not os.access(above, os.W_OK | os.X_OK):
            fault = errno.EACCES if above.is_dir() else errno.ENOTDIR
            raise OSError(fault, os.strerror(fault))


def new_folder(out: Path | None, net: str) -> Folder:
    """Create the folder for a new run: `out`, which must be empty, or the next free `runs/NET-N`."""
    if out is not None:
        require_free(out)
        with writing(out):
            files.make_folder(out)
        return Folder(out)
    number = 1
    while True:
        path = Path("runs") / f"{net}-{number}"
        with writing(path):
            try:
                files.make_new_folder(path)
                return Folder(path)
            except FileExistsError:
                number += 1


def _unfinished(folder: Folder) -> bool:
    """Whether a folder contains a run that can be resumed."""
    try:
        return documents.read(folder.path, Status).state != "finished"
    except NetspecError:
        return False


class Lock:
    """Prevents a second process from using the folder of a run. The system releases it however the process ends."""

    def __init__(self, folder: Folder) -> None:
        self.folder = folder
        self._stream: Any = None

    def __enter__(self) -> Lock:
        self.folder.require_plain()
        with writing(self.folder / LOCK):
            self._stream = files.open_plain(self.folder / LOCK, "a+b", self.folder.path)
        try:
            _lock(self._stream)
        except OSError:
            self._stream.seek(0)
            owner = self._stream.read(200).decode("utf-8", "replace").strip() or "?"
            self._stream.close()
            words = {"folder": str(self.folder.path), "owner": owner}
            raise UsageError(Diagnostic("NS852", None, words)) from None
        try:
            with writing(self.folder / LOCK):
                self._stream.truncate(0)
                self._stream.write(f"{os.getpid()} @ {socket.gethostname()}".encode())
                self._stream.flush()
        except NetspecError:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        # The file must stay: without it, two other processes could lock two different files of this name.
        with contextlib.suppress(OSError):  # what a full disk did not take
            self._stream.close()


def _lock(stream: Any) -> None:
    """Take an exclusive lock without waiting; raise OSError if another process has it."""
    try:
        import fcntl
    except ImportError:  # Windows
        windows: Any = import_module("msvcrt")
        stream.seek(0)
        windows.locking(stream.fileno(), windows.LK_NBLCK, 1)
        return
    fcntl.flock(stream.fileno(), fcntl.LOCK_EX | fcntl.LOCK_NB)


# ---- A spec and the files that it uses -> a copy in the run's folder, and back


MARK = "netspec.toml"


def put(spec: Spec, others: Sequence[Spec], folder: Folder) -> list[str]:
    """Copy the spec and the files of `--with`. Return the main file of each copy, relative to the folder's `spec`."""
    places = [_put(spec, folder, SPEC)]
    for number, other in enumerate(others, 1):
        places.append(f"with-{number}/{_put(other, folder, f'{SPEC}/with-{number}')}")
    return places


def _put(spec: Spec, folder: Folder, below: str) -> str:
    """Copy the files of one spec, keeping their places relative to each other. Return the place of the main file."""
    program = spec.program
    main = "spec.net"
    for unit in program.units.values():
        place = "spec.net"
        path = None if unit.source.path is None else unit.source.path.resolve()
        if path is not None and program.root is not None and path.is_relative_to(program.root):
            place = path.relative_to(program.root).as_posix()
        elif path is not None:
            place = path.name
        folder.write(f"{below}/{place}", unit.source.text)
        if unit is program.main:
            main = place
    folder.write(f"{below}/{MARK}", "")
    return main


def get(folder: Folder, place: str) -> Spec:
    """Read a spec from its copy; messages name it by its place in the run."""
    from netspec.spec import load

    root = folder.path / SPEC
    path = root / place
    with writing(path):
        files.require_plain(path, folder.path)
    if not os.path.lexists(path):
        documents.content(folder.path, f"{SPEC}/{place}")  # raises what a missing file of a run is
    if place.startswith("with-"):
        root /= Path(place).parts[0]
    return load(path, root=root)
