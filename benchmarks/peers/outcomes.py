"""A case run in a folder of its own, by netspec and by a peer -> a cell of the table that says what became of it."""

from __future__ import annotations

import json
import re
import resource
import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

from benchmarks.peers.environments import DRIVERS, surroundings
from benchmarks.peers.hostile import CANARY, FILES, HARMLESS, MODULE, Case

ROOT = Path(__file__).resolve().parents[2]
SECONDS, MEMORY = 120, 16 * 2**30
LINE = re.compile(r"\bline \d+|\bLine \d+")
LAYER = re.compile(r"(?:Node|layer|node IDs|architecture|[Cc]ycle)[^\n]*?['\s\[][abwyz]\b", re.IGNORECASE)


@dataclass(frozen=True)
class Outcome:
    """What became of a case: at the check, and where that accepted it, when its net was built and called."""

    check: str  # accepted, refused, traceback, no answer
    build: str
    says: str  # of the stage that ended it
    ran: str  # the stage after which the payload's file was there
    written: bool  # the payload stands as code in a script that the peer wrote

    def cell(self) -> str:
        told = self.check if self.check != "refused" else f"refused, {self.place()}"
        if self.check == "accepted":
            told += {
                "accepted": ", built",
                "refused": f"; refused when built, {self.place()}",
                "traceback": "; traceback when built",
                "no answer": "; no answer when built",
            }[self.build]
        if self.ran:
            told += f"; **the code ran at the {self.ran}**"
        return told + ("; **the code stands in the script**" if self.written else "")

    def place(self) -> str:
        return "names the line" if LINE.search(self.says) else self._layer()

    def _layer(self) -> str:
        return "names the layer" if LAYER.search(self.says) else "no place"


def outcome(case: Case, name: str, python: Path) -> Outcome | None:
    """Runs a case in an empty folder with the payload's module beside it; None where there are no words for it."""
    if not case.text(name):
        return None
    with tempfile.TemporaryDirectory() as where:
        folder = Path(where)
        (folder / FILES[name]).write_text(case.text(name), encoding="utf-8")
        (folder / "canary_module.py").write_text(MODULE, encoding="utf-8")
        check, says = _stage(name, "check", python, folder)
        ran = "check" if (folder / CANARY).exists() else ""
        build = ""
        if check == "accepted":
            build, says = _stage(name, "build", python, folder)
            ran = ran or ("build" if (folder / CANARY).exists() else "")
        return Outcome(check, build, says.replace(where, ""), ran, says == "PAYLOAD IN THE SCRIPT")


def _stage(name: str, stage: str, python: Path, folder: Path) -> tuple[str, str]:
    driver = DRIVERS / f"drive_{name.replace('-', '_')}.py"
    paths = (ROOT, folder) if name == "netspec" else (DRIVERS / "sham", folder)
    answer = folder / "answer.json"
    try:
        subprocess.run(
            [str(python), str(driver), stage, FILES[name], str(answer)], cwd=folder, env=surroundings(folder, *paths),
            capture_output=True, timeout=SECONDS, preexec_fn=_limit,
        )  # fmt: skip
        found: list[str] = json.loads(answer.read_text(encoding="utf-8"))
    except (subprocess.TimeoutExpired, OSError, ValueError):
        return "no answer", ""
    return found[0], found[1]


def _limit() -> None:
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))


def weights(case: Case, name: str, python: Path) -> str:
    """How many weights the net of a right spec has when it is built, or what went wrong."""
    found = outcome(case, name, python)
    assert found is not None
    return found.says if found.build == "accepted" else found.cell()


def of_netspec(case: Case, python: Path) -> tuple[str, bool]:
    """Netspec's cell, and whether it is right: refused with a code at a place, or harmless and nothing run."""
    found = outcome(case, "netspec", python)
    assert found is not None
    if case.title in HARMLESS:
        return found.cell(), found.check == found.build == "accepted" and not found.ran
    if found.check != "refused":
        return found.cell(), False
    told = [item for item in json.loads(found.says) if item["severity"] == "error"]
    place = told[0]["place"]
    return f"{told[0]['code']} at {place['line']}:{place['column']}", len(told) == 1 and not found.ran
