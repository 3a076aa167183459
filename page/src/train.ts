// Training by the server: a run begins, stops and goes on; its curve grows, and the figure takes its weights.

import type { Client } from "./client";
import { diagrams, type Row } from "./curves";
import { button, choice, fill, make } from "./dom";
import { say } from "./words";

interface State {
  state: "starting" | "running" | "finished" | "stopped" | "diverged" | "failed";
  rows: Row[];
  next: number;
  step: { step: number; epoch: number; loss: number; rate: number } | null;
  said: string;
  weights: string | null;
}

const EVERY = 400; // ms between two questions while a run goes; none are asked while nothing does

export class Train {
  readonly box = make("details", { className: "training" });
  weights = ""; // the file that the figure shows, from the folder of the specs
  private run = "";
  private rows: Row[] = [];
  private begin = 0;
  private timer = 0;
  private curves = make("div", { className: "curves" });
  private facts = make("p", { role: "status" });
  private said = make("pre", { className: "prose words" });
  private runs: { box: HTMLLabelElement; list: HTMLSelectElement };
  private shown = make("input", { type: "checkbox", checked: true, onchange: () => this.show() });
  private buttons: HTMLButtonElement[];

  constructor(
    private client: Client,
    private save: () => Promise<string | undefined>,
    private changed: () => void,
    private failed: (error: unknown) => void,
  ) {
    this.runs = choice(say("run"), (value) => void this.follow(value));
    this.buttons = [
      button(say("train"), () => this.start()), button(say("stop"), () => this.ask("serve/stop")),
      button(say("goOn"), () => this.ask("serve/resume")),
    ];
    const shown = make("label", {}, this.shown, make("span", { textContent: say("weights") }));
    const bar = make("div", { className: "bar" }, ...this.buttons, this.runs.box, shown);
    this.box.append(make("summary", { textContent: say("training") }), bar, this.facts, this.said, this.curves);
    this.listed([]);
  }

  /** Fills the list of runs. */
  listed(runs: string[]): void {
    const names = this.run !== "" && !runs.includes(this.run) ? [this.run, ...runs] : runs;
    fill(this.runs.list, [["", "–"], ...names.map((each): [string, string] => [each, each])], this.run);
    this.enable("");
  }

  private enable(state: string): void {
    const [train, stop, goOn] = this.buttons as [HTMLButtonElement, HTMLButtonElement, HTMLButtonElement];
    const alive = state === "running" || state === "starting";
    train.disabled = alive;
    stop.disabled = !alive;
    goOn.disabled = state !== "stopped";
  }

  private async start(): Promise<void> {
    const path = await this.save();
    if (path === undefined) return;
    try {
      const { run } = await this.client.request<{ run: string }>("serve/train", { path });
      const known = [...this.runs.list.options].map((each) => each.value).filter((each) => each !== "");
      this.run = run;
      this.listed(known);
      await this.follow(run);
    } catch (error) {
      this.failed(error);
    }
  }

  private async ask(method: string): Promise<void> {
    await this.client.request(method, { run: this.run }).catch(this.failed);
    await this.follow(this.run);
  }

  /** Shows a run from its first epoch on. */
  async follow(run: string): Promise<void> {
    this.run = run;
    this.rows = [];
    this.begin = 0;
    this.said.textContent = this.facts.textContent = "";
    this.curves.replaceChildren();
    this.listed([...this.runs.list.options].map((each) => each.value).filter((each) => each !== ""));
    if (run === "") return this.take("");
    await this.look();
  }

  private async look(): Promise<void> {
    clearTimeout(this.timer);
    const run = this.run;
    const found = await this.client.request<State>("serve/run", { run, begin: this.begin }).catch(() => undefined);
    if (run !== this.run || run === "") return;
    if (found !== undefined) {
      if (found.next < this.begin || this.begin === 0) this.rows = [];
      const grown = found.rows.length > 0 || this.begin === 0;
      this.rows.push(...found.rows);
      this.begin = found.next;
      if (grown) this.draw();
      this.tell(found);
      this.take(found.weights ?? "");
      this.enable(found.state);
    }
    // a worker that was started anew answers again soon; a run that has ended is not asked about
    const alive = found === undefined || found.state === "running" || found.state === "starting";
    if (alive) this.timer = window.setTimeout(() => void this.look(), EVERY);
  }

  private take(weights: string): void {
    const shown = this.shown.checked ? weights : "";
    if (shown === this.weights) return;
    this.weights = shown;
    this.changed();
  }

  private show(): void {
    if (!this.shown.checked) this.take("");
    else if (this.run !== "") void this.look();
  }

  private tell({ state, step, said }: State): void {
    const last = this.rows.at(-1);
    const parts = [say(state)];
    if (last !== undefined) {
      parts.push(`${say("epoch")} ${last.epoch}`);
      for (const [part, values] of [["", last.training], [`${say("validation")} `, last.validation]] as const) {
        for (const [name, value] of Object.entries(values)) parts.push(`${part}${name} ${value.toPrecision(4)}`);
      }
    }
    if (step !== null && state === "running") parts.push(`${Math.round(step.rate)} ${say("rate")}`);
    this.facts.textContent = parts.join(" · ");
    this.said.textContent = said;
  }

  private draw(): void {
    this.curves.replaceChildren(...diagrams(this.rows));
  }
}
