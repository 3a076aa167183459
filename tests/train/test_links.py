"""Whatever stands in a run's folder under the names that a run writes: nothing outside the folder is changed."""

from __future__ import annotations

import ast
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import netspec
from netspec import api, files
from netspec.diagnostics.errors import NetspecError
from netspec.training.run import Run
from netspec.training.storage import checkpoint
from netspec.training.storage.folder import WRITTEN
from tests.conftest import ROOT

Train = Callable[..., Run]
OPTIONS = {"epochs": 2, "save_every": 4, "pictures": True}
IN_PLACE = (".lock", "metrics.jsonl", "log.jsonl", "checkpoints", "spec")  # the others are replaced as a whole
KINDS = ("file", "folder", "dangling", "hard", "pipe")


def outside(folder: Path) -> tuple[Path, dict[str, bytes]]:
    """A folder that must stay as it is, with files and something that looks like checkpoints."""
    made = folder / "outside"
    for name in ("precious.txt", "step-000000001/weights.safetensors", ".step-000000002.tmp/x", "sub/spec.net"):
        (made / name).parent.mkdir(parents=True, exist_ok=True)
        (made / name).write_bytes(b"precious\n" * 50)
    return made, contents(made)


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def plant(place: Path, kind: str, target: Path) -> None:
    """Puts a link of a kind at `place`, in place of what is there."""
    if place.is_dir():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    if kind == "file":
        place.symlink_to(target / "precious.txt")
    elif kind == "folder":
        place.symlink_to(target, target_is_directory=True)
    elif kind == "dangling":
        place.symlink_to(target / "new")
    elif kind == "hard":
        os.link(target / "precious.txt", place)
    else:
        os.mkfifo(place)


def stopped(train: Train, out: Path) -> Run:
    """A run that was interrupted after its first checkpoints."""
    run = train("mlp", out=out, **OPTIONS)
    shutil.rmtree(run.folder)
    with pytest.MonkeyPatch.context() as patch:
        from netspec.training.loop.loop import Loop

        plain = Loop.step

        def step(self: Loop, *given: object) -> None:
            plain(self, *given)  # type: ignore[arg-type]
            self.asked = self.asked or self.progress.step == 5

        patch.setattr(Loop, "step", step)
        with pytest.raises(NetspecError):
            train("mlp", out=out, **OPTIONS)
    return netspec.load_run(out)


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_is_not_resumed_through_links(train: Train, place: Path, kind: str) -> None:
    whole = stopped(train, place / "whole").folder
    target, before = outside(place)
    for name in IN_PLACE if kind == "hard" else WRITTEN:
        copy = place / "copy"
        shutil.copytree(whole, copy)
        plant(copy / name, kind, target)
        with pytest.raises(NetspecError) as caught:
            api.resume(copy)
        # a run whose own documents are no files cannot be read in the first place
        assert caught.value.diagnostics[0].code in ("NS866", "NS850"), name
        assert contents(target) == before, name
        assert not (target / "new").exists(), name
        shutil.rmtree(copy)


@pytest.mark.parametrize("kind", KINDS)
def test_a_run_does_not_begin_through_links(train: Train, place: Path, kind: str) -> None:
    target, before = outside(place)
    for name in IN_PLACE if kind == "hard" else WRITTEN:
        out = place / "begun"
        out.mkdir()
        (out / ".lock").write_text("1 @ here")  # as a run leaves it that was killed before it began
        plant(out / name, kind, target)
        with pytest.raises(NetspecError) as caught:
            train("mlp", out=out, **OPTIONS)
        assert caught.value.diagnostics[0].code in ("NS866", "NS851"), name
        assert contents(target) == before, name
        assert not (target / "new").exists(), name
        shutil.rmtree(out)


def test_a_second_name_of_a_file_that_is_replaced_keeps_what_it_had(train: Train, place: Path) -> None:
    target, before = outside(place)
    out = place / "begun"
    out.mkdir()
    (out / ".lock").write_text("1 @ here")
    for name in set(WRITTEN) - {*IN_PLACE, "settings.json"}:
        plant(out / name, "hard", target)
    assert train("mlp", out=out, **OPTIONS).status["state"] == "finished"
    assert contents(target) == before


