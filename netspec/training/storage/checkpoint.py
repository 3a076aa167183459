"""The state of a run -> files with checksums, and back. Tensors are safetensors and the rest is JSON; there is no
pickle.

A checkpoint is a folder that is renamed to its final name after all its files are on the disk. Its manifest has the
hash of each file. An interrupted checkpoint has no manifest or a wrong hash; then the previous checkpoint is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from pydantic import Field, JsonValue

from netspec import documents, files
from netspec.diagnostics.errors import UsageError
from netspec.training.loop.progress import Progress

if TYPE_CHECKING:
    from torch import Tensor

    from netspec.config.vocabulary.optimizers import Optimizer
    from netspec.training.loop.engine import Engine
    from netspec.training.loop.turns import Live

KEEP = 2


class State(documents.Piece):
    """The state of a run besides its tensors."""

    progress: Progress
    optimizer: dict[str, JsonValue]


class Manifest(documents.Document):
    """The contents of a checkpoint, with the hash of each file and of itself; it is written last."""

    file = "manifest.json"
    step: documents.Count
    state: State
    sha256: dict[Annotated[str, Field(pattern=r"^[a-z]+\.safetensors$")], documents.Digest]
    own: documents.Digest | None = None

    @property
    def digest(self) -> str:
        """The hash of everything but `own`."""
        return files.sha256(documents.written(self.model_copy(update={"own": None})))


class Incomplete(Exception):
    """A damaged checkpoint; the message names the file."""


def save(folder: Path, step: int, tensors: Mapping[str, Mapping[str, Tensor]], state: State) -> Path:
    """Write the checkpoint `folder/step-N` atomically, then remove all but the last two. Raises OSError."""
    from safetensors.torch import save as as_bytes

    place = folder / f"step-{step:09d}"
    if is_whole(place):
        return place  # a run that resumed from here saves the same state again
    temporary = folder / f".{place.name}{files.TEMPORARY}"
    root = folder.parent
    files.require_plain(place, root)
    files.remove_folder(temporary, root)
    files.make_folder(temporary, root)
    try:
        sums: dict[str, str] = {}
        for name, group in tensors.items():
            data = as_bytes({key: value.detach().cpu().contiguous() for key, value in group.items()})
            sums[f"{name}.safetensors"] = files.sha256(data)
            files.write_through(temporary / f"{name}.safetensors", data)
        manifest = Manifest(step=step, state=state, sha256=sums)
        manifest.own = manifest.digest
        files.write_through(temporary / manifest.file, documents.written(manifest))
        files.sync_folder(temporary)
        files.remove_folder(place, root)
        files.rename(temporary, place)
        files.sync_folder(folder)
    except OSError:
        files.remove_folder(temporary, root)
        raise
    prune(folder)
    return place


def prune(folder: Path) -> None:
    """Remove all but the newest checkpoints, and the remains of an interrupted save."""
    for path in (*existing(folder)[KEEP:], *folder.glob(f".step-*{files.TEMPORARY}")):
        files.remove_folder(path, folder.parent)


def existing(folder: Path) -> list[Path]:
    """Return the checkpoints, newest first."""
    return sorted(folder.glob("step-*"), reverse=True) if folder.is_dir() else []


def is_whole(path: Path) -> bool:
    """Whether a checkpoint is complete and undamaged."""
    try:
        load(path)
    except Incomplete:
        return False
    return True


def load(path: Path) -> tuple[dict[str, dict[str, Tensor]], State]:
    """Return the tensors of each group and the state; raise Incomplete if anything is missing or damaged."""
    from safetensors import SafetensorError
    from safetensors.torch import load as from_bytes

    root = path.parent.parent
    name = Manifest.file
    tensors: dict[str, dict[str, Tensor]] = {}
    try:
        manifest = documents.read(path, Manifest, root)
        if manifest.digest != manifest.own:
            raise Incomplete(name)
        for name, digest in manifest.sha256.items():
            data = files.read(path / name, root)
            if files.sha256(data) != digest:
                raise Incomplete(name)
            tensors[name.removesuffix(".safetensors")] = from_bytes(data)
    except (UsageError, OSError, SafetensorError, ValueError, KeyError):  # of dtypes that torch lacks
        raise Incomplete(name) from None
    return tensors, manifest.state


# ---- the state of the optimizers: tensors by "index.name", everything else as JSON; the weights of all are numbered


def optimizer_tensors(turns: Sequence[Live]) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Divide the state_dicts of the optimizers into tensors and plain values."""
    import torch

    tensors: dict[str, Tensor] = {}
    plain: dict[str, Any] = {}
    first = 0
    for live in turns:
        for index, state in live.optimizer.state_dict()["state"].items():
            for name, value in state.items():
                kind = tensors if isinstance(value, torch.Tensor) else plain
                kind[f"{first + index}.{name}"] = value
        first += len(live.weights)
    return tensors, plain


