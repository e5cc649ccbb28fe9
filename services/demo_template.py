"""The template that the demo shows: a welcome in two languages, by e-mail and in the inbox. Seeded by `demo`."""

from engines.store.queries import TemplateByKey
from models.template import EmailParts, InAppParts
from services.access import FIRST_TENANT
from services.foundation import Foundation
from usecases.audit_entries import command_line
from usecases.draft_template import Draft, DraftTemplate, LocaleContents
from usecases.publish_template import PublishTemplate

_HTML = """<h1>{greeting}, {{{{ user.name }}}}</h1>
<p>{text} <strong>{{{{ plan }}}}</strong>.</p>
<p><a href="https://shop.example/start?from={{{{ plan }}}}">{link}</a></p>
"""
WELCOME = Draft(
    key="welcome",
    name="Welcome",
    default_locale="en",
    contents=(
        LocaleContents(
            "en",
            EmailParts(
                "Welcome, {{ user.name }}",
                "Welcome, {{ user.name }}!\n\nYour plan is {{ plan }}.",
                _HTML.format(greeting="Welcome", text="Your plan is", link="Begin"),
                "https://shop.example/start?from={{ plan }}",
            ),
            InAppParts("Your plan is {{ plan }}.", "Welcome, {{ user.name }}", data={"plan": "{{ plan }}"}),
        ),
        LocaleContents(
            "de",
            EmailParts(
                "Willkommen, {{ user.name }}",
                "Willkommen, {{ user.name }}!\n\nIhr Tarif heißt {{ plan }}.",
                _HTML.format(greeting="Willkommen", text="Ihr Tarif heißt", link="Beginnen"),
                "https://shop.example/start?from={{ plan }}",
            ),
            InAppParts("Ihr Tarif heißt {{ plan }}.", "Willkommen, {{ user.name }}", data={"plan": "{{ plan }}"}),
        ),
    ),
    data_schema={
        "type": "object",
        "properties": {
            "user": {
                "type": "object",
                "properties": {"name": {"type": "string", "minLength": 1}},
                "required": ["name"],
            },
            "plan": {"type": "string", "enum": ["Small", "Large"]},
        },
        "required": ["user", "plan"],
        "additionalProperties": False,
    },
)


async def seed_template(base: Foundation) -> None:
    """Publish the template, unless there is one of its key."""
    if await base.store.read(TemplateByKey(FIRST_TENANT, WELCOME.key)):
        return
    caller = command_line(FIRST_TENANT)
    await DraftTemplate(base.store, base.templates, base.clock, base.ids)(caller, WELCOME)
    await PublishTemplate(base.store, base.templates, base.clock)(caller, WELCOME.key)
