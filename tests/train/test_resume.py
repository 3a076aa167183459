"""A run that was cut anywhere goes on to the very same bytes."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import netspec
from benchmarks.soak.nets import NETS
from netspec import api, files
from netspec.diagnostics.errors import NetspecError
from netspec.training.inference.predictor import Predictor, evaluate
from netspec.training.loop.loop import Loop
from netspec.training.run import Run
from netspec.training.storage.resume import fingerprint
from tests.conftest import ROOT
from tests.train.conftest import MLP, Train, same

SHORT: dict[str, dict[str, Any]] = {
    "dropout": {"epochs": 2, "settings": {"data.split": [0.2, 0.05, 0.75]}},
    "batchnorm": {"epochs": 4, "settings": {"data.split": [0.1, 0.05, 0.85]}},
    "accumulate": {"epochs": 4, "settings": {"data.split": [0.2, 0.05, 0.75]}},
    "carried": {"epochs": 6},
    "turns": {"epochs": 4, "settings": {"data.split": [0.2, 0.05, 0.75]}},
}


class Killed(BaseException):
    """Stands for a kill: nothing runs after it but the closing of files and the word that the run was stopped."""


@pytest.fixture
def cut(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Cuts the next run before its n-th step of the optimizer; 0 lets runs be."""
    plain = Loop.step

    def at(number: int) -> None:
        left = [number]

        def step(loop: Loop, *given: Any) -> None:
            left[0] -= 1
            if left[0] == 0:
                raise Killed
            plain(loop, *given)

        monkeypatch.setattr(Loop, "step", step)

    return at


# each net and each step at which a run is cut; every pair is left to the soak
CUTS = [
    pytest.param(name, step, marks=[] if row % 3 == column else pytest.mark.soak)
    for row, name in enumerate(NETS)
    for column, step in enumerate((2, 13, 20))
]


@pytest.mark.parametrize(("name", "step"), CUTS)
def test_a_cut_run_ends_in_the_same_bytes(name: str, step: int, train: Train, cut: Callable[[int], None]) -> None:
    whole = train(name, out="whole", **SHORT[name])
    cut(step)
    with pytest.raises(Killed):
        train(name, out="cut", save_every=3, **SHORT[name])
    cut(0)
    assert netspec.load_run("cut").status["state"] == "stopped"
    assert same(whole, api.resume("cut"))


def test_the_schedules_rate_is_right_after_a_cut(train: Train, cut: Callable[[int], None]) -> None:
    options = {"epochs": 4, "settings": {"train.schedule": "step(1, gamma = 0.5)"}}
    whole = train("mlp", out="whole", **options)
    cut(14)
    with pytest.raises(Killed):
        train("mlp", out="cut", save_every=1, **options)
    cut(0)
    again = api.resume("cut")
    assert [row["lr"] for row in again.history] == [3e-3, 1.5e-3, 0.75e-3, 0.375e-3]
    assert same(whole, again)


