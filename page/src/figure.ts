// The figure of the net at the caret: asked for at every change, drawn as it comes, the newest question wins.

import type { Client } from "./client";
import { button, choice, fill, make } from "./dom";
import type { Editor, Position, Range } from "./editor";
import type { Weights } from "./practice";
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

/** The elements that show weights of one layer: what each was last set to, so that only a change is written. */
interface Painted {
  layer: string;
  keys: string[];
  items: { element: Element; group: boolean; key: number; at: number; look: number; tip: { value: number } }[];
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

const STEPS = 256; // widths of a line that differ
const UNSEEN = -1e9;

export class Figure {
  readonly box = make("div", { className: "figure", tabIndex: 0, role: "region" });
  readonly bar = make("div", { className: "bar" });
  readonly settings: Settings = { net: "", figure: "", view: "", theme: "", depth: "" };
  private words = make("p", { className: "words" });
  private paper = make("div", { className: "paper" });
  private answer: Answer | undefined;
  private painted: Painted[] = []; // the layers of the answer's wires
  private tips = new Map<Element, { value: number; title: Element; text: string }>(); // of what is painted
  private legend = make("p", { className: "legend", hidden: true });
  private under: Element | undefined; // the pointer
  private asking = false;
  private again = false;
  private fitted = true;
  private line = -1;
  private weights = "";
  private painting: Weights | undefined;
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
    this.box.append(this.words, this.legend, this.paper);
    this.paper.addEventListener("pointerover", (event) => this.tell(event.target as Element));
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
  paint(weights?: Weights): void {
    const before = this.painting;
    this.painting = weights;
    this.legend.hidden = weights === undefined || this.painted.length === 0;
    if ((before === undefined) !== (weights === undefined)) return this.ask();
    if (weights === undefined || this.answer?.wires === undefined) return;
    const { colours, thin, thick, faintest } = this.answer.wires;
    const widest: string[] = [];
    for (const { layer, keys, items } of this.painted) {
      const arrays = keys.map(weights);
      let largest = 0;
      for (const item of items) {
        const value = (item.tip.value = arrays[item.key]?.[item.at] ?? 0);
        largest = Math.max(largest, Math.abs(value));
      }
      widest.push(`${layer} ${largest.toPrecision(3)}`);
      for (const item of items) {
        const { value } = item.tip;
        const part = Math.abs(value) / (largest || 1);
        const look = part < faintest ? 0 : Math.sign(value) * Math.max(1, Math.round(STEPS * part));
        if (look === item.look) continue;
        const { element, group } = item;
        const size = Math.abs(look) / STEPS;
        if (item.look === UNSEEN || Math.sign(look) !== Math.sign(item.look)) {
          const colour = colours[look === 0 ? "zero" : look > 0 ? "positive" : "negative"];
          element.setAttribute("stroke", colour);
          if (group) element.setAttribute("fill", colour);
        }
        element.setAttribute("stroke-width", (thin + (thick - thin) * size).toFixed(3));
        element.setAttribute("opacity", (look === 0 ? 1 : 0.35 + 0.65 * size).toFixed(3));
        item.look = look;
      }
    }
    const values = this.legend.lastElementChild;
    if (values !== null) values.textContent = `${say("widest")} ${widest.join(", ")}`;
    if (this.under !== undefined) this.tell(this.under);
  }

  /** Finds the elements that show weights, and explains their colours. */
  private prepare({ wires }: Answer): void {
    const known = new Map([...this.paper.querySelectorAll("[id]")].map((element) => [element.id, element]));
    const layers = new Map<string, Painted>();
    this.tips.clear();
    this.under = undefined;
    for (const [id, key, at] of wires?.items ?? []) {
      const layer = key.slice(0, key.lastIndexOf("."));
      const own = layers.get(layer) ?? { layer, keys: [], items: [] };
      layers.set(layer, own);
      const element = known.get(id);
      if (element === undefined) continue;
      if (!own.keys.includes(key)) own.keys.push(key);
      let title = element.querySelector(":scope > title");
      if (title === null) element.prepend((title = document.createElementNS(element.namespaceURI, "title")));
      const tip = { value: 0, title, text: title.textContent ? `${title.textContent}: ` : "" };
      this.tips.set(element, tip);
      own.items.push({ element, group: element.tagName === "g", key: own.keys.indexOf(key), at, look: UNSEEN, tip });
    }
    this.painted = [...layers.values()];
    if (wires === undefined) return this.legend.replaceChildren();
    const signs = (["positive", "negative"] as const).map((sign) => {
      const line = make("span", { className: "sample", ariaHidden: "true" });
      line.style.background = wires.colours[sign];
      return make("span", {}, line, say(sign));
    });
    this.legend.replaceChildren(...signs, make("span"));
  }

  /** Writes the weight of now into the tooltip of what is pointed at. */
  private tell(target: Element): void {
    this.under = this.painting && (target.closest<SVGElement>("[id]") ?? undefined);
    const tip = this.under && this.tips.get(this.under);
    if (tip !== undefined) tip.title.textContent = tip.text + tip.value.toPrecision(3);
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
    this.prepare(answer);
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
