// The figure of the net at the caret: asked for at every change, drawn as it comes, the newest question wins.

import type { Client } from "./client";
import { button, choice, fill, make } from "./dom";
import type { Editor, Position, Range } from "./editor";
import { say, spoken } from "./words";

interface Answer {
  net: string;
  nets: string[];
  figures: string[]; // the sections that have names
  range: Range | null;
  svg: string;
  layers: { path: string; range: Range; line: Range }[];
  wires?: Wires;
}

/** Which elements stand for weights, and how a weight is painted. */
interface Wires {
  items: [id: string, key: string, at: number][];
  colours: Record<"positive" | "negative" | "zero", string>;
  thin: number;
  thick: number;
  faintest: number;
}

interface Named {
  name: string;
  about: string;
}

export interface Choices {
  views: Named[];
  themes: Named[];
  formats: Named[];
}

export interface Settings {
  net: string;
  figure: string;
  view: string;
  theme: string;
  depth: string;
}

export class Figure {
  readonly box = make("div", { className: "figure", tabIndex: 0, role: "region" });
  readonly bar = make("div", { className: "bar" });
  readonly settings: Settings = { net: "", figure: "", view: "", theme: "", depth: "" };
  private words = make("p", { className: "words" });
  private paper = make("div", { className: "paper" });
  private answer: Answer | undefined;
  private painted: (Element | undefined)[] = []; // the elements of the answer's wires
  private asking = false;
  private again = false;
  private fitted = true;
  private line = -1;
  private weights = "";
  private painting: ((key: string, at: number) => number) | undefined;
  private lists: Record<keyof Settings, HTMLSelectElement>;
  private choices: Choices = { views: [], themes: [], formats: [] };
  private sizes: HTMLButtonElement;
  private changes: Record<string, HTMLButtonElement>;
  private timer = 0;

  constructor(
    private client: Client,
    private editor: Editor,
    private dark: () => boolean,
    private set: () => void,
  ) {
    const list = (name: keyof Settings) => {
      const { box, list } = choice(say(name), (value) => {
        this.settings[name] = value;
        this.set();
        this.ask();
      });
      this.bar.append(box);
      return list;
    };
    this.lists = { net: list("net"), figure: list("figure"), view: list("view"), theme: list("theme"), depth: list("depth") };
    this.sizes = button(say("fit"), () => this.fit(!this.fitted));
    const change = (kind: string, label: string) => Object.assign(button(label, () => this.change(kind)), { id: `change-${kind}` });
    this.changes = {
      fewer: change("fewer", "−"), more: change("more", "+"), add: change("add", say("addLayer")),
      remove: change("remove", say("removeLayer")),
    };
    for (const [kind, word] of [["fewer", "fewer"], ["more", "more"]] as const) this.changes[kind]!.ariaLabel = say(word);
    this.bar.append(this.sizes, ...Object.values(this.changes));
    this.box.append(this.words, this.paper);
    this.box.setAttribute("aria-label", say("figure"));
    this.paper.addEventListener("click", (event) => this.clicked(event.target as Element));
    this.fit(true);
    this.offer();
  }

  /** Fills the lists of what may be chosen, from what the engine offers. */
  offered(choices: Choices): void {
    this.choices = choices;
    this.offer();
  }

  private offer(): void {
    const auto: [string, string] = ["", say("auto")];
    const named = (each: Named): [string, string, string] => [each.name, each.name, each.about];
    const { net, figure, view, theme, depth } = this.settings;
    const sections = (this.answer?.figures ?? []).map((each): [string, string] => [each, each]);
    fill(this.lists.figure, [auto, ...sections], figure);
    this.lists.figure.parentElement!.hidden = sections.length === 0;
    const nets = (this.answer?.nets ?? []).map((each): [string, string] => [each, each]);
    fill(this.lists.net, [["", say("atCaret")], ...nets], net);
    fill(this.lists.view, [auto, ...this.choices.views.map(named)], view);
    fill(this.lists.theme, [auto, ...this.choices.themes.map(named)], theme);
    fill(this.lists.depth, [auto, ...["0", "1", "2", "3", "4"].map((each): [string, string] => [each, each])], depth);
    this.lists.net.parentElement!.hidden = nets.length < 2;
  }

  private fit(fitted: boolean): void {
    this.fitted = fitted;
    this.box.classList.toggle("fitted", fitted);
    this.sizes.textContent = fitted ? "100 %" : say("fit");
  }

  /** Goes back to what suits another text; the theme stays. */
  reset(): void {
    Object.assign(this.settings, { net: "", figure: "", view: "", depth: "" });
    this.offer();
  }

  /** The params of a request about the net that is shown. */
  get params(): object {
    const { net, figure, view, theme, depth } = this.settings;
    return {
      ...this.editor.here,
      ...(spoken() === "ko" && { lang: "ko" }), // else as the figure section says
      ...(net && { net }),
      ...(figure && { figure }),
      ...(view && { view }),
      ...(depth && { depth: Number(depth) }),
      ...(theme ? { theme } : this.dark() ? { theme: "dark" } : {}),
    };
  }

  /** Shows the weights of a run; "" shows none. */
  coloured(weights: string): void {
    this.weights = weights;
    this.ask();
  }

