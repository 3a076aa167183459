"""`netspec evaluate`: a trained net's loss and metrics, measured again."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from netspec.cli.options import allow_option, common
from netspec.cli.report import coloured, language_of, written
from netspec.diagnostics.display import width
from netspec.parts import need

# what the parts are called where they are not called so
PARTS: dict[str, dict[str, str]] = {
    "en": {},
    "ko": {"training": "학습", "validation": "검증", "test": "시험", "given": "주어진 것"},
}


@click.command("evaluate")
@click.argument("run", type=click.Path(path_type=Path))
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--data", "data", type=click.Path(path_type=Path), help="The folder that the data's paths start from.")
@click.option("--device", default="cpu", metavar="NAME", help="Where the net computes.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@allow_option(keep=True)
@common
def command(run: Path, files: tuple[Path, ...], **flags: Any) -> int:
    """Score a trained net: on every part of its own data, or on the rows of other files."""
    for module in ("torch", "numpy", "safetensors"):
        need(module)
    from netspec.training.api import load_run
    from netspec.training.inference.predictor import Trained, evaluate

    trained = Trained(load_run(run), flags["device"], flags["allow"])
    if flags["data"] is not None:
        trained.request.data = str(flags["data"].resolve())
    scores, remarks = evaluate(trained, list(files))
    if flags["as_json"]:
        import json

        print(json.dumps(scores, indent=1))
    else:
        names = list(next(iter(scores.values())))
        print(f"{'':12}" + "  ".join(f"{name:>10}" for name in names))
        language = language_of(["--lang", flags["lang"]] if flags["lang"] else [])
        for part, found in scores.items():
            shown = PARTS[language].get(part, part)
            print(shown + " " * (12 - width(shown)) + "  ".join(f"{found[name]:>10.4f}" for name in names))
    if remarks:
        print(written(remarks, "text", "ko" if flags["lang"] == "ko" else "en", coloured(sys.stderr)), file=sys.stderr)
    return 0
