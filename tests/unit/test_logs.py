"""Log lines: an object for machines, a sentence for people, and nothing in them that belongs to a person."""

import io
import json
import logging
from collections.abc import Iterator
from typing import Any

import pytest

from errors import CorruptData, InvalidInput
from models import trace
from models.trace import Link
from services import logs
from services.log_lines import FIELDS, LONGEST_TEXT, OURS
from settings import load

TRACE_ID, OTHER_ID = "4bf92f3577b34da6a3ce929d0e0e4736", "a" * 32
TRACEPARENT, OTHER = f"00-{TRACE_ID}-00f067aa0ba902b7-01", f"00-{OTHER_ID}-{'b' * 16}-00"
ADA = "ada@example.test"

log = logging.getLogger("dispatchers.consumer")


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def logging_as_before() -> Iterator[None]:
    """What a test sets up is undone."""
    names = [*OURS, *logs.QUIET]
    for library in (logging.getLogger("uvicorn"), logging.getLogger("uvicorn.error")):
        # servers of other tests set these up for themselves
        library.handlers.clear()
        library.setLevel(logging.NOTSET)
        library.propagate, library.disabled = True, False
    root, levels = logging.getLogger(), {name: logging.getLogger(name).level for name in names}
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, before in levels.items():
        logging.getLogger(name).setLevel(before)


def stream_of(log_format: str = "json", level: str = "debug", stream: io.StringIO | None = None) -> io.StringIO:
    stream = stream or io.StringIO()
    logs.set_up(load({"CARILLON_LOG_FORMAT": log_format, "CARILLON_LOG_LEVEL": level}), stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def failing(error: Exception) -> None:
    try:
        fail(error)
    except Exception:
        log.exception("it failed")


def fail(error: Exception) -> None:
    raise error


def test_a_line_is_an_object_with_time_level_logger_and_event() -> None:
    stream = stream_of()
    log.warning("took over %d claims", 3, extra={"items": 3, "states": {"SENT": 2}})

    [line] = lines(stream)
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "warning",
        "logger": "dispatchers.consumer",
        "message": "took over 3 claims",
        "items": 3,
        "states": {"SENT": 2},
    }


@pytest.mark.parametrize(
    ("log_format", "stream", "is_json"),
    [
        ("auto", io.StringIO, True),
        ("auto", Terminal, False),
        ("json", Terminal, True),
        ("text", io.StringIO, False),
    ],
)
def test_people_get_text_and_files_get_json(log_format: str, stream: type[io.StringIO], is_json: bool) -> None:
    written = stream_of(log_format, stream=stream())
    log.warning("hello")

    assert written.getvalue().startswith("{") is is_json


def test_people_read_fields_behind_the_sentence() -> None:
    stream = stream_of("text")
    with trace.carrying([Link(TRACEPARENT)]):
        log.warning("settled", extra={"states": {"SENT": 2, "DEAD": 1}, "notifications": ["ntf_1", "ntf_2"]})

    line = stream.getvalue()
    assert " WARNING dispatchers.consumer: settled " in line
    assert line.endswith(f" trace_id={TRACE_ID} states=SENT:2,DEAD:1 notifications=ntf_1,ntf_2\n")


def test_a_line_names_the_trace_it_belongs_to() -> None:
    stream = stream_of()
    with trace.carrying([]):
        trace.enter(TRACEPARENT)
        log.info("in a door")
    with trace.carrying([Link(OTHER, b"1"), Link(TRACEPARENT, b"2"), Link(OTHER, b"3")]):
        log.info("in a batch")
    with trace.carrying([]):
        log.info("in none")
        log.info("by itself", extra={"trace_id": OTHER_ID})

    door, batch, none, itself = lines(stream)
    assert (door["trace_id"], "trace_ids" in door) == (TRACE_ID, False)
    assert (batch["trace_id"], batch["trace_ids"]) == (OTHER_ID, [OTHER_ID, TRACE_ID])
    assert "trace_id" not in none and itself["trace_id"] == OTHER_ID


