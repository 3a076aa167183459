"""`netspec evaluate` and `netspec predict`: a trained net is scored, and answers."""

from __future__ import annotations

import csv
import io
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from netspec.cli.options import allow_option, common, require_files, require_run
from netspec.cli.output import (
    class_lines,
    language_of,
    output_for,
    report,
    say,
    shown,
    write_bytes,
    write_file,
    write_json,
    write_text,
)
from netspec.diagnostics.catalogue import phrase
from netspec.diagnostics.display import inert, width
from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic, Hint

if TYPE_CHECKING:
    from netspec.config.rows import Rows
    from netspec.training.inference.predictor import Predictor


@click.command("evaluate")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--data", "data", type=click.Path(path_type=Path), help="The folder that the data's paths start from.")
@click.option("--device", default="cpu", metavar="NAME", help="Where the net computes.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@allow_option(keep=True)
@common
def evaluate(run: Path, files: tuple[Path, ...], **flags: Any) -> int:
    """Score a trained net: on every part of its own data, or on the rows of other files."""
    require_run(run)
    require_files(files)
    from netspec.training.inference.predictor import Predictor, evaluate
    from netspec.training.run import Run

    trained = Predictor(Run(run, flags["allow"]), flags["device"])
    if flags["data"] is not None:
        trained.request.data = str(flags["data"].resolve())
    found, remarks = evaluate(trained, list(files))
    if flags["as_json"]:
        classes = {part: each.classes for part, each in found.items() if each.classes}
        loads = {part: each.loads for part, each in found.items() if each.loads}
        more: dict[str, Any] = {"classes": classes} if classes else {}
        more |= {"loads": loads} if loads else {}
        write_json({part: each.scores for part, each in found.items()} | more)
    else:
        names = list(next(iter(found.values())).scores)
        wide = max(10, *map(len, names))
        say(f"{'':12}" + "  ".join(f"{name:>{wide}}" for name in names))
        language = language_of(["--lang", flags["lang"]] if flags["lang"] else [])
        for part, each in found.items():
            shown = phrase(f"part {part}", language)
            numbers = "  ".join(f"{each.scores[name]:>{wide}.4f}" for name in names)
            say(shown + " " * (12 - width(shown)) + numbers)
        last = next(found[name] for name in ("given", "test", "validation", "training") if name in found)
        for line in class_lines(last.classes, last.subjects, language):
            say(line)
        for path, shares in last.loads.items():
            say("\n" + phrase("loads", language, path=path, shares=" ".join(f"{share:.1%}" for share in shares)))
    _remark(remarks, flags)
    return 0


def _remark(remarks: Sequence[Diagnostic], flags: dict[str, Any]) -> None:
    """Print warnings and notes to standard error."""
    if remarks:
        language = language_of(["--lang", flags["lang"]] if flags["lang"] else [])
        report(remarks, "text", language)


@click.command("predict")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("files", nargs=-1)
@click.option("--out", "-o", type=click.Path(path_type=Path), help="answers.csv or answers.npz; else standard output.")
@click.option("--all", "chances", is_flag=True, help="The probability of every class.")
@click.option("--spreadsheet", is_flag=True, help="For Excel: a cell that it would run as a formula begins with '.")
@click.option("--fit", is_flag=True, help="Resize pictures to what the net was trained on.")
@click.option("--layer", metavar="NAME", help="The values of this layer instead; of pictures also as sheet.png.")
@click.option("--count", type=click.IntRange(1, 1_000_000), default=64, help="--layer: examples, if it reads no input.")
@click.option("--sample", is_flag=True, help="Let a net of characters write on.")
@click.option("--prompt", default="\n", help="--sample: how the text begins.")
@click.option("--length", type=click.IntRange(1, 1_000_000), default=500, help="--sample: how many characters.")
@click.option("--temperature", type=click.FloatRange(0), default=0.8, help="--sample: 0 takes the likeliest always.")
@click.option("--top", type=click.IntRange(1), help="--sample: only among so many likeliest characters.")
@click.option("--seed", type=click.IntRange(0), default=0, help="--sample, --layer: other chance.")
@click.option("--device", default="cpu", metavar="NAME", help="Where the net computes.")
@allow_option(keep=True)
@common
@click.pass_context
def predict(ctx: click.Context, /, run: Path, files: tuple[str, ...], **flags: Any) -> int:
    """Let a trained net answer: to the rows of a table (`-` is standard input), arrays, pictures; or write a text."""
    require_run(run)
    require_files(files)
    from netspec.training.inference.predictor import Predictor
    from netspec.training.run import Run

    if flags["sample"]:
        _sample(Predictor(Run(run, flags["allow"]), flags["device"]), flags)
        return 0
    layer = flags["layer"]
    idle = ["prompt", "length", "temperature", "top", *([] if layer else ["seed", "count"])]
    idle += ["chances"] if layer else []
    for name in idle:
        if ctx.get_parameter_source(name) is ParameterSource.COMMANDLINE:
            flag = "--all" if name == "chances" else f"--{name}"
            hints = () if name == "chances" else (Hint("layer" if name == "count" else "sample"),)
            raise UsageError(Diagnostic("NS919", None, {"flag": flag}, hints=hints))
    trained = Predictor(Run(run, flags["allow"]), flags["device"])
    if layer:
        _values(trained, layer, files, flags)
        return 0
    if not files:
        raise click.MissingParameter(param_hint="FILES", param_type="argument")
    _answer(trained, files, flags)
    return 0


def _sample(trained: Predictor, flags: dict[str, Any]) -> None:
    from netspec.training.inference.sample import Sampling, sample

    how = Sampling(flags["prompt"], flags["length"], flags["temperature"], flags["top"], flags["seed"])
    signs = sample(trained, how)
    first = next(signs)  # a mistake is reported here, before the prompt is printed
    safely = shown if sys.stdout.isatty() else inert
    sys.stdout.write(safely(how.prompt.removeprefix("\n") + first))
    for sign in signs:
        sys.stdout.write(safely(sign))
        if sign == "\n":
            sys.stdout.flush()
    sys.stdout.write("\n")


def _values(trained: Predictor, layer: str, files: tuple[str, ...], flags: dict[str, Any]) -> None:
    """Write the values of a layer: as arrays, as a sheet of pictures, or as a table."""
    out: Path | None = flags["out"]
    if out is not None:
        output_for(out, (".csv", ".npz", ".png"), files)
    from netspec.training.inference.tables import require_flat
    from netspec.training.inference.values import layer_of, reads_inputs, sheet, values

    edge = layer_of(trained, layer)
    if not files and reads_inputs(trained, edge):
        raise click.MissingParameter(param_hint="FILES", param_type="argument")
    rows = _given(trained, files, flags) if files else None
    dataset = None if rows is None else trained.dataset(rows, {}, trained.inputs)
    found = values(trained, edge, dataset, flags["count"], flags["seed"])
    ending = "" if out is None else out.suffix.lower()
    if ending == ".npz":
        _arrays(out, {layer: found})
        return
    if out is not None and ending == ".png":
        pictures = sheet(found)
        if pictures is None:
            output_for(out, (".csv", ".npz"), files)
        else:
            write_bytes(out, pictures)
            say(str(out))
        return
    require_flat(layer, found, 2)
    names = [f"{layer}.{number}" for number in range(1, found.shape[1] + 1)]
    _table([names, *([f"{value:.6g}" for value in row] for row in found)], flags)


def _given(trained: Predictor, files: tuple[str, ...], flags: dict[str, Any]) -> Rows:
    """Read the rows in files, or on standard input."""
    from netspec.training.inference.tables import open_given, standard_input

    if "-" not in files:
        return open_given([Path(file) for file in files], trained.data.source, flags["fit"], trained.form)
    if len(files) > 1:
        raise UsageError(Diagnostic("NS876", None, {}))
    return standard_input(sys.stdin.buffer.read(), trained.data.source, trained.form)


def _arrays(out: Path | None, arrays: dict[str, Any]) -> None:
    import numpy as np

    assert out is not None
    stream = io.BytesIO()
    np.savez_compressed(stream, **arrays)
    write_bytes(out, stream.getvalue())
    say(str(out))


def _answer(trained: Predictor, files: tuple[str, ...], flags: dict[str, Any]) -> None:
    out: Path | None = flags["out"]
    if out is not None:
        output_for(out, (".csv", ".npz"), files)
    from netspec.training.inference.tables import as_arrays, as_table

    rows = _given(trained, files, flags)
    dataset = trained.dataset(rows, {}, trained.inputs)
    answers = trained.answers(dataset)
    _remark(dataset.notes, flags)
    if out is not None and out.suffix.lower() == ".npz":
        _arrays(out, dict(as_arrays(answers)))
    else:
        _table(as_table(answers, dataset, rows, flags["chances"]), flags)


def _table(table: Iterable[list[str]], flags: dict[str, Any]) -> None:
    """Write a table to the file of `--out`, or to standard output."""
    out: Path | None = flags["out"]
    text = io.StringIO()
    if flags["spreadsheet"]:
        table = (list(map(_no_formula, cells)) for cells in table)
    csv.writer(text, lineterminator="\n").writerows(table)
    if out is None:
        write_file(inert(text.getvalue()))
        return
    write_text(out, inert(text.getvalue()))
    say(str(out))


def _no_formula(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula; numbers stay as they are."""
    if not cell.startswith(("=", "+", "-", "@", "\t", "\r")):
        return cell
    try:
        float(cell)
    except ValueError:
        return f"'{cell}"
    return cell
