// The net over its input while it trains: classes over two values, with their boundary, or the curve of a number over one.

import { make } from "./dom";
import type { Floats } from "./program";
import { ranges, sideOf, type Plan, type Space } from "./training";
import { say } from "./words";

const [WIDTH, HEIGHT] = [300, 240];
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000"]; // as netspec/training/report/plots.py
const SIGNS = ["●", "✕", "■", "▲"]; // classes differ by shape as well
const MOST_POINTS = 1000;

export class SpacePicture {
  readonly box: HTMLElement;
  private canvas = make("canvas", { width: 2 * WIDTH, height: 2 * HEIGHT, role: "img" });
  private points: { x: number; y: number; kind: number; trained: boolean }[] = [];
  private ends: [number, number][];
  private high = -Infinity; // of the numbers of a curve
  private low = Infinity;

  constructor(private plan: Plan, private space: Space) {
    const { fields, parts } = plan.rows;
    const [input, target] = [fields[space.input]!, fields[space.target]!];
    this.ends = ranges(input);
    const flat = this.ends.length === 2;
    if (!flat) [[this.low, this.high]] = ranges(target) as [[number, number]];
    const all = Object.entries(parts).flatMap(([part, rows]) => rows.map((row) => ({ row, trained: part === "training" })));
    const every = Math.ceil(all.length / MOST_POINTS);
    for (const { row, trained } of all.filter((_, n) => n % every === 0)) {
      const value = target.values[row]!;
      const [x, y] = flat ? [input.values[2 * row]!, input.values[2 * row + 1]!] : [input.values[row]!, value];
      this.points.push({ x, y, kind: flat ? Math.round(value) : 0, trained });
    }
    const kinds = flat ? [...new Set(this.points.map(({ kind }) => kind))].sort((a, b) => a - b) : [];
    const marks = kinds.map((kind) => {
      const sign = make("span", { textContent: SIGNS[kind % SIGNS.length]! });
      sign.style.color = COLOURS[kind % COLOURS.length]!;
      return make("span", {}, sign, ` ${space.target} ${kind}`);
    });
    const [x, y] = flat ? space.axes : [space.axes[0], space.target];
    const axes = (flat ? this.ends : [...this.ends, [this.low, this.high]]).map(([low, high], n) => `${n === 0 ? x : y} ${low!.toPrecision(3)} … ${high!.toPrecision(3)}`);
    const outlined = this.points.some(({ trained }) => !trained) ? [make("span", { textContent: say("notTrained") })] : [];
    const title = make("span", { textContent: `→ ${x}, ↑ ${y}`, title: `${axes.join(", ")}: ${say("asRead")}` });
    this.box = make("figure", { className: "plot" }, this.canvas, make("figcaption", {}, title, ...marks, ...outlined));
    this.canvas.ariaLabel = `${say(flat ? "boundary" : "curve")}: ${axes.join(", ")}`;
  }

  /** Draws the values of now. */
  draw(values: Floats): void {
    const context = this.canvas.getContext("2d")!;
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = "#ffffff";
    context.fillRect(0, 0, this.canvas.width, this.canvas.height);
    if (this.ends.length === 2) this.classes(context, values);
    context.scale(2, 2);
    if (this.ends.length === 1) this.curve(context, values);
    const up: [number, number] = this.ends[1] ?? [this.low, this.high];
    for (const { x, y, kind, trained } of this.points) {
      this.mark(context, part(x, this.ends[0]!) * WIDTH, (1 - part(y, up)) * HEIGHT, kind, trained);
    }
  }

  private mark(context: CanvasRenderingContext2D, x: number, y: number, kind: number, trained: boolean): void {
    context.beginPath();
    const form = kind % SIGNS.length;
    if (form === 0) context.arc(x, y, 2.6, 0, 7);
    else if (form === 2) context.rect(x - 2.4, y - 2.4, 4.8, 4.8);
    else if (form === 3) context.moveTo(x, y - 3), context.lineTo(x + 3, y + 2.4), context.lineTo(x - 3, y + 2.4), context.closePath();
    else context.moveTo(x - 2.5, y - 2.5), context.lineTo(x + 2.5, y + 2.5), context.moveTo(x + 2.5, y - 2.5), context.lineTo(x - 2.5, y + 2.5);
    context.fillStyle = COLOURS[kind % COLOURS.length]!;
    if (form === 1) {
      context.lineWidth = trained ? 1.6 : 3;
      context.strokeStyle = trained ? context.fillStyle : "#000000";
      context.stroke();
      [context.lineWidth, context.strokeStyle] = [1.6, context.fillStyle];
      if (!trained) context.stroke();
      return;
    }
    context.fill();
    [context.lineWidth, context.strokeStyle] = [0.7, trained ? "#ffffff" : "#000000"];
    context.stroke();
  }

  /** Colours each pixel by the class whose value, between the places that are computed, is the largest. */
  private classes(context: CanvasRenderingContext2D, values: Floats): void {
    const [width, height, maps] = [this.canvas.width / 2, this.canvas.height / 2, this.space.maps];
    const side = sideOf((values.length / maps) * 2, 2);
    const kinds = new Uint8Array(width * height);
    for (let row = 0, at = 0; row < height; row++) {
      const up = ((side - 1) * (height - 1 - row)) / (height - 1);
      const below = Math.min(Math.floor(up), side - 2);
      for (let column = 0; column < width; column++, at++) {
        const across = ((side - 1) * column) / (width - 1);
        const left = Math.min(Math.floor(across), side - 2);
        const [s, t] = [across - left, up - below];
        let [best, kind] = [maps === 1 ? 0 : -Infinity, 0];
        for (let map = 0, from = (below * side + left) * maps; map < maps; map++, from++) {
          const low = values[from]! * (1 - s) + values[from + maps]! * s;
          const high = values[from + side * maps]! * (1 - s) + values[from + (side + 1) * maps]! * s;
          const value = low * (1 - t) + high * t;
          if (value > best) [best, kind] = [value, maps === 1 ? 1 : map];
        }
        kinds[at] = kind;
      }
    }
    const image = context.createImageData(width, height);
    for (let at = 0; at < kinds.length; at++) {
      const edge = (at % width < width - 1 && kinds[at] !== kinds[at + 1]) || (at + width < kinds.length && kinds[at] !== kinds[at + width]);
      const colour = parseInt(COLOURS[kinds[at]! % COLOURS.length]!.slice(1), 16);
      for (let n = 0; n < 3; n++) image.data[4 * at + n] = edge ? 51 : 255 - 0.2 * (255 - ((colour >> (16 - 8 * n)) & 255));
      image.data[4 * at + 3] = 255;
    }
    context.putImageData(image, 0, 0);
    context.drawImage(this.canvas, 0, 0, width, height, 0, 0, 2 * width, 2 * height);
  }

  private curve(context: CanvasRenderingContext2D, values: Floats): void {
    context.beginPath();
    values.forEach((value, n) => context.lineTo((n * WIDTH) / (values.length - 1), (1 - part(value, [this.low, this.high])) * HEIGHT));
    [context.lineWidth, context.strokeStyle] = [2, COLOURS[1]!];
    context.stroke();
  }
}

const part = (value: number, [low, high]: [number, number]): number => (value - low) / (high - low);
