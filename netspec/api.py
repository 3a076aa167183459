"""The face of netspec: everything that `import netspec` offers, in one place. Nothing below it imports it."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from netspec.plugins import import_allowed
from netspec.spec import Net, Spec, load, parse
from netspec.training import session
from netspec.training.loop.parallel import started
from netspec.training.loop.progress import Callbacks, NoCallbacks
from netspec.training.plan import Request, assignments, make_plan, short_keys
from netspec.training.run import Run

__all__ = ["Net", "Run", "Spec", "load", "load_run", "parse", "resume", "train"]

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
    compile: Literal["off", "on", "auto"] = "off",
    workers: int | None = None,
    save_every: int | None = None,
    pictures: bool = True,
    quiet: bool = False,
    watch: Callbacks | None = None,
) -> Run:
    """Trains a net as its sections say.

    In a terminal it prints what `netspec train` prints, in a notebook it draws the curves while they grow; elsewhere
    it is silent.

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
        quiet: shows nothing.
        watch: is told of the run in place of the terminal or the notebook, such as `netspec.notebook.Curves()`.

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
    import_allowed(allow)
    if data is not None and not isinstance(data, Mapping):
        raise TypeError(f'data is a dictionary of arrays by field, {{"x": X}}, not {type(data).__name__}')
    sizes: dict[str, Any] = {}
    name = None
    if isinstance(spec, Net):
        sizes, name, spec = dict(spec.sizes), spec.name, spec.spec
    elif isinstance(spec, str | os.PathLike):
        spec = load(spec)
    elif not isinstance(spec, Spec):
        raise TypeError(f"netspec.train takes a spec, a net or the path of a .net file, not {type(spec).__name__}")
    path = spec.program.main.source.path
    short = short_keys({"epochs": epochs, "batch": batch, "lr": lr, "seed": seed})
    request = Request(
        net=name,
        sizes=sizes,
        assignments=assignments({**short, **(settings or {})}),
        data=None if data_folder is None else os.fspath(data_folder),
        folder=None if path is None else str(path.parent.resolve()),
        device=device,
        threads=threads,
        compile=compile,
        save_steps=save_every,
        pictures=pictures,
    )
    request.workers = workers or request.workers
    plan = make_plan(spec, request, data, allow=allow)
    with _shown(quiet, watch) as shown:
        return session.start(plan, None if out is None else Path(out), shown)


def load_run(folder: StrPath, *, allow: Sequence[str] = ()) -> Run:
    """A run that was made before.

    Parameters:
        folder: the run's folder.
        allow: top modules whose packages may be imported for the steps, losses, … that the run's spec names.

    Returns:
        The run.

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
    quiet: bool = False,
    watch: Callbacks | None = None,
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
        quiet, watch: as for `train`.

    Returns:
        The finished run.

    Raises:
        UsageError: the folder holds no run, the run has finished, or spec or data differ from what they were.
        DataError, DivergedError, StoppedError, MissingPackageError: as for `train`.

    Example:
        >>> netspec.resume("there/is/none")
        Traceback (most recent call last):
        ...
        netspec.diagnostics.errors.UsageError: ...
    """
    import_allowed(allow)
    with _shown(quiet, watch) as shown:
        return session.resume(
            Path(folder),
            data,
            spec=spec,
            others=others,
            data_folder=data_folder,
            allow=allow,
            pictures=pictures,
            watch=shown,
        )


@contextlib.contextmanager
def _shown(quiet: bool, watch: Callbacks | None) -> Iterator[Callbacks]:
    """Yield what shows a run: the caller's `watch`, curves in a notebook, the display in a terminal, or nothing."""
    rank, _, _ = started()
    if watch is not None:
        yield watch
    elif quiet or rank:  # of several processes only the first shows
        yield NoCallbacks()
    elif _in_notebook():
        from netspec.notebook import Curves

        yield Curves()
    elif sys.stdout is not None and sys.stdout.isatty():
        from netspec.cli.output import language_of
        from netspec.cli.progress import Display

        with Display(False, language_of(())) as display:
            yield display
    else:
        yield NoCallbacks()


def _in_notebook() -> bool:
    """Whether the code runs in a cell of Jupyter, and not in IPython in a terminal."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return hasattr(shell, "kernel")
