"""Reads a train section: its loss, metrics, optimizer and the numbers of the run. Needs no torch."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from netspec import foreign
from netspec.config.entries import read_entry
from netspec.config.remarks import REMARKS
from netspec.config.settings import Section, Written
from netspec.config.values import Reader, single
from netspec.config.vocabulary.losses import LOSSES, Loss
from netspec.config.vocabulary.metrics import METRICS, Metric, measures
from netspec.config.vocabulary.optimizers import OPTIMIZERS, Adam, Optimizer
from netspec.config.vocabulary.schedules import SCHEDULES, Constant, Schedule
from netspec.diagnostics.model import Diagnostic, Fault, Hint, Phrase, Quoted, Report, suggestion
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
class Train:
    """The settings of a train section; a setting that is left out has the value given here."""

    net: str | None = None
    loss: tuple[Weighed, ...] = ()
    metrics: tuple[Metric, ...] = ()
    optimizer: Optimizer = field(default_factory=Adam)
    schedule: Schedule = field(default_factory=Constant)
    epochs: int = 10
    batch: int = 32
    seed: int = 0
    clip: float | None = None  # the largest norm of all gradients together
    accumulate: int = 1  # batches whose gradients make one optimizer step
    best: str | None = None  # the metric that chooses the epoch whose weights are kept; None: the last epoch
    patience: int | None = None  # epochs without a better `best` after which the run stops
    precision: str = "float32"
    meant: tuple[str, ...] = ()  # warnings that are not given
    span: Span | None = None
    loss_span: Span | None = None
    places: dict[str, Span] = field(default_factory=dict)
    undefined: set[str] = field(default_factory=set)

    def document(self) -> dict[str, Any]:
        """Return the section as JSON, for the folder of a run."""
        plain = {key: getattr(self, key) for key in ("net", *_OPTIONS)}
        return {
            "loss": [{"coefficient": item.coefficient, **item.term.document()} for item in self.loss],
            "metrics": [metric.document() for metric in self.metrics],
            "optimizer": self.optimizer.document(),
            "schedule": self.schedule.document(),
            **({"meant": list(self.meant)} if self.meant else {}),
            **plain,
        }


MOST_MISTAKES = 500
PRECISIONS = ("float32", "bfloat16", "float64")


def read_train(section: Section, names: Mapping[str, Any] | None, report: Report) -> Train:
    """Read every setting of a train section, and add every mistake to the report."""
    train = Train(span=section.span)
    for key, written in section.settings.items():
        if len(report) > MOST_MISTAKES:  # a list this long already shows what is wrong
            break
        read = _READERS.get(key)
        train.places[key] = written.span
        try:
            if read is None:
                raise _unknown(key, written)
            read(train, key, written, written.reader(names, report))
        except Fault as fault:
            train.undefined.add(key)
            report.add(fault.diagnostic)
        except (Open, Undefined):
            train.undefined.add(key)
    if "loss" not in section.settings and section.span is not None:
        report.add(Diagnostic("NS754", section.span, {"section": "train", "name": "loss"}))
    if not train.undefined:
        _choice(train, report)
    return train


def _unknown(key: str, written: Written) -> Fault:
    legal, guess = settings(), None
    option = foreign.OPTIMIZER_OPTIONS.get(key.removeprefix("optimizer."))
    if key in foreign.FLAGS:
        hint = Hint("flag", {"flag": f"{foreign.FLAGS[key]} {written.text.strip(chr(34))}"})
    elif option is not None:
        hint = Hint("optimizer", {"option": option, "value": written.text})
    else:
        guess = nearest(key, legal) or meant(key, legal)
        hint = Hint("settings", {"legal": Quoted(legal)})
    near, fixes = suggestion(guess, written.key_span)
    words = {"section": "train", "name": key}
    return Fault(Diagnostic("NS752", written.key_span, words, hints=(*near, hint), fixes=fixes))


def _choice(train: Train, report: Report) -> None:
    """Check that `best` is the loss or one of the metrics (NS769)."""
    legal = ("loss", *measures(train.metrics))
    if train.best is not None and train.best not in legal:
        near, _ = suggestion(nearest(train.best, legal))
        hints = (*near, Hint("measured", {"legal": Quoted(legal)}))
        report.add(Diagnostic("NS769", train.places["best"], {"name": train.best}, hints=hints))


# ---- readers: one function for each setting


def _net(train: Train, key: str, written: Written, reader: Reader) -> None:
    value = single(written.setting.value)
    if isinstance(value, tree.Ref):
        train.net = value.name  # `net_of` reports a name that is not a net


def _loss(train: Train, key: str, written: Written, reader: Reader) -> None:
    train.loss_span = written.span
    train.loss = tuple(_sum(written.setting.value, 1.0, reader))


def _metrics(train: Train, key: str, written: Written, reader: Reader) -> None:
    value = single(written.setting.value)
    items = value.items if isinstance(value, tree.List) else (value,)
    train.metrics = tuple(read_entry(METRICS, item, reader, Phrase("what metric")) for item in items)


def _optimizer(train: Train, key: str, written: Written, reader: Reader) -> None:
    train.optimizer = read_entry(OPTIMIZERS, written.setting.value, reader, Phrase("what optimizer"))


def _schedule(train: Train, key: str, written: Written, reader: Reader) -> None:
    train.schedule = read_entry(SCHEDULES, written.setting.value, reader, Phrase("what schedule"))


def _meant(train: Train, key: str, written: Written, reader: Reader) -> None:
    value = single(written.setting.value)
    option = Option("word", "warnings that are not given", choices=tuple(REMARKS.values()), name=key)
    items = value.items if isinstance(value, tree.List) else (value,)
    train.meant = tuple(reader.read(option, item) for item in items)


def _plain(train: Train, key: str, written: Written, reader: Reader) -> None:
    setattr(train, key, reader.read(_OPTIONS[key]._replace(name=key), written.setting.value))


# settings whose value is one number, name or word, not a call
_OPTIONS = {
    "epochs": Option("whole", "how often the training part is gone through", least=1),
    "batch": Option("whole", "how many examples make a batch", least=1),
    "seed": Option("whole", "what every random number of the run depends on", least=0),
    "clip": Option("number", "the largest norm that all gradients together may have", above=0),
    "accumulate": Option("whole", "batches whose gradients make one optimizer step", least=1),
    "best": Option("name", "the metric that chooses the weights"),
    "patience": Option("whole", "epochs without a better `best` after which the run stops", least=1),
    "precision": Option("word", "the numbers that the net computes with", choices=PRECISIONS),
}
_READERS: dict[str, Callable[[Train, str, Written, Reader], None]] = {
    "net": _net,
    "loss": _loss,
    "metrics": _metrics,
    "optimizer": _optimizer,
    "schedule": _schedule,
    "meant": _meant,
    **dict.fromkeys(_OPTIONS, _plain),
}


def settings() -> tuple[str, ...]:
    """Return every setting that a train section may have."""
    return tuple(_READERS)


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
