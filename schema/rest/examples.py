"""Examples that the OpenAPI document shows. A test decodes each by its model."""

_NOTIFICATION_ID = "ntf_06fcfsczzwz01r40g40h44s70g"
_HREF = f"/api/v1/notifications/{_NOTIFICATION_ID}"
_CURSOR = "AQAGXv3QZ4AAAAAAAAAAABKwU1vVrC9oM2n1tQeV"

SENDS: dict[str, object] = {
    "toOneUser": {
        "summary": "One user, on every channel",
        "value": {
            "to": {"externalId": "ada"},
            "message": {"content": {"title": "Order 17", "body": "It is on its way."}},
        },
    },
    "later": {
        "summary": "Later, by e-mail only, with your own labels",
        "value": {
            "to": {"email": "ada@example.org"},
            "message": {"content": {"title": "Your trial ends", "body": "Tomorrow is the last day."}},
            "channels": ["EMAIL"],
            "sendAt": "2027-01-31T09:30:00Z",
            "labels": {"campaign": "trial"},
        },
    },
}
ACCEPTED: dict[str, object] = {"id": _NOTIFICATION_ID, "href": _HREF}
NOTIFICATION: dict[str, object] = {
    "id": _NOTIFICATION_ID,
    "state": "COMPLETED",
    "categoryKey": "transactional",
    "priority": "NORMAL",
    "channels": ["EMAIL"],
    "recipientCount": 1,
    "labels": {"order": 17},
    "createdAt": "2027-01-15T08:00:00Z",
    "sendAt": None,
    "expiresAt": None,
    "counts": [{"state": "SENT", "count": 1}],
    "deliveries": [],
    "nextCursor": None,
}
PAGE: dict[str, object] = {
    "items": [{name: value for name, value in NOTIFICATION.items() if name not in {"deliveries", "nextCursor"}}],
    "nextCursor": None,
    "previousCursor": _CURSOR,
}
CANCELLED: dict[str, object] = {"id": _NOTIFICATION_ID, "stoppedCount": 2, "leftCount": 0, "repeated": False}
INBOX: dict[str, object] = {
    "items": [],
    "nextCursor": None,
    "unread": 0,
    "liveCursor": _CURSOR,
}
MARKS: dict[str, object] = {
    "all": {"summary": "Everything is read", "value": {"which": {"all": True}, "mark": "READ"}},
    "before": {
        "summary": "What was shown is seen",
        "value": {"which": {"before": _CURSOR}, "mark": "SEEN"},
    },
}
MARKED: dict[str, object] = {"changed": 3, "unread": 0}
TICKET: dict[str, object] = {
    "ticket": "eyJhbGciOiJSUzI1NiIs….eyJhdWQiOiJjYXJpbGxvbi1z….c2lnbmF0dXJl…",
    "expiresAt": "2027-01-15T08:01:00Z",
    "href": "/api/v1/inbox/stream?ticket=eyJhbGciOiJSUzI1NiIs…",
}
STREAM: dict[str, object] = {
    "id": _CURSOR,
    "event": "ready",
    "data": f'{{"cursor":"{_CURSOR}","at":"2027-01-15T08:00:00Z"}}',
}
