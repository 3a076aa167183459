"""Types of values: maps @ space over time. The batch is not part of a type."""

from __future__ import annotations

from typing import Any, Final, NamedTuple, NoReturn

from netspec.ir.sizes import Formula, Size, product, text


class Unknown:
    """A size that is not known yet, inside a recurrence; the result of arithmetic with it is unknown too."""

    __slots__ = ()

    def _same(self, *_: Any) -> Unknown:
        return self

    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __floordiv__ = __rfloordiv__ = _same
    __mod__ = __rmod__ = __pow__ = __rpow__ = __truediv__ = __rtruediv__ = __neg__ = _same

    def __lt__(self, other: object) -> bool:
        return False

    __gt__ = __le__ = __ge__ = __lt__

    def __str__(self) -> str:
        return "?"

    __repr__ = __str__


UNKNOWN: Final[Any] = Unknown()


class Time(NamedTuple):
    """The time axis: at most `length` steps. `varying` names the lengths if examples have their own."""

    length: Size
    varying: str = ""

    def __str__(self) -> str:
        return f"over {'up to ' if self.varying else ''}{text(self.length)}"


class Type(NamedTuple):
    """`maps @ space [over time]`, or class indices if `classes` is set (`maps` is then 1).

    Tensor layout: (B, [T,] maps, *space), without space (B, [T,] maps); class indices have no maps axis:
    (B, [T,] *space).
    """

    maps: Size
    space: tuple[Size, ...] = ()
    time: Time | None = None
    classes: Size | None = None

    @property
    def values(self) -> Size:
        """The number of values in a time step."""
        return self.maps * product(self.space)

    @property
    def step(self) -> Type:
        """The type of a single time step."""
        return self if self.time is None else self._replace(time=None)

    def over(self, time: Time | None) -> Type:
        return self if self.time is time else self._replace(time=time)

    @property
    def known(self) -> bool:
        space: Any = self.space
        if self.maps is UNKNOWN or space is UNKNOWN or self.time is UNKNOWN:
            return False
        for size in space:  # noqa: SIM110 asked of every value of a net: a generator would take three times as long
            if size is UNKNOWN:
                return False
        return True

    @property
    def open(self) -> bool:
        """Whether a size depends on names that are not set."""
        sizes = [self.maps, *self.space, self.classes, None if self.time is None else self.time.length]
        return any(isinstance(size, Formula) for size in sizes)

    def __str__(self) -> str:
        return type_text(self)


UNKNOWN_TYPE: Final = Type(UNKNOWN, UNKNOWN, UNKNOWN)


def type_text(value: Type) -> str:
    """Format a type as in a spec: `64@56x56`, `K @ S x S`, `one of 65 over 128`."""
    over = ""
    if value.time is not None:
        over = " over ?" if isinstance(value.time, Unknown) else f" {value.time}"
    space = "?" if isinstance(value.space, Unknown) else space_text(value.space)
    if value.classes is not None:
        at = f" @ {space}" if space else ""
        return f"one of {text(value.classes)}{at}{over}"
    if not space:
        return f"{text(value.maps)}{over}"
    tight = not isinstance(value.maps, Formula) and " " not in space
    return f"{text(value.maps)}{'@' if tight else ' @ '}{space}{over}"


def space_text(sizes: tuple[Size, ...]) -> str:
    tight = not any(isinstance(size, Formula) for size in sizes)
    return ("x" if tight else " x ").join(text(size) for size in sizes)


class ShapeFault(Exception):
    """A step cannot take its inputs. Holds a code, the option or input to underline, and the words of the message."""

    def __init__(self, code: str, *, option: str = "", input: int = -1, hint: str = "", **words: Any) -> None:
        super().__init__(code)
        self.code = code
        self.option = option
        self.input = input
        self.hint = hint
        self.words = words


def refuse(code: str, *, option: str = "", input: int = -1, hint: str = "", **words: Any) -> NoReturn:
    """Raise ShapeFault. `option` or `input` says what to underline, `hint` which help line to show."""
    raise ShapeFault(code, option=option, input=input, hint=hint, **words)
