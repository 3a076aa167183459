"""The only broadcasting rule of the language: how `+ - * &` combine two types.

One side must have every role (space, time) of the other; along a role that the other lacks, it is repeated. The sizes
of common roles must be equal, and so must the maps; `&` adds the maps. Nothing else is stretched: `1` and `3` do not
fit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netspec.compute.arrays import Array
from netspec.ir.sizes import text
from netspec.ir.types import Time, Type, Unknown, refuse, space_text


def merge(sign: str, left: Type, right: Type, adds_maps: bool = False, position: int = 1) -> Type:
    """Return the type of `left sign right`; raise ShapeFault with what differs.

    `position`: which of several inputs `right` is, if `left` is the result of all inputs before it.
    """
    for place, value in ((0, left), (position, right)):
        if value.classes is not None:
            refuse("NS305", input=place, step=sign, type=str(value))
    if left.space and right.space and left.space != right.space:
        _differ(sign, left, right, position, "space", space_text(left.space), space_text(right.space))
    if not adds_maps and left.maps != right.maps:
        _differ(sign, left, right, position, "maps", left.maps, right.maps)
    time = _time(sign, left, right, position)
    if (left.space and not right.space and right.time and not left.time) or (
        right.space and not left.space and left.time and not right.time
    ):
        refuse("NS303", input=position, sign=sign, left=str(left), right=str(right))
    maps: Any = left.maps + right.maps if adds_maps else left.maps
    return Type(maps, left.space or right.space, time)


def _time(sign: str, left: Type, right: Type, position: int) -> Time | None:
    if left.time is None or right.time is None:
        return left.time or right.time
    if left.time != right.time:
        if left.time.length == right.time.length:
            refuse("NS304", input=position, sign=sign, left=str(left), right=str(right))
        _differ(sign, left, right, position, "time", left.time.length, right.time.length)
    return left.time


def _differ(sign: str, left: Type, right: Type, position: int, axis: str, a: Any, b: Any) -> None:
    hint = ""
    if axis == "maps" and 1 in (left.maps, right.maps):
        hint = "expand"
    elif axis == "maps":
        hint = "project"
    factor = _times(left, right) if axis == "space" else 0
    if factor:
        hint = "upsample"
    wide = right.maps if left.maps == 1 else left.maps
    refuse(
        "NS302",
        input=position,
        hint=hint,
        sign=sign,
        left=str(left),
        right=str(right),
        axis=axis,
        a=a if isinstance(a, str) else text(a),
        b=b if isinstance(b, str) else text(b),
        sizes=next(((x, y) for x, y in zip(left.space, right.space, strict=False) if x != y), (a, b))
        if axis == "space"
        else (a, b),
        wide=text(wide),
        factor=factor,
    )


def _times(left: Type, right: Type) -> int:
    """Return by which whole factor one space is larger than the other, equal for all axes; 0 if there is none."""
    pairs = [
        (max(a, b), min(a, b)) for a, b in zip(left.space, right.space) if isinstance(a, int) and isinstance(b, int)
    ]
    factors = {large // small if large % small == 0 else 0 for large, small in pairs}
    turned = len({a > b for a, b in zip(left.space, right.space)}) > 1
    return (
        factors.pop() if len(factors) == 1 and len(pairs) == len(left.space) == len(right.space) and not turned else 0
    )


def merge_partial(left: Type, right: Type, adds_maps: bool = False) -> Type:
    """As `merge`, inside a recurrence, where a side may be unknown: take each role from the side that knows it."""
    maps: Any = left.maps + right.maps if adds_maps else _known(left.maps, right.maps)
    return Type(maps, _role(left.space, right.space), _role(left.time, right.time))


def _role(first: Any, second: Any) -> Any:
    """Combine space or time of two sides: take it from the known side; if both are known, from the one that has it."""
    if isinstance(first, Unknown) or isinstance(second, Unknown):
        return _known(first, second)
    return first or second


def _known(first: Any, second: Any) -> Any:
    return second if isinstance(first, Unknown) else first


def align(own: Type, result: Type, slot: str) -> str:
    """Return the code that gives a value the axes it lacks: `{0}[:, :, None, None]`."""
    needs_time = result.time is not None and own.time is None
    missing = 0 if own.space else len(result.space)
    if not needs_time and not missing:
        return slot
    tail = ", None" * missing
    if needs_time:
        return f"{slot}[:, None, ...{tail}]" if missing else f"{slot}[:, None]"
    return f"{slot}[...{tail}]"


def shared_axes(values: Sequence[Array], types: Sequence[Type]) -> list[Array]:
    """Give values (B, [T,] C, *space) the time and space of all; they are repeated along axes that they lack."""
    steps = next((x.shape[1] for x, own in zip(values, types, strict=True) if own.time is not None), 0)
    timed = [x if own.time or not steps else x.add_axis(1, steps) for x, own in zip(values, types, strict=True)]
    axes = 3 if steps else 2
    space = next((x.shape[axes:] for x in timed if len(x.shape) > axes), ())
    found = []
    for x in timed:
        for size in space if len(x.shape) == axes else ():
            x = x.add_axis(-1, size)
        found.append(x)
    return found
