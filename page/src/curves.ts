// The curves of a run: one diagram for the loss, one for all scores between 0 and 1.

import { say } from "./words";

export interface Row {
  epoch: number;
  training: Record<string, number>;
  validation: Record<string, number>;
}

const [WIDTH, HEIGHT, LEFT, BELOW] = [400, 170, 54, 24];
const SVG = "http://www.w3.org/2000/svg";

/** Draws one diagram for the loss and one for all scores between 0 and 1. */
export function diagrams(rows: Row[]): SVGElement[] {
  const names = [...new Set(rows.flatMap((row) => [...Object.keys(row.training), ...Object.keys(row.validation)]))];
  const losses = names.filter((name) => name.startsWith("loss"));
  const scores = names.filter((name) => !name.startsWith("loss"));
  const groups = [losses, scores].filter((group) => group.length > 0);
  return groups.map((group) => diagram(rows, group));
}

function diagram(rows: Row[], names: string[]): SVGElement {
  const lines = names.flatMap((name) =>
    (["training", "validation"] as const).map((part) => ({
      title: part === "training" ? name : `${say("validation")} ${name}`,
      dashed: part === "validation",
      points: rows.flatMap((row) => (Number.isFinite(row[part][name]) ? [[row.epoch, row[part][name]!] as const] : [])),
    })),
  ).filter((line) => line.points.length > 0);
  const values = lines.flatMap((line) => line.points.map(([, value]) => value));
  const [low, high] = [Math.min(...values), Math.max(...values)];
  const last = Math.max(2, ...rows.map((row) => row.epoch));
  const x = (epoch: number) => LEFT + ((WIDTH - LEFT - 8) * (epoch - 1)) / (last - 1);
  const y = (value: number) => 8 + ((HEIGHT - BELOW - 8) * (high - value)) / (high - low || 1);
  const found = part("svg", { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, role: "img", "aria-label": lines.map((line) => line.title).join(", ") });
  found.append(part("path", { d: `M${LEFT},8V${HEIGHT - BELOW}H${WIDTH - 8}`, class: "axis" }));
  for (const [value, at] of [[high, y(high) + 5], [low, y(low)]] as const) {
    found.append(part("text", { x: LEFT - 6, y: at, "text-anchor": "end" }, value.toPrecision(3)));
  }
  found.append(part("text", { x: WIDTH - 8, y: HEIGHT - 8, "text-anchor": "end" }, `${say("epoch")} ${last}`));
  for (const [number, line] of lines.entries()) {
    const points = line.points.map(([epoch, value]) => `${x(epoch).toFixed(1)},${y(value).toFixed(1)}`).join(" ");
    const name = `line line${Math.floor(number / 2) % 4}${line.dashed ? " dashed" : ""}`;
    found.append(part("polyline", { points, class: name }), part("text", { x: LEFT + 8 + 96 * number, y: HEIGHT - 8, class: name }, line.title));
  }
  return found;
}

function part(tag: string, set: Record<string, string | number>, text = ""): SVGElement {
  const found = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(set)) found.setAttribute(name, String(value));
  found.textContent = text;
  return found;
}