  /** Paints weights on the figure that is shown, as `netspec render` paints those of a run; without any it is drawn anew. */
  paint(weights?: (key: string, at: number) => number): void {
    const before = this.painting;
    this.painting = weights;
    if ((before === undefined) !== (weights === undefined)) return this.ask();
    if (weights === undefined || this.answer?.wires === undefined) return;
    const { items, colours, thin, thick, faintest } = this.answer.wires;
    const layer = (key: string) => key.slice(0, key.lastIndexOf("."));
    const largest: Record<string, number> = {};
    for (const [, key, at] of items) largest[layer(key)] = Math.max(largest[layer(key)] ?? 0, Math.abs(weights(key, at)));
    for (const [number, [, key, at]] of items.entries()) {
      const element = this.painted[number];
      const value = weights(key, at);
      const part = Math.abs(value) / (largest[layer(key)] || 1);
      const colour = colours[part < faintest ? "zero" : value > 0 ? "positive" : "negative"];
      element?.setAttribute("stroke", colour);
      if (element?.tagName === "g") element.setAttribute("fill", colour);
      element?.setAttribute("stroke-width", (part < faintest ? thin : thin + (thick - thin) * part).toFixed(3));
      element?.setAttribute("opacity", (part < faintest ? 1 : 0.35 + 0.65 * part).toFixed(3));
    }
  }

  ask(): void {
    this.again = true;
    if (!this.asking) void this.draw();
  }

  private async draw(): Promise<void> {
    this.asking = true;
    while (this.again && this.client.connected) {
      this.again = false;
      try {
        const weights = this.painting ? { wires: true } : this.weights && { weights: this.weights };
        this.show(await this.client.request<Answer>("netspec/figure", { ...this.params, ...weights }));
      } catch (error) {
        if (this.weights !== "" && this.client.connected) {
          this.weights = ""; // they belong to another net, or are gone: the next ones are tried again
          this.again = true;
          continue;
        }
        if (this.client.connected) this.fail((error as Error).message);
      }
    }
    this.asking = false;
  }

  private show(answer: Answer): void {
    const names = (found?: Answer) => JSON.stringify([found?.nets, found?.figures]);
    const changed = names(answer) !== names(this.answer);
    this.answer = answer;
    if (changed) this.offer();
    const parsed = new DOMParser().parseFromString(answer.svg, "image/svg+xml").documentElement;
    this.paper.replaceChildren(document.adoptNode(parsed));
    this.paper.classList.remove("old");
    this.words.hidden = true;
    const known = new Map([...this.paper.querySelectorAll("[id]")].map((element) => [element.id, element]));
    this.painted = (answer.wires?.items ?? []).map(([id]) => known.get(id));
    this.paint(this.painting);
    this.mark();
    this.offerChanges();
  }

  /** Says why there is no figure; the last one stays below, paler. */
  private fail(text: string): void {
    this.words.textContent = text || say("nothing");
    this.words.hidden = false;
    this.paper.classList.add("old");
  }

  /** Follows the caret: to another net, if it has left the one that is shown, or to another line of it. */
  follow(): void {
    const { line } = this.editor.caret;
    const own = this.answer?.range;
    const inside = own ? own.start.line <= line && line <= own.end.line : true;
    if (!inside && line !== this.line && this.settings.net === "") this.ask();
    this.line = line;
    this.mark();
    this.offerChanges();
  }

  /** Says which changes the line of the caret offers: a unit or a layer more or fewer. */
  private offerChanges(): void {
    clearTimeout(this.timer);
    this.timer = window.setTimeout(async () => {
      const found = await this.editor.changes();
      for (const [kind, own] of Object.entries(this.changes)) {
        const title = found.find((each) => each.kind === kind)?.title;
        own.disabled = title === undefined;
        own.title = title ?? "";
      }
    }, 300); // up to six checks: not between two keys
  }

  /** Makes a change of the line where the caret is now, whatever was offered before. */
  private async change(kind: string): Promise<void> {
    const found = (await this.editor.changes()).find((each) => each.kind === kind);
    if (found !== undefined) this.editor.apply(found.edits);
  }

  /** Marks what belongs to the line of the caret. */
  private mark(): void {
    const { line } = this.editor.caret;
    const parts = [...this.paper.querySelectorAll<SVGElement>("[data-layer]")];
    const drawn = new Set(parts.map((part) => part.dataset.layer ?? ""));
    const own = new Set<string>();
    for (const { path, line: { start, end } } of this.answer?.layers ?? []) {
      if (start.line <= line && line <= end.line) own.add(around(path).find((each) => drawn.has(each)) ?? path);
    }
    for (const part of parts) part.classList.toggle("here", own.has(part.dataset.layer ?? ""));
  }

  private clicked(target: Element): void {
    const part = target.closest<SVGElement>("[data-layer]");
    const at = part === null ? undefined : this.place(part.dataset.layer ?? "");
    if (at !== undefined) this.editor.goTo(at);
  }

  /** The line of a layer; of one that stands in another file the line that calls its block. */
  private place(path: string): Position | undefined {
    const layers = this.answer?.layers ?? [];
    const own = around(path).find((each) => layers.some((layer) => layer.path === each));
    return layers.find((layer) => layer.path === own)?.range.start;
  }
}

/** A path and those around it, the innermost first: a closed block is drawn as the line that calls it. */
function around(path: string): string[] {
  const names = path.split(".");
  return names.map((_, at) => names.slice(0, names.length - at).join("."));
}
