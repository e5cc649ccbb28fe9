// The timeline of one notification: counts, then a card per delivery that says what happened and why.
import { html, nothing, type TemplateResult } from "lit-html";
import { repeat } from "lit-html/directives/repeat.js";
import type { Attempt, Decision, Delivery, Notification } from "../api/types.ts";
import type { Tracking } from "../models/tracking.ts";
import {
  channelWords,
  clockTime,
  outcomeWords,
  plain,
  reasonWords,
  span,
  stateWords,
  wholeSeconds,
  type Tone,
} from "../words.ts";
import { empty, icon, notice, skeleton, type View } from "./pieces.ts";

/** States in which nothing reached the person, and somebody will ask why. */
const NOT_SENT = new Set(["SKIPPED", "SUPPRESSED", "MERGED", "SUPERSEDED", "CANCELLED", "EXPIRED", "FAILED", "DEAD"]);

/** The name that the page knows a recipient by. */
export type NameOf = (delivery: Delivery) => string;

export function timelineView(tracking: Tracking | null, now: number, nameOf: NameOf): TemplateResult {
  return html`
    <header class="panel-head">
      <div class="panel-names">
        <h2 id="timeline-title">What happened</h2>
        ${
          tracking
            ? html`<p class="panel-sub"><code>${tracking.id}</code></p>`
            : html`<p class="panel-sub">each delivery, each attempt, each reason</p>`
        }
      </div>
      ${tracking?.notification ? statePill(tracking.notification, tracking.final) : nothing}
    </header>
    ${tracking?.problem ? notice(tracking.problem, tracking.notification ? "waiting" : "bad") : nothing}
    ${
      tracking === null
        ? empty("Nothing sent yet", "Send something, and its way is drawn here while it happens.")
        : tracking.notification
          ? story(tracking.notification, now, nameOf)
          : skeleton("Waiting for the first delivery")
    }
  `;
}

function statePill(notification: Notification, final: boolean): TemplateResult {
  const allGood = notification.counts.every(({ state }) => stateWords(state)[1] === "good");
  return html`<span class="pill" data-tone=${final ? (allGood ? "good" : "quiet") : "waiting"}
    data-testid="notification-state" data-state=${notification.state}>${plain(notification.state)}</span>`;
}

function story(notification: Notification, now: number, nameOf: NameOf): TemplateResult {
  const deliveries = notification.deliveries?.edges.map((edge) => edge.node) ?? [];
  return html`<div class="story" data-testid="timeline" data-state=${notification.state}>
    ${tally(notification)}
    ${decisions(notification.decisions, "Decided for the whole notification")}
    ${deliveries.length === 0 ? skeleton("Waiting for the first delivery") : nothing}
    <ul class="deliveries">
      ${repeat(
        deliveries,
        (one) => one.id,
        (one) => deliveryView(one, notification, now, nameOf(one)),
      )}
    </ul>
    ${
      notification.deliveries?.pageInfo.hasNextPage
        ? html`<p class="story-more">The first ${deliveries.length} deliveries are shown.</p>`
        : nothing
    }
  </div>`;
}

function tally(notification: Notification): TemplateResult {
  const people = notification.recipientCount;
  const total = notification.counts.reduce((sum, { count }) => sum + count, 0);
  return html`<dl class="tally">
    <div><dt>${people === 1 ? "person" : "people"}</dt><dd>${people}</dd></div>
    <div><dt>${total === 1 ? "delivery" : "deliveries"}</dt><dd>${total}</dd></div>
    ${notification.counts.map(({ state, count }) => {
      const [words, tone] = stateWords(state);
      return html`<div data-tone=${tone}><dt>${words.toLowerCase()}</dt><dd>${count}</dd></div>`;
    })}
  </dl>`;
}

