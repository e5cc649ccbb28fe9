// Every GraphQL document that the page sends, typed by what goes in and what comes out.
import type {
  Accepted,
  Failure,
  InboxConnection,
  InboxEvent,
  InboxMark,
  Notification,
  SendNotificationInput,
} from "./types.ts";

/** A document with the types of its variables and of its data; the types exist only while compiling. */
export interface Operation<Variables, Data> {
  text: string;
  readonly types?: (variables: Variables) => Data;
}

const ITEM = "id title body url createdAt seenAt readAt archivedAt";
const FAILURE = "__typename ... on Failure { code message path retryable documentation traceId }";

export const SEND: Operation<{ input: SendNotificationInput }, { sendNotification: Accepted | Failure }> = {
  text: `mutation Send($input: SendNotificationInput!) {
  sendNotification(input: $input) {
    __typename
    ... on NotificationAccepted {
      duplicate
      notification { id state }
    }
    ... on Failure {
      code message path
      retryable documentation traceId
    }
  }
}`,
};

export const TIMELINE: Operation<{ id: string }, { notification: Notification | null }> = {
  text: `query Timeline($id: ID!) {
  notification(id: $id) {
    id state recipientCount channels createdAt
    counts { state count }
    decisions { stage rule reason }
    deliveries(first: 20) {
      pageInfo { hasNextPage }
      edges { node {
        id channel state reason providerName
        user { id externalId email }
        decisions { stage rule reason }
        attempts(first: 20) { edges { node {
          id number outcome reason providerName providerMessageId answer startedAt settledAt
        } } }
        createdAt nextAttemptAt sentAt deliveredAt seenAt readAt
      } }
    }
  }
}`,
};

export const INBOX: Operation<{ after?: string }, { inbox: InboxConnection | null }> = {
  text: `query Inbox($after: String) {
  inbox(first: 20, after: $after) {
    edges { node { ${ITEM} } }
    pageInfo { hasNextPage endCursor }
    unread liveCursor
  }
}`,
};

export const INBOX_EVENTS: Operation<{ since: string }, { inbox: InboxEvent }> = {
  text: `subscription InboxEvents($since: String) {
  inbox(since: $since) {
    __typename
    ... on InboxItemAdded { cursor at unread item { ${ITEM} } }
    ... on InboxItemChanged { cursor at unread item { ${ITEM} } }
    ... on InboxItemRemoved { cursor at unread itemId }
    ... on InboxReset { cursor at reason }
  }
}`,
};

export interface MarkInboxInput {
  which: { ids: string[] } | { all: true };
  mark: InboxMark;
}

export const MARK: Operation<
  { input: MarkInboxInput },
  { markInbox: { __typename: "InboxMarked"; changed: number; unread: number } | Failure }
> = {
  text: `mutation Mark($input: MarkInboxInput!) {
  markInbox(input: $input) { ${FAILURE} ... on InboxMarked { changed unread } }
}`,
};
