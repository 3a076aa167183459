"""HTTP and WebSocket -> the page, its files, and one engine for each tab.

A WebSocket carries the messages of the Language Server Protocol, one in a frame. Those whose methods begin with
`serve/` are about files and runs and are answered here; all others go to the tab's own worker. A worker that dies, or
that takes too long, closes its WebSocket with a code of its own; the page has the text and connects again.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import re
import secrets
import socket
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import MutableHeaders
from starlette.middleware import Middleware
from starlette.middleware.trustedhost import TrustedHostMiddleware
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket, WebSocketDisconnect

from netspec.diagnostics.catalogue import Language, phrase
from netspec.serve.folder import Files, Folder, answered
from netspec.serve.runs import Runs
from netspec.serve.worker import Worker

PAGE = Path(__file__).with_name("page")
LONGEST = 20.0  # seconds of processor time that an engine may take for a request
PATIENCE = 6  # the same on the clock, as a multiple: a machine may be busy with other programs
SPARE_AFTER = 1.0  # seconds until the engine of the next tab starts: not while this one draws its first figure
LARGEST = 8_000_000  # bytes of a message from the page
MOST_TABS = 40
ENDED, SLOW, FULL = 4001, 4002, 4003  # why a WebSocket was closed, for the page
LOOPBACK = ("127.0.0.1", "localhost", "[::1]", "::1")
# script-src: built files alone. style-src: CodeMirror and pictures in figures have style attributes
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:;"
    " font-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "cache-control": "no-cache",
}
_ANSWER = re.compile(rb'\{"jsonrpc":"2\.0","id":(\d+),')


class Service:
    """What stands behind the pages of one `netspec serve`.

    Parameters:
        folder: the specs that may be opened and saved.
        examples: specs that may be opened.
        arguments: the flags of the engine.
        first: the file that a page shows first.
        language: the language of messages; None for that of the page.
        host: the address that is listened on.
    """

    def __init__(
        self,
        folder: Folder,
        examples: Folder | None,
        arguments: Sequence[str] = (),
        first: str = "",
        language: Language | None = None,
        host: str = "127.0.0.1",
    ) -> None:
        self.files = Files(folder, examples, first)
        self.arguments = [*arguments, *(word for root in self.files.roots for word in ("--root", str(root)))]
        self.runs = Runs(folder, arguments)
        self.language = language
        self.token = secrets.token_urlsafe(18)
        self.tabs: set[Tab] = set()
        self._spare: asyncio.Task[Worker] | None = None
        hosts = ["*"] if host in ("", "0.0.0.0", "::") else [*LOOPBACK, host]
        self.app = Starlette(
            routes=[
                Route("/", self._page),
                WebSocketRoute("/engine", self._engine),
                Mount("/static", StaticFiles(directory=PAGE)),
            ],
            middleware=[Middleware(_Headers), Middleware(TrustedHostMiddleware, allowed_hosts=hosts)],
        )

    def _known(self, request: Request | WebSocket) -> bool:
        given = request.query_params.get("token", "")
        return secrets.compare_digest(given.encode(), self.token.encode())

    async def _page(self, request: Request) -> Response:
        if not self._known(request):
            korean = request.headers.get("accept-language", "").lower().startswith("ko")
            return PlainTextResponse(phrase("serve token", "ko" if korean else "en") + "\n", 403)
        return Response((PAGE / "index.html").read_bytes(), media_type="text/html")

    async def _engine(self, connection: WebSocket) -> None:
        origin = urlsplit(connection.headers.get("origin", ""))
        if not self._known(connection) or origin.netloc != connection.headers.get("host"):
            await connection.close()  # before it is accepted: 403
            return
        await connection.accept()
        if len(self.tabs) >= MOST_TABS:
            await connection.close(FULL)
            return
        tab = Tab(self, connection)
        self.tabs.add(tab)
        try:
            await tab.run(await self._worker())
        finally:
            self.tabs.discard(tab)

    # ---- workers

    async def _worker(self) -> Worker:
        """Return the spare worker, and start another one for the next tab."""
        spare = self._spare or self.prepare()
        self._spare = None
        worker = await spare
        asyncio.get_running_loop().call_later(SPARE_AFTER, self.prepare)
        return worker

    def prepare(self) -> asyncio.Task[Worker]:
        """Start a worker before a tab needs it."""
        if self._spare is None:
            self._spare = asyncio.create_task(Worker.start(self.arguments))
        return self._spare

    def close(self) -> None:
        """End all workers; runs write a checkpoint first."""
        self.runs.close()
        for tab in self.tabs:
            tab.end(ENDED)
        if self._spare is not None and self._spare.done() and not self._spare.exception():
            self._spare.result().kill()

    # ---- requests about files and runs

    def answer(self, language: Language, method: str, params: Any) -> Any:
        """Return the result of a request of the page about files or runs."""
        match method:
            case "serve/files":
                return {**self.files.answer(method, params), "runs": self.runs.names()}
            case "serve/train":
                return {"run": self.runs.start(str(params["path"]), language)}
            case "serve/resume":
                return self.runs.go_on(str(params["run"]), language)
            case "serve/stop":
                return self.runs.stop(str(params["run"]))
            case "serve/run":
                return self.runs.read(str(params["run"]), int(params.get("begin") or 0))
        return self.files.answer(method, params)


class Tab:
    """One page that is open: its WebSocket and its worker."""

    def __init__(self, service: Service, connection: WebSocket) -> None:
        self.service = service
        self.connection = connection
        asked = connection.query_params.get("lang", "")
        self.language: Language = service.language or ("ko" if asked.startswith("ko") else "en")
        self.worker: Worker | None = None
        self.code = ENDED
        self._waiting: dict[int, asyncio.TimerHandle] = {}

    async def run(self, worker: Worker) -> None:
        """Carry messages until the page or the worker ends."""
        self.worker = worker
        tasks = [asyncio.create_task(self._from_page()), asyncio.create_task(self._from_worker())]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            worker.kill()
            for timer in self._waiting.values():
                timer.cancel()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, worker.process.wait(), return_exceptions=True)
        with contextlib.suppress(RuntimeError, WebSocketDisconnect):  # the page has closed already
            await self.connection.close(self.code)

    def end(self, code: int) -> None:
        """End the worker; the page is told why."""
        self.code = code
        if self.worker is not None:
            self.worker.kill()

    async def _from_page(self) -> None:
        assert self.worker is not None
        while True:
            frame = await self.connection.receive()
            if frame["type"] == "websocket.disconnect":
                return
            text = frame.get("text") or ""
            try:
                found = json.loads(text)
            except (ValueError, RecursionError):
                continue
            if not isinstance(found, dict):
                continue
            method, number = found.get("method"), found.get("id")
            if isinstance(method, str) and method.startswith("serve/"):
                ask = partial(self.service.answer, self.language)
                answer = await asyncio.to_thread(answered, ask, method, found.get("params"), self.language)
                await self.connection.send_text(json.dumps({"jsonrpc": "2.0", "id": number, **answer}))
                continue
            if isinstance(method, str) and isinstance(number, int) and number not in self._waiting:
                self._wait(number, asyncio.get_running_loop().time(), self.worker.used())
            await self.worker.send(text.encode("utf-8", "surrogatepass"))

    def _wait(self, number: int, begun: float, used: float) -> None:
        """End the worker if it takes too long for a request that came at a time, with so much processor time used."""
        loop = asyncio.get_running_loop()

        def late() -> None:
            if self.worker is None or self.worker.used() - used < LONGEST > (loop.time() - begun) / PATIENCE:
                self._wait(number, begun, used)
            else:
                self.end(SLOW)

        self._waiting[number] = loop.call_later(LONGEST, late)

    async def _from_worker(self) -> None:
        assert self.worker is not None
        while (data := await self.worker.receive()) is not None:
            answered = _ANSWER.match(data)
            timer = self._waiting.pop(int(answered[1]), None) if answered else None
            if timer is not None:
                timer.cancel()
            await self.connection.send_text(data.decode("utf-8"))


class _Headers:
    """Adds the headers that bind a browser to every answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        await self.app(scope, receive, sent)


class Server(uvicorn.Server):
    """A server that sleeps until it is told to end; uvicorn's own wakes up ten times a second."""

    def __init__(self, service: Service) -> None:
        super().__init__(
            uvicorn.Config(
                service.app,
                log_level="warning",
                access_log=False,
                lifespan="off",
                ws="websockets-sansio",
                ws_max_size=LARGEST,
                ws_per_message_deflate=False,  # page and server share a machine: to compress a figure takes longer
                ws_ping_interval=None,
                server_header=False,
                timeout_graceful_shutdown=1,
            )
        )
        self.service = service
        self.told = asyncio.Event()

    async def main_loop(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.service.prepare()
        if not self.should_exit:
            await self.told.wait()
        self.service.close()

    def handle_exit(self, sig: int, frame: Any) -> None:
        super().handle_exit(sig, frame)
        self.loop.call_soon_threadsafe(self.told.set)


def listening(host: str, port: int) -> socket.socket:
    """Return a socket that listens; raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    found = socket.create_server((host, port), family=family)
    found.set_inheritable(False)
    return found


def run(service: Service, listener: socket.socket) -> None:
    """Serve until Ctrl-C."""

    async def main() -> None:
        await Server(service).serve(sockets=[listener])

    asyncio.run(main())
