"""`netspec compile`: the net as PyTorch source; a trained one as a program of torch.export."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from netspec.cli.options import allow_option, common, load_net, net_options, spec_argument
from netspec.cli.output import output_for, say, write_file, write_text
from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic, Hint


@click.command("compile")
@spec_argument
@net_options
@click.option(
    "--out", "-o", type=click.Path(path_type=Path), help="model.py, or of a run model.pt2; else standard output."
)
@allow_option(keep=True)
@common
def compile_(spec: str, out: Path | None, **flags: Any) -> int:
    """Write the net as PyTorch source that a person could have written; it needs torch, and what `extern` names.

    SPEC may be the folder of a run: with -o model.pt2 its trained net is written, for torch.export.load.
    """
    run = (Path(spec) / "settings.json").exists()
    if run and (flags["settings"] or flags["net"] is not None):  # a run has its net and its sizes
        raise UsageError(Diagnostic("NS919", None, {"flag": "--set" if flags["settings"] else "--net"}))
    if out is not None and str(out) != "-":
        output_for(out, (".py", ".pt2"), (spec,))
    if out is not None and out.suffix.lower() == ".pt2":
        _export(Path(spec), out, flags["allow"])
        return 0
    if run:
        from netspec.training.run import Run

        net = Run(Path(spec)).net
    else:
        net = load_net(spec, flags)
    text = net.source()
    net.admit(flags["allow"])
    if out is None or str(out) == "-":
        write_file(text)
    else:
        write_text(out, text)
        say(str(out))
    return 0


def _export(run: Path, out: Path, allow: tuple[str, ...]) -> None:
    if run.is_file():
        raise UsageError(Diagnostic("NS879", None, {"spec": str(run)}, hints=(Hint("run"),)))
    from netspec.training.run import Run

    Run(run, allow).export(out)
    say(str(out))
