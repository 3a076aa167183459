# ruff: noqa: E501
"""A spec is data: checking, drawing and compiling one runs nothing of it, imports nothing it names, opens nothing but
the files of `use` inside its own folder tree."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unicodedata
from pathlib import Path
from typing import Any

import pytest

import netspec
from netspec.cli import main

HOSTILE = """net first "__import__('os').system('id')" {
  input  x: 2       "{x.__class__}"
  hidden z: extern("hostile_module:Run", command = "touch /tmp/owned")  is 2
  output y: relu    "$(touch /tmp/owned)"
}

data {
  source = python("hostile_module:run")
  x = columns("a", "b")
}
"""
PARTS = "block Basic(n) {\n  input  x: c\n  output y: x -> n perceptrons -> relu\n}\n"
USES = 'use Basic from "{}"\n\nnet first {{\n  input  x: 2\n  output y: Basic(3)\n}}\n'
# what the audit hook lets pass: reading, and inside the process
WATCH = """
import json, os, sys
sys.path.insert(0, os.getcwd())
import netspec
from netspec.cli import main
for command in COMMANDS:
    main(command)                       # once before: modules are loaded when they are first needed
seen = []
def hook(event, args):
    if event == "open":
        seen.append([event, str(args[0]), str(args[1])])
    elif event in ("exec", "compile", "import", "os.system", "os.exec", "os.posix_spawn", "subprocess.Popen",
                   "os.fork", "pty.spawn", "ctypes.dlopen") or event.startswith(("socket.", "urllib.", "http.", "ftplib.")):
        seen.append([event, str(args[0])[:80], ""])
sys.addaudithook(hook)
for command in COMMANDS:
    main(command)
print("seen", json.dumps(seen))
"""


def watched(folder: Path, *commands: list[str]) -> list[list[str]]:
    script = WATCH.replace("COMMANDS", json.dumps(commands))
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, cwd=folder, check=False)
    assert "seen " in done.stdout, done.stderr
    found: list[list[str]] = json.loads(done.stdout.rpartition("seen ")[2])
    return found


def test_nothing_runs_and_nothing_else_is_opened(tmp_path: Path) -> None:
    (tmp_path / "hostile_module.py").write_text("raise SystemExit('the module was imported')\n")
    (tmp_path / "hostile.net").write_text(HOSTILE)
    (tmp_path / "parts.net").write_text(PARTS)
    (tmp_path / "good.net").write_text(USES.format("parts.net"))
    seen = watched(
        tmp_path, ["check", "hostile.net"], ["show", "hostile.net"], ["fmt", "--check", "hostile.net"],
        ["render", "hostile.net", "-o", "hostile.svg"], ["compile", "hostile.net"], ["check", "good.net"], ["show", "good.net"], ["fmt", "--check", "good.net"],
        ["render", "good.net", "-o", "good.svg"], ["compile", "good.net", "-o", "good.py"],
    )  # fmt: skip
    own = {"hostile.net", "parts.net", "good.net", "hostile.svg", "good.svg", "good.py"}
    program = (str(Path(netspec.__file__).parent), sys.prefix, sys.base_prefix)
    opened = {Path(what).name for event, what, _ in seen if event == "open"}
    assert {"hostile.net", "good.net", "parts.net"} <= opened
    for event, what, mode in seen:
        if event == "open":
            if what.isdigit():  # a file that is open already
                continue
            name = Path(what).name
            inside = what.startswith(str(tmp_path)) or not os.path.isabs(what)
            ours = inside and (name in own or name.startswith((".good.svg", ".good.py", ".hostile.svg")))
            assert ours or what.startswith((*program, "/dev/null", "/proc/", "/usr/", "/etc/font")), what
            assert ours or not set(mode) & set("wax+"), what
        elif event == "compile":
            assert "hostile" not in what
        else:
            assert event in ("import", "exec"), (event, what)
            assert "hostile" not in what, (event, what)
    assert not Path("/tmp/owned").exists()
    assert {"hostile.svg", "good.svg", "good.py"} <= {each.name for each in tmp_path.iterdir()}


def test_a_function_of_a_module_needs_the_callers_leave(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hostile_module.py").write_text("open('owned', 'w')\n")
    text = HOSTILE.replace("output y: relu", "output y: 1 perceptron")
    (tmp_path / "a.net").write_text(text + "train {\n  loss = squared(y, x)\n}\n")
    assert main(["train", "a.net", "--no-pictures", "--quiet", "--out", "run"]) in (1, 3)
    assert not (tmp_path / "owned").exists()
    assert "hostile_module" not in sys.modules


@pytest.mark.parametrize(
    "target", ["hostile_module:Run", "os:system", "subprocess:Popen", "torch.hub:load", "torch:load"]
)
def test_a_class_of_a_module_needs_the_callers_leave(
    target: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whether the module was imported before or not; and a function is no class, with leave or without."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "hostile_module.py").write_text("open('owned', 'w')\n")
    text = HOSTILE.partition("\ndata")[0].replace("hostile_module:Run", target)
    for allow, code in ((), "NS439"), ((target.partition(":")[0],), "NS440"):
        if not allow or target != "hostile_module:Run":
            with pytest.raises(netspec.NetspecError) as refused:
                netspec.parse(text, allow=allow).module()
            assert refused.value.diagnostic.code == code
    assert not (tmp_path / "owned").exists()
    assert not Path("/tmp/owned").exists()
    assert "hostile_module" not in sys.modules


# ---- `use` reads only `.net` files below the root


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """root/project with a spec and parts; root/secret.net lies outside the project."""
    (tmp_path / "secret.net").write_text(PARTS)
    project = tmp_path / "project"
    (project / "inner").mkdir(parents=True)
    (project / "netspec.toml").write_text("")
    for name in ("parts.net", "inner/parts.net", "parts.txt"):
        (project / name).write_text(PARTS)
    (project / "link.net").symlink_to(tmp_path / "secret.net")
    (project / "folder.net").symlink_to(tmp_path)
    (project / "loop.net").symlink_to(project / "loop.net")
    os.mkfifo(project / "pipe.net")
    (project / "big.net").write_text("# " + "x" * 2_000_000)
    return project


@pytest.mark.parametrize(("name", "code"), [
    ("parts.net", ""), ("inner/parts.net", ""), ("inner/../parts.net", ""), ("./parts.net", ""),
    ("../secret.net", "NS603"), ("inner/../../secret.net", "NS603"), ("link.net", "NS603"), ("folder.net/secret.net", "NS603"),
    ("loop.net", "NS608 NS001"), ("pipe.net", "NS008"), ("big.net", "NS005"), ("missing.net", "NS001"), ("inner", "NS607"),
    ("parts.txt", "NS607"), ("/etc/passwd", "NS607"), ("/etc/x.net", "NS608"), ("~/x.net", "NS608"), ("C:\\\\x.net", "NS608"),
    ("https://example.com/x.net", "NS608"), ("file:///etc/x.net", "NS608"), ("a.net", "NS604"), ("", "NS607"),
    ("x" * 5000 + ".net", "NS608 NS001"),
])  # fmt: skip
def test_where_use_may_read(name: str, code: str, tree: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tree / "a.net").write_text(USES.format(name))
    assert main(["check", str(tree / "a.net"), "--format", "json"]) == bool(code)
    found = [item["code"] for item in json.loads(capsys.readouterr().out)]
    assert len(found) == bool(code)
    assert not found or found[0] in code.split()


# ---- names of every script, from the file to a run that goes on

NAMES = {
    "korean": ("입력", "은닉층", "출력", "정답"),
    "greek": ("χ", "κρυφό", "ψ", "στόχος"),
    "arabic": ("مدخل", "مخفي", "مخرج", "هدف"),
    "decomposed": tuple(unicodedata.normalize("NFD", word) for word in ("입력", "é", "출력", "정답")),
}
TRAINED = """net 첫째 {{
  input  {0}: 2
  hidden {1}: {0} -> 3 perceptrons -> tanh
  output {2}: {1} -> 1 perceptron
}}

