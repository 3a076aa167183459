"""`init = …` -> Init: the distributions of initial values, by the field's names."""

from __future__ import annotations

from netspec import foreign
from netspec.diagnostics.model import Fix, Hint, Quoted
from netspec.elaborate.environment import Environment, Word
from netspec.elaborate.evaluate import REAL, evaluate, fault
from netspec.ir.operation import Init
from netspec.ir.sizes import Formula
from netspec.ir.types import Unknown
from netspec.syntax import tree

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
