// The page: the text at the left, the figure and the panels at the right, and the state that survives a reload.

import { Client, ENDED, FULL, Refused, SLOW, saved, webSocket, worker } from "./client";
import { askAnswer, askText, chooseFile, type Chosen, type Listed } from "./dialogs";
import { button, choice, fill, make } from "./dom";
import { Editor, type Position, type Problem } from "./editor";
import { Figure } from "./figure";
import { Practice } from "./practice";
import { Train } from "./train";
import { say, speak, spoken, type Language } from "./words";

const PANELS = ["figure", "table", "source", "explain"] as const;
type Panel = (typeof PANELS)[number];

/** What is open: a file of the folder, an example, or a text without a file. `saved` is what is on the disk. */
interface Opened {
  path: string;
  example: boolean;
  version: string | null;
  saved: string;
  crlf: boolean;
}

interface Draft extends Opened {
  text: string;
  caret: Position;
  home: string;
}

const kept = {
  get: (name: string): string => localStorage.getItem(`netspec ${name}`) ?? "",
  set: (name: string, value: string) => localStorage.setItem(`netspec ${name}`, value),
};
const address = new URL(location.href);
speak((kept.get("language") || (navigator.language.toLowerCase().startsWith("ko") ? "ko" : "en")) as Language);
const system = matchMedia("(prefers-color-scheme: dark)");
const isDark = (): boolean => (kept.get("colours") || (system.matches ? "dark" : "light")) === "dark";

/** What a page without a server has in itself: the names of the specs, and the text of the first. */
const site = JSON.parse(document.getElementById("site")?.textContent ?? "null") as (Listed & { text: string }) | null;
const client = new Client(
  site !== null ? worker(new URL("worker.js", import.meta.url)) : webSocket(() => {
    const found = new URL("engine", address);
    found.protocol = address.protocol.replace("http", "ws");
    found.search = new URLSearchParams({ token: address.searchParams.get("token") ?? "", lang: spoken() }).toString();
    found.hash = "";
    return found;
  }),
  (method, params) => {
    if (method === "textDocument/publishDiagnostics") editor.published(params);
  },
  lost,
);

// ---- the parts of the page

const status = make("div", { className: "status", role: "status" });
const title = make("button", { type: "button", className: "title", onclick: () => void open() });
const problems = make("div", { className: "problems", role: "region" });
const left = make("section", { className: "left" });
const right = make("section", { className: "right" });
const tabs = make("div", { className: "tabs", role: "tablist" });
const panels = {} as Record<Panel, HTMLElement>;
let panel: Panel = "figure";

const editor: Editor = new Editor(
  left,
  client,
  {
    changed: () => {
      stopped = false;
      keep();
      if (train instanceof Practice) train.reset();
      figure.ask();
      clearTimeout(filling);
      filling = window.setTimeout(() => void fillPanel(), 250);
    },
    moved: () => figure.follow(),
    problems: showProblems,
    ask: (label, value) => askText(say(label as "rename"), value),
    failed: (error) => tell((error as Error).message),
    elsewhere: (uri, at) => void follow(uri, at),
  },
  () => say("text"),
);
const figure: Figure = new Figure(client, editor, isDark, () => keepSettings());

const train: Train | Practice =
  site !== null
    ? new Practice(client, () => editor.here, new URL("trainer.js", import.meta.url), (weights) => figure.paint(weights))
    : new Train(
        client,
        async () => ((opened.path !== "" && !opened.example && !changedSince()) || (await save()) ? opened.path : undefined),
        () => figure.coloured((train as Train).weights),
        (error) => tell((error as Error).message),
      );

let filling = 0;

