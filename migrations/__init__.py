"""The history of the database, one line of migrations for SQLite and PostgreSQL, and the runner that walks it."""
