"""A run as it is seen on the terminal: facts first, a live line, one row an epoch, the scores at the end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Literal

from netspec.cli.output import class_lines, coloured, say, shown, written
from netspec.diagnostics.catalogue import Word, phrase
from netspec.diagnostics.display import width
from netspec.training.loop.progress import Callbacks, Facts, Moment, Resumed, Row, Summary

if TYPE_CHECKING:
    from netspec.diagnostics.model import Diagnostic

ROWS = 40  # a run of more epochs prints only every n-th epoch, with n = epochs // ROWS


class Display(Callbacks):
    """Shows a run: on a terminal with a line that is updated in place, elsewhere with rows only."""

    def __init__(self, quiet: bool, language: Literal["en", "ko"]) -> None:
        self.quiet = quiet
        self.language = language
        self.live: Any = None
        self.task: Any = None
        self.every = 1
        self.epochs = 1
        self.batches = 1
        self.columns: list[str] = []

    def __enter__(self) -> Display:
        return self

    def __exit__(self, *_: object) -> None:
        if self.live is not None:
            self.live.stop()

    # ---- what the run tells

    def began(self, facts: Facts) -> None:
        self.epochs, self.batches = facts.epochs, facts.batches
        self.every = max(1, facts.epochs // ROWS)
        named = ((self.word(f"part {name}"), count) for name, count in facts.parts.items())
        parts = ", ".join(self.word("train part", part=part, count=count) for part, count in named)
        words: dict[str, Word] = {"net": facts.net, "weights": facts.weights, "parts": parts, "source": facts.source}
        self.say(self.word("train facts", **words))
        keys = ("device", "threads", "steps", "epochs", "batches")
        self.say(self.word("train device", **{key: getattr(facts, key) for key in keys}))
        if len(facts.parts) == 1:
            self.say(self.word("train all"))
        if facts.compiled:
            self.say(self.word("train compiled"))
        if facts.streamed:
            self.say(self.word("train streamed", fields=", ".join(facts.streamed), workers=facts.workers))
        if facts.remarks:
            self.say(written(facts.remarks, "text", self.language, False).rstrip())
        self.say("")
        if not self.quiet and coloured(sys.stdout):
            self._begin_live()

    def resumed(self, found: Resumed) -> None:
        for name, part in found.broken:
            self.say(self.word("train broken", checkpoint=name, part=part))
        again = self.word("train again", again=found.again) if found.again else ""
        name = "train resumes" if found.step else "train anew"
        self.say(self.word(name, step=found.step, epoch=found.epoch) + again)

    def moment(self, moment: Moment) -> None:
        if self.live is None:
            return
        done = (moment.epoch - 1) * self.batches + moment.position
        rate = self.word("train rate", rate=f"{moment.rate:,.0f}")
        left = self.word("train left", left=_time(moment.left))
        text = f"loss {moment.loss:.4f}  {rate}  {left}"
        self.live.update(self.task, completed=done, description=f"epoch {moment.epoch}/{self.epochs}", note=text)
        self.live.refresh()

    def row(self, row: Row) -> None:
        if not self.columns:
            self.columns = [f"{part} {name}" for part in ("training", "validation") for name in getattr(row, part)]
            self.say("epoch  " + "  ".join(_wide(self._column(name), 16, right=True) for name in self.columns))
        if row.epoch % self.every and row.epoch != self.epochs and row.epoch != 1:
            return
        values = [value for part in (row.training, row.validation) for value in part.values()]
        self.say(f"{row.epoch:>5}  " + "  ".join(f"{_number(value):>16}" for value in values))

    def saved(self, step: int, seconds: float) -> None:
        if self.live is None:
            self.say(self.word("train saved", step=step))

    def unsaved(self, fault: Diagnostic) -> None:
        self.say(written([fault], "concise", self.language, False))
        self.say(self.word("train unsaved"))

    def ended(self, summary: Summary) -> None:
        if self.live is not None:
            self.live.stop()
            self.live = None
        if self.quiet:
            say(str(summary.folder))
            return
        self.say("")
        self.say(self.word(f"train {summary.chosen}", epoch=summary.epoch))
        names = list(next(iter(summary.scores.values())))
        wide = max(10, *map(len, names))
        self.say(f"{'':12}" + "  ".join(f"{name:>{wide}}" for name in names))
        for part, scores in summary.scores.items():
            self.say(
                _wide(self.word(f"part {part}"), 12) + "  ".join(f"{_number(scores[name]):>{wide}}" for name in names)
            )
        for line in class_lines(summary.classes, summary.subjects, self.language):
            self.say(line)
        if summary.equation:
            self.say(summary.equation)
        if summary.remarks:
            self.say("")
            self.say(written(summary.remarks, "text", self.language, False).rstrip())
        self.say("")
        self.say(f"{summary.folder}: weights.safetensors, model.py, {', '.join(summary.pictures)}".rstrip(", "))

    # ---- how it is drawn

    def say(self, text: str) -> None:
        if self.quiet:
            return
        if self.live is not None:
            self.live.console.print(shown(text), markup=False, highlight=False)
        else:
            say(text)

    def word(self, name: str, /, **words: Word) -> str:
        return phrase(name, self.language, **words)

    def _column(self, name: str) -> str:
        part, _, metric = name.partition(" ")
        return f"{self.word(f'part {part}')} {metric}"

    def _begin_live(self) -> None:
        from rich.progress import BarColumn, Progress, TextColumn

        self.live = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=30),
            TextColumn("{task.fields[note]}"),
            auto_refresh=False,  # no thread beside the one that trains
            transient=True,
        )
        self.live.start()
        self.task = self.live.add_task("", total=self.epochs * self.batches, note="")


def _wide(text: str, columns: int, right: bool = False) -> str:
    """Fill a text with blanks up to `columns` columns of the terminal; a Korean letter takes two columns."""
    space = " " * (columns - width(text))
    return space + text if right else text + space


def _number(value: float) -> str:
    return f"{value:.4f}" if abs(value) < 1e5 else f"{value:.3e}"


def _time(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