def test_checkpoints_are_not_pruned_through_links(tmp_path: Path) -> None:
    target, before = outside(tmp_path)
    run = tmp_path / "run"
    run.mkdir()
    (run / "checkpoints").symlink_to(target, target_is_directory=True)
    with pytest.raises(files.NotPlain):
        checkpoint.save(run / "checkpoints", 3, {}, {})
    with pytest.raises(files.NotPlain):
        checkpoint.prune(run / "checkpoints")
    (run / "checkpoints").unlink()
    (run / "checkpoints").mkdir()
    for name in ("step-000000003", ".step-000000003.tmp"):
        (run / "checkpoints" / name).symlink_to(target, target_is_directory=True)
        with pytest.raises(files.NotPlain):
            checkpoint.save(run / "checkpoints", 3, {}, {})
        (run / "checkpoints" / name).unlink()
    assert contents(target) == before


def test_the_folder_itself_may_be_a_link(train: Train, place: Path) -> None:
    (place / "disk").mkdir()
    (place / "run").symlink_to(place / "disk", target_is_directory=True)
    assert train("mlp", out=place / "run", epochs=1).status["state"] == "finished"
    assert (place / "disk" / "weights.safetensors").exists()


def test_the_spec_of_a_run_lies_in_its_folder(train: Train, place: Path) -> None:
    run = train("mlp", out=place / "run", epochs=1)
    settings = run.folder / "settings.json"
    plain = settings.read_text()
    for name in ("/etc/passwd", "../../mlp.net", "with-1/../../../mlp.net"):
        settings.write_text(plain.replace('"spec": "mlp.net"', f'"spec": "{name}"'))
        with pytest.raises(NetspecError) as caught:
            _ = netspec.load_run(run.folder).spec
        assert caught.value.diagnostics[0].code == "NS880"
        assert "root:" not in str(caught.value)


CHANGING = {
    "write_text", "write_bytes", "unlink", "rmtree", "mkdir", "makedirs", "touch", "rename", "replace", "remove",
    "rmdir", "symlink_to", "hardlink_to", "truncate", "link", "symlink", "move", "copy", "copyfile", "copytree",
    "mkfifo",
}  # fmt: skip


def changes(path: Path) -> list[str]:
    """Calls of a module that change files without asking `storage/files.py`."""
    found = []
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        owner = ast.unparse(node.func.value) if isinstance(node.func, ast.Attribute) else ""
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        modes = node.args[1:2] if not owner or owner == "io" else node.args[:1]
        said = [mode.value if isinstance(mode, ast.Constant) else None for mode in modes]
        writes = owner == "os" or any(set(mode) & set("wax+") if isinstance(mode, str) else not owner for mode in said)
        opens = name in ("open", "fdopen") and writes and owner != "Image"
        files_of_run = owner in ("shutil", "os") or name not in (
            "copy",
            "replace",
            "move",
            "remove",
            "truncate",
            "rename",
        )
        if opens or (name in CHANGING and files_of_run and owner not in ("files", "folder", "self")):
            found.append(f"{path.name}:{node.lineno} {ast.unparse(node.func)}")
    return found


def test_runs_are_written_by_one_module(tmp_path: Path) -> None:
    room = ROOT / "netspec" / "training"
    for path in sorted(room.rglob("*.py")):
        if path.name not in ("files.py", "spill.py"):
            assert not changes(path), path
    sneaky = tmp_path / "sneaky.py"
    sneaky.write_text(
        "open(path, 'w')\nopen(path, mode)\nos.open(path, 1)\nPath(p).write_text('x')\nshutil.rmtree(p)\np.unlink()\n"
        "os.replace(a, b)\np.mkdir()\nopen(path, 'rb')\npath.read_bytes()\n"
    )
    assert len(changes(sneaky)) == 8
