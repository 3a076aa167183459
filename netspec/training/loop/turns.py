"""Plan what each turn of a batch computes for the loss of its train section, and what it takes from earlier turns.

A turn moves weights. So a later turn of the same batch computes anew the lines that depend on these weights, and takes
the values of all others from the turn that has computed them: the pictures that a discriminator has judged are those
from which the generator learns.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from netspec.codegen.forward import Pass
from netspec.codegen.order import indices, items
from netspec.config.train import Turn
from netspec.config.vocabulary.schedules import Rate
from netspec.ir.graph import Edge, Graph
from netspec.training.loop.objective import Criterion

if TYPE_CHECKING:
    import torch


@dataclass(slots=True)
class Live:
    """The live parts of a train section that takes a turn.

    weights: what its optimizer moves, by key.
    outputs: the outputs of the net that its loss reads, by number.
    wanted: the same values in the graph, and the modules that it moves.
    """

    turn: Turn
    losses: list[Criterion]
    weights: dict[str, torch.nn.Parameter]
    optimizer: torch.optim.Optimizer
    rate: Rate
    outputs: tuple[int, ...]
    wanted: Wanted

    def set_rate(self, step: int, epoch: int, plateau: float) -> None:
        """Set the learning rate for an optimizer step of the run; the section's own steps count."""
        for group in self.optimizer.param_groups:
            group["lr"] = self.rate.at(step // self.turn.every, epoch, plateau)

    def step(self) -> None:
        """Move the weights by their gradients, and forget these."""
        import torch

        if self.turn.clip is not None:
            torch.nn.utils.clip_grad_norm_(self.weights.values(), self.turn.clip)
        self.optimizer.step()
        for weight in self.weights.values():  # this does what zero_grad does, but faster
            weight.grad = None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a turn needs: the values that its loss reads, and the modules whose weights it moves."""

    values: tuple[Edge, ...]
    moved: frozenset[str]


@dataclass(frozen=True, slots=True)
class Planned:
    """A turn of a batch: what its pass computes, and the function that does it; None for the pass of the whole net."""

    live: Live
    part: Pass | None = None
    forward: Any = None

    @property
    def inputs(self) -> list[torch.nn.Parameter] | None:
        """The weights for which gradients are computed; None for all that the loss depends on."""
        return None if self.part is None else list(self.live.weights.values())


@dataclass(slots=True)
class _Unit:
    """The lines that are computed together: one, or all lines of a recurrence."""

    nodes: set[int] = field(default_factory=set)
    lines: set[int] = field(default_factory=set)


def passes(graph: Graph, turns: Sequence[Wanted]) -> tuple[Pass, ...]:
    """Return what each of the turns of a batch computes, takes and returns."""
    units = _units(graph)
    owner = {node: number for number, unit in enumerate(units) for node in unit.nodes}
    reads = [
        {edge for node in unit.nodes for edge in graph.nodes[node].inputs if edge.node not in unit.nodes}
        for unit in units
    ]
    kept: dict[Edge, int] = {}  # the turn that has computed a value which no turn has moved since
    nodes: list[frozenset[int]] = []
    given: list[list[Edge]] = []
    returned = [list(turn.values) for turn in turns]
    for number, turn in enumerate(turns):
        taken: dict[Edge, None] = {}
        computed: set[int] = set()
        pending = list(turn.values)
        while pending:
            edge = pending.pop()
            if graph.nodes[edge.node].kind == "input":
                continue
            if edge in kept:
                taken[edge] = None
            elif owner[edge.node] not in computed:
                computed.add(owner[edge.node])
                pending += reads[owner[edge.node]]
        for edge in taken:
            if edge not in returned[kept[edge]]:
                returned[kept[edge]].append(edge)
        nodes.append(frozenset().union(*(units[unit].nodes for unit in computed)))
        given.append(list(taken))
        crossing = {edge for read in reads for edge in read} | {edge for each in turns for edge in each.values}
        kept |= {edge: number for edge in crossing if owner.get(edge.node) in computed}
        moved = _moved(graph, turn, units, reads, owner)
        kept = {edge: source for edge, source in kept.items() if owner[edge.node] not in moved}
    return tuple(Pass(*each) for each in zip(nodes, map(tuple, given), map(tuple, returned), strict=True))


def _units(graph: Graph) -> list[_Unit]:
    units: list[_Unit] = []
    for item in items(graph, graph.scopes[0]):
        inside = [index for index in indices(item) if graph.nodes[index].kind != "input"]
        lines = {item.layer} | {graph.nodes[index].layer for index in inside if graph.nodes[index].scope == 0}
        same = [unit for unit in units if unit.lines & lines]
        merged = _Unit(set(inside).union(*(unit.nodes for unit in same)), lines.union(*(unit.lines for unit in same)))
        units = [*(unit for unit in units if unit not in same), merged] if inside else units
    return units


def _moved(graph: Graph, turn: Wanted, units: list[_Unit], reads: list[set[Edge]], owner: dict[int, int]) -> set[int]:
    """Return the units whose values depend on weights that a turn moves."""
    found = {
        number
        for number, unit in enumerate(units)
        if any({graph.nodes[node].key, graph.nodes[node].tied_key} & turn.moved for node in unit.nodes)
    }
    size = -1
    while size < len(found):
        size = len(found)
        found |= {n for n, read in enumerate(reads) if any(owner.get(edge.node) in found for edge in read)}
    return found
