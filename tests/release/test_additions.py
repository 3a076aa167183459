"""In a copy of the project an operation, a loss, a theme, a view and a message are added, as CONTRIBUTING says.

Each is one file (the message one entry). Everything then works with them, and so do the tests that look at all of a
kind. An addition that is wrong fails one of these tests, or is answered by a sentence.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

pytest.importorskip("torch")

OPERATION = '''"""`shrink(by)`: every value comes nearer to zero."""

from __future__ import annotations

from typing import Any

from netspec.ir.marks import kind
from netspec.ir.operation import Elementwise, Lowering, option
from netspec.ir.types import Type, refuse
from netspec.registry import register


@register
class Shrink(Elementwise):
    """Multiplies a value by `1 - by`."""

    name = "shrink"
    activation = "shrink"
    summary = "every value comes nearer to zero"
    formula = "(1 - by) * s"
    source = "the project's own test"
    example = "shrink(0.5)"
    linear = True
    positional = ("by",)
    by: float = option("real", "by how much", default=0.5, least=0, most=1, mark=kind("by {}"))

    def shape(self, *inputs: Type) -> Type:
        if inputs[0].maps == 13:
            refuse("NS399", input=0, type=str(inputs[0]))
        return super().shape(*inputs)

    def value_of(self, s: Any) -> Any:
        return (1 - self.by) * s

    def torch(self, *inputs: Type) -> Lowering:
        return Lowering("(1 - {by}) * {x}", values={"by": self.by})
'''
LOSS = '''"""The loss `charbonnier`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

from netspec.ir.types import Type
from netspec.config.entries import setting
from netspec.config.predictions import Numbers, Prediction, require_numbers
from netspec.config.vocabulary.losses import LOSSES, Loss

if TYPE_CHECKING:
    from torch import Tensor


@LOSSES.register
class Charbonnier(Loss):
    word = "charbonnier"
    about = "a smooth absolute difference"
    example = "charbonnier(y, price)"
    target: Annotated[str, setting("name", "the wanted values")]

    def wants(self, layer: Type, target: Type | None, predicted: Prediction | None = None) -> Type | None:
        require_numbers(self.word, self.layer, layer)
        return layer

    def predicts(self, layer: Type, rebuilds: bool = False) -> Prediction | None:
        return Numbers(layer)

    def each(self, value: Tensor, target: Tensor | None, layer: Type, **others: Tensor) -> Tensor:
        assert target is not None
        return ((value - target).square() + 1e-6).sqrt()
'''
THEME = '''"""The theme `soft`: classic in grey."""

from __future__ import annotations

from netspec.figure.themes import THEMES, Theme

SOFT = THEMES.register(
    Theme("soft", THEMES["classic"].colours | {"ink": "#444444"}, about="grey lines", about_ko="회색 선")
)
'''
VIEW = '''"""The view `names`: what the layers are called."""

from __future__ import annotations

from netspec.figure.scene import Rect, Scene, Text
from netspec.figure.scene.typeset import words
from netspec.figure.views import VIEWS, Drawing, View


@VIEWS.register
class Names(View):
    name = "names"
    about = "the names of the layers, one below the other"
    about_ko = "층의 이름을 위에서 아래로"

    def draw(self, drawing: Drawing) -> Scene:
        labels = [layer.label for layer in drawing.graph.top]
        texts = [
            Text(id=f"name-{n}", lines=(words(label),), x=0, y=6 * n, size=4) for n, label in enumerate(labels, 1)
        ]
        return Scene(view=self.name, items=tuple(texts), canvas=Rect(-20, 0, 20, 6 * len(labels) + 3))
