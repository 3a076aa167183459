"""Initial values: between their ends, spread evenly, of (seed, key) alone, whatever torch's defaults are."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode

import netspec
from netspec.codegen import initial
from netspec.elaborate.kinds import DISTRIBUTIONS

NET = """net n {
  input  x: 300
  hidden a: 200 perceptrons (init = uniform(2, 3)) -> relu
  hidden b: 100 perceptrons (init = he_uniform) -> relu
  output y: 50 perceptrons
}
"""


@pytest.fixture(autouse=True)
def _defaults() -> Iterator[None]:
    yield
    torch.set_default_device(None)
    torch.set_default_dtype(torch.float32)


def state(**options: object) -> dict[str, torch.Tensor]:
    return dict(netspec.parse(NET).net().module(**options).state_dict())  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("key", "least", "most"),
    [("a.weight", 2, 3), ("b.weight", -((6 / 200) ** 0.5), (6 / 200) ** 0.5), ("y.weight", -0.1, 0.1)],
)
def test_uniform_values_fill_their_range_evenly(key: str, least: float, most: float) -> None:
    """Ten equal parts of the range hold a tenth of the values each, within four standard deviations."""
    values = state()[key].flatten().double()
    assert values.min() >= least
    assert values.max() <= most
    counts = torch.histc(values, 10, least, most)
    assert (counts - len(values) / 10).abs().max() < 4 * (0.09 * len(values)) ** 0.5
    step = values[:-1] - values.mean()
    assert abs((step * (values[1:] - values.mean())).mean() / values.var()) < 4 / len(values) ** 0.5


def test_values_depend_on_the_seed_and_on_each_key() -> None:
    one, same, other = state(seed=1), state(seed=1), state(seed=2)
    assert all(torch.equal(one[key], same[key]) for key in one)
    assert not any(torch.equal(one[key], other[key]) for key in one)


def test_torchs_default_device_is_left_aside() -> None:
    plain = state()
    torch.set_default_device("meta")
    assert all(torch.equal(value, plain[key]) for key, value in state().items())


@pytest.mark.parametrize("dtype", [torch.float64, torch.bfloat16, torch.float16])
def test_torchs_default_dtype_holds_the_same_values_rounded(dtype: torch.dtype) -> None:
    plain = state()
    torch.set_default_dtype(dtype)
    for key, value in state().items():
        assert value.dtype == dtype
        torch.testing.assert_close(value.float(), plain[key], atol=2e-3, rtol=1e-2)


def test_truncated_values_are_normal_between_two_standard_deviations() -> None:
    """Ten parts that a truncated normal distribution fills alike hold a tenth of the values each."""
    text = "net n {\n  input x: 300\n  output y: 200 perceptrons (init = truncated_normal(1, 0.5))\n}\n"
    values = netspec.parse(text).net().module().state_dict()["y.weight"].flatten().double()
    assert values.min() >= 0
    assert values.max() <= 2
    share = torch.erf((values - 1) / 0.5 / 2**0.5) / math.erf(2**0.5)
    counts = torch.histc(share, 10, -1, 1)
    assert (counts - len(values) / 10).abs().max() < 4 * (0.09 * len(values)) ** 0.5


class Drawn(TorchDispatchMode):
    """Counts the random numbers that torch draws, for arrays that have values."""

    def __init__(self) -> None:
        super().__init__()
        self.count = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        if torch.Tag.nondeterministic_seeded in func.tags and made.device.type != "meta":
            self.count += made.numel()
        return made


NUMBERS = {"normal": "(0, 1)", "truncated_normal": "(0, 1)", "uniform": "(-1, 1)", "constant": "(2)"}
LINES = {
    "filters": "4@8x8\n  output y: 6 filters 3x3",
    "lstm": "4 over 5\n  output y: lstm(6)",
    "gru": "4 over 5\n  output y: gru(6)",
    "rnn": "4 over 5\n  output y: rnn(6)",
    "embed": "one of 9\n  output y: embed(6)",
    "gaussian": "4\n  output y: gaussian(6)",
    "attention": "8 over 5\n  output y: attention(heads = 2)",
    "layernorm": "8\n  output y: layernorm",
    **{f"init = {name}{NUMBERS.get(name, '')}": f"30\n  output y: 20 perceptrons (init = {name}{NUMBERS.get(name, '')})"
    for name in DISTRIBUTIONS},
}  # fmt: skip


@pytest.mark.parametrize("line", LINES.values(), ids=LINES)
def test_no_initial_value_is_drawn_twice(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch and numpy draw one number for each value that is random; the constructor draws none."""
    net = netspec.parse(f"net n {{\n  input x: {line}\n}}\n").net()
    wanted = sum(stored.weight.total for stored in net.graph.stored if stored.weight.init.name != "constant")
    drawn = Drawn()
    uniform = initial._uniform

    def counted(tensor: torch.Tensor, *ends: Any) -> None:
        drawn.count += tensor.numel()
        uniform(tensor, *ends)

    monkeypatch.setattr(initial, "_uniform", counted)
    before = torch.get_rng_state()
    with drawn:
        net.module()
    assert drawn.count == wanted
    assert torch.equal(torch.get_rng_state(), before)
