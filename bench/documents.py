"""The GraphQL documents that feeds and drills send."""

SENT = """
  __typename
  ... on NotificationAccepted { duplicate notification { id } }
  ... on Failure { code message path retryable }
"""

VIEWER = "query { viewer { tenantId } }"

UPSERT = """
mutation ($inputs: [UpsertUserInput!]!) {
  upsertUsers(inputs: $inputs) {
    __typename
    ... on UpsertUsersAnswer {
      results { __typename ... on UserUpserted { user { id } } ... on Failure { code message path retryable } }
    }
    ... on Failure { code message path retryable }
  }
}
"""

SET_RULES = """
mutation ($input: SetTenantRulesInput!) {
  result: setTenantRules(input: $input) { __typename ... on Failure { code message path retryable } }
}
"""

DRAFT = """
mutation ($input: DraftTemplateInput!) {
  result: draftTemplate(input: $input) { __typename ... on Failure { code message path retryable } }
}
"""

PUBLISH = """
mutation ($input: PublishTemplateInput!) {
  result: publishTemplate(input: $input) { __typename ... on Failure { code message path retryable } }
}
"""

DECLINE = """
mutation ($input: SetPreferencesInput!) {
  result: setPreferences(input: $input) { __typename ... on Failure { code message path retryable } }
}
"""

PUT_CATEGORY = """
mutation ($input: PutCategoryInput!) {
  result: putCategory(input: $input) {
    __typename
    ... on CategoryPut { created }
    ... on Failure { code message path retryable }
  }
}
"""

SEND_ONE = f"mutation ($input: SendNotificationInput!) {{ sendNotification(input: $input) {{ {SENT} }} }}"

SEND_MANY = f"""
mutation ($inputs: [SendNotificationInput!]!) {{
  sendNotifications(inputs: $inputs) {{
    __typename
    ... on SendNotificationsAnswer {{ results {{ {SENT} }} }}
    ... on Failure {{ code message path retryable }}
  }}
}}
"""

DELIVERIES = """
query ($ids: [ID!]!) {
  nodes(ids: $ids) {
    ... on Notification {
      id
      deliveries(first: 100) {
        pageInfo { hasNextPage }
        edges { node {
          id channel state reason createdAt nextAttemptAt
          attempts(first: 100) { edges { node { id number outcome startedAt settledAt } } }
        } }
      }
    }
  }
}
"""

INBOX = """
query ($first: Int, $after: String) {
  inbox(first: $first, after: $after) {
    liveCursor
    pageInfo { hasNextPage endCursor }
    edges { cursor node { id title } }
  }
}
"""

FOLLOW = """
subscription ($since: String) {
  inbox(since: $since) {
    __typename
    ... on LiveEvent { cursor }
    ... on InboxItemAdded { item { id title } }
    ... on InboxReset { reason }
  }
}
"""
