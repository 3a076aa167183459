"""`gru(H)`: torch's GRU layers."""

from __future__ import annotations

from netspec.ops.recurrent import Recurrent


class Gru(Recurrent):
    """Reset, update and new gates, in torch's order."""

    name = "gru"
    summary = "torch's GRU layers"
    source = "Cho 2014; torch.nn.GRU"
    example = "gru(128)"
    module = "nn.GRU"
    gates = 3
