// A page as a person uses it: what both pages are driven by, that of `netspec serve` and that without a server.

import { chromium } from "playwright-core";

export const found = { checks: {}, keys: {} };
export const said = [];
export const errors = [];
export const asked = new Set();
export const svg = ".paper svg";
let browser;
let pictures = "";
export let page;

/** Starts a browser and its first page; a check that fails leaves a picture in the folder `shown`. */
export async function begin(executablePath, shown) {
  pictures = shown;
  const flags = "--headless --no-sandbox --disable-gpu --disable-background-networking --disable-component-update --disable-sync";
  browser = await chromium.launch({ executablePath, args: flags.split(" ") });
  page = await tab();
  return page;
}

/** Prints what was found, and ends. */
export async function end() {
  found.said = [...said, ...errors];
  console.log(JSON.stringify(found));
  await browser.close();
}

export async function tab(set = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, locale: "en-US", ...set });
  const page = await context.newPage();
  page.setDefaultTimeout(120_000); // the checks are of what happens; how fast, the figures say
  page.on("console", (message) => message.type() === "error" && errors.push(message.text()));
  page.on("pageerror", (error) => errors.push(error.message));
  page.on("request", (request) => asked.add(new URL(request.url()).host));
  return page;
}

export async function check(name, call) {
  try {
    found.checks[name] = (await call()) !== false;
  } catch (error) {
    found.checks[name] = false;
    said.push(`${name}: ${error.message.split("\n").slice(0, 3).join(" | ")}`);
  }
  if (!found.checks[name] && pictures) await page.screenshot({ path: `${pictures}/failed.png` }).catch(() => undefined);
}

export const median = (times) => times.sort((a, b) => a - b)[Math.floor(times.length / 2)];

export async function open(name, example = false) {
  await page.keyboard.press("Control+o");
  await page.locator(".files input[type=search]").fill(name);
  await page.locator(".files input[type=search]").press("Enter");
  const leave = page.locator("dialog .buttons button").first();
  await page.waitForTimeout(150);
  if (await leave.isVisible().catch(() => false)) await leave.click();
  await page.waitForFunction((name) => document.title.includes(name), name);
  await page.waitForFunction(() => !document.querySelector(".paper")?.classList.contains("old"));
  await page.waitForTimeout(300);
}

/** Puts the caret at the end of the first line that has a text, without the mouse. */
export async function caret(text) {
  await page.locator(".cm-content").focus();
  await page.keyboard.press("Control+Home");
  const lines = (await read()).split("\n");
  const at = lines.findIndex((line) => line.includes(text));
  for (let line = 0; line < at; line++) await page.keyboard.press("ArrowDown");
  await page.keyboard.press("End");
}

// what is saved in the tab is the text as it is, without the types that the page shows in it
export const read = () => page.evaluate(() => JSON.parse(sessionStorage.getItem("draft")).text);
export const write = async (text) => {
  await page.locator(".cm-content").focus();
  await page.keyboard.press("Control+a");
  await page.locator(".cm-content").fill(text);
};

/** Begins a new text. */
export async function fresh(text) {
  await page.getByRole("button", { name: "New", exact: true }).click();
  await page.waitForTimeout(300);
  await page.locator("dialog .buttons button").first().click({ timeout: 500 }).catch(() => undefined);
  await write(text);
}

// from the key event to the frame after the new figure stands in the page
export async function typed(name) {
  await open(name);
  await caret("output ");
  await page.keyboard.press("Home");
  await page.keyboard.press("ArrowUp");
  await page.keyboard.press("End");
  await page.evaluate(() => {
    const times = (window.times = []);
    let begun = 0;
    document.addEventListener("keydown", () => (begun = performance.now()), true);
    new MutationObserver(() => {
      const at = begun;
      begun = 0;
      if (at > 0) requestAnimationFrame(() => setTimeout(() => times.push(performance.now() - at)));
    }).observe(document.querySelector(".paper"), { childList: true });
  });
  for (let key = 0; key < 20; key++) {
    await page.keyboard.press(key % 2 === 0 ? "Space" : "Backspace");
    await page.waitForTimeout(180);
  }
  const times = await page.evaluate(() => window.times);
  if (times.length < 10) said.push(`${name}: only ${times.length} figures`);
  return { median: median(times) ?? 1e6, worst: Math.max(0, ...times), figures: times.length };
}
