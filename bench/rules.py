"""What a tenant and its users lay down before a feed or drill: categories, templates, limits, and who declines what."""

from collections.abc import Mapping, Sequence
from random import Random
from types import MappingProxyType

from bench.api import Api
from bench.journals import EMAIL, IN_APP, Person

HOURLY_LIMIT = 150
DECLINING: Mapping[str, float] = MappingProxyType(
    {"mail": 0.03, "inbox": 0.01, "category": 0.03, "category by mail": 0.02, "everything": 0.01}
)
"""Which share of the people declines what."""
TEMPLATED = 0.6
"""Which share of the notifications is said by a template."""

_TITLE = "{{ event.title }}"
_BODY = "{{ event.body }}"
_EMAIL = {"subject": _TITLE, "text": _BODY}
_IN_APP = {"title": _TITLE, "body": _BODY}
_HTML = "<h1>{{ event.title }}</h1><p title='{{ event.title }}'>{{ event.body }}</p>"
_SCHEMA = {
    "type": "object",
    "required": ["event"],
    "properties": {"event": {"type": "object", "required": ["title", "body"]}},
}

TEMPLATES: Mapping[str, Mapping[str, object]] = MappingProxyType(
    {
        "plain": {"contents": [{"locale": "en", "email": _EMAIL, "inApp": _IN_APP}]},
        "with-html": {"contents": [{"locale": "en", "email": {**_EMAIL, "html": _HTML}, "inApp": _IN_APP}]},
        "with-schema": {"contents": [{"locale": "en", "email": _EMAIL, "inApp": _IN_APP}], "dataSchema": _SCHEMA},
        "two-languages": {
            "contents": [
                {"locale": "en", "email": _EMAIL, "inApp": _IN_APP},
                {"locale": "de", "email": {**_EMAIL, "text": f"Neu: {_BODY}"}, "inApp": _IN_APP},
            ]
        },
        "with-a-link": {
            "contents": [
                {
                    "locale": "en",
                    "email": {**_EMAIL, "url": "https://example.org/events/{{ event.title }}"},
                    "inApp": {**_IN_APP, "url": "https://example.org/events/{{ event.title }}"},
                }
            ]
        },
        "with-data": {
            "contents": [
                {"locale": "en", "email": _EMAIL, "inApp": {**_IN_APP, "data": {"about": "{{ event.title }}"}}}
            ]
        },
    }
)
"""Six of them. Each says the title and the body of an event, so that the outside checker can tell what arrived."""


def template_for(number: int, seed: int) -> str | None:
    """Which template says notification `number`, if any."""
    random = Random(f"template {seed} {number}")
    return random.choice(list(TEMPLATES)) if random.random() < TEMPLATED else None


def declining(persons: Sequence[Person], categories: Sequence[str], seed: int) -> list[Person]:
    """The people with what each of them does not want."""
    random = Random(f"declining {seed}")
    words = ["", *DECLINING]
    weights = [1 - sum(DECLINING.values()), *DECLINING.values()]
    drawn = random.choices(words, weights, k=len(persons))
    return [
        Person(one.id, one.external_id, one.address, _declined(word, random.choice(categories)))
        for one, word in zip(persons, drawn, strict=True)
    ]


def _declined(word: str, category: str) -> frozenset[tuple[str, str]]:
    choices = {
        "mail": ("", EMAIL),
        "inbox": ("", IN_APP),
        "category": (category, ""),
        "category by mail": (category, EMAIL),
        "everything": ("", ""),
    }
    return frozenset([choices[word]]) if word else frozenset()


async def lay_down(api: Api, categories: Sequence[str], persons: Sequence[Person], hourly_limit: int) -> None:
    """Make all of it by the API. Raises what the API raises."""
    await api.put_categories(categories)
    await api.set_hourly_limit(hourly_limit)
    for key, body in TEMPLATES.items():
        await api.publish_template({"key": key, "defaultLocale": "en", **body})
    for person in persons:
        if person.declined:
            await api.decline(person.id, person.declined)
