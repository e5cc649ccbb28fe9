// The simulator's mailbox, polled: GET /simulator/mailbox.json. Used by the page.
import type { Mail } from "../api/types.ts";
import { pause, seen } from "./waiting.ts";

const ADDRESS = "/simulator/mailbox.json?limit=20";
const EVERY_MS = 3_000;
const EAGER_MS = 400;
const EAGER_ROUNDS = 12;

export class Mailbox {
  mails: Mail[] = [];
  loaded = false;
  problem = "";
  /** Ids that came in while the page was open, so that the list can show their arrival. */
  readonly fresh = new Set<string>();

  private eager = 0;
  private wake = new AbortController();

  constructor(private readonly changed: () => void) {}

  /** Poll for as long as the page lives and can be seen. */
  async follow(): Promise<never> {
    for (;;) {
      await seen(new AbortController().signal);
      await this.refresh();
      this.wake = new AbortController();
      await pause(this.eager-- > 0 ? EAGER_MS : EVERY_MS, this.wake.signal);
    }
  }

  /** Something was sent: look now, and often for a few seconds. */
  expect(): void {
    this.eager = EAGER_ROUNDS;
    this.wake.abort();
  }

  private async refresh(): Promise<void> {
    try {
      const answer = await fetch(ADDRESS, { headers: { accept: "application/json" } });
      if (!answer.ok) throw new Error(`The mailbox answered HTTP ${answer.status}.`);
      this.replace(((await answer.json()) as { mails: Mail[] }).mails);
      this.problem = "";
    } catch (cause) {
      this.problem =
        cause instanceof Error && !(cause instanceof TypeError) ? cause.message : "The mailbox does not answer.";
    }
    this.changed();
  }

  private replace(mails: Mail[]): void {
    const known = new Set(this.mails.map((mail) => mail.id));
    if (this.loaded) for (const mail of mails) if (!known.has(mail.id)) this.fresh.add(mail.id);
    this.mails = [...mails].sort((a, b) => Date.parse(b.at) - Date.parse(a.at));
    this.loaded = true;
  }
}
