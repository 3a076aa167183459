"""The training loop against hand-written loops, Keras and Lightning: samples a second at batch 64, one thread.

Every round runs one epoch of each contender, one after the other; a ratio is taken within a round, so that what the
machine does meanwhile hits both. Shown is the median of the ratios with the 90 % interval of that median. The hand
loop with a DataLoader is the one of the tutorials. The loop in memory is as fast as one can write it by hand: one
permutation an epoch, rows by index, torch's fused optimizer.

Losses are compared with those of a hand loop whose filters lie in memory as netspec's do (maps last): then every bit
is the same. Another order in memory adds up in another order; in float64 the curves of both orders are compared, too.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader, TensorDataset

import netspec
from benchmarks import train_nets
from benchmarks.publish import publish
from benchmarks.train_nets import Case
from netspec.documents import Request
from netspec.training.loop.engine import build_engine
from netspec.training.loop.loop import Loop
from netspec.training.loop.progress import Callbacks, Progress
from netspec.training.plan import make_plan
from netspec.training.storage.folder import Folder
from netspec.training.storage.writer import RunWriter

ROUNDS = int(os.environ.get("ROUNDS", "21"))
BATCH, RATE = 64, 1e-3
# what must hold: (net, against) -> the least ratio of the median, and of the interval's low end
LEAST = {
    ("MLP", "DataLoader"): (1.4, 1.2),
    ("LeNet", "DataLoader"): (1.15, 1.0),
    ("MLP", "Keras 3"): (3.0, 0.0),
    ("MLP", "Lightning"): (2.0, 0.0),
}
MOST = 1.05  # times the CPU time of the loop in memory

Epoch = Callable[[], Any]


def main() -> bool:
    torch.set_num_threads(1)
    lines = ["| net | against | ratio of samples/s (90 % interval) | asked | held |", "|---|---|---|---|---|"]
    held, curves = True, []
    with tempfile.TemporaryDirectory() as name:
        for case in train_nets.cases():
            times = measure(contenders(case, Path(name)), ROUNDS)
            for other in times:
                if other not in ("netspec", "in memory, again"):
                    line, good = compare(case.name, other, times)
                    lines.append(line)
                    held = held and good
            gaps = [curve_gap(case, Path(name), kind) for kind in (torch.float32, torch.float64)]
            curves.append((case.name, *gaps))
    held = held and all(max(gaps) < 1e-5 for _, *gaps in curves)
    lines += ["", "Largest difference of the loss from the hand loop's, over 3 epochs:", ""]
    lines += ["| net | float32, the same order in memory | float64, the hand loop's filters as torch makes them |"]
    lines += ["|---|---|---|", *(f"| {name} | {one:.1e} | {other:.1e} |" for name, one, other in curves)]
    lines += ["", f"{ROUNDS} interleaved rounds, batch {BATCH}, Adam, float32, CPU time of one thread."]
    publish("train", "The training loop against others", lines, ("torch", "numpy", "keras", "pytorch-lightning"))
    return held


def compare(net: str, other: str, times: dict[str, list[float]]) -> tuple[str, bool]:
    """One line of the table, and whether what was asked for holds."""
    middle, low, high = interval([a / b for a, b in zip(times[other], times["netspec"], strict=True)])
    shown = f"{middle:.2f} ({low:.2f} - {high:.2f})"
    if (net, other) in LEAST:
        least, end = LEAST[net, other]
        good = middle >= least and low >= end
        asked = f">= {least}" + (f", low end >= {end}" if end else "")
    elif other == "in memory":
        own, _, _ = interval([a / b for a, b in zip(times[other], times["in memory, again"], strict=True)])
        good = 1 / middle <= MOST
        asked = f">= {1 / MOST:.2f}; that loop against itself: {own:.2f}"
    else:
        good, asked = True, ""
    return f"| {net} | {other} | {shown} | {asked} | {'yes' if good else 'NO'} |", good


def interval(ratios: list[float]) -> tuple[float, float, float]:
    """The median and the 90 % interval of it, from 4,000 resamplings of the rounds."""
    draw = np.random.default_rng(0)
    found = np.median(draw.choice(ratios, size=(4000, len(ratios))), axis=1)
    low, high = np.quantile(found, [0.05, 0.95])
    return median(ratios), float(low), float(high)


def measure(epochs: dict[str, Epoch], rounds: int) -> dict[str, list[float]]:
    """CPU seconds of every contender's epoch in every round, in an order that turns."""
    for epoch in epochs.values():
        epoch()
    times: dict[str, list[float]] = {name: [] for name in epochs}
    names = list(epochs)
    for number in range(rounds):
        for name in names[number % len(names) :] + names[: number % len(names)]:
            begin = time.process_time()
            epochs[name]()
            times[name].append(time.process_time() - begin)
    return times


# ---- contenders: each a function that trains one epoch


