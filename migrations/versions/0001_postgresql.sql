-- What the first migration adds on PostgreSQL: the service role, row security, and partitions by the time inside an id.
-- Run by 0001_spine.py, in its transaction, as the owner.

-- Functions below keep this search path. pg_catalog comes first by itself; temporary tables must come last, or a caller
-- could slip its own table under a function that runs with the owner's rights.
SELECT set_config('search_path', quote_ident(current_schema()) || ', pg_temp', true);

-- ------------------------------------------------------------------------------------------------------ service role

DO $$
BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_service') THEN
    CREATE ROLE carillon_service NOLOGIN NOSUPERUSER NOBYPASSRLS;
  END IF;
EXCEPTION
  -- roles belong to the whole server: another database's migration may make it at this moment
  WHEN duplicate_object OR unique_violation THEN NULL;
END $$;

DO $$
BEGIN
  IF EXISTS (SELECT FROM pg_roles WHERE rolname = 'carillon_service' AND (rolsuper OR rolbypassrls)) THEN
    RAISE EXCEPTION 'the role carillon_service is above row security: ALTER ROLE carillon_service NOSUPERUSER NOBYPASSRLS'
      USING ERRCODE = 'invalid_role_specification';
  END IF;
  EXECUTE format('REVOKE CREATE ON SCHEMA %I FROM PUBLIC', current_schema());
  EXECUTE format('GRANT USAGE ON SCHEMA %I TO carillon_service', current_schema());
END $$;

-- Named one by one: a partition that could be read directly would be a way around the row security of its parent.
GRANT SELECT, INSERT, UPDATE, DELETE ON
  accounts, tenants, api_keys, users, user_channels,
  notifications, idempotency_keys, deliveries, notification_delivery_logs, dead_letters, inbox_heads, inbox,
  outbox, schedules, retries, claims, workers
TO carillon_service;
GRANT USAGE, SELECT ON SEQUENCE outbox_seq_seq TO carillon_service;
GRANT SELECT ON alembic_version TO carillon_service;

-- ------------------------------------------------------------------------------------------------------ row security

