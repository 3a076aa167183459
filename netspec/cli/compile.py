"""`netspec compile`: the net as PyTorch source."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from netspec.cli.options import common, load_net, net_options, spec_argument
from netspec.cli.writing import write_text


@click.command("compile")
@spec_argument
@net_options
@click.option("--out", "-o", type=click.Path(path_type=Path), help="model.py; standard output when left out or -.")
@common
def command(
    spec: str,
    net: str | None,
    settings: tuple[str, ...],
    root: Path | None,
    limit: tuple[str, ...],
    out: Path | None,
    lang: str | None,
    form: str,
) -> int:
    """Write the net as PyTorch source that a person could have written; it needs torch and nothing else."""
    text = load_net(spec, net, settings, root, limit).source()
    if out is None or str(out) == "-":
        sys.stdout.write(text)
    else:
        write_text(out, text)
        print(out)
    return 0
