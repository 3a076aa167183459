"""What an operation is: one class, whose fields are its options in the language.

A subclass declares its options with `option(...)` and says
- `shape`       the type it makes of its inputs (raises ShapeFault with the arithmetic);
- `weights`     what it stores, by name, shape and initial distribution;
- `torch`       its lowering as data: a constructor call and a forward expression;
- traits        what generic code must know of it: it never asks for an operation's name.
An operation that acts on each time step alone (most do) is asked about one time step: the elaborator
takes time off its inputs and puts it back.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from math import prod
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NamedTuple, dataclass_transform

from netspec.compute.arrays import Array
from netspec.ir.call import Call
from netspec.ir.marks import Mark, Marking, Template, marking, shown
from netspec.ir.sizes import Formula, Size
from netspec.ir.types import UNKNOWN, Type, refuse, space_text

Kind = Literal[
    "size",  # one size >= 1: 3, K, 4*d
    "extent",  # a size for each axis of space: 2, 2x2
    "padding",  # an extent that may be 0, or a word such as same
    "integer",
    "real",
    "flag",
    "word",  # one of `choices`
    "role",  # maps, space or time
    "init",  # normal(0, 0.02), he, zeros
    "layer",  # another layer's name
    "tie",  # a layer, or transpose(layer)
    "list",
    "text",
    "type",
]

# A node's kind where it is no operation: the net's input, a block's input, `a[t-1]`, time turned round.
Structure = Literal["", "input", "port", "delay", "flip"]

REQUIRED: Any = object()


class Option(NamedTuple):
    """One option: its kind, meaning and bounds."""

    kind: str
    about: str
    default: Any = REQUIRED
    least: float | None = None
    most: float | None = None
    choices: Collection[str] = ()
    name: str = ""
    dotted: bool = False  # `init.bias = 1` reaches one part of it
    mark: Marking | None = None  # what a figure must show of it
    above: float | None = None  # as `least`, but not allowed itself
    length: int | None = None  # how many items a list has
    written: bool = True  # False: the syntax itself gives it, as the number before `perceptrons`

    def out_of_bounds(self, value: Any) -> tuple[str, dict[str, Any]] | None:
        """The code and words of what is wrong with a value; None where it is within the bounds."""
        if self.length is not None and isinstance(value, tuple) and len(value) != self.length:
            return "NS777", {"name": self.shown, "count": len(value), "wanted": self.length}
        for item in value if isinstance(value, tuple) else (value,):
            if isinstance(item, int | float | Formula) and not isinstance(item, bool):
                below = (self.least is not None and item < self.least) or (
                    self.above is not None and item <= self.above
                )
                if below or (self.most is not None and item > self.most):
                    return self._bounds(item, below)
        return None

    def __get_pydantic_core_schema__(self, source: Any, handler: Any) -> Any:
        """In the type of a pydantic field: a value out of bounds is an error whose type is the code."""
        from pydantic_core import PydanticCustomError, core_schema

        def check(value: Any) -> Any:
            wrong = self.out_of_bounds(value)
            if wrong is not None:
                raise PydanticCustomError(wrong[0], "out of bounds", wrong[1])
            return value

        return core_schema.no_info_after_validator_function(check, handler(source))

    def _bounds(self, value: Any, below: bool) -> tuple[str, dict[str, Any]]:
        bounds = {"least": self.least, "above": self.above, "most": self.most}
        words = {"value": plain_number(value)}
        words |= {name: "" if bound is None else plain_number(bound) for name, bound in bounds.items()}
        if self.above is not None and below:
            return "NS750", words
        return "NS419" if self.least is not None and self.most is not None else "NS420" if below else "NS421", words

    @property
    def required(self) -> bool:
        return self.default is REQUIRED

    @property
    def shown(self) -> str:
        """Its name in the language: a field `weights_` is the option `weights`."""
        return self.name.rstrip("_")


def plain_number(number: Any) -> str:
    """A number as people write it: 10,000,000 and not 1e+07."""
    if isinstance(number, Formula):
        return str(number)
    return f"{int(number):,}" if number == int(number) and abs(number) < 1e15 else f"{number:g}"


def option(
    kind: Kind,
    about: str,
    *,
    mark: Marking | Template | None = None,
    default: Any = REQUIRED,
    least: float | None = None,
    most: float | None = None,
    choices: tuple[str, ...] = (),
    dotted: bool = False,
    written: bool = True,
) -> Any:
    """Declares a field of an operation as an option of the language.

    Parameters:
        kind: how its value is read.
        about: what it means, for the documents.
        mark: what a figure must show of it: `structure("stride {}")`, `kind({False: "no bias"})`, `unseen("numerical
            safety", "ε {}")` or TITLE, of `netspec.ir.marks`. Words alone are of an option that changes the
            structure. Without a decision the class cannot be made.
        default: its value when left out; without one it must be given.
        least: the smallest number allowed.
        most: the largest number allowed.
        choices: the words allowed.
        dotted: `init.bias = 1` reaches one part of it.
        written: False where the syntax itself gives it, as the number before `perceptrons`.

    Returns:
        The option; in an instance the field holds its value.

    Raises:
        TypeError: when the class is made, where `mark` is missing or `kind` is unknown.

    Example:
        >>> from netspec import Op, option
        >>> from netspec.ir.marks import structure
        >>> class Every(Op):
        ...     name = "every"
        ...     gap: int = option("integer", "take each n-th value", default=1, mark=structure("every {}"))
        >>> Every(gap=3).marks()[0].text
        'every 3'
    """
    decided = None if mark is None else marking(mark)
    return Option(kind, about, default, least, most, choices, dotted=dotted, mark=decided, written=written)


class Init(NamedTuple):
    """A distribution of initial values: `uniform(a, b)`, `normal(mean, std)`, `constant(v)`, or a rule
    of the field (`he`, `xavier`, …) that needs the fan; `numbers` are its arguments."""

    name: str
    numbers: tuple[float, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{number:g}' for number in self.numbers)})" if self.numbers else self.name


class Weight(NamedTuple):
    """A stored array: name, shape, and where its initial values come from."""

    name: str
    shape: tuple[Size, ...]
    init: Init
    buffer: bool = False
    fan_in: Size = 0  # how many values each result sums up; 0: it sums up none
    fan_out: Size = 0
    fans: tuple[int, ...] = ()  # where each row of the array has its own fan_in
    given: tuple[Any, ...] = ()  # the values themselves, nested as the shape
    integer: bool = False  # torch's num_batches_tracked, which no count includes

    @property
    def total(self) -> Size:
        return prod(self.shape)

    @property
    def part(self) -> str:
        """What `init.` calls it: `weight` or `bias`."""
        return self.name.rpartition(".")[2].partition("_")[0]


Argument = int | float | bool | str | None | Formula | tuple[Any, ...]
NOTHING: Mapping[str, Argument] = MappingProxyType({})


class Part(NamedTuple):
    """A class or function that the emitted source carries along, as text; `needs` come before it."""

    name: str
    source: str
    needs: tuple[Part, ...] = ()


class Construct(NamedTuple):
    """A constructor call: `nn.Conv2d(3, 64, 7, stride=2)`. `call` is in torch.nn or the name of a part.

    `kwargs` holds every option with its value; those that equal their entry in `defaults` are not written.
    """

    call: str
    args: tuple[Argument, ...] = ()
    kwargs: Mapping[str, Argument] = NOTHING
    defaults: Mapping[str, Argument] = NOTHING


class Lowering(NamedTuple):
    """How an operation is written in PyTorch.

    `forward` is an expression: `{self}` the constructed module, `{x}` the input (`{0}`, `{1}` where
    there are several), `{batch}`, `{device}` and `{dtype}` what a value made of none should have, other braces
    the entries of `values`. `folds`: it knows one leading axis, so a
    time axis is folded into the batch around it. `ahead`: an expression that a recurrence works out once, before
    its loop, where what it reads stands outside; `{ahead}` is its value.
    `shared`: the expression without an axis for the batch, where it is the same for all examples and its readers
    don't mind.
    """

    forward: str
    module: Construct | None = None
    values: Mapping[str, Argument] = NOTHING
    parts: tuple[Part, ...] = ()
    folds: bool = False
    ahead: str = ""
    shared: str = ""


class Remark(NamedTuple):
    """Something an operation warns of: a code of the catalogue and its words; the step and its input are added."""

    code: str
    words: Mapping[str, Any]
    edge: bool = False  # it is about the rows at an edge: padding may be lost, and a line's `is` says it is meant


class Windows(NamedTuple):
    """How an operation slides over space, a number for each axis.

    Attributes:
        kernel: the sizes of a window; empty where the windows are as even as they can be.
        stride, dilation, pad: as in the options of filters.
        even: for even windows, how many there are and how many places they share.
        turned: each value read is written into a window, instead of a window into each value.
    """

    kernel: tuple[Size, ...]
    stride: tuple[Size, ...] = ()
    dilation: tuple[Size, ...] = ()
    pad: tuple[Size, ...] = ()
    even: tuple[tuple[Size, Size], ...] = ()
    turned: bool = False

    def read(self, axis: int, place: int) -> range:
        """The places along an axis that the window of a place reads, those in the padding included (bound sizes)."""
        if self.even:
            count, size = map(int, self.even[axis])  # type: ignore[arg-type]
            return range(place * size // count, -(-(place + 1) * size // count))
        of_axis = (self.kernel[axis], self.stride[axis], self.dilation[axis], self.pad[axis])
        kernel, stride, dilation, pad = map(int, of_axis)  # type: ignore[arg-type]
        first = place * stride - pad
        return range(first, first + dilation * kernel, dilation)


# What becomes of a single unit, a value of a step: `new` units are made; `same` unit, same value; `each` value is
# changed by itself; `across`: unit k stays unit k but depends on others; `order`: the same values in another
# arrangement; `select`: some of the units.
Effect = Literal["new", "same", "each", "across", "order", "select"]
# How new units are wired to what is read: to all of it, to a window, to one unit of each input, side by side.
Wiring = Literal["none", "full", "window", "pair", "side"]
Family = Literal[
    "dense", "filters", "pool", "attention", "recurrent", "embed", "norm", "activation", "arithmetic", "rearrange",
    "regulariser", "source", "other",
]  # fmt: skip


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(option,))
class Op:
    """An operation: one step of a chain, such as `relu` or `6 filters 5x5`.

    A subclass declares its options as fields (`netspec.option`) and says `shape`, `weights`, `torch` and `compute`;
    its traits, such as `effect` and `wiring`, say what generic code must know of it. Instances are values: two are
    equal when their classes and options are.

    Attributes:
        name: what a spec calls it.
        summary: what it does, in one English phrase: the documents show it.
        example: a call of it, where its name alone is none.
        inputs: how many values it takes; None: two or more.

    Example:
        >>> from netspec.ir.operation import Elementwise
        >>> class Double(Elementwise):
        ...     name = "double"
        ...     summary = "twice the value"
        ...     call = "2 * {x}"
        >>> netspec.register(Double)
        <class ...Double'>
        >>> net = netspec.parse("net n {\\n  input  x: 3\\n  output y: x -> double\\n}").net()
        >>> "y: Tensor = 2 * x" in net.source()
        True
    """

    name: ClassVar[str] = ""
    summary: ClassVar[str] = ""
    formula: ClassVar[str] = ""
    source: ClassVar[str] = ""
    example: ClassVar[str] = ""
    options: ClassVar[dict[str, Option]] = {}
    required: ClassVar[tuple[str, ...]] = ()  # those of the options that have no default
    positional: ClassVar[tuple[str, ...]] = ()
    inputs: ClassVar[int | None] = 1  # how many values it takes; None: two or more
    structure: ClassVar[Structure] = ""  # what kind of node it makes where that is no operation
    delay: int = 0  # how many time steps ago it reads its first input
    begins: ClassVar[bool] = False  # begins a chain without a source (learned, zeros, noise)
    broadcasts: ClassVar[bool] = False  # torch stretches its inputs against each other, the axis of the batch too
    norm: ClassVar[bool] = False  # never a line's main step while another is weighted
    noun: ClassVar[bool] = False
    depth: ClassVar[int] = 0  # what it adds to the depth of a path
    varying: ClassVar[bool] = True  # right on batches of different lengths
    inherits: ClassVar[Mapping[str, tuple[str, ...]]] = MappingProxyType({})  # options it takes from a noun's default
    reserved: ClassVar[tuple[str, ...]] = ()  # options that a later version will have
    init_parts: ClassVar[tuple[str, ...]] = ("weight", "bias")  # what `init.NAME` may speak of
    # its title in English and Korean, with options in braces; its name and the values of TITLE options when left out
    titles: ClassVar[tuple[str, str]] = ("", "")

    # ---- traits: what generic code asks instead of a name

    effect: ClassVar[Effect] = "new"
    family: ClassVar[Family] = "other"
    activation: ClassVar[str] = ""  # how figures and formulas write it where it is one: σ, ReLU
    circle: ClassVar[str] = ""  # the sign in the circle that figures draw for it: + × &
    linear: ClassVar[bool] = False  # two sums with nothing but this between them are one (NS330)
    probabilities: ClassVar[bool] = False  # its values lie between 0 and 1, made from sums
    averages: ClassVar[bool] = False  # probabilities that go in come out mixed: no sums stand behind the result
    mixes_batch: ClassVar[bool] = False  # examples of a batch change each other; batchnorm alone does
    blocks_gradient: ClassVar[bool] = False  # `stop` alone: a loss must not look through it
    fills: ClassVar[bool] = False  # `pad` alone: rows it adds may be left unread
    carries: ClassVar[bool] = False  # `carried` alone: the state of the batch before is the caller's to keep

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        own: dict[str, Option] = {}
        for name, value in list(vars(cls).items()):
            if isinstance(value, Option):
                if hasattr(Op, name):
                    raise TypeError(
                        f"{cls.__name__}: no option can be called {name!r}, because Op has an attribute of that name; "
                        f"a field {name}_ is the option {name} in the language"
                    )
                if value.mark is None:
                    raise TypeError(
                        f"{cls.__qualname__}: option {name!r} does not say what a figure must show of it; give mark=, "
                        'such as mark="stride {}", mark=kind(…), mark=unseen("the reason", …) or mark=TITLE'
                    )
                own[name] = value._replace(name=name)
                delattr(cls, name)
        cls.options = {**cls.options, **own}
        cls.required = tuple(name for name, declared in cls.options.items() if declared.required)
        cls._standard = {name: declared.default for name, declared in cls.options.items()}

    _standard: ClassVar[dict[str, Any]] = {}

    def __init__(self, **values: Any) -> None:
        store = self.__dict__
        store.update(self._standard)
        store.update(values)
        for name in self.required:
            if store[name] is REQUIRED:
                raise TypeError(f"{self.name}: option {name!r} is required")
        if len(store) > len(self._standard):
            wrong = next(name for name in values if name not in self._standard)
            raise TypeError(f"{self.name}: no option {wrong!r}")

    def __setattr__(self, name: str, value: object) -> None:
        raise AttributeError(f"{self.name} is frozen")

    def __eq__(self, other: object) -> bool:
        return type(self) is type(other) and self.__dict__ == other.__dict__

    def __hash__(self) -> int:
        store = self.__dict__  # what an operation must be told parts it from most others
        return hash((self.name, *[store[name] for name in self.required]))

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{name}={getattr(self, name)!r}"
            for name, declared in self.options.items()
            if getattr(self, name) is not declared.default
        )
        return f"{type(self).__name__}({shown})"

    # ---- what subclasses say

    @property
    def over_time(self) -> bool:
        """Whether it looks at more than one time step; then it sees types with their time."""
        return False

    def shape(self, *inputs: Type) -> Type | tuple[Type, ...]:
        """The type of the output; by default that of the only input."""
        return inputs[0]

    def partial(self, *inputs: Type) -> Type:
        """The type as far as it is known while an input inside a recurrence is not."""
        return Type(UNKNOWN, UNKNOWN, UNKNOWN if self.over_time else inputs[0].time)

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        """What it stores, trained or not, for inputs of these types."""
        return ()

    def torch(self, *inputs: Type) -> Lowering:
        """How it is written in PyTorch: the module that it needs, and the expression of its result."""
        raise NotImplementedError(f"{self.name} has no lowering")

    def compute(self, call: Call, *inputs: Array) -> Array | tuple[Array, ...] | None:
        """What it computes, written down with the arrays of `netspec.compute`; `netspec.ir.call.applied` asks.

        Parameters:
            call: the types of the inputs, the stored arrays, whether this is a training pass.
            inputs: values (B, C, *space), and (B, T, C, *space) where it looks at several time steps.

        Returns:
            Its results in the same layout; None where they cannot be computed (callers answer with NS729).
        """
        return None

    def title(self, lang: str = "en") -> str:
        """What it is, in the words of a figure: `64 filters 3×3`, `LSTM, 128 units`."""
        template = self.titles[lang == "ko"] or self.titles[0]
        if template:
            return template.format_map({name: shown(value) for name, value in self.__dict__.items()}).strip()
        values = [shown(self.__dict__[name]) for name, declared in self.options.items() if _titled(declared)]
        return " ".join(filter(None, [self.name, *values]))

    def marks(self, lang: str = "en", *inputs: Type) -> tuple[Mark, ...]:
        """What must be seen of its options beside the title; those that have their standard value say nothing.

        Parameters:
            lang: `en` or `ko`.
            inputs: the types of its inputs, where they are known: as many groups as maps are called depthwise.

        What it shares with other steps (tied, frozen, the same weights) is a fact of the node: `node_marks`.
        """
        found = []
        for name, declared in self.options.items():
            assert declared.mark is not None
            is_a, rank = declared.mark.is_a, declared.mark.rank
            listed = declared.kind == "list"
            said, translated = declared.mark.words(lang, self.__dict__[name], declared.default, listed)
            if said:
                found.append(Mark(name, is_a, said, rank, translated))
        return tuple(found)

    def macs(self, inputs: tuple[Type, ...], outputs: tuple[Type, ...]) -> Size:
        """Multiply-adds for one example, by torch.utils.flop_counter's convention (FLOPs = 2x)."""
        return 0

    @property
    def parts(self) -> int:
        """How many values it hands on, as far as its options say: counted before they are made."""
        return 1

    @property
    def bare(self) -> bool:
        """Whether its one array is an nn.Parameter of the class it stands in, and no module holds it."""
        return False

    def unstored(self, part: str) -> str:
        """The option, as a spec writes it, because of which `weight` or `bias` is not stored here; "" for none.

        Example:
            >>> from netspec.ops.registry import operation
            >>> operation("perceptrons")(units=(3,), bias=False).unstored("bias")
            'bias = false'
        """
        values = self.__dict__
        if part == "weight" and values.get("tie") is not None:
            return "tie"
        if values.get("weights_") is not None:
            return "weights"
        flags = ("affine", "project", *(("bias",) if part == "bias" else ()))
        return next((f"{name} = false" for name in flags if values.get(name, True) is False), "")

    def layers(self) -> int:
        """What it adds to the depth of a path."""
        return self.depth

    # ---- traits that an option may decide

    @property
    def wiring(self) -> Wiring:
        return "none"

    @property
    def weighted_sum(self) -> bool:
        """Whether each new unit is a weighted sum of all maps that it reads."""
        return False

    @property
    def stored(self) -> Literal["", "out_in", "in_out"]:
        """How its matrix lies in `weight`: a row for each unit it makes, or for each that it reads."""
        return ""

    @property
    def draws(self) -> Literal["", "training", "always"]:
        """When it draws random numbers."""
        return ""

    @property
    def squashes(self) -> Literal["", "sigmoid", "softmax"]:
        """What a loss may undo, to compute from the sums before it."""
        return ""

    @property
    def dense(self) -> bool:
        """Whether each new unit is a weighted sum of everything that it reads."""
        return self.weighted_sum and self.wiring == "full"

    @property
    def alias(self) -> bool:
        """Whether it hands its input on as it is, gradient included, in every pass."""
        return self.effect == "same" and not self.draws and not self.blocks_gradient

    def looks_across_time(self, position: int, count: int) -> bool:
        """Whether it looks at several time steps of one of its `count` inputs."""
        return self.over_time

    def windows(self, value: Type) -> Windows | None:
        """How it slides over the space of a value; None where it does not."""
        return None

    def joins_maps(self, target: int, source: int, maps: int) -> bool:
        """Whether map `target` of its result reads map `source` of `maps`, where it slides over space."""
        return target == source

    def sets_initial(self, part: str) -> bool:
        """Whether the spec says with `init` where a stored array begins."""
        return False

    # ---- words

    def label(self, lang: str, output: Type) -> str:
        """The few words that a box says of the step; "" stands for its word in the language."""
        return ""

    def equation(self, inner: list[str], fresh: Callable[[str, str], str], *inputs: Type) -> str | None:
        """The step as a textbook writes it; None: its word and brackets.

        Parameters:
            inner: the expressions of its inputs.
            fresh: gives the symbol of a stored array a name of its own, from the symbol and a text of its shape.
            inputs: the types of its inputs.
        """
        return None

    def remarks(self, *inputs: Type) -> tuple[Remark, ...]:
        """What a warning should say of it."""
        return ()


