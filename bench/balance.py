"""The outside checker: compares what was accepted with what arrived. Pure; used by the feed and by the drills."""

from collections.abc import Iterator, Sequence

from bench.drops import judge_drops
from bench.expected import Expected
from bench.findings import Finding, Kind
from bench.journals import EMAIL, IN_APP, DeliveryEntry, InboxEntry, Journals, Mail
from models.states import FINAL_FROM, DeliveryState

MAY_HAVE_BEEN_TAKEN = frozenset({"SENT", "UNKNOWN", None})
"""Outcomes of an attempt whose mail the server may hold. None: the attempt is under way."""
NEEDS_NO_REASON = frozenset({"SENT", "DELIVERED"})


def judge(journals: Journals) -> list[Finding]:
    """Everything that does not balance; empty where all does."""
    expected = Expected(journals)
    return [
        *_deliveries(expected, journals),
        *_mails(expected, journals.mails),
        *_copies(journals),
        *_logs(expected, journals),
        *_items(expected, journals),
        *judge_drops(expected, journals),
    ]


def _deliveries(expected: Expected, journals: Journals) -> Iterator[Finding]:
    """One delivery for each recipient and channel of what was accepted, settled, with its reason; no other."""
    found = {one.id: one for of_one in journals.deliveries.values() for one in of_one}
    for id_, wanted in expected.by_delivery.items():
        if id_ not in found:
            yield Finding(Kind.LOST, f"{wanted} was accepted, and there is no delivery")
    for id_, one in found.items():
        if id_ not in expected.by_delivery:
            yield Finding(Kind.LEAK, f"{id_} is a delivery that nobody asked for")
        if _is_unsettled(one):
            yield Finding(Kind.UNSETTLED, f"{id_} is {one.state} and waits for no known moment")
        if one.reason is None and one.state not in NEEDS_NO_REASON:
            yield Finding(Kind.UNREASONED, f"{id_} is {one.state} without a reason")


def _is_unsettled(one: DeliveryEntry) -> bool:
    if DeliveryState[one.state] >= FINAL_FROM:
        return False
    return one.state not in {"RETRY_WAIT", "UNKNOWN"} or one.next_attempt_at is None


def _mails(expected: Expected, mails: Sequence[Mail]) -> Iterator[Finding]:
    """Every mail was asked for, went to whom it was for, and said what it should."""
    for mail in mails:
        wanted = expected.by_delivery.get(mail.delivery or "")
        if wanted is None or wanted.channel != EMAIL:
            yield expected.uninvited(mail.delivery, mail.subject, f"a mail to {mail.to}")
        elif mail.to != wanted.person.address:
            yield Finding(Kind.SWAP, f"{wanted} went to {mail.to} instead of {wanted.person.address}")
        elif mail.subject != wanted.entry.send.title:
            yield Finding(Kind.SWAP, f"{wanted} said {mail.subject!r} instead of {wanted.entry.send.title!r}")


def _copies(journals: Journals) -> Iterator[Finding]:
    """Each mail belongs to an attempt that may have been taken, and all but the last copy to an unknown one."""
    mails = mails_by_delivery(journals.mails)
    for of_one in journals.deliveries.values():
        for delivery in of_one:
            if delivery.channel == EMAIL:
                yield from _copies_of(delivery, mails.get(delivery.id, ()))


def _copies_of(delivery: DeliveryEntry, mails: Sequence[Mail]) -> Iterator[Finding]:
    outcomes = {one.id: one.outcome for one in delivery.attempts}
    taken = [mail.attempt or "" for mail in mails]
    for attempt in set(taken):
        if outcomes.get(attempt, "not known") not in MAY_HAVE_BEEN_TAKEN:
            word = outcomes.get(attempt, "not in the log")
            yield Finding(Kind.CONTRADICTION, f"the server took {attempt} of {delivery.id}, which is {word}")
        if taken.count(attempt) > 1:
            yield Finding(Kind.DUPLICATE, f"{attempt} of {delivery.id} was taken {taken.count(attempt)} times")
    unexplained = [attempt for attempt in set(taken) if outcomes.get(attempt, "UNKNOWN") != "UNKNOWN"]
    if len(unexplained) > 1:
        yield Finding(Kind.DUPLICATE, f"{delivery.id} was taken {len(unexplained)} times without an unknown outcome")
    sent = [attempt for attempt, outcome in outcomes.items() if outcome == "SENT"]
    for attempt in sent:
        if attempt not in taken:
            yield Finding(Kind.LOST, f"{attempt} of {delivery.id} is SENT, and the server took no such mail")
    if (delivery.state == "SENT") != bool(sent):
        yield Finding(Kind.CONTRADICTION, f"{delivery.id} is {delivery.state} with {len(sent)} attempts SENT")


def _logs(expected: Expected, journals: Journals) -> Iterator[Finding]:
    """Each reader's log counts 1, 2, 3 … and holds only what was asked for this reader."""
    for reader, entries in journals.inboxes.items():
        yield from _counted(reader, entries)
        for entry in entries:
            wanted = expected.by_item(entry.item)
            if wanted is None or wanted.channel != IN_APP:
                yield expected.uninvited(entry.item, entry.title, f"an item of {reader}")
            elif wanted.person.id != reader:
                yield Finding(Kind.SWAP, f"{wanted} came to {reader}")
            elif entry.title != wanted.entry.send.title:
                yield Finding(Kind.SWAP, f"{wanted} said {entry.title!r} instead of {wanted.entry.send.title!r}")


def _counted(reader: str, entries: Sequence[InboxEntry]) -> Iterator[Finding]:
    seen: set[str] = set()
    for place, entry in enumerate(entries):
        before = entries[place - 1].seq if place else 0
        if entry.item in seen:
            yield Finding(Kind.DUPLICATE, f"{entry.item} came to {reader} more than once")
        elif entry.seq != before + 1:
            yield Finding(Kind.GAP, f"the log of {reader} goes from {before} to {entry.seq}")
        seen.add(entry.item)


def _items(expected: Expected, journals: Journals) -> Iterator[Finding]:
    """Each in-app delivery is in its reader's log, where that was read, exactly if it is DELIVERED."""
    there = {(reader, entry.item) for reader, entries in journals.inboxes.items() for entry in entries}
    states = {one.id: one.state for of_one in journals.deliveries.values() for one in of_one}
    for id_, wanted in expected.by_delivery.items():
        if wanted.channel != IN_APP or wanted.person.id not in journals.inboxes:
            continue
        is_there = (wanted.person.id, wanted.item) in there
        if not is_there and states.get(id_) == "DELIVERED":
            yield Finding(Kind.LOST, f"{wanted} is DELIVERED and not in the log")
        if is_there and states.get(id_, "DELIVERED") != "DELIVERED":
            yield Finding(Kind.CONTRADICTION, f"{wanted} is in the log, and its delivery is {states[id_]}")


def mails_by_delivery(mails: Sequence[Mail]) -> dict[str, list[Mail]]:
    """Taken mails by dlv_…, in the order taken."""
    grouped: dict[str, list[Mail]] = {}
    for mail in mails:
        grouped.setdefault(mail.delivery or "", []).append(mail)
    return grouped
