"""Arithmetic of two values or of a value and a number: `a + b`, `a / b`, `2*a`, `-a`, `maximum`, `matmul`."""

from __future__ import annotations

import operator
from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from netspec.compute.arrays import Array, total
from netspec.ir.call import Call
from netspec.ir.equation import factor, joined
from netspec.ir.marks import TITLE, shown, structure
from netspec.ir.operation import Elementwise, Lowering, Op, option, wants_values
from netspec.ir.sizes import Size, text
from netspec.ir.types import Type, refuse
from netspec.ops.sharing import align, merge, merge_partial, shared_axes

# for each sign of the language: what it does with two values, and how Python and figures write it
_SIGNS: Mapping[str, tuple[Callable[[Any, Any], Any], str, str]] = {
    "+": (operator.add, "+", "+"),
    "-": (operator.sub, "-", "−"),
    "*": (operator.mul, "*", "×"),
    "/": (operator.truediv, "/", "÷"),
    "^": (operator.pow, "**", "^"),
}


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
    call: ClassVar[str] = ""  # the torch call, for what Python has no sign for
    commutes: ClassVar[bool] = False  # whether its inputs may change places

    @property
    def infix(self) -> str:
        return "" if self.call else self.sign

    def looks_across_time(self, position: int, count: int) -> bool:
        return False

    def partial(self, *inputs: Type) -> Type:
        return merge_partial(inputs[0], inputs[1])

    def shape(self, *inputs: Type) -> Type:
        return merge(self.sign, inputs[0], inputs[1])

    def of(self, left: Any, right: Any) -> Any:
        """Return the result for two values, by operators and the methods of `netspec.compute.formula.Numbers`."""
        return _SIGNS[self.sign][0](left, right)

    def compute(self, call: Call, *inputs: Array) -> Array:
        found: Array = self.of(*shared_axes(inputs, call.types))
        return found

    def roles(self, count: int, lang: str = "en") -> tuple[str, ...]:
        return () if self.commutes else ("", self.circle)

    def equation(self, inner: list[str], fresh: Callable[[str, str], str], *inputs: Type) -> str | None:
        return None if self.call else joined(self.sign, inner)

    def torch(self, *inputs: Type) -> Lowering:
        result = self.shape(*inputs)
        left, right = (align(own, result, slot) for own, slot in zip(inputs, ("{0}", "{1}"), strict=True))
        return Lowering(self.call.format(left, right) if self.call else f"{left} {_SIGNS[self.sign][1]} {right}")


class Add(Pairwise):
    """The sum of two values, element by element."""

    name = "add"
    circle = "+"
    sign = "+"
    commutes = True


class Subtract(Pairwise):
    """The difference of two values, element by element."""

    name = "subtract"
    circle = "−"
    sign = "-"


class Multiply(Pairwise):
    """The product of two values, element by element."""

    name = "multiply"
    circle = "×"
    sign = "*"
    commutes = True


class Divide(Pairwise):
    """The quotient of two values, element by element."""

    name = "divide"
    circle = "÷"
    sign = "/"
    averages = False


class Power(Pairwise):
    """The first value to the power of the second, element by element."""

    name = "power"
    circle = "^"
    sign = "^"
    averages = False

    def equation(self, inner: list[str], fresh: Callable[[str, str], str], *inputs: Type) -> str:
        return _power(*inner)


class Maximum(Pairwise):
    """The larger of two values, element by element.

    Shape: two values (B, [T,] C, *space) -> (B, [T,] C, *space).
    """

    name = "maximum"
    titles = ("", "더 큰 값")
    sign = "maximum"
    call = "torch.maximum({}, {})"
    commutes = True
    averages = False
    summary = "the larger of two values, number by number"
    formula = "max(a_i, b_i)"
    source = "torch.maximum"
    example = "a, b -> maximum"

    def of(self, left: Any, right: Any) -> Any:
        return left.max(right)


class Minimum(Pairwise):
    """The smaller of two values, element by element.

    Shape: two values (B, [T,] C, *space) -> (B, [T,] C, *space).
    """

    name = "minimum"
    titles = ("", "더 작은 값")
    sign = "minimum"
    call = "torch.minimum({}, {})"
    commutes = True
    averages = False
    summary = "the smaller of two values, number by number"
    formula = "min(a_i, b_i)"
    source = "torch.minimum"
    example = "a, b -> minimum"

    def of(self, left: Any, right: Any) -> Any:
        return left.min(right)


def _power(base: str, exponent: str) -> str:
    base, exponent = (side if side[:1] != "-" and "^" not in side else f"({side})" for side in (base, exponent))
    return f"{factor(base)}^{factor(exponent)}"


