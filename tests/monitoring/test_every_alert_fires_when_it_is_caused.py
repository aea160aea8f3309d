"""Each alert of ``docs/alerts.yml``, tried on a running portal that Prometheus watches: caused, seen, mended."""

from __future__ import annotations

import inspect
import json
import re
import shutil
import signal
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.request import Request, urlopen

import pytest
from aiosmtpd.controller import Controller

from demo.ckan import DemoCkan
from tests.monitoring.prometheus import RULES, Prometheus
from tests.packager.mail_server import Sink
from tests.processes.installation import Installation, free_port

pytestmark = pytest.mark.slow
#: A database of which nobody takes notice is not waited for.
PATIENCE = "1"
TRIED: set[str] = set()


@pytest.fixture(scope="module")
def ckan() -> Iterator[DemoCkan]:
    with DemoCkan(rows=100) as ckan:
        yield ckan


@pytest.fixture(scope="module")
def mail_server() -> Iterator[Sink]:
    sink = Sink()
    server = Controller(sink, hostname="127.0.0.1", port=free_port())
    server.start()
    sink.port = server.port
    yield sink
    server.stop()


@pytest.fixture(scope="module")
def portal(tmp_path_factory, ckan, mail_server) -> Iterator[Installation]:
    environment = {
        "DATABASE_PATIENCE": PATIENCE,
        "EMAIL_URL": f"smtp://127.0.0.1:{mail_server.port}",
        "PACKAGER_WEBHOOK_HOSTS": "127.0.0.1",
        "PACKAGER_STORE_QUOTA": str(10**12),
        "PUSHER_ENABLED": "true",
    }
    with Installation(tmp_path_factory.mktemp("watched"), ckan.host, **environment) as portal:
        yield portal


@pytest.fixture(scope="module")
def monitor(tmp_path_factory, portal) -> Iterator[Prometheus]:
    with Prometheus(tmp_path_factory.mktemp("prometheus"), [portal.port]) as monitor:
        yield monitor


@contextmanager
def expected(monitor: Prometheus, name: str) -> Iterator[None]:
    """``name`` is quiet before, fires once the body has caused it, and is noted as tried."""
    assert name not in monitor.firing()
    yield
    monitor.fires(name)
    TRIED.add(name)


def ask(portal: Installation, ckan: DemoCkan, number: int, resource: str = "") -> str:
    fields = {"api_url": ckan.api_url, "email": "ada@example.org", "limit": str(number)}
    return portal.post("/package_datastore", resource_id=resource or ckan.id("specimens"), **fields)["status_url"]


def ago(**time: float) -> str:
    """A moment in the past, as SQLite keeps it."""
    return f"{datetime.now(UTC) - timedelta(**time):%Y-%m-%d %H:%M:%S.%f}"


def forget_mails(portal: Installation) -> None:
    """Those that have not been sent."""
    portal.change("DELETE FROM packager_delivery WHERE state <> 'sent'")


def look_again(portal: Installation) -> None:
    """What was known of the store is forgotten, which else took its time."""
    shutil.rmtree(portal.directory / "cache", ignore_errors=True)


@contextmanager
def stopped(portal: Installation, cluster: str) -> Iterator[None]:
    """That cluster does not run meanwhile."""
    portal.processes[cluster].send_signal(signal.SIGTERM)
    portal.processes[cluster].wait(30)
    yield
    portal.start_cluster(cluster)


def test_nothing_fires_while_all_is_well(portal, monitor, ckan):
    for url in [ask(portal, ckan, 1), ask(portal, ckan, 2)]:
        portal.wait(lambda url=url: portal.download_link(url))
    monitor.wait(lambda: monitor.value('packaging_requests_ended_total{outcome="built"}') == 2, "it counts the builds")
    # on a machine whose disk is nearly full this one is right
    assert monitor.firing() <= {"PackagingStoreFillsUp"}


def test_failures_of_many_requests(portal, monitor, ckan):
    with expected(monitor, "PackagingManyFail"):
        for number in range(6):
            ask(portal, ckan, number + 1, resource="nobody-knows-it")


