"""Two machines, each with its clusters and its own temporary folder, share a database and a store; one keeps dying."""

from __future__ import annotations

import csv
import io
import os
import time
import zipfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes
from typing import Any

import pytest

from demo.ckan import DemoCkan
from tests.packager import mail_server, object_storage
from tests.processes.installation import Installation, postgres_database

pytestmark = [pytest.mark.slow, pytest.mark.postgres]
#: The clusters of the second machine; everything here is small.
QUEUES = ("fast", "mail")


@dataclass(frozen=True)
class Form:
    """How many packages are asked for, and how often the second machine is killed (0: until all are there)."""

    packages: int
    kills: int


#: Rows of the smallest package.
FEWEST = 300
QUICK, LONG = Form(20, 2), Form(200, 0)
FORMS = [pytest.param(QUICK, "folder", id="quick")]
if os.environ.get("PACKAGING_PORTAL_LONG") == "1":
    FORMS += [pytest.param(LONG, store, id=f"long-{store.replace(' ', '-')}") for store in ("folder", "object storage")]


class Machines(Installation):
    """The first machine is the installation itself. The second has clusters alone, and dies."""

    kills = 0

    def start_second(self) -> None:
        """Switch it on."""
        for queue in QUEUES:
            self.start_cluster(queue, f"second-{queue}", PACKAGER_TEMP_DIRECTORY=f"{self.directory}/second-tmp")

    def kill_second(self) -> None:
        """Switch it off while it builds, and on again."""
        mains = {str(self.processes[f"second-{queue}"].pid) for queue in QUEUES}
        builds = "SELECT string_agg(worker, ' ') FROM packager_packagerequest WHERE status = 'running'"
        self.wait(lambda: self.done() or mains & set((self.one(builds) or "").replace(" ", ":").split(":")))
        self.kill(*(f"second-{queue}" for queue in QUEUES))
        self.kills += 1
        self.start_second()

    def done(self) -> bool:
        """Whether every request has come to its end."""
        return self.count("packager_packagerequest WHERE status IN ('queued', 'running')") == 0

    def count(self, rows: str) -> int:
        """How many rows there are of ``table WHERE ...``."""
        return int(self.one(f"SELECT count(*) FROM {rows}"))

    def tidy(self) -> None:
        """What the schedules do each minute, and for messages whose sender died after ten."""
        earlier = "claimed_at = claimed_at - interval '11 minutes'"
        self.change(f"UPDATE packager_delivery SET {earlier} WHERE state = 'sending'")
        self.manage("shell", "-c", "from packager import tasks; tasks.requeue_stale(); tasks.send_due_deliveries()")


@contextmanager
def _store(kind: str) -> Iterator[dict[str, str]]:
    """A store that both machines share; its settings."""
    if kind == "folder":
        yield {}
        return
    server = object_storage.Server()
    names = ("AWS_ENDPOINT_URL_S3", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_EC2_METADATA_DISABLED")
    with object_storage.using(server.url):
        object_storage.empty()
        yield {"PACKAGER_STORE_URL": object_storage.ADDRESS, **{name: os.environ[name] for name in names}}
    server.stop()


@contextmanager
def _mail() -> Iterator[tuple[str, mail_server.Sink]]:
    """A mail server: its address, and what came."""
    given: Any = type("Settings", (), {})()
    with mail_server.serving(given) as sink:
        yield f"smtp://{given.EMAIL_HOST}:{given.EMAIL_PORT}", sink


@pytest.mark.fault("one of two machines keeps dying", "none lost, doubled, given up")
@pytest.mark.parametrize(("form", "store"), FORMS)
def test_nothing_is_lost_doubled_or_given_up(tmp_path, record_property, form, store):
    with (
        DemoCkan(rows=1000, rows_max=100) as ckan,
        postgres_database() as database,
        _store(store) as place,
        _mail() as (mail, sink),
        Machines(tmp_path, ckan.host, DATABASE_URL=database, EMAIL_URL=mail, **place) as portal,
    ):
        portal.start_second()
        ckan.faults.add("slow", seconds=0.2, times=1_000_000)
        pages = [_ask(portal, ckan, number) for number in range(form.packages)]
        while portal.kills < form.kills or not (form.kills or portal.done()):
            portal.kill_second()
            time.sleep(1)
            if portal.kills % 5 == 0:
                portal.tidy()
        portal.wait(lambda: _ended(portal), seconds=600)
        seen = _look(portal, sink)
        rows = [_rows(portal, page) for page in pages]
    record_property("seen", "; ".join(f"{name} {value}" for name, value in seen.items()))
    assert rows == [FEWEST + number for number in range(form.packages)]
    assert seen["succeeded"] == seen["packages"] == seen["owners"] == seen["mailed once"] == form.packages
    assert (seen["given up"], seen["counted against the build"], seen["mailed twice"]) == (0, 0, 0)
    assert seen["builds cut off"] >= 1


def _ask(portal: Machines, ckan: DemoCkan, number: int) -> str:
    """Ask for a package of its own; the address of its page."""
    wanted = {"resource_id": ckan.id("specimens"), "api_url": ckan.api_url, "limit": str(FEWEST + number)}
    return portal.post("/package_datastore", **wanted, email=f"person{number}@example.org")["status_url"]


def _ended(portal: Machines) -> bool:
    if portal.done() and portal.count("packager_delivery WHERE state <> 'sent'") == 0:
        return True
    time.sleep(1)
    portal.tidy()
    return False


def _look(portal: Machines, sink: mail_server.Sink) -> dict[str, int]:
    copies = Counter((one.rcpt_tos[0], message_from_bytes(one.content)["Message-ID"]) for one in sink.messages)
    mails = Counter(address for address, _ in copies)
    return {
        "kills": portal.kills,
        "builds cut off": portal.count("packager_requesthistory WHERE note LIKE 'the cluster that built it%'"),
        "succeeded": portal.count("packager_packagerequest WHERE status = 'succeeded'"),
        "given up": portal.count("packager_packagerequest WHERE status = 'failed'"),
        "counted against the build": portal.one("SELECT sum(worker_failures) FROM packager_packagerequest"),
        "packages": portal.count("packager_package WHERE deleted_at IS NULL"),
        "owners": int(portal.one("SELECT count(DISTINCT package_id) FROM packager_packagerequest")),
        "mailed once": sum(1 for count in mails.values() if count == 1),
        "mailed twice": sum(1 for count in mails.values() if count > 1),
        "copies of a mail": sum(copies.values()) - len(copies),
    }


def _rows(portal: Machines, page: str) -> int:
    """How many rows the package has that the page links to."""
    status, content = portal.get(portal.download_link(page) or "/")
    assert status == 200
    text = zipfile.ZipFile(io.BytesIO(content)).read("resource.csv").decode()
    return len(list(csv.reader(io.StringIO(text)))) - 1
