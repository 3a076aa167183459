"""`netspec lsp`: the engine of an editor over standard input and output, in the Language Server Protocol.

The framing is a header and JSON. It is written here because the libraries for it are slow to start: pygls and its
types take longer to import than netspec takes to start, check a text and answer.
"""

from __future__ import annotations

import gc
import json
import os
import sys
import threading
from collections import deque
from pathlib import Path
from typing import Any, BinaryIO

import click

from netspec.cli.options import allow_option, check_root, common, limit_option, limits_of
from netspec.cli.output import language_of
from netspec.diagnostics.catalogue import phrase
from netspec.editor.answering import PARSE_ERROR, Answering, packed

LARGEST = 64_000_000  # bytes of a message
IDLE = 0.5  # seconds without a message after which garbage is collected
UNASKED = 0.1  # seconds without a first message after which no client waits
MOST_SETTLED = 60


@click.command("lsp")
@click.option(
    "--root",
    "roots",
    multiple=True,
    type=click.Path(path_type=Path),
    help="A folder that `use` may not leave; repeatable.",
)
@click.option("--stdio", is_flag=True, hidden=True)  # what many editors add
@limit_option
@allow_option()
@common
def lsp(roots: tuple[Path, ...], stdio: bool, limit: tuple[str, ...], lang: str | None, form: str) -> int:
    """Answer an editor over standard input and output (Language Server Protocol). Needs no torch."""
    from netspec.editor.engine import Engine

    for root in roots:
        check_root(root)
    set_ = lang is not None or "NETSPEC_LANG" in os.environ  # else the editor's language
    language = language_of(["--lang", lang] if lang else []) if set_ else None
    if sys.stdin.isatty():
        print(phrase("editor terminal", language or "en"), file=sys.stderr)
    streams: list[Any] = [getattr(stream, "buffer", stream) for stream in (sys.stdin, sys.stdout)]
    carrier = Carrier(*streams)
    return carrier.run(Engine(carrier.notify, language, roots, limits_of(limit)))


class Carrier(Answering):
    """Reads messages, hands them to an engine one at a time, and writes its answers.

    A thread reads ahead: what was wrong in a text that has changed again is not worked out, and a request that the
    client has cancelled is not answered but refused.
    """

    def __init__(self, incoming: BinaryIO, outgoing: BinaryIO) -> None:
        super().__init__()
        self.incoming = incoming
        self.outgoing = outgoing
        self.waiting: deque[dict[str, Any] | None] = deque()
        self.arrived = threading.Condition()
        self.writing = threading.Lock()
        self.settled = 0  # how often changes were checked since the last collection of garbage

    def run(self, engine: Any) -> int:
        """Serve until the client says `exit` or closes; return 1 if it has begun and not said `shutdown` before."""
        threading.Thread(target=self._read, daemon=True).start()
        gc.disable()  # else a collection may come while somebody types, and take as long as ten edits
        while True:
            with self.arrived:
                if not self.waiting:
                    ready = None
                else:
                    ready = self.waiting.popleft()
                    if ready is None:
                        return int(engine.initialized and not engine.stopped)
            if ready is None:
                self.guarded(engine.settle)
                self.settled += 1
                with self.arrived:
                    idle = not self.waiting and not self.arrived.wait(IDLE if engine.initialized else UNASKED)
                if idle and not engine.initialized:
                    self.guarded(engine.warm)
                if idle or self.settled > MOST_SETTLED:
                    gc.collect()
                    self.settled = 0
                with self.arrived:
                    while not self.waiting:
                        self.arrived.wait()
                continue
            if ready.get("method") == "exit":
                return int(not engine.stopped)
            self.take(engine, ready)

    def write(self, content: dict[str, Any]) -> None:
        data = packed(content).encode()
        with self.writing:  # both threads write
            self.outgoing.write(b"Content-Length: %d\r\n\r\n" % len(data) + data)
            self.outgoing.flush()

    # ---- reading

    def _read(self) -> None:
        """Put what arrives into the queue; None at the end."""
        found: dict[str, Any] | None = {}
        while found is not None:
            try:
                found = self._message()
            except (OSError, ValueError):  # the client has closed
                found = None
            with self.arrived:
                if found is not None and found.get("method") == "$/cancelRequest":
                    params = found.get("params")
                    number = params.get("id") if isinstance(params, dict) else None
                    if isinstance(number, int | str) and any(
                        each is not None and each.get("id") == number for each in self.waiting
                    ):
                        self.cancelled.add(number)
                    continue
                if found != {}:
                    self.waiting.append(found)
                self.arrived.notify()
            if found is not None and found.get("method") == "exit":
                return  # at the end of the program no thread may wait for input

    def _message(self) -> dict[str, Any] | None:
        """Read one message; {} for one that is not well formed, None at the end of the input."""
        length = -1
        while True:
            line = self.incoming.readline(10_000)
            if not line:
                return None
            name, _, value = line.partition(b":")
            if name.strip().lower() == b"content-length" and value.strip().isdigit():
                length = int(value[:20])
            if not line.strip() and length >= 0:
                break
        if length > LARGEST:
            return None
        data = self.incoming.read(length)
        if len(data) < length:
            return None
        try:
            found = json.loads(data)
        except (ValueError, RecursionError):
            self.refuse(None, PARSE_ERROR, "JSON")
            return {}
        return found if isinstance(found, dict) else {}
