// The engine of a page without a server: Python in a Worker. The files are those that `./dev site` has packed.

const base = new URL("../runtime/", self.location.href);
const at = (name: string): string => new URL(name, base).href;
const IDLE = 400; // ms without a message after which modules that may be needed later are loaded

/** A file that is stored gzipped. */
async function unpacked(name: string, type = ""): Promise<Response> {
  const found = await fetch(at(`${name}.gz`));
  if (!found.ok || found.body === null) throw new Error(`${name}: ${found.status}`);
  return new Response(found.body.pipeThrough(new DecompressionStream("gzip")), { headers: { "content-type": type } });
}

const binary = async (name: string): Promise<Uint8Array> => new Uint8Array(await (await unpacked(name)).arrayBuffer());

let engine: any;
let late: any;
let draw: (name: string) => void;
let steps: string[] = []; // specs to draw unseen, so that what only they need is loaded before somebody wants it
let answered = 0;
let timer = 0;

async function begin(): Promise<void> {
  const wasm = unpacked("pyodide.asm.wasm", "application/wasm");
  const [files, script, settings] = [binary("files.bin"), unpacked("pyodide.asm.js"), fetch(at("settings.json"))];
  const memory = binary("snapshot.bin");
  const code = URL.createObjectURL(new Blob([await (await script).blob()], { type: "text/javascript" }));
  const plain = self.fetch;
  self.fetch = (input, init) => (String(input).endsWith("pyodide.asm.wasm") ? wasm : plain(input, init));
  const [{ loadPyodide }, { default: createPyodideModule }] = await Promise.all([import(at("pyodide.js")), import(code)]);
  const stream = WebAssembly.instantiateStreaming;
  WebAssembly.instantiateStreaming = async (source, imports) => {
    const found = await stream(source, imports);
    const room = found.instance.exports.memory as WebAssembly.Memory;
    const kept = await memory; // its second word says where the memory begins in it
    const missing = kept.length - new Uint32Array(kept.buffer)[1]! - room.buffer.byteLength;
    if (missing > 0) room.grow(Math.ceil(missing / 65536)); // Pyodide does not, and writes the whole memory
    return found;
  };
  const nothing = new Blob([Uint8Array.of(80, 75, 5, 6, ...new Array(18).fill(0))]); // an empty zip: modules come in late.zip
  const python: any = await loadPyodide({
    ...(await (await settings).json()),
    indexURL: base.href,
    createPyodideModule,
    stdLibURL: URL.createObjectURL(nothing),
    _loadSnapshot: memory,
    fsInit: async (files_: any) => lay(files_, await files),
  });
  engine = python.globals.get("inside");
  draw = python.globals.get("draw");
  late = python.globals.get("late");
  late.bring = bring;
  steps = python.globals.get("LATER").toJs();
}

/** Puts the files of an archive in their places: a line of JSON with names and lengths, then the files. */
function lay(files: any, data: Uint8Array): void {
  let from = data.indexOf(10) + 1;
  for (const [name, length] of JSON.parse(new TextDecoder().decode(data.subarray(0, from))) as [string, number][]) {
    files.mkdirTree(name.slice(0, name.lastIndexOf("/")));
    files.writeFile(name, data.subarray(from, from + length));
    from += length;
  }
}

/** Returns the modules that are not in memory, at once: Python waits for them. */
function bring(): Uint8Array {
  const request = new XMLHttpRequest();
  request.open("GET", at("late.zip"), false);
  request.responseType = "arraybuffer";
  request.send();
  return new Uint8Array(request.response);
}

const tell = (said: string): void => said.split("\n").forEach((each) => each !== "" && self.postMessage(each));

// messages that have come before this one are answered first
const silence = new MessageChannel();
silence.port1.onmessage = ({ data }) => {
  if (data !== answered) return;
  tell(engine.settle());
  clearTimeout(timer);
  timer = setTimeout(() => void rest(), IDLE);
};

function answer(text: string): void {
  clearTimeout(timer);
  tell(engine.message(text));
  silence.port2.postMessage(++answered);
}

/** Uses a time in which nobody asks anything. */
async function rest(): Promise<void> {
  const before = answered;
  if (late.bring !== undefined) {
    const found = await fetch(at("late.zip"));
    const data = new Uint8Array(await found.arrayBuffer());
    if (found.ok && late.bring !== undefined) {
      late.bring = undefined;
      late.take(data);
    }
  } else if (steps.length > 0) draw(steps.shift()!);
  else return engine.rest();
  if (answered === before) timer = setTimeout(() => void rest(), IDLE);
}

const waiting: string[] = [];
self.onmessage = ({ data }: MessageEvent<string>) => waiting.push(data);
begin().then(
  () => {
    self.postMessage("ready");
    self.onmessage = ({ data }: MessageEvent<string>) => answer(data);
    waiting.forEach(answer);
  },
  (error) => self.postMessage(`failed ${error}`),
);
