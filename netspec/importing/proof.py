"""The check of what was written: the spec's own graph is the canonical one, and its outputs are the module's."""

from __future__ import annotations

import copy
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from netspec.importing.blocks import Group, Leaf
from netspec.importing.steps import Fixed, Graph, Step
from netspec.ir.graph import Edge, Node
from netspec.spec import Net

if TYPE_CHECKING:
    from torch import Tensor, nn

CLOSE = 1e-5  # how far outputs may be apart, as a part of the largest


class Apart(Exception):
    """A spec is not what it was made of: a mistake in netspec, so that nothing is written."""


def pairs(graph: Graph, net: Net, root: Group, orders: Mapping[int, list[Leaf | Group]]) -> list[tuple[Node, Step]]:
    """Return the steps of a net with those that they were written from; raise Apart where one differs."""
    wanted = list(_expanded(root, orders))
    nodes = [node for node in net.graph.nodes if not node.kind]
    if len(wanted) != len(nodes):
        raise Apart(f"{len(nodes)} steps, not {len(wanted)}")
    values: dict[Edge, Edge] = {}
    inputs = iter(number for number, step in enumerate(graph.steps) if step.op.structure)
    found: list[tuple[Node, Step]] = []
    pending = iter(wanted)
    for node in net.graph.nodes:
        if node.kind == "input":
            values[Edge(node.index)] = Edge(next(inputs))
        elif node.kind:
            values[Edge(node.index)] = values[node.inputs[0]]
        else:
            leaf = next(pending)
            step = leaf.step
            reads = tuple(values[edge] for edge in node.inputs)
            turned = not node.op.roles(len(reads)) and set(reads) == set(step.inputs)
            if node.op != step.op or (reads != step.inputs and not turned):
                raise Apart(f"{node.op} of {reads}, not {step.op} of {step.inputs}")
            values |= {Edge(node.index, output): Edge(leaf.number, output) for output in range(len(node.types))}
            found.append((node, step))
    return found


def _expanded(group: Group, orders: Mapping[int, list[Leaf | Group]]) -> Iterator[Leaf]:
    """Yield the steps of a group in the order of the text, blocks expanded."""
    written = group if group.block is None else group.block.groups[0]
    order = orders[id(group if group.block is None else group.block)]
    places = {id(item): number for number, item in enumerate(written.items)}
    for item in order:
        own = group.items[places[id(item)]]
        if isinstance(own, Leaf):
            yield own
        else:
            yield from _expanded(own, orders)


def arrays(found: Sequence[tuple[Node, Step]]) -> dict[str, Fixed]:
    """Return the arrays of the module by the keys of the spec's own module."""
    every = {}
    for node, step in found:
        for name, fixed in step.arrays.items():
            every[node.stored(name)] = fixed
    return every


def load(module: nn.Module, weights: Mapping[str, Fixed]) -> None:
    """Give a spec's module the arrays of the original; raise Apart where one does not fit."""
    state = module.state_dict()
    if set(state) != set(weights):
        raise Apart(f"arrays: {sorted(set(state) ^ set(weights))[:4]}")
    for name, array in state.items():
        given = weights[name].value.reshape(array.shape).to(array.dtype)
        array.copy_(given)


def difference(one: nn.Module, other: nn.Module, examples: Sequence[Tensor]) -> float:
    """Return the greatest difference of the outputs of two modules, as a part of the largest output.

    Where that is too much, it is measured once more with numbers of 64 bits, which tell rounding from another function.
    """
    most = _difference(one, other, examples)
    if most <= CLOSE:
        return most
    try:
        left, right = (copy.deepcopy(module).double() for module in (one, other))
        return _difference(left, right, [each.double() if each.is_floating_point() else each for each in examples])
    except (RuntimeError, TypeError, ValueError):  # the module cannot be copied, or insists on its kind of numbers
        return most


def _difference(one: nn.Module, other: nn.Module, examples: Sequence[Tensor]) -> float:
    import torch

    with torch.no_grad():
        left, right = (tensors(module(*examples)) for module in (one, other))
    if len(left) != len(right):
        raise Apart(f"{len(right)} outputs, not {len(left)}")
    most = 0.0
    for a, b in zip(left, right, strict=True):
        if a.numel() != b.numel():
            raise Apart(f"an output {tuple(b.shape)}, not {tuple(a.shape)}")
        a, b = a.double(), b.double().reshape(a.shape)
        gap = (a - b).abs().masked_fill(a == b, 0).nan_to_num(nan=math.inf)  # NaN equals no value, not even NaN
        largest = float(a.abs().nan_to_num(nan=0, posinf=0).max())
        most = max(most, float(gap.max()) / max(1e-12, largest))
    return most


def tensors(value: Any) -> list[Tensor]:
    """Return the tensors in what a module returns, in order."""
    import torch

    if isinstance(value, torch.Tensor):
        return [value]
    if isinstance(value, Mapping):
        return [each for item in value.values() for each in tensors(item)]
    if isinstance(value, list | tuple):
        return [each for item in value for each in tensors(item)]
    return []