def test_only_the_listed_fields_get_into_a_line() -> None:
    stream = stream_of()
    log.warning("sent", extra={"address": ADA, "external_id": "ada", "body": "It rings.", "answer": "250", "items": 1})

    [line] = lines(stream)
    assert set(line) == {"time", "level", "logger", "message", "items"}
    assert not {"address", "email", "external_id", "title", "body", "answer", "data"} & set(FIELDS)


def test_addresses_are_masked_wherever_they_stand() -> None:
    stream = stream_of()
    log.warning("mailbox of %s is full, and <%s>, to=%s", ADA, ADA, ADA)

    [line] = lines(stream)
    assert line["message"] == "mailbox of …@… is full, and <…@…>, to=…@…"


@pytest.mark.parametrize(
    ("error", "said"),
    [
        (KeyError("order-17"), "builtins.KeyError: '…'"),
        (ValueError(f"invalid literal: 'O\\'Hara' and \"{ADA}\""), "builtins.ValueError: invalid literal: '…' and '…'"),
        (InvalidInput("expected a tag, got 'secret'"), "errors.InvalidInput: expected a tag, got '…'"),
        (CorruptData("an event starts with byte 'ff'"), "errors.CorruptData: an event starts with byte 'ff'"),
        (AttributeError("no attribute 'version'"), "builtins.AttributeError: no attribute 'version'"),
        (OSError(2, "no such file"), "builtins.FileNotFoundError: [Errno 2] no such file"),
    ],
)
def test_an_exception_is_one_field_without_what_it_quotes(error: Exception, said: str) -> None:
    stream = stream_of()
    failing(error)

    [line] = lines(stream)
    frames = line["exception"].splitlines()
    assert frames[0] == "Traceback (most recent call last):"
    assert frames[2].endswith(" fail") and "test_logs.py:" in frames[1]
    assert frames[-1] == said


def test_causes_and_groups_are_told_and_end() -> None:
    stream = stream_of()
    cause = ValueError("first")
    cause.__context__ = group = ExceptionGroup("several", [KeyError("ada"), RuntimeError("second")])
    group.__context__ = cause
    failing(group)

    [line] = lines(stream)
    told = line["exception"]
    assert "builtins.ValueError: first\nThen:" in told and "Of which 2:" in told and "RuntimeError: second" in told
    assert "ada" not in told.replace("test_logs.py", "")


def test_text_shows_an_exception_on_lines_of_its_own() -> None:
    stream = stream_of("text")
    failing(KeyError(ADA))

    first, *rest = stream.getvalue().splitlines()
    assert first.endswith("ERROR   dispatchers.consumer: it failed")
    assert rest[-1] == "builtins.KeyError: '…'"


def test_an_event_takes_one_line_whatever_it_says() -> None:
    stream = stream_of("text")
    log.warning("a\nforged line\r\n%s", "x" * 10_000)

    [line] = stream.getvalue().splitlines()
    assert "a forged line xxx" in line and len(line) < LONGEST_TEXT + 100


def test_libraries_are_heard_from_warnings_on_and_never_quote() -> None:
    stream = stream_of(level="debug")
    logging.getLogger("websockets.server").debug("< TEXT 'a whole message'")
    logging.getLogger("mail.log").warning("Peer: %s", ADA)
    logging.getLogger("uvicorn.error").warning("bad request from 'ada'")
    log.debug("ours")

    assert [line["message"] for line in lines(stream)] == ["bad request from '…'", "ours"]


@pytest.mark.parametrize("level", ["warning", "error"])
def test_the_level_holds_back_what_is_below_it(level: str) -> None:
    stream = stream_of(level=level)
    log.info("not this")
    log.error("this")

    assert [line["message"] for line in lines(stream)] == ["this"]


def test_a_format_that_does_not_exist_is_refused() -> None:
    with pytest.raises(Exception, match="CARILLON_LOG_FORMAT='xml': expected one of auto, json, text"):
        load({"CARILLON_LOG_FORMAT": "xml"})
