"""Optimizers, schedules, losses and metrics are torch's and scikit-learn's, option by option, number by number."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch
from torch.nn import functional

import netspec
from netspec.config.vocabulary import losses, metrics, schedules
from netspec.config.vocabulary.losses import loss_function
from netspec.config.vocabulary.optimizers import OPTIMIZERS
from netspec.config.vocabulary.schedules import SCHEDULES, Rate
from netspec.ir.operation import Option
from netspec.ir.types import ShapeFault, Time, Type
from tests.train.conftest import MLP, Train

FIVE = Type(5)


@pytest.mark.parametrize("word", OPTIMIZERS)
def test_an_optimizers_options_are_torchs(word: str) -> None:
    torchs = inspect.signature(getattr(torch.optim, OPTIMIZERS[word].torch_name)).parameters
    for name, value in OPTIMIZERS[word]().as_dict().items():
        assert name in torchs
        if (word, name) != ("sgd", "lr"):
            assert torchs[name].default == value, name


@pytest.mark.parametrize("word", OPTIMIZERS)
def test_an_optimizer_steps_as_torchs_plainest_form(word: str) -> None:
    torch.manual_seed(0)
    ours, theirs = torch.nn.Linear(4, 3), torch.nn.Linear(4, 3)
    theirs.load_state_dict(ours.state_dict())
    entry = OPTIMIZERS[word](lr=0.02)
    mine = entry.build(ours.parameters(), "cpu")
    plain = getattr(torch.optim, OPTIMIZERS[word].torch_name)(theirs.parameters(), foreach=False, **entry.as_dict())
    for _ in range(6):
        x = torch.randn(7, 4)
        for net, optimizer in ((ours, mine), (theirs, plain)):
            optimizer.zero_grad()
            net(x).square().mean().backward()
            optimizer.step()
    assert torch.allclose(ours.weight, theirs.weight, atol=1e-6)


def _extremes(option: Option) -> list[Any]:
    """The values at the ends of what an option allows, and just inside what it excludes."""
    if option.kind == "flag":
        return [False, True]
    least, above, most = option.least, option.above, option.most
    low = least if least is not None else above + 1e-12 if above is not None else -1e6
    ends = [float(low), 1e6 if most is None else float(most)]
    return ends if option.kind == "number" else [(first, second) for first in ends for second in ends]


@pytest.mark.parametrize("word", OPTIMIZERS)
def test_what_an_optimizer_allows_torch_takes(word: str) -> None:
    """Every option at its ends, alone: refused by check or accepted by torch, never refused in the middle of a run."""
    weights = [torch.nn.Parameter(torch.zeros(3))]
    tried = 0
    for name, option in OPTIMIZERS[word].options().items():
        for value in _extremes(option):
            entry = OPTIMIZERS[word](**{name: value})
            try:
                entry.check()
            except ShapeFault:
                continue
            entry.build(weights, "cpu")
            tried += 1
    assert tried >= len(OPTIMIZERS[word].options())


def _torch_schedule(word: str, optimizer: Any, steps: int) -> Any:
    s = torch.optim.lr_scheduler
    made = {
        "cosine": lambda: s.CosineAnnealingLR(optimizer, steps, eta_min=0.001),
        "cosine_restarts": lambda: s.CosineAnnealingWarmRestarts(optimizer, 4, 2, eta_min=0.001),
        "linear": lambda: s.LinearLR(optimizer, 0.5, 0.1, steps),
        "polynomial": lambda: s.PolynomialLR(optimizer, steps, 2.0),
        "one_cycle": lambda: s.OneCycleLR(optimizer, 0.1, total_steps=steps, cycle_momentum=False),
        "step": lambda: s.StepLR(optimizer, 4, 0.5),
        "multistep": lambda: s.MultiStepLR(optimizer, [3, 9, 11], 0.5),
        "exponential": lambda: s.ExponentialLR(optimizer, 0.9),
    }
    return made[word]() if word in made else None


OPTIONS: dict[str, dict[str, Any]] = {
    "cosine": {"eta_min": 0.001},
    "cosine_restarts": {"T_0": 4, "T_mult": 2, "eta_min": 0.001},
    "linear": {"start_factor": 0.5, "end_factor": 0.1},
    "polynomial": {"power": 2.0},
    "step": {"step_size": 4, "gamma": 0.5},
    "multistep": {"milestones": (3, 9, 11), "gamma": 0.5},
    "exponential": {"gamma": 0.9},
}


@pytest.mark.parametrize("word", [word for word in SCHEDULES if word not in ("constant", "plateau")])
@pytest.mark.filterwarnings("ignore")
def test_a_schedule_is_torchs_step_by_step(word: str) -> None:
    steps = 20
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    theirs = _torch_schedule(word, optimizer, steps)
    rate = Rate(SCHEDULES[word](**OPTIONS.get(word, {})), 0.1, steps, steps)
    for step in range(steps):
        assert rate.at(step, step, 1.0) == pytest.approx(optimizer.param_groups[0]["lr"], rel=1e-6, abs=1e-12)
        theirs.step()


def test_a_warmup_rises_to_the_rate() -> None:
    rate = Rate(schedules.Constant(warmup=4), 0.1, 10, 10)
    assert [rate.at(step, 0, 1.0) for step in range(6)] == pytest.approx([0.025, 0.05, 0.075, 0.1, 0.1, 0.1])


def test_plateau_is_torchs(train: Train) -> None:
    settings = {"train.schedule": "plateau(factor = 0.5, patience = 0)", "train.optimizer.lr": "0.2"}
    run = train("mlp", epochs=12, settings=settings)
    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.2)
    theirs = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=0)
    for row in run.history:
        assert row["lr"] == pytest.approx(optimizer.param_groups[0]["lr"])
        theirs.step(row["validation"]["loss"])
    assert run.history[-1]["lr"] < 0.2


# ---- losses


def _mean(term: Any, layer: Type, target: Type | None, *values: Any) -> float:
    value, wanted, mask = [*values, None, None][:3]
    return float(loss_function(term, layer, target, "cpu")(value, wanted, mask)[0])


@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("weight", [None, (1.0, 2.0, 0.5, 3.0, 1.0)])
@pytest.mark.parametrize("time", [False, True])
def test_cross_entropy(smoothing: float, weight: Any, time: bool) -> None:
    torch.manual_seed(1)
    term = losses.CrossEntropy(layer="y", target="t", smoothing=smoothing, weight=weight)
    shape = (6, 4) if time else (6,)
    value, target = torch.randn(*shape, 5), torch.randint(5, shape)
    layer = Type(5, (), Time(4)) if time else FIVE
    tensor = None if weight is None else torch.tensor(weight)
    wanted = functional.cross_entropy(value.reshape(-1, 5), target.reshape(-1), tensor, label_smoothing=smoothing)
    classes = Type(1, (), layer.time, 5)
    assert _mean(term, layer, classes, value, target) == pytest.approx(float(wanted), rel=1e-5)
    if time:
        mask = torch.arange(4)[None] < torch.tensor([1, 2, 3, 4, 4, 2])[:, None]
        masked = functional.cross_entropy(value[mask], target[mask], tensor, label_smoothing=smoothing)
        assert _mean(term, layer, classes, value, target, mask) == pytest.approx(float(masked), rel=1e-5)


def test_binary_cross_entropy() -> None:
    torch.manual_seed(2)
    value, target = torch.randn(9, 1), torch.rand(9, 1)
    one = Type(1)
    wanted = functional.binary_cross_entropy_with_logits(value, target, pos_weight=torch.tensor(2.5))
    term = losses.BinaryCrossEntropy(layer="y", target="t", weight=2.5)
    assert _mean(term, one, one, value, target) == pytest.approx(float(wanted))
    classes = torch.randint(2, (9,))
    wanted = functional.binary_cross_entropy_with_logits(value, classes[:, None].float())
    term = losses.BinaryCrossEntropy(layer="y", target="t")
    assert _mean(term, one, Type(1, classes=2), value, classes) == pytest.approx(float(wanted))


@pytest.mark.parametrize(
    ("term", "function"),
    [
        (losses.Squared(layer="y", target="t"), functional.mse_loss),
        (losses.L1(layer="y", target="t"), functional.l1_loss),
        (losses.Huber(layer="y", target="t", delta=0.3), lambda y, t: functional.huber_loss(y, t, delta=0.3)),
    ],
)
def test_regression(term: Any, function: Any) -> None:
    torch.manual_seed(3)
    value, target = torch.randn(8, 5), torch.randn(8, 5)
    assert _mean(term, FIVE, FIVE, value, target) == pytest.approx(float(function(value, target)))
    mask = torch.tensor([1, 1, 0, 1, 0, 0, 1, 1]).bool()
    wanted = function(value[mask], target[mask])
    assert _mean(term, FIVE, FIVE, value, target, mask) == pytest.approx(float(wanted), rel=1e-5)


def test_nll_kl_and_triplet() -> None:
    torch.manual_seed(4)
    value, target = torch.randn(8, 5).softmax(1), torch.randint(5, (8,))
    term = losses.Nll(layer="y", target="t")
    wanted = functional.nll_loss(value.log(), target)
    assert _mean(term, FIVE, Type(1, classes=5), value, target) == pytest.approx(float(wanted))
    mu, logvar = torch.randn(8, 5), torch.randn(8, 5)
    normal = torch.distributions.Normal
    exact = torch.distributions.kl_divergence(normal(mu, (logvar / 2).exp()), normal(0.0, 1.0)).sum(1).mean()
    assert _mean(losses.Kl(layer="m", target="v", reduce="sum"), FIVE, FIVE, mu, logvar) == pytest.approx(float(exact))
    assert _mean(losses.Value(layer="e"), FIVE, None, mu) == pytest.approx(float(mu.mean()))
    assert _mean(losses.Value(layer="e", reduce="sum"), FIVE, None, mu) == pytest.approx(float(mu.sum(1).mean()))
    a, p, n = torch.randn(3, 8, 5)
    term = losses.Triplet(layer="a", target="p", other="n", margin=0.7)
    found, count = loss_function(term, FIVE, FIVE, "cpu")(a, p, None, other=n)
    assert (float(found), count) == (pytest.approx(float(functional.triplet_margin_loss(a, p, n, margin=0.7))), 8.0)


def test_a_flow_learns_the_scale_of_its_data(train: Train, place: Any) -> None:
    """The likelihood of normal values under x = z * e^s: it is largest where e^s is their standard deviation."""
    text = """net scaled {
  input  x: 1
  hidden s: learned(1)
  output z: x/(s -> exp)
}
train {
  loss = 0.5*squared(z, reduce = sum) + value(s)
  optimizer = adam(lr = 0.1)
}
"""
    x = torch.linspace(-5, 5, 64)[:, None]
    run = netspec.train(netspec.parse(text), data={"x": x.numpy()}, epochs=60, out=place / "flow")
    learned = run.module().get_parameter("s").exp().item()
    assert learned == pytest.approx(x.square().mean().sqrt().item(), rel=0.02)


def test_weights_of_terms_are_a_plain_sum(train: Train, place: Any) -> None:
    """0.5*cross_entropy + 0.1*squared of the hidden values, against the sum by hand on the trained net."""
    text = MLP.replace("cross_entropy(y, label)\n  metrics", "0.5*cross_entropy(y, label) + squared(z)/10\n  metrics")
    (place / "mlp.net").write_text(text.replace("[0.1, 0.05, 0.85]", "[0.1, 0, 0.9]"))
    run = train("mlp")
    plan = netspec.training.plan.make_plan(run.spec, run.request)
    rows, fields = plan.dataset.parts["test"], plan.dataset.fields
    x = torch.from_numpy(fields["image"].values.array[rows])
    module = run.module()
    hidden = torch.tanh(module.z(x.flatten(1)))
    target = torch.from_numpy(fields["label"].values.array[rows])
    wanted = 0.5 * functional.cross_entropy(module(x), target) + hidden.square().mean() / 10
    wanted = wanted.detach()
    assert run.scores["test"]["loss"] == pytest.approx(float(wanted), rel=1e-5)


# ---- metrics


def _measured(metric: Any, layer: Type, value: Any, wanted: Any) -> float:
    found = metrics.MetricState(metric, layer)
    for start in range(0, len(value), 7):
        found.add(value[start : start + 7], wanted[start : start + 7], None)
    return found.result()


@pytest.mark.parametrize("word", ["precision", "recall", "f1", "accuracy"])
@pytest.mark.parametrize("classes", [2, 5])
def test_metrics_of_classes_are_scikit_learns(word: str, classes: int) -> None:
    from sklearn import metrics as theirs

    torch.manual_seed(5)
    value, target = torch.randn(40, 1 if classes == 2 else classes), torch.randint(classes, (40,))
    answer = (value[:, 0] > 0).long() if classes == 2 else value.argmax(1)
    scores = {"precision": theirs.precision_score, "recall": theirs.recall_score, "f1": theirs.f1_score}
    if word == "accuracy":
        wanted = theirs.accuracy_score(target, answer)
    else:
        wanted = scores[word](target, answer, average="binary" if classes == 2 else "macro")
    layer = Type(1 if classes == 2 else classes)
    found = _measured(metrics.METRICS[word](layer="y", target="t"), layer, value, target)
    assert found == pytest.approx(wanted)


@pytest.mark.parametrize("word", ["mse", "rmse", "mae", "r2"])
def test_metrics_of_numbers_are_scikit_learns(word: str) -> None:
    from sklearn import metrics as theirs

    torch.manual_seed(6)
    value, target = torch.randn(40, 1), torch.randn(40, 1)
    functions = {
        "mse": theirs.mean_squared_error,
        "rmse": theirs.root_mean_squared_error,
        "mae": theirs.mean_absolute_error,
        "r2": theirs.r2_score,
    }
    found = _measured(metrics.METRICS[word](layer="y", target="t"), Type(1), value, target)
    assert found == pytest.approx(functions[word](target, value), rel=1e-5)


# ---- settings of the loop


def test_accumulation_is_a_larger_batch(train: Train) -> None:
    one = train("mlp", batch=30, settings={"train.accumulate": 2})
    other = train("mlp", batch=60)
    a, b = one.weights(), other.weights()
    assert max(abs(a[key] - b[key]).max() for key in a) < 1e-5


def test_best_weights_are_those_of_the_best_epoch(train: Train) -> None:
    settings = {"train.best": "accuracy", "train.optimizer.lr": "0.3"}
    run = train("mlp", epochs=6, settings=settings)
    best = max(row["validation"]["accuracy"] for row in run.history)
    assert run.scores["validation"]["accuracy"] == pytest.approx(best)
    assert (run.folder / "last.safetensors").exists()


def test_patience_ends_a_run_that_no_longer_improves(train: Train) -> None:
    run = train("mlp", epochs=200, settings={"train.patience": 2, "train.optimizer.lr": "0.5"})
    losses_seen = [row["validation"]["loss"] for row in run.history]
    assert len(losses_seen) < 200
    assert min(losses_seen) == losses_seen[-3]


def test_bfloat16_passes_keep_float32_weights(train: Train) -> None:
    run = train("mlp", settings={"train.precision": "bfloat16"})
    assert {str(value.dtype) for value in run.weights().values()} == {"float32"}
    assert run.history[-1]["training"]["loss"] < run.history[0]["training"]["loss"]


def test_clipping_bounds_the_step(train: Train) -> None:
    """With plain SGD a step is lr times the gradient, so its length is at most lr * clip."""
    settings = {"train.optimizer": "sgd(lr = 1.0)", "train.clip": 1e-3, "train.batch": 200}
    run = train("mlp", epochs=1, settings=settings)
    first = netspec.load(run.folder / "spec" / "mlp.net").net().module(seed=0).state_dict()
    moved = sum(float((torch.tensor(value) - first[key]).square().sum()) for key, value in run.weights().items())
    assert moved**0.5 == pytest.approx(1e-3, rel=1e-2)