function layOut(): void {
  const bar = make("header", { className: "top" });
  const download = choice(say("download"), (form) => {
    download.list.value = "";
    void saveFigure(form);
  });
  fill(download.list, [["", "…"], ...["net", "svg", "png", "pdf", "py"].map((each): [string, string] => [each, each])], "");
  const language = choice(say("language"), (value) => {
    kept.set("language", value);
    keep();
    leaving = true;
    location.reload();
  });
  fill(language.list, [["en", "English"], ["ko", "한국어"]], spoken());
  const colours = choice(say("colours"), (value) => {
    kept.set("colours", value);
    paint();
  });
  fill(colours.list, [["", say("system")], ["light", say("light")], ["dark", say("dark")]], kept.get("colours"));
  bar.append(
    make("strong", { textContent: "netspec" }), title,
    button(say("new"), () => void fresh()), button(say("open"), () => void open(), "Ctrl-O"),
    button(say("save"), () => void save(), "Ctrl-S"), button(say("saveAs"), () => void save(true)),
    button(say("format"), () => void editor.format(), "Shift-Alt-F"), button(say("link"), () => void link()),
    download.box, make("span", { className: "space" }), language.box, colours.box,
  );
  problems.setAttribute("aria-label", say("problems"));
  left.append(problems);
  for (const name of PANELS) {
    const tab = button(say(name), () => choosePanel(name));
    Object.assign(tab, { role: "tab", id: `tab-${name}` });
    tabs.append(tab);
    const own = name === "figure" ? make("div", {}, figure.bar, figure.box, train.box) : make("div", { className: "text", tabIndex: 0 });
    Object.assign(own, { role: "tabpanel", id: `panel-${name}` });
    own.classList.add("panel");
    own.setAttribute("aria-labelledby", `tab-${name}`);
    panels[name] = own;
  }
  tabs.onkeydown = (event) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (step === undefined) return;
    choosePanel(PANELS[(PANELS.indexOf(panel) + step + PANELS.length) % PANELS.length]!);
    document.getElementById(`tab-${panel}`)?.focus();
  };
  right.append(tabs, ...Object.values(panels));
  document.body.append(bar, status, make("main", {}, left, splitter(), right));
  panels.explain.append(make("p", { textContent: say("pick") }));
  choosePanel("figure");
  paint();
}

/** The bar between text and figure: dragged, or moved by the arrow keys. */
function splitter(): HTMLElement {
  const bar = make("div", { className: "splitter", role: "separator", tabIndex: 0 });
  bar.setAttribute("aria-label", say("split"));
  const move = (share: number) => {
    const width = Math.min(80, Math.max(15, share));
    document.body.style.setProperty("--left", `${width}%`);
    bar.setAttribute("aria-valuenow", String(Math.round(width)));
    kept.set("split", String(width));
  };
  bar.onpointerdown = (event) => bar.setPointerCapture(event.pointerId);
  bar.onpointermove = (event) => {
    if (bar.hasPointerCapture(event.pointerId)) move((100 * event.clientX) / innerWidth);
  };
  bar.onkeydown = (event) => {
    const step = { ArrowLeft: -3, ArrowRight: 3 }[event.key];
    if (step !== undefined) move(Number(kept.get("split") || 42) + step);
  };
  move(Number(kept.get("split") || 42));
  return bar;
}

function paint(): void {
  document.documentElement.dataset.colours = isDark() ? "dark" : "light";
  figure.ask();
}

// ---- panels

function choosePanel(chosen: Panel): void {
  panel = chosen;
  for (const name of PANELS) {
    panels[name].hidden = name !== chosen;
    const tab = document.getElementById(`tab-${name}`) as HTMLElement | null;
    tab?.setAttribute("aria-selected", String(name === chosen));
    if (tab) tab.tabIndex = name === chosen ? 0 : -1;
  }
  void fillPanel();
}

async function fillPanel(): Promise<void> {
  const name = panel;
  if (name !== "table" && name !== "source") return;
  try {
    const found = await client.request<{ text: string }>(`netspec/${name}`, { ...figure.params, equations: true });
    panels[name].replaceChildren(make("pre", { textContent: found.text }));
  } catch (error) {
    panels[name].replaceChildren(make("p", { className: "words", textContent: (error as Error).message }));
  }
}

