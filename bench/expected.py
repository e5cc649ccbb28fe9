"""What must have come of all that was accepted: a delivery for each recipient and channel. Asked by `bench.balance`."""

from collections.abc import Iterator, Sequence

import msgspec

from bench.findings import Finding, Kind
from bench.journals import Fate, InboxEntry, Journals, Mail, Person, SenderEntry
from models import ids
from models.vocabulary import Channel


class Expectation(msgspec.Struct, frozen=True):
    """One delivery that must exist."""

    entry: SenderEntry
    person: Person
    channel: str
    item: str
    """The delivery's id as an inbox item's."""

    def __str__(self) -> str:
        return f"No. {self.entry.send.number} by {self.channel} for {self.person.external_id}"


class Expected:
    """Every expectation, found by the ids that it must have."""

    def __init__(self, journals: Journals) -> None:
        self._by_title = {entry.send.title: entry for entry in journals.sends}
        self._people = {person.external_id: person for person in journals.people}
        self.by_delivery: dict[str, Expectation] = {}
        for entry in journals.sends:
            self.by_delivery.update(self._of(entry))

    def by_item(self, item: str) -> Expectation | None:
        """What the inbox item with this id must be."""
        raw = ids.try_decode(ids.INBOX_ITEM, item)
        return self.by_delivery.get(ids.encode(ids.DELIVERY, raw)) if raw is not None else None

    def uninvited(self, id_: str | None, title: str | None, what: str) -> Finding:
        """Why something that answers no expectation is wrong: sent twice, or not asked for at all."""
        entry = self._by_title.get(title or "")
        key = delivery_key_of(id_ or "")
        if entry is None or key is None:
            return Finding(Kind.LEAK, f"{what} ({id_}, {title!r}) answers nothing that was sent")
        if key[1] not in {self._people[one].id for one in entry.send.audience}:
            return Finding(Kind.LEAK, f"{what} ({id_}) says No. {entry.send.number}, which was not for {key[1]}")
        if key[0] != entry.notification:
            known = entry.notification or entry.fate.value
            return Finding(Kind.DUPLICATE, f"{what}: No. {entry.send.number} is {known}, and also {key[0]}")
        return Finding(Kind.LEAK, f"{what} ({id_}) came through a channel that No. {entry.send.number} did not name")

    def _of(self, entry: SenderEntry) -> Iterator[tuple[str, Expectation]]:
        if entry.notification is None:
            return
        notification = ids.decode(ids.NOTIFICATION, entry.notification)
        for external_id in dict.fromkeys(entry.send.audience):
            person = self._people[external_id]
            user = ids.decode(ids.USER, person.id)
            for channel in entry.send.channels:
                raw = ids.delivery_bytes((notification, user, Channel[channel].value))
                wanted = Expectation(entry, person, channel, ids.encode(ids.INBOX_ITEM, raw))
                yield ids.encode(ids.DELIVERY, raw), wanted


def delivery_key_of(id_: str) -> tuple[str, str] | None:
    """(ntf_…, usr_…) inside a delivery's or an inbox item's id."""
    raw = ids.try_decode(ids.DELIVERY, id_) or ids.try_decode(ids.INBOX_ITEM, id_)
    if raw is None:
        return None
    notification, user, _ = ids.delivery_key(raw)
    return ids.encode(ids.NOTIFICATION, notification), ids.encode(ids.USER, user)


def came_true(sends: Sequence[SenderEntry], mails: Sequence[Mail], inboxes: Sequence[InboxEntry]) -> list[SenderEntry]:
    """The sends, where those that got no answer carry the notification that mails or inbox items tell of."""
    told = [(mail.subject, mail.delivery or "") for mail in mails]
    told += [(entry.title, entry.item) for entry in inboxes]
    unknown = {entry.send.title for entry in sends if entry.fate is Fate.UNKNOWN}
    found = {title: key[0] for title, id_ in told if title in unknown and (key := delivery_key_of(id_)) is not None}
    return [
        msgspec.structs.replace(entry, notification=found[entry.send.title]) if entry.send.title in found else entry
        for entry in sends
    ]
