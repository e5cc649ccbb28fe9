// Small templates that several views share: icons, notices, times, safe links.
import { html, nothing, type TemplateResult } from "lit-html";
import { ago } from "../words.ts";

export type View = TemplateResult | typeof nothing;

export function icon(name: string): TemplateResult {
  return html`<svg class="icon" aria-hidden="true"><use href="#icon-${name}"/></svg>`;
}

export function relativeTime(at: string, now: number): TemplateResult {
  return html`<time datetime=${at} title=${new Date(at).toLocaleString()}>${ago(at, now)}</time>`;
}

export function notice(words: string, tone: "bad" | "waiting" = "bad"): TemplateResult {
  return html`<p class="notice" data-tone=${tone} role=${tone === "bad" ? "alert" : "status"}>${words}</p>`;
}

export function empty(title: string, words: string): TemplateResult {
  return html`<div class="empty">
    <svg class="empty-bell" viewBox="0 0 100 120" aria-hidden="true"><use href="#shape-bell"/></svg>
    <p class="empty-title">${title}</p><p>${words}</p></div>`;
}

export function skeleton(words: string): TemplateResult {
  return html`<div class="skeleton" role="status">
    <span class="visually-hidden">${words}</span><i></i><i></i><i></i>
  </div>`;
}

/** The address if it is one that a page may link to; content comes from callers, who may write “javascript:”. */
export function safeUrl(address: string | null): string | null {
  if (address === null || !URL.canParse(address)) return null;
  return ["http:", "https:", "mailto:"].includes(new URL(address).protocol) ? address : null;
}
