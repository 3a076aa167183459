"""The forward pass of compiled modules against hand-written classes: the same values, and the same time."""

from __future__ import annotations

import statistics
import sys
import time
from pathlib import Path
from typing import Any

from benchmarks.publish import publish

ROOT = Path(__file__).resolve().parents[1]
ZOO = ROOT / "specs" / "zoo"
ROUNDS = 41
# (network, inputs of a batch, calls in one measurement)
TRIALS = {"lenet5_plain": ((1, 1, 32, 32), 50), "resnet18": ((8, 3, 224, 224), 1)}
ROUNDING = 1e-5  # of the largest value, in float32: how sums are cut into pieces depends on the processor
NOISE = 1.05  # what two copies of one module may differ by on a machine that does other things, too


def lenet_by_hand() -> Any:
    """LeNet-5 with plain pools, as a textbook writes it in torch."""
    from torch import Tensor, nn
    from torch.nn import functional

    class LeNet(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.C1 = nn.Conv2d(1, 6, 5)
            self.C3 = nn.Conv2d(6, 16, 5)
            self.C5 = nn.Linear(400, 120)
            self.F6 = nn.Linear(120, 84)
            self.y = nn.Linear(84, 10)

        def forward(self, x: Tensor) -> Tensor:
            x = functional.avg_pool2d(self.C1(x).tanh(), 2)
            x = functional.avg_pool2d(self.C3(x).tanh(), 2).flatten(1)
            x = self.C5(x).tanh()
            x = self.F6(x).tanh()
            return self.y(x)

    return LeNet()


def main() -> bool:
    """Prints and keeps the table; False where the values differ or the compiled module is slower beyond noise."""
    sys.path.insert(0, str(ROOT / "tests"))
    import torch
    from proof.cases import CASES
    from proof.transplant import transplanted

    import netspec

    torch.set_num_threads(1)
    lines = ["Median of the ratio of CPU times measured in turn; one thread; evaluation, without gradients.", ""]
    lines += [
        "| network | batch | compiled / by hand | two copies by hand | largest difference |",
        "|---|---|---|---|---|",
    ]
    good = True
    for name, (shape, calls) in TRIALS.items():
        torch.manual_seed(0)
        make = lenet_by_hand if name == "lenet5_plain" else CASES[name].published
        reference, again = make(), make()
        again.load_state_dict(reference.state_dict())
        compiled = netspec.load(ZOO / f"{name}.net").net()
        net = compiled.module()
        names = str if name == "lenet5_plain" else CASES[name].names
        net.load_state_dict(transplanted(reference.state_dict(), names, net.state_dict(), compiled.graph))
        x = torch.randn(shape)
        modules = [module.eval() for module in (net, reference, again)]
        with torch.inference_mode():
            wanted = reference(x)
            error = float((net(x) - wanted).abs().max() / wanted.abs().max())
            times = [[_seconds(module, x, calls) for module in modules] for _ in range(ROUNDS if calls > 1 else 11)]
        ratio = statistics.median(mine / theirs for mine, theirs, _ in times)
        noise = statistics.median(other / theirs for _, theirs, other in times)
        good = good and error <= ROUNDING and ratio <= NOISE * max(noise, 1.0)
        lines.append(f"| {name} | {shape[0]} | {ratio:.3f} | {noise:.3f} | {error:.1g} |")
    publish("forward", "Forward pass", lines)
    return good


def _seconds(module: object, x: object, calls: int) -> float:
    assert callable(module)
    begun = time.process_time()
    for _ in range(calls):
        module(x)
    return time.process_time() - begun
