"""A version of a template, compiled: what its data must hold, and what it says. Used by doors, pipeline and inbox.

Compiling costs milliseconds and is done once a version; saying something costs a few microseconds.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

import msgspec

from errors import InvalidInput
from models.content import Content
from models.filling import AT, Filling, Kind, compiled, shown
from models.locales import lookup
from models.placeholders import Step, find
from models.template import EmailParts, InAppParts, TemplateBody
from models.vocabulary import Channel

MOST_BODY = 65_536
MOST_HTML = 262_144
MOST_TITLE = 512
MOST_URL = 2_048
MOST_IN_DATA = 1_024
"""Characters of a filled text; but for those in an item's data as for content that is written inline."""
MOST_FILLED_IN_DATA = 50
"""Texts with placeholders in one item's data."""

Data = Mapping[str, object]


class Parts(msgspec.Struct, frozen=True):
    """What is said on one channel in one language."""

    body: Filling
    title: Filling | None = None
    url: Filling | None = None
    html: Filling | None = None
    data: dict[str, object] | None = None
    """With a `Filling` in the place of each text that has placeholders."""

    def say(self, data: Data) -> Content:
        """The filled texts.

        Raises:
            InvalidInput: as `Filling.fill`.
        """
        return Content(
            body=self.body.fill(data),
            title=self.title.fill(data) if self.title is not None else None,
            url=self.url.fill(data) if self.url is not None else None,
            email_html=self.html.fill(data) if self.html is not None else None,
            in_app_data=_filled_object(self.data, data) if self.data is not None else None,
        )

    def fillings(self) -> Iterator[Filling]:
        """Each text that may hold placeholders."""
        yield from [one for one in (self.title, self.body, self.url, self.html) if one is not None]
        yield from _fillings(self.data)


class Spoken(msgspec.Struct, frozen=True):
    """What is said on one channel."""

    default: str
    parts: dict[str, Parts]
    """Language tag → parts."""
    tags: dict[str, str]
    """Language tags in lower case → as they are written."""
    needs: tuple[tuple[Step, ...], ...]
    """What the data must hold, whichever language is chosen."""
    longest_safe: int

    def check(self, data: Data) -> None:
        """Return if every language can be filled.

        Raises:
            InvalidInput: as `Filling.fill`.
        """
        lengths = [len(shown(find(data, steps), steps)) for steps in self.needs]
        if lengths and max(lengths) > self.longest_safe:
            for parts in self.parts.values():
                parts.say(data)


class CompiledTemplate(msgspec.Struct, frozen=True):
    """A version that is ready to speak."""

    spoken: dict[Channel, Spoken]
    size: int
    """About how many bytes it holds."""

    def check(self, data: Data, channels: Collection[Channel]) -> None:
        """Return if nothing can be missing on these channels in any language.

        Raises:
            InvalidInput: a value is missing or no text, or some text would be too long; the path leads to the value.
        """
        for channel, spoken in self.spoken.items():
            if channel in channels:
                spoken.check(data)

    def locale(self, channel: Channel, wanted: Sequence[str | None]) -> str | None:
        """In which language to speak, by preference; None where nothing is said on this channel."""
        spoken = self.spoken.get(channel)
        return None if spoken is None else lookup(wanted, spoken.tags, spoken.default)

    def say(self, channel: Channel, locale: str | None, data: Data) -> Content:
        """What it says on a channel in one of its languages; in the default one where it has no such.

        Raises:
            InvalidInput: nothing is said on this channel, or as `check`.
        """
        spoken = self.spoken.get(channel)
        if spoken is None:
            raise InvalidInput(f"the template says nothing on {channel.name}", path=AT[:2])
        return spoken.parts.get(locale or spoken.default, spoken.parts[spoken.default]).say(data)

    def needs(self) -> set[tuple[Step, ...]]:
        """What the data must hold for all channels."""
        return {steps for spoken in self.spoken.values() for steps in spoken.needs}


