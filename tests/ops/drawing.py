"""Options of an operation, drawn from what it declares: every kind, every bound, given or left out."""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import strategies as st

from netspec.ir.operation import Op, Option

Draw = Any
INITS = ("normal(0, 0.02)", "he", "xavier", "zeros", "0.5", "uniform(-1, 1)", "truncated_normal(0, 0.02)", "orthogonal")
# what the syntax gives a noun itself, not its options
HIDDEN = {"perceptrons": ("units",), "filters": ("count", "kernel")}


class Drawn(NamedTuple):
    """Options as values (only those that were given) and as they are written."""

    values: dict[str, Any]
    text: str


class Forced(NamedTuple):
    """An option that is always given: (value, text), or a strategy of these."""

    pair: Any


def options(draw: Draw, cls: type[Op], axes: int, special: dict[str, Any], rarely: tuple[str, ...] = ()) -> Drawn:
    """Each option given or left out; `special` has strategies of (value, text) for kinds that need a context."""
    values: dict[str, Any] = {}
    written: list[str] = []
    by_place = True
    for name, option in cls.options.items():
        if name in HIDDEN.get(cls.name, ()):
            continue
        drawable = name in special or option.kind in _KINDS
        forced = isinstance(special.get(name), Forced)
        given = st.sampled_from((False,) * 4 + (True,)) if name in rarely else st.booleans()
        if not drawable or not (forced or option.required or draw(given, label=f"give {name}")):
            by_place = by_place and name not in cls.positional
            continue
        if forced:
            pair = special[name].pair
            value, text = draw(pair, label=name) if isinstance(pair, st.SearchStrategy) else pair
        else:
            value, text = draw(special[name] if name in special else of_kind(option, axes), label=name)
        values[name] = value
        placed = by_place and name in cls.positional and cls.positional.index(name) == len(written)
        if not placed or draw(st.booleans()):
            by_place = False
            text = f"{name.rstrip('_')} = {text}"
        written.append(text)
    return Drawn(values, f"({', '.join(written)})" if written else "")


def of_kind(option: Option, axes: int) -> st.SearchStrategy[tuple[Any, str]]:
    return _KINDS[option.kind](option, axes)


def _pairs(strategy: st.SearchStrategy[Any]) -> st.SearchStrategy[tuple[Any, str]]:
    return strategy.map(lambda value: (value, literal(value)))


def literal(value: Any) -> str:
    """A value as a spec writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, tuple):
        return "x".join(map(str, value))
    return str(value)


def _size(option: Option, axes: int) -> st.SearchStrategy[tuple[Any, str]]:
    least = int(option.least or 1)
    return _pairs(st.integers(least, least + 5))


def _extent(option: Option, axes: int) -> st.SearchStrategy[tuple[Any, str]]:
    least = int(1 if option.least is None else option.least)
    one = st.integers(least, least + 3)
    wrong = st.sampled_from([n for n in (2, 3) if n != axes]).flatmap(lambda n: st.tuples(*[one] * n))
    each = st.tuples(*[one] * axes) if axes > 1 else one
    return _pairs(st.one_of(one, one, one, one, each, each, each, each, wrong))


def _padding(option: Option, axes: int) -> st.SearchStrategy[tuple[Any, str]]:
    return st.one_of(_extent(option, axes), _extent(option, axes), _pairs(st.sampled_from(option.choices)))


def _integer(option: Option, axes: int) -> st.SearchStrategy[tuple[Any, str]]:
    least = -3 if option.least is None else int(option.least)
    return _pairs(st.integers(least, min(least + 4, int(option.most or least + 4))))


def _real(option: Option, axes: int) -> st.SearchStrategy[tuple[Any, str]]:
    bounds = [bound for bound in (option.least, option.most) if bound is not None]
    usual = [value for value in (-1.5, 0.0, 1e-05, 0.1, 0.75, 1.0, 3.0) if _within(value, option)]
    return _pairs(st.sampled_from([*map(float, bounds), *usual]))


def _within(value: float, option: Option) -> bool:
    return (option.least is None or value >= option.least) and (option.most is None or value <= option.most)


def _choice(option: Option, axes: int) -> st.SearchStrategy[tuple[Any, str]]:
    return _pairs(st.sampled_from(option.choices))


_KINDS: dict[str, Any] = {
    "size": _size,
    "extent": _extent,
    "padding": _padding,
    "integer": _integer,
    "real": _real,
    "flag": lambda option, axes: _pairs(st.booleans()),
    "word": _choice,
    "role": _choice,
    "init": lambda option, axes: st.sampled_from(INITS).map(lambda text: (text, text)),
}


def divisors(number: int) -> st.SearchStrategy[tuple[int, str]]:
    """Mostly what divides, sometimes not: both answers must agree with torch."""
    good = [d for d in range(1, number + 1) if number % d == 0]
    return _pairs(st.sampled_from([*good, *good, *good, number + 1, 5]))
