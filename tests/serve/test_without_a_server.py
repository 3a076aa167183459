"""The page without a server: the engine as its Worker calls it, and the folder that `netspec site` writes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from netspec.diagnostics.errors import UsageError
from netspec.editor.engine import Engine
from netspec.files import sha256
from netspec.serve import site
from netspec.serve.inside import Inside

TWICE = "block Twice(c) {\n  input  x: d\n  output y: c perceptrons -> tanh\n}\n"
TEXT = 'use Twice from "twice.net"\n\nnet n {\n  input  x: 4\n  output y: Twice(2) -> rellu\n}\n'


class Page:
    """The messages of a page, and what its Worker says."""

    def __init__(self, folder: Path) -> None:
        self.inside = Inside(folder)
        self.told: list[dict[str, Any]] = []
        self.ask("initialize", {"capabilities": {}, "locale": "ko"})

    def send(self, message: dict[str, Any]) -> list[dict[str, Any]]:
        said = self.inside.message(json.dumps({"jsonrpc": "2.0", **message})) + "\n" + self.inside.settle()
        return [json.loads(line) for line in said.split("\n") if line]

    def ask(self, method: str, params: Any) -> dict[str, Any]:
        found = self.send({"id": 1, "method": method, "params": params})
        self.told += [one for one in found if "id" not in one]
        [answer] = [one for one in found if "id" in one]
        return answer


def test_a_worker_answers_as_the_engine_does_and_refuses_what_needs_more(tmp_path: Path) -> None:
    page = Page(tmp_path / "browser")  # which is not there: a memory that was kept has no folders
    listed = page.ask("serve/files", {})["result"]
    assert listed["folder"]["files"] == listed["runs"] == []
    assert site.FIRST in listed["examples"]["files"]
    assert page.ask("serve/write", {"path": "twice.net", "text": TWICE, "version": None})["result"]["version"]
    item = {"uri": f"{listed['folder']['uri']}/one.net", "text": TEXT}
    [told] = page.send({"method": "textDocument/didOpen", "params": {"textDocument": item}})
    assert [one["code"] for one in told["params"]["diagnostics"]] == ["NS202"]
    text = TEXT.replace("rellu", "relu")
    page.send(
        {
            "method": "textDocument/didChange",
            "params": {"textDocument": {"uri": item["uri"], "version": 2}, "contentChanges": [{"text": text}]},
        }
    )
    here = {"textDocument": {"uri": item["uri"]}, "position": {"line": 3, "character": 0}}
    engine = Engine(lambda method, params: None, "ko", [tmp_path / "browser"])
    engine.request("initialize", {})
    engine.notify("textDocument/didOpen", {"textDocument": {**item, "text": text}})
    assert page.ask("netspec/figure", here)["result"]["svg"] == engine.request("netspec/figure", here)["svg"]
    for method, params, command in (
        ("serve/train", {"path": "one.net"}, "netspec train"),
        ("netspec/figure", {**here, "form": "pdf"}, "netspec render"),
    ):
        refused = page.ask(method, params)["error"]
        assert refused["data"]["code"] == "NS921"
        assert command in refused["message"]
        assert "서버가 없습니다" in refused["message"]
    for path in ("../x.net", "zoo/../../x.net"):
        assert page.ask("serve/read", {"path": path})["error"]["data"]["code"] == "NS935"
    assert (
        page.ask("serve/write", {"path": site.FIRST, "text": "", "example": True})["error"]["data"]["code"] == "NS935"
    )


@pytest.fixture
def runtime(tmp_path: Path) -> Path:
    folder = tmp_path / "runtime"
    folder.mkdir()
    (folder / site.FACTS).write_text(json.dumps({"code": site.code(), "specs": "/specs"}), encoding="utf-8")
    (folder / "snapshot.bin.gz").write_bytes(b"memory")
    return folder


def test_the_folder_has_the_hash_of_every_file_and_a_policy(tmp_path: Path, runtime: Path) -> None:
    out = tmp_path / "site"
    manifest = site.write(out, site.runtime_of(runtime))
    there = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert there == {*manifest, "manifest.json"}
    assert {"index.html", "static/page.js", "static/worker.js", "runtime/snapshot.bin.gz"} <= there
    for name, facts in json.loads((out / "manifest.json").read_bytes()).items():
        assert facts["sha256"] == sha256((out / name).read_bytes())
    index = (out / "index.html").read_text(encoding="utf-8")
    assert "script-src 'self' 'wasm-unsafe-eval' blob:;" in index
    found = re.search(r'<script type="application/json" id="site">(.*)</script>', index)
    assert found is not None
    told = json.loads(found[1])
    assert told["first"] in told["examples"]["files"]
    assert "net mlp" in told["text"]
    assert re.findall(r"(?:src|href)=\"(?!static/|data:)", index) == []
    # once more: what belongs to the page no more goes, and a file of somebody else stops it before anything is written
    (runtime / "snapshot.bin.gz").rename(runtime / "other.bin.gz")
    assert "runtime/other.bin.gz" in site.write(out, runtime)
    assert not (out / "runtime" / "snapshot.bin.gz").exists()


def test_no_folder_of_somebody_else_is_written(tmp_path: Path, runtime: Path) -> None:
    (tmp_path / "mine.txt").touch()
    link = tmp_path / "out"
    link.mkdir()
    (link / "static").symlink_to(tmp_path)
    for out in (tmp_path, link):
        with pytest.raises(UsageError) as refused:
            site.write(out, runtime)
        assert refused.value.diagnostic.code == "NS906"
    assert not (tmp_path / "page.js").exists()


def test_a_runtime_is_asked_for_and_must_be_of_this_code(tmp_path: Path, runtime: Path) -> None:
    (tmp_path / "empty").mkdir()
    (runtime / site.FACTS).write_text('{"code": "other", "specs": "/specs"}', encoding="utf-8")
    for given, code in ((None, "NS910"), (tmp_path / "empty", "NS910"), (runtime, "NS941")):
        with pytest.raises(UsageError) as refused:
            site.runtime_of(given)
        assert refused.value.diagnostic.code == code
