"""Calls that cannot be meant, on the command line and in Python: a coded answer or a TypeError, and no file touched."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import netspec
from netspec.api import load_run, train
from netspec.cli import main
from netspec.cli.main import netspec as commands
from netspec.cli.meant import meant_line

NET = "net first(d = 2) {\n  input  x: d\n  hidden z: 3 perceptrons -> tanh\n  output y: 2 perceptrons\n}\n"
OPEN = NET.replace("d = 2", "d")
SECTIONS = """
data {
  source = csv("d.csv")
  x = columns("a", "b")
  k = label("c")
}

train {
  loss = cross_entropy(y, k)
  epochs = 1
}
"""
TABLE = "a,b,c\n" + "".join(f"{row / 10},{row % 3},{'u' if row % 2 else 'v'}\n" for row in range(12))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "a.net").write_text(NET)
    (tmp_path / "open.net").write_text(OPEN)
    (tmp_path / "t.net").write_text(NET + SECTIONS)
    (tmp_path / "d.csv").write_text(TABLE)
    (tmp_path / "sub").mkdir()
    return tmp_path


def files(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


CALLS = [
    ("compile a.net -o a.net", 2, "NS917"), ("compile a.net -o other.net", 2, "NS917"),
    ("compile a.net -o m.txt", 2, "NS917"), ("compile a.net -o sub", 2, "NS917"),
    ("compile a.net -o m.py -o n.py", 2, "NS918"), ("compile a.net -o m.py --out n.py", 2, "NS918"),
    ("render a.net -o x.svg -o y.svg", 2, "NS918"), ("render a.net --theme mono --theme=dark", 2, "NS918"),
    ("render a.net -o a.net", 2, "NS916"), ("render a.net -o sub", 2, "NS906"),
    ("render a.net -o no/x.svg", 2, "NS906"),
    ("check --root nowhere a.net", 2, "NS920"), ("check --root a.net a.net", 2, "NS920"),
    ("show a.net --root d.csv", 2, "NS920"), ("show a.net --set d=3 --set d=4", 2, "NS918"),
    ("show a.net --set train.epochs=3", 2, "NS919"), ("show a.net --set data.split=3", 2, "NS919"),
    ("show a.net --set d", 2, "NS905"), ("show a.net --set d=0", 1, "NS402"), ("show a.net --set d=1.5", 1, "NS620"),
    ("show a.net --set n.d=3", 1, "NS207"), ("check a", 1, "did you mean `a.net`?"), ("check nowhere", 1, "NS001"),
    ("check sub", 1, "NS008"), ("check a.net --lang xx", 2, "NS914"), ("--lang ko", 2, "NS902"),
    ("runs sub -o curves.png", 2, "NS917"), ("runs sub", 2, "NS877"), ("train t.net --lr -1", 2, "NS915"),
    ("train t.net --data nowhere", 3, "NS800"), ("train --resume sub", 2, "NS850"),
    ("train --resume a.net", 2, "NS850"),
    ("train open.net", 1, "NS516"), ("predict sub d.csv", 2, "NS850"), ("evaluate a.net", 2, "NS850"),
    ("explain NS999", 2, "NS907"), ("frobnicate", 2, "NS901"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "exit_code", "said"), CALLS, ids=[call for call, _, _ in CALLS])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_calls(
    call: str, exit_code: int, said: str, language: str, here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = files(here)
    words = call.split()
    flags = ["--lang", language] if words[0] not in ("--lang", "frobnicate") and "--lang" not in words else []
    assert main([*words, *flags]) == exit_code
    shown = capsys.readouterr()
    assert said in shown.err or (language == "ko" and not said.startswith("NS"))
    assert "Traceback" not in shown.err
    assert files(here) == before


# a command line that is refused -> the one that was meant, as it is said; None where none is near
MEANT = {
    "chekc a.net": "check a.net", "lint a.net": "check a.net", "version": "--version", "frobnicate a.net": None,
    "render a.net -view blocks": "render a.net --view blocks", "render a.net blocks": "render a.net --view blocks",
    "render a.net --view=block": "render a.net --view blocks", "render a.net a.png": "render a.net -o a.png",
    "render a.net --format png": "render a.net -o a.png", "check a.net --epochs 5": "train a.net --epochs 5",
    "train a.net --epoch=5": "train a.net --epochs=5", "show a.net --H 3": "show a.net --set H=3",
    "show a.net --set H:3": "show a.net --set H=3", "show a.net --set H = 3": "show a.net --set H=3",
    "show a.net --set H 3": "show a.net --set H=3", "show a.net --set H": None,
    "explain --lang korean": "explain --lang ko",
}  # fmt: skip


@pytest.mark.parametrize("call", MEANT)
def test_the_command_line_that_was_meant(call: str) -> None:
    meant = MEANT[call]
    assert meant_line(commands, call.split()) == (None if meant is None else f"netspec {meant}")


def test_no_output_over_the_data_it_reads(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = str(train("t.net", out=here / "run", pictures=False).folder)
    before = files(here)
    for call, code in (
        (["predict", run, "d.csv", "-o", "d.csv"], "NS916"),
        (["predict", run, "d.csv", "-o", "sub/../d.csv"], "NS916"),
        (["predict", run, "d.csv", "-o", "answers.xlsx"], "NS917"),
        (["predict", run, "d.csv", "--top", "3"], "NS919"),
        (["predict", run, "d.csv", "--prompt=x"], "NS919"),
        (["compile", run, "-o", "m.py", "--set", "d=3"], "NS919"),
        (["compile", run, "-o", "m.py", "--net", "first"], "NS919"),
        (["runs", run, "--sort", "speed"], "NS914"),
        (["train", "t.net", "--out", run], "NS851"),
    ):
        assert main(call) == 2
        assert f"[{code}]" in capsys.readouterr().err
    assert files(here) == before


def test_a_learning_rate_needs_no_optimizer_line(here: Path) -> None:
    slow, fast = (train("t.net", lr=lr, out=here / str(lr), pictures=False) for lr in (1e-6, 0.25))
    assert slow.score["loss"] != fast.score["loss"]


WRONG_TYPES: list[tuple[str, Callable[[], Any]]] = [
    ("netspec.load takes the path", lambda: netspec.load(123)),  # type: ignore[arg-type]
    ("netspec.load takes the path", lambda: netspec.load(None)),  # type: ignore[arg-type]
    ("netspec.parse takes a spec's text", lambda: netspec.parse(None)),  # type: ignore[arg-type]
    ("netspec.parse takes a spec's text", lambda: netspec.parse([NET])),  # type: ignore[arg-type]
    ("the name of a net is a str", lambda: netspec.parse(NET).net(3)),  # type: ignore[arg-type]
    ("d is set to a NoneType", lambda: netspec.parse(NET).net(d=None)),
    ("d is set to a dict", lambda: netspec.parse(NET).net(d={})),
    ("got an unexpected keyword argument 'colour'", lambda: netspec.parse(NET).net().render(colour="red")),
    ("netspec.train takes a spec", lambda: train(3)),  # type: ignore[arg-type]
    ("data is a dictionary of arrays", lambda: train("t.net", [[1, 2]])),  # type: ignore[arg-type]
    ("data is a dictionary of arrays", lambda: train("t.net", "d.csv")),  # type: ignore[arg-type]
]


@pytest.mark.parametrize(("said", "call"), WRONG_TYPES)
def test_arguments_of_another_type(said: str, call: Callable[[], Any], here: Path) -> None:
    with pytest.raises(TypeError, match=said):
        call()


def test_values_that_are_no_choice(here: Path) -> None:
    net = netspec.parse(NET).net()
    for option in ({"view": "bogus"}, {"theme": "red"}, {"direction": 3}):
        with pytest.raises(netspec.NetspecError) as caught:
            net.render(**option)  # type: ignore[arg-type]
        assert caught.value.diagnostic.code == "NS704"
    with pytest.raises(netspec.NetspecError) as caught:
        net.render().save("figure.jpg")
    assert caught.value.diagnostic.code == "NS722"


def test_a_text_given_as_a_path(here: Path) -> None:
    with pytest.raises(netspec.SpecError, match=r"netspec\.parse\(text\)"):
        netspec.load(NET)


@pytest.mark.parametrize("value", [np.int64(5), np.int8(5), np.uint16(5)])
def test_numpys_numbers_are_numbers(value: Any) -> None:
    assert netspec.parse(OPEN).net(d=value).weights == netspec.parse(OPEN).net(d=5).weights


X, K = np.arange(24.0).reshape(12, 2), np.arange(12) % 2
ARRAYS: list[tuple[str, dict[str, Any]]] = [
    ("NS821", {"z": X, "k": K}), ("NS821", {"x": X, "k": K, "q": K}), ("NS830", {"x": X[:, :1], "k": K}),
    ("NS819", {"x": X, "k": K[:5]}), ("NS824", {"x": X[:0], "k": K[:0]}), ("NS832", {"x": X * [1, np.nan], "k": K}),
    ("NS823", {"x": X.astype(str), "k": K}), ("NS823", {"x": X + 1j, "k": K}), ("NS831", {"x": X, "k": K + 0.5}),
    ("NS831", {"x": X, "k": K - 1}), ("NS831", {"x": X, "k": K + 1}), ("NS830", {"x": X, "k": np.eye(2)[K]}),
    ("NS823", {"x": None, "k": K}), ("NS823", {"x": 3, "k": 4}), ("NS848", {"x": [[1, 2], [3]], "k": [0, 1]}),
]  # fmt: skip


@pytest.mark.parametrize(("code", "data"), ARRAYS)
def test_arrays_that_do_not_fit(code: str, data: dict[str, Any], here: Path) -> None:
    """One report a cause; of many wrong values a few are shown, and the others counted."""
    with pytest.raises(netspec.NetspecError) as caught:
        train("t.net", data, out=here / "run", pictures=False)
    assert {found.code for found in caught.value.diagnostics} == {code}
    assert len(caught.value.diagnostics) <= 5
    assert caught.value.exit_code == 3
    assert not (here / "run").exists()


def test_classes_counted_from_one_are_one_mistake(here: Path) -> None:
    with pytest.raises(netspec.NetspecError, match=r"the first of 6 such places(.|\n)*counted from 1") as caught:
        train("t.net", {"x": X, "k": K + 1}, out=here / "run", pictures=False)
    assert len(caught.value.diagnostics) == 1


TABLES = {
    "a row too short": (TABLE + "0.5,u\n", ["NS804"]),
    "a row too long": (TABLE + "0.5,1,u,9\n", ["NS804"]),
    "a quote that is never closed": (TABLE + '"0.5,1,u\n', ["NS814"]),
    "a label that is missing": (TABLE + "0.5,1,\n", ["NS808"]),
    "a third class": (TABLE + "0.5,1,w\n", ["NS760"]),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_with_one_fault_have_one_report(name: str, here: Path) -> None:
    text, codes = TABLES[name]
    (here / "d.csv").write_text(text)
    with pytest.raises(netspec.NetspecError) as caught:
        train("t.net", out=here / "run", pictures=False)
    assert [found.code for found in caught.value.diagnostics] == codes


DAMAGES: dict[str, Callable[[bytes], bytes | None]] = {
    "gone": lambda data: None,
    "empty": lambda data: b"",
    "cut": lambda data: data[: len(data) // 2],
    "no text": lambda data: b'\xff\x00{"a": [1, 2',
    "a list": lambda data: b"[]",
    "nothing in it": lambda data: json.dumps(dict.fromkeys(json.loads(data))).encode(),
}
COMMANDS = (
    ["evaluate", "run"], ["predict", "run", "d.csv", "-o", "out.csv"], ["runs", "run"], ["train", "--resume", "run"],
    ["compile", "run", "-o", "out.py"], ["render", "run", "-o", "out.svg"],
)  # fmt: skip


def test_damaged_runs_are_answered_and_never_a_traceback(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    whole = train("t.net", out=here / "run", pictures=False).folder
    names = [path.name for path in whole.iterdir() if path.suffix in (".json", ".jsonl", ".safetensors")]
    assert {"settings.json", "status.json", "data.json", "weights.safetensors"} <= set(names)
    answered = set()
    for name in names:
        data = (whole / name).read_bytes()
        for damage in DAMAGES if name.endswith(".json") else tuple(DAMAGES)[:4]:
            left = DAMAGES[damage](data)
            (whole / name).unlink() if left is None else (whole / name).write_bytes(left)
            for call in COMMANDS:
                code = main(call)
                said = capsys.readouterr().err
                unknown = damage == "gone" and name == "settings.json" and "NS008" in said  # a folder like any other
                coded = code == 2 and ("error[NS8" in said or "error[NS726]" in said)
                assert code == 0 or unknown or coded, (name, damage, call, said)
                answered.add((name, code))
        (whole / name).write_bytes(data)
    for name in ("settings.json", "status.json", "data.json", "weights.safetensors"):
        assert (name, 2) in answered


@pytest.mark.parametrize("call", [lambda: load_run("sub"), lambda: load_run("a.net"), lambda: load_run("nowhere")])
def test_what_is_no_run(call: Callable[[], Any], here: Path) -> None:
    with pytest.raises(netspec.NetspecError) as caught:
        call()
    assert caught.value.diagnostic.code == "NS850"


def test_no_control_character_of_a_name_acts_on_the_terminal(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (here / "a\x1b[31m\x07b.net").write_text(
        'net n "\x1b[2J" {\n  input  x: 3\n  output y: 2 perceptrons\n}\n', encoding="utf-8"
    )
    (here / "runs \x1b[5m").mkdir()
    for command in (["check"], ["show"], ["fmt", "--check"], ["render"], ["train"]):
        main([*command, "a\x1b[31m\x07b.net"])
    main(["runs", "runs \x1b[5m"])
    said = "".join(capsys.readouterr())
    assert r"\u{1b}[31m\u{7}b.net" in said
    assert not {"\x1b", "\x07"} & set(said)
