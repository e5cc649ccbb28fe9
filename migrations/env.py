"""Runs the migrations on the connection that `runner.upgrade` hands over. Executed by Alembic, imported by nothing."""

from alembic import context

connection = context.config.attributes["connection"]
context.configure(connection=connection)
context.run_migrations()
