// Whose tokens the demo knows: the application that sends, and each user's browser. Without a demo it knows nobody.
import { type Bearer, Session } from "../api/session.ts";

export interface Speaker {
  key: string;
  name: string;
  bearer: Bearer;
}

const BEARER = /^Bearer\s+(\S+)$/i;

export class Speakers {
  /** Every token seen so far, also those that were renewed since, and whose it is. */
  private readonly known = new Map<string, Speaker>();

  private constructor(
    readonly all: readonly Speaker[],
    readonly users: readonly Speaker[],
  ) {
    this.learn();
  }

  static async open(): Promise<Speakers> {
    const session = await Session.open().catch(() => null);
    if (session === null) return new Speakers([], []);
    const users = session.users.map((user) => ({
      key: user.externalId,
      name: user.name,
      bearer: session.browser(user.id),
    }));
    return new Speakers([{ key: "sender", name: "The application", bearer: session.sender() }, ...users], users);
  }

  get sender(): Speaker | undefined {
    return this.all[0];
  }

  find(key: string): Speaker | undefined {
    return this.all.find((speaker) => speaker.key === key);
  }

  /** Who had this token, now or earlier. */
  owner(token: string): Speaker | undefined {
    return this.known.get(token);
  }

  /** The token that counts now, of whoever had this one; a token of somebody else stays as it is. */
  current(token: string): string {
    return this.owner(token)?.bearer.token() ?? token;
  }

  /** Ask for new tokens, when one of ours was refused. Says whether it was one of ours. */
  async renew(token: string): Promise<boolean> {
    const speaker = this.owner(token);
    if (!speaker) return false;
    await speaker.bearer.renew();
    this.learn();
    return true;
  }

  /** Tokens by names, in a text that will be kept; what else follows “Bearer” is left out. */
  named(text: string): string {
    for (const [token, speaker] of this.known) text = text.replaceAll(token, `{{${speaker.key}}}`);
    return text.replaceAll(/(Bearer\s+)(?!\{\{)[^\s"\\]+/gi, "$1");
  }

  /** The reverse of `named`, with the tokens of today. */
  spoken(text: string): string {
    return text.replaceAll(/\{\{([^{}]+)\}\}/g, (_, key: string) => this.find(key)?.bearer.token() ?? "");
  }

  private learn(): void {
    for (const speaker of this.all) this.known.set(speaker.bearer.token(), speaker);
  }
}

/** The token of an Authorization header among these; "" where there is none. */
export function tokenOf(headers: Record<string, unknown> | undefined): string {
  const named = Object.entries(headers ?? {}).find(([name]) => name.toLowerCase() === "authorization")?.[1];
  return (typeof named === "string" && BEARER.exec(named.trim())?.[1]) || "";
}

/** The same from the text of the headers editor, which may not be JSON at the moment. */
export function tokenIn(headers: string | null): string {
  try {
    return tokenOf(JSON.parse(headers || "{}") as Record<string, unknown>);
  } catch {
    return "";
  }
}

/** The headers editor's text with this token in place of the one that is there. */
export function withToken(headers: string | null, token: string): string {
  let kept: Record<string, unknown> = {};
  try {
    kept = JSON.parse(headers || "{}") as Record<string, unknown>;
  } catch {
    // what cannot be read could not be sent either
  }
  const others = Object.entries(kept).filter(([name]) => name.toLowerCase() !== "authorization");
  return JSON.stringify({ authorization: `Bearer ${token}`, ...Object.fromEntries(others) }, null, 2);
}
