"""The data sections of the specs -> the rows that a page trains on, without numpy: one file of JSON.

What a section gives depends on the seed, by which rows are split; the first seeds of each are in the file. Fields that
are the same for all seeds stand there once.
"""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

from netspec import load
from netspec.config.check import matched
from netspec.diagnostics.errors import NetspecError
from netspec.diagnostics.model import Report
from netspec.documents import Request
from netspec.training.page import data_key, prepared_of
from netspec.training.plan import load_data, places_of

SEEDS = 3
MOST = 150_000  # numbers of a data set


def prepared(specs: Path) -> dict[str, Any]:
    """Return the data of all specs below a folder that are small, and that nothing has to be downloaded for."""
    found: dict[str, Any] = {"sections": {}, "fields": {}}
    for path in sorted(specs.rglob("*.net")):
        spec = load(path)
        spec.check()  # makes the graphs
        own = matched(spec.program, spec.graphs, Report())
        if own is None or own[0].source is None or not own[1].terms:
            continue
        data, train, _, match = own
        for seed in range(SEEDS):
            train.seed = seed
            try:
                request = Request(folder=str(path.parent))
                rows = prepared_of(load_data(data, match, places_of(request, spec), {}, seed, spec))
            except NetspecError:
                break  # its data are not here
            if rows is None or sum(len(field["values"]) for field in rows["fields"].values()) > MOST:
                break
            names = {}
            for name, field in rows["fields"].items():
                field["values"], field["by"] = _whole(field["values"])
                key = hashlib.sha256(json.dumps(field).encode()).hexdigest()[:16]
                found["fields"][key] = field
                names[name] = key
            found["sections"][data_key(data, train, match)] = {**rows, "fields": names}
    return found


def _whole(values: list[float]) -> tuple[list[float], int]:
    """Return numbers in fewer letters: whole ones and a power of 2 that divides them, else what names a float32."""
    for by in (1, 2, 4, 8, 16, 32, 64, 128, 256):
        if all((value * by).is_integer() for value in map(float, values)):
            return [int(value * by) for value in values], by
    return [float(f"{value:.9g}") for value in values], 1
