"""A fair sample of the exhaustive sweep of filters and pools (`python -m benchmarks.soak oracle` runs all of it)."""

from __future__ import annotations

import itertools
import warnings
from collections import Counter

import torch

from benchmarks.soak import oracle

EVERY = 139  # a prime: no family and no size is left out


def test_types_of_a_sample_are_torchs_in_both_directions() -> None:
    answers: Counter[str] = Counter()
    differences, seen = [], set()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")
        for name, setting in itertools.islice(oracle.settings(), 0, None, EVERY):
            answer, difference = oracle.disagreement(name, setting)
            answers[answer] += 1
            seen.add(name)
            if difference:
                differences.append(difference)
    assert differences == []
    assert seen == set(oracle.FAMILIES)
    assert min(answers["equal"], answers["refused"]) > 200


def test_the_sweep_has_134_400_settings() -> None:
    assert sum(1 for _ in oracle.settings()) == 134_400


def test_a_type_that_is_off_by_one_is_seen() -> None:
    family = oracle.FAMILIES["maxpool"]._replace(
        module=lambda s: torch.nn.MaxPool1d(s.kernel, s.stride, ceil_mode=True)
    )
    setting = oracle.Setting(size=6, kernel=3, stride=2, pad=0, dilation=1)
    assert oracle.inferred(family, setting) != oracle.real(family, setting)
