"""Reads the train sections: losses, metrics, optimizers and the numbers of the run. Needs no torch.

A file has one section, or sections with names that take turns. Then the section without a name holds what concerns the
whole run, and what the others have in common.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any

from netspec import foreign
from netspec.config.entries import read_entry
from netspec.config.remarks import REMARKS
from netspec.config.settings import Section, Sections, Written
from netspec.config.values import Reader, single
from netspec.config.vocabulary.losses import LOSSES, Loss
from netspec.config.vocabulary.metrics import METRICS, Metric, measures
from netspec.config.vocabulary.optimizers import OPTIMIZERS, Adam, Optimizer
from netspec.config.vocabulary.schedules import SCHEDULES, Constant, Schedule
from netspec.diagnostics.model import Diagnostic, Fault, Hint, Phrase, Quoted, Report, Words, suggestion
from netspec.elaborate.evaluate import Open, Undefined
from netspec.ir.operation import Option
from netspec.names import meant, nearest
from netspec.source import Span
from netspec.syntax import tree


@dataclass(frozen=True, slots=True)
class Weighed:
    """A term of the loss with the number that it is multiplied by."""

    coefficient: float
    term: Loss


@dataclass(slots=True)
class Turn:
    """What moves weights: the settings of a section that takes a turn. One that is left out has the value given here.

    name: the name of the section; "" if the file's only section has none.
    weights: the lines whose weights it moves; () for all.
    every: it takes its turn after every so many batches.
    clip: the largest norm of all its gradients together.
    undefined: settings that could not be read.
    """

    name: str = ""
    loss: tuple[Weighed, ...] = ()
    weights: tuple[str, ...] = ()
    optimizer: Optimizer = field(default_factory=Adam)
    schedule: Schedule = field(default_factory=Constant)
    every: int = 1
    clip: float | None = None
    span: Span | None = None
    loss_span: Span | None = None
    places: dict[str, Span] = field(default_factory=dict)
    undefined: set[str] = field(default_factory=set)

    @property
    def title(self) -> str:
        """How the section begins."""
        return f"train {self.name}".rstrip()

    @property
    def measure(self) -> str:
        """The name of its loss among the scores of a run."""
        return f"loss_{self.name}" if self.name else "loss"

    def document(self) -> dict[str, Any]:
        """Return the settings as JSON, for the folder of a run."""
        return {
            "loss": [{"coefficient": item.coefficient, **item.term.document()} for item in self.loss],
            "optimizer": self.optimizer.document(),
            "schedule": self.schedule.document(),
            "clip": self.clip,
            **({"weights": list(self.weights)} if self.weights else {}),
            **({"name": self.name, "every": self.every} if self.name else {}),
        }


@dataclass(slots=True)
class Train(Turn):
    """The settings of a run. Its `turns` move weights: the sections with names, or the only section itself."""

    net: str | None = None
    metrics: tuple[Metric, ...] = ()
    epochs: int = 10
    batch: int = 32
    seed: int = 0
    accumulate: int = 1  # batches whose gradients make one optimizer step
    best: str | None = None  # the metric that chooses the epoch whose weights are kept; None: the last epoch
    patience: int | None = None  # epochs without a better `best` after which the run stops
    precision: str = "float32"
    meant: tuple[str, ...] = ()  # warnings that are not given
    named: tuple[Turn, ...] = ()

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The sections that take turns, in order."""
        return self.named or (self,)

    @property
    def terms(self) -> list[Loss]:
        """The terms of all losses."""
        return [item.term for turn in self.turns for item in turn.loss]

    @property
    def measures(self) -> tuple[str, ...]:
        """The names of the scores: the loss, that of each section with a name, the metrics."""
        return ("loss", *(turn.measure for turn in self.named), *measures(self.metrics))

    def document(self) -> dict[str, Any]:
        """Return the sections as JSON, for the folder of a run."""
        return {
            **Turn.document(self),
            "metrics": [metric.document() for metric in self.metrics],
            **({"meant": list(self.meant)} if self.meant else {}),
            **({"turns": [turn.document() for turn in self.named]} if self.named else {}),
            **{key: getattr(self, key) for key in ("net", *_RUN_OPTIONS)},
        }


MOST_MISTAKES = 500
PRECISIONS = ("float32", "bfloat16", "float64")


