"""No statement forgets its tenants: SELECTs are read here, whatever else runs is watched by the contract suite."""

import pytest

from engines.store.dialect.base import Dialect
from engines.store.dialect.postgres import PostgresDialect
from engines.store.dialect.sqlite import SqliteDialect
from engines.store.reads.compile import for_postgres, for_sqlite
from models import tables
from tests.stores import names_no_tenant

COMPILED = [(kind, one.text) for texts in (for_sqlite(), for_postgres()) for kind, one in texts.items()]


@pytest.mark.parametrize(("kind", "text"), COMPILED, ids=lambda one: getattr(one, "__name__", ""))
def test_each_select_names_its_tenants(kind: type, text: str) -> None:
    assert not names_no_tenant(text.replace("\n", " ")), kind


@pytest.mark.parametrize("dialect", [SqliteDialect(), PostgresDialect()], ids=lambda one: one.name)
def test_a_verb_refuses_a_key_without_tenants(dialect: Dialect) -> None:
    verbs = [
        dialect.lookup(tables.users, ("id",), [(b"i" * 16,)], ("id",)),
        dialect.update(tables.users, ("id",), ("locale",), [(b"i" * 16, "en")]),
        dialect.update_returning(tables.users, ("id",), ("locale",), [(b"i" * 16, "en")], "1 = 1"),
        dialect.delete(tables.users, ("id",), [(b"i" * 16,)]),
    ]
    for verb in verbs:
        with pytest.raises(AssertionError, match="names no tenant"):
            next(verb)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT users.tenant_id, users.id FROM users",
        "SELECT users.tenant_id FROM users WHERE users.id = ?",
        "UPDATE deliveries AS t SET state = ? WHERE notification_id = ?",
        "DELETE FROM inbox WHERE user_id = ?",
        "INSERT INTO inbox (user_id, seq) VALUES (?, ?)",
        "WITH k AS (SELECT 1) SELECT t.tenant_id FROM k JOIN users t ON t.id = k.id",
    ],
)
def test_a_forgotten_tenant_is_seen(text: str) -> None:
    assert names_no_tenant(text)


@pytest.mark.parametrize(
    "text",
    [
        "SELECT seq FROM outbox WHERE topic = ?",
        "SELECT id FROM users WHERE tenant_id = ? AND id = ?",
        "INSERT INTO inbox (tenant_id, user_id) VALUES (?, ?)",
    ],
)
def test_what_names_its_tenants_or_needs_none_passes(text: str) -> None:
    assert not names_no_tenant(text)
