// One page in headless Chromium, driven by a command a line that comes in; a line of JSON goes out. Used by the drivers.
import { createRequire } from "node:module";
import { createInterface } from "node:readline";
import { join } from "node:path";

const { chromium } = createRequire(new URL("../../web/package.json", import.meta.url))("playwright-core");
const [executablePath, profile] = process.argv.slice(2);
export const WITHIN_MS = 20_000;
const FLAGS = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

const browser = await chromium.launchPersistentContext(profile, {
  executablePath,
  headless: true,
  args: FLAGS,
  viewport: { width: 1440, height: 900 },
  colorScheme: "light",
});
browser.setDefaultTimeout(WITHIN_MS);
export const page = browser.pages()[0] ?? (await browser.newPage());
const complaints = [];
page.on("console", (message) => {
  if (["error", "warning"].includes(message.type())) complaints.push(`${message.type()}: ${message.text()}`);
});
page.on("pageerror", (error) => complaints.push(`uncaught: ${error.message}`));

/** What can be asked of every page. */
export const common = {
  /** What the console said since the last time, and forget it. */
  async complaints() {
    return { complaints: complaints.splice(0) };
  },

  /** A picture of each width and scheme, and how far the page is wider than its window. */
  async pictures({ folder, name, widths }) {
    const seen = [];
    for (const colorScheme of ["light", "dark"]) {
      for (const width of widths) {
        await page.setViewportSize({ width, height: width < 700 ? 844 : 900 });
        await page.emulateMedia({ colorScheme });
        const path = join(folder, `${name}-${width}-${colorScheme}.png`);
        await page.screenshot({ path, fullPage: true });
        const over = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        seen.push({ width, colorScheme, path, over });
      }
    }
    await page.setViewportSize({ width: 1440, height: 900 });
    await page.emulateMedia({ colorScheme: "light" });
    return { seen };
  },
};

export function seconds(since) {
  return Math.round(performance.now() - since) / 1000;
}

/** Obey until the input ends, then close the browser. */
export async function obeyCommands(commands) {
  for await (const line of createInterface({ input: process.stdin })) {
    process.stdout.write(`${JSON.stringify(await obeyed(commands, line))}\n`);
  }
  await browser.close();
}

async function obeyed(commands, line) {
  const { command, ...words } = JSON.parse(line);
  try {
    return await commands[command](words);
  } catch (cause) {
    return { error: String(cause), saw: await page.locator("body").innerText().catch(() => "") };
  }
}
