"""The recurrent modules of torch: they share state_dict keys, gates and two bias vectors."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from netspec.compute.arrays import Array, filled, join, total
from netspec.ir.call import Call
from netspec.ir.marks import NO_BIAS, TITLE, kind, structure, unseen
from netspec.ir.operation import Argument, Construct, Kept, Lowering, Part, Remark, Weight, option, plain, wants_values
from netspec.ir.sizes import Size
from netspec.ir.types import Type, refuse
from netspec.ops.weighted import TORCH, Weighted

RECUR = Part(
    "recur",
    '''def recur(cell: nn.RNNBase, x: Tensor, before: Any, lengths: Tensor) -> tuple[Tensor, Any]:
    """Runs torch's recurrent module over (B, T, d), each to its length; and its last state."""
    packed = nn.utils.rnn.pack_padded_sequence(
        x, lengths.cpu(), batch_first=True, enforce_sorted=False
    )
    y, state = cell(packed, before)
    padded, _ = nn.utils.rnn.pad_packed_sequence(y, batch_first=True, total_length=x.shape[1])
    return padded, state''',
)


class Recurrent(Weighted):
    """A recurrent module of torch, over all time steps.

    Shape: (B, T, C) -> (B, T, units); with both directions (B, T, 2 * units).
    """

    family = "recurrent"
    keeps_state = True
    layers_first = True
    over_time = True
    wiring = "full"
    positional = ("units",)
    units: Size = option("size", "values of the state", least=1, mark=TITLE)
    layers_: int = option("integer", "stacked layers", default=1, least=1, mark=structure("{} layers", "{}층"))
    bidirectional: bool = option(
        "flag",
        "a second one runs backwards; their values stand side by side",
        default=False,
        mark=structure({True: "bidirectional"}, {True: "양방향"}),
    )
    bias: bool = option("flag", "two bias vectors for each gate", default=True, mark=NO_BIAS)
    dropout: float = option(
        "real",
        "between stacked layers, in training",
        default=0.0,
        least=0,
        most=1,
        mark=unseen("acts in training alone", "dropout {} between layers", "층 사이 드롭아웃 {}"),
    )
    gates: ClassVar[int] = 1
    vectors: ClassVar[int] = 1  # how many of `units` values the state has
    module: ClassVar[str] = ""

    def layers(self) -> int:
        return self.layers_

    def directions(self) -> int:
        return 2 if self.bidirectional else 1

    def kept(self, *inputs: Type) -> Kept:
        return Kept() if self.bidirectional else Kept(fixed=self.layers_ * self.vectors * self.units)

    def _out(self) -> Size:
        return self.units * self.directions()

    def partial(self, *inputs: Type) -> Type:
        return Type(self._out(), (), inputs[0].time)

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        wants_values(self, value)
        if value.time is None or value.space:
            refuse("NS311", input=0, type=str(value), step=self.name)
        return Type(self._out(), (), value.time)

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        rows = self.gates * self.units
        found: list[Weight] = []
        for layer in range(self.layers_):
            width = inputs[0].maps if layer == 0 else self._out()
            for suffix in ("", "_reverse") if self.bidirectional else ("",):
                shapes: list[tuple[str, tuple[Any, ...]]] = [
                    ("weight_ih", (rows, width)),
                    ("weight_hh", (rows, self.units)),
                ]
                if self.bias:
                    shapes += [("bias_ih", (rows,)), ("bias_hh", (rows,))]
                for name, shape in shapes:
                    init = self.initial(name.partition("_")[0], TORCH)
                    # torch derives all four bounds from `units`; the standard rules use the size that each array reads
                    fan = self.units if init == TORCH or len(shape) == 1 else shape[1]
                    found.append(Weight(f"{name}_l{layer}{suffix}", shape, init, fan_in=fan, fan_out=shape[0]))
        return tuple(found)

    # ---- the computation

    def compute(self, call: Call, *inputs: Array) -> Array:
        """Return (B, T, units): layer after layer, with the two directions side by side."""
        x = inputs[0]
        for layer in range(self.layers_):
            if layer and call.training and self.dropout > 0:
                x = call.dropped(x, self.dropout)
            found = self._run(call, x, f"l{layer}")
            if self.bidirectional:
                back = call.reversed(self._run(call, call.reversed(x), f"l{layer}_reverse"))
                found = join(2, found, back)
            x = found
        return x

    def _run(self, call: Call, x: Array, suffix: str) -> Array:
        (units,) = plain((self.units,))
        ahead = total("ji,bti->btj", call.weight(f"weight_ih_{suffix}"), x)
        matrix = call.weight(f"weight_hh_{suffix}")
        bias = call.weight(f"bias_hh_{suffix}") if self.bias else None
        if self.bias:
            ahead = ahead + call.weight(f"bias_ih_{suffix}")
        state = (filled(0.0, (x.shape[0], units)),) * 2
        steps = []
        for step in range(x.shape[1]):
            again = total("ji,bi->bj", matrix, state[0])
            state = self.cell(ahead.at(1, step), again if bias is None else again + bias, *state)
            steps.append(state[0].add_axis(1))
        found = join(1, *steps)
        return found if call.lengths is None else found * call.mask(x.shape[1]).add_axis(-1)

    def cell(self, x: Array, z: Array, hidden: Array, memory: Array) -> tuple[Array, Array]:
        """Return the next hidden state and memory. `x` (B, gates * units) comes from the input, `z` from the state."""
        raise NotImplementedError

    @property
    def draws(self) -> Literal["", "training"]:
        return "training" if self.dropout > 0 and self.layers_ > 1 else ""

    def remarks(self, *inputs: Type) -> tuple[Remark, ...]:
        idle = self.dropout > 0 and self.layers() == 1
        return (Remark("NS363", {"p": f"{self.dropout:g}"}),) if idle else ()

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        kwargs: dict[str, Argument] = {
            "num_layers": self.layers_,
            "bias": self.bias,
            "batch_first": True,
            # torch warns if there is no further layer that the dropout acts before
            "dropout": self.dropout if self.layers_ > 1 else 0.0,
            "bidirectional": self.bidirectional,
            **self.extra(),
        }
        defaults: dict[str, Argument] = {
            "num_layers": 1, "bias": True, "dropout": 0.0, "bidirectional": False, "nonlinearity": "tanh",
        }  # fmt: skip
        call = Construct(self.module, plain((value.maps, self.units)), kwargs, defaults)
        lengths = ", {lengths}" if value.time is not None and value.time.varying else ""
        before = "" if self.bidirectional else ", {before}"
        forward = f"recur({{self}}, {{x}}{before or ', None'}{lengths})" if lengths else f"{{self}}({{x}}{before})"
        # the backward direction begins at the end, so the state of an earlier batch does not fit
        if self.bidirectional:
            forward += "[0]"
        return Lowering(forward, call, parts=(RECUR,) if lengths else ())

    def extra(self) -> dict[str, Argument]:
        return {}

    def macs(self, inputs: tuple[Type, ...], outputs: tuple[Type, ...]) -> Size:
        time = outputs[0].time
        assert time is not None
        total: Any = 0
        for layer in range(self.layers_):
            width = inputs[0].maps if layer == 0 else self._out()
            total = total + (2 if self.bidirectional else 1) * self.gates * self.units * (width + self.units)
        return total * time.length  # type: ignore[no-any-return]


def gates(values: Array, count: int) -> list[Array]:
    """Split (B, gates * units) into the gates, each (B, units)."""
    parts = values.split(1, count, values.shape[1] // count)
    return [parts.at(1, gate) for gate in range(count)]


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
        mark=kind({"tanh": "tanh", "relu": "ReLU"}, {"tanh": "tanh", "relu": "ReLU"}),
    )

    def extra(self) -> dict[str, Argument]:
        return {"nonlinearity": self.act}

    def cell(self, x: Array, z: Array, hidden: Array, memory: Array) -> tuple[Array, Array]:
        found = (x + z).tanh() if self.act == "tanh" else (x + z).max(0)
        return found, found


class Lstm(Recurrent):
    """torch's LSTM: input, forget, cell and output gates, in torch's order."""

    name = "lstm"
    summary = "torch's LSTM layers"
    titles = ("LSTM, {units} units", "LSTM, 유닛 {units}개")
    source = "Hochreiter & Schmidhuber 1997; torch.nn.LSTM"
    example = "lstm(128)"
    module = "nn.LSTM"
    gates = 4
    vectors = 2

    def cell(self, x: Array, z: Array, hidden: Array, memory: Array) -> tuple[Array, Array]:
        i, f, g, o = gates(x + z, 4)
        memory = f.sigmoid() * memory + i.sigmoid() * g.tanh()
        return o.sigmoid() * memory.tanh(), memory


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
