// A mail's HTML in a sandboxed frame where nothing can run, yet with its own styles. Used by the mail view.
import { html, type TemplateResult } from "lit-html";

const TALLEST_PX = 900;

/** Where a mail's own styles wait until the frame may have them. */
const KEPT = "data-kept-style";

/** The frame may open links in new tabs, and lets this page reach in; it has no right to run scripts or send forms. */
export function mailFrame(source: string): TemplateResult {
  return html`<iframe class="mail-html" title="The mail as HTML" data-testid="mail-html"
    sandbox="allow-same-origin allow-popups allow-popups-to-escape-sandbox"
    .srcdoc=${`<base target="_blank">${undressed(source)}`}
    @load=${(event: Event) => dress(event.target as HTMLIFrameElement)}></iframe>`;
}

/**
 * The frame inherits the page's content security policy, which refuses inline styles. They are harmless here, so they
 * are put aside, and applied later through the frame's CSSOM: the mail looks as its reader would see it.
 */
function undressed(source: string): string {
  return source.replace(/(<[^<>]*?\s)style(\s*=)/gi, `$1${KEPT}$2`).replace(/<(\/?)style\b[^>]*>/gi, "<$1template>");
}

function dress(frame: HTMLIFrameElement): void {
  const mail = frame.contentDocument;
  const realm = frame.contentWindow as (Window & typeof globalThis) | null;
  if (!mail || !realm) return;
  for (const element of mail.querySelectorAll<HTMLElement>(`[${KEPT}]`)) {
    element.style.cssText = element.getAttribute(KEPT) ?? "";
  }
  mail.adoptedStyleSheets = [...mail.querySelectorAll("template")].map((style) => {
    const sheet = new realm.CSSStyleSheet();
    sheet.replaceSync(style.content.textContent ?? "");
    return sheet;
  });
  frame.style.height = `${Math.min(mail.documentElement.scrollHeight + 2, TALLEST_PX)}px`;
}
