"""One SELECT per query; its parameters are the query's fields, its columns the fields of the query's rows."""

from sqlalchemy import ColumnElement, Select, and_, bindparam, exists, func, literal_column, select
from sqlalchemy import Table as SqlTable

from engines.store import queries as q
from models import tables as t
from models.states import FINAL_FROM, STOPPED
from models.vocabulary import InboxEventKind

_FINAL: ColumnElement[int] = literal_column(str(FINAL_FROM.value))
_ADDED: ColumnElement[int] = literal_column(str(InboxEventKind.ADDED.value))


def _in(column: ColumnElement[object], parameter: str) -> ColumnElement[bool]:
    return column.in_(bindparam(parameter, expanding=True))


def _of_tenants(table: SqlTable) -> ColumnElement[bool]:
    return _in(table.c.tenant_id, "tenant_ids")


def _of_tenant(table: SqlTable) -> ColumnElement[bool]:
    return table.c.tenant_id == bindparam("tenant")


_KEYS = select(*[t.api_keys.c[name] for name in (
    "tenant_id", "id", "hash", "name", "role", "created_at", "expires_at", "revoked_at", "created_by",
    "quota_per_minute",
)])  # fmt: skip
_MEMBERS = select(*[t.members.c[name] for name in (
    "tenant_id", "id", "identity_blind", "identity_sealed", "name_sealed", "role", "created_by", "created_at",
    "updated_at",
)]).where(t.members.c.removed_at.is_(None))  # fmt: skip
_NEVER: ColumnElement[int] = literal_column(str((1 << 63) - 1))
_PEOPLE = select(*[t.users.c[name] for name in (
    "tenant_id", "id", "handle_kind", "handle_blind", "handle_sealed", "wrapped_key", "locale", "time_zone",
    "data_sealed", "created_at",
)])  # fmt: skip
_NOTIFICATIONS = select(*[t.notifications.c[name] for name in (
    "tenant_id", "id", "priority", "channels", "category", "audience", "recipients", "content_sealed", "labels",
    "created_by", "created_at", "send_at", "expires_at", "cancelled_at", "template_version_id", "locale",
)])  # fmt: skip

_d, _a, _i, _n = t.deliveries, t.notification_delivery_logs, t.inbox, t.notifications
_waits = _d.c.state < _FINAL
_under_way = (
    exists()
    .where(
        _a.c.tenant_id == _d.c.tenant_id,
        _a.c.notification_id == _d.c.notification_id,
        _a.c.user_id == _d.c.user_id,
        _a.c.step == _d.c.step,
        _a.c.settled_at.is_(None),
    )
    .correlate(_d)
)
_UNDER_WAY = and_(_waits, _under_way)
_DELIVERIES = select(*[_d.c[name] for name in (
    "tenant_id", "notification_id", "user_id", "step", "channel", "state", "reason", "decisions", "attempts", "locale",
    "provider", "created_at", "next_attempt_at", "sent_at", "delivered_at", "seen_at", "read_at", "archived_at",
)], _UNDER_WAY.label("under_way"), _d.c.template_version_id).where(_of_tenants(_d))  # fmt: skip
_INBOX = (
    select(
        *[_i.c[name] for name in ("tenant_id", "user_id", "seq", "kind", "notification_id", "step")],
        _i.c.created_at.label("at"),
        _n.c.category, _n.c.content_sealed,
        *[_d.c[name] for name in (
            "created_at", "seen_at", "read_at", "archived_at", "template_version_id", "locale",
        )],
    )
    .join(_d, and_(*[_d.c[name] == _i.c[name] for name in ("tenant_id", "notification_id", "user_id", "step")]))
    .join(_n, and_(_n.c.tenant_id == _i.c.tenant_id, _n.c.id == _i.c.notification_id))
)  # fmt: skip

_p = t.user_notification_preferences
_STOPPED: list[ColumnElement[int]] = [literal_column(str(state.value)) for state in STOPPED]
_newest_first = func.row_number().over(partition_by=_d.c.user_id, order_by=_d.c.created_at.desc())
_recent = (
    select(
        *[_d.c[name] for name in ("tenant_id", "user_id", "notification_id", "step", "created_at")],
        _newest_first.label("place"),
    )
    .where(
        _of_tenants(_d),
        _in(_d.c.user_id, "users"),
        _d.c.created_at > bindparam("since_us"),
        _d.c.state.not_in(_STOPPED),
    )
    .subquery("recent")
)
_RECENT = (
    select(*[_recent.c[name] for name in ("tenant_id", "user_id", "notification_id", "step", "created_at")])
    .where(_recent.c.place <= bindparam("most"))
    .order_by(_recent.c.user_id, _recent.c.place)
)
_t, _v = t.templates, t.template_versions
_TEMPLATES = select(*[_t.c[name] for name in (
    "tenant_id", "id", "key", "name", "draft_id", "published_id", "last_number", "created_at", "updated_at",
)])  # fmt: skip
_VERSIONS = select(*[_v.c[name] for name in (
    "tenant_id", "id", "template_id", "number", "body", "created_by", "created_at", "published_at",
)], _t.c.key).join(_t, and_(_t.c.tenant_id == _v.c.tenant_id, _t.c.id == _v.c.template_id))  # fmt: skip

