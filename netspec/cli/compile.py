"""`netspec compile`: the net as PyTorch source, as a program of ONNX or torch.export, or its weights."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from netspec.cli.options import allow_option, common, load_net, net_options, spec_argument
from netspec.cli.output import language_of, output_for, say, write_file, write_text
from netspec.diagnostics.catalogue import phrase
from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic
from netspec.parts import require

ENDINGS = (".onnx", ".pt2", ".safetensors")


@click.command("compile")
@spec_argument
@net_options
@click.option(
    "--out",
    "-o",
    type=click.Path(path_type=Path),
    help="model.py, model.onnx, model.pt2, weights.safetensors; else source on standard output.",
)
@allow_option(keep=True)
@common
def compile_(spec: str, out: Path | None, **flags: Any) -> int:
    """Write the net as PyTorch source, or with its weights as a program of ONNX or torch.export, or its weights alone.

    SPEC may be the folder of a run; then the weights are the trained ones. Those of a spec are drawn from seed 0.
    """
    run = (Path(spec) / "settings.json").exists()
    if run and (flags["settings"] or flags["net"] is not None):  # a run has its net and its sizes
        raise UsageError(Diagnostic("NS919", None, {"flag": "--set" if flags["settings"] else "--net"}))
    kind = ".py" if out is None or str(out) == "-" else out.suffix.lower()
    if out is not None and str(out) != "-":
        output_for(out, (".py", *ENDINGS), (spec,))
    if kind == ".onnx":
        require("onnx", "onnxscript", "onnxruntime")
    if run:
        from netspec.training.run import Run

        trained = Run(Path(spec), flags["allow"])
        net = trained.net
    else:
        net = load_net(spec, flags)
    if kind in ENDINGS:
        assert out is not None
        from netspec.training.inference.export import export, outline

        made = outline(net)
        made.net.admit(flags["allow"])
        module = trained.module() if run else made.net.module()
        made = export(made, module, out, Path(spec) if run else None)
        language = language_of(["--lang", flags["lang"]] if flags["lang"] else [])
        say(str(out))
        if kind != ".safetensors":
            say(phrase("export axes", language, names=", ".join(axis.name for axis in made.axes)))
        if not run:
            say(phrase("export drawn", language))
        return 0
    text = net.source()
    net.admit(flags["allow"])
    if out is None or str(out) == "-":
        write_file(text)
    else:
        write_text(out, text)
        say(str(out))
    return 0
