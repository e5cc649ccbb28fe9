"""The outside checker passes what balances and finds each way in which things can go wrong."""

from collections.abc import Callable, Sequence

import msgspec
import pytest

from bench.balance import judge
from bench.expected import came_true
from bench.findings import Kind
from bench.journals import (
    EMAIL,
    IN_APP,
    AttemptEntry,
    DeliveryEntry,
    Fate,
    InboxEntry,
    Journals,
    Mail,
    Person,
    Send,
    SenderEntry,
)
from models import ids
from models.vocabulary import Channel

USERS = {name: (b"user" + name.encode()).ljust(16, b".") for name in ("ada", "ben", "cleo")}
PEOPLE = [Person(ids.encode(ids.USER, raw), name, f"{name}@example.test") for name, raw in USERS.items()]
ADA, BEN, CLEO = PEOPLE
BOTH = (EMAIL, IN_APP)


def ntf(number: int) -> bytes:
    return f"notification {number}".encode().ljust(16, b".")


def send(number: int, *audience: Person) -> Send:
    who = tuple([person.external_id for person in audience])
    return Send(number, f"title {number}", "text", None, "news", who, BOTH, keyed=True)


def key(number: int, person: Person, channel: Channel) -> bytes:
    return ids.delivery_bytes((ntf(number), USERS[person.external_id], channel.value))


def delivery_id(number: int, person: Person, channel: Channel = Channel.EMAIL) -> str:
    return ids.encode(ids.DELIVERY, key(number, person, channel))


def attempt_id(number: int, person: Person, attempt: int = 1) -> str:
    return ids.encode(ids.ATTEMPT, key(number, person, Channel.EMAIL) + attempt.to_bytes(2))


def attempt(number: int, person: Person, n: int, outcome: str | None) -> AttemptEntry:
    return AttemptEntry(attempt_id(number, person, n), n, outcome, 1.0, 2.0)


def mail(number: int, person: Person, n: int = 1) -> Mail:
    return Mail(person.address or "", f"title {number}", delivery_id(number, person), attempt_id(number, person, n))


def item(seq: int, number: int, person: Person) -> InboxEntry:
    return InboxEntry(seq, ids.encode(ids.INBOX_ITEM, key(number, person, Channel.IN_APP)), f"title {number}")


def mailed(number: int, person: Person, *outcomes: str | None, state: str = "SENT") -> DeliveryEntry:
    attempts = tuple([attempt(number, person, n, outcome) for n, outcome in enumerate(outcomes, 1)])
    reason = None if state == "SENT" else "OUTCOME_UNKNOWN"
    return DeliveryEntry(delivery_id(number, person), EMAIL, state, reason, None, 0.0, attempts)


def shown(number: int, person: Person, state: str = "DELIVERED") -> DeliveryEntry:
    return DeliveryEntry(delivery_id(number, person, Channel.IN_APP), IN_APP, state, None, None)


def balanced() -> Journals:
    """No. 1 to ada; No. 2 to ada and ben, where ben's mail went out twice because the first answer was lost."""
    return Journals(
        people=PEOPLE,
        sends=[
            SenderEntry(send(1, ADA), Fate.ACCEPTED, ids.encode(ids.NOTIFICATION, ntf(1))),
            SenderEntry(send(2, ADA, BEN), Fate.ACCEPTED, ids.encode(ids.NOTIFICATION, ntf(2))),
            SenderEntry(send(3, CLEO), Fate.UNKNOWN),
        ],
        mails=[mail(1, ADA), mail(2, ADA), mail(2, BEN), mail(2, BEN, 2)],
        inboxes={ADA.id: [item(1, 1, ADA), item(2, 2, ADA)], BEN.id: [item(1, 2, BEN)], CLEO.id: []},
        deliveries={
            ids.encode(ids.NOTIFICATION, ntf(1)): [mailed(1, ADA, "SENT"), shown(1, ADA)],
            ids.encode(ids.NOTIFICATION, ntf(2)): [
                mailed(2, ADA, "SENT"),
                shown(2, ADA),
                mailed(2, BEN, "UNKNOWN", "SENT"),
                shown(2, BEN),
            ],
        },
    )


