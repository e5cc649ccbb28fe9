"""The few verbs in which SQLite and PostgreSQL differ, and statements as data. Used by transactions alone."""
