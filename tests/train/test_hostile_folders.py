"""Prepared folders of runs, data and outputs: a code answers, nothing hangs, nothing outside is touched."""

from __future__ import annotations

import gzip
import io
import json
import os
import resource
import shutil
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.etree import ElementTree

import numpy as np
import pytest

import netspec
from benchmarks.soak.folders import Stage, answer, edits, from_python, links, plant
from netspec.training.report.plots import confusion
from netspec.training.storage import checkpoint


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    place = tmp_path_factory.mktemp("stage")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(place)
        yield Stage(place)


def test_edited_documents_are_answered(stage: Stage) -> None:
    failures: list[str] = []
    counts: dict[str, Counter[str]] = {}
    edits(stage, 24, 7, failures, counts)
    links(stage, ("file", "pipe"), failures, counts, ("status.json", "metrics.jsonl", "weights.safetensors"))
    assert not failures
    assert sum(said["fine"] for said in counts.values()) < sum(said.total() for said in counts.values())


@pytest.mark.parametrize(
    ("name", "change", "code"),
    [
        ("status.json", lambda it: it | {"later": 1}, "NS880"),
        ("status.json", lambda it: it | {"state": 3}, "NS880"),
        ("status.json", lambda it: {key: it[key] for key in it if key != "format"}, "NS867"),
        ("status.json", lambda it: it | {"format": 1000}, "NS867"),
        ("environment.json", lambda it: [it], "NS880"),
        ("scores.json", lambda it: it | {"scores": {"test": {"loss": "x"}}}, "NS880"),
    ],
)  # fmt: skip
def test_a_bad_run_is_one_row_of_the_list(stage: Stage, name: str, change: Callable[..., object], code: str) -> None:
    path = stage.fresh(stage.finished) / name
    path.write_text(json.dumps(change(json.loads(path.read_text()))))
    said, text = answer(["runs"])
    assert said == code
    rows = {line.split()[0]: line for line in text.splitlines()[1:3]}
    assert f"unreadable ({code})" in rows["runs/edited"]
    assert "finished" in rows["runs/good"]
    assert name in text or code == "NS867"


def test_what_a_step_learned_is_checked(stage: Stage) -> None:
    for state in ({"mean": [1.0, 2.0, 3.0], "std": [1.0, 1.0, 1.0]}, {"mean": "x", "std": [1.0]}, {"mean": [1.0]}, {}):
        path = stage.fresh(stage.finished) / "data.json"
        document = json.loads(path.read_text())
        document["fields"]["x"]["steps"] = [{"word": "standardize", **state}]
        path.write_text(json.dumps(document))
        assert answer(stage.commands()["predict"])[0] == "NS880", state


def test_weights_that_are_not_finite_are_refused_by_name(stage: Stage) -> None:
    from safetensors.numpy import load_file, save_file

    path = stage.fresh(stage.finished) / "weights.safetensors"
    arrays = load_file(path)
    arrays["z.bias"][1] = np.nan
    save_file(arrays, path)
    for name in ("predict", "evaluate", "render", "weights"):
        said, text = answer(stage.commands()[name])
        assert said == "NS882", name
        assert "z.bias" in text
    assert from_python(stage.run) == "NS882"


def test_a_checkpoint_of_another_net_or_not_finite_is_no_checkpoint(stage: Stage) -> None:
    from safetensors.numpy import load_file, save_file

    for change in ("nan", "shape", "state"):
        run = stage.fresh(stage.cut)
        for place in checkpoint.existing(run / "checkpoints"):
            name = "optimizer" if change == "state" else "weights"
            path = place / f"{name}.safetensors"
            arrays = load_file(path)
            key = next(iter(arrays))
            arrays[key] = arrays[key] * np.nan if change == "nan" else np.zeros((9, 9), dtype=np.float32)
            save_file(arrays, path)
            manifest = checkpoint.Manifest.model_validate_json((place / "manifest.json").read_bytes())
            manifest.sha256[path.name] = checkpoint.files.sha256(path.read_bytes())
            manifest.own = manifest.digest
            (place / "manifest.json").write_bytes(checkpoint.documents.written(manifest))
        assert answer(stage.commands()["resume"])[0] == "NS884", change


# ---- data files and outputs


@pytest.mark.parametrize("kind", ["pipe", "socket", "zero", "directory"])
@pytest.mark.parametrize("name", ["new.csv", "new.npz", "new.png"])
def test_special_files_are_no_data(stage: Stage, kind: str, name: str) -> None:
    place = stage.place / f"special-{kind}-{name}"
    plant(place, kind, stage.outside)
    said = answer(["predict", stage.finished, place])[0]
    assert said.startswith("NS8"), said


