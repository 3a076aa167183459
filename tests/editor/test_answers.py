"""What the language server answers: golden answers over every method, each read by the types of the protocol."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import converters, types

from netspec.diagnostics.catalogue import Language
from netspec.editor import words
from netspec.editor.engine import Engine, Refused
from tests.editor.texts import TEXTS

GOLDEN = Path(__file__).with_name("answers.txt")
FOLDER = "file:///nowhere"
AT_PLACES = (
    "textDocument/hover",
    "textDocument/completion",
    "textDocument/signatureHelp",
    "textDocument/definition",
    "textDocument/references",
    "textDocument/documentHighlight",
    "textDocument/prepareRename",
    "textDocument/rename",
    "textDocument/selectionRange",
)
OF_TEXTS = (
    "textDocument/codeAction",
    "textDocument/documentSymbol",
    "textDocument/foldingRange",
    "textDocument/semanticTokens/full",
    "textDocument/inlayHint",
    "textDocument/formatting",
    "textDocument/rangeFormatting",
    "netspec/figure",
    "netspec/table",
    "netspec/source",
)
START = {"line": 0, "character": 0}
STEP = types.CompletionItemKind.Function
# of the steps and words of the registries, which grow, a few stand for all
KNOWN = {"relu", "maxpool", "zeros", "LSTM", "sklearn", "columns", "cross_entropy", "adam"}
CONVERTER = converters.get_converter()


class Client:
    """An editor in the same process: what it is answered must be what the protocol says."""

    def __init__(self, **initialize: Any) -> None:
        self.published: dict[str, list[Any]] = {}
        self.engine = Engine(self._told)
        self.ask("initialize", {"capabilities": {}, "processId": None, "rootUri": None, **initialize})

    def _told(self, method: str, params: Any) -> None:
        kind = types.METHOD_TO_TYPES[method][0]
        CONVERTER.structure({"jsonrpc": "2.0", "method": method, "params": params}, kind)
        self.published[params["uri"].rpartition("/")[2]] = params["diagnostics"]

    def ask(self, method: str, params: Any) -> Any:
        result = json.loads(json.dumps(self.engine.request(method, params)))
        if method in types.METHOD_TO_TYPES:
            kind = types.METHOD_TO_TYPES[method][1]
            CONVERTER.structure({"jsonrpc": "2.0", "id": 1, "result": result}, kind)
        return result

    def open(self, name: str, text: str) -> dict[str, Any]:
        item = {"uri": f"{FOLDER}/{name}.net", "languageId": "netspec", "version": 1, "text": text}
        self.engine.notify("textDocument/didOpen", {"textDocument": item})
        self.engine.settle()
        return {"textDocument": {"uri": item["uri"]}}

    def change(self, name: str, *changes: dict[str, Any]) -> list[Any]:
        document = {"uri": f"{FOLDER}/{name}.net", "version": 2}
        self.engine.notify("textDocument/didChange", {"textDocument": document, "contentChanges": list(changes)})
        self.engine.settle()
        return self.published[f"{name}.net"]


def place(text: str, offset: int) -> dict[str, int]:
    before = text[:offset]
    line = before.rpartition("\n")[2]
    return {"line": before.count("\n"), "character": len(line.encode("utf-16-le")) // 2}


def places(marked: str) -> Iterator[dict[str, int]]:
    text = marked.replace("‸", "")
    at = -1
    for number in range(marked.count("‸")):
        at = marked.index("‸", at + 1)
        yield place(text, at - number)


def short(value: Any) -> Any:
    """An answer in which ranges are one text, and what is long is cut."""
    if isinstance(value, dict):
        if value.keys() == {"start", "end"}:
            (a, b), (c, d) = ((end["line"], end["character"]) for end in (value["start"], value["end"]))
            return f"{a}:{b}-{d}" if a == c else f"{a}:{b}-{c}:{d}"
        if value.keys() == {"line", "character"}:
            return f"{value['line']}:{value['character']}"
        return {key: short(item) for key, item in value.items() if key not in ("sortText", "document")}
    if isinstance(value, list):
        return [short(item) for item in value]
    if isinstance(value, str) and value.startswith("<svg"):
        return f"svg with {value.count('data-layer')} marks"
    return value[:400] + "…" if isinstance(value, str) and len(value) > 400 else value


def told(method: str, answer: Any) -> str:
    if method.endswith("completion"):
        items = sorted(answer["items"], key=lambda item: item["sortText"])
        answer = [item["label"] for item in items if item["kind"] != STEP or item["label"] in KNOWN][:14]
    return json.dumps(short(answer), ensure_ascii=False)


@pytest.fixture(scope="module")
def client() -> Client:
    found = Client()
    for name, text in TEXTS.items():
        found.open(name, text.replace("‸", ""))
    return found


def cases() -> Iterator[tuple[str, str, dict[str, Any]]]:
    for name, marked in TEXTS.items():
        document = {"textDocument": {"uri": f"{FOLDER}/{name}.net"}}
        whole = {"start": {"line": 0, "character": 0}, "end": {"line": 99, "character": 0}}
        for method in OF_TEXTS:
            part = {"start": {"line": 0, "character": 0}, "end": {"line": 2, "character": 0}}
            span = part if method.endswith("rangeFormatting") else whole
            yield name, method, {**document, "range": span, "context": {"diagnostics": []}, "options": {}}
        for at in places(marked):
            for method in AT_PLACES:
                more = {"positions": [at], "newName": "renamed", "context": {"includeDeclaration": True}}
                yield name, method, {**document, "position": at, **more}


def asked(client: Client) -> str:
    rows = [
        f"published {name} {json.dumps(short(found), ensure_ascii=False)}" for name, found in client.published.items()
    ]
    for name, method, params in cases():
        at = f" {params['position']['line']}:{params['position']['character']}" if "position" in params else ""
        try:
            answer = told(method, client.ask(method, params))
        except Refused as refused:
            answer = f"refused: {refused}"
        rows.append(f"{method} {name}{at}\n  {answer}")
    return "\n".join(rows) + "\n"


def test_answers(client: Client, refresh: bool) -> None:
    found = asked(client)
    if refresh:
        GOLDEN.write_text(found, encoding="utf-8")
    assert found.splitlines() == GOLDEN.read_text(encoding="utf-8").splitlines()


def test_enough_is_asked() -> None:
    every = [*cases()]
    assert len(every) >= 150
    assert len({method for _, method, _ in every}) >= 18


# ---- the life of a text


def test_an_edit_by_range_in_units_of_utf_16(client: Client) -> None:
    text = 'net n "😀" {\n  input  x: 4\n  output y: 2 perceptrons  "😀 -> rellu"\n}\n'
    client.open("edited", text)
    assert client.published["edited.net"] == []
    start = place(text, text.index('"😀 ->'))
    found = client.change("edited", {"range": {"start": start, "end": start}, "text": "-> rellu "})
    assert [one["code"] for one in found] == ["NS202"]
    assert found[0]["range"]["start"]["character"] == start["character"] + 3


def test_a_text_that_is_not_saved_stands_in_place_of_its_file(tmp_path: Path) -> None:
    (tmp_path / "wide.net").write_text("block Wide {\n  input  x: d\n  output y: 3 perceptrons\n}\n", encoding="utf-8")
    client = Client()
    main = f"{tmp_path.as_uri()}/main.net"
    other = f"{tmp_path.as_uri()}/wide.net"
    text = 'use Wide from "wide.net"\n\nnet n {\n  input  x: 4\n  output y: Wide\n}\n'
    client.engine.notify("textDocument/didOpen", {"textDocument": {"uri": main, "version": 1, "text": text}})
    client.engine.settle()
    assert client.published["main.net"] == []
    changed = "block Other {\n  input  x: d\n  output y: 3 perceptrons\n}\n"
    client.engine.notify("textDocument/didOpen", {"textDocument": {"uri": other, "version": 1, "text": changed}})
    client.engine.settle()
    assert [one["code"] for one in client.published["main.net"]] == ["NS602"]
    client.engine.notify("textDocument/didClose", {"textDocument": {"uri": other}})
    client.engine.settle()
    assert client.published["main.net"] == []


def test_types_are_those_of_the_last_text_without_a_mistake() -> None:
    client = Client()
    text = (
        "block B(c) {\n  input  x: d\n  output y: c perceptrons\n}\n\nnet first {\n  input  x: 4\n  output y: B(3)\n}\n"
    )
    document = client.open("kept", text)
    whole = {"start": START, "end": {"line": 99, "character": 0}}

    def types_() -> list[str]:
        return [one["label"] for one in client.ask("textDocument/inlayHint", {**document, "range": whole})]

    assert types_() == ["is 3", "is 3"]
    client.change("kept", {"text": text.replace("B(3)", "B(3) -> rel")})
    assert types_() == ["is 3", "is 3"]
    client.change("kept", {"text": text.replace("first", "second").replace("B(3)", "B(7)")})
    assert types_() == ["is 7", "is 7"]


def test_no_file_outside_of_the_folder_is_read(tmp_path: Path) -> None:
    inner = tmp_path / "inner"
    inner.mkdir()
    (tmp_path / "secret.net").write_text("block Secret {\n  input  x: d\n  output y: x\n}\n", encoding="utf-8")
    client = Client()
    text = 'use Secret from "../secret.net"\n\nnet n {\n  input  x: 4\n  output y: Secret\n}\n'
    uri = f"{inner.as_uri()}/main.net"
    client.engine.notify("textDocument/didOpen", {"textDocument": {"uri": uri, "version": 1, "text": text}})
    client.engine.settle()
    assert [one["code"] for one in client.published["main.net"]] == ["NS603"]


def test_the_language_of_the_editor() -> None:
    client = Client(locale="ko-KR")
    client.open("wrong", TEXTS["wrong"].replace("‸", ""))
    assert client.published["wrong.net"][0]["message"].startswith("단계 `rellu`") or "rellu" in str(client.published)
    assert any("가" <= letter <= "힣" for letter in client.published["wrong.net"][0]["message"])


@pytest.mark.parametrize(
    ("method", "params", "code"),
    [
        (
            "textDocument/hover",
            {"textDocument": {"uri": "file:///none"}, "position": {"line": 0, "character": 0}},
            -32803,
        ),
        ("textDocument/hover", {"textDocument": {"uri": f"{FOLDER}/wrong.net"}}, -32602),
        ("textDocument/hover", {"textDocument": {"uri": f"{FOLDER}/wrong.net"}, "position": {"line": "x"}}, -32602),
        ("textDocument/hover", None, -32602),
        ("textDocument/nothing", {}, -32601),
        ("netspec/explain", {"code": "NS000"}, -32803),
    ],
)
def test_what_cannot_be_answered_is_refused_in_a_sentence(client: Client, method: str, params: Any, code: int) -> None:
    with pytest.raises(Refused) as refused:
        client.engine.request(method, params)
    assert refused.value.code == code
    assert str(refused.value)


def test_parts_say_what_the_whole_says(tmp_path: Path) -> None:
    """A text that is checked in parts has the mistakes of `netspec check`, edit after edit."""
    from netspec.editor.parts import Checker, Place
    from netspec.limits import DEFAULT

    nets = [
        f"block b{n}(c) {{\n  input  x: k @ h x w\n  output y: c filters 1x1 -> relu\n}}\n\n"
        f"net n{n} {{\n  input  x: 3@8x8\n"
        f"  hidden z: b{n}({n + 1}) -> b{n}(2)\n  output y: mean(space) -> 4 perceptrons\n}}\n"
        for n in range(4)
    ]
    text = "netspec 1\n\ndefault filters (bias = false)\n\n" + "\n".join(nets)
    edits = [
        ("b2(3) -> b2(2)", "b2(3) -> b3(2)"),
        ("b1(2) -> b1(2)", "b1(2) -> rellu"),
        ("net n3", "net n2"),
        ("output y: mean(space) -> 4 perceptrons", "output y: mean(space) -> 4 perceptrons (bia = false)"),
        ("block b0(c)", "block b0(c, spare)"),
        ("input  x: 3@8x8", "input  x: 3@8x8 over"),
        ("(bias = false)", "(bias = 3)"),
    ]
    checker = Checker(Place("t.net", None, None, DEFAULT))
    apart = 0
    for old, new in edits:
        for number in range(text.count(old)):
            pieces = text.split(old)
            changed = old.join(pieces[: number + 1]) + new + old.join(pieces[number + 1 :])
            checked = checker.check(changed, {})
            apart += len(checked.parts) > 1
            whole = checker.checked([changed], {})
            found = {
                (one.code, None if one.span is None else placed.out(one.span.start), one.message)
                for placed, one in checked.said()
            }
            wanted = {
                (one.code, None if one.span is None else one.span.start, one.message) for one in whole.diagnostics
            }
            if whole.spec is not None and whole.spec.program.report.failed:
                assert found >= wanted  # nets without a mistake are checked to the end beside one that does not parse
            else:
                assert found == wanted
    assert apart > 10


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_word_of_the_language_has_a_meaning(language: Language) -> None:
    """Steps, nouns, settings and what they may name, also those that are added later."""
    for name in [*words.steps(), "perceptrons", "filter"]:
        assert words.step(name, language), name
    for kind in ("data", "train", "figure"):
        for name in words.settings(kind):
            assert words.setting(kind, name, language), name
            for word in words.values(kind, name):
                assert name == "net" or words.setting(kind, name, language) or words.entry(kind, word, language), word