async function explain(code: string): Promise<void> {
  choosePanel("explain");
  const found = await client.request<{ text: string }>("netspec/explain", { code }).catch(() => ({ text: code }));
  panels.explain.replaceChildren(make("pre", { className: "prose", textContent: found.text }));
}

function showProblems(found: Problem[]): void {
  const rows = found.map((each) => {
    const [first = "", ...help] = each.message.split("\n");
    const place = button(`${each.range.start.line + 1}`, () => editor.goTo(each.range.start), `${say("line")} ${each.range.start.line + 1}`);
    const row = make("div", { className: `problem severity${each.severity}` }, place, make("span", { textContent: first }));
    row.append(button(each.code, () => void explain(each.code), say("why")));
    for (const line of help) row.append(make("p", { textContent: line }));
    for (const fix of each.fixes) row.append(button(fix.title, () => (editor.apply(fix.edits), editor.view.focus())));
    return row;
  });
  problems.replaceChildren(...(rows.length > 0 ? rows : [make("p", { textContent: say("none") })]));
}

// ---- what is open

let listed: Listed = { folder: { uri: "untitled:", files: [] }, name: "", first: "", runs: [] };
let opened: Opened = { path: "", example: false, version: null, saved: "", crlf: false };

let leaving = false; // the page itself loads anew, and the text is kept
/** What `netspec serve` was started with; a page without a server is always the same. */
const home = (): string => (site !== null ? "site" : `${listed.folder.uri} ${listed.first}`);
const changedSince = (): boolean => editor.text !== opened.saved;

function uriOf({ path, example }: Chosen): string {
  const root = example && listed.examples ? listed.examples.uri : listed.folder.uri;
  return `${root}/${(path || "untitled.net").split("/").map(encodeURIComponent).join("/")}`;
}

function keep(): void {
  const draft: Draft = { ...opened, text: editor.text, caret: editor.caret, home: home() };
  sessionStorage.setItem("draft", JSON.stringify(draft));
  const mark = opened.path === "" || changedSince() ? "• " : "";
  const name = opened.path === "" ? say("untitled") : opened.path;
  title.textContent = `${mark}${name}`;
  title.title = say("open");
  document.title = `${mark}${name} – netspec`;
}

const keepSettings = (): void => sessionStorage.setItem("settings", JSON.stringify(figure.settings));

function show(next: Opened, text: string, caret: Position = { line: 0, character: 0 }): void {
  opened = next;
  editor.load(uriOf(opened), text);
  editor.goTo(caret, false);
  keep();
}

async function read(chosen: Chosen, at?: Position): Promise<void> {
  try {
    const first = site !== null && chosen.example && chosen.path === site.first && !client.connected;
    const found = first ? { text: site.text, version: "" } : await client.request<{ text: string; version: string }>("serve/read", chosen);
    const crlf = found.text.includes("\r\n");
    const text = found.text.replace(/\r\n?/g, "\n");
    figure.reset();
    show({ ...chosen, version: found.version, saved: text, crlf }, text, at);
    editor.view.focus();
  } catch (error) {
    tell((error as Error).message || say(site !== null ? "loading" : "gone"));
  }
}

async function mayLeave(): Promise<boolean> {
  return !changedSince() || (await askAnswer(say("discard"), say("ok"))) !== undefined;
}

async function open(): Promise<void> {
  // without a server they are known, also while the engine is loaded
  if (site !== null) listed.folder.files = Object.keys(saved.all()).sort();
  else listed = await client.request<Listed>("serve/files");
  const chosen = await chooseFile(listed);
  if (chosen === undefined || !(await mayLeave())) return;
  if (!(chosen instanceof File)) return read(chosen);
  const text = (await chosen.text()).replace(/\r\n?/g, "\n");
  figure.reset();
  show({ path: "", example: false, version: null, saved: text, crlf: false }, text);
}

