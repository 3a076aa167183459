"""`netspec new`: a first spec to start from."""

from __future__ import annotations

import shlex
from pathlib import Path

import click

from netspec.cli.options import allow_option, common, require_files
from netspec.cli.output import language_of, say, write_text
from netspec.diagnostics.errors import DataError, UsageError
from netspec.diagnostics.model import Diagnostic, Hint, Phrase

TEMPLATES = {
    "mlp": """netspec 1

net {name}(H = 32) "Handwritten digits, fully connected" {{
  input  image: 1@8x8
  hidden z: H perceptrons -> relu
  output digit: 10 perceptrons
}}
""",
    "cnn": """netspec 1

net {name}(K = 10) "Handwritten digits, convolutional" {{
  input  image: 1@8x8
  hidden c1: 16 filters 3x3 (pad = 1, bias = false) -> batchnorm -> relu
  hidden c2: 32 filters 3x3 (pad = 1, bias = false) -> batchnorm -> relu -> maxpool(2x2)
  output digit: K perceptrons
}}
""",
}
SECTIONS = """
data {
  source = sklearn("digits")
  image = image -> scale(0, 1)
  label = label
  split = [0.64, 0.16, 0.2]
}

train {
  loss = cross_entropy(digit, label)
  metrics = [accuracy(digit, label)]
  optimizer = adam(lr = 1e-3)
  epochs = 20
  batch = 32
  seed = 0
}
"""


@click.command("new")
@click.argument("path", type=click.Path(path_type=Path), required=False)
@click.option("--kind", type=click.Choice(sorted(TEMPLATES)), default="mlp", help="What to begin with.")
@click.option("--data", "data", type=click.Path(path_type=Path), help="A table of yours, to train on.")
@click.option("--target", metavar="NAME", help="--data: the column to predict.")
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
@allow_option()
@common
def new(
    path: Path | None, kind: str, data: Path | None, target: str | None, force: bool, lang: str | None, form: str
) -> int:
    """Write a first spec that checks, draws and trains as it is; with --data one for a table of yours."""
    if target is not None and data is None:
        raise UsageError(Diagnostic("NS919", None, {"flag": "--target"}, hints=(Hint("data"),)))
    if path is not None and not path.name:  # `.`, `/` and an empty text
        raise UsageError(Diagnostic("NS906", None, {"file": str(path), "reason": Phrase("reason folder")}))
    if data is not None and not data.name:
        raise DataError(Diagnostic("NS801", None, {"file": str(data), "reason": Phrase("reason folder")}))
    path = path or (Path("first.net") if data is None else data.with_suffix(".net"))
    if path.suffix != ".net":
        path = path.with_name(path.name + ".net")
    if path.exists() and not force:
        raise UsageError(Diagnostic("NS908", None, {"file": str(path)}))
    name = "".join(character if character.isalnum() else "_" for character in path.stem)
    name = name if name.isidentifier() and name[0].isalpha() else f"net_{name.lstrip('_')}"
    if data is None:
        write_text(path, TEMPLATES[kind].format(name=name) + SECTIONS)
        say(f"{path}\n\nnetspec check {path}\nnetspec render {path}\nnetspec train {path}")
        return 0
    require_files((data,))
    from netspec.training.starter import starter_spec

    if not data.resolve().is_relative_to(path.resolve().parent):
        beside = str(data.with_suffix(".net"))
        raise UsageError(Diagnostic("NS792", None, {"file": str(data), "spec": str(path), "beside": beside}))
    place = data.resolve().relative_to(path.resolve().parent).as_posix()
    write_text(path, starter_spec(data, place, name, target, language_of(["--lang", lang] if lang else [])))
    shown, table = shlex.quote(str(path)), shlex.quote(str(data))
    say(f"{path}\n\nnetspec check {shown}\nnetspec train {shown} --out run\nnetspec predict run {table}")
    return 0
