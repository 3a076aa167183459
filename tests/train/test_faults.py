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
from netspec import api, files
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

    class Watching(netspec.training.loop.progress.Callbacks):
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


# ---- unexpected failures, and failures that leave no run


class Raising(netspec.training.loop.progress.Callbacks):
    """A callback with a mistake, in one of its methods."""

    def __init__(self, method: str) -> None:
        setattr(self, method, self._raise)

    def _raise(self, *given: Any) -> None:
        raise LookupError("the callback's own mistake")


@pytest.mark.parametrize("method", ["began", "moment", "row", "saved", "ended"])
def test_a_callback_that_raises_fails_the_run_and_reaches_the_caller(method: str, train: Train) -> None:
    whole = train("mlp", out="whole")
    with pytest.raises(LookupError, match="own mistake"):
        train("mlp", out="cut", save_every=3, watch=Raising(method))
    run = netspec.load_run("cut")
    if method == "ended":  # the run itself has ended
        assert run.status["state"] == "finished"
        return
    assert run.status["state"] == "failed"
    assert "the callback's own mistake" in run.status["reason"]
    [report] = run.folder.glob("netspec-failure-*.txt")
    assert "in _raise" in report.read_text(encoding="utf-8")
    assert same(whole, api.resume("cut"))


def test_a_disk_that_stays_full_is_said_and_the_run_says_so(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows, the log and the status are refused from some moment on, and closing fails, too."""

    def full(*given: Any) -> None:
        raise OSError(28, os.strerror(28))

    whole = train("mlp", out="whole")
    for names in (("append",), ("_write",), ("write_through",), ("append", "write_through", "sync")):
        with monkeypatch.context() as patch:
            plain = Loop.epoch

            def epoch(loop: Loop, names: tuple[str, ...] = names, patch: Any = patch, plain: Any = plain) -> None:
                for name in names:
                    patch.setattr(files, name, full)
                plain(loop)

            patch.setattr(Loop, "epoch", epoch)
            with pytest.raises(NetspecError) as caught:
                train("mlp", out=f"cut-{names}")
        assert caught.value.diagnostic.code == "NS906"
        assert same(whole, api.resume(f"cut-{names}"))


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no full device here")
def test_a_full_disk_at_the_very_start_and_at_close(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    plain = files.open_plain

    def full(path: Path, mode: str, root: Path) -> Any:
        plain(path, mode, root).close()
        return open("/dev/full", "ab" if "+" not in mode else "r+b", buffering=1 << 16)

    monkeypatch.setattr(files, "open_plain", full)
    for name in (".lock", "metrics.jsonl"):
        monkeypatch.setattr(
            files,
            "open_plain",
            lambda path, mode, root, name=name: (full if path.name == name else plain)(path, mode, root),
        )
        with pytest.raises(NetspecError) as caught:
            train("mlp", out=f"cut{name}")
        assert caught.value.diagnostic.code == "NS906"


@pytest.mark.parametrize(("rows", "batch", "fails"), [(41, 1, True), (1, 8, True), (41, 8, False), (41, 40, False)])
def test_a_batch_that_is_too_small_is_said_before_there_is_a_folder(
    rows: int, batch: int, fails: bool, place: Path
) -> None:
    """41 rows in batches of 8 or 40 leave one row over, which joins the batch before."""
    path = place / "n.net"
    path.write_text(
        "net n {\n  input  x: 3\n  hidden z: 4 perceptrons -> batchnorm -> relu\n  output y: 1 perceptron\n}\n"
        f"train {{\n  loss = squared(y, t)\n  batch = {batch}\n  epochs = 1\n}}\n"
    )
    data = {"x": [[0.1 * row, 1.0, 2.0] for row in range(rows)], "t": [[float(row)] for row in range(rows)]}
    if not fails:
        assert netspec.train(path, data, out="run", pictures=False).status["state"] == "finished"
        return
    with pytest.raises(NetspecError) as caught:
        netspec.train(path, data, out="run", pictures=False)
    assert caught.value.diagnostics[-1].code == "NS927"
    assert not Path("run").exists()
