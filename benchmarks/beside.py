"""LeNet and ResNet-18 in netspec, mlnode and Keras beside hand-written torch: check, build, forward, in one run."""

from __future__ import annotations

import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks.forward import ZOO, lenet_by_hand
from benchmarks.publish import publish

ROUNDS = 7
SHAPES = {"lenet5_plain": (1, 1, 32, 32), "resnet18": (8, 3, 224, 224)}
TITLES = {"lenet5_plain": "LeNet-5", "resnet18": "ResNet-18"}
Work = Callable[[], Any]


def main() -> bool:
    """Prints and keeps the table; False where a network has other weights or, where they are carried over, values."""
    os.environ.setdefault("KERAS_BACKEND", "torch")
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
    import torch

    torch.set_num_threads(1)
    lines = ["CPU time against the hand-written torch class, medians of ratios measured in turn; one thread.", ""]
    lines += ["| network | in | check | build | forward | weights | its values |", "|---|---|---:|---:|---:|---:|---|"]
    good = True
    for name in SHAPES:
        for library, row, right in rows(name):
            good = good and right
            lines.append(f"| {TITLES[name]} | {library} | " + " | ".join(row) + " |")
    lines += [
        "",
        "Check: text or JSON read and every size inferred, no module made. Build: from the file, or for Keras from its "
        "functional API, to a module with its weights, in a process that has done it before. Forward: "
        + ", ".join(f"{TITLES[name]} on a batch of {shape[0]}" for name, shape in SHAPES.items())
        + ", evaluation, without gradients. Keras runs on torch.",
    ]
    publish("beside", "Beside mlnode and Keras", lines, ("torch", "mlnode", "keras"))
    return good


def rows(name: str) -> list[tuple[str, list[str], bool]]:
    """(library, cells, whether the net is the published one) of each that is installed."""
    import torch

    from benchmarks.peers.networks import keras_net

    hand = lenet_by_hand if name == "lenet5_plain" else _published(name)
    reference = hand().eval()
    x = torch.randn(SHAPES[name])
    found = [_row("netspec", _netspec(name, check=True), _netspec(name), hand, reference, x)]
    if find_spec("mlnode"):
        with tempfile.TemporaryDirectory() as folder:
            check, build = _mlnode(name, Path(folder) / "net.mlnode.json")
            found.append(_row("mlnode", check, build, hand, reference, x))
    if find_spec("keras"):
        found.append(_row("Keras", None, lambda: keras_net(name), hand, reference, x))
    return found


def _row(library: str, check: Work | None, build: Work, hand: Work, reference: Any, x: Any) -> Any:
    import torch

    module = build()
    eager = library != "Keras"
    given = x if eager else x.permute(0, 2, 3, 1).contiguous()
    module.eval()
    count = sum(value.numel() for value in module.parameters())
    if not eager:  # Keras counts the running means of batch norms among its parameters
        count = sum(int(value.value.numel()) for value in module.trainable_variables)
    with torch.inference_mode():
        calls = 30 if x.shape[0] == 1 else 1
        forward = ratio(_times(calls, module, given), _times(calls, reference, x))
        values = "not carried over"
        if eager:
            _carry(reference, module)
            wanted = reference(x)
            values = (
                "equal"
                if torch.allclose(module(given), wanted, rtol=0, atol=1e-5 * float(wanted.abs().max()))
                else "DIFFERENT"
            )
    right = count == sum(value.numel() for value in reference.parameters()) and values != "DIFFERENT"
    checked = f"{ratio(check, hand):.3f}" if check else "none"
    return library, [checked, f"{ratio(build, hand):.2f}", f"{forward:.2f}", f"{count:,}", values], right


def _carry(reference: Any, module: Any) -> None:
    """The reference's numbers, array by array: the nets write their layers in the same order."""
    import torch

    mine = module.state_dict()
    if hasattr(module, "graph"):  # mlnode holds its layers in the order in which they run, which need not be that
        written = [f"_layers.{node.id}." for node in module.graph.schema.nodes]
        mine = {key: mine[key] for start in written for key in mine if key.startswith(start)}
    with torch.no_grad():
        for one, other in zip(mine.values(), reference.state_dict().values(), strict=True):
            one.copy_(other)


def _times(calls: int, module: Any, x: Any) -> Work:
    def run() -> None:
        for _ in range(calls):
            module(x)

    return run


def ratio(one: Work, other: Work) -> float:
    """Median of CPU seconds of one by those of the other, measured in turn after a warm-up."""
    one()
    other()
    return statistics.median(_seconds(one) / _seconds(other) for _ in range(ROUNDS))


def _seconds(work: Work) -> float:
    begun = time.process_time()
    work()
    return time.process_time() - begun


def _published(name: str) -> Work:
    from proof.cases import CASES

    published: Work = CASES[name].published
    return published


def _netspec(name: str, check: bool = False) -> Work:
    import netspec

    path = ZOO / f"{name}.net"
    return (lambda: netspec.load(path)) if check else (lambda: netspec.load(path).net().module())


def _mlnode(name: str, path: Path) -> tuple[Work, Work]:
    """Checking and building a graph that is written to a file once."""
    from mlnode import MLnodeModel

    from benchmarks.peers.networks import mlnode_graph

    path.write_text(mlnode_graph(name), encoding="utf-8")

    def check() -> None:
        assert MLnodeModel.load(path).validate().valid

    return check, lambda: MLnodeModel.load(path).build()