function deliveryView(delivery: Delivery, notification: Notification, now: number, name: string): TemplateResult {
  const [words, tone] = stateWords(delivery.state);
  const attempts = delivery.attempts?.edges.map((edge) => edge.node) ?? [];
  return html`<li class="delivery" data-testid="delivery" data-tone=${tone}
    data-state=${delivery.state} data-channel=${delivery.channel ?? ""}>
    <header class="delivery-head">
      <span class="delivery-channel">${icon(delivery.channel === "EMAIL" ? "mail" : "bell")}</span>
      <h3><span dir="auto">${name}</span> <span class="delivery-by">${channelWords(delivery.channel)}</span></h3>
      <span class="pill" data-tone=${tone}>${words}</span>
    </header>
    ${why(delivery)}
    <ol class="steps">
      ${step("good", "Accepted", notification.createdAt)}
      ${attempts.map(attemptView)}
      ${next(delivery, now)}
      ${moments(delivery, attempts)}
    </ol>
    ${decisions(delivery.decisions, "Decisions")}
  </li>`;
}

function why(delivery: Delivery): View {
  if (delivery.state === "BOUNCED") return reasonView("Why did it come back?", delivery);
  if (NOT_SENT.has(delivery.state)) return reasonView("Why was it not sent?", delivery);
  return delivery.state === "UNKNOWN" && delivery.reason ? reasonView("What is not known?", delivery) : nothing;
}

function reasonView(question: string, delivery: Delivery): TemplateResult {
  const decisive = delivery.decisions.findLast((one) => one.reason !== null);
  const reason = delivery.reason ?? decisive?.reason ?? null;
  return html`<div class="why" data-testid="why">
    <p class="why-question">${question}</p>
    <p>${reason ? reasonWords(reason) : "No reason was recorded."}</p>
    <p class="why-code">${reason ? html`<code>${reason}</code>` : nothing}
      ${decisive ? html`<span>decided at <b>${decisive.stage}</b></span>` : nothing}</p>
  </div>`;
}

function attemptView(attempt: Attempt): TemplateResult {
  const [words, tone] = outcomeWords(attempt.outcome);
  const took = attempt.settledAt ? Date.parse(attempt.settledAt) - Date.parse(attempt.startedAt) : null;
  return html`<li class="step" data-tone=${tone} data-testid="attempt">
    <p class="step-head"><span>Attempt ${attempt.number} · <b>${words}</b></span>
      <time datetime=${attempt.startedAt}>${clockTime(attempt.startedAt)}</time></p>
    <p class="step-more">${attempt.providerName}${took === null ? nothing : ` · ${span(took)}`}
      ${attempt.reason ? html`· <code>${attempt.reason}</code>` : nothing}</p>
    ${attempt.answer ? html`<p class="step-answer" dir="auto">${attempt.answer}</p>` : nothing}
  </li>`;
}

function next(delivery: Delivery, now: number): View {
  if (!delivery.nextAttemptAt) return nothing;
  const wait = Date.parse(delivery.nextAttemptAt) - now;
  const words = wait > 0 ? `Next attempt in ${wholeSeconds(wait)}` : "Next attempt is due";
  return step("waiting", words, delivery.nextAttemptAt, "next-attempt");
}

function moments(delivery: Delivery, attempts: readonly Attempt[]): View[] {
  const made: [tone: Tone, words: string, at: string | null][] = [
    ["good", "Sent", attempts.length ? null : delivery.sentAt],
    ["good", "Delivered", delivery.deliveredAt],
    ["good", "Seen", delivery.seenAt],
    ["good", "Read", delivery.readAt],
  ];
  return made.map(([tone, words, at]) => (at ? step(tone, words, at) : nothing));
}

function step(tone: Tone, words: string, at: string, testId = "step"): TemplateResult {
  return html`<li class="step" data-tone=${tone} data-testid=${testId}>
    <p class="step-head"><span>${words}</span><time datetime=${at}>${clockTime(at)}</time></p>
  </li>`;
}

function decisions(made: readonly Decision[], words: string): View {
  if (made.length === 0) return nothing;
  return html`<details class="decisions">
    <summary>${words} <span class="count">${made.length}</span></summary>
    <ol>${made.map(decisionView)}</ol>
  </details>`;
}

function decisionView({ stage, rule, reason }: Decision): TemplateResult {
  return html`<li data-tone=${reason ? "bad" : "good"}>
    <b>${stage}</b> ${rule} ${reason ? html`<code>${reason}</code>` : nothing}
  </li>`;
}
