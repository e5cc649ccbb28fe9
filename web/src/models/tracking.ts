// One sent notification, polled until every delivery has reached a final state. Used by the page after each send.
import { TIMELINE } from "../api/documents.ts";
import { run } from "../api/graphql.ts";
import type { Bearer } from "../api/session.ts";
import type { Notification } from "../api/types.ts";
import { backOff, pause, seen } from "./waiting.ts";

const QUICK_MS = 300;
const QUICK_ROUNDS = 15;
const CALM_MS = 1_500;
const FINAL = new Set(["COMPLETED", "CANCELLED", "EXPIRED"]);

export class Tracking {
  notification: Notification | null = null;
  problem = "";
  private readonly stopping = new AbortController();

  constructor(
    readonly id: string,
    private readonly bearer: Bearer,
    private readonly changed: () => void,
  ) {}

  get final(): boolean {
    return this.notification !== null && FINAL.has(this.notification.state);
  }

  async follow(): Promise<void> {
    const stop = this.stopping.signal;
    for (let round = 0, failures = 0; !stop.aborted && !this.final; round++) {
      await seen(stop);
      failures = (await this.refresh()) ? 0 : failures + 1;
      if (!this.final) await pause(failures ? backOff(failures) : round < QUICK_ROUNDS ? QUICK_MS : CALM_MS, stop);
    }
  }

  stop(): void {
    this.stopping.abort();
  }

  /** Ask once more, for what happens after the end: seen, read, a late bounce. Says whether the server answered. */
  async refresh(): Promise<boolean> {
    try {
      const { notification } = await run(TIMELINE, { id: this.id }, this.bearer);
      this.notification = notification;
      this.problem = notification ? "" : "The notification cannot be found.";
    } catch (cause) {
      this.problem = cause instanceof Error ? cause.message : "The server does not answer.";
    }
    this.changed();
    return this.problem === "";
  }
}
