"""Logs as lines on stderr: set up by commands, once a process, before anything else speaks."""

import logging
import sys
from typing import TextIO

from models import trace
from services.log_lines import OURS, JsonLines, TextLines
from settings import Settings

QUIET = {
    "mail.log": logging.ERROR,  # aiosmtpd writes addresses
    "asyncpg.pool": logging.ERROR,  # a traceback for every try, of which the store tells in a line
}


class Traced(logging.Filter):
    """Adds the trace ids of the task that speaks, unless the line brings its own."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Never holds a line back."""
        found = list(dict.fromkeys(link.trace_id for link in trace.links()))
        if found and not hasattr(record, "trace_id"):
            record.trace_id = found[0]
            if len(found) > 1:
                record.trace_ids = found[: trace.SAMPLED]
        return True


def set_up(settings: Settings, stream: TextIO = sys.stderr) -> None:
    """Write every line to `stream`, in the format and from the level on that the settings say."""
    as_json = settings.log_format == "json" or (settings.log_format == "auto" and not stream.isatty())
    handler = logging.StreamHandler(stream)
    handler.addFilter(Traced())
    handler.setFormatter(JsonLines() if as_json else TextLines())
    logging.basicConfig(level=logging.WARNING, handlers=[handler], force=True)
    # at debug, libraries write down addresses and whole messages: they speak up from warnings on, whatever the level
    for name in OURS:
        logging.getLogger(name).setLevel(settings.log_level.upper())
    for name, level in QUIET.items():
        logging.getLogger(name).setLevel(level)
