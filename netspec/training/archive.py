"""A spec with all that it uses -> its copy in a run's folder, and back."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from netspec.training.folder import SPEC, Folder, writing

if TYPE_CHECKING:
    from netspec.spec import Spec

MARK = "netspec.toml"


def put(spec: Spec, others: Sequence[Spec], folder: Folder) -> list[str]:
    """Copies the spec and the files of `--with`; returns where each begins, below the folder's `spec`."""
    places = [_put(spec, folder, SPEC)]
    for number, other in enumerate(others, 1):
        places.append(f"with-{number}/{_put(other, folder, f'{SPEC}/with-{number}')}")
    return places


def _put(spec: Spec, folder: Folder, below: str) -> str:
    """Copies one spec's files as they lie below their root; returns the main one's place."""
    program = spec.program
    main = "spec.net"
    for unit in program.units.values():
        place = "spec.net"
        path = None if unit.source.path is None else unit.source.path.resolve()
        if path is not None and program.root is not None and path.is_relative_to(program.root):
            place = path.relative_to(program.root).as_posix()
        elif path is not None:
            place = path.name
        target = folder.path / below / place
        with writing(target):
            target.parent.mkdir(parents=True, exist_ok=True)
        folder.write(f"{below}/{place}", unit.source.text)
        if unit is program.main:
            main = place
    folder.write(f"{below}/{MARK}", "")
    return main


def get(folder: Folder, place: str) -> Spec:
    """A spec from its copy; messages call it by its place in the run."""
    from netspec.spec import load

    path = folder.path / SPEC / place
    root = folder.path / SPEC
    if place.startswith("with-"):
        root /= Path(place).parts[0]
    return load(path, root=root)
