"""Build the live parts of a run from its plan: module, optimizer, objective and data on the device."""

from __future__ import annotations

import contextlib
import copy
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from netspec.config.match import trained_by
from netspec.config.train import Train
from netspec.config.vocabulary.losses import Term
from netspec.config.vocabulary.schedules import Rate
from netspec.diagnostics.errors import MissingPackageError, NetspecError, UsageError
from netspec.diagnostics.model import Diagnostic
from netspec.ir.graph import Edge, Graph
from netspec.ir.types import Time
from netspec.training.data.batches import Part, bounds
from netspec.training.data.random_streams import key_of
from netspec.training.loop import devices
from netspec.training.loop.objective import Objective, objective, with_logits
from netspec.training.loop.parallel import Processes, join
from netspec.training.loop.states import CarriedStates, stateful_batches
from netspec.training.loop.turns import Live, Planned, Wanted, passes
from netspec.training.plan import Plan

if TYPE_CHECKING:
    from torch import Tensor, nn

    from netspec.training.data.batches import Batch

EVALUATION_BATCH = 512


@dataclass(slots=True)
class Engine:
    """The live parts of a run.

    model: the net as a module, in the state that checkpoints hold.
    forward: what training passes call: the model, or its compiled form, or the model wrapped for several processes.
    turns: what moves the weights; if there are several, each has a pass of its own (`Engine.due`).
    graph: the net with the outputs that the losses and metrics read.
    spans: for each batch of an epoch, its begin and end in the epoch's order of examples.
    arguments: the fields that forward takes, in order.
    single: whether forward returns one tensor instead of a tuple.
    penalised: the modules that add something to the loss, their `penalty`.
    copies: where copies of a step stand of which an example uses only some, as the layer's path and the module's key.
    keys: the keys of `graph.arrays`, in its order.
    """

    model: nn.Module
    graph: Graph
    forward: Any
    turns: list[Live]
    objective: Objective
    steps: int
    parts: dict[str, Part]
    spans: list[tuple[int, int]]
    arguments: tuple[str, ...]
    device: str
    threads: int
    dtype: Any
    single: bool
    carried: CarriedStates
    batch: int
    processes: Processes
    autocast: Any
    keys: tuple[str, ...] = field(default=())
    penalised: list[Any] = field(default_factory=list)
    copies: tuple[tuple[str, str], ...] = ()
    planned: dict[tuple[int, ...], list[Planned]] = field(default_factory=dict)

    @property
    def stateful_rows(self) -> int | None:
        """The number of rows of a full batch if the net carries states from batch to batch; otherwise None."""
        return self.spans[0][1] if self.carried else None

    def outputs(self, batch: Batch, training: bool = False) -> tuple[Tensor, ...]:
        """Return the outputs of the net for a batch, in the order of `Logits.outputs`."""
        run = self.forward if training else self.model
        values = [batch[name] for name in self.arguments]
        if self.carried.names:
            found, after = run(*values, state=self.carried.before(len(values[0])), return_state=True)
            self.carried.keep(after)
        else:
            found = run(*values)
        return (found,) if self.single else found

    def loss(self, batch: Batch, planned: Planned, kept: dict[Edge, Tensor]) -> Tensor:
        """Return the loss of a turn's training pass over a batch: that of the objective, and what modules add to it."""
        outputs = self.computed(batch, planned, kept)
        return self.penalised_by(self.objective.loss(planned.live.losses, outputs, batch))

    def computed(self, batch: Batch, planned: Planned, kept: dict[Edge, Tensor]) -> tuple[Tensor, ...]:
        """Return the outputs of the net that a turn's loss reads, at their places; `kept` has what turns hand on."""
        part = planned.part
        if part is None:
            return self.outputs(batch, training=True)
        arguments = [batch[name] for name in self.arguments]
        found = planned.forward(*arguments, *(kept[edge] for edge in part.given))
        kept.update(zip(part.returned, found, strict=True))
        outputs: list[Any] = [None] * (max(planned.live.outputs) + 1)
        for number, value in zip(planned.live.outputs, found):
            outputs[number] = value
        return tuple(outputs)

    def due(self, step: int) -> list[Planned]:
        """Return the turns of an optimizer step, counted from 0, and what each computes."""
        if len(self.turns) == 1:
            return [Planned(self.turns[0])]
        chosen = tuple(n for n, live in enumerate(self.turns) if (step + 1) % live.turn.every == 0)
        if chosen not in self.planned:
            self.planned[chosen] = self._planned([self.turns[number] for number in chosen])
        return self.planned[chosen]

    def _planned(self, turns: list[Live]) -> list[Planned]:
        from netspec.codegen.live import pass_functions

        parts = passes(self.graph, [live.wanted for live in turns])
        made: list[Any] = pass_functions(self.model, self.graph, parts)
        return [Planned(*each) for each in zip(turns, parts, made, strict=True)]

    def penalised_by(self, loss: Tensor) -> Tensor:
        """Return a loss with what the modules with a `penalty` add to it after a training pass."""
        for module in self.penalised:
            if module.penalty is not None:
                loss, module.penalty = loss + module.penalty, None
        return loss

    def order(self, seed: int, epoch: int) -> Tensor:
        """Return the order in which an epoch takes the examples, as indices on the CPU."""
        import torch

        part = self.parts["training"]
        if self.carried:
            return torch.from_numpy(stateful_batches(part.count, self.batch)[0])
        return part.order(key_of(seed, "order", epoch))

    def chunks(self, count: int) -> list[Tensor]:
        """Return the indices of a part's first `count` examples, cut into chunks. Every run uses the same chunks."""
        import torch

        if self.carried:
            order, spans = stateful_batches(count, self.batch)
            return [torch.from_numpy(order[begin:end]) for begin, end in spans]
        return list(torch.split(torch.arange(count), EVALUATION_BATCH))

    def draw_from(self, seed: int) -> None:
        """Seed torch before each step, so that a checkpoint need not hold the state of dropout's random numbers."""
        import torch

        seed = (seed + self.processes.rank) & ((1 << 63) - 1)
        torch.default_generator.manual_seed(seed)
        if self.device != "cpu":
            torch.manual_seed(seed)

    def finite(self) -> bool:
        """Whether every weight is finite."""
        import torch

        return all(bool(torch.isfinite(weight).all()) for weight in self.model.parameters())

    def state(self) -> dict[str, Tensor]:
        """Return weights and buffers by the keys that `graph.arrays` gives them; no two of them share memory."""
        state = self.model.state_dict()
        found, seen = {}, set[int]()
        for key in self.keys:
            place = state[key].data_ptr()
            found[key] = state[key].clone() if place in seen else state[key]
            seen.add(place)
        return found


