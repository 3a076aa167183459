"""Train sections that take turns: held to a loop written by hand, and to what each of them says that it moves."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional

import netspec
from benchmarks.soak.nets import NETS
from netspec.cli import main
from netspec.diagnostics.errors import SpecError
from netspec.documents import Request
from netspec.ir.graph import Edge
from netspec.training.loop.engine import Engine, build_engine
from netspec.training.plan import make_plan
from tests.train.conftest import Train

PARTS = """
block Generator(g) {
  input  code: k
  hidden a: 2*g perceptrons -> batchnorm -> relu
  hidden c: 2x2 perceptrons -> expand(maps = g) -> batchnorm -> relu
  output image: 1 filter 4x4 (transposed = true, stride = 2, pad = 1) -> tanh  is 1@4x4
}

block Critic(d) {
  input  image: 1@4x4
  hidden a: d filters 3x3 (pad = 1, bias = false) -> batchnorm -> leaky(0.2)
  output real: 1 perceptron
}
"""
GAN = f"""{PARTS}
net gan {{
  input  image: 1@4x4
  output fake: noise(3) -> Generator(4)
  output real: image -> Critic(5)
  output judged: fake -> same(real)
}}

train {{
  optimizer = adam(lr = 1e-2, betas = [0.5, 0.999])
  batch = 16
  precision = float64
}}

train judge {{
  weights = real
  loss = binary_cross_entropy(real, 1) + binary_cross_entropy(judged, 0)
}}

