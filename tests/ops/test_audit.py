"""Every operation of the registry, every option within its declared bounds: netspec and torch agree."""

from __future__ import annotations

import os
from collections import Counter
from contextlib import suppress

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from ops.audit import COSTLY, Enough, compare, trial
from ops.oracles import APART, oracle, registered
from ops.oracles import BY_HAND as ORACLES

pytestmark = pytest.mark.filterwarnings(f"ignore:{COSTLY}")
# how many are drawn, times these: the soak draws many times as many, and others
TIMES = int(os.environ.get("NETSPEC_EXAMPLES", "1"))
USUAL = 50
MANY = {"filters": 200, "maxpool": 100, "avgpool": 100, "attention": 140, "join": 100, "expand": 100, "pad": 100}
MANY["transpose"] = 300  # most of its roles fit no input that is drawn


@pytest.mark.parametrize("name", ORACLES)
def test_type_weights_and_values_are_torchs(name: str) -> None:
    answers: Counter[str] = Counter()
    most = MANY.get(name, USUAL)

    @settings(max_examples=TIMES * most)
    @given(st.data())
    def sweep(data: st.DataObject) -> None:
        before = torch.get_default_dtype()
        torch.set_default_dtype(torch.float64)
        try:
            answers[compare(trial(data.draw, name, ORACLES[name]))] += 1
        finally:
            torch.set_default_dtype(before)
        if TIMES == 1 and answers["equal"] >= most // 8:
            raise Enough

    with suppress(Enough):
        sweep()
    print(name, dict(answers))
    assert answers["equal"] >= 5, f"{name}: too few of the drawn trials were legal: {dict(answers)}"


def test_every_operation_of_the_registry_has_an_oracle() -> None:
    """By hand, or by what it says it computes (test_compute.py holds its torch expression to that)."""
    for name in registered():
        if name not in APART:
            oracle(name)
    assert set(ORACLES) | set(APART) <= set(registered())
