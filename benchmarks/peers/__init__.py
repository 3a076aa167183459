"""mlnode, n-orca and neural-dsl, each in an environment of its own: static shapes, and hostile specs."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import replace
from pathlib import Path

from benchmarks.peers.environments import DRIVERS, NotInstalled, environment, surroundings
from benchmarks.peers.hostile import CASES, HARMLESS, LENET, PEERS
from benchmarks.peers.networks import mlnode_graph
from benchmarks.peers.outcomes import of_netspec, outcome, weights
from benchmarks.peers.settings import SEED, Shape, inferred, real, settings
from benchmarks.publish import publish

ROOT = Path(__file__).resolve().parents[2]
# the rows of the first table: a peer, how its driver is asked, and what a reader must know
ASKED = (
    ("mlnode", "shapes", "mlnode"),
    ("n-orca", "shapes", "n-orca"),
    ("neural-dsl", "shapes", "neural-dsl, with `strides`, as its grammar names it"),
    ("neural-dsl", "shapes, stride", "neural-dsl, with `stride`, as its shape rules read it"),
)
KINDS = ("cannot be written", "equal", "both refuse", "wrong shape", "accepts what torch refuses",
         "refuses what torch runs", "breaks off")  # fmt: skip
NOTES = {
    "n-orca": "n-orca warns of an unknown operation and builds an identity in its place.",
    "neural-dsl": "What neural-dsl builds is a script that loads data with torchvision or runs TensorFlow: it was "
    "written and read, not run.",
}
MERITS = {
    "mlnode": "mlnode builds LeNet-5 and ResNet-18 exactly; it finds unequal sums, wrong widths, cycles, repeated and "
    "unknown layers, and names the node; its arithmetic does without `eval`, and what torch says while a net is built "
    "comes with the node's name.",
    "n-orca": "n-orca builds LeNet-5 exactly, needs neither torch nor any other package to check, and its findings "
    "have codes and suggestions; cycles, repeated layers and unequal sums are found; an unknown operation is a "
    "warning, with `--strict` an error.",
    "neural-dsl": "neural-dsl is a text language of its own whose syntax errors show the line with a caret; filters "
    "larger than their maps are refused; it writes TensorFlow as well.",
}


def main() -> bool:
    """Writes results/peers.md; False where netspec itself differs from torch, or answers a hostile spec wrongly."""
    with tempfile.TemporaryDirectory() as where:
        folder = Path(where)
        pythons: dict[str, Path] = {}
        missing = []
        for name in PEERS:
            try:
                pythons[name] = environment(name, folder)
            except NotInstalled as reason:
                missing.append(f"{name} could not be installed, so nothing below is about it: {reason}.")
        same = _beside(folder, missing)
        shapes, agrees = compared(pythons, folder)
        hostile, right = hostile_specs(pythons)
        lines = [*(line for reason in missing for line in (reason, "")), *shapes, "", *hostile]
        lines += ["", "What they do well, as measured here and read in their code:", ""]
        lines += [f"- {MERITS[name]}" for name in PEERS if name in pythons]
        versions = [version(name, pythons[name]) for name in pythons]
        lines += ["", f"Each in an environment of its own, from benchmarks/peers/requirements: {', '.join(versions)}."]
        publish("peers", "Beside mlnode, n-orca and neural-dsl", lines, ("torch",))
    return agrees and right and same


def _beside(folder: Path, missing: list[str]) -> bool:
    """Runs `benchmarks beside` where mlnode and Keras are installed; it writes its own result."""
    try:
        python = environment("beside", folder)
    except NotInstalled as reason:
        missing.append(f"mlnode and Keras could not be installed beside netspec: {reason}.")
        return True
    seen = surroundings(folder, ROOT)
    return subprocess.run([str(python), "-m", "benchmarks", "beside"], cwd=ROOT, env=seen).returncode == 0


def version(name: str, python: Path) -> str:
    code = f"from importlib.metadata import version; print(version({name!r}))"
    done = subprocess.run([str(python), "-c", code], check=True, capture_output=True, text=True)
    return f"{name} {done.stdout.strip()}"


# ---- static shapes


def compared(pythons: dict[str, Path], folder: Path) -> tuple[list[str], bool]:
    """The table of static shapes against torch's real ones, and whether netspec's are all right."""
    tried = settings()
    truths = [real(each) for each in tried]
    mine = [_kind(("refused", "") if isinstance(found := inferred(each), str) else ("shape", found), truth)
            for each, truth in zip(tried, truths, strict=True)]  # fmt: skip
    rows = {"netspec": mine}
    asked = folder / "settings.json"
    asked.write_text(json.dumps([each.as_json() for each in tried]), encoding="utf-8")
    for name, how, title in ASKED:
        if name in pythons:
            answers = _answers(name, how, pythons[name], asked)
            rows[title] = [_kind(answer, truth) for answer, truth in zip(answers, truths, strict=True)]
    lines = [
        f"{len(tried):,} random settings of filters and pools along one and two axes (seed {SEED}): what each infers "
        f"without running anything, against the output of torch on a real tensor, which runs {_runs(truths):,} of them "
        f"and refuses {len(truths) - _runs(truths):,}. What a peer's language cannot say is not counted against it.",
        "",
        "| | " + " | ".join((*KINDS, "disagrees")) + " |",
        "|---" + "|---:" * (len(KINDS) + 1) + "|",
    ]
    lines += [_row(title, kinds) for title, kinds in rows.items()]
    plain = [place for place, each in enumerate(tried) if each.plain()]
    lines += ["", f"Of these the {len(plain)} that each of them should know: square filters and pools of two axes, "
              "without dilation, rounding up or padded pools."]  # fmt: skip
    lines += ["", "| | " + " | ".join((*KINDS, "disagrees")) + " |", "|---" + "|---:" * (len(KINDS) + 1) + "|"]
    lines += [_row(title, [kinds[place] for place in plain]) for title, kinds in rows.items()]
    return lines, all(kind in ("equal", "both refuse") for kind in mine)


def _answers(name: str, how: str, python: Path, asked: Path) -> list[tuple[str, Shape | str]]:
    driver, answered = DRIVERS / f"drive_{name.replace('-', '_')}.py", asked.with_name("answers.json")
    subprocess.run(
        [str(python), str(driver), how, str(asked), str(answered)], check=True, capture_output=True,
        cwd=asked.parent, env=surroundings(asked.parent, DRIVERS / "sham"),
    )  # fmt: skip
    return [(kind, tuple(what) if kind == "shape" else what) for kind, what in json.loads(answered.read_text())]


def _kind(answer: tuple[str, Shape | str], truth: Shape | None) -> str:
    """What an answer is worth, beside what torch does."""
    kind, what = answer
    if kind == "cannot":
        return "cannot be written"
    if kind == "traceback":
        return "breaks off"
    if kind == "refused":
        return "both refuse" if truth is None else "refuses what torch runs"
    if truth is None:
        return "accepts what torch refuses"
    return "equal" if what == truth else "wrong shape"


def _row(title: str, kinds: list[str]) -> str:
    counts = Counter(kinds)
    written = len(kinds) - counts["cannot be written"]
    differs = written - counts["equal"] - counts["both refuse"]
    share = f"{differs:,} of {written:,}" + (f" ({100 * differs / written:.0f} %)" if written else "")
    return f"| {title} | " + " | ".join(f"{counts[kind]:,}" for kind in KINDS) + f" | {share} |"


def _runs(truths: list[Shape | None]) -> int:
    return sum(truth is not None for truth in truths)


# ---- wrong and hostile specs


def hostile_specs(pythons: dict[str, Path]) -> tuple[list[str], bool]:
    """The table of hostile specs, and whether netspec answered each as it must."""
    lines = [
        "Wrong and hostile specs, each in an empty folder; the payload is a call that makes an empty file there. "
        "'Accepted' is what the check says; the net was then built and called.",
        "",
        "| spec | netspec | " + " | ".join(pythons) + " |",
        "|---" * (len(pythons) + 2) + "|",
    ]
    good = True
    caught: Counter[str] = Counter()
    for case in CASES:
        mine, right = of_netspec(case, Path(sys.executable))
        good = good and right
        found = {name: outcome(case, name, pythons[name]) for name in pythons}
        cells = [each.cell() if each else "no words for it" for each in found.values()]
        lines.append(f"| {case.title} | " + " | ".join([mine if right else f"WRONG: {mine}", *cells]) + " |")
        if case.title not in HARMLESS:
            caught["netspec"] += right
            caught.update(name for name, each in found.items() if each and each.check == "refused")
            caught.update(f"{name}, written" for name, each in found.items() if each)
    lenet = replace(LENET, mlnode=mlnode_graph("lenet5_plain"))
    mine = weights(lenet, "netspec", Path(sys.executable))
    good = good and mine == "61,706 weights"
    lines.append(f"| {lenet.title} | {mine} | " + " | ".join(weights(lenet, *each) for each in pythons.items()) + " |")
    wrong = len(CASES) - len(HARMLESS)
    told = [f"netspec {caught['netspec']} of {wrong}"]
    told += [f"{name} {caught[name]} of the {caught[f'{name}, written']} that it has words for" for name in pythons]
    lines += ["", f"Wrong specs refused by the check: {', '.join(told)}."]
    lines += [f"{NOTES[name]}" for name in pythons if name in NOTES]
    return lines, good
