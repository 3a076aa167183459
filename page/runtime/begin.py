"""Inside Pyodide: import netspec and draw a figure of each kind. The memory after that is what a page begins with."""

import gc
import importlib
import json
import os
import sys
import zipimport

from netspec.serve.inside import Inside

SITE = next(path for path in sys.path if path.endswith("site-packages"))
ZIP = next(path for path in sys.path if path.endswith(".zip"))  # the standard library's: its packages look there


class Late:
    """Finds no module: it brings the file with all that are not in memory, before the first of them is looked for."""

    bring = None  # a function of the Worker that returns the bytes

    def find_spec(self, name, path=None, target=None):
        if self.bring is not None:
            bring, self.bring = self.bring, None
            self.take(bring())

    def take(self, data):
        with open(ZIP, "wb") as stream:
            stream.write(data.to_py())
        zipimport._zip_directory_cache.clear()  # of the file that was there while the memory was made
        sys.path_importer_cache.clear()
        archive = zipimport.zipimporter(ZIP)
        for name in archive.get_data(f"{ZIP}/index").decode().split("\n"):
            os.makedirs(os.path.dirname(f"{SITE}/{name}"), exist_ok=True)
            with open(f"{SITE}/{name}", "wb") as stream:
                stream.write(archive.get_data(f"{ZIP}/placed/{name}"))
        importlib.invalidate_caches()


def draw(name):
    """Ask what a page asks about a spec."""
    page = Inside()
    text = page.files.examples.read(name)[0]
    document = {"textDocument": {"uri": f"file:///{name}", "text": text}, "position": {"line": 0, "character": 0}}
    asked = ["initialize", "textDocument/didOpen", "textDocument/semanticTokens/full", "textDocument/inlayHint"]
    for method in (*asked, "netspec/choices", "netspec/figure", "netspec/table", "serve/files"):
        whole = {"start": document["position"], "end": {"line": 999, "character": 0}}
        message = {"jsonrpc": "2.0", "method": method, "params": {**document, "range": whole}}
        answer = page.message(json.dumps(message | ({} if "did" in method else {"id": 1})))
        assert '"error"' not in answer, answer


# no recurrence and no section: networkx and pydantic would make the memory half as large again
for name in ("post/mlp.net", "post/lenet.net", "zoo/resnet50.net"):
    draw(name)
LATER = ["post/rnn.net", "tasks/xor.net"]  # these do; a page draws them once it has shown its figure
inside = Inside()
late = Late()
sys.meta_path.insert(0, late)
gc.collect()
gc.disable()