def kinds(journals: Journals) -> set[Kind]:
    return {one.kind for one in judge(journals)}


def with_mails(*mails: Mail) -> Journals:
    return msgspec.structs.replace(balanced(), mails=mails)


def with_log(reader: Person, *entries: InboxEntry) -> Journals:
    journals = balanced()
    return msgspec.structs.replace(journals, inboxes={**journals.inboxes, reader.id: entries})


def with_deliveries(number: int, *deliveries: DeliveryEntry) -> Journals:
    journals = balanced()
    notification = ids.encode(ids.NOTIFICATION, ntf(number))
    return msgspec.structs.replace(journals, deliveries={**journals.deliveries, notification: deliveries})


def test_journals_that_balance_pass() -> None:
    assert judge(balanced()) == []


GOOD = tuple(balanced().mails)
STRANGER = Mail("mallory@example.test", "title 9", delivery_id(9, ADA), attempt_id(9, ADA))
FOREIGN_TITLE = Mail(CLEO.address or "", "title 1", delivery_id(1, CLEO), attempt_id(1, CLEO))
WRONG_BOX = Mail(BEN.address or "", "title 1", delivery_id(1, ADA), attempt_id(1, ADA))
WRONG_WORDS = Mail(ADA.address or "", "title 2", delivery_id(1, ADA), attempt_id(1, ADA))
SECOND_ACCEPTANCE = Mail(ADA.address or "", "title 1", delivery_id(7, ADA), attempt_id(7, ADA))


@pytest.mark.parametrize(
    ("mails", "found"),
    [
        pytest.param(GOOD[1:], Kind.LOST, id="a mail that was sent is not there"),
        pytest.param((*GOOD, mail(1, ADA)), Kind.DUPLICATE, id="an attempt was taken twice"),
        pytest.param((*GOOD, mail(1, ADA, 2)), Kind.CONTRADICTION, id="a copy of an attempt that is not in the log"),
        pytest.param((WRONG_BOX, *GOOD[1:]), Kind.SWAP, id="a mail went to somebody else"),
        pytest.param((WRONG_WORDS, *GOOD[1:]), Kind.SWAP, id="a mail said what was meant for another"),
        pytest.param((*GOOD, STRANGER), Kind.LEAK, id="a mail of a notification that nobody sent"),
        pytest.param((*GOOD, SECOND_ACCEPTANCE), Kind.DUPLICATE, id="a send was accepted twice"),
        pytest.param((*GOOD, FOREIGN_TITLE), Kind.LEAK, id="a mail to somebody who was not addressed"),
        pytest.param((*GOOD, Mail("x@example.test", "hello", None, None)), Kind.LEAK, id="a mail of unknown origin"),
    ],
)
def test_a_planted_fault_among_the_mails_is_found(mails: Sequence[Mail], found: Kind) -> None:
    assert kinds(with_mails(*mails)) == {found}


ADAS = tuple(balanced().inboxes[ADA.id])
UNTITLED = InboxEntry(1, ADAS[0].item, "title 2")


@pytest.mark.parametrize(
    ("reader", "log", "found"),
    [
        pytest.param(ADA, ADAS[:1], Kind.LOST, id="the last item is missing"),
        pytest.param(ADA, (*ADAS, ADAS[1]), Kind.DUPLICATE, id="an item came twice"),
        pytest.param(ADA, (ADAS[0], item(3, 2, ADA)), Kind.GAP, id="a number is missing"),
        pytest.param(ADA, (item(2, 1, ADA), item(1, 2, ADA)), Kind.GAP, id="out of order"),
        pytest.param(ADA, (UNTITLED, ADAS[1]), Kind.SWAP, id="an item said what was meant for another"),
        pytest.param(CLEO, (item(1, 2, BEN),), Kind.SWAP, id="an item of somebody else"),
        pytest.param(CLEO, (item(1, 1, CLEO),), Kind.LEAK, id="an item for somebody who was not addressed"),
        pytest.param(ADA, (*ADAS, item(3, 8, ADA)), Kind.LEAK, id="an item that answers nothing"),
    ],
)
def test_a_planted_fault_in_an_inbox_is_found(reader: Person, log: Sequence[InboxEntry], found: Kind) -> None:
    assert kinds(with_log(reader, *log)) == {found}


