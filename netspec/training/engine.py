"""A plan -> the live parts of a run: module, optimizer, objective and data on the device."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from netspec.graph import Graph
from netspec.sections.losses import Term
from netspec.training import devices
from netspec.training.batches import Part, bounds
from netspec.training.judged import judge
from netspec.training.objective import Objective, objective
from netspec.training.optimizer import Rate, make_optimizer
from netspec.training.plan import Plan
from netspec.types import Time

if TYPE_CHECKING:
    import torch
    from torch import Tensor, nn

    from netspec.training.batches import Batch

# a batch of one has no variance to normalise by
_NEEDS_TWO = ("batchnorm",)
EVALUATION_BATCH = 512


@dataclass(slots=True)
class Engine:
    """What the loop works with. `arguments` are the fields that forward takes, in order."""

    model: nn.Module
    forward: Any
    optimizer: torch.optim.Optimizer
    objective: Objective
    rate: Rate
    parts: dict[str, Part]
    spans: list[tuple[int, int]]
    arguments: tuple[str, ...]
    weights: list[torch.nn.Parameter]
    device: str
    threads: int
    dtype: Any
    single: bool
    carries: bool
    autocast: Any = None
    keys: tuple[str, ...] = field(default=())

    def outputs(self, batch: Batch) -> tuple[Tensor, ...]:
        """The outputs that the terms read."""
        found = self.forward(*(batch[name] for name in self.arguments))
        return (found,) if self.single else found

    def draw_from(self, seed: int) -> None:
        """Where the random numbers of the next passes begin: dropout has no state that could be lost."""
        import torch

        torch.default_generator.manual_seed(seed)
        if self.device != "cpu":
            torch.manual_seed(seed)

    def clip(self, norm: float) -> None:
        import torch

        torch.nn.utils.clip_grad_norm_(self.weights, norm)

    def state(self) -> dict[str, Tensor]:
        """Weights and buffers by their keys, as `graph.stored` names them."""
        state = self.model.state_dict()
        return {key: state[key] for key in self.keys}


def build_engine(plan: Plan) -> Engine:
    """Builds everything on the device; weights are the initial ones of (seed, key)."""
    import torch

    train, graph = plan.train, plan.graph
    device = devices.choose_device(plan.request.device)
    threads = devices.choose_threads(plan.request.threads, graph, train.batch)
    torch.set_num_threads(threads)
    dtype = devices.dtype_of(train.precision)
    terms: list[Term] = [item.term for item in train.loss] + list(train.metrics)
    judged = judge(graph, terms, frozenset(plan.match.inputs))
    model = _module(judged.graph, train.seed, device, dtype)
    frozen = {stored.key for stored in graph.stored if stored.kind == "frozen"}
    for key, weight in model.named_parameters():
        weight.requires_grad_(key not in frozen)
    weights = [weight for weight in model.parameters() if weight.requires_grad]
    parts = {name: Part(plan.dataset, name, device, dtype) for name in plan.dataset.parts}
    least = 2 if any(node.op.name in _NEEDS_TWO for node in graph.nodes) else 1
    spans = bounds(parts["training"].count, train.batch, least)
    steps = train.epochs * -(-len(spans) // train.accumulate)
    return Engine(
        model=model,
        forward=model,
        optimizer=make_optimizer(train.optimizer, weights, device.partition(":")[0]),
        objective=objective(train, graph, judged, plan.targets, device),
        rate=Rate(train.schedule, train.optimizer.lr, steps, train.epochs),
        parts=parts,
        spans=spans,
        arguments=arguments_of(graph),
        weights=weights,
        device=device,
        threads=threads,
        dtype=dtype,
        single=len(judged.outputs) == 1,
        carries=any(node.op.name == "carried" for node in graph.nodes),
        autocast=_autocast(train.precision, device),
        keys=tuple(stored.key for stored in graph.stored),
    )


def _module(graph: Graph, seed: int, device: str, dtype: Any) -> nn.Module:
    from netspec.lower.live import build

    return build(graph, seed=seed, device=device, dtype=dtype)


def arguments_of(graph: Graph) -> tuple[str, ...]:
    """The arguments of forward: the inputs, then the lengths that they bring."""
    labels, lengths, seen = [], [], set()
    for number in graph.inputs:
        node = graph.nodes[number]
        label = graph.layers[node.layer].label
        labels.append(label)
        time = node.type.time
        if isinstance(time, Time) and time.varying and time.varying not in seen:
            seen.add(time.varying)
            lengths.append(f"{label}_length")
    return (*labels, *lengths)


def _autocast(precision: str, device: str) -> Any:
    import torch

    if precision != "bfloat16":
        return None
    return torch.autocast(device.partition(":")[0], dtype=torch.bfloat16)