async function fresh(): Promise<void> {
  if (!(await mayLeave())) return;
  const text = "net first {\n  input  x: 4\n  hidden h: 8 perceptrons -> relu\n  output y: 3 perceptrons\n}\n";
  show({ path: "", example: false, version: null, saved: text, crlf: false }, text);
  editor.view.focus();
}

async function follow(uri: string, at: Position): Promise<void> {
  for (const [root, example] of [[listed.folder.uri, false], [listed.examples?.uri ?? "", true]] as [string, boolean][]) {
    if (root !== "" && uri.startsWith(`${root}/`) && (await mayLeave())) {
      return read({ path: decodeURIComponent(uri.slice(root.length + 1)), example }, at);
    }
  }
}

/** Saves the text; returns whether that is done. */
async function save(asNew = false): Promise<boolean> {
  let { path, version } = opened;
  if (asNew || path === "" || opened.example) {
    const asked = await askText(say("name"), path.split("/").pop() || "net.net");
    if (asked === undefined) return false;
    path = asked.endsWith(".net") ? asked : `${asked}.net`;
    version = null;
  }
  const text = editor.text;
  const content = opened.crlf ? text.replaceAll("\n", "\r\n") : text;
  const write = (known: string | null) => client.request<{ version: string }>("serve/write", { path, text: content, version: known });
  try {
    let done: { version: string };
    try {
      done = await write(version);
    } catch (error) {
      if (!(error instanceof Refused) || error.code !== "NS936") throw error;
      const answer = await askAnswer(error.message, say("overwrite"), say("reload"));
      if (answer === say("reload")) await read({ path, example: false });
      if (answer !== say("overwrite")) return false;
      done = await write((await client.request<{ version: string }>("serve/read", { path })).version);
    }
    const moved = opened.example || path !== opened.path;
    opened = { path, example: false, version: done.version, saved: text, crlf: opened.crlf };
    if (moved) show(opened, text, editor.caret);
    else client.notify("textDocument/didSave", { textDocument: { uri: editor.uri } });
    keep();
    tell(say(site === null ? "saved" : "savedHere"));
    return true;
  } catch (error) {
    tell((error as Error).message);
    return false;
  }
}

