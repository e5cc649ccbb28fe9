"""What is derived and never stored: the state of a notification from its deliveries, and times as text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engines.store.queries import NotificationRow, StateCountRow
from errors import InvalidInput
from models.content import Content, for_channel
from models.states import DeliveryState, NotificationState
from models.vocabulary import Channel
from schema.progress import count_states, notification_state
from schema.scalars import read_object, read_time, write_time

D, N = DeliveryState, NotificationState
NOW = 1_800_000_000_000_000


def row(recipients: int = 1, *, send_at: int | None = None, cancelled_at: int | None = None) -> NotificationRow:
    channels = 1 << Channel.EMAIL | 1 << Channel.IN_APP
    return NotificationRow(
        b"t", b"n", 3, channels, "c", b"", recipients, b"", None, b"", NOW, send_at, None, cancelled_at
    )


@pytest.mark.parametrize(
    ("notification", "counts", "state"),
    [
        (row(), {}, N.ACCEPTED),
        (row(send_at=NOW + 1), {}, N.SCHEDULED),
        (row(send_at=NOW), {}, N.ACCEPTED),
        (row(cancelled_at=NOW), {D.SENT: 2}, N.CANCELLED),
        (row(), {D.SENT: 1, D.DELIVERED: 1}, N.COMPLETED),
        (row(), {D.SKIPPED: 1, D.DELIVERED: 1}, N.COMPLETED),
        (row(), {D.EXPIRED: 2}, N.EXPIRED),
        (row(), {D.EXPIRED: 1, D.DELIVERED: 1}, N.COMPLETED),
        (row(), {D.QUEUED: 1, D.DELIVERED: 1}, N.PROCESSING),
        (row(), {D.RETRY_WAIT: 1, D.DELIVERED: 1}, N.PROCESSING),
        (row(2), {D.SENT: 2}, N.PROCESSING),
        (row(2), {D.EXPIRED: 2}, N.PROCESSING),
        (row(send_at=NOW + 1), {D.SENT: 2}, N.COMPLETED),
    ],
)
def test_the_state_of_a_notification_is_that_of_its_deliveries(
    notification: NotificationRow, counts: dict[DeliveryState, int], state: NotificationState
) -> None:
    assert notification_state(notification, counts, NOW) is state


def test_a_waiting_delivery_with_an_attempt_under_way_is_being_sent() -> None:
    rows = [StateCountRow(b"n", state, under_way, 1) for state in (10, 25, 27, 50) for under_way in (0, 1)]

    assert count_states(rows) == {D.QUEUED: 1, D.SENDING: 3, D.UNKNOWN: 1, D.RETRY_WAIT: 1, D.SENT: 2}


@given(st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999))
def test_a_time_reads_as_it_was_written(at_us: int) -> None:
    assert read_time(write_time(at_us)) == at_us and write_time(at_us).endswith("Z")


@given(st.one_of(st.text(), st.integers(), st.booleans(), st.none(), st.from_regex(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d")))
def test_nothing_but_a_full_time_is_one(value: object) -> None:
    with pytest.raises(InvalidInput):
        read_time(value if not isinstance(value, str) or not value.upper().endswith("Z") else value[:-1])


@pytest.mark.parametrize("value", ["text", 1, True, None, [], {"a": 1 << 63}, {"a": [{"b": float("inf")}]}])
def test_only_an_object_of_plain_numbers_is_a_json_object(value: object) -> None:
    with pytest.raises(InvalidInput):
        read_object(value)


def test_a_channel_shows_its_own_parts_before_the_general_ones() -> None:
    content = Content(
        body="b", title="t", url="u", email_subject="s", email_html="<p>", in_app_body="i", in_app_data={"a": 1}
    )

    mail, item = for_channel(content, Channel.EMAIL), for_channel(content, Channel.IN_APP)
    assert (mail.title, mail.body, mail.url, mail.html, mail.data) == ("s", "b", "u", "<p>", None)
    assert (item.title, item.body, item.url, item.html, item.data) == ("t", "i", "u", None, {"a": 1})
    assert for_channel(content, Channel.SMS).body == "b"
