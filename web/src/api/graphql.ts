// Queries and mutations by POST /graphql. Used by every model of the page.
import type { Operation } from "./documents.ts";
import type { Bearer } from "./session.ts";

interface GraphqlError {
  message: string;
  path?: (string | number)[];
  extensions?: { code?: string; retryable?: boolean; traceId?: string };
}

/** The call brought no data: the network, the HTTP status or a top-level GraphQL error says why. */
export class CallFailed extends Error {
  constructor(
    message: string,
    readonly code: string,
    readonly retryable: boolean,
    readonly traceId = "",
  ) {
    super(message);
  }
}

/**
 * Run one operation as `bearer`; a refused token is renewed once.
 * @throws CallFailed
 */
export async function run<Variables, Data>(
  operation: Operation<Variables, Data>,
  variables: Variables,
  bearer: Bearer,
): Promise<Data> {
  try {
    return await post(operation, variables, bearer.token());
  } catch (cause) {
    if (!(cause instanceof CallFailed) || cause.code !== "UNAUTHENTICATED") throw cause;
    await bearer.renew();
    return post(operation, variables, bearer.token());
  }
}

async function post<Variables, Data>(
  operation: Operation<Variables, Data>,
  variables: Variables,
  token: string,
): Promise<Data> {
  const answer = await fetch("/graphql", {
    method: "POST",
    headers: {
      "content-type": "application/json",
      accept: "application/graphql-response+json, application/json;q=0.9",
      authorization: `Bearer ${token}`,
    },
    body: JSON.stringify({ query: operation.text, variables }),
  }).catch(() => null);
  if (answer === null) throw new CallFailed("The server does not answer.", "UNREACHABLE", true);
  const body = (await answer.json().catch(() => ({}))) as { data?: Data | null; errors?: GraphqlError[] };
  if (body.data && !body.errors?.length) return body.data;
  throw failure(answer.status, body.errors?.[0]);
}

function failure(status: number, error: GraphqlError | undefined): CallFailed {
  const code = error?.extensions?.code ?? (status === 401 ? "UNAUTHENTICATED" : `HTTP_${status}`);
  const retryable = error?.extensions?.retryable ?? status >= 500;
  return new CallFailed(
    error?.message ?? `The server answered HTTP ${status}.`,
    code,
    retryable,
    error?.extensions?.traceId,
  );
}
