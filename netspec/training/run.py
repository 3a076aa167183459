"""A run's folder -> figures, predictions, generated text and exported programs."""

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
    """Turn a method of Net into a method of Run, which uses the run's net and its trained weights."""

    @wraps(method)
    def call(self: Run, /, *args: Parameters.args, **kwargs: Parameters.kwargs) -> Result:
        kwargs.setdefault("weights", self)
        return method(self.net, *args, **kwargs)

    return call


class Run(Record):
    """A run: a folder with the spec, the weights and all measurements.

    `netspec.train`, `resume` and `load_run` return one. `render` draws its net with the trained weights.

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
        """Return the values of the last hidden layer for examples of the data, which the view `features` draws.

        Raises:
            NetspecError: the last layer is not a layer of perceptrons with class logits (NS733).
        """
        for name in ("torch", "numpy", "safetensors"):
            need(name)
        from netspec.training.inference.features import features_of

        return features_of(self)

    render = _with_own_weights(Net.render)

    def prepared(self, example: Mapping[str, np.ndarray[Any, Any]]) -> dict[str, np.ndarray[Any, Any]]:
        """Return what the net reads for one example, prepared as `predict` prepares rows. Needs no torch.

        Parameters:
            example: for each input one raw row, (1, …) without an axis of time.

        Returns:
            For each input the values of one time step.

        Raises:
            NetspecError: the row does not fit the data section (exit code 3).
        """
        from netspec.training.data.dataset import transform_example
        from netspec.training.plan import read_sections

        _, data, _, match = read_sections(self.spec, self.request, self.others)
        own = {name: row for name, row in example.items() if name in match.inputs}
        return {**example, **transform_example(data, match, own, self.data)}

    def predict(self, data: Mapping[str, Any]) -> dict[str, np.ndarray[Any, Any]]:
        """Predict new rows.

        Parameters:
            data: raw arrays by input, {"x": X}; they are transformed in the same way as the training data.

        Returns:
            Arrays by name. `predicted_TARGET` has class names, or numbers in the original unit of the target;
            `probability_TARGET` has the probabilities of a classifier.

        Raises:
            NetspecError: the arrays do not fit the data section (exit code 3).
        """
        from netspec.training.inference.predictor import Predictor
        from netspec.training.inference.tables import as_arrays

        if not isinstance(data, Mapping):
            raise TypeError(f'predict takes a dictionary of arrays by input, {{"x": X}}, not {type(data).__name__}')
        trained = Predictor(self)
        return as_arrays(trained.answers(trained.dataset(None, data, trained.inputs)))

    def values(
        self, layer: str, data: Mapping[str, Any] | None = None, count: int = 64, seed: int = 0
    ) -> np.ndarray[Any, Any]:
        """Return the values of a layer: what a generator makes, or the features of examples.

        Parameters:
            layer: its name, as a spec's sections name it.
            data: raw arrays by input, as `predict` takes them; None for a layer that reads no input.
            count: how many examples, if there is no data.
            seed: where the numbers come from that the net draws.

        Returns:
            The values, (rows, [time,] maps, *space).

        Raises:
            NetspecError: there is no such layer (NS773), or the arrays do not fit the data section (exit code 3).
            ValueError: the layer reads an input, and there is no data.
        """
        from netspec.training.inference.predictor import Predictor
        from netspec.training.inference.values import layer_of, reads_inputs, values

        trained = Predictor(self)
        edge = layer_of(trained, layer)
        if data is None and reads_inputs(trained, edge):
            raise ValueError(f"the layer {layer!r} reads an input of the net: it needs data")
        dataset = None if data is None else trained.dataset(None, data, trained.inputs)
        return values(trained, edge, dataset, count, seed)

    def sample(self, prompt: str = "\n", length: int = 500, temperature: float = 0.8, seed: int = 0) -> str:
        """Generate text with a net that predicts characters.

        Parameters:
            prompt: the text before the generated text.
            length: the number of characters to generate.
            temperature: 0 takes the most likely character each time, 1 samples from the net's probabilities.
            seed: the same seed gives the same text.

        Returns:
            The generated text.

        Raises:
            NetspecError: the net does not predict characters (NS872).
        """
        from netspec.training.inference.predictor import Predictor
        from netspec.training.inference.sample import Sampling, sample

        return "".join(sample(Predictor(self), Sampling(prompt, length, temperature, None, seed)))

    def export(self, path: str | os.PathLike[str]) -> None:
        """Write the trained net for programs without netspec.

        Parameters:
            path: the file to write. `NAME.onnx` and `NAME.pt2` are programs of ONNX and torch.export for any number of
                rows, and of steps of time that no weight depends on; `NAME.safetensors` holds the weights alone.

        Raises:
            NetspecError: the format cannot hold the net (NS878, NS890), or a package is missing (NS951).
        """
        from netspec.training.inference.export import export, outline

        export(outline(self.net), self.module(), Path(path), self.folder)

    def __repr__(self) -> str:
        shown = ", ".join(f"{name} {value:.4g}" for name, value in self.score.items())
        return f"<Run {self.folder}: {self.status['state']}{', ' if shown else ''}{shown}>"
