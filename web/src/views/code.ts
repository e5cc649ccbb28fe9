// The call as code: the very document and variables that the form sends, each with a copy button.
import { html, type TemplateResult } from "lit-html";
import { SEND } from "../api/documents.ts";
import type { SendNotificationInput } from "../api/types.ts";
import { icon } from "./pieces.ts";

type Kind = "word" | "name" | "text" | "type" | "mark";

const GRAPHQL: readonly [Kind, RegExp][] = [
  ["word", /\b(?:mutation|on)\b/],
  ["name", /\$\w+/],
  ["type", /\b[A-Z]\w*!?/],
  ["mark", /[{}()]|\.{3}/],
];
const JSON_TEXT: readonly [Kind, RegExp][] = [
  ["name", /"(?:[^"\\]|\\.)*"(?=:)/],
  ["text", /"(?:[^"\\]|\\.)*"/],
  ["mark", /[{}[\],]/],
];

export function codeView(
  input: SendNotificationInput,
  copied: string,
  copy: (what: string, text: string) => void,
): TemplateResult {
  const variables = written({ input });
  return html`
    ${block("mutation", "Mutation", SEND.text, GRAPHQL, copied, copy)}
    ${block("variables", "Variables", variables, JSON_TEXT, copied, copy)}
  `;
}

function block(
  name: string,
  title: string,
  text: string,
  grammar: readonly [Kind, RegExp][],
  copied: string,
  copy: (what: string, text: string) => void,
): TemplateResult {
  return html`<figure class="code-block">
    <figcaption class="code-head"><span>${title}</span>
      <button class="button button-code" type="button" data-testid="copy-${name}" @click=${() => copy(name, text)}>
        ${icon(copied === name ? "check" : "copy")}${copied === name ? "Copied" : "Copy"}</button></figcaption>
    <pre tabindex="0" aria-label=${title}><code>${coloured(text, grammar)}</code></pre>
  </figure>`;
}

function coloured(text: string, grammar: readonly [Kind, RegExp][]): (TemplateResult | string)[] {
  const any = new RegExp(grammar.map(([, pattern]) => `(${pattern.source})`).join("|"), "g");
  const parts: (TemplateResult | string)[] = [];
  let end = 0;
  for (const match of text.matchAll(any)) {
    const kind = grammar[match.slice(1).findIndex((group) => group !== undefined)]?.[0] ?? "mark";
    parts.push(text.slice(end, match.index), html`<span class="code-${kind}">${match[0]}</span>`);
    end = match.index + match[0].length;
  }
  return [...parts, text.slice(end)];
}

/** JSON with two spaces of indent, and lists in one line: they read better so than down the page. */
function written(value: unknown, indent = ""): string {
  if (Array.isArray(value)) return `[${value.map((one) => written(one)).join(", ")}]`;
  if (value === null || typeof value !== "object") return JSON.stringify(value);
  const deeper = `${indent}  `;
  const lines = Object.entries(value).map(([name, one]) => `${deeper}${JSON.stringify(name)}: ${written(one, deeper)}`);
  return `{\n${lines.join(",\n")}\n${indent}}`;
}
