"""200 hostile texts as captions, names of columns and classes of runs that train: their folders keep their structure.

Four runs take fifty texts each, so that every text stands in a run folder in each of its places.
"""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from outlines import code_shape, code_tokens, json_shape, svg_shape
from strings import nasty

from netspec.cli import main
from netspec.training.loop.loop import Loop

torch = pytest.importorskip("torch")
TEXTS = nasty()
EACH = 50
MISSING = ("null", "NaN")  # in a table these words say that a cell is empty
CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
ENDING = """
data {{
  source = csv("{file}")
  x = columns({columns})
  label = label("class")
  split = [0.5, 0.5]
}}

train {{
  loss = cross_entropy(y, label)
  metrics = [accuracy(y, label)]
  epochs = 2
  batch = 100
}}
"""
Folder = dict[str, Any]


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def classes_of(texts: list[str]) -> list[str]:
    return [f"{text}!" if text in MISSING else text for text in texts]


class Killed(BaseException):
    pass


def trained(folder: Path, texts: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[Folder, Folder]:
    """A run whose layers, columns and classes are named by the texts: when it is cut, and when it has gone on."""
    folder.mkdir()
    captions = [quoted(text) for text in texts]
    lines = [f"net first {captions[0]} {{", f"  input x: {EACH} {captions[0]}"]
    lines += [f"  hidden h{place}: 2 perceptrons {caption}" for place, caption in enumerate(captions[1:-1])]
    lines += [f"  output y: {EACH} perceptrons {captions[-1]}", "}"]
    spec = "\n".join(lines) + "\n" + ENDING.format(file="data.csv", columns=", ".join(captions))
    spec += f"\nfigure {{\n  view = neurons\n  captions = [{', '.join(captions[1:])}]\n}}\n"
    (folder / "first.net").write_text(spec, encoding="utf-8")
    classes = classes_of(texts)
    with (folder / "data.csv").open("w", encoding="utf-8", newline="") as file:
        rows = csv.writer(file)
        rows.writerow([*texts, "class"])
        for number in range(2 * EACH):
            rows.writerow([*([number] * EACH), classes[number % EACH]])
    run, plain, steps = folder / "run", Loop.step, []

    def step(loop: Any, *given: Any) -> None:
        steps.append(1)
        if len(steps) == 2:
            raise Killed
        plain(loop, *given)

    flags = [str(folder / "first.net"), "--threads", "1", "--save-every", "1", "--out", str(run)]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Loop, "step", step)
        with pytest.raises(Killed):
            main(["train", *flags])
    cut = outline(run)
    code = main(["train", "--resume", str(run)])
    said = capsys.readouterr()
    assert code == 0, said.err
    assert not CONTROL.search(said.out + said.err)
    return cut, outline(run)


def outline(run: Path) -> Folder:
    """File by file, the structure of what a run has written."""
    readers: dict[str, Callable[[str], object]] = {
        ".json": lambda text: json_shape(json.loads(text)),
        ".jsonl": lambda text: [json_shape(json.loads(line)) for line in text.splitlines()],
        ".py": lambda text: (code_shape(text), code_tokens(text)),
        ".svg": svg_shape,
        ".toml": str,
        ".net": lambda text: None,  # compared with what was given
        ".lock": lambda text: None,
    }
    found: Folder = {}
    for path in sorted(run.rglob("*")):
        name = path.relative_to(run).as_posix()
        if path.suffix == ".safetensors":
            from safetensors import safe_open

            with safe_open(str(path), "pt") as file:
                found[name] = (sorted(file.keys()), json_shape(file.metadata() or {}))
        elif path.is_file():
            text = path.read_text(encoding="utf-8")
            if path.suffix in (".json", ".jsonl"):
                assert not CONTROL.search(text), name
            found[name] = readers[path.suffix or path.name](text)
        else:
            found[name] = "folder"
    return found


@pytest.mark.parametrize("runs", [1, pytest.param(4, marks=pytest.mark.soak)])
def test_run_folders_and_logs(tmp_path: Path, capsys: pytest.CaptureFixture[str], runs: int) -> None:
    """One run takes every fourth text, four of them take all."""
    plain = trained(tmp_path / "plain", [f"plain {number}" for number in range(EACH)], capsys)
    assert any("checkpoint" in name for name in plain[0])
    assert plain[1]["log.jsonl"]
    seen = set()
    for start in range(runs):
        texts = TEXTS[start :: len(TEXTS) // EACH]
        folder = tmp_path / f"n{start}"
        for found, expected in zip(trained(folder, texts, capsys), plain, strict=True):
            assert list(found) == list(expected)
            for name, shape in found.items():
                known = expected[name]
                if name.endswith(".svg"):
                    assert all(one <= other for one, other in zip(shape, known, strict=True)), (name, texts)
                else:
                    assert shape == known, (name, texts)
        run = folder / "run"
        assert (run / "spec" / "first.net").read_bytes() == (folder / "first.net").read_bytes()
        layers = json.loads((run / "graph.json").read_text("utf-8"))["layers"]
        seen |= {layer["caption"] for layer in layers}
        classes = json.loads((run / "data.json").read_text("utf-8"))["fields"]["label"]["classes"]
        assert set(classes) == set(classes_of(texts))
    assert len(seen) == runs * EACH
    assert seen <= set(TEXTS)


def test_classes_keep_their_names_beside_the_plane(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Mathematics, tags, a name that a legend would leave out, one that has no room."""
    classes = ["$$x$$", "$a_1$", "</text><script>", "_hidden", "A" * 300]
    spec = "net first {\n  input x: 2\n  output y: 5 perceptrons\n}\n"
    spec += ENDING.format(file="data.csv", columns='"$x$", "_"')
    (tmp_path / "first.net").write_text(spec, encoding="utf-8")
    with (tmp_path / "data.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([["$x$", "_", "class"], *([n % 7, n % 3, classes[n % 5]] for n in range(40))])
    assert main(["train", str(tmp_path / "first.net"), "--threads", "1", "--out", str(tmp_path / "run")]) == 0
    assert not CONTROL.search(capsys.readouterr().err)
    drawn = ElementTree.fromstring((tmp_path / "run" / "boundary.svg").read_text(encoding="utf-8"))
    texts = {item.text for item in drawn.iter("{http://www.w3.org/2000/svg}text")}
    assert {"$x$", "_", *classes[:-1], "A" * 23 + "…"} <= texts
