"""Templates and their versions, as callers see them."""

from collections.abc import Awaitable
from functools import cached_property

import strawberry

from engines.store.queries import TemplateRow, TemplateVersionRow
from errors import NotFound
from models import ids
from models.paging import Page
from models.template import EmailParts, InAppParts, TemplateBody, decode
from schema.access import may_see
from schema.context import Context, Inform
from schema.enums import Channel
from schema.fields import answered
from schema.node import Node
from schema.pages import After, First, PageInfo, paging
from schema.scalars import DateTime, JSONObject
from schema.selection import selects_only_id


@strawberry.type(description="What an e-mail says in one language; texts may hold placeholders.")
class EmailTemplate:
    """models.template.EmailParts."""

    subject: str = strawberry.field(description="The subject.")
    text: str = strawberry.field(description="The text part.")
    html: str | None = strawberry.field(description="The HTML part; null: it is made from the text.")
    url: str | None = strawberry.field(description="Where its button leads.")

    @classmethod
    def of(cls, parts: EmailParts) -> "EmailTemplate":
        """From the stored parts."""
        return cls(subject=parts.subject, text=parts.text, html=parts.html, url=parts.url)


@strawberry.type(description="What an inbox item says in one language; texts may hold placeholders.")
class InAppTemplate:
    """models.template.InAppParts."""

    title: str | None = strawberry.field(description="The title.")
    body: str = strawberry.field(description="The text.")
    url: str | None = strawberry.field(description="Where a click leads.")
    data: JSONObject | None = strawberry.field(description="Data for the page that shows the item.")

    @classmethod
    def of(cls, parts: InAppParts) -> "InAppTemplate":
        """From the stored parts."""
        data = JSONObject(parts.data) if parts.data is not None else None
        return cls(title=parts.title, body=parts.body, url=parts.url, data=data)


@strawberry.type(description="What a template says in one language.")
class TemplateContent:
    """One language of models.template.TemplateBody."""

    locale: str = strawberry.field(description="The language tag (BCP 47).")
    email: EmailTemplate | None = strawberry.field(description="By e-mail; null: the default language is used.")
    in_app: InAppTemplate | None = strawberry.field(description="In the inbox; null: the default language is used.")


@strawberry.type(description="One version of a template. What it says never changes once it is published.")
class TemplateVersion(Node):
    """A row of template_versions."""

    row: strawberry.Private[TemplateVersionRow]
    number: int = strawberry.field(description="1 is the first; of a draft, the number that it will have.")
    template_key: str = strawberry.field(description="The key of its template.")
    created_at: DateTime = strawberry.field(description="When it was drafted.")
    published_at: DateTime | None = strawberry.field(description="When it was published; null: it is a draft.")

    @classmethod
    def of(cls, row: TemplateVersionRow) -> "TemplateVersion":
        """From its row."""
        return cls(
            id=version_id(row.id),
            row=row,
            number=row.number,
            template_key=row.key,
            created_at=DateTime(row.created_at),
            published_at=DateTime(row.published_at) if row.published_at is not None else None,
        )

    @cached_property
    def body(self) -> TemplateBody:
        """Everything that it says; no field of the API."""
        return decode(self.row.body)

    @answered(description="The language that every other one falls back to.")
    def default_locale(self) -> str:
        """Opened only where it is asked for."""
        return self.body.default_locale

    @answered(description="The languages that it speaks, the default one first.")
    def locales(self) -> list[str]:
        """On any channel."""
        return list(self.body.locales)

    @answered(description="The channels that it speaks on; others are skipped.")
    def channels(self) -> list[Channel]:
        """In order."""
        return list(self.body.channels)

    @answered(description="What it says, by language; null for callers who may not manage templates.")
    def contents(self, info: Inform) -> list[TemplateContent] | None:
        """Shown by the table of schema.access."""
        if not may_see(info.context.caller, "TemplateVersion.contents"):
            return None
        return [_content(self.body, locale) for locale in self.body.locales]

    @answered(
        description="The JSON Schema (2020-12) that data must fit; null without one, and for callers who may not "
        "manage templates."
    )
    def data_schema(self, info: Inform) -> JSONObject | None:
        """Shown by the table of schema.access."""
        schema = self.body.data_schema
        shown = schema is not None and may_see(info.context.caller, "TemplateVersion.dataSchema")
        return JSONObject(schema) if schema is not None and shown else None

    @answered(description="The template that it is a version of.")
    async def template(self, info: Inform) -> "Template":
        """Read together with those of other versions."""
        info.context.count_items(1)
        row = await info.context.reads.template(self.row.template)
        if row is None:
            raise NotFound("the template is gone")
        return Template.of(row)