class _Texts:
    """Compiles text by text, and goes on after a problem so that a writer is told of all."""

    def __init__(self) -> None:
        self.problems: list[InvalidInput] = []

    def line(self, text: str | None, *where: str) -> Filling | None:
        return None if text is None else self.text(text, Kind.LINE, where, MOST_TITLE)

    def address(self, text: str | None, *where: str) -> Filling | None:
        return None if text is None else self.text(text, Kind.ADDRESS, where, MOST_URL)

    def text(self, text: str, kind: Kind, where: tuple[str, ...], most: int) -> Filling:
        try:
            made = compiled(text, kind, where, most)
        except InvalidInput as problem:
            self.problems.append(problem)
            return Filling(where, "", (), most, most)
        if made.longest_safe < 0:
            self.problems.append(InvalidInput(f"expected at most {most:,} characters", path=where))
        return made

    def email(self, locale: str, parts: EmailParts) -> Parts:
        where = (locale, "email")
        html = parts.html
        return Parts(
            body=self.text(parts.text, Kind.PLAIN, (*where, "text"), MOST_BODY),
            title=self.line(parts.subject, *where, "subject"),
            url=self.address(parts.url, *where, "url"),
            html=None if html is None else self.text(html, Kind.HTML, (*where, "html"), MOST_HTML),
        )

    def in_app(self, locale: str, parts: InAppParts) -> Parts:
        where = (locale, "inApp")
        data = None if parts.data is None else {key: self.within(one, where) for key, one in parts.data.items()}
        if len(list(_fillings(data))) > MOST_FILLED_IN_DATA:
            message = f"expected at most {MOST_FILLED_IN_DATA} texts with placeholders"
            self.problems.append(InvalidInput(message, path=(*where, "data")))
        return Parts(
            body=self.text(parts.body, Kind.PLAIN, (*where, "body"), MOST_BODY),
            title=self.line(parts.title, *where, "title"),
            url=self.address(parts.url, *where, "url"),
            data=data,
        )

    def within(self, value: object, where: tuple[str, ...]) -> object:
        match value:
            case dict():
                return {key: self.within(one, where) for key, one in value.items()}
            case list():
                return [self.within(one, where) for one in value]
            case str() if "{" in value:
                return self.text(value, Kind.PLAIN, (*where, "data"), MOST_IN_DATA)
        return value


def compile_template(body: TemplateBody) -> tuple[CompiledTemplate, list[InvalidInput]]:
    """A version ready to speak, and what is wrong with it: use it only if nothing is.

    The path of a problem is (language, channel, part); its message names line and column.
    """
    texts = _Texts()
    texts.problems += _without_default(body)
    channels = {
        Channel.EMAIL: {locale: texts.email(locale, parts) for locale, parts in body.email.items()},
        Channel.IN_APP: {locale: texts.in_app(locale, parts) for locale, parts in body.in_app.items()},
    }
    spoken = {channel: _spoken(parts, body.default_locale) for channel, parts in channels.items() if parts}
    fillings = [one for parts in channels.values() for part in parts.values() for one in part.fillings()]
    size = sum([len(one.first) + sum([len(hole[2]) + 100 for hole in one.holes]) for one in fillings])
    return CompiledTemplate(spoken, size), texts.problems


def _without_default(body: TemplateBody) -> list[InvalidInput]:
    """The channels that do not speak the language to which all others fall back."""
    spoken: dict[str, Collection[str]] = {"email": body.email, "inApp": body.in_app}
    message = "expected this channel in the default language too: others fall back to it"
    return [
        InvalidInput(message, path=(body.default_locale, channel))
        for channel, locales in spoken.items()
        if locales and body.default_locale not in locales
    ]


def _spoken(parts: dict[str, Parts], default: str) -> Spoken:
    fillings = [one for part in parts.values() for one in part.fillings()]
    needs = {steps: None for one in fillings for steps, _, _ in one.holes}
    longest_safe = min([one.longest_safe for one in fillings])
    at_hand = default if default in parts else next(iter(parts))
    return Spoken(at_hand, parts, {tag.lower(): tag for tag in parts}, tuple(needs), longest_safe)


def _fillings(value: object) -> Iterator[Filling]:
    match value:
        case Filling():
            yield value
        case dict():
            for one in value.values():
                yield from _fillings(one)
        case list():
            for one in value:
                yield from _fillings(one)


def _filled(value: object, data: Data) -> object:
    match value:
        case Filling():
            return value.fill(data)
        case dict():
            return _filled_object(value, data)
        case list():
            return [_filled(one, data) for one in value]
    return value


def _filled_object(values: dict[str, object], data: Data) -> dict[str, object]:
    return {key: _filled(one, data) for key, one in values.items()}
