"""Hand-written torch and compiled specs with the same weights compute the same, and learn the same."""

from __future__ import annotations

import pytest
import torch

import netspec
from proof.cases import CASES
from proof.references.classic import PartialConv
from proof.transplant import BOUND, Pair, transplanted

# the largest nets, whose kinds of steps stand in smaller ones, are left to the soak
LARGE = ("densenet121", "efficientnet_b0", "googlenet", "mobilenetv2", "resnet18", "resnext50")
NAMES = pytest.mark.parametrize(
    "name", [pytest.param(name, marks=pytest.mark.soak) if name in LARGE else name for name in CASES]
)
# an optimizer sees weights and gradients alone, which are compared in every net: a sum, a convolution with statistics,
# attention, and one loop over time tell of it
STEPPED = ("mlp", "shufflenet", "gpt2", "charrnn")


@NAMES
def test_outputs_and_gradients(name: str) -> None:
    found = Pair(CASES[name])
    found.outputs()
    if name in STEPPED:
        found.steps(lambda weights: torch.optim.Adam(weights, lr=1e-3))
        found.steps(lambda weights: torch.optim.SGD(weights, lr=0.05, momentum=0.9))
    else:
        found.gradients()


@pytest.mark.soak
@NAMES
def test_three_steps(name: str) -> None:
    found = Pair(CASES[name])
    found.steps(lambda weights: torch.optim.Adam(weights, lr=1e-3))
    found.steps(lambda weights: torch.optim.SGD(weights, lr=0.05, momentum=0.9))


@NAMES
def test_the_published_form_loads_by_its_own_names(name: str) -> None:
    """At full size, on the meta device: every key of the reference has its place, every place its key and shape."""
    case = CASES[name]
    net = netspec.load(case.spec).net(case.net)
    with torch.device("meta"):
        published = case.published()
    state = transplanted(published.state_dict(), case.names, net.module(device="meta").state_dict(), net.graph)
    trained = {key for key, _ in published.named_parameters()}
    assert sum(published.state_dict()[key].numel() for key in trained) == net.counts.trainable
    assert sum(value.numel() for value in state.values()) >= net.weights


def test_a_bound_wider_than_the_common_one_is_explained() -> None:
    wider = {name: case for name, case in CASES.items() if case.bound != BOUND}
    assert all(case.why and case.bound <= 1e-9 for case in wider.values())
    assert len(wider) <= 1


def test_the_reference_of_lenets_table_says_what_the_table_says() -> None:
    torch.manual_seed(0)
    part, x = PartialConv().double(), torch.randn(2, 6, 14, 14, dtype=torch.float64)
    assert torch.allclose(part(x), part.by_filter(x), atol=1e-12)


def test_a_small_change_of_one_weight_is_seen() -> None:
    found = Pair(CASES["lenet5"])
    found.outputs()
    weight = found.net.get_parameter("C3.weight").data
    weight[7, 2, 2] += 2**-14  # a single bit may be rounded away on its way through six layers
    with pytest.raises(AssertionError, match="output 0 differs"):
        found.outputs()
