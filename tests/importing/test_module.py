"""Modules of PyTorch come in as specs that compute the same; nothing is imported unasked or left out unsaid."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")
sys.path.insert(0, str(Path(__file__).parent))

import models  # noqa: E402

import netspec  # noqa: E402
from netspec.cli.main import main  # noqa: E402
from netspec.importing.module import Result, example_types, imported  # noqa: E402

# how many lines a reader is to bear
LINES = {"resnet50": 60, "UNet": 45, "ViT": 30, "GPT": 30, "Llama": 40}
QUICK = ("GPT",)


def brought(name: str) -> Result:
    torch.manual_seed(0)
    return imported(getattr(models, name)(), example_types(models.EXAMPLES[name]), name.lower())


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name in QUICK else pytest.mark.soak) for name in models.EXAMPLES]
)
def test_a_module_comes_in_whole_and_readable(name: str) -> None:
    found = brought(name)
    assert found.difference < 1e-5
    assert found.left == 0
    assert sum(bool(line.strip()) for line in found.text.splitlines()) <= LINES.get(name, 30)
    assert netspec.parse(found.text).format() == found.text


class Twins(torch.nn.Module):
    """Three copies of a part, one of which differs in one number or in a wire."""

    def __init__(self, changed: str) -> None:
        super().__init__()
        self.parts = torch.nn.ModuleList(models.BasicBlock(4, 4) for _ in range(3))
        odd = self.parts[1]
        if changed == "size":
            odd.conv1, odd.bn1 = torch.nn.Conv2d(4, 6, 3, 1, 1, bias=False), torch.nn.BatchNorm2d(6)
            odd.conv2 = torch.nn.Conv2d(6, 4, 3, 1, 1, bias=False)
        elif changed == "dilation":
            odd.conv1 = torch.nn.Conv2d(4, 4, 3, 1, 2, dilation=2, bias=False)
        elif changed == "constant":
            odd.bn2 = torch.nn.BatchNorm2d(4, eps=0.1)
        elif changed == "wire":
            odd.downsample = torch.nn.Identity()
            odd.bn2 = torch.nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        for part in self.parts:
            x = part(x)
        return x


@pytest.mark.parametrize(
    "changed", ["", *(pytest.param(one, marks=pytest.mark.soak) for one in ("size", "dilation", "constant", "wire"))]
)
def test_parts_that_differ_are_not_folded(changed: str) -> None:
    text = imported(Twins(changed), example_types(["x: 4@6x6"]), "twins").text
    assert ("repeat 3" in text) == (not changed)


def test_an_open_length_stays_open() -> None:
    module = torch.nn.Sequential(torch.nn.Embedding(9, 4), torch.nn.GELU())
    spec = netspec.from_module(module, {"tokens": "one of 9 over T"})
    assert spec.net().graph.open == ("T",)


def test_a_module_may_be_called_as_no_line_may_be() -> None:
    module = torch.nn.Sequential()
    module.add_module("filter", torch.nn.Linear(4, 3))
    module.add_module("over", torch.nn.Linear(3, 2))
    text = netspec.from_module(module, {"x": "4"}).format()
    assert "hidden filter_:" in text
    assert "output over_:" in text


class Sorted(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return torch.fft.rfft(x).real


@pytest.mark.parametrize(
    ("module", "example", "code"),
    [
        (Sorted(), {"x": "8"}, "NS261"),
        (torch.nn.Linear(4, 3), {"x": "5"}, "NS260"),
        (torch.nn.Linear(4, 3), {"x": "4 of 3"}, "NS259"),
        (torch.nn.Linear(4, 3), 7, "NS259"),
    ],
)
def test_what_cannot_come_in_is_said(module: torch.nn.Module, example: object, code: str) -> None:
    with pytest.raises(netspec.UsageError) as raised:
        netspec.from_module(module, example)
    assert raised.value.diagnostic.code == code


def test_nothing_is_imported_without_permission(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "stranger.py").write_text(
        'open("ran", "w").close()\nimport torch\nmake = lambda: torch.nn.Linear(3, 2)\n'
    )
    monkeypatch.chdir(tmp_path)
    assert main(["import", "stranger:make", "--example", "x: 3", "-o", "x.net"]) == 2
    assert "NS257" in capsys.readouterr().err
    assert not (tmp_path / "ran").exists()
    assert main(["import", "stranger:make", "--example", "x: 3", "-o", "x.net", "--allow", "stranger"]) == 0
    assert (tmp_path / "ran").exists()
    assert netspec.load(tmp_path / "x.net").net().weights == 8
    sys.modules.pop("stranger", None)
