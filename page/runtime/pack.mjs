// Pyodide and wheels -> what a page without a server loads: node pack.mjs OUT COLOURS DATA WHEEL…
//
// `snapshot.bin` is the memory of a Python in which netspec has drawn its first figures, `files.bin` what netspec reads
// besides. All modules that are not in that memory are in `late.zip`, which comes after the first figure.

import { loadPyodide } from "pyodide";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { gzipSync } from "node:zlib";

process.on("uncaughtException", (error) => (console.error(String(error)), process.exit(1))); // not Pyodide's source
const [out, colours, data, ...wheels] = process.argv.slice(2);
const pyodide = new URL("node_modules/pyodide/", import.meta.url);
const bytes = (path) => new Uint8Array(readFileSync(path));
const { info } = JSON.parse(readFileSync(new URL("pyodide-lock.json", pyodide), "utf8"));
const settings = {
  lockFileContents: { info, packages: {} }, // nothing is loaded from Pyodide's own packages
  packageBaseUrl: "/",
  env: { HOME: "/home", PYTHONDONTWRITEBYTECODE: "1" },
};
const lay = (FS, files) => {
  for (const [name, data] of files) {
    FS.mkdirTree(name.slice(0, name.lastIndexOf("/")));
    FS.writeFile(name, data);
  }
};
mkdirSync(out, { recursive: true });

// compiled by the Python that will run it: to compile in the browser would take seconds
const first = await loadPyodide(settings);
for (const wheel of wheels) first.unpackArchive(bytes(wheel), "wheel", { extractDir: `/${basename(wheel).startsWith("netspec-") ? "netspec" : "others"}` });
// of Pillow the names of colours alone: they want a module `Image`, but do not use it here
lay(first.FS, [["/others/PIL/__init__.py", ""], ["/others/PIL/Image.py", ""], ["/others/PIL/ImageColor.py", bytes(colours)]]);
lay(first.FS, [["/netspec/netspec/serve/prepared.json", bytes(data)]]);
first.FS.writeFile("/stdlib.zip", bytes(new URL("python_stdlib.zip", pyodide)));
const steps = first.runPython(`${readFileSync(new URL("pack.py", import.meta.url), "utf8")}\nPack()`);
const all = Object.entries(steps.files("").toJs());

// a second one begins with these files alone; its memory is kept
const second = await loadPyodide({ ...settings, _makeSnapshot: true, fsInit: async (FS) => lay(FS, all) });
second.runPython(readFileSync(new URL("begin.py", import.meta.url), "utf8"));
const known = second.runPython("' '.join(sys.modules)");
const snapshot = second.makeMemorySnapshot();

const read = Object.entries(steps.files("read").toJs());
const head = new TextEncoder().encode(`${JSON.stringify(read.map(([name, data]) => [name, data.length]))}\n`);
const sent = {
  "snapshot.bin": snapshot, "files.bin": Buffer.concat([head, ...read.map(([, data]) => data)]),
  "pyodide.asm.wasm": bytes(new URL("pyodide.asm.wasm", pyodide)), "pyodide.asm.js": bytes(new URL("pyodide.asm.mjs", pyodide)),
};
for (const [name, data] of Object.entries(sent)) writeFileSync(`${out}/${name}.gz`, gzipSync(data, { level: 9 }));
writeFileSync(`${out}/late.zip`, steps.late(known).toJs());
writeFileSync(`${out}/pyodide.js`, bytes(new URL("pyodide.mjs", pyodide)));
writeFileSync(`${out}/settings.json`, JSON.stringify(settings));
writeFileSync(`${out}/netspec.json`, JSON.stringify({ specs: `${steps.site}/netspec/specs` }));
