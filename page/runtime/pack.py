"""Inside Pyodide: wheels unpacked in /netspec and /others, and /stdlib.zip -> what is sent, all compiled."""

import compileall
import io
import os
import sys
import zipfile

SITE = next(path for path in sys.path if path.endswith("site-packages"))
# what no page imports
UNUSED = (
    "netspec/serve/page/",
    "pygments/lexers/",
    "pygments/formatters/",
    "pygments/styles/",
    "unittest/",
    "xmlrpc/",
    "netspec/training/",
    "netspec/cli/",
    "multiprocessing/",
    "wsgiref/",
    "_pyrepl/",
    "pydoc",
    "doctest",
    "turtle",
)
# but for what plans a run
USED = (
    "netspec/training/__init__",
    "netspec/training/page",
    "netspec/training/data/__init__",
    "netspec/training/data/random_streams",
)


class Pack:
    """The files by their names, compiled: those that are read at once, and those that come late."""

    def __init__(self) -> None:
        with zipfile.ZipFile("/stdlib.zip") as archive:
            archive.extractall("/stdlib")
        self.stdlib = _compiled("/stdlib")
        self.found = _compiled("/netspec") | _compiled("/others")
        self.site = SITE

    def files(self, kind):
        """Return all files by their places, or those that are read without an import."""
        late = (".pyc", ".so") if kind == "read" else ()
        return {f"{SITE}/{name}": data for name, data in self.found.items() if not name.endswith(late)}

    def late(self, known):
        """Return a zip of the modules not `known` already; its `index` names those that must lie in a folder."""
        names = set(known.split())
        libraries = {name.partition("/")[0] for name in self.found if name.endswith(".so")}
        placed = []
        made = io.BytesIO()
        with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name, data in (self.found | self.stdlib).items():
                module = name.removesuffix(".pyc").removesuffix("/__init__").replace("/", ".")
                if name.endswith((".pyc", ".so")) and module not in names:
                    in_folder = name.partition("/")[0] in libraries | {"netspec"}
                    placed += [name] if in_folder else []
                    archive.writestr(f"placed/{name}" if in_folder else name, data)
            archive.writestr("index", "\n".join(placed))
        return made.getvalue()


def _compiled(folder):
    """Return the files below a folder with code in the place of source."""
    found = {}
    for place, _, names in os.walk(folder):
        for path in (os.path.join(place, name) for name in names):
            name = path.removeprefix(folder + "/")
            if (
                (name.startswith(UNUSED) and not name.startswith(USED))
                or "/tests/" in name
                or ".dist-info/" in name
                or name.endswith((".pyi", ".typed"))
            ):
                continue
            if name.endswith(".py"):
                compileall.compile_file(path, ddir=os.path.dirname(name), quiet=2, legacy=True, optimize=2)
                name, path = name + "c", path + "c"
            with open(path, "rb") as stream:
                found[name] = stream.read()
    return found