def build_engine(plan: Plan) -> Engine:
    """Build all parts on the device. The initial values of a weight depend only on the seed and the weight's key."""
    import torch

    train, graph = plan.train, plan.graph
    device = devices.choose_device(plan.request.device)
    threads = devices.choose_threads(plan.request.threads, graph, train.batch)
    torch.set_num_threads(threads)
    if device.startswith("cuda:"):
        torch.cuda.set_device(device)  # NCCL sends over the current CUDA device
    processes = join(device)
    dtype = devices.dtype_of(train.precision)
    terms: list[Term] = [*train.terms, *train.metrics]
    logits = with_logits(graph, terms, frozenset(plan.match.inputs))
    model = _module(logits.graph, train, device, dtype)
    owned = [[one for stored in trained_by(turn.weights, graph) for one in stored.each()] for turn in train.turns]
    moved = {one.key for each in owned for one in each}
    for key, weight in model.named_parameters():
        weight.requires_grad_(key in moved)
    parts = {name: Part(plan.dataset, name, device, dtype) for name in plan.dataset.parts}
    carried = CarriedStates(graph)
    spans = _spans(graph, parts["training"].count, train.batch, carried, processes)
    steps = train.epochs * -(-len(spans) // train.accumulate)
    found = objective(plan, logits, device)
    losses = iter(found.losses)
    turns = []
    for turn, each in zip(train.turns, owned, strict=True):
        weights = {one.key for one in each}
        own = [next(losses) for _ in turn.loss]
        outputs = tuple(dict.fromkeys(number for loss in own for number in logits.read_by(loss.term)))
        values = tuple(logits.outputs[number] for number in outputs)
        chosen = {key: weight for key, weight in model.named_parameters() if key in weights}
        rate = Rate(turn.schedule, turn.optimizer.lr, steps // turn.every, train.epochs)
        optimizer = turn.optimizer.build(chosen.values(), device.partition(":")[0])
        wanted = Wanted(values, frozenset(graph.nodes[one.node].key for one in each))
        turns.append(Live(turn, own, chosen, optimizer, rate, outputs, wanted))
    engine = Engine(
        model=model,
        graph=logits.graph,
        forward=_forward(model, logits.graph, processes if len(turns) == 1 else Processes()),
        turns=turns,
        objective=found,
        steps=steps,
        parts=parts,
        spans=spans,
        arguments=arguments_of(graph),
        device=device,
        threads=threads,
        dtype=dtype,
        single=len(logits.outputs) == 1,
        carried=carried,
        batch=train.batch,
        processes=processes,
        autocast=devices.autocast(train.precision, device),
        keys=tuple(stored.key for stored in graph.arrays),
        penalised=[module for module in model.modules() if hasattr(module, "penalty")],
        copies=_copies(graph),
    )
    _compile(engine, plan)
    return engine


def _copies(graph: Graph) -> tuple[tuple[str, str], ...]:
    """Return the path of the layer and the key of the module for each list of copies of which only some are used."""
    found = []
    for node in graph.nodes:
        for number in node.copies:
            copies = graph.scopes[number].copies
            # copies in copies have no key of their own: `*` stands for the number of the outer copy
            if copies is not None and copies.used != copies.number and "*" not in node.key:
                found.append((graph.layers[node.layer].path, f"{node.key}.{copies.name}"))
    return tuple(found)


def _compile(engine: Engine, plan: Plan) -> None:
    """Compile the model if the request asks for it. `auto` decides once; a resumed run keeps that decision."""
    request, train = plan.request, plan.train
    if request.compile == "auto":
        begin, end = engine.spans[0]
        batch = engine.parts["training"].take(engine.order(train.seed, 0)[begin:end])
        alone = engine.processes.size == 1 and len(engine.turns) == 1
        wins = alone and pays_off(engine, batch, train.epochs * len(engine.spans))
        request.compile = "on" if wins else "off"
    if request.compile == "on":
        if len(engine.turns) > 1:  # a compiled graph goes backward as a whole, and later turns need a part of it
            raise UsageError(Diagnostic("NS919", None, {"flag": "--compile on"}))
        require_compiler()
        engine.forward = compiled(engine.forward, engine.device)


def _spans(graph: Graph, count: int, batch: int, carried: CarriedStates, processes: Processes) -> list[tuple[int, int]]:
    if carried:
        return stateful_batches(count, batch)[1]
    least = max(max(graph.least_examples(node), 2 if node.op.mixes_batch else 1) for node in graph.nodes)
    return bounds(count, batch, least * processes.size if least > 1 else 1)


def _forward(model: nn.Module, graph: Graph, processes: Processes) -> Any:
    """Return what training passes call: the model, or torch's DDP of the model if there are several processes."""
    return processes.wrap(model, _unread(graph)) if processes.size > 1 else model


def _unread(graph: Graph) -> bool:
    """Whether the net has trainable weights on which no output depends."""
    seen: set[int] = set()
    pending = [edge.node for number in graph.outputs for edge in graph.layers[number].values]
    while pending:
        node = pending.pop()
        if node not in seen:
            seen.add(node)
            pending.extend(edge.node for edge in graph.nodes[node].inputs)
    return any(stored.kind == "trainable" and stored.node not in seen for stored in graph.stored)


def _module(graph: Graph, train: Train, device: str, dtype: Any) -> nn.Module:
    """Return the net with its initial weights, in the memory format that is fastest on the device."""
    import torch

    from netspec.codegen.live import build

    module = build(graph, seed=train.seed, device=device, dtype=dtype)
    # Filters that store their maps last make a CPU a quarter faster (benchmarks/results/train.md); on CUDA they help
    # with bfloat16 only. A fixed rule decides, and not a timing, so that the same run always adds numbers in the same
    # order and gives the same result.
    if device == "cpu" or (device.startswith("cuda") and train.precision == "bfloat16"):
        module = module.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    return module


def arguments_of(graph: Graph) -> tuple[str, ...]:
    """Return the names of the arguments of forward: the inputs, then the lengths of the inputs whose time varies."""
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


# ---- Compile a module with torch.compile, if that saves time


# A run shorter than this cannot win back the time that compiling takes.
LEAST_SECONDS = 120.0
TRIAL = 10  # how many steps are timed to decide whether compiling pays off


def compiled(module: nn.Module, device: str) -> Any:
    """Return the compiled module. On CUDA it uses CUDA graphs, which launch all kernels of a small net at once."""
    import torch

    return torch.compile(module, mode="reduce-overhead" if device.startswith("cuda") else None)


def require_compiler() -> None:
    """Raise NetspecError (NS865) if torch.compile does not work, for example because no C++ compiler is installed."""
    import torch

    try:
        torch.compile(lambda x: x * 2 + 1)(torch.ones(3))
    except Exception as error:  # a missing or broken compiler may raise any error
        reason = str(error).strip().splitlines()[0]
        raise MissingPackageError(Diagnostic("NS865", None, {"reason": reason[:200]})) from None


def pays_off(engine: Engine, batch: Batch, steps: int) -> bool:
    """Whether compiling saves more than twice the seconds that it takes. Both ways are timed on a copy of the model."""
    model, forward = engine.model, engine.forward
    trial = copy.deepcopy(model)

    def step(way: Any) -> None:
        engine.forward = way
        with engine.autocast or contextlib.nullcontext():
            loss = engine.loss(batch, Planned(engine.turns[0]), {})
        loss.backward()  # type: ignore[no-untyped-call]
        trial.zero_grad()

    try:
        plain = _seconds(step, trial)
        if plain * steps < LEAST_SECONDS:
            return False
        require_compiler()
        fast = compiled(trial, engine.device)
        begin = time.perf_counter()
        step(fast)
        cost = time.perf_counter() - begin
        saved = plain - _seconds(step, fast)
    except NetspecError:
        return False
    finally:
        engine.forward = forward
        engine.carried.reset()
    return saved * steps > 2 * cost


def _seconds(step: Callable[[Any], None], forward: Any) -> float:
    step(forward)
    begin = time.perf_counter()
    for _ in range(TRIAL):
        step(forward)
    return (time.perf_counter() - begin) / TRIAL
