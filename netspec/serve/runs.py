"""`netspec train` for a page: runs begin, stop, go on and are read while they go. Each is an ordinary folder in `runs`.

A run is a process of its own, so it goes on when the page is closed; when the server ends, it is asked to stop, and
writes a checkpoint.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any, NamedTuple

from netspec import files
from netspec.diagnostics.catalogue import Language
from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic
from netspec.serve.folder import Folder

MOST = 2  # runs at the same time
SAVE_EVERY = "0.5s"  # so that the figure shows weights as they change; a run saves more seldom if that costs it time
MOST_ROWS = 500_000  # bytes of epochs in an answer
MOST_SAID = 4000


class Going(NamedTuple):
    """The process of a run, and what it has written to standard error."""

    process: subprocess.Popen[bytes]
    said: IO[bytes]


class Runs:
    """The runs below a folder.

    Parameters:
        folder: that of the specs; runs are in its `runs`.
        arguments: flags for `netspec train`, such as --allow.
    """

    def __init__(self, folder: Folder, arguments: Sequence[str]) -> None:
        self.folder = folder
        self.arguments = arguments
        self.root = folder.root / "runs"
        self.going: dict[str, Going] = {}

    def names(self) -> list[str]:
        """Return the names of the runs, the newest first."""
        with contextlib.suppress(OSError):
            found = [(one.stat().st_mtime, one.name) for one in self.root.iterdir() if _is_name(one.name)]
            return [name for _, name in sorted(found, reverse=True)]
        return []

    def start(self, spec: str, language: Language) -> str:
        """Train a spec as it is on the disk, and return the name of the run.

        Raises:
            UsageError: the path is not one of the folder's specs, or too many runs go (NS944).
        """
        self.folder.read(spec)
        stem = re.sub(r"[^\w-]", "-", Path(spec).stem) or "run"
        number = 1
        while os.path.lexists(self.root / f"{stem}-{number}") or f"{stem}-{number}" in self.going:
            number += 1
        name = f"{stem}-{number}"
        self._run(
            name, [spec, "--root", str(self.folder.root), "-o", f"runs/{name}", "--save-every", SAVE_EVERY], language
        )
        return name

    def stop(self, name: str) -> None:
        """Ask a run to write a checkpoint and end."""
        going = self.going.get(name)
        if going is not None and going.process.poll() is None:
            going.process.send_signal(signal.SIGTERM)

    def go_on(self, name: str, language: Language) -> None:
        """Go on with a run that has stopped."""
        self._place(name)
        self._run(name, ["--resume", f"runs/{name}"], language)

    def read(self, name: str, begin: int) -> dict[str, Any]:
        """Return the state of a run.

        Parameters:
            begin: how many bytes of its epochs the page has already.

        Returns:
            `state`, `rows`: the epochs after these bytes, `next`: what to give as `begin` next time, `weights`: the
            file of the newest weights, from the folder of the specs; `step`: the last step of the log, `said`: why it
            failed.
        """
        place = self._place(name)
        going = self.going.get(name)
        alive = going is not None and going.process.poll() is None
        status = self._json(place / "status.json")
        rows, end = self._rows(place / "metrics.jsonl", begin)
        steps = sorted(one.name for one in (place / "checkpoints").glob("step-*")) if place.is_dir() else []
        kept = [f"checkpoints/{step}/weights.safetensors" for step in steps[-1:]] + ["weights.safetensors"]
        weights = next((file for file in kept if (place / file).is_file()), None)
        said = ""
        state = str(status.get("state", "starting" if alive else "failed"))
        if going is not None and not alive and state not in ("finished", "stopped"):
            going.said.seek(0)
            said = going.said.read(MOST_SAID).decode("utf-8", "replace")
        return {
            "state": "running" if alive and state != "starting" else "stopped" if state == "running" else state,
            "rows": rows, "next": end, "step": self._last(place / "log.jsonl"), "said": said,
            "weights": None if weights is None else f"runs/{name}/{weights}",
        }  # fmt: skip

    def close(self) -> None:
        """Ask all runs to stop."""
        for name in self.going:
            self.stop(name)

    def _run(self, name: str, arguments: Sequence[str], language: Language) -> None:
        alive = [one for one, going in self.going.items() if going.process.poll() is None]
        if name in alive or len(alive) >= MOST:
            raise UsageError(Diagnostic("NS944", None, {"count": len(alive)}))
        said = tempfile.TemporaryFile()  # noqa: SIM115 - it lives as long as the process
        command = [sys.executable, "-P", "-m", "netspec", "train", *arguments, "--quiet", "--lang", language]
        nothing = subprocess.DEVNULL
        process = subprocess.Popen(
            [*command, *self.arguments], cwd=self.folder.root, stdin=nothing, stdout=nothing, stderr=said,
            start_new_session=True,  # Ctrl-C ends the server, which asks its runs to stop
        )  # fmt: skip
        self.going[name] = Going(process, said)

    def _place(self, name: str) -> Path:
        """Return the folder of a run; raise UsageError (NS935) for a name that is none, and for links."""
        place = self.root / name
        try:
            files.require_plain(place / "checkpoints", self.folder.root)
        except OSError:
            raise UsageError(Diagnostic("NS935", None, {"file": name})) from None
        if not _is_name(name):
            raise UsageError(Diagnostic("NS935", None, {"file": name}))
        return place

    def _json(self, place: Path) -> dict[str, Any]:
        with contextlib.suppress(OSError, ValueError):
            found = json.loads(files.read(place, self.folder.root, MOST_ROWS))
            return found if isinstance(found, dict) else {}
        return {}

    def _rows(self, place: Path, begin: int) -> tuple[list[Any], int]:
        """Return the whole lines after some bytes; from the start again if there are fewer bytes than before."""
        with contextlib.suppress(OSError, ValueError), files.open_regular(place, self.folder.root) as stream:
            begin = begin if begin <= os.fstat(stream.fileno()).st_size else 0
            stream.seek(begin)
            data: bytes = stream.read(MOST_ROWS)
            whole = data[: data.rfind(b"\n") + 1]
            return [json.loads(line) for line in whole.splitlines()], begin + len(whole)
        return [], begin

    def _last(self, place: Path) -> dict[str, Any] | None:
        with contextlib.suppress(OSError, ValueError), files.open_regular(place, self.folder.root) as stream:
            stream.seek(max(0, os.fstat(stream.fileno()).st_size - 4000))
            for line in reversed(stream.read(4000).splitlines()):
                if b'"event":"step"' in line and line.endswith(b"}"):
                    found: dict[str, Any] = json.loads(line)
                    return found
        return None


def _is_name(name: str) -> bool:
    return re.fullmatch(r"\w[\w.-]{0,99}", name) is not None