def read_train(sections: Sections, names: Mapping[str, Any] | None, report: Report) -> Train:
    """Read every setting of the train sections, and add every mistake to the report."""
    train = Train()
    _read(train, sections.train, names, report)
    common = {key: item for key, item in sections.train.settings.items() if key in COMMON}
    turns = []
    for name, section in sections.turns.items():
        turns.append(Turn(name))
        own = {**common, **section.settings}
        _read(turns[-1], Section(section.title, own, section.span), names, report, common)
    train.named = tuple(turns)
    if turns:
        _idle(sections, report)
    for section in sections.turns.values() if turns else (sections.train,):
        needed = ("loss", "weights") if len(turns) > 1 else ("loss",)
        for key in needed if section.span is not None else ():
            if key not in section.settings:
                report.add(Diagnostic("NS754", section.span, {"section": section.title, "name": key}))
    if not any(each.undefined for each in (train, *turns)):
        _choice(train, report)
    return train


def _read(
    turn: Turn,
    section: Section,
    names: Mapping[str, Any] | None,
    report: Report,
    known: Mapping[str, Written] = MappingProxyType({}),
) -> None:
    """Read the settings of one section. The mistakes in those of `known` are in the report already."""
    turn.span = section.span
    for key, written in section.settings.items():
        if len(report) > MOST_MISTAKES:  # a list this long already shows what is wrong
            break
        turn.places[key] = written.span
        found = Report() if known.get(key) is written else report
        try:
            reader = written.reader(names, found)
            if key in settings(turn):
                _READERS[key](turn, key, written, reader)
            elif key in _READERS and turn.name:
                hints = (Hint("whole", {"name": key, "value": written.text}),)
                words: Words = {"section": section.title, "name": key}
                report.add(Diagnostic("NS794", written.key_span, words, hints=hints))
            else:
                raise _unknown(section.title, key, written, settings(turn))
        except Fault as fault:
            turn.undefined.add(key)
            found.add(fault.diagnostic)
        except (Open, Undefined):
            turn.undefined.add(key)


def _idle(sections: Sections, report: Report) -> None:
    """Report the settings beside sections with names that none of these uses (NS795)."""
    for key, written in sections.train.settings.items():
        own = all(key in section.settings for section in sections.turns.values())
        if key in TURN and (key not in COMMON or own):
            hint = Hint("own" if key in COMMON else "turn", {"name": key})
            words: Words = {"name": key, "sections": Quoted(tuple(item.title for item in sections.turns.values()))}
            report.add(Diagnostic("NS795", written.key_span, words, hints=(hint,)))


def _unknown(title: str, key: str, written: Written, legal: tuple[str, ...]) -> Fault:
    guess = None
    option = foreign.OPTIMIZER_OPTIONS.get(key.removeprefix("optimizer."))
    if key in foreign.FLAGS:
        hint = Hint("flag", {"flag": f"{foreign.FLAGS[key]} {written.text.strip(chr(34))}"})
    elif option is not None:
        hint = Hint("optimizer", {"option": option, "value": written.text})
    else:
        guess = nearest(key, legal) or meant(key, legal)
        hint = Hint("settings", {"legal": Quoted(legal)})
    near, fixes = suggestion(guess, written.key_span)
    words = {"section": title, "name": key}
    return Fault(Diagnostic("NS752", written.key_span, words, hints=(*near, hint), fixes=fixes))


def _choice(train: Train, report: Report) -> None:
    """Check that `best` is the loss or one of the metrics (NS769)."""
    legal = train.measures
    if train.best is not None and train.best not in legal:
        near, _ = suggestion(nearest(train.best, legal))
        hints = (*near, Hint("measured", {"legal": Quoted(legal)}))
        report.add(Diagnostic("NS769", train.places["best"], {"name": train.best}, hints=hints))


# ---- readers: one function for each setting


def _net(train: Train, key: str, written: Written, reader: Reader) -> None:
    value = single(written.setting.value)
    if isinstance(value, tree.Ref):
        train.net = value.name  # `net_of` reports a name that is not a net


def _loss(train: Turn, key: str, written: Written, reader: Reader) -> None:
    train.loss_span = written.span
    train.loss = tuple(_sum(written.setting.value, 1.0, reader))


def _metrics(train: Train, key: str, written: Written, reader: Reader) -> None:
    value = single(written.setting.value)
    items = value.items if isinstance(value, tree.List) else (value,)
    train.metrics = tuple(read_entry(METRICS, item, reader, Phrase("what metric")) for item in items)


def _optimizer(train: Turn, key: str, written: Written, reader: Reader) -> None:
    train.optimizer = read_entry(OPTIMIZERS, written.setting.value, reader, Phrase("what optimizer"))


