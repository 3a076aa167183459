// A Worker that trains: it takes a plan and what is pressed, and tells how far it is, as often as the page can show it.

import type { Floats } from "./program";
import { Training, type Plan, type Scores } from "./training";

export type Order =
  | { plan: Plan; id: number }
  | { run: boolean; slow: boolean }
  | { goTo: number }
  | { shown: true }; // the page has shown what it was told last

export interface Told {
  id: number; // of the plan
  step: number;
  last: number;
  epoch: number; // whole epochs so far
  running: boolean;
  rate: number; // steps a second, while it runs
  losses: [epoch: number, loss: number][]; // the mean losses of epochs that have ended since it told the last
  scores: Scores;
  space: Floats | undefined; // the values over the input, when they are new
  weights: Floats;
  fixed: Floats;
  finite: boolean;
}

const SLICE = 12; // ms of training between two looks at what was pressed
const FRAME = 33; // ms between two tellings, at least
const FRAMES = 150; // of a slow run

let training: Training | undefined;
let id = 0;
let [running, slow, shown, stale] = [false, false, true, false];
let losses: [number, number][] = [];
let [scores, scored, cost]: [Scores, number, number] = [{}, -1e9, 0];
let [rate, told] = [0, 0];
const turn = new MessageChannel(); // as setTimeout(0), without its 4 ms

function tell(): void {
  const now = performance.now();
  let space: Told["space"];
  // scores and the picture may take a fifth of the time
  if (!running || now - scored > 5 * cost) {
    scores = training!.scores();
    space = training!.space();
    [scored, cost] = [performance.now(), performance.now() - now];
  }
  const { step, last, perEpoch, weights, fixed, finite } = training!;
  const epoch = Math.floor(step / perEpoch);
  const message: Told = { id, step, last, epoch, running, rate, losses, scores, space, finite, weights: weights.slice(), fixed: fixed.slice() };
  self.postMessage(message);
  [losses, shown, stale, told] = [[], false, false, performance.now()];
}

function train(most: number, until: number): void {
  const { perEpoch, last } = training!;
  for (let n = 0; n < most && training!.step < last && performance.now() < until; n++) {
    training!.next();
    if (training!.step % perEpoch === 0) losses.push([training!.step / perEpoch, training!.epochLoss]);
  }
}

turn.port1.onmessage = () => {
  if (training === undefined) return;
  const now = performance.now();
  const due = shown && now - told >= FRAME;
  if (running && (!slow || due)) {
    const before = training.step;
    train(slow ? Math.ceil(training.last / FRAMES) : Infinity, now + SLICE);
    rate = 0.9 * rate + (100 * (training.step - before)) / Math.max(1e-3, performance.now() - now);
    stale = true;
    if (training.step === training.last || !Number.isFinite(training.loss)) running = false;
  }
  if (stale && shown && (due || !running)) tell();
  if (!running && !stale) return;
  if (running && !(slow && !due)) turn.port2.postMessage(0);
  else setTimeout(() => turn.port2.postMessage(0), 4);
};

self.onmessage = ({ data }: MessageEvent<Order>) => {
  if ("shown" in data) return void (shown = true);
  if ("plan" in data) {
    training = new Training(data.plan, data.plan.precision);
    [running, shown, losses, scored, id] = [false, true, [], -1e9, data.id];
  } else if ("run" in data) {
    if (data.run && !running) rate = 0;
    [running, slow] = [data.run, data.slow];
  } else {
    running = false;
    training?.goTo(Math.min(data.goTo, training.last), (epoch, loss) => losses.push([epoch, loss]));
  }
  stale = true;
  turn.port2.postMessage(0);
};