def test_a_mail_server_that_refuses_the_portal(portal, monitor, ckan, mail_server):
    mail_server.to_sender = "550 5.7.1 not you"
    with expected(monitor, "PackagingMailRefused"):
        ask(portal, ckan, 10, resource="nobody-knows-it")
    mail_server.to_sender = "250 OK"
    forget_mails(portal)
    monitor.is_quiet("PackagingMailRefused")


@pytest.mark.parametrize("answer", ["451 4.3.2 later", "550 5.1.1 nobody here"])
def test_mails_that_nobody_takes(portal, monitor, ckan, mail_server, answer):
    mail_server.answer = answer
    with expected(monitor, "PackagingMailFails"):
        for number in range(10):
            ask(portal, ckan, int(answer[:3]) + number, resource="nobody-knows-it")
    mail_server.answer = "250 OK"
    forget_mails(portal)
    monitor.is_quiet("PackagingMailFails")


def test_hosts_that_take_no_webhooks(portal, monitor, ckan):
    key = json.loads(portal.manage("make_api_key", "a test", "--json"))["api_key"]
    body = {
        "resource_id": "nobody-knows-it",
        "api_url": ckan.api_url,
        "webhook_url": f"http://127.0.0.1:{free_port()}/",
    }
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json"}
    with expected(monitor, "PackagingWebhookHostsStopped"):
        urlopen(Request(f"{portal.url}/api/v1/requests/", json.dumps(body).encode(), headers), timeout=30).close()
        portal.wait(lambda: portal.one("SELECT count(*) FROM packager_receiver"))
        portal.change(f"UPDATE packager_receiver SET failing_since = '{ago(hours=25)}'")
    portal.change("DELETE FROM packager_receiver")
    monitor.is_quiet("PackagingWebhookHostsStopped")


def test_packages_that_the_store_has_lost(portal, monitor):
    # not all of them: a store without anything in it is one that is not mounted
    file = next(Path(portal.environment["PACKAGER_STORE_DIRECTORY"]).rglob("*.zip"))
    aside = file.rename(portal.directory / "aside.zip")
    with expected(monitor, "PackagingPackagesMissing"):
        portal.manage("check_store")
        look_again(portal)
    aside.rename(file)
    portal.manage("check_store")
    look_again(portal)
    monitor.is_quiet("PackagingPackagesMissing")


def test_a_quota_that_is_nearly_used_up(portal, monitor):
    size = portal.one("SELECT size FROM packager_package")
    if "PackagingStoreFillsUp" in monitor.firing():  # already, because of the disk of this machine
        TRIED.add("PackagingStoreFillsUp")
        assert shutil.disk_usage(portal.environment["PACKAGER_STORE_DIRECTORY"]).free < 5e9
        return
    with expected(monitor, "PackagingStoreFillsUp"):
        portal.change("UPDATE packager_package SET size = 475000000000")
        look_again(portal)
    portal.change(f"UPDATE packager_package SET size = {size}")
    look_again(portal)
    monitor.is_quiet("PackagingStoreFillsUp")


def test_a_store_that_is_gone(portal, monitor):
    store = Path(portal.environment["PACKAGER_STORE_DIRECTORY"])
    with expected(monitor, "PackagingStoreUnavailable"):
        aside = store.rename(portal.directory / "aside")
        store.write_text("no folder")
        look_again(portal)
    store.unlink()
    aside.rename(store)
    look_again(portal)
    monitor.is_quiet("PackagingStoreUnavailable")


def test_a_database_that_is_locked(portal, monitor):
    connection = sqlite3.connect(portal.environment["DATABASE_URL"].removeprefix("sqlite:///"), timeout=60)
    with expected(monitor, "PackagingDatabaseAway"):
        connection.execute("BEGIN IMMEDIATE")
    connection.rollback()
    connection.close()
    monitor.is_quiet("PackagingDatabaseAway")


