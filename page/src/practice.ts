// Training in the page itself, without a server: its buttons, its curve, and the weights on the figure as they change.

import type { Client } from "./client";
import { diagrams, type Row } from "./curves";
import { button, choice, fill, make } from "./dom";
import type { Floats } from "./program";
import { SpacePicture } from "./space";
import { say } from "./words";
import type { Order, Told } from "./trainer";
import type { Plan } from "./training";

/** The weights of a key, or none. */
export type Weights = (key: string) => Floats | undefined;

const MOST_ROWS = 400; // points of a curve

export class Practice {
  readonly box = make("details", { className: "training" });
  private worker: Worker; // made at once: later there may be no network
  private id = 0;
  private plan: Plan | undefined;
  private told: Told | undefined;
  private rows: Row[] = [];
  private sliding = false;
  private there = false; // the engine has the text
  private pressed: (() => void) | undefined; // goes on with what is pressed before that: the newest wins
  private drawn = make("div", { className: "curves" }); // the net over its input, and the curves
  private picture: SpacePicture | undefined;
  private curves = make("div", { className: "curves" });
  private facts = make("p", { role: "status" });
  private said = make("pre", { className: "prose words" });
  private slider = make("input", { type: "range", min: "0", value: "0", max: "1", disabled: true });
  private shown = make("input", { type: "checkbox", checked: true, onchange: () => this.paint() });
  private speed: HTMLSelectElement;
  private go: HTMLButtonElement;
  private buttons: HTMLButtonElement[];

  constructor(
    private client: Client,
    private place: () => object, // the params that name the open text
    address: URL, // of the Worker
    private changed: (weights?: Weights) => void,
  ) {
    this.worker = new Worker(address, { type: "module" });
    this.worker.onmessage = ({ data }: MessageEvent<Told>) => requestAnimationFrame(() => this.take(data));
    this.worker.onerror = (event) => (this.said.textContent = event.message);
    this.go = button(say("train"), () => this.press());
    this.buttons = [
      button(say("step"), () => this.moveTo((this.told?.step ?? 0) + 1)),
      button(say("toStart"), () => this.moveTo(0)),
      button(say("keepWeights"), () => this.save(), say("keepWeightsTitle")),
    ];
    const speed = choice(say("speed"), () => this.told?.running && this.send({ run: true, slow: this.slow }));
    this.speed = speed.list;
    fill(this.speed, [["slow", say("watch")], ["", say("full")]], "slow");
    this.slider.oninput = () => this.slide(Number(this.slider.value));
    const label = make("label", { className: "slider" }, make("span", { textContent: say("stepNumber") }), this.slider);
    const shown = make("label", {}, this.shown, make("span", { textContent: say("weights") }));
    const bar = make("div", { className: "bar" }, this.go, ...this.buttons, speed.box, shown, label);
    this.box.append(make("summary", { textContent: say("training") }), bar, this.facts, this.said, this.drawn);
    this.enable();
  }

  /** Begins what was pressed while the engine was loaded; it takes the text right after this. */
  listed(): void {
    this.there = true;
    this.pressed?.();
  }

  private get slow(): boolean {
    return this.speed.value === "slow";
  }

  private send(order: Order): void {
    this.worker.postMessage(order);
  }

  private enable(): void {
    const running = this.told?.running ?? false;
    this.go.textContent = say(running ? "pause" : this.told && this.told.step > 0 && this.told.step < this.told.last ? "goOn" : "train");
    const [step, start, keep] = this.buttons as [HTMLButtonElement, HTMLButtonElement, HTMLButtonElement];
    step.disabled = running || (this.told !== undefined && this.told.step >= this.told.last);
    start.disabled = keep.disabled = this.told === undefined;
    this.slider.disabled = this.told === undefined;
  }

  /** Asks for the plan of the text, unless it is there; returns whether there is one. */
  private async ready(): Promise<boolean> {
    if (this.plan !== undefined) return true;
    this.said.textContent = "";
    if (!this.there || !this.client.connected) {
      this.said.textContent = say("waits");
      await new Promise<void>((goOn) => (this.pressed = goOn));
    }
    try {
      this.plan = await this.client.request<Plan>("serve/plan", this.place());
    } catch (error) {
      this.said.textContent = (error as Error).message;
      return false;
    }
    const { space } = this.plan;
    this.picture = space === null ? undefined : new SpacePicture(this.plan, space);
    this.drawn.replaceChildren(...(this.picture ? [this.picture.box] : []), this.curves);
    this.rows = [];
    this.send({ plan: this.plan, id: ++this.id });
    return true;
  }

