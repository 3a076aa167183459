"""A DCGAN whose sections take turns: a step beside a loop written by hand, and the digits that it makes of MNIST."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import netspec
from benchmarks.publish import publish
from benchmarks.tasks import ROOT, data_folder

ROUNDS, STEPS, BATCH = 40, 1, 128
MOST = 1.05  # of the time of the loop written by hand
SAMPLES, KINDS, SHARE = 1000, 8, 0.3
SPEC = ROOT / "specs" / "tasks" / "mnist_gan.net"
CLASSIFIER = ROOT / "specs" / "tasks" / "mnist_modern.net"


def main() -> bool:
    """Prints and keeps both tables; False where a bound is broken, or the digits of MNIST are not in NETSPEC_DATA."""
    lines, ratio = steps()
    data = data_folder() / "mnist"
    if not data.is_dir():
        print("\n".join([*lines, f"there is no {data}: the digits are not made"]))
        return False
    right, shares = _digits(data)
    lines += ["", "| digit | " + " | ".join(map(str, range(10))) + " |", "|---" * 11 + "|"]
    lines += ["| share of 1,000 samples | " + " | ".join(f"{share:.3f}" for share in shares) + " |", ""]
    lines += [f"A classifier that is right of {right:.4f} of MNIST's test part names them."]
    publish("turns", "Sections that take turns: a DCGAN", lines, ("torch",))
    found = sum(share > 0 for share in shares)
    return ratio <= MOST and right >= 0.98 and found >= KINDS and max(shares) <= SHARE


def steps() -> tuple[list[str], float]:
    """The table of times of a step, and the ratio to the loop."""
    own, plain, placed = _times()
    first, second = (statistics.median(a / b for a, b in zip(own, other, strict=True)) for other in (plain, placed))
    milliseconds = [f"{1000 * statistics.median(times):.1f}" for times in (own, plain, placed)]
    lines = ["| a step of 128 pictures | ms | netspec's time is |", "|---|---:|---:|"]
    lines += [f"| netspec | {milliseconds[0]} | |", f"| the loop by hand | {milliseconds[1]} | {first:.3f} |"]
    lines += [f"| the loop, activations in place | {milliseconds[2]} | {second:.3f} |", ""]
    return [*lines, f"Medians of CPU time, measured in turn, one thread. Bar for the loop: {MOST}."], first


def _digits(data: Path) -> tuple[float, list[float]]:
    """The accuracy of the classifier on the test part, and the share of each digit among the samples."""
    import numpy as np

    with tempfile.TemporaryDirectory() as folder:
        options: Any = {"data_folder": data, "threads": 1, "pictures": False}
        gan = netspec.train(SPEC, out=Path(folder) / "gan", **options)
        classifier = netspec.train(CLASSIFIER, out=Path(folder) / "classifier", epochs=2, **options)
        pictures = (gan.values("fake", count=SAMPLES) + 1) * 127.5
        answers = classifier.predict({"image": pictures})["predicted_label"].astype(int)
        return classifier.scores["test"]["accuracy"], (np.bincount(answers, minlength=10) / SAMPLES).tolist()


def _times() -> list[list[float]]:
    """The CPU seconds of a step of netspec, of the loop, and of the loop with activations in place, round by round."""
    import torch

    torch.set_num_threads(1)
    pictures = torch.rand(BATCH * 4, 1, 28, 28).numpy() * 2 - 1
    ways = (_own(pictures), _by_hand(pictures, False), _by_hand(pictures, True))
    found: list[list[float]] = [[] for _ in ways]
    for number in range(ROUNDS + 1):
        losses = []
        for way, times in zip(ways, found, strict=True):
            begin = time.process_time()
            for _ in range(STEPS):
                loss = way()
            times.append((time.process_time() - begin) / STEPS)
            losses.append(loss)
        if number == 0:
            assert all(0.1 < loss < 5 for pair in losses for loss in pair), losses
    return [times[1:] for times in found]


def _own(pictures: Any) -> Callable[[], list[float]]:
    """A step as `netspec train` takes it."""
    from netspec.documents import Request
    from netspec.training.loop.engine import build_engine
    from netspec.training.loop.loop import Loop
    from netspec.training.loop.progress import Callbacks, Progress
    from netspec.training.plan import make_plan
    from netspec.training.storage.folder import Folder
    from netspec.training.storage.writer import NoWriter

    plan = make_plan(netspec.load(SPEC), Request(threads=1, pictures=False), {"image": pictures})
    engine = build_engine(plan)
    loop = Loop(plan, engine, Progress(), NoWriter(Folder(Path()), 60.0, None), Callbacks())
    part, order = engine.parts["training"], engine.order(0, 0)

    class Batches:
        def take(self, number: int, drawn: int) -> Any:
            return part.take(loop.index(order, number))

    def step() -> list[float]:
        progress = loop.progress
        before = [progress.of(live.turn.name).loss_sum for live in engine.turns]
        loop.step(Batches(), 0, 0, 1)  # type: ignore[arg-type]
        progress.step += 1
        after = [progress.of(live.turn.name).loss_sum for live in engine.turns]
        return [(now - then) / BATCH for now, then in zip(after, before, strict=True)]

    return step


def _by_hand(pictures: Any, in_place: bool) -> Callable[[], list[float]]:
    """A step of the loop in PyTorch's DCGAN tutorial, as fast as one would write it."""
    import torch
    from torch import nn
    from torch.nn import functional

    up: dict[str, Any] = {"stride": 2, "padding": 1, "bias": False}
    generator = nn.Sequential(
        nn.ConvTranspose2d(64, 64, 7, bias=False), nn.BatchNorm2d(64), nn.ReLU(in_place),
        nn.ConvTranspose2d(64, 32, 4, **up), nn.BatchNorm2d(32), nn.ReLU(in_place),
        nn.ConvTranspose2d(32, 1, 4, **up), nn.Tanh(),
    )  # fmt: skip
    critic = nn.Sequential(
        nn.Conv2d(1, 32, 4, **up), nn.LeakyReLU(0.2, in_place),
        nn.Conv2d(32, 64, 4, **up), nn.BatchNorm2d(64), nn.LeakyReLU(0.2, in_place),
        nn.Flatten(), nn.Linear(64 * 49, 1),
    )  # fmt: skip
    for module in (generator, critic):
        module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        for weight in module.parameters():
            if weight.dim() == 4:
                nn.init.normal_(weight, 0, 0.02)
    options: Any = {"lr": 2e-4, "betas": (0.5, 0.999), "fused": True}
    forger, judge = (torch.optim.Adam(each.parameters(), **options) for each in (generator, critic))
    data = torch.from_numpy(pictures[:BATCH])
    ones, zeros = torch.ones(BATCH, 1), torch.zeros(BATCH, 1)
    compare = functional.binary_cross_entropy_with_logits

    def step() -> list[float]:
        fake = generator(torch.randn(BATCH, 64, 1, 1))
        judge.zero_grad()
        wrong = compare(critic(data), ones) + compare(critic(fake.detach()), zeros)
        wrong.backward()  # type: ignore[no-untyped-call]
        judge.step()
        forger.zero_grad()
        critic.requires_grad_(False)
        caught = compare(critic(fake), ones)
        caught.backward()  # type: ignore[no-untyped-call]
        critic.requires_grad_(True)
        forger.step()
        return [wrong.item(), caught.item()]

    return step


if __name__ == "__main__":
    raise SystemExit(not main())
