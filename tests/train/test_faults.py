"""What goes wrong while a run runs: signals, losses that are no numbers, a folder that is taken, a full disk."""

from __future__ import annotations

import json
import os
import shutil
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import netspec
from netspec import api
from netspec.diagnostics.errors import NetspecError
from netspec.training.loop.loop import Loop
from netspec.training.storage import checkpoint
from netspec.training.storage.folder import Folder, Lock
from netspec.training.storage.writer import RunWriter
from tests.train.conftest import MLP, Train, same


@pytest.fixture
def at_step(monkeypatch: pytest.MonkeyPatch) -> Callable[[int, Callable[[], None]], None]:
    """Does something in the middle of the n-th step of the next run."""

    def plan(number: int, act: Callable[[], None]) -> None:
        plain, left = Loop.step, [number]

        def step(loop: Loop, *given: Any) -> None:
            left[0] -= 1
            if left[0] == 0:
                act()
            plain(loop, *given)

        monkeypatch.setattr(Loop, "step", step)

    return plan


@pytest.mark.parametrize("sent", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_saves_the_step_and_stops(sent: int, train: Train, at_step: Any) -> None:
    whole = train("mlp", out="whole")
    at_step(9, lambda: os.kill(os.getpid(), sent))
    before = signal.getsignal(sent)
    with pytest.raises(NetspecError) as caught:
        train("mlp", out="cut")
    assert signal.getsignal(sent) is before
    (found,) = caught.value.diagnostics
    assert (found.code, caught.value.exit_code, found.words["step"]) == ("NS855", 130, 9)
    assert netspec.load_run("cut").status["state"] == "stopped"
    assert same(whole, api.resume("cut"))


def test_a_second_interrupt_leaves_at_once(train: Train, at_step: Any) -> None:
    def twice() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    at_step(9, twice)
    with pytest.raises(KeyboardInterrupt):
        train("mlp", out="cut")


def test_a_launchers_own_signal_after_an_interrupt_asks_for_nothing_more(train: Train, at_step: Any) -> None:
    def both() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGTERM)

    at_step(9, both)
    with pytest.raises(NetspecError) as caught:
        train("mlp", out="cut")
    assert caught.value.diagnostics[0].code == "NS855"


# ---- a loss that is no number


class Blown(NamedTuple):
    hidden: str
    lr: str
    hint: str
    name: str


@pytest.mark.parametrize(
    "case",
    [
        Blown("12 perceptrons -> exp", "1e9", "in_layer", "z"),
        Blown("12 perceptrons -> tanh -> 12 perceptrons -> square -> square -> exp", "1e4", "in_layer", "z"),
        Blown("12 perceptrons -> relu", "1e38", "in_layer", "y"),
    ],
)
def test_a_diverged_run_names_the_first_layer(case: Blown, train: Train, place: Path) -> None:
    text = MLP.replace("12 perceptrons -> tanh", case.hidden).replace("adam(lr = 3e-3)", f"sgd(lr = {case.lr})")
    (place / "mlp.net").write_text(text)
    with pytest.raises(NetspecError) as caught:
        train("mlp", out="blown", save_every=1)
    (found,) = caught.value.diagnostics
    assert (found.code, caught.value.exit_code) == ("NS856", 4)
    hints = {hint.text: hint.words for hint in found.hints}
    assert hints[case.hint]["name"] == case.name
    assert found.span is not None
    assert found.span.text.strip().startswith(("hidden z", "output y"))
    assert netspec.load_run("blown").status["state"] == "diverged"
    kept = checkpoint.existing(Path("blown/checkpoints"))
    tensors, _ = checkpoint.load(kept[0])
    assert all(bool(value.isfinite().all()) for value in tensors["weights"].values())


# ---- one run a folder


