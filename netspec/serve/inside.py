"""The engine inside the page itself, where no server is: Pyodide runs this module in a Worker of the browser.

`message` takes the text of one message and returns those of the answers, a line each: a Worker has no streams and no
threads. Files are those of the Worker: `FOLDER` for what is saved in the browser, and the examples, read only.
"""

from __future__ import annotations

import gc
import json
from pathlib import Path
from typing import Any

from netspec.diagnostics.catalogue import Language
from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic
from netspec.editor.answering import Answering, packed
from netspec.editor.engine import Engine
from netspec.limits import DEFAULT
from netspec.serve.folder import Files, Folder, answered, examples

FOLDER = Path("/browser")


class Inside(Answering):
    """An engine and the files of one page."""

    def __init__(self, folder: Path = FOLDER) -> None:
        super().__init__()
        told = examples()
        own = None if told is None else Folder(told, DEFAULT.bytes, written=False)
        self.files = Files(Folder(folder, DEFAULT.bytes, written=True), own)
        self.engine = Engine(self.notify, roots=self.files.roots)
        self.said: list[str] = []

    def write(self, content: dict[str, Any]) -> None:
        self.said.append(packed(content))

    def message(self, text: str) -> str:
        """Answer one message; return the messages for the page, a line each."""
        found = json.loads(text)
        method = str(found.get("method"))
        params = found.get("params")
        drawn = method == "netspec/figure" and isinstance(params, dict) and params.get("form", "svg") != "svg"
        if method.startswith("serve/") or drawn:
            self.write({"id": found["id"], **answered(self.answer, method, params, self.language)})
        else:
            self.take(self.engine, found)
        return self._flushed()

    def settle(self) -> str:
        """Return what is wrong in the texts that changed; called when no message waits."""
        self.guarded(self.engine.settle)
        return self._flushed()

    def rest(self) -> None:
        """Collect garbage, which is not done while somebody types."""
        gc.collect()

    @property
    def language(self) -> Language:
        return self.engine.language

    def answer(self, method: str, params: Any) -> Any:
        """Return the result of a request about files; what needs more than the browser has is refused (NS921)."""
        if method == "serve/write":  # a memory that was kept has no folders
            self.files.folder.root.mkdir(exist_ok=True)
        if method == "serve/files":
            return {**self.files.answer(method, params), "runs": []}
        if method in ("serve/train", "serve/resume", "serve/stop", "serve/run"):
            raise UsageError(Diagnostic("NS921", None, {"command": "netspec train"}))
        if method == "netspec/figure":
            raise UsageError(Diagnostic("NS921", None, {"command": f"netspec render -o net.{params['form']}"}))
        return self.files.answer(method, params)

    def _flushed(self) -> str:
        said, self.said = self.said, []
        return "\n".join(said)
