// The shapes that the demo page asks the public API for; names are those of schema/schema.graphql.

export type Channel = "EMAIL" | "IN_APP" | "SMS" | "PUSH";
export type InboxMark = "SEEN" | "READ" | "UNREAD" | "ARCHIVED" | "UNARCHIVED";
export type NotificationState = "SCHEDULED" | "ACCEPTED" | "PROCESSING" | "COMPLETED" | "CANCELLED" | "EXPIRED";
export type DeliveryState =
  | "HELD"
  | "QUEUED"
  | "SENDING"
  | "RETRY_WAIT"
  | "UNKNOWN"
  | "SENT"
  | "DELIVERED"
  | "BOUNCED"
  | "FAILED"
  | "DEAD"
  | "SUPPRESSED"
  | "SKIPPED"
  | "MERGED"
  | "SUPERSEDED"
  | "CANCELLED"
  | "EXPIRED";
export type Outcome = "SENT" | "REFUSED" | "BUSY" | "UNKNOWN" | "NOT_CALLED";

export interface AudienceInput {
  externalId?: string;
  externalIds?: string[];
  email?: string;
}

export interface SendNotificationInput {
  to: AudienceInput;
  message: { content: { title?: string; body: string; url?: string } };
  channels: Channel[];
  idempotencyKey: string;
}

export interface Failure {
  __typename: "InvalidInput" | "Forbidden" | "IdempotencyConflict" | "Unavailable";
  code: string;
  message: string;
  path: string[];
  retryable: boolean;
  documentation: string;
  traceId: string;
}

export interface Accepted {
  __typename: "NotificationAccepted";
  duplicate: boolean;
  notification: { id: string; state: NotificationState };
}

export interface Decision {
  stage: string;
  rule: string;
  reason: string | null;
}

export interface Attempt {
  id: string;
  number: number;
  outcome: Outcome | null;
  reason: string | null;
  providerName: string;
  providerMessageId: string | null;
  answer: string | null;
  startedAt: string;
  settledAt: string | null;
}

export interface Delivery {
  id: string;
  user: { id: string; externalId: string | null; email: string | null } | null;
  channel: Channel | null;
  state: DeliveryState;
  reason: string | null;
  providerName: string | null;
  decisions: Decision[];
  attempts: { edges: { node: Attempt }[] } | null;
  createdAt: string;
  nextAttemptAt: string | null;
  sentAt: string | null;
  deliveredAt: string | null;
  seenAt: string | null;
  readAt: string | null;
}

export interface Notification {
  id: string;
  state: NotificationState;
  recipientCount: number;
  channels: Channel[];
  createdAt: string;
  counts: { state: DeliveryState; count: number }[];
  decisions: Decision[];
  deliveries: { edges: { node: Delivery }[]; pageInfo: { hasNextPage: boolean } } | null;
}

export interface InboxItem {
  id: string;
  title: string | null;
  body: string;
  url: string | null;
  createdAt: string;
  seenAt: string | null;
  readAt: string | null;
  archivedAt: string | null;
}

export interface InboxConnection {
  edges: { node: InboxItem }[];
  pageInfo: { hasNextPage: boolean; endCursor: string | null };
  unread: number;
  liveCursor: string;
}

interface LiveEvent {
  cursor: string;
  at: string;
}

export type InboxEvent = LiveEvent &
  (
    | { __typename: "InboxItemAdded"; item: InboxItem; unread: number }
    | { __typename: "InboxItemChanged"; item: InboxItem; unread: number }
    | { __typename: "InboxItemRemoved"; itemId: string; unread: number }
    | { __typename: "InboxReset"; reason: string }
  );

export interface Mail {
  id: string;
  at: string;
  from: string;
  to: string | string[];
  subject: string;
  text: string | null;
  html: string | null;
  messageId: string | null;
}