def _titled(declared: Option) -> bool:
    return declared.mark is not None and declared.mark.titled


class Elementwise(Op):
    """An operation on each value alone: the type stays, nothing is stored."""

    effect: ClassVar[Effect] = "each"
    call: ClassVar[str] = ""  # the torch expression, `{x}` the input

    def value_of(self, s: Any) -> Any:
        """What becomes of one value `s`, by its operators and the methods of `netspec.compute.formula.Numbers`."""
        return None

    def compute(self, call: Call, *inputs: Array) -> Array | tuple[Array, ...] | None:
        return None if self.value_of(inputs[0]) is None else inputs[0].each(self.value_of)

    def partial(self, *inputs: Type) -> Type:
        return inputs[0]

    def shape(self, *inputs: Type) -> Type:
        wants_values(self, inputs[0])
        return inputs[0]

    def torch(self, *inputs: Type) -> Lowering:
        return Lowering(self.call)


def wants_values(op: Op, *inputs: Type) -> None:
    """Refuses class indices: `one of K` must become numbers first."""
    for position, value in enumerate(inputs):
        if value.classes is not None:
            refuse("NS305", input=position, step=op.name, type=str(value))


def extent(value: Size | tuple[Size, ...], space: tuple[Size, ...], name: str) -> tuple[Size, ...]:
    """One size for each axis of space: `2` stands for all of them."""
    axes = len(space)
    if not isinstance(value, tuple):
        return (value,) * axes
    if len(value) != axes:
        refuse("NS306", option=name, given=len(value), axes=axes, name=name, space=space_text(space))
    return value


def plain(values: Iterable[Size]) -> tuple[Any, ...]:
    """Sizes on their way into source: numbers, or formulas of the sizes of a class."""
    return tuple(values)


def listed(sizes: Iterable[Size], name: str = "size") -> tuple[str, dict[str, Argument]]:
    """`{size0}, {size1}` for a template, and what its slots stand for."""
    values: dict[str, Argument] = {f"{name}{number}": size for number, size in enumerate(sizes)}
    return ", ".join(f"{{{slot}}}" for slot in values), values


def squeeze(values: Iterable[Size]) -> Any:
    """`(2, 2)` as a person writes it: 2."""
    sizes = plain(values)
    return sizes[0] if len(set(sizes)) == 1 else sizes


__all__ = [
    "REQUIRED",
    "Argument",
    "Callable",
    "Construct",
    "Elementwise",
    "Formula",
    "Init",
    "Kind",
    "Lowering",
    "Op",
    "Option",
    "Part",
    "Weight",
    "extent",
    "listed",
    "option",
    "plain",
    "squeeze",
    "wants_values",
]
