// What the page adds to GraphiQL: who speaks in this tab, the id that was sent last, and a bell to ring while listening.
import { useEditorContext, useSchemaStore } from "@graphiql/react";
import { useEffect, useRef, useState, useSyncExternalStore } from "react";
import { LOOK, NOTHING_SENT } from "./examples.ts";
import type { Fetcher } from "./fetcher.ts";
import { type Speaker, type Speakers, tokenIn, withToken } from "./speakers.ts";

const TYPING_MS = 500;
const RING = `mutation Ring($input: SendNotificationInput!) {
  sendNotification(input: $input) { __typename ... on Failure { message } }
}`;

/** Whose token the headers of this tab hold. Choosing another puts theirs there. */
export function SpeaksAs({ speakers }: { speakers: Speakers }) {
  const { headerEditor } = useEditorContext({ nonNull: true });
  const speaker = useSpeaker(speakers);
  if (speakers.all.length === 0) return null;
  const choose = (key: string): void => {
    const chosen = speakers.find(key);
    if (chosen) headerEditor?.setValue(withToken(headerEditor.getValue(), chosen.bearer.token()));
  };
  return (
    <label className="speaks">
      <span className="speaks-word">Speak as</span>
      <select
        data-testid="speaks"
        title="Whose token is sent with this tab"
        value={speaker?.key ?? ""}
        onChange={(event) => choose(event.target.value)}
      >
        {!speaker && <option value="">A token of your own</option>}
        {speakers.all.map((one) => (
          <option key={one.key} value={one.key}>{`${one.name}${one === speakers.sender ? " (API key)" : ""}`}</option>
        ))}
      </select>
    </label>
  );
}

/** Below the answer: what a subscription needs, or nothing. */
export function Hints({ speakers, fetcher }: { speakers: Speakers; fetcher: Fetcher }) {
  useLastSent(fetcher);
  useSchemaOnceThereIsAToken();
  useTokenOfEarlierTab(speakers);
  const { tabs, activeTabIndex } = useEditorContext({ nonNull: true });
  const listening = useSyncExternalStore(fetcher.watch, () => fetcher.listening);
  const speaker = useSpeaker(speakers);
  const query = tabs[activeTabIndex]?.query ?? "";
  if (!/^\s*subscription\b/m.test(query) || !speaker || speaker === speakers.sender) return null;
  return <Ring speaker={speaker} speakers={speakers} fetcher={fetcher} listening={listening} />;
}

interface RingProps {
  speaker: Speaker;
  speakers: Speakers;
  fetcher: Fetcher;
  listening: boolean;
}

function Ring({ speaker, speakers, fetcher, listening }: RingProps) {
  const [count, setCount] = useState(0);
  const [problem, setProblem] = useState("");
  const ring = async (): Promise<void> => {
    const problem = await rung(speaker, speakers, fetcher, count + 1);
    setProblem(problem);
    if (!problem) setCount(count + 1);
  };
  return (
    <div className="ring">
      <p role="status">{problem || (listening ? `Listening as ${speaker.name}.` : "Press ▶ to listen, then ring.")}</p>
      <button className="ring-button" type="button" data-testid="ring" disabled={!listening} onClick={() => void ring()}>
        Ring for {speaker.name.split(" ")[0]}
      </button>
    </div>
  );
}

async function rung(speaker: Speaker, speakers: Speakers, fetcher: Fetcher, count: number): Promise<string> {
  const content = { title: `Bell ${count}`, body: "It rings where somebody listens." };
  const input = { to: { externalId: speaker.key }, message: { content }, channels: ["IN_APP"] };
  const headers = { authorization: `Bearer ${speakers.sender?.bearer.token() ?? ""}` };
  const answer = await fetcher.ask({ query: RING, variables: { input } }, headers);
  const sent = answer.data?.["sendNotification"] as { message?: string } | null | undefined;
  return answer.errors?.[0]?.message ?? sent?.message ?? "";
}

function useSpeaker(speakers: Speakers): Speaker | undefined {
  const { tabs, activeTabIndex } = useEditorContext({ nonNull: true });
  return speakers.owner(tokenIn(tabs[activeTabIndex]?.headers ?? null));
}

/** The tab that looks at a notification looks at the last one, until somebody writes another id there. */
function useLastSent(fetcher: Fetcher): void {
  const { tabs, activeTabIndex, variableEditor } = useEditorContext({ nonNull: true });
  const [filled, setFilled] = useState(NOTHING_SENT);
  const title = tabs[activeTabIndex]?.title;
  useEffect(() => {
    const text = variableEditor?.getValue() ?? "";
    if (title !== LOOK || !fetcher.lastSent || !text.includes(filled)) return;
    variableEditor?.setValue(text.replace(filled, fetcher.lastSent));
    setFilled(fetcher.lastSent);
  }, [activeTabIndex, title, variableEditor]);
}

/** Without a demo the schema can only be read when somebody has typed a key. */
function useSchemaOnceThereIsAToken(): void {
  const { tabs, activeTabIndex } = useEditorContext({ nonNull: true });
  const { schema, introspect } = useSchemaStore();
  const token = tokenIn(tabs[activeTabIndex]?.headers ?? null);
  useEffect(() => {
    if (schema || !token) return undefined;
    const timer = setTimeout(() => void introspect(), TYPING_MS);
    return () => clearTimeout(timer);
  }, [schema, token, introspect]);
}

/** Without a demo a key is typed once, and put into each tab that has none when it is opened. */
function useTokenOfEarlierTab(speakers: Speakers): void {
  const { tabs, activeTabIndex, headerEditor } = useEditorContext({ nonNull: true });
  const typed = useRef("");
  const headers = tabs[activeTabIndex]?.headers ?? null;
  useEffect(() => {
    if (typed.current && !tokenIn(headers)) headerEditor?.setValue(withToken(headers, typed.current));
  }, [activeTabIndex, headerEditor]);
  useEffect(() => {
    if (speakers.all.length === 0) typed.current = tokenIn(headers) || typed.current;
  }, [headers, speakers]);
}
