"""What is committed together: everything that waits, but for kinds that stand apart or alone."""

from engines.store.base import Operation
from engines.store.committer import Committer


class Plain(Operation[object], frozen=True):
    pass


class Left(Operation[object], frozen=True):
    pass


class Right(Operation[object], frozen=True):
    pass


class Lone(Operation[object], frozen=True):
    pass


async def test_a_group_holds_one_kind_of_those_apart_and_nothing_beside_one_alone() -> None:
    committer = Committer(apart=frozenset((Left, Right)), alone=frozenset((Lone,)))
    for kind in (Plain, Left, Plain, Right, Lone, Lone, Plain, Left):
        committer.put(kind())

    groups = []
    while len(committer):
        groups.append([type(pending.operation) for pending in committer.take()])

    assert groups == [[Plain, Left, Plain], [Right], [Lone], [Lone], [Plain, Left]]
