"""The engine of an editor: it takes and gives the messages of the Language Server Protocol, and knows no transport.

    engine = Engine(send)
    engine.request("initialize", {...})        # returns the result; raises Refused
    engine.notify("textDocument/didChange", {...})
    engine.settle()                            # once no message waits: publishes what is wrong in changed documents

A carrier calls these one at a time. Texts that are not saved take the place of their files, also for the `use` lines
of other texts. No file is read but those that `netspec check` would read, and no module of a user is imported.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit
from urllib.request import pathname2url, url2pathname

from netspec.diagnostics.catalogue import Language, Words, entries, explained, message
from netspec.diagnostics.errors import SpecError
from netspec.diagnostics.model import Diagnostic, help_lines, label_text, message_text
from netspec.editor import answers, changes, completion, fixes
from netspec.editor.parts import Checked, Checker, Place, Placed
from netspec.editor.text import Encoding, Text
from netspec.ir.graph import Graph
from netspec.limits import DEFAULT, Limits
from netspec.source import Span
from netspec.spec import Spec
from netspec.syntax import tree
from netspec.version import VERSION

Send = Callable[[str, dict[str, Any]], None]
MOST_PUBLISHED = 200  # diagnostics of a document; an editor shows no more
_SEVERITY = {"error": 1, "warning": 2, "note": 3}


_START: Final = {"line": 0, "character": 0}
_WARM: Final = """net units {
  input  x: 4 over 3
  hidden h: x & h[t-1] -> 4 perceptrons -> tanh
  output y: 3 perceptrons
}
net maps {
  input  x: 1@8x8
  hidden c: 2 filters 3x3 -> relu -> maxpool(2)
  output y: 3 perceptrons
}
net boxes {
  input  x: 3@8x8
  hidden c: 3 filters 3x3 (pad = same) -> batchnorm
  output y: x + c -> relu
}
"""  # a net for each kind of figure


class Refused(Exception):
    """A request that has no answer; `code` is that of JSON-RPC, and the text is a sentence for the user."""

    def __init__(self, code: int, text: str) -> None:
        super().__init__(text)
        self.code = code


INVALID_PARAMS, METHOD_NOT_FOUND, FAILED, NOT_INITIALIZED = -32602, -32601, -32803, -32002


class Document:
    """One open text: its versions, and the last graph of each of its nets that had no mistake."""

    def __init__(self, uri: str, text: Text, version: int, limits: Limits, root: Path | None) -> None:
        self.uri = uri
        self.text = text
        self.version = version
        path = path_of(uri)
        self.path = None if path is None else os.path.realpath(path)
        name = os.path.basename(unquote(urlsplit(uri).path)) or "untitled.net"
        self.place = Place(name, None if path is None else Path(path).parent, root, limits)
        self.checker = Checker(self.place)
        self.graphs: dict[str, Graph] = {}
        self._checked: Checked | None = None

    def change(self, text: Text, version: int) -> None:
        self.text, self.version, self._checked = text, version, None

    def forget(self, path: str | None = None) -> bool:
        """Forget what was read from other files; return whether the document reads the file, or any."""
        found = self.checker.forget(path)
        if found:
            self._checked = None
        return found

    def checked(self, opened: dict[str, str]) -> Checked:
        """Check the text, unless that is done; keep the graphs of nets without a mistake."""
        if self._checked is None:
            self._checked = self.checker.check(self.text.text, opened)
            for placed in self._checked.parts:
                if placed.part.spec is not None:
                    self.graphs |= placed.part.spec.graphs
            for name in self.graphs.keys() - self.checker.names:
                if re.search(rf"\b{re.escape(name)}\b", self.text.text) is None:  # else its head may be half written
                    del self.graphs[name]
        return self._checked

    def range(self, placed: Placed, start: int, end: int) -> dict[str, Any]:
        """Return the range in the document of a place in a part."""
        begin = placed.out(start)
        return self.text.range(begin, max(begin, placed.out(end - 1) + 1 if end > start else begin))


def path_of(uri: str) -> str | None:
    """Return the path of a file on this machine; None for what is not a file, such as a text that was never saved."""
    parts = urlsplit(uri)
    if parts.scheme != "file" or parts.netloc not in ("", "localhost") or "\0" in unquote(parts.path):
        return None
    return url2pathname(parts.path)


def uri_of(path: str | os.PathLike[str]) -> str:
    return f"file://{pathname2url(os.path.abspath(path))}"


class Engine:
    """The documents that are open, and the answers to requests about them.

    Args:
        send: takes the notifications of the engine: a method and its params.
        language: the language of messages; None for that of the client.
        roots: folders outside of which `use` reads no files: each text stays in the innermost that it lies in, else in
            the first. Without any it is as in `netspec.load`.
        limits: bounds on the size of a spec.
    """

    def __init__(
        self, send: Send, language: Language | None = None, roots: Sequence[Path] = (), limits: Limits = DEFAULT
    ) -> None:
        self.send = send
        self.language: Language = language or "en"
        self._fixed = language is not None
        self.roots = [root.resolve() for root in roots]
        self.limits = limits
        self.documents: dict[str, Document] = {}
        self.encoding: Encoding = "utf-16"
        self.initialized = self.stopped = False
        self._changed: dict[str, None] = {}
        self._codes = ""  # the address of the explanation of a code, with {code}
        self._snippets = False
        self._requests: dict[str, Callable[[Any], Any]] = {
            "initialize": self._initialize,
            "shutdown": self._shutdown,
            "textDocument/codeAction": self._actions,
            "completionItem/resolve": lambda item: completion.resolved(dict(item), self.language),
            "netspec/explain": self._explain,
            "netspec/choices": self._choices,
            **{method: self._answering(answer) for method, answer in answers.REQUESTS.items()},
        }
        self._notifications: dict[str, Callable[[Any], None]] = {
            "textDocument/didOpen": self._opened,
            "textDocument/didChange": self._edited,
            "textDocument/didClose": self._closed,
            "textDocument/didSave": self._saved,
            "workspace/didChangeWatchedFiles": self._watched,
        }

    # ---- messages

    @property
    def methods(self) -> list[str]:
        """The methods of all requests and notifications that the engine takes."""
        return [*self._requests, *self._notifications]

    def request(self, method: str, params: Any) -> Any:
        """Return the result of a request. Raises Refused if it has none."""
        answer = self._requests.get(method)
        if answer is None:
            raise Refused(METHOD_NOT_FOUND, self._said(Diagnostic("NS932", None, {"method": method[:100]})))
        if not self.initialized and method != "initialize":
            raise Refused(NOT_INITIALIZED, self._said(Diagnostic("NS933", None, {"method": method[:100]})))
        wrong = misfit({} if params is None else params, _SHAPES.get(method, _OPEN), "params")
        if wrong is not None:
            words: Words = {"method": method[:100], "reason": wrong}
            raise Refused(INVALID_PARAMS, self._said(Diagnostic("NS934", None, words)))
        try:
            return answer({} if params is None else params)
        except answers.Unanswered as error:
            raise Refused(FAILED, self._said(error.diagnostic)) from None

    def notify(self, method: str, params: Any) -> None:
        """Take a notification; one that is unknown or not well formed changes nothing."""
        take = self._notifications.get(method)
        if take is not None and self.initialized and misfit(params, _SHAPES.get(method, {}), "params") is None:
            take(params)

    def settle(self) -> None:
        """Check the documents that changed, and publish what is wrong in them; called when no message waits."""
        while self._changed:
            uri = next(iter(self._changed))
            del self._changed[uri]
            if uri in self.documents:
                self._publish(self.documents[uri])

    def warm(self) -> None:
        """Answer requests that nobody makes, so that the first of a client finds loaded what it needs."""
        other = Engine(lambda method, params: None, limits=self.limits)
        other.request("initialize", {})
        item = {"uri": "untitled:warm.net", "text": _WARM}
        document = {"textDocument": item, "range": {"start": _START, "end": _START}}
        other.notify("textDocument/didOpen", document)
        other.settle()
        for method in ("textDocument/semanticTokens/full", "textDocument/inlayHint", "netspec/choices"):
            other.request(method, document)
        for name in ("units", "maps", "boxes"):
            other.request("netspec/figure", {**document, "net": name})

    def _said(self, diagnostic: Diagnostic) -> str:
        text = message(diagnostic.code, diagnostic.words, self.language)
        return "\n".join([text, *help_lines(diagnostic, self.language)])

    # ---- life

    def _initialize(self, params: Any) -> dict[str, Any]:
        self.initialized = True
        locale = str(params.get("locale") or "")
        if not self._fixed:
            self.language = "ko" if locale.lower().startswith("ko") else "en"
        client = params.get("capabilities") or {}
        encodings = (client.get("general") or {}).get("positionEncodings") or ["utf-16"]
        self.encoding = next((each for each in ("utf-32", "utf-16", "utf-8") if each in encodings), "utf-16")
        completion = ((client.get("textDocument") or {}).get("completion") or {}).get("completionItem") or {}
        self._snippets = bool(completion.get("snippetSupport"))
        options = params.get("initializationOptions")
        if isinstance(options, dict):
            self._codes = str(options.get("codes") or "")
        return {
            "capabilities": {"positionEncoding": self.encoding, **answers.CAPABILITIES},
            "serverInfo": {"name": "netspec", "version": VERSION},
        }

    def _shutdown(self, params: Any) -> None:
        self.stopped = True

    # ---- documents

    def _opened(self, params: Any) -> None:
        item = params["textDocument"]
        text = Text(str(item["text"]), self.encoding)
        uri = str(item["uri"])
        document = Document(uri, text, int(item.get("version") or 0), self.limits, self._root_of(uri))
        self.documents[document.uri] = document
        self._stale(document, anything=True)

    def _root_of(self, uri: str) -> Path | None:
        path = path_of(uri)
        real = Path(os.path.realpath(path or os.sep))
        around = [root for root in self.roots if real.is_relative_to(root)]
        return max(around or self.roots[:1], key=lambda root: len(root.parts), default=None)

    def _inside(self, name: str) -> Path | None:
        """Return the path of a file of weights below the first root; None for any other."""
        for root in self.roots[:1]:
            path = Path(os.path.realpath(root / name)) if "\0" not in name else root
            if path.suffix == ".safetensors" and path.is_relative_to(root):
                return path
        return None

    def _edited(self, params: Any) -> None:
        document = self.documents.get(str(params["textDocument"]["uri"]))
        if document is not None:
            text = document.text.changed(list(params["contentChanges"]))
            document.change(text, int(params["textDocument"].get("version") or 0))
            self._stale(document)

    def _closed(self, params: Any) -> None:
        document = self.documents.pop(str(params["textDocument"]["uri"]), None)
        if document is not None:
            self._stale(document, anything=True)
            self.send("textDocument/publishDiagnostics", {"uri": document.uri, "diagnostics": []})

    def _saved(self, params: Any) -> None:
        self._watched(params)

    def _watched(self, params: Any) -> None:
        for document in self.documents.values():
            if document.forget():
                self._changed[document.uri] = None

    def _stale(self, document: Document, anything: bool = False) -> None:
        """Mark a document as changed, and those that use it; `anything`: also those whose files may now be found."""
        if document.uri in self.documents:
            self._changed[document.uri] = None
        for other in self.documents.values():
            if other is not document and document.path is not None:
                if other.forget(None if anything else document.path):
                    self._changed[other.uri] = None

    @property
    def opened(self) -> dict[str, str]:
        """Return the text of each open document, by the real path of its file."""
        return {one.path: one.text.text for one in self.documents.values() if one.path is not None}

    def _document(self, params: Any) -> Document:
        uri = str(params["textDocument"]["uri"])
        document = self.documents.get(uri)
        if document is None:
            raise answers.Unanswered(Diagnostic("NS931", None, {"file": uri[:200]}))
        return document

    def spec(self, params: Any) -> Spec:
        """Return an open text as a checked spec. Raises SpecError if it has mistakes."""
        document = self._document(params)
        part = document.checked(self.opened).parts[0].part  # a text with sections is one part
        if part.spec is None or part.failed:
            raise SpecError(*part.diagnostics)
        return part.spec

    def _answering(self, answer: answers.Answer) -> Callable[[Any], Any]:
        def asked(params: Any) -> Any:
            document = self._document(params)
            checked = document.checked(self.opened)
            ask = answers.Ask(document.text, checked, document.graphs, self.language, self._uri_of(document))
            ask.snippets, ask.inside = self._snippets, self._inside
            return answer(ask, params)

        return asked

    def _uri_of(self, document: Document) -> Callable[[Span, Placed], str]:
        def uri(span: Span, placed: Placed) -> str:
            if span.source is placed.part.source or span.source.path is None:
                return document.uri
            real = os.path.realpath(span.source.path)
            open_ = next((one.uri for one in self.documents.values() if one.path == real), None)
            return open_ or uri_of(span.source.path)

        return uri

    # ---- mistakes

    def _publish(self, document: Document) -> None:
        checked = document.checked(self.opened)
        found = [self._as_lsp(document, placed, one) for placed, one in checked.said()]
        found.sort(key=lambda one: (one["range"]["start"]["line"], one["range"]["start"]["character"]))
        params = {"uri": document.uri, "version": document.version, "diagnostics": found[:MOST_PUBLISHED]}
        self.send("textDocument/publishDiagnostics", params)

    def _as_lsp(self, document: Document, placed: Placed, diagnostic: Diagnostic) -> dict[str, Any]:
        """Return a diagnostic as the protocol has it. What is wrong in a used file stands at the `use` line."""
        span = diagnostic.span
        own = span is not None and span.source is placed.part.source
        related = [(label.span, label_text(diagnostic, label, self.language)) for label in diagnostic.labels]
        lines = [message_text(diagnostic, self.language), *help_lines(diagnostic, self.language)]
        if span is not None and not own:
            related.insert(0, (span, lines[0]))
            lines[0] = f"{span}: {lines[0]}"
        start, end = (span.start, span.end) if span is not None and own else _use_line(placed, span)
        if own and diagnostic.label is not None:
            lines[0] += f" ({label_text(diagnostic, diagnostic.label, self.language)})"
        result: dict[str, Any] = {
            "range": document.range(placed, start, end),
            "severity": _SEVERITY[diagnostic.severity],
            "code": diagnostic.code,
            "source": "netspec",
            "message": "\n".join(lines),
        }
        if self._codes:
            result["codeDescription"] = {"href": self._codes.replace("{code}", diagnostic.code)}
        if diagnostic.code in answers.UNNECESSARY:
            result["tags"] = [1]
        uri = self._uri_of(document)
        if related:
            result["relatedInformation"] = [
                {"location": self._location(document, placed, each, uri), "message": text or lines[0]}
                for each, text in related
            ]
        return result

    def _location(
        self, document: Document, placed: Placed, span: Span, uri: Callable[[Span, Placed], str]
    ) -> dict[str, Any]:
        if span.source is placed.part.source:
            return {"uri": document.uri, "range": document.range(placed, span.start, span.end)}
        return {"uri": uri(span, placed), "range": Text(span.source.text, self.encoding).range(span.start, span.end)}

    def _actions(self, params: Any) -> list[dict[str, Any]]:
        """Return the fixes of the mistakes in a range, and the action that makes every certain fix."""
        document = self._document(params)
        start, end = document.text.span(params["range"])
        only = (params.get("context") or {}).get("only")
        checked = document.checked(self.opened)
        found: list[dict[str, Any]] = []
        for placed, diagnostic in checked.said():
            span = diagnostic.span
            if span is None or span.source is not placed.part.source:
                continue
            if placed.out(span.start) <= end and start <= placed.out(span.end):
                for title, certain, made in fixes.offered(
                    document.checker, placed.part, diagnostic, self.opened, self.language
                ):
                    found.append(
                        {
                            "title": title,
                            "kind": "quickfix",
                            "isPreferred": certain,
                            "diagnostics": [self._as_lsp(document, placed, diagnostic)],
                            "edit": self._edit(document, placed, made),
                        }
                    )
        if only and any(_of_kind(str(kind), "refactor") for kind in only):  # up to six checks: not unasked
            placed, inside = checked.at(start)
            for kind, title, made in changes.offered(document.checker, placed.part, inside, self.opened, self.language):
                edit = self._edit(document, placed, made)
                found.append({"title": title, "kind": f"refactor.rewrite.{kind}", "edit": edit})
        if only and any(str(kind).startswith("source") for kind in only):
            made = fixes.certain(document.checker, document.text.text, self.opened)
            edits = [{"range": document.text.range(start, end), "newText": text} for start, end, text in made]
            if edits:
                title = fixes.title_of_all(self.language)
                edit = {"changes": {document.uri: edits}}
                found.append({"title": title, "kind": "source.fixAll.netspec", "edit": edit})
        return [one for one in found if not only or any(_of_kind(one["kind"], str(kind)) for kind in only)]

    def _edit(self, document: Document, placed: Placed, made: fixes.Made) -> dict[str, Any]:
        edits = [{"range": document.range(placed, start, end), "newText": text} for start, end, text in sorted(made)]
        return {"changes": {document.uri: edits}}

    def _explain(self, params: Any) -> dict[str, str]:
        """Return the page of a code, as `netspec explain` prints it."""
        code = str(params["code"]).upper()
        if code not in entries() or code == "shared":
            raise answers.Unanswered(Diagnostic("NS907", None, {"code": code[:20]}))
        return {"text": explained(code, self.language)}

    def _choices(self, params: Any) -> dict[str, Any]:
        """Return the views, themes and formats of figures, with what each is for."""
        from netspec.figure.backends import WRITERS
        from netspec.figure.themes import THEMES
        from netspec.figure.views import VIEWS

        korean = self.language == "ko"

        def listed(registry: Any) -> list[dict[str, str]]:
            found = ((name, registry[name]) for name in registry)
            return [{"name": name, "about": (korean and one.about_ko) or one.about} for name, one in found]

        return {"views": listed(VIEWS), "themes": listed(THEMES), "formats": listed(WRITERS)}


def _of_kind(kind: str, wanted: str) -> bool:
    return kind == wanted or kind.startswith(f"{wanted}.")


def _use_line(placed: Placed, span: Span | None) -> tuple[int, int]:
    """Return the place of the `use` line that names the file of a span; the beginning if there is none."""
    spec = placed.part.spec
    if spec is None or span is None:
        return 0, 0
    uses = [item for item in spec.program.main.file.declarations if isinstance(item, tree.Use)]
    named = [item for item in uses if os.path.basename(item.file.value) == os.path.basename(span.source.name)]
    return next((item.file.at for item in (*named, *uses)), (0, 0))


# what is read of the parameters of a method: types by key, a list of one shape; `?` after what may be left out
_PLACE: Final = {"line": int, "character": int}
_RANGE: Final = {"start": _PLACE, "end": _PLACE}
_OPEN: Final = {"textDocument": {"uri": str}, "position?": _PLACE, "net?": str}  # a request about an open text
_HERE: Final = {**_OPEN, "position": _PLACE}
_IN: Final = {**_OPEN, "range": _RANGE, "context?": {"only?": [str]}}
_CLIENT: Final = {
    "general?": {"positionEncodings?": [str]},
    "textDocument?": {"completion?": {"completionItem?": {}}},
}
_SHAPES: Final[dict[str, Any]] = {
    **dict.fromkeys((f"textDocument/{name}" for name in answers.AT_A_POSITION), _HERE),
    **dict.fromkeys(("textDocument/codeAction", "textDocument/inlayHint", "textDocument/rangeFormatting"), _IN),
    "initialize": {"capabilities?": _CLIENT},
    "shutdown": {},
    "completionItem/resolve": {},
    "netspec/choices": {},
    "netspec/explain": {"code": str},
    "textDocument/references": {**_HERE, "context?": {}},
    "textDocument/rename": {**_HERE, "newName": str},
    "textDocument/selectionRange": {**_OPEN, "positions": [_PLACE]},
    "textDocument/didOpen": {"textDocument": {"uri": str, "text": str, "version?": int}},
    "textDocument/didChange": {
        "textDocument": {"uri": str, "version?": int},
        "contentChanges": [{"text": str, "range?": _RANGE}],
    },
    "textDocument/didClose": {"textDocument": {"uri": str}},
}


def misfit(value: Any, shape: Any, path: str) -> str | None:
    """Return where a value of JSON has not the shape that is read, such as `params.position.line`; None if it has."""
    if isinstance(shape, dict):
        if not isinstance(value, dict):
            return path
        for key, inner in shape.items():
            name, found = key.rstrip("?"), value.get(key.rstrip("?"))
            if found is not None or name == key:
                wrong = misfit(found, inner, f"{path}.{name}")
                if wrong is not None:
                    return wrong
        return None
    if isinstance(shape, list):
        if not isinstance(value, list):
            return path
        return next(filter(None, (misfit(each, shape[0], f"{path}[]") for each in value)), None)
    return None if isinstance(value, shape) and not isinstance(value, bool) else path
