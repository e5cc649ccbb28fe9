"""Tells what a caller may see of an error from what it may not, which is logged instead. Used by every door."""

import logging

from errors import CallerError, Unavailable


def shown_or_logged(error: BaseException, trace_id: str, logger: logging.Logger) -> CallerError | Unavailable | None:
    """The error where its text is meant for callers; None for any other, once it is logged under the trace id."""
    if isinstance(error, CallerError | Unavailable):
        return error
    logger.error("internal error, trace %s", trace_id, exc_info=error, extra={"trace_id": trace_id})
    return None