SELECTS: dict[type, Select[tuple[object, ...]]] = {
    q.AllTenants: select(t.account_tenants.c.tenant_id),
    q.Revisions: select(t.revisions).where(_of_tenants(t.revisions)),
    q.Tenants: select(t.tenants).where(_in(t.tenants.c.id, "tenant_ids")),
    q.Keys: _KEYS.where(_of_tenant(t.api_keys)).order_by(t.api_keys.c.created_at.desc(), t.api_keys.c.id.desc()),
    q.KeysPage: _KEYS.where(
        _of_tenant(t.api_keys),
        func.coalesce(t.api_keys.c.revoked_at, _NEVER) > bindparam("in_force_at_us"),
        func.coalesce(t.api_keys.c.expires_at, _NEVER) > bindparam("in_force_at_us"),
    ).order_by(t.api_keys.c.id.desc()).limit(bindparam("limit")),
    q.MembersOf: _MEMBERS.where(_of_tenant(t.members)).order_by(t.members.c.id.desc()).limit(bindparam("limit")),
    q.MembersById: _MEMBERS.where(_of_tenants(t.members), _in(t.members.c.id, "ids")),
    q.MembersByIdentity: _MEMBERS.where(_of_tenants(t.members), _in(t.members.c.identity_blind, "identities")),
    q.TenantsOf: select(t.account_tenants.c.tenant_id)
    .where(t.account_tenants.c.account_id == bindparam("account"))
    .order_by(t.account_tenants.c.tenant_id)
    .limit(bindparam("limit")),
    q.AuditHeads: select(t.audit_heads).where(_of_tenants(t.audit_heads)),
    q.KeysById: _KEYS.where(_of_tenants(t.api_keys), _in(t.api_keys.c.id, "ids")),
    q.PeopleById: _PEOPLE.where(_of_tenants(t.users), _in(t.users.c.id, "ids")),
    q.PeopleByHandle: _PEOPLE.where(_of_tenant(t.users), _in(t.users.c.handle_blind, "handles")),
    q.AddressesOf: select(*[t.user_channels.c[name] for name in (
        "tenant_id", "user_id", "channel", "address_blind", "address_sealed",
    )]).where(_of_tenants(t.user_channels), _in(t.user_channels.c.user_id, "users")),
    q.Recipients: select(*[t.users.c[name] for name in ("tenant_id", "id", "locale", "preferences_at")]).where(
        _of_tenants(t.users), _in(t.users.c.id, "ids")
    ),
    q.CategoriesOf: select(*[t.categories.c[name] for name in (
        "tenant_id", "id", "key", "name", "description", "mandatory", "channels", "priority", "expires_after_s",
        "when_unknown", "limited", "created_at", "updated_at",
    )]).where(_of_tenants(t.categories)).order_by(t.categories.c.tenant_id, t.categories.c.key),
    q.TenantRulesOf: select(*[t.tenant_rules.c[name] for name in (
        "tenant_id", "channels", "hourly_limit", "updated_at",
    )]).where(_of_tenants(t.tenant_rules)),
    q.PreferencesOf: select(*[_p.c[name] for name in (
        "tenant_id", "user_id", "category", "channel", "enabled",
    )]).where(_of_tenants(_p), _in(_p.c.user_id, "users")),
    q.RecentDeliveries: _RECENT,
    q.TemplatesOf: _TEMPLATES.where(_of_tenants(_t)),
    q.TemplateByKey: _TEMPLATES.where(_of_tenant(_t), _t.c.key == bindparam("key")),
    q.TemplatesById: _TEMPLATES.where(_of_tenants(_t), _in(_t.c.id, "ids")),
    q.TemplatesAfter: _TEMPLATES.where(_of_tenant(_t), _t.c.id > bindparam("after"))
    .order_by(_t.c.id).limit(bindparam("limit")),
    q.TemplatesBefore: _TEMPLATES.where(_of_tenant(_t), _t.c.id < bindparam("before"))
    .order_by(_t.c.id.desc()).limit(bindparam("limit")),
    q.TemplateVersionsById: _VERSIONS.where(_of_tenants(_v), _in(_v.c.id, "ids")),
    q.TemplateVersionsBelow: _VERSIONS.where(
        _of_tenant(_v), _v.c.template_id == bindparam("template"), _v.c.number < bindparam("number"),
        _v.c.published_at.is_not(None),
    ).order_by(_v.c.number.desc()).limit(bindparam("limit")),
    q.Reachable: select(*[t.user_channels.c[name] for name in ("tenant_id", "user_id", "channel")]).where(
        _of_tenants(t.user_channels), _in(t.user_channels.c.user_id, "users")
    ),
    q.Pending: select(*[_n.c[name] for name in (
        "tenant_id", "id", "priority", "channels", "category", "audience", "expires_at", "cancelled_at",
        "template_version_id", "locale",
    )]).where(_of_tenants(_n), _in(_n.c.id, "ids")),
    q.NotificationsById: _NOTIFICATIONS.where(_of_tenants(_n), _in(_n.c.id, "ids")),
    q.StateCounts: select(_d.c.notification_id, _d.c.state, _UNDER_WAY.label("under_way"), func.count())
    .where(_of_tenants(_d), _in(_d.c.notification_id, "ids"))
    .group_by(_d.c.notification_id, _d.c.state, _UNDER_WAY.label("under_way")),
    q.DeliveriesOf: _DELIVERIES.where(
        _d.c.notification_id == bindparam("notification"),
        (_d.c.user_id > bindparam("after_user"))
        | and_(_d.c.user_id == bindparam("after_user"), _d.c.step > bindparam("after_step")),
    )
    .order_by(_d.c.user_id, _d.c.step)
    .limit(bindparam("limit")),
    q.Heads: select(*[t.inbox_heads.c[name] for name in (
        "tenant_id", "user_id", "epoch", "seq", "floor", "unread",
    )]).where(_of_tenants(t.inbox_heads), _in(t.inbox_heads.c.user_id, "users")),
    q.InboxPage: _INBOX.where(
        _of_tenant(_i), _i.c.user_id == bindparam("user"), _i.c.seq < bindparam("before_seq"),
        _i.c.kind == _ADDED, _d.c.archived_at.is_(None),
    ).order_by(_i.c.seq.desc()).limit(bindparam("limit")),
    q.InboxAfter: _INBOX.where(
        _of_tenant(_i), _i.c.user_id == bindparam("user"), _i.c.seq > bindparam("after_seq"),
    ).order_by(_i.c.seq).limit(bindparam("limit")),
}  # fmt: skip

