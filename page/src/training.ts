// Trains by a plan of netspec/training/page.py. What the weights are after a number of steps depends on the plan alone.

import { Program, type Floats, type Plan as Steps } from "./program";

export interface Plan {
  net: string;
  steps: Record<string, Steps>; // a program for each size of a batch
  scores: Record<string, Steps>; // and for each number of rows that are scored at once
  names: string[];
  left: string[];
  states: number;
  weights: number[];
  fixed: number[];
  arrays: Record<string, { at: ["weights" | "fixed", number]; shape: number[] }>;
  targets: Record<string, [classes: number, inner: number]>;
  space: Space | null;
  rows: { fields: Record<string, { each: number; values: number[] }>; parts: Record<string, number[]> };
  batch: number;
  epochs: number;
  orders: string[];
  rates: number[];
  each: "epoch" | "step";
  precision: Precision;
}

/** The program that computes the net over the places of its input, and the names for its picture. */
export interface Space {
  input: string;
  target: string;
  axes: string[];
  maps: number;
  program: Steps;
}

export type Precision = "float32" | "float64";
export type Scores = Record<string, Record<string, number>>;

interface Kept {
  step: number;
  loss: number;
  epochLoss: number;
  weights: Floats;
  states: Floats[];
}

/** Where a field goes in a program: as it is, or as 1 for the right one of some classes. */
interface Filled {
  to: Floats;
  values: Floats;
  each: number;
  classes: number;
  inner: number;
}

interface Made {
  program: Program;
  fields: Filled[];
  after: Floats[]; // the weights and the states after a step
}

const MOST_KEPT = 64; // states of the weights from which a rewind goes on

export class Training {
  step = 0;
  loss = NaN; // of the last step
  epochLoss = 0; // the mean loss of the epoch so far
  readonly weights: Floats;
  readonly perEpoch: number;
  readonly last: number;
  readonly fixed: Floats;
  private states: Floats[];
  private rate: Floats;
  private count: Floats;
  private programs = new Map<Steps, Made>();
  private fields: Record<string, Floats>;
  private kept: Kept[] = [];
  private between = 1; // steps between two states that are kept
  private order = new Int32Array(0) as Int32Array;
  private ordered = -1;
  private training: Int32Array;
  private kind: Float32ArrayConstructor | Float64ArrayConstructor;

  constructor(private plan: Plan, precision: Precision) {
    this.kind = precision === "float32" ? Float32Array : Float64Array;
    const kind = this.kind as Float64ArrayConstructor;
    this.weights = kind.from(plan.weights);
    this.fixed = kind.from(plan.fixed);
    this.states = Array.from({ length: plan.states }, () => new kind(plan.weights.length));
    [this.rate, this.count] = [new kind(1), new kind(1)];
    this.fields = Object.fromEntries(Object.entries(plan.rows.fields).map(([name, field]) => [name, kind.from(field.values)]));
    this.training = Int32Array.from(plan.rows.parts.training!);
    this.perEpoch = Math.ceil(this.training.length / plan.batch);
    this.last = plan.epochs * this.perEpoch;
    this.keep();
  }

  private program(plan: Steps): Made {
    let found = this.programs.get(plan);
    if (found !== undefined) return found;
    const shared: Record<string, Floats> = { weights: this.weights, fixed: this.fixed, rate: this.rate, count: this.count };
    this.states.forEach((state, number) => (shared[`state ${number}`] = state));
    const program = new Program(plan, this.kind, shared);
    const fields = Object.keys(plan.given).flatMap((name): Filled[] => {
      const field = name.replace(/ =$/, "");
      const values = this.fields[field];
      if (values === undefined) return [];
      const each = this.plan.rows.fields[field]!.each;
      const [classes, inner] = field === name ? [0, 1] : this.plan.targets[field]!;
      return [{ to: program.buffer(name), values, each, classes, inner }];
    });
    const after = "new weights" in plan.results ? ["weights", ...this.states.keys()].map((name) => program.buffer(`new ${name}`)) : [];
    this.programs.set(plan, (found = { program, fields, after }));
    return found;
  }

