"""One operation, one drawing of its options and inputs: what netspec says against what torch does."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

import netspec
from netspec.api import Net
from netspec.diagnostics.errors import SpecError
from netspec.ops.registry import operation
from ops.drawing import Drawn, options
from ops.oracle import Oracle, Refused, Shapes, need

SIGNS = {"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "power": "^"}
LABELS = "abcde"
# torch says once that this takes a copy; it computes the right thing
COSTLY = "Using padding='same' with even kernel"
# whose weights stand between values that flow in and sums that come out
SUMS = ("perceptrons", "filters", "attention", "rnn", "lstm", "gru", "embed", "positions", "distance")
# modules that an oracle wraps: their own names are not part of a key
WRAPPERS = ("norm", "cell", "table", "inner")


@dataclass
class Trial:
    """What was drawn: an operation's step as text, its options and the shapes that come in."""

    name: str
    oracle: Oracle
    shapes: Shapes
    values: dict[str, Any]
    step: str

    @property
    def flow(self) -> str:
        """The labels that flow into the step: those that an option names don't."""
        layers = [name for name, option in operation(self.name).options.items() if option.kind == "layer"]
        count = len(self.shapes) - sum(name in self.values for name in layers)
        return ", ".join(LABELS[:count])

    @property
    def chain(self) -> str:
        if self.name == "negative":
            return f"-{LABELS[0]}"
        if self.name in SIGNS:
            return f" {SIGNS[self.name]} ".join(LABELS[: len(self.shapes)])
        return f"{self.flow} -> {self.step}"

    def body(self, shapes: Shapes) -> list[str]:
        lines = [f"input {label}: {shape}" for label, shape in zip(LABELS, shapes, strict=False)]
        parts = self.oracle.results(self.values, shapes)
        if parts == 1:
            return [*lines, f"output y: {self.chain}"]
        return [*lines, f"hidden y: {self.chain}", *(f"output y{n}: y.{n}" for n in range(1, parts + 1))]

    def text(self, shapes: Shapes | None = None) -> str:
        lines = self.body(self.shapes if shapes is None else shapes)
        return "\n  ".join(["net n {", *lines]) + "\n}\n"

    # ---- both sides

    def net(self) -> Net | tuple[str, ...]:
        """The checked net, or the codes of what is wrong with it."""
        return checked(self.text())

    def reference(self) -> nn.Module:
        """Torch's module; raises where there is none."""
        found = self.oracle.build(self.values, self.shapes)
        start = self.values.get("init")
        if start is not None:  # torch.nn.init on its weights
            own = [(key, value) for key, value in found.named_parameters() if "_norm." not in key]  # attention's norms
            weights = [value for key, value in own if "weight" in key.rpartition(".")[2]]
            need(bool(weights) and "weights_" not in self.values)
            need(start not in ("he", "xavier") or self.name in SUMS)
            need(start not in ("he", "xavier", "orthogonal") or all(weight.dim() > 1 for weight in weights))
        return found

    def call(self, module: nn.Module, inputs: list[Tensor]) -> tuple[Tensor, ...]:
        """The module on whole inputs, or time step by time step where it knows no time."""
        if self.oracle.over_time(self.values):
            return several(module(*inputs))
        times = {shape.time for shape in self.shapes if shape.time is not None}
        if not times:
            return several(module(*inputs))
        if len(times) > 1:
            raise Refused
        steps = []
        for step in range(times.pop()):
            now = [x if shape.time is None else x[:, step] for x, shape in zip(inputs, self.shapes, strict=True)]
            steps.append(several(module(*now)))
        return tuple(torch.stack(parts, dim=1) for parts in zip(*steps, strict=True))

    def inputs(self) -> list[Tensor]:
        return [shape.tensor(number) for number, shape in enumerate(self.shapes)]


class Enough(BaseException):
    """Ends a sweep that has seen what it asks for: to draw further trials takes most of its time."""


def trial(draw: Any, name: str, oracle: Oracle) -> Trial:
    cls = operation(name)
    shapes = draw(oracle.inputs, label="inputs")
    drawn: Drawn = options(draw, cls, len(shapes[0].space), oracle.special(shapes), oracle.rarely)
    if oracle.noun is None:
        braces = " { 3 perceptrons -> tanh }" if cls.takes_step else ""
        return Trial(name, oracle, shapes, drawn.values, f"{name}{drawn.text}{braces}")
    noun, text = draw(oracle.noun(shapes), label="noun")
    return Trial(name, oracle, shapes, noun | drawn.values, f"{text} {drawn.text}".rstrip())


def checked(text: str) -> Net | tuple[str, ...]:
    try:
        return netspec.parse(text).net()
    except SpecError as errors:
        codes = [found.code for found in errors.diagnostics if found.severity == "error"]
        assert codes, text
        return tuple(codes)