def test_an_output_takes_the_place_of_no_device(stage: Stage) -> None:
    for kind in ("pipe", "socket", "zero", "directory"):
        place = stage.place / f"out-{kind}.svg"
        plant(place, kind, stage.outside)
        before = os.lstat(place)
        assert answer(["render", stage.place / "flowers.net", "-o", place])[0] == "NS906"
        assert os.lstat(place).st_ino == before.st_ino
    link = stage.place / "link.svg"
    link.symlink_to(stage.outside / "precious.txt")
    assert answer(["render", stage.place / "flowers.net", "-o", link])[0] == "fine"
    assert stage.hashes() == stage.before


def bomb(kind: str, place: Path) -> tuple[str, Path]:
    """A file of a few kilobytes that would unpack to gigabytes; the source of a spec that reads it."""
    zeros = b"\0" * (1 << 20)
    if kind == "npz":
        stream = io.BytesIO()
        header = {"shape": (1024, 1024, 100), "fortran_order": False, "descr": "|u1"}
        np.lib.format.write_array_header_1_0(stream, header)
        with zipfile.ZipFile(place / "x.npz", "w", zipfile.ZIP_DEFLATED) as packed, packed.open("x.npy", "w") as member:
            member.write(stream.getvalue())
            for _ in range(100):
                member.write(zeros)
        return 'npz("x.npz")', place / "x.npz"
    if kind == "idx":
        with gzip.open(place / "a-images-idx3-ubyte.gz", "wb") as out:
            out.write(bytes((0, 0, 8, 3)) + struct.pack(">III", 100, 1024, 1024))
            for _ in range(100):
                out.write(zeros)
        (place / "a-labels-idx1-ubyte").write_bytes(bytes((0, 0, 8, 1)) + struct.pack(">I", 100) + bytes(100))
        return 'idx("a")', place / "a-images-idx3-ubyte.gz"
    packer = zlib.compressobj()
    data = b"".join(packer.compress(b"\0" * 20_001) for _ in range(10_000)) + packer.flush()
    header = struct.pack(">IIBBBBB", 20_000, 10_000, 8, 0, 0, 0, 0)
    png = b"\x89PNG\r\n\x1a\n"
    for name, chunk in ((b"IHDR", header), (b"IDAT", data), (b"IEND", b"")):
        png += struct.pack(">I", len(chunk)) + name + chunk + struct.pack(">I", zlib.crc32(name + chunk))
    for kinds in ("a", "b"):
        (place / "pictures" / kinds).mkdir(parents=True, exist_ok=True)
        (place / "pictures" / kinds / "x.png").write_bytes(png)
    return 'folder("pictures")', place / "pictures"


@pytest.mark.parametrize("kind", ["npz", "idx", "png"])
def test_bombs_are_bounded_before_they_are_unpacked(kind: str, tmp_path: Path) -> None:
    source, _ = bomb(kind, tmp_path)
    steps = {
        "npz": ('column("x")', 'column("x")'),
        "idx": ("image", "label"),
        "png": ("image -> resize(8x8)", "label"),
    }[kind]
    text = f"""net a {{
  input x: 1@8x8
  output y: 2 perceptrons
}}
data {{
  source = {source}
  x = {steps[0]}
  t = {steps[1]}
}}
train {{
  loss = cross_entropy(y, t)
}}
"""
    (tmp_path / "a.net").write_text(text)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(netspec.NetspecError) as caught:
        netspec.train(tmp_path / "a.net", out=tmp_path / "run", pictures=False)
    assert {found.code for found in caught.value.diagnostics} == {"NS883"}
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # KiB
    assert not (tmp_path / "run").exists()


# ---- what is written and printed


def test_names_act_nowhere(stage: Stage) -> None:
    evil = "\x1b]0;x\x07\x9b31m\u202ered"
    run = stage.fresh(stage.finished)
    path = run / "data.json"
    document = json.loads(path.read_text())
    document["fields"]["kind"]["classes"] = [evil, f"=1+1{evil}"]
    path.write_text(json.dumps(document))
    (stage.place / "new-evil.csv").write_text(f"long,wide,name\n1,2,{evil}\n3,4,=cmd\n5,6,-7\n", encoding="utf-8")
    for flags in ([], ["--all"], ["--spreadsheet"]):
        said, text = answer(["predict", run, stage.place / "new-evil.csv", *flags])
        assert said == "fine"
        assert not set("\x1b\x07\x9b\u202e") & set(text)
        assert ("'=cmd" in text) == ("--spreadsheet" in flags)
        assert ",-7," in text
    shutil.copytree(run, stage.place / f"runs/{evil.replace('/', '')}", dirs_exist_ok=True)
    for arguments in (["runs"], ["runs", "--json"]):
        text = answer(arguments)[1]
        assert not set("\x1b\x07\x9b\u202e") & set(text)
    shutil.rmtree(stage.place / f"runs/{evil}")
    picture = confusion([[1, 0], [0, 1]], [evil, "a\x00b\ufffe"], evil)
    ElementTree.fromstring(picture)
    assert not set("\x1b\x07\x9b\u202e") & set(picture)
