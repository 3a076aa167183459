// The page in a browser, as a person uses it: node run.mjs BROWSER ADDRESS FOLDER [PICTURES] -> one JSON of figures.
// FOLDER is what `netspec serve` has opened; it holds the specs of the post.

import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { asked, begin, caret, check, end, errors, found, fresh, median, open, page, read, svg, tab, typed, write } from "./drive.mjs";

const [executablePath, address, folder, pictures] = process.argv.slice(2);
await begin(executablePath, pictures);

await page.goto(address);
await page.waitForSelector(svg);
const starts = [];
for (let round = 0; round < 5; round++) {
  const other = await tab();
  const begun = Date.now();
  await other.goto(address);
  await other.waitForSelector(svg);
  starts.push(Date.now() - begun);
  await other.context().close();
  await page.waitForTimeout(4000); // the spare engine starts
}
found.start = median(starts);

for (const name of ["mlp.net", "lenet.net", "rnn.net", "resnet50.net"]) found.keys[name] = await typed(name);

const TEXT = "net first {\n  input  x: 4\n  hidden h: 8 perceptrons -> rellu\n  output y: 3 perceptrons\n}\n";
await check("a mistake stands under its word, and a click mends it, and undo takes it back", async () => {
  await fresh(TEXT);
  await page.waitForSelector(".cm-lintRange-error");
  await page.locator(".problem button", { hasText: "relu" }).first().click();
  await page.waitForFunction(() => document.querySelector(".problem") === null);
  if (!(await read()).includes("-> relu\n")) return false;
  await page.keyboard.press("Control+z");
  await page.waitForSelector(".problem");
  await page.keyboard.press("Control+y");
  await page.waitForFunction(() => document.querySelector(".problem") === null);
});
await check("a code is explained", async () => {
  await write(TEXT);
  await page.locator(".problem button", { hasText: "NS202" }).click();
  await page.waitForFunction(() => document.querySelector("#panel-explain pre")?.textContent.includes("NS202"));
  await page.getByRole("tab", { name: "Figure" }).click();
  await write(TEXT.replace("rellu", "relu"));
  await page.waitForFunction(() => document.querySelector(".problem") === null);
});
await check("a click in the figure goes to the line, and the caret marks its node", async () => {
  await page.locator(`${svg} circle[data-layer="y"]`).first().click({ force: true });
  await page.waitForSelector(`${svg} circle.here[data-layer="y"]`);
  const line = await page.locator(".cm-activeLine").textContent();
  await caret("hidden h");
  await page.waitForSelector(`${svg} circle.here[data-layer="h"]`);
  return line.includes("output y");
});
await check("a unit more and a layer more from the figure, taken back by undo", async () => {
  const before = await read();
  await caret("hidden h");
  await page.locator("#change-more").click();
  await page.waitForFunction(() => document.querySelector(".cm-content").textContent.includes("9 perceptrons"));
  await page.locator("#change-add").click();
  await page.waitForSelector(`${svg} [data-layer="h2"]`);
  await page.locator(".cm-content").focus();
  await page.keyboard.press("Control+z");
  await page.keyboard.press("Control+z");
  await page.waitForTimeout(300);
  return (await read()) === before;
});
await check("completion", async () => {
  await caret("hidden h");
  await page.keyboard.type(" -> dropo");
  await page.waitForSelector(".cm-tooltip-autocomplete li");
  await page.waitForTimeout(500);
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.querySelector(".cm-content").textContent.includes("dropout"));
  const text = await read();
  for (let key = 0; key < 11; key++) await page.keyboard.press("Backspace");
  return text.includes("dropout");
});
await check("hover", async () => {
  await page.locator(".cm-line", { hasText: "hidden h" }).locator(".t-function").last().hover();
  await page.waitForSelector(".cm-tooltip .markdown");
  await page.mouse.move(5, 5);
});
await check("types stand after lines", async () => (await page.locator(".type").allTextContents()).includes("is 8"));
await check("rename", async () => {
  await caret("hidden h");
  await page.keyboard.press("Home");
  for (let key = 0; key < 8; key++) await page.keyboard.press("ArrowRight");
  await page.keyboard.press("F2");
  await page.locator("dialog input").fill("middle");
  await page.locator("dialog input").press("Enter");
  await page.waitForTimeout(400);
  return (await read()).includes("hidden middle:");
});
await check("format", async () => {
  await write("net n {\ninput x: 4\noutput y: 2 perceptrons\n}\n");
  await page.keyboard.press("Shift+Alt+F");
  await page.waitForTimeout(500);
  return (await read()).includes("  input  x: 4");
});
await check("table and source", async () => {
  for (const [name, word] of [["Table", "weights"], ["PyTorch", "class "]]) {
    await page.getByRole("tab", { name }).click();
    await page.waitForFunction((word) => document.querySelector(".panel.text:not([hidden])")?.textContent.includes(word), word);
  }
  await page.getByRole("tab", { name: "Figure" }).click();
});
await check("downloads", async () => {
  for (const [form, sign] of [["svg", "<svg"], ["png", "\x89PNG"], ["pdf", "%PDF"], ["py", ""], ["net", "net n"]]) {
    const arrives = page.waitForEvent("download");
    await page.locator(".top select").first().selectOption(form);
    const path = await (await arrives).path();
    if (!readFileSync(path).toString("latin1").slice(0, 200).includes(sign)) return false;
  }
});
await check("saved as a new file, then again", async () => {
  await page.keyboard.press("Control+s");
  await page.locator("dialog input").fill("mine");
  await page.locator("dialog input").press("Enter");
  await page.waitForFunction(() => document.title.startsWith("mine.net"));
  await caret("output y");
  await page.keyboard.type(" # end");
  await page.waitForFunction(() => document.title.startsWith("•"));
  await page.keyboard.press("Control+s");
  await page.waitForFunction(() => document.title.startsWith("mine.net"));
  return readFileSync(`${folder}/mine.net`, "utf8").includes("# end");
});
await check("a file that has changed is not written over unasked", async () => {
  writeFileSync(`${folder}/mine.net`, "net other {\n}\n");
  await caret("output y");
  await page.keyboard.type("!");
  await page.keyboard.press("Control+s");
  await page.waitForSelector("dialog .message");
  await page.locator("dialog button", { hasText: "Cancel" }).click();
  const there = readFileSync(`${folder}/mine.net`, "utf8");
  rmSync(`${folder}/mine.net`); // else it is the first file of every tab that comes, and has no figure
  return there === "net other {\n}\n";
});
await check("a reload keeps the text", async () => {
  const text = await read();
  page.once("dialog", (dialog) => dialog.accept());
  await page.reload();
  await page.waitForSelector(svg);
  return (await read()) === text;
});
await check("a worker that is killed loses nothing", async () => {
  await write(TEXT.replace("rellu", "relu"));
  await page.waitForTimeout(300);
  const text = await read();
  writeFileSync(`${folder}/kill`, "");
  for (let turn = 0; existsSync(`${folder}/kill`) && turn < 100; turn++) await page.waitForTimeout(100);
  await caret("hidden h");
  await page.keyboard.type(" -> tanh");
  await page.waitForFunction(() => document.querySelector(".status")?.textContent === "", undefined);
  await page.waitForFunction(() => [...document.querySelectorAll(".t-function")].some((each) => each.textContent === "tanh"));
  return (await read()) === text.replace("relu", "relu -> tanh");
});
await check("a link has the text", async () => {
  const text = await read();
  await page.getByRole("button", { name: "Copy link" }).click();
  await page.waitForFunction(() => location.hash.length > 10);
  const other = await tab();
  await other.goto(page.url());
  await other.waitForSelector(svg);
  const there = await other.evaluate(() => JSON.parse(sessionStorage.getItem("draft")).text);
  await other.context().close();
  return there === text;
});
await check("a run is trained, its weights reach the figure, it stops and goes on", async () => {
  await open("tasks/xor.net");
  await page.getByText("Training", { exact: true }).click();
  const state = (word) => page.waitForFunction((word) => document.querySelector(".training p")?.textContent.includes(word), word, { timeout: 300_000 });
  const wires = () => page.evaluate(() => document.querySelector(".paper svg").outerHTML);
  const before = await wires();
  await page.getByRole("button", { name: "Train", exact: true }).click();
  await state("has finished");
  await page.waitForTimeout(1000);
  const lines = await page.locator(".curves polyline").count();
  await caret("epochs");
  await page.keyboard.type("000");
  await page.getByRole("button", { name: "Train", exact: true }).click();
  await page.waitForFunction(() => document.title.startsWith("tasks/xor.net")); // saved first
  await state("runs · epoch");
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await state("has stopped");
  await page.getByRole("button", { name: "Go on", exact: true }).click();
  await state("runs · epoch");
  await page.getByRole("button", { name: "Stop", exact: true }).click();
  await state("has stopped");
  return lines >= 2 && (await wires()) !== before && existsSync(`${folder}/runs/xor-2/metrics.jsonl`);
});
await check("ten tabs", async () => {
  const others = await Promise.all(Array.from({ length: 10 }, () => tab()));
  try {
    const begun = Date.now();
    await Promise.all(others.map((other) => other.goto(address)));
    await Promise.all(others.map((other) => other.waitForSelector(svg)));
    found.tabs = Date.now() - begun;
  } finally {
    await Promise.all(others.map((other) => other.context().close()));
  }
});
for (const [name, set, locale] of [["light", {}, "en-US"], ["dark", { colorScheme: "dark" }, "ko-KR"], ["tablet", { viewport: { width: 820, height: 1180 } }, "ko-KR"]]) {
  await check(`a picture: ${name}`, async () => {
    const other = await tab({ ...set, locale });
    await other.goto(address);
    await other.waitForSelector(svg);
    await other.locator(".cm-content").click();
    await other.keyboard.press("Control+End");
    await other.keyboard.type("\nnet wrong {\n");
    await other.waitForSelector(".problem");
    await other.waitForTimeout(1500);
    if (pictures) await other.screenshot({ path: `${pictures}/${name}.png` });
    // also with a message above it the whole figure is in sight
    const fits = await other.evaluate(() => {
      const [box, own] = [".figure", ".paper svg"].map((each) => document.querySelector(each).getBoundingClientRect());
      return document.documentElement.scrollWidth <= innerWidth && own.height > 100 && own.bottom <= box.bottom && own.right <= box.right;
    });
    await other.context().close();
    return fits;
  });
}
await check("nothing is asked of another host", () => asked.size === 1 || [...asked].every((each) => each === "" || each === new URL(address).host));
await check("no error in the console", () => errors.length === 0);
await end();