-- The sub-select makes it one evaluation a statement, not one a row. The setting is NULL before its first use and ''
-- after the transaction that set it, which is no array: both mean no tenant, hence no rows.
DO $$
DECLARE
  guarded record;
  named constant text := '%I = ANY ((SELECT NULLIF(current_setting(''app.tenants'', true), '''')::uuid[])::uuid[])';
BEGIN
  FOR guarded IN
    SELECT * FROM (VALUES
      ('tenants', 'id'), ('api_keys', 'tenant_id'), ('users', 'tenant_id'), ('user_channels', 'tenant_id'),
      ('notifications', 'tenant_id'), ('idempotency_keys', 'tenant_id'), ('deliveries', 'tenant_id'),
      ('notification_delivery_logs', 'tenant_id'), ('dead_letters', 'tenant_id'), ('inbox_heads', 'tenant_id'),
      ('inbox', 'tenant_id')
    ) AS listed (name, tenant)
  LOOP
    EXECUTE format('ALTER TABLE %I ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY', guarded.name);
    EXECUTE format('CREATE POLICY named_tenants ON %I USING (' || named || ') WITH CHECK (' || named || ')',
                   guarded.name, guarded.tenant, guarded.tenant);
  END LOOP;
END $$;

-- -------------------------------------------------------------------------------------------------------- partitions
--
-- Three kinds of children: a day each, from yesterday to a week ahead; `_past` below them, for imported history; and
-- `_default` for everything else. The default is there on purpose: a clock that runs far ahead, or a worker that made no
-- days for a week, must never make a send fail. Its known price is that PostgreSQL reads the default, under a lock, when
-- a day is added: it is empty while days are made in time, and what has fallen into it is moved to its day when that is
-- made. After old days are dropped, an imported id of such a day falls into the default as well.
--
-- Children have neither policies nor grants: nobody but the owner names them.

CREATE FUNCTION carillon_day_floor(day date) RETURNS uuid
LANGUAGE sql IMMUTABLE STRICT
SET search_path FROM CURRENT
AS $$ SELECT (lpad(to_hex((extract(epoch FROM day) * 1000)::bigint), 12, '0') || repeat('0', 20))::uuid $$;

COMMENT ON FUNCTION carillon_day_floor IS 'The least UUIDv7 of a day, UTC.';

CREATE FUNCTION carillon_partitioned() RETURNS TABLE (place int, parent text, key text, fillfactor int)
LANGUAGE sql IMMUTABLE
SET search_path FROM CURRENT
AS $$
  VALUES (1, 'notifications', 'id', 100),
         (2, 'deliveries', 'notification_id', 80),
         (3, 'notification_delivery_logs', 'notification_id', 80)
$$;

CREATE FUNCTION carillon_take_turn() RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
BEGIN
  PERFORM set_config('lock_timeout', '0', true);
  PERFORM pg_advisory_xact_lock(hashtext('carillon_partitions'));
  -- Shorter than deadlock_timeout, so that in a deadlock with the pipeline it is always this function that gives way,
  -- and so that nobody queues behind it for long. The caller tries again later.
  PERFORM set_config('lock_timeout', '500ms', true);
END $$;

CREATE FUNCTION carillon_make_day(parent text, key text, fillfactor int, day date) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
  child constant text := format('%s_%s', parent, to_char(day, 'YYYYMMDD'));
  catch_all constant text := parent || '_default';
  lowest constant uuid := carillon_day_floor(day);
  beyond constant uuid := carillon_day_floor(day + 1);
  strayed boolean;
BEGIN
  -- Writers wait, for milliseconds: one that had chosen the default before the day exists would fail after.
  EXECUTE format('LOCK TABLE ONLY %I IN SHARE ROW EXCLUSIVE MODE', parent);
  EXECUTE format('CREATE TABLE %I (LIKE %I INCLUDING DEFAULTS INCLUDING STORAGE) WITH (fillfactor = %s)',
                 child, parent, fillfactor);
  EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE %I >= %L AND %I < %L)', catch_all, key, lowest, key, beyond)
    INTO strayed;
  IF strayed THEN
    -- Readers wait too: one that had planned to read the default would miss what moves out of it.
    EXECUTE format('LOCK TABLE ONLY %I IN ACCESS EXCLUSIVE MODE', parent);
    EXECUTE format('WITH moved AS (DELETE FROM %I WHERE %I >= %L AND %I < %L RETURNING *) INSERT INTO %I TABLE moved',
                   catch_all, key, lowest, key, beyond, child);
  END IF;
  -- unlike CREATE … PARTITION OF, attaching does not stop the parent's readers
  EXECUTE format('ALTER TABLE %I ATTACH PARTITION %I FOR VALUES FROM (%L) TO (%L)', parent, child, lowest, beyond);
END $$;

CREATE FUNCTION carillon_make_partitions(from_day date, days int) RETURNS int
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
SET lock_timeout = 0
AS $$
DECLARE
  missing record;
  made int := 0;
BEGIN
  IF from_day IS NULL OR days IS NULL OR days NOT BETWEEN 1 AND 366 THEN
    RAISE EXCEPTION 'expected a first day and 1 to 366 days, got % and %', from_day, days
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM carillon_take_turn();
  FOR missing IN
    SELECT parent, key, fillfactor, from_day + ahead AS day
    FROM carillon_partitioned(), generate_series(0, days - 1) AS ahead
    WHERE carillon_day_floor(from_day + ahead) >= carillon_past_end(parent)
      AND to_regclass(format('%I.%I', current_schema(), parent || to_char(from_day + ahead, '_YYYYMMDD'))) IS NULL
    ORDER BY place, day
  LOOP
    PERFORM carillon_make_day(missing.parent, missing.key, missing.fillfactor, missing.day);
    made := made + 1;
  END LOOP;
  RETURN made;
END $$;

COMMENT ON FUNCTION carillon_make_partitions IS
  'Make the missing children of these days, moving in what the default holds of them; days of the past are skipped. '
  'Returns how many tables were made. May fail with lock_not_available (55P03): call again.';

CREATE FUNCTION carillon_past_end(parent text) RETURNS uuid
LANGUAGE sql STABLE STRICT
SET search_path FROM CURRENT
AS $$
  SELECT substring(pg_get_expr(relpartbound, oid) FROM $re$ TO \('(.+)'\)$re$)::uuid
  FROM pg_class WHERE oid = to_regclass(format('%I.%I', current_schema(), parent || '_past'))
$$;

CREATE FUNCTION carillon_is_waiting(day date) RETURNS boolean
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
  child constant text := to_char(day, '"deliveries_"YYYYMMDD');
  waiting boolean;
BEGIN
  -- writers wait from here on, so that the answer holds until the day is dropped; readers do not
  EXECUTE format('LOCK TABLE %I IN SHARE MODE', child);
  EXECUTE format('SELECT EXISTS (SELECT FROM %I WHERE state < 40)', child) INTO waiting;
  RETURN waiting OR EXISTS (
    SELECT FROM schedules
    WHERE notification_id >= carillon_day_floor(day) AND notification_id < carillon_day_floor(day + 1)
  );
END $$;

CREATE FUNCTION carillon_drop_day(day date) RETURNS void
LANGUAGE plpgsql
SET search_path FROM CURRENT
AS $$
DECLARE
  parent text;
BEGIN
  FOR parent IN SELECT listed.parent FROM carillon_partitioned() AS listed ORDER BY place LOOP
    EXECUTE format('DROP TABLE IF EXISTS %I', parent || to_char(day, '_YYYYMMDD'));
  END LOOP;
END $$;

CREATE FUNCTION carillon_drop_partitions(before date) RETURNS TABLE (day date, dropped boolean)
LANGUAGE plpgsql SECURITY DEFINER
SET search_path FROM CURRENT
SET lock_timeout = 0
AS $$
DECLARE
  days date[];
  idle date[];
BEGIN
  IF before IS NULL OR before > (now() AT TIME ZONE 'UTC')::date - 7 THEN
    RAISE EXCEPTION 'the last 7 days are kept, asked to drop those before %', before
      USING ERRCODE = 'invalid_parameter_value';
  END IF;
  PERFORM carillon_take_turn();
  days := ARRAY(
    SELECT to_date(substring(relname FROM '_(\d{8})$'), 'YYYYMMDD') AS aged
    FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
    WHERE inhparent = 'deliveries'::regclass AND substring(relname FROM '_(\d{8})$') < to_char(before, 'YYYYMMDD')
    ORDER BY aged
  );
  -- two passes: dropping stops everybody until the end of the transaction, so nothing slow may come after the first drop
  idle := ARRAY(SELECT aged FROM unnest(days) AS aged WHERE NOT carillon_is_waiting(aged));
  PERFORM carillon_drop_day(aged) FROM unnest(idle) AS aged;
  RETURN QUERY SELECT aged, aged = ANY (idle) FROM unnest(days) AS aged;
END $$;

COMMENT ON FUNCTION carillon_drop_partitions IS
  'Drop the days before this one, and answer for each whether it was: a day with deliveries that are not final, or with '
  'notifications that are scheduled, stays. What is in the past and the default is left to be deleted row by row. '
  'May fail with lock_not_available (55P03): call again.';

DO $$
DECLARE
  listed record;
  yesterday constant date := (now() AT TIME ZONE 'UTC')::date - 1;
BEGIN
  FOR listed IN SELECT * FROM carillon_partitioned() ORDER BY place LOOP
    EXECUTE format('CREATE TABLE %I PARTITION OF %I FOR VALUES FROM (MINVALUE) TO (%L) WITH (fillfactor = %s)',
                   listed.parent || '_past', listed.parent, carillon_day_floor(yesterday), listed.fillfactor);
    EXECUTE format('CREATE TABLE %I PARTITION OF %I DEFAULT WITH (fillfactor = %s)',
                   listed.parent || '_default', listed.parent, listed.fillfactor);
  END LOOP;
  PERFORM carillon_make_partitions(yesterday, 9);
END $$;

REVOKE ALL ON FUNCTION
  carillon_day_floor, carillon_partitioned, carillon_take_turn, carillon_make_day, carillon_make_partitions,
  carillon_past_end, carillon_is_waiting, carillon_drop_day, carillon_drop_partitions
FROM PUBLIC;
GRANT EXECUTE ON FUNCTION carillon_make_partitions, carillon_drop_partitions TO carillon_service;