async function saveFigure(form: string): Promise<void> {
  const name = (opened.path.split("/").pop() || "net.net").replace(/\.net$/, "");
  try {
    let data: BlobPart = editor.text;
    if (form === "py") data = (await client.request("netspec/source", figure.params)).text;
    else if (form === "svg") data = (await client.request("netspec/figure", figure.params)).svg;
    else if (form !== "net") {
      const found = await client.request("netspec/figure", { ...figure.params, form });
      data = Uint8Array.from(atob(found.data), (letter) => letter.charCodeAt(0));
    }
    const address = URL.createObjectURL(new Blob([data]));
    make("a", { href: address, download: `${name}.${form}` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  } catch (error) {
    tell((error as Error).message);
  }
}

// ---- the text in the address

async function packed(data: BlobPart, stream: TransformStream): Promise<Uint8Array> {
  return new Uint8Array(await new Response(new Blob([data]).stream().pipeThrough(stream)).arrayBuffer());
}

async function link(): Promise<void> {
  const state = JSON.stringify({ text: editor.text, ...figure.settings });
  const bytes = await packed(state, new CompressionStream("deflate-raw"));
  const code = btoa(String.fromCharCode(...bytes)).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
  history.replaceState(null, "", `#${code}`);
  await navigator.clipboard?.writeText(location.href).catch(() => undefined);
  tell(say("linked"));
}

async function fromAddress(): Promise<boolean> {
  const code = location.hash.slice(1);
  if (code === "") return false;
  history.replaceState(null, "", location.pathname + location.search);
  try {
    const letters = atob(code.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(letters, (letter) => letter.charCodeAt(0));
    const plain = await packed(bytes, new DecompressionStream("deflate-raw"));
    const { text, ...settings } = JSON.parse(new TextDecoder().decode(plain));
    if (typeof text !== "string") return false;
    for (const name of ["net", "figure", "view", "theme", "depth"] as const) figure.settings[name] = String(settings[name] ?? "");
    show({ path: "", example: false, version: null, saved: text, crlf: false }, text);
    return true;
  } catch {
    return false;
  }
}

// ---- the connection

let stopped = false; // the engine was ended because of this text; it starts again once the text changes
let tries = 0;
let telling = 0;

function tell(text: string, stays = false): void {
  status.textContent = text;
  clearTimeout(telling);
  if (!stays && text !== "") telling = window.setTimeout(() => (status.textContent = ""), 6000);
}

function lost(code: number): void {
  if (code === FULL) return tell(say("tabs"), true);
  stopped = code === SLOW;
  tell(say(stopped ? "slow" : code === ENDED ? "connecting" : "gone"), true);
  const wait = Math.min(10_000, 200 * 2 ** tries++);
  setTimeout(() => void connect(), wait);
}

/** Connects, and opens the text in the new engine; after a text that was too slow only once that has changed. */
async function connect(): Promise<void> {
  if (stopped) return void setTimeout(() => void connect(), 300);
  if (site !== null && editor.uri === "") {
    listed = { ...site, folder: { ...site.folder, files: Object.keys(saved.all()) } };
    await begin(); // the text can be written while the engine is loaded
    tell(say("loading"), true);
  }
  try {
    await client.open();
  } catch (error) {
    return tell((error as Error).message, true); // `lost` tries again
  }
  try {
    // what follows is sent before the answer comes: an engine takes messages in their order
    const started = client
      .request("initialize", { processId: null, rootUri: null, capabilities: {}, locale: spoken() })
      .then((found) => editor.began(found.capabilities));
    started.catch(() => undefined); // if the next request fails first, that is what is told
    listed = await client.request<Listed>("serve/files");
    train.listed(listed.runs);
    if (editor.uri === "") await begin();
    else editor.reopen();
    await started;
    figure.offered(await client.request("netspec/choices"));
    tries = 0;
    if ((["gone", "connecting", "slow", "loading"] as const).some((word) => status.textContent === say(word))) tell("");
  } catch (error) {
    if (client.connected) tell((error as Error).message, true);
  }
}

/** Shows the text of the address, else the one that was open before a reload, else the first of the folder. */
async function begin(): Promise<void> {
  Object.assign(figure.settings, JSON.parse(sessionStorage.getItem("settings") ?? "{}"));
  if (await fromAddress()) return;
  const draft = JSON.parse(sessionStorage.getItem("draft") ?? "null") as Draft | null;
  if (draft !== null && (draft.home === home() || draft.text !== draft.saved)) {
    const { text, caret, home: _, ...before } = draft;
    return show(before, text, caret);
  }
  figure.reset();
  const path = (site === null && listed.first) || listed.folder.files.find((each) => !each.includes("/"));
  if (path !== undefined) return read({ path, example: false });
  const [example] = site !== null ? [site.first] : (listed.examples?.files.filter((each) => each.endsWith("mlp.net")) ?? []);
  return example === undefined ? fresh() : read({ path: example, example: true });
}

addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.altKey || document.querySelector("dialog[open]") !== null) return;
  const call = { s: () => save(event.shiftKey), o: open }[event.key.toLowerCase()];
  if (call === undefined) return;
  event.preventDefault();
  void call();
});
addEventListener("beforeunload", (event) => {
  if (!leaving && opened.path !== "" && changedSince()) event.preventDefault();
});
addEventListener("hashchange", () => void fromAddress());
system.addEventListener("change", paint);
void connect(); // while the page is laid out
layOut();
