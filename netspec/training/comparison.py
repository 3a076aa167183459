"""Summarize runs from their folders, and find the settings in which the runs differ."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from netspec import documents
from netspec.config.entries import Entry
from netspec.config.vocabulary.losses import LOSSES
from netspec.config.vocabulary.metrics import METRICS
from netspec.config.vocabulary.optimizers import OPTIMIZERS
from netspec.config.vocabulary.schedules import SCHEDULES
from netspec.config.vocabulary.sources import SOURCES
from netspec.config.vocabulary.steps import STEPS
from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic, Hint, Language, as_dict
from netspec.training.record import Record
from netspec.training.storage.folder import SETTINGS

UNREADABLE = "unreadable"


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
    scores: documents.Figures = field(default_factory=dict)
    fault: Diagnostic | None = None

    def document(self, language: Language = "en") -> dict[str, Any]:
        """The summary as JSON."""
        own = {item.name: getattr(self, item.name) for item in fields(self) if item.name != "fault"}
        return own if self.fault is None else own | {"fault": as_dict(self.fault, language)}


def find_runs(paths: list[Path]) -> list[Path]:
    """Return the folders of the runs that the paths name.

    Parameters:
        paths: the folders of runs, or folders that contain such folders.

    Raises:
        NetspecError: a path is neither (NS877).
    """
    found: list[Path] = []
    for path in paths:
        if os.path.lexists(path / SETTINGS):
            found.append(path)
            continue
        inside = sorted(entry.parent for entry in path.glob(f"*/{SETTINGS}")) if path.is_dir() else []
        if not inside:
            raise UsageError(Diagnostic("NS877", None, {"folder": str(path)}, hints=(Hint("train"),)))
        found += inside
    return found


def summary(path: Path) -> RunSummary:
    """Return the summary of the run in a folder. A run that has not finished shows the scores of its last epoch.

    If the run cannot be read, the summary says so by its `state` and its `fault`.
    """
    try:
        run = Record(path)
        status, history, part = run.status, run.history, run.part
        began = documents.read(path, documents.Environment).began[:16].replace("T", " ")
    except UsageError as error:
        return RunSummary(str(path), "", UNREADABLE, 0, "", 0.0, fault=error.diagnostic)
    last: dict[str, Any] = history[-1] if history else {}
    if not part and last:
        part = "validation" if last["validation"] else "training"
    found = run.score or last.get(part, {})
    seconds = status.get("seconds", 0.0)
    return RunSummary(str(path), run.net_name, status["state"], len(history), began, seconds, part, found)


def differing_settings(paths: list[Path]) -> dict[str, list[str]]:
    """Return the settings in which runs differ. Each setting has one value per run, written as in a spec."""
    rows: dict[str, list[str]] = {}
    for at, path in enumerate(paths):
        run = Record(path)
        found = _settings(documents.read(path, documents.Sections))
        found |= {f"{run.net_name}.{name}": str(value) for name, value in run.net.graph.params.items()}
        found["weights"] = f"{run.net.weights:,}"
        for key, value in found.items():
            rows.setdefault(key, ["-"] * len(paths))[at] = value
    return {key: values for key, values in rows.items() if len(set(values)) > 1}


def _settings(sections: documents.Sections) -> dict[str, str]:
    data, train = sections.data, sections.train
    found = {f"data.{name}": " -> ".join(_call(step, STEPS) for step in steps) for name, steps in data.fields.items()}
    found["data.source"] = "-" if data.source is None else _call(data.source, SOURCES)
    found["data.split"] = _text(data.split)
    found["train.metrics"] = ", ".join(_call(metric, METRICS) for metric in train.metrics)
    for turn in train.turns or [train]:
        begin = f"train.{turn.name}".rstrip(".")
        found[f"{begin}.loss"] = " + ".join(
            _call(term, LOSSES) if term.coefficient == 1 else f"{term.coefficient:g} * {_call(term, LOSSES)}"
            for term in turn.loss
        )
        found[f"{begin}.optimizer"] = _call(turn.optimizer, OPTIMIZERS)
        found[f"{begin}.schedule"] = _call(turn.schedule, SCHEDULES)
        for key, value in turn:
            if key not in ("name", "turns"):
                found.setdefault(f"{begin}.{key}", _text(value))
    for key, value in train:
        if key not in documents.TurnSection.model_fields and key != "turns":
            found.setdefault(f"train.{key}", _text(value))
    return found


def _call(called: documents.Called, table: Mapping[str, type[Entry]]) -> str:
    """Return an entry, such as an optimizer, as a spec writes it, without the options that keep their defaults."""
    entry = table.get(called.word)
    if entry is None:  # a plug-in registered this word where the run was made, but not on this machine
        return called.word
    parts = []
    for name, option in entry.options().items():
        value = called.__pydantic_extra__.get(name)
        default = list(option.default) if isinstance(option.default, tuple) else option.default
        if value is not None and value != default:
            parts.append(_text(value) if name in (*entry.positional, entry.gathers) else f"{name} = {_text(value)}")
    return f"{entry.word}({', '.join(parts)})" if parts else str(entry.word)


def _text(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(map(_text, value))
    if value is None:
        return "-"
    return f"{value:g}" if isinstance(value, float) else str(value)
