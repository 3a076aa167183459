"""Resume a run: restore its newest undamaged checkpoint, or report the changes that make this impossible."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import TypeAdapter, ValidationError

from netspec import documents, files
from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic, Hint, Words
from netspec.figure.trained import arrays_in
from netspec.ir.graph import Edge, Graph, Node
from netspec.training.loop.progress import Progress
from netspec.training.storage import checkpoint
from netspec.training.storage import folder as names
from netspec.training.storage.folder import Folder
from netspec.training.storage.writer import LogLine

if TYPE_CHECKING:
    from torch import Tensor

    from netspec.training.loop.engine import Engine
    from netspec.training.plan import Plan


class Restored:
    """The restored state: progress, the best weights so far, and the damaged checkpoints with the reason."""

    def __init__(self) -> None:
        self.progress = Progress()
        self.best: dict[str, Tensor] | None = None
        self.state: Any = None
        self.broken: list[tuple[str, str]] = []


def restore(folder: Folder, engine: Engine, plan: Plan) -> Restored:
    """Restore the newest undamaged checkpoint into the engine; without any checkpoint the run starts anew, from the
    arrays that it began with if those are of elsewhere.

    Raises:
        UsageError: there are checkpoints, and all of them are damaged (NS884).
    """
    found = Restored()
    for path in checkpoint.existing(folder / names.CHECKPOINTS):
        try:
            tensors, state = checkpoint.load(path)
            checkpoint.check(tensors, state, engine)
            if state.progress.metrics_bytes > files.size(folder / names.METRICS):
                raise checkpoint.Incomplete(names.METRICS)
        except checkpoint.Incomplete as fault:
            found.broken.append((path.name, str(fault)))
            continue
        engine.model.load_state_dict(tensors["weights"])
        checkpoint.restore_optimizers(engine.turns, tensors.get("optimizer", {}), state.optimizer)
        engine.carried.restore(tensors.get("carried", {}), engine.processes, engine.stateful_rows, engine.device)
        found.progress = state.progress
        found.best = tensors.get("best")
        return found
    if found.broken:
        listed = ", ".join(f"{name} ({part})" for name, part in found.broken)
        words: Words = {"folder": str(folder.path), "count": len(found.broken), "names": listed}
        raise UsageError(Diagnostic("NS884", None, words))
    if os.path.lexists(folder / names.BEGIN):
        numbers = sum(value.numel() for value in engine.state().values())
        data = documents.content(folder.path, names.BEGIN, most=16 * numbers + 1000 * (len(engine.keys) + 1))
        begin(engine, arrays_in(data, folder / names.BEGIN))
    return found


def begin(engine: Engine, arrays: Mapping[str, Any]) -> None:
    """Give some arrays of the net other values; raise UsageError (NS726) for arrays of another net."""
    import torch

    state = engine.model.state_dict()
    for key, value in arrays.items():
        if key not in state or tuple(state[key].shape) != value.shape:
            raise UsageError(Diagnostic("NS726", None, {"file": names.BEGIN}, hints=(Hint("broken", {"reason": key}),)))
    with torch.no_grad():
        for key, value in arrays.items():
            state[key].copy_(torch.from_numpy(value))


def description(plan: Plan) -> documents.NetFacts:
    """Return the net for a run's folder: the document of `show --json`, and every operation with its options."""
    return documents.NetFacts(**plan.net.to_dict(), steps=fingerprint(plan.graph))


def sections(plan: Plan) -> documents.Sections:
    """Return the sections of a plan, for the folder of a run."""
    return documents.Sections.model_validate(
        {"data": plan.data.document(), "train": plan.train.document()}, strict=False
    )


