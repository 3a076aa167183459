"""Two processes that share every batch come to the weights of one, and any number of them can go on."""

from __future__ import annotations

import itertools
import os
import socket
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import netspec
from netspec import api
from netspec.config.vocabulary.losses import Triplet
from netspec.documents import Request
from netspec.training.loop.parallel import Processes
from netspec.training.loop.states import stateful_batches
from netspec.training.plan import make_plan
from netspec.training.run import Run
from netspec.training.session import parts_that_differ
from tests.conftest import ROOT
from tests.train.conftest import Train

# runs the command line, and lets the second process do something before its ninth step
SCRIPT = """
import os, signal, sys
from netspec.cli import main
from netspec.training.loop.loop import Loop

plain, left = Loop.step, [9]

def step(loop, *given):
    left[0] -= 1
    if left[0] == 0 and os.environ["RANK"] == "1":
        os.kill(os.getpid(), int(sys.argv[1]))
    plain(loop, *given)

Loop.step = step
sys.exit(main(sys.argv[2:]))
"""


def pair(signal: int, *arguments: str) -> list[tuple[int, str, str]]:
    """Exit code, output and errors of two processes that meet as under torchrun."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    own = {"WORLD_SIZE": "2", "LOCAL_WORLD_SIZE": "2", "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(port)}
    begun = []
    for rank in range(2):
        environment = {**os.environ, **own, "RANK": str(rank), "LOCAL_RANK": str(rank), "PYTHONPATH": str(ROOT)}
        command = [sys.executable, "-c", SCRIPT, str(signal), "train", *arguments, "--no-pictures", "--threads", "1"]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
        begun.append(subprocess.Popen(command, env=environment, **pipes))  # type: ignore[call-overload]
    found = []
    for process in begun:
        out, errors = process.communicate(timeout=120)
        found.append((process.returncode, out, errors))
    return found


def gap(one: Run, other: Run) -> float:
    a, b = one.weights(), other.weights()
    return max(float(np.abs(a[key] - b[key]).max()) for key in a)


def test_two_processes_stop_together_and_one_goes_on(train: Train, place: Path) -> None:
    """A net with carried state, clipping and uneven batches; the second process is asked to stop."""
    options = {"epochs": 6, "batch": 7, "settings": {"train.accumulate": 2}}
    text = (place / "carried.net").read_text().replace(" -> dropout(0.1)", "")
    (place / "carried.net").write_text(text)
    whole = train("carried", out="whole", **options)
    flags = ["--epochs", "6", "--batch", "7", "--set", "train.accumulate=2"]
    first, second = pair(15, "carried.net", "--out", "shared", *flags)
    assert (first[0], second[0]) == (130, 130), first[2] + second[2]
    assert first[1].count("epoch ") == 1
    assert second[1] == ""
    assert netspec.load_run("shared").status["state"] == "stopped"
    assert gap(whole, api.resume("shared")) < 1e-6


@pytest.mark.soak
def test_a_lost_process_ends_the_others_and_one_goes_on(train: Train) -> None:
    """An MLP whose last batch is uneven; the second process is killed."""
    options = {"batch": 41, "save_every": 3, "epochs": 4}
    whole = train("mlp", out="whole", **options)
    first, second = pair(9, "mlp.net", "--out", "shared", "--batch", "41", "--epochs", "4", "--save-every", "3")
    assert second[0] == -9
    assert first[0] == 130
    assert "NS863" in first[2]
    again = api.resume("shared")
    assert gap(whole, again) < 1e-6
    assert [row["step"] for row in again.history] == [row["step"] for row in whole.history]


@pytest.mark.parametrize(("count", "size"), [(64, 2), (61, 4), (3, 4), (1, 2)])
def test_shares_are_the_whole_batch_once(count: int, size: int) -> None:
    shares = [Processes(rank, size).share(100, 100 + count) for rank in range(size)]
    rows = [row for begin, end in shares for row in range(begin, end)]
    assert rows == list(range(100, 100 + count))
    sizes = [end - begin for begin, end in shares]
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize(("count", "batch"), [(100, 8), (7, 8), (33, 8), (64, 8), (1, 1)])
def test_rows_of_stateful_batches_go_on_and_hold_every_example_once(count: int, batch: int) -> None:
    order, spans = stateful_batches(count, batch)
    assert sorted(order.tolist()) == list(range(count))
    assert spans[0][0] == 0
    assert spans[-1][1] == count
    for (begin, end), (_, following) in itertools.pairwise(spans):
        before, after = order[begin:end].tolist(), order[end:following].tolist()
        assert len(after) in (len(before), len(before) - 1)
        assert after == [example + 1 for example in before[: len(after)]]


def test_a_row_stays_with_its_process_when_the_batch_shrinks() -> None:
    for rank in range(2):
        whole, less = Processes(rank, 2).share(0, 7, 7), Processes(rank, 2).share(7, 13, 7)
        assert less == (7 + whole[0], 7 + min(6, whole[1]))


NET = "net n {{\n  input x: 8 over 5\n  hidden z: {chain}\n  output y: z -> mean(time) -> 4 perceptrons\n}}\n"
SECTION = "train {{\n  loss = {loss}\n  optimizer = sgd(lr = 0.1)\n  epochs = 1\n  batch = 4\n}}\n"


def differing(chain: str, word: str, *fields: str) -> tuple[str, ...]:
    rows = np.random.default_rng(0)
    given = {"x": rows.random((8, 5, 8)), **{name: rows.random((8, 4)) for name in fields}}
    spec = netspec.parse((NET + SECTION).format(chain=chain, loss=f"{word}(y, {', '.join(fields)})"))
    return parts_that_differ(make_plan(spec, Request(pictures=False), given))


@pytest.mark.parametrize(
    ("chain", "found"),
    [
        ("attention(2)", ()),
        ("attention(2, dropout = 0.1)", ("attention",)),
        ("lstm(8, layers = 2)", ()),
        ("lstm(8, layers = 2, dropout = 0.1) -> batchnorm", ("batchnorm", "lstm")),
        ("dropout(0.5)", ("dropout",)),
    ],
)
def test_what_processes_compute_otherwise_is_what_draws_or_mixes_a_batch(chain: str, found: tuple[str, ...]) -> None:
    assert differing(chain, "squared", "t") == found


def test_a_loss_says_itself_that_it_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    assert differing("relu", "triplet", "t", "u") == ()
    monkeypatch.setattr(Triplet, "draws", True)
    assert differing("relu", "triplet", "t", "u") == ("triplet",)
