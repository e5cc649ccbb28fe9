// States, reasons, outcomes and times in the words that people read. Used by the views.
import type { Channel, DeliveryState, Outcome } from "./api/types.ts";

export type Tone = "good" | "waiting" | "bad" | "quiet";

const STATES: Record<DeliveryState, [words: string, tone: Tone]> = {
  HELD: ["Held for later", "waiting"],
  QUEUED: ["Queued", "waiting"],
  SENDING: ["Sending", "waiting"],
  RETRY_WAIT: ["Will try again", "waiting"],
  UNKNOWN: ["Outcome not known yet", "waiting"],
  SENT: ["Sent", "good"],
  DELIVERED: ["Delivered", "good"],
  BOUNCED: ["Bounced", "bad"],
  FAILED: ["Refused", "bad"],
  DEAD: ["Given up", "bad"],
  SUPPRESSED: ["Suppressed", "quiet"],
  SKIPPED: ["Not sent", "quiet"],
  MERGED: ["Merged into a digest", "quiet"],
  SUPERSEDED: ["Replaced by a newer one", "quiet"],
  CANCELLED: ["Cancelled", "quiet"],
  EXPIRED: ["Expired", "quiet"],
};

const REASONS: Record<string, string> = {
  NO_ADDRESS: "There is no address for this channel.",
  UNKNOWN_USER: "Nobody is known by this id.",
  CHANNEL_DISABLED: "This channel is switched off.",
  CONTENT_MISSING: "The message holds nothing that this channel could carry.",
  EXPIRED: "Its time had passed before it could be sent.",
  ADDRESS_INVALID: "The receiving server says that the address does not exist.",
  MAILBOX_UNAVAILABLE: "The receiving server says that the mailbox cannot be reached.",
  MAILBOX_FULL: "The mailbox is full.",
  MESSAGE_REJECTED: "The receiving server does not accept this message.",
  MESSAGE_TOO_LARGE: "The message is larger than the receiving server accepts.",
  POLICY_REJECTED: "The receiving server's policy refuses this message.",
  PROVIDER_BUSY: "The provider asked to come back later.",
  PROVIDER_UNREACHABLE: "The provider could not be reached.",
  PROVIDER_REFUSED_LOGIN: "The provider did not accept our login.",
  PROVIDER_PROTOCOL: "The provider said something that its protocol does not allow.",
  ANSWER_TIMED_OUT: "The message was handed over, and no answer came in time.",
  CONNECTION_LOST: "The connection broke before the answer came.",
  WORKER_LOST: "The process that was sending went away.",
  RETRIES_EXHAUSTED: "It was tried until its time was up.",
  OUTCOME_UNKNOWN: "No answer came back, however often it was sent. It may have arrived, even more than once.",
  UNDECODABLE: "The event could not be read.",
  CURSOR_TOO_OLD: "The page was away for longer than the log goes back.",
  CURSOR_FOREIGN: "The cursor belongs to another inbox.",
};

const OUTCOMES: Record<Outcome, [words: string, tone: Tone]> = {
  SENT: ["taken", "good"],
  REFUSED: ["refused", "bad"],
  BUSY: ["not now", "waiting"],
  UNKNOWN: ["no answer", "waiting"],
  NOT_CALLED: ["not called", "waiting"],
};

const CHANNELS: Record<Channel, string> = { EMAIL: "E-mail", IN_APP: "In-app", SMS: "SMS", PUSH: "Push" };

/** The API may grow new enum values; an unknown one is shown as it is, in quiet tone. */
export function stateWords(state: DeliveryState): [words: string, tone: Tone] {
  return STATES[state] ?? [plain(state), "quiet"];
}

export function outcomeWords(outcome: Outcome | null): [words: string, tone: Tone] {
  return outcome === null ? ["under way", "waiting"] : (OUTCOMES[outcome] ?? [plain(outcome), "quiet"]);
}

export function reasonWords(reason: string): string {
  return REASONS[reason] ?? plain(reason);
}

export function channelWords(channel: Channel | null): string {
  return channel === null ? "No channel" : (CHANNELS[channel] ?? plain(channel));
}

/** “SOME_CODE” as “Some code”. */
export function plain(code: string): string {
  const words = code.replaceAll("_", " ").toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** “just now”, “12 s ago”, “4 min ago”, “2 h ago”, then the date. */
export function ago(at: string, now: number): string {
  const seconds = Math.max(0, Math.round((now - Date.parse(at)) / 1000));
  if (seconds < 5) return "just now";
  if (seconds < 60) return `${seconds} s ago`;
  if (seconds < 3_600) return `${Math.floor(seconds / 60)} min ago`;
  if (seconds < 86_400) return `${Math.floor(seconds / 3_600)} h ago`;
  return new Date(at).toLocaleDateString(undefined, { day: "numeric", month: "short" });
}

/** A clock time to the millisecond: what a timeline needs. */
export function clockTime(at: string): string {
  const time = new Date(at);
  const clock = time.toLocaleTimeString(undefined, {
    hour: "2-digit",
    minute: "2-digit",
    second: "2-digit",
    hourCycle: "h23",
  });
  return `${clock}.${String(time.getMilliseconds()).padStart(3, "0")}`;
}

/** A span of time that has passed: “3 ms”, “1.2 s”, “2 min 5 s”. */
export function span(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))} ms`;
  return ms < 10_000 ? `${(ms / 1_000).toFixed(1)} s` : wholeSeconds(ms);
}

/** A span still to come, rounded up: “3 s”, “2 min 5 s”, “2 min”. */
export function wholeSeconds(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  if (seconds < 60) return `${seconds} s`;
  return seconds % 60 ? `${Math.floor(seconds / 60)} min ${seconds % 60} s` : `${seconds / 60} min`;
}

export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}
