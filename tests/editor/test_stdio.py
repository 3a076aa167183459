"""`netspec lsp` as a process: a real client over standard input and output, and messages that are not well formed."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

from lsprotocol import types
from pygls.lsp.client import LanguageClient

SPECS = Path(__file__).resolve().parents[2] / "specs"
TEXT = "net n {\n  input  x: 4\n  output y: 2 perceptrons -> rellu\n}\n"


async def conversation() -> tuple[list[types.PublishDiagnosticsParams], types.Hover | None, int | None]:
    client = LanguageClient("test", "1")
    published: list[types.PublishDiagnosticsParams] = []
    arrived = asyncio.Event()

    @client.feature(types.TEXT_DOCUMENT_PUBLISH_DIAGNOSTICS)
    def take(params: types.PublishDiagnosticsParams) -> None:
        published.append(params)
        arrived.set()

    await client.start_io(sys.executable, "-m", "netspec", "lsp", "--stdio")
    result = await client.initialize_async(types.InitializeParams(types.ClientCapabilities(), locale="ko"))
    assert result.server_info is not None
    assert result.server_info.name == "netspec"
    client.initialized(types.InitializedParams())
    item = types.TextDocumentItem("untitled:one", "netspec", 1, TEXT)
    client.text_document_did_open(types.DidOpenTextDocumentParams(item))
    await asyncio.wait_for(arrived.wait(), 60)
    named = types.TextDocumentIdentifier(item.uri)
    hover = await client.text_document_hover_async(types.HoverParams(named, types.Position(2, 20)))
    await client.shutdown_async(None)
    client.exit(None)
    process = client._server
    assert process is not None
    await asyncio.wait_for(process.wait(), 60)
    await client.stop()
    return published, hover, process.returncode


def test_a_client_opens_a_text_and_asks() -> None:
    published, hover, code = asyncio.run(conversation())
    assert [(one.code, one.range.start.line) for one in published[0].diagnostics] == [("NS202", 2)]
    assert "단계" in published[0].diagnostics[0].message
    assert hover is not None
    assert code == 0


def framed(*contents: object) -> bytes:
    found = b""
    for content in contents:
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        found += b"Content-Length: %d\r\n\r\n" % len(data) + data
    return found


def test_what_is_not_well_formed_is_refused_and_the_server_goes_on() -> None:
    sent = framed(
        {"jsonrpc": "2.0", "id": 1, "method": "textDocument/hover", "params": {}},
        b"{ no json",
        [1, 2],
        b"[" * 100_000,
        {"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": 3}},
        {"jsonrpc": "2.0", "id": 2, "method": "initialize", "params": {"capabilities": {}}},
        {"jsonrpc": "2.0", "method": "textDocument/didChange", "params": None},
        {"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"textDocument": {"uri": "x", "text": None}}},
        {"jsonrpc": "2.0", "id": [5], "method": "textDocument/hover"},
        {"jsonrpc": "2.0", "method": "$/cancelRequest", "params": {"id": [5]}},
        {"jsonrpc": "2.0", "id": 3, "method": "textDocument/hover", "params": {"textDocument": {"uri": "x"}}},
        {"jsonrpc": "2.0", "id": 4, "method": "shutdown"},
        {"jsonrpc": "2.0", "method": "exit"},
    )
    done = subprocess.run([sys.executable, "-m", "netspec", "lsp"], input=sent, capture_output=True, timeout=120)
    answers = [json.loads(each.partition(b"\r\n\r\n")[2]) for each in done.stdout.split(b"Content-Length: ")[1:]]
    codes = {each.get("id"): each.get("error", {}).get("code") for each in answers}
    assert codes == {1: -32002, None: -32600, 2: None, 3: -32602, 4: None}
    assert b"NS923" not in done.stdout
    assert done.returncode == 0
    assert b"Traceback" not in done.stderr


def test_an_engine_that_is_warm_loads_nothing_for_a_first_figure() -> None:
    program = (
        "import sys\n"
        "from pathlib import Path\n"
        "from netspec.editor.engine import Engine, uri_of\n"
        "engine = Engine(print)\n"
        "engine.warm()\n"
        "assert not engine.initialized and not engine.documents\n"
        "before = set(sys.modules)\n"
        "engine.send = lambda *_: None\n"
        "engine.request('initialize', {})\n"
        "for path in map(Path, sys.argv[1:]):\n"
        "    item = {'uri': uri_of(path), 'text': path.read_text(encoding='utf-8')}\n"
        "    engine.notify('textDocument/didOpen', {'textDocument': item})\n"
        "    assert engine.request('netspec/figure', {'textDocument': item})['svg']\n"
        "print(*sorted(one for one in set(sys.modules) - before if one.startswith('netspec.figure')))\n"
    )
    post = [str(SPECS / "post" / name) for name in ("mlp.net", "lenet.net", "rnn.net", "tree.net")]
    done = subprocess.run([sys.executable, "-c", program, *post], capture_output=True, text=True, check=True)
    assert done.stdout == "\n"
