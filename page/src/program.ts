// Programs of netspec/compute/program.py, run on typed arrays: a function for each kind of step, none for an operation.

export type Floats = Float32Array | Float64Array;
type Axis = [first: number, distance: number, count: number] | { at: number[] };
type View = [buffer: number, offset: number, axes: Axis[]];
type Operand = [buffer: number, offset: number, distance: number];
type Term = [offset: number, axes: Axis[], factors: View[]];

export interface Plan {
  sizes: number[];
  given: Record<string, number>;
  constants: [number, number[]][];
  steps: [kind: string, to: number, ...rest: any[]][];
  results: Record<string, number>;
}

const softplus = (s: number): number => Math.max(s, 0) + Math.log1p(Math.exp(-Math.abs(s)));

function erf(s: number): number {
  const a = Math.abs(s);
  if (a > 6) return Math.sign(s);
  if (a < 2.5) {
    let [term, sum] = [a, a];
    for (let n = 1; term !== 0 && Math.abs(term) > 1e-18 * Math.abs(sum); n++) {
      term *= (-a * a) / n;
      sum += term / (2 * n + 1);
    }
    return (Math.sign(s) * sum * 2) / Math.sqrt(Math.PI);
  }
  let tail = a;
  for (let n = 60; n > 0; n--) tail = a + n / 2 / tail;
  return Math.sign(s) * (1 - Math.exp(-a * a) / Math.sqrt(Math.PI) / tail);
}

// the functions of netspec/compute/formula.py
const ONE: Record<string, (s: number) => number> = {
  negative: (s) => -s, exp: Math.exp, expm1: Math.expm1, log: Math.log, sqrt: Math.sqrt, tanh: Math.tanh, sin: Math.sin,
  cos: Math.cos, abs: Math.abs, sign: Math.sign, sigmoid: (s) => 1 / (1 + Math.exp(-s)), softplus, erf,
};
const TWO: Record<string, (a: number, b: number) => number> = {
  power: Math.pow, greater: (a, b) => (a > b ? 1 : 0), equal: (a, b) => (a === b ? 1 : 0),
  max: (a, b) => (a > b ? a : b), min: (a, b) => (a < b ? a : b),
};

type Run = () => void;
type Slice = [values: Floats, offset: number, distance: number];

// a loop of its own for what fills most of the time: a call for each value would take longer than its arithmetic
const ARITHMETIC: Record<string, (to: Floats, a: Slice, b: Slice) => Run> = {
  add: (to, [a, i0, s], [b, j0, t]) => () => {
    for (let n = 0, i = i0, j = j0; n < to.length; n++, i += s, j += t) to[n] = a[i]! + b[j]!;
  },
  subtract: (to, [a, i0, s], [b, j0, t]) => () => {
    for (let n = 0, i = i0, j = j0; n < to.length; n++, i += s, j += t) to[n] = a[i]! - b[j]!;
  },
  multiply: (to, [a, i0, s], [b, j0, t]) => () => {
    for (let n = 0, i = i0, j = j0; n < to.length; n++, i += s, j += t) to[n] = a[i]! * b[j]!;
  },
  divide: (to, [a, i0, s], [b, j0, t]) => () => {
    for (let n = 0, i = i0, j = j0; n < to.length; n++, i += s, j += t) to[n] = a[i]! / b[j]!;
  },
};

function mapped(name: string, to: Floats, operands: Slice[]): Run {
  const [[a, i0, s], second, third] = operands as [Slice, Slice, Slice];
  if (ARITHMETIC[name] !== undefined) return ARITHMETIC[name]!(to, operands[0]!, second);
  if (name === "where") {
    const [[b, j0, t], [c, k0, u]] = [second, third];
    return () => {
      for (let n = 0, i = i0, j = j0, k = k0; n < to.length; n++, i += s, j += t, k += u) to[n] = a[i]! !== 0 ? b[j]! : c[k]!;
    };
  }
  const [one, two] = [ONE[name], TWO[name]];
  if (one !== undefined) {
    return () => {
      for (let n = 0, i = i0; n < to.length; n++, i += s) to[n] = one(a[i]!);
    };
  }
  if (two === undefined) throw new Error(`no function ${name}`);
  const [b, j0, t] = second;
  return () => {
    for (let n = 0, i = i0, j = j0; n < to.length; n++, i += s, j += t) to[n] = two(a[i]!, b[j]!);
  };
}

const listed = (axis: Axis): number[] =>
  Array.isArray(axis) ? Array.from({ length: axis[2] }, (_, n) => axis[0] + n * axis[1]) : axis.at;