'''
MESSAGE = """
[NS399]
title = { en = "Thirteen maps to shrink", ko = "줄일 수 없는 13개 맵" }
en = "`shrink` cannot take {type}"
ko = "`shrink`{:은} {type:을} 받을 수 없습니다"
help = { en = "any other number of maps will do", ko = "맵의 수를 13이 아닌 수로 바꾸세요" }
about = { en = "The message of a test.", ko = "시험용 메시지입니다." }
wrong = '''
net first {
  input  x: 13
  output y: shrink -> 1 perceptron
}
'''
right = '''
net first {
  input  x: 12
  output y: shrink -> 1 perceptron
}
'''
"""
SPEC = """netspec 1

net tried {
  input  x: 4
  hidden z: 3 perceptrons -> shrink(0.25)
  output y: 3 perceptrons -> shrink
}

data {
  source = sklearn("diabetes")
  x = columns("age", "bmi", "bp", "s1") -> standardize
  target = columns("s2", "s3", "s4") -> standardize
}

train {
  loss = charbonnier(y, target)
  optimizer = adam(lr = 0.01)
  epochs = 1
  seed = 0
}
"""
# every command on it, in one process
COMMANDS = """
import sys
from netspec.cli import main
wrong = [command for command in (
    ["check", "tried.net"], ["fmt", "--check", "tried.net"],
    ["show", "tried.net"], ["show", "--equations", "tried.net"],
    ["render", "tried.net", "--theme", "soft", "-o", "a.svg"],
    ["render", "tried.net", "--view", "names", "-o", "b.svg"],
    ["render", "tried.net", "--view", "neurons", "--input", "x=1,2,3,4", "--weights", "run", "-o", "c.svg"],
    ["compile", "tried.net", "-o", "tried.py"], ["explain", "NS399"], ["explain", "NS399", "--lang", "ko"],
) if (command[0] == "render" and "--weights" in command and main(["train", "tried.net", "--out", "run", "--no-pictures",
    "--quiet", "--threads", "1"])) or main(command)]
sys.exit(f"failed: {wrong}" if wrong else 0)
"""
DOCUMENTS = """
import runpy
from docs import messages, operations, settings, tables
for language in ("en", "ko"):
    assert "shrink" in operations.page("shrink", language) and "shrink" in operations.index(language)
    assert "charbonnier" in settings.page(language)
    assert "NS399" in messages.page("3", language)
assert "shrink" in tables.steps_table()
runpy.run_path("docs/tables.py", run_name="__main__")
"""
# the tests that look at everything of a kind, and those of each that carry its name; to collect the last takes longest
AUDITS = (
    "tests/ops",
    "tests/proof/test_padded_losses.py",
    "tests/diagnostics",
    "tests/test_architecture.py",
    "tests/proof/test_composition.py",
)
NAMED = "shrink or charbonnier or every_operation or NS399 or exist or stands or backwards or knows"


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The project with the five additions."""
    root = tmp_path_factory.mktemp("copy") / "netspec"
    # compiled files come along: they hold for sources of the same time, and a file that is changed has another
    left_out = shutil.ignore_patterns(".*", "runs", "results", "pictures")
    shutil.copytree(ROOT, root, ignore=left_out)
    package = root / "netspec"
    for place, text in (
        ("ops/shrink.py", OPERATION),
        ("config/vocabulary/charbonnier.py", LOSS),
        ("figure/themes/soft.py", THEME),
        ("figure/views/names.py", VIEW),
    ):
        assert not (package / place).exists()
        (package / place).write_text(text, encoding="utf-8")
    with (package / "diagnostics/catalogue/3-shapes.toml").open("a", encoding="utf-8") as catalogue:
        catalogue.write(MESSAGE)
    return root


def run(root: Path, *arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Python of this environment in the copy, whose netspec comes first."""
    environment = os.environ | {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    return subprocess.run(
        [sys.executable, *arguments], cwd=cwd or root, env=environment, capture_output=True, text=True, check=False
    )


def audit(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(root, "-m", "pytest", "-p", "no:cacheprovider", *arguments)


def test_every_command_works_with_them(copy: Path, tmp_path: Path) -> None:
    (tmp_path / "tried.net").write_text(SPEC, encoding="utf-8")
    done = run(copy, "-c", COMMANDS, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "#444444" in (tmp_path / "a.svg").read_text(encoding="utf-8")
    assert ">z<" in (tmp_path / "b.svg").read_text(encoding="utf-8")


def test_the_documents_of_both_languages_have_them(copy: Path) -> None:
    done = run(copy, "-c", DOCUMENTS)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.soak
def test_the_tests_of_all_of_a_kind_hold_with_them(copy: Path) -> None:
    done = audit(copy, *AUDITS, "-k", NAMED)
    assert done.returncode == 0, done.stdout
    assert int(re.findall(r"(\d+) passed", done.stdout)[0]) >= 20


@pytest.mark.soak
def test_the_words_of_the_message_are_kept_for_review(copy: Path) -> None:
    written = audit(copy, "tests/hostile/test_corpus.py", "--refresh", "-k", "kept_and or NS399")
    assert written.returncode == 0, written.stdout


# what is done to the copy -> what the tests then say
WRONG = {
    "a wrong formula": ("ops/shrink.py", "return (1 - self.by) * s", "return (2 - self.by) * s", "shrink"),
    "a call that torch lacks": ("ops/shrink.py", '"(1 - {by}) * {x}"', '"torch.nonexistent({x}, {by})"', "nonexistent"),
    "a trait that lies": ("ops/shrink.py", "linear = True", "linear = True\\n    mixes_batch = True", "mixes_batch"),
    "an option without a mark": ("ops/shrink.py", ', mark=kind("by {}")', "", "mark"),
    "half a loss": ("config/vocabulary/charbonnier.py", "    def each", "    def other", "charbonnier"),
    "half a theme": ("figure/themes/soft.py", '| {"ink": "#444444"}', '| {"ink": "grey"}', "#rrggbb"),
    "half a view": ("figure/views/names.py", "    def draw", "    def other", "draw"),
}


@pytest.mark.soak
@pytest.mark.parametrize("wrong", WRONG)
def test_a_wrong_addition_is_noticed(copy: Path, tmp_path: Path, wrong: str) -> None:
    """By the audits of operations and losses; a theme or a view by the registry, in a sentence."""
    place, right, other, said = WRONG[wrong]
    path = copy / "netspec" / place
    before = path.read_text(encoding="utf-8")
    assert right in before
    path.write_text(before.replace(right, other), encoding="utf-8")
    (tmp_path / "tried.net").write_text(SPEC, encoding="utf-8")
    try:
        figures = place.startswith("figure/")
        done = run(copy, "-c", COMMANDS, cwd=tmp_path) if figures else audit(copy, *AUDITS, "-k", NAMED, "-x")
    finally:
        path.write_text(before, encoding="utf-8")
    assert done.returncode != 0
    assert said in done.stdout + done.stderr


@pytest.mark.soak
def test_a_helper_file_beside_the_operations_is_no_step(copy: Path) -> None:
    path = copy / "netspec/ops/arithmetic_helper.py"
    path.write_text(
        '"""A helper of operations."""\n\n\ndef half(x: float) -> float:\n    return x / 2\n', encoding="utf-8"
    )
    try:
        done = audit(copy, *AUDITS, "-k", NAMED, "-x")
        assert done.returncode == 0, done.stdout
        code = "from netspec.ops.registry import step_names; assert 'arithmetic_helper' not in step_names()"
        assert run(copy, "-c", code).returncode == 0
    finally:
        path.unlink()
