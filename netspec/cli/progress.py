"""A run as it is seen on the terminal: facts first, a live line, one row an epoch, the scores at the end."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any, Literal

from netspec.cli.output import class_lines, coloured, say, shown, written
from netspec.diagnostics.display import width
from netspec.training.loop.progress import Callbacks, Facts, Moment, Resumed, Row, Summary

if TYPE_CHECKING:
    from netspec.diagnostics.model import Diagnostic

_WORDS = {
    "facts": {
        "en": "{net}: {weights:,} weights; {parts} rows of {source}",
        "ko": "{net}: 가중치 {weights:,}개, {source}의 {parts}행",
    },
    "device": {
        "en": "{device}, {threads} thread(s); {steps:,} steps in {epochs} epochs of {batches} batches",
        "ko": "{device}, 스레드 {threads}개, {epochs}에포크 × 배치 {batches}개 = {steps:,}스텝",
    },
    "all": {"en": "no `split`: all rows train", "ko": "`split`이 없어 모든 행으로 학습합니다"},
    "compiled": {
        "en": "compiled by torch.compile: the first steps take longer",
        "ko": "torch.compile로 컴파일합니다. 첫 스텝은 오래 걸립니다",
    },
    "streamed": {
        "en": "{fields}: too large for the device; {workers} worker(s) fetch batches",
        "ko": "{fields}: 장치에 다 들어가지 않아 작업자 {workers}개가 배치를 가져옵니다",
    },
    "training": {"en": "training", "ko": "학습"},
    "validation": {"en": "validation", "ko": "검증"},
    "test": {"en": "test", "ko": "시험"},
    "saved": {"en": "saved at step {step:,}", "ko": "스텝 {step:,}에서 저장했습니다"},
    "unsaved": {
        "en": "no checkpoint could be written; the run goes on and tries again",
        "ko": "체크포인트를 쓰지 못했습니다. 실행을 계속하며 다시 시도합니다",
    },
    "last": {"en": "weights of the last epoch, {epoch}", "ko": "마지막 {epoch}에포크의 가중치"},
    "best": {"en": "weights of the best epoch, {epoch}", "ko": "가장 좋았던 {epoch}에포크의 가중치"},
    "resumes": {
        "en": "goes on at step {step:,}, in epoch {epoch}",
        "ko": "에포크 {epoch}의 스텝 {step:,}에서 이어 갑니다",
    },
    "anew": {"en": "no checkpoint yet: begins anew", "ko": "체크포인트가 없어 처음부터 다시 합니다"},
    "again": {"en": "; {again:,} steps are done again", "ko": ", {again:,}스텝은 다시 합니다"},
    "broken": {
        "en": "{checkpoint} is incomplete ({part}): passed over",
        "ko": "{checkpoint}: {part} 파일이 온전하지 않아 건너뜁니다",
    },
    "rate": {"en": "{rate:,.0f} examples/s", "ko": "초당 {rate:,.0f}개"},
    "left": {"en": "{left} left", "ko": "{left} 남음"},
}
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
        parts = ", ".join(f"{count:,} {self.word(name)}" for name, count in facts.parts.items())
        words = {"net": facts.net, "weights": facts.weights, "parts": parts, "source": facts.source}
        self.say(self.word("facts", **words))
        self.say(
            self.word(
                "device", **{key: getattr(facts, key) for key in ("device", "threads", "steps", "epochs", "batches")}
            )
        )
        if len(facts.parts) == 1:
            self.say(self.word("all"))
        if facts.compiled:
            self.say(self.word("compiled"))
        if facts.streamed:
            self.say(self.word("streamed", fields=", ".join(facts.streamed), workers=facts.workers))
        if facts.remarks:
            self.say(written(facts.remarks, "text", self.language, False).rstrip())
        self.say("")
        if not self.quiet and coloured(sys.stdout):
            self._begin_live()

    def resumed(self, found: Resumed) -> None:
        for name, part in found.broken:
            self.say(self.word("broken", checkpoint=name, part=part))
        again = self.word("again", again=found.again) if found.again else ""
        name = "resumes" if found.step else "anew"
        self.say(self.word(name, step=found.step, epoch=found.epoch) + again)

    def moment(self, moment: Moment) -> None:
        if self.live is None:
            return
        done = (moment.epoch - 1) * self.batches + moment.position
        rate, left = self.word("rate", rate=moment.rate), self.word("left", left=_time(moment.left))
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
            self.say(self.word("saved", step=step))

    def unsaved(self, fault: Diagnostic) -> None:
        self.say(written([fault], "concise", self.language, False))
        self.say(self.word("unsaved"))

    def ended(self, summary: Summary) -> None:
        if self.live is not None:
            self.live.stop()
            self.live = None
        if self.quiet:
            say(str(summary.folder))
            return
        self.say("")
        self.say(self.word(summary.chosen, epoch=summary.epoch))
        names = list(next(iter(summary.scores.values())))
        wide = max(10, *map(len, names))
        self.say(f"{'':12}" + "  ".join(f"{name:>{wide}}" for name in names))
        for part, scores in summary.scores.items():
            self.say(_wide(self.word(part), 12) + "  ".join(f"{_number(scores[name]):>{wide}}" for name in names))
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

    def word(self, name: str, **words: Any) -> str:
        return _WORDS[name][self.language].format(**words)

    def _column(self, name: str) -> str:
        part, _, metric = name.partition(" ")
        return f"{self.word(part)} {metric}"

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
