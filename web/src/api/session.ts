// Who takes part in the demo, and the tokens they speak with: GET /demo/session.json.

export interface DemoUser {
  id: string;
  externalId: string;
  name: string;
  email: string;
  token: string;
}

export interface Script {
  address: string;
  meaning: string;
}

interface SessionJson {
  sender: { token: string };
  users: DemoUser[];
  scripts: Script[];
}

/** Gives the token to use now; `renew` asks for a new one when the old one was refused. */
export interface Bearer {
  token(): string;
  renew(): Promise<void>;
}

export class DemoUnavailable extends Error {}

export class Session {
  private constructor(private current: SessionJson) {}

  /** @throws DemoUnavailable when this server has no demo, or does not answer. */
  static async open(): Promise<Session> {
    return new Session(await fetchSession());
  }

  get users(): readonly DemoUser[] {
    return this.current.users;
  }

  get scripts(): readonly Script[] {
    return this.current.scripts;
  }

  /** The application that sends. */
  sender(): Bearer {
    return { token: () => this.current.sender.token, renew: () => this.renew() };
  }

  /** One demo user's browser. */
  browser(userId: string): Bearer {
    const find = (): string => this.current.users.find((user) => user.id === userId)?.token ?? "";
    return { token: find, renew: () => this.renew() };
  }

  private async renew(): Promise<void> {
    this.current = await fetchSession();
  }
}

async function fetchSession(): Promise<SessionJson> {
  const answer = await fetch("/demo/session.json", { headers: { accept: "application/json" } }).catch(() => null);
  if (answer === null) throw new DemoUnavailable("The server does not answer.");
  if (answer.status === 404)
    throw new DemoUnavailable("This server runs without its demo. “make run” starts one with it.");
  if (!answer.ok) throw new DemoUnavailable(`The server could not open a demo session (HTTP ${answer.status}).`);
  const session = (await answer.json()) as SessionJson;
  if (session.users.length === 0) throw new DemoUnavailable("The demo has no users.");
  return session;
}
