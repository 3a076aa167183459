"""Mistakes of sections are told whether or not the net has mistakes of its own."""

import pytest

from netspec import foreign
from netspec.api import Spec
from netspec.config.vocabulary.losses import LOSSES
from netspec.config.vocabulary.optimizers import OPTIMIZERS
from netspec.config.vocabulary.schedules import SCHEDULES
from netspec.elaborate.program import parse_program

SPEC = """netspec 1

net a(n = 3) {
  input x: 4
  hidden z: n perceptrons -> STEP
  output s: 2 perceptrons
}

data {
  source = csv("x.csv")
  x = FIELD
  y = label("d")
  split = [0.8, 0.2]
}

train {
  EPOCHS = 3
  batch = 8*n
  loss = cross_entropy(s, y)
}
"""


def codes(**parts: str) -> list[str]:
    text = SPEC
    given = {"STEP": "sigmoid", "FIELD": 'columns("a", "b", "c", "e")', "EPOCHS": "epochs"} | parts
    for name, part in given.items():
        text = text.replace(name, part)
    return [found.code for found in Spec(parse_program(text, "a.net")).check()]


def test_nothing_to_say_of_the_right_file() -> None:
    assert codes() == []


def test_a_net_with_a_mistake_hides_no_mistake_of_its_sections_and_makes_none() -> None:
    assert codes(STEP="sigmoidd") == ["NS202"]
    assert codes(STEP="sigmoidd", EPOCHS="epoch") == ["NS202", "NS752"]
    assert codes(STEP="sigmoidd", FIELD='colums("a")', EPOCHS="epoch") == ["NS202", "NS753", "NS752"]


def test_a_list_of_columns_is_told_its_step() -> None:
    text = SPEC.replace("STEP", "sigmoid").replace("EPOCHS", "epochs").replace("FIELD", '["a", b, "c", "e"]')
    (found,) = Spec(parse_program(text, "a.net")).check()
    assert (found.code, found.fixes[0].replacement) == ("NS753", 'columns("a", "b", "c", "e")')


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("nll_loss", "nll"),
        ("NLLLoss", "nll"),
        ("nn.NLLLoss", "nll"),
        ("l1_loss", "l1"),
        ("nn.L1Loss", "l1"),
        ("F.mse_loss", "squared"),
        ("MSE", "squared"),
        ("nn.CrossEntropyLoss", "cross_entropy"),
        ("BCEWithLogitsLoss", "binary_cross_entropy"),
        ("SmoothL1Loss", "huber"),
        ("KLDivLoss", "kl"),
        ("torch.optim.AdamW", "adamw"),
        ("CosineAnnealingLR", "cosine"),
        ("OneCycleLR", "one_cycle"),
        ("StepLR", "step"),
        ("ReduceLROnPlateau", "plateau"),
    ],
)
def test_words_of_other_tools_are_understood(written: str, meant: str) -> None:
    table = next(table for table in (LOSSES, OPTIMIZERS, SCHEDULES) if meant in table)
    assert foreign.translate(written, foreign.ENTRIES, tuple(table)) == meant