def _schedule(train: Turn, key: str, written: Written, reader: Reader) -> None:
    train.schedule = read_entry(SCHEDULES, written.setting.value, reader, Phrase("what schedule"))


def _meant(train: Train, key: str, written: Written, reader: Reader) -> None:
    value = single(written.setting.value)
    option = Option("word", "warnings that are not given", choices=tuple(REMARKS.values()), name=key)
    items = value.items if isinstance(value, tree.List) else (value,)
    train.meant = tuple(reader.read(option, item) for item in items)


def _plain(train: Turn, key: str, written: Written, reader: Reader) -> None:
    setattr(train, key, reader.read(_OPTIONS[key]._replace(name=key), written.setting.value))


# settings whose value is one number, name or word, or a list of names: those of a section that takes a turn, of the run
_TURN_OPTIONS = {
    "weights": Option("names", "the lines whose weights are trained; left out: all"),
    "every": Option("whole", "a section with a name: it takes its turn after every so many batches", least=1),
    "clip": Option("number", "the largest norm that all gradients together may have", above=0),
}
_RUN_OPTIONS = {
    "epochs": Option("whole", "how often the training part is gone through", least=1),
    "batch": Option("whole", "how many examples make a batch", least=1),
    "seed": Option("whole", "what every random number of the run depends on", least=0),
    "accumulate": Option("whole", "batches whose gradients make one optimizer step", least=1),
    "best": Option("name", "the metric that chooses the weights"),
    "patience": Option("whole", "epochs without a better `best` after which the run stops", least=1),
    "precision": Option("word", "the numbers that the net computes with", choices=PRECISIONS),
}
_OPTIONS = _TURN_OPTIONS | _RUN_OPTIONS
_READERS: dict[str, Callable[[Any, str, Written, Reader], None]] = {
    "net": _net,
    "loss": _loss,
    "metrics": _metrics,
    "optimizer": _optimizer,
    "schedule": _schedule,
    "meant": _meant,
    **dict.fromkeys(_OPTIONS, _plain),
}
COMMON = ("optimizer", "schedule", "clip")  # settings that sections with names take from the one without
TURN = ("loss", "weights", "every", *COMMON)


def settings(turn: Turn | None = None) -> tuple[str, ...]:
    """Return every setting that a section may have; without one, those of a file's only section."""
    if turn is not None and turn.name:
        return TURN
    return tuple(key for key in _READERS if key != "every")


def option_of_setting(name: str) -> Option | None:
    """Return the option that a setting is; None if its value is a call or a list of calls."""
    return _OPTIONS.get(name)


# ---- the loss: a sum of terms, each times a number


def _sum(value: tree.Value, sign: float, reader: Reader) -> list[Weighed]:
    """Return the terms of a loss, in order. A loop instead of recursion, since a sum may have very many terms."""
    found: list[Weighed] = []
    pending = [(value, sign)]
    while pending:
        part, sign = pending.pop()
        part = single(part)
        if isinstance(part, tree.Binary) and part.op in ("+", "-"):
            pending += [(part.right, sign if part.op == "+" else -sign), (part.left, sign)]
        elif isinstance(part, tree.Negative):
            pending.append((part.value, -sign))
        elif isinstance(part, tree.Binary) and part.op in ("*", "/"):
            pending.append(_scaled(part, sign, reader))
        elif isinstance(part, tree.Call | tree.Ref):
            found.append(Weighed(sign, read_entry(LOSSES, part, reader, Phrase("what loss"))))
        else:
            raise reader.fault(part.at, "NS764", text=reader.text_at(part.at))
    return found


def _scaled(part: tree.Binary, sign: float, reader: Reader) -> tuple[tree.Value, float]:
    """Split `0.5*term`, `term*0.5` or `term/2` into the term and its coefficient. Raises Fault."""
    if part.op == "*":
        for number, term in ((part.left, part.right), (part.right, part.left)):
            if not _holds_call(number):
                return term, sign * reader.number(number)
    elif not _holds_call(part.right):
        divisor = reader.number(part.right)
        if divisor == 0:
            raise reader.fault(part.right.at, "NS408", text=reader.text_at(part.at))
        return part.left, sign / divisor
    raise reader.fault(part.at, "NS764", text=reader.text_at(part.at))


def _holds_call(value: tree.Value) -> bool:
    pending = [value]
    while pending:
        part = single(pending.pop())
        if isinstance(part, tree.Call) and part.name != "sqrt":
            return True
        if isinstance(part, tree.Binary):
            pending += [part.left, part.right]
        elif isinstance(part, tree.Negative):
            pending.append(part.value)
    return False
