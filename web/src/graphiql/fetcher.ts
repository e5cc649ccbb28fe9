// How GraphiQL asks: queries and mutations by POST, subscriptions over a WebSocket of their own. Used by the page.
import type { GraphiQL } from "graphiql";
import { type FormattedExecutionResult, Kind, type OperationDefinitionNode, parse } from "graphql";
import { createClient } from "graphql-ws/client";
import type { ComponentProps } from "react";
import { type Speakers, tokenOf } from "./speakers.ts";

interface Params {
  query: string;
  operationName?: string | null | undefined;
  variables?: unknown;
}
type Headers = Record<string, unknown> | undefined;
type Answer = FormattedExecutionResult<Record<string, unknown>>;
interface Observer {
  next(value: Answer): void;
  error(cause: unknown): void;
  complete(): void;
}
interface Observable {
  subscribe(observer: Observer): { unsubscribe(): void };
}
type GraphiQLFetcher = ComponentProps<typeof GraphiQL>["fetcher"];

const PING_EVERY_MS = 10_000;
const NO_TOKEN = "A token is needed. Put your API key into “Headers”, below the query; it begins with crl_.";

export class Fetcher {
  /** The notification that was sent last, for the examples that look at it. */
  lastSent = "";
  /** Whether the socket of a subscription is open. */
  listening = false;
  private readonly watchers = new Set<() => void>();

  constructor(private readonly speakers: Speakers) {}

  /** As GraphiQL calls it. Its types ask for errors that are instances, and for observables with many overloads. */
  readonly fetch: GraphiQLFetcher = (params, options) => {
    const operation = chosen(params);
    const asked = { ...params, operationName: operation?.name?.value };
    const listens = operation?.operation === "subscription";
    const answers = listens ? this.listen(asked, options?.headers) : this.ask(asked, options?.headers);
    return answers as unknown as ReturnType<GraphiQLFetcher>;
  };

  /** Call this at every change of `listening`, until the answer is called. */
  readonly watch = (changed: () => void): (() => void) => {
    this.watchers.add(changed);
    return () => this.watchers.delete(changed);
  };

  /** One POST; a token of the demo that was refused is renewed once. Without a token nothing is asked. */
  async ask(params: Params, headers: Headers): Promise<Answer> {
    const token = headers === undefined ? this.speakers.sender?.bearer.token() : tokenOf(headers);
    if (!token) return failed(NO_TOKEN);
    let response = await post(params, headers, this.speakers.current(token));
    if (response?.status === 401 && (await this.speakers.renew(token)))
      response = await post(params, headers, this.speakers.current(token));
    if (response === null) return failed("The server does not answer.");
    const answer = (await response.json().catch(() => null)) as Answer | null;
    this.lastSent = sentId(answer) ?? this.lastSent;
    return answer ?? failed(`The server answered HTTP ${response.status}.`);
  }

  private listen(params: Params, headers: Headers): Observable {
    const token = tokenOf(headers);
    const client = createClient({
      url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/graphql`,
      connectionParams: () => ({ authorization: `Bearer ${this.speakers.current(token)}` }),
      retryAttempts: 0,
      keepAlive: PING_EVERY_MS,
      on: { connected: () => this.note(true), closed: () => this.note(false) },
    });
    return {
      subscribe: (observer) => ({
        unsubscribe: client.subscribe<Record<string, unknown>>(
          { query: params.query, operationName: params.operationName, variables: params.variables as Answer["data"] },
          { ...observer, error: (cause) => observer.error(explained(cause)) },
        ),
      }),
    };
  }

  private note(listening: boolean): void {
    this.listening = listening;
    for (const changed of this.watchers) changed();
  }
}

/** Read from the text: for a moment after a change of tabs, GraphiQL names an operation of the tab before. */
function chosen(params: Params): OperationDefinitionNode | undefined {
  const operations = definitions(params.query).filter((one) => one.kind === Kind.OPERATION_DEFINITION);
  return operations.find((one) => one.name?.value === params.operationName) ?? operations[0];
}

/** Nothing where it cannot be parsed: the server says why. */
function definitions(query: string): ReturnType<typeof parse>["definitions"] {
  try {
    return parse(query).definitions;
  } catch {
    return [];
  }
}

async function post(params: Params, headers: Headers, token: string): Promise<Response | null> {
  const more = Object.entries(headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value)]);
  return fetch("/graphql", {
    method: "POST",
    headers: {
      accept: "application/graphql-response+json, application/json;q=0.9",
      ...Object.fromEntries(more),
      "content-type": "application/json",
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify(params),
  }).catch(() => null);
}

function failed(message: string): Answer {
  return { errors: [{ message }] };
}

/** The id in the answer of a mutation that sends one notification. */
function sentId(answer: Answer | null): string | undefined {
  const sent = answer?.data?.["sendNotification"] as { notification?: { id?: string } } | null | undefined;
  const id = sent?.notification?.id;
  return typeof id === "string" ? id : undefined;
}

function explained(cause: unknown): Error | object {
  if (cause instanceof CloseEvent)
    return new Error(`The connection was closed (${[cause.code, cause.reason].filter(Boolean).join(": ")}).`);
  return Array.isArray(cause) ? { errors: cause as object[] } : cause instanceof Error ? cause : new Error("lost");
}
