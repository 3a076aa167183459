"""`netspec serve` as a browser meets it: tokens, origins, hosts, the engine of a tab, and what ends it."""

from __future__ import annotations

import asyncio
import contextlib
import http.client
import json
import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from netspec.diagnostics.errors import NetspecError
from netspec.editor.engine import Engine, Refused, uri_of
from netspec.serve import app
from netspec.serve.folder import Folder, examples
from netspec.serve.runs import Runs

TEXT = 'use Twice from "inner/twice.net"\n\nnet n {\n  input  x: 4\n  output y: Twice(2) -> rellu\n}\n'
TWICE = "block Twice(c) {\n  input  x: d\n  output y: c perceptrons -> tanh\n}\n"


class Page:
    """A browser's side of one server."""

    def __init__(self, service: app.Service, port: int) -> None:
        self.service = service
        self.host = f"127.0.0.1:{port}"
        self.number = 0

    def get(self, path: str, **headers: str) -> tuple[int, http.client.HTTPMessage, bytes]:
        connection = http.client.HTTPConnection(self.host, timeout=60)
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        found = answer.status, answer.headers, answer.read()
        connection.close()
        return found

    def engine(self, token: str | None = None, origin: str | None = None, lang: str = "en") -> ClientConnection:
        address = f"ws://{self.host}/engine?lang={lang}&token={self.service.token if token is None else token}"
        return connect(address, origin=Origin(origin or f"http://{self.host}"), max_size=None, open_timeout=60)

    def send(self, tab: ClientConnection, message: dict[str, Any]) -> None:
        tab.send(json.dumps({"jsonrpc": "2.0", **message}))

    def ask(self, tab: ClientConnection, method: str, params: Any) -> dict[str, Any]:
        """Return the answer to a request; what is published before it is passed over."""
        self.number += 1
        self.send(tab, {"id": self.number, "method": method, "params": params})
        while True:
            found: dict[str, Any] = json.loads(tab.recv(60))
            if found.get("id") == self.number:
                return found


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    folder = tmp_path_factory.mktemp("opened")
    (folder / "inner").mkdir()
    (folder / "inner" / "twice.net").write_text(TWICE, encoding="utf-8")
    (folder / "one.net").write_text(TEXT, encoding="utf-8")
    own = examples()
    assert own is not None
    app.SPARE_AFTER = 1000  # an engine that no test asks anything takes a second of processor time
    service = app.Service(Folder(folder, 100_000, written=True), Folder(own, 100_000, written=False))
    listener = app.listening("127.0.0.1", 0)
    began: list[app.Server] = []

    async def main() -> None:
        began.append(app.Server(service))
        await began[0].serve(sockets=[listener])

    thread = threading.Thread(target=lambda: asyncio.run(main()))
    thread.start()
    yield Page(service, listener.getsockname()[1])
    began[0].handle_exit(signal.SIGTERM, None)
    thread.join(60)
    assert not thread.is_alive()


def test_a_page_needs_the_token_and_the_right_host(page: Page) -> None:
    assert page.get("/")[0] == 403
    assert page.get("/?token=wrong")[0] == 403
    status, headers, body = page.get(f"/?token={page.service.token}")
    assert status == 200
    assert b"page.js" in body
    assert "script-src 'self';" in headers["content-security-policy"]
    assert headers["x-content-type-options"] == "nosniff"
    assert page.get(f"/?token={page.service.token}", Host="evil.example")[0] == 400
    assert page.get("/static/page.js")[0] == 200
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static/..%2fapp.py", "/static//etc/passwd"):
        assert page.get(path)[0] == 404


@pytest.mark.parametrize(("token", "origin"), [("", None), (None, "http://evil.example"), (None, "null")])
def test_an_engine_needs_the_token_and_the_right_origin(page: Page, token: str | None, origin: str | None) -> None:
    with pytest.raises(InvalidStatus) as refused:
        page.engine(token, origin)
    assert refused.value.response.status_code == 403
    assert not page.service.tabs


