"""`extern("package.module:Class", …) is TYPE`: a module of another package, used as it is."""

from __future__ import annotations

import re
from collections.abc import Mapping
from keyword import iskeyword
from typing import Any

from netspec.ir.marks import BOX, TITLE, Mark, shown, structure, unseen
from netspec.ir.operation import Construct, Init, Lowering, Op, Part, Weight, option
from netspec.ir.types import Type, refuse

# the initial values that a class of another package makes itself
OWN = Init("own")


class Extern(Op):
    """A torch.nn.Module of another package, whose result has the type that the line declares with `is`.

    The class is imported only where the net is compiled or computed, and only if the caller allows its module; those
    of `torch.nn` need no permission. It is called with every further option as a keyword argument.

    Shape: values (B, C, *space) -> the declared type; with `along = time` whole sequences, (B, T, C, *space).
    """

    name = "extern"
    summary = "a module of another package; the line declares its type"
    example = 'hidden z: x -> extern("torch:nn.PReLU") is 64'
    positional = ("target",)
    inputs = None
    declared = "type_"
    takes_named = "arguments"
    varying = False  # nothing says that the class leaves out the steps past an example's end
    depth = 1
    target: str = option("text", "where the class is: `package.module:Class`", mark=TITLE)
    type_: Type = option(
        "type", "the type of the result", written=False, mark=unseen("it stands at the arrow", "gives {}", "결과 {}")
    )
    along: Any = option(
        "word",
        "time: it takes whole sequences instead of each time step alone",
        default=None,
        choices=("time",),
        mark=structure({"time": "over time"}, {"time": "시간에 대해"}),
    )
    weights_: Any = option(
        "integer",
        "how many weights it has, if totals shall count them",
        default=None,
        least=0,
        mark=unseen("the class has them anyway", "{} weights", "가중치 {}개"),
    )
    arguments: Any = option(
        "argument",
        "every further option: an argument of the class",
        default=None,
        dotted=True,
        written=False,
        mark=structure("{}", "{}"),
    )

    @property
    def over_time(self) -> bool:
        return self.along is not None

    @property
    def outside(self) -> tuple[str, str]:
        place, colon, path = self.target.partition(":")
        module, _, name = f"{place}.{path}".rpartition(".")
        return (module, name) if colon else ("", "")

    def shape(self, *inputs: Type) -> Type:
        names = self.target.replace(":", ".", 1).split(".")
        if ":" not in self.target or not all(each.isidentifier() and not iskeyword(each) for each in names):
            refuse("NS437", option="target", target=self.target)
        for name in self.arguments or ():
            if iskeyword(name):
                refuse("NS445", option=f"arguments.{name}", name=name)
        for position, value in enumerate(inputs):
            if self.over_time and value.time is not None and value.time.varying:
                refuse("NS308", input=position, step=self.name, type=str(value))
        return self.type_ if self.over_time else self.type_.step

    def partial(self, *inputs: Type) -> Type:
        return self.type_ if self.over_time else self.type_._replace(time=inputs[0].time)

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        known = self.weights_ is not None
        return (Weight("*", (self.weights_ or 0,), OWN, outside="counted" if known else "unknown"),)

    def title(self, lang: str = "en") -> str:
        return self.outside[1] or self.target

    def marks(self, lang: str = "en", *inputs: Type) -> tuple[Mark, ...]:
        own = [Mark("arguments", "structure", _said(self.arguments), BOX)] if self.arguments else []
        others = (mark for mark in super().marks(lang, *inputs) if mark.option != "arguments")
        return (Mark("module", "structure", f"extern {self.outside[0]}", BOX), *own, *others)

    def torch(self, *inputs: Type) -> Lowering:
        module, name = self.outside
        values = ", ".join(f"{{{number}}}" for number in range(len(inputs))) if len(inputs) > 1 else "{x}"
        parts = () if module == "torch.nn" else (imported(module, name),)
        call = parts[0].name if parts else f"nn.{name}"
        made = Construct(call, (), {name: _listed(value) for name, value in (self.arguments or {}).items()})
        return Lowering(f"{{self}}({values})", made, parts=parts, folds=not self.over_time)


def _said(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_said(item)}" for name, item in value.items())
    return str(value).lower() if isinstance(value, bool) else shown(value, listed=True)


def _listed(value: Any) -> Any:
    """Return a value as Python takes it: a list of the spec is a list there."""
    return [*map(_listed, value)] if isinstance(value, tuple) else value


def imported(module: str, name: str) -> Part:
    """Return the import of a class; it has another name where the source has a class of that name already."""

    def again(called: str) -> str:
        return f"from {module} import {name}" + ("" if called == name else f" as {called}")

    words = tuple(word.capitalize() for word in re.split(r"[._]+", module) if word)
    whole = f"{''.join(words)}{name}"
    return Part(whole, again(whole), kind=f"{{}}{name}", words=words, again=again, imports=True)
