"""The engine inside the page itself, where no server is: Pyodide runs this module in a Worker of the browser.

`message` takes the text of one message and returns those of the answers, a line each: a Worker has no streams and no
threads. Files are those of the Worker: `FOLDER` for what is saved in the browser, and the examples, read only.
"""

from __future__ import annotations

import gc
import json
from array import array
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
PREPARED = Path(__file__).with_name("prepared.json")  # in the page alone: page/runtime/prepare.py writes it


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
        if method == "serve/plan":
            from netspec.training.page import page_plan

            return page_plan(self.engine.spec(params), _prepared)
        if method in ("serve/train", "serve/resume", "serve/stop", "serve/run"):
            raise UsageError(Diagnostic("NS921", None, {"command": "netspec train"}))
        if method == "netspec/figure":
            raise UsageError(Diagnostic("NS921", None, {"command": f"netspec render -o net.{params['form']}"}))
        return self.files.answer(method, params)

    def _flushed(self) -> str:
        said, self.said = self.said, []
        return "\n".join(said)


def _prepared(key: str) -> Any:
    """Return the rows of a data section that `./dev site` has put into the page; None for any other."""
    try:
        found = json.loads(PREPARED.read_bytes())
    except OSError:
        return None
    section = found["sections"].get(key)
    if section is None:
        return None
    fields = {name: found["fields"][own] for name, own in section["fields"].items()}
    for own in fields.values():
        own["values"] = array("f", [value / own["by"] for value in own["values"]]).tolist()
    return {**section, "fields": fields}
