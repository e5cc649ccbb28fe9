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


def _lays_down(field: str, input_type: str) -> str:
    return (
        f"mutation ($input: {input_type}!) {{ result: {field}(input: $input) "
        "{ __typename ... on Failure { code message path retryable } } }"
    )


SET_RULES = _lays_down("setTenantRules", "SetTenantRulesInput")
DRAFT = _lays_down("draftTemplate", "DraftTemplateInput")
PUBLISH = _lays_down("publishTemplate", "PublishTemplateInput")
DECLINE = _lays_down("setPreferences", "SetPreferencesInput")
PUT_CATEGORY = _lays_down("putCategory", "PutCategoryInput")

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