ROWS: dict[type, type] = {
    q.AllTenants: q.TenantId,
    q.Revisions: q.RevisionRow,
    q.Tenants: q.TenantRow,
    q.Keys: q.KeyRow,
    q.KeysById: q.KeyRow,
    q.KeysPage: q.KeyRow,
    q.MembersOf: q.MemberRow,
    q.MembersById: q.MemberRow,
    q.MembersByIdentity: q.MemberRow,
    q.TenantsOf: q.TenantIdRow,
    q.AuditHeads: q.AuditHeadRow,
    q.PeopleById: q.PersonRow,
    q.PeopleByHandle: q.PersonRow,
    q.AddressesOf: q.AddressRow,
    q.Recipients: q.RecipientRow,
    q.CategoriesOf: q.CategoryRow,
    q.TenantRulesOf: q.TenantRulesRow,
    q.PreferencesOf: q.PreferenceRow,
    q.RecentDeliveries: q.RoutedRow,
    q.TemplatesOf: q.TemplateRow,
    q.TemplateByKey: q.TemplateRow,
    q.TemplatesById: q.TemplateRow,
    q.TemplatesAfter: q.TemplateRow,
    q.TemplatesBefore: q.TemplateRow,
    q.TemplateVersionsById: q.TemplateVersionRow,
    q.TemplateVersionsBelow: q.TemplateVersionRow,
    q.Reachable: q.ReachableRow,
    q.Pending: q.PendingRow,
    q.NotificationsById: q.NotificationRow,
    q.StateCounts: q.StateCountRow,
    q.DeliveriesOf: q.DeliveryRow,
    q.Heads: q.HeadRow,
    q.InboxPage: q.InboxRow,
    q.InboxAfter: q.InboxRow,
}
"""What the rows of each query become."""