def refuse_changes(folder: Folder, plan: Plan) -> None:
    """Raise NetspecError (NS860) with the differences if the net, its sections or the data have changed."""
    for now in (description(plan), sections(plan), plan.dataset.document()):
        before = documents.read(folder.path, type(now))
        # comments and captions do not change any result
        gaps = differences(*(_essence(item.model_dump(mode="json")) for item in (before, now)))
        if gaps:
            words: Words = {"folder": str(folder.path), "what": now.file}
            changes = [] if isinstance(now, documents.DataFacts) else _changes(folder, plan)
            hints = tuple(
                Hint("changed_line", {"change": change, "line": line}) if line else Hint("change", {"change": change})
                for line, change in changes[:8]
            )
            hints = hints or tuple(Hint("gap", {"where": at, "before": old, "now": new}) for at, old, new in gaps[:8])
            raise UsageError(Diagnostic("NS860", None, words, hints=(*hints, Hint("new"))))


def _changes(folder: Folder, plan: Plan) -> list[tuple[int, str]]:
    """Return what has changed in the spec since the run began, as `netspec diff` says it, with its line (or 0)."""
    settings = documents.read(folder.path, documents.Settings)
    old = names.get(folder, settings.spec).net(settings.net, **settings.request.sizes)
    lines = {layer.path: layer.span.line for layer in plan.graph.layers if layer.span is not None}
    return [(lines.get(item.name, 0) if item.kind == "layer" else 0, str(item)) for item in old.diff(plan.net)]


_BESIDE = frozenset(("caption", "line", "netspec", "text", "bytes"))


def _essence(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _essence(item) for key, item in value.items() if key not in _BESIDE}
    if isinstance(value, list):
        return [_essence(item) for item in value]
    return value


def differences(before: Any, now: Any, where: str = "") -> list[tuple[str, str, str]]:
    """Return where two JSON documents differ: (path, old, new)."""
    if isinstance(before, dict) and isinstance(now, dict):
        found = []
        for key in dict.fromkeys([*before, *now]):
            found += differences(before.get(key), now.get(key), f"{where}.{key}" if where else key)
        return found
    if isinstance(before, list) and isinstance(now, list) and len(before) == len(now):
        return [gap for at, pair in enumerate(zip(before, now)) for gap in differences(*pair, f"{where}[{at}]")]
    return [] if before == now else [(where, _short(before), _short(now))]


def _short(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 60 else text[:57] + "..."


def last_logged(folder: Folder) -> int:
    """Return the last step in the log; the steps between the checkpoint and this one run again.

    A run that is killed may leave an incomplete line, so lines that cannot be read are skipped.
    """
    last = 0
    form = TypeAdapter(LogLine)
    with contextlib.suppress(OSError):
        for line in files.read(folder / names.LOG, folder.path, documents.LARGEST).splitlines():
            with contextlib.suppress(ValidationError):
                last = max(last, form.validate_json(line).step)
    return last


# ---- A graph -> its fingerprint: for each line everything that affects the result, as JSON


def fingerprint(graph: Graph) -> dict[str, list[str]]:
    """Return the operations of every line, in order, each with its options and inputs: `relu() of z/0`.

    A value is identified by its line and its number in the line, so a new line does not change the others.
    """
    found: dict[str, list[str]] = {}
    places: dict[int, str] = {}
    for node in graph.nodes:
        own = found.setdefault(graph.layers[node.layer].path, [])
        places[node.index] = f"{graph.layers[node.layer].path}/{len(own)}"
        own.append("")
    for node in graph.nodes:
        path, _, position = places[node.index].rpartition("/")
        found[path][int(position)] = _text(node, places)
    found[""] = [_value(edge, places) for number in graph.outputs for edge in graph.layers[number].values]
    return found


def _text(node: Node, places: dict[int, str]) -> str:
    options = ", ".join(f"{name} = {getattr(node.op, name)}" for name in node.op.options)
    inputs = ", ".join(_value(edge, places) for edge in node.inputs)
    types = ", ".join(str(value) for value in node.types)
    marks = [node.key and f"key {node.key}", node.tied and f"tied to {node.tied}", node.frozen and "frozen"]
    words = "".join(f", {mark}" for mark in marks if mark)
    return f"{node.op.name}({options}){f' of {inputs}' if inputs else ''} is {types}{words}"


def _value(edge: Edge, places: dict[int, str]) -> str:
    return places[edge.node] + (f".{edge.output}" if edge.output else "")
