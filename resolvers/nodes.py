"""Finds anything by its id, as far as the caller may see it. Called by `node`, `nodes` and `notification`."""

from collections.abc import Awaitable, Callable, Sequence

from errors import InvalidInput
from models import ids
from models.states import DeliveryState
from models.vocabulary import Channel
from resolvers.context import Context
from schema.access import NODES
from schema.attempts import Attempt
from schema.context import Said
from schema.inbox import InboxItem
from schema.node import Node
from schema.notifications import Delivery, Notification
from schema.templates import Template, TemplateVersion, read_version
from schema.users import User


def read_id(text: str, path: Sequence[str]) -> tuple[str, bytes]:
    """The prefix and the bytes of a node's id.

    Raises:
        InvalidInput: no id that a node of ours can have.
    """
    prefix = text.partition("_")[0]
    raw = ids.try_decode(prefix, text) if prefix in NODES else None
    if raw is None:
        kinds = ", ".join([f"{prefix}_…" for prefix in NODES])
        raise InvalidInput(f"expected an id as the API gave it ({kinds}), got {text[:80]!r}", path=path)
    return prefix, raw


async def find_node(context: Context, prefix: str, raw: bytes) -> Node | None:
    """The thing; None where it is absent, another tenant's, or not for this caller."""
    if NODES[prefix] not in context.caller.permissions:
        return None
    return await _FINDERS[prefix](context, raw)


async def find_notification(context: Context, raw: bytes) -> Notification | None:
    """A notification by the bytes of its id."""
    row = await context.reads.notification(raw)
    return Notification.of(row) if row is not None else None


async def _delivery(context: Context, raw: bytes) -> Delivery | None:
    row = await context.reads.delivery(ids.delivery_key(raw))
    return Delivery.of(row) if row is not None else None


async def _attempt(context: Context, raw: bytes) -> Attempt | None:
    notification, user, step, number = ids.attempt_key(raw)
    rows = await context.reads.attempts((notification, user, step))
    return next((Attempt.of(row) for row in rows if row.number == number), None)


async def _user(context: Context, raw: bytes) -> User | None:
    row = await context.reads.person(raw)
    return User.of(row) if row is not None else None


async def _inbox_item(context: Context, raw: bytes) -> InboxItem | None:
    """Of the caller's own inbox only."""
    key = ids.delivery_key(raw)
    row = await context.reads.delivery(key) if key[1] == context.caller.user else None
    if row is None or row.channel != Channel.IN_APP or row.state != DeliveryState.DELIVERED:
        return None
    notification = await context.reads.notification(row.notification)
    content = await context.reads.content(Said(row.notification, Channel.IN_APP, row.template_version, row.locale))
    if notification is None or content is None:
        return None
    marks = (row.seen_at, row.read_at, row.archived_at)
    return InboxItem.of(key, notification.category, content, row.created_at, marks)


async def _template(context: Context, raw: bytes) -> Template | None:
    row = await context.reads.template(raw)
    return Template.of(row) if row is not None else None


async def _template_version(context: Context, raw: bytes) -> TemplateVersion | None:
    return await read_version(raw, context)


_FINDERS: dict[str, Callable[[Context, bytes], Awaitable[Node | None]]] = {
    ids.NOTIFICATION: find_notification,
    ids.DELIVERY: _delivery,
    ids.ATTEMPT: _attempt,
    ids.USER: _user,
    ids.INBOX_ITEM: _inbox_item,
    ids.KEY: lambda context, raw: context.access.key(raw),
    ids.MEMBER: lambda context, raw: context.access.member(raw),
    ids.TENANT: lambda context, raw: context.access.tenant(raw),
    ids.AUDIT_ENTRY: lambda context, raw: context.access.entry(raw),
    ids.TEMPLATE: _template,
    ids.TEMPLATE_VERSION: _template_version,
}
