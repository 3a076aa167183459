"""A loss, metric, optimizer, schedule, source or step of a field is added as one class, and works everywhere."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import pytest
from pydantic import ValidationError

import netspec
from docs import settings as pages
from netspec.config import vocabulary
from netspec.config.entries import Entry, setting
from netspec.config.rows import Rows
from netspec.config.vocabulary.losses import LOSSES, Loss
from netspec.config.vocabulary.metrics import METRICS, Metric
from netspec.config.vocabulary.optimizers import OPTIMIZERS, Optimizer
from netspec.config.vocabulary.schedules import SCHEDULES, Schedule
from netspec.config.vocabulary.sources import SOURCES, Facts, Source
from netspec.config.vocabulary.steps import STEPS, FieldStep
from netspec.registry import Registry
from tests.conftest import ROOT

REGISTRIES: dict[str, Registry[Any]] = {
    "loss": LOSSES,
    "metric": METRICS,
    "optimizer": OPTIMIZERS,
    "schedule": SCHEDULES,
    "source": SOURCES,
    "step": STEPS,
}


class Charbonnier(Loss):
    word = "charbonnier"
    about = "a smooth absolute difference"
    example = "charbonnier(y, price)"
    target: Annotated[str, setting("name", "the wanted values")]
    width: Annotated[float, setting("number", "how wide its bottom is", above=0)] = 1e-3

    def each(self, value: Any, target: Any, layer: Any, **others: Any) -> Any:
        return ((value - target).square() + self.width**2).sqrt()


class Largest(Metric):
    word = "largest"
    about = "the largest squared difference of a batch, added up"
    example = "largest(y, price)"
    target: Annotated[str, setting("name", "the wanted values")]

    def sums(self, value: Any, target: Any, mask: Any, predicted: Any) -> Any:
        gap = (value - target).square().max().double()
        return gap.new_tensor([float(gap), 1.0])

    def result(self, sums: Any, predicted: Any) -> float:
        return float(sums[0])


class SignDescent(Optimizer):
    word = "sign_descent"
    about = "steps of one size, by the sign of the gradient"
    example = "sign_descent(lr = 0.01)"

    def build(self, weights: Any, device: str) -> Any:
        import torch

        class Stepper(torch.optim.SGD):
            def step(self, closure: Any = None) -> None:  # type: ignore[override]
                with torch.no_grad():
                    for group in self.param_groups:
                        for weight in group["params"]:
                            weight -= group["lr"] * weight.grad.sign()

        return Stepper(list(weights), lr=self.lr)


class Halving(Schedule):
    word = "halving"
    about = "half the rate after every epoch"
    example = "halving"

    def multiplier(self, step: int, steps: int, lr: float) -> float:
        return 0.5**step


class Grid(Source):
    word = "grid"
    about = "a line of numbers and their squares"
    example = "grid(10)"
    positional = ("count",)
    count: Annotated[int, setting("whole", "how many", least=2)] = 10

    @property
    def facts(self) -> Facts:
        return Facts(("x", "square"), None, None, False, False)

    def open(self, places: Any) -> Rows:
        return GridRows(self.count, "grid")


class GridRows(Rows):
    @property
    def columns(self) -> tuple[str, ...]:
        return ("x", "square")

    def numbers(self, name: str, wanted: Any, faults: Any) -> Any:
        x = np.linspace(-1, 1, self.count)
        return x if name == "x" else x**2


class Root(FieldStep):
    word = "root"
    about = "the square root, with its sign"
    example = "root"

    def transform(self, values: Any, state: Any) -> Any:
        return values.with_array(np.sign(values.array) * np.sqrt(np.abs(values.array)))

    def inverse(self, array: Any, state: Any) -> Any:
        return np.sign(array) * array**2


OWN: dict[str, type[Entry]] = {
    "loss": Charbonnier,
    "metric": Largest,
    "optimizer": SignDescent,
    "schedule": Halving,
    "source": Grid,
    "step": Root,
}
TEXT = """netspec 1

net line {
  input  x: 1
  hidden h: 8 perceptrons -> tanh
  output y: 1 perceptron
}

data {
  source = grid(24)
  x = columns("x")
  t = columns("square") -> root
  split = [0.75, 0.25]
}

