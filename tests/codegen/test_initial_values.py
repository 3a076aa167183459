"""Initial values: between their ends, spread evenly, of (seed, key) alone, whatever torch's defaults are."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import torch

import netspec

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
