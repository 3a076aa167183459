"""Small data files of every kind, written where a test wants them."""

from __future__ import annotations

import gzip
import io
import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

SPEC = """net first(K = {classes}) {{
  input  x: {type}
  output y: K perceptrons
}}

data {{
  source = {source}
{fields}
{split}}}

train {{
  loss = {loss}
  epochs = 1
  batch = 4
}}
"""


def spec(
    source: str,
    fields: Sequence[str],
    type: str,
    *,
    classes: int = 2,
    loss: str = "cross_entropy(y, label)",
    split: str = "",
) -> str:
    """A net of one layer with a data section."""
    lines = "\n".join(f"  {field}" for field in fields)
    divided = f"  split = {split}\n" if split else ""
    return SPEC.format(source=source, fields=lines, type=type, classes=classes, loss=loss, split=divided)


def picture(path: Path, size: tuple[int, int] = (4, 6), mode: str = "L", value: int = 7) -> None:
    """A picture of rows x columns in one colour."""
    path.parent.mkdir(parents=True, exist_ok=True)
    colour: Any = value if mode in ("L", "I;16") else (value,) * len(Image.new(mode, (1, 1)).getbands())
    Image.new(mode, (size[1], size[0]), colour).save(path)


def png(size: tuple[int, int] = (4, 6)) -> bytes:
    """The bytes of a picture that is large enough to be cut."""
    rng = np.random.default_rng(0)
    stream = io.BytesIO()
    Image.fromarray(rng.integers(0, 255, (*size, 3), dtype=np.uint8)).save(stream, "png")
    return stream.getvalue()


def idx(values: np.ndarray[Any, Any]) -> bytes:
    """An array of bytes as an idx file."""
    return struct.pack(f">HBB{values.ndim}I", 0, 8, values.ndim, *values.shape) + values.astype(np.uint8).tobytes()


def idx_pair(folder: Path, prefix: str, count: int = 6, packed: bool = False) -> None:
    """Pictures of 4x4 and their classes 0, 1, 2, 0, …"""
    images = np.arange(count * 16).reshape(count, 4, 4) % 251
    labels = np.arange(count) % 3
    for name, values in ((f"{prefix}-images-idx3-ubyte", images), (f"{prefix}-labels-idx1-ubyte", labels)):
        data = idx(values)
        (folder / (name + ".gz" * packed)).write_bytes(gzip.compress(data) if packed else data)
