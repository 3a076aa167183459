"""Mixtures against their own equations, written here by hand in torch; the tokens that experts see, exports, loads."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

import netspec
from netspec.api import Net
from netspec.diagnostics.errors import SpecError
from netspec.training.inference.predictor import Predictor, evaluate
from ops import computing

EXPERT = "{ 7 perceptrons -> tanh -> 5 perceptrons }"


def net(options: str, step: str = EXPERT, line: str = "x -> mixture({options}) {step}") -> Net:
    line = line.replace("{options}", options).replace("{step}", step)
    return netspec.parse(f"net n {{\n  input  x: 5 over 9\n  output y: {line}\n}}").net()


def wanted(module: nn.Module, x: Tensor, top: int, **options: Any) -> Tensor:
    """The equations: y = sum over the chosen of w_e expert_e(x), one token after another."""
    mixture: Any = module.get_submodule("y")
    rows = []
    for token in x.flatten(0, 1):
        sums = mixture.router(token)
        scores = sums.sigmoid() if options.get("score") == "sigmoid" else sums.exp() / sums.exp().sum()
        ranked = scores + mixture.correction if options.get("correction") else scores
        order = sorted(range(len(scores)), key=lambda e: -float(ranked[e].detach()))
        if "groups" in options:
            size = len(scores) // options["groups"]
            sums = [sum(sorted(map(float, part.detach()), reverse=True)[:2]) for part in ranked.split(size)]
            near = sorted(range(len(sums)), key=lambda g: -sums[g])[: options["top_groups"]]
            order = [e for e in order if e // size in near]
        chosen = order[:top]
        total = sum(scores[e] for e in chosen) if options.get("normalize", True) else torch.ones(())
        shares = {e: options.get("scale", 1.0) * scores[e] / total for e in chosen}
        if options.get("weigh") == "inputs":
            row = sum(mixture.experts[e](share * token) for e, share in shares.items())
        else:
            row = sum(share * mixture.experts[e](token) for e, share in shares.items())
        rows.append(row + sum(expert(token) for expert in getattr(mixture, "shared", ())))
    return torch.stack(rows).unflatten(0, x.shape[:2])


CASES: dict[str, dict[str, Any]] = {
    "6, top = 2": {"top": 2},
    "6": {"top": 1},
    "6, top = 6, normalize = false": {"top": 6, "normalize": False},
    "6, top = 3, score = sigmoid, bias = true, scale = 2.5, correction = true": {
        "top": 3, "score": "sigmoid", "scale": 2.5, "correction": True,
    },
    "6, top = 3, groups = 3, top_groups = 2, score = sigmoid, correction = true, counted = true": {
        "top": 3, "groups": 3, "top_groups": 2, "score": "sigmoid", "correction": True,
    },
    "6, top = 2, weigh = inputs, groups = 2, shared = 1": {
        "top": 2, "weigh": "inputs", "groups": 2, "top_groups": 1,
    },
    "6, top = 2, shared = 2, normalize = false, score = sigmoid": {"top": 2, "score": "sigmoid", "normalize": False},
}  # fmt: skip


def filled(found: Net) -> nn.Module:
    module = found.module(dtype=torch.float64)
    for name, value in module.state_dict().items():
        if name.endswith("correction"):
            value.copy_(torch.linspace(-0.3, 0.4, len(value)))
    return module


@pytest.mark.parametrize("options", CASES)
def test_values_and_gradients_are_those_of_the_equations(options: str, monkeypatch: pytest.MonkeyPatch) -> None:
    module = filled(net(options))
    x = torch.randn(2, 9, 5, dtype=torch.float64, requires_grad=True)
    reference = wanted(module, x, **CASES[options])
    sources = [x, *(weight for weight in module.parameters() if weight.requires_grad)]
    slopes = torch.autograd.grad(reference.square().sum(), sources, allow_unused=True)
    for exporting in (False, True):  # the form that an export takes computes all experts
        monkeypatch.setattr(torch.compiler, "is_exporting", lambda now=exporting: now)
        y = module(x)
        assert torch.allclose(y, reference, atol=1e-12)
        mine = torch.autograd.grad(y.square().sum(), sources, allow_unused=True)
        for one, other, source in zip(mine, slopes, sources, strict=True):
            zero = torch.zeros_like(source)
            assert torch.allclose(zero if one is None else one, zero if other is None else other, atol=1e-10)


@pytest.mark.parametrize("options", [next(reversed(CASES)), *(each for each in CASES if "groups" in each)])
def test_values_without_torch_are_the_module_s(options: str) -> None:
    found = net(options)
    computing.compare(found, options, [torch.randn(2, 9, 5, dtype=torch.float64)])


def test_a_correction_counts_where_it_is_said_to() -> None:
    plain, counted = net("6, correction = true"), net("6, correction = true, counted = true")
    assert counted.weights == plain.weights + 6
    assert (plain.counts.buffers, counted.counts.buffers, counted.counts.frozen) == (6, 0, 6)
    assert not counted.module().get_parameter("y.correction").requires_grad


def test_each_expert_sees_only_the_tokens_that_are_sent_to_it() -> None:
    module = net("6, top = 2").module()
    mixture: Any = module.get_submodule("y")
    seen: list[int] = []
    for expert in mixture.experts:
        expert.register_forward_hook(lambda _, args, __: seen.append(len(args[0])))
    x = torch.randn(3, 9, 5)
    module(x)
    chosen = mixture.router(x.flatten(0, 1)).topk(2, -1).indices.flatten()
    assert seen == chosen.bincount(minlength=6).tolist()
    assert sum(seen) == 2 * 27


def test_weights_active_weights_and_multiply_adds() -> None:
    found = net("6, top = 2, shared = 1")
    expert, router = 7 * 6 + 5 * 8, 30
    assert found.weights == 7 * expert + router
    assert found.active == 3 * expert + router
    assert found.show().endswith("FLOPs)")
    assert f"{3 * expert + router} active for a token" in found.show()
    assert netspec.summary.rows.total_macs(found.graph, found.graph.nodes) == 9 * (30 + 3 * 70)
    state = found.module().state_dict()
    assert {one.key: tuple(one.weight.shape) for one in found.graph.arrays} == {
        key: tuple(value.shape) for key, value in state.items()
    }


def test_open_sizes_and_claims() -> None:
    text = (
        "net n(d, E, k = 2) {\n  input  x: d over 9\n  hidden r: repeat 3 { mixture(E, top = k) { SwiGLU(4*d) } }\n"
        "  output y: r\n  require active == 3*(E*d + k*12*d^2)\n  require weights == 3*(E*d + E*12*d^2)\n}"
    )
    assert str(netspec.parse(text).net().active) == str(netspec.parse(text).net(k=2).active)
    assert netspec.parse(text).net(d=4, E=8, k=3).active == 3 * (32 + 3 * 192)


def test_mixtures_in_mixtures_in_repeats_and_again() -> None:
    text = (
        "net n {\n  input  x: 5 over 9\n"
        "  hidden a: repeat 2 { mixture(3, top = 2) { mixture(2) { 5 perceptrons -> tanh } } }\n"
        "  output y: a -> same(a)\n}"
    )
    found = netspec.parse(text).net()
    assert found.weights == 2 * (15 + 3 * (10 + 2 * 30))
    assert found.active == 2 * (15 + 2 * (10 + 30))
    keys = set(found.module().state_dict())
    assert "a.1.experts.2.y.experts.1.y.weight" in keys
    assert {one.key for one in found.graph.arrays} == keys
    assert found.module()(torch.randn(2, 9, 5)).shape == (2, 9, 5)


def test_balance_is_added_to_the_loss_of_training_alone() -> None:
    found = net("4, top = 2, balance = 0.5", "{ 3 perceptrons }")
    module = found.module()
    mixture: Any = module.get_submodule("y")
    x = torch.randn(8, 9, 5)
    module.eval()(x)
    assert mixture.penalty is None
    module.train()(x)
    shares = mixture.router(x.flatten(0, 1)).softmax(-1)
    load = shares.topk(2, -1).indices.flatten().bincount(minlength=4) / (2 * 72)
    assert torch.allclose(mixture.penalty, 0.5 * 4 * (load * shares.mean(0)).sum())
    with torch.no_grad():
        mixture.router.weight.zero_()
    module(x)
    assert torch.allclose(mixture.penalty, torch.tensor(0.5))  # all experts alike


def test_training_adds_the_penalty(tmp_path: Any) -> None:
    losses = []
    for balance in (0.0, 100.0):
        text = (
            "net n {\n  input  x: 2\n  output y: x -> mixture(4, top = 2, balance = BALANCE) { 1 perceptron }\n}\n"
            "train {\n  loss = squared(y, t)\n  optimizer = sgd(lr = 1e-9)\n  epochs = 1\n  batch = 8\n}\n"
        )
        data = {"x": torch.randn(8, 2, generator=torch.Generator().manual_seed(1)).tolist(), "t": [[0.0]] * 8}
        run = netspec.train(
            netspec.parse(text.replace("BALANCE", str(balance))),
            data,
            out=tmp_path / str(balance),
            pictures=False,
            quiet=True,
        )
        losses.append(run.history[0]["training"]["loss"])
    assert losses[1] - losses[0] > 90


def test_exported_models_are_equal(tmp_path: Any) -> None:
    module = net("6, top = 2, shared = 1").module().eval()
    x = torch.randn(4, 9, 5)
    program = torch.export.export(module, (x,))
    assert torch.allclose(program.module()(x), module(x), atol=1e-6)


def test_a_block_takes_its_step_in_braces() -> None:
    block = "block Residual(step) {\n  input  x: d over T\n  output y: x + (x -> step)\n}\n"
    text = block + "net n {\n  input  x: 5 over 9\n  output y: x -> Residual%s\n}"
    inside = netspec.parse(text % " { layernorm -> 5 perceptrons }").net()
    given = netspec.parse(text % "(step = layernorm -> 5 perceptrons)").net()
    assert inside.source() == given.source().replace(
        "(step = layernorm -> 5 perceptrons)", " { layernorm -> 5 perceptrons }"
    )
    flipped = "net n {\n  input  x: 5 over 9\n  output y: x -> reversed%s\n}"
    assert netspec.parse(flipped % " { lstm(4) }").net().weights == netspec.parse(flipped % "(lstm(4))").net().weights


@pytest.mark.parametrize(
    ("line", "code"),
    [
        ("x -> relu { tanh }", "NS590"),
        ("x -> SwiGLU(8) { tanh }", "NS590"),
        ("x -> mixture(4)", "NS591"),
        ("x -> mixture(4) { x + (x -> tanh) }", "NS616"),
        ("x -> mixture(4) { batchnorm }", "NS595"),
        ("x -> mixture(4) { rnn(5) }", "NS595"),
        ("x -> mixture(4, top = 5) { tanh }", "NS594"),
        ("x -> mixture(4, counted = true) { tanh }", "NS567"),
        ("x -> mixture(4, top_groups = 2) { tanh }", "NS567"),
        ("x -> mixture(4, groups = 3) { tanh }", "NS580"),
        ("x -> mixture(4, groups = 2, top_groups = 3) { tanh }", "NS581"),
        ("x -> mixture(4, top = 3, groups = 2) { tanh }", "NS581"),
    ],
)
def test_refused(line: str, code: str) -> None:
    with pytest.raises(SpecError) as raised:
        net("", line=line)
    assert [found.code for found in raised.value.diagnostics if found.severity == "error"] == [code]


def test_evaluation_tells_the_load_of_each_expert(tmp_path: Any) -> None:
    text = (
        "net n {\n  input  x: 2\n  hidden m: x -> mixture(4, top = 2) { 3 perceptrons -> tanh }\n"
        "  output y: m -> 2 perceptrons\n}\n"
        'data {\n  source = synthetic("two_moons", rows = 60)\n  split = [0.5, 0.5]\n'
        '  x = columns("x1", "x2")\n  moon = label\n}\n'
        "train {\n  loss = cross_entropy(y, moon)\n  optimizer = sgd(lr = 0.1)\n  epochs = 1\n  batch = 30\n}\n"
    )
    run = netspec.train(netspec.parse(text), out=tmp_path / "run", pictures=False, quiet=True)
    shares = evaluate(Predictor(run), [])[0]["validation"].loads["m"]
    assert len(shares) == 4
    assert sum(shares) == pytest.approx(1)
    assert all(share * 60 == pytest.approx(round(share * 60)) for share in shares)  # 30 examples, two choices each
