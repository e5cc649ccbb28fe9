// A page that follows an inbox by the browser's own EventSource. Run by test_event_source.py.
//   node event_source.mjs CHROMIUM PROFILE_FOLDER
import { common, obeyCommands, page, WITHIN_MS } from "./browser.mjs";

const commands = {
  async open({ url }) {
    return { status: (await page.goto(url)).status() };
  },

  /** A request of the page's own, with a token; the answer's status and body. */
  async call({ method, path, token }) {
    return page.evaluate(
      async ([method, path, token]) => {
        const answer = await fetch(path, { method, headers: { authorization: `Bearer ${token}` } });
        const text = await answer.text();
        return { status: answer.status, body: text ? JSON.parse(text) : null, cookies: document.cookie };
      },
      [method, path, token],
    );
  },

  /** Follow, and note what comes under a name. */
  async follow({ name, address }) {
    await page.evaluate(
      ([name, address]) => {
        const source = new EventSource(address);
        const noted = { source, events: [], opened: 0, errors: 0 };
        (window.followed ??= {})[name] = noted;
        source.onopen = () => noted.opened++;
        source.onerror = () => noted.errors++;
        for (const type of ["ready", "added", "changed", "removed", "reset", "end"])
          source.addEventListener(type, (event) =>
            noted.events.push({ type, id: event.lastEventId, data: JSON.parse(event.data) }),
          );
      },
      [name, address],
    );
    return {};
  },

  /** What was noted, once there are so many events. */
  async seen({ name, events = 0, opened = 0, closed = false }) {
    await page.waitForFunction(
      ([name, events, opened, closed]) => {
        const noted = window.followed[name];
        return noted.events.length >= events && noted.opened >= opened && (!closed || noted.source.readyState === 2);
      },
      [name, events, opened, closed],
      { timeout: 2 * WITHIN_MS },
    );
    return page.evaluate((name) => {
      const { source, events, opened, errors } = window.followed[name];
      return { events, opened, errors, state: source.readyState };
    }, name);
  },

  async leave({ name }) {
    await page.evaluate((name) => window.followed[name].source.close(), name);
    return {};
  },
};

await obeyCommands({ ...common, ...commands });
