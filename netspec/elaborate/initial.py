"""`init = …` -> Init: the distributions of initial values, by the field's names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from netspec import foreign
from netspec.diagnostics.model import Fix, Hint, Quoted
from netspec.elaborate.environment import Environment, Word
from netspec.elaborate.evaluate import REAL, evaluate, fault
from netspec.ir.operation import Init, Op, Weight
from netspec.ir.sizes import Formula
from netspec.ir.types import Unknown
from netspec.syntax import tree

if TYPE_CHECKING:
    from netspec.elaborate.options import Given

# name -> how many numbers it takes (least, most)
DISTRIBUTIONS: dict[str, tuple[int, int]] = {
    "normal": (2, 2),  # mean, standard deviation
    "truncated_normal": (2, 2),  # the same, cut at two standard deviations
    "uniform": (2, 2),  # from, to
    "constant": (1, 1),
    "zeros": (0, 0),
    "ones": (0, 0),
    "he": (0, 0),  # normal, variance 2 / fan_in (He 2015)
    "he_uniform": (0, 0),
    "xavier": (0, 0),  # uniform, variance 2 / (fan_in + fan_out) (Glorot 2010)
    "xavier_normal": (0, 0),
    "lecun": (0, 0),  # normal, variance 1 / fan_in
    "orthogonal": (0, 1),  # rows at right angles; a gain (Saxe 2013)
}


# those that reckon with how many values flow in and out of a weight
_BY_FANS = frozenset(("he", "he_uniform", "xavier", "xavier_normal", "lecun"))
# those that torch reckons from the axes of an array: a vector has too few
_BY_AXES = _BY_FANS - {"lecun"} | {"orthogonal"}


def check_init(op: Op, weights: tuple[Weight, ...], given: Given, env: Environment, at: tree.Place) -> None:
    """Every part that `init` speaks of is stored, and its distribution can be reckoned; raises Fault."""
    for part, init in (given.values.get("init") or {}).items():
        name = f"init.{part}" if part != "weight" else "init"
        owner, place = given.places[f"init.{part}"]
        mine = [weight for weight in weights if weight.part == part and weight.init == init]
        if mine and not (part == "weight" and given.values.get("tie") is not None):
            _check_fans(op, mine, init, owner, place)
        elif f"init.{part}" not in given.from_default:
            other = _instead(op, part)
            if not other:
                raise fault(owner, place, "NS203", name=name, step=op.name)
            raise fault(owner, place, "NS361", name=name, step=op.name, other=other)


def _check_fans(op: Op, weights: list[Weight], init: Init, env: Environment, place: tree.Place) -> None:
    for weight in weights:
        if (init.name in _BY_FANS and not weight.fan_in) or (init.name in _BY_AXES and len(weight.shape) < 2):
            raise fault(env, place, "NS362", init=init.name, step=op.name, part=weight.part)


def _instead(op: Op, part: str) -> str:
    """The option because of which an operation does not store a part, or takes its values from elsewhere."""
    if part == "weight" and getattr(op, "tie", None) is not None:
        return "tie"
    if getattr(op, "weights_", None) is not None:
        return "weights"
    for name in ("affine", "project", *(("bias",) if part == "bias" else ())):
        if getattr(op, name, True) is False:
            return f"{name} = false"
    return "kind = sine" if getattr(op, "kind", "") == "sine" else ""


def read_init(value: tree.Value, env: Environment) -> Init:
    """A distribution, or a number that every value starts from."""
    if isinstance(value, (tree.Ref, tree.Call)):
        name = value.name
        if isinstance(value, tree.Ref) and name in env.values:
            found = env.values[name]
            if not isinstance(found, Word):
                return _constant(value, env)
            name = found.text
        if name not in DISTRIBUTIONS:
            raise _unknown(value, name, env)
        args = value.args if isinstance(value, tree.Call) else ()
        least, most = DISTRIBUTIONS[name]
        named = next((arg for arg in args if arg.name), None)
        if named is not None:
            raise fault(env, named.name_at, "NS434", name=name, option=".".join(named.name))
        if not least <= len(args) <= most:
            count = f"{least}" if least == most else f"{least}-{most}"
            raise fault(env, value.at, "NS431", name=name, count=count, given=str(len(args)))
        numbers = tuple(_number(arg.value, env) for arg in args)
        if name in ("normal", "truncated_normal") and numbers[1] < 0:
            raise fault(env, args[1].at, "NS420", option="std", value=f"{numbers[1]:g}", least="0", most="")
        if name == "uniform" and numbers[0] >= numbers[1]:
            place = (args[0].at[0], args[1].at[1])
            raise fault(env, place, "NS433", low=f"{numbers[0]:g}", high=f"{numbers[1]:g}")
        if name in ("zeros", "ones"):
            return Init("constant", (0.0 if name == "zeros" else 1.0,))
        return Init(name, numbers)
    if isinstance(value, tree.Text):
        legal = Quoted(tuple(DISTRIBUTIONS))
        fix = Fix(env.span(value.at), value.value) if value.value in DISTRIBUTIONS else None
        raise fault(env, value.at, "NS423", fix=fix, option="init", value=value.value, legal=legal)
    return _constant(value, env)


def _constant(value: tree.Value, env: Environment) -> Init:
    return Init("constant", (_number(value, env),))


def _number(value: tree.Value, env: Environment) -> float:
    result = evaluate(value, env, REAL)
    if isinstance(result, (Formula, Unknown)):
        # a distribution may depend on a size (`normal(0, 1/sqrt(d))`); its first witness stands for it
        return float(result.values[0]) if isinstance(result, Formula) else 0.0
    return float(result)


def _unknown(value: tree.Ref | tree.Call, name: str, env: Environment) -> Exception:
    guess = foreign.translate(name, foreign.INITS, DISTRIBUTIONS)
    at = value.path_at if isinstance(value, tree.Call) else value.at
    hints = [Hint("nearest", {"name": guess})] if guess else []
    hints.append(Hint("legal", {"names": Quoted(tuple(DISTRIBUTIONS))}))
    fix = Fix(env.span(at), guess) if guess else None
    return fault(env, at, "NS432", *hints, fix=fix, name=name)
