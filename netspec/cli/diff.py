"""`netspec diff a.net b.net`: what differs in layers, types, weights and settings."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path

import click

from netspec.cli.options import allow_option, common, load_net, net_options


@click.command("diff")
@click.argument("before")
@click.argument("after")
@net_options
@click.option("--json", "as_json", is_flag=True, help="The differences as a JSON list.")
@allow_option()
@common
def command(
    before: str,
    after: str,
    net: str | None,
    settings: tuple[str, ...],
    root: Path | None,
    limit: tuple[str, ...],
    as_json: bool,
    lang: str | None,
    form: str,
) -> int:
    """Compare two specs: layers, types, weights and settings; text and comments don't count. Exit 1 if they differ."""
    found = load_net(before, net, settings, root, limit).diff(load_net(after, net, settings, root, limit))
    if as_json:
        print(json.dumps([asdict(change) for change in found], ensure_ascii=False, indent=2))
    else:
        print("\n".join(map(str, found)) if found else "no differences")
    return 1 if found else 0
