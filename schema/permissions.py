"""Prints the permission table: `python -m schema.permissions` rewrites docs/permissions.md, which a test compares."""

from collections.abc import Iterator, Mapping
from pathlib import Path

from models.principal import Needs, Principal, named
from models.vocabulary import Role
from schema.access import MUTATIONS, NODES, QUERIES, ROUTES, SENSITIVE, SUBSCRIPTIONS

PRINTED = Path(__file__).resolve().parents[1] / "docs" / "permissions.md"
ROLES = (Role.ADMIN, Role.DEVELOPER, Role.SERVICE_ACCOUNT, Role.VIEWER, Role.END_USER)
_INTRODUCTION = """# Who may do what

Made from `schema/access.py` by `python -m schema.permissions`; `tests/integration/test_permissions.py` compares each
cell with what the product does. A key or a member has one role; END_USER is a browser token, which speaks for one user.
"""
_PARTS: tuple[tuple[str, str, Mapping[str, Needs]], ...] = (
    ("Queries", "Without the permission: an error, `FORBIDDEN`.", QUERIES),
    ("Mutations", "Without the permission: `Forbidden`, and nothing is changed.", MUTATIONS),
    ("Subscriptions", "Without the permission: an error, `FORBIDDEN`, before the first event.", SUBSCRIPTIONS),
    ("Routes", "Without the permission: 403.", ROUTES),
    ("Ids", "What `node` and `nodes` find by an id with this prefix. Without the permission: null, as if absent.",
     {f"{prefix}_…": needs for prefix, needs in NODES.items()}),
    ("Sensitive fields", "Without the permission: null, except for what belongs to the token's own user.", SENSITIVE),
)  # fmt: skip


def print_permissions() -> str:
    """The whole table as Markdown."""
    return "\n".join([_INTRODUCTION, *[line for part in _PARTS for line in _part(*part)]])


def _part(title: str, without: str, table: Mapping[str, Needs]) -> Iterator[str]:
    if not table:
        return
    yield f"## {title}\n\n{without}\n"
    yield f"| | needs | {' | '.join([role.name for role in ROLES])} |"
    yield f"|---|---|{':-:|' * len(ROLES)}"
    for name, needs in table.items():
        yield f"| `{name}` | {_words(needs)} | {' | '.join(['yes' if _may(role, needs) else '' for role in ROLES])} |"
    yield ""


def _words(needs: Needs) -> str:
    return "a token" if needs is None else named(needs)


def _may(role: Role, needs: Needs) -> bool:
    return Principal(b"", b"", role, "").may(needs)


def main() -> None:
    """Rewrite the printed table."""
    PRINTED.write_text(print_permissions(), encoding="utf-8")


if __name__ == "__main__":
    main()
