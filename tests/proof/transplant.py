"""Weights of a reference -> a compiled net, by a map of names; and what must then be equal."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from netspec.api import Net
from netspec.ir.graph import Graph, Node, Scope, Stored
from proof.edited import edited

# a key of the reference -> the key it has in the net; several where the reference stores them as one,
# `key#2` where the net stores as one what the reference keeps apart
NameMap = Callable[[str], str | tuple[str, ...]]
State = dict[str, Tensor]
BOUND = 1e-11


@dataclass(frozen=True, kw_only=True)
class Case:
    """One network: its spec and reference as published and made small, and how names of one become the other's.

    `swaps` and `sizes` make the spec small, `reference` makes the same small reference; `published` makes the
    reference that the spec as it stands is.
    `bound` is the largest error in float64, relative to the largest value: kernels round differently on every
    processor, so bits are no measure of two programs that mean the same. `why` explains a wider bound.
    """

    name: str
    spec: Path
    reference: Callable[[], nn.Module]
    published: Callable[[], nn.Module]
    names: NameMap
    inputs: Callable[[], tuple[Tensor, ...]]
    net: str | None = None
    swaps: dict[str, str] = field(default_factory=dict)
    sizes: dict[str, int] = field(default_factory=dict)
    bound: float = BOUND
    why: str = ""

    def small(self) -> Net:
        return edited(self.spec, self.swaps, self.net, **self.sizes)


def keys_by_path(graph: Graph) -> dict[str, str]:
    """The key of every array by its name in the language, the path of its step: `h.1.a.query.weight`.

    In the order of a tree: what a line's main step stores, then what the steps beside it store.
    """
    stored: dict[int, list[Stored]] = {}
    for array in graph.stored:
        stored.setdefault(array.node, []).append(array)

    def holders(scope: Scope) -> Iterator[Node | Scope]:
        inner = {graph.scopes[child].first: graph.scopes[child] for child in scope.children}
        index = scope.first
        while index < scope.last:
            child = inner.get(index)
            if child is None or child.last == child.first:
                yield graph.nodes[index]
                index += 1
            else:
                yield from [child] if child.kind == "block" else holders(child)
                index = child.last

    def inside(scope: Scope) -> Iterator[tuple[str, str]]:
        tree: dict[str, Any] = {}
        for holder in holders(scope):
            if isinstance(holder, Scope) or holder.index in stored:
                place = tree
                for part in holder.path[len(scope.path) + 1 if scope.path else 0 :].split("."):
                    place = place.setdefault(part, {})
                place[""] = holder
        yield from below(tree)

    def below(place: dict[str, Any]) -> Iterator[tuple[str, str]]:
        holder = place.get("")
        if isinstance(holder, Scope):
            yield from inside(holder)
        elif holder is not None:
            yield from ((f"{holder.path}.{array.weight.name}", array.key) for array in stored[holder.index])
        for part, inner in sorted(place.items(), key=lambda item: not item[0].isdigit()):  # rounds first
            if part:
                yield from below(inner)

    return dict(inside(graph.scopes[0]))


def transplanted(state: State, names: NameMap, like: State, graph: Graph) -> State:
    """A state_dict under the net's keys; every key of both sides is used exactly once, every shape fits.

    Maps of names say paths of the language; `graph` says which keys these have.
    """
    keys = keys_by_path(graph)
    found: dict[str, Tensor | dict[int, Tensor]] = {}
    for key, value in state.items():
        targets = names(key)
        targets = (targets,) if isinstance(targets, str) else targets
        parts = value.chunk(len(targets)) if len(targets) > 1 else (value,)
        for target, part in zip(targets, parts, strict=True):
            _put(found, target, part)
    whole = {
        keys.get(path, path): value if isinstance(value, Tensor) else _joined(value) for path, value in found.items()
    }
    assert whole.keys() == like.keys(), (sorted(whole.keys() - like.keys()), sorted(like.keys() - whole.keys()))
    return {key: _shaped(key, whole[key], like[key]) for key in like}


def _put(found: dict[str, Tensor | dict[int, Tensor]], target: str, part: Tensor) -> None:
    key, _, number = target.partition("#")
    if number:
        rows = found.setdefault(key, {})
        assert isinstance(rows, dict), key
        assert int(number) not in rows, target
        rows[int(number)] = part
    else:
        assert key not in found, key
        found[key] = part


def _joined(rows: dict[int, Tensor]) -> Tensor:
    return torch.cat([rows[number] for number in range(len(rows))])


def _shaped(key: str, value: Tensor, like: Tensor) -> Tensor:
    """A 1x1 kernel is a matrix, a leading axis of one is none; nothing else may differ."""
    sides = [tuple(size for size in tensor.shape if size != 1) for tensor in (value, like)]
    assert sides[0] == sides[1], (key, value.shape, like.shape)
    return value.reshape(like.shape)


def shake(module: nn.Module) -> None:
    """Random values where a constructor left constants: zero biases and unit gains prove nothing."""
    with torch.no_grad():
        for key, value in [*module.named_parameters(), *module.named_buffers()]:
            if not value.is_floating_point() or (value.numel() > 1 and value.unique().numel() > 2):
                continue
            if key.endswith("running_var"):
                value.uniform_(0.5, 2.0)
            elif "rbf" not in key:
                value.add_(torch.randn_like(value) * 0.2)
        for value in module.parameters():
            if value.dim() == 4:  # torch's own start lets a signal fade to nothing over fifty layers
                value.mul_(2)


def settle(module: nn.Module, inputs: tuple[Tensor, ...]) -> None:
    """Statistics of a real batch in every batchnorm."""
    norms = [part for part in module.modules() if isinstance(part, nn.modules.batchnorm._BatchNorm)]
    for norm in norms:
        norm.momentum = 1.0
    if norms:
        with torch.no_grad():
            module.train()(*inputs)
    for norm in norms:
        norm.momentum = 0.1


class Pair:
    """A reference and the compiled net with its weights."""

    def __init__(self, case: Case) -> None:
        torch.manual_seed(0)
        self.case = case
        self.dtype = torch.float64
        with default_dtype(self.dtype):
            self.reference = case.reference()
            shake(self.reference)
            settle(self.reference, case.inputs())
            small = case.small()
            self.graph = small.graph
            self.net = small.module(dtype=self.dtype)
            self.net.load_state_dict(self.carried(self.reference.state_dict()), strict=True)
            self.inputs = case.inputs()

    def carried(self, state: State) -> State:
        return transplanted(state, self.case.names, self.net.state_dict(), self.graph)

    def copies(self) -> tuple[nn.Module, nn.Module]:
        return copy.deepcopy(self.reference), copy.deepcopy(self.net)

    # ---- what must be equal

    def same(self, left: Tensor, right: Tensor, what: str, scale: float = 0.0) -> None:
        assert left.shape == right.shape, (what, left.shape, right.shape)
        assert torch.isfinite(left).all(), what
        scale = max(float(left.abs().max()), scale)
        error = float((left - right).abs().max()) / scale
        assert error <= self.case.bound, f"{self.case.name}: {what} differs by {error:.3g} of {scale:.3g}"

    def outputs(self) -> None:
        """In evaluation: every output."""
        self.reference.eval()
        self.net.eval()
        with torch.no_grad(), default_dtype(self.dtype):
            left, right = (results(module(*self.inputs)) for module in (self.reference, self.net))
        assert len(left) == len(right)
        for number, (a, b) in enumerate(zip(left, right, strict=True)):
            assert a.dtype == b.dtype == self.dtype
            assert (a[0] - a[1]).abs().max() > 1e-4 * a.abs().max(), "an output that is constant proves nothing"
            self.same(a, b, f"output {number}")

    def gradients(self) -> tuple[nn.Module, nn.Module]:
        """In training: outputs, the gradient of every weight and of every real input, and the statistics kept.

        Returns the two modules with their gradients.
        """
        reference, net = self.copies()
        with default_dtype(self.dtype):
            grads = [self._backward(module) for module in (reference, net)]
        for number, (a, b) in enumerate(zip(grads[0], grads[1], strict=True)):
            self.same(a, b, f"value {number}")
        wanted = {key: value.grad for key, value in reference.named_parameters()}
        assert all(value is not None for value in wanted.values())
        wanted |= dict(reference.named_buffers())
        carried = self.carried({key: wanted[key] for key in reference.state_dict()})  # type: ignore[misc]
        largest = max(float(value.grad.abs().max()) for value in reference.parameters() if value.grad is not None)
        state = dict(net.named_parameters()) | dict(net.named_buffers())
        for key, value in carried.items():
            mine = state[key].grad if isinstance(state[key], nn.Parameter) else state[key]
            assert mine is not None, f"{self.case.name}: no gradient reaches {key}"
            self.same(value, mine, f"the gradient of {key}", largest)
        return reference, net

    def _backward(self, module: nn.Module) -> list[Tensor]:
        module.train()
        inputs = [value.clone().requires_grad_() if value.is_floating_point() else value for value in self.inputs]
        torch.manual_seed(1)
        outputs = results(module(*inputs))
        loss(outputs).backward()
        return [value.detach() for value in outputs] + [value.grad for value in inputs if value.grad is not None]

    def steps(self, make: Callable[[list[nn.Parameter]], torch.optim.Optimizer]) -> None:
        """Three steps of an optimizer, the first by the gradients that are compared: the whole state after them."""
        modules = self.gradients()
        for module in modules:
            optimizer = make(list(module.parameters()))
            optimizer.step()
            for step in range(2):
                torch.manual_seed(2 + step)
                optimizer.zero_grad()
                with default_dtype(self.dtype):
                    loss(results(module(*self.inputs))).backward()
                optimizer.step()
        before = self.net.state_dict()
        mine, moved = modules[1].state_dict(), 0
        for key, value in self.carried(modules[0].state_dict()).items():
            self.same(value, mine[key], f"{key} after three steps")
            moved += not torch.equal(mine[key], before[key])
        assert moved, "an optimizer that moves nothing proves nothing"


@contextmanager
def default_dtype(dtype: torch.dtype) -> Iterator[None]:
    """The kind of numbers that constructors and `torch.randn` make."""
    before = torch.get_default_dtype()
    torch.set_default_dtype(dtype)
    try:
        yield
    finally:
        torch.set_default_dtype(before)


def results(value: Tensor | tuple[Tensor, ...]) -> tuple[Tensor, ...]:
    return (value,) if isinstance(value, Tensor) else value


def loss(outputs: tuple[Tensor, ...]) -> Tensor:
    """A fixed random combination of all outputs: every value of each counts, each differently."""
    source = torch.Generator().manual_seed(3)
    total = torch.zeros(())
    for value in outputs:
        total = total + (value * torch.randn(value.shape, generator=source)).mean()
    return total
