"""The table at the end of a feed or a drill: what was sent, what came of it, and whether it balances."""

from collections import Counter
from collections.abc import Iterator, Sequence

from bench.balance import mails_by_delivery
from bench.expected import Expected
from bench.findings import Finding, Kind
from bench.journals import EMAIL, Fate, Journals
from models.states import FINAL_FROM, DeliveryState

Row = tuple[str, str]
MOST_SHOWN = 10


def rows(journals: Journals) -> Iterator[Row]:
    """What the journals hold, as (words, number)."""
    fates = Counter(entry.fate for entry in journals.sends)
    true = sum(entry.notification is not None for entry in journals.sends if entry.fate is Fate.UNKNOWN)
    yield "notifications accepted", f"{fates[Fate.ACCEPTED]:,}"
    yield "  refused", f"{fates[Fate.REFUSED]:,}"
    yield "  unanswered and without a key", f"{fates[Fate.UNKNOWN]:,} (of which {true:,} had been accepted)"
    yield from _deliveries(journals)
    yield from _mails(journals)
    yield "inbox items", f"{sum(map(len, journals.inboxes.values())):,} in {len(journals.inboxes):,} inboxes read"


def _deliveries(journals: Journals) -> Iterator[Row]:
    deliveries = [one for of_one in journals.deliveries.values() for one in of_one]
    states = Counter((one.channel, one.state, one.reason or "") for one in deliveries)
    final = sum(DeliveryState[one.state] >= FINAL_FROM for one in deliveries)
    yield "accepted × recipients × channels", f"{len(Expected(journals).by_delivery):,}"
    yield "deliveries", f"{len(deliveries):,} = {final:,} final + {len(deliveries) - final:,} waiting"
    for (channel, state, reason), count in sorted(states.items()):
        yield f"  {channel} {state} {reason}", f"{count:,}"


def _mails(journals: Journals) -> Iterator[Row]:
    outcomes = Counter(
        attempt.outcome or "under way"
        for of_one in journals.deliveries.values()
        for one in of_one
        if one.channel == EMAIL
        for attempt in one.attempts
    )
    copies = mails_by_delivery(journals.mails)
    yield "attempts", ", ".join([f"{count:,} {outcome}" for outcome, count in sorted(outcomes.items())])
    yield "mails taken", f"{len(journals.mails):,}, {len(journals.mails) - len(copies):,} of them further copies"


def table(shown: Sequence[Row]) -> str:
    """Two columns."""
    width = max(len(words) for words, _ in shown) + 2
    return "\n".join([f"  {words:<{width}}{number}" for words, number in shown])


def verdict(findings: Sequence[Finding], more: Sequence[str] = ()) -> str:
    """PASS, or FAIL with what does not balance: each kind's count and its first few."""
    if not findings and not more:
        return "PASS: everything balances"
    lines = [f"FAIL: {len(findings) + len(more)} findings"]
    for kind in Kind:
        of_kind = [one.text for one in findings if one.kind is kind]
        lines += [f"  {kind.value}: {len(of_kind):,}"] if of_kind else []
        lines += [f"    {text}" for text in of_kind[:MOST_SHOWN]]
    return "\n".join([*lines, *[f"  {text}" for text in more]])
