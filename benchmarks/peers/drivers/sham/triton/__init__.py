"""Stands in for triton, which neural-dsl imports but does not declare; nothing measured here calls it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def jit(function: Callable[..., Any]) -> Callable[..., Any]:
    return function