def _content(body: TemplateBody, locale: str) -> TemplateContent:
    email, in_app = body.email.get(locale), body.in_app.get(locale)
    return TemplateContent(
        locale=locale,
        email=EmailTemplate.of(email) if email is not None else None,
        in_app=InAppTemplate.of(in_app) if in_app is not None else None,
    )


@strawberry.type(description="Content with placeholders, by channel and language, in numbered versions.")
class Template(Node):
    """A row of templates."""

    row: strawberry.Private[TemplateRow]
    key: str = strawberry.field(description="By which notifications name it.")
    name: str = strawberry.field(description="By which people know it.")
    created_at: DateTime = strawberry.field(description="When it was first drafted.")
    updated_at: DateTime = strawberry.field(description="When it was last drafted or published.")

    @classmethod
    def of(cls, row: TemplateRow) -> "Template":
        """From its row."""
        return cls(
            id=template_id(row.id),
            row=row,
            key=row.key,
            name=row.name,
            created_at=DateTime(row.created_at),
            updated_at=DateTime(row.updated_at),
        )

    @answered(description="The version in force; null: it was never published.")
    async def published(self, info: Inform) -> TemplateVersion | None:
        """Read together with those of other templates."""
        return await read_version(self.row.published, info.context)

    @answered(description="The version to come; null: there is no draft.")
    async def draft(self, info: Inform) -> TemplateVersion | None:
        """Read together with those of other templates."""
        return await read_version(self.row.draft, info.context)

    @answered(description="Its published versions, newest first.")
    async def versions(
        self, info: Inform, first: First = strawberry.UNSET, after: After = strawberry.UNSET
    ) -> "TemplateVersionConnection | None":
        """One read a page."""
        page = await info.context.reads.template_versions(self.row.id, paging(first, after))
        info.context.count_items(len(page.items))
        return TemplateVersionConnection.of(page)


@strawberry.type(description="A version at its place in the list.")
class TemplateVersionEdge:
    """Relay's edge."""

    cursor: str = strawberry.field(description="The place of this item: pass it as after to go on from here.")
    node: TemplateVersion = strawberry.field(description="The version.")


@strawberry.type(description="A page of published versions, newest first.")
class TemplateVersionConnection:
    """Relay's connection."""

    edges: list[TemplateVersionEdge] = strawberry.field(description="The versions with their places.")
    page_info: PageInfo = strawberry.field(description="Where this page lies in its list.")

    @classmethod
    def of(cls, page: Page[TemplateVersionRow]) -> "TemplateVersionConnection":
        """A page that was read."""
        edges = [
            TemplateVersionEdge(cursor=cursor, node=TemplateVersion.of(row))
            for cursor, row in zip(page.cursors, page.items, strict=True)
        ]
        return cls(edges=edges, page_info=PageInfo.of(page))


@strawberry.type(description="A template at its place in the list.")
class TemplateEdge:
    """Relay's edge."""

    cursor: str = strawberry.field(description="The place of this item: pass it as after or before.")
    node: Template = strawberry.field(description="The template.")


@strawberry.type(description="A page of templates, in the order in which they were made.")
class TemplateConnection:
    """Relay's connection."""

    edges: list[TemplateEdge] = strawberry.field(description="The templates with their places.")
    page_info: PageInfo = strawberry.field(description="Where this page lies in its list.")

    @classmethod
    def of(cls, page: Page[TemplateRow]) -> "TemplateConnection":
        """A page that was read."""
        edges = [
            TemplateEdge(cursor=cursor, node=Template.of(row))
            for cursor, row in zip(page.cursors, page.items, strict=True)
        ]
        return cls(edges=edges, page_info=PageInfo.of(page))


def version_of(id_: bytes, info: Inform) -> Node | Awaitable[TemplateVersion | None]:
    """What a field of type TemplateVersion gives: it is read only where more than its id is asked for."""
    return Node(id=version_id(id_)) if selects_only_id(info) else read_version(id_, info.context)


async def read_version(id_: bytes | None, context: Context) -> TemplateVersion | None:
    """A version by its id, if there is one."""
    if id_ is None:
        return None
    context.count_items(1)
    row = await context.reads.template_version(id_)
    return TemplateVersion.of(row) if row is not None else None


def template_id(raw: bytes) -> strawberry.ID:
    """`tpl_…`"""
    return strawberry.ID(ids.encode(ids.TEMPLATE, raw))


def version_id(raw: bytes) -> strawberry.ID:
    """`tpv_…`"""
    return strawberry.ID(ids.encode(ids.TEMPLATE_VERSION, raw))
