"""A sample of people's mistakes is answered as `./dev bench mistakes` measures all of them."""

from __future__ import annotations

import pickle
import tomllib

import pytest

import netspec
from benchmarks.mistakes import FOLDER, formatted, judged, proposed_texts

CASES = {
    f"{path.stem}/{name}": case
    for path in sorted(FOLDER.glob("*.toml"))
    for name, case in tomllib.loads(path.read_text(encoding="utf-8")).items()
    if not case.get("command", "check").startswith("train")
}


def test_most_are_coded_placed_and_mended() -> None:
    verdicts = [judged(name, case) for name, case in list(CASES.items())[::19]]
    assert sum(verdict.right for verdict in verdicts) >= 0.85 * len(verdicts)


@pytest.mark.parametrize("name", list(CASES)[::40])
def test_what_a_help_proposes_checks(name: str) -> None:
    assert all(formatted(text) is not None for text in proposed_texts(CASES[name]["main"]))


def test_each_place_of_a_mistake_has_its_statement() -> None:
    wrong = 'net n {\n  input x: 4\n  hidden z: Dense(10)\n  output y: Dense(3, activation="softmax")\n}\n'
    with pytest.raises(netspec.SpecError) as caught:
        netspec.parse(wrong)
    assert pickle.loads(pickle.dumps(caught.value)).diagnostic.code == "NS202"
    said = str(caught.value)
    assert "`hidden z: 10 perceptrons`" in said
    assert "line 4 as `output y: 3 perceptrons -> softmax`" in said
    assert [mistake.times for mistake in caught.value.diagnostics] == [2]
