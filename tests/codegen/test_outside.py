"""`extern`: classes of other packages are imported with permission alone, and computed with as a person would."""

from __future__ import annotations

import pickle
import sys
from pathlib import Path

import pytest
import torch

import netspec
from netspec.cli import main
from netspec.diagnostics.errors import NetspecError

LAYERS = """
import torch
from torch import nn

class Gated(nn.Module):
    def __init__(self, width, sizes=(), act="tanh", norm=True):
        super().__init__()
        assert sizes == [2, 3] and act == "relu"
        self.inner = nn.Linear(width, width)
        self.norm = nn.BatchNorm1d(width) if norm else nn.Identity()
    def forward(self, x, gate=None):
        return self.norm(self.inner(x)) * (1 if gate is None else torch.sigmoid(gate))

class Res(nn.Linear):
    "Has the name of a block of the spec."

class Tied(nn.Module):
    def __init__(self):
        super().__init__()
        self.a = nn.Linear(4, 4, bias=False)
        self.b = nn.Linear(4, 4, bias=False)
        self.b.weight = self.a.weight
        self.scale = nn.Parameter(torch.ones(1), requires_grad=False)
    def forward(self, x):
        return self.scale * self.b(self.a(x))

def make():
    return nn.Identity()
"""
GATED = 'extern("outside_layers:Gated", width = {}, sizes = [2, 3], act = "relu"{})'
NET = f"""block Res(d) {{
  input  x: d
  hidden a: x -> {GATED.format("d", "")} is d
  output y: x + a
}}
net n {{
  input  x: 4 over 5
  input  g: 4 over 5
  hidden r: x -> repeat 2 {{ Res(4) }}
  hidden e: r -> repeat 2 {{ extern("outside_layers:Tied") }} is 4 over 5
  hidden s: e, g -> {GATED.format(4, ", norm = false, weights = 20")} is 4 over 5
  hidden t: r -> extern("outside_layers:Res", in_features = 4, out_features = 4) is 4 over 5
  hidden u: s -> same(t)
  hidden v: u + t -> extern("torch:nn.GRUCell", input_size = 4, hidden_size = 4) is 4 over 5
  output y: v -> 2 perceptrons
}}
"""


@pytest.fixture
def layers(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "outside_layers.py").write_text(LAYERS)
    return tmp_path


def refused(text: str, *allow: str) -> str:
    with pytest.raises(NetspecError) as error:
        netspec.parse(text, allow=allow).module()
    return error.value.diagnostic.code


def one(call: str, type_: str = "4", given: str = "4") -> str:
    return f"net n {{\n  input  x: {given}\n  output y: x -> extern({call}) is {type_}\n}}\n"


def test_a_net_of_other_peoples_classes(layers: Path) -> None:
    """Keys, counts, seeds, shared and copied instances; the source is a person's."""
    assert refused(NET) == "NS439"
    assert "outside_layers" not in sys.modules
    net = netspec.parse(NET, allow=["outside_layers"]).net()
    assert (net.weights, net.counts.unknown) == (20 + 10, 6)
    assert "those of r.1.a, r.2.a, e, t, v unknown (extern)" in str(net.show())
    assert "30 + ? weights" in net.render().svg()
    module, again, other = net.module(seed=1).eval(), net.module(seed=1).eval(), net.module(seed=2).eval()
    inputs = torch.randn(3, 5, 4), torch.randn(3, 5, 4)
    assert torch.equal(module(*inputs), again(*inputs))
    assert not torch.equal(module.e[0].a.weight, module.e[1].a.weight)
    assert not torch.equal(module.t.weight, other.t.weight)
    state = module.state_dict()
    assert list(state) == [stored.key for stored in net.graph.arrays]
    trained = sum(value.numel() for value in module.parameters() if value.requires_grad)
    assert (net.weights, net.counts.trainable) == (sum(value.numel() for value in module.parameters()), trained)
    assert torch.equal(pickle.loads(pickle.dumps(module))(*inputs), module(*inputs))
    source = net.source()
    assert "from outside_layers import Gated, Res" not in source  # one import for each class, sorted
    assert "from outside_layers import Gated\nfrom outside_layers import Res as OutsideRes\n" in source
    assert 'self.a = Gated(width=d, sizes=[2, 3], act="relu")' in source
    assert "self.v = nn.GRUCell(input_size=4, hidden_size=4)" in source


def test_what_a_class_must_be(layers: Path) -> None:
    mine = "outside_layers"
    assert refused(one('"outside_layers:make"'), mine) == "NS440"
    assert refused(one('"outside_layers:Missing"'), mine) == "NS440"
    assert refused(one('"outside_layers:Res"'), mine) == "NS440"
    assert refused(one('"outside_layers:Res", in_features = 4, out_features = 3'), mine) == "NS441"
    assert refused(one('"outside_layers:Res", in_features = 5, out_features = 4'), mine) == "NS444"
    assert (
        refused(one('"torch:nn.LSTM", along = time, input_size = 4, hidden_size = 4', "4 over 3", "4 over 3"))
        == "NS441"
    )
    assert refused(one('"torch:nn.PReLU", weights = 2')) == "NS442"
    assert refused(one('"outside_layers:Tied"'), "outside") == "NS439"
    assert refused(one('"torch:nn.PReLU"', "4 over up to 3", "4 over up to 3")) == "NS308"
    encoder = '"torch:nn.TransformerEncoderLayer", along = time, d_model = 4, nhead = 2, batch_first = true'
    net = netspec.parse(one(encoder, "4 over 3", "4 over 3")).net()
    assert net.module()(torch.zeros(2, 3, 4)).shape == (2, 3, 4)
    assert "self.y(x)" in net.source()


TRAINED = """net n {
  input  x: 2
  hidden a: 4 perceptrons
  hidden b: extern("outside_layers:Tied") is 4
  output y: b -> 1 perceptron
}
train {
  loss = squared(y, t)
  optimizer = sgd(lr = 0.01)
  epochs = 2
  batch = 16
}
"""


def test_a_run_goes_on_with_permission_alone(layers: Path, capsys: pytest.CaptureFixture[str]) -> None:
    mine = ["outside_layers"]
    data = {"x": torch.randn(32, 2).numpy(), "t": torch.randn(32).numpy()}
    with pytest.raises(NetspecError, match="--allow outside_layers"):
        netspec.train(netspec.parse(TRAINED), data, out="run", pictures=False, quiet=True)
    assert not (layers / "run").exists()
    run = netspec.train(netspec.parse(TRAINED), data, out="run", pictures=False, quiet=True, allow=mine)
    answers = netspec.load_run("run", allow=mine).predict(data)["predicted_t"]
    again = run.module()(torch.from_numpy(data["x"])).detach().numpy()
    assert abs(answers.reshape(-1) - again.reshape(-1)).max() < 1e-6
    assert set(netspec.load_run("run").weights()) == {*run.module().state_dict()}
    for command in (["compile", "run"], ["evaluate", "run"]):
        assert main(command) == 2
        assert "--allow outside_layers" in capsys.readouterr().err
    assert main(["compile", "run", "--allow", "outside_layers"]) == 0
    assert main(["render", "run", "-o", "run.svg"]) == 0
