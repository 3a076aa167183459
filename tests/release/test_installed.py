"""netspec as others get it: the sdist makes the wheel, the wheel is installed in a clean environment and used there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import venv
import zipfile
from pathlib import Path

import pytest

from tests.conftest import ROOT
from tests.test_packaging import READ

pytestmark = pytest.mark.soak
pytest.importorskip("build")
pytest.importorskip("torch")

SPEC = """netspec 1

use Twice from "blocks/twice.net"

net elsewhere(H = 8) "a spec far from the checkout" {
  input  x: 4
  hidden z: Twice(H)
  output kind: 3 perceptrons
}

data {
  source = sklearn("iris")
  x = columns -> standardize
  label = label
}

train {
  loss = cross_entropy(kind, label)
  metrics = [accuracy(kind, label)]
  optimizer = adam(lr = 0.05)
  epochs = 20
  batch = 30
  seed = 0
}
"""
BLOCK = """netspec 1

block Twice(c) {
  input  x: d
  hidden a: c perceptrons -> tanh
  output y: c perceptrons -> tanh
}
"""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the sdist, and the wheel that was made from it."""
    out = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--outdir", str(out), str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode != 0 and "hatchling" in done.stdout + done.stderr:
        pytest.skip("the build backend cannot be fetched here")
    assert done.returncode == 0, done.stdout + done.stderr
    return out


@pytest.fixture(scope="module")
def home(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clean environment with the wheel, and this environment's packages behind it, but not this checkout."""
    folder = tmp_path_factory.mktemp("home")
    venv.create(folder / "venv", with_pip=False, symlinks=os.name != "nt")
    site = next((folder / "venv").rglob("site-packages"))
    wheel = next(built.glob("*.whl"))
    command = [sys.executable, "-m", "pip", "--python", str(python(folder)), "install", "--quiet", "--no-deps"]
    subprocess.run([*command, "--no-index", str(wheel)], check=True, capture_output=True)
    # the folder alone: .pth files in it, such as that of an editable netspec, are not followed
    (site / "packages.pth").write_text(f"{sysconfig.get_paths()['purelib']}\n", encoding="utf-8")
    (folder / "work" / "blocks").mkdir(parents=True)
    (folder / "work" / "elsewhere.net").write_text(SPEC, encoding="utf-8")
    (folder / "work" / "blocks" / "twice.net").write_text(BLOCK, encoding="utf-8")
    return folder


def scripts(home: Path) -> Path:
    return home / "venv" / ("Scripts" if os.name == "nt" else "bin")


def python(home: Path) -> Path:
    return scripts(home) / "python"


def run(home: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    kept = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "NETSPEC_LANG")}
    return subprocess.run(
        command, capture_output=True, text=True, cwd=home / "work", env={**kept, "OMP_NUM_THREADS": "1", **variables}
    )


def netspec(home: Path, *arguments: str) -> str:
    done = run(home, str(scripts(home) / "netspec"), *arguments)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def test_it_is_the_wheel_that_is_tested(home: Path) -> None:
    code = "import netspec, pathlib; print(pathlib.Path(netspec.__file__).resolve())"
    found = Path(run(home, str(python(home)), "-c", code).stdout.strip())
    assert found.is_relative_to((home / "venv").resolve())


def test_the_wheel_holds_grammar_table_prelude_and_catalogue(built: Path, home: Path) -> None:
    names = zipfile.ZipFile(next(built.glob("*.whl"))).namelist()
    assert set(READ) <= set(names)
    assert not [name for name in names if name.startswith(("tests/", "docs/", "specs/"))]
    spec = "net a {\n  input x: 3\n  hidden z: LSTM(4)\n  output y: 2 perceptrons\n}\n"
    (home / "work" / "untimed.net").write_text(spec, encoding="utf-8")
    # the prelude and the catalogue are found: LSTM wants time
    assert "NS611" in run(home, str(scripts(home) / "netspec"), "check", "untimed.net").stderr


def test_check_show_draw_and_compile(home: Path) -> None:
    netspec(home, "check", "elsewhere.net")
    assert "139" in netspec(home, "show", "elsewhere.net")
    netspec(home, "render", "elsewhere.net", "-o", "figure.svg")
    assert (home / "work" / "figure.svg").read_text(encoding="utf-8").startswith("<svg")
    assert "class Elsewhere(nn.Module)" in netspec(home, "compile", "elsewhere.net")


def test_train_and_take_the_model_out(home: Path) -> None:
    netspec(home, "train", "elsewhere.net", "--out", "run", "--device", "cpu", "--threads", "1")
    code = (
        "import netspec, torch; run = netspec.load_run('run');"
        "print(run.scores['training']['accuracy'] > 0.9, run.module()(torch.zeros(2, 4)).shape)"
    )
    assert run(home, str(python(home)), "-c", code).stdout.strip() == "True torch.Size([2, 3])"


def test_doctor(home: Path) -> None:
    said = netspec(home, "doctor")
    for name in ("netspec", "python", "torch", "font for mathematics", "C++ compiler"):
        assert name in said


def test_explain_finds_its_catalogue_and_steps_their_folder(home: Path) -> None:
    assert "NS302" in netspec(home, "explain", "NS302")
    assert netspec(home, "explain", "--lang", "ko", "NS302") != netspec(home, "explain", "NS302")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(home: Path, shell: str) -> None:
    program = str(scripts(home) / "netspec")
    if shell == "bash" and shutil.which("bash") is None:
        pytest.skip("click looks at the version of bash")
    script = run(home, program, _NETSPEC_COMPLETE=f"{shell}_source")
    assert script.returncode == 0
    assert "_NETSPEC_COMPLETE" in script.stdout
    words = {"COMP_WORDS": "netspec re", "COMP_CWORD": "re" if shell == "fish" else "1"}
    offered = run(home, program, _NETSPEC_COMPLETE=f"{shell}_complete", **words).stdout
    assert "render" in offered
    flags = {"COMP_WORDS": "netspec render --vi", "COMP_CWORD": "--vi" if shell == "fish" else "2"}
    assert "--view" in run(home, program, _NETSPEC_COMPLETE=f"{shell}_complete", **flags).stdout


def test_the_lexer_and_the_types_come_along(home: Path) -> None:
    code = "from pygments.lexers import get_lexer_by_name as find; print(find('net').name, find('netspec').name)"
    assert run(home, str(python(home)), "-c", code).stdout.split() == ["netspec", "netspec"]
    assert next((home / "venv").rglob("netspec/py.typed")).exists()


def test_the_sdist_holds_what_a_reader_needs_and_nothing_else(built: Path) -> None:
    with tarfile.open(next(built.glob("*.tar.gz"))) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    for wanted in (
        "netspec/api.py", "grammar/netspec.lark", "specs/post/mlp.net", "docs/ko/index.md", "docs/pictures/readme.svg",
        "tests/conftest.py", "README.md", "CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "constraints.txt", "dev",
    ):  # fmt: skip
        assert wanted in names, wanted
    assert not [name for name in names if name.startswith(("build/", "runs/", ".venv/", "dist/", "shared/"))]
    assert not [name for name in names if name.endswith((".pyc", ".ckpt"))]
