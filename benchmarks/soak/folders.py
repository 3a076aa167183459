"""A run's folder as an attacker would send it: edited documents, links and special files at every name."""

from __future__ import annotations

import contextlib
import hashlib
import io
import json
import os
import random
import shutil
import signal
import socket
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import netspec
from benchmarks.publish import publish
from netspec.cli.main import main as command_line
from netspec.diagnostics.errors import NetspecError, UnforeseenError
from netspec.training.loop.progress import Callbacks
from netspec.training.storage import checkpoint
from netspec.training.storage.folder import WRITTEN

SPEC = """netspec 1

net flowers {
  input  x: 2
  hidden z: 3 perceptrons -> tanh
  output y: 2 perceptrons
}

data {
  source = csv("flowers.csv")
  x = columns("long", "wide") -> standardize
  kind = label("kind")
  split = [0.8, 0.2]
}

train {
  loss = cross_entropy(y, kind)
  metrics = [accuracy(y, kind)]
  optimizer = adam(lr = 0.01)
  epochs = 2
  batch = 8
}
"""
EDITS = 1000
SECONDS = 20  # after which a command counts as one that hangs
KINDS = ("file", "folder", "dangling", "hard", "pipe", "socket", "zero", "directory")
JSON = ("settings.json", "status.json", "data.json", "scores.json", "sections.json", "graph.json", "environment.json")


class Stage:
    """A folder with a spec, its data, a finished run, a run that was cut, and a tree outside that must not change."""

    def __init__(self, place: Path) -> None:
        self.place = place
        self.run = place / "runs" / "edited"
        rows = [f"{at % 7},{at % 5 - at % 2},{'ab'[at % 2]}" for at in range(40)]
        (place / "flowers.csv").write_text("\n".join(["long,wide,kind", *rows]) + "\n", encoding="utf-8")
        (place / "new.csv").write_text("long,wide\n1,2\n3,4\n", encoding="utf-8")
        (place / "flowers.net").write_text(SPEC, encoding="utf-8")
        self.finished, self.cut = place / "finished", place / "cut"
        stage = self

        class Watch(Callbacks):
            def saved(self, step: int, seconds: float) -> None:
                shutil.rmtree(stage.cut, ignore_errors=True)
                shutil.copytree(stage.finished, stage.cut)

        options: dict[str, Any] = {"save_every": 3, "pictures": False, "threads": 1, "watch": Watch()}
        netspec.train(place / "flowers.net", out=self.finished, **options)
        shutil.copytree(self.finished, place / "runs" / "good")
        self.outside = place.parent / f"{place.name}-outside"
        for name in ("precious.txt", "step-000000001/weights.safetensors", "sub/flowers.net"):
            (self.outside / name).parent.mkdir(parents=True, exist_ok=True)
            (self.outside / name).write_bytes(b"precious\n" * 50)
        self.before = self.hashes()

    def hashes(self) -> dict[str, str]:
        kept = [self.place / "flowers.csv", self.place / "new.csv", self.place / "flowers.net"]
        found = [*kept, *self.outside.rglob("*"), *(self.place / "runs" / "good").rglob("*")]
        return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in found if path.is_file()}

    def fresh(self, source: Path) -> Path:
        """A new copy of a run, at the place where the commands look."""
        if self.run.is_symlink() or self.run.is_file():
            self.run.unlink()
        shutil.rmtree(self.run, ignore_errors=True)
        shutil.copytree(source, self.run)
        return self.run

    def commands(self) -> dict[str, list[Any]]:
        run, place = self.run, self.place
        return {
            "runs": ["runs", place / "runs"],
            "compare": ["runs", run, place / "runs" / "good"],
            "predict": ["predict", run, place / "new.csv", "-o", place / "out.csv"],
            "evaluate": ["evaluate", run],
            "render": ["render", run, "-o", place / "out.svg"],
            "weights": ["render", place / "flowers.net", "--weights", run, "-o", place / "out.svg"],
            "resume": ["train", "--resume", run, "--no-pictures"],
        }


class Hung(BaseException):
    """Raised when a command takes too long."""


@contextlib.contextmanager
def watched() -> Iterator[None]:
    """While it is entered, nothing may hang, and an unexpected exception is raised as it is."""

    def hung(*_: object) -> None:
        raise Hung

    def unforeseen(cls: type[UnforeseenError], error: Exception) -> UnforeseenError:
        raise error

    plain = UnforeseenError.__dict__["of"]
    before = signal.signal(signal.SIGALRM, hung)
    signal.alarm(SECONDS)
    UnforeseenError.of = classmethod(unforeseen)  # type: ignore[method-assign,assignment]
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
        UnforeseenError.of = plain


