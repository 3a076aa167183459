"""The promise of `netspec 1`: a spec that was right stays right and means the same, in every later version.

tests/frozen/v1 holds specs as they were written once, and beside each what it meant: types, weights, depth, and the key
and shape of every stored array, so that old weights load. These files are never edited; a new one may be added with
`python -m tests.release.test_frozen NAME.net …`, which refuses to overwrite.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest

import netspec
from netspec.ops.registry import step_names
from netspec.syntax.parser import KEYWORDS, NOUNS

FOLDER = Path(__file__).resolve().parent.parent / "frozen" / "v1"
SPECS = sorted(FOLDER.glob("*.net"))

# words that no name may be, from rule 11 of the language: this list never grows within version 1
RESERVED = {"repeat", "one", "of", "over", "any", "is", "as", "shared", "true", "false"}


def meaning(path: Path) -> dict[str, Any]:
    """What a spec says of its nets, as far as a user's files depend on it."""
    spec = netspec.load(path)
    found = {}
    for name in spec.nets:
        net = spec.net(name)
        graph = net.graph
        layers = {
            layer.label: [str(graph.nodes[edge.node].types[edge.output]) for edge in layer.values]
            for layer in net.layers
        }
        stored = {array["key"]: array["shape"] for array in net.to_dict()["arrays"]}
        found[name] = {"layers": layers, "weights": str(net.weights), "depth": net.depth, "stored": stored}
    return found


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_frozen_spec_means_what_it_meant(path: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    assert meaning(path) == expected


@pytest.mark.parametrize("path", SPECS, ids=lambda path: path.stem)
def test_a_frozen_spec_has_no_new_warning(path: Path) -> None:
    assert [diagnostic.code for diagnostic in netspec.load(path).warnings] == []


def test_there_are_frozen_specs_and_each_uses_version_1() -> None:
    assert len(SPECS) >= 20
    for path in SPECS:
        assert path.read_text(encoding="utf-8").startswith("netspec 1\n")


def test_reserved_words_never_grow() -> None:
    assert set(NOUNS) == {"perceptron", "perceptrons", "filter", "filters"}
    for word in sorted(set(KEYWORDS) - RESERVED - set(NOUNS)):
        text = f"netspec 1\n\nnet a {{\n  input  {word}: 3\n  output y: {word} -> 2 perceptrons\n}}\n"
        netspec.parse(text)


def test_no_step_of_version_1_is_gone() -> None:
    steps = (FOLDER / "steps.txt").read_text(encoding="utf-8").split()
    assert set(steps) <= step_names()


def freeze(source: Path) -> None:
    """Adds a spec with its meaning of today."""
    target = FOLDER / source.name
    if target.exists():
        raise FileExistsError(f"{target} is frozen")
    target.write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    document = json.dumps(meaning(target), ensure_ascii=False, indent=1)
    target.with_suffix(".json").write_text(document + "\n", encoding="utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        freeze(Path(name))
