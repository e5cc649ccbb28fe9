// The chosen user's inbox: its bell, its connection, its items and what can be done to them.
import { html, nothing, type TemplateResult } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import type { DemoUser } from "../api/session.ts";
import type { InboxItem, InboxMark } from "../api/types.ts";
import type { Connection, Inbox } from "../models/inbox.ts";
import { plural } from "../words.ts";
import { bellDrawing } from "./bells.ts";
import { empty, icon, notice, relativeTime, safeUrl, skeleton } from "./pieces.ts";

const CONNECTIONS: Record<Connection, [words: string, more: string]> = {
  connecting: ["Connecting", "Opening the WebSocket"],
  live: ["Live", "Every change arrives over the WebSocket as it happens"],
  reconnecting: ["Reconnecting", "The connection is gone; it resumes from the last cursor, so nothing is missed"],
  reset: ["Reset", "The cursor was too old or foreign; the inbox was loaded again"],
};

export interface InboxActions {
  mark(ids: string[], mark: InboxMark): void;
  markAllRead(): void;
  loadOlder(): void;
}

export function inboxView(user: DemoUser, inbox: Inbox, now: number, act: InboxActions): TemplateResult {
  const [words, more] = CONNECTIONS[inbox.connection];
  return html`
    <header class="panel-head">
      <div class="panel-bell" data-testid="bell" data-unread=${inbox.unread}>${bellDrawing()}</div>
      <div class="panel-names">
        <h2 id="inbox-title">Inbox</h2>
        <p class="panel-sub" dir="auto">${user.name}</p>
      </div>
      <span class="connection" data-testid="connection" data-state=${inbox.connection} title=${more}>${words}</span>
    </header>
    <div class="panel-bar">
      <p><strong data-testid="unread-count">${inbox.unread}</strong> unread</p>
      <button class="button button-quiet" type="button" data-testid="mark-all-read" ?disabled=${inbox.unread === 0}
        @click=${() => act.markAllRead()}>${icon("check")}Mark all read</button>
    </div>
    ${inbox.problem ? notice(inbox.problem, inbox.loaded ? "waiting" : "bad") : nothing}
    ${inbox.loaded ? items(inbox, now, act) : skeleton("Loading the inbox")}
  `;
}

function items(inbox: Inbox, now: number, act: InboxActions): TemplateResult {
  if (inbox.items.length === 0) return empty("Nothing here yet", "Send something: it arrives here without a reload.");
  return html`<ul class="list" tabindex="0" aria-label="Notifications">
    ${repeat(
      inbox.items,
      (item) => item.id,
      (item) => itemView(item, inbox.fresh.has(item.id), now, act),
    )}
    ${
      inbox.older === null
        ? nothing
        : html`<li class="list-more">
          <button class="button button-quiet" type="button" @click=${() => act.loadOlder()}>Older</button>
        </li>`
    }
  </ul>`;
}

function itemView(item: InboxItem, fresh: boolean, now: number, act: InboxActions): TemplateResult {
  const read = item.readAt !== null;
  const url = safeUrl(item.url);
  return html`<li class="item" data-testid="inbox-item" data-id=${item.id} data-read=${read} ?data-fresh=${fresh}>
    <div class="item-words">
      <p class="item-head">
        <strong class="item-title" dir="auto">${item.title ?? item.body}</strong>
        ${read ? nothing : html`<span class="visually-hidden">unread</span>`}
        ${relativeTime(item.createdAt, now)}
      </p>
      ${item.title === null ? nothing : html`<p class="item-body" dir="auto">${item.body}</p>`}
      ${
        url
          ? html`<a class="item-link" href=${url} target="_blank" rel="noopener noreferrer"
            @click=${() => act.mark([item.id], "READ")}>${icon("link")}<span>${shortened(url)}</span></a>`
          : nothing
      }
    </div>
    <div class="item-tools">
      ${
        read
          ? tool("unread", "Mark unread", "mark-unread", () => act.mark([item.id], "UNREAD"))
          : tool("check", "Mark read", "mark-read", () => act.mark([item.id], "READ"))
      }
      ${tool("archive", "Archive", "archive", () => act.mark([item.id], "ARCHIVED"))}
    </div>
  </li>`;
}

function tool(name: string, words: string, testId: string, act: () => void): TemplateResult {
  return html`<button class="tool" type="button" title=${words} data-testid=${testId} @click=${act}>
    ${icon(name)}<span class="visually-hidden">${words}</span></button>`;
}

function shortened(address: string): string {
  return address.replace(/^https?:\/\//, "").replace(/\/$/, "");
}

/** What a screen reader says when an item comes in. */
export function announcement(user: DemoUser, item: InboxItem, unread: number): string {
  return `New for ${user.name}: ${item.title ?? item.body}. ${plural(unread, "unread notification")}.`;
}
