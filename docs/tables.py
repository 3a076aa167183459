"""The tables of docs/language.md that come from the code: run by `./dev docs`, checked by a test.

Each stands between `<!-- name: … -->` and `<!-- /name -->`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from netspec.config.entries import Entry
from netspec.config.vocabulary.losses import LOSSES
from netspec.config.vocabulary.metrics import METRICS
from netspec.config.vocabulary.optimizers import OPTIMIZERS
from netspec.config.vocabulary.schedules import SCHEDULES
from netspec.config.vocabulary.sources import SOURCES
from netspec.config.vocabulary.steps import STEPS
from netspec.elaborate.options import option_names, shown
from netspec.figure.backends import WRITERS
from netspec.figure.reading import HINTS, SETTINGS
from netspec.figure.themes import THEMES
from netspec.figure.views import VIEWS
from netspec.ir.operation import Elementwise, Op
from netspec.ops.registry import operation, step_names

PAGE = Path(__file__).parent / "language.md"

GROUPS = {
    "Pools": "maxpool avgpool subsample",
    "Reductions": "mean max sum first last",
    "Normalisation": "batchnorm layernorm groupnorm instancenorm rmsnorm lrn normalize",
    "Dropout": "dropout droppath",
    "Activations": "relu sigmoid tanh leaky relu6 elu gelu silu mish softplus hardsigmoid hardswish softmax step"
    " identity",
    "Arithmetic": "exp log sin cos abs sqrt square clamp maximum minimum matmul",
    "Choosing by value": "topk sort argmax gather",
    "Arrangement": "join split flatten unflatten reshape transpose roll expand crop pad upsample patches unpatches"
    " shuffle",
    "Sequences": "onehot embed index positions relative attention mixture rnn lstm gru scan reversed",
    "Weights of other kinds": "gain distance gaussian learned same",
    "The rest": "zeros noise carried sample stop",
}
WRITTEN = {  # steps that the elaborator knows itself
    "same": ("same(a)", "a's chain with a's weights, on another value"),
    "reversed": ("reversed(step)", "the step from the last time step to the first"),
}


def groups() -> dict[str, list[str]]:
    """Every step in its group; a new one stands with the activations, or with the rest, until it is given another."""
    found = {title: names.split() for title, names in GROUPS.items()}
    for name in sorted(step_names() - {name for names in found.values() for name in names}):
        found["Activations" if issubclass(operation(name), Elementwise) else "The rest"].append(name)
    return found


def steps_table() -> str:
    """Every step with its options and what it does."""
    lines = []
    for title, names in groups().items():
        lines += ["", f"**{title}**", "", "| step | options | what it does | for example |", "|---|---|---|---|"]
        for name in names:
            if name in WRITTEN:
                call, about = WRITTEN[name]
                lines.append(f"| `{call}` | | {about} | |")
            else:
                lines.append(_row(operation(name)))
    return "\n".join(lines) + "\n"


def _row(cls: type[Op]) -> str:
    names = [(name.rstrip("_"), cls.options[name].required) for name in cls.positional]
    positional = ", ".join(name if required else f"[{name}]" for name, required in names)
    call = f"{cls.name}({positional})" if positional else cls.name
    options = []
    for name in option_names(cls):
        key = name if name in cls.options else f"{name}_"
        option = cls.options[key]
        if key in cls.positional or name in ("init", "frozen"):
            continue
        default = "" if option.default is None or option.required else f" = {_shown(option.default)}"
        options.append(f"`{name}{default}`")
    example = f"`{cls.example}`" if cls.example and cls.example != cls.name else ""
    return f"| `{call}` | {', '.join(options)} | {cls.summary} | {example} |"


SECTIONS: dict[str, Mapping[str, type[Entry]]] = {
    "Sources (`source = …`)": SOURCES,
    "Fields": STEPS,
    "Losses": LOSSES,
    "Metrics": METRICS,
    "Optimizers": OPTIMIZERS,
    "Schedules": SCHEDULES,
}


def sections_table() -> str:
    """Everything that `data` and `train` sections may name, and the settings of figures."""
    lines = []
    for title, table in SECTIONS.items():
        lines += ["", f"**{title}**", "", "| for example | options | what it is |", "|---|---|---|"]
        lines += [f"| `{entry.example or name}` | {_options(entry)} | {entry.about} |" for name, entry in table.items()]
    for title, rules in (("Settings of a figure", SETTINGS), ("Of a layer in a figure (`z.show = …`)", HINTS)):
        lines += ["", f"**{title}**", "", "| setting | what it says |", "|---|---|"]
        for name, rule in rules.items():
            choices = f": {', '.join(f'`{word}`' for word in rule.choices)}" if rule.choices else ""
            lines.append(f"| `{name}` | {rule.about}{choices} |")
    figures: dict[str, Mapping[str, Any]] = {"Views": VIEWS, "Themes": THEMES, "Formats of figures": WRITERS}
    for title, things in figures.items():
        lines += ["", f"**{title}**", "", "| name | what it is |", "|---|---|"]
        lines += [f"| `{name}` | {thing.about} |" for name, thing in things.items()]
    return "\n".join(lines) + "\n"


def _options(entry: type[Entry]) -> str:
    found = []
    for name, option in entry.options().items():
        if name not in entry.positional and name != entry.gathers:
            default = "" if option.required or option.default is None else f" = {shown(option.default)}"
            found.append(f"`{name}{default}`")
    return ", ".join(found)


def _shown(value: object) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def filled(text: str, name: str, content: str) -> str:
    """A page with one of its marked places filled."""
    pattern = re.compile(rf"(<!-- {name}[^>]*-->\n).*?(<!-- /{name} -->)", re.DOTALL)
    if not pattern.search(text):
        raise LookupError(f"no place marked {name!r}")
    return pattern.sub(lambda match: match[1] + content + match[2], text)


def page() -> str:
    text = filled(PAGE.read_text(encoding="utf-8"), "steps", steps_table())
    return filled(text, "sections", sections_table())


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
