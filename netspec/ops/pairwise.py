"""What `+`, `-` and `*` between two layers share: the sharing rule, and the axes it adds."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.equation import joined
from netspec.ir.operation import Lowering, Op
from netspec.ir.types import Type
from netspec.ops.sharing import align, merge, merge_partial, shared_axes


class Pairwise(Op):
    """Two values, number by number; a value without space or time is repeated along it.

    Shape: two values (B, [T,] C, *space) -> (B, [T,] C, *space).
    """

    summary = "two values, number by number"
    broadcasts = True
    inputs = 2
    family = "arithmetic"
    wiring = "pair"
    averages = True
    sign: ClassVar[str] = ""

    @property
    def over_time(self) -> bool:
        return True

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

    def label(self, lang: str, output: Type) -> str:
        return self.circle

    def torch(self, *inputs: Type) -> Lowering:
        result = self.shape(*inputs)
        return Lowering(f"{align(inputs[0], result, '{0}')} {self.sign} {align(inputs[1], result, '{1}')}")
