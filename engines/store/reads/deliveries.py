"""Rows of deliveries as queries give them: whether an attempt is under way is looked up. Called by other reads."""

from collections.abc import Sequence

from engines.store.dialect.base import Dialect, Row, Transaction
from engines.store.queries.notifications import DeliveryRow
from models import tables as t
from models.states import FINAL_FROM

DELIVERY = ("tenant_id", "notification_id", "user_id", "step")
DELIVERY_COLUMNS = (
    *DELIVERY, "channel", "state", "reason", "decisions", "attempts", "locale", "provider", "created_at",
    "next_attempt_at", "sent_at", "delivered_at", "seen_at", "read_at", "archived_at", "template_version_id",
)  # fmt: skip


def told_deliveries(d: Dialect, rows: Sequence[Row]) -> Transaction[list[DeliveryRow]]:
    """Values of `DELIVERY_COLUMNS` as rows; those that wait are looked up in the log of attempts."""
    waiting: list[Row] = [tuple(row[:4]) for row in rows if row[5] < FINAL_FROM]
    attempts = yield from d.lookup(t.notification_delivery_logs, DELIVERY, waiting, (*DELIVERY, "settled_at"))
    under_way = {tuple(row[:4]) for row in attempts if row[4] is None}
    return [DeliveryRow(*(*row[:-1], int(tuple(row[:4]) in under_way), row[-1])) for row in rows]
