// Drives the demo page: what one can do there, and what is to be seen. Run by demo_page.py.
//   node demo_page.mjs CHROMIUM PROFILE_FOLDER
import { common, obeyCommands, page, seconds, WITHIN_MS } from "./browser.mjs";

const byId = (id) => page.getByTestId(id);
const counted = async (locator, count) => locator.nth(count - 1).waitFor({ state: "attached" });

const commands = {
  async open({ url }) {
    const began = performance.now();
    const answer = await page.goto(url);
    await page.locator('[data-testid="connection"][data-state="live"]').waitFor();
    await page.evaluate(() => (window.neverReloaded = true));
    const bells = await byId("user-option").evaluateAll((all) => all.map((one) => one.dataset.user));
    return { status: answer.status(), bells, title: await page.title(), seconds: seconds(began) };
  },

  async choose({ user }) {
    await page.locator(`[data-testid="user-option"][data-user="${user}"]`).click();
    return commands.look();
  },

  /** Send by the form; how many seconds after the click each thing was there. */
  async send({ to, title, link, mailTo, live }) {
    await byId("to-select").selectOption(to);
    await page.getByLabel("Title").fill(title);
    await page.getByLabel("Link").fill(link ?? "");
    await channel("EMAIL").setChecked(true);
    await channel("IN_APP").setChecked(true);
    const earlier = await told();
    const began = performance.now();
    await byId("send-button").click();
    const there = async (locator) => locator.first().waitFor().then(() => seconds(began));
    const [mail, item, completed] = await Promise.all([
      mailTo && there(page.locator(`[data-testid="mail-item"][data-to="${mailTo}"]`).filter({ hasText: title })),
      live && there(byId("inbox-item").filter({ hasText: title })),
      ended(earlier).then(() => seconds(began)),
    ]);
    return { mail, item, completed, timeline: await story() };
  },

  async preset({ name }) {
    await page.getByRole("button", { name, exact: true }).click();
    const earlier = await told();
    await byId("send-button").click();
    const failure = byId("failure");
    await Promise.any([ended(earlier), failure.waitFor()]);
    if (!(await failure.count())) return { timeline: await story() };
    return {
      code: await failure.getAttribute("data-code"),
      words: await failure.innerText(),
      fieldError: await page.locator("#error-url").innerText(),
      invalid: await page.getByLabel("Link").getAttribute("aria-invalid"),
      focused: await page.evaluate(() => document.activeElement?.id),
    };
  },

  async readAll() {
    await byId("mark-all-read").click();
    await page.locator('[data-testid="bell"][data-unread="0"]').waitFor();
    return commands.look();
  },

  async openMail({ title, picture }) {
    await byId("mail-item").filter({ hasText: title }).first().click();
    const sheet = byId("mail-view");
    await sheet.waitFor();
    const words = await sheet.innerText();
    const mail = sheet.locator("iframe").contentFrame();
    const body = await mail.locator("body").innerText();
    const corners = await mail.locator(".card").evaluate((card) => getComputedStyle(card).borderRadius);
    if (picture) await page.screenshot({ path: picture });
    await page.keyboard.press("Escape");
    await sheet.waitFor({ state: "hidden" });
    return { words, body, corners };
  },

  async connection({ state }) {
    await page.locator(`[data-testid="connection"][data-state="${state}"]`).waitFor({ timeout: 2 * WITHIN_MS });
    return {};
  },

  async item({ title }) {
    await counted(byId("inbox-item").filter({ hasText: title }), 1);
    return commands.look();
  },

  async look() {
    return page.evaluate(() => {
      const all = (id) => [...document.querySelectorAll(`[data-testid="${id}"]`)];
      const badge = document.querySelector('[data-testid="user-option"]:has(:checked) .badge');
      return {
        neverReloaded: window.neverReloaded === true,
        connection: all("connection")[0]?.dataset.state,
        unread: Number(all("unread-count")[0]?.textContent),
        badge: badge?.textContent ?? "",
        ids: all("inbox-item").map((one) => one.dataset.id),
        titles: all("inbox-item").map((one) => one.querySelector(".item-title").textContent),
        markAll: !all("mark-all-read")[0]?.disabled,
      };
    });
  },

  ...common,
};

function channel(name) {
  return page.locator(`input[name="channel"][value="${name}"]`);
}

/** Which notification the timeline tells of. */
async function told() {
  return page.locator("#timeline .panel-sub").innerText();
}

/** Wait until the timeline tells of another notification, and that one has come to its end. */
async function ended(earlier) {
  await page.waitForFunction((before) => {
    const one = document.querySelector("#timeline .panel-sub")?.innerText;
    return one !== before && document.querySelector('[data-testid="timeline"][data-state="COMPLETED"]');
  }, earlier);
}

async function story() {
  return {
    state: await byId("timeline").getAttribute("data-state"),
    deliveries: await byId("delivery").evaluateAll((all) =>
      all.map((one) => ({
        channel: one.dataset.channel,
        state: one.dataset.state,
        attempts: one.querySelectorAll('[data-testid="attempt"]').length,
        why: one.querySelector('[data-testid="why"]')?.innerText ?? "",
      })),
    ),
  };
}

await obeyCommands(commands);