data {{
  source = csv("점수.csv")
  {0} = columns("a", "b")
  {3} = column("c")
}}

train {{
  loss = squared({2}, {3})
  epochs = 4
  batch = 2
}}
"""


@pytest.mark.parametrize("script", NAMES)
def test_names_work_end_to_end(script: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    torch = pytest.importorskip("torch")
    from safetensors.torch import load_file

    from netspec.training.loop.loop import Loop

    names = NAMES[script]
    shown = [unicodedata.normalize("NFC", name) for name in names]
    (tmp_path / "점수.csv").write_text("a,b,c\n1,2,3\n2,3,4\n0,1,1\n5,1,2\n", encoding="utf-8")
    path = tmp_path / "학습.net"
    path.write_text(TRAINED.format(*names), encoding="utf-8")
    net = netspec.load(path).net()
    assert [layer.label for layer in net.layers] == shown[:3]
    keys = {f"{shown[1]}.weight", f"{shown[1]}.bias", f"{shown[2]}.weight", f"{shown[2]}.bias"}
    assert set(net.module().state_dict()) == keys
    assert shown[1] in net.source()
    assert shown[0] in net.render().svg()
    flags = ["train", str(path), "--no-pictures", "--quiet", "--threads", "1"]
    assert main([*flags, "--out", str(tmp_path / "whole")]) == 0

    class Killed(BaseException):
        pass

    plain, left = Loop.step, [5]

    def step(loop: Any, *given: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            raise Killed
        plain(loop, *given)

    monkeypatch.setattr(Loop, "step", step)
    with pytest.raises(Killed):
        main([*flags, "--out", str(tmp_path / "cut"), "--save-every", "1"])
    monkeypatch.setattr(Loop, "step", plain)
    assert main(["train", "--resume", str(tmp_path / "cut"), "--no-pictures", "--quiet"]) == 0
    whole, cut = (load_file(tmp_path / name / "weights.safetensors") for name in ("whole", "cut"))
    assert set(whole) == keys
    assert all(torch.equal(whole[key], cut[key]) for key in keys)
