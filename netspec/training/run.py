"""A run's folder -> its facts, history, scores and trained module, as Python objects."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

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

    from netspec.figure.features import Features

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


def _with_own_weights(
    method: Callable[Concatenate[Net, Parameters], Result],
) -> Callable[Concatenate[Run, Parameters], Result]:
    """A method of Net as a method of Run: of the run's net, with the weights that it has learned."""

    @wraps(method)
    def call(self: Run, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        kwargs.setdefault("weights", self)
        return method(self.net, *args, **kwargs)

    return call


class Run:
    """A run: a folder with the spec, the weights and everything that was measured.

    `netspec.train`, `resume` and `load_run` return one. `render` draws its net with the weights that it has learned.

    Example:
        >>> text = "net line {\\n  input x: 1\\n  output y: 1 perceptron\\n}\\n"
        >>> text += "train {\\n  loss = squared(y, t)\\n  optimizer = sgd(lr = 0.1)\\n  epochs = 2\\n}\\n"
        >>> data = {"x": [[0.0], [1.0]], "t": [[1.0], [3.0]]}
        >>> run = netspec.train(netspec.parse(text), data, out="a-run", pictures=False)
        >>> run.folder, run.net.weights, len(run.history)
        (PosixPath('a-run'), 2, 2)
        >>> sorted(run.predict({"x": [[2.0]]}))
        ['predicted_t']
    """

    def __init__(self, folder: Path) -> None:
        self._folder = Folder(folder)
        self._settings: dict[str, Any] = self._folder.read_json(SETTINGS)
        self._spec: Spec | None = None

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return self._folder.path

    @property
    def net_name(self) -> str:
        """What the net is called in its spec."""
        return str(self._settings["net"])

    @property
    def status(self) -> dict[str, Any]:
        """`state` is running, finished, stopped or diverged."""
        found: dict[str, Any] = self._folder.read_json(STATUS)
        return found

    @property
    def request(self) -> Request:
        """How the run was asked for: net, sizes, overrides, device."""
        try:
            return Request(**self._settings["request"])
        except TypeError:  # an option that this version does not know
            words = {"folder": str(self.folder), "file": SETTINGS, "reason": "JSON"}
            raise UsageError(Diagnostic("NS850", None, words)) from None

    @property
    def history(self) -> list[dict[str, Any]]:
        """One row an epoch: epoch, step, lr, and what was measured on training and validation."""
        return rows_of(self._folder)

    @property
    def scores(self) -> dict[str, dict[str, float]]:
        """Loss and metrics of the chosen weights on every part; empty before the run has finished."""
        if not (self._folder / SCORES).exists():
            return {}
        found: dict[str, dict[str, float]] = self._folder.read_json(SCORES)["scores"]
        return found

    @property
    def score(self) -> dict[str, float]:
        """The scores on the test part, else on validation, else on training."""
        scores = self.scores
        for part in ("test", "validation", "training"):
            if part in scores:
                return scores[part]
        return {}

    @property
    def data(self) -> dict[str, Any]:
        """What is known of the data: files with their hashes, rows of each part, what the steps learned."""
        found: dict[str, Any] = self._folder.read_json(DATA)
        return found

    @property
    def spec(self) -> Spec:
        """The spec as it was given."""
        if self._spec is None:
            self._spec = archive.get(self._folder, self._settings["spec"])
        return self._spec

    @property
    def others(self) -> list[Spec]:
        """The specs whose sections came by `--with`."""
        return [archive.get(self._folder, place) for place in self._settings["with"]]

    @property
    def net(self) -> Net:
        """The net with the run's sizes."""
        return self.spec.net(self._settings["net"], **self.request.sizes)

    def weights(self) -> dict[str, np.ndarray[Any, Any]]:
        """The trained arrays by the keys of `graph.stored`; raises NetspecError before there are any."""
        need("safetensors")
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            return load(self._weights())
        except (SafetensorError, ValueError):
            words = {"folder": str(self.folder), "file": WEIGHTS, "reason": "safetensors"}
            raise UsageError(Diagnostic("NS850", None, words)) from None

    def features(self) -> Features:
        """Examples as the last hidden layer has them: what the figure's view `features` shows."""
        for name in ("torch", "numpy", "safetensors"):
            need(name)
        from netspec.training.inference.features import features_of

        return features_of(self)

    render = _with_own_weights(Net.render)

    def module(self, device: str = "cpu") -> nn.Module:
        """The trained net as a torch.nn.Module, in evaluation mode."""
        need("torch")
        from safetensors.torch import load

        module = self.net.module(device=device)
        module.load_state_dict(load(self._weights()), strict=True)
        return module.eval()

    def predict(self, data: Mapping[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
        """What the net answers to new rows: {input: array} -> {"predicted_TARGET": …, "probability_TARGET": …}.

        The fields' own steps are applied as they were learned; classes come by their names, numbers in the unit
        of the target. Raises NetspecError (exit code 3) for arrays that do not fit.
        """
        from netspec.training.inference.predictor import Predictor
        from netspec.training.inference.tables import as_arrays

        if not isinstance(data, Mapping):
            raise TypeError(f'predict takes a dictionary of arrays by input, {{"x": X}}, not {type(data).__name__}')
        trained = Predictor(self)
        return as_arrays(trained.answers(trained.dataset(None, data, trained.inputs)))

    def sample(self, prompt: str = "\n", length: int = 500, temperature: float = 0.8, seed: int = 0) -> str:
        """Text that a net of characters writes after the prompt; raises NetspecError where it writes none."""
        from netspec.training.inference.predictor import Predictor
        from netspec.training.inference.sample import Sampling, sample

        return "".join(sample(Predictor(self), Sampling(prompt, length, temperature, None, seed)))

    def export(self, path: str | os.PathLike[str], device: str = "cpu") -> None:
        """Writes the trained net as a torch.export program (.pt2), for any number of rows."""
        from netspec.training.inference.export import export

        export(self, Path(path), device)

    def _weights(self) -> bytes:
        try:
            return files.read(self._folder / WEIGHTS)
        except OSError:
            words = {"folder": str(self.folder)}
            raise UsageError(Diagnostic("NS854", None, words)) from None

    def __repr__(self) -> str:
        shown = ", ".join(f"{name} {value:.4g}" for name, value in self.score.items())
        return f"<Run {self.folder}: {self.status['state']}{', ' if shown else ''}{shown}>"
