"""Folders of runs -> what each is and came to, side by side; and what their settings differ in."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic, Hint
from netspec.sections.entries import Entry
from netspec.sections.vocabulary.losses import LOSSES
from netspec.sections.vocabulary.metrics import METRICS
from netspec.sections.vocabulary.optimizers import OPTIMIZERS
from netspec.sections.vocabulary.schedules import SCHEDULES
from netspec.sections.vocabulary.sources import SOURCES
from netspec.sections.vocabulary.steps import STEPS
from netspec.training.run import Run
from netspec.training.storage.folder import ENVIRONMENT, SECTIONS, SETTINGS, Folder


@dataclass(slots=True)
class Summed:
    """One run in a list. `part` is the one whose scores are shown: test, else validation, else training."""

    folder: str
    net: str
    state: str
    epochs: int
    began: str
    seconds: float
    part: str = ""
    scores: dict[str, float] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        return {name: getattr(self, name) for name in self.__slots__}


def find_runs(paths: list[Path]) -> list[Path]:
    """The runs that are named, and those in folders that are named; raises NetspecError (exit code 2) for neither."""
    found: list[Path] = []
    for path in paths:
        if (path / SETTINGS).exists():
            found.append(path)
            continue
        inside = sorted(entry.parent for entry in path.glob(f"*/{SETTINGS}")) if path.is_dir() else []
        if not inside:
            raise UsageError(Diagnostic("NS877", None, {"folder": str(path)}, hints=(Hint("train"),)))
        found += inside
    return found


def summed(path: Path) -> Summed:
    """What a run's folder says of it."""
    run = Run(path)
    status, history, scores = run.status, run.history, run.scores
    began = str(Folder(path).read_json(ENVIRONMENT).get("began", ""))[:16].replace("T", " ")
    part = next((name for name in ("test", "validation", "training") if name in scores), "")
    last: dict[str, Any] = history[-1] if history else {}
    if not part and last:
        part = "validation" if last["validation"] else "training"
    found = scores.get(part) or last.get(part, {})
    return Summed(
        str(path), run.net_name, status["state"], len(history), began, float(status.get("seconds", 0.0)), part, found
    )


def summed_all(paths: Sequence[Path], named: Sequence[Path]) -> tuple[list[Summed], list[Diagnostic]]:
    """All runs that can be read, and why others cannot: one bad folder does not hide the rest.

    Raises UsageError for a run that is named itself, and where none can be read.
    """
    found: list[Summed] = []
    unread: list[Diagnostic] = []
    for path in paths:
        try:
            found.append(summed(path))
        except UsageError as error:
            if path in named or len(paths) == len(unread) + 1:
                raise
            unread += [diagnostic._replace(severity="warning") for diagnostic in error.diagnostics]
    return found, unread


def settings_that_differ(paths: list[Path]) -> dict[str, list[str]]:
    """Every setting that is not the same in all runs, with its value in each, as a spec writes it."""
    rows: dict[str, list[str]] = {}
    for at, path in enumerate(paths):
        run = Run(path)
        found = _settings(Folder(path).read_json(SECTIONS))
        found |= {f"{run.net_name}.{name}": str(value) for name, value in run.net.graph.params.items()}
        found["weights"] = f"{run.net.weights:,}"
        for key, value in found.items():
            rows.setdefault(key, ["-"] * len(paths))[at] = value
    return {key: values for key, values in rows.items() if len(set(values)) > 1}


def _settings(sections: dict[str, Any]) -> dict[str, str]:
    data, train = sections["data"], sections["train"]
    found = {
        f"data.{name}": " -> ".join(_call(step, STEPS) for step in steps) for name, steps in data["fields"].items()
    }
    found["data.source"] = "-" if data["source"] is None else _call(data["source"], SOURCES)
    found["data.split"] = _text(data["split"])
    terms = [(term["coefficient"], {key: term[key] for key in term if key != "coefficient"}) for term in train["loss"]]
    found["train.loss"] = " + ".join(
        _call(term, LOSSES) if share == 1 else f"{share:g} * {_call(term, LOSSES)}" for share, term in terms
    )
    found["train.metrics"] = ", ".join(_call(metric, METRICS) for metric in train["metrics"])
    found["train.optimizer"] = _call(train["optimizer"], OPTIMIZERS)
    found["train.schedule"] = _call(train["schedule"], SCHEDULES)
    for key, value in train.items():
        found.setdefault(f"train.{key}", _text(value))
    return found


def _call(document: dict[str, Any], table: Mapping[str, type[Entry]]) -> str:
    """An entry with those of its options that are not left at their defaults."""
    entry = table.get(document["word"])
    if entry is None:  # registered where the run was made, and not here
        return str(document["word"])
    parts = []
    for name, field_ in entry.model_fields.items():
        value = document.get(name)
        default = list(field_.default) if isinstance(field_.default, tuple) else field_.default
        if value is not None and value != default:
            parts.append(_text(value) if name in (*entry.positional, entry.gathers) else f"{name} = {_text(value)}")
    return f"{entry.word}({', '.join(parts)})" if parts else str(entry.word)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    if value is None:
        return "-"
    return f"{value:g}" if isinstance(value, float) else str(value)
