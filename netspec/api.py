"""The public functions of netspec. `import netspec` offers them; no other module imports this one."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from netspec.documents import Request
from netspec.plugins import import_allowed
from netspec.spec import Net, Spec, load, parse
from netspec.training import session
from netspec.training.loop.parallel import started
from netspec.training.loop.progress import Callbacks
from netspec.training.pairing import pair
from netspec.training.plan import assignments, make_plan, short_keys
from netspec.training.run import Run
from netspec.training.storage.folder import require_free

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
    weights: StrPath | None = None,
    map: StrPath | None = None,
    save_every: int | None = None,
    pictures: bool = True,
    quiet: bool = False,
    watch: Callbacks | None = None,
) -> Run:
    """Train a net as its data and train sections describe.

    In a terminal it prints the same as `netspec train`, in a notebook it draws the curves during training, and
    elsewhere it prints nothing.

    Parameters:
        spec: a spec, a net with its sizes set, or the path of a `.net` file.
        data: an array `(rows, …)` for each field, instead of the source of the data section; the field's steps are
            applied.
        out: the run's folder; by default the next free `runs/NET-N`.
        epochs, batch, lr, seed: override these settings of the train section.
        settings: overrides other settings, for example {"train.optimizer.momentum": 0.9}.
        device: cpu, cuda, cuda:1, mps, or auto to choose one.
        threads: the number of CPU threads; by default chosen by the size of a step.
        data_folder: the folder to which paths in the data section are relative; by default the spec's folder.
        allow: top-level modules that may be imported, for `extern` classes, `python("pkg:fn")` sources and packages
            that extend netspec.
        compile: whether to use torch.compile: off, on, or auto, which measures first.
        workers: the number of threads that fetch batches if the data do not fit on the device.
        weights: the folder of a run, or a safetensors file, whose arrays the net begins with.
        map: a file that says which array is which; without it their names do.
        save_every: the number of steps between checkpoints; by default one is written every minute.
        pictures: whether figures and curves are drawn at the end.
        quiet: whether to print and draw nothing during training.
        watch: receives the progress instead of the terminal or notebook, such as `netspec.notebook.Curves()`.

    Returns:
        The finished run.

    Raises:
        SpecError: the spec or its sections are wrong.
        DataError: the data cannot be read or do not fit the spec.
        UsageError: an argument is wrong, such as an unknown device.
        DivergedError: the loss or a weight became infinite or NaN.
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
        workers=workers,
    )
    if started()[0] == 0:
        require_free(None if out is None else Path(out))
    plan = make_plan(spec, request, data, allow=allow)
    with _shown(quiet, watch) as shown:
        begun = None if weights is None else pair(plan.graph, Path(weights), None if map is None else Path(map))
        return session.start(plan, None if out is None else Path(out), shown, begun)


def load_run(folder: StrPath, *, allow: Sequence[str] = ()) -> Run:
    """Load an existing run.

    Parameters:
        folder: the run's folder.
        allow: top-level modules that may be imported: for `extern`, and for steps, losses, … of the run's spec.

    Returns:
        The run.

    Raises:
        UsageError: the folder does not contain a run, or the run cannot be read.

    Example:
        >>> netspec.load_run("there/is/none")
        Traceback (most recent call last):
        ...
        netspec.diagnostics.errors.UsageError: ...
    """
    import_allowed(allow)
    return Run(Path(folder), allow)


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
    """Continue a run that was stopped or killed, from its newest undamaged checkpoint to its end.

    The folder contains the spec and the settings; only arrays must be passed again. The result is identical, bit for
    bit, to that of a run without interruption.

    Parameters:
        folder: the run's folder.
        data: the arrays that were passed to `train`.
        spec: if given, it must be equal to the run's own spec.
        others: the specs that `--with` added, for the same comparison.
        data_folder: as for `train`.
        allow: as for `train`; a run does not store it.
        pictures: as for `train`; by default as when the run began.
        quiet, watch: as for `train`.

    Returns:
        The finished run.

    Raises:
        UsageError: the folder contains no run, the run has finished, or the spec or the data have changed.
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
    """Yield the callbacks that show a run: the caller's `watch`, curves in a notebook, a terminal display, or none."""
    rank, _, _ = started()
    if watch is not None:
        yield watch
    elif quiet or rank:  # only the first of several processes shows progress
        yield Callbacks()
    elif _in_notebook():
        from netspec.notebook import Curves

        yield Curves()
    elif sys.stdout is not None and sys.stdout.isatty():
        from netspec.cli.output import language_of
        from netspec.cli.progress import Display

        with Display(False, language_of(())) as display:
            yield display
    else:
        yield Callbacks()


def _in_notebook() -> bool:
    """Whether the code runs in a Jupyter notebook (IPython in a terminal does not count)."""
    ipython = sys.modules.get("IPython")
    shell = None if ipython is None else ipython.get_ipython()
    return hasattr(shell, "kernel")
