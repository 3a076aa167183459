"""A run's folder -> figures, predictions, text and programs of its trained net."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from functools import wraps
from pathlib import Path
from typing import TYPE_CHECKING, Any, Concatenate, ParamSpec, TypeVar

from netspec.parts import need
from netspec.spec import Net
from netspec.training.record import Record

if TYPE_CHECKING:
    import numpy as np

    from netspec.figure.trained.features import Features

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


class Run(Record):
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

    def features(self) -> Features:
        """The values of the last hidden layer for examples of the data, as the view `features` draws them.

        Raises:
            NetspecError: the net does not end in one layer of perceptrons that tells classes apart (NS733).
        """
        for name in ("torch", "numpy", "safetensors"):
            need(name)
        from netspec.training.inference.features import features_of

        return features_of(self)

    render = _with_own_weights(Net.render)

    def predict(self, data: Mapping[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
        """The predictions of the net for new rows.

        Parameters:
            data: raw arrays by input, {"x": X}; each field's steps are applied with what they learned in training.

        Returns:
            arrays by name: `predicted_TARGET` holds names of classes, or numbers in the target's own unit;
            `probability_TARGET` the probabilities of a classifier.

        Raises:
            NetspecError: the arrays do not fit the data section (exit code 3).
        """
        from netspec.training.inference.predictor import Predictor
        from netspec.training.inference.tables import as_arrays

        if not isinstance(data, Mapping):
            raise TypeError(f'predict takes a dictionary of arrays by input, {{"x": X}}, not {type(data).__name__}')
        trained = Predictor(self)
        return as_arrays(trained.answers(trained.dataset(None, data, trained.inputs)))

    def sample(self, prompt: str = "\n", length: int = 500, temperature: float = 0.8, seed: int = 0) -> str:
        """Text that a net of characters writes.

        Parameters:
            prompt: the text that comes before.
            length: how many characters to write.
            temperature: 0 takes the likeliest character each time, 1 draws by the net's own probabilities.
            seed: the same seed draws the same text.

        Raises:
            NetspecError: the net does not predict characters (NS872).
        """
        from netspec.training.inference.predictor import Predictor
        from netspec.training.inference.sample import Sampling, sample

        return "".join(sample(Predictor(self), Sampling(prompt, length, temperature, None, seed)))

    def export(self, path: str | os.PathLike[str], device: str = "cpu") -> None:
        """Writes the trained net as a torch.export program, which takes any number of rows.

        Parameters:
            path: the file to write, `NAME.pt2`.
            device: where the program's weights lie.

        Raises:
            NetspecError: torch.export cannot take the net (NS878).
        """
        from netspec.training.inference.export import export

        export(self, Path(path), device)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name} {value:.4g}" for name, value in self.score.items())
        return f"<Run {self.folder}: {self.status['state']}{', ' if shown else ''}{shown}>"
