"""The base class of operations. The fields of an operation are its options in a spec.

A subclass declares its options with `option(...)` and defines
- `shape`       the output type for given input types (raises ShapeFault with the arithmetic);
- `weights`     the stored arrays: name, shape and initial distribution;
- `torch`       the PyTorch code as data: a constructor call and a forward expression;
- traits        facts that generic code asks for, so that it never compares the name of an operation.
Most operations act on each time step alone. They see a single time step: the elaborator removes time from
their inputs and restores it in the result.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Collection, Iterable, Mapping
from math import prod
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NamedTuple, dataclass_transform

from netspec.compute.arrays import Array
from netspec.compute.formula import Symbol, image
from netspec.ir.call import Call
from netspec.ir.marks import Mark, Marking, Template, marking, ordinal, shown
from netspec.ir.sizes import Formula, Size
from netspec.ir.types import UNKNOWN, Type, refuse, space_text

Kind = Literal[
    "size",  # one size >= 1: 3, K, 4*d
    "extent",  # one size for each axis of space: 2, 2x2
    "padding",  # as extent, but 0 is allowed, and words such as `same`
    "integer",
    "real",
    "flag",
    "word",  # one of the words in `choices`
    "role",  # maps, space or time
    "init",  # normal(0, 0.02), he, zeros
    "layer",  # the name of another layer
    "tie",  # a layer, or transpose(layer)
    "list",
    "text",
    "type",
    "argument",  # a number, text, flag or list that a class of another package takes
]

# The kind of a node that is not an operation: an input of the net, an input of a block, `a[t-1]`, reversed time.
Structure = Literal["", "input", "port", "delay", "flip"]

REQUIRED: Any = object()


class Option(NamedTuple):
    """The declaration of one option: its kind, meaning and bounds."""

    kind: str
    about: str
    default: Any = REQUIRED
    least: float | None = None
    most: float | None = None
    choices: Collection[str] = ()
    name: str = ""
    dotted: bool = False  # whether a spec may set one part of it, as in `init.bias = 1`
    mark: Marking | None = None  # what a figure must show of it
    above: float | None = None  # an exclusive lower bound (`least` is inclusive)
    length: int | None = None  # the number of items of a list
    written: bool = True  # False if the syntax itself contains the value, such as the number before `perceptrons`

    def out_of_bounds(self, value: Any) -> tuple[str, dict[str, Any]] | None:
        """Check a value against the bounds. Return the code and the words of the mistake, or None."""
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
        """Let pydantic check the bounds of a field with this option; the error type is the code of the mistake."""
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
        """The name of the option in the language: the field `weights_` is the option `weights`."""
        return self.name.rstrip("_")


def plain_number(number: Any) -> str:
    """Format a number as people write it: 10,000,000 and not 1e+07."""
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
    """Declare a field of an operation as an option of the language.

    Parameters:
        kind: which values it takes.
        about: its meaning, for the documentation.
        mark: what a figure must show of it: `structure("stride {}")`, `kind({False: "no bias"})`, `unseen("numerical
            safety", "ε {}")` or TITLE, of `netspec.ir.marks`. A plain string is taken as `structure(…)`. An option
            without a mark is an error when the class is created.
        default: its default value; without one the option is required.
        least: the smallest number allowed.
        most: the largest number allowed.
        choices: the words allowed.
        dotted: whether a spec may set one part of it, as in `init.bias = 1`.
        written: False if the syntax itself contains the value, such as the number before `perceptrons`.

    Returns:
        The option; in an instance the field holds the option's value.

    Raises:
        TypeError: when the class is created, if `mark` is missing or `kind` is unknown.

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
    """A distribution of initial values: `uniform(a, b)`, `normal(mean, std)`, `constant(v)`, or a standard rule (`he`,
    `xavier`, …) that depends on the fan. `numbers` are its arguments.
    """

    name: str
    numbers: tuple[float, ...] = ()

    def __str__(self) -> str:
        return f"{self.name}({', '.join(f'{number:g}' for number in self.numbers)})" if self.numbers else self.name


