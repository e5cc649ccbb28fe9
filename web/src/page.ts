// The page as a whole: its models, what is chosen, and one render that draws all of it.
import { nothing, render } from "lit-html";
import { SEND } from "./api/documents.ts";
import { run } from "./api/graphql.ts";
import type { DemoUser, Session } from "./api/session.ts";
import type { InboxItem, Mail, SendNotificationInput } from "./api/types.ts";
import { Inbox } from "./models/inbox.ts";
import { Mailbox } from "./models/mailbox.ts";
import { Tracking } from "./models/tracking.ts";
import { Sound } from "./sound.ts";
import { bells, ring, type Ringer } from "./views/bells.ts";
import { codeView } from "./views/code.ts";
import { troubleOf } from "./views/failure.ts";
import { SendForm } from "./views/form.ts";
import { announcement, inboxView, type InboxActions } from "./views/inbox.ts";
import { mailView, mailboxView, type MailPart } from "./views/mailbox.ts";
import { notice } from "./views/pieces.ts";
import { timelineView } from "./views/timeline.ts";

const TICK_MS = 1_000;
const COPIED_SHOWN_MS = 1_600;

export class DemoPage {
  readonly sound = new Sound();
  private readonly ringers: Ringer[];
  private readonly mailbox = new Mailbox(() => this.changed());
  private readonly form = new SendForm(
    element<HTMLFormElement>("send-form"),
    () => this.changed(),
    (input) => void this.send(input),
  );
  private chosen: string;
  private tracking: Tracking | null = null;
  private opened: { mail: Mail; part: MailPart } | null = null;
  private copied = "";
  private problem = "";
  private drawing = false;

  constructor(private readonly session: Session) {
    this.ringers = session.users.map((user, bell) => ({ user, inbox: this.inboxOf(user, bell) }));
    this.chosen = session.users[0]?.id ?? "";
  }

  start(): void {
    for (const id of ["bells", "inbox-view", "mailbox-view", "timeline-view"]) element(id).replaceChildren();
    element("bells").removeAttribute("aria-busy");
    this.form.open(this.session.users, this.session.scripts);
    for (const { inbox } of this.ringers) void inbox.follow();
    void this.mailbox.follow();
    setInterval(() => document.hidden || this.changed(), TICK_MS);
    element("mail").addEventListener("close", () => this.show(null));
    this.changed();
  }

  /** Draw once before the next frame, however many things changed. */
  private changed(): void {
    if (this.drawing) return;
    this.drawing = true;
    requestAnimationFrame(() => {
      this.drawing = false;
      this.draw();
    });
  }

  private draw(): void {
    const now = Date.now();
    const { user, inbox } = this.current();
    render(this.problem ? notice(this.problem) : nothing, element("page-problem"));
    render(
      bells(this.ringers, this.chosen, (id) => this.choose(id)),
      element("bells"),
    );
    render(inboxView(user, inbox, now, this.actionsOn(inbox)), element("inbox-view"));
    render(
      mailboxView(this.mailbox, now, (mail) => this.show({ mail, part: mail.html ? "html" : "text" })),
      element("mailbox-view"),
    );
    render(
      timelineView(this.tracking, now, (delivery) => this.nameOf(delivery.user)),
      element("timeline-view"),
    );
    render(
      codeView(this.form.input(), this.copied, (what, text) => void this.copy(what, text)),
      element("code-view"),
    );
    render(this.mailDialog(), element("mail"));
    if (inbox.loaded && !document.hidden) inbox.lookedAt();
  }

  private mailDialog(): ReturnType<typeof mailView> | typeof nothing {
    if (!this.opened) return nothing;
    const { mail } = this.opened;
    return mailView(
      mail,
      this.opened.part,
      (part) => this.show({ mail, part }),
      () => element<HTMLDialogElement>("mail").close(),
    );
  }

  private async send(input: SendNotificationInput): Promise<void> {
    this.form.busy(true);
    try {
      const { sendNotification: answer } = await run(SEND, { input }, this.session.sender());
      if (answer.__typename !== "NotificationAccepted") return this.form.failed(answer);
      this.form.accepted(answer.duplicate ? "Accepted before; this is the same send." : "Accepted.");
      this.track(answer.notification.id);
    } catch (cause) {
      this.form.failed(troubleOf(cause));
    } finally {
      this.form.busy(false);
      this.changed();
    }
  }

  private track(notificationId: string): void {
    this.tracking?.stop();
    this.tracking = new Tracking(notificationId, this.session.sender(), () => this.changed());
    void this.tracking.follow();
    this.mailbox.expect();
  }

  private inboxOf(user: DemoUser, bell: number): Inbox {
    const host = {
      changed: (): void => this.changed(),
      heard: (): void => {
        if (this.tracking?.final) void this.tracking.refresh();
      },
      rang: (item: InboxItem): void => this.rang(user, bell, item),
    };
    return new Inbox(this.session.browser(user.id), host);
  }

  private rang(user: DemoUser, bell: number, item: InboxItem): void {
    this.sound.strike(bell);
    const hanging = document.querySelector(`[data-user="${CSS.escape(user.externalId)}"]`);
    if (hanging) ring(hanging);
    if (user.id !== this.chosen) return;
    ring(element("inbox-view"));
    element("announcer").textContent = announcement(user, item, this.current().inbox.unread);
  }

  private choose(userId: string): void {
    this.chosen = userId;
    this.current().inbox.fresh.clear();
    this.changed();
  }

  private current(): Ringer {
    const found = this.ringers.find(({ user }) => user.id === this.chosen) ?? this.ringers[0];
    if (!found) throw new Error("the demo session has no users");
    return found;
  }

  private nameOf(user: { id: string; email: string | null; externalId: string | null } | null): string {
    if (!user) return "Nobody";
    return this.session.users.find(({ id }) => id === user.id)?.name ?? user.email ?? user.externalId ?? user.id;
  }

  private actionsOn(inbox: Inbox): InboxActions {
    const doing = (work: Promise<void>): void =>
      void work.then(
        () => this.trouble(""),
        (cause: unknown) => this.trouble(troubleOf(cause).message),
      );
    return {
      mark: (ids, mark) => doing(inbox.mark(ids, mark)),
      markAllRead: () => doing(inbox.markAllRead()),
      loadOlder: () => doing(inbox.loadOlder()),
    };
  }

  private trouble(words: string): void {
    this.problem = words;
    this.changed();
  }

  private show(opened: { mail: Mail; part: MailPart } | null): void {
    const dialog = element<HTMLDialogElement>("mail");
    this.opened = opened;
    this.draw();
    if (opened && !dialog.open) dialog.showModal();
  }

  private async copy(what: string, text: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      return this.trouble("The browser does not let this page copy; select the code and copy it by hand.");
    }
    this.copied = what;
    this.changed();
    setTimeout(() => {
      this.copied = "";
      this.changed();
    }, COPIED_SHOWN_MS);
  }
}

/** An element that index.html promises. */
export function element<Kind extends HTMLElement = HTMLElement>(id: string): Kind {
  const found = document.getElementById(id);
  if (!found) throw new Error(`index.html has no #${id}`);
  return found as Kind;
}
