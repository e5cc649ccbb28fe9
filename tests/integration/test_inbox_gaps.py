"""An inbox whose items are gone is never followed in silence: who stands before the gap is told to load it again."""

import asyncio
import sqlite3
from pathlib import Path

import pytest

from engines.broadcast.process import ProcessBroadcast
from models.ids import decode
from models.principal import Principal
from models.states import ReasonCode
from models.vocabulary import Role
from services.access import FIRST_TENANT
from tests.products import INBOX, Product
from usecases.follow_inbox import FollowInbox, InboxLost
from usecases.inbox_cursor import InboxCursors

PATIENCE_S = 10.0


def forget(folder: Path, notification: str) -> None:
    """As retention does: the deliveries of a notification are dropped."""
    connection = sqlite3.connect(folder / "carillon.db")
    with connection:
        connection.execute("DELETE FROM deliveries WHERE notification_id = ?", [decode("ntf", notification)])
    connection.close()


@pytest.mark.parametrize("store", ["sqlite"], indirect=True)
async def test_a_follower_before_a_gap_is_told_and_the_stream_ends(product: Product, tmp_path: Path) -> None:
    ada = await product.user("ada")
    token = product.browser(ada)

    async def told(body: str) -> str:
        id_ = await product.send({"user": ada}, {"body": body}, channels=["IN_APP"])
        await product.settled(id_)
        return id_

    await told("n0")
    start = (await product.data(INBOX, token))["inbox"]["liveCursor"]
    await told("n1")
    forget(tmp_path, await told("n2"))
    user = decode("usr", ada)
    caller = Principal(FIRST_TENANT, user, Role.END_USER, "", user=user)
    follow = FollowInbox(product.base.store, ProcessBroadcast(), InboxCursors(product.base.sealer))
    running = asyncio.create_task(follow.run())

    async with asyncio.timeout(PATIENCE_S):
        heard = [batch async for batch in follow(caller, start)]
    running.cancel()
    await asyncio.wait([running])

    assert len(heard) == 2 and follow.followers == 0
    events, lost = heard
    assert not isinstance(events, InboxLost) and isinstance(lost, InboxLost)
    assert [event.row.kind for event in events] == [1] and lost.reason is ReasonCode.CURSOR_TOO_OLD
    page = (await product.data(INBOX, token))["inbox"]
    assert lost.cursor == page["liveCursor"] and [edge["node"]["body"] for edge in page["edges"]] == ["n1", "n0"]
