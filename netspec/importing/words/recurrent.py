"""The recurrent modules of torch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from netspec.importing.arrange import Unsaid
from netspec.importing.recognise import Partial, Site, recognises
from netspec.importing.steps import Fixed
from netspec.importing.views import BATCH, MAPS, TIME, Atom, View, tidy


@recognises("lstm")
def lstm(site: Site, view: View, states: Sequence[Fixed], weights: Sequence[Fixed], *rest: Any) -> Any:
    return _recurrent(site, "lstm", view, states, weights, *rest)


@recognises("gru")
def gru(site: Site, view: View, state: Fixed, weights: Sequence[Fixed], *rest: Any) -> Any:
    return _recurrent(site, "gru", view, [state], weights, *rest)


@recognises("rnn_tanh")
def rnn(site: Site, view: View, state: Fixed, weights: Sequence[Fixed], *rest: Any) -> Any:
    return _recurrent(site, "rnn", view, [state], weights, *rest)


def _recurrent(
    site: Site,
    word: str,
    view: View,
    states: Sequence[Any],
    weights: Sequence[Fixed],
    bias: bool,
    layers: int,
    dropout: float,
    training: bool,
    both: bool,
    batch_first: bool,
) -> Any:
    if any(not isinstance(state, Fixed) or state.value.any() for state in states):
        raise Unsaid("start")
    found = site.arranged(view)
    time, batch = (1, 0) if batch_first else (0, 1)
    if found.alone(time) != TIME or found.alone(batch) != BATCH or found.alone(2) not in (MAPS, ""):
        raise Unsaid(word)
    units = weights[1].value.shape[1]
    names = ("weight_ih", "weight_hh", "bias_ih", "bias_hh") if bias else ("weight_ih", "weight_hh")
    arrays: dict[str, Fixed] = {}
    pending = iter(weights)
    for layer in range(layers):
        for suffix in ("", "_reverse") if both else ("",):
            arrays |= {f"{name}_l{layer}{suffix}": next(pending) for name in names}
    options: dict[str, Any] = {"layers_": layers, "bidirectional": both, "bias": bias, "dropout": float(dropout)}
    edge = site.graph.add(word, [found.edge], arrays, units=units, **options)
    width = units * (2 if both else 1)
    out = View(edge, (*found.dims[:2], tidy((Atom(MAPS, width),))))
    last = _last_state(site, out, layers, both, time)
    return [out, *[last] * len(states)]


class LastState(Partial):
    """The last state of each layer and direction: only that of the last layer is a value of the net."""

    def __init__(self, views: list[View | None]) -> None:
        self.views = views


def _last_state(site: Site, out: View, layers: int, both: bool, time: int) -> Any:
    return LastState([*[None] * (layers - 1), out.select(time, -1)]) if not both else LastState([None])
