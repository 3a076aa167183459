"""The options in `( … )` -> the fields of an operation, each read as its kind demands.

A word means what the option's kind says: `mean(space)` is a role, `act = relu` a step, `pad = same` a
choice. Options merge one by one and the nearest wins: the line, the body's default, the file's.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from netspec.diagnostics.model import Diagnostic, Fault, Fix, Hint, Label, Quoted
from netspec.elaborate.evaluate import Broken, fault
from netspec.elaborate.frame import Frame
from netspec.elaborate.initial import read_init
from netspec.elaborate.kinds import read_kind
from netspec.elaborate.suggest import arrow, decimal
from netspec.names import nearest
from netspec.ops.base import Op, Option
from netspec.syntax import tree


@dataclass(slots=True)
class Given:
    """Options as read: their values, and where each was written (in which frame's file)."""

    values: dict[str, Any] = field(default_factory=dict)
    places: dict[str, tuple[Frame, tree.Place]] = field(default_factory=dict)
    from_default: set[str] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class Source:
    """A list of options and whose names it sees."""

    args: tuple[tree.Arg, ...]
    frame: Frame
    default: bool = False

    def only(self, names: tuple[str, ...]) -> Source:
        """The options of these names."""
        return Source(tuple(arg for arg in self.args if arg.name and arg.name[0] in names), self.frame, self.default)


def sources(target: str, args: tuple[tree.Arg, ...], frame: Frame, at: int) -> list[Source]:
    """The options of a step, nearest first: its own, the body's `default` lines above, the file's."""
    if frame.poisoned.defaults and {target, target[:-1], ""} & frame.poisoned.defaults:
        raise Broken  # a `default` line that could not be read may hold its options
    found = [Source(args, frame)]
    for default in reversed(frame.defaults):
        if plural(default.target.text) == target:
            found.append(Source(default.args, frame, True))
    body = frame.definition.body.at[0]
    for default in reversed(frame.unit.defaults):
        if plural(default.target.text) == target and default.at[0] < body:
            found.append(Source(default.args, frame, True))
    return found


def _read_option(
    cls: type[Op], arg: tree.Arg, position: int, source: Source, given: Given, taken: dict[str, tree.Arg]
) -> None:
    key, part = option_of(cls, arg, position, source, given)
    whole = cls.options[key].dotted and not part  # `init` alone speaks of the weight
    name = ".".join((key, *(("weight",) if whole else part))).rstrip("_")
    if name in taken:
        labels = (Label(source.frame.span(taken[name].at), "first"),)
        raise Fault(Diagnostic("NS208", source.frame.span(arg.name_at), {"name": name}, labels=labels))
    taken[name] = arg
    _store(cls.options[key], part, arg, source, given)


def plural(noun: str) -> str:
    return {"perceptron": "perceptrons", "filter": "filters"}.get(noun, noun)


def read_options(cls: type[Op], lists: list[Source], given: Given, at: tree.Place) -> Given:
    """Fills `given` from every list; raises Fault for what is no option, or not of its kind."""
    frame = lists[0].frame
    faults: list[Diagnostic] = []
    for source in lists:
        taken: dict[str, tree.Arg] = {}
        for position, arg in enumerate(source.args):
            try:
                _read_option(cls, arg, position, source, given, taken)
            except Fault as error:  # the others may have mistakes of their own
                faults.append(error.diagnostic)
    if faults:
        raise Fault(faults[0], tuple(faults[1:]))
    for name, option in cls.options.items():
        if option.required and name not in given.values:
            hint = Hint("usage", {"usage": usage(cls)})
            raise fault(frame, at, "NS209", hint, step=cls.name, option=name.rstrip("_"))
    return given


def option_of(cls: type[Op], arg: tree.Arg, position: int, source: Source, given: Given) -> tuple[str, tuple[str, ...]]:
    """Which option an argument is, by name or by place."""
    if not arg.name:
        if position < len(cls.positional):
            return cls.positional[position], ()
        raise _misplaced(cls, arg, position, source)
    name, part = arg.name[0], arg.name[1:]
    option = cls.options.get(name) or cls.options.get(name + "_")
    if option is None and name in cls.reserved:
        raise fault(source.frame, arg.name_at, "NS692", option=name, step=cls.name)
    if option is None or option.name in _HIDDEN.get(cls.name, ()):
        raise unknown_option(cls, arg, source)
    if part and not (option.dotted and len(part) == 1 and part[0] in _parts(cls)):
        raise unknown_option(cls, arg, source)
    return option.name, part


def _parts(cls: type[Op]) -> tuple[str, ...]:
    """The stored arrays whose initial values `init.NAME` may set."""
    return ("weight",) if cls.name in ("embed", "distance", "positions", "learned", "rmsnorm") else ("weight", "bias")


# what the syntax itself gives a noun: `N`, `KxK`
_HIDDEN = {"perceptrons": ("units",), "filters": ("count", "kernel")}


def _misplaced(cls: type[Op], arg: tree.Arg, position: int, source: Source) -> Exception:
    hints = [
        _joined(cls, arg, position, source)
        or _decimal(cls, arg, position, source)
        or arrow(arg.value, source.frame)
        or Hint("usage", {"usage": usage(cls)})
    ]
    code = "NS210" if cls.positional else "NS211"
    return fault(source.frame, arg.at, code, *hints, step=cls.name, position=str(position + 1))


def _decimal(cls: type[Op], arg: tree.Arg, position: int, source: Source) -> Hint | None:
    """`dropout(0,5)`: a decimal comma, where what stands before it may have decimals."""
    names = cls.positional[position - 1 : position]
    return decimal(arg.value, source.frame) if any(cls.options[name].kind == "real" for name in names) else None


def _joined(cls: type[Op], arg: tree.Arg, position: int, source: Source) -> Hint | None:
    """`pad = 1,1`: the sizes of one option are joined by `x`."""
    before = source.args[position - 1] if position else None
    if before is None or any(not isinstance(item.value, tree.Number) for item in (before, arg)):
        return None
    name = before.name[0] if before.name else cls.positional[0] if cls.positional else ""
    typed = name in cls.options and cls.options[name].kind == "type"
    if not (before.name or typed) and before.value != arg.value:  # `maxpool(3, 2)`: a stride was meant
        return None
    if name not in cls.options or cls.options[name].kind not in ("extent", "padding", "type"):
        return None
    sizes = f"{source.frame.span(before.value.at).text}x{source.frame.span(arg.at).text}"
    return Hint("joined", {"right": f"{name} = {sizes}" if before.name else f"{cls.name}({sizes})"})


def unknown_option(cls: type[Op], arg: tree.Arg, source: Source) -> Exception:
    legal = option_names(cls)
    name = ".".join(arg.name)
    guess = nearest(name, legal) or _FOREIGN.get(name)
    guess = guess if guess in legal else None
    hints = [Hint("nearest", {"name": guess})] if guess else []
    if name in _ACTIVATION:
        step = source.frame.span(arg.value.at).text
        hints.append(Hint("activation", {"step": step}))
    hints.append(Hint("options", {"names": Quoted(tuple(legal))}) if legal else Hint("no_options"))
    fix = Fix(source.frame.span(arg.name_at), guess) if guess else None
    return fault(source.frame, arg.name_at, "NS203", *hints, fix=fix, name=name, step=cls.name)


_ACTIVATION = ("activation", "activation_fn", "act", "nonlinearity")


# words of other tools for the same thing
_FOREIGN = {
    "padding": "pad", "strides": "stride", "kernel_size": "kernel", "ceil_mode": "ceil", "rate": "p", "epsilon": "eps",
    "use_bias": "bias", "num_heads": "heads", "n_heads": "heads", "dilation_rate": "dilation", "group": "groups",
    "initializer": "init", "kernel_initializer": "init", "negative_slope": "slope", "alpha": "slope",
}  # fmt: skip


def option_names(cls: type[Op]) -> list[str]:
    hidden = _HIDDEN.get(cls.name, ())
    return [name.rstrip("_") for name in cls.options if name not in hidden]


def usage(cls: type[Op]) -> str:
    """`maxpool(kernel, stride = …, pad = 0)`."""
    parts = []
    for name, option in sorted(cls.options.items(), key=lambda item: item[0] not in cls.positional):
        if name in _HIDDEN.get(cls.name, ()):
            continue
        shown = name.rstrip("_")
        if name in cls.positional:
            parts.append(shown if option.required else f"[{shown}]")
        elif option.default is not None and not option.required:
            default = str(option.default).lower() if isinstance(option.default, bool) else option.default
            parts.append(f"{shown} = {default}")
        else:
            parts.append(f"{shown} = …")
    return f"{cls.name}({', '.join(parts)})"


def _store(option: Option, part: tuple[str, ...], arg: tree.Arg, source: Source, given: Given) -> None:
    """Reads one option unless a nearer list has it already."""
    name = option.name
    if option.dotted:
        key = part[0] if part else "weight"
        values = given.values.setdefault(name, {})
        if key not in values:
            values[key] = read_init(arg.value, source.frame)
            given.places[f"{name}.{key}"] = (source.frame, arg.at)
            if source.default:
                given.from_default.add(f"{name}.{key}")
        return
    if name in given.values:
        return
    given.values[name] = read_kind(option, arg.value, source.frame)
    given.places[name] = (source.frame, arg.at)
    if source.default:
        given.from_default.add(name)