/** The places of a view, in reading order. */
function places(offset: number, axes: Axis[]): Int32Array {
  let found = Int32Array.of(offset);
  for (const axis of axes) {
    const own = listed(axis);
    const next = new Int32Array(found.length * own.length);
    let at = 0;
    for (const begin of found) for (const step of own) next[at++] = begin + step;
    found = next;
  }
  return found;
}

/** Adds the products of a term; the axes along which they go to one place are the inner loop. */
function added(to: Floats, [offset, axes, factors]: Term, values: Floats[]): Run {
  const still = axes.map((axis) => (Array.isArray(axis) ? axis[1] === 0 && axis[0] === 0 : axis.at.every((at) => at === 0)));
  const chosen = (view: Axis[], inner: boolean) => view.filter((_, n) => still[n] === inner);
  const goes = places(offset, chosen(axes, false));
  const read = factors.map(([buffer, begin, own]) => ({
    values: values[buffer]!, begins: places(begin, chosen(own, false)), inside: places(0, chosen(own, true)),
  }));
  const count = read[0]!.inside.length;
  const distance = (own: Int32Array) => {
    const step = own.length > 1 ? own[1]! - own[0]! : 0;
    return own.every((at, n) => at === own[0]! + n * step) ? step : undefined;
  };
  const [first, second, ...others] = read as [(typeof read)[0], ...typeof read];
  const [a, from] = [first.values, first.begins];
  if (second === undefined) {
    const inside = first.inside;
    return () => {
      for (let n = 0; n < goes.length; n++) {
        let sum = 0;
        for (let k = 0, begin = from[n]!; k < count; k++) sum += a[begin + inside[k]!]!;
        to[goes[n]!]! += sum;
      }
    };
  }
  const [b, start] = [second.values, second.begins];
  const [s, t] = [distance(first.inside), distance(second.inside)];
  if (others.length === 0 && s !== undefined && t !== undefined) {
    const [i0, j0] = [first.inside[0]!, second.inside[0]!];
    return () => {
      for (let n = 0; n < goes.length; n++) {
        let sum = 0;
        for (let k = 0, i = from[n]! + i0, j = start[n]! + j0; k < count; k++, i += s, j += t) sum += a[i]! * b[j]!;
        to[goes[n]!]! += sum;
      }
    };
  }
  return () => {
    for (let n = 0; n < goes.length; n++) {
      let sum = 0;
      for (let k = 0; k < count; k++) {
        let product = 1;
        for (const one of read) product *= one.values[one.begins[n]! + one.inside[k]!]!;
        sum += product;
      }
      to[goes[n]!]! += sum;
    }
  };
}

function winner(to: Floats, of: Floats, length: number, ties: boolean): Run {
  return () => {
    for (let begin = 0; begin < to.length; begin += length) {
      let best = begin;
      for (let at = begin + 1; at < begin + length; at++) if (of[at]! > of[best]!) best = at;
      for (let at = begin; at < begin + length; at++) to[at] = (ties ? of[at] === of[best] : at === best) ? 1 : 0;
    }
  };
}

/** A program with its memory. Results stay in their places: `buffer` is the same array after every run. */
export class Program {
  private values: Floats[];
  private runs: Run[];

  constructor(private plan: Plan, kind: Float32ArrayConstructor | Float64ArrayConstructor, shared: Record<string, Floats> = {}) {
    const known = new Map(Object.entries(shared).map(([name, values]) => [plan.given[name], values]));
    this.values = plan.sizes.map((size, number) => known.get(number) ?? new kind(size));
    for (const [buffer, numbers] of plan.constants) this.values[buffer]!.set(numbers);
    this.runs = plan.steps.map((step) => this.made(step));
  }

  private made([step, number, ...rest]: Plan["steps"][0]): Run {
    const to = this.values[number]!;
    switch (step) {
      case "map":
        return mapped(rest[0], to, (rest[1] as Operand[]).map(([buffer, offset, distance]) => [this.values[buffer]!, offset, distance]));
      case "copy": {
        const [buffer, offset, axes] = rest[0] as View;
        const [from, at] = [this.values[buffer]!, places(offset, axes)];
        return () => {
          for (let n = 0; n < at.length; n++) to[n] = from[at[n]!]!;
        };
      }
      case "sum": {
        const terms = (rest[0] as Term[]).map((term) => added(to, term, this.values));
        return () => {
          to.fill(0);
          for (const term of terms) term();
        };
      }
      case "winner":
        return winner(to, this.values[rest[0]]!, rest[1], rest[2]);
    }
    throw new Error(`no step ${step}`);
  }

  /** The memory of a value from outside, or of a result. */
  buffer(name: string): Floats {
    const number = this.plan.given[name] ?? this.plan.results[name];
    if (number === undefined) throw new Error(`no value ${name}`);
    return this.values[number]!;
  }

  run(): void {
    for (let n = 0; n < this.runs.length; n++) this.runs[n]!();
  }
}
