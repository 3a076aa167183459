"""`lstm(H)`: torch's LSTM layers."""

from __future__ import annotations

from netspec.ops.recurrent import Recurrent


class Lstm(Recurrent):
    """Input, forget, cell and output gates, in torch's order."""

    name = "lstm"
    summary = "torch's LSTM layers"
    source = "Hochreiter & Schmidhuber 1997; torch.nn.LSTM"
    example = "lstm(128)"
    module = "nn.LSTM"
    gates = 4