  /** Trains one batch. */
  next(): void {
    const { plan, training, step } = this;
    const epoch = Math.floor(step / this.perEpoch);
    const from = (step % this.perEpoch) * plan.batch;
    const count = Math.min(plan.batch, training.length - from);
    if (this.ordered !== epoch) {
      this.order = ordered(plan.orders[epoch]!, training);
      this.ordered = epoch;
    }
    const { program, fields, after } = this.program(plan.steps[count]!);
    for (const field of fields) fill(field, this.order, from, count);
    this.rate[0] = plan.rates[plan.each === "step" ? step : epoch]!;
    this.count[0] = step + 1;
    program.run();
    this.loss = program.buffer("loss")[0]!;
    this.epochLoss = (from === 0 ? 0 : this.epochLoss) + (this.loss * count) / training.length;
    this.weights.set(after[0]!);
    for (let number = 0; number < this.states.length; number++) this.states[number]!.set(after[number + 1]!);
    this.step = step + 1;
    if (this.step % this.between === 0) this.keep();
  }

  private keep(): void {
    if (this.kept.at(-1) !== undefined && this.kept.at(-1)!.step >= this.step) return;
    const { step, loss, epochLoss } = this;
    this.kept.push({ step, loss, epochLoss, weights: this.weights.slice(), states: this.states.map((state) => state.slice()) });
    if (this.kept.length > MOST_KEPT) {
      this.between *= 2;
      this.kept = this.kept.filter(({ step }) => step % this.between === 0);
    }
  }

  /** Goes to a step, back or forward: every step gives the same bits again. `ended` is told the epochs on the way. */
  goTo(step: number, ended: (epoch: number, loss: number) => void = () => undefined): void {
    const from = this.kept.filter((each) => each.step <= step).at(-1)!;
    if (step < this.step || from.step > this.step) {
      [this.step, this.loss, this.epochLoss] = [from.step, from.loss, from.epochLoss];
      this.weights.set(from.weights);
      from.states.forEach((state, number) => this.states[number]!.set(state));
    }
    while (this.step < step) {
      this.next();
      if (this.step % this.perEpoch === 0) ended(this.step / this.perEpoch, this.epochLoss);
    }
  }

  /** The scores of each part with the weights of now. */
  scores(): Scores {
    const found: Scores = {};
    for (const [part, listed] of Object.entries(this.plan.rows.parts)) {
      const rows = Int32Array.from(listed);
      const sums: Record<string, number> = Object.fromEntries(this.plan.names.map((name) => [name, 0]));
      const most = Math.max(...Object.keys(this.plan.scores).map(Number).filter((size) => size <= rows.length));
      for (let from = 0; from < rows.length; ) {
        const count = Math.min(most, rows.length - from);
        const { program, fields } = this.program(this.plan.scores[count]!);
        for (const field of fields) fill(field, rows, from, count);
        program.run();
        for (const name of this.plan.names) sums[name]! += (program.buffer(name)[0]! * count) / rows.length;
        from += count;
      }
      found[part] = sums;
    }
    return found;
  }

  /** The values of the net at the places of its input, or none where no picture shows them. */
  space(): Floats | undefined {
    const { space, rows } = this.plan;
    if (space === null) return undefined;
    const { program } = this.program(space.program);
    const to = program.buffer(space.input);
    const ends = ranges(rows.fields[space.input]!);
    const side = sideOf(to.length, ends.length);
    for (let n = 0, at = 0; at < to.length; n++) {
      for (const [axis, [low, high]] of ends.entries()) {
        const place = axis === 0 ? n % side : Math.floor(n / side);
        to[at++] = low + ((high - low) * place) / (side - 1);
      }
    }
    program.run();
    return program.buffer("value").slice();
  }

  get finite(): boolean {
    return this.weights.every(Number.isFinite);
  }
}

