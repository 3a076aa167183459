"""Reads the options in `( … )` into the fields of an operation; the kind of an option decides how it is read.

For example, a word is read as a role in `mean(space)`, as a step in `act = relu`, and as a choice in `pad = same`. An
option may be stated in the line, in a `default` line of the body and in one of the file; the first of these wins, for
each option separately.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from netspec import foreign
from netspec.diagnostics.model import Diagnostic, Fault, Fix, Hint, Label, Quoted
from netspec.elaborate.environment import Environment
from netspec.elaborate.evaluate import Undefined, fault
from netspec.elaborate.kinds import parse
from netspec.elaborate.lookup import arrow, decimal
from netspec.ir.operation import Init, Op, Option, Weight
from netspec.names import meant, nearest
from netspec.ops.registry import step_names
from netspec.syntax import tree


@dataclass(slots=True)
class Given:
    """The options that were read: their values, and the place of each with the environment it is written in."""

    values: dict[str, Any] = field(default_factory=dict)
    places: dict[str, tuple[Environment, tree.Place]] = field(default_factory=dict)
    from_default: set[str] = field(default_factory=set)


@dataclass(slots=True)
class Source:
    """A list of options, and the environment in which the names in the options are looked up."""

    args: tuple[tree.Arg, ...]
    env: Environment
    default: bool = False

    def only(self, names: tuple[str, ...]) -> Source:
        """Return the list with only the options of these names."""
        return Source(tuple(arg for arg in self.args if arg.name and arg.name[0] in names), self.env, self.default)


def sources(target: str, args: tuple[tree.Arg, ...], env: Environment) -> list[Source]:
    """Return the lists of options for a step, those that win first.

    They are the options of the step itself, of the `default` lines above it in the body, and of those of the file.
    """
    if env.unread.defaults and {target, target[:-1], ""} & env.unread.defaults:
        raise Undefined  # a `default` line that could not be parsed may state options of this step
    found = [Source(args, env)]
    if not env.defaults and not env.unit.defaults:
        return found
    for default in reversed(env.defaults):
        if plural(default.target.text) == target:
            found.append(Source(default.args, env, True))
    body = env.definition.body.at[0]
    for default in reversed(env.unit.defaults):
        if plural(default.target.text) == target and default.at[0] < body:
            found.append(Source(default.args, env, True))
    return found


def _read_option(
    cls: type[Op], arg: tree.Arg, position: int, source: Source, given: Given, taken: dict[str, tree.Arg]
) -> None:
    key, part = option_of(cls, arg, position, source, given)
    whole = cls.options[key].dotted and not part  # `init` without a part stands for `init.weight`
    name = ".".join(part if key == cls.takes_named else (key, *(("weight",) if whole else part))).rstrip("_")
    if name in taken:
        labels = (Label(source.env.span(taken[name].at), "first"),)
        raise fault(source.env, arg.name_at, "NS208", labels=labels, name=name)
    taken[name] = arg
    _store(cls.options[key], part, arg, source, given)


def plural(noun: str) -> str:
    return {"perceptron": "perceptrons", "filter": "filters"}.get(noun, noun)


def read_options(cls: type[Op], lists: list[Source], given: Given, at: tree.Place) -> Given:
    """Fill `given` from every list; raise Fault for unknown, missing and wrong options."""
    env = lists[0].env
    faults: list[Diagnostic] = []
    for source in lists:
        taken: dict[str, tree.Arg] = {}
        for position, arg in enumerate(source.args):
            excess = not arg.name and position >= len(cls.positional)
            if (
                excess
                and position
                and not source.args[position - 1].name
                and (faults or position > len(cls.positional))
            ):
                continue  # of several excess values without a name, only the first is reported
            try:
                _read_option(cls, arg, position, source, given, taken)
            except Fault as error:  # go on: other options may have mistakes of their own
                faults.append(error.diagnostic)
    if faults:
        raise Fault(faults[0], tuple(faults[1:]))
    for name in cls.required:
        if name not in given.values:
            hint = Hint("usage", {"usage": usage(cls)})
            raise fault(env, at, "NS209", hint, step=cls.name, option=name.rstrip("_"))
    return given


def option_of(cls: type[Op], arg: tree.Arg, position: int, source: Source, given: Given) -> tuple[str, tuple[str, ...]]:
    """Return the option that an argument sets, found by name or by position, and its part (`init.bias`: `bias`)."""
    if not arg.name:
        if position < len(cls.positional):
            return cls.positional[position], ()
        raise _misplaced(cls, arg, position, source)
    name, part = arg.name[0], arg.name[1:]
    option = cls.options.get(name) or cls.options.get(name + "_")
    if (option is None or not option.written) and cls.takes_named and not part:
        return cls.takes_named, (name,)
    if option is None or not option.written:
        raise unknown_option(cls, arg, source)
    if part and not (option.dotted and len(part) == 1 and part[0] in cls.init_parts):
        raise unknown_option(cls, arg, source)
    return option.name, part


def _misplaced(cls: type[Op], arg: tree.Arg, position: int, source: Source) -> Exception:
    """Return the error for a value without a name that has no place, with a hint at how to write what was meant."""
    env, value = source.env, arg.value
    given = source.args[:position]
    spare = set(option_names(cls)) - set(cls.positional[: len(given)])
    option = cls.options.get(value.name) if isinstance(value, tree.Ref) and value.name in spare else None
    if isinstance(value, tree.Ref) and option is not None and option.kind == "flag":
        text = f"{value.name} = true"
        fix = Fix(env.span(arg.at), text)
        return fault(env, arg.at, "NS211", Hint("flag", {"text": text}), fix=fix, step=cls.name)
    if not cls.positional:
        sized = all(isinstance(item.value, tree.Number | tree.List) for item in source.args)
        hint: Hint | None = arrow(arg.value, env) or _joined(cls, arg, position, source)
        if hint is None and sized and not cls.noun:  # other tools write `batchnorm(64)`
            hint = Hint("sized", {"step": cls.name})
        return fault(env, arg.at, "NS211", hint or Hint("usage", {"usage": usage(cls)}), step=cls.name)
    real = 0 < len(given) <= len(cls.positional) and cls.options[cls.positional[len(given) - 1]].kind == "real"
    hint = _joined(cls, arg, position, source) or (decimal(arg.value, env) if real else None)
    hint = hint or arrow(arg.value, env)
    sizes = all(isinstance(item.value, tree.Number) for item in source.args)
    hints = [hint] if hint else [Hint("usage", {"usage": usage(cls)}), *([Hint("known")] if sizes else [])]
    if not spare:
        words: dict[str, Any] = {"text": env.span(arg.at).text, "most": len(cls.positional)}
        return fault(env, arg.at, "NS253", *hints, step=cls.name, **words)
    return fault(env, arg.at, "NS210", *hints, step=cls.name, position=str(position + 1))


def _joined(cls: type[Op], arg: tree.Arg, position: int, source: Source) -> Hint | None:
    """Return a hint for sizes of one option that are separated by commas.

    `pad = 1,1` must be written `pad = 1x1`, and `reshape(8, 14, 14)` must be written `reshape(8@14x14)`.
    """
    values = [item.value for item in source.args]
    kind = cls.options[cls.positional[0]].kind if cls.positional else ""
    if kind == "type" and len(values) > 2 and all(isinstance(item, tree.Number) for item in values):
        first, *others = (source.env.span(item.at).text for item in values)
        return Hint("joined", {"right": f"{cls.name}({first}@{'x'.join(others)})"})
    before = source.args[position - 1] if position else None
    if before is None or any(not isinstance(item.value, tree.Number) for item in (before, arg)):
        return None
    name = before.name[0] if before.name else cls.positional[0] if cls.positional else ""
    typed = name in cls.options and cls.options[name].kind == "type"
    if not (before.name or typed) and before.value != arg.value:  # in `maxpool(3, 2)` the 2 was meant as a stride
        return None
    if name not in cls.options or cls.options[name].kind not in ("extent", "padding", "type"):
        return None
    sizes = f"{source.env.span(before.value.at).text}x{source.env.span(arg.at).text}"
    return Hint("joined", {"right": f"{name} = {sizes}" if before.name else f"{cls.name}({sizes})"})


def unknown_option(cls: type[Op], arg: tree.Arg, source: Source) -> Exception:
    legal = option_names(cls)
    name = ".".join(arg.name)
    other = next((word for word in foreign.OPTIONS.get(name, "").split() if word in legal), None)
    guess = other or nearest(name, legal) or meant(name, legal)
    hints: list[Hint] = []
    value = source.env.span(arg.value.at).text
    if name in foreign.OPTIONS_SAID and not guess:
        hints = [Hint(foreign.OPTIONS_SAID[name])]
    elif name in step_names() and not guess:
        hints = [Hint("own_step", {"step": f"{name}({value})"})]
    elif name in foreign.ACTIVATION_OPTIONS and not guess:
        hints = [Hint("activation", {"step": value.strip('"')})]
    hints.append(Hint("options", {"names": Quoted(tuple(legal))}) if legal else Hint("no_options"))
    return fault(source.env, arg.name_at, "NS203", *hints, guess=guess, name=name, step=cls.name)


def option_names(cls: type[Op]) -> list[str]:
    """Return the names of a step's options as a spec writes them."""
    return [option.shown for option in cls.options.values() if option.written]


