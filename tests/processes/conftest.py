"""Installations for the tests of processes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext

import pytest

from demo.ckan import DemoCkan
from tests.processes.installation import Installation, postgres_database, redis_broker

SERVERS = [
    pytest.param("embedded", id="SQLite"),
    pytest.param("postgres", id="PostgreSQL", marks=pytest.mark.postgres),
    pytest.param("redis", id="PostgreSQL-and-Redis", marks=[pytest.mark.postgres, pytest.mark.redis]),
]


@pytest.fixture(scope="module")
def ckan() -> Iterator[DemoCkan]:
    """A CKAN with 20,000 specimens, in small pages."""
    with DemoCkan(rows=20_000, rows_max=1000) as ckan:
        yield ckan


@pytest.fixture(scope="module", params=SERVERS)
def installation(request, tmp_path_factory, ckan) -> Iterator[Installation]:
    """A portal of real processes, on each kind of database and broker. A module may set its own ``ENVIRONMENT``."""
    directory = tmp_path_factory.mktemp("installation")
    own = getattr(request.module, "ENVIRONMENT", {})
    if request.param == "embedded":
        with Installation(directory, ckan.host, **own) as portal:
            yield portal
        return
    broker = redis_broker() if request.param == "redis" else nullcontext("")
    with (
        postgres_database() as database,
        broker as address,
        Installation(directory, ckan.host, DATABASE_URL=database, PACKAGER_BROKER_URL=address, **own) as portal,
    ):
        yield portal