def test_a_tab_has_the_engine_and_the_files(page: Page) -> None:
    with page.engine(lang="ko") as tab:
        page.ask(tab, "initialize", {"capabilities": {}, "locale": "ko"})
        listed = page.ask(tab, "serve/files", {})["result"]
        assert listed["folder"]["files"] == ["one.net", "inner/twice.net"]
        assert "zoo/resnet18.net" in listed["examples"]["files"]
        read = page.ask(tab, "serve/read", {"path": "one.net"})["result"]
        item = {
            "uri": f"{listed['folder']['uri']}/one.net",
            "languageId": "netspec",
            "version": 1,
            "text": read["text"],
        }
        page.send(tab, {"method": "textDocument/didOpen", "params": {"textDocument": item}})
        tab.send("{ no json")
        tab.send(b"bytes")
        assert "`rellu`" in page.ask(tab, "netspec/figure", {"textDocument": item})["error"]["message"]
        change = {"textDocument": item, "contentChanges": [{"text": TEXT.replace("rellu", "relu")}]}
        page.send(tab, {"method": "textDocument/didChange", "params": change})
        assert page.ask(tab, "netspec/figure", {"textDocument": item})["result"]["svg"].startswith("<svg")
        escape = page.ask(tab, "serve/read", {"path": "../one.net"})["error"]
        assert (escape["data"]["code"], "페이지는" in escape["message"]) == ("NS935", True)
        assert page.ask(tab, "serve/write", {"path": "zoo/resnet18.net", "text": "", "example": True})["error"]["data"]
        for method, params in (("serve/read", None), ("serve/read", {}), ("serve/x", {}), ("serve/write", {"path": 3})):
            assert page.ask(tab, method, params)["error"]
        # an address outside of the folder is a name alone: nothing beside it is read
        away = {**item, "uri": "file:///etc/x.net", "text": 'use Twice from "inner/twice.net"\nnet n {\n}\n'}
        page.send(tab, {"method": "textDocument/didOpen", "params": {"textDocument": away}})
        while (found := json.loads(tab.recv(60))).get("params", {}).get("uri") != away["uri"]:
            pass
        assert "NS603" in [one["code"] for one in found["params"]["diagnostics"]]


def test_a_worker_that_hangs_or_dies_and_a_message_too_large_close_their_own_tab(
    page: Page, monkeypatch: pytest.MonkeyPatch
) -> None:
    with page.engine() as other:
        page.ask(other, "initialize", {"capabilities": {}})
        others = set(page.service.tabs)
        # an engine that has died is not one that takes long, however late the machine notices
        for number, longest, expected in ((signal.SIGSTOP, 0.1, app.SLOW), (signal.SIGKILL, app.LONGEST, app.ENDED)):
            with page.engine() as tab:
                page.ask(tab, "initialize", {"capabilities": {}})
                [worker] = [one.worker for one in page.service.tabs - others]
                assert worker is not None
                monkeypatch.setattr(app, "LONGEST", longest)
                os.kill(worker.process.pid, number)
                page.send(tab, {"id": 999, "method": "netspec/choices", "params": {}})
                assert closed(tab) == expected
                monkeypatch.undo()
        assert page.ask(other, "netspec/choices", {})["result"]["views"]
        with contextlib.suppress(ConnectionClosed):  # the server may not read to the end
            other.send("x" * (app.LARGEST + 1))
        assert closed(other) in (1009, 1006)  # the second where the connection is reset before the reason is read


def closed(tab: ClientConnection) -> int | None:
    """Return the code with which a tab is closed."""
    with pytest.raises(ConnectionClosed):
        tab.recv(60)
    return tab.protocol.close_code


# ---- files


@pytest.mark.parametrize(
    "name",
    ["../a.net", "/etc/a.net", "a/../../b.net", ".hidden.net", ".git/a.net", "a.txt", "", "a\\b.net", "c:a.net",
     "a\0.net", "linked.net", "away/a.net"],
)  # fmt: skip
def test_no_path_leads_out(tmp_path: Path, name: str) -> None:
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.net").write_text("secret", encoding="utf-8")
    root = tmp_path / "root"
    root.mkdir()
    (root / "linked.net").symlink_to(tmp_path / "outside" / "a.net")
    (root / "away").symlink_to(tmp_path / "outside")
    folder = Folder(root, 1000, written=True)
    for use in (lambda: folder.read(name), lambda: folder.write(name, "x", None)):
        with pytest.raises(NetspecError) as refused:
            use()
        assert refused.value.diagnostic.code == "NS935"
    assert folder.names() == []
    assert (tmp_path / "outside" / "a.net").read_text(encoding="utf-8") == "secret"


