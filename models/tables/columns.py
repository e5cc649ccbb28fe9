"""The kinds of columns that tables are made of. Used by the tables beside it."""

from sqlalchemy import BigInteger, Column, Integer, LargeBinary, MetaData, SmallInteger, Text
from sqlalchemy.dialects import postgresql

metadata = MetaData()

Id = LargeBinary(16).with_variant(postgresql.UUID(as_uuid=False), "postgresql")
Time = BigInteger
Serial = BigInteger().with_variant(Integer, "sqlite")


def identifier(name: str, *, key: bool = False, nullable: bool = False) -> Column[bytes]:
    """16 bytes of an id."""
    return Column(name, Id, primary_key=key, nullable=nullable)


def tenant() -> Column[bytes]:
    """Whose row it is."""
    return identifier("tenant_id")


def small(name: str, *, key: bool = False, nullable: bool = False, default: str | None = None) -> Column[int]:
    """A member of a closed list, or a small number."""
    return Column(name, SmallInteger, primary_key=key, nullable=nullable, server_default=default, autoincrement=False)


def moment(name: str, *, nullable: bool = False) -> Column[int]:
    """Microseconds since 1970 UTC."""
    return Column(name, Time, nullable=nullable)


def octets(name: str, *, nullable: bool = False) -> Column[bytes]:
    """Sealed, packed or JSON."""
    return Column(name, LargeBinary, nullable=nullable)


def text(name: str, *, nullable: bool = True) -> Column[str]:
    """Text that means the same to everybody who may see the row."""
    return Column(name, Text, nullable=nullable)
