// One demo user's inbox: loaded once, then kept true by the subscription. Used by the page, one per demo user.
import { INBOX, INBOX_EVENTS, MARK } from "../api/documents.ts";
import { run } from "../api/graphql.ts";
import { TokenRefused, listen } from "../api/live.ts";
import type { Bearer } from "../api/session.ts";
import type { InboxConnection, InboxEvent, InboxItem, InboxMark } from "../api/types.ts";
import { backOff, pause } from "./waiting.ts";

export type Connection = "connecting" | "live" | "reconnecting" | "reset";

const SEEN_AFTER_MS = 1_500;
const RESET_SHOWN_MS = 5_000;
const AFTER_RESET_MS = 200;

export interface InboxHost {
  changed(): void;
  /** The server said something about an item, after which its notification's timeline reads differently. */
  heard(): void;
  /** A new item came in live. */
  rang(item: InboxItem): void;
}

export class Inbox {
  items: InboxItem[] = [];
  unread = 0;
  loaded = false;
  /** Why the last try failed, until one succeeds. */
  problem = "";
  older: string | null = null;
  /** Ids that came in live, so that the list can show their arrival. */
  readonly fresh = new Set<string>();

  private cursor: string | null = null;
  private online = false;
  private tries = 0;
  private resetUntil = 0;
  private readonly stopping = new AbortController();
  private readonly seenAsked = new Set<string>();

  constructor(
    private readonly bearer: Bearer,
    private readonly host: InboxHost,
  ) {}

  get connection(): Connection {
    if (Date.now() < this.resetUntil) return "reset";
    if (this.online) return "live";
    return this.tries === 0 ? "connecting" : "reconnecting";
  }

  /** Follow the inbox for as long as the page lives. */
  async follow(): Promise<void> {
    const stop = this.stopping.signal;
    while (!stop.aborted) {
      const reset = await this.connectOnce().catch((cause: unknown) => this.note(cause));
      this.online = false;
      if (!reset) this.tries += 1;
      this.host.changed();
      await pause(reset ? AFTER_RESET_MS : backOff(this.tries), stop);
    }
  }

  stop(): void {
    this.stopping.abort();
  }

  async mark(ids: string[], mark: InboxMark): Promise<void> {
    await this.markWhich({ ids }, mark);
    const at = new Date().toISOString();
    this.items = this.items.map((item) => (ids.includes(item.id) ? marked(item, mark, at) : item));
    this.settle();
  }

  async markAllRead(): Promise<void> {
    await this.markWhich({ all: true }, "READ");
    const at = new Date().toISOString();
    this.items = this.items.map((item) => marked(item, "READ", at));
    this.settle();
  }

  async loadOlder(): Promise<void> {
    if (this.older === null) return;
    const page = await this.query({ after: this.older });
    const known = new Set(this.items.map((item) => item.id));
    this.items = [...this.items, ...nodes(page).filter((item) => !known.has(item.id))];
    this.older = olderCursor(page);
    this.host.changed();
  }

  /** Tell the server, once per item, that the person has had these before their eyes. */
  lookedAt(): void {
    const ids = this.items.filter((item) => !item.seenAt && !this.seenAsked.has(item.id)).map((item) => item.id);
    if (ids.length === 0) return;
    for (const id of ids) this.seenAsked.add(id);
    setTimeout(() => {
      this.mark(ids, "SEEN").catch(() => {
        for (const id of ids) this.seenAsked.delete(id);
      });
    }, SEEN_AFTER_MS);
  }

  /** @returns true when the server asked to load the inbox again. */
  private async connectOnce(): Promise<boolean> {
    this.cursor ??= await this.load();
    const events = listen(INBOX_EVENTS, { since: this.cursor }, this.bearer, this.stopping.signal, () =>
      this.connected(),
    );
    for await (const { inbox: event } of events) {
      if (event.__typename === "InboxReset") return this.reset();
      this.apply(event);
      this.cursor = event.cursor;
    }
    return false;
  }

  private connected(): void {
    this.online = true;
    this.tries = 0;
    this.problem = "";
    this.host.changed();
  }

  private reset(): true {
    this.cursor = null;
    this.resetUntil = Date.now() + RESET_SHOWN_MS;
    setTimeout(() => this.host.changed(), RESET_SHOWN_MS + 50);
    return true;
  }

  private async note(cause: unknown): Promise<false> {
    this.problem = cause instanceof Error ? cause.message : "The connection is lost.";
    if (cause instanceof TokenRefused) await this.bearer.renew().catch(() => undefined);
    return false;
  }

  private async load(): Promise<string> {
    const page = await this.query({});
    this.items = nodes(page);
    this.unread = page.unread;
    this.older = olderCursor(page);
    this.loaded = true;
    this.problem = "";
    this.host.changed();
    return page.liveCursor;
  }

  private async query(variables: { after?: string }): Promise<InboxConnection> {
    const { inbox } = await run(INBOX, variables, this.bearer);
    if (!inbox) throw new Error("This token speaks for nobody who has an inbox.");
    return inbox;
  }

  private apply(event: Exclude<InboxEvent, { __typename: "InboxReset" }>): void {
    this.unread = event.unread;
    if (event.__typename === "InboxItemAdded") this.add(event.item);
    else if (event.__typename === "InboxItemRemoved")
      this.items = this.items.filter((item) => item.id !== event.itemId);
    else this.items = this.items.map((item) => (item.id === event.item.id ? event.item : item));
    this.settle();
    this.host.heard();
  }

  private add(item: InboxItem): void {
    this.items = [item, ...this.items.filter((known) => known.id !== item.id)];
    this.fresh.add(item.id);
    this.host.rang(item);
  }

  private settle(): void {
    this.items = this.items.filter((item) => !item.archivedAt);
    this.host.changed();
  }

  private async markWhich(which: { ids: string[] } | { all: true }, mark: InboxMark): Promise<void> {
    const { markInbox: answer } = await run(MARK, { input: { which, mark } }, this.bearer);
    if (answer.__typename !== "InboxMarked") throw new Error(answer.message);
    this.unread = answer.unread;
  }
}

function nodes(page: InboxConnection): InboxItem[] {
  return page.edges.map((edge) => edge.node).filter((item) => !item.archivedAt);
}

function olderCursor(page: InboxConnection): string | null {
  return page.pageInfo.hasNextPage ? page.pageInfo.endCursor : null;
}

function marked(item: InboxItem, mark: InboxMark, at: string): InboxItem {
  if (mark === "READ") return { ...item, seenAt: item.seenAt ?? at, readAt: item.readAt ?? at };
  if (mark === "UNREAD") return { ...item, readAt: null };
  if (mark === "SEEN") return { ...item, seenAt: item.seenAt ?? at };
  return { ...item, archivedAt: mark === "ARCHIVED" ? at : null };
}
