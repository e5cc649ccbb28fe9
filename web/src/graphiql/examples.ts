// The tabs that a first visit finds: operations that run on the demo as they stand, each with the token that it needs.
import live from "./examples/live.graphql";
import look from "./examples/look.graphql";
import people from "./examples/people.graphql";
import send from "./examples/send.graphql";
import { type Speaker, type Speakers, withToken } from "./speakers.ts";

export interface Tab {
  query: string;
  variables: string;
  headers: string;
}

export const LOOK = "Look";
export const NOTHING_SENT = "ntf_…";

const MESSAGE = {
  title: "Your order has shipped",
  body: "Order 17 left the foundry this morning.",
  url: "https://shop.example.test/orders/17",
};
const PEOPLE = [
  { externalId: "ada", locale: "en-GB", timeZone: "Europe/London", email: "ada@example.test" },
  { externalId: "emmy", locale: "de-DE", timeZone: "Europe/Berlin", email: "emmy@example.test" },
];

export function exampleTabs(speakers: Speakers): Tab[] {
  const to = speakers.users[0] ? { externalId: speakers.users[0].key } : { email: "ada@example.test" };
  return [
    tab(send, { input: { to, message: { content: MESSAGE } } }, speakers.sender),
    tab(look, { id: NOTHING_SENT }, speakers.sender),
    tab(people, { inputs: PEOPLE }, speakers.sender),
    tab(live, { since: null }, speakers.users[0]),
  ];
}

function tab(query: string, variables: object, speaker: Speaker | undefined): Tab {
  return {
    query: query.trimEnd(),
    variables: JSON.stringify(variables, null, 2),
    headers: withToken(null, speaker?.bearer.token() ?? ""),
  };
}
