"""`python -m docs.notebook`: the cells below, executed -> examples/first_steps.ipynb.

They run in an IPython shell in this process, so no Jupyter server is needed; what the cells print and draw is kept as
Jupyter keeps it. A test executes them again and compares.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import tempfile
from collections.abc import Iterator
from typing import Any

from docs.fences import DOCS
from netspec import SpecError

NOTEBOOK = DOCS.parent / "examples" / "first_steps.ipynb"

CELLS: tuple[tuple[str, str], ...] = (
    (
        "markdown",
        "# First steps\n\nA network is written as a textbook says it; the cell checks it, and it draws itself.\n\n"
        "교과서에 나오는 말로 신경망을 적으면, 셀이 검사하고 그려 줍니다.",
    ),
    ("code", "%load_ext netspec.notebook"),
    (
        "code",
        '%%netspec net model H=16\nnetspec 1\n\nnet digits(H = 32, K = 10) "which digit is it?" {\n'
        "  input  image: 1@8x8                   \"INPUT\"\n  hidden z: H perceptrons -> sigmoid\n"
        '  output digit: K perceptrons           "OUTPUT"\n}\n\ndata {\n  source = sklearn("digits")\n'
        "  image = image -> scale(0, 1)\n  label = label\n  split = [0.8, 0, 0.2]\n}\n\ntrain {\n"
        "  loss = cross_entropy(digit, label)\n  metrics = [accuracy(digit, label)]\n  optimizer = adam(lr = 1e-2)\n"
        "  epochs = 10\n  batch = 32\n  seed = 0\n}\n",
    ),
    (
        "markdown",
        "`net` is the checked net, `model` a PyTorch module.\n\n"
        "`net`은 검사가 끝난 신경망, `model`은 PyTorch 모듈입니다.",
    ),
    ("code", "print(net.show())"),
    ("code", "model"),
    ("markdown", "Trained, with the curves in the cell.\n\n학습 곡선이 셀 안에서 자랍니다."),
    (
        "code",
        "import netspec\nfrom netspec.notebook import Curves\n\n"
        'run = netspec.train(net, watch=Curves(), device="cpu", threads=1)\n'
        'print(f"right on digits it has never seen: {run.scores[\'test\'][\'accuracy\']:.0%}")',
    ),
    (
        "markdown",
        "The trained weights in colour: blue pushes up, red pulls down.\n\n"
        "학습된 가중치를 색으로: 파란 것은 밀어 올리고, 붉은 것은 끌어내립니다.",
    ),
    ("code", "net.render(weights=run.folder)"),
    ("markdown", "A mistake says where it is and what helps.\n\n잘못이 있으면 그 자리와 고치는 방법을 말합니다."),
    (
        "code",
        "%%netspec\nnet digits {\n  input  image: 1@8x8\n  hidden z: 16 perceptrons -> sigmoyd\n"
        "  output y: 10 perceptrons\n}",
    ),
)  # fmt: skip


def executed() -> dict[str, Any]:
    """The notebook as a document, its cells run in an empty folder."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    settings = Config()
    settings.HistoryManager.enabled = False
    cells = []
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder), _empty_history(folder):
        shell = InteractiveShell.instance(config=settings)
        count = 0
        for number, (kind, text) in enumerate(CELLS):
            cell: dict[str, Any] = {"cell_type": kind, "id": f"cell-{number}", "metadata": {}}
            if kind == "code":
                count += 1
                wrong = number == len(CELLS) - 1  # the last cell shows a mistake: "Run all" stops there, as it says
                cell |= {"execution_count": count, "outputs": _run(shell, text, count, wrong)}
                cell["metadata"] = {"tags": ["raises-exception"]} if wrong else {}
            cells.append(cell | {"source": text.splitlines(keepends=True)})
        InteractiveShell.clear_instance()
    info = {"name": "python", "version": "3.11", "mimetype": "text/x-python", "file_extension": ".py"}
    kernel = {"display_name": "Python 3", "language": "python", "name": "python3"}
    metadata = {"kernelspec": kernel, "language_info": info}
    return {"cells": cells, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}


@contextlib.contextmanager
def _empty_history(folder: str) -> Iterator[None]:
    """IPython keeps its profile and history in this folder, not in the home of whoever runs this."""
    before = os.environ.get("IPYTHONDIR")
    os.environ["IPYTHONDIR"] = folder
    try:
        yield
    finally:
        if before is None:
            del os.environ["IPYTHONDIR"]
        else:
            os.environ["IPYTHONDIR"] = before


def _run(shell: Any, text: str, count: int, wrong: bool) -> list[dict[str, Any]]:
    """What one cell prints, shows and returns, as nbformat has it; a picture that is updated stands once."""
    shown: list[dict[str, Any]] = []
    places: dict[str, int] = {}

    def publish(data: dict[str, Any], metadata: Any = None, transient: Any = None, **more: Any) -> None:
        place = (transient or {}).get("display_id")
        output = {"output_type": "display_data", "data": _mime(data), "metadata": {}}
        if place in places:
            shown[places[place]] = output
            return
        if place:
            places[place] = len(shown)
        shown.append(output)

    shell.display_pub.publish = publish
    stdout, stderr = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(stdout), contextlib.redirect_stderr(stderr):
        hook = shell.displayhook  # the result is kept below, not printed
        hook.write_output_prompt = hook.write_format_data = hook.finish_displayhook = lambda *values: None
        result = shell.run_cell(text, store_history=False)
    failed = result.error_before_exec or result.error_in_exec
    if bool(failed) != wrong or (failed and not isinstance(failed, SpecError)):
        raise RuntimeError(f"cell failed:\n{text}\n{stdout.getvalue()}")
    outputs = list(shown)
    for name, stream in (("stdout", stdout), ("stderr", stderr)):
        if stream.getvalue():
            lines = stream.getvalue().splitlines(keepends=True)
            outputs.append({"output_type": "stream", "name": name, "text": lines})
    if result.result is not None:
        data, _ = shell.display_formatter.format(result.result)
        outputs.append({"output_type": "execute_result", "execution_count": count, "data": _mime(data), "metadata": {}})
    return outputs


def _mime(data: dict[str, Any]) -> dict[str, Any]:
    return {kind: value.splitlines(keepends=True) if isinstance(value, str) else value for kind, value in data.items()}


def main() -> None:
    NOTEBOOK.write_text(json.dumps(executed(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    print(NOTEBOOK)


if __name__ == "__main__":
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    main()
