"""`lstm(H)`: torch's LSTM layers."""

from __future__ import annotations

from netspec.compute.arrays import Array
from netspec.ops.recurrent import Recurrent, gates


class Lstm(Recurrent):
    """torch's LSTM: input, forget, cell and output gates, in torch's order."""

    name = "lstm"
    summary = "torch's LSTM layers"
    titles = ("LSTM, {units} units", "LSTM, 유닛 {units}개")
    source = "Hochreiter & Schmidhuber 1997; torch.nn.LSTM"
    example = "lstm(128)"
    module = "nn.LSTM"
    gates = 4

    def cell(self, x: Array, z: Array, hidden: Array, memory: Array) -> tuple[Array, Array]:
        i, f, g, o = gates(x + z, 4)
        memory = f.sigmoid() * memory + i.sigmoid() * g.tanh()
        return o.sigmoid() * memory.tanh(), memory
