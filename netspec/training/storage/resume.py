"""Resume a run: restore its newest undamaged checkpoint, or report the changes that make this impossible."""

from __future__ import annotations

import contextlib
import json
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic, Hint
from netspec.ir.graph import Edge, Graph, Node
from netspec.training.loop.progress import Progress
from netspec.training.storage import checkpoint, files
from netspec.training.storage import folder as names
from netspec.training.storage.folder import Folder

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


def restore(folder: Folder, engine: Engine) -> Restored:
    """Restore the newest undamaged checkpoint into the engine; without one the run starts from the beginning."""
    found = Restored()
    for path in checkpoint.existing(folder / names.CHECKPOINTS):
        try:
            tensors, state = checkpoint.load(path)
            engine.model.load_state_dict(tensors["weights"])
            checkpoint.restore_optimizer(engine.optimizer, tensors["optimizer"], state["optimizer"])
        except checkpoint.Incomplete as fault:
            found.broken.append((path.name, str(fault)))
            continue
        engine.carried.restore(tensors.get("carried", {}), engine.processes, engine.stateful_rows, engine.device)
        found.progress = Progress.of(state["progress"])
        found.best = tensors.get("best")
        break
    return found


def description(plan: Plan) -> dict[str, Any]:
    """Return the net as JSON for a run's folder: the document of `show --json`, and every operation with options."""
    return {**plan.net.to_dict(), "steps": fingerprint(plan.graph)}


def refuse_changes(folder: Folder, plan: Plan) -> None:
    """Raise NetspecError (NS860) with the differences if the net, its sections or the data have changed."""
    expected = {
        names.GRAPH: description(plan),
        names.SECTIONS: {"data": plan.data.document(), "train": plan.train.document()},
        names.DATA: plan.dataset.document(),
    }
    for name, now in expected.items():
        before = folder.read_json(name)
        # comments and captions do not change any result
        gaps = differences(_essence(before), _essence(json.loads(json.dumps(now))))
        if gaps:
            words = {"folder": str(folder.path), "what": name}
            hints = tuple(Hint("gap", {"where": where, "before": old, "now": new}) for where, old, new in gaps[:8])
            raise UsageError(Diagnostic("NS860", None, words, hints=hints))


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
    """Return the last step in the log; the steps between the checkpoint and this one run again."""
    last = 0
    with contextlib.suppress(OSError):
        for line in files.read(folder / names.LOG).splitlines():
            with contextlib.suppress(ValueError, TypeError, AttributeError, RecursionError):
                last = max(last, int(json.loads(line).get("step", 0)))
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