def contenders(case: Case, folder: Path) -> dict[str, Epoch]:
    found: dict[str, Epoch] = {"netspec": ours(case, folder)}
    found["DataLoader"] = with_loader(case)
    found["in memory"] = in_memory(case)
    found["in memory, again"] = in_memory(case)
    if case.name == "MLP":
        for name, make in (("Keras 3", with_keras), ("Lightning", with_lightning)):
            try:
                found[name] = make(case)
            except ImportError as error:
                print(f"{name} is not installed ({error})", file=sys.stderr)
    return found


def loop_of(case: Case, folder: Path, epochs: int, precision: str = "float32") -> Loop:
    """netspec's loop with all that it does in a run: log, progress, checks of the loss, checkpoints when due."""
    spec = netspec.parse(case.spec)
    settings = [("train.epochs", str(epochs)), ("train.precision", precision)]
    request = Request(threads=1, pictures=False, assignments=settings)
    plan = make_plan(spec, request, {"x": case.x.numpy(), "label": case.y.numpy()})
    engine = build_engine(plan)
    place = Path(tempfile.mkdtemp(dir=folder))
    writer = RunWriter(Folder(place), 60.0, None)
    writer.open(0, 0)
    return Loop(plan, engine, Progress(), writer, Callbacks())


def ours(case: Case, folder: Path) -> Epoch:
    loop = loop_of(case, folder, 1000)

    def epoch() -> None:
        loop.epoch()
        loop.progress.next_epoch()

    return epoch


def with_loader(case: Case) -> Epoch:
    model = case.model()
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE)
    loader = DataLoader(TensorDataset(case.x, case.y), batch_size=BATCH, shuffle=True)

    def epoch() -> float:
        model.train()
        total = 0.0
        for x, y in loader:
            optimizer.zero_grad()
            loss = functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(x)
        return total / len(case.x)

    return epoch


def in_memory(case: Case, orders: Callable[[], Tensor] | None = None, model: nn.Module | None = None) -> Epoch:
    model = model or case.model()
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, fused=True)
    draw = orders or (lambda: torch.randperm(len(case.x)))

    def epoch() -> float:
        model.train()
        total = 0.0
        for index in draw().split(BATCH):
            x, y = case.x[index], case.y[index]
            loss = functional.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            optimizer.zero_grad()
            total += loss.item() * len(index)
        return total / len(case.x)

    return epoch


def with_keras(case: Case) -> Epoch:
    os.environ["KERAS_BACKEND"] = "torch"
    import keras

    layers = [
        keras.layers.Input((784,)),
        keras.layers.Dense(100, activation="relu"),
        keras.layers.Dense(10),
    ]
    model = keras.Sequential(layers)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer=keras.optimizers.Adam(RATE), loss=loss)
    x, y = case.x.numpy(), case.y.numpy()
    return lambda: model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0)


def with_lightning(case: Case) -> Epoch:
    import logging
    import warnings

    import pytorch_lightning as lightning

    warnings.filterwarnings("ignore")
    logging.getLogger("pytorch_lightning").setLevel(logging.ERROR)

    class Module(lightning.LightningModule):  # type: ignore[misc, name-defined]
        def __init__(self) -> None:
            super().__init__()
            self.net = case.model()

        def training_step(self, batch: Any, number: int) -> Tensor:
            x, y = batch
            loss = functional.cross_entropy(self.net(x), y)
            self.log("loss", loss)
            return loss

        def configure_optimizers(self) -> Any:
            return torch.optim.Adam(self.parameters(), lr=RATE)

    module = Module()
    loader = DataLoader(TensorDataset(case.x, case.y), batch_size=BATCH, shuffle=True)
    place = tempfile.mkdtemp()

    def epoch() -> None:
        # the default Trainer: logger, checkpoints; only its progress bar and model table would fill the screen
        trainer = lightning.Trainer(
            max_epochs=1,
            accelerator="cpu",
            default_root_dir=place,
            enable_progress_bar=False,
            enable_model_summary=False,
        )
        trainer.fit(module, loader)

    return epoch


# ---- the same numbers


def curve_gap(case: Case, folder: Path, kind: torch.dtype) -> float:
    """The largest difference between both loss curves, from the same weights in the same order of examples."""
    loop = loop_of(case, folder, 3, precision=str(kind).removeprefix("torch."))
    model = case.model().to(kind)
    # layers stand in the same order, under other names
    ours_, theirs = loop.engine.model.state_dict(), model.state_dict()
    model.load_state_dict(dict(zip(theirs, (value.clone() for value in ours_.values()), strict=True)))
    if kind == torch.float32:
        model = model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    order = iter([loop.engine.order(loop.train.seed, epoch) for epoch in range(3)])
    by_hand = in_memory(replace(case, x=case.x.to(kind)), lambda: next(order), model)
    gap = 0.0
    for _ in range(3):
        loop.epoch()
        gap = max(gap, abs(loop.progress.epoch_loss() - by_hand()))
        loop.progress.next_epoch()
    return gap


if __name__ == "__main__":
    sys.exit(not main())
