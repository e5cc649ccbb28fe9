// Starts the page at /graphql: GraphiQL with the demo's tokens where there is a demo.
import { GraphiQL } from "graphiql";
import { StrictMode, useSyncExternalStore } from "react";
import { createRoot } from "react-dom/client";
import { followTheme } from "../theme.ts";
import { Hints, SpeaksAs } from "./companion.tsx";
import { exampleTabs } from "./examples.ts";
import { Fetcher } from "./fetcher.ts";
import { Speakers } from "./speakers.ts";
import { tokenlessStorage } from "./storage.ts";

const system = matchMedia("(prefers-color-scheme: dark)");

function Page({ speakers }: { speakers: Speakers }) {
  const theme = useSyncExternalStore(watchTheme, currentTheme);
  return (
    <GraphiQL
      fetcher={fetcher.fetch}
      storage={storage}
      shouldPersistHeaders
      defaultTabs={tabs}
      defaultHeaders={tabs[0]?.headers ?? ""}
      defaultEditorToolsVisibility={speakers.sender ? "variables" : "headers"}
      forcedTheme={theme}
      inputValueDeprecation
    >
      <GraphiQL.Logo>
        <SpeaksAs speakers={speakers} />
      </GraphiQL.Logo>
      <GraphiQL.Footer>
        <Hints speakers={speakers} fetcher={fetcher} />
      </GraphiQL.Footer>
    </GraphiQL>
  );
}

function currentTheme(): "light" | "dark" {
  const chosen = document.documentElement.dataset["theme"];
  return (chosen ?? (system.matches ? "dark" : "light")) === "dark" ? "dark" : "light";
}

function watchTheme(changed: () => void): () => void {
  const observer = new MutationObserver(changed);
  observer.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  system.addEventListener("change", changed);
  return () => {
    observer.disconnect();
    system.removeEventListener("change", changed);
  };
}

followTheme(document.getElementById("theme") as HTMLElement);
const speakers = await Speakers.open();
const fetcher = new Fetcher(speakers);
const tabs = exampleTabs(speakers);
const storage = tokenlessStorage(speakers, tabs[0]?.variables ?? "");
createRoot(document.getElementById("graphiql") as HTMLElement).render(
  <StrictMode>
    <Page speakers={speakers} />
  </StrictMode>,
);
