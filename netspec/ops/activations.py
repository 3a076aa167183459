"""Activation functions: a table with one row each, whose formula computes a single value `s`.

The formula gives the values, the gradient, the equation and the JavaScript of the page. Tests compare the torch
expression with it.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from netspec.compute.arrays import Array
from netspec.compute.formula import LOWEST, Symbol, text
from netspec.ir.call import Call
from netspec.ir.marks import OVER, kind
from netspec.ir.operation import Bounds, Elementwise, Lowering, Op, listed, option, wants_values
from netspec.ir.types import Type, refuse


class Activation(NamedTuple):
    """One row of the table.

    Attributes:
        name: the word in the language.
        sign: its sign in equations and in boxes of figures: σ, ReLU.
        value: the formula.
        torch: the torch expression; `{x}` is the input.
        summary: what it is, in a few words.
        source: the paper, or the name in torch.
        example: a step that uses it; by default its name.
        squashes: "sigmoid" or "softmax" if a loss can compute from its logits instead.
    """

    name: str
    sign: str
    value: Callable[[Any], Any]
    torch: str
    summary: str
    source: str
    example: str = ""
    squashes: Literal["", "sigmoid"] = ""


def _hardsigmoid(s: Any) -> Any:
    return (s / 6 + 0.5).max(0).min(1)


TABLE = (
    Activation("sigmoid", "σ", lambda s: s.sigmoid(), "torch.sigmoid({x})",
               "the logistic function, between 0 and 1", "torch.sigmoid", squashes="sigmoid"),
    Activation("tanh", "tanh", lambda s: s.tanh(), "torch.tanh({x})",
               "the hyperbolic tangent, between -1 and 1", "torch.tanh"),
    Activation("relu", "ReLU", lambda s: s.max(0), "F.relu({x})",
               "negative values become zero", "Nair & Hinton 2010"),
    Activation("relu6", "ReLU6", lambda s: s.max(0).min(6), "F.relu6({x})",
               "relu, capped at 6", "Howard 2017"),
    Activation("elu", "ELU", lambda s: (s > 0).where(s, s.expm1()), "F.elu({x})",
               "exponential for negative values", "Clevert 2015"),
    Activation("silu", "SiLU", lambda s: s * s.sigmoid(), "F.silu({x})",
               "the value times its sigmoid", "Elfwing 2017"),
    Activation("mish", "Mish", lambda s: s * s.softplus().tanh(), "F.mish({x})",
               "the value times tanh of its softplus", "Misra 2019"),
    Activation("softplus", "softplus", lambda s: s.softplus(), "F.softplus({x})",
               "a smooth relu", "torch.nn.functional.softplus"),
    Activation("hardsigmoid", "hard σ", _hardsigmoid, "F.hardsigmoid({x})",
               "a sigmoid of straight lines", "torch.nn.functional.hardsigmoid"),
    Activation("hardswish", "hard swish", lambda s: s * _hardsigmoid(s), "F.hardswish({x})",
               "the value times its hardsigmoid", "Howard 2019"),
    # `sign` has a gradient (zero). `heaviside` has none: backpropagation through it would fail.
    Activation("step", "step", lambda s: (s > 0).where(1, 0), "F.relu(torch.sign({x}))",
               "1 where the sum is positive, else 0: nothing below it learns", "Rosenblatt 1958",
               "1 perceptron -> step"),
    Activation("exp", "exp", lambda s: s.exp(), "torch.exp({x})", "the exponential", "torch.exp"),
    Activation("log", "ln", lambda s: s.log(), "torch.log({x})", "the natural logarithm", "torch.log"),
    Activation("sqrt", "√", lambda s: s.sqrt(), "torch.sqrt({x})", "the square root", "torch.sqrt"),
    Activation("square", "x²", lambda s: s**2, "torch.square({x})", "the value times itself", "torch.square"),
    Activation("abs", "|x|", lambda s: s.abs(), "torch.abs({x})", "the value without its sign", "torch.abs"),
    Activation("sin", "sin", lambda s: s.sin(), "torch.sin({x})", "the sine of the value in radians", "torch.sin"),
    Activation("cos", "cos", lambda s: s.cos(), "torch.cos({x})", "the cosine of the value in radians", "torch.cos"),
)  # fmt: skip


def _class(row: Activation) -> type[Elementwise]:
    """Create the operation class of a row."""
    title = row.name.capitalize()
    facts = {
        "__doc__": f"{row.summary[0].upper()}{row.summary[1:]}.\n\n    Shape: (B, [T,] C, *space), unchanged.",
        "__module__": __name__,
        "__qualname__": title,
        "name": row.name,
        "activation": row.sign,
        "family": "activation",
        "squashes": row.squashes,
        "probabilities": bool(row.squashes),
        "summary": row.summary,
        "formula": text(row.value(Symbol("s")), spelled_out=True),
        "source": row.source,
        "example": row.example or row.name,
        "call": row.torch,
        "value_of": lambda self, s: row.value(s),
    }
    return type(title, (Elementwise,), facts)


globals().update({cls.__name__: cls for cls in map(_class, TABLE)})


class Leaky(Elementwise):
    """Multiplies negative values by a small slope.

    Shape: (B, [T,] C, *space), unchanged.
    """

    name = "leaky"
    activation = "leaky ReLU"
    family = "activation"
    summary = "negative values are multiplied by a small slope"
    formula = "s if s > 0 else slope * s"
    source = "Maas 2013; torch.nn.functional.leaky_relu"
    example = "leaky(0.2)"
    positional = ("slope",)
    slope: float = option(
        "real", "what negative values are multiplied by", default=0.01, mark=kind("slope {}", "기울기 {}")
    )

    def value_of(self, s: Any) -> Any:
        return (s > 0).where(s, self.slope * s)

    def torch(self, *inputs: Type) -> Lowering:
        return Lowering("F.leaky_relu({x}, {slope})", values={"slope": self.slope})


class Gelu(Elementwise):
    """The value times the probability that a standard normal variable is smaller; `tanh` selects GPT-2's approximation.

    Shape: (B, [T,] C, *space), unchanged.
    """

    name = "gelu"
    activation = "GELU"
    family = "activation"
    summary = "the value times the Gaussian distribution function"
    formula = "s * (1 + erf(s / sqrt(2))) / 2"
    source = "Hendrycks & Gimpel 2016; torch.nn.functional.gelu"
    example = "gelu"
    positional = ("approximate",)
    approximate: str = option(
        "word",
        "exact, or the tanh approximation",
        default="none",
        choices=("none", "tanh"),
        mark=kind({"tanh": "tanh approximation"}, {"tanh": "tanh 근사"}),
    )

    def value_of(self, s: Any) -> Any:
        if self.approximate == "none":
            return s * (1 + (s / math.sqrt(2)).erf()) / 2
        return s * (1 + (math.sqrt(2 / math.pi) * (s + 0.044715 * s * s * s)).tanh()) / 2

    def torch(self, *inputs: Type) -> Lowering:
        return Lowering("F.gelu({x})" if self.approximate == "none" else 'F.gelu({x}, approximate="tanh")')


class Clamp(Elementwise):
    """Values below `min` become `min`, values above `max` become `max`; one of them may be left out.

    Shape: (B, [T,] C, *space), unchanged.
    """

    name = "clamp"
    activation = "clamp"
    family = "activation"
    summary = "values outside of bounds become the bound"
    formula = "min(max(s, least), most)"
    source = "torch.clamp"
    example = "clamp(0, 1)"
    positional = ("min", "max")
    min: float | None = option(
        "real", "the smallest value that comes out", default=None, mark=kind("from {}", "{} 이상")
    )
    max: float | None = option("real", "the largest value that comes out", default=None, mark=kind("to {}", "{} 이하"))

    def shape(self, *inputs: Type) -> Type:
        if self.min is None and self.max is None:
            refuse("NS560")
        if self.min is not None and self.max is not None and self.min >= self.max:
            refuse("NS561", least=f"{self.min:g}", most=f"{self.max:g}")
        return super().shape(*inputs)

    def value_of(self, s: Any) -> Any:
        s = s if self.min is None else s.max(self.min)
        return s if self.max is None else s.min(self.max)

    def torch(self, *inputs: Type) -> Lowering:
        said = {"min": self.min, "max": self.max}
        given = {name: value for name, value in said.items() if value is not None}
        return Lowering(f"{{x}}.clamp({', '.join(f'{name}={{{name}}}' for name in given)})", values=given)


class Identity(Elementwise):
    """Returns the value unchanged.

    Shape: (B, [T,] C, *space), unchanged.
    """

    name = "identity"
    titles = ("", "그대로")
    effect = "same"
    family = "activation"
    summary = "the value as it is"
    formula = "s"
    source = "the post: a linear model is a perceptron with the identity"
    example = "identity"
    call = "{x}"

    def value_of(self, s: Any) -> Any:
        return s

    def equation(self, inner: list[str], fresh: Callable[[str, str], str], *inputs: Type) -> str:
        return inner[0]


class Softmax(Op):
    """Positive values that sum to one along an axis: along maps, unless a role is given.

    Shape: (B, [T,] C, *space), unchanged.
    """

    name = "softmax"
    effect = "across"
    family = "activation"
    activation = "softmax"
    probabilities = True
    summary = "positive values that sum to one"
    formula = "e^s_k / sum_j e^s_j"
    source = "Bridle 1990; torch.softmax"
    example = "K perceptrons -> softmax"
    positional = ("role",)
    role: Any = option(
        "role", "what the values sum to one over", default=None, choices=("maps", "space", "time"), mark=OVER
    )

    @property
    def over_time(self) -> bool:
        return bool(self.role == "time")

    def shape(self, *inputs: Type) -> Type:
        value = inputs[0]
        wants_values(self, value)
        role = self.role or "maps"
        if self.role is None and value.space:
            refuse("NS323", input=0, step="softmax", type=str(value), roles="softmax(maps), softmax(space)")
        if role == "maps" and value.maps == 1:
            refuse("NS324", input=0, type=str(value))
        if role == "space" and not value.space:
            refuse("NS309", input=0, step="softmax(space)", type=str(value))
        if role == "time" and value.time is None:
            refuse("NS325", input=0, step="softmax(time)", type=str(value))
        return value

    def compute(self, call: Call, *inputs: Array) -> Array:
        x, value = inputs[0], call.types[0]
        maps = 1 if value.time is None else 2
        axes = {"time": (1,), "space": tuple(range(maps + 1, len(x.shape)))}.get(self.role, (maps,))
        if self.role == "time" and call.lengths is not None:
            exists = call.mask(x.shape[1]).split(1, x.shape[1], *(1 for _ in x.shape[2:]))
            x = exists.where(x, LOWEST)
        powers = (x - x.largest(*axes).stop()).exp()
        return powers / powers.sum(*axes)

    def bounds(self, *inputs: Bounds) -> Bounds:
        return 0.0, 1.0

    @property
    def squashes(self) -> Literal["", "softmax"]:
        return "softmax" if self.role in (None, "maps") else ""

    def torch(self, *inputs: Type) -> Lowering:
        value = inputs[0]
        axes = len(value.space)
        if self.role == "time":
            if value.time is not None and value.time.varying:
                from netspec.ops.reductions import MASK

                tail = ", None" * (axes + 1)
                mask = f"mask({{x}}, {{lengths}})[:, :{tail}]"
                return Lowering(f"torch.softmax({{x}}.masked_fill(~{mask}, -torch.inf), dim=1)", parts=(MASK,))
            return Lowering("torch.softmax({x}, dim=1)")
        if self.role == "space" and axes > 1:
            shape, values = listed(value.space)
            softmax = f"torch.softmax({{x}}.flatten(-{axes}), dim=-1)"
            return Lowering(f"torch.unflatten({softmax}, -1, ({shape}))", values=values)
        return Lowering(f"torch.softmax({{x}}, dim={-1 if self.role == 'space' else -1 - axes})")
