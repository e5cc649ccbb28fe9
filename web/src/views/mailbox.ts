// The mailbox: every mail that the simulator took, and one of them opened.
import { html, nothing, type TemplateResult } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import type { Mail } from "../api/types.ts";
import type { Mailbox } from "../models/mailbox.ts";
import { mailFrame } from "./mailframe.ts";
import { empty, icon, notice, relativeTime, skeleton } from "./pieces.ts";

export function mailboxView(mailbox: Mailbox, now: number, open: (mail: Mail) => void): TemplateResult {
  return html`
    <header class="panel-head">
      <div class="panel-mark">${icon("mail")}</div>
      <div class="panel-names">
        <h2 id="mailbox-title">Mailbox</h2>
        <p class="panel-sub">what the SMTP simulator took</p>
      </div>
    </header>
    ${mailbox.problem ? notice(mailbox.problem, mailbox.loaded ? "waiting" : "bad") : nothing}
    ${mailbox.loaded ? mails(mailbox, now, open) : skeleton("Loading the mailbox")}
  `;
}

function mails(mailbox: Mailbox, now: number, open: (mail: Mail) => void): TemplateResult {
  if (mailbox.mails.length === 0) return empty("No mail yet", "Every mail that Carillon sends shows up here.");
  return html`<ul class="list" tabindex="0" aria-label="Mails">
    ${repeat(
      mailbox.mails,
      (mail) => mail.id,
      (mail) => html`<li class="item item-mail" ?data-fresh=${mailbox.fresh.has(mail.id)}>
      <button class="mail-open" type="button" data-testid="mail-item" data-id=${mail.id} data-to=${recipients(mail)}
        aria-haspopup="dialog" @click=${() => open(mail)}>
        <span class="item-head">
          <strong class="item-title" dir="auto">${subject(mail)}</strong>${relativeTime(mail.at, now)}
        </span>
        <span class="item-to">to <span dir="auto">${recipients(mail)}</span></span>
        ${mail.text ? html`<span class="item-excerpt" dir="auto">${mail.text.slice(0, 140)}</span>` : nothing}
      </button>
    </li>`,
    )}
  </ul>`;
}

function recipients(mail: Mail): string {
  return Array.isArray(mail.to) ? mail.to.join(", ") : mail.to;
}

function subject(mail: Mail): string {
  return mail.subject || "(no subject)";
}

export type MailPart = "html" | "text";

export function mailView(
  mail: Mail,
  part: MailPart,
  show: (part: MailPart) => void,
  close: () => void,
): TemplateResult {
  return html`<article class="mail-sheet">
    <header class="mail-head">
      <h2 id="mail-subject" dir="auto">${subject(mail)}</h2>
      <button class="tool" type="button" title="Close" @click=${close}>
        ${icon("close")}<span class="visually-hidden">Close</span></button>
    </header>
    <dl class="mail-facts">
      <div><dt>From</dt><dd dir="auto">${mail.from}</dd></div>
      <div><dt>To</dt><dd dir="auto">${recipients(mail)}</dd></div>
      <div><dt>At</dt><dd><time datetime=${mail.at}>${new Date(mail.at).toLocaleString()}</time></dd></div>
      ${mail.messageId ? html`<div><dt>Id</dt><dd><code>${mail.messageId}</code></dd></div>` : nothing}
    </dl>
    ${
      mail.html && mail.text
        ? html`<div class="segments" role="group" aria-label="Part of the mail">
          ${segment("html", "HTML", part, show)}${segment("text", "Plain text", part, show)}
        </div>`
        : nothing
    }
    ${
      part === "html" && mail.html
        ? mailFrame(mail.html)
        : html`<pre class="mail-text" dir="auto">${mail.text ?? "(empty)"}</pre>`
    }
  </article>`;
}

function segment(part: MailPart, words: string, shown: MailPart, show: (part: MailPart) => void): TemplateResult {
  return html`<button class="segment" type="button" aria-pressed=${part === shown} @click=${() => show(part)}>
    ${words}</button>`;
}