def test_a_run_goes_on_with_the_split_it_began_with(
    train: Train, cut: Callable[[int], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of a version that drew rows without regard to classes, which data.json tells."""
    from netspec.training.data import dataset

    with monkeypatch.context() as before:
        before.setattr(dataset, "_strata", lambda *given: None)
        whole = train("mlp", out="whole")
        cut(14)
        with pytest.raises(Killed):
            train("mlp", out="cut", save_every=1)
        cut(0)
    assert "stratified" not in whole.data
    assert same(whole, api.resume("cut"))
    assert {name: each.scores for name, each in evaluate(Predictor(whole))[0].items()} == whole.scores
    assert "stratified" in train("mlp", out="now").data


def test_a_finished_run_is_not_resumed(train: Train) -> None:
    run = train("mlp")
    with pytest.raises(NetspecError) as caught:
        api.resume(run.folder)
    assert (caught.value.diagnostics[0].code, caught.value.exit_code) == ("NS859", 2)


# ---- what the disk may do


@pytest.mark.parametrize("damage", ["truncated", "flipped", "missing", "manifest"])
def test_a_damaged_checkpoint_is_passed_over(damage: str, train: Train, cut: Callable[[int], None]) -> None:
    whole = train("mlp", out="whole")
    cut(10)
    with pytest.raises(Killed):
        train("mlp", out="cut", save_every=2)
    cut(0)
    newest, before = sorted(Path("cut/checkpoints").glob("step-*"), reverse=True)
    _damage(newest, damage)
    told: list[Any] = []

    class Watching(netspec.training.loop.progress.Callbacks):
        def resumed(self, found: Any) -> None:
            told.append(found)

    assert same(whole, api.resume("cut", watch=Watching()))
    (found,) = told
    assert [name for name, _ in found.broken] == [newest.name]
    assert found.step == int(before.name.removeprefix("step-"))


def _damage(checkpoint: Path, damage: str) -> None:
    weights = checkpoint / "weights.safetensors"
    data = bytearray(weights.read_bytes())
    if damage == "truncated":
        weights.write_bytes(data[: len(data) // 2])
    elif damage == "flipped":
        data[len(data) // 2] ^= 1
        weights.write_bytes(data)
    elif damage == "missing":
        weights.unlink()
    else:
        manifest = checkpoint / "manifest.json"
        manifest.write_text(manifest.read_text().replace('"step": ', '"step": 1'))


CALLS = ("_write", "sync", "rename")


def test_every_failing_write_leaves_a_run_that_goes_on(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each write, fsync and rename of a run fails once: it goes on, or can be resumed or begun again."""
    options: dict[str, Any] = {"epochs": 2, "save_every": 4, "settings": {"data.split": [0.05, 0.05, 0.9]}}
    whole = train("mlp", out="whole", **options)
    stands = {name: getattr(files, name) for name in CALLS}
    total = _count_calls(monkeypatch, stands, lambda: train("mlp", out="counted", **options))
    assert total > 60
    for number in range(1, total + 1, 4):
        fails = _fail_at(monkeypatch, stands, number)
        out = Path(f"failed-{number}")
        try:
            run = train("mlp", out=out, **options)
        except NetspecError as error:
            if error.diagnostics[0].code != "NS906":
                raise
            fails()
            run = _go_on(train, out, options)
        assert same(whole, run), number
        shutil.rmtree(out)


def _go_on(train: Train, out: Path, options: dict[str, Any]) -> Run:
    if not (out / "settings.json").exists():
        return train("mlp", out=out, **options)
    run = netspec.load_run(out)
    return run if run.status["state"] == "finished" else api.resume(out)


def _count_calls(monkeypatch: pytest.MonkeyPatch, stands: dict[str, Any], act: Callable[[], Run]) -> int:
    count = [0]

    def counting(plain: Any) -> Any:
        def call(*given: Any) -> Any:
            count[0] += 1
            return plain(*given)

        return call

    for name, plain in stands.items():
        monkeypatch.setattr(files, name, counting(plain))
    act()
    for name, plain in stands.items():
        monkeypatch.setattr(files, name, plain)
    return count[0]


def _fail_at(monkeypatch: pytest.MonkeyPatch, stands: dict[str, Any], number: int) -> Callable[[], None]:
    """The disk is full at the call `number` of all writes; returns what makes it whole again."""
    count = [0]

    def failing(plain: Any) -> Any:
        def call(*given: Any) -> Any:
            count[0] += 1
            if count[0] == number:
                raise OSError(28, os.strerror(28))
            return plain(*given)

        return call

    for name, plain in stands.items():
        monkeypatch.setattr(files, name, failing(plain))

    def mend() -> None:
        for name, plain in stands.items():
            monkeypatch.setattr(files, name, plain)

    return mend


# ---- what must not change


@pytest.fixture
def cut_run(train: Train, cut: Callable[[int], None]) -> Path:
    cut(10)
    with pytest.raises(Killed):
        train("mlp", out="cut", save_every=2)
    cut(0)
    return Path("cut")


@pytest.mark.parametrize(
    ("old", "new", "file", "gap"),
    [
        ("12 perceptrons -> tanh", "12 perceptrons -> relu", "graph.json", "tanh => 12 perceptrons -> relu"),
        ("adam(lr = 3e-3)", "adam(lr = 4e-3)", "sections.json", "adam(lr = 3e-3) => adam(lr = 4e-3)"),
        ("split = [0.1, 0.05, 0.85]", "split = [0.2, 0.05, 0.75]", "sections.json", "split"),
    ],
)
def test_a_changed_spec_is_refused_with_the_difference(
    old: str, new: str, file: str, gap: str, cut_run: Path, place: Path
) -> None:
    (place / "mlp.net").write_text(MLP.replace(old, new))
    with pytest.raises(NetspecError) as caught:
        api.resume(cut_run, spec=netspec.load(place / "mlp.net"))
    (found,) = caught.value.diagnostics
    assert (found.code, found.words["what"], caught.value.exit_code) == ("NS860", file, 2)
    assert any(gap in json.dumps(hint.words) for hint in found.hints)


def test_a_comment_and_a_caption_may_change(cut_run: Path, place: Path, train: Train) -> None:
    changed = MLP.replace("net mlp {", '# a remark\nnet mlp "a caption" {').replace("-> tanh", '-> tanh "hidden"')
    (place / "mlp.net").write_text(changed)
    run = api.resume(cut_run, spec=netspec.load(place / "mlp.net"))
    assert same(train("mlp", out="whole"), run)


@pytest.mark.parametrize("path", sorted((ROOT / "specs" / "zoo").glob("*.net")), ids=lambda path: path.stem)
def test_what_a_net_means_is_the_same_each_time(path: Path) -> None:
    for name in netspec.load(path).nets:
        one, other = (netspec.load(path).net(name).graph for _ in range(2))
        assert fingerprint(one) == fingerprint(other)
        assert " object at 0x" not in str(fingerprint(one))


def test_changed_data_are_refused(train: Train, place: Path, cut: Callable[[int], None]) -> None:
    cut(10)
    with pytest.raises(Killed):
        train("carried", out="cut", save_every=2)
    cut(0)
    table = place / "waves.csv"
    table.write_text(table.read_text().replace("0.", "0.1", 1))
    with pytest.raises(NetspecError) as caught:
        api.resume("cut")
    assert (caught.value.diagnostics[0].code, caught.value.diagnostics[0].words["what"]) == ("NS860", "data.json")
