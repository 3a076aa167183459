"""torch.compile by flag, or where it pays off: said aloud, and the numbers stay."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from netspec.diagnostics.errors import NetspecError
from netspec.training.loop import engine as compiling
from netspec.training.loop.progress import Callbacks, Facts
from tests.train.conftest import Train


class Watching(Callbacks):
    def __init__(self) -> None:
        self.facts: Facts | None = None

    def began(self, facts: Facts) -> None:
        self.facts = facts


@pytest.fixture
def eager(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """torch.compile by its own backend for tests, `eager`: no compiler is started. Lists what was compiled."""
    plain, seen = torch.compile, []

    def by_eager(module: Any, **options: Any) -> Any:
        seen.append(module)
        return plain(module, backend="eager")

    monkeypatch.setattr(torch, "compile", by_eager)
    return seen


@pytest.mark.filterwarnings("ignore")
def test_a_compiled_run_comes_to_the_same_weights(train: Train, eager: list[Any]) -> None:
    watch = Watching()
    plain, fast = train("mlp", epochs=2), train("mlp", epochs=2, compile="on", watch=watch)
    assert any(isinstance(module, torch.nn.Module) for module in eager)
    assert watch.facts is not None
    assert watch.facts.compiled
    one, other = plain.weights(), fast.weights()
    assert max(float(np.abs(one[key] - other[key]).max()) for key in one) < 1e-6


def test_a_short_run_is_not_compiled(train: Train, eager: list[Any]) -> None:
    run = train("mlp", compile="auto")
    assert eager == []
    assert run.request.compile == "off"


@pytest.mark.filterwarnings("ignore")
def test_a_long_run_is_compiled_where_that_is_faster(train: Train, eager: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    times = iter([1.0, 0.5])
    monkeypatch.setattr(compiling, "_seconds", lambda step, forward: next(times))
    assert train("mlp", compile="auto", epochs=20).request.compile == "on"
    times = iter([1.0, 1.0])
    assert train("mlp", compile="auto", epochs=20).request.compile == "off"


def test_a_missing_compiler_is_told(train: Train, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(module: Any, **options: Any) -> Any:
        raise RuntimeError("no C++ compiler")

    monkeypatch.setattr(torch, "compile", broken)
    with pytest.raises(NetspecError) as caught:
        train("mlp", compile="on")
    assert (caught.value.diagnostics[0].code, caught.value.exit_code) == ("NS865", 5)