def several(value: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return (value,) if isinstance(value, Tensor) else tuple(value)


# ---- comparing


def compare(found: Trial) -> str:
    """Raises AssertionError where the two sides disagree; says which answer both gave."""
    net = found.net()
    torch.manual_seed(0)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.filterwarnings("ignore", COSTLY)
            reference = found.reference().double().eval()
            wanted = found.call(reference, found.inputs())
    except (Refused, RuntimeError, ValueError, IndexError, AssertionError, NotImplementedError, UserWarning) as error:
        if isinstance(net, tuple):
            return f"refused {net[0]}"
        raise AssertionError(f"torch refuses ({error}), netspec takes it:\n{found.text()}") from None
    if isinstance(net, tuple):
        assert set(net) & found.oracle.stricter, f"netspec refuses ({net}), torch takes it:\n{found.text()}"
        return f"stricter {net[0]}"
    types(net, wanted, found)
    module = net.module(dtype=torch.float64).eval()
    carry(reference, module, net, found)
    for mine, theirs in zip(several(module(*found.inputs())), wanted, strict=True):
        close(mine, theirs, "the output", found)
    gradients(reference, module, found)
    return "equal"


def types(net: Net, wanted: tuple[Tensor, ...], found: Trial) -> None:
    """The inferred type of every output is the shape of the real one."""
    outputs = [net.graph.layers[index] for index in net.graph.outputs]
    assert len(outputs) == len(wanted)
    for layer, value in zip(outputs, wanted, strict=True):
        inferred = net.graph.nodes[layer.values[0].node].types[layer.values[0].output]
        time = () if inferred.time is None else (inferred.time.length,)
        sizes = (*time, inferred.maps, *inferred.space)
        assert sizes == tuple(value.shape[1:]), f"{sizes} is {tuple(value.shape)} in truth:\n{found.text()}"


def bare(key: str) -> str:
    head, _, rest = key.partition(".")
    return rest if head in WRAPPERS else key


def bare_key(key: str) -> str:
    """The order of weights on both sides."""
    return bare(key.removeprefix("y."))


def carry(reference: nn.Module, module: nn.Module, net: Net, found: Trial) -> None:
    """Names, shapes and counts of what is stored are torch's; then its values are copied."""
    wanted = {bare(key): value for key, value in reference.state_dict().items()}
    stored = {item.weight.name: item for item in net.graph.stored}
    assert stored.keys() == wanted.keys(), f"{sorted(stored)} against {sorted(wanted)}:\n{found.text()}"
    for key, item in stored.items():
        assert tuple(item.weight.shape) == tuple(wanted[key].shape), f"{key}:\n{found.text()}"
    trained = {bare(key): value for key, value in reference.named_parameters()}
    assert net.weights == sum(value.numel() for value in trained.values()), found.text()
    assert {key for key, item in stored.items() if not item.weight.buffer} == set(trained)
    whole = {key for key, value in wanted.items() if not value.is_floating_point()}
    assert net.counts.buffers == sum(v.numel() for k, v in wanted.items() if k not in trained and k not in whole)
    rows = found.values.get("weights_") or found.values.get("prototypes")
    if rows is not None:  # the spec says the values
        start = {key.removeprefix("y."): value for key, value in module.state_dict().items()}
        names = ("bias", "weight") if found.values.get("weights_") and "bias" in start else tuple(start)
        mine = torch.cat([start[key].reshape(len(rows), -1) for key in names], 1)
        assert torch.equal(mine, torch.tensor(rows, dtype=torch.float64)), found.text()
    module.load_state_dict({stored[key].key: value for key, value in wanted.items()}, strict=True)


def gradients(reference: nn.Module, module: nn.Module, found: Trial) -> None:
    """Of every input and every weight, where the result depends on them."""
    if any(shape.classes is not None for shape in found.shapes) and not list(module.parameters()):
        return
    sides = []
    frozen = bool(found.values.get("frozen"))
    if frozen:
        reference.requires_grad_(False)
    for side, calls in ((module, lambda x: several(module(*x))), (reference, lambda x: found.call(reference, x))):
        inputs = [x.requires_grad_() if x.is_floating_point() else x for x in found.inputs()]
        side.zero_grad()
        total = sum((value * value).sum() for value in calls(inputs))
        wanted = [x for x in inputs if x.requires_grad]
        wanted += (
            [] if frozen else [side.get_parameter(key) for key in sorted(dict(side.named_parameters()), key=bare_key)]
        )
        if not wanted or not (isinstance(total, Tensor) and total.requires_grad):
            sides.append([])
            continue
        sides.append(list(torch.autograd.grad(total, wanted, allow_unused=True)))
    assert len(sides[0]) == len(sides[1]), f"gradients flow on one side only:\n{found.text()}"
    for mine, theirs in zip(*sides, strict=True):
        zero = torch.zeros(())
        close(zero if mine is None else mine, zero if theirs is None else theirs, "a gradient", found)
    if frozen:
        assert not any(weight.requires_grad for weight in module.parameters()), found.text()


def close(mine: Tensor, theirs: Tensor, what: str, found: Trial) -> None:
    if mine.dim() == 0 and theirs.dim():
        theirs, mine = theirs, torch.zeros_like(theirs)
    # rotary positions are reckoned in float32 whatever the model's numbers are
    atol = 1e-6 if "rotary" in found.values else 1e-9
    same = torch.allclose(mine.double(), theirs.double(), rtol=1e-7, atol=atol, equal_nan=True)
    assert same, f"{what} differs by {(mine - theirs).abs().max():.3g}:\n{found.text()}"
