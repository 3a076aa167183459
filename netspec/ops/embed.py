"""`embed(d)`: a trained vector for each class."""

from __future__ import annotations

from netspec.compute.arrays import Array, constants, total
from netspec.ir.call import Call
from netspec.ir.marks import TITLE
from netspec.ir.operation import Construct, Init, Lowering, Weight, option, plain
from netspec.ir.sizes import Size
from netspec.ir.types import Type, refuse
from netspec.ops.weighted import Weighted


class Embed(Weighted):
    """The row of a trained K x width table that a class index names.

    Shape: class indices (B, [T,] *space) -> (B, [T,] width, *space).
    """

    name = "embed"
    family = "embed"
    wiring = "full"
    stored = "in_out"
    init_parts = ("weight",)
    summary = "a trained vector for each class"
    titles = ("embedding, {width} values", "임베딩, 값 {width}개")
    formula = "x = W[c]"
    source = "Bengio 2003; torch.nn.Embedding"
    example = "tokens -> embed(768, init = normal(0, 0.02))"
    positional = ("width",)
    width: Size = option("size", "values of each vector", least=1, mark=TITLE)

    def partial(self, *inputs: Type) -> Type:
        return Type(self.width, inputs[0].space, inputs[0].time)

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        if value.classes is None:
            refuse("NS332", input=0, step="embed", type=str(value))
        return Type(self.width, value.space, value.time)

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        classes = inputs[0].classes
        assert classes is not None
        return (self.weight("weight", (classes, self.width), Init("embedding"), fan_in=self.width, fan_out=classes),)

    def compute(self, call: Call, *inputs: Array) -> Array:
        table, x = call.weight("weight"), inputs[0]
        chosen = x.add_axis(-1).equals(constants(range(table.shape[0]), (table.shape[0],)))
        places = "xyz"[: len(x.shape) - 1]
        return total(f"b{places}k,kd->bd{places}", chosen, table)

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        assert value.classes is not None
        forward = "{self}({x})" if not value.space else f"{{self}}({{x}}).movedim(-1, {-1 - len(value.space)})"
        return Lowering(forward, Construct("nn.Embedding", plain((value.classes, self.width))))
