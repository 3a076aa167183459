"""A trained net that predicts the next character -> generated text, one character at a time."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netspec.config.vocabulary.steps import Chars
from netspec.diagnostics.errors import DataError, UsageError
from netspec.diagnostics.model import Diagnostic, Hint, Words
from netspec.training.data.random_streams import Draw
from netspec.training.inference.predictor import Predictor
from netspec.training.loop.engine import Engine
from netspec.training.sources.text import characters

if TYPE_CHECKING:
    import torch
    from torch import Tensor

PROMPT = "\n"


@dataclass(frozen=True, slots=True)
class Sampling:
    """Settings of text generation. Temperature 0 takes the most likely character; 1 samples by probability."""

    prompt: str = PROMPT
    length: int = 500
    temperature: float = 0.8
    top: int | None = None  # sample only from this many most likely characters
    seed: int = 0


def sample(trained: Predictor, how: Sampling) -> Iterator[str]:
    """Yield the characters after the prompt; raise NetspecError if the net does not predict characters (NS872)."""
    name, known = _alphabet(trained)
    codes, _ = characters(how.prompt or PROMPT, "".join(known))
    for position in (codes < 0).nonzero()[0]:
        words: Words = {"sign": how.prompt[position], "count": len(known)}
        raise DataError(Diagnostic("NS871", None, words, hints=(Hint("alphabet", {"known": "".join(known)}),)))
    trained.request.threads = 1
    engine = trained.engine(trained.dataset(None, {name: _rows(trained, name)}, [name]))
    numbers = Draw(how.seed, "sample").uniform("characters", how.length)
    length = int(trained.match.inputs[name].time.length)  # type: ignore[union-attr, arg-type]
    reader = _Reader(engine, length)
    scores = reader.read(codes.tolist())
    for number in numbers:
        chosen = _choose(scores, how, float(number))
        yield known[chosen]
        scores = reader.read([chosen])


def _alphabet(trained: Predictor) -> tuple[str, tuple[str, ...]]:
    """Return the name of the only input, and its alphabet."""
    fields = trained.data.fields
    if len(trained.inputs) == 1:
        (name,) = trained.inputs
        item = fields.get(name)
        if item is not None and item.steps and isinstance(item.steps[0], Chars):
            term = trained.train.terms[0]
            target = fields.get(term.compared or "")
            if target is not None and isinstance(target.steps[0], Chars) and term.classifies:
                return name, tuple(trained.stored["fields"][name]["classes"])
    words = {"folder": str(trained.run.folder)}
    raise UsageError(Diagnostic("NS872", None, words, hints=(Hint("text"),)))


def _rows(trained: Predictor, name: str) -> Any:
    """Return characters for one window; only the shape matters."""
    import numpy as np

    return np.zeros(int(trained.match.inputs[name].time.length) + 1, dtype=np.int64)  # type: ignore[union-attr, arg-type]


class _Reader:
    """Reads characters and predicts the next one: from its state if the net has one, else from the last T."""

    def __init__(self, engine: Engine, length: int) -> None:
        self.engine = engine
        self.length = length
        self.seen: list[int] = []
        self.state: Any = None
        self.stateful = "return_state" in inspect.signature(engine.model.forward).parameters

    def read(self, codes: list[int]) -> Tensor:
        """Return the logits (V,) of the character after these."""
        import torch

        model = self.engine.model
        with torch.inference_mode():
            if self.stateful:
                values = torch.tensor([codes], device=self.engine.device)
                outputs, self.state = model(values, state=self.state, return_state=True)
                last = len(codes) - 1
            else:
                self.seen = [*self.seen, *codes][-self.length :]
                # padding at the end has no effect, since such a net does not read later characters
                padded = self.seen + [0] * (self.length - len(self.seen))
                outputs = model(torch.tensor([padded], device=self.engine.device))
                last = len(self.seen) - 1
            found = (outputs,) if self.engine.single else outputs
            value = self.engine.objective.losses[0].value(found, {})
        return value[0, last].float().cpu()


def _choose(scores: torch.Tensor, how: Sampling, number: float) -> int:
    """Choose the number of a character by its probability; `number` is a random number in [0, 1)."""
    if how.temperature == 0:
        return int(scores.argmax())
    scores = scores.double() / how.temperature
    if how.top is not None and how.top < len(scores):
        least = scores.topk(how.top).values[-1]
        scores = scores.masked_fill(scores < least, float("-inf"))
    total = scores.softmax(0).cumsum(0)
    return min(int((total < number * float(total[-1])).sum()), len(scores) - 1)
