// The windows of the page: which file to open, and a name to type.

import { button, make } from "./dom";
import { say } from "./words";

export interface Listed {
  folder: { uri: string; files: string[] };
  examples?: { uri: string; files: string[] };
  name: string;
  first: string;
  runs: string[];
}

export interface Chosen {
  path: string;
  example: boolean;
}

function shown(dialog: HTMLDialogElement): Promise<string> {
  document.body.append(dialog);
  dialog.showModal();
  return new Promise((done) => {
    dialog.addEventListener("close", () => {
      dialog.remove();
      done(dialog.returnValue);
    });
  });
}

/** Asks which spec to open: those of the folder and the examples, in groups, with a field that filters both. */
export async function chooseFile(listed: Listed): Promise<Chosen | File | undefined> {
  const filter = make("input", { type: "search", placeholder: say("filter") });
  filter.setAttribute("aria-label", say("filter"));
  const rows = make("div", { className: "rows" });
  const dialog = make("dialog", { className: "files" }, make("h2", { textContent: say("openTitle") }), filter, rows);
  const groups: [string, string[], boolean][] = [[listed.name || say("folder"), listed.folder.files, false]];
  if (listed.examples) groups.push([say("examples"), listed.examples.files, true]);
  let chosen: Chosen | File | undefined;
  const draw = () => {
    const wanted = filter.value.toLowerCase();
    const parts = groups.flatMap(([title, files, example]) => {
      const own = files.filter((path) => path.toLowerCase().includes(wanted));
      const choose = (path: string) => {
        chosen = { path, example };
        dialog.close();
      };
      return own.length > 0 ? [make("h3", { textContent: title }), ...own.map((path) => button(path, () => choose(path)))] : [];
    });
    rows.replaceChildren(...(parts.length > 0 ? parts : [make("p", { textContent: say("noFiles") })]));
  };
  filter.oninput = draw;
  filter.onkeydown = (event) => {
    if (event.key !== "Enter") return;
    event.preventDefault(); // else the key presses what has the focus once the dialog is closed
    rows.querySelector("button")?.click();
  };
  draw();
  const other = make("input", { type: "file", accept: ".net", hidden: true });
  other.onchange = () => {
    chosen = other.files?.[0];
    dialog.close();
  };
  const buttons = [button(say("fromDisk"), () => other.click()), button(say("cancel"), () => dialog.close())];
  dialog.append(other, make("div", { className: "buttons" }, ...buttons));
  await shown(dialog);
  return chosen;
}

/** Asks for one line of text; undefined if it is left. */
export async function askText(label: string, value: string): Promise<string | undefined> {
  const field = make("input", { type: "text", value });
  const form = make("form", { method: "dialog" }, make("label", {}, make("span", { textContent: label }), field));
  const dialog = make("dialog", {}, form);
  form.append(
    make("div", { className: "buttons" }, make("button", { textContent: say("ok"), value: "ok" }), button(say("cancel"), () => dialog.close(""))),
  );
  field.select();
  return (await shown(dialog)) === "ok" && field.value.trim() !== "" ? field.value.trim() : undefined;
}

/** Asks a question with two answers or more; undefined if it is left. */
export async function askAnswer(text: string, ...answers: string[]): Promise<string | undefined> {
  const dialog = make("dialog", {}, make("p", { className: "message", textContent: text }));
  const buttons = [...answers, say("cancel")].map((each) => button(each, () => dialog.close(each)));
  dialog.append(make("div", { className: "buttons" }, ...buttons));
  const given = await shown(dialog);
  return answers.includes(given) ? given : undefined;
}