def answer(arguments: list[Any]) -> tuple[str, str]:
    """What a command says: `fine`, the first code, or the exception that escaped; and its words."""
    out, err = (io.TextIOWrapper(io.BytesIO(), encoding="utf-8") for _ in range(2))
    try:
        with watched(), contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            status = command_line([str(word) for word in arguments])
    except (Exception, Hung) as error:
        return f"{type(error).__name__}: {error}"[:150], ""
    texts = []
    for stream in (out, err):
        stream.flush()
        texts.append(stream.buffer.getvalue().decode("utf-8"))  # type: ignore[attr-defined]
    text = "".join(texts)
    if any(ord(sign) < 32 and sign not in "\n\r\t" for sign in text):
        return "a control character", text
    code = next(
        (word for line in texts[1].splitlines() for word in [line[line.find("[NS") + 1 :][:5]] if "[NS" in line), ""
    )
    return code or ("fine" if status == 0 else f"exit {status} without a code"), text


def from_python(run: Path) -> str:
    """What Python says to all that a run is asked for."""
    try:
        with watched():
            found = netspec.load_run(run)
            _ = [
                found.status,
                found.request,
                found.history,
                found.scores,
                found.data,
                found.net,
                found.others,
                repr(found),
            ]
            found.weights()
            found.predict({"x": [[1.0, 2.0]]})
    except NetspecError as error:
        return error.diagnostic.code
    except (Exception, Hung) as error:
        return f"{type(error).__name__}: {error}"[:150]
    return "fine"


# ---- edits of documents

VALUES: tuple[Any, ...] = (
    None, True, -1, 0, 10**6, 10**30, 1e308, -0.5, "", "text", "\x1b[31mred\x07\u202e", "../../outside", "/etc/passwd",
    [], {}, [[[[]]]], [None], {"a": {"b": []}}, "=1+1", "9" * 300,
)  # fmt: skip


