"""Summarize runs from their folders, and find the settings in which the runs differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from netspec.config.entries import Entry
from netspec.config.vocabulary.losses import LOSSES
from netspec.config.vocabulary.metrics import METRICS
from netspec.config.vocabulary.optimizers import OPTIMIZERS
from netspec.config.vocabulary.schedules import SCHEDULES
from netspec.config.vocabulary.sources import SOURCES
from netspec.config.vocabulary.steps import STEPS
from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic, Hint
from netspec.training.record import Record
from netspec.training.storage.folder import ENVIRONMENT, SECTIONS, SETTINGS, Folder


@dataclass(slots=True)
class RunSummary:
    """One run in a list of runs; `scores` are those of `part`: test, else validation, else training."""

    folder: str
    net: str
    state: str
    epochs: int
    began: str
    seconds: float
    part: str = ""
    scores: dict[str, float] = field(default_factory=dict)

    def document(self) -> dict[str, Any]:
        """The summary as JSON."""
        return asdict(self)


def find_runs(paths: list[Path]) -> list[Path]:
    """Return the folders of the runs that the paths name.

    Parameters:
        paths: the folders of runs, or folders that contain such folders.

    Raises:
        NetspecError: a path is neither (NS877).
    """
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


def summary(path: Path) -> RunSummary:
    """Return the summary of the run in a folder. A run that has not finished shows the scores of its last epoch."""
    run = Record(path)
    status, history, part = run.status, run.history, run.part
    began = str(Folder(path).read_json(ENVIRONMENT).get("began", ""))[:16].replace("T", " ")
    last: dict[str, Any] = history[-1] if history else {}
    if not part and last:
        part = "validation" if last["validation"] else "training"
    found = run.score or last.get(part, {})
    return RunSummary(
        str(path), run.net_name, status["state"], len(history), began, float(status.get("seconds", 0.0)), part, found
    )


def summaries(paths: Sequence[Path], named: Sequence[Path]) -> tuple[list[RunSummary], list[Diagnostic]]:
    """Return the summaries of several runs. If one folder cannot be read, the others are still summarized.

    Parameters:
        paths: the folders of the runs.
        named: the folders of `paths` that the user wrote; the others were found inside a folder that the user wrote.

    Returns:
        the summaries, and a warning for each folder that cannot be read.

    Raises:
        UsageError: a named run cannot be read, or none can.
    """
    found: list[RunSummary] = []
    unread: list[Diagnostic] = []
    for path in paths:
        try:
            found.append(summary(path))
        except UsageError as error:
            if path in named or len(paths) == len(unread) + 1:
                raise
            unread += [diagnostic._replace(severity="warning") for diagnostic in error.diagnostics]
    return found, unread


def differing_settings(paths: list[Path]) -> dict[str, list[str]]:
    """Return the settings in which runs differ. Each setting has one value per run, written as in a spec."""
    rows: dict[str, list[str]] = {}
    for at, path in enumerate(paths):
        run = Record(path)
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
    """Return an entry, such as an optimizer, as a spec writes it, without the options that keep their defaults."""
    entry = table.get(document["word"])
    if entry is None:  # a plug-in registered this word where the run was made, but not on this machine
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