class Negative(Elementwise):
    """Every value with the other sign: `-a`.

    Shape: (B, [T,] C, *space), unchanged.
    """

    name = "negative"
    family = "arithmetic"
    circle = "−"
    titles = ("negative", "부호 반대")
    averages = True
    summary = "every value with the other sign"
    call = "-{x}"
    infix = "-"

    def value_of(self, s: Any) -> Any:
        return -s

    def equation(self, inner: list[str], fresh: Callable[[str, str], str], *inputs: Type) -> str:
        return f"-{factor(inner[0])}"


class Number(Elementwise):
    """Combines every value with the same number; `first` says that the number is on the left.

    Shape: (B, [T,] C, *space), unchanged.
    """

    name = "number"
    family = "arithmetic"
    averages = True
    summary = "every value with one number"
    sign: str = option("word", "what is done", choices=tuple(_SIGNS), mark=TITLE)
    value: float = option("real", "the number", mark=TITLE)
    first: bool = option("flag", "the number stands on the left", default=False, mark=TITLE)

    def value_of(self, s: Any) -> Any:
        left, right = (self.value, s) if self.first else (s, self.value)
        return _SIGNS[self.sign][0](left, right)

    @property
    def infix(self) -> str:
        return self.sign

    def operands(self, inputs: list[str], option: Callable[[str], str]) -> list[str]:
        return [option("value"), *inputs] if self.first else [*inputs, option("value")]

    def equation(self, inner: list[str], fresh: Callable[[str, str], str], *inputs: Type) -> str:
        sides = self.operands(inner, lambda name: f"{self.value:g}")
        return _power(*sides) if self.sign == "^" else joined(self.sign, sides)

    def torch(self, *inputs: Type) -> Lowering:
        sign = _SIGNS[self.sign][1]
        forward = f"{{value}} {sign} {{x}}" if self.first else f"{{x}} {sign} {{value}}"
        return Lowering(forward, values={"value": self.value})

    def title(self, lang: str = "en") -> str:
        sign = _SIGNS[self.sign][2]
        return f"{shown(self.value)} {sign}" if self.first else f"{sign} {shown(self.value)}"


class MatMul(Op):
    """The product of two matrices: two sequences, whose time steps are rows, or with `space` each map with its like.

    Shape: (B, T, M) and (B, M, N) -> (B, T, N); with `space` (B, C, K, M) and (B, C, M, N) -> (B, C, K, N).
    """

    name = "matmul"
    titles = ("", "행렬곱")
    family = "attention"
    summary = "the product of two matrices: steps are rows, maps are columns; or, with `space`, map by map"
    formula = "y_tn = sum_m a_tm b_mn"
    source = "torch.matmul"
    example = "scores, v -> matmul"
    inputs = 2
    positional = ("role",)
    role: str | None = option(
        "role",
        "space: rows and columns of each map are the matrices",
        default=None,
        choices=("space",),
        mark=structure({"space": "map by map"}, {"space": "맵마다"}),
    )

    @property
    def over_time(self) -> bool:
        return self.role is None

    def shape(self, *inputs: Type) -> Type:
        left, right = inputs
        wants_values(self, left, right)
        if self.role == "space":
            return self._map_by_map(left, right)
        for position, value in enumerate(inputs):
            if value.time is None or value.space:
                refuse("NS334", input=position, hint="product" if len(value.space) == 2 else "", type=str(value))
            if position and value.time.varying:  # rows of the first may be missing; those of the second are summed
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

    def _map_by_map(self, left: Type, right: Type) -> Type:
        for position, value in enumerate((left, right)):
            if len(value.space) != 2:
                refuse("NS342", input=position, type=str(value))
        pair = {"left": str(left), "right": str(right)}
        if left.maps != right.maps:
            refuse("NS290", input=1, **pair, a=text(left.maps), b=text(right.maps))
        if left.space[1] != right.space[0]:
            refuse("NS291", input=1, **pair, columns=text(left.space[1]), rows=text(right.space[0]))
        return Type(left.maps, (left.space[0], right.space[1]), left.time)

    def compute(self, call: Call, *inputs: Array) -> Array:
        return total("bcim,bcmj->bcij" if self.role else "btm,bmn->btn", *inputs)

    def torch(self, *inputs: Type) -> Lowering:
        return Lowering("torch.matmul({0}, {1})")

    def macs(self, inputs: tuple[Type, ...], outputs: tuple[Type, ...]) -> Size:
        across = inputs[0].space[1] if self.role else inputs[0].maps
        steps = 1 if outputs[0].time is None else outputs[0].time.length
        return across * outputs[0].values * steps
