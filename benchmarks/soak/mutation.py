"""Every token of every spec deleted, doubled and swapped, and many replaced: valid, or a coded diagnostic."""

from __future__ import annotations

import random
import signal
import sys
from collections import Counter
from pathlib import Path
from types import FrameType

from benchmarks.publish import publish

ROOT = Path(__file__).resolve().parents[2]
REPLACED = 10_000
SECONDS = 20


class TooLong(Exception):
    """A text that takes longer than SECONDS to answer."""


def _alarm(signum: int, frame: FrameType | None) -> None:
    raise TooLong


def main() -> bool:
    """Prints and keeps the numbers, and the classes of what stayed valid; False where anything else came out."""
    sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
    from proof.mutation import Mutation, change_class, errors, every, replaced, verdict
    from proof.test_text_laws import TEXTS

    source = random.Random(0)
    signal.signal(signal.SIGPROF, _alarm)
    folders = {name: (ROOT / name).parent if "/" in name else None for name in TEXTS}
    valid = {name: text for name, text in TEXTS.items() if not errors(verdict(text, folders[name]))}
    pool: list[tuple[str, Mutation]] = [(name, each) for name, text in valid.items() for each in every(text)]
    names = sorted(valid)
    pool += [(name, replaced(valid[name], source)) for name in source.choices(names, k=REPLACED)]
    seen: Counter[str] = Counter()
    survivors: Counter[str] = Counter()
    failed: list[str] = []
    for name, mutation in pool:
        signal.setitimer(signal.ITIMER_PROF, SECONDS)  # of CPU time: the machine may do other things
        try:
            found = verdict(mutation.text, folders[name])
        except Exception as error:  # anything but a diagnostic is what this looks for
            failed.append(f"- {name}, {mutation.kind} at {mutation.at}: {type(error).__name__}: {error}")
            continue
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
        codes = errors(found)
        seen[f"{mutation.kind}: {'refused' if codes else 'valid'}"] += 1
        if not codes:
            survivors[change_class(valid[name], mutation.text)] += 1
    lines = [
        f"{len(pool)} mutations of {len(valid)} specs: {len(failed)} answered by anything but a coded diagnostic.",
        "",
        "| mutation | answers |",
        "|---|---|",
        *(f"| {kind} | {count} |" for kind, count in sorted(seen.items())),
        "",
        "What stayed valid, by what is different in the tree (reviewed in tests/proof/survivors.md):",
        "",
        "| class | times |",
        "|---|---|",
        *(f"| {name} | {count} |" for name, count in survivors.most_common()),
        *failed,
    ]
    publish("mutation", "Mutation of tokens", lines, ("lark",))
    return not failed
