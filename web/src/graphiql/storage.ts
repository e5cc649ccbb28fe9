// What GraphiQL remembers from one visit to the next, without the tokens: those of the demo are kept by name.
import type { Speakers } from "./speakers.ts";

export interface Storage {
  readonly length: number;
  getItem(key: string): string | null;
  setItem(key: string, value: string): void;
  removeItem(key: string): void;
  clear(): void;
}

const TABS = "graphiql:tabState";
const VARIABLES = "graphiql:variables";

/**
 * @param variables of the first tab: GraphiQL 4.1 takes them from the storage only, not from its default tabs (look
 * again at version 5).
 */
export function tokenlessStorage(speakers: Speakers, variables: string): Storage {
  return {
    get length() {
      return localStorage.length;
    },
    getItem: (key) => {
      if (key === VARIABLES && localStorage.getItem(TABS) === null) return variables;
      const kept = localStorage.getItem(key);
      return kept === null ? null : speakers.spoken(kept);
    },
    setItem: (key, value) => localStorage.setItem(key, speakers.named(value)),
    removeItem: (key) => localStorage.removeItem(key),
    clear: () => {
      for (const key of Object.keys(localStorage)) if (key.startsWith("graphiql:")) localStorage.removeItem(key);
    },
  };
}
