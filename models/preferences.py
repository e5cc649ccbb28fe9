"""Whether somebody wants a notification on a channel, and which rule says so. Pure; asked by the stage and by the API.

Decision 7 shows this as a table; the first row that applies decides.
"""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import msgspec

from models.decisions import Rule
from models.rules import Category
from models.vocabulary import Channel

EVERY_CATEGORY = ""
EVERY_CHANNEL = 0

Choice = tuple[str, int]
"""(key of a category or `EVERY_CATEGORY`, number of a channel or `EVERY_CHANNEL`)."""
Choices = Mapping[Choice, bool]
"""What one user said yes or no to."""
EVERYTHING: Choice = (EVERY_CATEGORY, EVERY_CHANNEL)


class Answer(NamedTuple):
    """Whether to send, and why."""

    wanted: bool
    rule: Rule


_MANDATORY = Answer(True, Rule.MANDATORY_CATEGORY)
_DECLINED_EVERYTHING = Answer(False, Rule.DECLINED_EVERYTHING)
_SAID = {True: Answer(True, Rule.CHOSEN), False: Answer(False, Rule.DECLINED)}
_DEFAULT = {True: Answer(True, Rule.ON_BY_DEFAULT), False: Answer(False, Rule.OFF_BY_DEFAULT)}


def resolve(category: Category, channel: Channel, default_channels: int, choices: Choices) -> Answer:
    """The answer for one category and channel.

    Args:
        default_channels: mask of the channels that are on for whoever chose nothing: `Rules.default_channels`.
    """
    if category.mandatory:
        return _MANDATORY
    if choices.get(EVERYTHING) is False:
        return _DECLINED_EVERYTHING
    for place in (
        (category.key, channel.value),
        (category.key, EVERY_CHANNEL),
        (EVERY_CATEGORY, channel.value),
        EVERYTHING,
    ):
        said = choices.get(place)
        if said is not None:
            return _SAID[said]
    return _DEFAULT[bool(default_channels >> channel & 1)]


def choices_json(choices: Iterable[tuple[Choice, bool | None]]) -> bytes:
    """Choices as the audit log keeps them; null stands for every category, every channel, or no choice."""
    return msgspec.json.encode(
        [
            {"category": key or None, "channel": Channel(number).name if number else None, "enabled": said}
            for (key, number), said in sorted(choices)
        ]
    )
