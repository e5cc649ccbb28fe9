"""Which of the languages at hand suits somebody: lookup as RFC 4647 section 3.4 has it. Called for each delivery."""

from collections.abc import Iterator, Mapping, Sequence


def lookup(wanted: Sequence[str | None], at_hand: Mapping[str, str], default: str) -> str:
    """The first of the wanted languages, or of those that they are special kinds of, that is at hand.

    Args:
        wanted: language tags (BCP 47) by preference; None is passed over.
        at_hand: tags in lower case → the tags as they are written.
        default: the answer where nothing suits.
    """
    for tag in wanted:
        if tag is not None:
            for wider in _wider(tag.lower().replace("_", "-")):
                if wider in at_hand:
                    return at_hand[wider]
    return default


def _wider(tag: str) -> Iterator[str]:
    """The tag, then shorter and shorter: zh-hant-tw, zh-hant, zh. A single letter never stays at the end."""
    subtags = tag.split("-")
    while subtags:
        yield "-".join(subtags)
        subtags.pop()
        while subtags and len(subtags[-1]) == 1:
            subtags.pop()
