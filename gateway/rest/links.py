"""Link headers to the pages next to one (RFC 8288). Used by every resource that lists."""

from collections.abc import Mapping
from urllib.parse import urlencode

from gateway.bodies import Headers

_PLACES = frozenset({"after", "before"})


def page_links(path: str, query: Mapping[str, str], following: str | None, previous: str | None = None) -> Headers:
    """A header with rel=next and rel=prev, as far as there are such pages; filter and limit are kept.

    Args:
        following, previous: the cursors that the pages begin after, and end before.
    """
    kept = {name: value for name, value in query.items() if name not in _PLACES}
    links = [
        f'<{path}?{urlencode({**kept, name: cursor})}>; rel="{rel}"'
        for rel, name, cursor in (("next", "after", following), ("prev", "before", previous))
        if cursor is not None
    ]
    return ((b"link", ", ".join(links).encode()),) if links else ()