def test_a_second_run_in_a_folder_is_refused_and_told_who_is_there(train: Train) -> None:
    with Lock(_begun("taken")):
        with pytest.raises(NetspecError) as caught:
            train("mlp", out="taken")
        (found,) = caught.value.diagnostics
        assert (found.code, caught.value.exit_code) == ("NS852", 2)
        assert str(os.getpid()) in str(found.words["owner"])


def test_a_resumed_run_that_still_runs_is_refused(train: Train, at_step: Any) -> None:
    def meanwhile() -> None:
        with pytest.raises(NetspecError) as caught:
            api.resume("first")
        assert caught.value.diagnostics[0].code == "NS852"

    at_step(5, meanwhile)
    assert train("mlp", out="first").status["state"] == "finished"


def test_a_folder_with_something_in_it_is_refused(train: Train, place: Path) -> None:
    (place / "full").mkdir()
    (place / "full" / "thesis.txt").write_text("…")
    with pytest.raises(NetspecError) as caught:
        train("mlp", out="full")
    assert caught.value.diagnostics[0].code == "NS851"
    assert [path.name for path in (place / "full").iterdir()] == ["thesis.txt"]


def _begun(name: str) -> Folder:
    """A folder whose run has not written its settings yet."""
    Path(name).mkdir()
    return Folder(Path(name))


# ---- the disk


def test_a_disk_without_room_is_told_before_the_first_step(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(".")._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage)
    with pytest.raises(NetspecError) as caught:
        train("mlp", out="small")
    assert (caught.value.diagnostics[0].code, caught.value.exit_code) == ("NS864", 2)
    assert not Path("small/metrics.jsonl").exists()


def test_a_checkpoint_that_cannot_be_written_does_not_end_the_run(train: Train, monkeypatch: Any) -> None:
    plain, told = checkpoint.save, []

    def full(*given: Any) -> Any:
        if len(told) < 2:
            raise OSError(28, os.strerror(28))
        return plain(*given)

    class Watching(netspec.training.loop.progress.NoCallbacks):
        def unsaved(self, fault: Any) -> None:
            told.append(fault.code)

    whole = train("mlp", out="whole")
    monkeypatch.setattr(checkpoint, "save", full)
    assert same(whole, train("mlp", out="some", save_every=3, watch=Watching()))
    assert told == ["NS906", "NS906"]


def test_the_log_may_be_lost(train: Train, monkeypatch: Any) -> None:
    whole = train("mlp", out="whole")
    monkeypatch.setattr(RunWriter, "say", lambda *given, **words: None)
    assert same(whole, train("mlp", out="silent"))


def test_nothing_in_a_run_is_pickled(train: Train) -> None:
    run = train("mlp", out="kept", save_every=2)
    for path in run.folder.rglob("*"):
        if path.is_file():
            assert path.suffix in (".json", ".jsonl", ".safetensors", ".py", ".net", ".toml", ".svg", ""), path
            assert not path.read_bytes().startswith(b"\x80")
    source = [path.read_text(encoding="utf-8") for path in Path(netspec.__file__).parent.rglob("*.py")]
    assert not any("import pickle" in text or "torch.load(" in text or "torch.save(" in text for text in source)


# ---- the same again


def test_the_same_seed_gives_the_same_bytes_and_another_one_others(train: Train) -> None:
    one, other, third = train("batchnorm", epochs=1), train("batchnorm", epochs=1), train("batchnorm", epochs=1, seed=9)
    assert same(one, other)
    assert not same(one, third)
    assert "time" not in json.loads((one.folder / "metrics.jsonl").read_text().splitlines()[0])


def test_a_further_layer_leaves_the_others_initial_weights() -> None:
    more = MLP.replace("  output y", "  hidden b: z -> 12 perceptrons -> tanh\n  output y")
    first, second = (netspec.parse(text).net().module(seed=5).state_dict() for text in (MLP, more))
    assert set(second) - set(first) == {"b.weight", "b.bias"}
    assert all(bool((first[key] == second[key]).all()) for key in first)
