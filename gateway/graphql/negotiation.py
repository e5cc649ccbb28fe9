"""Reads Accept and Content-Type (GraphQL over HTTP, sections 6.3 and 6.4); called by the doors at /graphql."""

from gateway.media_types import parameter, quality

RESPONSE = "application/graphql-response+json"
"""Statuses say whether the request could be run."""
JSON = "application/json"
"""The older type: 200 for whatever the JSON body could be read of."""
REQUESTS = frozenset((JSON, "application/graphql+json"))
"""None of them can be sent across sites without a preflight: that is the protection against forged requests."""

_COVERS = {
    "*/*": RESPONSE,
    "application/*": RESPONSE,
    RESPONSE: RESPONSE,
    "application/graphql+json": RESPONSE,
    JSON: JSON,
}


def answer_type(accept: str) -> str | None:
    """The most wanted type that we speak, the first of equals; None when the caller takes none of them."""
    if not accept.strip():
        return RESPONSE
    best, best_quality = None, 0.0
    for part in accept.lower().split(","):
        name, _, parameters = part.partition(";")
        type_ = _COVERS.get(name.strip())
        wanted = quality(parameters)
        if type_ is not None and wanted > best_quality:
            best, best_quality = type_, wanted
    return best


def prefers_html(accept: str) -> bool:
    """Whether the caller names text/html, and none of our types before it: a browser, not a program that takes all."""
    html, ours = 0.0, 0.0
    for part in accept.lower().split(","):
        name, _, parameters = part.partition(";")
        if name.strip() == "text/html":
            html = max(html, quality(parameters))
        elif "*" not in name and name.strip() in _COVERS:
            ours = max(ours, quality(parameters))
    return html > 0 and html >= ours


def is_request_type(content_type: str) -> bool:
    """Whether a request body of this Content-Type is taken: JSON in UTF-8."""
    name, _, parameters = content_type.lower().partition(";")
    if name.strip() not in REQUESTS:
        return False
    charset = parameter(parameters, "charset")
    return charset is None or charset in {"utf-8", "utf8"}