def check(tensors: Mapping[str, Mapping[str, Tensor]], state: State, engine: Engine) -> None:
    """Raise Incomplete if an undamaged checkpoint is not one of this net and its optimizers, or is not finite."""
    own = {key: value.shape for key, value in engine.state().items()}
    for name in ("weights", *(["best"] if "best" in tensors else [])):
        group = tensors.get(name, {})
        finite = all(bool(value.isfinite().all()) for value in group.values())
        if not finite or {key: value.shape for key, value in group.items()} != own:
            raise Incomplete(f"{name}.safetensors")
    kept: dict[str, dict[str, Any]] = {}  # by the number of the weight
    for key, value in [*tensors.get("optimizer", {}).items(), *state.optimizer.items()]:
        index, _, name = key.partition(".")
        kept.setdefault(index, {})[name] = _kind(value)
    every = [(live.turn.optimizer, weight) for live in engine.turns for weight in live.weights.values()]
    weights = {str(number): pair for number, pair in enumerate(every)}
    known: dict[Any, dict[str, Any]] = {}
    for index, kinds in kept.items():
        if index not in weights:
            raise Incomplete("optimizer.safetensors")
        optimizer, weight = weights[index]
        case = (id(optimizer), weight.shape)
        if case not in known:
            known[case] = _slots(optimizer, weight, engine.device)
        if kinds != known[case]:
            raise Incomplete("optimizer.safetensors")


def _slots(optimizer: Optimizer, weight: Tensor, device: str) -> dict[str, Any]:
    """Return what an optimizer keeps of a weight, by name. A step with a weight of the same shape shows it."""
    import torch

    like = torch.nn.Parameter(torch.zeros_like(weight))
    like.grad = torch.zeros_like(like)
    live = optimizer.build([like], device.partition(":")[0])
    live.step()
    return {name: _kind(value) for name, value in live.state[like].items()}


def _kind(value: Any) -> Any:
    return (value.shape, value.dtype) if hasattr(value, "dtype") else type(value)


def restore_optimizers(turns: Sequence[Live], tensors: Mapping[str, Tensor], plain: Mapping[str, Any]) -> None:
    """Restore the states. Tensors with the shape of a weight also get its memory format, which fused steps require."""
    import torch

    first = 0
    for live in turns:
        weights = list(live.weights.values())
        state: dict[int, dict[str, Any]] = {}
        for key, value in [*tensors.items(), *plain.items()]:
            index, _, name = key.partition(".")
            number = int(index) - first
            if not 0 <= number < len(weights):
                continue
            weight = weights[number]
            if isinstance(value, torch.Tensor) and value.shape == weight.shape:
                value = torch.empty_like(weight, dtype=value.dtype, requires_grad=False).copy_(value)
            state.setdefault(number, {})[name] = value
        live.optimizer.load_state_dict({**live.optimizer.state_dict(), "state": state})
        first += len(weights)
