"""The demo's template: published once, and filled in both of its languages."""

from services.access import FIRST_TENANT
from services.demo_template import WELCOME, seed_template
from tests.pipelines import Pipeline
from usecases.requests import TemplateUse
from usecases.template_checks import judged
from usecases.template_directory import Version

USE = TemplateUse(WELCOME.key, data={"user": {"name": "Ada"}, "plan": "Large"})


async def test_the_demo_publishes_its_template_once(pipeline: Pipeline) -> None:
    for _ in range(2):
        await seed_template(pipeline.base)

    [version] = await pipeline.base.templates.find(FIRST_TENANT, [USE])

    assert isinstance(version, Version)
    assert (version.row.number, version.body.locales) == (1, ("en", "de"))
    for channel in version.body.channels:
        assert judged(USE, version, (channel,)) is version
        titles = [version.compiled.say(channel, locale, USE.data).title for locale in ("en", "de")]
        assert titles == ["Welcome, Ada", "Willkommen, Ada"]
