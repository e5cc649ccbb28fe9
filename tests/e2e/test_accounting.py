"""Everything that was accepted is final or waiting, and every drop has its reason; told by the API alone."""

from collections import Counter
from collections.abc import Iterator

from tests.e2e.product import Json, Product, deliveries, until, wanted

SENDS = 300
USERS = 30
FINAL = {"SENT", "DELIVERED", "FAILED", "DEAD", "SKIPPED", "EXPIRED", "BOUNCED"}
WAITING = {"QUEUED", "SENDING", "RETRY_WAIT", "UNKNOWN", "HELD"}
REST = {
    "fine": ("SENT", None),
    "bounce": ("FAILED", "ADDRESS_INVALID"),
    "full": ("FAILED", "MAILBOX_FULL"),
    "policy": ("FAILED", "POLICY_REJECTED"),
    "defer-1": ("SENT", None),
    "defer-always": ("RETRY_WAIT", "PROVIDER_BUSY"),
    "nowhere": ("SKIPPED", "NO_ADDRESS"),
}
"""How e-mail to each kind of user ends, or what it waits for."""
KINDS = tuple(REST)


async def test_accepted_is_final_or_waiting_and_every_drop_has_a_reason(product: Product) -> None:
    for number, kind in enumerate(people()):
        address = None if kind == "nowhere" else f"{kind}+{number}@example.test"
        await product.user(f"{kind}-{number}", **({"email": address} if address else {}))
    results = await product.send_many(list(sends()))
    accepted = [result["notification"]["id"] for result in results if result["__typename"] == "NotificationAccepted"]
    refused = [result for result in results if result["__typename"] != "NotificationAccepted"]
    stories = await until(lambda: product.notifications(accepted), at_rest)

    assert len(accepted) + len(refused) == SENDS and len(refused) == SENDS // 10
    assert {(one["code"], tuple(one["path"])) for one in refused} == {("INVALID_INPUT", ("to", "externalId"))}
    states = Counter(state for story in stories for state in counted(story))
    assert states.total() == sum(states[state] for state in FINAL | WAITING) == 2 * len(accepted)
    assert wrong(stories) == []
    assert set(states) == {"SENT", "DELIVERED", "FAILED", "SKIPPED", "RETRY_WAIT"}


def people() -> list[str]:
    """The kind of each user."""
    return [KINDS[number % len(KINDS)] for number in range(USERS)]


def sends() -> Iterator[Json]:
    """One to each user in turn; every tenth is to somebody whom nobody knows."""
    kinds = people()
    for number in range(SENDS):
        user = number % USERS
        name = f"nobody-{number}" if number % 10 == 9 else f"{kinds[user]}-{user}"
        yield wanted({"externalId": name}, f"No. {number}")


def counted(story: Json) -> Iterator[str]:
    """The state of each delivery, as the notification counts them."""
    for one in story["counts"]:
        yield from [one["state"]] * one["count"]


def at_rest(stories: list[Json]) -> bool:
    """Whether everything is final, or waits for a time to come: the deliveries say so, and so do the counts."""
    return all(is_as_told(story) and set(counted(story)) <= FINAL | {"RETRY_WAIT"} for story in stories)


def is_as_told(story: Json) -> bool:
    """Whether a notification's e-mail is in the state that its user's kind leads to."""
    found = deliveries(story)
    return "EMAIL" in found and (found["EMAIL"]["state"], found["EMAIL"]["reason"]) == REST[kind_of(found["EMAIL"])]


def kind_of(delivery: Json) -> str:
    """The kind of the user that it is for."""
    kind: str = delivery["user"]["externalId"].rpartition("-")[0]
    return kind


def wrong(stories: list[Json]) -> list[Json]:
    """Deliveries whose state, reason, decisions and notification do not belong together."""
    found = []
    for story in stories:
        by_channel = deliveries(story)
        waits = any(one["state"] in WAITING for one in by_channel.values())
        if story["state"] != ("PROCESSING" if waits else "COMPLETED") or by_channel["IN_APP"]["state"] != "DELIVERED":
            found.append(story)
        found += [one for one in by_channel.values() if not explained(one)]
    return found


def explained(delivery: Json) -> bool:
    """A happy delivery needs no reason, any other has one; a skipped one was decided; what waits knows until when."""
    happy = delivery["state"] in {"SENT", "DELIVERED"}
    decided = any(one["reason"] for one in delivery["decisions"]) == (delivery["state"] == "SKIPPED")
    due = (delivery["nextAttemptAt"] is not None) == (delivery["state"] == "RETRY_WAIT")
    return (delivery["reason"] is None) == happy and decided and due
