"""The tables of data and train sections, from the entries that read them: see docs/tables.py."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from netspec.sections.entries import Entry, shown
from netspec.sections.losses import LOSSES, METRICS, Loss, Metric
from netspec.sections.optimizers import OPTIMIZERS, SCHEDULES, Optimizer, Schedule
from netspec.sections.sources import SOURCES
from netspec.sections.steps import STEPS
from netspec.sections.train import settings

TAKEN = {word: entry for word, entry in STEPS.items() if entry.takes}
DONE = {word: entry for word, entry in STEPS.items() if not entry.takes}

# what each setting of `train` is, and what holds where it is left out
TRAIN = {
    "net": ("the net that is meant", "the one that no other net uses"),
    "loss": ("a sum of terms, each times a number", "required"),
    "metrics": ("a list of what is measured besides", "none"),
    "optimizer": ("how weights follow their gradients", "`adam`"),
    "schedule": ("a factor on the learning rate", "`constant`"),
    "epochs": ("how often all training rows are seen", "10"),
    "batch": ("rows of a step; the last batch is smaller where they do not come out even", "32"),
    "seed": ("the split, the initial weights, the order of the rows, dropout, augmentation", "0"),
    "clip": ("the largest norm that all gradients together may have", "none"),
    "accumulate": ("batches whose gradients make one step", "1"),
    "best": ("the metric, or `loss`, that chooses among the epochs on the validation part", "the last epoch"),
    "patience": ("epochs without a better `best` (or loss) after which training ends", "none"),
    "precision": ("`float32`, `bfloat16` for the passes, or `float64`", "`float32`"),
}


def sections_tables() -> str:
    """Every entry of every table, with its options."""
    wrong = set(TRAIN) ^ set(settings())
    if wrong:
        raise LookupError(f"settings in docs/section_tables.py and in netspec differ: {', '.join(sorted(wrong))}")
    parts = [
        _table("Sources", "source", SOURCES),
        _table("What a field takes from the source", "step", TAKEN),
        _table("What is done with it", "step", DONE),
        _settings(),
        _table("Losses", "loss", LOSSES, Loss),
        _table("Metrics", "metric", METRICS, Metric),
        _table("Optimizers", "optimizer", OPTIMIZERS, Optimizer),
        _table("Schedules", "schedule", SCHEDULES, Schedule),
    ]
    return "\n".join(parts) + "\n"


def _table(title: str, head: str, entries: Mapping[str, type[Entry]], base: type[Entry] = Entry) -> str:
    """`base` holds the options that all entries have: they are said once."""
    lines = ["", f"**{title}**", ""]
    shared = _options(base, ())
    if shared:
        lines += [f"Each takes {shared}.", ""]
    lines += [f"| {head} | what it is | options | for example |", "|---|---|---|---|"]
    for word, entry in entries.items():
        said = [name for name, field in base.model_fields.items() if entry.model_fields[name].default == field.default]
        lines.append(f"| `{word}` | {entry.about} | {_options(entry, said)} | `{entry.example}` |")
    return "\n".join(lines)


def _settings() -> str:
    lines = ["", "**Settings of train**", "", "| setting | what it is | left out |", "|---|---|---|"]
    lines += [f"| `{key}` | {about} | {default} |" for key, (about, default) in TRAIN.items()]
    return "\n".join(lines)


def _options(entry: type[Entry], said: Iterable[str]) -> str:
    found = []
    for name, field in entry.model_fields.items():
        if name in said:
            continue
        default = (
            "" if field.is_required() or field.default is None or field.default == () else f" = {shown(field.default)}"
        )
        extra: Any = field.json_schema_extra
        bounds = _bounds(extra)
        choices = f": {_either(extra['choices'], extra['kind'])}" if extra["choices"] else ""
        found.append(f"`{name}{default}` {field.description}{choices}{bounds}")
    return "; ".join(found)


def _bounds(extra: Mapping[str, Any]) -> str:
    least, above, most = (extra[key] for key in ("least", "above", "most"))
    if least is not None and most is not None:
        return f" ({least:,g} to {most:,g})"
    if above is not None:
        return f" (above {above:g}{f', at most {most:g}' if most is not None else ''})"
    return f" (at least {least:g})" if least is not None else ""


def _either(choices: Iterable[str], kind: str) -> str:
    return ", ".join(f'`"{choice}"`' if kind == "text" else f"`{choice}`" for choice in choices)
