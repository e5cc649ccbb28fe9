// One GraphQL subscription over a WebSocket of its own (graphql-transport-ws). Used by the inbox model.
import { createClient } from "graphql-ws/client";
import type { Operation } from "./documents.ts";
import type { Bearer } from "./session.ts";

const PING_EVERY_MS = 10_000;
const PONG_WITHIN_MS = 5_000;
const TOKEN_REFUSED = new Set([4401, 4403]);

/** The socket ended because the token was refused: renew it before the next try. */
export class TokenRefused extends Error {}

/**
 * Yield what the server says until the connection ends. Reconnecting is the caller's, who alone knows the cursor.
 * @throws TokenRefused, or an Error that says why the connection ended
 */
export async function* listen<Variables extends Record<string, unknown>, Data>(
  operation: Operation<Variables, Data>,
  variables: Variables,
  bearer: Bearer,
  stop: AbortSignal,
  connected: () => void,
): AsyncGenerator<Data> {
  let silence: ReturnType<typeof setTimeout> | undefined;
  const client = createClient({
    url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/graphql`,
    connectionParams: () => ({ authorization: `Bearer ${bearer.token()}` }),
    retryAttempts: 0,
    keepAlive: PING_EVERY_MS,
    on: {
      connected,
      ping: (received) => {
        if (!received) silence = setTimeout(() => client.terminate(), PONG_WITHIN_MS);
      },
      pong: (received) => {
        if (received) clearTimeout(silence);
      },
    },
  });
  const end = (): void => client.terminate();
  stop.addEventListener("abort", end, { once: true });
  try {
    for await (const result of client.iterate<Data>({ query: operation.text, variables })) {
      if (result.errors?.length) throw new Error(result.errors[0]?.message);
      if (result.data) yield result.data;
    }
  } catch (cause) {
    throw explained(cause);
  } finally {
    clearTimeout(silence);
    stop.removeEventListener("abort", end);
    await client.dispose();
  }
}

function explained(cause: unknown): Error {
  if (cause instanceof CloseEvent) {
    const why = `The connection was closed (${[cause.code, cause.reason].filter(Boolean).join(": ")}).`;
    return TOKEN_REFUSED.has(cause.code) ? new TokenRefused(why) : new Error(why);
  }
  if (Array.isArray(cause)) return new Error(String((cause[0] as { message?: string } | undefined)?.message));
  return cause instanceof Error ? cause : new Error("The connection is lost.");
}