class Weight(NamedTuple):
    """A stored array: its name, its shape and its initial values."""

    name: str
    shape: tuple[Size, ...]
    init: Init
    buffer: bool = False
    fan_in: Size = 0  # how many values are summed for each result; 0 if none are
    fan_out: Size = 0
    fans: tuple[int, ...] = ()  # the fan_in of each row, if the rows differ
    given: tuple[Any, ...] = ()  # the initial values themselves, nested like the shape
    fixed: bool = False  # counted as a weight, but no gradient changes it
    integer: bool = False  # torch's num_batches_tracked, which is not counted as a weight
    # it stands for all arrays of a class of another package, until that is imported; whether the spec says how many
    outside: Literal["", "counted", "unknown"] = ""

    @property
    def total(self) -> Size:
        return prod(self.shape)

    @property
    def part(self) -> str:
        """Its name after `init.`: `weight` or `bias`."""
        return self.name.rpartition(".")[2].partition("_")[0]


Bounds = tuple[float, float]  # the smallest and the largest value
ANY: Bounds = (-math.inf, math.inf)

Argument = int | float | bool | str | None | Formula | tuple[Any, ...] | list[Any]
NOTHING: Mapping[str, Argument] = MappingProxyType({})


class Part(NamedTuple):
    """A helper class or function that the emitted source contains, as text; the parts in `needs` come before it.

    A part that depends on options is called after what tells it from the parts of its kind that the same source has.

    Attributes:
        name: its name; of a part that has a `kind`, one that says all options in use: equal names are equal code.
        source: its text.
        needs: parts that it uses.
        kind: its name with `{}` for words: `{}Attention`; "" for a part whose name stays.
        words: the options in use, as words for the name.
        again: makes its text with another name.
        imports: whether its text is an import, which stands at the head of the source.
    """

    name: str
    source: str
    needs: tuple[Part, ...] = ()
    kind: str = ""
    words: tuple[str, ...] = ()
    again: Callable[[str], str] | None = None
    imports: bool = False


class Construct(NamedTuple):
    """A constructor call: `nn.Conv2d(3, 64, 7, stride=2)`. `call` is a name in torch.nn or the name of a Part.

    `kwargs` holds every option with its value; those that equal their entry in `defaults` are not emitted.
    """

    call: str
    args: tuple[Argument, ...] = ()
    kwargs: Mapping[str, Argument] = NOTHING
    defaults: Mapping[str, Argument] = NOTHING


class Lowering(NamedTuple):
    """The PyTorch code of an operation.

    Attributes:
        forward: an expression with slots. `{self}` is the constructed module, `{x}` the input (`{0}`, `{1}`, … if there
            are several); `{batch}`, `{device}` and `{dtype}` are those of a tensor that is made without an input; other
            slots are entries of `values`.
        module: the constructor call, if the operation needs a module.
        values: the values of the other slots.
        parts: helper classes and functions that the code uses.
        folds: whether the code supports only one leading axis, so that time must be merged into the batch axis.
        ahead: an expression that a recurrence evaluates once, before its loop, if everything it reads is outside the
            loop; `{ahead}` is its value.
        shared: `forward` without a batch axis. It is used if the value is the same for all examples and the operations
            that read it broadcast it.
        onward: `forward` in a net that goes on from one batch to the next: `{counted}` is the number of each time step
            (B, T), counted from the first step of the first batch.
    """

    forward: str
    module: Construct | None = None
    values: Mapping[str, Argument] = NOTHING
    parts: tuple[Part, ...] = ()
    folds: bool = False
    ahead: str = ""
    shared: str = ""
    onward: str = ""


class Remark(NamedTuple):
    """A warning of an operation: a code of the catalogue and its words; the caller adds the step and its input."""

    code: str
    words: Mapping[str, Any]
    # whether it is about rows at an edge: no warning if they are padding, or if the line declares its type by `is`
    edge: bool = False


class Copies(NamedTuple):
    """Copies that an operation makes of its step argument.

    Attributes:
        name: the attribute of its module that holds them.
        number: how many there are, each with weights of its own.
        used: how many of them compute each token.
    """

    name: str
    number: Size
    used: Size


class Chooser(NamedTuple):
    """What a figure says of the two steps of an operation that chooses among copies of its step argument.

    Attributes:
        lines: how it chooses and weighs, the name of this part first.
        made: what it makes of the results of the copies.
        copies: what a copy of each kind is called.
    """

    lines: tuple[str, ...]
    made: str
    copies: tuple[str, ...]


