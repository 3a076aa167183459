"""The data sets in the scikit-learn package -> rows; nothing is downloaded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from netspec.config.rows import Classes, Faults, File, Pictures, Rows, as_classes, reject
from netspec.config.vocabulary.sources import Sklearn
from netspec.parts import need
from netspec.source import Span

if TYPE_CHECKING:
    from netspec.config.rows import Array


@dataclass(slots=True)
class Bundle(Rows):
    """A data set of scikit-learn (a Bunch) as rows."""

    data: Any = None
    target: Any = None
    feature_names: tuple[str, ...] = ()
    class_names: tuple[str, ...] = ()
    images: Any = None

    @property
    def columns(self) -> tuple[str, ...]:
        return self.feature_names if self.class_names else (*self.feature_names, "target")

    def numbers(self, name: str, wanted: Span | None, faults: Faults) -> Array:
        import numpy as np

        if name not in self.columns:
            self.unknown(name, wanted)
        column = self.target if name == "target" else self.data[:, self.feature_names.index(name)]
        return np.asarray(column, dtype=np.float64)

    def classes(self, name: str | None, names: tuple[str, ...] | None, wanted: Span | None, faults: Faults) -> Classes:
        import numpy as np

        if name is not None:
            cells = [f"{value:g}" for value in self.numbers(name, wanted, faults)]
            return Classes(*as_classes(cells, names))
        if not self.class_names:
            reject("NS806", wanted, what="label", source=self.name)
        if names is None:
            return Classes(np.asarray(self.target, dtype=np.int64), self.class_names)
        codes, _ = as_classes([self.class_names[number] for number in self.target], names)
        return Classes(codes, names)

    def pictures(
        self,
        size: tuple[int, ...] | None,
        maps: int | None,
        wanted: Span | None,
        faults: Faults,
        resize: tuple[int, ...] | None = None,
    ) -> Pictures:
        images = None if self.images is None else self.images[:, None]
        return Pictures(
            self.pictures_of(images, size, maps, wanted), 0.0, 16.0
        )  # the pixels of this data set are integers from 0 to 16


def open_bundle(source: Sklearn) -> Bundle:
    """Read the data set; raise NetspecError (exit code 5) if scikit-learn is not installed."""
    import numpy as np

    need("sklearn")
    datasets = need("sklearn.datasets")
    bunch = getattr(datasets, f"load_{source.name}")()
    classes = tuple(str(name) for name in bunch.target_names) if "target_names" in bunch else ()
    digest = _digest(np.ascontiguousarray(bunch.data), np.ascontiguousarray(bunch.target))
    return Bundle(
        count=len(bunch.data),
        name=f"sklearn: {source.name}",
        files=[File(f"sklearn.datasets.load_{source.name}", bunch.data.nbytes, digest)],
        data=bunch.data,
        target=bunch.target,
        feature_names=tuple(str(name) for name in bunch.feature_names),
        class_names=classes,
        images=bunch.images.astype(np.float32) if "images" in bunch else None,
    )


def _digest(*arrays: Any) -> str:
    import hashlib

    found = hashlib.sha256()
    for array in arrays:
        found.update(array.tobytes())
    return found.hexdigest()