def places(value: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Every place of a JSON document."""
    yield path
    pairs = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in pairs:
        yield from places(item, (*path, key))


def edited(data: bytes, draw: random.Random) -> bytes:
    """A document with one edit in its values, or in its bytes."""
    kind = draw.choice(("value", "value", "value", "drop", "rename", "more", "bytes", "cut", "nested", "nan"))
    if kind == "bytes":
        at = draw.randrange(len(data))
        return data[:at] + bytes([draw.randrange(256)]) + data[at + 1 :]
    if kind == "cut":
        return data[: draw.randrange(len(data))]
    if kind == "nested":
        return draw.choice((b"[" * 100_000, b'{"a":' * 50_000, b"[" * 5000 + b"]" * 5000))
    document = json.loads(data)
    *above, key = draw.choice([path for path in places(document) if path] or [("a",)])
    inner: Any = document
    for part in above:
        inner = inner[part]
    if kind == "drop":
        del inner[key]
    elif kind == "rename" and isinstance(inner, dict):
        inner[draw.choice(("later", "", "x" * 1000, "\x1b]0;x\x07"))] = inner.pop(key)
    elif kind == "more":
        document["written_by_a_later_version"] = 1
    elif kind == "nan":
        inner[key] = draw.choice((float("nan"), float("inf")))
    else:
        inner[key] = draw.choice(VALUES)
    return json.dumps(document).encode()


def edit(run: Path, draw: random.Random) -> str:
    """Edit one file of a run; return its name."""
    found = [
        path
        for path in sorted(run.rglob("*"))
        if path.is_file() and path.name not in (".lock", "model.py", "netspec.toml")
    ]
    path = draw.choice(found)
    data = path.read_bytes()
    if path.suffix == ".jsonl":
        lines = data.splitlines(keepends=True)
        at = draw.randrange(len(lines))
        lines[at] = edited(lines[at].rstrip(), draw) + draw.choice((b"\n", b"\n", b""))
        data = b"".join(lines)
    elif path.suffix == ".json":
        data = edited(data, draw)
    else:
        at = draw.randrange(len(data))
        data = data[:at] + draw.choice((b"", bytes([draw.randrange(256)]) * 4)) + data[at + 4 :]
    path.write_bytes(data)
    if path.name == "manifest.json" and draw.random() < 0.7:
        sign(path)
    return path.name


def sign(path: Path) -> None:
    """Give an edited manifest the hash that it should have, as an attacker would."""
    with contextlib.suppress(Exception):
        manifest = checkpoint.Manifest.model_validate_json(path.read_bytes())
        manifest.own = manifest.digest
        path.write_bytes(checkpoint.documents.written(manifest))


# ---- links and special files


def plant(place: Path, kind: str, target: Path) -> None:
    """Puts a link or a special file of a kind at `place`, in place of what is there."""
    if place.is_dir() and not place.is_symlink():
        shutil.rmtree(place)
    place.unlink(missing_ok=True)
    if kind == "file":
        place.symlink_to(target / "precious.txt")
    elif kind == "folder":
        place.symlink_to(target, target_is_directory=True)
    elif kind == "dangling":
        place.symlink_to(target / "new")
    elif kind == "hard":
        os.link(target / "precious.txt", place)
    elif kind == "pipe":
        os.mkfifo(place)
    elif kind == "socket":
        here = os.open(place.parent, os.O_RDONLY)  # the path of a socket has at most 107 bytes
        with socket.socket(socket.AF_UNIX) as made:
            made.bind(f"/proc/self/fd/{here}/{place.name}")
        os.close(here)
    elif kind == "zero":
        place.symlink_to("/dev/zero")
    else:
        place.mkdir()


# ---- the proof


def tried(stage: Stage, names: list[str], failures: list[str], counts: dict[str, Counter[str]], what: str) -> None:
    """Run commands on the run as it stands, and count their answers; what must not be is a failure."""
    for name in names:
        said = from_python(stage.run) if name == "Python" else answer(stage.commands()[name])[0]
        counts.setdefault(name, Counter())[said] += 1
        if said != "fine" and not (said.startswith("NS") and len(said) == 5):
            failures.append(f"{what}: {name}: {said}")
    if stage.hashes() != stage.before:
        failures.append(f"{what}: a file outside was touched")
    if (stage.outside / "new").exists():
        failures.append(f"{what}: a file was made outside")


def edits(stage: Stage, count: int, seed: int, failures: list[str], counts: dict[str, Counter[str]]) -> None:
    slow = ["predict", "evaluate", "render", "weights", "compare"]
    for number in range(count):
        draw = random.Random(f"{seed}/{number}")
        resumed = number % 3 == 0
        name = edit(stage.fresh(stage.cut if resumed else stage.finished), draw)
        tried(
            stage,
            ["runs", "resume"] if resumed else ["runs", "Python", draw.choice(slow)],
            failures,
            counts,
            f"edit {number} of {name}",
        )


def links(
    stage: Stage,
    kinds: tuple[str, ...],
    failures: list[str],
    counts: dict[str, Counter[str]],
    names: tuple[str, ...] = WRITTEN,
) -> None:
    for kind in kinds:
        for name in (
            *names,
            "checkpoints/step-000000006",
            "checkpoints/step-000000006/manifest.json",
            "spec/flowers.net",
        ):
            for source, asked in ((stage.finished, ["runs", "Python", "predict", "weights"]), (stage.cut, ["resume"])):
                place = stage.fresh(source) / name
                if place.parent.is_dir():
                    plant(place, kind, stage.outside)
                    tried(stage, asked, failures, counts, f"{kind} at {name}")


def main() -> bool:
    failures: list[str] = []
    counts: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as name:
        place = Path(name) / "stage"
        place.mkdir()
        with contextlib.chdir(place), contextlib.redirect_stdout(io.StringIO()):
            stage = Stage(place)
            edits(stage, EDITS, 1, failures, counts)
            links(stage, KINDS, failures, counts)
    lines = [
        f"{EDITS:,} seeded edits of the documents, weights and specs of a run; {len(KINDS)} kinds of links and special",
        f"files at each of its {len(WRITTEN) + 3} names.",
        "",
        "| command | fine | answered by a code | the codes |",
        "|---" * 4 + "|",
    ]
    for command, said in counts.items():
        codes = {code: count for code, count in said.most_common() if code.startswith("NS")}
        listed = ", ".join(f"{code} {count}" for code, count in codes.items())
        lines.append(f"| {command} | {said['fine']} | {sum(codes.values())} | {listed} |")
    lines += ["", f"Tracebacks, hangs, control characters and files touched outside: {len(failures)}.", *failures[:40]]
    publish("folders", "Folders of runs as hostile input", lines, ("torch", "numpy", "pydantic"))
    return not failures


if __name__ == "__main__":
    sys.exit(not main())
