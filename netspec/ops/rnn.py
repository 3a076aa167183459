"""`rnn(H)`: torch's plain recurrent layers."""

from __future__ import annotations

from netspec.compute.arrays import Array
from netspec.ir.marks import kind
from netspec.ir.operation import Argument, option
from netspec.ops.recurrent import Recurrent


class Rnn(Recurrent):
    """torch's plain recurrent layers: z_t = tanh(W x_t + b + U z_(t-1) + c)."""

    name = "rnn"
    summary = "torch's plain recurrent layers"
    titles = ("RNN, {units} units", "RNN, 유닛 {units}개")
    source = "Elman 1990; torch.nn.RNN"
    example = "rnn(128)"
    module = "nn.RNN"
    gates = 1
    act: str = option(
        "word",
        "the activation",
        default="tanh",
        choices=("tanh", "relu"),
        mark=kind({"relu": "ReLU"}, {"relu": "ReLU"}),
    )

    def extra(self) -> dict[str, Argument]:
        return {"nonlinearity": self.act}

    def cell(self, x: Array, z: Array, hidden: Array, memory: Array) -> tuple[Array, Array]:
        found = (x + z).tanh() if self.act == "tanh" else (x + z).max(0)
        return found, found