def test_a_file_that_has_changed_is_not_written(tmp_path: Path) -> None:
    folder = Folder(tmp_path, 1000, written=True)
    first = folder.write("a.net", "one\r\n", None)
    assert folder.read("a.net") == ("one\r\n", first)
    second = folder.write("a.net", "two", first)
    for version in (first, None):
        with pytest.raises(NetspecError) as refused:
            folder.write("a.net", "three", version)
        assert refused.value.diagnostic.code == "NS936"
    assert folder.read("a.net") == ("two", second)
    for call in (lambda: folder.write("a.net", "x" * 1001, second), lambda: folder.write("no/a.net", "", None)):
        with pytest.raises(NetspecError) as refused:
            call()
        assert refused.value.diagnostic.code == "NS906"
    (tmp_path / "b.net").write_bytes(b"\xff")
    for name in ("b.net", "gone.net"):
        with pytest.raises(NetspecError) as refused:
            folder.read(name)
        assert refused.value.diagnostic.code == "NS924"


# ---- runs


def test_weights_are_read_below_the_folder_alone(tmp_path: Path) -> None:
    root = tmp_path / "root"
    root.mkdir()
    (tmp_path / "w.safetensors").write_bytes(b"no weights")
    (root / "out.safetensors").symlink_to(tmp_path / "w.safetensors")
    (root / "own.safetensors").write_bytes(b"no weights")
    engine = Engine(lambda method, params: None, roots=[root])
    engine.request("initialize", {"capabilities": {}})
    item = {"uri": uri_of(root / "a.net"), "text": "net n {\n  input x: 4\n  output y: 2 perceptrons\n}\n"}
    engine.notify("textDocument/didOpen", {"textDocument": item})
    for outside in ("../w.safetensors", "out.safetensors", str(tmp_path / "w.safetensors"), "own.net", "\0"):
        assert engine.request("netspec/figure", {"textDocument": item, "weights": outside})["svg"]
    with pytest.raises(Refused, match="own"):
        engine.request("netspec/figure", {"textDocument": item, "weights": "own.safetensors"})


def test_a_run_is_read_while_it_grows(tmp_path: Path) -> None:
    runs = Runs(Folder(tmp_path, 1000, written=True), ())
    assert runs.names() == []
    place = tmp_path / "runs" / "xor-1"
    (place / "checkpoints" / "step-000000010").mkdir(parents=True)
    (place / "status.json").write_text('{"state": "running"}', encoding="utf-8")
    (place / "metrics.jsonl").write_text('{"epoch":1}\n{"epo', encoding="utf-8")
    (place / "log.jsonl").write_text('{"event":"step","step":8}\n{"event":"saved"}\n{"ev', encoding="utf-8")
    (place / "checkpoints" / "step-000000010" / "weights.safetensors").touch()
    found = runs.read("xor-1", 0)
    assert found["rows"] == [{"epoch": 1}]
    assert found["step"] == {"event": "step", "step": 8}
    assert found["weights"] == "runs/xor-1/checkpoints/step-000000010/weights.safetensors"
    assert found["state"] == "stopped"  # nobody runs it any more
    (place / "metrics.jsonl").write_text('{"epoch":1}\n{"epoch":2}\n', encoding="utf-8")
    assert runs.read("xor-1", found["next"])["rows"] == [{"epoch": 2}]
    (place / "metrics.jsonl").write_text('{"epoch":1}\n', encoding="utf-8")  # it goes on from an earlier checkpoint
    assert runs.read("xor-1", 24)["rows"] == [{"epoch": 1}]
    (tmp_path / "away").symlink_to(place)
    (tmp_path / "runs" / "linked-1").symlink_to(place)
    for name in ("linked-1", "..", "../away", "", ".x", "a/b"):
        with pytest.raises(NetspecError) as refused:
            runs.read(name, 0)
        assert refused.value.diagnostic.code == "NS935"


def test_runs_are_bounded_and_end_when_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "a b.net").write_text("net n {\n", encoding="utf-8")
    program = tmp_path / "sleeper"
    program.write_text("#!/bin/sh\nexec sleep 60\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setattr("netspec.serve.runs.sys.executable", str(program))
    runs = Runs(Folder(tmp_path, 1000, written=True), ())
    assert [runs.start("a b.net", "en"), runs.start("a b.net", "ko")] == ["a-b-1", "a-b-2"]
    for call in (lambda: runs.start("a b.net", "en"), lambda: runs.go_on("a-b-1", "en")):
        with pytest.raises(NetspecError) as refused:
            call()
        assert refused.value.diagnostic.code == "NS944"
    with pytest.raises(NetspecError):
        runs.start("../a.net", "en")
    assert runs.read("a-b-1", 0)["state"] == "starting"
    runs.close()
    assert [going.process.wait(30) for going in runs.going.values()] == [-15, -15]
    assert runs.read("a-b-1", 0)["state"] == "failed"
