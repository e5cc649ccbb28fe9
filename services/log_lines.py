"""How a log line looks: an object for machines, a sentence for people, and no personal data in either. Used by logs.

A line has a closed list of fields, so that nothing gets into it by passing a new one along. Texts that we did not
write, those of foreign exceptions and loggers, may quote what somebody sent: what stands in quotes there is left out.
"""

import logging
import re
import traceback
from collections.abc import Iterator
from datetime import UTC, datetime

import msgspec

from errors import CallerError, CarillonError

OURS = (
    "commands", "services", "migrations", "resolvers", "gateway", "dispatchers", "usecases", "schema", "engines",
    "models", "simulator",
)  # fmt: skip
"""The loggers of our own folders."""
FIELDS = (
    "trace_id", "trace_ids", "topic", "channel", "provider", "batches", "items", "accepted", "states", "notifications",
    "url", "version",
)  # fmt: skip
"""All that a line may hold besides time, level, logger and message: ids of ours, names, counts."""
LONGEST_TEXT = 500
ABOUT_CODE = (AttributeError, ImportError, NameError, TypeError)
"""What these quote are names in the program."""
LONGEST_CHAIN = 6
"""Causes of causes that are told."""
_ADDRESS = re.compile(r"[^\s<>\"'=:,;()]+@[^\s<>\"'=:,;()]+")
_QUOTED = re.compile(r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"")


class JsonLines(logging.Formatter):
    """One JSON object a line (RFC 8259): time, level, logger, message, then what the event brings."""

    def __init__(self) -> None:
        super().__init__()
        self._encode = msgspec.json.Encoder(enc_hook=str).encode

    def format(self, record: logging.LogRecord) -> str:
        """The line without its end."""
        line: dict[str, object] = {
            "time": moment(record).isoformat(timespec="microseconds").replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message(record),
            **fields(record),
        }
        if record.exc_info is not None and record.exc_info[1] is not None:
            line["exception"] = "\n".join(told(record.exc_info[1]))
        return self._encode(line).decode()


class TextLines(logging.Formatter):
    """Local time to the millisecond, level, logger, message, and fields as name=value; stacks on lines of their own."""

    def format(self, record: logging.LogRecord) -> str:
        """The lines without their end."""
        clock = moment(record).astimezone().strftime("%H:%M:%S.%f")[:-3]
        more = "".join([f" {name}={_short(value)}" for name, value in fields(record).items()])
        lines = [f"{clock} {record.levelname:<7} {record.name}: {message(record)}{more}"]
        if record.exc_info is not None and record.exc_info[1] is not None:
            lines += told(record.exc_info[1])
        return "\n".join(lines)


def moment(record: logging.LogRecord) -> datetime:
    """When it happened, UTC."""
    return datetime.fromtimestamp(record.created, UTC)


def fields(record: logging.LogRecord) -> dict[str, object]:
    """What the event brings, as far as a line may hold it."""
    brought = record.__dict__
    return {name: brought[name] for name in FIELDS if name in brought}


def message(record: logging.LogRecord) -> str:
    """What is said, on one line, without addresses; of foreign loggers without what they quote."""
    text = record.getMessage()
    return without_addresses(text) if record.name.partition(".")[0] in OURS else without_quotes(text)


def told(error: BaseException, chain: int = LONGEST_CHAIN) -> Iterator[str]:
    """An exception with its causes and its group, as Python shows them, but for source lines and what may be quoted."""
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    if earlier is not None and chain > 0:
        yield from told(earlier, chain - 1)
        yield "Then:"
    yield "Traceback (most recent call last):"
    for frame in traceback.extract_tb(error.__traceback__):
        yield f"  {frame.filename}:{frame.lineno} {frame.name}"
    yield f"{type(error).__module__}.{type(error).__qualname__}: {_reason(error)}"
    if isinstance(error, BaseExceptionGroup):
        for number, one in enumerate(error.exceptions, 1):
            yield f"Of which {number}:"
            yield from told(one, chain - 1)


def without_addresses(text: str) -> str:
    """One line of it, e-mail addresses masked."""
    return _ADDRESS.sub("…@…", " ".join(text[: 4 * LONGEST_TEXT].split()))[:LONGEST_TEXT]


def without_quotes(text: str) -> str:
    """The same, and whatever is quoted masked."""
    return without_addresses(_QUOTED.sub("'…'", text[: 4 * LONGEST_TEXT]))


def _reason(error: BaseException) -> str:
    """Our own say what is wrong with the house; those that answer a caller may repeat what came."""
    is_ours = isinstance(error, CarillonError) and not isinstance(error, CallerError)
    if is_ours or isinstance(error, ABOUT_CODE):
        return without_addresses(str(error))
    return without_quotes(str(error))


def _short(value: object) -> str:
    if isinstance(value, dict):
        return ",".join([f"{name}:{count}" for name, count in value.items()])
    return ",".join([str(one) for one in value]) if isinstance(value, list) else str(value)
