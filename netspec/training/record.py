"""A run's folder -> its facts, history, scores and trained weights, as Python objects."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from netspec.diagnostics.errors import UsageError
from netspec.diagnostics.model import Diagnostic
from netspec.parts import need
from netspec.spec import Net, Spec
from netspec.training.plan import Request
from netspec.training.storage import files
from netspec.training.storage import folder as archive
from netspec.training.storage.folder import DATA, SCORES, SETTINGS, STATUS, WEIGHTS, Folder
from netspec.training.storage.writer import rows_of

if TYPE_CHECKING:
    import numpy as np
    from torch import nn


class Record:
    """The contents of a run's folder: the spec, the settings, all measurements and the weights.

    It only reads files. `Run` adds computations with the trained net.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = Folder(folder)
        self._settings: dict[str, Any] = self._folder.read_json(SETTINGS)
        self._spec: Spec | None = None

    @property
    def folder(self) -> Path:
        """The run's folder."""
        return self._folder.path

    @property
    def net_name(self) -> str:
        """The name of the net in the spec."""
        return str(self._settings["net"])

    @property
    def status(self) -> dict[str, Any]:
        """The state (running, finished, stopped, diverged, or failed with the reason), the step and the seconds."""
        found: dict[str, Any] = self._folder.read_json(STATUS)
        return found

    @property
    def request(self) -> Request:
        """The request that started the run: net, sizes, overrides, device."""
        try:
            return Request(**self._settings["request"])
        except TypeError:  # an option that this version does not know
            words = {"folder": str(self.folder), "file": SETTINGS, "reason": "JSON"}
            raise UsageError(Diagnostic("NS850", None, words)) from None

    @property
    def history(self) -> list[dict[str, Any]]:
        """One row per epoch: epoch, step, lr, loss and metrics of training and validation."""
        return rows_of(self._folder)

    @property
    def scores(self) -> dict[str, dict[str, float]]:
        """Loss and metrics of the chosen weights on every part; empty until the run has finished."""
        if not (self._folder / SCORES).exists():
            return {}
        found: dict[str, dict[str, float]] = self._folder.read_json(SCORES)["scores"]
        return found

    @property
    def classes(self) -> dict[str, list[dict[str, Any]]]:
        """For each target of classes or labels its table on `part`; empty until the run has finished.

        A row has the keys class, examples, answered, precision, recall and f1.
        """
        if not self.part:
            return {}
        found: dict[str, list[dict[str, Any]]] = self._folder.read_json(SCORES).get("classes", {}).get(self.part, {})
        return found

    @property
    def part(self) -> str:
        """The part whose scores represent the run: test, else validation, else training; empty without scores."""
        return next((name for name in ("test", "validation", "training") if name in self.scores), "")

    @property
    def score(self) -> dict[str, float]:
        """The scores on `part`; empty until the run has finished."""
        return self.scores.get(self.part, {})

    @property
    def data(self) -> dict[str, Any]:
        """Facts about the data: files with their hashes, rows of each part, what the steps of each field learned."""
        found: dict[str, Any] = self._folder.read_json(DATA)
        return found

    @property
    def spec(self) -> Spec:
        """The spec, as stored in the run's folder."""
        if self._spec is None:
            self._spec = archive.get(self._folder, self._settings["spec"])
        return self._spec

    @property
    def others(self) -> list[Spec]:
        """The specs that `--with` added."""
        return [archive.get(self._folder, place) for place in self._settings["with"]]

    @property
    def net(self) -> Net:
        """The net with the run's sizes."""
        return self.spec.net(self._settings["net"], **self.request.sizes)

    def weights(self) -> dict[str, np.ndarray[Any, Any]]:
        """Return the trained weights.

        Returns:
            Arrays by the keys of `graph.stored`.

        Raises:
            NetspecError: the run has no weights yet (NS854), or their file is damaged (NS850).
        """
        need("safetensors")
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            return load(self._weights())
        except (SafetensorError, ValueError):
            words = {"folder": str(self.folder), "file": WEIGHTS, "reason": "safetensors"}
            raise UsageError(Diagnostic("NS850", None, words)) from None

    def module(self, device: str = "cpu") -> nn.Module:
        """Return the trained net as a torch.nn.Module, in evaluation mode.

        Parameters:
            device: the device of the weights.

        Raises:
            NetspecError: the run has no weights yet (NS854).
        """
        need("torch")
        from safetensors.torch import load

        module = self.net.module(device=device)
        module.load_state_dict(load(self._weights()), strict=True)
        return module.eval()

    def _weights(self) -> bytes:
        try:
            return files.read(self._folder / WEIGHTS)
        except OSError:
            words = {"folder": str(self.folder)}
            raise UsageError(Diagnostic("NS854", None, words)) from None