def usage(cls: type[Op]) -> str:
    """Return how a step is called, for messages, such as `maxpool(kernel, stride = …, pad = 0)`."""
    return usage_of(cls.name, cls.options, cls.positional)


def usage_of(name: str, options: Mapping[str, Option], positional: tuple[str, ...], gathers: str = "") -> str:
    """Return how a step, or an entry of a data or train section, is called.

    `gathers` is the name of an option that takes all values without a name, if there is such an option.
    """
    parts = []
    for key, option in sorted(options.items(), key=lambda item: item[0] not in positional):
        if not option.written:
            continue
        if key in positional:
            parts.append(option.shown if option.required else f"[{option.shown}]")
        elif key == gathers:
            parts.append(f"{option.shown}, …")
        elif option.required or option.default is None:
            parts.append(f"{option.shown} = …")
        else:
            parts.append(f"{option.shown} = {shown(option.default)}")
    return f"{name}({', '.join(parts)})"


def shown(value: Any) -> str:
    """Return the default of an option as a spec would write it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return value if value.isidentifier() else f'"{value}"'
    if isinstance(value, tuple):
        return f"[{', '.join(shown(item) for item in value)}]"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _store(option: Option, part: tuple[str, ...], arg: tree.Arg, source: Source, given: Given) -> None:
    """Read one option, unless a list that wins over this one has set it already."""
    name = option.name
    if option.dotted:
        key = part[0] if part else "weight"
        values = given.values.setdefault(name, {})
        if key not in values:
            values[key] = parse(option, arg.value, source.env)
            given.places[f"{name}.{key}"] = (source.env, arg.at)
            if source.default:
                given.from_default.add(f"{name}.{key}")
        return
    if name in given.values:
        return
    given.values[name] = parse(option, arg.value, source.env)
    given.places[name] = (source.env, arg.at)
    if source.default:
        given.from_default.add(name)


# ---- whether the initial values fit what is stored

# distributions that depend on how many values a weight takes and gives (fan_in and fan_out)
_BY_FANS = frozenset(("he", "he_uniform", "xavier", "xavier_normal", "lecun"))
# distributions that torch computes from the axes of an array; they need at least two axes
_BY_AXES = _BY_FANS - {"lecun"} | {"orthogonal"}


def check_init(op: Op, weights: tuple[Weight, ...], given: Given, env: Environment, at: tree.Place) -> None:
    """Check that every part that `init` names is stored, and that its distribution can be computed; raise Fault."""
    for part, init in (given.values.get("init") or {}).items():
        name = f"init.{part}" if part != "weight" else "init"
        owner, place = given.places[f"init.{part}"]
        mine = [weight for weight in weights if weight.part == part and weight.init == init]
        if mine and not (part == "weight" and given.values.get("tie") is not None):
            _check_fans(op, mine, init, owner, place)
        elif f"init.{part}" not in given.from_default:
            other = op.unstored(part)
            if not other:
                raise fault(owner, place, "NS203", name=name, step=op.name)
            raise fault(owner, place, "NS361", name=name, step=op.name, other=other)


def _check_fans(op: Op, weights: list[Weight], init: Init, env: Environment, place: tree.Place) -> None:
    for weight in weights:
        if (init.name in _BY_FANS and not weight.fan_in) or (init.name in _BY_AXES and len(weight.shape) < 2):
            raise fault(env, place, "NS362", init=init.name, step=op.name, part=weight.part)
