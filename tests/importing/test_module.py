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
from netspec.importing.proof import difference  # noqa: E402

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


class Windows(torch.nn.Module):
    """Attention in windows that begin two places later, with trained scores for the ways between places."""

    def __init__(self) -> None:
        super().__init__()
        self.qkv, self.out = torch.nn.Linear(8, 24), torch.nn.Linear(8, 8)
        self.table = torch.nn.Parameter(torch.randn(49, 2))
        place = torch.stack(torch.meshgrid(torch.arange(4), torch.arange(4), indexing="ij")).flatten(1)
        way = (place[:, :, None] - place[:, None]) + 3
        self.register_buffer("way", way[0] * 7 + way[1])
        region = torch.arange(8)[:, None].ge(6) * 2 + torch.arange(8).ge(6).long()
        cut = self.cut(region[None, :, :, None]).flatten(1)
        self.register_buffer("mask", (cut[:, None] != cut[:, :, None]) * -100.0)

    def cut(self, x: torch.Tensor) -> torch.Tensor:
        return x.reshape(-1, 2, 4, 2, 4, x.shape[-1]).transpose(2, 3).reshape(-1, 16, x.shape[-1])

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        parts = self.cut(x.permute(0, 2, 3, 1).roll((-2, -2), (1, 2)))
        q, k, v = self.qkv(parts).reshape(-1, 16, 3, 2, 4).permute(2, 0, 3, 1, 4)
        near = (q * 0.5) @ k.transpose(-2, -1) + self.table[self.way].permute(2, 0, 1)
        near = (near.view(-1, 4, 2, 16, 16) + self.mask[:, None]).view(-1, 2, 16, 16)
        parts = self.out((near.softmax(-1) @ v).transpose(1, 2).reshape(-1, 16, 8))
        back = parts.reshape(-1, 2, 2, 4, 4, 8).transpose(2, 3).reshape(-1, 8, 8, 8).roll((2, 2), (1, 2))
        return back.permute(0, 3, 1, 2)


def test_windows_come_back_as_words() -> None:
    text = imported(Windows(), example_types(["x: 8@8x8"])).text
    assert "hidden table: relative(2@4x4)" in text
    assert "attention(2, window = 4, shift = 2, scores = table)" in text
    assert "roll" not in text


class PastPadding(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.tokens, self.places = torch.nn.Embedding(9, 4), torch.nn.Embedding(12, 4)

    def forward(self, tokens: torch.Tensor) -> torch.Tensor:
        full = tokens.ne(1).int()
        places: torch.Tensor = self.places((torch.cumsum(full, 1) * full).long() + 1)
        return self.tokens(tokens) + places


def test_a_class_that_is_looked_for_is_said_to_be_absent() -> None:
    found = imported(PastPadding(), example_types(["tokens: one of 9 over 6"]))
    assert found.absent == {"tokens": (1,)}
    assert "positions" in found.text


class WithoutFirst(torch.nn.Module):
    """All steps but the first, each with the first beside it."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        rest = x[:, 1:]
        return torch.cat([rest, x[:, :1].expand_as(rest)], 2)


def test_some_steps_in_a_row_are_cut_out() -> None:
    text = imported(WithoutFirst(), example_types(["x: 4 over 7"])).text
    assert "crop(6, at = 1)" in text
    assert "first -> expand(time = 6)" in text


class PaddedPool(torch.nn.Module):
    """The padding of TensorFlow in front of a pool, and GELU as it was written before PyTorch had it."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        framed = torch.nn.functional.pad(x, (0, 1, 0, 1), value=-float("inf"))
        y = torch.nn.functional.max_pool2d(framed, 3, 2)
        return y * 0.5 * (1.0 + torch.erf(y / 2**0.5))


def test_a_pool_that_reads_past_the_end_and_gelu_by_the_error_function_have_words() -> None:
    text = imported(PaddedPool(), example_types(["x: 4@8x8"])).text
    assert "maxpool(3x3, stride = 2, ceil = true)" in text
    assert "gelu" in text
    assert "pad" not in text.replace("paddedpool", "")


class Falling(torch.nn.Module):
    """Causal attention whose products fall with the distance, counted from the first key as Bloom does."""

    def __init__(self, rate: float) -> None:
        super().__init__()
        self.qkv, self.rate = torch.nn.Linear(12, 36), rate

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        batch, steps, _ = x.shape
        parts = self.qkv(x).view(batch, steps, 3, 3, 4).permute(2, 0, 3, 1, 4).reshape(3, batch * 3, steps, 4)
        slopes = torch.tensor([2.0**-4, 2.0**-8, 2.0**-self.rate])[:, None, None]
        added = (slopes * torch.arange(steps)).repeat(batch, 1, 1)
        products = added.baddbmm(parts[0], parts[1].transpose(1, 2), beta=1, alpha=0.5).view(batch, 3, steps, steps)
        hidden = torch.full((steps, steps), torch.finfo(torch.float32).min).triu(1)
        weights = (products + hidden).softmax(-1).view(batch * 3, steps, steps)
        return weights.bmm(parts[2]).view(batch, 3, steps, 4).transpose(1, 2).reshape(batch, steps, 12)


def test_numbers_that_fall_with_the_distance_are_alibi() -> None:
    assert "alibi = true" in imported(Falling(2), example_types(["x: 12 over 5"])).text
    with pytest.raises(netspec.NetspecError) as caught:
        imported(Falling(3), example_types(["x: 12 over 5"]))
    assert caught.value.diagnostic.code == "NS261"


class Added(torch.nn.Module):
    def __init__(self, number: float) -> None:
        super().__init__()
        self.register_buffer("number", torch.tensor(number))

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + self.number - self.number


@pytest.mark.parametrize(
    ("number", "least", "most"), [(1e4, 0, 1e-9), (1e15, 1e-3, 1), (float("nan"), 1, float("inf"))]
)
def test_rounding_is_told_from_another_function(number: float, least: float, most: float) -> None:
    assert least <= difference(Added(0.0), Added(number), [torch.linspace(0.1, 1, 9)]) <= most


def test_what_is_no_number_agrees_with_nothing() -> None:
    assert difference(Added(float("nan")), Added(float("nan")), [torch.ones(3)]) == float("inf")


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
