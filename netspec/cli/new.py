"""`netspec new`: a first spec to start from."""

from __future__ import annotations

from pathlib import Path

import click

from netspec.cli.options import allow_option, common
from netspec.cli.output import say, write_text
from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic

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
@click.argument("path", type=click.Path(path_type=Path), default=Path("first.net"))
@click.option("--kind", type=click.Choice(sorted(TEMPLATES)), default="mlp", help="What to begin with.")
@click.option("--force", is_flag=True, help="Overwrite a file that is there.")
@allow_option()
@common
def new(path: Path, kind: str, force: bool, lang: str | None, form: str) -> int:
    """Write a first spec that checks, draws and trains as it is."""
    if path.suffix != ".net":
        path = path.with_name(path.name + ".net")
    if path.exists() and not force:
        raise UsageError(Diagnostic("NS908", None, {"file": str(path)}))
    name = "".join(character if character.isalnum() else "_" for character in path.stem)
    name = name if name.isidentifier() and name[0].isalpha() else f"net_{name.lstrip('_')}"
    write_text(path, TEMPLATES[kind].format(name=name) + SECTIONS)
    say(f"{path}\n\nnetspec check {path}\nnetspec render {path}\nnetspec train {path}")
    return 0
