"""What `./dev bench peers` measures of netspec itself holds without the peers, too."""

from __future__ import annotations

import re

import pytest

import netspec
from benchmarks.peers.environments import REQUIREMENTS
from benchmarks.peers.hostile import CASES, HARMLESS, PEERS, Case
from benchmarks.peers.settings import inferred, real, settings
from netspec.diagnostics.errors import SpecError


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.title)
def test_wrong_specs_have_one_error_at_a_place(case: Case) -> None:
    if case.title in HARMLESS:
        netspec.parse(case.netspec)
        return
    with pytest.raises(SpecError) as raised:
        netspec.parse(case.netspec)
    assert [found.span is not None for found in raised.value.diagnostics] == [True]


def test_types_of_filters_and_pools_are_torchs() -> None:
    pytest.importorskip("torch")
    answers = [(inferred(each), real(each)) for each in settings()[::6]]
    assert all(mine == theirs or (isinstance(mine, str) and theirs is None) for mine, theirs in answers)
    assert 30 < sum(theirs is None for _, theirs in answers) < 120


@pytest.mark.parametrize("name", [*PEERS, "beside"])
def test_environments_are_pinned(name: str) -> None:
    lines = (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8").splitlines()
    pinned = [line for line in lines if not line.startswith("#")]
    assert all(re.fullmatch(r"[a-z0-9_-]+==[0-9][0-9a-z.]*", line) for line in pinned)
    assert not re.search(r"torchvision|torchaudio|nvidia|cuda", "\n".join(pinned))
    wanted = {"mlnode": "mlnode==1.1.0", "n-orca": "n-orca==0.2.0", "neural-dsl": "neural-dsl==0.2.9"}
    assert wanted.get(name, "mlnode==1.1.0") in pinned
