"""A tenant full of data, with a token of every role and an id of every kind. Used by tests of who sees what."""

import asyncio

import msgspec

from engines.store.operations import PutTenant
from models import ids
from models.vocabulary import Role, TenantKind
from tests.products import INBOX, SEND, UPSERT, Json, Product

ROLES = tuple(Role)
PATIENCE_S = 20.0

DELIVERIES = """query ($id: ID!) { notification(id: $id) { state deliveries { edges { node {
  id channel attempts { edges { node { id } } }
} } } } }"""
ADD = """mutation ($input: AddMemberInput!) { addMember(input: $input) {
  ... on MemberAdded { member { id } } ... on Failure { message }
} }"""
DRAFT = """mutation ($input: DraftTemplateInput!) { draftTemplate(input: $input) {
  ... on TemplateDrafted { template { id } } ... on Failure { message }
} }"""
PUBLISH = """mutation ($input: PublishTemplateInput!) { publishTemplate(input: $input) {
  ... on TemplatePublished { version { id } } ... on Failure { message }
} }"""
CATEGORY = """mutation ($input: PutCategoryInput!) { putCategory(input: $input) {
  ... on CategoryPut { created } ... on Failure { message }
} }"""
TEMPLATE_KEY, CATEGORY_KEY = "order-packed", "orders"
ACCESS = "{ apiKeys { id } tenants { id isCurrent } auditLog(first: 1) { edges { node { id } } } }"


class World(msgspec.Struct):
    """`ids` are by prefix; those of one notification to `usr`, a mail and an inbox item, belong together."""

    tenant: bytes
    tokens: dict[Role, str]
    ids: dict[str, str]


async def new_tenant(product: Product) -> bytes:
    """A tenant of an account of its own."""
    base = product.base
    tenant, account = base.ids.many(2)
    [wrapped] = base.sealer.new_keys([tenant])
    await base.store.write(
        PutTenant(tenant, account, "Other account", "Live", TenantKind.LIVE, wrapped, base.clock.now_us())
    )
    return tenant


async def furnish(product: Product, tenant: bytes, name: str = "ada") -> World:
    """Fill a tenant."""
    tokens: dict[Role, str] = {role: await product.key(role, tenant) for role in ROLES if role is not Role.END_USER}
    admin = tokens[Role.ADMIN]
    user = {"externalId": name, "email": f"{name}@example.test"}
    answer = await product.data(UPSERT, admin, inputs=[user])
    found = {ids.USER: answer["upsertUsers"]["results"][0]["user"]["id"]}
    browser = tokens[Role.END_USER] = product.base.tokens.issue(tenant, ids.decode(ids.USER, found[ids.USER]), 3_600)
    wanted = {"to": {"user": found[ids.USER]}, "message": {"content": {"title": "Packed", "body": "Order 17"}}}
    sent = await product.data(SEND, admin, input=wanted)
    found[ids.NOTIFICATION] = sent["sendNotification"]["notification"]["id"]
    found |= await _delivered(product, admin, found[ids.NOTIFICATION])
    found[ids.INBOX_ITEM] = (await product.data(INBOX, browser))["inbox"]["edges"][0]["node"]["id"]
    found |= await _rules(product, admin)
    found |= await _access(product, admin, name)
    return World(tenant, tokens, found)


async def _delivered(product: Product, admin: str, notification: str) -> dict[str, str]:
    """Wait for both deliveries; the mail's id and its attempt's."""
    async with asyncio.timeout(PATIENCE_S):
        while True:
            shown: Json = (await product.data(DELIVERIES, admin, id=notification))["notification"]
            if shown["state"] == "COMPLETED" and len(shown["deliveries"]["edges"]) == 2:
                break
            await asyncio.sleep(0.02)
    [mail] = [edge["node"] for edge in shown["deliveries"]["edges"] if edge["node"]["channel"] == "EMAIL"]
    return {ids.DELIVERY: mail["id"], ids.ATTEMPT: mail["attempts"]["edges"][0]["node"]["id"]}


async def _access(product: Product, admin: str, name: str) -> dict[str, str]:
    wanted = {"issuer": "https://id.example.test", "subject": name, "name": name, "role": "VIEWER"}
    added = (await product.data(ADD, admin, input=wanted))["addMember"]
    read = await product.data(ACCESS, admin)
    [own] = [tenant for tenant in read["tenants"] if tenant["isCurrent"]]
    return {
        ids.MEMBER: added["member"]["id"],
        ids.KEY: read["apiKeys"][-1]["id"],
        ids.TENANT: own["id"],
        ids.AUDIT_ENTRY: read["auditLog"]["edges"][0]["node"]["id"],
    }


async def _rules(product: Product, admin: str) -> dict[str, str]:
    contents = [
        {"locale": "en", "email": {"subject": "Order {{ order }}", "text": "Packed"}, "inApp": {"body": "Packed"}}
    ]
    wanted = {"key": TEMPLATE_KEY, "defaultLocale": "en", "contents": contents, "dataSchema": {"type": "object"}}
    drafted = (await product.data(DRAFT, admin, input=wanted))["draftTemplate"]
    published = (await product.data(PUBLISH, admin, input={"key": TEMPLATE_KEY}))["publishTemplate"]
    put = (await product.data(CATEGORY, admin, input={"key": CATEGORY_KEY, "name": "Orders"}))["putCategory"]
    assert "created" in put, put
    return {ids.TEMPLATE: drafted["template"]["id"], ids.TEMPLATE_VERSION: published["version"]["id"]}
