"""Inputs that would take all time or memory are refused at once: what they would build is counted, not built."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from netspec import proposals
from netspec.api import Spec
from netspec.cli import main
from netspec.diagnostics.model import Diagnostic
from netspec.elaborate.program import parse_program
from netspec.source import SourceFile
from tests.speed import within

TINY = "net first {\n  input  x: 2\n  output y: 1 perceptron\n}\n"
SLOWEST = 1.0  # seconds of processor time
MORE = 50  # MB above what a tiny spec takes
RUN = """
import resource, sys
from netspec.cli import main
code = main(sys.argv[1:])
usage = resource.getrusage(resource.RUSAGE_SELF)
print("measured", code, usage.ru_utime + usage.ru_stime, usage.ru_maxrss // 1024)
"""


def net(chain: str) -> str:
    return f"net first {{\n  input  x: 2\n  output y: {chain}\n}}\n"


def doubling(call: str = "x -> {0} -> {0}") -> str:
    """Forty blocks, each twice the one before: 2^40 steps."""
    blocks = [f"block B{i} {{\n  input  x: c\n  output y: {call.format(f'B{i + 1}')}\n}}\n" for i in range(40)]
    return "".join(blocks) + "block B40 {\n  input  x: c\n  output y: x -> relu\n}\n" + net("B0")


HOSTILE = {
    "repeat of 10^9": (net("repeat 1000000000 { 2 perceptrons -> relu }"), "NS612"),
    "repeats inside repeats": (net("repeat 1000 { repeat 1000 { repeat 1000 { relu } } }"), "NS612"),
    "2^40 by doubling blocks": (doubling(), "NS612"),
    "2^40 by sums of blocks": (doubling("(x -> {0}) + (x -> {0})"), "NS612"),
    "2^40 by steps as arguments": (
        "block D(f) {\n  input  x: c\n  output y: x -> f -> f\n}\n" + net("D(" * 40 + "relu" + ")" * 40), "NS612",
    ),
    "10^15 units": (net("1000000000000000 perceptrons"), "NS415"),
    "10^19 weights": (net("10000000000 perceptrons -> relu -> 1000000000 perceptrons"), "NS621"),
    "10^10 parts": ("net first {\n  input  x: 10000000000\n  output y: split(10000000000)\n}\n", "NS612"),
    "a number of 5,000 digits": (net("9" * 5000 + " perceptrons"), "NS111"),
    "a power of powers": (net("9^999999999 perceptrons"), "NS409"),
    "10,000 brackets": (net("(" * 10000 + "x" + ")" * 10000), "NS110"),
    "20,000 minus signs": (net("dropout(" + "-" * 20000 + "0.5)"), "NS110"),
    "20,000 minus signs in a section": (f"{TINY}train {{\n  loss = {'-' * 20000}squared(y)\n}}\n", "NS110"),
    "300,000 slashes and stars": ("/*\n" * 300_000, "NS009"),
    "a caption of 900 kB": (net(f'reluu "{"x" * 900_000}"'), "NS205"),
    "10 MB of errors": ("hidden z: foo\n" * 750_000, "NS005"),
}  # fmt: skip


# what a pattern that looks for words, texts, signs or lines could go over again and again
RUNS = (r"\"", "“", "«", "1x", "a", "²", "-", "a-", "é", "'", "(", "x[", "a b,", "int a,", "/*\n", "&\n", "{\n", "१ ")
AROUND = {
    "alone": "{}",
    "in a chain": "net n {{\n  input x: 3\n  hidden z: é {} perceptrons }}\n  output y: relu\n}}\n",
    "in a head": "net n({}) {{\n  input x: 3\n}}\n",
    "behind a step": "net n {{\n  input x: 3\n  output y: x -> relu {} is 3\n}}\n",
    "in a section": "net n {{\n  input x: 3\n  output y: relu\n}}\ndata {{\n  {}\n}}\n",
}


# each run at one place, and each place for some runs; the soak tries every pair
PAIRS = [
    pytest.param(run, place, marks=[] if row % len(AROUND) == column else pytest.mark.soak)
    for row, run in enumerate(RUNS)
    for column, place in enumerate(AROUND)
]


@pytest.mark.parametrize(("run", "place"), PAIRS)
def test_long_runs_of_one_thing_take_linear_time(run: str, place: str) -> None:
    """A tenth of the largest file, all of one kind: it is answered within the time that any file may take."""
    text = AROUND[place].format(run * (100_000 // len(run)))
    begun = time.process_time()
    found = Spec(parse_program(text, "hostile.net")).check()
    assert found
    assert within(time.process_time() - begun, 2 * SLOWEST)


@pytest.mark.parametrize("flags", [("--format", "json"), ("--fix",)])
def test_fixes_are_tried_in_linear_time(
    flags: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A fix is tried beside other slips, for which the text is cut into words: here a text of quotes is not closed."""
    monkeypatch.chdir(tmp_path)
    begun = time.process_time()
    Path("hostile.net").write_text(net('4 percetrons\n  hidden z: 2 perceptrons "' + r"\"" * 20_000))
    assert main(["check", "hostile.net", *flags]) == 1
    said = capsys.readouterr()
    assert "1 fixed" in said.out or '"replacement": "perceptrons"' in said.out
    assert within(time.process_time() - begun, 2 * SLOWEST)


@pytest.mark.parametrize("setting", ["train {{\n  loss = squared(y){}", "figure {{\n  depth = 1{}"])
def test_long_sums_in_sections_are_no_recursion(setting: str) -> None:
    term = " + squared(y)" if "loss" in setting else " + 1"
    found = Spec(parse_program(TINY + setting.format(term * 5000) + "\n}\n", "long.net")).check()
    assert [item.code for item in found] == ([] if "loss" in setting else ["NS705"])


def test_sections_that_are_wrong_throughout_are_read_so_far(tmp_path: Path, tiny: tuple[float, int]) -> None:
    fields = "".join(f"  f{number} = column(1)\n" for number in range(5_000))
    settings = "".join(f"  s{number} = {number}\n" for number in range(5_000))
    text = f'{TINY}data {{\n  source = csv("d.csv")\n{fields}}}\ntrain {{\n{settings}}}\n'
    (tmp_path / "hostile.net").write_text(text)
    code, seconds, memory, said = measured("hostile.net", tmp_path)
    assert (code, "NS752" in said or "NS430" in said) == (1, True)
    # 10,000 lines take about 1.7 s; work that grows with their square takes minutes
    assert within(seconds - tiny[0], 2 * SLOWEST)
    assert memory < tiny[1] + 5 * MORE


def measured(path: str, folder: Path) -> tuple[int, float, int, str]:
    """Exit code, seconds of processor time, MB, and what was said."""
    call = [sys.executable, "-c", RUN, "check", path, "--format", "concise"]
    done = subprocess.run(call, capture_output=True, text=True, cwd=folder, timeout=120, check=False)
    words = done.stdout.split("measured")[1].split()
    return int(words[0]), float(words[1]), int(words[2]), done.stderr


@pytest.fixture(scope="module")
def tiny(tmp_path_factory: pytest.TempPathFactory) -> tuple[float, int]:
    folder = tmp_path_factory.mktemp("tiny")
    (folder / "tiny.net").write_text(TINY)
    code, seconds, memory, _ = min((measured("tiny.net", folder) for _ in range(2)), key=lambda found: found[1])
    assert code == 0
    return seconds, memory


@pytest.mark.parametrize("name", HOSTILE)
def test_refused_before_anything_is_built(name: str, tmp_path: Path, tiny: tuple[float, int]) -> None:
    text, wanted = HOSTILE[name]
    (tmp_path / "hostile.net").write_text(text)
    code, seconds, memory, said = measured("hostile.net", tmp_path)
    assert code == 1
    assert f"[{wanted}]" in said
    assert within(seconds - tiny[0], SLOWEST)
    assert memory < tiny[1] + MORE
    assert [entry.name for entry in tmp_path.iterdir()] == ["hostile.net"]


@pytest.mark.skipif(not Path("/dev/zero").exists(), reason="needs the devices of Unix")
def test_devices_and_pipes_are_no_files(tmp_path: Path, tiny: tuple[float, int]) -> None:
    os.mkfifo(tmp_path / "pipe.net")
    for path in ("/dev/zero", "pipe.net"):
        code, seconds, memory, said = measured(path, tmp_path)
        assert (code, "NS008" in said) == (1, True)
        assert within(seconds - tiny[0], SLOWEST)
        assert memory < tiny[1] + MORE


@pytest.mark.skipif(not Path("/proc/self/mem").exists(), reason="needs Linux")
def test_what_opens_and_cannot_be_read(tmp_path: Path) -> None:
    code, _, _, said = measured("/proc/self/mem", tmp_path)
    assert (code, "NS001" in said) == (1, True)


@pytest.mark.parametrize(("flag", "text", "code"), [
    ("bytes=10", TINY, "NS005"), ("nodes=2", net("relu -> tanh -> relu -> tanh"), "NS612"),
    ("size=9", net("10 perceptrons"), "NS415"), ("weights=5", net("10 perceptrons"), "NS621"),
])  # fmt: skip
def test_each_limit_can_be_set(
    flag: str, text: str, code: str, inside: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (inside / "a.net").write_text(text)
    assert main(["check", "a.net"]) == 0
    assert main(["check", "a.net", "--limit", flag]) == 1
    assert f"[{code}]" in capsys.readouterr().err


def test_a_limit_can_be_raised(inside: Path) -> None:
    (inside / "a.net").write_text(net("20000000000 perceptrons"))
    assert main(["check", "a.net"]) == 1
    assert main(["check", "a.net", "--limit", "size=100000000000"]) == 0


@pytest.mark.parametrize("flag", ["nodes", "nodes=", "nodes=x", "foo=3", "nodes=-1", "nodes=0", "nodes=1e9"])
def test_a_limit_that_is_none(flag: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check", "x.net", "--limit", flag]) == 2
    assert "NS909" in capsys.readouterr().err


def test_the_effort_for_proposals_counts_what_a_check_makes(monkeypatch: pytest.MonkeyPatch) -> None:
    lines = "".join(f"  hidden h{at}: h{at + 1}[t-1] + h{at + 1}[t-2]\n" for at in range(12))
    spec = Spec(parse_program(f"net n {{\n  input x: 3 over 5\n{lines}  output h12: h12[t-1]\n}}\n", "n.net"))
    worked: list[int] = []

    def check(source: SourceFile) -> tuple[list[Diagnostic], int]:
        other = Spec(spec.program.reread(source))
        found = other.check(propose=False)
        worked.append(other.program.work)
        return found, other.program.work

    monkeypatch.setattr(proposals, "EFFORT", 30_000)
    proposals.proposed(spec.program.main.source, spec.check(propose=False), check)
    assert min(worked) > 12 * 2  # of each layer more than once, since types are looked for anew
    assert sum(worked[:-1]) * proposals.OPERATION < 30_000
