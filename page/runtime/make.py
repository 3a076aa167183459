"""`./dev site`: npm's Pyodide, PyPI's wheels and netspec -> dist/runtime, and the wheel netspec-site that holds it.

Everything is pinned: Pyodide by package-lock.json, the wheels by their hashes. Needs Node and npm.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import zipfile
from importlib.util import find_spec
from pathlib import Path

from prepare import prepared

from netspec.serve.folder import examples
from netspec.serve.site import FACTS, code

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
OUT = ROOT / "dist" / "runtime"
PLATFORM = ["--only-binary", ":all:", "--no-deps", "--python-version", "3.14", "--implementation", "cp", "--abi",
            "cp314", "--platform", "pyemscripten_2026_0_wasm32", "--require-hashes"]  # fmt: skip
OTHERS = (
    "Pyodide, Mozilla Public License 2.0, https://github.com/pyodide/pyodide\n"
    "CPython and its standard library, PSF License 2.0, https://github.com/python/cpython\n"
    "The names of colours of Pillow, MIT-CMU, https://github.com/python-pillow/Pillow\n"
)


def run(*command: str | Path, cwd: Path = HERE) -> None:
    subprocess.run(command, cwd=cwd, check=True, stdout=sys.stderr)


def licences(wheels: list[Path]) -> str:
    """Return the licences of all that is packed."""
    found = [OTHERS]
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            texts = [archive.read(name).decode() for name in archive.namelist() if ".dist-info/licenses/" in name]
        found.append("\n\n".join([wheel.name, *texts]))
    return f"\n{'-' * 80}\n\n".join(found)


def main() -> None:
    """Build both."""
    colours = find_spec("PIL")
    assert colours is not None
    assert colours.origin is not None
    shutil.rmtree(OUT, ignore_errors=True)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        run("npm", "ci", "--no-audit", "--no-fund")
        run(sys.executable, "-m", "pip", "download", "-q", *PLATFORM, "-r", "requirements.txt", "-d", folder)
        run(sys.executable, "-m", "build", "--wheel", "-o", folder, ROOT)
        wheels = sorted(folder.glob("*.whl"))
        specs = examples()
        assert specs is not None
        (folder / "prepared.json").write_text(json.dumps(prepared(specs), separators=(",", ":")), encoding="utf-8")
        own = (Path(colours.origin).with_name("ImageColor.py"), folder / "prepared.json")
        run("node", "pack.mjs", OUT, *own, *wheels)
        (OUT / "LICENSES.txt").write_text(licences(wheels), encoding="utf-8")
        facts = json.loads((OUT / FACTS).read_text(encoding="utf-8"))
        (OUT / FACTS).write_text(json.dumps({**facts, "code": code()}), encoding="utf-8")
        package = folder / "package"
        shutil.copytree(OUT, package / "netspec_site" / "runtime")
        (package / "netspec_site" / "__init__.py").write_text('"""Python for browsers."""\n', encoding="utf-8")
        shutil.copy(HERE / "pyproject.toml", package)
        run(sys.executable, "-m", "build", "--wheel", "-o", OUT.parent, package)
    sys.stdout.write("".join(f"{path}\n" for path in (OUT, *OUT.parent.glob("netspec_site-*.whl"))))


if __name__ == "__main__":
    main()
