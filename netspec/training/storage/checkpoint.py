"""The state of a run -> files with checksums, and back. Tensors are safetensors and the rest is JSON; there is no
pickle.

A checkpoint is a folder that is renamed to its final name after all its files are on the disk. Its manifest has the
hash of each file. An interrupted checkpoint has no manifest or a wrong hash; then the previous checkpoint is used.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec.training.storage import files

if TYPE_CHECKING:
    from torch import Tensor

MANIFEST = "manifest.json"
KEEP = 2


class Incomplete(Exception):
    """A damaged checkpoint; the message names the file."""


def save(folder: Path, step: int, tensors: Mapping[str, Mapping[str, Tensor]], state: Mapping[str, Any]) -> Path:
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
        document = {"step": step, "state": dict(state), "sha256": sums}
        data = files.as_json({**document, "self": files.sha256(files.as_json(document).encode())}).encode()
        files.write_through(temporary / MANIFEST, data)
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


def load(path: Path) -> tuple[dict[str, dict[str, Tensor]], dict[str, Any]]:
    """Return the tensors of each group and the state; raise Incomplete if anything is missing or damaged."""
    from safetensors.torch import load as from_bytes

    try:
        document = json.loads(files.read(path / MANIFEST))
        own = document.pop("self")
        if files.sha256(files.as_json(document).encode()) != own:
            raise Incomplete(MANIFEST)
        tensors: dict[str, dict[str, Tensor]] = {}
        for name, digest in document["sha256"].items():
            data = files.read(path / name)
            if files.sha256(data) != digest:
                raise Incomplete(name)
            tensors[name.removesuffix(".safetensors")] = from_bytes(data)
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise Incomplete(str(getattr(error, "filename", None) or MANIFEST)) from None
    state: dict[str, Any] = document["state"]
    return tensors, state


# ---- the state of an optimizer: tensors by "index.name", everything else as JSON


def optimizer_tensors(optimizer: Any) -> tuple[dict[str, Tensor], dict[str, Any]]:
    """Divide the optimizer's state_dict into tensors and plain values."""
    import torch

    tensors: dict[str, Tensor] = {}
    plain: dict[str, Any] = {}
    for index, state in optimizer.state_dict()["state"].items():
        for name, value in state.items():
            if isinstance(value, torch.Tensor):
                tensors[f"{index}.{name}"] = value
            else:
                plain[f"{index}.{name}"] = value
    return tensors, plain


def restore_optimizer(optimizer: Any, tensors: Mapping[str, Tensor], plain: Mapping[str, Any]) -> None:
    """Restore the state. Tensors with the shape of a weight also get its memory format, which fused steps require."""
    import torch

    document = optimizer.state_dict()
    weights = [weight for group in optimizer.param_groups for weight in group["params"]]
    state: dict[int, dict[str, Any]] = {}
    for key, value in [*tensors.items(), *plain.items()]:
        index, _, name = key.partition(".")
        weight = weights[int(index)]
        if isinstance(value, torch.Tensor) and value.shape == weight.shape:
            value = torch.empty_like(weight, dtype=value.dtype, requires_grad=False).copy_(value)
        state.setdefault(int(index), {})[name] = value
    document["state"] = state
    optimizer.load_state_dict(document)
