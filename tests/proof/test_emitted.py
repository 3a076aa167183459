"""The emitted source: without netspec it is the same module; it is formatted, typed, and the same on every run."""

from __future__ import annotations

import subprocess
import sys
from functools import lru_cache
from pathlib import Path

import pytest
import torch

import netspec
from netspec.api import Net
from netspec.codegen import source
from proof.cases import CASES
from proof.test_text_laws import FILES
from proof.transplant import loss, results
from tests.conftest import ROOT

SITE = Path(torch.__file__).parents[1]
# maps wired by a table, a join of maps, attention, dilation, two loops, random numbers
ALONE_TOO = ("lenet5", "unet_padded", "gpt2", "wavenet", "seq2seq", "vae")
# what `mypy` of the project checks too: what a net is made of, one of each kind
GOLDEN = ("lenet5", "gpt2", "charrnn", "unet_padded", "seq2seq")
MORE_ALONE = pytest.param(
    ("resnet50", "unet", "bert", "vit_b16", "shufflenet", "llama", "charrnn"), marks=pytest.mark.soak
)
# runs in a Python without site-packages' .pth files and with netspec forbidden: only torch is there
ALONE = """
import sys
folder, site, threads = sys.argv[1:]
class Forbidden:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "netspec":
            raise ImportError("netspec is not here")
sys.meta_path.insert(0, Forbidden())
sys.path.append(site)
import importlib.util, pathlib
import torch
torch.set_num_threads(int(threads))
for path in sorted(pathlib.Path(folder).glob("*.py")):
    spec = importlib.util.spec_from_file_location(path.stem, path)
    module = importlib.util.module_from_spec(spec)
    sys.modules[path.stem] = module
    spec.loader.exec_module(module)
    given = torch.load(path.with_suffix(".pt"))
    net = getattr(module, given["class"])()
    assert list(net.state_dict()) == given["keys"], path.stem
    net.load_state_dict(given["state"])
    torch.manual_seed(1)
    found = net.train()(*given["inputs"])
    found = found if isinstance(found, tuple) else (found,)
    source = torch.Generator().manual_seed(3)
    total = torch.zeros(())
    for value in found:
        total = total + (value * torch.randn(value.shape, generator=source)).mean()
    total.backward()
    grads = {key: value.grad for key, value in net.named_parameters()}
    torch.save({"outputs": [value.detach() for value in found], "grads": grads}, path.with_suffix(".out"))
assert "netspec" not in sys.modules
"""


EVERY = pytest.mark.parametrize("every", [12, pytest.param(1, marks=pytest.mark.soak)])


@lru_cache(maxsize=1)
def closed_nets(every: int) -> dict[str, Net]:
    """Every net of every n-th spec, its open sizes set to 16."""
    found = {}
    for path in FILES[::every]:
        spec = netspec.load(path)
        for name in spec.nets:
            net = spec.net(name)
            found[f"{path.parent.name}_{path.stem}_{name}"] = spec.net(name, **dict.fromkeys(net.graph.open, 16))
    return found


def sources(folder: Path, every: int) -> list[str]:
    """Emitted files, with their paths."""
    for name, net in closed_nets(every).items():
        (folder / f"{name}.py").write_text(net.source(), encoding="utf-8")
    return [str(path) for path in sorted(folder.glob("*.py"))]


@pytest.mark.parametrize("names", [ALONE_TOO, MORE_ALONE])
def test_alone_it_is_the_same_module(tmp_path: Path, names: tuple[str, ...]) -> None:
    """Keys, outputs and gradients in training, bit for bit."""
    wanted = {}
    for name in names:
        case = CASES[name]
        net = case.small()
        module = net.module()
        torch.manual_seed(0)
        inputs = case.inputs()
        state = {key: value.clone() for key, value in module.state_dict().items()}
        (tmp_path / f"{name}.py").write_text(net.source(), encoding="utf-8")
        given = {"class": type(module).__name__, "keys": list(state), "state": state, "inputs": inputs}
        torch.save(given, tmp_path / f"{name}.pt")
        torch.manual_seed(1)
        outputs = results(module.train()(*inputs))
        loss(outputs).backward()
        wanted[name] = outputs, {key: value.grad for key, value in module.named_parameters()}
    command = [sys.executable, "-I", "-S", "-c", ALONE, str(tmp_path), str(SITE), str(torch.get_num_threads())]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path, check=False)
    assert done.returncode == 0, done.stderr
    for name, (outputs, grads) in wanted.items():
        found = torch.load(tmp_path / f"{name}.out")
        assert all(torch.equal(a, b) for a, b in zip(outputs, found["outputs"], strict=True)), name
        assert grads.keys() == found["grads"].keys()
        for key, grad in grads.items():
            assert (grad is None) == (found["grads"][key] is None), (name, key)
            assert grad is None or torch.equal(grad, found["grads"][key]), (name, key)


@EVERY
def test_it_is_formatted(tmp_path: Path, every: int) -> None:
    sources(tmp_path, every)
    command = [sys.executable, "-m", "ruff", "format", "--check", "--isolated", "--line-length", "100", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", GOLDEN)
def test_it_is_as_it_was_read(name: str, refresh: bool) -> None:
    """`mypy`, strict, checks these files with netspec itself; `--refresh` writes them anew, to be read in review."""
    golden = Path(__file__).parent / "emitted" / f"{name}.py"
    text = CASES[name].small().source()
    if refresh:
        golden.write_text(text, encoding="utf-8")
    assert text == golden.read_text(encoding="utf-8")


@pytest.mark.soak
def test_all_of_it_type_checks_strictly(tmp_path: Path) -> None:
    """In one call, with netspec's own settings (strict), whose cache knows torch already."""
    command = [sys.executable, "-m", "mypy", "--config-file", str(ROOT / "pyproject.toml"), *sources(tmp_path, 1)]
    done = subprocess.run(command, capture_output=True, text=True, cwd=ROOT, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_it_is_the_same_text_on_every_run() -> None:
    for path in FILES[::48]:
        spec = netspec.load(path)
        for name in spec.nets:
            net = closed_nets(12)[f"{path.parent.name}_{path.stem}_{name}"]
            text = net.source()
            source._emitted.cache_clear()  # else the text would not be written again
            assert spec.net(name, **net.sizes).source() == text
