"""What every store promises about templates. Runs on each adapter against the real engine."""

import asyncio

import msgspec

from engines.store import operations as op
from engines.store import queries as q
from engines.store.base import Store
from models.clock import SystemClock
from models.ids import TEMPLATE_VERSION, Ids, encode
from models.vocabulary import AuditAction, RevisionKind, Role, TenantKind

clock = SystemClock()
ids = Ids(clock.now_us)


async def make_tenant(store: Store) -> bytes:
    tenant = ids.new()
    await store.write(op.PutTenant(tenant, ids.new(), "acme", "acme live", TenantKind.LIVE, b"wrapped", clock.now_us()))
    return tenant


def entry(action: AuditAction) -> op.AuditEntry:
    return op.AuditEntry(Role.DEVELOPER, ids.new(), "ci", action, "welcome", clock.now_us())


def draft(tenant: bytes, key: str = "welcome", *, name: str | None = None, most: int = 100) -> op.DraftTemplate:
    return op.DraftTemplate(
        tenant, key, name, ids.new(), ids.new(), b"{}", most, ids.new(), clock.now_us(),
        entry(AuditAction.TEMPLATE_DRAFTED),
    )  # fmt: skip


def publish(tenant: bytes, template: bytes, version: bytes) -> op.PublishTemplate:
    return op.PublishTemplate(tenant, template, version, clock.now_us(), entry(AuditAction.TEMPLATE_PUBLISHED))


async def drafted(store: Store, one: op.DraftTemplate) -> op.Drafted:
    answer = await store.write(one)
    assert isinstance(answer, op.Drafted)
    return answer


def version_json(version: bytes) -> bytes:
    return msgspec.json.encode({"version": encode(TEMPLATE_VERSION, version)})


async def revision(store: Store, tenant: bytes) -> int:
    rows = await store.read(q.Revisions((tenant,)))
    return sum([row.revision for row in rows if row.kind == RevisionKind.TEMPLATES])


async def test_a_draft_makes_the_template_and_the_next_one_takes_its_place(store: Store) -> None:
    tenant = await make_tenant(store)
    first, second = draft(tenant), draft(tenant, name="Welcome")

    answers = [await drafted(store, one) for one in (first, second)]

    assert answers == [op.Drafted(first.id, True, 1), op.Drafted(first.id, False, 1)]
    [row] = await store.read(q.TemplateByKey(tenant, "welcome"))
    assert (row.id, row.name, row.draft, row.published, row.last_number) == (
        first.id, "Welcome", second.version, None, 0,
    )  # fmt: skip
    versions = await store.read(q.TemplateVersionsById((tenant,), (first.version, second.version)))
    assert [(one.id, one.number, one.key, one.published_at) for one in versions] == [
        (second.version, 1, "welcome", None)
    ]


async def test_publishing_numbers_versions_and_raises_the_revision(store: Store) -> None:
    tenant = await make_tenant(store)
    first = draft(tenant)
    await drafted(store, first)
    before = await revision(store, tenant)

    one = await store.write(publish(tenant, first.id, first.version))
    second = draft(tenant)
    await drafted(store, second)
    two = await store.write(publish(tenant, first.id, second.version))

    assert (one, two) == (op.Published(1), op.Published(2))
    assert await revision(store, tenant) > before
    [row] = await store.read(q.TemplatesOf((tenant,)))
    assert (row.draft, row.published, row.last_number) == (None, second.version, 2)
    newest = await store.read(q.TemplateVersionsBelow(tenant, first.id, 1 << 30, 10))
    assert [(one.number, one.id) for one in newest] == [(2, second.version), (1, first.version)]
    places = ((tenant, first.id, 1), (tenant, first.id, 7))
    assert [one.id for one in await store.read(q.TemplateVersionsByNumber((tenant,), places))] == [first.version]


async def test_only_the_draft_that_stands_is_published_and_only_once(store: Store) -> None:
    tenant = await make_tenant(store)
    first, second = draft(tenant), draft(tenant)
    await drafted(store, first)
    await drafted(store, second)

    outdated = await store.write(publish(tenant, first.id, first.version))
    answers = await asyncio.gather(*[store.write(publish(tenant, first.id, second.version)) for _ in range(10)])

    assert outdated is None
    assert (answers.count(op.Published(1)), answers.count(None)) == (1, 9)


async def test_concurrent_first_drafts_of_one_key_make_one_template(store: Store) -> None:
    tenant = await make_tenant(store)
    drafts = [draft(tenant) for _ in range(20)]

    answers = [one for one in await asyncio.gather(*map(store.write, drafts)) if isinstance(one, op.Drafted)]

    assert len(answers) == 20 and len({one.template for one in answers}) == 1
    assert [one.created for one in answers].count(True) == 1
    [row] = await store.read(q.TemplatesOf((tenant,)))
    [version] = await store.read(q.TemplateVersionsById((tenant,), tuple([one.version for one in drafts])))
    assert version.id == row.draft


async def test_a_tenant_has_no_more_templates_than_it_may(store: Store) -> None:
    tenant = await make_tenant(store)

    answers = [await store.write(draft(tenant, f"key-{place}", most=2)) for place in range(3)]
    again = await store.write(draft(tenant, "key-0", most=2))

    assert isinstance(answers[2], op.TooManyTemplates)
    assert isinstance(again, op.Drafted) and not again.created
    assert len(await store.read(q.TemplatesOf((tenant,)))) == 2


async def test_pages_go_both_ways(store: Store) -> None:
    tenant = await make_tenant(store)
    made = [(await drafted(store, draft(tenant, f"key-{place}"))).template for place in range(5)]

    after = await store.read(q.TemplatesAfter(tenant, made[1], 2))
    before = await store.read(q.TemplatesBefore(tenant, made[3], 2))

    assert [row.id for row in after] == [made[2], made[3]]
    assert [row.id for row in before] == [made[2], made[1]]


async def test_changes_are_in_the_audit_log_with_what_was_before(store: Store) -> None:
    tenant = await make_tenant(store)
    first, second = draft(tenant), draft(tenant)
    await drafted(store, first)
    await drafted(store, second)
    await store.write(publish(tenant, first.id, second.version))

    third = draft(tenant)
    await drafted(store, third)
    await store.write(publish(tenant, first.id, third.version))

    rows = await store.read(q.AuditPage(tenant, 0, 100, 100, newest_first=False))
    assert [(AuditAction(row.action).name, row.before) for row in rows] == [
        ("TEMPLATE_DRAFTED", None),
        ("TEMPLATE_DRAFTED", version_json(first.version)),
        ("TEMPLATE_PUBLISHED", None),
        ("TEMPLATE_DRAFTED", None),
        ("TEMPLATE_PUBLISHED", version_json(second.version)),
    ]


async def test_a_foreign_tenant_sees_no_template(store: Store) -> None:
    tenant, other = await make_tenant(store), await make_tenant(store)
    mine = draft(tenant)
    await drafted(store, mine)

    assert await store.read(q.TemplateByKey(other, "welcome")) == []
    assert await store.read(q.TemplatesById((other,), (mine.id,))) == []
    assert await store.read(q.TemplateVersionsById((other,), (mine.version,))) == []
    assert await store.write(publish(other, mine.id, mine.version)) is None
    theirs = await drafted(store, draft(other))
    assert theirs.created and theirs.template != mine.id
