"""PostgreSQL splits the large tables by the days of their ids: made ahead, dropped when all is final."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, time, timedelta
from threading import Barrier, Event

import pytest
from psycopg import errors, sql

from deploy.local.postgres import Postgres
from models.states import FINAL_FROM, DeliveryState
from models.tables import PARTITIONED
from tests.guarded_database import (
    DELIVERIES,
    SCHEDULES,
    Connection,
    Databases,
    Row,
    children,
    connect,
    days_ago,
    delivery,
    fetch,
    insert,
    migrated,
    naming,
    new_id,
    noon,
    part_of,
    row,
    tenant_of,
    today,
    wait_for_waiting,
)

LATE = today() + timedelta(days=21)
"""A day that the migration has not made."""


@pytest.fixture
def databases(postgres_server: Postgres) -> Iterator[Databases]:
    with migrated(postgres_server) as made:
        yield made


@pytest.fixture
def owner(databases: Databases) -> Iterator[Connection]:
    with connect(databases.owner) as connection:
        yield connection


@pytest.fixture
def service(databases: Databases) -> Iterator[Connection]:
    with connect(databases.service) as connection:
        yield connection


@pytest.fixture
def aged(owner: Connection) -> Connection:
    """The owner of a database that was migrated a month ago, and whose days were made in time ever since."""
    first = f"carillon_day_floor('{days_ago(30)}')"
    for parent in PARTITIONED:
        ((floor,),) = fetch(owner, f"SELECT {first}")
        fetch_nothing(owner, f"DROP TABLE {parent}_past")
        fetch_nothing(
            owner, f"CREATE TABLE {parent}_past PARTITION OF {parent} FOR VALUES FROM (MINVALUE) TO ('{floor}')"
        )
    assert make(owner, days_ago(30), 38) == 3 * 29
    return owner


# -------------------------------------------------------------------------------------------------------- where rows go


def test_days_are_made_from_yesterday_to_a_week_ahead(owner: Connection) -> None:
    days = [f"{days_ago(n):%Y%m%d}" for n in range(1, -8, -1)]

    for parent in PARTITIONED:
        assert children(owner, parent) == sorted(f"{parent}_{end}" for end in [*days, "past", "default"])


@pytest.mark.parametrize("parent", PARTITIONED)
def test_a_lookup_by_id_reads_one_partition_by_its_key(service: Connection, parent: str) -> None:
    query = f"EXPLAIN SELECT * FROM {parent} WHERE {PARTITIONED[parent]} = '{new_id(noon(today()))}'"
    with naming(service, [new_id(noon(today()))]):
        plan = "\n".join(str(line) for (line,) in fetch(service, query))

    assert set(re.findall(rf"\b{parent}_(past|default|\d+)\b", plan)) == {f"{today():%Y%m%d}"}
    assert "Index" in plan
    assert len(re.findall("^ *InitPlan", plan, re.MULTILINE)) == 1, "the tenants are read once, not once a row"


def test_each_row_lands_in_the_day_of_its_id(service: Connection, owner: Connection) -> None:
    midnight = datetime.combine(today(), time(), UTC)
    tick = timedelta(milliseconds=1)

    assert lands(service, owner, midnight) == f"deliveries_{today():%Y%m%d}"
    assert lands(service, owner, midnight - tick) == f"deliveries_{days_ago(1):%Y%m%d}"
    assert lands(service, owner, midnight + timedelta(days=1) - tick) == f"deliveries_{today():%Y%m%d}"


def test_ids_before_and_beyond_the_days_are_taken_too(service: Connection, owner: Connection) -> None:
    assert lands(service, owner, datetime(2019, 1, 1, tzinfo=UTC)) == "deliveries_past"
    assert lands(service, owner, datetime(2999, 1, 1, tzinfo=UTC)) == "deliveries_default"


def test_rows_that_change_find_room_in_their_page(owner: Connection) -> None:
    make(owner, LATE, 1)
    roomy = fetch(owner, "SELECT relname FROM pg_class WHERE reloptions @> '{fillfactor=80}'")

    parts = {child for parent in PARTITIONED if parent != "notifications" for child in children(owner, parent)}
    assert {name for (name,) in roomy} == parts | {"outbox", "inbox_heads"}


# ---------------------------------------------------------------------------------------------------------- making days


def test_a_day_that_is_made_late_gets_its_rows_back(service: Connection, owner: Connection) -> None:
    one, other = delivery(noon(LATE)), delivery(noon(LATE + timedelta(days=1)))
    store(service, one, other)
    assert stands(owner, one) == stands(owner, other) == "deliveries_default"

    assert make(service, LATE, 1) == 3

    assert stands(owner, one) == f"deliveries_{LATE:%Y%m%d}"
    assert stands(owner, other) == "deliveries_default"


def test_making_days_again_or_in_the_past_makes_nothing(service: Connection) -> None:
    assert make(service, days_ago(1), 9) == 0
    assert make(service, date(2019, 1, 1), 31) == 0
    assert make(service, days_ago(3), 13) == 3 * 2


@pytest.mark.parametrize("days", [None, 0, -1, 367])
def test_a_number_of_days_that_makes_no_sense_is_refused(service: Connection, days: int | None) -> None:
    with pytest.raises(errors.InvalidParameterValue, match="1 to 366 days"):
        make(service, today(), days)


def test_many_make_the_same_days_at_once(databases: Databases) -> None:
    def make_month(_: int) -> int:
        with connect(databases.service) as connection:
            return make(connection, today(), 31)

    with ThreadPoolExecutor(6) as threads:
        assert sum(threads.map(make_month, range(6))) == 3 * 23


def test_while_a_day_is_made_its_rows_arrive_and_are_read(databases: Databases, service: Connection) -> None:
    first = delivery(noon(LATE))
    store(service, first)
    started, made = Barrier(5), Event()

    def write() -> list[Row]:
        written: list[Row] = []
        with connect(databases.service) as connection:
            started.wait(60)
            while len(written) < 50 or not made.is_set():
                written.append(delivery(noon(LATE)))
                store(connection, written[-1])
        return written

    def read() -> bool:
        found = True
        with connect(databases.service) as connection:
            started.wait(60)
            while found and not made.is_set():
                found = is_stored(connection, first)
        return found

    with ThreadPoolExecutor(4) as threads:
        writers, readers = [threads.submit(write) for _ in range(2)], [threads.submit(read) for _ in range(2)]
        started.wait(60)
        try:
            assert make_patiently(service, LATE) == 3
        finally:
            made.set()

    assert all(reader.result() for reader in readers)
    assert all(is_stored(service, one) for writer in writers for one in writer.result())


def test_a_row_that_waits_for_its_first_day_to_be_made_comes_to_it(
    databases: Databases, owner: Connection, service: Connection
) -> None:
    one = delivery(noon(LATE))

    def write() -> None:
        with connect(databases.service) as connection:
            store(connection, one)

    with ThreadPoolExecutor(2) as threads:
        with owner.transaction():
            owner.execute("SELECT * FROM deliveries_default")
            making = threads.submit(make_patiently, service, LATE)
            wait_for_waiting(owner, 1)
            writing = threads.submit(write)
            wait_for_waiting(owner, 2)
        writing.result()
        making.result()

    assert stands(owner, one) == f"deliveries_{LATE:%Y%m%d}"


def test_making_days_gives_way_to_the_pipeline_soon(owner: Connection, service: Connection) -> None:
    service.execute("SET statement_timeout = '5s'")
    with owner.transaction():
        owner.execute("SELECT * FROM deliveries_default")
        with pytest.raises(errors.LockNotAvailable):
            make(service, LATE, 1)

    with service.transaction():
        assert make(service, LATE, 1) == 3
        assert fetch(service, "SHOW lock_timeout") == [("0",)]


# -------------------------------------------------------------------------------------------------------- dropping days


def test_final_days_are_dropped_and_waiting_days_stay(aged: Connection, service: Connection) -> None:
    final = delivery(noon(days_ago(20)), DeliveryState.SKIPPED)
    waiting = delivery(noon(days_ago(19)), DeliveryState.RETRY_WAIT)
    scheduled = delivery(noon(days_ago(18)), DeliveryState.EXPIRED)
    store(service, final, waiting, scheduled)
    insert(service, SCHEDULES, row(SCHEDULES) | {"notification_id": scheduled["notification_id"]})

    answers = drop(service, days_ago(17))

    assert answers == {days_ago(n): n not in {18, 19} for n in range(18, 31)}
    for parent in PARTITIONED:
        left = [n for n in range(17, 31) if f"{parent}_{days_ago(n):%Y%m%d}" in children(aged, parent)]
        assert left == [17, 18, 19]
    assert [is_stored(service, one) for one in (final, waiting, scheduled)] == [False, True, True]


def test_a_day_goes_once_every_delivery_is_final(aged: Connection, service: Connection) -> None:
    day_of = {state: days_ago(8 + n) for n, state in enumerate(DeliveryState)}
    for state, day in day_of.items():
        store(service, delivery(noon(day), DeliveryState.SENT), delivery(noon(day), state))

    answers = drop(service, days_ago(7))

    assert {state for state, day in day_of.items() if answers[day]} == {
        state for state in DeliveryState if state >= FINAL_FROM
    }


def test_an_id_of_a_dropped_day_is_still_taken(aged: Connection, service: Connection) -> None:
    drop(service, days_ago(17))

    assert lands(service, aged, noon(days_ago(20))) == "deliveries_default"


def test_the_last_seven_days_are_never_dropped(aged: Connection, service: Connection) -> None:
    for before in days_ago(6), LATE, None:
        with pytest.raises(errors.InvalidParameterValue, match="last 7 days are kept"):
            drop(service, before)

    drop(service, days_ago(7))
    for parent in PARTITIONED:
        assert children(aged, parent)[0] == f"{parent}_{days_ago(7):%Y%m%d}"


def test_dropping_gives_way_to_the_pipeline_soon(aged: Connection, service: Connection) -> None:
    service.execute("SET statement_timeout = '5s'")
    before = children(aged, "deliveries")
    with aged.transaction():
        aged.execute("SELECT * FROM deliveries")
        with pytest.raises(errors.LockNotAvailable):
            drop(service, days_ago(7))

    assert children(aged, "deliveries") == before
    with service.transaction():
        assert all(drop(service, days_ago(7)).values())
        assert fetch(service, "SHOW lock_timeout") == [("0",)]


def test_partitions_are_a_services_business_only(postgres_server: Postgres, databases: Databases) -> None:
    stranger = f"stranger_{part_of(databases.owner, 'dbname')}"
    with connect(postgres_server.owner_url) as administrator:
        administrator.execute(sql.SQL("CREATE ROLE {} LOGIN").format(sql.Identifier(stranger)))
    with connect(postgres_server.url(part_of(databases.owner, "dbname"), stranger)) as connection:
        with pytest.raises(errors.InsufficientPrivilege):
            make(connection, today(), 1)
        with pytest.raises(errors.InsufficientPrivilege):
            drop(connection, days_ago(30))


# ---------------------------------------------------------------------------------------------------------------- parts


def make(connection: Connection, first: date, days: int | None) -> int:
    ((made,),) = fetch(connection, "SELECT carillon_make_partitions(%s, %s::int)", first, days)
    return int(str(made))


def make_patiently(connection: Connection, day: date) -> int:
    """As a worker does it: whoever gives way tries again."""
    for _ in range(100):
        try:
            return make(connection, day, 1)
        except errors.LockNotAvailable:
            continue
    pytest.fail("no day could be made for 50 s")


def drop(connection: Connection, before: date | None) -> dict[object, bool]:
    """Whether it was dropped, by day."""
    answers = fetch(connection, "SELECT day, dropped FROM carillon_drop_partitions(%s::date)", before)
    return {day: dropped is True for day, dropped in answers}


def fetch_nothing(connection: Connection, statement: str) -> None:
    connection.execute(statement.encode())


def store(connection: Connection, *deliveries: Row) -> None:
    for one in deliveries:
        insert(connection, DELIVERIES, one, [tenant_of(DELIVERIES, one)])


def is_stored(connection: Connection, one: Row) -> bool:
    with naming(connection, [tenant_of(DELIVERIES, one)]):
        return bool(fetch(connection, "SELECT FROM deliveries WHERE notification_id = %s", one["notification_id"]))


def stands(owner: Connection, one: Row) -> object:
    """The partition that holds a delivery."""
    query = "SELECT tableoid::regclass::text FROM deliveries WHERE notification_id = %s"
    with naming(owner, [tenant_of(DELIVERIES, one)]):
        ((name,),) = fetch(owner, query, one["notification_id"])
        return name


def lands(service: Connection, owner: Connection, moment: datetime) -> object:
    """The partition that a delivery of that moment comes to."""
    one = delivery(moment)
    store(service, one)
    return stands(owner, one)