NEVER_DUE = DeliveryEntry(delivery_id(1, ADA), EMAIL, "RETRY_WAIT", "PROVIDER_BUSY", None)
SILENT = DeliveryEntry(delivery_id(1, ADA), EMAIL, "FAILED", None, None)


@pytest.mark.parametrize(
    ("deliveries", "found"),
    [
        pytest.param([shown(1, ADA)], {Kind.LOST}, id="a delivery is missing"),
        pytest.param([mailed(1, ADA, "SENT"), shown(1, ADA), shown(1, BEN)], {Kind.LEAK}, id="one too many"),
        pytest.param([NEVER_DUE, shown(1, ADA)], {Kind.UNSETTLED, Kind.CONTRADICTION}, id="waits for no moment"),
        pytest.param([SILENT, shown(1, ADA)], {Kind.UNREASONED, Kind.CONTRADICTION}, id="failed, and nobody says why"),
        pytest.param(
            [mailed(1, ADA, "REFUSED", state="FAILED"), shown(1, ADA)], {Kind.CONTRADICTION}, id="refused, yet taken"
        ),
        pytest.param([mailed(1, ADA, "BUSY"), shown(1, ADA)], {Kind.CONTRADICTION}, id="sent by no attempt"),
        pytest.param(
            [mailed(1, ADA, "SENT", "SENT"), shown(1, ADA)], {Kind.LOST}, id="says that it was sent twice, and was not"
        ),
    ],
)
def test_a_planted_fault_in_the_log_is_found(deliveries: Sequence[DeliveryEntry], found: set[Kind]) -> None:
    assert kinds(with_deliveries(1, *deliveries)) == found


def test_two_copies_without_an_unknown_outcome_are_a_duplicate() -> None:
    journals = with_deliveries(1, mailed(1, ADA, "SENT", "SENT"), shown(1, ADA))

    assert kinds(msgspec.structs.replace(journals, mails=(*GOOD, mail(1, ADA, 2)))) == {Kind.DUPLICATE}


@pytest.mark.parametrize("outcome", ["SENT", "UNKNOWN", None])
def test_a_copy_is_explained_by_an_attempt_that_nobody_heard_of_again(outcome: str | None) -> None:
    state = "SENT" if outcome == "SENT" else "DEAD"
    journals = with_deliveries(1, mailed(1, ADA, "UNKNOWN", outcome, state=state), shown(1, ADA))

    assert judge(msgspec.structs.replace(journals, mails=(*GOOD, mail(1, ADA, 2)))) == []


def test_an_inbox_that_was_not_read_proves_nothing() -> None:
    journals = balanced()
    read = {reader: log for reader, log in journals.inboxes.items() if reader != ADA.id}

    assert judge(msgspec.structs.replace(journals, inboxes=read)) == []


Trace = Callable[[], tuple[list[Mail], list[InboxEntry]]]


@pytest.mark.parametrize(
    "trace", [lambda: ([mail(3, CLEO)], []), lambda: ([], [item(1, 3, CLEO)])], ids=["a mail", "an item"]
)
def test_an_unanswered_send_that_came_true_must_come_true_wholly(trace: Trace) -> None:
    mails, items = trace()
    journals = balanced()
    sends = came_true(journals.sends, [*journals.mails, *mails], items)
    half = msgspec.structs.replace(
        journals, sends=sends, mails=[*journals.mails, *mails], inboxes={**journals.inboxes, CLEO.id: items}
    )

    assert kinds(half) == {Kind.LOST}
    assert [entry.notification for entry in sends][2] == ids.encode(ids.NOTIFICATION, ntf(3))


def test_an_unanswered_send_that_came_true_twice_is_a_duplicate() -> None:
    other = Mail(CLEO.address or "", "title 3", delivery_id(4, CLEO), attempt_id(4, CLEO))
    journals = with_mails(*GOOD, mail(3, CLEO), other)
    sends = came_true(journals.sends, journals.mails, [])

    assert Kind.DUPLICATE in kinds(msgspec.structs.replace(journals, sends=sends))