/** From where to where a picture shows each value of a field: what the examples have, and a margin. */
export function ranges({ each, values }: { each: number; values: number[] }): [low: number, high: number][] {
  return Array.from({ length: each }, (_, axis) => {
    let [low, high] = [Infinity, -Infinity];
    for (let at = axis; at < values.length; at += each) [low, high] = [Math.min(low, values[at]!), Math.max(high, values[at]!)];
    const margin = 0.08 * Math.max(high - low, 1e-9);
    return [low - margin, high + margin];
  });
}

/** How many places lie along one axis, of an input with so many numbers in all. */
export const sideOf = (numbers: number, axes: number): number => Math.round((numbers / axes) ** (1 / axes));

function fill({ to, values, each, classes, inner }: Filled, rows: Int32Array, from: number, count: number): void {
  if (classes === 0) {
    for (let n = 0, at = 0; n < count; n++) {
      for (let k = 0, begin = rows[from + n]! * each; k < each; k++) to[at++] = values[begin + k]!;
    }
    return;
  }
  to.fill(0);
  for (let n = 0; n < count * each; n++) {
    const right = values[rows[from + Math.floor(n / each)]! * each + (n % each)]!;
    to[(Math.floor(n / inner) * classes + right) * inner + (n % inner)] = 1;
  }
}

/** The rows in the order of an epoch, as netspec/training/data/random_streams.py has it: by 64 bits of SplitMix64. */
function ordered(key: string, rows: Int32Array): Int32Array {
  const count = rows.length;
  const [high, low] = [new Uint32Array(count), new Uint32Array(count)];
  let [h, l] = [parseInt(key.slice(0, 8), 16), parseInt(key.slice(8), 16)];
  for (let n = 0; n < count; n++) {
    l += 0x7f4a7c15; // the golden ratio, 0x9e3779b97f4a7c15, once more for each index
    h = (h + 0x9e3779b9 + (l > 0xffffffff ? 1 : 0)) >>> 0;
    l >>>= 0;
    let [a, b] = [(h ^ (h >>> 30)) >>> 0, (l ^ ((l >>> 30) | (h << 2))) >>> 0];
    [a, b] = times(a, b, 0xbf58476d, 0x1ce4e5b9);
    [a, b] = [(a ^ (a >>> 27)) >>> 0, (b ^ ((b >>> 27) | (a << 5))) >>> 0];
    [a, b] = times(a, b, 0x94d049bb, 0x133111eb);
    [high[n], low[n]] = [a ^ (a >>> 31), b ^ ((b >>> 31) | (a << 1))];
  }
  // sorted by merging: a comparison that is called as a function takes longer than a step of a small net
  let [places, next] = [Int32Array.from(rows.keys()), new Int32Array(count)];
  for (let width = 1; width < count; width *= 2, [places, next] = [next, places]) {
    for (let begin = 0; begin < count; begin += 2 * width) {
      const [middle, end] = [Math.min(begin + width, count), Math.min(begin + 2 * width, count)];
      for (let to = begin, one = begin, other = middle; to < end; to++) {
        const [a, b] = [places[one]!, places[other]!];
        const first = one < middle && (other === end || high[a]! < high[b]! || (high[a] === high[b] && low[a]! <= low[b]!));
        next[to] = first ? (one++, a) : (other++, b);
      }
    }
  }
  return places.map((place) => rows[place]!);
}

/** The product of two numbers of 64 bits, as its halves. */
function times(a: number, b: number, c: number, d: number): [number, number] {
  const [b1, b0, d1, d0] = [b >>> 16, b & 0xffff, d >>> 16, d & 0xffff];
  const low = b0 * d0;
  const middle = b1 * d0 + (low >>> 16);
  const other = b0 * d1 + (middle & 0xffff);
  const high = b1 * d1 + Math.floor(middle / 0x10000) + Math.floor(other / 0x10000);
  return [(high + Math.imul(a, d) + Math.imul(b, c)) >>> 0, ((other << 16) | (low & 0xffff)) >>> 0];
}
