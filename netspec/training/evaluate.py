"""A finished run -> its loss and metrics, measured again: on its own parts, or on rows of another file."""

from __future__ import annotations

from pathlib import Path

from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic, Hint
from netspec.sections.rows import Rows
from netspec.sections.vocabulary.sources import Folder
from netspec.training.answers import Trained
from netspec.training.given import open_given
from netspec.training.loop import score
from netspec.training.replay import ALL
from netspec.training.resume import differences
from netspec.training.sources.folder import open_folder

Scores = dict[str, dict[str, float]]


def evaluate(trained: Trained, paths: list[Path] | None = None) -> tuple[Scores, list[Diagnostic]]:
    """Scores by part, and what is worth knowing about the data. Rows of `paths` make one part, `given`.

    Raises NetspecError (exit code 3) for faulty data.
    """
    remarks: list[Diagnostic] = []
    if paths:
        rows = _open(paths, trained)
        dataset = trained.dataset(rows, {}, trained.match.wanted)
        return {"given": score(trained.engine(dataset), ALL)}, remarks
    if trained.data.source is None:
        words = {"folder": str(trained.run.folder)}
        raise UsageError(Diagnostic("NS873", None, words, hints=(Hint("file"),)))
    dataset = trained.own()
    before, now = trained.stored["files"], dataset.document()["files"]
    gaps = differences([file["sha256"] for file in before], [file["sha256"] for file in now])
    if gaps:
        remarks.append(Diagnostic("NS874", None, {"source": dataset.source}, severity="warning"))
    engine = trained.engine(dataset)
    return {name: score(engine, name) for name in engine.parts}, remarks


def _open(paths: list[Path], trained: Trained) -> Rows:
    """The rows of files; a folder of pictures is one of classes, as the run's own is."""
    if len(paths) == 1 and paths[0].is_dir() and isinstance(trained.data.source, Folder):
        classes = trained.data.source.classes
        return open_folder(Folder(folder=str(paths[0]), classes=classes), paths[0], None)
    return open_given(paths, trained.data.source)
