// The row of bells: one per demo user, chosen by a radio button, ringing when something arrives.
import { html, nothing, type TemplateResult } from "lit-html";
import type { DemoUser } from "../api/session.ts";
import type { Inbox } from "../models/inbox.ts";
import { plural } from "../words.ts";

const SWING_MS = 2_200;
const SWINGS = [0, 17, -15, 12, -9, 6, -4, 2, 0];

export interface Ringer {
  user: DemoUser;
  inbox: Inbox;
}

export function bells(ringers: readonly Ringer[], chosen: string, choose: (userId: string) => void): TemplateResult {
  return html`<fieldset class="ringers" data-testid="user-select">
    <legend class="visually-hidden">Whose inbox to show</legend>
    ${ringers.map(
      ({ user, inbox }) => html`<label class="ringer" data-testid="user-option" data-user=${user.externalId}>
        <input class="visually-hidden" type="radio" name="user" value=${user.id} .checked=${user.id === chosen}
          aria-label="${user.name}, ${plural(inbox.unread, "unread", "unread")}" @change=${() => choose(user.id)}>
        <span class="hanging">
          ${bellDrawing()}
          ${inbox.unread > 0 ? html`<span class="badge">${inbox.unread > 99 ? "99+" : inbox.unread}</span>` : nothing}
        </span>
        <span class="ringer-name" dir="auto">${user.name}</span>
      </label>`,
    )}
  </fieldset>`;
}

export function bellDrawing(): TemplateResult {
  return html`<svg class="bell" viewBox="0 0 100 120" aria-hidden="true">
    <path class="waves"
      d="M5 63a28 28 0 0 0 0 32M95 63a28 28 0 0 1 0 32M-5 56a40 40 0 0 0 0 46M105 56a40 40 0 0 1 0 46"/>
    <g class="swing"><circle class="bell-clapper" cx="50" cy="106" r="8"/><use href="#shape-bell"/></g>
  </svg>`;
}

/** Swing every bell drawn inside `root`. With reduced motion it glows instead. */
export function ring(root: Element): void {
  const still = matchMedia("(prefers-reduced-motion: reduce)").matches;
  for (const bell of root.querySelectorAll(".bell")) {
    bell.querySelector(".waves")?.animate({ opacity: [0, 1, 0.4, 0.8, 0] }, { duration: SWING_MS });
    if (still) continue;
    const swing = bell.querySelector(".swing");
    swing?.animate(
      { transform: SWINGS.map((degrees) => `rotate(${degrees}deg)`) },
      { duration: SWING_MS, easing: "ease-in-out" },
    );
    swing?.animate({ filter: ["brightness(1.12)", "brightness(1.04)"] }, { duration: SWING_MS });
    const late = { transform: SWINGS.map((degrees) => `translateX(${-degrees * 0.7}px)`) };
    bell.querySelector(".bell-clapper")?.animate(late, { duration: SWING_MS, delay: 70, easing: "ease-in-out" });
  }
}