train {
  loss = charbonnier(y, t, width = 0.01)
  metrics = [largest(y, t)]
  optimizer = sign_descent(lr = 0.01)
  schedule = halving
  epochs = 3
  batch = 6
}
"""


@pytest.fixture
def registered() -> Iterator[None]:
    with ExitStack() as stack:
        for name, own in OWN.items():
            stack.enter_context(REGISTRIES[name].temporarily(own))
        yield


@pytest.mark.usefixtures("registered")
def test_all_of_ones_own_train_together(tmp_path: Path) -> None:
    spec = netspec.parse(TEXT)
    assert spec.check() == []
    assert spec.format() == TEXT
    assert "perceptrons" in spec.show()
    run = netspec.train(spec, out=tmp_path / "run", pictures=False)
    assert [row["lr"] for row in run.history] == [0.01, 0.005, 0.0025]
    assert set(run.scores["validation"]) == {"loss", "largest"}
    assert run.history[-1]["training"]["loss"] < run.history[0]["training"]["loss"]
    found = run.predict({"x": np.array([[0.5], [-1.0]])})["predicted_t"]
    with_root = run.module()(__import__("torch").tensor([[0.5], [-1.0]])).detach().numpy()
    np.testing.assert_allclose(found.ravel(), (np.sign(with_root) * with_root**2).ravel(), atol=1e-5)


@pytest.mark.usefixtures("registered")
@pytest.mark.parametrize(
    ("change", "code", "place"),
    [
        (("width = 0.01", "width = 0"), "NS750", "0"),
        (("width = 0.01", "wdth = 0.01"), "NS203", "wdth"),
        (("charbonnier(y", "charbonier(y"), "NS753", "charbonier"),
        (("grid(24)", "grid(1)"), "NS420", "1"),
        (("halving", "halfing"), "NS753", "halfing"),
        (("-> root", "-> roots"), "NS753", "roots"),
        (("(lr = 0.01)", "(0.01)"), "NS211", "0.01"),
    ],
)
def test_mistakes_with_ones_own_are_said_at_their_place(change: tuple[str, str], code: str, place: str) -> None:
    with pytest.raises(netspec.SpecError) as caught:
        netspec.parse(TEXT.replace(*change))
    (found,) = caught.value.diagnostics
    assert (found.code, found.span.text) == (code, place)


@pytest.mark.usefixtures("registered")
def test_the_documents_of_both_languages_have_them() -> None:
    english, korean = pages.page("en"), pages.page("ko")
    for own in OWN.values():
        assert f"**`{own.word}`** {own.about}." in english
        assert f"**`{own.word}`** {own.about} (영어)." in korean
    assert "how wide its bottom is" in english
    assert "how wide its bottom is (영어)" in korean


def test_no_built_in_text_falls_back_to_english() -> None:
    assert "(영어)" not in pages.page("ko")


@pytest.mark.parametrize("name", REGISTRIES)
def test_every_class_with_a_word_is_registered(name: str) -> None:
    """Half a registration in the folder: a class that has a word but no decorator."""
    registry = REGISTRIES[name]
    pending, found = [registry.base], set()
    while pending:
        own = pending.pop().__subclasses__()
        pending += own
        found |= {cls.word for cls in own if cls.word and cls.__module__.startswith(vocabulary.__name__)}
    assert found - {"arrays"} == {
        word for word in registry if registry[word].__module__.startswith(vocabulary.__name__)
    }


# ---- what is wrong with a class of one's own


def incomplete(name: str) -> tuple[type[Entry], str]:
    class Nameless(Loss):
        about = "nothing"
        example = "nothing(y)"

        def each(self, value: Any, target: Any, layer: Any, **others: Any) -> Any:
            return value

    class Formless(Loss):
        word, about, example = "formless", "nothing", "formless(y)"

    class Silent(Nameless):
        word, about, example = "silent", "", "silent(y)"

    class Example(Nameless):
        word, about, example = "example", "nothing", "another(y)"

    class Plain(Nameless):
        word, about, example = "plain", "nothing", "plain(y)"
        width: float = 1.0

    class Kind(Nameless):
        word, about, example = "kind", "nothing", "kind(y)"
        width: Annotated[float, setting("numbr", "its width")] = 1.0

    class Sumless(Metric):
        word, about, example = "sumless", "nothing", "sumless(y)"

    class Optimless(Optimizer):
        word, about, example = "optimless", "nothing", "optimless"

    class Idle(FieldStep):
        word, about, example = "idle", "nothing", "idle"

    class Unread(Source):
        word, about, example = "unread", "nothing", "unread"

    class Waiting(Schedule):
        word, about, example, waits = "waiting", "nothing", "waiting", True

    class Squared(Nameless):
        word, about, example = "squared", "another", "squared(y)"
        target: Annotated[str, setting("name", "the wanted values")]

    return {
        "nameless": (Nameless, 'Nameless has no name: a loss needs word = "…"'),
        "formless": (Formless, "the loss 'formless' .* is incomplete: it has no formula: define `each"),
        "silent": (Silent, "it has no `about`, which the documentation shows"),
        "example": (Example, r"its example 'another\(y\)' does not begin with its word"),
        "plain": (Plain, "the field 'width' has no setting"),
        "kind": (Kind, "its option 'width' is of the kind 'numbr'; the kinds are .*number"),
        "sumless": (Sumless, "it has no formula: define `sums"),
        "optimless": (Optimless, "it needs `torch_name`, its class in torch.optim, or a method `build"),
        "idle": (Idle, "it does nothing: define `transform`"),
        "unread": (Unread, "it reads nothing: define `open"),
        "waiting": (Waiting, "needs the options `factor` and `patience`"),
        "squared": (Squared, "a loss named 'squared' exists already: netspec.*Squared"),
    }[name]


@pytest.mark.parametrize(
    "name",
    "nameless formless silent example plain kind sumless optimless idle unread waiting squared".split(),
)
def test_what_is_incomplete_is_said_in_a_sentence(name: str) -> None:
    own, message = incomplete(name)
    registry = next(registry for registry in REGISTRIES.values() if issubclass(own, registry.base))
    before = list(registry)
    with pytest.raises((TypeError, ValueError), match=message):
        registry.register(own)
    assert list(registry) == before


# ---- a file in the folder

FILE = '''"""The loss of Charbonnier."""

from __future__ import annotations

from typing import Annotated, Any

from netspec.registry import register
from netspec.config.entries import setting
from netspec.config.vocabulary.losses import Loss


@register
class Charbonnier(Loss):
    word = "charbonnier"
    about = "a smooth absolute difference"
    example = "charbonnier(y, price)"
    target: Annotated[str, setting("name", "the wanted values")]

    def each(self, value: Any, target: Any, layer: Any, **others: Any) -> Any:
        return ((value - target).square() + 1e-6).sqrt()
'''


def test_one_file_in_the_folder_is_a_loss_and_a_helper_is_none(tmp_path: Path) -> None:
    copy = tmp_path / "copy"
    ignored = shutil.ignore_patterns("__pycache__")
    for folder in ("netspec", "grammar"):
        shutil.copytree(ROOT / folder, copy / folder, ignore=ignored)
    folder = copy / "netspec" / Path(*vocabulary.__name__.split(".")[1:])
    (folder / "charbonnier.py").write_text(FILE, encoding="utf-8")
    (folder / "helper.py").write_text('"""A helper."""\n\nWIDTH = 3\n', encoding="utf-8")
    text = TEXT.replace("grid(24)", 'csv("a.csv")').replace(" -> root", "").replace(", width = 0.01", "")
    text = re.sub(r"  (metrics|optimizer|schedule) = .*\n", "", text)
    (tmp_path / "line.net").write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, "-m", "netspec", "check", tmp_path / "line.net"], cwd=copy, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stdout
    wrong = tmp_path / "wrong.net"
    wrong.write_text(text.replace("charbonnier", "helper"), encoding="utf-8")
    done = subprocess.run([sys.executable, "-m", "netspec", "check", wrong], cwd=copy, capture_output=True, text=True)
    assert done.returncode == 1
    assert "NS753" in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_an_entry_made_in_python_keeps_its_bounds() -> None:
    with pytest.raises(ValidationError) as caught:
        OPTIMIZERS["adam"](lr=-1.0, betas=(0.9,))
    found = {
        error["loc"]: (error["type"], error["ctx"]["value" if "value" in error["ctx"] else "count"])
        for error in caught.value.errors()
    }
    assert found == {("lr",): ("NS750", "-1"), ("betas",): ("NS777", 1)}


def test_a_spec_with_sections_is_checked_without_pydantic() -> None:
    """pydantic costs as much as the rest of `check`; it checks only what Python code gives."""
    code = (
        "import sys; from netspec.cli.main import main; assert main(['check', sys.argv[1]]) == 0;"
        "assert not any(name.startswith('pydantic') for name in sys.modules)"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, ROOT / "specs/tasks/mnist_gan.net"], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr


def test_an_entry_does_not_change() -> None:
    one = OPTIMIZERS["adam"](lr=0.5)
    with pytest.raises(AttributeError):
        one.lr = 0.1
    other = one.changed(lr=0.1)
    assert (one.lr, other.lr, one == other, one == other.changed(lr=0.5)) == (0.5, 0.1, False, True)
    assert len({one, other, other.changed(lr=0.5)}) == 2
