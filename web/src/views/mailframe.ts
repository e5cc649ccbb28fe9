// A mail's HTML in a sandboxed frame where nothing can run, yet with its own styles. Used by the mail view.
import { html, type TemplateResult } from "lit-html";

const TALLEST_PX = 900;

/** The frame may open links in new tabs, and lets this page reach in; it has no right to run scripts or send forms. */
export function mailFrame(source: string): TemplateResult {
  return html`<iframe class="mail-html" title="The mail as HTML" data-testid="mail-html"
    sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"
    .srcdoc=${`<base target="_blank">${source}`}
    @load=${(event: Event) => dress(event.target as HTMLIFrameElement)}></iframe>`;
}

/**
 * The frame inherits the page's content security policy, which refuses inline styles (the console says so). They are
 * harmless here, so they are applied through the frame's CSSOM, and the mail looks as its reader would see it.
 */
function dress(frame: HTMLIFrameElement): void {
  const mail = frame.contentDocument;
  const realm = frame.contentWindow as (Window & typeof globalThis) | null;
  if (!mail || !realm) return;
  for (const element of mail.querySelectorAll<HTMLElement>("[style]")) {
    element.style.cssText = element.getAttribute("style") ?? "";
  }
  mail.adoptedStyleSheets = [...mail.querySelectorAll("style")].map((style) => {
    const sheet = new realm.CSSStyleSheet();
    sheet.replaceSync(style.textContent ?? "");
    return sheet;
  });
  frame.style.height = `${Math.min(mail.documentElement.scrollHeight + 2, TALLEST_PX)}px`;
}
