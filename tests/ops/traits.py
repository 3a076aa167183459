"""What an operation says of itself against what it computes: no trait can lie.

Each trait is a claim about numbers: a value of one place stays at its place, a weighted sum is linear, an example of
a batch changes no other. The operation's own `compute` is run on numbers, one of them is moved, and what moves with
it is looked at.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence
from typing import Any

from netspec.compute.arrays import Array, constants, filled, given, gradients
from netspec.compute.evaluate import evaluate
from netspec.ir.call import applied
from netspec.ir.operation import Elementwise, Op
from netspec.ir.types import Type

# Of some options and types a trait is not to be seen (dropout of probability 0): that is a lie where it never is.
ONLY_HERE = "here "
EXAMPLES = 2
NEAR = 1e-9


class Run:
    """An operation on numbers: the same weights and the same random numbers every time."""

    def __init__(self, op: Op, types: Sequence[Type], training: bool = False) -> None:
        self.types, self.asked = tuple(types), [0]
        source = random.Random(1)
        self.names = [f"input {position}" for position in range(len(types))]
        arrays = [given(shape_of(own), name) for own, name in zip(types, self.names, strict=True)]
        seen = tuple(own if op.over_time else own.step for own in types)
        weights = {weight.name: weight for weight in op.weights(*seen)}
        self.numbers: dict[str, list[float]] = {}

        def stored(name: str) -> Array:
            shape: Any = weights[name].shape
            self.numbers.setdefault(name, [source.uniform(0.2, 1.5) for _ in range(math.prod(shape))])
            return given(shape, name)

        def draw(kind: str, shape: tuple[int, ...]) -> Array:
            self.asked[0] += 1
            return constants([source.random() for _ in range(math.prod(shape))], shape)

        found = applied(op, types, arrays, EXAMPLES, stored, training=training, draw=draw)
        assert found is not None, f"{op.name} does not say what it computes"
        self.outputs, self.arrays = found, arrays
        self.shape = found[0].shape

    def inputs(self, seed: int) -> list[list[float]]:
        source = random.Random(seed)
        found = []
        for own in self.types:
            size = math.prod(shape_of(own))
            if own.classes is not None:
                found.append([float(source.randrange(int(own.classes))) for _ in range(size)])  # type: ignore[call-overload]
            else:
                found.append([source.uniform(-2, 2) for _ in range(size)])
        return found

    def __call__(self, inputs: Sequence[Sequence[float]], **weights: list[float]) -> list[float]:
        numbers: Any = self.numbers | dict(zip(self.names, inputs, strict=True)) | weights
        return [value for output in evaluate(self.outputs, numbers) for value in output]

    def moved_by(self, inputs: Sequence[list[float]], position: int, place: int) -> set[int]:
        """Which values of the output another value at one place of an input changes."""
        before = self(inputs)
        other = [list(each) for each in inputs]
        other[position][place] += 0.37
        after = self(other)
        return {index for index, (a, b) in enumerate(zip(before, after, strict=True)) if not same(a, b)}


def shape_of(own: Type) -> tuple[int, ...]:
    time = () if own.time is None else (own.time.length,)
    maps = () if own.classes is not None else (own.maps,)
    return (EXAMPLES, *time, *maps, *own.space)  # type: ignore[return-value]


def same(a: float, b: float) -> bool:
    return a == b or abs(a - b) <= NEAR * max(1.0, abs(a), abs(b)) or (a != a and b != b)


def all_same(a: Sequence[float], b: Sequence[float]) -> bool:
    return len(a) == len(b) and all(map(same, a, b))


# ---- one claim after another: each says what is untrue, or nothing


def effect(op: Op, types: Sequence[Type]) -> str:
    """`same`, `each`, `across`, `order`, `select` or `new`: what becomes of the units that come in."""
    if len(types) != 1 or types[0].classes is not None:
        return ""
    run = Run(op, types)
    inputs, shape = run.inputs(2), shape_of(types[0])
    before, size = run(inputs), len(inputs[0])
    alike = shape == run.shape and len(run.outputs) == 1
    own_places = alike and all(run.moved_by(inputs, 0, place) <= {place} for place in range(size))
    match op.effect:
        case "same" if not all_same(before, inputs[0]):
            return "its values are not what came in"
        case "each" if not own_places:
            return "a value depends on values of other places"
        case "across" if not alike:
            return "its units are not those that come in"
        case "order" if sorted(before) != sorted(inputs[0]):
            return "its values are not those that came in, in another order"
        case "select" if not set(before) <= set(inputs[0]):
            return "it gives values that did not come in"
    if op.effect == "new" and own_places and isinstance(op, Elementwise):
        return ONLY_HERE + "every value depends on its own place alone: that is `each` or `same`"
    return ""


def linear(op: Op, types: Sequence[Type]) -> str:
    """f(a x + b y) is a f(x) + b f(y), but for a constant."""
    if not op.linear or any(own.classes is not None for own in types):
        return ""
    run = Run(op, types)
    x, y = run.inputs(2), run.inputs(3)
    mixed = [[0.7 * a - 1.3 * b for a, b in zip(*pair, strict=True)] for pair in zip(x, y, strict=True)]
    zero = run([[0.0] * len(each) for each in x])
    wanted = [z + 0.7 * (a - z) - 1.3 * (b - z) for a, b, z in zip(run(x), run(y), zero, strict=True)]
    return "" if all_same(run(mixed), wanted) else "it is not linear"


def mixes_batch(op: Op, types: Sequence[Type]) -> str:
    """Whether an example of a batch changes what becomes of another one, in training."""
    if not types:
        return ""
    run = Run(op, types, training=True)
    inputs = run.inputs(2)
    half = math.prod(run.shape) // EXAMPLES
    places = range(len(inputs[0]) // EXAMPLES) if types[0].classes is None else ()
    found = any(index % (half * EXAMPLES) >= half for place in places for index in run.moved_by(inputs, 0, place))
    if found == op.mixes_batch:
        return ""
    return "an example changes another one" if found else ONLY_HERE + "no example changes another one"


def draws(op: Op, types: Sequence[Type]) -> str:
    """Whether it asks for random numbers: `training`, `always`, or never."""
    asked = [Run(op, types, training=training).asked[0] > 0 for training in (False, True)]
    found = "always" if asked[0] else "training" if asked[1] else ""
    if found == op.draws:
        return ""
    return f"it draws {found}" if found else ONLY_HERE + "it draws nothing"


def squashes(op: Op, types: Sequence[Type]) -> str:
    """Whether it is the sigmoid, or a softmax over maps: what a loss of raw values undoes."""
    if len(types) != 1 or types[0].classes is not None:
        return ""
    run = Run(op, types)
    inputs = run.inputs(2)
    values = run(inputs)
    found = ""
    if all_same(values, [1 / (1 + math.exp(-s)) for s in inputs[0]]):
        found = "sigmoid"
    elif run.shape == shape_of(types[0]) and types[0].maps != 1:
        axis = 1 if types[0].time is None else 2
        inner, maps = math.prod(run.shape[axis + 1 :]), run.shape[axis]
        raised = [math.exp(s) for s in inputs[0]]
        totals = [
            sum(raised[place - place // inner % maps * inner + other * inner] for other in range(maps))
            for place in range(len(raised))
        ]
        found = "softmax" if all_same(values, [a / b for a, b in zip(raised, totals, strict=True)]) else ""
    if found == op.squashes:
        return ""
    return f"it is {f'the {found}' if found else 'neither the sigmoid nor a softmax over maps'}"


def weighted_sum(op: Op, types: Sequence[Type]) -> str:
    """Its values are sums of weights times inputs: doubling the weights doubles what is not the bias."""
    if not op.weighted_sum:
        return ""
    run = Run(op, types)
    inputs = run.inputs(2)
    if "weight" not in run.numbers:
        return "it stores no weight"
    nothing = run(inputs, weight=[0.0] * len(run.numbers["weight"]))
    twice = run(inputs, weight=[2 * each for each in run.numbers["weight"]])
    wanted = [2 * a - b for a, b in zip(run(inputs), nothing, strict=True)]
    return "" if all_same(twice, wanted) else "its values are not sums of weights times inputs"


def looks_across_time(op: Op, types: Sequence[Type]) -> str:
    """An input of which it says it looks at one time step alone changes the output at that step only."""
    run = None
    for position, own in enumerate(types):
        if own.time is None or own.classes is not None or op.looks_across_time(position, len(types)):
            continue
        run = run or Run(op, types)
        inputs, steps = run.inputs(2), own.time.length
        if len(run.shape) < 2 or run.shape[1] != steps:
            return f"its output has other time steps than input {position + 1}"
        inner = math.prod(run.shape[2:])
        per = math.prod(shape_of(own)[2:])
        for place in range(len(inputs[position])):
            step = place // per % int(steps)  # type: ignore[call-overload]
            if any(index // inner % int(steps) != step for index in run.moved_by(inputs, position, place)):  # type: ignore[call-overload]
                return f"a value of input {position + 1} changes other time steps"
    return ""


def blocks_gradient(op: Op, types: Sequence[Type]) -> str:
    """No gradient passes; of what hands its value on, one passes unless it says so."""
    if len(types) != 1 or types[0].classes is not None:
        return ""
    run = Run(op, types)
    ones = [(output, filled(1.0, output.shape)) for output in run.outputs]
    numbers: Any = run.numbers | dict(zip(run.names, run.inputs(2), strict=True))
    (slopes,) = evaluate(gradients(ones, run.arrays), numbers)
    if op.blocks_gradient:
        return "a gradient passes" if any(slopes) else ""
    return "no gradient passes" if op.effect == "same" and not any(slopes) else ""


def probabilities(op: Op, types: Sequence[Type]) -> str:
    """Its values lie between 0 and 1."""
    if not op.probabilities or any(own.classes is not None for own in types):
        return ""
    run = Run(op, types)
    return "" if all(0 <= value <= 1 for value in run(run.inputs(2))) else "a value is not between 0 and 1"


def wiring(op: Op, types: Sequence[Type]) -> str:
    """`full`: every value reads all; `pair`: only those of its own place; `side`: it is one that came in."""
    if not types or any(own.classes is not None for own in types):
        return ""
    run = Run(op, types)
    inputs = run.inputs(2)
    half = math.prod(run.shape) // EXAMPLES
    match op.wiring:
        case "full" if types[0].time is None:
            own = len(inputs[0]) // EXAMPLES
            reads = [run.moved_by(inputs, 0, place) for place in range(own)]
            return "" if all(moved == set(range(half)) for moved in reads) else "a value does not read all that come in"
        case "pair" if all(shape_of(own) == run.shape for own in types):
            for position, each in enumerate(inputs):
                if any(run.moved_by(inputs, position, place) - {place} for place in range(len(each))):
                    return "a value reads another place"
        case "side" if not set(run(inputs)) <= {value for each in inputs for value in each}:
            return "it gives values that did not come in"
    return ""


def ignores(op: Op, types: Sequence[Type]) -> str:
    """Whether no value of an input changes the output, whatever its type: it is said of these inputs alone."""
    run = Run(op, types)
    inputs = run.inputs(2)
    before = run(inputs)
    for position, own in enumerate(types):
        others = (run.inputs(seed)[position] for seed in range(3, 9))
        reads = any(not all_same(run([*inputs[:position], x, *inputs[position + 1 :]]), before) for x in others)
        if reads and op.ignores(position):
            return f"a value of input {position + 1} changes it"
        if not reads and not op.ignores(position) and (own.maps != 1 or own.classes is not None):
            return ONLY_HERE + f"no value of input {position + 1} changes it"
    return ""


CLAIMS: dict[str, Callable[[Op, Sequence[Type]], str]] = {
    claim.__name__: claim
    for claim in (
        effect, linear, mixes_batch, draws, squashes, weighted_sum, looks_across_time, blocks_gradient, probabilities,
        wiring, ignores,
    )
}  # fmt: skip


def lies(uses: Sequence[tuple[Op, Sequence[Type]]]) -> list[str]:
    """What an operation says of itself that is not so, a sentence each.

    Parameters:
        uses: the operation with several options, each with the types of its inputs.
    """
    found = []
    for name, claim in CLAIMS.items():
        if not uses or not hasattr(type(uses[0][0]), name):
            continue
        said = [(claim(op, types), op, types) for op, types in uses]
        never = all(one.startswith(ONLY_HERE) for one, _, _ in said)
        for one, op, types in said:
            if one and (never or not one.startswith(ONLY_HERE)):
                claimed = "" if callable(getattr(op, name)) else f" = {getattr(op, name)!r}"
                found.append(f"{op.name}: {name}{claimed}, but {one.removeprefix(ONLY_HERE)} ({op!r} of {types})")
    return found
