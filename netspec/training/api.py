"""`netspec.train` and `netspec.load_run`: a spec and its data become a run."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic
from netspec.parts import need
from netspec.plugins import import_allowed
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
    """Trains a net as its sections say.

    Parameters:
        spec: a spec, a net with its sizes set, or the path of a `.net` file.
        data: fields as arrays, `(rows, …)` each, in place of the section's source; the field's steps still apply.
        out: the run's folder; the next free `runs/NET-N` when left out.
        epochs, batch, lr, seed: as in the train section, which they win over.
        settings: other settings that win over the spec's: {"train.optimizer.momentum": 0.9}.
        device: cpu, cuda, cuda:1, mps; auto chooses.
        threads: threads for the CPU; by the size of a step when left out.
        data_folder: the folder that paths in the data section start from; the spec's own when left out.
        allow: top modules that may be imported: for sources `python("pkg:fn")`, and for what packages add to netspec.
        compile: torch.compile: off, on, or auto, which times it first.
        workers: threads that fetch batches of data too large for the device.
        save_every: a checkpoint every so many steps; every minute when left out.
        pictures: whether figures and curves are drawn at the end.
        watch: what is told of the run while it goes on, such as `netspec.notebook.Curves()`.

    Returns:
        The finished run.

    Raises:
        SpecError: the spec or its sections are wrong.
        DataError: the data cannot be read, or do not fit the spec.
        UsageError: an argument cannot be used, such as an unknown device.
        DivergedError: the loss or a weight became infinite or not a number.
        StoppedError: a signal or a full disk stopped the run; `resume` continues it.
        MissingPackageError: torch or another package is not installed.

    Example:
        >>> text = "net line {\\n  input x: 1\\n  output y: 1 perceptron\\n}\\n"
        >>> text += "train {\\n  loss = squared(y, t)\\n  optimizer = sgd(lr = 0.1)\\n  epochs = 2\\n}\\n"
        >>> data = {"x": [[0.0], [1.0]], "t": [[1.0], [3.0]]}
        >>> run = netspec.train(netspec.parse(text), data, pictures=False)
        >>> run.status["state"]
        'finished'
    """
    if data is not None and not isinstance(data, Mapping):
        raise TypeError(f'data is a dictionary of arrays by field, {{"x": X}}, not {type(data).__name__}')
    import_allowed(allow)
    found, request = _request(spec, settings or {}, epochs=epochs, batch=batch, lr=lr, seed=seed)
    request.device, request.threads, request.pictures = device, threads, pictures
    request.compile, request.save_steps = compile, save_every
    request.workers = workers or request.workers
    request.data = None if data_folder is None else os.fspath(data_folder)
    plan = make_plan(found, request, data, allow=allow)
    return start(plan, None if out is None else Path(out), watch or Silent())


def load_run(folder: StrPath, *, allow: Sequence[str] = ()) -> Run:
    """A run that was made before.

    Parameters:
        folder: the run's folder.
        allow: top modules whose packages may be imported for the steps, losses, … that the run's spec names.

    Raises:
        UsageError: the folder holds no run, or one that cannot be read.

    Example:
        >>> netspec.load_run("there/is/none")
        Traceback (most recent call last):
        ...
        netspec.diagnostics.errors.UsageError: ...
    """
    import_allowed(allow)
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
    """Continues a run that was stopped or killed, from its newest whole checkpoint to its end.

    The folder holds its spec and settings; only arrays must be given again. The result has the very same bits as a
    run that nobody stopped.

    Parameters:
        folder: the run's folder.
        data: the arrays that `train` was given.
        spec: compared with the run's own.
        others: the specs whose sections were added by `--with`.
        data_folder: as for `train`.
        allow: as for `train`; it is never stored.
        pictures: as for `train`; as the run began when left out.
        watch: as for `train`.

    Returns:
        The finished run.

    Raises:
        UsageError: the folder holds no run, the run has finished, or spec or data differ from what they were.
        DataError, DivergedError, StoppedError, MissingPackageError: as for `train`.
    """
    run = load_run(folder, allow=allow)
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
