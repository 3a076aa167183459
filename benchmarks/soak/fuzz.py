"""100,000 broken inputs (NETSPEC_FUZZ sets another number): only diagnostics may come of them."""

from __future__ import annotations

import os
import random
import re
import time
import traceback
from collections import Counter
from collections.abc import Callable
from pathlib import Path

from benchmarks.publish import publish
from netspec.api import Spec
from netspec.diagnostics.model import Fault, as_json, text
from netspec.elaborate.program import parse_program
from netspec.limits import Limits

ROOT = Path(__file__).resolve().parent.parent.parent
COUNT = int(os.environ.get("NETSPEC_FUZZ", "100000"))
SLOWEST = 2.0  # seconds of processor time for one input
# small nets are enough to break, and keep a hundred thousand inputs bearable
LIMITS = Limits(bytes=100_000, nodes=2_000)
TOKEN = re.compile(r'"(?>(?:[^"\\\n]++|\\.)*)"|#[^\n]*|->|==|[^\W\d]\w*|\d+(?:\.\d+)?|\S')
PIECES = (
    "net", "block", "input", "hidden", "output", "start", "let", "require", "default", "use", "data", "train", "figure",
    "repeat", "shared", "as", "is", "one of", "over", "up to", "perceptrons", "filters", "relu", "tanh", "softmax",
    "maxpool", "attention", "lstm", "embed", "split", "same", "reversed", "learned", "zeros", "mean", "space", "time",
    "x", "z", "y", "n", "3", "0", "-1", "2.5", "1e9", "99999999999", "3x3", "3@8x8", "->", "&", "+", "-", "*", "/",
    "%", "^", ":", "=", "==", "<", ",", ".", "(", ")", "{", "}", "[", "]", "[t-1]", '"caption"', '"', "\n", "\n  ",
    "# comment\n", "한글", "é", "\u0301", "→", "：", "\u200b", "\u202e", "\x00", "\x1b[31m", "true", "false", "..",
)  # fmt: skip


def main() -> bool:
    failures, slow, codes, seconds = run(COUNT, 1)
    kinds = ", ".join(f"{code} {count:,}" for code, count in codes.most_common(12))
    lines = [
        "| inputs | unexpected exceptions | slower than 2 s | codes seen | minutes |",
        "|---|---|---|---|---|",
        f"| {COUNT:,} | {len(failures)} | {len(slow)} | {len(codes)} | {seconds / 60:.1f} |",
        "",
        f"A quarter each: random bytes, random words of the language, a valid spec with one token changed, with five. "
        f"Every report was written as text in both languages and as JSON. Most frequent: {kinds}.",
    ]
    lines += [f"\n```\n{failure}\n```" for failure in failures[:5]]
    publish("fuzz", "Fuzzing: nothing but diagnostics", lines, ("lark", "pydantic"))
    return not failures and not slow


def run(count: int, seed: int) -> tuple[list[str], list[bytes], Counter[str], float]:
    """Tries `count` inputs; returns tracebacks, slow inputs, how often each code came up, and the seconds it took."""
    generator = random.Random(seed)
    specs = valid()
    makers: tuple[Callable[[random.Random, list[str]], bytes], ...] = (noise, words, changed, garbled)
    failures: list[str] = []
    slow: list[bytes] = []
    codes: Counter[str] = Counter()
    begun = time.perf_counter()
    for number in range(count):
        data = makers[number % len(makers)](generator, specs)
        start = time.process_time()
        try:
            codes.update(tried(data))
        except Exception:
            failures.append(f"{data!r}\n{traceback.format_exc(limit=-4)}")
        if time.process_time() - start > SLOWEST:
            slow.append(data)
    return failures, slow, codes, time.perf_counter() - begun


def tried(data: bytes) -> list[str]:
    """The codes of everything that is said of an input, in text and JSON and both languages."""
    try:
        found = Spec(parse_program(data, "fuzz.net", limits=LIMITS), LIMITS).check()
    except Fault as fault:
        found = [fault.diagnostic]
    for shown in (text(found), text(found, "ko"), as_json(found, "ko")):
        shown.encode("utf-8")
        assert not re.search(r"[\x00-\x08\x0b-\x1f\x7f]", shown), "a control character reaches the terminal"
    return [diagnostic.code for diagnostic in found]


def valid() -> list[str]:
    """Small specs of the project."""
    files = [*sorted((ROOT / "specs").rglob("*.net")), *sorted((ROOT / "tests" / "hostile" / "odd").glob("*.net"))]
    texts = [path.read_text(encoding="utf-8-sig") for path in files]
    return [text for text in texts if len(text) < 1500]


def noise(generator: random.Random, specs: list[str]) -> bytes:
    """Random bytes, alone or put into a valid spec."""
    found = generator.randbytes(generator.randrange(1, 120))
    if generator.random() < 0.5:
        return found
    spec = generator.choice(specs).encode()
    at = generator.randrange(len(spec))
    return spec[:at] + found[: generator.randrange(1, 5)] + spec[at:]


def words(generator: random.Random, specs: list[str]) -> bytes:
    """Words and signs of the language in any order, most inside a net."""
    body = " ".join(generator.choice(PIECES) for _ in range(generator.randrange(1, 60)))
    return (f"net a {{\n  input x: 3\n  {body}\n}}\n" if generator.random() < 0.8 else body).encode()


def changed(generator: random.Random, specs: list[str], times: int = 1) -> bytes:
    """A valid spec with tokens deleted, doubled, exchanged or replaced."""
    spec = generator.choice(specs)
    for _ in range(times):
        tokens = [match for match in TOKEN.finditer(spec) if not match[0].startswith("#")]
        if len(tokens) < 2:
            break
        at = generator.randrange(len(tokens) - 1)
        one, two = tokens[at], tokens[at + 1]
        new = generator.choice((
            "", f"{one[0]} {one[0]}", generator.choice(tokens)[0], generator.choice(PIECES),
            one[0][:-1] + generator.choice("abxz019 .,:;()[]{}-+*/\"#@&"),
        ))  # fmt: skip
        if generator.random() < 0.2:
            spec = spec[: one.start()] + two[0] + spec[one.end() : two.start()] + one[0] + spec[two.end() :]
        else:
            spec = spec[: one.start()] + new + spec[one.end() :]
    return spec.encode("utf-8", "surrogatepass")


def garbled(generator: random.Random, specs: list[str]) -> bytes:
    return changed(generator, specs, 5)