  private async press(): Promise<void> {
    if (this.told?.running) return this.send({ run: false, slow: this.slow });
    if (!(await this.ready())) return;
    if (this.told !== undefined && this.told.step >= this.told.last) this.send({ goTo: 0 });
    this.send({ run: true, slow: this.slow });
  }

  private async moveTo(step: number): Promise<void> {
    if (await this.ready()) this.send({ goTo: step });
  }

  /** Moves to a step while the slider is dragged: one move after the other; the newest wins. */
  private slide(step: number): void {
    if (this.sliding) return;
    this.sliding = true;
    this.send({ goTo: step });
  }

  /** Forgets the run: the text has changed. */
  reset(): void {
    this.pressed = undefined;
    if (this.plan === undefined) {
      this.said.textContent = "";
      return;
    }
    this.send({ run: false, slow: false });
    [this.plan, this.told, this.rows, this.sliding] = [undefined, undefined, [], false];
    this.facts.textContent = this.said.textContent = "";
    this.curves.replaceChildren();
    this.drawn.replaceChildren();
    this.slider.value = "0";
    this.changed();
    this.enable();
  }

  private take(told: Told): void {
    if (this.plan === undefined || told.id !== this.id) return;
    const before = this.told;
    this.told = told;
    for (const [epoch, loss] of told.losses) this.row(epoch).training.loss = loss;
    const { validation } = told.scores;
    if (validation !== undefined && told.step > 0) Object.assign(this.row(Math.max(1, told.epoch)).validation, validation);
    this.slider.max = String(told.last);
    if (this.sliding && Number(this.slider.value) !== told.step) this.send({ goTo: Number(this.slider.value) });
    else {
      this.sliding = false;
      this.slider.value = String(told.step);
    }
    this.slider.ariaValueText = `${told.step} / ${told.last}`;
    this.tell(told);
    if (told.losses.length > 0 || told.epoch !== before?.epoch || !told.running) this.draw(told.epoch);
    if (told.space !== undefined) this.picture?.draw(told.space);
    this.paint();
    this.enable();
    this.send({ shown: true });
  }

  private row(epoch: number): Row {
    return (this.rows[epoch - 1] ??= { epoch, training: {}, validation: {} });
  }

  private tell({ step, last, epoch, scores, running, rate, finite }: Told): void {
    const parts = [say(!finite ? "diverged" : running ? "running" : step === last ? "finished" : "stopped"), `${say("epoch")} ${epoch}`];
    for (const [part, values] of Object.entries(scores)) {
      for (const [name, value] of Object.entries(values)) parts.push(`${say(part as "test")} ${name} ${value.toPrecision(4)}`);
    }
    if (running && !this.slow) parts.push(`${Math.round(rate).toLocaleString()} ${say("stepRate")}`);
    this.facts.textContent = parts.join(" · ");
    const left = this.plan!.left;
    this.said.textContent = left.length > 0 ? `${say("left")} ${left.join(", ")}` : "";
  }

  private draw(epoch: number): void {
    const rows = this.rows.filter((row) => row !== undefined && row.epoch <= epoch);
    const every = Math.ceil(rows.length / MOST_ROWS);
    this.curves.replaceChildren(...diagrams(rows.filter((_, n) => n % every === 0 || n === rows.length - 1)));
  }

  private paint(): void {
    const { plan, told } = this;
    if (plan === undefined || told === undefined || !this.shown.checked) return this.changed();
    this.changed((key) => {
      const own = plan.arrays[key];
      return own && told[own.at[0]].subarray(own.at[1], own.at[1] + own.shape.reduce((all, each) => all * each, 1));
    });
  }

  /** Saves the weights as they are now, as a file that torch and netspec read. */
  private save(): void {
    const { plan, told } = this;
    if (plan === undefined || told === undefined) return;
    const single = told.weights instanceof Float32Array;
    const size = single ? 4 : 8;
    const parts: Floats[] = [];
    const head: Record<string, object> = {};
    let begin = 0;
    for (const [key, { at: [home, place], shape }] of Object.entries(plan.arrays)) {
      const count = shape.reduce((all, own) => all * own, 1);
      parts.push(told[home].subarray(place, place + count));
      head[key] = { dtype: single ? "F32" : "F64", shape, data_offsets: [begin, (begin += count * size)] };
    }
    const text = JSON.stringify(head);
    const bytes = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 8) * 8));
    const length = new BigUint64Array([BigInt(bytes.length)]);
    const address = URL.createObjectURL(new Blob([length, bytes, ...parts] as BlobPart[]));
    make("a", { href: address, download: `${plan.net}-${told.step}.safetensors` }).click();
    setTimeout(() => URL.revokeObjectURL(address), 10_000);
  }
}
