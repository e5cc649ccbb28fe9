// Drives GraphiQL at /graphql: open it, choose a tab, run, read the answer. Run by test_graphiql.py.
//   node graphiql.mjs CHROMIUM PROFILE_FOLDER
import { common, obeyCommands, page } from "./browser.mjs";

/** The editors of variables and of headers, in this order. */
const tools = () => page.locator("section.graphiql-editor-tool .CodeMirror");
const textOf = (locator) => locator.evaluate((element) => element.CodeMirror.getValue());
const answer = () => textOf(page.locator(".result-window .CodeMirror"));

const commands = {
  /** Open the address, and wait until GraphiQL has read the schema. */
  async open({ url, demo = true }) {
    if (!demo) await page.route("**/demo/session.json", (route) => route.fulfill({ status: 404 }));
    const response = await page.goto(`${url}/graphql`);
    await page.locator(".graphiql-container").waitFor();
    if (demo) await schemaIsThere();
    return { status: response.status(), title: await page.title(), tabs: await tabs() };
  },

  async reload() {
    await page.reload();
    await schemaIsThere();
    return { tabs: await tabs() };
  },

  async tab({ name }) {
    await page.getByRole("tab").filter({ hasText: name }).getByRole("button", { name }).click();
    return commands.look();
  },

  /** Press the button, and wait for an answer that holds these words. */
  async run({ until }) {
    await page.getByRole("button", { name: "Execute query" }).click();
    return commands.heard({ until });
  },

  /** Press it again and again, until an answer holds these words. */
  async run_until({ until }) {
    for (;;) {
      const seen = await commands.run({ until: '"data"' });
      if (JSON.stringify(seen).includes(until)) return seen;
    }
  },

  /** Wait for an answer that holds these words. */
  async heard({ until }) {
    await page.waitForFunction(
      (words) => document.querySelector(".result-window .CodeMirror")?.CodeMirror.getValue().includes(words),
      until,
    );
    return { answer: JSON.parse(await answer()) };
  },

  /** Start a subscription, and wait until it listens. */
  async listen() {
    await page.getByRole("button", { name: "Execute query" }).click();
    await page.getByText("Listening as").waitFor();
    return {};
  },

  /** Send something to whoever listens in this tab. */
  async ring() {
    await page.getByTestId("ring").click();
    return {};
  },

  async speak_as({ key }) {
    await page.getByTestId("speaks").selectOption(key);
    return commands.look();
  },

  /** Write into the headers editor, as a person who pastes a key. */
  async headers({ text }) {
    await page.getByRole("button", { name: "Headers", exact: true }).click();
    await tools().nth(1).click();
    await page.keyboard.press("ControlOrMeta+A");
    await page.keyboard.insertText(text);
    return {};
  },

  async schema() {
    await schemaIsThere();
    return {};
  },

  /** Open and close what lies over the page: the settings dialog and a tooltip. */
  async overlays() {
    await page.getByRole("button", { name: "Open settings dialog" }).click();
    await page.getByRole("dialog").waitFor();
    const scrolls = await page.evaluate(() => getComputedStyle(document.body).overflow);
    await page.keyboard.press("Escape");
    await page.getByRole("dialog").waitFor({ state: "hidden" });
    return { scrolls };
  },

  /** Open the reference of the schema and follow it to a type. */
  async docs() {
    await page.getByRole("button", { name: "Show Documentation Explorer" }).click();
    const explorer = page.locator(".graphiql-doc-explorer");
    await explorer.getByRole("link", { name: "Mutation" }).first().click();
    await explorer.getByText("sendNotifications").first().waitFor();
    const words = await explorer.innerText();
    await page.getByRole("button", { name: "Hide Documentation Explorer" }).click();
    return { words };
  },

  async look() {
    return {
      answer: await answer(),
      variables: await textOf(tools().first()),
      speaks: await page.evaluate(() => document.querySelector('[data-testid="speaks"]')?.value ?? ""),
      kept: await page.evaluate(() => JSON.stringify({ ...localStorage })),
    };
  },

  ...common,
};

async function tabs() {
  return page.getByRole("tab").allInnerTexts();
}

/** Field names are coloured as known ones once the schema is there. */
async function schemaIsThere() {
  await page.waitForFunction(() => document.querySelector(".graphiql-query-editor .CodeMirror")?.CodeMirror.options.lint.schema);
}

await obeyCommands(commands);
