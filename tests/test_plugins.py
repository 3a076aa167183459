"""What other distributions add: nothing is imported without `--allow`, and everything works with it."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import netspec
from docs.fences import DOCS, fences
from netspec.cli import main
from netspec.config.vocabulary.losses import LOSSES
from netspec.ops.registry import OPERATIONS
from tests.conftest import ROOT

# a small distribution as pip lays it out: a module and its metadata
MODULE = """
import netspec
from netspec.figure.scene import Rect, Scene, Text
from netspec.figure.themes import THEMES
from netspec.figure.scene.typeset import words

print("IMPORTED", __name__)


@netspec.register
class Names(netspec.View):
    name = "names"
    about = "the names of the layers, one below the other"

    def draw(self, drawing):
        labels = [layer.label for layer in drawing.graph.top]
        texts = [Text(id=f"name-{n}", lines=(words(label),), x=0, y=6 * n, size=4) for n, label in enumerate(labels, 1)]
        return Scene(view=self.name, items=tuple(texts), canvas=Rect(-20, 0, 20, 6 * len(labels) + 3))


class Titles(netspec.Writer):
    name = "title"
    about = "the title of the figure"

    def write(self, picture, scale):
        return picture.scene.title.encode("utf-8")


SEPIA = netspec.Theme("sepia", THEMES["classic"].colours | {"ink": "#402000"})
"""
ENTRY_POINTS = """
[netspec.plugins]
names = sepia_pack:Names
sepia = sepia_pack:SEPIA
title = sepia_pack:Titles
broken = missing_pack:nothing
half = half_pack:Half

[pydantic]
names = sepia_pack:names
"""
HALF = "import netspec\nclass Half(netspec.View):\n    name = 'half'\n"
SPEC = """net small {
  input  x: 4
  output y: 2 perceptrons
}

figure {
  view = names
  theme = sepia
}
"""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    site = tmp_path / "site"
    info = site / "sepia_pack-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: sepia-pack\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text(ENTRY_POINTS, encoding="utf-8")
    (site / "sepia_pack.py").write_text(MODULE, encoding="utf-8")
    (site / "half_pack.py").write_text(HALF, encoding="utf-8")
    (tmp_path / "small.net").write_text(SPEC, encoding="utf-8")
    return tmp_path


def run(place: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """A command in a process of its own: what one has imported, no other sees."""
    path = f"import sys; sys.path[:0] = [{str(place / 'site')!r}, {str(ROOT)!r}]\n"
    code = command[1] if command[0] == "-c" else f"from netspec.cli import main; sys.exit(main({list(command)!r}))"
    return subprocess.run([sys.executable, "-c", path + code], capture_output=True, text=True, cwd=place, check=False)


def test_nothing_is_imported_without_permission(place: Path) -> None:
    done = run(place, "check", "small.net", "--format", "concise")
    assert done.returncode == 1
    assert [line.split(": ")[1] for line in done.stderr.splitlines()] == ["error[NS693]", "error[NS693]"]
    assert "IMPORTED" not in done.stdout
    told = run(place, "check", "small.net").stderr
    assert "--allow sepia_pack" in told
    assert "`sepia-pack`" in told
    trained = SPEC.partition("figure")[0] + "train {\n  loss = squared(y, wanted)\n}\n"
    (place / "trained.net").write_text(trained, encoding="utf-8")
    assert "IMPORTED" not in run(place, "check", "trained.net").stdout


def test_with_permission_view_theme_and_format_work_everywhere(place: Path) -> None:
    done = run(place, "render", "small.net", "--allow", "sepia_pack", "-o", "small.svg")
    assert (done.returncode, done.stdout.split()) == (0, ["IMPORTED", "sepia_pack", "small.svg"])
    drawn = (place / "small.svg").read_text(encoding="utf-8")
    assert "#402000" in drawn
    assert ">x</text>" in drawn or ">x<" in drawn
    commands = (
        ["check"],
        ["show"],
        ["fmt", "--check"],
        ["diff", "small.net"],
        ["compile"],
        ["render", "-o", "small.title"],
    )
    code = f"""
from netspec.cli import main
wrong = [command for command in {commands} if main([*command, "small.net", "--allow", "sepia_pack"])]
sys.exit(f"failed: {{wrong}}" if wrong else 0)
"""
    done = run(place, "-c", code)
    assert done.returncode == 0, done.stderr
    assert (place / "small.title").read_text(encoding="utf-8") == "small"


STEP = """
import netspec
from typing import Annotated
from netspec.config.entries import setting
from netspec.config.predictions import Numbers
from netspec.ir.marks import kind
from netspec.ir.operation import Elementwise, Lowering, option

print("IMPORTED", __name__)


class Shrink(Elementwise):
    name = "shrink"
    summary = "every value comes nearer to zero"
    formula = "(1 - by) * s"
    source = "the project's own test"
    example = "shrink(0.5)"
    positional = ("by",)
    by: float = option("real", "by how much", default=0.5, least=0, most=1, mark=kind("by {}"))

    def value_of(self, s):
        return (1 - self.by) * s

    def torch(self, *inputs):
        return Lowering("(1 - {by}) * {x}", values={"by": self.by})


