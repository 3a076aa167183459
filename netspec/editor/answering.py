"""Messages of JSON-RPC -> calls of an engine, and its answers: what every carrier of the engine does alike."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from netspec.editor.engine import Engine

CANCELLED, PARSE_ERROR, INVALID_REQUEST, INTERNAL = -32800, -32700, -32600, -32603


class Answering:
    """Hands messages to an engine, one at a time; a carrier inherits from it and says how its answers are written."""

    def __init__(self) -> None:
        self.cancelled: set[Any] = set()

    def write(self, content: dict[str, Any]) -> None:
        """Send a message to the client; what is given lacks the version of the protocol."""
        raise NotImplementedError

    def take(self, engine: Engine, found: dict[str, Any]) -> None:
        """Answer one message of the client."""
        from netspec.editor.engine import Refused  # late: the command line names its carrier without the engine

        method, number = found.get("method"), found.get("id")
        if not isinstance(method, str):
            return  # an answer of the client; the engine asks nothing
        if not isinstance(number, int | str | None):  # no id: a list, a number that is not whole
            self.refuse(None, INVALID_REQUEST, "id")
            return
        if "id" not in found:
            self.guarded(lambda: engine.notify(method, found.get("params")))
            return
        if number in self.cancelled:
            self.cancelled.discard(number)
            self.refuse(number, CANCELLED, method)
            return
        if method != "initialize":
            self.guarded(engine.settle)  # the client sees what is wrong before an answer about the same text
        try:
            result = engine.request(method, found.get("params"))
        except Refused as refused:
            self.refuse(number, refused.code, str(refused))
        except Exception as error:
            self.refuse(number, INTERNAL, _unforeseen(error))
        else:
            self.write({"id": number, "result": result})

    def guarded(self, call: Callable[[], None]) -> None:
        """Call the engine; what is unforeseen goes into a file and into the editor's log, and the engine goes on."""
        try:
            call()
        except Exception as error:
            self.notify("window/logMessage", {"type": 1, "message": _unforeseen(error)})

    def notify(self, method: str, params: dict[str, Any]) -> None:
        self.write({"method": method, "params": params})

    def refuse(self, number: Any, code: int, text: str) -> None:
        self.write({"id": number, "error": {"code": code, "message": text}})


def packed(content: dict[str, Any]) -> str:
    """Return a message as it is sent, in ASCII and without a line break."""
    return json.dumps({"jsonrpc": "2.0", **content}, ensure_ascii=True, separators=(",", ":"))


def _unforeseen(error: Exception) -> str:
    """Return the message for an exception of the engine, whose traceback is written to a file."""
    from netspec.diagnostics.errors import UnforeseenError

    return UnforeseenError.of(error).text()
