"""What the role of a datastore's database may do besides reading."""

from __future__ import annotations

from packager.streaming.sources.datastore_connection import Database, Limits

_RIGHTS = """
    SELECT (SELECT rolsuper FROM pg_roles WHERE rolname = current_user),
           has_schema_privilege('public', 'CREATE'),
           EXISTS (SELECT FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                   WHERE n.nspname = 'public' AND c.relkind = 'r'
                     AND has_table_privilege(c.oid, 'INSERT, UPDATE, DELETE, TRUNCATE'))
"""
_CALLED = ("is a superuser", "may create tables", "may write to tables")


def is_address(url: object) -> bool:
    """Whether this looks like the address of a PostgreSQL database."""
    return isinstance(url, str) and url.startswith(("postgresql://", "postgres://"))


def excess(url: str, seconds: float = 5) -> list[str]:
    """What the role may do that it should not, in words. Raises SourceError."""
    database = Database(url, Limits(seconds, seconds, seconds))
    try:
        rights = database.begin().ask(_RIGHTS)[0]
    finally:
        database.close()
    return [words for words, has in zip(_CALLED, rights, strict=True) if has]
