"""`a, b -> matmul`: the product of two matrices whose rows are time steps and whose columns are maps."""

from __future__ import annotations

from netspec.compute.arrays import Array, total
from netspec.ir.call import Call
from netspec.ir.operation import Lowering, Op, wants_values
from netspec.ir.sizes import Size, text
from netspec.ir.types import Type, refuse


class MatMul(Op):
    """The product of two matrices: time steps are rows, maps are columns.

    Shape: (B, T, M) and (B, M, N) -> (B, T, N).
    """

    name = "matmul"
    family = "attention"
    summary = "the product of two matrices: steps are rows, maps are columns"
    formula = "y_tn = sum_m a_tm b_mn"
    source = "torch.matmul"
    example = "scores, v -> matmul"
    inputs = 2
    varying = False

    @property
    def over_time(self) -> bool:
        return True

    def shape(self, *inputs: Type) -> Type:
        left, right = inputs
        wants_values(self, left, right)
        for position, value in enumerate(inputs):
            if value.time is None or value.space:
                refuse("NS334", input=position, type=str(value))
            if value.time.varying:
                refuse("NS308", input=position, step="matmul", type=str(value))
        assert left.time is not None
        assert right.time is not None
        if left.maps != right.time.length:
            refuse(
                "NS335",
                input=1,
                left=str(left),
                right=str(right),
                columns=text(left.maps),
                rows=text(right.time.length),
            )
        return Type(right.maps, (), left.time)

    def compute(self, call: Call, *inputs: Array) -> Array:
        return total("btm,bmn->btn", *inputs)

    def torch(self, *inputs: Type) -> Lowering:
        return Lowering("torch.matmul({0}, {1})")

    def macs(self, inputs: tuple[Type, ...], outputs: tuple[Type, ...]) -> Size:
        time = outputs[0].time
        assert time is not None
        return inputs[0].maps * time.length * outputs[0].maps
