"""Chooses the media type of an HTTP answer (GraphQL over HTTP, sections 6.3 and 6.4); called by the HTTP transport."""

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
        quality = _quality(parameters)
        if type_ is not None and quality > best_quality:
            best, best_quality = type_, quality
    return best


def is_request_type(content_type: str) -> bool:
    """Whether a request body of this Content-Type is taken: JSON in UTF-8."""
    name, _, parameters = content_type.lower().partition(";")
    if name.strip() not in REQUESTS:
        return False
    charset = _parameter(parameters, "charset")
    return charset is None or charset in {"utf-8", "utf8"}


def _quality(parameters: str) -> float:
    text = _parameter(parameters, "q")
    if text is None:
        return 1.0
    try:
        return float(text)
    except ValueError:
        return 0.0


def _parameter(parameters: str, wanted: str) -> str | None:
    for parameter in parameters.split(";"):
        name, _, value = parameter.partition("=")
        if name.strip() == wanted:
            return value.strip().strip('"')
    return None
