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


KINDS = {
    "hidden z: F.relu(nn.Linear(4, 8)(x))": "hidden z: x -> 8 perceptrons -> relu",
    "hidden z: \\sigma(W_1 x + b_1)": "hidden z: x -> 8 perceptrons -> sigmoid",
    "self.fc1 = Dense(8, activation='tanh')": "hidden fc1: 8 perceptrons -> tanh",
    "hidden z: Dense(8, kernel_initializer='he_normal')": "hidden z: 8 perceptrons (init = he)",
    "hidden z: 8 perceptrons (use_bias = no, activation = relu)": "hidden z: 8 perceptrons (bias = false) -> relu",
    "Hidden z: 8 Perceptrons -> ReLU": "hidden z: 8 perceptrons -> relu",
    "ㅗㅑㅇㅇ두 z: 8 ㅔㄷㄱㅊ데새ㅜㄴ -> ㄱ디ㅕ": "hidden z: 8 perceptrons -> relu",
    "hidden z: 8개의 뉴런 -> 시그모이드": "hidden z: 8 perceptrons -> sigmoid",
    "- hidden z; 8 percept rons": "hidden z: 8 perceptrons",
    "hidden z: 8 perceptrons % the first": "hidden z: 8 perceptrons  # the first",
    "hidden h^{(1)}: 8 perceptrons": "hidden h_1: 8 perceptrons",
    "hidden z: 1O perceptrons": "hidden z: 10 perceptrons",
    "hidden z: dropout(x, ratio = 0.4)": "hidden z: x -> dropout(0.4)",
    "hidden z: x -> 8 perceptrons x z": "",
    "hidden z: 8 8 perceptrons": "hidden z: 8 perceptrons",
    "z hidden: 8 perceptrons": "hidden z: 8 perceptrons",
    "hidden 8 perceptrons: z": "hidden z: 8 perceptrons",
    "hidden z: perceptrons = 8": "hidden z: 8 perceptrons",
    "hidden z: 8 perceptrons -> 0.5 dropout": "hidden z: 8 perceptrons -> dropout(0.5)",
    "hidden z: 8 perceptrons -> dropout(0,5)": "hidden z: 8 perceptrons -> dropout(0.5)",
    "hidden z: nn.Linear(4, 8, bias=False), nn.Tanh()": "hidden z: 8 perceptrons (bias = false) -> tanh",
    "hidden z from x: 8 perceptrons": "hidden z: x -> 8 perceptrons",
    "hidden z: x.relu().unsqueeze(1) -> 8 perceptrons": "hidden z: x -> relu -> 8 perceptrons",
}


def test_a_place_has_all_that_the_mend_changes() -> None:
    with pytest.raises(netspec.SpecError) as caught:
        netspec.parse("net n {\n  input x: 4\n  hidden z: Dense(8)(relu(x))\n  output y: 2 perceptrons\n}\n")
    [mistake] = caught.value.proposed()
    assert mistake.span is not None
    assert mistake.span.text == "Dense(8)(relu(x))"


@pytest.mark.parametrize("wrong", KINDS)
def test_a_kind_of_mistake_is_mended(wrong: str) -> None:
    with pytest.raises(netspec.SpecError) as caught:
        netspec.parse(f"net n {{\n  input x: 4\n  {wrong}\n  output y: 2 perceptrons\n}}\n")
    said = [hint.words["text"] for one in caught.value.proposed() for hint in one.hints if hint.text[:4] == "mend"]
    assert KINDS[wrong] in said if KINDS[wrong] else not said, "a statement that nobody understands has none"


# the mistakes below check with another meaning if a word is dropped or quoted
MEANT = {
    "  input x: 4 over T\n  hidden z: 8 perceptrons\n": [],
    "  input x: 4 over 5\n  hidden z: transpose -> reshape(4 @ 5)\n": ["hidden z: unflatten(5)"],
    "  input x: 4 over up to 5\n  hidden z: 8 filters 3 (along = time, pad = 1)\n": [],
}


@pytest.mark.parametrize("lines", MEANT)
def test_a_proposal_keeps_what_words_mean(lines: str) -> None:
    with pytest.raises(netspec.SpecError) as caught:
        netspec.parse(f"net n {{\n{lines}  output y: 2 perceptrons\n}}\n")
    said = [hint.words["text"] for one in caught.value.proposed() for hint in one.hints if hint.text[:4] == "mend"]
    assert said == MEANT[lines]
