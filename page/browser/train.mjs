// Trains by a plan without a browser: node train.mjs PLAN PRECISION STEPS SECONDS -> one JSON of losses, weights and times.

import { build } from "esbuild";
import { readFileSync } from "node:fs";

const [file, precision, steps, seconds] = process.argv.slice(2);
const made = await build({ entryPoints: ["src/training.ts"], bundle: true, format: "esm", target: "es2022", write: false });
const { Training } = await import(`data:text/javascript,${encodeURIComponent(made.outputFiles[0].text)}`);
const plan = JSON.parse(readFileSync(file, "utf8"));
const training = new Training(plan, precision);
const losses = [];
const most = Math.min(Number(steps), training.last);
while (training.step < most) {
  training.next();
  losses.push(training.loss);
}
const weights = Array.from(training.weights);
const bits = (values) => Buffer.from(values.buffer).toString("base64");
const before = bits(training.weights);
training.goTo(Math.floor(most / 3));
training.goTo(most);
const rewound = bits(training.weights) === before;

// of processor time, and the best of some rounds: others may use the machine
const used = () => process.cpuUsage().user / 1000;
const timed = new Training(plan, precision);
let rate = 0;
for (let round = 0; round < 5; round++) {
  const [begun, cpu] = [performance.now(), used()];
  let count = 0;
  while (performance.now() - begun < 200 * Number(seconds)) {
    for (let n = 0; n < 200; n++, count++) {
      if (timed.step === timed.last) timed.goTo(0);
      timed.next();
    }
  }
  rate = Math.max(rate, (1000 * count) / (used() - cpu));
}
const whole = new Training(plan, precision);
const start = used();
whole.goTo(whole.last);
console.log(JSON.stringify({ losses, weights, rewound, rate, seconds: (used() - start) / 1000, scores: whole.scores() }));
