"""A runtime and the built page -> a folder that is the page without a server: the engine runs in the browser.

The runtime is Python for browsers (Pyodide) with netspec in its memory. `./dev site` builds it in the repository, as a
folder and as the wheel netspec-site; it is made of one state of netspec's code, and serves only that.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from netspec import files
from netspec.diagnostics.errors import UsageError, reason
from netspec.diagnostics.model import Diagnostic
from netspec.serve.folder import Folder, examples

PACKAGE = Path(__file__).resolve().parents[1]
PAGE = Path(__file__).with_name("page")
MANIFEST = "manifest.json"
FACTS = "netspec.json"  # of a runtime: the code it was made of, and where the specs are in it
FIRST = "post/mlp.net"
# scripts: built files, WebAssembly, and the script of Pyodide, which is unpacked in the page
POLICY = (
    "default-src 'none'; script-src 'self' 'wasm-unsafe-eval' blob:; worker-src 'self';"
    " style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; font-src 'self' data:; connect-src 'self' blob:;"
    " base-uri 'none'; form-action 'none'"
)
# as Cloudflare Pages, Netlify and GitLab Pages read it: a Worker is bound by the headers of its script alone
HEADERS = f"""/*
  Content-Security-Policy: {POLICY}
  X-Content-Type-Options: nosniff
  Referrer-Policy: no-referrer
"""


@cache
def code() -> str:
    """Return a hash of netspec's own source."""
    found = hashlib.sha256()
    for path in sorted(PACKAGE.rglob("*.py")):
        found.update(path.relative_to(PACKAGE).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    return found.hexdigest()


def runtime_of(given: Path | None) -> Path:
    """Return the folder of the runtime: the given one, else that of the installed package netspec-site.

    Raises:
        UsageError: there is none (NS910), or it was made of other code (NS941).
    """
    package = find_spec("netspec_site") if given is None else None
    place = given or Path(package.origin or "" if package is not None else "").parent / "runtime"
    try:
        facts = json.loads(files.read(place / FACTS, place))
    except (OSError, ValueError):
        raise UsageError(Diagnostic("NS910", None, {"folder": str(given or "")})) from None
    if not isinstance(facts, dict) or facts.get("code") != code():
        raise UsageError(Diagnostic("NS941", None, {"folder": str(place)}))
    return place


def write(out: Path, runtime: Path) -> dict[str, Any]:
    """Write the page into a folder: a new one, an empty one, or one that this function has written before.

    Parameters:
        out: the folder.
        runtime: what `runtime_of` returns.

    Returns:
        The files with their sizes in bytes and their SHA-256, as they stand in `manifest.json`.

    Raises:
        UsageError: the folder holds other files, or cannot be written (NS906).
    """
    found = {f"static/{path.name}": path.read_bytes() for path in sorted(PAGE.iterdir()) if path.suffix != ".html"}
    found |= {f"runtime/{path.name}": path.read_bytes() for path in sorted(runtime.iterdir()) if path.is_file()}
    found["_headers"] = HEADERS.encode()
    found["index.html"] = _index(json.loads(found[f"runtime/{FACTS}"])["specs"])
    manifest = {name: {"bytes": len(data), "sha256": files.sha256(data)} for name, data in sorted(found.items())}
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name in _old(out) - found.keys():
            files.require_plain(out / name, out)
            (out / name).unlink(missing_ok=True)
        for name, data in found.items():
            files.make_folder((out / name).parent, out)
            files.write(out / name, data, out)
        files.write(out / MANIFEST, json.dumps(manifest, indent=1).encode() + b"\n", out)
    except OSError as error:
        raise UsageError(Diagnostic("NS906", None, {"file": str(out), "reason": reason(error)})) from None
    return manifest


def _index(specs: str) -> bytes:
    """Return the page with its policy, the names of the examples, and the text of the first."""
    told = examples()
    assert told is not None, "every installation has the specs"
    folder = Folder(told, 1_000_000, written=False)
    site = {
        "folder": {"uri": "file:///browser", "files": []},
        "examples": {"uri": f"file://{specs}", "files": folder.names()},
        "name": "", "first": FIRST, "runs": [], "text": folder.read(FIRST)[0],
    }  # fmt: skip
    data = json.dumps(site, ensure_ascii=False).replace("<", "\\u003c")
    text = (PAGE / "index.html").read_text(encoding="utf-8")
    head = f'<meta http-equiv="content-security-policy" content="{POLICY}">\n'
    text = text.replace("<title>", f"{head}<title>", 1)
    return text.replace("</head>", f'<script type="application/json" id="site">{data}</script>\n</head>', 1).encode()


def _old(out: Path) -> set[str]:
    """Return the files that an earlier page has left; raise OSError for a folder with anything else in it."""
    there = set(os.listdir(out))
    if not there:
        return set()
    try:
        found = json.loads(files.read(out / MANIFEST, out))
        names = {str(name) for name in found}
    except (OSError, ValueError, TypeError):
        names = set()
    if not names or any(".." in name.split("/") or name.startswith("/") for name in names):
        raise OSError(errno.ENOTEMPTY, os.strerror(errno.ENOTEMPTY), str(out))
    return names
