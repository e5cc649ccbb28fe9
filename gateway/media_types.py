"""Reads Accept and Content-Type (RFC 9110 sections 12.5.1 and 8.3). Used by every HTTP door."""


def quality(parameters: str) -> float:
    """The weight among a media range's parameters; 1 without one, 0 for one that is no number."""
    text = parameter(parameters, "q")
    if text is None:
        return 1.0
    try:
        return float(text)
    except ValueError:
        return 0.0


def parameter(parameters: str, wanted: str) -> str | None:
    """A parameter's value, without its quotes; None where it is absent."""
    for one in parameters.split(";"):
        name, _, value = one.partition("=")
        if name.strip() == wanted:
            return value.strip().strip('"')
    return None


def accepts(accept: str, media_type: str) -> bool:
    """Whether a caller with this Accept header takes the type; the most special range decides, no header takes all."""
    if not accept.strip():
        return True
    ranges = (media_type, media_type.partition("/")[0] + "/*", "*/*")
    found = {}
    for part in accept.lower().split(","):
        name, _, parameters = part.partition(";")
        found[name.strip()] = quality(parameters)
    return next((found[one] for one in ranges if one in found), 0.0) > 0


def is_json(content_type: str) -> bool:
    """Whether a body of this Content-Type is JSON in UTF-8.

    No such type can be sent across sites without a preflight: that is the protection against forged requests.
    """
    name, _, parameters = content_type.lower().partition(";")
    charset = parameter(parameters, "charset")
    return name.strip() == "application/json" and (charset is None or charset in {"utf-8", "utf8"})