class Kept(NamedTuple):
    """What a step keeps of earlier time steps to compute the next one, in numbers of values.

    Attributes:
        step: how many for each time step, such as keys and values.
        bound: of how many steps at most, the present one included; None without a bound.
        fixed: how many whose number does not grow, such as the state of a recurrence.
    """

    step: Size = 0
    bound: Size | None = None
    fixed: Size = 0


class Windows(NamedTuple):
    """How an operation slides windows over space; each tuple has an entry for each axis.

    Attributes:
        kernel: the size of a window; empty for adaptive windows (`even`).
        stride, dilation, pad: as in the options of filters.
        even: for adaptive windows, how many there are and how many places they cover together.
        turned: True for transposed filters: each input value is spread over a window of the output.
    """

    kernel: tuple[Size, ...]
    stride: tuple[Size, ...] = ()
    dilation: tuple[Size, ...] = ()
    pad: tuple[Size, ...] = ()
    even: tuple[tuple[Size, Size], ...] = ()
    turned: bool = False

    def read(self, axis: int, place: int) -> range:
        """Return the places along an axis that a window reads, padding included; sizes must be set."""
        if self.even:
            count, size = map(int, self.even[axis])  # type: ignore[arg-type]
            return range(place * size // count, -(-(place + 1) * size // count))
        of_axis = (self.kernel[axis], self.stride[axis], self.dilation[axis], self.pad[axis])
        kernel, stride, dilation, pad = map(int, of_axis)  # type: ignore[arg-type]
        first = place * stride - pad
        return range(first, first + dilation * kernel, dilation)


# What the operation does to units (the single values of a step). `new`: it makes new units; `same`: unit and value
# stay; `each`: each value changes independently; `across`: unit k stays unit k but depends on other units; `order`: the
# same values in another arrangement; `select`: some of the units.
Effect = Literal["new", "same", "each", "across", "order", "select"]
# What each new unit reads: nothing, everything, a window, one unit of each input, or one unit of one of the inputs that
# are placed side by side.
Wiring = Literal["none", "full", "window", "pair", "side"]
Family = Literal[
    "dense", "filters", "pool", "attention", "recurrent", "embed", "norm", "activation", "arithmetic", "rearrange",
    "regulariser", "source", "other",
]  # fmt: skip


@dataclass_transform(kw_only_default=True, frozen_default=True, field_specifiers=(option,))
class Op:
    """An operation: one step of a chain, such as `relu` or `6 filters 5x5`.

    A subclass declares its options as fields (`netspec.option`) and defines `shape`, `weights`, `torch` and `compute`.
    Its traits, such as `effect` and `wiring`, tell generic code what it needs to know. Instances are immutable; two are
    equal if their classes and options are equal.

    Attributes:
        name: the name of the step in a spec.
        summary: what it does, in one English phrase for the documentation.
        example: an example of a call, if the name alone is not a valid step.
        inputs: the number of inputs; None means two or more.

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
    required: ClassVar[tuple[str, ...]] = ()  # the options without a default
    declared: ClassVar[str] = ""  # the option whose value is the type that the line declares with `is`
    takes_named: ClassVar[str] = ""  # the option that takes every further one, by its name
    positional: ClassVar[tuple[str, ...]] = ()
    inputs: ClassVar[int | None] = 1  # the number of inputs; None means two or more
    structure: ClassVar[Structure] = ""  # the kind of node that it makes, if it is not an operation
    delay: int = 0  # by how many time steps its first input is delayed
    takes_step: ClassVar[bool] = False  # whether braces after its call hold a step that it applies
    begins: ClassVar[bool] = False  # whether it can begin a chain, without an input (learned, zeros, noise)
    broadcasts: ClassVar[bool] = False  # whether torch broadcasts its inputs, the batch axis included
    norm: ClassVar[bool] = False  # a norm is not the main step of a line that has another step with weights
    noun: ClassVar[bool] = False
    depth: ClassVar[int] = 0  # how much it adds to the depth of a path
    varying: ClassVar[bool] = True  # whether it is correct for batches with different lengths
    inherits: ClassVar[Mapping[str, tuple[str, ...]]] = MappingProxyType({})  # options whose default is that of a noun
    init_parts: ClassVar[tuple[str, ...]] = ("weight", "bias")  # the names allowed after `init.`
    # The title in English and Korean, with options in braces. By default: the name and the values of its TITLE options.
    titles: ClassVar[tuple[str, str]] = ("", "")

    # ---- traits: generic code asks for these instead of comparing names

    effect: ClassVar[Effect] = "new"
    family: ClassVar[Family] = "other"
    activation: ClassVar[str] = ""  # the sign of an activation function in figures and formulas: σ, ReLU
    gathers: ClassVar[Literal["", "sum", "max", "mean"]] = ""  # what it makes of a window; a figure writes it out
    circle: ClassVar[str] = ""  # the sign inside its circle in figures: + × &
    repeats: ClassVar[bool] = False  # whether it only repeats its input, as a sign that combines it with another shows
    # whether it is linear: two weighted sums with only this between them equal one weighted sum (NS330)
    linear: ClassVar[bool] = False
    probabilities: ClassVar[bool] = False  # whether it turns logits into values between 0 and 1
    averages: ClassVar[bool] = False  # whether it averages values: the mean of probabilities has no logits
    drops_units: ClassVar[bool] = False  # whether it sets some units to zero in training
    only_step: ClassVar[int | None] = None  # of which time step its result is the value: 0 the first, -1 the last
    mixes_batch: ClassVar[bool] = False  # whether examples of a batch affect each other; only for batchnorm
    blocks_gradient: ClassVar[bool] = False  # only for `stop`: a loss must not skip it to reach the logits
    fills: ClassVar[bool] = False  # only for `pad`: no warning if a later window does not read the rows that it adds
    carries: ClassVar[bool] = False  # only for `carried`: the caller keeps the state of the previous batch
    keeps_state: ClassVar[bool] = False  # whether it has a state of its own that a next batch may begin with
    counts_steps: ClassVar[bool] = False  # whether it reads the number of each time step: its code has `onward`
    layers_first: ClassVar[bool] = False  # whether that state has stacked layers before the examples

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
        store = self.__dict__  # the required options differ between most instances, so they suffice as a hash
        return hash((self.name, *[store[name] for name in self.required]))

    def __repr__(self) -> str:
        shown = ", ".join(
            f"{name}={getattr(self, name)!r}"
            for name, declared in self.options.items()
            if getattr(self, name) is not declared.default
        )
        return f"{type(self).__name__}({shown})"

    # ---- methods that subclasses define

    @property
    def over_time(self) -> bool:
        """Whether it reads more than one time step. Then its input types include time."""
        return False

    @property
    def looks_back(self) -> tuple[int, ...]:
        """How many steps before its own each step reads, 0 for its own; () unless these are the same for all steps."""
        return ()

    def shape(self, *inputs: Type) -> Type | tuple[Type, ...]:
        """Return the output type; by default that of the only input."""
        return inputs[0]

    def partial(self, *inputs: Type) -> Type:
        """Return the type as far as it is known while the type of an input inside a recurrence is unknown."""
        if self.effect in ("same", "each", "across"):  # units stay, so the type does
            return inputs[0]
        return Type(UNKNOWN, UNKNOWN, UNKNOWN if self.over_time else inputs[0].time)

    def beside(self, other: Type) -> Op:
        """Return the operation as it is where an operator combines its value with a value of another type."""
        return self

    @property
    def waits(self) -> bool:
        """Whether it makes sense only beside another value, so that `beside` must have replaced it."""
        return False

    def least_examples(self, *inputs: Type) -> int:
        """How many examples a batch must have in training; the types of the inputs have their time."""
        return 1

    def weights(self, *inputs: Type) -> tuple[Weight, ...]:
        """Return the stored arrays, trainable or not, for inputs of these types."""
        return ()

    def bounds(self, *inputs: Bounds) -> Bounds:
        """Return the numbers between which the values lie in training, given those of the inputs; ANY if unknown."""
        hands_on = self.effect in ("same", "order", "select") and len(inputs) == 1
        return inputs[0] if hands_on else ANY

    def torch(self, *inputs: Type) -> Lowering:
        """Return the PyTorch code: the module, if it needs one, and the expression of the result."""
        raise NotImplementedError(f"{self.name} has no lowering")

    def compute(self, call: Call, *inputs: Array) -> Array | tuple[Array, ...] | None:
        """Describe the computation with the arrays of `netspec.compute`; `netspec.ir.call.applied` calls this.

        Parameters:
            call: the types of the inputs, the stored arrays, whether this is a training pass.
            inputs: values (B, C, *space), or (B, T, C, *space) if the operation reads several time steps.

        Returns:
            The results in the same layout; None if they cannot be computed (callers then report NS729).
        """
        return None

    @property
    def infix(self) -> str:
        """The sign that a spec writes it by: between its operands, or before the only one; "" for a step."""
        return ""

    def operands(self, inputs: list[str], option: Callable[[str], str]) -> list[str]:
        """Return what a spec writes around its `infix`.

        Parameters:
            inputs: the texts of its inputs.
            option: returns the text of an option's value by the option's name.
        """
        return inputs

    def title(self, lang: str = "en") -> str:
        """Return the title for a figure: `64 filters 3×3`, `LSTM, 128 units`."""
        if self.titles[0]:
            template = self.titles[lang == "ko"] or self.titles[0]
            said = template.format_map({name: shown(value) for name, value in self.__dict__.items()}).strip()
            return re.sub(r"(?<!\S)1 (\w+)s\b", r"1 \1", said)
        values = [
            shown(self.__dict__[name])
            for name, declared in self.options.items()
            if declared.mark and declared.mark.titled
        ]
        return " ".join(filter(None, [(self.titles[1] if lang == "ko" else "") or self.name, *values]))

    def marks(self, lang: str = "en", *inputs: Type) -> tuple[Mark, ...]:
        """Return the marks of the options that the title does not contain. Options with their default value have none.

        Parameters:
            lang: `en` or `ko`.
            inputs: the types of its inputs, if known: filters with as many groups as maps are called depthwise.

        What a step shares with others (tied, frozen, shared weights) belongs to the node: see `node_marks`.
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
        """Return the multiply-adds for one example, as torch.utils.flop_counter counts (FLOPs = 2x)."""
        return 0

    def kept(self, *inputs: Type) -> Kept:
        """Return what it keeps to go on step by step; nothing if it reads no earlier step, or any later one.

        Parameters:
            inputs: the types of its inputs, with their time.
        """
        return Kept()

    @property
    def parts(self) -> int:
        """The number of results, as far as the options tell; it is needed before the results exist."""
        return 1

    @property
    def copies(self) -> tuple[Copies, ...]:
        """The copies that it makes of the step in its braces; what they make of its input are its further inputs."""
        return ()

    def chooser(self, lang: str = "en") -> Chooser | None:
        """Return what a figure says of the parts of a choice that weighs results of copies; None for all others."""
        return None

    def handed(self, call: Call, kind: str, number: int, x: Array) -> Array:
        """Return what it hands to a copy of the step in its braces: by default the input as it is.

        Parameters:
            call: as in `compute`, with the type of the input.
            kind: the `name` of the copies.
            number: which of them, from 0.
            x: its input.
        """
        return x

    @property
    def outside(self) -> tuple[str, str] | None:
        """The module and the class of another package that it applies; only with permission is it imported."""
        return None

    @property
    def bare(self) -> bool:
        """Whether its only array is an nn.Parameter of the enclosing class, without a module."""
        return False

    def unstored(self, part: str) -> str:
        """Return the option, as written in a spec, that removes `weight` or `bias`; "" if there is none.

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
        """Return how much it adds to the depth of a path."""
        return self.depth

    def directions(self) -> int:
        """Return in how many directions it runs through the time steps."""
        return 1

    # ---- traits that may depend on an option

    @property
    def wiring(self) -> Wiring:
        return "none"

    @property
    def weighted_sum(self) -> bool:
        """Whether each new unit is a weighted sum of all maps that it reads."""
        return False

    @property
    def stored(self) -> Literal["", "out_in", "in_out"]:
        """The layout of the matrix `weight`: a row for each new unit (`out_in`) or for each input (`in_out`)."""
        return ""

    @property
    def draws(self) -> Literal["", "training", "always"]:
        """When it draws random numbers."""
        return ""

    @property
    def squashes(self) -> Literal["", "sigmoid", "softmax"]:
        """The activation that a loss may skip, to compute from the logits before it."""
        return ""

    @property
    def dense(self) -> bool:
        """Whether each new unit is a weighted sum of all values that it reads."""
        return self.weighted_sum and self.wiring == "full"

    @property
    def alias(self) -> bool:
        """Whether it always returns its input unchanged and passes the gradient on unchanged."""
        return self.effect == "same" and not self.draws and not self.blocks_gradient

    def looks_across_time(self, position: int, count: int) -> bool:
        """Whether it reads several time steps of the input at `position`; it has `count` inputs."""
        return self.over_time

    def ignores(self, position: int) -> bool:
        """Whether it reads the type of the input at `position` alone, and none of its values."""
        return False

    def windows(self, value: Type) -> Windows | None:
        """Return how it slides windows over the space of a value; None if it does not."""
        return None

    def joins_maps(self, target: int, source: int, maps: int) -> bool:
        """Whether map `target` of the result reads map `source` of `maps`, for an operation with windows."""
        return target == source

    def sets_initial(self, part: str) -> bool:
        """Whether the spec sets the initial values of a stored array with `init`."""
        return False

    # ---- words

    def roles(self, count: int, lang: str = "en") -> tuple[str, ...]:
        """Return what each of `count` inputs is for it, as a figure writes it at the arrow; "" says nothing there.

        No roles at all say that the inputs may change places.
        """
        return tuple(ordinal(number, lang) for number in range(1, count + 1)) if count > 1 else ()

    def equation(self, inner: list[str], fresh: Callable[[str, str], str], *inputs: Type) -> str | None:
        """Return the step as a textbook equation; None stands for its word with the inputs in brackets.

        Parameters:
            inner: the expressions of its inputs.
            fresh: makes a unique symbol for a stored array, from its usual symbol and its shape as text.
            inputs: the types of its inputs.
        """
        return None

    def remarks(self, *inputs: Type) -> tuple[Remark, ...]:
        """Return warnings about this use of the operation."""
        return ()


class Elementwise(Op):
    """An operation on each value independently: the type stays the same and nothing is stored."""

    effect: ClassVar[Effect] = "each"
    call: ClassVar[str] = ""  # the torch expression; `{x}` is the input

    def value_of(self, s: Any) -> Any:
        """Return the result for one value `s`, by operators and the methods of `netspec.compute.formula.Numbers`."""
        return None

    def compute(self, call: Call, *inputs: Array) -> Array | tuple[Array, ...] | None:
        return None if self.value_of(inputs[0]) is None else inputs[0].each(self.value_of)

    def bounds(self, *inputs: Bounds) -> Bounds:
        if self.effect != "each" or self.value_of(Symbol("s")) is None:
            return super().bounds(*inputs)
        return image(self.value_of(Symbol("s")), inputs[0])

    def shape(self, *inputs: Type) -> Type:
        wants_values(self, inputs[0])
        return inputs[0]

    def torch(self, *inputs: Type) -> Lowering:
        return Lowering(self.call)


def wants_values(op: Op, *inputs: Type) -> None:
    """Raise ShapeFault for class indices: `one of K` must first be turned into values."""
    for position, value in enumerate(inputs):
        if value.classes is not None:
            refuse("NS305", input=position, step=op.name, type=str(value))


def wants_space(op: Op, value: Type) -> None:
    """Raise ShapeFault for what is no map: class indices, or values without space."""
    wants_values(op, value)
    if not value.space:
        refuse("NS309", input=0, step=op.name, type=str(value))


def extent(value: Size | tuple[Size, ...], space: tuple[Size, ...], name: str) -> tuple[Size, ...]:
    """Return one size for each axis of space: `2` stands for all of them."""
    axes = len(space)
    if not isinstance(value, tuple):
        return (value,) * axes
    if len(value) != axes:
        refuse("NS306", option=name, given=len(value), axes=axes, name=name, space=space_text(space))
    return value


def plain(values: Iterable[Size]) -> tuple[Any, ...]:
    """Return sizes as arguments for emitted source: numbers, or formulas of the sizes of a class."""
    return tuple(values)


def listed(sizes: Iterable[Size], name: str = "size") -> tuple[str, dict[str, Argument]]:
    """Return the slots `{size0}, {size1}` for a template, and the value of each slot."""
    values: dict[str, Argument] = {f"{name}{number}": size for number, size in enumerate(sizes)}
    return ", ".join(f"{{{slot}}}" for slot in values), values


def squeeze(values: Iterable[Size]) -> Any:
    """Write equal sizes as one: `(2, 2)` becomes 2."""
    sizes = plain(values)
    return sizes[0] if len(set(sizes)) == 1 else sizes
