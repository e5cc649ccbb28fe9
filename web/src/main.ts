// Starts the page: opens the demo session, or says why there is none.
import { html, render } from "lit-html";
import { Session } from "./api/session.ts";
import { DemoPage, element } from "./page.ts";
import { followTheme } from "./theme.ts";

followTheme(element("theme"));
await open();

async function open(): Promise<void> {
  try {
    start(new DemoPage(await Session.open()));
  } catch (cause) {
    document.body.dataset["state"] = "failed";
    const words = cause instanceof Error ? cause.message : "The demo could not be opened.";
    render(
      html`<div class="notice notice-page" role="alert" data-testid="page-problem"><p>${words}</p>
        <button class="button" type="button" @click=${() => location.reload()}>Try again</button></div>`,
      element("page-problem"),
    );
  }
}

function start(page: DemoPage): void {
  page.start();
  const sound = element("sound");
  sound.addEventListener("click", () => {
    const on = page.sound.toggle();
    sound.setAttribute("aria-pressed", String(on));
    sound.querySelector("use")?.setAttribute("href", on ? "#icon-sound" : "#icon-silent");
    if (on) page.sound.strike(0);
  });
}
