"""A function of the caller's -> arrays by name: the one source that runs code, so only what the caller allows."""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from netspec.config.rows import File, reject
from netspec.config.vocabulary.sources import Python
from netspec.diagnostics.model import Hint
from netspec.training.sources.npz import ArrayRows, count_rows


def open_python(source: Python, allowed: tuple[str, ...]) -> ArrayRows:
    """Imports the module and calls the function; raises NetspecError where that is not allowed or goes wrong.

    `allowed` names modules; a package allows what is in it. Modules are found as Python finds them, the current
    folder last.
    """
    name, _, function = source.function.partition(":")
    if not any(name == module or name.startswith(f"{module}.") for module in allowed):
        reject("NS837", source.at("function"), Hint("allow", {"module": name}), module=name)
    found = _call(source, name, function)
    arrays = {key: _array(source, key, value) for key, value in found.items()}
    digest = hashlib.sha256()
    for key, array in arrays.items():
        digest.update(key.encode() + array.tobytes())
    files = [File(source.function, sum(array.nbytes for array in arrays.values()), digest.hexdigest())]
    return ArrayRows(
        count_rows(arrays, source.function, source.at("function")), source.function, None, files, arrays=arrays
    )


def _call(source: Python, name: str, function: str) -> dict[str, Any]:
    here = str(Path.cwd())
    added = here not in sys.path
    if added:
        sys.path.append(here)
    try:
        found = getattr(import_module(name), function)()
    except Exception as error:  # the caller's own code: whatever it raises is what went wrong
        reason = f"{type(error).__name__}: {error}"
        reject("NS838", source.at("function"), Hint("run"), function=source.function, reason=reason)
    finally:
        if added:
            sys.path.remove(here)
    if not isinstance(found, Mapping) or not found or not all(isinstance(key, str) for key in found):
        reject("NS838", source.at("function"), Hint("mapping"), function=source.function, reason=type(found).__name__)
    return dict(found)


def _array(source: Python, key: str, value: Any) -> Any:
    import numpy as np

    if hasattr(value, "detach"):  # a torch tensor
        value = value.detach().cpu().numpy()
    try:
        array = np.asarray(value)
    except ValueError:
        reject("NS823", source.at("function"), name=key)
    if array.dtype.kind not in "biufUS" or array.ndim == 0:
        reject("NS823", source.at("function"), name=key)
    return array