train forge {{
  weights = fake
  loss = binary_cross_entropy(judged, 1)
}}
"""
ROWS = {"image": np.random.default_rng(0).normal(size=(96, 1, 4, 4))}


def engine(text: str, given: dict[str, Any] | None = None, **settings: Any) -> Engine:
    """The engine of a run, before its first step."""
    request = Request(pictures=False, threads=1, assignments=[(key, str(value)) for key, value in settings.items()])
    return build_engine(make_plan(netspec.parse(text), request, given or ROWS))


def losses(run: Engine, step: int) -> dict[str, float]:
    """Take one step as the loop does, and return the loss of each section."""
    begin, end = run.spans[step]
    batch = run.parts["training"].take(run.order(0, 0)[begin:end])
    run.draw_from(step)
    kept: dict[Edge, torch.Tensor] = {}
    found = {}
    for planned in run.due(step):
        loss = run.loss(batch, planned, kept)
        loss.backward(inputs=planned.inputs)  # type: ignore[no-untyped-call]
        planned.live.step()
        found[planned.live.turn.name] = loss.item()
    return found


class Generator(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.an = nn.Linear(3, 8), nn.BatchNorm1d(8)
        self.c, self.cn = nn.Linear(8, 4), nn.BatchNorm2d(4)
        self.image = nn.ConvTranspose2d(4, 1, 4, 2, 1)

    def forward(self, code: torch.Tensor) -> torch.Tensor:
        a = functional.relu(self.an(self.a(code)))
        c = self.c(a).reshape(-1, 1, 2, 2).expand(-1, 4, 2, 2)
        return torch.tanh(self.image(functional.relu(self.cn(c))))


class Critic(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.an = nn.Conv2d(1, 5, 3, 1, 1, bias=False), nn.BatchNorm2d(5)
        self.real = nn.Linear(80, 1)

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = self.real(functional.leaky_relu(self.an(self.a(image)), 0.2).flatten(1))
        return found


def test_adversarial_sections_are_the_loop_that_people_write() -> None:
    """PyTorch's DCGAN tutorial: the pictures that the discriminator has judged are those the generator learns from.
    Losses, weights and statistics agree, so no part ran more often than there."""
    run = engine(GAN)
    generator, critic = Generator().double(), Critic().double()
    state = run.model.state_dict()
    for module, line in ((generator, "fake."), (critic, "real.")):
        own = [value for key, value in state.items() if key.startswith(line)]
        module.load_state_dict(dict(zip(module.state_dict(), (value.clone() for value in own), strict=True)))
    forger, judge = (torch.optim.Adam(each.parameters(), 1e-2, betas=(0.5, 0.999)) for each in (generator, critic))
    ones, zeros = torch.ones(16, 1, dtype=torch.float64), torch.zeros(16, 1, dtype=torch.float64)
    compare = functional.binary_cross_entropy_with_logits
    for step in range(6):
        begin, end = run.spans[step]
        image = run.parts["training"].take(run.order(0, 0)[begin:end])["image"]
        found = losses(run, step)
        run.draw_from(step)
        fake = generator(torch.randn(16, 3, dtype=torch.float64))
        judge.zero_grad()
        wrong = compare(critic(image), ones) + compare(critic(fake.detach()), zeros)
        wrong.backward()  # type: ignore[no-untyped-call]
        judge.step()
        forger.zero_grad()
        caught = compare(critic(fake), ones)
        caught.backward()  # type: ignore[no-untyped-call]
        forger.step()
        assert found == pytest.approx({"judge": wrong.item(), "forge": caught.item()}, abs=1e-10)
    state = run.model.state_dict()
    for module, line in ((generator, "fake."), (critic, "real.")):
        own = [value for key, value in state.items() if key.startswith(line)]
        for value, other in zip(module.state_dict().values(), own, strict=True):
            assert torch.allclose(value.double(), other.double(), atol=1e-10)


def test_a_turn_computes_what_its_loss_needs_and_no_turn_has_done() -> None:
    run = engine(GAN)
    first, second = (each.part for each in run.due(0))
    assert first is not None
    assert second is not None
    labels = [{run.graph.layers[run.graph.nodes[node].layer].path for node in each.nodes} for each in (first, second)]
    assert {"fake", "fake.a", "real.a"} <= labels[0]
    assert labels[1] == {"real.image", "real.a", "real.real"}  # `judged` alone
    assert [run.graph.nodes[edge.node].op.name for edge in second.given] == ["tanh"]


def test_each_section_moves_its_own_weights_in_its_own_time() -> None:
    run = engine(GAN.replace("train forge {", "train forge {\n  every = 3"))
    before = {key: value.clone() for key, value in run.model.state_dict().items()}
    moved = []
    for step in range(6):
        losses(run, step)
        now = run.model.state_dict()
        moved.append({key.split(".")[0] for key, value in run.model.named_parameters() if (value != before[key]).any()})
        before = {key: value.clone() for key, value in now.items()}
    assert moved == [{"real"}, {"real"}, {"real", "fake"}] * 2


def test_weights_of_a_single_section_leave_the_others_alone() -> None:
    text = "net n {\n  input x: 3\n  hidden z: 4 perceptrons -> tanh\n  output y: 2 perceptrons\n}\n"
    text += "train {\n  loss = squared(y, 1)\n  weights = y\n}\n"
    run = engine(text, {"x": np.ones((64, 3))})
    before = {key: value.clone() for key, value in run.model.state_dict().items()}
    losses(run, 0)
    assert {key for key, value in run.model.state_dict().items() if (value != before[key]).any()} == {
        "y.weight",
        "y.bias",
    }


def test_sections_with_equal_losses_are_two_optimizers_for_two_parts() -> None:
    """The second section sees what the first has moved."""
    text = "net n {\n  input x: 3\n  hidden z: 4 perceptrons -> tanh\n  output y: 1 perceptron\n}\n"
    for name, line, rate in (("body", "z", 0.1), ("head", "y", 0.01)):
        text += f"train {name} {{\n  weights = {line}\n  loss = squared(y, 1)\n  optimizer = sgd(lr = {rate})\n}}\n"
    rows = {"x": np.random.default_rng(1).normal(size=(32, 3))}
    run = engine(text, rows, **{"train.precision": "float64"})
    weights = {key: value.detach().clone().requires_grad_() for key, value in run.model.named_parameters()}
    x = run.parts["training"].take(run.order(0, 0))["x"]

    def loss() -> torch.Tensor:
        z = torch.tanh(functional.linear(x, weights["z.weight"], weights["z.bias"]))
        return (functional.linear(z, weights["y.weight"], weights["y.bias"]) - 1).square().mean()

    losses(run, 0)
    for line, rate in (("z", 0.1), ("y", 0.01)):
        keys = [key for key in weights if key.startswith(line)]
        moves = torch.autograd.grad(loss(), [weights[key] for key in keys])
        for key, move in zip(keys, moves, strict=True):
            weights[key] = (weights[key] - rate * move).detach().requires_grad_()
    for key, value in run.model.named_parameters():
        assert torch.allclose(value, weights[key], atol=1e-12)


def test_a_run_tells_the_loss_of_each_section(train: Train, place: Path) -> None:
    run = train("turns", epochs=2, settings={"train.forge.optimizer.lr": 0.02})
    row = run.history[-1]
    assert list(row["training"]) == ["loss", "loss_judge", "loss_forge"]
    assert row["training"]["loss"] == pytest.approx(row["training"]["loss_judge"] + row["training"]["loss_forge"])
    assert run.scores["validation"].keys() == row["validation"].keys() == row["training"].keys()


def errors(text: str) -> list[str]:
    """The codes of the mistakes in a text."""
    try:
        netspec.parse(text)
    except SpecError as error:
        return [item.code for item in error.diagnostics if item.severity == "error"]
    return []


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("  every = 2\n", "  epochs = 3\n", "NS794"),
        ("  seed = 5\n", "  loss = squared(fake)\n", "NS795"),
        ("  best = loss_forge\n", "  clip = 1.0\n  best = loss\n", ""),
        ("weights = fake", "weights = forged", "NS796"),
        ("weights = fake", "weights = judged", "NS797"),
        ("weights = fake", "weights = [fake, real]", ""),
        ("  loss = binary_cross_entropy(judged, 1)\n", "  loss = binary_cross_entropy(real, 1)\n", "NS798"),
        ("  weights = fake\n", "", "NS754"),
        ("train forge {", "train judge {", "NS766"),
        ("(judged, 1)", "(judged, 1.5)", "NS419"),
        ("best = loss_forge", "best = loss_forger", "NS769"),
        ("noise(6) -> 12 perceptrons", "noise(6) -> stop -> 12 perceptrons", ""),
        ("fake -> same(real)", "fake -> stop -> same(real)", "NS798"),
    ],
)
def test_mistakes_are_said_before_anything_runs(old: str, new: str, code: str) -> None:
    text = NETS["turns"].replace(old, new, 1)
    assert text != NETS["turns"]
    assert errors(text) == [code] * bool(code)


def test_a_setting_for_all_that_every_section_sets_itself_is_refused() -> None:
    text = NETS["turns"].replace("  weights = real\n", "  weights = real\n  optimizer = adam(lr = 1.0)\n")
    assert errors(text) == ["NS795"]
    with pytest.raises(SpecError) as caught:
        netspec.train(netspec.parse(NETS["turns"]), settings={"train.judge.optimizer": "sgd", "train.optimizer.lr": 1})
    assert [item.code for item in caught.value.diagnostics] == ["NS795"]


def test_values_of_a_layer_are_what_the_net_makes_of_chance_or_of_rows(train: Train, place: Path) -> None:
    run = train("turns", epochs=1, out="run")
    made = run.values("fake", count=3, seed=4)
    assert made.shape == (3, 1, 8, 8)
    assert np.array_equal(made, run.values("fake", count=3, seed=4))
    assert not np.array_equal(made, run.values("fake", count=3, seed=5))
    pictures = np.random.default_rng(0).integers(0, 17, (4, 1, 8, 8)).astype(float)
    module = run.module().eval()
    with torch.inference_mode():
        real = module(torch.from_numpy(run.values("image", {"image": pictures})))[1].numpy()
    assert np.allclose(run.values("real", {"image": pictures}), real, atol=1e-6)
    with pytest.raises(ValueError, match="reads an input"):
        run.values("real")
    assert main(["predict", "run", "--layer", "fake", "--count", "5", "-o", "sheet.png"]) == 0
    assert Path("sheet.png").read_bytes().startswith(b"\x89PNG")
    assert main(["predict", "run", "--layer", "fakes"]) == 2
    assert main(["predict", "run", "--layer", "fake", "--top", "3"]) == 2
