// The form that sends: reads its fields into the mutation's input, and shows what the API says about them.
import { html, nothing, render, type TemplateResult } from "lit-html";
import type { DemoUser, Script } from "../api/session.ts";
import type { AudienceInput, Channel, SendNotificationInput } from "../api/types.ts";
import { failureView, fieldOf, type Trouble } from "./failure.ts";

const EVERYONE = "everyone";

interface Preset {
  name: string;
  /** The start of a scripted address; none: everyone. */
  script?: string;
  title: string;
  body: string;
  url: string;
}

const PRESETS: readonly Preset[] = [
  {
    name: "Shipped",
    title: "Your order has shipped",
    url: "https://shop.example.test/orders/17",
    body: "Order 17 left the foundry this morning and arrives on Friday.",
  },
  {
    name: "عربي",
    title: "تم شحن طلبك",
    url: "https://shop.example.test/ar/orders/17",
    body: "غادر الطلب رقم 17 المسبك هذا الصباح ويصل يوم الجمعة.",
  },
  {
    name: "Bounce",
    script: "bounce@",
    title: "Your invoice",
    url: "https://shop.example.test/invoices/204",
    body: "This goes to a mailbox that does not exist.",
  },
  {
    name: "Later",
    script: "defer@",
    title: "Your invoice",
    url: "https://shop.example.test/invoices/205",
    body: "This mail server says “not now”; Carillon tries again.",
  },
  {
    name: "Bad link",
    title: "A link that is none",
    url: "shop example/17",
    body: "The API names the field that is wrong.",
  },
];

export class SendForm {
  private key = newKey();
  private users: readonly DemoUser[] = [];
  private sending = false;

  constructor(
    private readonly form: HTMLFormElement,
    private readonly changed: () => void,
    send: (input: SendNotificationInput) => void,
  ) {
    form.addEventListener("input", () => {
      this.key = newKey();
      changed();
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (!this.sending) send(this.input());
    });
  }

  /** Fill in whom one can write to; from now on sending is possible. */
  open(users: readonly DemoUser[], scripts: readonly Script[]): void {
    this.users = users;
    render(
      html`<option value=${EVERYONE}>Everyone: all ${users.length} of them</option>
        <optgroup label="Demo users">
          ${users.map((user) => html`<option value="user:${user.externalId}">${user.name}</option>`)}
        </optgroup>
        ${
          scripts.length
            ? html`<optgroup label="Scripted addresses">${scripts.map(
                (script) => html`<option value="email:${script.address}">${script.address}: ${script.meaning}</option>`,
              )}</optgroup>`
            : nothing
        }`,
      this.to,
    );
    this.to.value = EVERYONE;
    this.offer(scripts);
    (this.part("send") as HTMLButtonElement).disabled = false;
  }

  input(): SendNotificationInput {
    const fields = new FormData(this.form);
    const text = (name: string): string => String(fields.get(name) ?? "").trim();
    return {
      to: this.audience(text("to")),
      message: {
        content: {
          ...(text("title") && { title: text("title") }),
          body: text("body"),
          ...(text("url") && { url: text("url") }),
        },
      },
      channels: fields.getAll("channel") as Channel[],
      idempotencyKey: this.key,
    };
  }

  /** The button is not disabled meanwhile: it would lose the keyboard's focus. */
  busy(yes: boolean): void {
    this.sending = yes;
    this.form.setAttribute("aria-busy", String(yes));
    if (yes) this.status("Sending…");
  }

  /** Say that it was taken; the next send is another one, so it gets another idempotency key. */
  accepted(words: string): void {
    this.key = newKey();
    this.failed(null);
    this.status(html`${words} <a href="#timeline">See what happens</a>`);
  }

  /** Show a failure, or with null take the last one away. After a failure the key stays: a repeat is the same send. */
  failed(trouble: Trouble | null): void {
    this.status("");
    render(trouble ? failureView(trouble) : nothing, this.part("failure"));
    const wrong = trouble ? fieldOf(trouble.path) : "";
    for (const name of ["to", "title", "body", "url", "channels"]) {
      this.part(`error-${name}`).textContent = name === wrong ? (trouble?.message ?? "") : "";
      this.part(`field-${name}`).setAttribute("aria-invalid", String(name === wrong));
    }
    if (wrong && wrong !== "channels") this.part(`field-${wrong}`).focus();
  }

  private offer(scripts: readonly Script[]): void {
    const presets = this.part("presets");
    const addressOf = (preset: Preset): string | undefined =>
      scripts.find((script) => preset.script && script.address.startsWith(preset.script))?.address;
    const usable = PRESETS.filter((preset) => !preset.script || addressOf(preset));
    const buttons = usable.map(
      (preset) =>
        html`<button class="chip" type="button" @click=${() => this.fill(preset, addressOf(preset))}>
          ${preset.name}
        </button>`,
    );
    render(html`${buttons}`, presets);
    presets.hidden = false;
  }

  private fill(preset: Preset, address: string | undefined): void {
    const set = (name: string, value: string): void => {
      (this.part(`field-${name}`) as HTMLInputElement).value = value;
    };
    set("to", address ? `email:${address}` : EVERYONE);
    set("title", preset.title);
    set("body", preset.body);
    set("url", preset.url);
    for (const box of this.form.querySelectorAll<HTMLInputElement>("[name=channel]")) {
      box.checked = !address || box.value === "EMAIL";
    }
    this.key = newKey();
    this.failed(null);
    this.changed();
  }

  private audience(to: string): AudienceInput {
    if (to.startsWith("user:")) return { externalId: to.slice(5) };
    if (to.startsWith("email:")) return { email: to.slice(6) };
    return { externalIds: this.users.map((user) => user.externalId) };
  }

  private status(words: string | TemplateResult): void {
    render(words, this.part("send-status"));
  }

  private get to(): HTMLSelectElement {
    return this.part("field-to") as HTMLSelectElement;
  }

  private part(id: string): HTMLElement {
    const found = this.form.querySelector<HTMLElement>(`#${id}`);
    if (!found) throw new Error(`index.html has no #${id} in its form`);
    return found;
  }
}

/** 80 random bits as letters. `randomUUID` would need HTTPS, which a demo in a local network lacks. */
function newKey(): string {
  const bytes = crypto.getRandomValues(new Uint8Array(10));
  return `demo-${Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
