"""`gru(H)`: torch's GRU layers."""

from __future__ import annotations

from netspec.compute.arrays import Array
from netspec.ops.recurrent import Recurrent, gates


class Gru(Recurrent):
    """torch's GRU: reset, update and new gates, in torch's order."""

    name = "gru"
    summary = "torch's GRU layers"
    titles = ("GRU, {units} units", "GRU, 유닛 {units}개")
    source = "Cho 2014; torch.nn.GRU"
    example = "gru(128)"
    module = "nn.GRU"
    gates = 3

    def cell(self, x: Array, z: Array, hidden: Array, memory: Array) -> tuple[Array, Array]:
        (reset, update, new), (reset_z, update_z, new_z) = gates(x, 3), gates(z, 3)
        update = (update + update_z).sigmoid()
        new = (new + (reset + reset_z).sigmoid() * new_z).tanh()
        return (1 - update) * new + update * hidden, memory
