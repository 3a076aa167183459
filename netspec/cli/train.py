"""`netspec train`: a net trained as its spec says."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from netspec.cli.options import (
    Positive,
    allow_option,
    common,
    limits_of,
    load_spec,
    net_options,
    parse_settings,
    require_run,
)
from netspec.cli.output import language_of, say
from netspec.diagnostics.catalogue import phrase
from netspec.diagnostics.errors import NetspecError, UsageError
from netspec.diagnostics.model import Diagnostic
from netspec.figure.trained import is_run

if TYPE_CHECKING:
    from netspec.documents import Request
    from netspec.spec import Spec
    from netspec.training.loop.progress import Callbacks
    from netspec.training.pairing import Pairing
    from netspec.training.plan import Plan

MOST_THREADS = 4096  # a run that asks for more cannot be read again
SECTIONS = ("train", "data")


@click.command("train")
@click.argument("spec", required=False)
@net_options
@click.option("--epochs", type=click.IntRange(1), help="As `epochs` in the train section.")
@click.option("--batch", type=click.IntRange(1), help="As `batch` in the train section.")
@click.option("--lr", type=Positive(), help="The optimizer's learning rate.")
@click.option("--seed", type=click.IntRange(0), help="As `seed` in the train section.")
@click.option("--data", "data", type=click.Path(path_type=Path), help="The folder that the data's paths start from.")
@click.option("--with", "others", multiple=True, metavar="FILE", help="Take sections from another file, too.")
@click.option("--from", "begin", type=click.Path(path_type=Path), metavar="RUN|FILE", help="Begin with its weights.")
@click.option("--map", "by", type=click.Path(path_type=Path), metavar="FILE", help="--from: which array is which.")
@click.option("--resume", type=click.Path(path_type=Path), metavar="RUN", help="Go on with a run that stopped.")
@click.option(
    "-o", "--out", type=click.Path(path_type=Path), help="The run's folder; the next free runs/NET-N when left out."
)
@click.option("--device", default="auto", metavar="NAME", help="cpu, cuda, cuda:1, mps; auto chooses and says so.")
@click.option(
    "--threads", type=click.IntRange(1, MOST_THREADS), help="Threads for the CPU; else by the size of a step."
)
@click.option(
    "--workers", type=click.IntRange(1, MOST_THREADS), help="Threads that fetch data too large for the device."
)
@click.option("--processes", type=click.IntRange(1), default=1, help="Share each batch between N processes (torchrun).")
@click.option("--compile", type=click.Choice(["off", "on", "auto"]), help="torch.compile: auto times it first.")
@click.option(
    "--save-every", metavar="N", help="Checkpoints every N steps, or N seconds (`30s`); every 60s when left out."
)
@click.option("--no-pictures", is_flag=True, help="Draw nothing at the end.")
@click.option("--quiet", "-q", is_flag=True, help="Say nothing but the run's folder.")
@allow_option(keep=True)
@common
def train(spec: str | None, **flags: Any) -> int:
    """Train a net on its data; weights, curves and figure land in a folder of the run.

    With --from a run and no SPEC, that run's own net is trained on.
    """
    begin = flags["begin"]
    if flags["by"] is not None and begin is None:
        raise UsageError(Diagnostic("NS919", None, {"flag": "--map"}))
    again = spec is None and begin is not None and is_run(begin)
    if spec is None and flags["resume"] is None and not again:
        raise click.MissingParameter(param_hint="SPEC", param_type="argument")
    from netspec.training.loop.parallel import started

    rank, size, _ = started()
    _refuse_early(flags, rank)
    limits = limits_of(flags["limit"])
    found = None if spec is None else load_spec(spec, flags["root"], limits)
    others = [load_spec(other, flags["root"], limits) for other in flags["others"]]
    if flags["resume"] is not None:
        from netspec.training.session import resume

        if flags["processes"] > 1 and size == 1:
            launch(flags["processes"])
        with _watch(flags, rank) as watch:
            resume(
                flags["resume"],
                spec=found,
                others=others,
                data_folder=flags["data"],
                allow=flags["allow"],
                pictures=False if flags["no_pictures"] else None,
                watch=watch,
            )
        return 0
    if again:
        found, others, request = _again(begin, flags)
    else:
        assert found is not None
        path = found.program.main.source.path
        request = request_of(flags, None if path is None else path.parent)
    from netspec.training.plan import make_plan

    try:
        plan = make_plan(found, request, None, others, flags["allow"])
    except NetspecError as error:
        if rank:
            return error.exit_code  # the first process has printed the error already
        raise
    if flags["processes"] > 1 and size == 1:
        launch(flags["processes"])
    begun = None
    if begin is not None:
        from netspec.training.pairing import pair

        begun = pair(plan.graph, begin, flags["by"])
        if rank == 0 and not flags["quiet"]:
            _say_paired(plan, begun, flags)
    from netspec.training.session import start

    with _watch(flags, rank) as watch:
        start(plan, flags["out"], watch, begun)
    return 0


def _again(folder: Path, flags: dict[str, Any]) -> tuple[Spec, list[Spec], Request]:
    """Return the spec of a run, those that it added, and its request with what the flags change."""
    from netspec.training.record import Record

    run, given = Record(folder, flags["allow"]), request_of(flags, None)
    before = run.request
    request = replace(
        given,
        net=run.net_name,
        sizes=before.sizes | given.sizes,
        assignments=[*before.assignments, *given.assignments],
        data=given.data or before.data,
        folder=before.folder,
    )
    return run.spec, run.others, request


ROWS = 12  # lines of the map that are printed


def _say_paired(plan: Plan, begun: Pairing, flags: dict[str, Any]) -> None:
    """Print which arrays came from elsewhere, which are new, and which training does not move."""
    from netspec.config.match import trained_by

    language = language_of(["--lang", flags["lang"]] if flags["lang"] else [])
    moved = {stored.key for turn in plan.train.turns for stored in trained_by(turn.weights, plan.graph)}
    held = [stored.key for stored in plan.graph.arrays if stored.kind != "buffer" and stored.key not in moved]
    counts: dict[str, Any] = {
        "count": len(begun.pairs),
        "of": len(begun.pairs) + len(begun.new),
        "file": str(flags["begin"]),
    }
    say(phrase(f"paired {begun.how}", language, **counts))
    renamed = [f"{own} = {other}" for own, other in begun.pairs.items() if own != other]
    for line in renamed[:ROWS]:
        say(f"  {line}")
    if len(renamed) > ROWS:
        say("  " + phrase("paired more", language, count=len(renamed) - ROWS))
    for word, keys in (("new", begun.new), ("left", begun.left), ("frozen", tuple(held))):
        if keys:
            more = ", …" if len(keys) > ROWS else ""
            say(phrase(f"paired {word}", language, count=len(keys), names=", ".join(keys[:ROWS]) + more))


def _refuse_early(flags: dict[str, Any], rank: int) -> None:
    """Raise UsageError for what can be refused before the spec is read: a taken folder, an absent device, an interval.

    The modules that train are imported last, for they cost more than all that is checked.
    """
    if flags["resume"] is not None:
        _nothing_else(flags)
        require_run(flags["resume"])
        return
    save_interval(flags["save_every"])
    if flags["device"] != "auto":
        from netspec.training.loop.devices import require_device

        require_device(flags["device"])
    if rank == 0 and flags["out"] is not None:  # another process may find what the first one has begun to write
        from netspec.training.storage.folder import require_free

        require_free(flags["out"])


@contextlib.contextmanager
def _watch(flags: dict[str, Any], rank: int) -> Iterator[Callbacks]:
    """Yield the object that shows the run: a display in the first process, nothing in all others."""
    from netspec.cli.progress import Display
    from netspec.training.loop.progress import Callbacks

    if rank:
        yield Callbacks()
        return
    with Display(flags["quiet"], language_of(["--lang", flags["lang"]] if flags["lang"] else [])) as display:
        yield display


def launch(processes: int) -> NoReturn:
    """Replace this process by torchrun, which starts the same command in several processes."""
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # torchrun would set the same value, and print a warning
    arguments = [*sys.argv[1:]]
    own = ["-m", "torch.distributed.run", "--standalone", "--nproc-per-node", str(processes), "-m", "netspec"]
    os.execv(sys.executable, [sys.executable, *own, *arguments])


def _nothing_else(flags: dict[str, Any]) -> None:
    """Raise UsageError (NS861) for a flag that would change a resumed run: such a run keeps its settings."""
    own = {"device": "auto", "processes": None}
    names = (
        "begin",
        "by",
        "net",
        "epochs",
        "batch",
        "lr",
        "seed",
        "out",
        "device",
        "threads",
        "workers",
        "compile",
        "save_every",
    )
    flag = {"begin": "from", "by": "map"}
    given = [f"--{flag.get(name, name).replace('_', '-')}" for name in names if flags[name] != own.get(name)]
    if flags["settings"]:
        given.append("--set")
    if given:
        raise UsageError(Diagnostic("NS861", None, {"flags": ", ".join(given)}))


def request_of(flags: dict[str, Any], folder: Path | None) -> Request:
    """Return the flags as a Request, with sizes of the net separate from settings of sections."""
    from netspec.documents import Request
    from netspec.training.plan import as_text, short_keys

    inside = [
        item for item in flags["settings"] if item.strip().split(".")[0] in SECTIONS and "." in item.partition("=")[0]
    ]
    sizes = parse_settings(tuple(item for item in flags["settings"] if item not in inside))
    assigned = []
    for item in inside:
        key, sign, value = item.partition("=")
        if not sign or not value.strip():
            parse_settings((item,))  # raises
        assigned.append((key.strip(), value.strip()))
    short = short_keys({key: flags[key] for key in ("epochs", "batch", "lr", "seed")})
    assigned += [(key, as_text(value)) for key, value in short.items()]
    seconds, steps = save_interval(flags["save_every"])
    return Request(
        net=flags["net"],
        sizes=sizes,
        assignments=assigned,
        data=None if flags["data"] is None else str(flags["data"].resolve()),
        folder=None if folder is None else str(folder.resolve()),
        device=flags["device"],
        compile=flags["compile"] or "off",
        workers=flags["workers"],
        threads=flags["threads"],
        save_seconds=seconds,
        save_steps=steps,
        pictures=not flags["no_pictures"],
    )


def save_interval(text: str | None) -> tuple[float, int | None]:
    """Return (seconds, steps) between two checkpoints: `30s` means seconds, `100` means steps."""
    if text is None:
        return 60.0, None
    try:
        if text.endswith("s"):
            return max(0.0, float(text[:-1])), None
        return 60.0, max(1, int(text))
    except ValueError:
        raise UsageError(Diagnostic("NS857", None, {"value": text})) from None
