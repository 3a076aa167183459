"""`netspec.train` and `netspec.load_run`: a spec and its data become a run."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic
from netspec.parts import need
from netspec.training.loop.progress import Silent, Watch
from netspec.training.plan import Plan, Request, make_plan
from netspec.training.run import Run
from netspec.training.storage.folder import Folder

if TYPE_CHECKING:
    from netspec.spec import Net, Spec

StrPath = str | os.PathLike[str]


def train(
    spec: Spec | Net | StrPath,
    data: Mapping[str, Any] | None = None,
    *,
    out: StrPath | None = None,
    epochs: int | None = None,
    batch: int | None = None,
    lr: float | None = None,
    seed: int | None = None,
    settings: Mapping[str, Any] | None = None,
    device: str = "auto",
    threads: int | None = None,
    data_folder: StrPath | None = None,
    allow: Sequence[str] = (),
    compile: str = "off",
    workers: int | None = None,
    save_every: int | None = None,
    pictures: bool = True,
    watch: Watch | None = None,
) -> Run:
    """Trains a net as its sections say, and returns the finished run.

    `data` gives fields as arrays, (rows, …) each, in place of the section's source; the field's steps still
    apply. `settings` overrides what stands in the spec: {"train.optimizer.lr": 1e-3}. `allow` names the modules that
    a source `python("pkg:fn")` may import. The run's folder is `out`, else the next free `runs/NET-N`. A checkpoint is
    written every minute, or every `save_every` steps. `compile` is off, on or auto.

    Raises SpecError for mistakes in the spec, NetspecError for faulty data (exit code 3), a diverged run (4), a
    missing package (5).
    """
    if data is not None and not isinstance(data, Mapping):
        raise TypeError(f'data is a dictionary of arrays by field, {{"x": X}}, not {type(data).__name__}')
    found, request = _request(spec, settings or {}, epochs=epochs, batch=batch, lr=lr, seed=seed)
    request.device, request.threads, request.pictures = device, threads, pictures
    request.compile, request.save_steps = compile, save_every
    request.workers = workers or request.workers
    request.data = None if data_folder is None else os.fspath(data_folder)
    plan = make_plan(found, request, data, allow=allow)
    return start(plan, None if out is None else Path(out), watch or Silent())


def load_run(folder: StrPath) -> Run:
    """A run that was made before; raises NetspecError (exit code 2) where the folder holds none."""
    return Run(Path(folder))


def resume(
    folder: StrPath,
    data: Mapping[str, Any] | None = None,
    *,
    spec: Spec | None = None,
    others: Sequence[Spec] = (),
    data_folder: StrPath | None = None,
    allow: Sequence[str] = (),
    pictures: bool | None = None,
    watch: Watch | None = None,
) -> Run:
    """Goes on with a run that was stopped or killed, from its newest whole checkpoint, to its end.

    The folder holds its spec and settings; only arrays must be given again. `spec` is compared with it. `pictures`
    as for `train`; as the run began when left out. Raises
    NetspecError (exit code 2) where spec or data differ from what they were, and where the run has finished.
    """
    run = load_run(folder)
    Folder(run.folder).require_plain()
    if run.status["state"] == "finished":
        words = {"folder": str(folder)}
        raise UsageError(Diagnostic("NS859", None, words))
    request = run.request
    if data_folder is not None:
        request.data = os.fspath(data_folder)
    if pictures is not None:
        request.pictures = pictures
    plan = make_plan(spec or run.spec, request, data, others or run.others, allow)
    need("torch")
    from netspec.training.session import Session

    return Session(plan, watch or Silent()).resume(Folder(run.folder))


def start(plan: Plan, out: Path | None, watch: Watch) -> Run:
    """Runs a plan from its beginning in a new folder."""
    need("torch")
    from netspec.training.session import Session

    return Session(plan, watch).start(out)


def _request(spec: Spec | Net | StrPath, settings: Mapping[str, Any], **short: Any) -> tuple[Spec, Request]:
    from netspec.spec import Net, Spec, load

    sizes: dict[str, Any] = {}
    name = None
    if isinstance(spec, Net):
        sizes, name = dict(spec.sizes), spec.name
        spec = spec.spec
    elif isinstance(spec, str | os.PathLike):
        spec = load(spec)
    elif not isinstance(spec, Spec):
        raise TypeError(f"netspec.train takes a spec, a net or the path of a .net file, not {type(spec).__name__}")
    path = spec.program.main.source.path
    request = Request(net=name, sizes=sizes, folder=str(path.parent.resolve()) if path is not None else None)
    request.assignments = assignments({**short_keys(short), **settings})
    return spec, request


def short_keys(short: Mapping[str, Any]) -> dict[str, Any]:
    """`epochs`, `batch`, `seed` and `lr` as the settings they stand for."""
    homes = {"lr": "train.optimizer.lr"}
    return {homes.get(key, f"train.{key}"): value for key, value in short.items() if value is not None}


def assignments(settings: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Settings as (key, text of the value)."""
    return [(key, value if isinstance(value, str) else as_text(value)) for key, value in settings.items()]


def as_text(value: Any) -> str:
    """A Python value as a spec writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Sequence) and not isinstance(value, str):
        return f"[{', '.join(as_text(item) for item in value)}]"
    return repr(value) if isinstance(value, float) else str(value)