def test_a_cluster_that_is_gone_and_requests_that_wait_and_grow_more(portal, monitor, ckan):
    with stopped(portal, "fast"):
        with expected(monitor, "PackagingClusterMissing"):
            pass
        with expected(monitor, "PackagingRequestsWait"):
            ask(portal, ckan, 9)
            portal.change(f"UPDATE packager_packagerequest SET queued_at = '{ago(hours=1)}' WHERE status = 'queued'")
        with expected(monitor, "PackagingQueueGrows"):
            for number in range(60):
                ask(portal, ckan, number + 20)
    for name in ("PackagingClusterMissing", "PackagingRequestsWait", "PackagingQueueGrows"):
        monitor.is_quiet(name)


def test_mails_that_wait(portal, monitor, ckan):
    forget_mails(portal)
    with stopped(portal, "mail"), expected(monitor, "PackagingMailWaits"):
        url = ask(portal, ckan, 90)
        portal.wait(lambda: portal.download_link(url))
        portal.change(f"UPDATE packager_delivery SET next_attempt_at = '{ago(hours=1)}' WHERE state = 'pending'")
    monitor.is_quiet("PackagingMailWaits")


def test_a_cluster_that_stands_still(portal, monitor):
    portal.processes["slow"].send_signal(signal.SIGSTOP)
    with expected(monitor, "PackagingClusterWedged"):
        pass
    portal.processes["slow"].send_signal(signal.SIGCONT)
    monitor.is_quiet("PackagingClusterWedged")


def test_pushes_that_wait_and_of_which_ckan_has_not_heard(portal, monitor, ckan):
    job = {
        "api_key": "a token",
        "job_type": "push_to_datastore",
        "result_url": f"{ckan.url}/nowhere",
        "metadata": {"ckan_url": ckan.url, "resource_id": "r-1"},
    }
    headers = {"Content-Type": "application/json"}
    with stopped(portal, "fast"), expected(monitor, "PackagingPushesWait"):
        urlopen(Request(f"{portal.url}/pusher/job", json.dumps(job).encode(), headers), timeout=30).close()
        portal.change(f"UPDATE pusher_pushjob SET queued_at = '{ago(hours=2)}'")
    with expected(monitor, "PackagingPushesUntold"):
        portal.change("UPDATE pusher_pushjob SET queue = 'fast'")
    monitor.is_quiet("PackagingPushesWait")


def test_brokers_that_are_away(portal, tmp_path):
    """A second web server of the same portal, whose brokers of tasks and of messages answer nobody."""
    nobody = f"127.0.0.1:{free_port()}"
    port = free_port()
    away = {"PACKAGER_BROKER_URL": f"redis://{nobody}/0", "MESSAGING_URL": f"amqp://{nobody}/"}
    portal.start_web("brokerless", port, **away)
    with Prometheus(tmp_path, [portal.port, port]) as monitor:
        monitor.fires("PackagingBrokerAway")
        monitor.fires("PackagingMessagesDisconnected")
        portal.change(
            "INSERT INTO packager_delivery (channel, subject, address, message, together, state, attempts, "
            "next_attempt_at, error_code, error, created_at) VALUES "
            f"('amqp', 'message', 'x', '{{}}', 0, 'pending', 0, '{ago(hours=1)}', '', '', '{ago(hours=1)}')"
        )
        monitor.fires("PackagingMessagesWait")
    TRIED.update({"PackagingBrokerAway", "PackagingMessagesDisconnected", "PackagingMessagesWait"})


def test_a_web_server_that_is_gone(portal, monitor):
    with expected(monitor, "PackagingPortalAway"):
        portal.processes["web"].terminate()
        portal.processes["web"].wait(30)


def _causes(test: Callable[..., None]) -> set[str]:
    """The alerts that a test waits for."""
    return set(re.findall(r'(?:expected\(monitor, |fires\()"(\w+)"', inspect.getsource(test)))


def test_no_alert_was_left_out(request):
    """All tests together know every alert, and those that were run have seen theirs."""
    known = [test for name, test in globals().items() if name.startswith("test_")]
    assert set(re.findall(r"alert: (\w+)", RULES.read_text())) == set().union(*map(_causes, known))
    run = [item.function for item in request.session.items if item.module is request.module]
    assert set().union(*map(_causes, run)) == TRIED
