// What went wrong with a send: beside the field that the failure's path names, and once in full.
import { html, nothing, type TemplateResult } from "lit-html";
import { CallFailed } from "../api/graphql.ts";
import type { Failure } from "../api/types.ts";
import { safeUrl } from "./pieces.ts";

/** A typed failure of the API, or a call that brought no answer, in one shape. */
export type Trouble = Pick<Failure, "code" | "message" | "path" | "retryable" | "traceId"> & { documentation: string };

/** Which form field a path speaks of; the longest prefix wins. */
const FIELDS: readonly [path: string, field: string][] = [
  ["message.content.title", "title"],
  ["message.content.body", "body"],
  ["message.content.url", "url"],
  ["channels", "channels"],
  ["to", "to"],
];

export function troubleOf(cause: unknown): Trouble {
  if (cause instanceof CallFailed) return { ...pick(cause), path: [], documentation: "" };
  const message = cause instanceof Error ? cause.message : "Something went wrong.";
  return { code: "UNREACHABLE", message, path: [], retryable: true, traceId: "", documentation: "" };
}

function pick({
  code,
  message,
  retryable,
  traceId,
}: CallFailed): Pick<CallFailed, "code" | "message" | "retryable" | "traceId"> {
  return { code, message, retryable, traceId };
}

/** The name of the form field that `path` leads to, or "". */
export function fieldOf(path: readonly string[]): string {
  const dotted = pathWords(path);
  return FIELDS.find(([prefix]) => dotted === prefix || dotted.startsWith(`${prefix}.`))?.[1] ?? "";
}

function pathWords(path: readonly string[]): string {
  return (path[0] === "input" ? path.slice(1) : path).join(".");
}

export function failureView(trouble: Trouble): TemplateResult {
  const documentation = safeUrl(trouble.documentation);
  return html`<div class="failure" data-testid="failure" data-code=${trouble.code}>
    <p class="failure-head"><b>Nothing was sent</b> <code>${trouble.code}</code></p>
    ${trouble.path.length ? html`<p class="failure-path">at <code>${pathWords(trouble.path)}</code></p>` : nothing}
    <p class="failure-words" dir="auto">${trouble.message}</p>
    <p class="failure-foot">
      <span>${trouble.retryable ? "The same call may work later." : "The same call would fail again."}</span>
      ${
        documentation
          ? html`<a href=${documentation} target="_blank" rel="noopener noreferrer">About this error</a>`
          : nothing
      }
      ${trouble.traceId ? html`<span>trace <code>${trouble.traceId}</code></span>` : nothing}
    </p>
  </div>`;
}
