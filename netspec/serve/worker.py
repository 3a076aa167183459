"""The engine in a process of its own: `netspec lsp`, which may hang, grow or die without the server."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Sequence

MEMORY = 4_000_000_000  # bytes of address space, where the system can bound it


class Worker:
    """A running engine. `send` and `receive` carry the bytes of one message of JSON-RPC."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @classmethod
    async def start(cls, arguments: Sequence[str]) -> Worker:
        """Start `netspec lsp` with some flags. `-P`: a file in the current folder takes the place of no module."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "netspec", "lsp", *arguments),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        with contextlib.suppress(ImportError, AttributeError, OSError, ValueError):
            import resource

            resource.prlimit(process.pid, resource.RLIMIT_AS, (MEMORY, MEMORY))
        return cls(process)

    async def send(self, data: bytes) -> None:
        """Hand on one message; what was sent to a process that has ended is lost."""
        stream = self.process.stdin
        assert stream is not None
        with contextlib.suppress(ConnectionError):
            stream.write(b"Content-Length: %d\r\n\r\n%b" % (len(data), data))
            await stream.drain()

    async def receive(self) -> bytes | None:
        """Return the next message; None once the process has ended."""
        stream = self.process.stdout
        assert stream is not None
        try:
            head = await stream.readuntil(b"\r\n\r\n")
            return await stream.readexactly(int(head.partition(b":")[2]))
        except (asyncio.IncompleteReadError, ConnectionError):
            return None

    def used(self) -> float:
        """Return the seconds of processor time so far; 0 where the system does not tell."""
        try:
            with open(f"/proc/{self.process.pid}/stat", "rb") as stream:
                fields = stream.read().rpartition(b")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        except (OSError, ValueError, IndexError, AttributeError):
            return 0.0

    def kill(self) -> None:
        if self.process.returncode is None:  # `Process.kill` would take the end of the process from asyncio's watcher
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.process.pid, signal.SIGKILL)
