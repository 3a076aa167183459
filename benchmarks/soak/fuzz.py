"""100,000 broken specs (NETSPEC_FUZZ sets another number), and a twentieth as many data files, command lines, cells of
notebooks and sessions of editors each, 1,000 at least: only diagnostics may come of them.

NETSPEC_FUZZ_KINDS names the kinds to run, separated by commas, and NETSPEC_FUZZ_SEED another seed; what is run so is
printed and not published.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import random
import re
import struct
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from benchmarks.publish import publish
from netspec.api import Spec, parse
from netspec.cli.main import COMMANDS, UnforeseenError
from netspec.cli.main import main as netspec
from netspec.diagnostics.errors import NetspecError
from netspec.diagnostics.model import Fault, as_json, text
from netspec.elaborate.program import parse_program
from netspec.limits import Limits
from tests.speed import within

ROOT = Path(__file__).resolve().parent.parent.parent
COUNT = int(os.environ.get("NETSPEC_FUZZ", "100000"))
KINDS = os.environ.get("NETSPEC_FUZZ_KINDS", "")
SEED = int(os.environ.get("NETSPEC_FUZZ_SEED", "1"))
os.environ["TORCH_COMPILE_DISABLE"] = "1"  # minutes of a C++ compiler would be the time of one command line
OTHERS = max(1_000, COUNT // 20)
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
    kinds: dict[str, tuple[Try, int]] = {
        "specs": (_spec, COUNT),
        "data files": (_data, OTHERS),
        "command lines": (_command, OTHERS),
        "cells": (_cell, OTHERS),
        "sessions of editors": (_session, OTHERS),
    }
    kinds = {kind: kinds[kind] for kind in KINDS.split(",") if kind} or kinds
    lines = [
        "| kind | inputs | unexpected exceptions | slower than 2 s | codes seen | minutes |",
        "|---|---|---|---|---|---|",
    ]
    failures: list[str] = []
    slow = 0
    for kind, (attempt, count) in kinds.items():
        found, late, codes, seconds = run(count, SEED, attempt)
        lines.append(f"| {kind} | {count:,} | {len(found)} | {len(late)} | {len(codes)} | {seconds / 60:.1f} |")
        print(lines[-1], codes.most_common(12), flush=True)
        failures += found
        slow += len(late)
    lines += [
        "",
        "Specs: a quarter each random bytes, random words of the language, a valid spec with one token changed, with "
        "five; every report was written as text in both languages and as JSON. Data files: csv, npz, idx, folders of "
        "pictures and texts, whole, cut, with bytes changed, with odd cells. Command lines: every command with flags, "
        "values and files in any order. Cells: a random line above a broken spec; what is whole is drawn. Sessions "
        "of editors: up to eight requests about a broken text with edited parameters, and broken messages between "
        "them. An answer that nobody foresaw (NS923) counts as an exception.",
    ]
    lines += [f"\n```\n{failure}\n```" for failure in failures[:5]]
    if KINDS:
        print("\n".join(lines))
        return not failures and not slow
    publish("fuzz", "Fuzzing: nothing but diagnostics", lines, ("lark", "pydantic", "numpy", "torch"))
    return not failures and not slow


# one input from the generator and the specs: what it was, and a call that gives the codes of what is said of it
Try = Callable[[random.Random, list[str], int], tuple[object, Callable[[], list[str]]]]


def _spec(generator: random.Random, specs: list[str], number: int) -> tuple[object, Callable[[], list[str]]]:
    makers: tuple[Callable[[random.Random, list[str]], bytes], ...] = (noise, words, changed, garbled)
    data = makers[number % len(makers)](generator, specs)
    return data, lambda: tried(data)


def run(count: int, seed: int, attempt: Try = _spec) -> tuple[list[str], list[object], Counter[str], float]:
    """Tries `count` inputs; returns tracebacks, slow inputs, how often each code came up, and the seconds it took."""
    generator = random.Random(seed)
    specs = valid()
    failures: list[str] = []
    slow: list[object] = []
    codes: Counter[str] = Counter()
    begun = time.perf_counter()
    before = Path.cwd()
    warnings.filterwarnings("ignore", module="PIL")  # it warns of pictures that it then refuses
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        try:
            attempt(random.Random(0), specs, 0)[1]()  # what is imported once is not the input's time
            for number in range(count):
                what, call = attempt(generator, specs, number)
                start = time.process_time()
                try:
                    codes.update(call())
                except Exception:
                    failures.append(f"{what!r}\n{traceback.format_exc(limit=-4)}")
                if not within(time.process_time() - start, SLOWEST):
                    slow.append(what)
        finally:
            os.chdir(before)
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
    """Small specs of the project; those of language models are short, and the nets have thousands of operations."""
    files = [*sorted((ROOT / "specs").glob("[!l]*/*.net")), *sorted((ROOT / "tests" / "hostile" / "odd").glob("*.net"))]
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


# ---- data files

# source -> its expression, the input, the steps of the input's field, those of the target's
SOURCES = {
    "csv": ('csv("d.csv")', "x: 2", 'columns("a", "b")', 'label(column = "k")'),
    "npz": ('npz("d.npz")', "x: 2", 'columns("x")', 'label(column = "k")'),
    "idx": ('idx("d")', "x: 1@4x4", "image -> scale(0, 1)", "label"),
    "folder": ('folder("d")', "x: 1@4x4", "image -> scale(0, 1)", "label"),
    "text": (
        'text("d.txt")',
        "x: one of 3 over 4\n  hidden h: embed(4)",
        "chars -> window(4)",
        "chars -> window(4, ahead = 1)",
    ),
}
CELLS = (
    "", "1", "-1e5", "nan", "inf", "1,5", "1e999", "-", "?", " 2 ", '"', '""', "a,b", "\n", "\r", "\t", ";", "한글",
    "\u2028", "\x00", "\x1b[31m", "=1+1", "9" * 400, "é", "2020-01-01", "true", "#", "'", "\ufeff",
)  # fmt: skip


def _data(generator: random.Random, specs: list[str], number: int) -> tuple[object, Callable[[], list[str]]]:
    """A source of every kind in turn, whole or broken, read as `netspec train` reads it."""
    kind = list(SOURCES)[number % len(SOURCES)]
    files = _broken(generator, _files(kind, generator))
    source, begin, steps, target = SOURCES[kind]
    text = (
        f"net n {{\n  input {begin}\n  output y: 3 perceptrons\n}}\ndata {{\n  source = {source}\n  x = {steps}\n"
        f"  t = {target}\n}}\ntrain {{\n  loss = cross_entropy(y, t)\n}}\n"
    )

    def call() -> list[str]:
        from netspec.training.plan import Request, make_plan

        for path, data in files.items():
            Path(path).parent.mkdir(parents=True, exist_ok=True)
            Path(path).write_bytes(data)
        try:
            make_plan(parse(text, folder="."), Request(pictures=False, folder="."))
        except NetspecError as error:
            error.text("en").encode("utf-8")
            error.text("ko").encode("utf-8")
            return [found.code for found in error.diagnostics]
        return ["fine"]

    return (text, files), call


def _files(kind: str, generator: random.Random) -> dict[str, bytes]:
    """The files of a small source that is as it should be."""
    import numpy as np
    from PIL import Image

    rows = generator.randrange(1, 12)
    if kind == "csv":
        cells = [[f"{generator.random():.3f}", str(row), "uvw"[row % 3]] for row in range(rows)]
        if generator.random() < 0.5:
            cells[generator.randrange(rows)][generator.randrange(3)] = generator.choice(CELLS)
        sign = generator.choice(",,,;\t|")
        return {"d.csv": "\n".join(map(sign.join, [["a", "b", "k"], *cells])).encode("utf-8", "surrogatepass")}
    if kind == "npz":
        stream = io.BytesIO()
        dtype = generator.choice(["float64", "float32", "int8", "bool", "complex64", "U3", "datetime64[D]", "object"])
        shape = generator.choice([(rows, 2), (rows,), (rows, 2, 2), (0, 2), ()])
        np.savez(stream, x=np.ones(shape).astype(dtype), k=np.arange(rows) % 3)
        return {"d.npz": stream.getvalue()}
    if kind == "idx":
        count = generator.choice([rows, rows + 1, 0, 2**31])
        images = struct.pack(">IIII", 0x803, count, 4, 4) + bytes(rows * 16)
        labels = struct.pack(">II", 0x801, rows) + bytes(row % 3 for row in range(rows))
        return {"d-images-idx3-ubyte": images, "d-labels-idx1-ubyte": labels}
    if kind == "folder":
        stream = io.BytesIO()
        mode = generator.choice(["L", "RGB", "RGBA", "1", "P", "I;16", "CMYK"])
        form = generator.choice(["PNG", "TIFF"]) if mode != "CMYK" else "TIFF"
        Image.new(mode, generator.choice([(4, 4), (5, 4), (1, 1)])).save(stream, form)
        return {f"d/{name}/{row}.{form.lower()}": stream.getvalue() for name in "uvw" for row in range(2)}
    return {"d.txt": "".join(generator.choice("abc") for _ in range(generator.choice([0, 3, 60]))).encode()}


def _broken(generator: random.Random, files: dict[str, bytes]) -> dict[str, bytes]:
    """The files, one of them cut, changed or empty, in half of all cases."""
    if generator.random() < 0.4:
        return files
    name = generator.choice(list(files))
    data = bytearray(files[name])
    for _ in range(generator.choice([1, 1, 4])):
        at = generator.randrange(len(data) + 1)
        how = generator.randrange(4)
        if how == 0:
            del data[at:]
        elif how == 1:
            data[at:at] = generator.choice(CELLS).encode("utf-8", "surrogatepass")
        elif how == 2 and at < len(data):
            data[at] = generator.randrange(256)
        else:
            del data[at : at + generator.randrange(1, 9)]
    return {**files, name: bytes(data)}


# ---- command lines

NUMBERS = ("1", "2", "3", "0", "-1", "1.5", "x", "", "1e3", "nan")
NAMES = (
    "n", "a.net", "t.net", "none.net", "d.csv", "run", ".", "-", "", "\x1b[31m", "한글.net", "a.net/b", "out.svg",
    "x.pt2", "x.py", "x.npz", "H=3", "train.epochs=1", "train.batch=0", "data.split=[1]", "=", "x=1,2", "ko", "json",
    "cpu", "cuda", "NS302", "302", "classic", "blocks", "neurons", "nodes=5", "85mm", "9" * 60,
)  # fmt: skip
FIRST = "net n {\n  input  x: 2\n  hidden h: 3 perceptrons -> relu\n  output y: 3 perceptrons\n}\n"
TRAINED = (
    FIRST
    + 'data {\n  source = csv("d.csv")\n  x = columns("a", "b")\n  k = label(column = "k")\n}\n'
    + "train {\n  loss = cross_entropy(y, k)\n  epochs = 1\n}\n"
)


def _command(generator: random.Random, specs: list[str], number: int) -> tuple[object, Callable[[], list[str]]]:
    """Every command in turn with flags of its own, flags of others, values and files in any order."""
    from click import Choice, Context, IntRange, Option

    from netspec.cli.main import netspec as group

    names = [name for name in COMMANDS if name not in ("lsp", "serve")]  # which go on until they are stopped
    name = names[number % len(names)]
    command = group.get_command(Context(group), name)
    assert command is not None
    options = [item for item in command.params if isinstance(item, Option)]
    given = [generator.choice(NAMES) if generator.random() < 0.5 else "t.net" for _ in range(generator.randrange(0, 3))]
    for option in generator.choices(options, k=generator.randrange(0, 4)):
        given.append(generator.choice(option.opts))
        if option.is_flag and generator.random() < 0.9:
            continue
        kind = option.type
        pool = kind.choices if isinstance(kind, Choice) else NUMBERS if isinstance(kind, IntRange) else NAMES
        given.append(str(generator.choice((*pool, generator.choice(NAMES)))))
    if generator.random() < 0.3:
        generator.shuffle(given)
    arguments = [name, *given] if generator.random() < 0.95 else [*given, name]

    def call() -> list[str]:
        from netspec.cli import train

        Path("a.net").write_text(FIRST, encoding="utf-8")
        Path("t.net").write_text(TRAINED, encoding="utf-8")
        Path("d.csv").write_text("a,b,k\n" + "1,2,u\n3,4,v\n5,6,w\n" * 4, encoding="utf-8")
        if not Path("run").exists():
            netspec(["train", "t.net", "--out", "run", "--no-pictures", "-q"])
        out, error = (io.TextIOWrapper(io.BytesIO(), encoding=generator.choice(["utf-8", "ascii"])) for _ in range(2))
        plain = train.launch
        train.launch = lambda processes: _never()  # type: ignore[assignment]
        try:
            with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error):
                code = netspec(list(arguments))
        finally:
            train.launch = plain
        for stream in (out, error):
            stream.flush()
        said = error.buffer.getvalue().decode("utf-8", "replace")  # type: ignore[attr-defined]
        assert code in (0, 1, 2, 3, 4, 5), (code, said)
        assert "Traceback" not in said, said
        return re.findall(r"NS\d{3}", said) or ["fine"]

    return arguments, call


def _never() -> Any:
    raise NetspecError()


# ---- cells of notebooks

WORDS = (
    "net",
    "model",
    "n",
    "x=1",
    "H=3",
    "H=",
    "=",
    "==",
    "1a",
    "class",
    "한글",
    "a-b",
    "--help",
    "%",
    "name=3",
    "x",
    '"',
)


class Shell:
    """Takes what a cell binds, as IPython does."""

    def push(self, bound: dict[str, Any]) -> None:
        assert all(name.isidentifier() for name in bound)


def _cell(generator: random.Random, specs: list[str], number: int) -> tuple[object, Callable[[], list[str]]]:
    from netspec.notebook import NetspecMagic

    line = " ".join(generator.choices(WORDS, k=generator.randrange(0, 3)))
    data = (words, changed, garbled)[number % 3](generator, specs) if number % 4 else generator.choice(specs).encode()
    cell = data.decode("utf-8", "replace" if number % 2 else "surrogateescape")

    def call() -> list[str]:
        try:
            net = NetspecMagic(Shell())(line, cell)
            if number % 10 == 0:
                net._repr_mimebundle_()
        except UnforeseenError:
            raise
        except NetspecError as error:
            "".join(error._render_traceback_()).encode("utf-8")
            return [found.code for found in error.diagnostics]
        return ["fine"]

    return (line, cell), call


# ---- sessions of editors

HERE = {"line": 3, "character": 8}
ASKED = {
    "textDocument": {"uri": "untitled:one", "version": 2}, "position": HERE, "positions": [HERE], "newName": "z",
    "range": {"start": {"line": 1, "character": 0}, "end": HERE}, "context": {"includeDeclaration": True},
    "contentChanges": [{"range": {"start": HERE, "end": HERE}, "text": " -> relu"}], "code": "NS302", "net": "n",
    "options": {"tabSize": 2}, "depth": 1,
}  # fmt: skip
NOISE = (b"{", b"[]", b'"x"', b'{"id":[1],"method":"x"}', b'{"id":{},"method":"x"}', b'{"method":3}', b"\xff\xfe",
         b'{"id":1e999,"method":"x"}', b'{"method":"$/cancelRequest","params":{"id":[2]}}',
         b'{"method":"$/cancelRequest","params":{"id":4}}', b'{"id":"\\ud800","method":"\\ud800"}')  # fmt: skip


def _session(generator: random.Random, specs: list[str], number: int) -> tuple[object, Callable[[], list[str]]]:
    """A text that is opened, requests about it, most of them with one parameter changed, and what is no message."""
    from benchmarks.soak.folders import VALUES, places
    from netspec.cli.lsp import Carrier
    from netspec.editor.engine import Engine

    methods = Engine(lambda method, params: None).methods
    text = (words, changed, garbled, noise)[number % 4](generator, specs).decode("utf-8", "replace")
    opened = {"textDocument": {"uri": "untitled:one", "version": 1, "text": text, "languageId": "netspec"}}
    sent: list[tuple[str, Any]] = [("initialize", {"capabilities": {}}), ("textDocument/didOpen", opened)]
    sent += [(generator.choice(methods), ASKED) for _ in range(generator.randrange(1, 9))]
    bodies = []
    for count, (method, params) in enumerate(sent):
        found: dict[str, Any] = {"jsonrpc": "2.0", "id": count, "method": method, "params": params}
        if "/did" in method:
            del found["id"]
        if count > 1 and generator.random() < 0.7:
            found = json.loads(json.dumps(found))
            *above, key = generator.choice([path for path in places(found["params"]) if path])
            inner = found["params"]
            for part in above:
                inner = inner[part]
            inner[key] = generator.choice(VALUES)
        bodies.append(json.dumps(found).encode())
        if generator.random() < 0.1:
            bodies.append(generator.choice(NOISE))
    data = b"".join(b"Content-Length: %d\r\n\r\n%b" % (len(body), body) for body in bodies)

    def call() -> list[str]:
        written = io.BytesIO()
        carrier = Carrier(io.BytesIO(data), written)
        carrier.run(Engine(carrier.notify, limits=LIMITS))
        parts = written.getvalue().split(b"Content-Length: ")[1:]
        said = [json.loads(part.partition(b"\r\n\r\n")[2]) for part in parts]
        assert "NS923" not in str(said), said
        answered = [one["id"] for one in said if isinstance(one.get("id"), int)]
        asked = [body["id"] for body in map(_json, bodies) if isinstance(body.get("id"), int)]
        assert answered == asked, said
        return re.findall(r"NS\d{3}", str(said)) or ["fine"]

    return data, call


def _json(body: bytes) -> dict[str, Any]:
    try:
        found = json.loads(body)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
