"""Arithmetic of two values or of a value and a number: `a + b`, `2*a`, `matmul`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from netspec.compute.arrays import Array, total
from netspec.ir.call import Call
from netspec.ir.equation import joined
from netspec.ir.marks import TITLE, shown
from netspec.ir.operation import Elementwise, Lowering, Op, option, wants_values
from netspec.ir.sizes import Size, text
from netspec.ir.types import Type, refuse
from netspec.ops.sharing import align, merge, merge_partial, shared_axes


class Pairwise(Op):
    """Combines two values element by element. A value without space or time is repeated along it.

    Shape: two values (B, [T,] C, *space) -> (B, [T,] C, *space).
    """

    summary = "two values, number by number"
    broadcasts = True
    inputs = 2
    family = "arithmetic"
    over_time = True
    wiring = "pair"
    averages = True
    sign: ClassVar[str] = ""

    def looks_across_time(self, position: int, count: int) -> bool:
        return False

    def partial(self, *inputs: Type) -> Type:
        return merge_partial(inputs[0], inputs[1])

    def shape(self, *inputs: Type) -> Type:
        return merge(self.sign, inputs[0], inputs[1])

    def compute(self, call: Call, *inputs: Array) -> Array:
        left, right = shared_axes(inputs, call.types)
        return left + right if self.sign == "+" else left - right if self.sign == "-" else left * right

    def equation(self, inner: list[str], fresh: Callable[[str, str], str], *inputs: Type) -> str:
        return joined(self.sign, inner)

    def torch(self, *inputs: Type) -> Lowering:
        result = self.shape(*inputs)
        return Lowering(f"{align(inputs[0], result, '{0}')} {self.sign} {align(inputs[1], result, '{1}')}")


class Add(Pairwise):
    """The sum of two values, element by element."""

    name = "add"
    circle = "+"
    sign = "+"

    def roles(self, count: int, lang: str = "en") -> tuple[str, ...]:
        return ()


class Subtract(Pairwise):
    """The difference of two values, element by element."""

    name = "subtract"
    circle = "−"
    sign = "-"

    def roles(self, count: int, lang: str = "en") -> tuple[str, ...]:
        return "", "−"


class Multiply(Pairwise):
    """The product of two values, element by element."""

    name = "multiply"
    circle = "×"
    sign = "*"

    def roles(self, count: int, lang: str = "en") -> tuple[str, ...]:
        return ()


class Number(Elementwise):
    """Adds, subtracts or multiplies every value by the same number; `first` says that the number is on the left.

    Shape: (B, [T,] C, *space), unchanged.
    """

    name = "number"
    family = "arithmetic"
    averages = True
    summary = "every value with one number"
    sign: str = option("word", "what is done", choices=("+", "-", "*"), mark=TITLE)
    value: float = option("real", "the number", mark=TITLE)
    first: bool = option("flag", "the number stands on the left", default=False, mark=TITLE)

    def value_of(self, s: Any) -> Any:
        left, right = (self.value, s) if self.first else (s, self.value)
        return left + right if self.sign == "+" else left - right if self.sign == "-" else left * right

    def equation(self, inner: list[str], fresh: Callable[[str, str], str], *inputs: Type) -> str:
        number = f"{self.value:g}"
        return joined(self.sign, [number, *inner] if self.first else [*inner, number])

    def torch(self, *inputs: Type) -> Lowering:
        forward = f"{{value}} {self.sign} {{x}}" if self.first else f"{{x}} {self.sign} {{value}}"
        return Lowering(forward, values={"value": self.value})

    def title(self, lang: str = "en") -> str:
        sign = {"*": "×", "-": "−"}.get(self.sign, self.sign)
        return f"{shown(self.value)} {sign}" if self.first else f"{sign} {shown(self.value)}"


class MatMul(Op):
    """The product of two matrices: rows are time steps, columns are maps.

    Shape: (B, T, M) and (B, M, N) -> (B, T, N).
    """

    name = "matmul"
    family = "attention"
    over_time = True
    summary = "the product of two matrices: steps are rows, maps are columns"
    formula = "y_tn = sum_m a_tm b_mn"
    source = "torch.matmul"
    example = "scores, v -> matmul"
    inputs = 2
    varying = False

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
