"""A run's folder -> its facts, history, scores and trained weights, as Python objects."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec import documents, files
from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic
from netspec.figure.trained import arrays_in, check_weights
from netspec.parts import need
from netspec.spec import Net, Spec
from netspec.training.storage import folder as archive
from netspec.training.storage.folder import METRICS, SPEC, WEIGHTS, Folder
from netspec.training.storage.writer import rows_of

if TYPE_CHECKING:
    import numpy as np
    from torch import nn


class Record:
    """The contents of a run's folder: the spec, the settings, all measurements and the weights.

    It only reads files. `Run` adds computations with the trained net.

    Attributes:
        allow: the modules that may be imported, for `extern` classes of the net and for `python` sources.
    """

    def __init__(self, folder: Path, allow: Iterable[str] = ()) -> None:
        self.allow = tuple(allow)
        self._folder = Folder(folder)
        self._settings = documents.read(folder, documents.Settings)
        self._spec: Spec | None = None

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self._folder.path

    @property
    def net_name(self) -> str:
        """The name of the net in the spec."""
        return self._settings.net

    @property
    def status(self) -> dict[str, Any]:
        """The state (running, finished, stopped, diverged, or failed with the reason), the step and the seconds."""
        return documents.read(self.folder, documents.Status).model_dump(exclude={"format"}, exclude_none=True)

    @property
    def request(self) -> documents.Request:
        """The request that started the run: net, sizes, overrides, device."""
        return replace(self._settings.request)

    @property
    def history(self) -> list[dict[str, Any]]:
        """One row per epoch: epoch, step, lr, loss and metrics of training and validation."""
        rows = rows_of(self._folder)
        if self.status["state"] == "finished" and not files.ends_line(self._folder / METRICS):
            raise UsageError(documents.cut_off(self.folder, METRICS))
        return rows

    @property
    def scores(self) -> dict[str, documents.Figures]:
        """Loss and metrics of the chosen weights on every part; empty until the run has finished."""
        if not os.path.lexists(self.folder / documents.Scores.file):
            return {}
        return documents.read(self.folder, documents.Scores).scores

    @property
    def warnings(self) -> list[dict[str, Any]]:
        """The warnings that the run has given, in the form of `netspec check --format json`."""
        if not os.path.lexists(self.folder / documents.Warnings.file):
            return []
        return documents.read(self.folder, documents.Warnings).warnings

    @property
    def classes(self) -> dict[str, list[dict[str, Any]]]:
        """For each target of classes or labels its table on `part`; empty until the run has finished.

        A row has the keys class, examples, answered, precision, recall and f1.
        """
        if not self.part:
            return {}
        return documents.read(self.folder, documents.Scores).classes.get(self.part, {})

    @property
    def part(self) -> str:
        """The part whose scores represent the run: test, else validation, else training; empty without scores."""
        return next((name for name in ("test", "validation", "training") if name in self.scores), "")

    @property
    def score(self) -> documents.Figures:
        """The scores on `part`; empty until the run has finished."""
        return self.scores.get(self.part, {})

    @property
    def data(self) -> dict[str, Any]:
        """Facts about the data: files with their hashes, rows of each part, what the steps of each field learned."""
        return documents.read(self.folder, documents.DataFacts).facts

    @property
    def spec(self) -> Spec:
        """The spec, as stored in the run's folder."""
        if self._spec is None:
            self._spec = archive.get(self._folder, self._settings.spec)
            self._spec.allow = self.allow
        return self._spec

    @property
    def others(self) -> list[Spec]:
        """The specs that `--with` added."""
        return [archive.get(self._folder, place) for place in self._settings.others]

    @property
    def net(self) -> Net:
        """The net with the run's sizes."""
        return self.spec.net(self._settings.net, **self.request.sizes)

    def weights(self, net: Net | None = None) -> Mapping[str, np.ndarray[Any, Any]]:
        """Return the trained weights.

        Parameters:
            net: the net, if it knows more of its arrays than the spec: `extern` classes were imported.

        Returns:
            Arrays by the keys of `graph.arrays`.

        Raises:
            NetspecError: the run has no weights yet (NS854), their file is damaged (NS726) or not finite (NS882), or
                they are those of another net (NS725).
        """
        if not os.path.lexists(self._folder / WEIGHTS):
            raise UsageError(Diagnostic("NS854", None, {"folder": str(self.folder)}))
        graph = (net or self.net).graph
        shapes = [stored.weight.shape for stored in graph.arrays]
        numbers: Any = sum(map(math.prod, shapes))
        most = 16 * numbers + 1000 * (len(shapes) + 1)  # of the numbers, and of a header with their names
        if graph.outside and not graph.admitted:
            most = os.path.getsize(self._folder / WEIGHTS)  # only an import says how many arrays there are
        found = arrays_in(documents.content(self.folder, WEIGHTS, most=most), self._folder / WEIGHTS)
        check_weights(graph, found, spec=f"{self.folder / SPEC}/{self._settings.spec}")
        return found

    def module(self, device: str = "cpu") -> nn.Module:
        """Return the trained net as a torch.nn.Module, in evaluation mode.

        Parameters:
            device: the device of the weights.

        Raises:
            NetspecError: as `weights`.
        """
        need("torch")
        import torch

        net = self.net
        module = net.module(device=device)
        module.load_state_dict({key: torch.tensor(value) for key, value in self.weights(net).items()})
        return module.eval()