class Charbonnier(netspec.Loss):
    word = "charbonnier"
    about = "a smooth absolute difference"
    example = "charbonnier(y, price)"
    target: Annotated[str, setting("name", "the wanted values")]

    def wants(self, layer, target, predicted=None):
        return layer

    def predicts(self, layer, rebuilds=False):
        return Numbers(layer)

    def each(self, value, target, layer, **others):
        return ((value - target).square() + 1e-6).sqrt()
"""
TRAINED = """net tried {
  input  x: 4
  output y: 3 perceptrons -> shrink(0.25)
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
}
"""


def test_a_step_and_a_loss_of_a_package(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refused by a code that names the flag; with it the net is checked, compiled and trained, and predicts again."""
    info = place / "site" / "steps_pack-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: steps-pack\nVersion: 1.0\n", encoding="utf-8")
    points = "[netspec.plugins]\nshrink = steps_pack:Shrink\ncharbonnier = steps_pack:Charbonnier\n"
    (info / "entry_points.txt").write_text(points, encoding="utf-8")
    (place / "site" / "steps_pack.py").write_text(STEP, encoding="utf-8")
    (place / "tried.net").write_text(TRAINED, encoding="utf-8")
    refused = run(place, "check", "tried.net")
    assert refused.returncode == 1
    assert "error[NS693]" in refused.stderr
    assert "--allow steps_pack" in refused.stderr
    assert "IMPORTED" not in refused.stdout
    monkeypatch.chdir(place)
    monkeypatch.syspath_prepend(place / "site")
    monkeypatch.delitem(sys.modules, "steps_pack", raising=False)
    quick = ["--out", "run", "--no-pictures", "--quiet", "--threads", "1"]
    with OPERATIONS.temporarily(), LOSSES.temporarily():  # in this process, where torch is imported once
        for command in (["check"], ["compile", "-o", "tried.py"], ["train", *quick]):
            assert main([*command, "tried.net", "--allow", "steps_pack"]) == 0, command
        assert netspec.load_run("run", allow=["steps_pack"]).status["state"] == "finished"
    assert "(1 - 0.25) * " in (place / "tried.py").read_text(encoding="utf-8")


def test_flags_that_name_what_a_package_offers(place: Path) -> None:
    (place / "plain.net").write_text(SPEC.partition("figure")[0], encoding="utf-8")
    done = run(place, "render", "plain.net", "--view", "names", "--format", "concise")
    assert (done.returncode, done.stderr.partition(":")[0]) == (2, "error[NS693]")
    done = run(place, "render", "plain.net", "--view", "names", "--theme", "sepia", "--allow", "sepia_pack")
    assert done.returncode == 0, done.stderr


def test_python_asks_in_the_same_way(place: Path) -> None:
    refused = "import netspec\ntry: netspec.load('small.net')\nexcept netspec.SpecError as e: print(e.diagnostic.code)"
    assert run(place, "-c", refused).stdout == "NS693\n"
    allowed = "import netspec\nprint(netspec.load('small.net', allow=['sepia_pack']).render().theme.name)"
    assert run(place, "-c", allowed).stdout.split() == ["IMPORTED", "sepia_pack", "sepia"]


@pytest.mark.parametrize(("module", "said"), [("missing_pack", "No module named"), ("half_pack", "no method draw")])
def test_a_package_that_fails_is_one_sentence(place: Path, module: str, said: str) -> None:
    done = run(place, "check", "small.net", "--allow", module, "--format", "concise")
    assert done.returncode == 2
    [line] = done.stderr.splitlines()
    assert line.startswith("error[NS922]: ")
    assert said in line


def test_the_package_of_the_documents(tmp_path: Path) -> None:
    module, spec, _, _, project, command = fences((DOCS / "en/howto/own-view.md").read_text(encoding="utf-8"))
    about = tomllib.loads(project.text)
    (name,) = about["tool"]["setuptools"]["py-modules"]
    points = about["project"]["entry-points"]["netspec.plugins"]
    info = tmp_path / "site" / f"{name}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {about['project']['name']}\nVersion: 1.0\n")
    lines = [f"{word} = {target}\n" for word, target in points.items()]
    (info / "entry_points.txt").write_text("".join(["[netspec.plugins]\n", *lines]), encoding="utf-8")
    (tmp_path / "site" / f"{name}.py").write_text(module.text, encoding="utf-8")
    (tmp_path / "small.net").write_text(spec.text, encoding="utf-8")
    refused = run(tmp_path, "check", "small.net", "--format", "concise").stderr
    assert [line.split(": ")[1] for line in refused.splitlines()] == ["error[NS693]", "error[NS693]"]
    done = run(tmp_path, *command.text.split()[1:])
    assert (done.returncode, done.stdout) == (0, "small.svg\n"), done.stderr
    assert "#402000" in (tmp_path / "small.svg").read_text(encoding="utf-8")
